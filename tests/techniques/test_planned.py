"""Planned transfer: what it equals, what several styles ask for, which pixels and colours it leaves alone."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image, raw_gram
from skimage.color import rgb2lab

from maskstyle.errors import ImageError, SettingsError
from maskstyle.guidance.gradients import soft_weights
from maskstyle.guidance.planned import PlannedRegion, PlannedStyle
from maskstyle.guidance.settling import settle_regions
from maskstyle.maps import SemanticMap
from maskstyle.planned_guides import masked_style_targets, planned_guides
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


@pytest.mark.parametrize("changes", [{}, {"scales": 2, "init": "style"}, {"init": "noise", "propagation": "inside"}])
@pytest.mark.parametrize("feather", [0.0, 2.0])
def test_one_style_is_region_transfer(transfer, network, changes, feather):
    settings = SETTINGS.changed(**changes)
    by_region = transfer_region(
        CONTENT,
        STYLES[0],
        content_map=CONTENT_MAP,
        style_map=FIRST.style_map,
        regions=[RED, GREEN, BLUE],
        mapping=[(GREEN, BLUE)],
        feather=feather,
        settings=settings,
        network=network,
    )
    planned = transfer(
        PlannedRegion(BLUE, style=FIRST),
        PlannedRegion(RED, style=FIRST, style_region=RED),
        PlannedRegion(GREEN, style=FIRST, style_region=BLUE),
        feather=feather,
        settings=settings,
    )
    assert_array_equal(planned.image, by_region.image)
    assert planned.losses == by_region.losses


@pytest.mark.parametrize("changes", [{}, {"scales": 2, "init": "style"}, {"init": "noise", "mask_exponent": 2.0}])
def test_masks_alone_are_mask_transfer(transfer, network, changes):
    settings = SETTINGS.changed(**changes)
    masks = [LEFT**2, np.where(LEFT > 0.5, 0, 1 - LEFT).astype(np.float32)]
    by_mask = transfer_gradient_mask(
        CONTENT, STYLES[:2], masks=masks, strengths=[2.0, 1.0], settings=settings, network=network
    )
    planned = transfer(
        PlannedRegion(mask=masks[0], style=PlannedStyle(STYLES[0]), strength=2.0),
        PlannedRegion(mask=masks[1], style=SECOND),
        content_map=None,
        settings=settings,
    )
    assert_array_equal(planned.image, by_mask.image)
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
    guides = planned_guides(network, settled, (12, 16), lambda size: size, SETTINGS)
    by_name = {guide.name: guide for guide in guides}
    assert list(by_name) == ["#00ff00 (green)", "#0000ff (blue)", "#ffff00 (yellow)", "1"]
    features = [network(style)["block1_conv1"].numpy().astype(np.float64) for style in STYLES]
    lower = np.zeros((16, 10))
    lower[8:] = 1
    expected = {
        "#00ff00 (green)": (raw_gram(features[1]) / 144, 0.5 * 48 / 192, 144),
        "#0000ff (blue)": (raw_gram(features[0][:8]) / 80, 48 / 192, 80),
        "#ffff00 (yellow)": (weighed(features[2], style_mask), 48 / 192, style_mask.sum()),
        "1": (weighed(features[0], lower), 3 * LEFT[:, 4:].sum() / 192, 80),
    }
    for name, (target, strength, total) in expected.items():
        assert_allclose(by_name[name].targets["block1_conv1"], target, rtol=1e-4)
        assert by_name[name].strength == pytest.approx(strength, rel=1e-5)
        assert by_name[name].target_sums["block1_conv1"] == pytest.approx(total, rel=1e-5)
    assert_array_equal(by_name["1"].weights["block1_conv1"][:, :4], 0)  # where red is kept


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


def test_the_contents_colours_are_kept_where_asked(transfer):
    plan = [PlannedRegion(RED, style=SECOND), PlannedRegion(BLUE, style=FIRST)]
    plain = transfer(*plan)
    kept = transfer(plan[0], dataclasses.replace(plan[1], color="content"))
    blue = LABELS == 2
    assert_array_equal(kept.image[~blue], plain.image[~blue])
    assert np.abs(rgb2lab(kept.image)[blue] - rgb2lab(plain.image)[blue]).max() > 0.1
    painted = rgb2lab(plain.image)[blue]
    expected = np.concatenate([painted[:, :1], rgb2lab(CONTENT)[blue][:, 1:]], axis=1)
    inside = ((kept.image > 0) & (kept.image < 1)).all(axis=2)[blue]
    assert_allclose(rgb2lab(kept.image)[blue][inside], expected[inside], atol=0.05)


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
        ([PlannedRegion(RED, style=FIRST, style_region="all")], "is 'all'; expected a colour of its map, or 'whole'"),
        ([PlannedRegion(RED, style=FIRST, style_region=RED, style_mask=LEFT)], "not both"),
        ([PlannedRegion(RED, style=SECOND, style_mask=LEFT)], "the aspect of second.jpg, which is 12x12"),
        ([PlannedRegion(RED, style=SECOND, strength=0.0)], "the strength is 0; expected a number above 0"),
        ([PlannedRegion(RED, style=SECOND, strength=np.nan)], "the strength is nan"),
        ([PlannedRegion(RED, style=SECOND, color="grey")], "color is 'grey'; expected one of style, content"),
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
