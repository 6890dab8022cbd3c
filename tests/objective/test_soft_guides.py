"""Guides of soft maps: the Gram matrices of weighed pixels, and what they equal where nothing is blended."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image

from maskstyle.maps.assignment import Pair
from maskstyle.maps.io import SemanticMap, fit_map
from maskstyle.maps.soft import resize_shares
from maskstyle.objective.gram import gram
from maskstyle.objective.soft_guides import map_guides
from maskstyle.settings import Settings

pytestmark = pytest.mark.usefixtures("eagerly")

RED, BLUE = (255, 0, 0), (0, 0, 255)
STYLE = random_image(2, 16, 24)
SETTINGS = Settings(
    style_layers=(("block1_conv1", 1.0), ("block2_conv1", 1.0), ("block3_conv1", 1.0)), compute_type="float32"
)
PAIRS = [Pair("red", 0, 0), Pair("blue", 1, 1), Pair("red too", 0, None)]


@pytest.fixture(scope="module")
def network(tiny_network):
    return tiny_network([layer for layer, _ in SETTINGS.style_layers])


def halves(height, width, at):
    """Return a map whose first region is left of a column."""
    return SemanticMap((np.arange(width) >= at).astype(np.int32)[np.newaxis].repeat(height, axis=0), (RED, BLUE))


def softened(semantic_map, blend=()):
    """Return a map with shares of ones and zeros, but for columns that are blended: {column: share of the second}."""
    shares = np.stack([semantic_map.mask(0), semantic_map.mask(1)]).astype(np.float32)
    for column, share in dict(blend).items():
        shares[:, :, column] = np.array([1 - share, share])[:, np.newaxis]
    return dataclasses.replace(semantic_map, shares=shares)


@pytest.mark.parametrize("size", [(12, 20), (17, 31)])
def test_without_blended_pixels_they_are_those_of_whole_pixels(network, size):
    maps = halves(12, 20, 9), halves(16, 24, 13)
    hard = map_guides(network, *maps, size, STYLE, PAIRS, SETTINGS)
    soft = map_guides(network, *map(softened, maps), size, STYLE, PAIRS, SETTINGS)
    for one, other in zip(hard, soft, strict=True):
        assert other.cells is None and one.name == other.name
        assert one.strength == pytest.approx(other.strength, rel=1e-12)
        assert one.targets.keys() == other.targets.keys()
        for layer, cells in one.cells.items():
            expected = np.zeros(other.weights[layer].size)
            expected[cells] = 1
            assert_array_equal(other.weights[layer].ravel(), expected)
            assert other.divisors[layer] == len(cells)
            assert other.target_sums[layer] == one.target_sums[layer]
            assert_allclose(other.targets[layer], one.targets[layer], rtol=1e-5, atol=1e-6)


def test_blended_pixels_weigh_by_their_shares_on_both_sides(network):
    maps = softened(halves(12, 20, 9), {8: 0.25, 9: 0.75}), softened(halves(16, 24, 13), {12: 0.5})
    red, blue, _ = map_guides(network, *maps, (12, 20), STYLE, PAIRS, SETTINGS)
    assert_allclose(red.weights["block1_conv1"][0], [*[1] * 8, 0.75, 0.25, *[0] * 10])
    assert_allclose(red.weights["block2_conv1"][0], [1, 1, 1, 1, 0.5, 0, 0, 0, 0, 0])
    assert_allclose(red.weights["block1_conv1"] + blue.weights["block1_conv1"], 1)
    assert red.strength == pytest.approx(9 / 20) and blue.strength == pytest.approx(11 / 20)
    features = network(STYLE)
    for layer, side in (("block1_conv1", 1), ("block2_conv1", 2)):
        weights = maps[1].shares[1].reshape(16 // side, side, 24 // side, side).mean(axis=(1, 3))
        assert_allclose(blue.targets[layer], gram(features[layer], weights).numpy(), rtol=1e-4, atol=1e-6)
        assert blue.target_sums[layer] == pytest.approx(weights.sum())


def test_one_soft_map_is_enough(network):
    content, style = softened(halves(12, 20, 9), {9: 0.5}), halves(16, 24, 13)
    red, *_ = map_guides(network, content, style, (12, 20), STYLE, PAIRS, SETTINGS)
    hard, *_ = map_guides(network, halves(12, 20, 9), style, (12, 20), STYLE, PAIRS, SETTINGS)
    assert red.weights is not None
    for layer, target in hard.targets.items():
        assert_allclose(red.targets[layer], target, rtol=1e-5, atol=1e-6)


def test_the_gram_matrices_are_the_same_in_tiles(network):
    maps = softened(halves(12, 20, 9), {9: 0.5}), softened(halves(160, 240, 130), {129: 0.5})
    style = random_image(3, 160, 240)
    whole = map_guides(network, *maps, (12, 20), style, PAIRS, SETTINGS)
    tiled = map_guides(network, *maps, (12, 20), style, PAIRS, SETTINGS.changed(tile_size=128))
    for one, other in zip(whole, tiled, strict=True):
        for layer, target in one.targets.items():
            assert_allclose(other.targets[layer], target, rtol=1e-4, atol=1e-6)


def test_a_region_without_a_cell_has_no_say(network):
    maps = softened(halves(12, 20, 9)), softened(halves(16, 24, 13))
    lost = dataclasses.replace(maps[1], shares=maps[1].shares * np.array([1, 0], np.float32)[:, None, None])
    lost.labels[:] = 0
    guides = map_guides(network, maps[0], lost, (12, 20), STYLE, PAIRS[:2], SETTINGS)
    assert guides[0].targets and not guides[1].targets


def test_shares_are_averaged_where_they_are_soft_and_nearest_elsewhere():
    shares = softened(halves(8, 24, 5), {17: 0.5}).shares
    small = resize_shares(shares, (4, 12))
    assert small.shape == (2, 4, 12)
    assert set(np.unique(small[:, :, :6])) == {0, 1}
    assert ((small[1, 0, 8:10] > 0.5) & (small[1, 0, 8:10] < 1)).all()
    assert_allclose(small.sum(axis=0)[:, :8], 1)
    assert resize_shares(shares, (8, 24)) is shares
    fitted = fit_map(softened(halves(8, 24, 5)), (16, 48), name="map", image_name="image")
    assert_array_equal(fitted.shares[1], fitted.labels == 1)
