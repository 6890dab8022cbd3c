"""Optical flow on known motion: a shift, an object that uncovers what was behind it, and a cut."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

pytest.importorskip("cv2")

from maskstyle.motion.flow import Motion, is_cut, motion_between, motion_size, resized_motion, warped

SIZE = (64, 96)


def texture(seed, size=(100, 140)):
    """Return a smooth random picture, larger than the frames that are cut from it."""
    noise = np.random.default_rng(seed).random((*size, 3))
    smooth = gaussian_filter(noise, (2, 2, 0))
    return ((smooth - smooth.min()) / np.ptp(smooth)).astype(np.float32)


def shown(picture, top, left):
    return picture[top : top + SIZE[0], left : left + SIZE[1]]


@pytest.fixture(scope="module")
def pan():
    """Return two frames of a camera that moves by 2 rows and 3 columns, and the motion found."""
    picture = texture(1)
    before, now = shown(picture, 10, 10), shown(picture, 12, 13)
    return before, now, motion_between(before, now)


def test_the_flow_of_a_shift_leads_back_by_it(pan):
    before, now, motion = pan
    inner = (slice(8, -8), slice(8, -8))
    np.testing.assert_allclose(np.median(motion.flow[inner], axis=(0, 1)), (2, 3), atol=0.1)
    np.testing.assert_allclose(warped(before, motion.flow)[inner], now[inner], atol=0.03)


def test_what_comes_into_the_frame_is_not_trusted(pan):
    *_, motion = pan
    assert motion.trusted[8:-8, 8:-8].mean() > 0.98
    assert not motion.trusted[:, -2:].any()
    assert not motion.trusted[-1].any()


def test_what_an_object_uncovers_is_not_trusted():
    background, thing = texture(1), texture(2)[:24, :24]
    before, now = (shown(background, 10, 10).copy() for _ in range(2))
    before[20:44, 30:54], now[20:44, 36:60] = thing, thing
    motion = motion_between(before, now)
    assert motion.trusted[22:42, 31:34].mean() < 0.2  # behind it
    assert motion.trusted[24:40, 42:54].mean() > 0.9  # on it
    assert motion.trusted[:, 70:].all()


def test_a_static_frame_is_trusted_whole_and_too_small_ones_too(pan):
    now = pan[1]
    for frame in (now, now[:8, :8]):
        motion = motion_between(frame, frame)
        assert motion.trusted.all()
        np.testing.assert_allclose(warped(frame, motion.flow), frame, atol=1e-3)


def test_a_cut_is_found_and_a_pan_or_a_flash_is_none(pan):
    before, now, _ = pan
    assert is_cut(before, shown(texture(9), 0, 0))
    assert not is_cut(before, now)
    assert not is_cut(before, np.clip(0.6 * now + 0.3, 0, 1))


def test_motion_at_another_size_is_as_long_for_it(pan):
    *_, motion = pan
    double = resized_motion(motion, (128, 192))
    assert isinstance(double, Motion)
    np.testing.assert_allclose(np.median(double.flow, axis=(0, 1)), 2 * np.median(motion.flow, axis=(0, 1)), atol=0.1)
    assert motion_size((1080, 1920)) == (360, 640)
    assert motion_size((100, 200)) == (100, 200)
