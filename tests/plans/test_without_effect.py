"""Each setting that a person gives has an effect, or a note or an error says that it has none."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.plans.schema import OUTPUT_KEYS, READING_KEYS, REGION_KEYS, STYLE_KEYS, keys_of
from maskstyle.plans.settings_table import RUN_FIELDS
from maskstyle.plans.without_effect import RULES, Painting, without_effect
from maskstyle.settings import Limits, PatchSettings, Settings
from maskstyle.techniques.basic import BasicInputs
from maskstyle.techniques.inputs import declared_inputs
from maskstyle.techniques.patch import PatchInputs
from maskstyle.techniques.region import RegionInputs
from maskstyle.techniques.registry import TECHNIQUES

IMAGE = np.linspace(0, 1, 64 * 64 * 3, dtype=np.float32).reshape(64, 64, 3)
HALVES = SemanticMap((np.tile(np.arange(64), (64, 1)) // 32).astype(np.int32), ((255, 0, 0), (0, 0, 255)))

REFUSED_OR_USED = (
    *("content_weight", "style_weight", "tv_weight", "size", "scales", "optimizer", "steps", "init", "denoise"),
    *("content", "style", "styles", "doodle", "content_map", "style_map", "regions", "keep"),
    *("invert", "denoise_regions", "patches", "memory"),
    # Of plans, and of the tables in them; `ReadingUse` and `check_soft_maps` note how maps are read in vain.
    *("technique", "output", "recipe", "weights", "settings", "run", "region", "image", "map", "scale"),
    *("mask", "complement", "style_region", "style_mask", *OUTPUT_KEYS, *READING_KEYS),
)
"""Settings, inputs and keys that have an effect in every picture, or an error says that they have none."""

NEITHER = {"content_weight": 0.0, "style_weight": 0.0}
BLOCK_1 = (("block1_conv1", 1.0),)
WHEN: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
    ("noise_contrast", {}, {"init": "noise"}),
    ("seed", {}, {"init": "noise"}),
    ("denoise_method", {}, {"denoise": 0.1}),
    *((name, {}, {"optimizer": "adam"}) for name in ("learning_rate", "beta_1", "beta_2", "epsilon")),
    ("history", {"optimizer": "adam"}, {}),
    ("history", {"steps": 5}, {"steps": 6}),
    ("tolerance", {"steps": 11}, {"steps": 12}),
    ("pooling", {"content_layers": BLOCK_1, "style_layers": BLOCK_1}, {"content_layers": BLOCK_1}),
    *((name, NEITHER, {"style_weight": 0.0}) for name in ("network", "compute_type", "padding")),
    *((name, {"tv_weight": 0.0}, {}) for name in ("tv_exponent", "tv_reduction")),
    ("pixel_range", {"tv_weight": 0.0}, {"tv_weight": 0.0, "optimizer": "adam"}),
    *((name, {"content_weight": 0.0}, {}) for name in ("content_layers", "content_reduction")),
    *(
        (name, {"style_weight": 0.0}, {})
        for name in ("style_layers", "style_reduction", "gram_normalization", "intensity", "matching", "strengths")
    ),
    *(
        (name, {"style_weight": 0.0}, {"style_weight": 0.0, "init": "style"})
        for name in ("style_scale", "style_fit", "mapping", "unmatched")
    ),
    ("step_decay", {}, {"size": 600}),
    ("step_decay", {"size": 600, "steps": 5}, {"size": 600, "steps": 6}),
    ("full_size", {"full_size": True}, {"full_size": True, "size": 32}),
]
"""Settings with rules; for each, settings with which it has no effect, and with which it has."""


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

NO_STYLE = {"settings": Settings(style_weight=0.0)}
INPUTS_WHEN: dict[str, Any] = {
    "strength": ({"strengths": [(RED, 0.3), (BLUE, 0.5)]}, {"strengths": [(RED, 0.3)]}),
    "feather": ({"content_map": WHOLE, "feather": 3.0}, {"feather": 3.0}),
    "feather_mode": ({}, {"feather": 3.0}),
    "transparent": ({"transparent": True}, {"transparent": True, "regions": [RED]}),
    **dict.fromkeys((field.name for field in dataclasses.fields(PatchSettings)), (NO_STYLE, {})),
    "propagation": (NO_STYLE, {}),
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
    tiles = Painting(Limits(tile_size=64))
    assert "on a result that is no larger" in without_effect(["tile_size"], scene(), tiles)[0]
    assert without_effect(["tile_size"], scene(size=80), tiles) == ()
    assert "so many steps" in without_effect(["snapshot_every"], scene(), Painting(snapshot_every=41))[0]
    assert without_effect(["snapshot_every"], scene(), Painting(snapshot_every=40)) == ()


def test_colors_of_gray_images():
    gray = np.repeat(IMAGE[..., :1], 3, axis=-1)
    red = gray * np.array([1, 0, 0], np.float32)
    idle, useful = (BasicInputs(gray, each, settings=Settings(color="content")).scene() for each in (gray, red))
    assert "where all images are gray" in without_effect(["color"], idle)[0]
    assert without_effect(["color"], useful) == ()


@pytest.mark.parametrize(("name", "without", "having"), WHEN)
def test_a_setting_without_effect_is_noted_only_there(name, without, having):
    idle, useful = scene(**without), scene(**having)
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


def test_gram_normalization_of_patches():
    by_patch = PatchInputs(IMAGE, IMAGE, content_map=HALVES, style_map=HALVES, settings=Settings(network="lite"))
    assert "where patches are matched" in without_effect(["gram_normalization"], by_patch.scene())[0]
    by_mean = dataclasses.replace(by_patch, settings=Settings(network="lite", style_reduction="mean"))
    assert without_effect(["gram_normalization"], by_mean.scene()) == ()


def test_an_edge_to_fade_without_style():
    maps = {"content_map": HALVES, "style_map": HALVES, "feather": 3.0, **NO_STYLE}
    assert "where `style_weight` is 0" in without_effect(["feather"], RegionInputs(IMAGE, IMAGE, **maps).scene())[0]
    alone = RegionInputs(IMAGE, IMAGE, **maps, regions=[RED]).scene()
    assert without_effect(["feather"], alone) == ()


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


EVALUATE = "evaluate map.png --style map.png"
OF_MAPS = f"{EVALUATE} --content-map map.png --style-map map.png"
TO_MASK = "masks from-map map.png --region red -o m.png"


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("maps check map.png map.png --stretch-maps", "no image is given, so --stretch-maps"),
        ("maps check map.png map.png --unmatched keep", "every region to paint, so --unmatched"),
        ("maps check map.png map.png --palette red,blue", "the same without it, so --palette"),
        ("maps list map.png --image map.png --stretch-maps", "the aspect of its image, so --stretch-maps"),
        ("maps list map.png --ignore pink", "no map has pink, so --ignore"),
        ("maps list map.png --least-region 9", "the same without it, so --least-region"),
        (f"{TO_MASK} --map-orientation stored", "a photo that EXIF rotates, so --map-orientation"),
        (f"{TO_MASK} --ignore pink", "no map has pink, so --ignore"),
        (f"{TO_MASK} --side inside", "--side has no effect without --feather"),
        (f"{TO_MASK} --easing smooth", "--easing has no effect without --feather"),
        (f"{OF_MAPS} --soft-maps", "beside an unpainted region, so --soft-maps"),
        (f"{OF_MAPS} --stretch-maps", "the aspect of its image, so --stretch-maps"),
        (f"{EVALUATE} --content-layers block1_conv1", "--content-layers has no effect without"),
        (f"{EVALUATE} --propagation all", "--propagation has no effect without"),
    ],
)
def test_commands_that_read_maps_note_what_changes_none(tmp_path, monkeypatch, command, says):
    from PIL import Image
    from typer.testing import CliRunner

    from maskstyle.cli.app import app

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("maskstyle.networks.tensorflow_import.import_tensorflow", stop)
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.array(HALVES.colors, np.uint8)[HALVES.labels]).save("map.png")
    ran = CliRunner().invoke(app, command.split())
    assert says in ran.stderr + ran.stdout
