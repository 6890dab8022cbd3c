"""The image that the first size starts from."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image
from small_scenes import BLUE, RED, side_by_side, stacked

from maskstyle import PlanRegion, Settings, StyleImage
from maskstyle.errors import SettingsError
from maskstyle.guidance.layout import Placement
from maskstyle.images.color import lightness_only
from maskstyle.images.pixels import resize_image
from maskstyle.settings import without_content
from maskstyle.synthesis.initial_image import SPREAD, initial_image, region_colors
from maskstyle.techniques import BasicInputs, DoodleInputs, MaskInputs, PlanInputs

CONTENT, STYLE, INITIAL = random_image(0, 6, 8), random_image(1, 6, 8), random_image(2, 6, 8)
SHALLOW = Settings(content_layers=(("block1_conv1", 1.0),), style_layers=(("block1_conv1", 1.0),), scales=1)


def scene_of(content=CONTENT, style=STYLE, *, initial=None, **changes):
    return BasicInputs(content, style, initial=initial, settings=SHALLOW.changed(**changes)).scene()


def test_images_have_the_finest_size():
    for size in (8, 4):
        for init, expected in (("content", CONTENT), ("style", STYLE)):
            image = initial_image(scene_of(init=init, size=size, scales=2))
            assert_array_equal(image, resize_image(expected, (size * 6 // 8, size)))
        image = initial_image(scene_of(init="noise", size=size, scales=2, initial=INITIAL))
        assert_array_equal(image, resize_image(INITIAL, (size * 6 // 8, size)))


NARROW = (0.4 + 0.2 * CONTENT).astype(np.float32)
PALE = (0.5 + 0.2 * STYLE).astype(np.float32)


def moments(image):
    pixels = image.reshape(-1, 3).astype(np.float64)
    return pixels.mean(axis=0), np.cov(pixels.T, bias=True)


def test_the_default_is_the_content_image_in_the_colors_of_the_style():
    image = initial_image(scene_of(NARROW, PALE))
    for found, expected in zip(moments(image), moments(PALE), strict=True):
        assert_allclose(found, expected, atol=1e-4)
    assert_array_equal(image, initial_image(scene_of(NARROW, PALE, init="recolored", strength=0.9)))


def test_a_small_strength_recolors_less():
    full = initial_image(scene_of(NARROW, PALE))
    half = initial_image(scene_of(NARROW, PALE, strength=0.25))
    assert_allclose(half - NARROW, (full - NARROW) / 2, atol=1e-6)


def test_a_raw_weight_starts_from_the_content_image():
    assert_array_equal(initial_image(scene_of(style_weight=2.0)), CONTENT)


def test_each_region_is_recolored_to_its_own_style():
    dark = StyleImage((0.1 + 0.2 * STYLE).astype(np.float32))
    regions = [PlanRegion(RED, style=dark), PlanRegion(BLUE, style=StyleImage(PALE), strength=0.0)]
    plan = PlanInputs(NARROW, regions, content_map=side_by_side((6, 8)), settings=SHALLOW)
    image = initial_image(plan.scene())
    assert_array_equal(image[:, 4:], NARROW[:, 4:])
    for found, expected in zip(moments(image[:, :4]), moments(dark.image), strict=True):
        assert_allclose(found, expected, atol=1e-4)


RAMP = np.repeat(np.linspace(0, 1, 256, dtype=np.float32).reshape(16, 16, 1), 3, axis=2)
NAVY, RUST, YELLOW = np.array([[0.05, 0.05, 0.3], [0.8, 0.2, 0.1], [1.0, 0.9, 0.5]], np.float32)
"""From dark to light."""


def bands(*colors):
    """Return a picture of horizontal bands of equal heights."""
    return np.repeat(np.repeat(np.stack(colors)[:, np.newaxis], 6, axis=0), 18, axis=1)


@pytest.mark.parametrize("tint", [(1, 1, 1), (1, 0.8, 0.6)], ids=["gray", "sepia"])
def test_the_tones_of_a_photo_of_one_hue_take_the_colors_of_the_style_from_dark_to_light(tint):
    photo, style = RAMP * np.array(tint, np.float32), bands(YELLOW, NAVY, RUST)
    image = initial_image(scene_of(photo, style)).reshape(256, 3)
    ranks = (np.arange(256) + 0.5) / 256
    expected = [np.interp(ranks, [1 / 6, 1 / 2, 5 / 6], channel) for channel in zip(NAVY, RUST, YELLOW, strict=True)]
    assert_allclose(image, np.transpose(expected), atol=0.08)


def test_the_tones_of_each_region_of_a_gray_photo_take_the_colors_of_its_style():
    flags = (NAVY, RUST, YELLOW), ((0.0, 0.3, 0.1), (0.9, 0.5, 0.7), (1.0, 1.0, 1.0))
    regions = [
        PlanRegion(color, style=StyleImage(bands(*np.array(flag, np.float32))))
        for color, flag in zip((RED, BLUE), flags, strict=True)
    ]
    image = initial_image(PlanInputs(RAMP, regions, content_map=side_by_side((16, 16)), settings=SHALLOW).scene())
    for half, flag in zip((image[:, :8], image[:, 8:]), flags, strict=True):
        found = half.reshape(-1, 3)[[0, 64, 127]]
        assert_allclose(found, flag, atol=0.08)


def test_a_gray_photo_stays_gray_in_a_gray_style():
    image = initial_image(scene_of(RAMP, lightness_only(PALE)))
    assert_allclose(image, np.repeat(image[..., :1], 3, axis=2), atol=0.01)


def test_the_noise_of_a_flat_gray_photo_keeps_one_hue():
    photo = (0.5 + 0.02 * (random_image(3, 16, 16)[..., :1] - 0.5)).repeat(3, axis=2).astype(np.float32)
    _, covariance = moments(initial_image(scene_of(photo, bands(NAVY, RUST, YELLOW))))
    assert np.sqrt(np.linalg.eigvalsh(covariance)[1]) <= 0.05


def test_masks_recolor_as_far_as_they_reach():
    mask = np.full((6, 8), 0.5, np.float32)
    whole = initial_image(scene_of(NARROW, PALE))
    image = initial_image(MaskInputs(NARROW, [PALE], masks=[mask], settings=SHALLOW).scene())
    assert_allclose(image, NARROW + 0.5 * (whole - NARROW), atol=1e-5)


def test_an_image_of_the_right_size_is_not_copied():
    scene = scene_of(init="content")
    assert initial_image(scene) is scene.content


def test_an_initial_image_that_was_not_given():
    with pytest.raises(SettingsError, match="no initial image was given"):
        initial_image(scene_of(init="image"))


def test_noise_has_the_coarsest_size_and_is_uniform_and_follows_the_seed():
    large = random_image(0, 80, 100)
    first, again, other = (initial_image(scene_of(large, init="noise", seed=seed, scales=2)) for seed in (5, 5, 6))
    full = initial_image(scene_of(large, init="noise", seed=5, scales=2, noise_contrast=1.0))
    assert (first.dtype, first.shape) == (np.float32, (40, 50, 3))
    assert first.min() >= 0.375
    assert first.max() <= 0.625
    assert full.min() >= 0
    assert full.max() <= 1
    assert full.mean() == pytest.approx(0.5, abs=0.02)
    assert full.var() == pytest.approx(1 / 12, abs=0.01)
    assert_allclose(first - 0.5, 0.25 * (full - 0.5), atol=1e-6)
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_colors_have_the_coarsest_size_and_are_those_of_the_whole_style_image():
    style = random_image(1, 12, 16)
    image = initial_image(scene_of(style=style, init="colors", seed=4, scales=2))
    pool = {tuple(color) for color in resize_image(style, (3, 4)).reshape(-1, 3)}
    assert image.shape == (3, 4, 3)
    assert {tuple(color) for color in image.reshape(-1, 3)} <= pool
    assert not np.array_equal(image, initial_image(scene_of(style=style, init="colors", seed=5, scales=2)))


def test_a_blend_starts_from_its_first_style_image():
    scene = scene_of(style=[STYLE, INITIAL], init="style")
    assert_array_equal(initial_image(scene), STYLE)


def test_luminance_starts_in_gray():
    assert_array_equal(initial_image(scene_of(init="content", color="luminance")), lightness_only(CONTENT))


def test_masks_fade_to_the_content_image():
    mask = np.tile(np.linspace(0, 1, 8, dtype=np.float32), (6, 1))
    scene = MaskInputs(CONTENT, [STYLE], masks=[mask], settings=SHALLOW.changed(init="style")).scene()
    expected = CONTENT + mask[..., np.newaxis] * (STYLE - CONTENT)
    assert_allclose(initial_image(scene), expected, atol=1e-6)


def test_each_region_of_a_plan_starts_in_colors_of_its_own_style_image():
    dark, light = StyleImage(0.2 * STYLE), StyleImage(0.8 + 0.2 * STYLE)
    plan = [PlanRegion(RED, style=dark), PlanRegion(BLUE, style=light)]
    settings = SHALLOW.changed(init="colors")
    image = initial_image(PlanInputs(CONTENT, plan, content_map=side_by_side((6, 8)), settings=settings).scene())
    assert image[:, :4].max() <= 0.2
    assert image[:, 4:].min() >= 0.8


def test_a_doodle_starts_in_the_colors_of_its_regions():
    style = np.where(np.arange(6)[:, None, None] < 3, 0.2 * STYLE, 0.8 + 0.2 * STYLE)
    settings = without_content(SHALLOW)
    doodle, style_map = side_by_side((6, 8), (BLUE, RED)), stacked((6, 8))
    image = initial_image(DoodleInputs(style, doodle=doodle, style_map=style_map, settings=settings).scene())
    assert image[:, :4].min() >= 0.8
    assert image[:, 4:].max() <= 0.2


# Colors of regions, against plain NumPy

LABELS = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 2, -1]], np.int32)
STYLE_LABELS = np.array([[1, 1, 1], [1, 0, 0], [0, 0, -1]], np.int32)
COLORS = random_image(4, 3, 3)
PLACEMENTS = [Placement(name, (), label=here, style_label=there) for name, here, there in
              (("a", 0, 1), ("b", 1, 0), ("c", 2, None))]  # fmt: skip


def test_every_pixel_has_a_color_of_its_regions_style():
    image = region_colors(LABELS, COLORS, STYLE_LABELS, PLACEMENTS, seed=3)
    assert (image.dtype, image.shape) == (np.float32, (3, 4, 3))
    jitter = SPREAD * np.random.default_rng(3).standard_normal((3, 4))
    for each in PLACEMENTS:
        pool = COLORS.reshape(-1, 3) if each.style_label is None else COLORS[each.style_label == STYLE_LABELS]
        cells = np.argwhere(each.label == LABELS)
        for position, (row, column) in enumerate(cells):
            rank = abs((position + 0.5) / len(cells) + jitter[row, column])
            rank = 2 - rank if rank > 1 else rank
            assert_array_equal(image[row, column], pool[int(rank * len(pool))])


def test_pixels_outside_the_placements_have_the_mean_color_of_the_style():
    image = region_colors(LABELS, COLORS, STYLE_LABELS, PLACEMENTS[:1], seed=3)
    assert_allclose(image[LABELS != 0], np.broadcast_to(COLORS.mean(axis=(0, 1)), (8, 3)), rtol=1e-6)


def test_a_region_of_the_style_that_has_vanished_is_replaced_by_all_of_it():
    image = region_colors(LABELS, COLORS, np.zeros_like(STYLE_LABELS), PLACEMENTS[:1], seed=3)
    pool = {tuple(color) for color in COLORS.reshape(-1, 3)}
    assert {tuple(color) for color in image[LABELS == 0]} <= pool


def test_the_order_of_placements_does_not_matter_and_the_seed_does():
    image = region_colors(LABELS, COLORS, STYLE_LABELS, PLACEMENTS, seed=3)
    assert_array_equal(region_colors(LABELS, COLORS, STYLE_LABELS, PLACEMENTS[::-1], seed=3), image)
    assert not np.array_equal(region_colors(LABELS, COLORS, STYLE_LABELS, PLACEMENTS, seed=4), image)


@pytest.mark.parametrize("seed", range(3))
def test_a_region_keeps_its_light_from_above(seed):
    style = np.linspace(1, 0, 40, dtype=np.float32)[:, np.newaxis, np.newaxis].repeat(20, axis=1).repeat(3, axis=2)
    everywhere = [Placement("a", (), label=0, style_label=0)]
    image = region_colors(np.zeros((30, 30), np.int32), style, np.zeros((40, 20), np.int32), everywhere, seed=seed)
    rows = image.mean(axis=(1, 2))
    assert rows[:5].mean() > 0.8
    assert rows[-5:].mean() < 0.2
    assert_allclose(image.mean(), 0.5, atol=0.03)
