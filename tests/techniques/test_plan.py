"""Plan transfer: what it equals, several styles in one picture, which pixels and colors it leaves alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image
from skimage.color import rgb2lab
from small_scenes import BLUE, CONTENT, GREEN, LAYERS, RED, SETTINGS, STYLE, YELLOW, side_by_side, softened, stacked

from maskstyle import PlanRegion, Run, StyleImage, transfer_mask, transfer_plan, transfer_region
from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.color import lightness_only, with_content_chroma
from maskstyle.maps import SemanticMap

pytestmark = pytest.mark.usefixtures("eagerly")

LABELS = np.zeros((12, 16), np.int32)
LABELS[:, 4:8], LABELS[:6, 8:], LABELS[6:, 8:] = 1, 2, 3
CONTENT_MAP = SemanticMap(LABELS, (RED, GREEN, BLUE, YELLOW))
LEFT = np.tile(np.linspace(1, 0, 16, dtype=np.float32), (12, 1))
FIRST = StyleImage(STYLE, stacked((16, 10), (BLUE, RED)), "first.jpg")
SECOND = StyleImage(random_image(3, 12, 12), name="second.jpg")


@pytest.fixture(scope="module")
def network(tiny_network):
    return tiny_network(LAYERS)


@pytest.fixture
def transfer(network):
    def transfer(*regions, content_map=CONTENT_MAP, on_step=None, **others):
        others = {"settings": SETTINGS, **others}
        run = Run(network, on_step=on_step)
        return transfer_plan(CONTENT, regions, content_map=content_map, run=run, **others)

    return transfer


ALPHA = np.clip(random_image(9, 12, 16)[..., 0] * 2 - 0.5, 0, 1).astype(np.float32)


def assert_equal_results(result, other):
    assert_array_equal(result.image, other.image)
    assert_array_equal(result.alpha, other.alpha)
    assert result.losses == other.losses


@pytest.mark.parametrize(
    ("changes", "others"),
    [
        ({"scales": 2, "init": "colors", "color": "match", "propagation": "inside"}, {"feather": 2.0}),
        ({"denoise": 0.1, "propagation": "split"}, {"alpha": ALPHA, "transparent": True, "denoise_regions": [BLUE]}),
    ],
)
def test_a_plan_with_one_style_is_region_transfer(transfer, network, changes, others):
    settings = SETTINGS.changed(**changes)
    by_region = transfer_region(
        CONTENT,
        STYLE,
        content_map=CONTENT_MAP,
        style_map=FIRST.style_map,
        regions=[RED, GREEN, BLUE],
        mapping=[(GREEN, BLUE)],
        settings=settings,
        run=Run(network),
        **others,
    )
    by_plan = transfer(
        PlanRegion(BLUE, style=FIRST),
        PlanRegion(RED, style=FIRST, style_region=RED),
        PlanRegion(GREEN, style=FIRST, style_region=BLUE),
        settings=settings,
        **others,
    )
    assert_equal_results(by_plan, by_region)


@pytest.mark.parametrize("init", ["colors", "style"])
def test_regions_that_share_a_style_start_as_in_region_transfer(transfer, network, init):
    """Where each recolors the style image for itself, several images show the same style."""
    settings = SETTINGS.changed(color="match", init=init, steps=1)
    by_region = transfer_region(
        CONTENT,
        STYLE,
        content_map=CONTENT_MAP,
        style_map=FIRST.style_map,
        regions=[RED, GREEN],
        mapping=[(RED, BLUE), (GREEN, BLUE)],
        settings=settings,
        run=Run(network),
    )
    regions = [PlanRegion(color, style=FIRST, style_region=BLUE) for color in (RED, GREEN)]
    assert_equal_results(transfer(*regions, settings=settings), by_region)


def test_a_plan_of_soft_maps_is_region_transfer(transfer, network):
    content_map = softened(side_by_side((12, 16)), {6: 0.2, 7: 0.4, 8: 0.6, 9: 0.8})
    style_map = softened(stacked((16, 10)))
    settings = SETTINGS.changed(init="noise", color="match")
    by_region = transfer_region(
        CONTENT,
        STYLE,
        content_map=content_map,
        style_map=style_map,
        regions=[BLUE],
        settings=settings,
        run=Run(network),
    )
    by_plan = transfer(
        PlanRegion(BLUE, style=StyleImage(STYLE, style_map)), content_map=content_map, settings=settings
    )
    assert_equal_results(by_plan, by_region)
    assert by_plan.notes == by_region.notes == ()


@pytest.mark.parametrize(
    ("changes", "others"),
    [
        ({"scales": 2, "init": "colors", "color": "match"}, {}),
        ({"init": "noise", "mask_exponent": 2.0, "color": "luminance"}, {"alpha": ALPHA, "transparent": True}),
    ],
)
def test_a_plan_with_masks_alone_is_mask_transfer(transfer, network, changes, others):
    settings = SETTINGS.changed(**changes)
    masks = [LEFT**2, np.where(LEFT > 0.5, 0, 1 - LEFT).astype(np.float32)]
    by_mask = transfer_mask(
        CONTENT,
        [STYLE, SECOND.image],
        masks=masks,
        strengths=[0.8, None],
        settings=settings,
        run=Run(network),
        **others,
    )
    by_plan = transfer(
        PlanRegion(mask=masks[0], style=FIRST, strength=0.8),
        PlanRegion(mask=masks[1], style=SECOND),
        content_map=None,
        settings=settings,
        **others,
    )
    assert_equal_results(by_plan, by_mask)


def test_kept_regions_stay_bit_for_bit_whatever_masks_say(transfer):
    result = transfer(
        PlanRegion(RED),
        PlanRegion(BLUE, style=SECOND),
        PlanRegion(mask=LEFT, style=FIRST),
        settings=SETTINGS.changed(init="noise", denoise=0.1),
    )
    assert_array_equal(result.image[:, :4], CONTENT[:, :4])
    assert (result.image[:, 4:15] != CONTENT[:, 4:15]).any(axis=(0, 2)).all()
    assert result.technique == "plan"


def test_regions_that_are_not_named_are_kept(transfer):
    result = transfer(PlanRegion(BLUE, style=SECOND), settings=SETTINGS.changed(init="noise"))
    assert_array_equal(result.image[LABELS != 2], CONTENT[LABELS != 2])


def test_the_contents_colors_are_kept_where_asked(transfer):
    plan = [PlanRegion(RED, style=SECOND), PlanRegion(BLUE, style=FIRST)]
    plain = transfer(*plan)
    kept = transfer(plan[0], dataclasses.replace(plan[1], color="content"))
    blue = LABELS == 2
    assert_array_equal(kept.image[~blue], plain.image[~blue])
    assert np.abs(rgb2lab(kept.image)[blue] - rgb2lab(plain.image)[blue]).max() > 0.1
    assert_allclose(rgb2lab(kept.image)[blue][:, 0], rgb2lab(plain.image)[blue][:, 0], atol=0.05)
    assert_array_equal(kept.image[blue], with_content_chroma(plain.image, CONTENT)[blue])


def test_gray_is_seen_and_colored_where_luminance_is_asked_for(transfer):
    plan = [PlanRegion(RED, style=SECOND), PlanRegion(BLUE, style=FIRST, color="luminance")]
    seen, settings = [], SETTINGS.changed(steps=1, init="content")
    result = transfer(*plan, on_step=lambda step: seen.append(step.image), settings=settings)
    blue = LABELS == 2
    assert_array_equal(seen[0][blue], lightness_only(CONTENT)[blue])
    assert_array_equal(seen[0][~blue], CONTENT[~blue])
    assert_allclose(result.image[blue], with_content_chroma(result.image, CONTENT)[blue], atol=1e-2)
    assert np.ptp(result.image[blue], axis=-1).max() > 0.1


def test_modes_of_masks_mix_as_the_masks_do(transfer):
    both = [PlanRegion(mask=LEFT, style=SECOND), PlanRegion(mask=1 - LEFT, style=FIRST, color="content")]
    result = transfer(*both, content_map=None)
    plain = transfer(*(dataclasses.replace(each, color=None) for each in both), content_map=None).image
    colored = with_content_chroma(plain, CONTENT)
    inner = np.s_[:, 1:-1]
    expected = plain + (1 - LEFT)[..., np.newaxis] * (colored - plain)
    assert_allclose(result.image[inner], expected[inner], atol=1e-5)


def test_the_color_mode_of_the_settings_holds_where_a_region_has_none(transfer):
    plan = [PlanRegion(RED, style=SECOND), PlanRegion(BLUE, style=FIRST, color="style")]
    by_settings = transfer(*plan, settings=SETTINGS.changed(color="content"))
    by_plan = transfer(dataclasses.replace(plan[0], color="content"), plan[1])
    assert_array_equal(by_settings.image, by_plan.image)


def test_regions_to_denoise(transfer):
    plan = [PlanRegion(RED, style=SECOND), PlanRegion(BLUE, style=FIRST)]
    plain, smooth, some = (
        transfer(*plan, settings=SETTINGS.changed(denoise=denoise), denoise_regions=regions).image
        for denoise, regions in ((0.0, None), (0.2, None), (0.2, [BLUE]))
    )
    assert_array_equal(some[LABELS == 2], smooth[LABELS == 2])
    assert_array_equal(some[LABELS != 2], plain[LABELS != 2])
    assert (smooth != plain)[LABELS == 0].any()
    for colors, says in (([GREEN], "which is not painted"), ([(9, 99, 99)], "got #096363")):
        with pytest.raises((ImageError, SettingsError), match=says):
            transfer(*plan, settings=SETTINGS.changed(denoise=0.2), denoise_regions=colors)
    with pytest.raises(SettingsError, match="denoise_regions has no effect where no region is painted"):
        transfer(
            PlanRegion(mask=LEFT, style=FIRST),
            content_map=None,
            settings=SETTINGS.changed(denoise=0.2),
            denoise_regions=[RED],
        )


def test_styles_may_be_of_any_float_type(transfer):
    double = StyleImage(SECOND.image.astype(np.float64))
    results = [transfer(PlanRegion(RED, style=style)).image for style in (SECOND, double)]
    assert_array_equal(*results)


def test_a_style_without_a_name_is_called_the_style_image(transfer):
    with pytest.raises(ImageError, match=r"^the style image has type uint16"):
        transfer(PlanRegion(RED, style=StyleImage(np.zeros((8, 8, 3), np.uint16))))


def test_strength_scales_the_style_term(transfer):
    plain, strong = (
        transfer(
            PlanRegion(RED, style=SECOND, strength=strength), settings=SETTINGS.changed(steps=1, style_weight=1.0)
        )
        for strength in (1.0, 4.0)
    )
    assert strong.losses["style"] == pytest.approx(4 * plain.losses["style"], rel=1e-5)


BLACK = np.zeros((12, 16), np.float32)


@pytest.mark.parametrize(
    ("regions", "says"),
    [
        ([], "the plan paints nothing"),
        ([PlanRegion(RED)], "the plan paints nothing"),
        ([PlanRegion(style=SECOND)], "expected either a region of the content map or a mask; give exactly one"),
        ([PlanRegion(RED, mask=LEFT, style=SECOND)], "expected either a region"),
        ([PlanRegion(RED, style=SECOND), PlanRegion(RED)], "region #ff0000 (red) is listed twice; list it once"),
        ([PlanRegion((9, 99, 99), style=SECOND)], "but got #096363 (cyan)"),
        ([PlanRegion(mask=LEFT)], "a mask without a style paints nothing"),
        ([PlanRegion(mask=BLACK, style=SECOND)], "the mask is 0 everywhere"),
        ([PlanRegion(RED), PlanRegion(mask=(LEFT > 0.9) * LEFT, style=SECOND)], "is 0 wherever pixels are not"),
        ([PlanRegion(mask=LEFT[:3], style=SECOND)], "aspect of the content image"),
        ([PlanRegion(RED, style=SECOND, style_region=RED)], "second.jpg has no map"),
        ([PlanRegion(GREEN, style=FIRST)], "the map of first.jpg lacks #00ff00 (green, 48 pixels"),
        ([PlanRegion(RED, style=FIRST, style_region=GREEN)], "the map of first.jpg, #0000ff (blue) and #ff0000"),
        ([PlanRegion(RED, style=FIRST, style_region="all")], "expected a color or an id of its map, or 'whole'"),
        ([PlanRegion(RED, style=FIRST, style_region=RED, style_mask=LEFT)], "not both"),
        ([PlanRegion(RED, style=SECOND, style_mask=LEFT)], "the aspect of second.jpg, which is 12x12"),
        ([PlanRegion(RED, style=SECOND, strength=-1.0)], "the strength is -1.0; expected a number from 0 to 1"),
        ([PlanRegion(RED, style=SECOND, strength=np.nan)], "the strength is nan"),
        ([PlanRegion(RED, style=SECOND, color="gray")], "color is 'gray'; expected one of style, content, lum"),
        ([PlanRegion(RED, style=StyleImage(STYLE * 300, name="loud.jpg"))], "the loud.jpg has values"),
        ([PlanRegion(RED, style=StyleImage(STYLE, CONTENT_MAP, "s.jpg"))], "the map of s.jpg is 16x12"),
    ],
)  # fmt: skip
def test_regions_that_cannot_work_are_refused_before_the_work(transfer, regions, says):
    steps = []
    with pytest.raises((ImageError, SettingsError)) as caught:
        transfer(*regions, on_step=steps.append)
    assert says in str(caught.value)
    assert not steps


def test_regions_need_a_content_map(transfer):
    with pytest.raises(SettingsError, match=r"region #ff0000 .red. needs a content map; pass `content_map`"):
        transfer(PlanRegion(RED, style=SECOND), content_map=None)


def test_only_pixels_that_are_kept_whole_are_kept_from_masks(transfer):
    content_map = softened(side_by_side((12, 16)), {6: 0.2, 7: 0.4, 8: 0.6, 9: 0.8})
    ones = np.ones((12, 16), np.float32)
    result = transfer(PlanRegion(RED), PlanRegion(mask=ones, style=SECOND), content_map=content_map)
    assert_array_equal(result.image[:, :6], CONTENT[:, :6])
    assert (result.image[:, 6:] != CONTENT[:, 6:]).any(axis=(0, 2)).all()


@pytest.mark.parametrize(
    ("regions", "about"),
    [
        ([PlanRegion(RED, style=FIRST), PlanRegion((9, 99, 99), style=FIRST)], ("regions", 1, "region")),
        ([PlanRegion(mask=BLACK, style=FIRST)], ("regions", 0, "mask")),
        ([PlanRegion(RED, style=FIRST, style_region=GREEN)], ("regions", 0, "style_region")),
        ([PlanRegion(RED, style=SECOND, style_mask=LEFT)], ("regions", 0, "style_mask")),
        ([PlanRegion(RED, style=SECOND, strength=2.0)], ("regions", 0, "strength")),
        ([PlanRegion(RED, style=SECOND, color="gray")], ("regions", 0, "color")),
        ([PlanRegion(mask=LEFT)], ("regions", 0, "style")),
        ([PlanRegion(RED, style=StyleImage(STYLE * 300))], ("regions", 0, "style")),
    ],
)
def test_errors_say_which_input_they_are_about(transfer, regions, about):
    with pytest.raises((ImageError, SettingsError)) as caught:
        transfer(*regions)
    assert caught.value.about == about
