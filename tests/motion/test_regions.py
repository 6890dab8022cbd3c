"""The motion of regions, and what is put where one was."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("cv2")

from maskstyle.motion.following import region_motion, with_mirrored


@pytest.fixture
def moved():
    """Return two maps in which a square moves to the right and down before the halves of a background."""
    rows, columns = np.indices((40, 60))
    background = np.where(rows < 20, 5, 7)
    return [
        np.where((abs(rows - 20 - 2 * step) < 6) & (abs(columns - 20 - 4 * step) < 6), 9, background)
        for step in range(2)
    ]


def test_a_region_moves_as_a_whole_and_a_background_stays(moved):
    before, now = moved
    motion = region_motion(before, now)
    np.testing.assert_array_equal(motion.flow[now == 9], np.full(((now == 9).sum(), 2), (-2, -4)))
    assert not motion.flow[now != 9].any()
    np.testing.assert_array_equal(motion.trusted, (now == 9) | (before == now))


def test_what_a_region_uncovers_shows_its_own_region(moved):
    before, now = moved
    motion = region_motion(before, now)
    image = now[..., np.newaxis] * np.ones(3, np.float32)
    image[~motion.trusted] = -1
    np.testing.assert_array_equal(with_mirrored(image, motion.trusted, now, image)[..., 0], now)
