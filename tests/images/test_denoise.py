"""Denoising with each method."""

import itertools

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from reference import random_image

from maskstyle.images import denoise_image
from maskstyle.settings import CHOICES

each_method = pytest.mark.parametrize("method", CHOICES["denoise_method"])


def noisy_edge():
    """Return two flat halves, 0.25 and 0.75, with a little noise."""
    image = np.full((24, 24, 3), 0.25, np.float32)
    image[:, 12:] = 0.75
    return image + np.random.default_rng(0).normal(0, 0.03, image.shape).astype(np.float32)


def test_strength_0_changes_nothing():
    image = random_image(0, 9, 11)
    assert_array_equal(denoise_image(image, 0.0), image)


@each_method
def test_noise_is_removed_and_the_edge_kept(method):
    image = noisy_edge()
    smooth = denoise_image(image, 0.1, method)
    for half in (np.s_[:, :12], np.s_[:, 12:]):
        assert smooth[half].std() < 0.5 * image[half].std()
    assert smooth[:, 12].mean() - smooth[:, 11].mean() > 0.45


@each_method
def test_stronger_is_smoother(method):
    image = noisy_edge()
    strong, faint = (denoise_image(image, strength, method)[:, :12].std() for strength in (0.1, 0.02))
    assert strong < faint < image[:, :12].std()


def test_methods_differ():
    found = [denoise_image(noisy_edge(), 0.1, method) for method in CHOICES["denoise_method"]]
    assert min(np.abs(first - second).max() for first, second in itertools.pairwise(found)) > 0.01


@pytest.mark.parametrize("size", [(24, 24), (3, 40), (9, 1), (1, 1)])
@each_method
def test_the_result_is_an_image_and_the_input_is_unchanged(size, method):
    image = random_image(1, *size)
    before = image.copy()
    smooth = denoise_image(image, 0.5, method)
    assert (smooth.dtype, smooth.shape) == (np.float32, image.shape)
    assert smooth.min() >= 0
    assert smooth.max() <= 1
    assert_array_equal(image, before)
