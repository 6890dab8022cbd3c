"""Region transfer, with hard and soft maps: what it equals, which pixels it leaves alone, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image
from small_scenes import (
    BLUE,
    CONTENT,
    GREEN,
    LAYERS,
    RED,
    SETTINGS,
    STYLE,
    YELLOW,
    side_by_side,
    softened,
    stacked,
    whole,
)

from maskstyle import Run, transfer_basic, transfer_region
from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.color import match_colors
from maskstyle.images.pixels import resize_image
from maskstyle.maps import SemanticMap

pytestmark = pytest.mark.usefixtures("eagerly")

SIZE, STYLE_SIZE = CONTENT.shape[:2], STYLE.shape[:2]
CONTENT_MAP, STYLE_MAP = side_by_side(SIZE), stacked(STYLE_SIZE)


@pytest.fixture(scope="module")
def network(tiny_network):
    return tiny_network(LAYERS)


@pytest.fixture
def transfer(network):
    def transfer(content=CONTENT, style=STYLE, content_map=CONTENT_MAP, style_map=STYLE_MAP, on_step=None, **others):
        others = {"settings": SETTINGS, **others}
        run = Run(network, on_step=on_step)
        return transfer_region(content, style, content_map=content_map, style_map=style_map, run=run, **others)

    return transfer


@pytest.fixture(scope="module")
def plain(network):
    """Return what is painted without any option, to compare with."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    maps = {"content_map": CONTENT_MAP, "style_map": STYLE_MAP}
    yield transfer_region(CONTENT, STYLE, **maps, settings=SETTINGS, run=Run(network))
    tf.config.run_functions_eagerly(False)


@pytest.mark.parametrize(
    "changes", [{}, {"scales": 2, "propagation": "inside"}, {"propagation": "all", "color": "content"}]
)
def test_one_region_is_basic_transfer(transfer, network, changes):
    settings = SETTINGS.changed(**changes)
    result = transfer(content_map=whole(SIZE), style_map=whole(STYLE_SIZE), settings=settings)
    basic = transfer_basic(CONTENT, STYLE, settings=settings, run=Run(network))
    assert_array_equal(result.image, basic.image)
    assert result.losses == pytest.approx(basic.losses, rel=1e-5)
    assert (result.technique, result.notes) == ("region", ())


@pytest.mark.parametrize("color", ["luminance", "match"])
def test_one_region_is_recolored_as_in_basic_transfer(transfer, network, color):
    settings = SETTINGS.changed(color=color)
    result = transfer(content_map=whole(SIZE), style_map=whole(STYLE_SIZE), settings=settings)
    basic = transfer_basic(CONTENT, STYLE, settings=settings, run=Run(network))
    assert_allclose(result.image, basic.image, atol=1e-4)


def test_every_region_in_the_whole_style_begins_as_one_region(transfer):
    """Regions that share a style share its target, so each counts by its pixels."""
    settings = SETTINGS.changed(steps=1)
    flat = np.full_like(CONTENT, 0.5)
    split = transfer(
        flat, content_map=side_by_side(SIZE, (GREEN, YELLOW)), unmatched="whole-style", settings=settings
    )
    one = transfer(flat, content_map=whole(SIZE), style_map=whole(STYLE_SIZE), settings=settings)
    assert split.losses["style"] == pytest.approx(one.losses["style"], rel=0.05)  # but for the image's edges


def test_the_order_of_regions_does_not_matter(transfer, plain):
    swapped = [SemanticMap(1 - each.labels, each.colors[::-1]) for each in (CONTENT_MAP, STYLE_MAP)]
    second = transfer(content_map=swapped[0], style_map=swapped[1])
    assert_allclose(second.image, plain.image, atol=1e-4)
    assert second.losses == pytest.approx(plain.losses, rel=1e-4)


