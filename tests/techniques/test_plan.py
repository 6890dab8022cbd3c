"""What every technique settles before TensorFlow loads."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.pixels import resize_image
from maskstyle.recipes import RECIPES
from maskstyle.settings import DEFAULT_LONGER_SIDE, DOODLE_SETTINGS, Settings, without_content
from maskstyle.techniques.plan import (
    check_alpha,
    check_image,
    check_initial,
    check_without_content,
    normalized_shares,
    result_size,
    starting_image,
    style_size,
    transfer_sizes,
    wanted_layers,
)

ONE_SCALE = Settings(
    scales=1, content_layers=(("block2_conv1", 1.0),), style_layers=(("block1_conv1", 1.0), ("block3_conv1", 1.0))
)


def test_check_image_takes_floats_and_returns_float32():
    for kind in (np.float16, np.float32, np.float64):
        image = np.array([[[0, 0.5, 1]]], kind)
        checked = check_image(image, "content image")
        assert checked.dtype == np.float32
        assert_array_equal(checked, image)


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 4), np.float32), r"the photo has shape \(4, 4\); expected \(height, width, 3\)"),
        (np.zeros((4, 4, 4), np.float32), r"shape \(4, 4, 4\)"),
        (np.zeros((1, 4, 4, 3), np.float32), r"shape \(1, 4, 4, 3\)"),
        (np.zeros((0, 4, 3), np.float32), r"shape \(0, 4, 3\)"),
        (np.zeros((4, 4, 3), np.uint8), "type uint8; expected floats in .* divide 8-bit values by 255"),
        (np.zeros((4, 4, 3), bool), "type bool"),
        (np.full((4, 4, 3), np.nan, np.float32), "values from nan to nan"),
        (np.full((4, 4, 3), 255.0, np.float32), "values from 255 to 255"),
        (np.full((4, 4, 3), -0.01, np.float32), "values from -0.01"),
        (np.array([[[0.5, np.inf, 0.5]]], np.float32), "to inf"),
    ],
)
def test_check_image_says_what_is_wrong(image, message):
    with pytest.raises(ImageError, match=message):
        check_image(image, "photo")


def test_wanted_layers_are_those_of_terms_with_weight_each_once():
    settings = Settings(
        content_layers=(("block2_conv1", 1.0),), style_layers=(("block1_conv1", 1.0), ("block2_conv1", 1.0))
    )
    assert wanted_layers(settings) == ("block2_conv1", "block1_conv1")
    assert wanted_layers(settings.changed(style_weight=0)) == ("block2_conv1",)
    assert wanted_layers(settings.changed(content_weight=0)) == ("block1_conv1", "block2_conv1")
    assert wanted_layers(settings.changed(content_weight=0, style_weight=0)) == ()


def test_result_size():
    assert result_size((30, 40), Settings()) == (30, 40)
    assert result_size((30, 40), Settings(size=80)) == (60, 80)
    assert result_size((3 * DEFAULT_LONGER_SIDE, 4 * DEFAULT_LONGER_SIDE), Settings()) == (
        3 * DEFAULT_LONGER_SIDE // 4,
        DEFAULT_LONGER_SIDE,
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"style_fit": "keep"}, (64, 32)),
        ({"style_fit": "stretch"}, (48, 64)),
        ({"style_fit": "keep", "style_scale": 0.5}, (32, 16)),
        ({"style_fit": "stretch", "style_scale": 1.5}, (72, 96)),
        ({"style_fit": "keep", "style_scale": 1e-6}, (1, 1)),
    ],
)
def test_style_size(changes, expected):
    assert style_size((200, 100), (48, 64), Settings(**changes)) == expected


def test_transfer_sizes():
    assert transfer_sizes((30, 40), ONE_SCALE) == [(30, 40)]
    assert transfer_sizes((30, 40), ONE_SCALE.changed(scales=3, size=80)) == [(15, 20), (30, 40), (60, 80)]


def test_the_coarsest_size_must_have_a_pixel_in_every_layer():
    assert transfer_sizes((4, 4), ONE_SCALE) == [(4, 4)]
    with pytest.raises(SettingsError, match="3x9 .* the layers need at least 4 pixels"):
        transfer_sizes((3, 9), ONE_SCALE)
    with pytest.raises(SettingsError, match="coarsest of 2 scales would be 3x4"):
        transfer_sizes((6, 8), ONE_SCALE.changed(scales=2))


@pytest.mark.parametrize(
    ("changes", "style", "used"),
    [
        ({}, (16, 3), "16x3"),
        ({"size": 8}, (16, 6), "8x3"),
        ({"style_scale": 0.25}, (16, 13), "4x3"),
        ({"scales": 3}, (16, 13), "4x3"),
        ({"style_fit": "stretch", "style_scale": 0.2}, (99, 99), "3x3"),
    ],
)
def test_every_style_must_have_a_pixel_in_every_layer(changes, style, used):
    settings = ONE_SCALE.changed(**changes)
    with pytest.raises(SettingsError, match=f"would be used at {used} .*the layers need at least 4 pixels"):
        transfer_sizes((16, 16), settings, styles=[(999, 999), style])
    assert transfer_sizes((16, 16), settings.changed(style_weight=0), styles=[style])


def test_every_weight_0_is_an_error_before_anything_loads():
    with pytest.raises(SettingsError, match="all 0, so there is nothing to do"):
        transfer_sizes((30, 40), Settings(content_weight=0, style_weight=0, tv_weight=0))


def test_check_alpha():
    alpha = np.array([[0.0, 0.5], [1.0, 0.25]])
    checked = check_alpha(alpha, (2, 2))
    assert checked.dtype == np.float32
    assert_array_equal(checked, alpha)


@pytest.mark.parametrize(
    ("alpha", "message"),
    [
        (np.zeros((2, 3), np.float32), r"the alpha has shape \(2, 3\), but the content image is 2x2"),
        (np.zeros((2, 2, 1), np.float32), r"shape \(2, 2, 1\)"),
        (np.zeros((2, 2), np.uint8), "the alpha has type uint8"),
        (np.full((2, 2), np.nan), "the alpha has values from nan"),
        (np.full((2, 2), 1.01), "the alpha has values from 1.01"),
    ],
)
def test_check_alpha_says_what_is_wrong(alpha, message):
    with pytest.raises(ImageError, match=message):
        check_alpha(alpha, (2, 2))


def test_starting_images():
    content, style, initial = random_image(0, 6, 8), random_image(1, 6, 8), random_image(2, 6, 8)
    for init, expected in (("content", content), ("style", style), ("image", initial)):
        settings = Settings(init=init)
        assert_array_equal(starting_image(content, style, initial, [(3, 4), (6, 8)], settings), expected)
        small = starting_image(content, style, initial, [(2, 2), (3, 4)], settings)
        assert_array_equal(small, resize_image(expected, (3, 4)))
    with pytest.raises(SettingsError, match="no initial image was given"):
        starting_image(content, style, None, [(6, 8)], Settings(init="image"))


def test_a_start_from_colors_has_the_coarsest_size_and_those_of_the_whole_style():
    content, style = random_image(0, 6, 8), random_image(1, 12, 16)
    settings = Settings(init="colors", seed=4)
    start = starting_image(content, style, None, [(3, 4), (6, 8)], settings)
    pool = {tuple(color) for color in resize_image(style, (3, 4)).reshape(-1, 3)}
    assert start.shape == (3, 4, 3)
    assert {tuple(color) for color in start.reshape(-1, 3)} <= pool
    assert_array_equal(start, starting_image(None, style, None, [(3, 4)], settings))


def test_init_auto_is_what_a_technique_says():
    assert check_initial(None, Settings())[1].init == "content"
    assert check_initial(None, Settings(), auto="colors")[1].init == "colors"
    assert check_initial(None, Settings(init="noise"), auto="colors")[1].init == "noise"
    assert check_initial(random_image(0, 6, 8), Settings(), auto="colors")[1].init == "image"


def test_a_start_from_a_content_that_there_is_not():
    with pytest.raises(SettingsError, match="init is 'content', but there is no content image"):
        starting_image(None, random_image(0, 6, 8), None, [(6, 8)], Settings(init="content"))


@pytest.mark.parametrize("changes", [{"content_weight": 0.5}, {"init": "content"}])
def test_what_asks_for_a_content(changes):
    check_without_content(DOODLE_SETTINGS)
    with pytest.raises(SettingsError, match="a doodle has no content"):
        check_without_content(DOODLE_SETTINGS.changed(**changes))


def test_recipes_without_content_pass():
    for recipe in RECIPES.values():
        check_without_content(without_content(recipe.settings))


def test_noise_of_the_coarsest_size_is_uniform_and_follows_the_seed():
    content = random_image(0, 6, 8)
    first, again, other = (
        starting_image(content, content, None, [(40, 50), (80, 100)], Settings(init="noise", seed=seed))
        for seed in (5, 5, 6)
    )
    full = starting_image(content, content, None, [(40, 50)], Settings(init="noise", seed=5, noise_contrast=1.0))
    assert (first.dtype, first.shape) == (np.float32, (40, 50, 3))
    assert first.min() >= 0.375 and first.max() <= 0.625
    assert full.min() >= 0 and full.max() <= 1
    assert full.mean() == pytest.approx(0.5, abs=0.02)
    assert full.var() == pytest.approx(1 / 12, abs=0.01)
    assert_allclose(first - 0.5, 0.25 * (full - 0.5), atol=1e-6)
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_shares():
    assert normalized_shares(None, 4) == [0.25] * 4
    assert normalized_shares([1, 3], 2) == [0.25, 0.75]
    assert normalized_shares([0, 2.5], 2) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ([1.0], "2 styles but 1 style weights"),
        ([1.0, 1.0, 1.0], "2 styles but 3"),
        ([0.0, 0.0], "one above 0"),
        ([1.0, -1.0], "at least 0"),
        ([1.0, np.nan], "at least 0"),
        ([np.inf, 1.0], "at least 0"),
    ],
)
def test_shares_that_cannot_be(shares, message):
    with pytest.raises(SettingsError, match=message):
        normalized_shares(shares, 2)


def test_layers_of_weight_0_are_not_asked_for():
    settings = Settings(content_layers=(("block1_conv2", 1.0), ("block5_conv2", 0.0)), style_weight=0.0)
    assert wanted_layers(settings) == ("block1_conv2",)


def test_a_slip_of_the_hand_in_the_size_is_caught():
    with pytest.raises(SettingsError, match="51200x38400 .* megapixels"):
        transfer_sizes((400, 300), Settings(size=51200))
