"""Feathered masks and region masks, compared with the formula evaluated pixel by pixel."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maskstyle.errors import ImageError, SettingsError
from maskstyle.maps import SemanticMap
from maskstyle.masks import (
    feather_mask,
    linear_mask,
    region_mask,
)

SIZE = (7, 11)
RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture
def blot():
    """Return a (24, 30) mask of 0 and 1 with a blot, a speck and an edge at the border."""
    mask = np.zeros((24, 30), np.float32)
    mask[5:14, 6:15] = 1
    mask[3, 24] = 1
    mask[18:, 20:] = 1
    return mask


def soft(seed, size=SIZE):
    return np.random.default_rng(seed).random(size).astype(np.float32)


def feathered_reference(mask, feather):
    """Return the formula of `feather_mask` for the outside, in float64, pixel by pixel."""
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]]
    squares = (1 - mask.astype(np.float64)) ** 2
    result = np.empty(mask.shape)
    for at in np.ndindex(mask.shape):
        apart = ((rows - at[0]) ** 2 + (columns - at[1]) ** 2) / feather**2
        result[at] = 1 - np.sqrt((squares + apart).min())
    return result


@pytest.mark.parametrize("feather", [1, 2.5, 6])
def test_feathering_follows_its_formula(blot, feather):
    for mask in (blot, soft(0), linear_mask(SIZE, angle=20)):
        outside, inside = (feather_mask(mask, feather, side=side) for side in ("outside", "inside"))
        np.testing.assert_allclose(outside, feathered_reference(mask, feather), atol=1e-6)
        np.testing.assert_allclose(inside, 1 - feathered_reference(1 - mask, feather), atol=1e-6)
        half = feather / 2 + 0.5
        both = (feathered_reference(mask, half) + 1 - feathered_reference(1 - mask, half)) / 2
        np.testing.assert_allclose(feather_mask(mask, feather), both, atol=1e-6)


@pytest.mark.parametrize("feather", [0.3, 2, 5.5])
def test_the_untouched_side_stays_exactly_black_or_white(blot, feather):
    outside, inside = (feather_mask(blot, feather, side=side) for side in ("outside", "inside"))
    assert (outside[blot == 1] == 1).all()
    assert (inside[blot == 0] == 0).all()
    both = feather_mask(blot, feather)
    far_from = {white: np.ones(blot.shape, bool) for white in (0, 1)}
    rows, columns = np.mgrid[: blot.shape[0], : blot.shape[1]]
    for at in np.ndindex(blot.shape):
        far_from[int(blot[at])] &= np.hypot(rows - at[0], columns - at[1]) >= feather / 2 + 0.5
    assert (both[far_from[1]] == 0).all()
    assert (both[far_from[0]] == 1).all()
    for mask in (outside, inside, both):
        assert mask.dtype == np.float32
        assert mask.min() >= 0
        assert mask.max() <= 1


def test_a_straight_edge_becomes_a_linear_ramp():
    edge = np.repeat([[0.0, 1.0]], 20, axis=1).astype(np.float32)
    ramp = feather_mask(edge, 10)[0]
    steps = np.diff(ramp)
    np.testing.assert_allclose(ramp + ramp[::-1], 1, atol=1e-6)
    assert np.count_nonzero((ramp > 0) & (ramp < 1)) == 10
    assert steps.min() >= 0
    assert steps.max() < 0.19
    inside = feather_mask(edge, 4, side="inside")[0, 18:26]
    np.testing.assert_allclose(inside, [0, 0, 0.25, 0.5, 0.75, 1, 1, 1], atol=1e-6)


@pytest.mark.parametrize("side", ["both", "inside", "outside"])
def test_a_mask_without_edges_or_with_feather_0_does_not_change(blot, side):
    np.testing.assert_array_equal(feather_mask(blot, 0, side=side), blot)
    for level in (0, 0.25, 1):
        flat = np.full(SIZE, level, np.float32)
        np.testing.assert_array_equal(feather_mask(flat, 5, side=side), flat)


@pytest.mark.parametrize("side", ["both", "inside", "outside"])
def test_wide_gradients_hardly_change(side):
    wide = linear_mask((5, 200))
    np.testing.assert_allclose(feather_mask(wide, 10, side=side), wide, atol=0.002)


@pytest.mark.parametrize("feather", [-1, math.nan, math.inf])
def test_an_invalid_feather_is_rejected(blot, feather):
    with pytest.raises(SettingsError, match=r"feather`? is .*(at least 0|a finite number)"):
        feather_mask(blot, feather)


def test_regions_are_feathered_together():
    labels = np.repeat([[0, 1, 2]], 8, axis=1).astype(np.int32)
    three = SemanticMap(labels, (RED, BLUE, (0, 255, 0)))
    np.testing.assert_array_equal(region_mask(three, [BLUE]), labels == 1)
    joined = region_mask(three, [RED, (10, 0, 250)], feather=4)  # a color may be a little off
    assert (joined[0, :13] == 1).all()
    assert (joined[0, 18:] == 0).all()
    smooth = region_mask(three, [RED, BLUE], feather=4, easing="smooth")
    np.testing.assert_allclose(smooth, joined**2 * (3 - 2 * joined), atol=1e-6)
    assert region_mask(three, [RED, BLUE, (0, 255, 0)], feather=9).min() == 1


def test_missing_regions_are_rejected():
    lost = SemanticMap(np.zeros((2, 2), np.int32), (RED, BLUE))
    with pytest.raises(ImageError, match=r"expected colors of mine.png.*#00ff00"):
        region_mask(lost, [(0, 255, 0)], name="mine.png")
    with pytest.raises(ImageError, match=r"regions of mine\.png have no pixels at 2x2"):
        region_mask(lost, [BLUE], name="mine.png")
    with pytest.raises(SettingsError, match="at least one region"):
        region_mask(lost, [])