def test_colors_are_only_names(transfer, plain):
    recolored = [SemanticMap(each.labels, (GREEN, YELLOW)) for each in (CONTENT_MAP, STYLE_MAP)]
    assert_array_equal(transfer(content_map=recolored[0], style_map=recolored[1]).image, plain.image)


def test_each_region_takes_its_own_style(transfer):
    dark_above = np.concatenate([np.full((8, 10, 3), 0.1), np.full((8, 10, 3), 0.9)]).astype(np.float32)
    settings = SETTINGS.changed(optimizer="adam", steps=20, learning_rate=0.1, content_weight=0.0, tv_weight=0.0)
    image = transfer(np.full_like(CONTENT, 0.5), dark_above, settings=settings).image
    assert image[:, :7].mean() + 0.1 < image[:, 9:].mean()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"init": "style", "denoise": 0.3, "denoise_method": "bilateral", "color": "content"},
        {"init": "noise", "color": "luminance", "scales": 2},
        {"denoise": 0.3, "color": "match", "optimizer": "adam"},
    ],
)
def test_pixels_of_other_regions_stay_bit_for_bit(transfer, changes):
    result = transfer(regions=[BLUE], feather=3.0, settings=SETTINGS.changed(**changes))
    assert_array_equal(result.image[:, :8], CONTENT[:, :8])
    assert np.abs(result.image[:, 12:] - CONTENT[:, 12:]).max() > 0.01


def test_each_region_of_the_style_is_matched_to_its_own(transfer):
    halved = CONTENT * np.where(np.arange(16) < 8, np.float32(0.2), np.float32(1))[:, np.newaxis]
    recolored = np.concatenate([match_colors(STYLE[:8], halved[:, :8]), match_colors(STYLE[8:], halved[:, 8:])])
    matched = transfer(halved, settings=SETTINGS.changed(color="match"))
    assert_allclose(matched.image, transfer(halved, recolored).image, atol=1e-4)


def test_regions_that_share_a_style_are_each_matched(transfer):
    shared = {"mapping": [(RED, BLUE)], "settings": SETTINGS.changed(color="match", steps=1)}
    result = transfer(**shared)
    assert result.losses["style"] > 0
    assert np.isfinite(result.losses["style"])


@pytest.mark.parametrize(
    ("changes", "feather_mode"),
    [({}, "distance"), ({"color": "luminance", "denoise": 0.3}, "edges")],
)
def test_transparent_over_the_content_is_what_it_is_without(transfer, changes, feather_mode):
    options = {
        "regions": [BLUE],
        "feather": 3.0,
        "feather_mode": feather_mode,
        "settings": SETTINGS.changed(**changes),
    }
    plain, alone = transfer(**options), transfer(**options, transparent=True)
    covered = alone.alpha[..., np.newaxis]
    assert_allclose(CONTENT + covered * (alone.image - CONTENT), plain.image, atol=1e-6)
    assert_array_equal(alone.alpha[:, :8], 0)
    assert_array_equal(alone.image[:, :8], CONTENT[:, :8])
    assert 0 < alone.alpha[:, 8:].max() <= 1
    alpha = random_image(8, 12, 16)[..., 0]
    assert_array_equal(transfer(**options, transparent=True, alpha=alpha).alpha, alone.alpha * alpha)
    assert plain.alpha is None


def test_only_regions_to_denoise_are(transfer, plain):
    settings = SETTINGS.changed(denoise=0.3)
    noisy, smooth = plain, transfer(settings=settings)
    some = transfer(settings=settings, denoise_regions=[BLUE])
    assert_array_equal(some.image[:, :8], noisy.image[:, :8])
    assert_array_equal(some.image[:, 8:], smooth.image[:, 8:])
    assert not np.array_equal(noisy.image[:, 8:], smooth.image[:, 8:])


def test_pixels_of_other_regions_are_only_resized(transfer):
    result = transfer(regions=[BLUE], settings=SETTINGS.changed(size=24, init="noise"))
    assert_array_equal(result.image[:, :12], resize_image(CONTENT, (18, 24))[:, :12])


