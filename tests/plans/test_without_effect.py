"""Each setting that a person gives has an effect, or a note or an error says that it has none."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.plans.schema import OUTPUT_KEYS, READING_KEYS, REGION_KEYS, STYLE_KEYS, keys_of
from maskstyle.plans.settings_table import RUN_FIELDS
from maskstyle.plans.without_effect import RULES, without_effect
from maskstyle.settings import Limits, PatchSettings, Settings
from maskstyle.techniques.basic import BasicInputs
from maskstyle.techniques.inputs import declared_inputs
from maskstyle.techniques.region import RegionInputs
from maskstyle.techniques.registry import TECHNIQUES

IMAGE = np.linspace(0, 1, 64 * 64 * 3, dtype=np.float32).reshape(64, 64, 3)
HALVES = SemanticMap((np.tile(np.arange(64), (64, 1)) // 32).astype(np.int32), ((255, 0, 0), (0, 0, 255)))

REFUSED_OR_USED = (
    *("network", "compute_type", "pooling", "padding", "content_weight", "style_weight", "tv_weight"),
    *("size", "scales", "optimizer", "steps", "tolerance", "init", "denoise", "color"),
    *("content", "style", "styles", "doodle", "content_map", "style_map", "regions", "keep", "mapping", "unmatched"),
    *("strengths", "invert", "denoise_regions", "matching", "patches", "memory", "snapshot_every"),
    # Of plans, and of the tables in them; `MapReading.unused` and `check_soft_maps` note how maps are read in vain.
    *("technique", "output", "recipe", "weights", "settings", "run", "region", "image", "map", "scale"),
    *("mask", "complement", "style_region", "style_mask", *OUTPUT_KEYS, *READING_KEYS),
)
"""Settings, inputs and keys that have an effect in every picture, or an error says that they have none."""

WHEN = {
    "noise_contrast": ({}, {"init": "noise"}),
    "seed": ({}, {"init": "noise"}),
    "denoise_method": ({}, {"denoise": 0.1}),
    **dict.fromkeys(("learning_rate", "beta_1", "beta_2", "epsilon"), ({}, {"optimizer": "adam"})),
    "history": ({"optimizer": "adam"}, {}),
    **dict.fromkeys(("tv_exponent", "tv_reduction"), ({"tv_weight": 0.0}, {})),
    "pixel_range": ({"tv_weight": 0.0}, {"tv_weight": 0.0, "optimizer": "adam"}),
    **dict.fromkeys(("content_layers", "content_reduction"), ({"content_weight": 0.0}, {})),
    **dict.fromkeys(
        ("style_layers", "style_reduction", "gram_normalization", "intensity", "style_scale", "style_fit"),
        ({"style_weight": 0.0}, {}),
    ),
    "step_decay": ({}, {"size": 600}),
    "full_size": ({"full_size": True}, {"full_size": True, "size": 32}),
}
"""For each setting of a rule: settings with which it has no effect, and with which it has."""


def scene(**changes):
    return BasicInputs(IMAGE, IMAGE, settings=Settings(network="lite", **changes)).scene()


def of_everything():
    """Return the names of all settings, inputs and keys of every technique."""
    declared = {name for inputs in TECHNIQUES.values() for name in (*declared_inputs(inputs), *keys_of(inputs))}
    fields = {field.name for kind in (Settings, Limits, PatchSettings) for field in dataclasses.fields(kind)}
    return declared | fields | {*RUN_FIELDS, *OUTPUT_KEYS, *STYLE_KEYS, *REGION_KEYS}


def test_everything_that_can_be_given_is_of_use_or_has_a_rule():
    ruled = {name for rule in RULES for name in rule.names}
    assert not ruled & set(REFUSED_OR_USED)
    assert ruled | set(REFUSED_OR_USED) == of_everything()


RED, BLUE = (255, 0, 0), (0, 0, 255)
WHOLE = SemanticMap(HALVES.labels * 0, (RED,))

INPUTS_WHEN: dict[str, Any] = {
    "strength": ({"strengths": [(RED, 0.3), (BLUE, 0.5)]}, {"strengths": [(RED, 0.3)]}),
    "feather": ({"content_map": WHOLE, "feather": 3.0}, {"feather": 3.0}),
    "feather_mode": ({}, {"feather": 3.0}),
    "transparent": ({"transparent": True}, {"transparent": True, "regions": [RED]}),
    **dict.fromkeys(
        (field.name for field in dataclasses.fields(PatchSettings)), ({"settings": Settings(style_weight=0.0)}, {})
    ),
}
"""For each input of a rule: inputs with which it has no effect, and with which it has."""


@pytest.mark.parametrize("name", INPUTS_WHEN)
def test_an_input_without_effect_is_noted_only_there(name):
    idle, useful = (
        RegionInputs(IMAGE, IMAGE, **{"content_map": HALVES, "style_map": HALVES, **changes}).scene()
        for changes in INPUTS_WHEN[name]
    )
    (note,) = without_effect([name], idle)
    assert note.startswith(f"`{name}` has no effect ")
    assert without_effect([name], useful) == ()


def test_shares_and_tiles_without_effect():
    assert "with one style image" in without_effect(["share"], scene())[0]
    two = BasicInputs(IMAGE, [IMAGE, IMAGE], settings=Settings(network="lite")).scene()
    assert without_effect(["share"], two) == ()
    assert "on a result that is no larger" in without_effect(["tile_size"], scene(), Limits(tile_size=64))[0]
    assert without_effect(["tile_size"], scene(size=80), Limits(tile_size=64)) == ()


@pytest.mark.parametrize("name", WHEN)
def test_a_setting_without_effect_is_noted_only_there(name):
    idle, useful = (scene(**changes) for changes in WHEN[name])
    (note,) = without_effect([name], idle)
    assert note.startswith(f"`{name}` has no effect ")
    assert without_effect([name], useful) == ()
    assert without_effect([], idle) == ()


def test_the_rules_of_regions_and_masks():
    assert "no region is painted" in without_effect(["propagation"], scene())[0]
    assert "no soft mask paints" in without_effect(["mask_exponent"], scene())[0]
    maps = {"content_map": HALVES, "style_map": HALVES}
    regions = RegionInputs(IMAGE, IMAGE, **maps, settings=Settings(network="lite")).scene()
    assert without_effect(["propagation"], regions) == ()


def test_a_sharp_edge_between_painted_regions_is_noted():
    maps = {"content_map": HALVES, "style_map": HALVES}
    inside = Settings(propagation="inside")
    notes = RegionInputs(IMAGE, IMAGE, **maps, feather=4.0, settings=inside).scene().notes
    assert any("painted regions that touch keep a sharp edge" in note for note in notes)
    alone = RegionInputs(IMAGE, IMAGE, **maps, feather=4.0, settings=inside, regions=[(255, 0, 0)]).scene().notes
    assert not any("sharp edge" in note for note in alone)
    assert not any("sharp edge" in note for note in RegionInputs(IMAGE, IMAGE, **maps, feather=4.0).scene().notes)


def test_options_without_effect_are_noted_by_their_flags(tmp_path, monkeypatch):
    from PIL import Image
    from typer.testing import CliRunner

    from maskstyle.cli.app import app

    monkeypatch.chdir(tmp_path)
    Image.linear_gradient("L").resize((64, 64)).convert("RGB").save("a.png")
    options = ("--dry-run", "--network", "lite", "--noise-contrast", "0.5", "--denoise-method", "tv")
    ran = CliRunner().invoke(app, ["basic", "a.png", "a.png", "-o", "out.png", *options])
    assert "note: --noise-contrast has no effect where --init is not noise" in ran.stderr
    assert "note: --denoise-method has no effect where --denoise is 0" in ran.stderr
    ran = CliRunner().invoke(app, ["basic", "a.png", "a.png:0.5", "-o", "out.png", "--dry-run", "--network", "lite"])
    assert "note: the share of a style has no effect with one style image" in ran.stderr
    recipe = CliRunner().invoke(
        app, ["basic", "a.png", "a.png", "-o", "out.png", "--dry-run", "--recipe", "fernandes"]
    )
    assert "no effect" not in recipe.stderr
