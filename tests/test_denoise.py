"""Denoising by non-local means."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from reference import random_image

from maskstyle.denoise import denoise_image


def noisy_edge():
    """Two flat halves, 0.25 and 0.75, with a little noise."""
    image = np.full((24, 24, 3), 0.25, np.float32)
    image[:, 12:] = 0.75
    return image + np.random.default_rng(0).normal(0, 0.03, image.shape).astype(np.float32)


def test_strength_0_changes_nothing():
    image = random_image(0, 9, 11)
    assert_array_equal(denoise_image(image, 0.0), image)


def test_noise_goes_and_the_edge_stays():
    image = noisy_edge()
    smooth = denoise_image(image, 0.1)
    for half in (np.s_[:, :12], np.s_[:, 12:]):
        assert smooth[half].std() < 0.5 * image[half].std()
    assert smooth[:, 12].mean() - smooth[:, 11].mean() > 0.45


def test_stronger_is_smoother():
    image = noisy_edge()
    assert denoise_image(image, 0.1)[:, :12].std() < denoise_image(image, 0.02)[:, :12].std()


@pytest.mark.parametrize("size", [(24, 24), (3, 40), (9, 1), (1, 1)])
def test_stays_an_image_and_leaves_its_input_alone(size):
    image = random_image(1, *size)
    before = image.copy()
    smooth = denoise_image(image, 0.5)
    assert (smooth.dtype, smooth.shape) == (np.float32, image.shape)
    assert smooth.min() >= 0 and smooth.max() <= 1
    assert_array_equal(image, before)