def test_every_step_shows_the_content_where_nothing_is_painted(transfer):
    steps = []
    transfer(regions=[BLUE], settings=SETTINGS.changed(init="noise"), on_step=steps.append)
    for step in steps:
        assert_allclose(step.image[:, :8], CONTENT[:, :8], atol=1e-6)


def test_pixels_of_no_region_stay(transfer):
    labels = CONTENT_MAP.labels.copy()
    labels[:5] = -1
    result = transfer(content_map=SemanticMap(labels, CONTENT_MAP.colors), settings=SETTINGS.changed(init="noise"))
    assert_array_equal(result.image[:5], CONTENT[:5])
    assert (result.image[5:] != CONTENT[5:]).any(axis=(0, 2)).all()


def test_alpha_and_an_initial_image(transfer):
    alpha = np.linspace(0, 1, CONTENT.shape[0] * CONTENT.shape[1], dtype=np.float32).reshape(CONTENT.shape[:2])
    steps = []
    initial = random_image(7, 12, 16)
    result = transfer(regions=[RED], alpha=alpha, initial=initial, on_step=steps.append)
    assert_array_equal(result.alpha, alpha)
    assert result.settings.init == "image"
    assert_array_equal(steps[0].image[:, :8], initial[:, :8])
    assert_array_equal(steps[0].image[:, 8:], CONTENT[:, 8:])


def test_a_mapping_says_which_style(transfer, plain):
    crossed = transfer(mapping=[(RED, BLUE), (BLUE, RED)])
    recolored = transfer(style_map=SemanticMap(STYLE_MAP.labels, (BLUE, RED)))
    assert_array_equal(crossed.image, recolored.image)
    assert not np.array_equal(crossed.image, plain.image)
    shared = transfer(mapping=[(RED, BLUE)])
    assert np.isfinite(list(shared.losses.values())).all()


def test_unmatched_keep_leaves_a_region_alone(transfer):
    result = transfer(style_map=whole(STYLE_SIZE, BLUE), unmatched="keep", settings=SETTINGS.changed(init="noise"))
    assert_array_equal(result.image[:, :8], CONTENT[:, :8])
    assert not np.array_equal(result.image[:, 8:], CONTENT[:, 8:])


def test_unmatched_whole_style_paints_it_too(transfer):
    result = transfer(style_map=side_by_side(STYLE_SIZE, (BLUE, GREEN)), unmatched="whole-style")
    assert np.abs(result.image - CONTENT).max(axis=(0, 2)).min() > 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            {"style_map": side_by_side(STYLE_SIZE, (BLUE, GREEN))},
            ["#ff0000", "96 pixels", "keep=[(255, 0, 0)] or `unmatched` keep"],
        ),
        ({"style_map": whole(STYLE_SIZE, BLUE)}, ["the style map lacks #ff0000 (red, 96 pixels"]),
        (
            {"style_map": whole(STYLE_SIZE, GREEN), "unmatched": "keep"},
            ["no region of the content map would be painted"],
        ),
        ({"regions": []}, ["no region of the content map would be painted"]),
        ({"regions": [GREEN]}, ["but got #00ff00 (green)", "the content map, #ff0000 (red) and #0000ff (blue)"]),
        ({"mapping": [(GREEN, RED)]}, ["#00ff00", "#ff0000"]),
        ({"content_map": whole((4, 16))}, ["aspect", "the content map is 16x4", "16x12"]),
        ({"style_map": whole((4, 10))}, ["aspect", "the style map is 10x4", "10x16"]),
        ({"content": CONTENT[..., 0]}, ["`content` has shape (12, 16)"]),
        ({"style": STYLE * 255}, ["`style` has values from"]),
    ],
)
def test_inputs_that_cannot_work_are_refused_before_the_work(transfer, options, says):
    steps = []
    with pytest.raises(ImageError) as caught:
        transfer(on_step=steps.append, **options)
    for fragment in says:
        assert fragment in str(caught.value)
    assert not steps


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"unmatched": "drop"}, "unmatched is 'drop'; expected one of error, keep, whole-style"),
        ({"feather": -1.0}, "feather is -1; expected a number of pixels"),
        ({"feather": np.nan}, "`feather` is nan"),
        ({"feather": 2.0, "feather_mode": "color"}, "feather_mode is 'color'; expected one of distance, edges"),
        (
            {"feather_mode": "edges"},
            "feather is 0, but `feather_mode` edges searches for edges within that distance; expected 1 to",
        ),
        ({"denoise_regions": [RED]}, "denoise_regions has no effect where `denoise` is 0"),
        (
            {"denoise_regions": [RED], "regions": [BLUE], "settings": SETTINGS.changed(denoise=0.1)},
            "denoise_regions lists #ff0000 .red., which is not painted",
        ),
        ({"settings": SETTINGS.changed(init="image")}, "no initial image was given"),
        ({"settings": SETTINGS.changed(size=1)}, "at least 2 pixels"),
    ],
)
def test_settings_that_cannot_work(transfer, options, says):
    with pytest.raises(SettingsError, match=says):
        transfer(**options)


