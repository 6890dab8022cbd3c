"""The first image of doodles: colors of each region's own, from about the same height, against plain NumPy."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image

from maskstyle.guidance.colors import SPREAD, region_colors
from maskstyle.maps.assignment import Pair

LABELS = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 2, -1]], np.int32)
STYLE_LABELS = np.array([[1, 1, 1], [1, 0, 0], [0, 0, -1]], np.int32)
STYLE = random_image(4, 3, 3)
PAIRS = [Pair("a", 0, 1), Pair("b", 1, 0), Pair("c", 2, None)]


def test_every_pixel_has_a_color_of_its_regions_style():
    image = region_colors(LABELS, STYLE, STYLE_LABELS, PAIRS, seed=3)
    assert (image.dtype, image.shape) == (np.float32, (3, 4, 3))
    jitter = SPREAD * np.random.default_rng(3).standard_normal((3, 4))
    for pair in PAIRS:
        pool = STYLE.reshape(-1, 3) if pair.style_region is None else STYLE[STYLE_LABELS == pair.style_region]
        cells = np.argwhere(LABELS == pair.region)
        for position, (row, column) in enumerate(cells):
            rank = abs((position + 0.5) / len(cells) + jitter[row, column])
            rank = 2 - rank if rank > 1 else rank
            assert_array_equal(image[row, column], pool[int(rank * len(pool))])


def test_pixels_of_no_pair_have_the_styles_mean_color():
    image = region_colors(LABELS, STYLE, STYLE_LABELS, PAIRS[:1], seed=3)
    assert_allclose(image[LABELS != 0], np.broadcast_to(STYLE.mean(axis=(0, 1)), (8, 3)), rtol=1e-6)


def test_a_region_of_the_style_that_has_vanished_gives_way_to_all_of_it():
    image = region_colors(LABELS, STYLE, np.zeros_like(STYLE_LABELS), [Pair("a", 0, 1)], seed=3)
    pool = {tuple(color) for color in STYLE.reshape(-1, 3)}
    assert {tuple(color) for color in image[LABELS == 0]} <= pool


def test_the_order_of_pairs_does_not_matter_and_the_seed_does():
    image = region_colors(LABELS, STYLE, STYLE_LABELS, PAIRS, seed=3)
    assert_array_equal(region_colors(LABELS, STYLE, STYLE_LABELS, PAIRS[::-1], seed=3), image)
    assert not np.array_equal(region_colors(LABELS, STYLE, STYLE_LABELS, PAIRS, seed=4), image)


@pytest.mark.parametrize("seed", range(3))
def test_a_region_keeps_its_light_from_above(seed):
    style = np.linspace(1, 0, 40, dtype=np.float32)[:, np.newaxis, np.newaxis].repeat(20, axis=1).repeat(3, axis=2)
    labels = np.zeros((30, 30), np.int32)
    image = region_colors(labels, style, np.zeros((40, 20), np.int32), [Pair("a", 0, 0)], seed=seed)
    rows = image.mean(axis=(1, 2))
    assert rows[:5].mean() > 0.8 and rows[-5:].mean() < 0.2
    assert_allclose(image.mean(), 0.5, atol=0.03)
