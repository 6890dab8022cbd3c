"""Planned transfer: what it equals, what several styles ask for, which pixels and colors it leaves alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image, raw_gram
from skimage.color import rgb2lab

from maskstyle.errors import ImageError, SettingsError
from maskstyle.guidance.planned import PlannedRegion, PlannedStyle
from maskstyle.guidance.planned_styles import seen_styles
from maskstyle.guidance.settling import settle_regions
from maskstyle.guidance.soft_masks import opacity, soft_weights
from maskstyle.images.color import lightness_only, seen_style, with_content_chroma
from maskstyle.maps.io import SemanticMap
from maskstyle.objective.planned_guides import masked_style_targets, planned_guides
from maskstyle.settings import Settings
from maskstyle.techniques.gradient_mask import transfer_gradient_mask
from maskstyle.techniques.planned import transfer_planned
from maskstyle.techniques.region import transfer_region

pytestmark = pytest.mark.usefixtures("eagerly")

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)
CONTENT = random_image(1, 12, 16)
STYLES = [random_image(2, 16, 10) ** 2, random_image(3, 12, 12), random_image(4, 14, 18) ** 0.5]
LABELS = np.zeros((12, 16), np.int32)
LABELS[:, 4:8], LABELS[:6, 8:], LABELS[6:, 8:] = 1, 2, 3
CONTENT_MAP = SemanticMap(LABELS, (RED, GREEN, BLUE, YELLOW))
SETTINGS = Settings(
    content_layers=(("block2_conv1", 1.0),),
    style_layers=(("block1_conv1", 1.0), ("block2_conv1", 1.0)),
    compute_type="float32",
    scales=1,
    steps=3,
    tolerance=0.0,
    seed=3,
)
LEFT = np.tile(np.linspace(1, 0, 16, dtype=np.float32), (12, 1))


def upper_lower(image, colors):
    labels = np.zeros(image.shape[:2], np.int32)
    labels[labels.shape[0] // 2 :] = 1
    return SemanticMap(labels, colors)


FIRST = PlannedStyle(STYLES[0], upper_lower(STYLES[0], (BLUE, RED)), "first.jpg")
SECOND = PlannedStyle(STYLES[1], name="second.jpg")


@pytest.fixture(scope="module")
def network(tiny_network):
    return tiny_network(("block1_conv1", "block2_conv1"))


@pytest.fixture
def transfer(network):
    def transfer(*regions, content_map=CONTENT_MAP, **others):
        others = {"settings": SETTINGS, **others}
        return transfer_planned(CONTENT, regions, content_map=content_map, network=network, **others)

    return transfer


ALPHA = np.clip(random_image(9, 12, 16)[..., 0] * 2 - 0.5, 0, 1).astype(np.float32)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"scales": 2, "init": "style", "color": "content"},
        {"init": "noise", "propagation": "inside", "color": "luminance"},
        {"scales": 2, "init": "colors", "color": "match"},
        {"denoise": 0.1, "propagation": "split"},
    ],
)
@pytest.mark.parametrize(
    "others",
    [{}, {"feather": 2.0, "alpha": ALPHA}, {"feather": 3.0, "feather_mode": "edges", "transparent": True}],
)
def test_one_style_is_region_transfer(transfer, network, changes, others):
    settings = SETTINGS.changed(**changes)
    if "denoise" in changes:
        others = {**others, "denoise_regions": [BLUE]}
    by_region = transfer_region(
        CONTENT,
        STYLES[0],
        content_map=CONTENT_MAP,
        style_map=FIRST.style_map,
        regions=[RED, GREEN, BLUE],
        mapping=[(GREEN, BLUE)],
        settings=settings,
        network=network,
        **others,
    )
    planned = transfer(
        PlannedRegion(BLUE, style=FIRST),
        PlannedRegion(RED, style=FIRST, style_region=RED),
        PlannedRegion(GREEN, style=FIRST, style_region=BLUE),
        settings=settings,
        **others,
    )
    assert_array_equal(planned.image, by_region.image)
    assert_array_equal(planned.alpha, by_region.alpha)
    assert planned.losses == by_region.losses


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"scales": 2, "init": "style", "color": "match"},
        {"init": "noise", "mask_exponent": 2.0, "color": "content"},
        {"scales": 2, "init": "colors", "color": "luminance"},
    ],
)
@pytest.mark.parametrize("others", [{}, {"alpha": ALPHA, "transparent": True}])
def test_masks_alone_are_mask_transfer(transfer, network, changes, others):
    settings = SETTINGS.changed(**changes)
    masks = [LEFT**2, np.where(LEFT > 0.5, 0, 1 - LEFT).astype(np.float32)]
    by_mask = transfer_gradient_mask(
        CONTENT, STYLES[:2], masks=masks, strengths=[2.0, 1.0], settings=settings, network=network, **others
    )
    planned = transfer(
        PlannedRegion(mask=masks[0], style=PlannedStyle(STYLES[0]), strength=2.0),
        PlannedRegion(mask=masks[1], style=SECOND),
        content_map=None,
        settings=settings,
        **others,
    )
    assert_array_equal(planned.image, by_mask.image)
    assert_array_equal(planned.alpha, by_mask.alpha)
    assert planned.losses == by_mask.losses


def test_several_styles_ask_for_the_grams_of_each(network):
    """The guides against Gram matrices by hand, of regions, whole images and masks over three style images."""
    style_mask = np.tile(np.linspace(0, 1, 18, dtype=np.float32), (14, 1))
    third = PlannedStyle(STYLES[2], name="third.jpg")
    plan = [
        PlannedRegion(GREEN, style=SECOND, strength=0.5),
        PlannedRegion(BLUE, style=FIRST),
        PlannedRegion(YELLOW, style=third, style_mask=style_mask),
        PlannedRegion(mask=LEFT, style=FIRST, style_region=RED, strength=3.0),
        PlannedRegion(RED),
    ]
    settled = settle_regions(plan, CONTENT_MAP, (12, 16))
    guides = planned_guides(network, settled, seen_styles(settled, CONTENT), (12, 16), lambda size: size, SETTINGS)
    by_name = {guide.name: guide for guide in guides}
    assert list(by_name) == ["#00ff00 (green)", "#0000ff (blue)", "#ffff00 (yellow)", "mask 1"]
    features = [network(style)["block1_conv1"].numpy().astype(np.float64) for style in STYLES]
    lower = np.zeros((16, 10))
    lower[8:] = 1
    expected = {
        "#00ff00 (green)": (raw_gram(features[1]) / 144, 0.5 * 48 / 192, 144),
        "#0000ff (blue)": (raw_gram(features[0][:8]) / 80, 48 / 192, 80),
        "#ffff00 (yellow)": (weighed(features[2], style_mask), 48 / 192, style_mask.sum()),
        "mask 1": (weighed(features[0], lower), 3 * LEFT[:, 4:].sum() / 192, 80),
    }
    for name, (target, strength, total) in expected.items():
        assert_allclose(by_name[name].targets["block1_conv1"], target, rtol=1e-4)
        assert by_name[name].strength == pytest.approx(strength, rel=1e-5)
        assert by_name[name].target_sums["block1_conv1"] == pytest.approx(total, rel=1e-5)
    assert_array_equal(by_name["mask 1"].weights["block1_conv1"][:, :4], 0)  # where red is kept


def weighed(features, weights):
    return np.einsum("hwc,hwd,hw->cd", features, features, weights) / weights.sum()


def test_a_mask_over_a_style_is_averaged_on_deeper_layers(network):
    mask = random_image(6, 14, 18)[..., 0]
    targets, sums = masked_style_targets(network, STYLES[2], mask, SETTINGS)
    weights, total = soft_weights(mask, (7, 9))
    features = network(STYLES[2])["block2_conv1"].numpy().astype(np.float64)
    assert_allclose(targets["block2_conv1"], weighed(features, weights.astype(np.float64)), rtol=1e-4)
    assert sums["block2_conv1"] == pytest.approx(total)


def test_what_is_kept_stays_bit_for_bit_whatever_masks_say(transfer):
    result = transfer(
        PlannedRegion(RED),
        PlannedRegion(BLUE, style=SECOND),
        PlannedRegion(mask=LEFT, style=FIRST),
        settings=SETTINGS.changed(init="noise", denoise=0.1),
    )
    assert_array_equal(result.image[:, :4], CONTENT[:, :4])
    assert (result.image[:, 4:15] != CONTENT[:, 4:15]).any(axis=(0, 2)).all()
    assert result.technique == "planned"


def test_what_no_region_names_is_kept(transfer):
    result = transfer(PlannedRegion(BLUE, style=SECOND), settings=SETTINGS.changed(init="noise"))
    assert_array_equal(result.image[LABELS != 2], CONTENT[LABELS != 2])


def test_the_contents_colors_are_kept_where_asked(transfer):
    plan = [PlannedRegion(RED, style=SECOND), PlannedRegion(BLUE, style=FIRST)]
    plain = transfer(*plan)
    kept = transfer(plan[0], dataclasses.replace(plan[1], color="content"))
    blue = LABELS == 2
    assert_array_equal(kept.image[~blue], plain.image[~blue])
    assert np.abs(rgb2lab(kept.image)[blue] - rgb2lab(plain.image)[blue]).max() > 0.1
    assert_allclose(rgb2lab(kept.image)[blue][:, 0], rgb2lab(plain.image)[blue][:, 0], atol=0.05)
    assert_array_equal(kept.image[blue], with_content_chroma(plain.image, CONTENT)[blue])


@pytest.mark.parametrize("mode", ["luminance", "match"])
def test_each_region_may_have_a_color_mode_of_its_own(network, mode):
    """The style images that guides are made of, one recolored for each that asks for it, against calls by hand."""
    style_mask = random_image(8, 12, 12)[..., 0]
    plan = [
        PlannedRegion(RED, style=FIRST),
        PlannedRegion(BLUE, style=FIRST, color=mode),
        PlannedRegion(GREEN, style=SECOND, color=mode, style_mask=style_mask),
        PlannedRegion(mask=LEFT, style=FIRST, style_region=RED, color=mode),
        PlannedRegion(mask=LEFT, style=SECOND),
    ]
    seen = seen_styles(settle_regions(plan, CONTENT_MAP, (12, 16)), CONTENT)
    (plain, for_blue, for_green), (for_mask, second) = seen.regions, seen.masks
    assert plain.image is STYLES[0]
    assert second is STYLES[1]
    pixels = STYLES[0][:8][np.newaxis].reshape(1, -1, 3)
    blue = seen_style(pixels, CONTENT[LABELS == 2][np.newaxis], mode)
    assert_allclose(for_blue.image[:8].reshape(1, -1, 3), blue, atol=1e-6)
    weights = (LABELS == 1).astype(np.float32)
    expected = seen_style(STYLES[1], CONTENT, mode, style_weights=style_mask, content_weights=weights)
    assert_array_equal(for_green.image, expected)
    lower = np.zeros((16, 10), np.float32)
    lower[8:] = 1
    expected = seen_style(STYLES[0], CONTENT, mode, style_weights=lower, content_weights=LEFT)
    assert_array_equal(for_mask, expected)


def test_gray_is_seen_and_colored_where_luminance_is_asked_for(transfer):
    plan = [PlannedRegion(RED, style=SECOND), PlannedRegion(BLUE, style=FIRST, color="luminance")]
    seen = []
    result = transfer(*plan, on_step=lambda step: seen.append(step.image), settings=SETTINGS.changed(steps=1))
    blue = LABELS == 2
    assert_array_equal(seen[0][blue], lightness_only(CONTENT)[blue])
    assert_array_equal(seen[0][~blue], CONTENT[~blue])
    assert_allclose(result.image[blue], with_content_chroma(result.image, CONTENT)[blue], atol=1e-2)
    assert np.ptp(result.image[blue], axis=-1).max() > 0.1


def test_modes_of_masks_mix_as_the_masks_do(transfer):
    both = [PlannedRegion(mask=LEFT, style=SECOND), PlannedRegion(mask=1 - LEFT, style=FIRST, color="content")]
    result = transfer(*both, content_map=None)
    plain = transfer(*(dataclasses.replace(each, color=None) for each in both), content_map=None).image
    colored = with_content_chroma(plain, CONTENT)
    inner = np.s_[:, 1:-1]
    expected = plain + (1 - LEFT)[..., np.newaxis] * (colored - plain)
    opaque = opacity(np.ones((12, 16), np.float32))
    assert_array_equal(opaque, 1)
    assert_allclose(result.image[inner], expected[inner], atol=1e-5)


def test_the_settings_say_the_colors_of_what_says_none(transfer):
    plan = [PlannedRegion(RED, style=SECOND), PlannedRegion(BLUE, style=FIRST, color="style")]
    by_settings = transfer(*plan, settings=SETTINGS.changed(color="content"))
    by_plan = transfer(dataclasses.replace(plan[0], color="content"), plan[1])
    assert_array_equal(by_settings.image, by_plan.image)


def test_regions_to_denoise(transfer):
    plan = [PlannedRegion(RED, style=SECOND), PlannedRegion(BLUE, style=FIRST)]
    plain, smooth, some = (
        transfer(*plan, settings=SETTINGS.changed(denoise=denoise), denoise_regions=regions).image
        for denoise, regions in ((0.0, None), (0.2, None), (0.2, [BLUE]))
    )
    assert_array_equal(some[LABELS == 2], smooth[LABELS == 2])
    assert_array_equal(some[LABELS != 2], plain[LABELS != 2])
    assert (smooth != plain)[LABELS == 0].any()
    for colors, says in (([GREEN], "it is not painted"), ([(9, 99, 99)], "got #096363")):
        with pytest.raises((ImageError, SettingsError), match=says):
            transfer(*plan, settings=SETTINGS.changed(denoise=0.2), denoise_regions=colors)
    with pytest.raises(SettingsError, match="there is no map of the content"):
        transfer(
            PlannedRegion(mask=LEFT, style=FIRST),
            content_map=None,
            settings=SETTINGS.changed(denoise=0.2),
            denoise_regions=[RED],
        )


def test_styles_may_be_of_any_float_type(transfer):
    double = PlannedStyle(STYLES[1].astype(np.float64))
    results = [transfer(PlannedRegion(RED, style=style)).image for style in (SECOND, double)]
    assert_array_equal(*results)


def test_strength_is_felt(transfer):
    plain, strong = (
        transfer(PlannedRegion(RED, style=SECOND, strength=strength), settings=SETTINGS.changed(steps=1))
        for strength in (1.0, 4.0)
    )
    assert strong.losses["style"] == pytest.approx(4 * plain.losses["style"], rel=1e-5)


BLACK = np.zeros((12, 16), np.float32)


@pytest.mark.parametrize(
    ("regions", "says"),
    [
        ([], "the plan paints nothing"),
        ([PlannedRegion(RED)], "the plan paints nothing"),
        ([PlannedRegion(style=SECOND)], "region 1 of the plan: expected either a region of the content's map or a"),
        ([PlannedRegion(RED, mask=LEFT, style=SECOND)], "expected either a region"),
        ([PlannedRegion(RED, style=SECOND), PlannedRegion(RED)], "region 2 of the plan: region #ff0000 (red) is"),
        ([PlannedRegion((9, 99, 99), style=SECOND)], "but got #096363 (cyan)"),
        ([PlannedRegion(mask=LEFT)], "a mask without a style paints nothing"),
        ([PlannedRegion(mask=BLACK, style=SECOND)], "the mask is 0 everywhere"),
        ([PlannedRegion(RED), PlannedRegion(mask=(LEFT > 0.9) * LEFT, style=SECOND)], "is 0 wherever pixels are not"),
        ([PlannedRegion(mask=LEFT[:3], style=SECOND)], "aspect of the content image"),
        ([PlannedRegion(RED, style=SECOND, style_region=RED)], "second.jpg has no map"),
        ([PlannedRegion(GREEN, style=FIRST)], "the map of first.jpg lacks #00ff00 (green, 48 pixels"),
        ([PlannedRegion(RED, style=FIRST, style_region=GREEN)], "the map of first.jpg, #0000ff (blue) and #ff0000"),
        ([PlannedRegion(RED, style=FIRST, style_region="all")], "is 'all'; expected a color of its map, or 'whole'"),
        ([PlannedRegion(RED, style=FIRST, style_region=RED, style_mask=LEFT)], "not both"),
        ([PlannedRegion(RED, style=SECOND, style_mask=LEFT)], "the aspect of second.jpg, which is 12x12"),
        ([PlannedRegion(RED, style=SECOND, strength=0.0)], "the strength is 0; expected a number above 0"),
        ([PlannedRegion(RED, style=SECOND, strength=np.nan)], "the strength is nan"),
        ([PlannedRegion(RED, style=SECOND, color="gray")], "color is 'gray'; expected one of style, content, lum"),
        ([PlannedRegion(RED, style=PlannedStyle(STYLES[0] * 300, name="loud.jpg"))], "the loud.jpg has values"),
        ([PlannedRegion(RED, style=PlannedStyle(STYLES[0], CONTENT_MAP, "s.jpg"))], "the map of s.jpg is 12x16"),
    ],
)  # fmt: skip
def test_what_cannot_work_is_said_before_the_work(transfer, regions, says):
    steps = []
    with pytest.raises((ImageError, SettingsError)) as caught:
        transfer(*regions, on_step=steps.append)
    assert says in str(caught.value)
    assert not steps


def test_regions_need_a_map(transfer):
    with pytest.raises(SettingsError, match="needs a map of the content"):
        transfer(PlannedRegion(RED, style=SECOND), content_map=None)