def test_regions_that_are_not_painted_need_no_style(transfer):
    style_map = side_by_side(STYLE_SIZE, (BLUE, GREEN))
    assert_array_equal(transfer(style_map=style_map, regions=[BLUE]).image[:, :8], CONTENT[:, :8])


def test_maps_of_another_size_are_fitted(transfer, plain):
    twice = SemanticMap(CONTENT_MAP.labels.repeat(2, axis=0).repeat(2, axis=1), CONTENT_MAP.colors)
    assert_array_equal(transfer(content_map=twice).image, plain.image)


def test_a_region_too_small_for_a_layer_is_noted(transfer):
    labels = CONTENT_MAP.labels.copy()
    labels[3, 2] = 2
    content_map = SemanticMap(labels, (RED, BLUE, GREEN))
    result = transfer(content_map=content_map, mapping=[(GREEN, RED)])
    note = (
        "region #00ff00 (green) or its region of the style image is too small for block2_conv1 and does not guide "
        "the style there"
    )
    assert result.notes == (note,)
    assert result.metadata()["notes"] == result.record()["notes"] == [note]
    only_deep = SETTINGS.changed(style_layers=(("block2_conv1", 1.0),))
    (note,) = transfer(content_map=content_map, mapping=[(GREEN, RED)], settings=only_deep).notes
    assert "too small for every style layer" in note


def test_a_region_that_is_left_alone_is_noted(transfer):
    result = transfer(style_map=side_by_side(STYLE_SIZE, (RED, GREEN)), unmatched="keep")
    assert result.notes == (
        "region #0000ff (blue) is not in the style map; it was left unchanged",
        "not used, as only the style map has it: #00ff00 (green)",
    )
    assert_array_equal(result.image[:, 8:], CONTENT[:, 8:])


def test_a_size_at_which_every_region_has_vanished_is_passed(transfer):
    labels = np.zeros((12, 16), np.int32)
    labels[4:6, 6:8] = 1
    alone = SETTINGS.changed(content_weight=0.0, tv_weight=0.0, style_layers=(("block1_conv1", 1.0),), scales=2)
    result = transfer(content_map=SemanticMap(labels, (RED, BLUE)), regions=[BLUE], settings=alone)
    assert np.isfinite(list(result.losses.values())).all()
    outside = labels == 0
    assert_array_equal(result.image[outside], CONTENT[outside])


def test_a_region_lost_at_a_coarse_size_only_is_not_noted(transfer):
    labels = np.zeros((12, 16), np.int32)
    labels[4:6, 6:8] = 1
    result = transfer(content_map=SemanticMap(labels, (RED, BLUE)), settings=SETTINGS.changed(scales=2))
    assert result.notes == ()


