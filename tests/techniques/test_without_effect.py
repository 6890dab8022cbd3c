"""Each setting that a person gives has an effect, or a note or an error says that it has none."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import maskstyle
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.plans.schema import OUTPUT_KEYS, READING_KEYS, REGION_KEYS, STYLE_KEYS, keys_of
from maskstyle.plans.settings_table import RUN_FIELDS
from maskstyle.recipes import RECIPES
from maskstyle.settings import Limits, PatchSettings, Settings
from maskstyle.synthesis.paint import Run
from maskstyle.techniques.basic import BasicInputs
from maskstyle.techniques.inputs import declared_inputs
from maskstyle.techniques.patch import PatchInputs
from maskstyle.techniques.region import RegionInputs
from maskstyle.techniques.registry import TECHNIQUES
from maskstyle.techniques.without_effect import RULES, Painting, without_effect

IMAGE = np.linspace(0, 1, 64 * 64 * 3, dtype=np.float32).reshape(64, 64, 3)
HALVES = SemanticMap((np.tile(np.arange(64), (64, 1)) // 32).astype(np.int32), ((255, 0, 0), (0, 0, 255)))

REFUSED_OR_USED = (
    *("content_weight", "style_weight", "tv_weight", "size", "scales", "optimizer", "steps", "init", "denoise"),
    *("content", "style", "styles", "doodle", "content_map", "style_map", "regions", "keep"),
    *("invert", "denoise_regions", "patches", "memory"),
    "strength",  # which `strength_notes` is about
    # Of `Run`; `paint` notes the settings that its network replaces.
    *("limits", "on_step", "should_stop", "checkpoints", "seen", "graphs", "progress", "client"),
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
    ("history", {"steps": 7}, {"steps": 8}),
    ("tolerance", {"steps": 11}, {"steps": 12}),
    ("pooling", {"content_layers": BLOCK_1, "style_layers": BLOCK_1}, {"content_layers": BLOCK_1}),
    *((name, NEITHER, {"style_weight": 0.0}) for name in ("network", "compute_type", "padding")),
    *((name, {"tv_weight": 0.0}, {}) for name in ("tv_exponent", "tv_reduction")),
    ("pixel_range", {"tv_weight": 0.0}, {"tv_weight": 0.0, "optimizer": "adam"}),
    ("content_layers", {"content_weight": 0.0}, {"content_layers": BLOCK_1}),
    ("content_reduction", {"content_weight": 0.0}, {}),
    ("content_layers", {"content_layers": (("block4_conv2", 3.0), ("block5_conv1", 0.0))}, {"style_weight": 1.0}),
    ("color", {"color": "match", "style_weight": 0.0}, {"color": "match"}),
    ("color", {"color": "match", "style_weight": 0.0}, {"color": "match", "style_weight": 0.0, "init": "style"}),
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
    """Return the names of all settings, inputs and keys of every technique, and of the fields of `Run`."""
    from maskstyle.synthesis.paint import Run

    declared = {name for inputs in TECHNIQUES.values() for name in (*declared_inputs(inputs), *keys_of(inputs))}
    fields = {field.name for kind in (Settings, Limits, PatchSettings, Run) for field in dataclasses.fields(kind)}
    return declared | fields | {*RUN_FIELDS, *OUTPUT_KEYS, *STYLE_KEYS, *REGION_KEYS}


def test_everything_that_can_be_given_is_of_use_or_has_a_rule():
    ruled = {name for rule in RULES for name in rule.names}
    assert not ruled & set(REFUSED_OR_USED)
    assert ruled | set(REFUSED_OR_USED) == of_everything()


RED, BLUE = (255, 0, 0), (0, 0, 255)
WHOLE = SemanticMap(HALVES.labels * 0, (RED,))

NO_STYLE = {"settings": Settings(style_weight=0.0)}
INPUTS_WHEN: dict[str, Any] = {
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


def test_an_underpainting_that_nothing_is_painted_over_is_noted():
    def note(**settings):
        changed = Settings(**{"network": "vgg19", "underpainting": "lite", "scales": 2, **settings})
        return without_effect(["underpainting"], BasicInputs(IMAGE, IMAGE, settings=changed).scene())

    assert note() == note(underpainting="none") == ()
    assert "where the network is lite" in note(network="lite")[0]
    assert "where there is one size" in note(scales=1)[0]
    assert note(scales=1, underpainting="none") == ()  # as asked


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
    assert "where patches are matched" in without_effect(["propagation"], by_patch.scene())[0]
    unstyled = dataclasses.replace(by_patch, settings=Settings(network="lite", style_weight=0.0))
    (note,) = without_effect(["gram_normalization"], unstyled.scene())  # for one reason, though two hold
    assert "where `style_weight` is 0" in note


@pytest.mark.parametrize(
    ("name", "idle", "useful"),
    [
        ("patch_stride", PatchSettings(patch_size=64, patch_stride=8), PatchSettings(patch_size=63, patch_stride=8)),
        ("patch_offset", PatchSettings(patch_size=64, patch_offset=(3, 0)), PatchSettings(patch_offset=(3, 0))),
        (
            "patch_offset",
            PatchSettings(patch_stride=8, patch_offset=(16, 8)),
            PatchSettings(patch_stride=8, patch_offset=(16, 4)),
        ),
    ],
)
def test_where_patches_lie(name, idle, useful):
    maps = {"content_map": HALVES, "style_map": HALVES, "settings": Settings(network="lite")}
    scenes = [PatchInputs(IMAGE, IMAGE, **maps, patches=patches).scene() for patches in (idle, useful)]
    assert without_effect([name], scenes[0])[0].startswith(f"`{name}` has no effect where ")
    assert without_effect([name], scenes[1]) == ()
    covers = [any("covers the whole result" in note for note in each.notes) for each in scenes]
    assert covers == [idle.patch_size == 64, False]


def test_regions_that_fade_into_each_other_leave_nothing_transparent():
    maps = {"content_map": HALVES, "style_map": HALVES, "feather": 5.0, "transparent": True}
    assert (
        "where everything is painted"
        in without_effect(["transparent"], RegionInputs(IMAGE, IMAGE, **maps).scene())[0]
    )


def test_a_feather_that_changes_no_edge_is_noted():
    maps = {"content_map": HALVES, "style_map": HALVES}
    notes = {width: RegionInputs(IMAGE, IMAGE, **maps, feather=width).scene().notes for width in (0.2, 2.0)}
    assert any("too narrow to change their edges" in note for note in notes[0.2])
    assert not any("too narrow" in note for note in notes[2.0])


def test_a_strength_without_effect_is_noted():
    maps = {"content_map": HALVES, "style_map": HALVES}
    both = [(RED, 0.3), (BLUE, 0.5)]

    def notes(strength, strengths):
        settings = Settings(network="lite", strength=strength)
        return " ".join(RegionInputs(IMAGE, IMAGE, **maps, strengths=strengths, settings=settings).scene().notes)

    assert "`strength` has no effect where each region and mask" in notes(0.4, both)
    assert "`strength` has no effect where each region and mask" in notes(0.0, both)
    for strength, strengths in ((None, both), (0.4, both[:1]), (0.0, both[:1])):  # 0 keeps the other region
        assert "strength" not in notes(strength, strengths)
    assert notes(0.0, None) == notes(0.4, [(RED, 0), (BLUE, 0)]) == "nothing is painted, as the strength is 0"


def test_a_mapping_of_a_region_with_strength_0_is_noted():
    maps = {"content_map": HALVES, "style_map": HALVES, "mapping": [(RED, BLUE)]}
    idle = RegionInputs(IMAGE, IMAGE, **maps, strengths=[(RED, 0)]).scene().notes
    assert any("(red) has strength 0, so `mapping` has no effect on it" in note for note in idle)
    useful = RegionInputs(IMAGE, IMAGE, **maps, strengths=[(BLUE, 0)]).scene().notes
    assert not any("mapping" in note for note in useful)


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
FROM_MAP = "masks from-map map.png --region red -o m.png"
PAINT = "basic map.png map.png -o out.png --dry-run --network lite"
BY_PATCH = "patch map.png map.png --content-map map.png --style-map map.png -o out.png --dry-run"

SAID = [
    (
        f"{PAINT.replace(' --dry-run', '')} --strength 0 --scheduler local:2",
        "nothing is painted, as the strength is 0; ",
    ),
    ("masks radial --size 64x64 --shape circle -o m.png", "the same without it, so --shape has no"),
    ("masks radial --size 64x64 --inner 100 --easing smooth -o m.png", "the same without it, so --easing has no"),
    (
        "masks linear --size 8x8 --start 50 --end 50 --easing smooth -o m.png",
        "the same without it, so --easing has no",
    ),
    ("masks feather map_mask.png --feather 0 --side inside -o m.png", "the same without it, so --side has no"),
    ("maps from map_mask.png --top largest -o m.png", "the same without it, so --top has no"),
    ("maps from map_mask.png --regions 9 -o m.png", "no more labels, so --regions has no"),
    (
        "batch basic map.png map_mask.png map.png -o out --noise-contrast 1 --dry-run",
        "--noise-contrast has no effect",
    ),
    ("batch basic map.png map_mask.png map.png -o out --json r.json --dry-run", "report: r.json"),
    ("frames basic clip map.png -o out --noise-contrast 1 --dry-run", "--noise-contrast has no effect"),
    ("frames basic clip map.png -o out --steps 5 --frame-steps 6 --dry-run", "--frame-steps has no effect"),
    ("maps check map.png map.png --stretch-maps", "no image is given, so --stretch-maps has no"),
    ("maps check map.png map.png --unmatched keep", "every region to paint, so --unmatched has no"),
    ("maps check map.png map.png --palette red,blue", "the same without it, so --palette has no"),
    ("maps check map.png map.png --least-region 9", "the same without it, so --least-region has no"),
    ("maps check map.png map.png --ignore pink", "no map has pink, so --ignore has no"),
    ("maps check map.png map.png --map-orientation stored", "that EXIF rotates, so --map-orientation has no"),
    ("maps check map.png --style map.png", "--style has no effect with one map"),
    ("maps check map.png --keep red", "--keep has no effect with one map"),
    ("maps check map.png --regions red", "--regions has no effect with one map"),
    ("maps check map.png --map red=blue", "--map has no effect with one map"),
    ("maps list map.png --image map.png --stretch-maps", "the aspect of its image, so --stretch-maps has no"),
    ("maps list map.png --ignore pink", "no map has pink, so --ignore has no"),
    ("maps list map.png --palette red,blue", "the same without it, so --palette has no"),
    ("maps list map.png --least-region 9", "the same without it, so --least-region has no"),
    ("maps list map.png --map-orientation stored", "that EXIF rotates, so --map-orientation has no"),
    (f"{FROM_MAP} --map-orientation stored", "that EXIF rotates, so --map-orientation has no"),
    (f"{FROM_MAP} --stretch-maps", "no image is given, so --stretch-maps has no"),
    (f"{FROM_MAP} --ignore pink", "no map has pink, so --ignore has no"),
    (f"{FROM_MAP} --side inside", "--side has no effect without --feather"),
    (f"{FROM_MAP} --easing smooth", "--easing has no effect without --feather"),
    (f"{FROM_MAP} --image map.png", "--image has no effect without --preview"),
    (f"{OF_MAPS} --soft-maps", "beside an unpainted region, so --soft-maps has no"),
    (f"{OF_MAPS} --stretch-maps", "the aspect of its image, so --stretch-maps has no"),
    (f"{OF_MAPS} --ignore pink", "no map has pink, so --ignore has no"),
    (f"{OF_MAPS} --palette red,blue", "the same without it, so --palette has no"),
    (f"{OF_MAPS} --least-region 9", "the same without it, so --least-region has no"),
    (f"{OF_MAPS} --map-orientation stored", "that EXIF rotates, so --map-orientation has no"),
    (f"{OF_MAPS} --whole", "--content-map has no effect with --whole"),
    (f"{EVALUATE} --content-layers block1_conv1", "--content-layers has no effect without"),
    (f"{EVALUATE} --propagation all", "--propagation has no effect without"),
    (f"{PAINT} --draft --size 64 --steps 2", "--draft has no effect beside --network, --size and --steps"),
    (f"{PAINT} --snapshot-dir shots", "--snapshot-dir has no effect without --snapshot-every"),
    ("basic map.png map.png -o - --checkpoint-every 5", "--checkpoint-every has no effect on --output to a stream"),
    (f"{PAINT} --json run.json --plot loss.svg", "record: run.json"),
    (f"{PAINT} --snapshot-every 3", "snapshots: in out_snapshots, every 3 steps"),
    (
        f"patch {PAINT[6:]} --content-map map.png --style-map map.png --match-map m.png --strength 0",
        "--match-map has no",
    ),
]
"""Commands, and what they say: each option that may have no effect, but those of the rules above."""

PAINTING = """output record plot layers no_metadata snapshot_dir weights draft resume checkpoint_every dry_run quiet
    tried recipe more_styles match_map scheduler"""
MANY = "output_dir name force report scheduler listing quiet"
FRAMES = "output temporal_weight frame_steps rate lossless force scheduler listing quiet"
MASK = "output invert bits preview quiet like size map_orientation"
ALWAYS = {
    **dict.fromkeys(TECHNIQUES, PAINTING),
    **{f"batch {name}": f"{PAINTING} {MANY}" for name in TECHNIQUES},
    **{f"frames {name}": f"{PAINTING} {FRAMES}" for name in TECHNIQUES},
    "run": f"{PAINTING} values",
    "batch run": f"{MANY} values draft weights contents",
    "frames run": f"{FRAMES} values draft weights content",
    "studio": "port host no_browser",
    "maps check": "content preview as_json size",
    "maps list": "image preview as_json size",
    "maps from": "output like image orientation top regions force quiet",
    "maps draft": "regions output like scribbles features preview force quiet",
    "masks linear": f"{MASK} origin angle start end easing image",
    "masks radial": f"{MASK} center inner outer shape easing image",
    "masks from-map": f"{MASK} region feather",
    "masks feather": f"{MASK} feather side image",
    "masks combine": f"{MASK} how image",
    "masks edge-aware": f"{MASK} radius epsilon image",
    "masks normalize": f"{MASK} output_dir fill",
    "plan new": "output force",
    "plan from": "output force",
    "evaluate": """style content heatmap record regions keep mapping unmatched style_map masks whole network weights
        style_layers style_scale style_fit quiet""",
    "compare": "output recipes networks size steps weights record quiet",
    "samples copy": "force",
}
"""Options with an effect in every command, or an error says that they have none."""


def test_every_option_has_an_effect_or_is_said_to_have_none():
    import typer

    from maskstyle.cli.app import app

    def commands(command, *names):
        context = typer.Context(command)
        if hasattr(command, "list_commands"):
            for name in command.list_commands(context):
                yield from commands(command.get_command(context, name), *names, name)
        else:
            yield " ".join(names), command

    for name, command in commands(typer.main.get_command(app)):
        painting = name.removeprefix("batch ").removeprefix("frames ") in TECHNIQUES
        known = {*ALWAYS.get(name, "").split(), *(of_everything() if painting else ())}
        said = " ".join(words for said, words in SAID if said.startswith(f"{name} "))
        options = [each for each in command.params if isinstance(each, typer.core.TyperOption)]
        left = [each.opts[0] for each in options if each.name not in known and f"{each.opts[0]} has no" not in said]
        assert not left, f"maskstyle {name}: name when {left} have no effect, in SAID or ALWAYS"


@pytest.mark.parametrize(("command", "says"), SAID)
def test_commands_say_what_has_no_effect(tmp_path, monkeypatch, command, says):
    from PIL import Image
    from typer.testing import CliRunner

    from maskstyle.cli.app import app

    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("maskstyle.networks.tensorflow_import.import_tensorflow", stop)
    monkeypatch.chdir(tmp_path)
    Image.fromarray(np.array(HALVES.colors, np.uint8)[HALVES.labels]).save("map.png")
    Image.fromarray(np.uint8(255 * HALVES.labels)).save("map_mask.png")
    (tmp_path / "clip").mkdir()
    for number in range(2):
        Image.fromarray(np.uint8(255 * IMAGE)).save(f"clip/{number}.png")
    ran = CliRunner().invoke(app, command.split())
    assert says in ran.stderr + ran.stdout


def notes_of(transfer, *images, run=None, **given):
    """Return the notes of a picture of one step."""
    settings = given.pop("settings", Settings()).changed(network="lite", size=32, scales=1, steps=1)
    return transfer(*images, settings=settings, run=run, **given).notes


def test_python_notes_what_has_no_effect(eagerly):
    small_tiles = Run(limits=Limits(tile_size=256))
    assert notes_of(maskstyle.transfer_basic, IMAGE, IMAGE) == ()
    assert notes_of(maskstyle.transfer_basic, IMAGE, IMAGE, run=small_tiles) == (
        "`tile_size` has no effect on a result that is no larger",
    )
    ignored = notes_of(maskstyle.transfer_basic, IMAGE, IMAGE, settings=Settings(noise_contrast=0.5, mask_exponent=2))
    assert ignored == (
        "`mask_exponent` has no effect in basic",
        "`noise_contrast` has no effect where `init` is not noise",
    )
    maps = {"content_map": HALVES, "style_map": HALVES}
    painted = notes_of(maskstyle.transfer_region, IMAGE, IMAGE, **maps, transparent=True)
    assert painted == ("`transparent` has no effect where everything is painted",)
    whole = {"patch_size": 200, "patch_stride": 3}
    matched = notes_of(maskstyle.transfer_patch, IMAGE, IMAGE, **maps, patches=PatchSettings(**whole))
    assert "`patch_stride` has no effect where one patch covers the whole result" in matched


def test_the_settings_of_a_recipe_are_not_noted_one_by_one(eagerly):
    recipe = RECIPES["fernandes"].settings.changed(tv_weight=0.0)
    (note,) = notes_of(maskstyle.transfer_basic, IMAGE, IMAGE, settings=recipe.changed(seed=4, network="lite"))
    assert note.startswith("`seed` has no effect")
