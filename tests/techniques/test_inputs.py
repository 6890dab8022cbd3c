"""How a technique declares its inputs, and what is made from the declarations."""

from __future__ import annotations

import dataclasses
import inspect

import numpy as np
import pytest
from small_scenes import CONTENT, SETTINGS, STYLE, side_by_side, stacked

from maskstyle import DOODLE_SETTINGS, Settings, transfer_basic
from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.pixels import Image
from maskstyle.plans.schema import keys_of
from maskstyle.recipes import RECIPES
from maskstyle.settings import ABOVE_ZERO, AT_LEAST_ZERO, CHOICES, PANELS, Bounds
from maskstyle.techniques import TECHNIQUES, BasicInputs, DoodleInputs, RegionInputs
from maskstyle.techniques.inputs import KINDS, Inputs, declare, declared_inputs
from maskstyle.techniques.registry import recipe_settings


@pytest.mark.parametrize("name", TECHNIQUES)
def test_declarations(name):
    inputs = TECHNIQUES[name]
    settings = {field.name for field in dataclasses.fields(Settings)}
    declared = declared_inputs(inputs)
    assert inputs.main in declared
    assert set(inputs.without_effect) <= settings
    assert not set(declared) & settings  # or an option would have two meanings
    for each in declared.values():
        assert each.kind in KINDS
        assert each.panel in PANELS
        assert each.help
        assert len(each.help.split()) <= 14
        assert not each.of or each.of in declared
        assert bool(each.choices) == (each.kind == "choice")
    for field in dataclasses.fields(inputs):
        if field.name in declared and declared[field.name].choices:
            assert field.default in declared[field.name].choices


@pytest.mark.parametrize(
    ("bounds", "fitting"),
    [
        (AT_LEAST_ZERO, (False, True, True)),
        (ABOVE_ZERO, (False, False, True)),
        (Bounds(-180), (True, True, True)),
        (None, (True, True, True)),
    ],
)
def test_plans_take_the_numbers_that_are_declared(bounds, fitting):
    @dataclasses.dataclass(frozen=True, eq=False)
    class TurnedInputs(Inputs):
        content: Image = declare("image", "Content image.", positional=True)
        angle: float = declare("number", "Angle in degrees.", default=1.0, bounds=bounds)

    angle = keys_of(TurnedInputs)["angle"]
    assert tuple(angle.fits(number) for number in (-30.5, 0, 2)) == fitting
    assert not any(map(angle.fits, ("1", True, np.nan)))


@pytest.mark.parametrize(
    ("settings", "inputs", "expected"),
    [
        (None, BasicInputs, "recolored"),
        (Settings(style_weight=1.0), BasicInputs, "content"),
        (None, DoodleInputs, "colors"),
        (DOODLE_SETTINGS.changed(init="noise"), DoodleInputs, "noise"),
        (Settings(init="style"), BasicInputs, "style"),
    ],
)
def test_init_auto_is_what_a_technique_says(settings, inputs, expected):
    scene = scene_of(inputs, settings=settings)
    assert scene.settings.init == expected
    assert scene_of(inputs, settings=settings, initial=STYLE).settings.init == "image"


def scene_of(inputs, **others):
    """Return a scene of a kind of inputs, large enough for the default settings."""
    large = np.tile(STYLE, (16, 24, 1))
    if inputs is DoodleInputs:
        style_map = stacked(large.shape[:2])
        return DoodleInputs(large, doodle=side_by_side((200, 300)), style_map=style_map, **others).scene()
    return inputs(large, large, **others).scene()


def test_settings_that_are_left_out_are_the_defaults_of_the_technique():
    assert scene_of(DoodleInputs).settings == DOODLE_SETTINGS.changed(init="colors")
    assert scene_of(BasicInputs).settings == Settings(init="recolored")


def test_names_are_what_messages_call_the_inputs():
    maps = {"content_map": side_by_side((4, 16)), "style_map": stacked(STYLE.shape[:2])}
    names = {"content_map": "a_map.png", "content": "a.jpg"}
    with pytest.raises(ImageError, match=r"the aspect of a.jpg, which is 16x12, but a_map.png is 16x4"):
        RegionInputs(CONTENT, STYLE, **maps, settings=SETTINGS, names=names).scene()
    with pytest.raises(ImageError, match="the content map is 16x4"):
        RegionInputs(CONTENT, STYLE, **maps, settings=SETTINGS).scene()


def test_a_scene_is_refused_before_anything_is_loaded():
    with pytest.raises(SettingsError, match="at least 2 pixels"):
        BasicInputs(CONTENT, STYLE, settings=SETTINGS.changed(size=1)).scene()


def test_functions_take_the_inputs_as_parameters():
    parameters = inspect.signature(transfer_basic).parameters
    assert list(parameters)[:2] == ["content", "style"]
    assert {"style_shares", "alpha", "initial", "settings", "run"} <= set(parameters)
    assert parameters["style"].kind is inspect.Parameter.POSITIONAL_OR_KEYWORD
    assert parameters["settings"].kind is inspect.Parameter.KEYWORD_ONLY
    with pytest.raises(TypeError, match="nothing_of_that_name"):
        transfer_basic(CONTENT, STYLE, **{"nothing_of_that_name": 1})


def test_recipes_fit_every_technique():
    for name, inputs in TECHNIQUES.items():
        assert recipe_settings("default", inputs) == inputs.defaults
        for recipe in RECIPES:
            settings = recipe_settings(recipe, inputs)
            assert (settings.content_weight == 0) or name != "doodle"
            assert settings.color in CHOICES["color"]
    with pytest.raises(SettingsError, match="recipe"):
        recipe_settings("no such recipe", BasicInputs)


@pytest.mark.parametrize("settings", [{}, {"size": 64}])
def test_settings_are_no_dictionary(settings):
    with pytest.raises(SettingsError, match=r"settings is of type dict; expected maskstyle.Settings"):
        BasicInputs(CONTENT, STYLE, settings=settings).scene()
