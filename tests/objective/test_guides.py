"""Guides of regions and masks: targets, losses and gradients against NumPy in float64, and what they equal."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import TINY19, forward, he_weights, measured, random_image, with_metrics

from maskstyle.maps.assignment import Pair
from maskstyle.objective.guides import mask_guides, region_guides, style_guide, vanished
from maskstyle.objective.objective import Objective, style_term
from maskstyle.settings import Settings

pytestmark = pytest.mark.usefixtures("eagerly")

LAYERS = ("block1_conv1", "block2_conv1")
SETTINGS = Settings(style_layers=tuple((layer, 1.0) for layer in LAYERS), compute_type="float32", intensity=1.25)
IMAGE, STYLE = random_image(1, 8, 12), random_image(2, 12, 8)
WEIGHTS = he_weights(TINY19, ("block1_conv1", "block1_conv2", "block2_conv1"))
PAIRS = [Pair("left", 0, 1), Pair("right", 1, 0)]


def labeled(size):
    """Return labels with region 1 in the right half, but for a pixel of no region and one of region 2 in the left."""
    labels = np.zeros(size, np.int32)
    labels[:, size[1] // 2 :] = 1
    labels[0, 0], labels[2, 2] = -1, 2
    return labels


@pytest.fixture(scope="module")
def network(tiny_network):
    return tiny_network(LAYERS)


def guides_of(network, pairs=PAIRS, *, settings=SETTINGS, labels=None, style_labels=None):
    labels = labeled((8, 12)) if labels is None else labels
    style_labels = labeled((12, 8)) if style_labels is None else style_labels
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
            members = measured(features[layer], weights[layer])[cells_of(labeled((12, 8)), layer, region)]
            expected = members.T @ members / len(members)
            assert_allclose(guide.targets[layer], expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
            assert guide.target_sums[layer] == len(members)


def test_a_guide_has_its_cells_its_share_of_all_pixels_and_the_intensity(network):
    guides = guides_of(network)
    assert [guide.name for guide in guides] == ["left", "right"]
    for region, guide in enumerate(guides):
        for layer in LAYERS:
            assert_array_equal(guide.cells[layer], np.flatnonzero(cells_of(labeled((8, 12)), layer, region)))
        assert guide.strength == pytest.approx((48 - 2, 48)[region] / 96)
        assert guide.intensity == 1.25


def test_no_region_of_the_style_is_the_whole_style(network):
    (guide,) = guides_of(network, [Pair("left", 0, None)])
    whole = style_guide(network, [STYLE], [1.0], SETTINGS)
    for layer in LAYERS:
        assert_array_equal(guide.targets[layer], whole.targets[layer])
    assert guide.target_sums == whole.target_sums


@pytest.mark.parametrize("reduction", ["relative", "mean", "gatys", "chollet"])
@pytest.mark.parametrize("normalization", ["weights", "none"])
def test_a_region_is_a_mask_of_0_and_1(network, reduction, normalization):
    settings = SETTINGS.changed(style_reduction=reduction, gram_normalization=normalization)
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


ONES = np.ones((8, 12), np.float32)
RAMP = np.linspace(0, 1, 96, dtype=np.float32).reshape(8, 12)
BUMP = (np.random.default_rng(9).random((8, 12)) ** 2).astype(np.float32)


def value_and_gradient(network, guides, settings=SETTINGS):
    value, gradient = Objective(network, [style_term(network, guides, settings)]).value_and_gradient(IMAGE)
    return value.numpy(), gradient.numpy()


def masked(network, masks, styles=None, factors=None, settings=SETTINGS):
    return mask_guides(network, masks, styles or [STYLE] * len(masks), factors or [1.0] * len(masks), settings)


def test_a_mask_of_ones_is_basic_exactly(network):
    found = value_and_gradient(network, masked(network, [ONES]))
    basic = value_and_gradient(network, [style_guide(network, [STYLE], [1.0], SETTINGS)])
    assert_array_equal(found[0], basic[0])
    assert_array_equal(found[1], basic[1])


@pytest.mark.parametrize("reduction", ["relative", "mean", "gatys", "chollet"])
@pytest.mark.parametrize("normalization", ["weights", "none"])
def test_a_mask_of_whole_cells_is_a_region(network, reduction, normalization):
    """Where each cell of the coarsest layer is 0 or 1, its average is what most of it is."""
    settings = SETTINGS.changed(style_reduction=reduction, gram_normalization=normalization)
    labels = np.kron(np.random.default_rng(3).integers(0, 2, (4, 6)), np.ones((2, 2), int)).astype(np.int32)
    regions = region_guides(network, labels, STYLE, labeled((12, 8)), [Pair("white", 1, None)], settings)
    found = value_and_gradient(network, masked(network, [labels.astype(np.float32)], settings=settings), settings)
    expected = value_and_gradient(network, regions, settings)
    assert_allclose(found[0], expected[0], rtol=1e-5)
    assert_allclose(found[1], expected[1], rtol=1e-3, atol=1e-5 * np.abs(expected[1]).max())


@pytest.mark.parametrize("count", [2, 5])
def test_equal_masks_with_one_style_count_each(network, count):
    one = value_and_gradient(network, masked(network, [RAMP]))
    several = value_and_gradient(network, masked(network, [RAMP] * count))
    factor = value_and_gradient(network, masked(network, [RAMP], factors=[float(count)]))
    for found in (several, factor):
        assert_allclose(found[0], count * one[0], rtol=1e-5)
        assert_allclose(found[1], count * one[1], rtol=1e-3, atol=1e-5 * np.abs(one[1]).max())


def test_the_grams_know_a_masks_shape_and_its_strength_its_size(network):
    whole, half = (
        value_and_gradient(network, masked(network, [RAMP])),
        value_and_gradient(network, masked(network, [RAMP / 2])),
    )
    assert_allclose(half[0], whole[0] / 2, rtol=1e-5)
    assert_allclose(half[1], whole[1] / 2, rtol=1e-3, atol=1e-5 * np.abs(whole[1]).max())


def reference_loss(image, masks, styles, exponent):
    """Return the style loss under soft masks in plain float64, written from the formula."""
    features, total = forward(image, WEIGHTS), 0.0
    for mask, style in zip(masks, styles, strict=True):
        mask, wanted = mask.astype(np.float64), forward(style, WEIGHTS)
        for layer in LAYERS:
            average = mask if layer == "block1_conv1" else mask.reshape(4, 2, 6, 2).mean(axis=(1, 3))
            rows = features[layer].reshape(average.size, -1)
            gram = np.einsum("n,nc,nd->cd", average.ravel() ** exponent, rows, rows) / average.sum()
            rows = wanted[layer].reshape(-1, rows.shape[1])
            target = SETTINGS.intensity * rows.T @ rows / len(rows)
            total += mask.mean() * ((gram - target) ** 2).sum() / (target**2).sum()
    return SETTINGS.style_weight * total


@pytest.mark.parametrize("exponent", [1.0, 2.0])
def test_loss_and_gradient_under_masks_equal_numpy(network, exponent):
    settings = SETTINGS.changed(mask_exponent=exponent)
    masks, styles = [RAMP, BUMP], [STYLE, random_image(8, 6, 6)]
    value, gradient = value_and_gradient(network, masked(network, masks, styles, settings=settings), settings)
    assert value[0] == pytest.approx(reference_loss(IMAGE, masks, styles, exponent), rel=1e-5)
    rng, step = np.random.default_rng(4), 1e-6
    for _ in range(3):
        direction = rng.normal(size=IMAGE.shape)
        ahead, behind = (reference_loss(IMAGE + sign * step * direction, masks, styles, exponent) for sign in (1, -1))
        slope = (ahead - behind) / (2 * step)
        assert (gradient * direction).sum() == pytest.approx(slope, rel=1e-3)


def test_layers_of_one_grid_share_their_weights_and_masks_of_one_style_its_targets(tiny_network):
    layers = ("block1_conv1", "block1_conv2", "block2_conv1")
    settings = SETTINGS.changed(style_layers=tuple((layer, 1.0) for layer in layers))
    first, second = masked(tiny_network(layers), [RAMP, BUMP], settings=settings)
    assert first.weights["block1_conv1"] is first.weights["block1_conv2"]
    assert first.weights["block2_conv1"].shape == (4, 6)
    for layer in layers:
        assert first.targets[layer] is second.targets[layer]
        assert first.divisors[layer] == pytest.approx(first.weights[layer].sum(dtype=np.float64))
    assert (first.name, second.name) == ("mask 1", "mask 2")
    assert second.strength == pytest.approx(BUMP.mean())


def test_a_mask_that_vanishes_on_a_grid_has_no_say_there(network):
    mask = np.zeros((9, 12), np.float32)
    mask[8] = 1.0  # the row that pooling drops
    (guide,) = masked(network, [mask])
    assert set(guide.targets) == set(guide.weights) == set(guide.divisors) == {"block1_conv1"}
    assert vanished([guide], SETTINGS) == ("mask 1 is too small for block2_conv1; it has no say there",)


def split_labels(size):
    """Return labels with region 1 in the right half."""
    return (np.indices(size)[1] >= size[1] // 2).astype(np.int32)


def parts_of(labels, layer, region, receptive_field):
    """Return which cells of a layer are inside a region, and which along its border; the labels are whole cells."""
    side = 1 if layer == "block1_conv1" else 2
    inside = np.zeros((labels.shape[0] // side, labels.shape[1] // side), bool)
    own = np.zeros_like(inside)
    padded = np.pad(labels, receptive_field, mode="edge")
    for row, column in np.ndindex(inside.shape):
        own[row, column] = labels[row * side, column * side] == region
        top, left = (middle * side + side // 2 + receptive_field - receptive_field // 2 for middle in (row, column))
        inside[row, column] = (padded[top : top + receptive_field, left : left + receptive_field] == region).all()
    return own & inside, own & ~inside


@pytest.mark.parametrize("margin", [0, 4])
def test_parts_of_regions_have_targets_and_shares_of_their_own(tiny_network, margin):
    network = tiny_network(LAYERS, padding="edge")
    labels, style_labels, style = split_labels((12, 24)), split_labels((24, 16)), random_image(3, 24, 16)
    settings = SETTINGS.changed(propagation="split", intensity=1.0)
    guides = region_guides(network, labels, style, style_labels, PAIRS, settings, margin=margin)
    assert [guide.name for guide in guides] == ["left", "left", "right", "right"]
    assert [guide.strength for guide in guides] == [0.5] * 4
    features = forward(
        np.pad(style, ((margin, margin), (margin, margin), (0, 0)), "symmetric"), WEIGHTS, padding="edge"
    )
    for layer in LAYERS:
        field, side = network.architecture.receptive_field(layer), 1 if layer == "block1_conv1" else 2
        seen = features[layer][margin // side :, margin // side :][: 24 // side, : 16 // side]
        for pair, halves in zip(PAIRS, (guides[:2], guides[2:]), strict=True):
            wanted = parts_of(style_labels, layer, pair.style_region, field)
            own = parts_of(labels, layer, pair.region, field)
            for guide, chosen, cells in zip(halves, wanted, own, strict=True):
                rows = seen[chosen]
                assert_allclose(guide.targets[layer], rows.T @ rows / len(rows), rtol=1e-4, atol=1e-4)
                assert guide.shares[layer] == pytest.approx(cells.sum() / (own[0].sum() + own[1].sum()))
                assert len(guide.cells[layer]) == cells.sum()


def test_a_layer_on_which_the_styles_parts_are_too_few_cells_is_not_split(network):
    settings = SETTINGS.changed(propagation="split")
    guides = guides_of(network, settings=settings, labels=split_labels((8, 12)), style_labels=split_labels((12, 8)))
    by_layer = {layer: [guide.shares[layer] for guide in guides if layer in guide.targets] for layer in LAYERS}
    assert by_layer["block2_conv1"] == [1.0, 1.0]
    assert len(by_layer["block1_conv1"]) == 4
    assert vanished(guides, settings) == ()


def test_large_images_are_not_split(network):
    settings = SETTINGS.changed(propagation="split", style_layers=(("block1_conv1", 1.0),))  # it sees 3 pixels
    for side, split in ((23, True), (24, False)):
        style = random_image(3, side, side)
        labels = split_labels((side, side))
        guides = region_guides(network, labels, style, labels, PAIRS, settings)
        assert len(guides) == (4 if split else 2)


def test_a_mask_whose_power_underflows_has_no_say(network):
    settings = SETTINGS.changed(mask_exponent=2.0)
    (guide,) = masked(network, [np.full((8, 12), 1e-25, np.float32)], settings=settings)
    assert guide.targets == {}
    assert value_and_gradient(network, [guide], settings)[0] == [0.0]
