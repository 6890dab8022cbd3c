"""The strength of styles: 0 is the content image, equal steps are equal steps away from it."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from small_scenes import BLUE, CONTENT, GREEN, OTHER, RED, SETTINGS, STYLE, side_by_side, stacked

import maskstyle
from maskstyle.errors import ImageError, SettingsError
from maskstyle.networks.load import load_network
from maskstyle.settings import Settings
from maskstyle.synthesis.paint import Run

pytestmark = pytest.mark.usefixtures("eagerly")

HALF = np.broadcast_to(np.linspace(0, 1, 16, dtype=np.float32), (12, 16))


@pytest.fixture
def run(tiny_choice):
    return Run(network=tiny_choice(["block1_conv1", "block2_conv1"]))


def basic(run, **changes):
    return maskstyle.transfer_basic(CONTENT, STYLE, settings=SETTINGS.changed(**changes), run=run)


def distance(image):
    """Return how far an image is from the content image."""
    return float(np.mean((image - CONTENT) ** 2))


@pytest.mark.parametrize("color", ["style", "content", "luminance", "match"])
def test_strength_0_is_the_content_image(run, color):
    result = basic(run, strength=0.0, color=color, init="noise", denoise=0.1)
    assert np.array_equal(result.image, CONTENT)
    assert (result.steps, result.stopped_because) == ((), "unpainted")


def test_more_strength_is_further_from_the_content_image(run):
    distances = [distance(basic(run, strength=each, steps=4).image) for each in (0.05, 0.2, 0.8)]
    assert 0 < distances[0] < distances[1] < distances[2]


def test_half_the_strength_is_the_default(run):
    assert np.array_equal(basic(run).image, basic(run, strength=0.5).image)


def test_a_mask_of_strength_0_is_no_mask(run):
    styles, masks = [STYLE, OTHER], [HALF, 1 - HALF]
    both = maskstyle.transfer_mask(CONTENT, styles, masks=masks, strengths=[None, 0.0], settings=SETTINGS, run=run)
    one = maskstyle.transfer_mask(CONTENT, styles[:1], masks=masks[:1], settings=SETTINGS, run=run)
    assert np.array_equal(both.image, one.image)


def test_the_strength_of_a_mask_is_that_of_the_settings(run):
    own = maskstyle.transfer_mask(CONTENT, [STYLE], masks=[HALF], strengths=[0.2], settings=SETTINGS, run=run)
    shared = maskstyle.transfer_mask(CONTENT, [STYLE], masks=[HALF], settings=SETTINGS.changed(strength=0.2), run=run)
    assert np.array_equal(own.image, shared.image)


def test_each_region_of_a_plan_has_its_own_strength(run):
    style = maskstyle.StyleImage(STYLE)

    def painted(left, right, steps=2):
        return maskstyle.transfer_plan(
            CONTENT,
            [
                maskstyle.PlanRegion(RED, style=style, strength=left),
                maskstyle.PlanRegion(BLUE, style=style, strength=right),
            ],
            content_map=side_by_side((12, 16)),
            settings=SETTINGS.changed(steps=steps),
            run=run,
        ).image

    kept = painted(0.0, 0.5)
    assert np.array_equal(kept[:, :8], CONTENT[:, :8])
    assert not np.array_equal(kept[:, 8:], CONTENT[:, 8:])
    faint, strong = (changed(run, painted(*each, steps=4)) for each in ((0.001, 0.9), (0.9, 0.001)))
    assert faint[0] < strong[0]
    assert strong[1] < faint[1]


@pytest.fixture
def region(run):
    """Return a function that paints two regions, RED and BLUE."""

    def region(strengths=None, **others):
        settings = SETTINGS.changed(**others.pop("settings", {}))
        maps = {"content_map": side_by_side((12, 16)), "style_map": stacked(STYLE.shape[:2])}
        return maskstyle.transfer_region(
            CONTENT, STYLE, **maps, strengths=strengths, settings=settings, run=run, **others
        ).image

    return region


def test_a_region_of_strength_0_is_kept_bit_for_bit(region):
    kept = region([(RED, 0.0)], settings={"init": "noise", "denoise": 0.1})
    assert np.array_equal(kept, region(regions=[BLUE], settings={"init": "noise", "denoise": 0.1}))
    assert np.array_equal(kept[:, :8], CONTENT[:, :8])
    assert not np.array_equal(kept[:, 8:], CONTENT[:, 8:])
    assert np.array_equal(region([(RED, 0), (BLUE, 0)]), CONTENT)


def test_each_region_has_its_own_strength(region, run):
    faint, strong = (
        changed(run, region(strengths, settings={"steps": 4}))
        for strengths in ([(RED, 0.001), (BLUE, 0.9)], [(RED, 0.9), (BLUE, 0.001)])
    )
    assert faint[0] < strong[0]
    assert strong[1] < faint[1]


def test_the_other_regions_have_the_strength_of_the_settings(region):
    assert np.array_equal(region([(RED, 0.5)]), region())
    near = (RED[0] - 3, 2, 1)  # a color that has drifted, as in a JPEG
    assert np.array_equal(region([(BLUE, 0.2), (near, 0.2)]), region(settings={"strength": 0.2}))


def test_with_a_raw_weight_the_strength_of_a_region_is_a_factor(region):
    twice = region([(RED, 2.0), (BLUE, 2.0)], settings={"style_weight": 2.0})
    assert np.array_equal(twice, region(settings={"style_weight": 4.0}))


@pytest.mark.parametrize(
    ("strengths", "others", "message"),
    [
        ([(RED, 1.5)], {}, r"the strength of region #ff0000 \(red\) is 1.5; expected a number from 0 to 1"),
        ([(BLUE, 0.5), (BLUE, 0.5)], {}, r"strengths lists #0000ff \(blue\) twice; give each region one strength"),
        ([(RED, 0.5)], {"regions": [BLUE]}, r"strengths lists #ff0000 \(red\), which is not painted; list only pai"),
        ([(RED, -1.0)], {"settings": {"style_weight": 1.0}}, r"is -1.0; expected a number of at least 0"),
    ],
)
def test_strengths_of_regions_are_checked(region, strengths, others, message):
    with pytest.raises(SettingsError, match=message):
        region(strengths, **others)


def test_a_strength_of_no_region_is_refused(region):
    with pytest.raises(ImageError, match=r"expected colors of the content map, .*, but got #00ff00 \(green\)"):
        region([(GREEN, 0.5)])


def changed(run, image):
    """Return the squared distance of the content layer's features in the left and in the right half."""
    network = load_network(run.network, pooling="max", padding="edge")
    ours, content = (network(tf.constant(each))["block2_conv1"].numpy() for each in (image, CONTENT))
    squares = np.sum((ours - content) ** 2, axis=-1)
    return squares[:, :4].sum(), squares[:, 4:].sum()


