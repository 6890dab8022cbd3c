"""Alpha: what counts as opaque or hidden, and the colors of hidden pixels."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_array_equal
from reference import random_image

from maskstyle.images.color import is_gray
from maskstyle.images.transparency import extended, resize_alpha, visible_alpha


def test_almost_opaque_is_opaque():
    assert visible_alpha(None) is None
    assert visible_alpha(np.full((2, 2), 254 / 255, np.float32)) is None
    alpha = np.array([[1, 0.9]], np.float32)
    assert visible_alpha(alpha) is alpha


def test_visible_pixels_stay_and_hidden_ones_take_nearby_colors():
    image, alpha = random_image(1, 13, 30), np.zeros((13, 30), np.float32)
    image[:, :5], image[:, 25:] = (1, 0, 0), (0, 0, 1)
    alpha[:, :5], alpha[:, 25:], alpha[0, 10] = 1, 0.5, 0.001
    filled = extended(image, alpha)
    shown = alpha > 0.01
    assert_array_equal(filled[shown], image[shown])
    assert (filled[:, 6] @ (1, 0, -1) > 0.5).all()
    assert (filled[:, 23] @ (1, 0, -1) < -0.5).all()
    assert (filled[..., 1] == 0).all()
    hidden = np.where(shown[..., np.newaxis], image, np.float32(0.3))
    assert_array_equal(extended(hidden, alpha), filled)


def test_without_hidden_pixels_the_image_is_returned():
    image = random_image(1, 4, 4)
    assert extended(image, None) is image
    assert extended(image, np.full((4, 4), 0.2, np.float32)) is image


def test_resizing_keeps_opaque_and_transparent_areas():
    alpha = np.zeros((30, 31), np.float32)
    alpha[:, 15:] = 1
    resized = resize_alpha(alpha, (17, 19))
    assert set(np.unique(resized[:, [*range(8), *range(11, 19)]])) == {0, 1}


def test_gray_may_have_the_noise_of_compression_but_no_tint():
    gray = random_image(1, 20, 20)[..., :1].repeat(3, axis=-1) * np.float32(0.8) + np.float32(0.1)
    assert is_gray(gray)
    assert is_gray(gray + np.float32(0.01) * (random_image(2, 20, 20) - 0.5))
    assert not is_gray(gray * np.array([1, 0.9, 0.8], np.float32))
    accent = gray.copy()
    accent[:2, :2] = (1, 0, 0)
    assert not is_gray(accent)
    alpha = np.ones((20, 20), np.float32)
    alpha[:2, :2] = 0
    assert is_gray(accent, alpha)
