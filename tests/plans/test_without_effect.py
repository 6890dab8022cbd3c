"""Each setting that a person gives has an effect, or a note or an error says that it has none."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.plans.without_effect import RULES, without_effect
from maskstyle.settings import Settings
from maskstyle.techniques.basic import BasicInputs
from maskstyle.techniques.region import RegionInputs

IMAGE = np.linspace(0, 1, 64 * 64 * 3, dtype=np.float32).reshape(64, 64, 3)
HALVES = SemanticMap((np.tile(np.arange(64), (64, 1)) // 32).astype(np.int32), ((255, 0, 0), (0, 0, 255)))

ALWAYS = (
    *("network", "compute_type", "pooling", "padding", "strength", "content_weight", "style_weight", "tv_weight"),
    *("size", "scales", "optimizer", "steps", "tolerance", "init", "denoise", "color"),
)
"""Settings that matter in every picture, or are refused where they do not."""

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


def test_every_setting_is_of_use_or_has_a_rule():
    ruled = [name for rule in RULES for name in rule.names]
    assert sorted([*ALWAYS, *ruled]) == sorted(field.name for field in dataclasses.fields(Settings))


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
    for more in ({"feather_mode": "edges"}, {"settings": inside}):
        notes = RegionInputs(IMAGE, IMAGE, **maps, feather=4.0, **more).scene().notes
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
    recipe = CliRunner().invoke(
        app, ["basic", "a.png", "a.png", "-o", "out.png", "--dry-run", "--recipe", "fernandes"]
    )
    assert "no effect" not in recipe.stderr
