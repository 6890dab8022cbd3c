"""Settings: every bad value is refused with its name, every good one taken."""

import dataclasses
import math

import pytest

from maskstyle.errors import SettingsError
from maskstyle.settings import (
    CHOICES,
    DOODLE_SETTINGS,
    Limits,
    PatchSettings,
    Settings,
    wanted_layers,
    without_content,
)

FIELDS = {field.name for field in dataclasses.fields(Settings)}
AT_LEAST_0 = (
    "content_weight",
    "style_weight",
    "tv_weight",
    "step_decay",
    "tolerance",
    "beta_1",
    "beta_2",
    "seed",
    "denoise",
    "strength",
)
AT_LEAST_1 = ("tv_exponent", "scales", "steps", "history", "size")
ABOVE_0 = (
    "pixel_range",
    "mask_exponent",
    "intensity",
    "style_scale",
    "learning_rate",
    "epsilon",
    "noise_contrast",
)
MAY_BE_NONE = {"size", "scales", "strength", "style_weight"}
BELOW_1 = ("beta_1", "beta_2")
WHOLE = ("size", "scales", "steps", "history", "seed")
NUMBERS = (*AT_LEAST_0, *AT_LEAST_1, *ABOVE_0)
MIXES = ("content_layers", "style_layers")

BAD = [
    *((name, "nonsense") for name in (*CHOICES, *NUMBERS)),
    *((name, value) for name in NUMBERS for value in (math.nan, math.inf, -1, "1")),
    *((name, None) for name in (*NUMBERS, *CHOICES) if name not in MAY_BE_NONE),
    *((name, -1e-9) for name in AT_LEAST_0),
    *((name, value) for name in AT_LEAST_1 for value in (0, 0.999)),
    *((name, 0) for name in ABOVE_0),
    *((name, 1.0) for name in BELOW_1),
    ("noise_contrast", 1.001),
    ("strength", 1.001),
    ("full_size", "nonsense"),
    *(("size", value) for value in ("800x", "0x600", "800 600", (800, 600), [800])),
    *((name, 2.5) for name in WHOLE),
    *((name, (("block1_conv1", weight),)) for name in MIXES for weight in (-1.0, math.nan, math.inf, "1")),
    *((name, (("block1_conv1", 1.0), ("block1_conv1", 2.0))) for name in MIXES),
    *((name, ()) for name in MIXES),
    *((name, (("block1_conv1", 0.0),)) for name in MIXES),
    *((name, value) for name in MIXES for value in ("block1_conv1", ("block1_conv1",), (("block1_conv1",),), 3)),
]


def test_the_table_covers_every_setting():
    assert {name for name, _ in BAD} == FIELDS


@pytest.mark.parametrize("name", sorted(FIELDS))
def test_bad_values(name):
    for value in (value for each, value in BAD if each == name):
        with pytest.raises(SettingsError, match=name):
            Settings(**{name: value})


def test_good_values():
    for name, value in GOOD:
        raw = {"style_weight": 1.0} if name == "content_reduction" else {}
        assert getattr(Settings(**{name: value}, **raw), name) == value


GOOD = [
    *((name, choice) for name, choices in CHOICES.items() for choice in choices),
    *((name, 0) for name in AT_LEAST_0),
    *((name, 1) for name in AT_LEAST_1),
    *((name, 1e-6) for name in ABOVE_0),
    *((name, 0.999999) for name in BELOW_1),
    ("noise_contrast", 1),
    ("size", None),
    ("content_layers", (("block1_conv1", 0.0), ("block5_conv4", 2.0))),
]


@pytest.mark.parametrize(("mix", "weight"), [("content_layers", "content_weight"), ("style_layers", "style_weight")])
def test_a_term_of_weight_0_needs_no_layers(mix, weight):
    assert getattr(Settings(**{mix: (), weight: 0.0}), mix) == ()


def test_messages_name_the_choices():
    with pytest.raises(SettingsError, match="optimizer is 'sgd'; expected one of auto, lbfgs, adam"):
        Settings(optimizer="sgd")


def test_changed_returns_changed_settings_and_checks_them():
    settings = Settings()
    changed = settings.changed(steps=7, seed=3)
    assert (changed.steps, changed.seed) == (7, 3)
    assert dataclasses.replace(changed, steps=settings.steps, seed=settings.seed) == settings
    with pytest.raises(SettingsError, match="steps"):
        settings.changed(steps=0)


def test_changed_refuses_unknown_names_and_lists_the_known():
    with pytest.raises(SettingsError, match=r"no setting 'step'; the settings are .*steps"):
        Settings().changed(step=7)


def test_settings_cannot_be_changed_in_place():
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(Settings(), "steps", 3)  # noqa: B010 - type checkers know that it cannot work


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"patch_size": 0}, "patch_size is 0; expected a number of at least 1"),
        ({"patch_size": 2.5}, "patch_size is 2.5; expected a whole number"),
        ({"patch_stride": 0}, "patch_stride is 0"),
        ({"patch_size": 4, "patch_stride": 5}, "patch_stride is 5, but patch_size is 4"),
        ({"patch_offset": 3}, "patch_offset is 3; expected a pair"),
        ({"patch_offset": (0, -1)}, "patch_offset is -1"),
        ({"similarity": "euclid"}, "similarity is 'euclid'; expected one of cosine, ncc"),
        ({"repetition": -0.1}, "repetition is -0.1"),
        ({"position_weight": float("inf")}, "position_weight is inf"),
        ({"feature_weight": -1}, "feature_weight is -1"),
    ],
)
def test_patch_settings_that_cannot_work(changes, says):
    with pytest.raises(SettingsError, match=says):
        PatchSettings(**changes)


def test_patches_touch_where_no_stride_is_given():
    assert PatchSettings(patch_size=24).stride == 24
    assert PatchSettings(patch_size=24, patch_stride=8).stride == 8


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("memory", value) for value in ("nonsense", math.nan, math.inf, -1, 0)),
        *(("tile_size", value) for value in ("nonsense", math.nan, -1, 0, 63, 64.5)),
    ],
)
def test_limits_that_cannot_work(name, value):
    with pytest.raises(SettingsError, match=name):
        Limits(**{name: value})


def test_limits_may_be_left_out():
    assert Limits() == Limits(memory=None, tile_size=None)
    assert (Limits(memory=0.5).memory, Limits(tile_size=64).tile_size) == (0.5, 64)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ("block2_conv1", "block1_conv1")),
        ({"style_weight": 0}, ("block2_conv1",)),
        ({"content_weight": 0}, ("block1_conv1", "block2_conv1")),
        ({"content_weight": 0, "style_weight": 0}, ()),
        ({"content_layers": (("block1_conv2", 1.0), ("block5_conv2", 0.0)), "style_weight": 0}, ("block1_conv2",)),
    ],
)
def test_wanted_layers_are_those_of_terms_with_weight_each_once(changes, expected):
    settings = Settings(
        content_layers=(("block2_conv1", 1.0),), style_layers=(("block1_conv1", 1.0), ("block2_conv1", 1.0))
    )
    assert wanted_layers(settings.changed(**changes)) == expected


def test_settings_without_a_content_image():
    assert without_content(Settings(init="content")) == Settings(content_weight=0.0)
    assert without_content(DOODLE_SETTINGS.changed(init="noise")) == DOODLE_SETTINGS.changed(init="noise")
