"""Doodles: what they equal, how pixels of no region come out, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image
from small_scenes import BLUE, GREEN, LAYERS, RED, STYLE, side_by_side, stacked, whole

from maskstyle import DOODLE_SETTINGS, PatchSettings, Run, transfer_basic, transfer_doodle
from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.pixels import resize_image
from maskstyle.maps import SemanticMap
from maskstyle.recipes import RECIPES
from maskstyle.settings import without_content
from maskstyle.techniques import DoodleInputs

pytestmark = pytest.mark.usefixtures("eagerly")

SETTINGS = DOODLE_SETTINGS.changed(
    style_layers=(("block1_conv1", 1.0), ("block2_conv1", 1.0)),
    compute_type="float32",
    scales=1,
    steps=2,
)


DOODLE, STYLE_MAP = side_by_side((12, 16)), stacked((16, 10), (BLUE, RED))


def recolored(semantic_map, *colors):
    """Return a map with other colors."""
    return SemanticMap(semantic_map.labels, colors)


@pytest.fixture(scope="module")
def network(tiny_network):
    return tiny_network(LAYERS, padding="edge")


@pytest.fixture
def transfer(network):
    def transfer(style=STYLE, style_map=STYLE_MAP, doodle=DOODLE, network=network, on_step=None, **others):
        others = {"settings": SETTINGS, **others}
        return transfer_doodle(style, style_map=style_map, doodle=doodle, run=Run(network, on_step=on_step), **others)

    return transfer


@pytest.mark.parametrize("changes", [{"propagation": "simple"}, {"propagation": "split", "scales": 2}])
def test_one_region_from_noise_is_basic_transfer_without_content(transfer, tiny_network, changes):
    """With zeros around the image: otherwise doodles see it mirrored, and basic transfer does not."""
    network = tiny_network(LAYERS, padding="zero")
    settings = SETTINGS.changed(**changes, init="noise")
    result = transfer(style_map=whole((16, 10)), doodle=whole((12, 16)), settings=settings, network=network)
    content = random_image(5, 12, 16)  # of no weight, so that only its size counts
    basic = transfer_basic(content, STYLE, settings=settings, run=Run(network))
    assert_allclose(result.image, basic.image, atol=1e-6)
    assert result.losses == pytest.approx(basic.losses, rel=1e-5)
    assert (result.technique, result.notes, result.alpha) == ("doodle", (), None)


def test_the_style_image_itself_solves_its_own_map(transfer):
    """With the mirrored margin too."""
    settings = SETTINGS.changed(steps=1, tv_weight=0.0)
    losses = transfer(doodle=STYLE_MAP, initial=STYLE, settings=settings).losses
    assert losses["style"] < 1e-6 < transfer(doodle=STYLE_MAP, settings=settings).losses["style"]


def test_the_order_of_regions_does_not_matter(transfer):
    swapped = [SemanticMap(1 - each.labels, each.colors[::-1]) for each in (DOODLE, STYLE_MAP)]
    first, second = transfer(), transfer(doodle=swapped[0], style_map=swapped[1])
    assert_allclose(second.image, first.image, atol=1e-4)
    assert second.losses == pytest.approx(first.losses, rel=1e-4)


@pytest.mark.parametrize(("init", "scales", "steps"), [("colors", 2, 4), ("noise", 1, 15)])
def test_each_region_takes_its_own_style(transfer, init, scales, steps):
    dark_above = np.concatenate([np.full((8, 10, 3), 0.1), np.full((8, 10, 3), 0.9)]).astype(np.float32)
    settings = SETTINGS.changed(steps=steps, tv_weight=0.0, init=init, scales=scales)
    image = transfer(dark_above, settings=settings).image  # red is below, and left
    assert image[:, :7].mean() > image[:, 9:].mean() + 0.1


def test_an_initial_image_of_colors_has_only_those_of_each_region(transfer):
    steps = []
    result = transfer(on_step=steps.append)
    used = resize_image(STYLE, (16, 10))
    for columns, rows in ((slice(0, 8), slice(8, 16)), (slice(8, 16), slice(0, 8))):
        drawn = steps[0].image[:, columns].reshape(-1, 3)
        pool = {tuple(color) for color in used[rows].reshape(-1, 3)}
        assert {tuple(color) for color in drawn} <= pool
    assert result.settings.init == "colors"


def test_pixels_of_no_region_become_transparent(transfer):
    labels = DOODLE.labels.copy()
    labels[:5] = -1
    result = transfer(doodle=SemanticMap(labels, (RED, BLUE)))
    assert_array_equal(result.alpha, (labels >= 0).astype(np.float32))
    larger = transfer(doodle=SemanticMap(labels, (RED, BLUE)), settings=SETTINGS.changed(size=32))
    assert larger.alpha.shape == larger.image.shape[:2] == (24, 32)


def test_alpha_and_an_initial_image(transfer):
    alpha = np.linspace(0, 1, 12 * 16, dtype=np.float32).reshape(12, 16)
    initial, steps = random_image(7, 12, 16), []
    result = transfer(alpha=alpha, initial=initial, on_step=steps.append)
    assert_array_equal(result.alpha, alpha)
    assert_array_equal(steps[0].image, initial)
    assert result.settings.init == "image"


@pytest.mark.parametrize(("size", "expected"), [(None, (12, 16)), (8, (6, 8)), (32, (24, 32))])
def test_the_result_has_the_doodles_shape(transfer, size, expected):
    assert transfer(settings=SETTINGS.changed(size=size)).image.shape == (*expected, 3)


def test_the_default_size_is_512_at_most(transfer):
    steps = []
    large = side_by_side((300, 600))
    transfer(doodle=large, settings=SETTINGS.changed(steps=1), on_step=steps.append)
    assert steps[0].size == (256, 512)


def test_a_mapping_says_which_style(transfer):
    crossed = transfer(mapping=[(RED, BLUE), (BLUE, RED)])
    recolored = transfer(style_map=SemanticMap(STYLE_MAP.labels, (RED, BLUE)))
    assert_array_equal(crossed.image, recolored.image)
    assert not np.array_equal(crossed.image, transfer().image)


def test_a_doodle_need_not_use_every_region_of_the_style_image(transfer):
    assert transfer(doodle=whole((12, 16), BLUE)).image.shape == (12, 16, 3)


def test_unmatched_regions_take_the_whole_style(transfer):
    result = transfer(doodle=recolored(DOODLE, RED, GREEN), unmatched="whole-style")
    assert np.isfinite(list(result.losses.values())).all()
    assert result.notes == ("not used, as only the style map has it: #0000ff (blue)",)


def test_a_region_too_small_for_a_layer_is_noted_once(transfer):
    labels = DOODLE.labels.copy()
    labels[3, 2] = 2
    result = transfer(doodle=SemanticMap(labels, (RED, BLUE, GREEN)), mapping=[(GREEN, RED)])
    note = (
        "region #00ff00 (green) or its region of the style image is too small for block2_conv1 and does not guide "
        "the style there"
    )
    assert result.notes == (note,)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        (
            {"doodle": recolored(DOODLE, RED, GREEN)},
            ImageError,
            "the style map lacks #00ff00.*of the doodle.*to whole-style$",
        ),
        ({"style_map": whole((4, 10))}, ImageError, "the style map is 10x4"),
        ({"style": STYLE * 255}, ImageError, "`style` has values from"),
        ({"alpha": np.zeros((2, 3), np.float32)}, ImageError, "but the doodle is 12x16"),
        ({"doodle": SemanticMap(np.full((12, 16), -1, np.int32), ())}, ImageError, "no region of the doodle"),
        ({"mapping": [(GREEN, RED)]}, ImageError, "#00ff00"),
        ({"unmatched": "keep"}, SettingsError, "'keep'; expected one of error, whole-style"),
        (
            {"doodle": DOODLE.labels},
            SettingsError,
            "`doodle` is of type ndarray; expected a SemanticMap, as maskstyle.load_map",
        ),
        (
            {"settings": SETTINGS.changed(content_weight=1.0)},
            SettingsError,
            "content_weight is 1, but a doodle has no",
        ),
        (
            {"settings": SETTINGS.changed(init="content")},
            SettingsError,
            "no content image to start from; expected colors",
        ),
        ({"settings": SETTINGS.changed(init="image")}, SettingsError, "no initial image was given"),
        ({"settings": SETTINGS.changed(size=1)}, SettingsError, "at least 2 pixels"),
    ],
)
def test_inputs_that_cannot_work_are_refused_before_the_work(transfer, options, error, says):
    steps = []
    with pytest.raises(error, match=says):
        transfer(on_step=steps.append, **options)
    assert not steps


def test_matching_by_patch(transfer):
    patches = PatchSettings(patch_size=8)
    result = transfer(matching="patch", patches=patches)
    again = transfer(matching="patch", patches=patches)
    assert result.patches == patches
    assert result.match_map.shape == result.image.shape
    assert result.steps[-1].losses["style"] < result.steps[0].losses["style"]
    assert_array_equal(result.image, again.image)
    assert not np.array_equal(result.image, transfer().image)


def test_matching_by_patch_follows_a_mapping(transfer):
    swapped = SemanticMap(DOODLE.labels, DOODLE.colors[::-1])
    mapping = list(zip(swapped.colors, DOODLE.colors, strict=True))
    first = transfer(matching="patch").image
    assert_array_equal(transfer(matching="patch", doodle=swapped, mapping=mapping).image, first)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"patches": PatchSettings()}, "patch settings have no effect where `matching` is region"),
        (
            {"matching": "patch", "patches": PatchSettings(feature_weight=0.5)},
            "feature_weight is 0.5, but a doodle has",
        ),
        ({"matching": "cells"}, "matching is 'cells'; expected one of region, patch"),
    ],
)
def test_patches_that_cannot_work(transfer, options, message):
    with pytest.raises(SettingsError, match=message):
        transfer(**options)


def test_recipes_have_settings_without_a_content_image():
    for recipe in RECIPES.values():
        settings = without_content(recipe.settings)
        DoodleInputs(STYLE, doodle=side_by_side((300, 400)), style_map=STYLE_MAP, settings=settings).scene()