def test_with_a_raw_weight_the_strength_of_a_mask_is_a_factor(run):
    def painted(weight, strength):
        settings = SETTINGS.changed(style_weight=weight)
        return maskstyle.transfer_mask(
            CONTENT, [STYLE], masks=[HALF], strengths=[strength], settings=settings, run=run
        ).image

    assert np.array_equal(painted(4.0, 0.5), painted(2.0, None))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strength": 1.5}, r"strength is 1.5; expected a number from 0 to 1"),
        ({"strength": -0.1}, r"strength is -0.1; expected a number from 0 to 1"),
        (
            {"strength": 0.5, "style_weight": 2.0},
            r"strength is 0.5, but style_weight is 2 \(given, or set by the recipe\); leave one out",
        ),
        ({"strength": 0.5, "content_weight": 0.0}, "strength has no effect where content_weight is 0"),
        ({"content_reduction": "sum"}, "content_reduction is 'sum', which has no effect with a strength"),
    ],
)
def test_settings_that_contradict_each_other(changes, message):
    with pytest.raises(SettingsError, match=message):
        Settings(**changes)


def test_strengths_of_masks_are_checked():
    with pytest.raises(SettingsError, match=r"the strength of mask 1 is 1.5; expected a number from 0 to 1"):
        maskstyle.transfer_mask(CONTENT, [STYLE], masks=[HALF], strengths=[1.5])
