"""Region guides: their targets against NumPy in float64, their strengths, and regions that vanish."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import TINY19, forward, he_weights, measured, random_image, with_metrics

from maskstyle.guidance.pairs import Pair
from maskstyle.guides import region_guides, style_guide, vanished
from maskstyle.objective import Objective, style_term
from maskstyle.settings import Settings

pytestmark = pytest.mark.usefixtures("eagerly")

LAYERS = ("block1_conv1", "block2_conv1")
SETTINGS = Settings(style_layers=tuple((layer, 1.0) for layer in LAYERS), compute_type="float32", intensity=1.25)
IMAGE, STYLE = random_image(1, 8, 12), random_image(2, 12, 8)
WEIGHTS = he_weights(TINY19, ("block1_conv1", "block1_conv2", "block2_conv1"))
PAIRS = [Pair("left", 0, 1), Pair("right", 1, 0)]


def labelled(size):
    """Return labels with region 1 in the right half, but for a pixel of no region and one of region 2 in the left."""
    labels = np.zeros(size, np.int32)
    labels[:, size[1] // 2 :] = 1
    labels[0, 0], labels[2, 2] = -1, 2
    return labels


@pytest.fixture(scope="module")
def network(tiny_network):
    return tiny_network(LAYERS)


def guides_of(network, pairs=PAIRS, *, settings=SETTINGS, labels=None, style_labels=None):
    labels = labelled((8, 12)) if labels is None else labels
    style_labels = labelled((12, 8)) if style_labels is None else style_labels
    return region_guides(network, labels, STYLE, style_labels, pairs, settings)


def cells_of(labels, layer, region):
    """Return which cells of a layer a region covers most of, the lowest label of several."""
    if layer == "block1_conv1":
        return labels == region
    owners = np.empty((labels.shape[0] // 2, labels.shape[1] // 2), int)
    for row, column in np.ndindex(owners.shape):
        block = labels[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        owners[row, column] = max(np.unique(block), key=lambda label: ((block == label).sum(), -label))
    return owners == region


@pytest.mark.parametrize("metrics", [False, True])
def test_targets_are_the_grams_of_the_styles_region(network, tiny_network, metrics):
    weights = WEIGHTS
    if metrics:
        weights = with_metrics(WEIGHTS, lambda rng, channels: rng.normal(size=(channels + 1, channels)))
        network = tiny_network(LAYERS, weights=weights)
    features = forward(STYLE, weights)
    for guide, region in zip(guides_of(network), (1, 0), strict=True):
        for layer in LAYERS:
            members = measured(features[layer], weights[layer])[cells_of(labelled((12, 8)), layer, region)]
            expected = members.T @ members / len(members)
            assert_allclose(guide.targets[layer], expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
            assert guide.target_sums[layer] == len(members)


def test_a_guide_has_its_cells_its_share_of_all_pixels_and_the_intensity(network):
    guides = guides_of(network)
    assert [guide.name for guide in guides] == ["left", "right"]
    for region, guide in enumerate(guides):
        for layer in LAYERS:
            assert_array_equal(guide.cells[layer], np.flatnonzero(cells_of(labelled((8, 12)), layer, region)))
        assert guide.strength == pytest.approx((48 - 2, 48)[region] / 96)
        assert guide.intensity == 1.25


def test_no_region_of_the_style_is_the_whole_style(network):
    (guide,) = guides_of(network, [Pair("left", 0, None)])
    whole = style_guide(network, [STYLE], [1.0], SETTINGS)
    for layer in LAYERS:
        assert_array_equal(guide.targets[layer], whole.targets[layer])
    assert guide.target_sums == whole.target_sums


@pytest.mark.parametrize("reduction", ["relative", "mean", "gatys", "chollet"])
@pytest.mark.parametrize("normalisation", ["weights", "none"])
def test_a_region_is_a_mask_of_0_and_1(network, reduction, normalisation):
    settings = SETTINGS.changed(style_reduction=reduction, gram_normalisation=normalisation)
    guides = guides_of(network, settings=settings)
    masked = [dataclasses.replace(guide, cells=None, weights=_masks(network, guide)) for guide in guides]
    found = [
        Objective(network, [style_term(network, each, settings)]).value_and_gradient(IMAGE)
        for each in (guides, masked, [guides[0], masked[1]])
    ]
    for value, gradient in found[1:]:
        assert_allclose(value, found[0][0], rtol=1e-5)
        assert_allclose(gradient, found[0][1], rtol=1e-3, atol=1e-5 * np.abs(found[0][1]).max())


def _masks(network, guide):
    masks = {}
    for layer, cells in guide.cells.items():
        mask = np.zeros(network.architecture.grid((8, 12), layer), np.float32)
        mask.flat[cells] = 1.0
        masks[layer] = mask
    return masks


def test_a_region_that_vanishes_on_a_grid_has_no_say_there(network):
    (guide,) = guides_of(network, [Pair("dot", 2, 0)])
    assert set(guide.targets) == set(guide.cells) == {"block1_conv1"}
    remark = "region dot or its region of the style is too small for block2_conv1; it has no say there"
    assert vanished([guide], SETTINGS) == (remark,)


def test_a_region_of_the_style_that_vanishes_has_no_say_either(network):
    (guide,) = guides_of(network, [Pair("left", 0, 2)])
    assert set(guide.targets) == {"block1_conv1"}


def test_a_region_that_vanishes_everywhere_is_said_to(network):
    left, lost = guides_of(network, [Pair("left", 0, 0), Pair("lost", 3, 0)])
    assert (lost.targets, lost.strength) == ({}, 0.0)
    assert vanished([left, lost], SETTINGS) == (
        "region lost or its region of the style is too small for every style layer; it has no say there",
    )
    objective = Objective(network, [style_term(network, [lost], SETTINGS)])
    assert objective.losses(IMAGE) == {"style": 0.0}