def test_without_style_weight_the_style_has_no_effect(transfer):
    style, layers = transfer(settings=SETTINGS.changed(style_weight=0.0)).notes
    assert style.endswith("has no effect, as `style_weight` is 0")
    assert layers == "`style_layers` has no effect where `style_weight` is 0"


@pytest.mark.parametrize("init", ["colors", "style"])
def test_regions_that_share_a_style_start_in_colors_of_their_own(transfer, init):
    """The first step shows the initial image: a dark half and a light one whose style is the same region."""
    content = CONTENT * 0.1 + np.where(np.arange(16) < 8, np.float32(0.1), np.float32(0.8))[:, np.newaxis]
    settings = SETTINGS.changed(color="match", init=init, steps=1, tv_weight=0.0)
    steps = []
    transfer(content, mapping=[(RED, BLUE), (BLUE, BLUE)], settings=settings, on_step=steps.append)
    for half in (np.s_[:, :8], np.s_[:, 8:]):
        assert abs(steps[0].image[half].mean() - content[half].mean()) < 0.25


# Soft maps

HARD = {"content_map": side_by_side(SIZE), "style_map": stacked(STYLE_SIZE)}
WITHOUT_BLENDS = {name: softened(each) for name, each in HARD.items()}
SOFT = WITHOUT_BLENDS | {"content_map": softened(HARD["content_map"], {6: 0.2, 7: 0.4, 8: 0.6, 9: 0.8})}


@pytest.mark.parametrize("changes", [{}, {"scales": 2, "color": "match"}, {"init": "noise", "size": 23}])
def test_a_soft_map_without_blended_pixels_is_a_hard_one(transfer, changes):
    options = {"regions": [BLUE], "feather": 2.0, "settings": SETTINGS.changed(**changes)}
    hard, soft = transfer(**HARD, **options), transfer(**WITHOUT_BLENDS, **options)
    assert soft.losses == pytest.approx(hard.losses, rel=1e-4)
    assert_allclose(soft.image, hard.image, atol=1e-3)
    assert hard.notes == ()
    assert soft.notes == ("the maps have no soft edges, so reading them as soft maps has no effect",)


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({}, {}),
        ({"init": "noise", "color": "luminance"}, {"feather": 3.0}),
        ({"init": "colors", "denoise": 0.3}, {"feather": 3.0, "feather_mode": "edges"}),
        ({"scales": 2}, {}),
    ],
)
def test_pixels_without_any_share_stay_bit_for_bit(transfer, changes, options):
    result = transfer(**SOFT, regions=[BLUE], settings=SETTINGS.changed(**changes), **options)
    assert_array_equal(result.image[:, :6], CONTENT[:, :6])
    assert (result.image[:, 6] != CONTENT[:, 6]).any()
    assert result.notes == ()


def test_paint_covers_as_far_as_shares_say(transfer):
    options = {**SOFT, "regions": [BLUE], "settings": SETTINGS.changed(steps=1)}
    alone, flat = transfer(transparent=True, **options), transfer(**options)
    assert_array_equal(alone.alpha, SOFT["content_map"].shares[1])
    assert_allclose(CONTENT + alone.alpha[..., np.newaxis] * (alone.image - CONTENT), flat.image, atol=1e-6)
    faded = transfer(transparent=True, feather=8.0, **options).alpha
    assert (faded <= alone.alpha).all()
    assert (faded < alone.alpha)[:, 8:12].all()


def test_shares_allow_one_propagation_only(transfer):
    settings = SETTINGS.changed(propagation="inside")
    with pytest.raises(SettingsError, match="propagation is 'inside', but soft maps share each cell among regions"):
        transfer(**SOFT, settings=settings)
    transfer(**HARD, settings=settings)
