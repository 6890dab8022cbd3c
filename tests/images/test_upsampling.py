"""Upsampling a change of an image to its full size."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal

from maskstyle.images.upsampling import with_change

FULL = np.zeros((24, 32, 3), np.float32)
FULL[:, 15:] = 0.8
SMALL = FULL.reshape(12, 2, 16, 2, 3).mean(axis=(1, 3))


def test_no_change_is_the_image() -> None:
    assert_allclose(with_change(FULL, SMALL, SMALL), FULL, atol=1e-6)


def test_an_edge_that_falls_between_small_pixels_stays_sharp() -> None:
    changed = with_change(FULL, SMALL, 0.9 - SMALL)[12, :, 1]
    assert_allclose(changed[:15], 0.9, atol=0.05)
    assert_allclose(changed[15:], 0.1, atol=0.05)


def test_a_change_goes_on_outside_its_mask() -> None:
    inside = np.zeros((12, 16), np.float32)
    inside[:, :5] = 1
    after = np.where(inside[..., np.newaxis] > 0, 0.5, SMALL).astype(np.float32)
    changed = with_change(FULL, SMALL, after, inside)
    assert_allclose(changed[:, :11], 0.5, atol=0.02)  # no rim of half the change at the edge of the mask
    assert_array_equal(with_change(FULL, SMALL, after, np.zeros_like(inside)), FULL)
