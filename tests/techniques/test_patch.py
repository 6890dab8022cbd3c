"""Patch transfer: what it equals, which pixels it leaves alone, and what it refuses."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image
from small_scenes import BLUE, CONTENT, GREEN, LAYERS, RED, SETTINGS, STYLE, side_by_side, whole

from maskstyle import PatchSettings, Run, transfer_basic, transfer_patch
from maskstyle.errors import ImageError, SettingsError
from maskstyle.maps import SemanticMap

pytestmark = pytest.mark.usefixtures("eagerly")

SIZE, STYLE_SIZE = CONTENT.shape[:2], STYLE.shape[:2]
SMALL = PatchSettings(patch_size=4)


@pytest.fixture(scope="module")
def network(tiny_network):
    return tiny_network(LAYERS, padding="edge")


@pytest.fixture
def transfer(network):
    def transfer(content=CONTENT, style=STYLE, on_step=None, **others):
        given = {
            "content_map": side_by_side(SIZE),
            "style_map": side_by_side(STYLE_SIZE),
            "settings": SETTINGS,
            "patches": SMALL,
            **others,
        }
        return transfer_patch(content, style, run=Run(network, on_step=on_step), **given)

    return transfer


def test_one_patch_is_basic_transfer(transfer, network):
    settings = SETTINGS.changed(scales=2, style_weight=3.0)
    result = transfer(patches=PatchSettings(patch_size=100), settings=settings)
    basic = transfer_basic(CONTENT, STYLE, settings=settings, run=Run(network))
    assert_allclose(result.image, basic.image, atol=1e-4)
    assert result.losses == pytest.approx(basic.losses, rel=1e-4)
    assert result.technique == "patch"
    assert "one patch of 100 pixels covers the whole result" in result.notes[0]


def test_each_region_takes_its_own_style(transfer):
    style = np.concatenate([np.full((16, 5, 3), 0.1), np.full((16, 5, 3), 0.9)], axis=1).astype(np.float32)
    settings = SETTINGS.changed(steps=30, content_weight=0.0, tv_weight=0.0)
    flat = np.full_like(CONTENT, 0.5)
    image = transfer(flat, style, settings=settings).image
    assert image[:, :7].mean() + 0.1 < image[:, 9:].mean()
    swapped = transfer(flat, style, settings=settings, mapping=[(RED, BLUE), (BLUE, RED)]).image
    assert swapped[:, :7].mean() > 0.05 + swapped[:, 9:].mean()


def test_colors_are_only_names(transfer):
    colors = ((10, 20, 30), (10, 20, 70))
    recolored = transfer(content_map=side_by_side(SIZE, colors), style_map=side_by_side(STYLE_SIZE, colors))
    assert_array_equal(recolored.match_map, transfer().match_map)


@pytest.mark.parametrize("changes", [{}, {"init": "noise", "scales": 2}, {"denoise": 0.3, "optimizer": "adam"}])
def test_pixels_of_no_region_stay_bit_for_bit(transfer, changes):
    labels = side_by_side(SIZE).labels.copy()
    labels[:5] = -1
    result = transfer(content_map=SemanticMap(labels, (RED, BLUE)), settings=SETTINGS.changed(**changes))
    assert_array_equal(result.image[:5], CONTENT[:5])
    assert (result.image[5:] != CONTENT[5:]).any(axis=(0, 2)).all()


def test_alpha_initial_and_steps(transfer):
    alpha = np.linspace(0, 1, 12 * 16, dtype=np.float32).reshape(12, 16)
    steps = []
    result = transfer(alpha=alpha, initial=random_image(7, 12, 16), on_step=steps.append)
    assert_array_equal(result.alpha, alpha)
    assert_array_equal(steps[0].image, random_image(7, 12, 16))
    assert result.settings.init == "image"


def test_how_patches_were_cut_is_recorded(transfer):
    patches = PatchSettings(patch_size=6, patch_stride=2, patch_offset=(1, 0), similarity="ncc", feature_weight=0.5)
    result = transfer(patches=patches)
    assert result.patches == patches
    assert result.metadata()["patches"] == result.record()["patches"] == dataclasses.asdict(patches)


def test_the_match_map_is_made_of_the_style(transfer):
    result = transfer()
    assert result.match_map.shape == CONTENT.shape
    colors = {tuple(pixel) for pixel in STYLE.reshape(-1, 3)}
    assert np.mean([tuple(pixel) in colors for pixel in result.match_map.reshape(-1, 3)]) == 1
    assert transfer(settings=SETTINGS.changed(style_weight=0.0)).match_map is None


def test_the_match_map_is_of_the_finest_size(transfer):
    result = transfer(settings=SETTINGS.changed(scales=2))
    assert result.match_map.shape == result.image.shape


def test_a_region_of_the_style_too_small_for_a_layer_is_noted(transfer):
    labels = side_by_side(STYLE_SIZE).labels.copy()
    labels[3, 2] = 2
    style_map = SemanticMap(labels, (RED, BLUE, GREEN))
    content_map = SemanticMap(np.indices(SIZE)[1].astype(np.int32) // 6, (RED, BLUE, GREEN))
    (note,) = transfer(content_map=content_map, style_map=style_map).notes
    assert note.startswith("region #00ff00 (green) of the style image is too small for block2_conv1")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"style_map": side_by_side(STYLE_SIZE, (BLUE, GREEN))}, "#ff0000.*96 pixels.*set `unmatched` to nearest"),
        ({"style_map": whole(STYLE_SIZE, BLUE)}, "the style map lacks #ff0000"),
        ({"mapping": [(GREEN, RED)]}, "#00ff00"),
        ({"content_map": whole((4, 16))}, "16x12.*the content map is 16x4"),
        ({"content": CONTENT[..., 0]}, r"`content` has shape \(12, 16\)"),
    ],
)
def test_inputs_that_cannot_work_are_refused_before_the_work(transfer, options, says):
    steps = []
    with pytest.raises(ImageError, match=says):
        transfer(on_step=steps.append, **options)
    assert not steps


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"unmatched": "keep"}, "unmatched is 'keep'; expected one of error, nearest"),
        (
            {"content_map": np.zeros((12, 16))},
            "`content_map` is of type ndarray; expected a SemanticMap, as maskstyle.load_map",
        ),
        ({"settings": SETTINGS.changed(size=1)}, "at least 2 pixels"),
    ],
)
def test_settings_that_cannot_work(transfer, options, says):
    with pytest.raises(SettingsError, match=says):
        transfer(**options)


@pytest.mark.parametrize(("content_map", "style_map"), [((RED, GREEN), (RED, BLUE)), ((RED, BLUE), (GREEN, BLUE))])
def test_nearest_colors_may_match(transfer, content_map, style_map):
    maps = {"content_map": side_by_side(SIZE, content_map), "style_map": side_by_side(STYLE_SIZE, style_map)}
    result = transfer(**maps, unmatched="nearest")
    assert np.isfinite(list(result.losses.values())).all()
