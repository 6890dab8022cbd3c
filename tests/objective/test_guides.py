"""Guides of layouts: targets, losses and gradients against NumPy in float64, and what they equal."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import TINY19, forward, he_weights, measured, random_image, with_metrics
from small_scenes import BLUE, GREEN, RED, YELLOW, side_by_side, softened, stacked

from maskstyle import PlanRegion, Settings, StyleImage
from maskstyle.guidance.layout import Layout, Placement
from maskstyle.guidance.seen_styles import seen_styles
from maskstyle.maps import SemanticMap
from maskstyle.objective.assemble import style_term
from maskstyle.objective.extract import Extractor
from maskstyle.objective.guides import guides_at, layer_cells, vanished
from maskstyle.objective.objective import Objective
from maskstyle.techniques import PlanInputs

pytestmark = pytest.mark.usefixtures("eagerly")

LAYERS = ("block1_conv1", "block2_conv1")
SETTINGS = Settings(
    style_layers=tuple((layer, 1.0) for layer in LAYERS), style_weight=20.0, compute_type="float32", intensity=1.25
)
SIZE = (8, 12)
IMAGE, STYLE, OTHER = random_image(1, *SIZE), random_image(2, 12, 8), random_image(8, 6, 6)
WEIGHTS = he_weights(TINY19, ("block1_conv1", "block1_conv2", "block2_conv1"))
METRICS = with_metrics(WEIGHTS, lambda rng, channels: rng.normal(size=(channels + 1, channels)))


@pytest.fixture(scope="module")
def network(tiny_network):
    return tiny_network(LAYERS)


def labeled(size):
    """Return labels with region 1 in the right half, but for a pixel of no region and one of region 2 in the left."""
    labels = np.zeros(size, np.int32)
    labels[:, size[1] // 2 :] = 1
    labels[0, 0], labels[2, 2] = -1, 2
    return labels


def map_of(labels):
    return SemanticMap(labels, (RED, BLUE, GREEN, YELLOW))


def on_regions(*pairs, labels=None, style_labels=None, style=STYLE):
    """Return the layout of (name, label, style label) for each region."""
    content_map = map_of(labeled(SIZE) if labels is None else labels)
    source = StyleImage(style, map_of(labeled((12, 8)) if style_labels is None else style_labels))
    return Layout(
        tuple(
            Placement(name, ((source, 1.0),), place, label, style_label=style_label)
            for place, (name, label, style_label) in enumerate(pairs)
        ),
        content_map,
    )


CROSSED = ("left", 0, 1), ("right", 1, 0)


def on_masks(*masks, styles=None, strengths=None):
    """Return the layout of masks, each with its style and strength."""
    shared = StyleImage(STYLE)
    sources = [shared] * len(masks) if styles is None else [StyleImage(style) for style in styles]
    return Layout(
        tuple(
            Placement(f"mask {place + 1}", ((source, 1.0),), place, mask=mask, strength=strength)
            for place, (mask, source, strength) in enumerate(
                zip(masks, sources, strengths or [1.0] * len(masks), strict=True)
            )
        )
    )


def everywhere(*styles):
    """Return the layout of a blend of (style image, share)."""
    return Layout((Placement("style", tuple((StyleImage(style), share) for style, share in styles)),))


def guides_of(network, layout, *, settings=SETTINGS, size=SIZE, tile_size=None, margin=0):
    extractor = Extractor(network, tile_size)
    return guides_at(extractor, layout, seen_styles(layout, None), size, settings, margin=margin)


def value_and_gradient(network, guides, settings=SETTINGS):
    value, gradient = Objective(network, [style_term(network, guides, settings)]).value_and_gradient(IMAGE)
    return value.numpy(), gradient.numpy()


def assert_close(found, expected):
    assert_allclose(found[0], expected[0], rtol=1e-5)
    assert_allclose(found[1], expected[1], rtol=1e-3, atol=1e-5 * np.abs(expected[1]).max())


# Regions


def cells_of(labels, layer, region):
    """Return which cells of a layer a region covers most of, the lowest label of several."""
    if layer == "block1_conv1":
        return labels == region
    owners = np.empty((labels.shape[0] // 2, labels.shape[1] // 2), int)
    for row, column in np.ndindex(owners.shape):
        block = labels[2 * row : 2 * row + 2, 2 * column : 2 * column + 2]
        owners[row, column] = max(np.unique(block), key=lambda label: ((block == label).sum(), -label))
    return owners == region


@pytest.mark.parametrize("weights", [WEIGHTS, METRICS], ids=["plain", "with metrics"])
def test_targets_are_the_gram_matrices_of_regions_of_the_style_image(tiny_network, weights):
    features = forward(STYLE, weights)
    guides = guides_of(tiny_network(LAYERS, weights=weights), on_regions(*CROSSED))
    for guide, region in zip(guides, (1, 0), strict=True):
        for layer in LAYERS:
            members = measured(features[layer], weights[layer])[cells_of(labeled((12, 8)), layer, region)]
            expected = members.T @ members / len(members)
            assert_allclose(guide.targets[layer], expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
            assert guide.target_sums[layer] == len(members)


def test_a_guide_has_its_cells_its_share_of_all_pixels_and_the_intensity(network):
    guides = guides_of(network, on_regions(*CROSSED))
    assert [guide.name for guide in guides] == ["left", "right"]
    for region, guide in enumerate(guides):
        for layer in LAYERS:
            assert_array_equal(guide.cells[layer], np.flatnonzero(cells_of(labeled(SIZE), layer, region)))
        assert guide.strength == pytest.approx((48 - 2, 48)[region] / 96)
        assert guide.intensity == 1.25


def test_a_region_may_take_the_whole_style_image(network):
    (guide,) = guides_of(network, on_regions(("left", 0, None)))
    (whole,) = guides_of(network, everywhere((STYLE, 1.0)))
    for layer in LAYERS:
        assert_array_equal(guide.targets[layer], whole.targets[layer])
    assert guide.target_sums == whole.target_sums


@pytest.mark.parametrize(
    ("reduction", "normalization"),
    [("relative", "weights"), ("mean", "none"), ("gatys", "weights"), ("chollet", "none")],
)
def test_a_region_is_a_mask_of_0_and_1(network, reduction, normalization):
    settings = SETTINGS.changed(style_reduction=reduction, gram_normalization=normalization)
    guides = guides_of(network, on_regions(*CROSSED), settings=settings)
    masked = [dataclasses.replace(guide, cells=None, weights=_masks(network, guide)) for guide in guides]
    expected = value_and_gradient(network, guides, settings)
    for each in (masked, [guides[0], masked[1]]):
        assert_close(value_and_gradient(network, each, settings), expected)


def _masks(network, guide):
    masks = {}
    for layer, cells in guide.cells.items():
        mask = np.zeros(network.architecture.grid(SIZE, layer), np.float32)
        mask.flat[cells] = 1.0
        masks[layer] = mask
    return masks


TOO_SMALL = "region {} or its region of the style image is too small for {} and does not guide the style there"


@pytest.mark.parametrize("pair", [("dot", 2, 0), ("dot", 0, 2)], ids=["of the picture", "of the style image"])
def test_a_region_that_vanishes_on_a_grid_does_not_guide_the_style_there(network, pair):
    layout = on_regions(pair)
    (guide,) = guides = guides_of(network, layout)
    assert set(guide.targets) == set(guide.cells) == {"block1_conv1"}
    assert vanished(guides, layout, SETTINGS) == (TOO_SMALL.format("dot", "block2_conv1"),)


def test_a_region_that_vanishes_everywhere_is_noted(network):
    layout = on_regions(("left", 0, 0), ("lost", 3, 0))
    left, lost = guides = guides_of(network, layout)
    assert left.targets
    assert (lost.targets, lost.strength) == ({}, 0.0)
    assert vanished(guides, layout, SETTINGS) == (TOO_SMALL.format("lost", "every style layer"),)
    assert Objective(network, [style_term(network, [lost], SETTINGS)]).losses(IMAGE) == {"style": 0.0}


def test_the_cells_of_whole_regions_by_layer(network):
    found = layer_cells(Extractor(network), labeled(SIZE), [2, 0], LAYERS, "split")
    for layer in LAYERS:
        expected = {region: np.flatnonzero(cells_of(labeled(SIZE), layer, region)) for region in (0, 2)}
        assert set(found[layer]) == {region for region, cells in expected.items() if len(cells)}
        for region, own in found[layer].items():
            assert_array_equal(own.cells, expected[region])


# Styles everywhere


@pytest.mark.parametrize("normalization", ["weights", "none"])
def test_a_blend_is_the_mean_of_the_gram_matrices_by_share(network, normalization):
    settings = SETTINGS.changed(gram_normalization=normalization)
    (guide,) = guides_of(network, everywhere((STYLE, 0.25), (OTHER, 0.75)), settings=settings)
    features = [forward(style, WEIGHTS) for style in (STYLE, OTHER)]
    for layer in LAYERS:
        rows = [each[layer].reshape(-1, each[layer].shape[-1]) for each in features]
        total = 0.25 * len(rows[0]) + 0.75 * len(rows[1])
        assert guide.target_sums[layer] == pytest.approx(total)
        divisors = [total, total] if normalization == "none" else [len(rows[0]), len(rows[1])]
        parts = [own.T @ own / divisor for own, divisor in zip(rows, divisors, strict=True)]
        expected = 0.25 * parts[0] + 0.75 * parts[1]
        assert_allclose(guide.targets[layer], expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    assert (guide.strength, guide.cells, guide.weights) == (1.0, None, None)


# Masks

ONES = np.ones(SIZE, np.float32)
RAMP = np.linspace(0, 1, 96, dtype=np.float32).reshape(SIZE)
BUMP = (np.random.default_rng(9).random(SIZE) ** 2).astype(np.float32)


def test_a_mask_of_ones_is_a_style_everywhere_exactly(network):
    found = value_and_gradient(network, guides_of(network, on_masks(ONES)))
    expected = value_and_gradient(network, guides_of(network, everywhere((STYLE, 1.0))))
    assert_array_equal(found[0], expected[0])
    assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize(("reduction", "normalization"), [("relative", "weights"), ("gatys", "none")])
def test_a_mask_of_whole_cells_is_a_region(network, reduction, normalization):
    """Where each cell of the coarsest layer is 0 or 1, its average is what most of it is."""
    settings = SETTINGS.changed(style_reduction=reduction, gram_normalization=normalization)
    labels = np.kron(np.random.default_rng(3).integers(0, 2, (4, 6)), np.ones((2, 2), int)).astype(np.int32)
    regions = guides_of(network, on_regions(("white", 1, None), labels=labels), settings=settings)
    masks = guides_of(network, on_masks(labels.astype(np.float32)), settings=settings)
    assert_close(value_and_gradient(network, masks, settings), value_and_gradient(network, regions, settings))


@pytest.mark.parametrize("count", [2, 5])
def test_equal_masks_with_one_style_count_each(network, count):
    one = value_and_gradient(network, guides_of(network, on_masks(RAMP)))
    for layout in (on_masks(*[RAMP] * count), on_masks(RAMP, strengths=[float(count)])):
        found = value_and_gradient(network, guides_of(network, layout))
        assert_close(found, [count * each for each in one])


def test_gram_matrices_depend_on_the_shape_of_a_mask_and_its_strength_on_its_size(network):
    whole, half = (value_and_gradient(network, guides_of(network, on_masks(mask))) for mask in (RAMP, RAMP / 2))
    assert_close(half, [each / 2 for each in whole])


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
    masks, styles = [RAMP, BUMP], [STYLE, OTHER]
    guides = guides_of(network, on_masks(*masks, styles=styles), settings=settings)
    value, gradient = value_and_gradient(network, guides, settings)
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
    first, second = guides_of(tiny_network(layers), on_masks(RAMP, BUMP), settings=settings)
    assert first.weights["block1_conv1"] is first.weights["block1_conv2"]
    assert first.weights["block2_conv1"].shape == (4, 6)
    for layer in layers:
        assert first.targets[layer] is second.targets[layer]
        assert first.divisors[layer] == pytest.approx(first.weights[layer].sum(dtype=np.float64))
    assert (first.name, second.name) == ("mask 1", "mask 2")
    assert second.strength == pytest.approx(BUMP.mean())


def test_a_mask_that_vanishes_on_a_grid_does_not_guide_the_style_there(network):
    mask = np.zeros((9, 12), np.float32)
    mask[8] = 1.0  # the row that pooling drops
    layout = on_masks(mask)
    (guide,) = guides = guides_of(network, layout, size=(9, 12))
    assert set(guide.targets) == set(guide.weights) == set(guide.divisors) == {"block1_conv1"}
    note = "mask 1 is too small for block2_conv1 and does not guide the style there"
    assert vanished(guides, layout, SETTINGS) == (note,)


def test_a_mask_whose_power_underflows_guides_nothing(network):
    settings = SETTINGS.changed(mask_exponent=2.0)
    guides = guides_of(network, on_masks(np.full(SIZE, 1e-25, np.float32)), settings=settings)
    assert [guide.targets for guide in guides] == [{}]
    assert value_and_gradient(network, guides, settings)[0] == [0.0]


# Parts of regions


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
    size, style = (12, 24), random_image(3, 24, 16)
    labels, style_labels = side_by_side(size).labels, side_by_side((24, 16)).labels
    settings = SETTINGS.changed(propagation="split", intensity=1.0)
    layout = on_regions(*CROSSED, labels=labels, style_labels=style_labels, style=style)
    guides = guides_of(network, layout, settings=settings, size=size, margin=margin)
    assert [guide.name for guide in guides] == ["left", "left", "right", "right"]
    assert [guide.strength for guide in guides] == [0.5] * 4
    mirrored = np.pad(style, ((margin, margin), (margin, margin), (0, 0)), "symmetric")
    features = forward(mirrored, WEIGHTS, padding="edge")
    for layer in LAYERS:
        field, side = network.architecture.receptive_field(layer), 1 if layer == "block1_conv1" else 2
        seen = features[layer][margin // side :, margin // side :][: 24 // side, : 16 // side]
        for (_, region, style_region), halves in zip(CROSSED, (guides[:2], guides[2:]), strict=True):
            wanted = parts_of(style_labels, layer, style_region, field)
            own = parts_of(labels, layer, region, field)
            for guide, chosen, cells in zip(halves, wanted, own, strict=True):
                rows = seen[chosen]
                assert_allclose(guide.targets[layer], rows.T @ rows / len(rows), rtol=1e-4, atol=1e-4)
                assert guide.shares[layer] == pytest.approx(cells.sum() / (own[0].sum() + own[1].sum()))
                assert len(guide.cells[layer]) == cells.sum()


def test_a_layer_on_which_the_parts_of_the_style_image_have_too_few_cells_is_not_split(network):
    settings = SETTINGS.changed(propagation="split")
    labels, style_labels = side_by_side(SIZE).labels, side_by_side((12, 8)).labels
    layout = on_regions(*CROSSED, labels=labels, style_labels=style_labels)
    guides = guides_of(network, layout, settings=settings)
    by_layer = {layer: [guide.shares[layer] for guide in guides if layer in guide.targets] for layer in LAYERS}
    assert by_layer["block2_conv1"] == [1.0, 1.0]
    assert len(by_layer["block1_conv1"]) == 4
    assert vanished(guides, layout, settings) == ()


@pytest.mark.parametrize(("side", "parts"), [(23, 4), (24, 2)])
def test_large_images_are_not_split(network, side, parts):
    settings = SETTINGS.changed(propagation="split", style_layers=(("block1_conv1", 1.0),))  # it sees 3 pixels
    labels = side_by_side((side, side)).labels
    layout = on_regions(*CROSSED, labels=labels, style_labels=labels, style=random_image(3, side, side))
    assert len(guides_of(network, layout, settings=settings, size=(side, side))) == parts


# Soft maps

DEEPER = SETTINGS.changed(style_layers=(*SETTINGS.style_layers, ("block3_conv1", 1.0)))


def on_soft_regions(content_map, style_map, style):
    source = StyleImage(style, style_map)
    pairs = [("red", 0, 0), ("blue", 1, 1), ("red too", 0, None)]
    placements = [
        Placement(name, ((source, 1.0),), place, label, style_label=style_label)
        for place, (name, label, style_label) in enumerate(pairs)
    ]
    return Layout(tuple(placements), content_map)


@pytest.mark.parametrize("size", [(12, 20), (17, 31)])
def test_soft_maps_without_blended_pixels_are_hard_maps(tiny_network, size):
    network = tiny_network([layer for layer, _ in DEEPER.style_layers])
    content_map, style_map, style = side_by_side((12, 20)), side_by_side((16, 24)), random_image(2, 16, 24)
    hard, soft = (
        guides_of(network, on_soft_regions(made(content_map), made(style_map), style), settings=DEEPER, size=size)
        for made in (lambda semantic_map: semantic_map, softened)
    )
    for one, other in zip(hard, soft, strict=True):
        assert other.cells is None
        assert one.name == other.name
        assert one.strength == pytest.approx(other.strength, rel=1e-12)
        assert one.targets.keys() == other.targets.keys()
        for layer, cells in one.cells.items():
            assert_array_equal(np.flatnonzero(other.weights[layer]), cells)
            assert other.divisors[layer] == len(cells)
            assert other.target_sums[layer] == one.target_sums[layer]
            assert_allclose(other.targets[layer], one.targets[layer], rtol=1e-5, atol=1e-6)


def test_blended_pixels_weigh_by_their_shares_on_both_sides(network):
    content_map = softened(side_by_side((12, 20)), {9: 0.25, 10: 0.75})
    style_map, style = softened(side_by_side((16, 24)), {12: 0.5}), random_image(2, 16, 24)
    layout = on_soft_regions(content_map, style_map, style)
    guides = {guide.name: guide for guide in guides_of(network, layout, size=(12, 20))}
    red, blue = guides["red"], guides["blue"]
    assert_allclose(red.weights["block1_conv1"][0], [*[1] * 9, 0.75, 0.25, *[0] * 9])
    assert_allclose(red.weights["block2_conv1"][0], [1, 1, 1, 1, 0.875, 0.125, 0, 0, 0, 0])
    assert red.strength == pytest.approx(10 / 20)
    assert blue.strength == pytest.approx(10 / 20)
    features = forward(style, WEIGHTS)
    for layer, side in (("block1_conv1", 1), ("block2_conv1", 2)):
        weights = style_map.shares[1].astype(np.float64).reshape(16 // side, side, 24 // side, side).mean((1, 3))
        rows = features[layer]
        expected = np.einsum("hw,hwc,hwd->cd", weights, rows, rows) / weights.sum()
        assert_allclose(blue.targets[layer], expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
        assert blue.target_sums[layer] == pytest.approx(weights.sum())


def test_one_soft_map_is_enough_for_both_images_to_be_read_alike(network):
    content_map, style_map, style = side_by_side((12, 20)), side_by_side((16, 24)), random_image(2, 16, 24)
    soft, hard = (
        guides_of(network, on_soft_regions(each, style_map, style), size=(12, 20))[0]
        for each in (softened(content_map, {10: 0.5}), content_map)
    )
    assert soft.weights is not None
    for layer, target in hard.targets.items():
        assert_allclose(soft.targets[layer], target, rtol=1e-5, atol=1e-6)


def test_targets_are_the_same_in_tiles(network):
    style = random_image(3, 160, 240)
    content_map, style_map = softened(side_by_side((12, 20)), {9: 0.5}), softened(stacked((160, 240)), {129: 0.5})
    layout = on_soft_regions(content_map, style_map, style)
    whole, tiled = (guides_of(network, layout, size=(12, 20), tile_size=tile) for tile in (None, 128))
    for one, other in zip(whole, tiled, strict=True):
        for layer, target in one.targets.items():
            assert_allclose(other.targets[layer], target, rtol=1e-4, atol=1e-6)


# Several styles


def test_two_maps_of_one_array_are_told_apart(network):
    sources = [StyleImage(STYLE, each) for each in (stacked((12, 8)), side_by_side((12, 8)))]
    placements = [
        Placement(str(place), ((each, 1.0),), place, place, style_label=0) for place, each in enumerate(sources)
    ]
    guides = guides_of(network, Layout(tuple(placements), side_by_side(SIZE)))
    features = forward(STYLE, WEIGHTS)["block1_conv1"]
    for guide, part in zip(guides, (np.s_[:6], np.s_[:, :4]), strict=True):
        rows = features[part].reshape(-1, features.shape[-1])
        assert_allclose(guide.targets["block1_conv1"], rows.T @ rows / len(rows), rtol=1e-4, atol=1e-4)


def test_each_region_and_mask_of_a_plan_asks_for_its_own_part_of_its_own_style(network):
    """Guides against Gram matrices by hand: of regions, whole images and masks over three style images."""
    content = random_image(1, 12, 16)
    labels = np.zeros((12, 16), np.int32)
    labels[:, 4:8], labels[:6, 8:], labels[6:, 8:] = 1, 2, 3
    content_map = SemanticMap(labels, (RED, GREEN, BLUE, YELLOW))
    styles = [random_image(2, 16, 10) ** 2, random_image(3, 12, 12), random_image(4, 14, 18) ** 0.5]
    first = StyleImage(styles[0], stacked((16, 10), (BLUE, RED)))
    second, third = StyleImage(styles[1]), StyleImage(styles[2])
    left = np.tile(np.linspace(1, 0, 16, dtype=np.float32), (12, 1))
    style_mask = np.tile(np.linspace(0, 1, 18, dtype=np.float32), (14, 1))
    plan = [
        PlanRegion(GREEN, style=second, strength=0.5),
        PlanRegion(BLUE, style=first),
        PlanRegion(YELLOW, style=third, style_mask=style_mask),
        PlanRegion(mask=left, style=first, style_region=RED, strength=3.0),
        PlanRegion(RED),
    ]
    scene = PlanInputs(content, plan, content_map=content_map, settings=SETTINGS.changed(scales=1)).scene()
    guides = guides_at(Extractor(network), scene.layout, scene.styles, (12, 16), SETTINGS)
    by_name = {guide.name: guide for guide in guides}
    assert list(by_name) == ["#00ff00 (green)", "#0000ff (blue)", "#ffff00 (yellow)", "mask 4"]
    features = [forward(style, WEIGHTS) for style in styles]
    lower = np.zeros((16, 10))
    lower[8:] = 1
    expected: dict[str, tuple[int, np.ndarray, float]] = {
        "#00ff00 (green)": (1, np.ones((12, 12)), 0.5 * 48 / 192),
        "#0000ff (blue)": (0, 1 - lower, 48 / 192),
        "#ffff00 (yellow)": (2, style_mask, 48 / 192),
        "mask 4": (0, lower, 3 * left[:, 4:].sum() / 192),
    }
    for name, (style, weights, strength) in expected.items():
        rows = features[style]["block1_conv1"]
        target = np.einsum("hw,hwc,hwd->cd", weights, rows, rows) / weights.sum()
        assert_allclose(by_name[name].targets["block1_conv1"], target, rtol=1e-4, atol=1e-4 * np.abs(target).max())
        assert by_name[name].strength == pytest.approx(strength, rel=1e-5)
        assert by_name[name].target_sums["block1_conv1"] == pytest.approx(weights.sum(), rel=1e-5)
    assert_array_equal(by_name["mask 4"].weights["block1_conv1"][:, :4], 0)  # where red is kept


def test_a_mask_over_a_style_image_is_averaged_on_deeper_layers(network):
    over, style = random_image(6, 14, 18)[..., 0], random_image(4, 14, 18)
    placement = Placement("mask 1", ((StyleImage(style), 1.0),), mask=RAMP, style_mask=over)
    (guide,) = guides_of(network, Layout((placement,)))
    average = over.reshape(7, 2, 9, 2).mean(axis=(1, 3)).astype(np.float64)
    rows = forward(style, WEIGHTS)["block2_conv1"]
    expected = np.einsum("hw,hwc,hwd->cd", average, rows, rows) / average.sum()
    assert_allclose(guide.targets["block2_conv1"], expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    assert guide.target_sums["block2_conv1"] == pytest.approx(average.sum())
