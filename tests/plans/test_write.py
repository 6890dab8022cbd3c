"""Tables of plans: written as TOML and read back, moved, made of metadata; and what is said of files that changed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from maskstyle.errors import SettingsError
from maskstyle.images.pixels import Image
from maskstyle.plans.read import read_plan
from maskstyle.plans.records import describe_changes, file_hashes, plan_of_result, recorded_path
from maskstyle.plans.write import moved, plan_text
from maskstyle.techniques.basic import BasicInputs
from maskstyle.techniques.inputs import declare

ODD = 'a "b"\\\n\t\x7f\u00e9\U0001f3a8'

TABLE = {
    "technique": "region",
    "content": f"{ODD}.jpg",
    "content_map": "m.png",
    "output": "o.png",
    "feather": 1e-7,
    "palette": ["red", "#0000ff"],
    "least_region": 3,
    "soft_maps": True,
    "settings": {"size": 64, "init": "start.png", "epsilon": 1e-12, "style_layers": {"block1_conv1": 1.0}},
    "styles": {"plain": {"image": "a.jpg", "map": "b.png"}, ODD: {"image": "c.jpg"}},
    "region": [
        {"region": "red", "style": "plain", "style_region": "whole", "strength": 0.1, "color": "content"},
        {"mask": "soft.png", "complement": True, "style": ODD, "style_mask": "over.png"},
        {"region": "blue", "keep": True},
    ],
}


def test_what_is_written_is_read_back(tmp_path):
    text = plan_text(TABLE, "made for a test")
    assert text.startswith("# made for a test\n")
    assert tomllib.loads(text) == TABLE
    (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
    plan = read_plan(tmp_path / "plan.toml")
    assert plan.main == f"{ODD}.jpg"
    assert plan.settings.epsilon == 1e-12
    assert plan.initial == "start.png"


def test_a_plan_is_moved_with_all_its_paths():
    away = moved(TABLE, lambda path: f"../{path}")
    assert away["content_map"] == "../m.png"
    assert away["output"] == "../o.png"
    assert away["settings"]["init"] == "../start.png"
    assert away["styles"]["plain"] == {"image": "../a.jpg", "map": "../b.png"}
    assert away["region"][1] == {**TABLE["region"][1], "mask": "../soft.png", "style_mask": "../over.png"}
    assert away["region"][0] == TABLE["region"][0]
    noise = {"technique": "basic", "settings": {"init": "noise"}}
    assert moved(noise, str.upper) == noise


def test_the_paths_of_a_new_input_are_moved(monkeypatch):
    @dataclass(frozen=True, eq=False)
    class DepthInputs(BasicInputs):
        depth: Image = declare("image", "Depth image.")

    monkeypatch.setattr("maskstyle.plans.write.TECHNIQUES", {"depth": DepthInputs})
    away = moved({"technique": "depth", "content": "c.png", "depth": "d.png"}, lambda path: f"../{path}")
    assert away == {"technique": "depth", "content": "../c.png", "depth": "../d.png"}


def metadata(**changes):
    settings = {"size": 32, "content_layers": [["block1_conv1", 1.0]], "init": "content", "snapshot_every": 5}
    inputs = {"content": "c.png", "styles": [["x/s.jpg", 0.5], ["s.png", 0.5]], "initial": None, "weights": "w.npz"}
    return {
        "command": "basic",
        "network": "lite",
        "compute_type": "bfloat16",
        "settings": settings,
        "inputs": inputs,
        "sha256": {},
        **changes,
    }


def test_a_plan_holds_the_settings_that_are_not_the_default(tmp_path):
    assert plan_of_result(metadata(), tmp_path / "r.png") == {
        "technique": "basic",
        "content": "c.png",
        "styles": {"s": {"image": "x/s.jpg", "share": 0.5}, "s_2": {"image": "s.png", "share": 0.5}},
        "output": "r_again.png",
        "settings": {
            "network": "lite",
            "compute_type": "bfloat16",
            "content_layers": {"block1_conv1": 1.0},
            "size": 32,
            "init": "content",
        },
    }


def test_settings_of_a_recipe_that_do_nothing_are_left_out(tmp_path):
    settings = {**metadata()["settings"], "mask_exponent": 2.0, "propagation": "all"}
    plan = plan_of_result(metadata(settings=settings), tmp_path / "r.png")
    assert not {"mask_exponent", "propagation"} & set(plan["settings"])


def test_a_record_from_before_there_was_underpainting_is_repeated_without(tmp_path):
    def underpainting(network, **settings):
        given = metadata(network=network, settings={**metadata()["settings"], **settings})
        return plan_of_result(given, tmp_path / "r.png")["settings"].get("underpainting", "auto")

    assert underpainting("vgg19") == "none"
    assert underpainting("vgg19", underpainting="auto") == "auto"
    assert underpainting("lite") == "auto"  # which has none anyway


@pytest.mark.parametrize(
    ("part", "changes"), [("inputs", {"halo": 3.0}), ("settings", {"halo": "wide"}), ("settings", {"halo": None})]
)
def test_what_plans_do_not_have_is_not_passed_over(tmp_path, part, changes):
    given = metadata()
    with pytest.raises(SettingsError, match=r"r\.png was made with halo, which plans do not support"):
        plan_of_result({**given, part: {**given[part], **changes}}, tmp_path / "r.png")
    assert plan_of_result({**given, "inputs": {**given["inputs"], "halo": None}}, tmp_path / "r.png")


def test_weights_that_lie_beside_the_result_are_named(tmp_path):
    (tmp_path / "w.npz").touch()
    assert plan_of_result(metadata(), tmp_path / "r.png")["weights"] == "w.npz"


@pytest.mark.parametrize(
    "changes",
    [
        {"command": "compare"},
        {"sha256": None, "inputs": {}},
        {"settings": None},
        {"inputs": None},
        {"inputs": {"plan": 3}},
    ],
)
def test_metadata_that_do_not_say_enough(tmp_path, changes):
    with pytest.raises(SettingsError, match=r"r\.png is not enough for a plan"):
        plan_of_result(metadata(**changes), tmp_path / "r.png")


@pytest.mark.parametrize(
    ("part", "value", "said"),
    [
        (("inputs", "plan", "content"), None, "content is None; expected a text"),
        (("inputs", "plan", "content"), "a\0b", "content is .*; expected a text"),
        (("inputs", "plan", "content"), "\ud800", "content is .*; expected a text"),
        (("inputs", "plan", "styles"), [1], "styles is .*; expected a table"),
        (("inputs", "plan", "styles", "s"), "x", "styles.s is not a table"),
        (("inputs", "plan", "styles", "s", "share"), float("nan"), "share is nan; expected a number"),
        (("inputs", "plan", "technique"), "nothing", "there is no technique 'nothing'"),
        (("inputs", "plan", "technique"), {}, "technique: expected text"),
        (("inputs", "weights"), 3, "weights: expected text"),
        (("settings", "size"), True, "size is True"),
        (("settings", "steps"), 10**200, "steps is larger than"),
        (("settings", "content_layers"), [[None, 1.0]], r"content_layers\[0\]\[0\]: expected text, got nothing"),
        (
            ("settings", "content_layers"),
            [["block1_conv1", 10**400]],
            r"content_layers\[0\]\[1\]: number out of range",
        ),
        (("run",), {"memory": "x"}, "run.memory: expected a number"),
        (("run",), {"memory": -1.0}, "memory is -1.0; expected a number above 0"),
        (("network",), None, "network: expected text, got nothing"),
    ],
)
def test_a_record_with_odd_values_is_refused_with_their_place(tmp_path, part, value, said):
    plan = {"technique": "basic", "content": "c.png", "styles": {"s": {"image": "s.jpg", "share": 1.0}}}
    given = metadata(inputs={"plan": plan, "initial": None, "weights": "w.npz"}, run={})
    del given["settings"]["snapshot_every"]
    assert plan_of_result(given, tmp_path / "r.png")
    table = given
    for key in part[:-1]:
        table = table[key]
    table[part[-1]] = value
    with pytest.raises(SettingsError, match=rf"r\.png is not enough for a plan \({said}"):
        plan_of_result(given, tmp_path / "r.png")


def test_an_image_to_start_from_that_was_not_recorded(tmp_path):
    settings = {**metadata()["settings"], "init": "image"}
    with pytest.raises(SettingsError, match="initial"):
        plan_of_result(metadata(settings=settings), tmp_path / "r.png")


IN_0_4: dict[str, Any] = {
    "basic": (
        {"content": "c.png", "styles": [["x/s.jpg", 2.0]], "initial": "i.png", "weights": "w.npz"},
        {"technique": "basic", "content": "c.png", "styles": {"s": {"image": "x/s.jpg", "share": 2.0}}},
    ),
    "region": (
        {
            "content": "c.png",
            "style": "s.jpg",
            "content_map": "m.png",
            "style_map": "n.png",
            "regions": ["#ff0000"],
            "pairs": [["#ff0000", "#0000ff"], ["#00ff00", None]],
            "mapping": [["#ff0000", "#0000ff"]],
            "unmatched": "whole-style",
            "feather": 2.0,
            "feather_mode": "edges",
            "denoise_regions": ["#ff0000"],
            "transparent": True,
            "palette": ["#ff0000"],
            "least_region": 3,
            "soft_maps": True,
            "map_remarks": ["small"],
            "initial": None,
            "weights": "w.npz",
        },
        {
            "technique": "plan",
            "content": "c.png",
            "content_map": "m.png",
            "styles": {"s": {"image": "s.jpg", "map": "n.png"}},
            "region": [
                {"region": "#ff0000", "style": "s", "style_region": "#0000ff"},
                {"region": "#00ff00", "style": "s", "style_region": "whole"},
            ],
            "feather": 2.0,
            "feather_mode": "edges",
            "transparent": True,
            "denoise_regions": ["#ff0000"],
            "palette": ["#ff0000"],
            "least_region": 3,
            "soft_maps": True,
        },
    ),
    "gradient_mask": (
        {
            "content": "c.png",
            "styles": [
                {"style": "s.jpg", "mask": "m.png", "complement": False, "weight": 0.5},
                {"style": "s.jpg", "mask": "m.png", "complement": True, "weight": 1.0},
            ],
            "transparent": False,
            "initial": None,
            "weights": "w.npz",
        },
        {
            "technique": "mask",
            "content": "c.png",
            "styles": {"s": {"image": "s.jpg"}},
            "region": [
                {"mask": "m.png", "style": "s", "strength": 0.5},
                {"mask": "m.png", "complement": True, "style": "s", "strength": 1.0},
            ],
        },
    ),
    "patch": (
        {
            "content": "c.png",
            "style": "s.jpg",
            "content_map": "m.png",
            "style_map": "n.png",
            "mapping": [["#ff0000", "#0000ff"]],
            "unmatched": "error",
            "palette": None,
            "least_region": None,
            "map_remarks": [],
            "initial": None,
            "weights": "w.npz",
        },
        {
            "technique": "patch",
            "content": "c.png",
            "content_map": "m.png",
            "mapping": {"#ff0000": "#0000ff"},
            "unmatched": "error",
            "patches": {"patch_size": 8},
            "styles": {"s": {"image": "s.jpg", "map": "n.png"}},
        },
    ),
    "doodle": (
        {
            "style": "s.jpg",
            "style_map": "n.png",
            "doodle": "d.png",
            "matching": "region",
            "mapping": [],
            "unmatched": "whole-style",
            "palette": None,
            "least_region": 9,
            "map_remarks": [],
            "initial": None,
            "weights": "w.npz",
        },
        {
            "technique": "doodle",
            "doodle": "d.png",
            "matching": "region",
            "unmatched": "whole-style",
            "least_region": 9,
            "styles": {"s": {"image": "s.jpg", "map": "n.png"}},
        },
    ),
    "planned": (
        {
            "plan": {
                "technique": "region",
                "content": "c.png",
                "styles": {"s": {"image": "s.jpg"}},
                "region": [
                    {"mask": "m.png", "style": "s", "style_region": "whole", "strength": 1.0, "color": "style"}
                ],
            },
            "initial": None,
            "weights": "w.npz",
        },
        {
            "technique": "plan",
            "content": "c.png",
            "styles": {"s": {"image": "s.jpg"}},
            "region": [{"mask": "m.png", "style": "s", "style_region": "whole", "strength": 1.0, "color": "style"}],
        },
    ),
}
"""What each command of version 0.4 recorded of its inputs, and the plan that repeats it."""


@pytest.mark.parametrize("command", IN_0_4)
def test_records_of_version_0_4_are_read(tmp_path, command):
    inputs, expected = IN_0_4[command]
    settings = {
        "size": 32,
        "gram_normalisation": "none",
        "memory": 2.0,
        "tile_size": 256,
        "snapshot_every": 5,
        "init": "image" if inputs["initial"] else "auto",
    }
    given = metadata(command=command, inputs=inputs, settings=settings)
    if command == "patch":
        given["patches"] = {"patch_size": 8, "patch_stride": None}
    plan = plan_of_result(given, tmp_path / "r.png")
    assert plan.pop("settings") == {
        "network": "lite",
        "compute_type": "bfloat16",
        "size": 32,
        "gram_normalization": "none",
        **({"init": "i.png"} if inputs["initial"] else {}),
    }
    assert plan.pop("run") == {"memory": 2.0, "tile_size": 256}
    assert plan == {**expected, "output": "r_again.png"}
    (tmp_path / "plan.toml").write_text(plan_text(plan), encoding="utf-8")
    assert read_plan(tmp_path / "plan.toml").technique == expected["technique"]


def test_files_that_changed_or_are_gone(tmp_path):
    result = tmp_path / "results" / "r.png"
    result.parent.mkdir()
    files = [tmp_path / name for name in ("same.png", "changed.png", "gone.png")]
    for file in files:
        file.write_text(file.name)
    hashes = file_hashes([*files, files[0]], result)
    assert list(hashes) == ["../same.png", "../changed.png", "../gone.png"]
    assert describe_changes(hashes, result) == []
    files[1].write_text("other")
    files[2].unlink()
    changed, gone = describe_changes(hashes, result)
    assert changed.endswith("changed.png has changed since r.png was made")
    assert gone.endswith("gone.png no longer exists")


def test_paths_are_from_the_results_folder(tmp_path):
    assert recorded_path(tmp_path / "a" / "b.png", tmp_path / "c" / "r.png") == "../a/b.png"
    assert recorded_path(Path("b.png"), Path("r.png")) == "b.png"


def test_a_line_break_in_the_comment_adds_no_key():
    text = plan_text({"content": "a.jpg"}, 'repeats a.png\nweights = "other.npz"\x85\u2028')
    assert tomllib.loads(text) == {"content": "a.jpg"}
