"""Style images as the network sees them: recolored for what they paint, and shared where they can be."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image
from small_scenes import BLUE, GREEN, RED, YELLOW

from maskstyle import PlanRegion, Settings, StyleImage
from maskstyle.images.color import match_colors, seen_style
from maskstyle.maps import SemanticMap
from maskstyle.techniques import BasicInputs, MaskInputs, PlanInputs, RegionInputs

STYLE, CONTENT = 0.4 + 0.1 * random_image(1, 10, 12), 0.3 + 0.3 * random_image(2, 9, 12)
CONTENT_MAP = SemanticMap(np.indices((9, 12))[1].astype(np.int32) // 4, (RED, GREEN, BLUE))
STYLE_MAP = SemanticMap(np.indices((10, 12))[1].astype(np.int32) // 4, (BLUE, GREEN, RED))
SHALLOW = Settings(content_layers=(("block1_conv1", 1.0),), style_layers=(("block1_conv1", 1.0),), scales=1)


def seen(mode, content=CONTENT, style_map=STYLE_MAP, **options):
    """Return the style images of a region transfer in a color mode."""
    settings = SHALLOW.changed(color=mode)
    inputs = RegionInputs(content, STYLE, content_map=CONTENT_MAP, style_map=style_map, settings=settings, **options)
    return inputs.scene().styles


def labels_of(styles):
    return [[placement.label for placement in each.placements] for each in styles]


@pytest.mark.parametrize("mode", ["style", "content"])
def test_modes_that_leave_the_style_image_alone(mode):
    (only,) = seen(mode)
    assert only.image is STYLE
    assert labels_of([only]) == [[0, 1, 2]]


@pytest.mark.parametrize("mode", ["match", "luminance"])
def test_each_region_of_the_style_image_is_recolored_for_the_region_that_takes_it(mode):
    (only,) = seen(mode)
    assert labels_of([only]) == [[0, 1, 2]]
    for here, there in ((0, 8), (4, 4), (8, 0)):
        inside = np.zeros((10, 12), np.float32)
        inside[:, there : there + 4] = 1
        own = seen_style(STYLE, CONTENT[:, here : here + 4], mode, style_weights=inside)
        assert_allclose(only.image[:, there : there + 4], own[:, there : there + 4], atol=1e-6)


def test_regions_that_share_a_region_of_the_style_image_have_an_image_each():
    found = seen("match", mapping=[(RED, BLUE), (GREEN, BLUE)])
    assert labels_of(found) == [[0], [1], [2]]
    for each, here in zip(found, (0, 4, 8), strict=True):
        assert_allclose(each.image[:, :4].mean(axis=(0, 1)), CONTENT[:, here : here + 4].mean(axis=(0, 1)), atol=1e-5)


def test_regions_share_as_few_images_as_they_can():
    assert sorted(labels_of(seen("match", mapping=[(RED, BLUE)]))) == [[0, 1], [2]]


def test_the_whole_style_image_is_recolored_for_one_region_alone():
    lonely = SemanticMap(STYLE_MAP.labels, (BLUE, GREEN, YELLOW))
    found = seen("match", style_map=lonely, unmatched="whole-style")
    assert labels_of(found) == [[1, 2], [0]]
    assert_array_equal(found[1].image, match_colors(STYLE, CONTENT[:, :4]))


def test_transparent_pixels_of_a_region_do_not_count():
    alpha = np.ones(CONTENT.shape[:2], np.float32)
    alpha[:2] = 0
    hidden = CONTENT.copy()
    hidden[:2] = 0
    (first,), (second,) = (seen("match", each, alpha=alpha) for each in (CONTENT, hidden))
    assert_allclose(first.image, second.image, atol=1e-6)
    (without,) = seen("match", hidden)
    assert not np.allclose(without.image, first.image, atol=1e-2)


@pytest.mark.parametrize("mode", ["match", "luminance"])
def test_a_blend_is_recolored_image_by_image(mode):
    other = random_image(5, 8, 8)
    scene = BasicInputs(CONTENT, [STYLE, other], settings=SHALLOW.changed(color=mode)).scene()
    for each, style in zip(scene.styles, (STYLE, other), strict=True):
        assert_array_equal(each.image, seen_style(style, CONTENT, mode))


def test_masks_share_a_style_image_unless_they_recolor_it():
    masks = [random_image(6, 9, 12)[..., 0], random_image(7, 9, 12)[..., 0]]
    plain, recolored = (
        MaskInputs(CONTENT, [STYLE, STYLE], masks=masks, settings=SHALLOW.changed(color=mode)).scene()
        for mode in ("style", "match")
    )
    assert all(each.image is STYLE for each in plain.styles)
    for each, mask in zip(recolored.styles, masks, strict=True):
        assert_array_equal(each.image, match_colors(STYLE, CONTENT, content_weights=mask))


@pytest.mark.parametrize("mode", ["luminance", "match"])
def test_each_region_of_a_plan_may_have_a_color_mode_of_its_own(mode):
    first, second = StyleImage(STYLE, STYLE_MAP), StyleImage(random_image(3, 9, 12))
    ramp, style_mask = np.tile(np.linspace(1, 0, 12, dtype=np.float32), (9, 1)), random_image(8, 9, 12)[..., 0]
    plan = [
        PlanRegion(RED, style=first),
        PlanRegion(BLUE, style=first, color=mode),
        PlanRegion(GREEN, style=second, color=mode, style_mask=style_mask),
        PlanRegion(mask=ramp, style=first, style_region=RED, color=mode),
        PlanRegion(mask=ramp, style=second),
    ]
    scene = PlanInputs(CONTENT, plan, content_map=CONTENT_MAP, settings=SHALLOW).scene()
    plain, for_blue, for_green, for_mask, unchanged = (each.image for each in scene.styles)
    assert plain is STYLE
    assert unchanged is second.image

    pixels, blue = STYLE[:, :4].reshape(1, -1, 3), CONTENT[:, 8:].reshape(1, -1, 3)
    assert_allclose(for_blue[:, :4].reshape(1, -1, 3), seen_style(pixels, blue, mode), atol=1e-6)
    green = (CONTENT_MAP.labels == 1).astype(np.float32)
    expected = seen_style(second.image, CONTENT, mode, style_weights=style_mask, content_weights=green)
    assert_array_equal(for_green, expected)
    red = (STYLE_MAP.labels == 2).astype(np.float32)
    expected = seen_style(STYLE, CONTENT, mode, style_weights=red, content_weights=ramp)
    assert_array_equal(for_mask, expected)


def test_the_scene_scales_each_image_once():
    masks = [random_image(6, 9, 12)[..., 0]] * 2
    scene = MaskInputs(CONTENT, [STYLE, STYLE], masks=masks, settings=SHALLOW.changed(size=24)).scene()
    first, second = scene.styles_at((18, 24))
    assert first.image is second.image
    assert first.image.shape == (20, 24, 3)
    assert dataclasses.replace(scene, styles=()).styles_at((18, 24)) == []
