"""Patch transfer: what it equals, which pixels it leaves alone, and what it refuses."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image

from maskstyle.errors import ImageError, SettingsError
from maskstyle.maps.io import SemanticMap
from maskstyle.settings import PatchSettings, Settings
from maskstyle.techniques.basic import transfer_basic
from maskstyle.techniques.patch import transfer_patch

pytestmark = pytest.mark.usefixtures("eagerly")

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
CONTENT, STYLE = random_image(1, 12, 16), random_image(2, 16, 10) ** 2
SETTINGS = Settings(
    content_layers=(("block2_conv1", 1.0),),
    style_layers=(("block1_conv1", 1.0), ("block2_conv1", 1.0)),
    compute_type="float32",
    scales=1,
    steps=3,
    tolerance=0.0,
    seed=3,
)
SMALL = PatchSettings(patch_size=4)


def halves(image, colors=(RED, BLUE)):
    labels = np.zeros(image.shape[:2], np.int32)
    labels[:, labels.shape[1] // 2 :] = 1
    return SemanticMap(labels, tuple(colors))


def whole(image, color=RED):
    return SemanticMap(np.zeros(image.shape[:2], np.int32), (color,))


@pytest.fixture(scope="module")
def network(tiny_network):
    return tiny_network(("block1_conv1", "block2_conv1"), padding="edge")


@pytest.fixture
def transfer(network):
    def transfer(content=CONTENT, style=STYLE, **others):
        given = {
            "content_map": halves(CONTENT),
            "style_map": halves(STYLE),
            "settings": SETTINGS,
            "patches": SMALL,
            **others,
        }
        return transfer_patch(content, style, network=network, **given)

    return transfer


@pytest.mark.parametrize("scales", [1, 2])
def test_one_patch_is_basic(transfer, network, scales):
    settings = SETTINGS.changed(scales=scales)
    result = transfer(patches=PatchSettings(patch_size=100), settings=settings)
    basic = transfer_basic(CONTENT, STYLE, settings=settings, network=network)
    assert_allclose(result.image, basic.image, atol=1e-4)
    assert result.losses == pytest.approx(basic.losses, rel=1e-4)
    assert (result.technique, result.remarks) == ("patch", ())


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
    recolored = transfer(content_map=halves(CONTENT, colors), style_map=halves(STYLE, colors))
    assert_array_equal(recolored.match_map, transfer().match_map)


@pytest.mark.parametrize("changes", [{}, {"init": "noise"}, {"denoise": 0.3}, {"scales": 2}, {"optimizer": "adam"}])
def test_pixels_of_no_region_stay_bit_for_bit(transfer, changes):
    labels = halves(CONTENT).labels.copy()
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


def test_a_region_of_the_style_too_small_for_a_layer_is_reported(transfer):
    labels = halves(STYLE).labels.copy()
    labels[3, 2] = 2
    style_map = SemanticMap(labels, (RED, BLUE, GREEN))
    content_map = SemanticMap(np.arange(16, dtype=np.int32)[None].repeat(12, axis=0) // 6, (RED, BLUE, GREEN))
    (remark,) = transfer(content_map=content_map, style_map=style_map).remarks
    assert (
        remark.startswith("region #00ff00 (lime) of the style is too small for block2_conv1") or "#00ff00" in remark
    )


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"style_map": halves(STYLE, (BLUE, GREEN))}, "#ff0000.*96 pixels.*unmatched be nearest"),
        ({"style_map": whole(STYLE, BLUE)}, "the style map lacks #ff0000"),
        ({"content_map": whole(CONTENT)}, "the content map lacks #0000ff"),
        ({"mapping": [(GREEN, RED)]}, "#00ff00"),
        ({"content_map": whole(CONTENT[:4])}, "12x16.*the content map is 4x16"),
        ({"content": CONTENT[..., 0]}, r"the content image has shape \(12, 16\)"),
    ],
)
def test_what_cannot_work_is_said_before_the_work(transfer, options, says):
    steps = []
    with pytest.raises(ImageError, match=says):
        transfer(on_step=steps.append, **options)
    assert not steps


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"unmatched": "keep"}, "unmatched is 'keep'; expected one of error, nearest"),
        ({"content_map": np.zeros((12, 16))}, "the content map is a ndarray; expected what maskstyle.load_map"),
        ({"settings": SETTINGS.changed(size=1)}, "at least 2 pixels"),
    ],
)
def test_settings_that_cannot_work(transfer, options, says):
    with pytest.raises(SettingsError, match=says):
        transfer(**options)


@pytest.mark.parametrize(("content_map", "style_map"), [((RED, GREEN), (RED, BLUE)), ((RED, BLUE), (GREEN, BLUE))])
def test_nearest_colors_may_match(transfer, content_map, style_map):
    maps = {"content_map": halves(CONTENT, content_map), "style_map": halves(STYLE, style_map)}
    result = transfer(**maps, unmatched="nearest")
    assert np.isfinite(list(result.losses.values())).all()
