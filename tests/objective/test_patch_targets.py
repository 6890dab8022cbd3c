"""Patch terms: what they equal, how the literature's scales apply, shares, and regions that vanish."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import TINY19, forward, he_weights, measured, random_image, with_metrics
from small_scenes import side_by_side

from maskstyle import PatchSettings, Settings, StyleImage
from maskstyle.guidance.layout import Layout, Placement
from maskstyle.guidance.seen_styles import seen_styles
from maskstyle.objective.assemble import style_term
from maskstyle.objective.extract import Extractor
from maskstyle.objective.guides import guides_at
from maskstyle.objective.objective import Objective
from maskstyle.objective.patch_targets import MapPair, drawn_matches, patch_matches, patch_notes, patch_term

pytestmark = pytest.mark.usefixtures("eagerly")

LAYERS = ("block1_conv1", "block2_conv1")
SETTINGS = Settings(style_layers=tuple((layer, 0.5 + index) for index, layer in enumerate(LAYERS)), style_weight=3.0)
IMAGE, STYLE = random_image(1, 12, 16), random_image(2, 16, 12)
WEIGHTS = he_weights(TINY19, ("block1_conv1", "block1_conv2", "block2_conv1"))
COLORS = ((255, 0, 0), (0, 0, 255))


@pytest.fixture(scope="module")
def network(tiny_network):
    return tiny_network(LAYERS, padding="edge")


def halves(size):
    return side_by_side(size).labels


def maps(labels=None, style_labels=None):
    labels = halves(IMAGE.shape[:2]) if labels is None else labels
    style_labels = halves(STYLE.shape[:2]) if style_labels is None else style_labels
    return MapPair(labels, COLORS, style_labels, COLORS)


def evaluated(network, patch_settings, settings=SETTINGS, pair=None, style=STYLE, **options):
    extractor = Extractor(network)
    matches = patch_matches(extractor, pair or maps(), style, settings, patch_settings, **options)
    objective = Objective(network, [patch_term(extractor, matches, style, IMAGE.shape[:2], settings)])
    values, gradient = objective.value_and_gradient(IMAGE)
    return matches, float(values[0]), gradient.numpy()


@pytest.mark.parametrize(
    ("reduction", "normalization", "metrics"),
    [
        ("relative", "weights", False),
        ("relative", "none", True),
        ("mean", "none", False),
        ("gatys", "weights", True),
        ("chollet", "none", False),
    ],
)
def test_a_patch_as_large_as_the_layer_is_a_style_everywhere(
    network, tiny_network, reduction, normalization, metrics
):
    if metrics:
        network = tiny_network(
            LAYERS, weights=with_metrics(WEIGHTS, lambda rng, channels: rng.normal(size=(channels + 1, channels)))
        )
    settings = SETTINGS.changed(style_reduction=reduction, gram_normalization=normalization, intensity=1.25)
    _, value, gradient = evaluated(network, PatchSettings(patch_size=64), settings)
    layout = Layout((Placement("style", ((StyleImage(STYLE), 1.0),)),))
    guides = guides_at(Extractor(network), layout, seen_styles(layout, None), IMAGE.shape[:2], settings)
    basic = Objective(network, [style_term(network, guides, settings)])
    values, expected = basic.value_and_gradient(IMAGE)
    assert_allclose(value, float(values[0]), rtol=1e-5)
    assert_allclose(gradient, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("patch_size", [4, 2])
@pytest.mark.parametrize("metrics", [False, True])
def test_the_loss_in_numpy(network, tiny_network, patch_size, metrics):
    weights = WEIGHTS
    if metrics:
        weights = with_metrics(WEIGHTS, lambda rng, channels: rng.normal(size=(channels + 1, channels)))
        network = tiny_network(LAYERS, padding="edge", weights=weights)
    matches, value, _ = evaluated(network, PatchSettings(patch_size=patch_size))
    features, style = (forward(image, weights, padding="edge") for image in (IMAGE, STYLE))
    total = 0.0
    for layer, share in SETTINGS.style_layers:
        found = matches[layer]
        distances, sizes = [], []
        for index, match in enumerate(found.matches):
            grams = []
            for held, cut, position in ((features, found.patches, index), (style, found.candidates, match)):
                (top, left), (height, width) = cut.corners()[position], cut.shape
                rows = measured(held[layer], weights[layer])[top : top + height, left : left + width]
                rows = rows.reshape(height * width, -1)
                grams.append(rows.T @ rows / len(rows))
            distances.append(np.sum((grams[0] - grams[1]) ** 2))
            sizes.append(np.sum(grams[1] ** 2))
        total += share * float(np.mean(distances / np.maximum(sizes, 0.05 * np.mean(sizes))))
    assert_allclose(value, 3.0 * total, rtol=1e-3)


def test_the_gradient_is_that_of_the_image(network):
    patch_settings = PatchSettings(patch_size=4, patch_stride=2)
    matches, _, gradient = evaluated(network, patch_settings)
    objective = Objective(network, [patch_term(Extractor(network), matches, STYLE, IMAGE.shape[:2], SETTINGS)])
    direction = gradient / np.linalg.norm(gradient)
    step = np.float32(2e-3) * direction
    above, below = (objective.losses(image)["style"] for image in (IMAGE + step, IMAGE - step))
    assert_allclose(np.sum(gradient * direction), (above - below) / 4e-3, rtol=0.02)


def test_matches_stay_in_their_region(network):
    matches, _, _ = evaluated(network, PatchSettings(patch_size=4))
    for found in matches.values():
        columns = found.candidates.corners()[found.matches][:, 1] / found.candidates.grid[1]
        right = found.patches.corners()[:, 1] >= found.patches.grid[1] / 2
        assert (columns[right] >= 0.5).all()
        assert (columns[~right] < 0.5).all()


def test_one_region_everywhere_needs_no_maps_to_agree(network):
    pair = MapPair(np.zeros((12, 16), np.int32), ((1, 2, 3),), np.zeros((16, 12), np.int32), ((1, 2, 3),))
    matches, value, _ = evaluated(network, PatchSettings(patch_size=4), pair=pair)
    assert np.isfinite(value)
    assert all((found.matches >= 0).all() for found in matches.values())


def test_patches_count_by_their_share_of_cells_in_a_region(network):
    labels = halves(IMAGE.shape[:2])
    labels[:6] = -1
    matches, value, gradient = evaluated(network, PatchSettings(patch_size=4), pair=maps(labels))
    found = matches["block1_conv1"]
    assert_allclose(found.shares.reshape(3, 4)[:, 0] * 12, [0, 0.5, 1])
    assert (found.matches.reshape(3, 4)[0] == -1).all()
    assert value > 0
    assert np.isfinite(gradient).all()


def test_an_image_of_no_region_has_no_style(network):
    _, value, gradient = evaluated(network, PatchSettings(patch_size=4), pair=maps(np.full((12, 16), -1, np.int32)))
    assert value == 0
    assert_array_equal(gradient, 0)


def test_a_region_that_vanishes_on_a_coarse_grid_is_noted_and_replaced(network):
    style_labels = np.zeros(STYLE.shape[:2], np.int32)
    style_labels[3, 3] = 1
    pair = maps(style_labels=style_labels)
    _, value, gradient = evaluated(network, PatchSettings(patch_size=4), pair=pair)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()
    note = (
        "region #0000ff (blue) of the style image is too small for block2_conv1; the nearest colors replace it there"
    )
    assert patch_notes(network, pair, SETTINGS) == (note,)
    assert patch_notes(network, maps(), SETTINGS) == ()


def test_patches_shrink_with_the_size(network):
    half = patch_matches(Extractor(network), maps(), STYLE, SETTINGS, PatchSettings(patch_size=8), scale=0.5)
    full = patch_matches(Extractor(network), maps(), STYLE, SETTINGS, PatchSettings(patch_size=4))
    assert {layer: found.patches for layer, found in half.items()} == {k: v.patches for k, v in full.items()}


def test_features_count_where_a_content_is_given(network):
    pair = MapPair(*[np.zeros(STYLE.shape[:2], np.int32), COLORS[:1]] * 2)
    settings = PatchSettings(patch_size=4, repetition=0.0, position_weight=0.0, feature_weight=1.0)
    turned = STYLE[::-1].copy()
    found = patch_matches(Extractor(network), pair, turned, SETTINGS, settings, content=STYLE)["block1_conv1"]
    rows = found.candidates.corners()[found.matches][:, 0]
    assert np.corrcoef(rows, found.patches.corners()[:, 0])[0, 1] < 0.5  # not the same places
    plain = patch_matches(Extractor(network), pair, turned, SETTINGS, settings)["block1_conv1"]
    assert_array_equal(plain.candidates.corners()[plain.matches], plain.patches.corners())


@pytest.mark.parametrize(("padding", "rims"), [("edge", (0, 1)), ("zero", (1, 1))])
def test_cells_beside_padding_are_left_out(tiny_network, padding, rims):
    network = tiny_network(LAYERS, padding=padding)
    found = patch_matches(Extractor(network), maps(), STYLE, SETTINGS, PatchSettings(patch_size=4))
    for rim, layer in zip(rims, LAYERS, strict=True):
        for patches in (found[layer].patches, found[layer].candidates):
            assert (patches.tops[0], patches.lefts[0]) == (rim, rim)
            assert patches.tops[-1] + patches.shape[0] == patches.grid[0] - rim


def test_matches_are_drawn_from_the_finest_layer(network):
    matches, _, _ = evaluated(network, PatchSettings(patch_size=4))
    picture = drawn_matches(matches, STYLE, IMAGE.shape[:2])
    found = matches["block1_conv1"]
    top, left = found.candidates.corners()[found.matches[-1]]
    assert_array_equal(picture[-4:, -4:], STYLE[top : top + 4, left : left + 4])


def test_a_thousand_patches(network):
    image_size = (64, 64)
    pair = MapPair(halves(image_size), COLORS, halves(image_size), COLORS)
    style = random_image(3, *image_size)
    matches = patch_matches(Extractor(network), pair, style, SETTINGS, PatchSettings(patch_size=4, patch_stride=2))
    assert [found.patches.number for found in matches.values()] == [31 * 31, 29 * 29]
    objective = Objective(network, [patch_term(Extractor(network), matches, style, image_size, SETTINGS)])
    assert np.isfinite(objective.losses(random_image(4, *image_size))["style"])
