"""Mask transfer: what it equals, which pixels it leaves alone, how it fades, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image
from small_scenes import CONTENT, LAYERS, OTHER, RED, SETTINGS, STYLE, whole

from maskstyle import Run, read_plan, save_image, transfer_basic, transfer_mask, transfer_region
from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.color import match_colors
from maskstyle.images.pixels import resize_image
from maskstyle.maps import SemanticMap
from maskstyle.plans.load import load_plan

pytestmark = pytest.mark.usefixtures("eagerly")

ONES = np.ones((12, 16), np.float32)
RAMP = np.tile(np.clip(np.linspace(-1, 1, 16, dtype=np.float32), 0, 1), (12, 1))  # 0 in the left half
RIGHT = (RAMP > 0).astype(np.float32)


@pytest.fixture(scope="module")
def network(tiny_network):
    return tiny_network(LAYERS)


@pytest.fixture
def transfer(network):
    def transfer(content=CONTENT, styles=(STYLE,), masks=(RAMP,), on_step=None, **others):
        others = {"settings": SETTINGS, **others}
        return transfer_mask(content, styles, masks=masks, run=Run(network, on_step=on_step), **others)

    return transfer


@pytest.mark.parametrize("changes", [{}, {"scales": 2, "color": "luminance", "denoise": 0.2, "size": 20}])
def test_a_mask_of_ones_is_basic_transfer_exactly(transfer, network, changes):
    settings = SETTINGS.changed(**changes)
    result = transfer(masks=[ONES], settings=settings)
    basic = transfer_basic(CONTENT, STYLE, settings=settings, run=Run(network))
    assert_array_equal(result.image, basic.image)
    assert result.losses == basic.losses
    assert (result.technique, result.notes) == ("mask", ())


def test_a_mask_of_0_and_1_is_a_region(transfer, network):
    """Each cell of the coarsest layer is wholly inside or outside, so that both rules agree on what it is.

    With one size alone: at coarser sizes a mask's border becomes soft, where labels take a side.
    """
    content_map = SemanticMap(RIGHT.astype(np.int32) - 1, (RED,))
    result = transfer(masks=[RIGHT])
    region = transfer_region(
        CONTENT,
        STYLE,
        content_map=content_map,
        style_map=whole(STYLE.shape[:2]),
        settings=SETTINGS,
        run=Run(network),
    )
    assert_allclose(result.image, region.image, atol=1e-4)
    assert result.losses == pytest.approx(region.losses, rel=1e-4)
    assert_array_equal(result.image[:, :8], CONTENT[:, :8])


def test_a_flat_mask_is_a_fainter_basic_laid_over_the_content(transfer, network):
    value = 0.25
    result = transfer(masks=[ONES * np.float32(value)], settings=SETTINGS.changed(style_weight=20.0))
    fainter = SETTINGS.changed(style_weight=20.0 * value)
    basic = transfer_basic(CONTENT, STYLE, settings=fainter, run=Run(network))
    assert_allclose(result.image, CONTENT + value * (basic.image - CONTENT), atol=1e-4)


def test_masks_that_add_up_to_one_are_not_faint(transfer):
    result = transfer(styles=[STYLE, OTHER], masks=[ONES * np.float32(0.75), ONES * np.float32(0.25)])
    assert np.abs(result.image - CONTENT).mean() > 0.02
    twice = transfer(styles=[STYLE, STYLE], masks=[ONES * np.float32(0.75), ONES * np.float32(0.25)])
    one = transfer(masks=[ONES])
    assert_allclose(twice.image, one.image, atol=1e-4)


def test_the_order_of_masks_does_not_matter(transfer):
    first = transfer(styles=[STYLE, OTHER], masks=[RAMP, 1 - RAMP])
    second = transfer(styles=[OTHER, STYLE], masks=[1 - RAMP, RAMP])
    assert_allclose(second.image, first.image, atol=1e-4)


def test_each_mask_takes_its_own_style(transfer):
    dark, bright = (np.full((16, 16, 3), value, np.float32) for value in (0.1, 0.9))
    settings = SETTINGS.changed(optimizer="adam", steps=8, learning_rate=0.1, content_weight=0.0, tv_weight=0.0)
    ramp = np.tile(np.linspace(0, 1, 16, dtype=np.float32), (12, 1))
    image = transfer(np.full_like(CONTENT, 0.5), [dark, bright], [1 - ramp, ramp], settings=settings).image
    assert image[:, :4].mean() + 0.1 < image[:, 12:].mean()


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"init": "style", "denoise": 0.3, "denoise_method": "tv", "color": "content"},
        {"init": "noise", "color": "luminance", "scales": 2},
        {"denoise": 0.3, "color": "match", "optimizer": "adam"},
    ],
)
def test_pixels_where_all_masks_are_0_stay_bit_for_bit(transfer, changes):
    soft = RAMP.copy()
    soft[3, 3] = 1e-6  # however faint, it is a mask
    result = transfer(styles=[STYLE, OTHER], masks=[RAMP, soft], settings=SETTINGS.changed(**changes))
    untouched = (RAMP + soft) == 0
    assert_array_equal(result.image[untouched], CONTENT[untouched])
    assert np.abs(result.image[:, 13:] - CONTENT[:, 13:]).max() > 0.01


@pytest.mark.parametrize("changes", [{"color": "luminance"}, {"color": "content", "denoise": 0.3}])
def test_transparent_over_the_content_is_what_it_is_without(transfer, changes):
    settings = SETTINGS.changed(**changes)
    alpha = np.full((12, 16), 0.5, np.float32)
    plain, alone = transfer(settings=settings), transfer(settings=settings, transparent=True)
    covered = alone.alpha[..., np.newaxis]
    assert_allclose(CONTENT + covered * (alone.image - CONTENT), plain.image, atol=1e-6)
    assert_array_equal(alone.alpha == 0, RAMP == 0)
    assert_array_equal(alone.image[RAMP == 0], CONTENT[RAMP == 0])
    assert_allclose(transfer(settings=settings, transparent=True, alpha=alpha).alpha, alone.alpha * alpha, rtol=1e-6)
    assert plain.alpha is None


def test_a_style_is_matched_to_what_its_mask_covers(transfer):
    dark_right = CONTENT.copy()
    dark_right[:, 8:] *= 0.2
    matched = transfer(dark_right, masks=[RIGHT], settings=SETTINGS.changed(color="match"))
    by_hand = transfer(dark_right, [match_colors(STYLE, dark_right[:, 8:])], masks=[RIGHT])
    assert_allclose(matched.image, by_hand.image, atol=1e-4)


def test_untouched_pixels_are_only_resized(transfer):
    result = transfer(settings=SETTINGS.changed(size=32, init="noise"))
    assert_array_equal(result.image[:, :14], resize_image(CONTENT, (24, 32))[:, :14])


def test_every_step_shows_the_content_where_the_mask_is_0(transfer):
    steps = []
    transfer(settings=SETTINGS.changed(init="noise"), on_step=steps.append)
    for step in steps:
        assert_allclose(step.image[:, :8], CONTENT[:, :8], atol=1e-6)


def test_what_is_painted_fades_with_the_mask(transfer):
    ramp = np.tile(np.linspace(0, 1, 48, dtype=np.float32), (12, 1))
    flat = np.full((12, 48, 3), 0.5, np.float32)
    change = np.abs(transfer(flat, masks=[ramp], settings=SETTINGS.changed(steps=5)).image - flat).mean(axis=(0, 2))
    thirds = change.reshape(3, 16).mean(axis=1)
    assert thirds[0] < thirds[1] < thirds[2]
    assert change[0] == 0
    assert change[1] < 0.1 * change.max()


@pytest.mark.parametrize("init", ["noise", "style"])
def test_an_initial_image_that_is_not_the_content_reaches_as_far_as_the_mask(transfer, init):
    steps = []
    other = SETTINGS.changed(init=init, steps=1)
    transfer(masks=[ONES], settings=other, on_step=steps.append)
    transfer(masks=[RAMP], settings=other, on_step=steps.append)
    full, soft = steps[0].image, steps[1].image
    assert_allclose(soft, CONTENT + RAMP[..., np.newaxis] * (full - CONTENT), atol=1e-6)


def test_alpha_and_an_initial_image(transfer):
    alpha = np.linspace(0.1, 1, 192, dtype=np.float32).reshape(12, 16)
    steps, initial = [], random_image(7, 12, 16)
    result = transfer(alpha=alpha, initial=initial, on_step=steps.append)
    assert_array_equal(result.alpha, alpha)
    assert_array_equal(steps[0].image[:, :8], CONTENT[:, :8])
    assert_array_equal(steps[0].image[:, 8:], initial[:, 8:])


def test_masks_of_another_size_are_resized(transfer):
    large = RAMP.repeat(2, axis=0).repeat(2, axis=1)
    assert_allclose(transfer(masks=[large]).image, transfer().image, atol=0.1)


def test_strengths_pull_harder(transfer):
    settings = SETTINGS.changed(style_weight=1.0, steps=3)
    one, ten = transfer(strengths=[1.0], settings=settings), transfer(strengths=[10.0], settings=settings)
    assert_array_equal(one.image, transfer(settings=settings).image)
    assert np.abs(ten.image - CONTENT).mean() > np.abs(one.image - CONTENT).mean()


def test_without_style_weight_the_style_has_no_effect(transfer):
    style, layers = transfer(settings=SETTINGS.changed(style_weight=0.0)).notes
    assert style.endswith("has no effect, as `style_weight` is 0")
    assert layers == "`style_layers` has no effect where `style_weight` is 0"


def test_a_mask_too_small_for_a_layer_is_noted(transfer):
    mask = np.zeros((13, 16), np.float32)
    mask[12] = 1.0
    result = transfer(random_image(5, 13, 16), masks=[mask])
    assert result.notes == ("mask 1 is too small for block2_conv1 and does not guide the style there",)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"masks": [RAMP[:6]]}, "mask 1 is 16x6; crop"),
        ({"masks": [RAMP, RAMP.T], "styles": [STYLE, STYLE]}, "mask 2 is 12x16; rotate it"),
        ({"masks": [RAMP * 255]}, r"`masks\[0\]` has values from 0 to 255"),
        ({"masks": [RAMP * 0]}, "mask 1 is 0 everywhere"),
        ({"masks": [CONTENT]}, r"`masks\[0\]` has shape \(12, 16, 3\)"),
        ({"styles": [STYLE * 255]}, r"`styles\[0\]` has values from"),
        ({"content": CONTENT[..., 0]}, r"`content` has shape \(12, 16\)"),
    ],
)
def test_images_that_cannot_work_are_refused_before_the_work(transfer, options, says):
    steps = []
    with pytest.raises(ImageError, match=says):
        transfer(on_step=steps.append, **options)
    assert not steps


def test_errors_say_which_mask_they_are_about(transfer):
    with pytest.raises(ImageError) as caught:
        transfer(styles=[STYLE, STYLE], masks=[RAMP, RAMP * 0])
    assert caught.value.about == ("masks", 1)


def test_a_plan_file_is_told_the_line_of_a_mask(tmp_path):
    save_image(tmp_path / "content.png", CONTENT)
    save_image(tmp_path / "mask.png", np.repeat(RAMP[:4, :, np.newaxis], 3, axis=2))
    plan = tmp_path / "plan.toml"
    plan.write_text(
        'technique = "mask"\ncontent = "content.png"\nstyles.first.image = "content.png"\n'
        '[[region]]\nstyle = "first"\nmask = "mask.png"\n',
        encoding="utf-8",
    )
    with pytest.raises(ImageError, match=r"plan.toml, line 6: .* but .*mask.png is 16x4"):
        load_plan(read_plan(plan)).scene()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"masks": [], "styles": []}, "there is no mask"),
        ({"masks": [RAMP, RAMP]}, "there are 2 masks but 1 style images"),
        ({"strengths": [1.0, 2.0]}, "there are 1 masks but 2 strengths"),
        ({"strengths": [-1.0]}, r"the strength of mask 1 is -1.0; expected a number from 0 to 1"),
        ({"strengths": [np.nan]}, "nan"),
        ({"settings": SETTINGS.changed(init="image")}, "no initial image was given"),
        ({"settings": SETTINGS.changed(size=1)}, "at least 2 pixels"),
    ],
)
def test_settings_that_cannot_work(transfer, options, says):
    with pytest.raises(SettingsError, match=says):
        transfer(**options)


def test_styles_and_masks_may_be_stacked(transfer):
    styles = np.stack([STYLE, STYLE[::-1], STYLE[:, ::-1]])
    masks = np.stack([RAMP, RAMP[::-1], 1 - RAMP])
    assert_array_equal(transfer(styles=styles, masks=masks).image, transfer(styles=[*styles], masks=[*masks]).image)


@pytest.mark.parametrize("init", ["noise", "style", "colors"])
def test_initial_images_fade_to_the_content_as_masks_do(transfer, init):
    steps = []
    settings = SETTINGS.changed(init=init, steps=1)
    transfer(masks=[np.full_like(RAMP, 0.01)], settings=settings, on_step=steps.append)
    assert np.abs(steps[0].image - CONTENT).max() < 0.02
