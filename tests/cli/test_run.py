"""``maskstyle run`` and ``maskstyle plan from`` in this process: what a plan makes, and makes again."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from skimage.color import rgb2lab

from maskstyle import load_image, load_map, read_metadata, save_image
from maskstyle.images.pixels import resize_image, resize_labels, to_uint8
from maskstyle.techniques.registry import TECHNIQUES

RED, GREEN, BLUE, YELLOW, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 255, 255)

SETTINGS = """
[settings]
steps = 2
scales = 1
content_layers = { block1_conv2 = 1.0 }
style_layers = { block1_conv1 = 1.0 }
"""

PLAN = f"""content = "pictures/content.png"
content_map = "pictures/map.png"
output = "out.png"
{SETTINGS}
[styles.one]
image = "pictures/one.png"
map = "pictures/one_map.png"

[styles.two]
image = "pictures/two.png"

[styles.three]
image = "pictures/three.png"

[[region]]
region = "red"
style = "one"

[[region]]
region = "green"
style = "one"
style_region = "blue"
strength = 0.9

[[region]]
region = "blue"
style = "two"
style_mask = "pictures/soft_two.png"

[[region]]
region = "yellow"
style = "three"
color = "content"

[[region]]
region = "white"
keep = true

[[region]]
mask = "pictures/soft.png"
complement = true
style = "three"
strength = 0.5
"""


@pytest.fixture
def plan(checked_plan, eagerly):
    """Return a function that writes a plan and paints it; its images lie in a folder beside it."""
    return checked_plan


@pytest.fixture
def checked_plan(tmp_path, monkeypatch, painted, run):
    """Return a function like `plan` that does not need TensorFlow where nothing is painted."""
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    for seed, (name, size) in enumerate(
        {"content": (30, 40), "one": (36, 28), "two": (20, 30), "three": (24, 24)}.items()
    ):
        painted(size, seed=seed).save(pictures / f"{name}.png")
    for name, size, colors in (
        ("map", (30, 40), (RED, GREEN, BLUE, YELLOW, WHITE)),
        ("one_map", (36, 28), (RED, BLUE)),
    ):
        places = np.arange(size[1]) * len(colors) // size[1]
        pixels = np.array(colors, np.uint8)[np.tile(places, (size[0], 1))]
        Image.fromarray(pixels).save(pictures / f"{name}.png")
    Image.linear_gradient("L").resize((40, 30)).save(pictures / "soft.png")
    Image.linear_gradient("L").resize((30, 20)).save(pictures / "soft_two.png")
    Image.linear_gradient("L").resize((30, 40)).save(pictures / "tall.png")
    monkeypatch.chdir(tmp_path)

    def plan(*options, text=PLAN):
        (tmp_path / "plan.toml").write_text(text, encoding="utf-8")
        return run("run", "plan.toml", *options)

    return plan


def pixels_of(path):
    return load_image(path).pixels


def test_several_styles_over_five_regions(plan, tmp_path):
    ran = plan("--json", "run.json").succeeded()
    assert "wrote out.png: 40x30, 2 steps" in ran.err
    before, after = pixels_of("pictures/content.png"), pixels_of("out.png")
    np.testing.assert_array_equal(after[:, 32:], before[:, 32:])
    assert (after[:, :32] != before[:, :32]).any(axis=(0, 2)).all()
    record = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert record["command"] == "plan"
    assert record["inputs"]["plan"]["region"][0] == {
        "region": "#ff0000",
        "style": "one",
        "style_region": "#ff0000",
        "color": "style",
    }
    assert set(record["sha256"]) == {f"pictures/{name}.png" for name in (
        "content", "map", "one", "one_map", "two", "three", "soft", "soft_two"
    )}  # fmt: skip


def test_the_colors_of_the_content_where_asked(plan):
    without_masks = PLAN[: PLAN.rindex("[[region]]")]
    plan(text=without_masks).succeeded()
    before, after = (rgb2lab(pixels_of(name)) for name in ("pictures/content.png", "out.png"))
    shown = pixels_of("out.png")[:, 24:32]
    inside = ((shown > 0.02) & (shown < 0.98)).all(axis=2)
    assert np.abs(after - before)[:, 24:32, 1:][inside].max() < 3  # but for 8 bits
    assert np.abs(after - before)[:, 24:32, 0].max() > 0.3
    assert np.abs(after - before)[:, :8, 1:].max() > 5


@pytest.mark.parametrize("options", [(), ("--set", "init=noise", "--set", "seed=3", "--set", "size=24")])
def test_a_result_is_made_again_from_its_metadata(plan, run, tmp_path, options):
    plan(*options).succeeded()
    (tmp_path / "plan.toml").unlink()
    (tmp_path / "elsewhere").mkdir()
    ran = run("plan", "from", "out.png", "-o", "elsewhere/again.toml").succeeded()
    assert ran.err == "wrote elsewhere/again.toml\n"
    table = tomllib.loads((tmp_path / "elsewhere" / "again.toml").read_text(encoding="utf-8"))
    assert table["content"] == "../pictures/content.png"
    assert table["output"] == "../out_again.png"
    assert table["settings"]["network"] == "vgg19"
    run("run", "elsewhere/again.toml", "-o", "again.png").succeeded()
    np.testing.assert_array_equal(pixels_of("again.png"), pixels_of("out.png"))
    assert read_metadata("again.png")["inputs"]["plan"] == read_metadata("out.png")["inputs"]["plan"]


SAMPLES = Path(__file__).parents[2] / "samples"


def test_the_sample_is_made_again_from_its_result(tmp_path, monkeypatch, run, eagerly):
    """Three styles over five regions, one kept and one in the content's colors, from one file; and once more."""
    monkeypatch.chdir(tmp_path)
    small = ("--set", "network=lite", "--set", "size=48", "--set", "steps=2", "--set", "scales=1")
    run("run", SAMPLES / "plan.toml", "-o", "first.png", *small).succeeded()
    run("plan", "from", "first.png", "-o", "again.toml").succeeded()
    run("run", "again.toml", "-o", "again.png").succeeded()
    table = tomllib.loads(Path("again.toml").read_text(encoding="utf-8"))
    assert (len(table["styles"]), len(table["region"])) == (3, 5)
    assert [each.get("color", "content") for each in table["region"]].count("content") == 2
    first, again = (np.asarray(Image.open(name)) for name in ("first.png", "again.png"))
    assert first.shape == (32, 48, 3)
    np.testing.assert_array_equal(first, again)
    coffee_map = load_map(SAMPLES / "coffee_map.png")
    kept = resize_labels(coffee_map.labels, (32, 48)) == coffee_map.colors.index((250, 215, 80))
    content = to_uint8(resize_image(pixels_of(SAMPLES / "coffee.jpg"), (32, 48)))
    np.testing.assert_array_equal(first[kept], content[kept])
    assert (first[~kept] != content[~kept]).any(axis=1).mean() > 0.9


QUICK = ("--steps", "2", "--scales", "1", "--style-layers", "block1_conv1:0.1")
WITH_CONTENT = ("--content-layers", "block1_conv2")

OTHERS = {
    "basic": (
        "basic", "pictures/content.png", "pictures/one.png:2", "--style", "pictures/two.png", "--init", "noise",
    ),
    "basic from a picture": ("basic", "pictures/content.png", "pictures/one.png", "--init", "pictures/three.png"),
    "basic in the content's colors": ("basic", "pictures/content.png", "pictures/one.png", "--color", "luminance"),
    "basic of a recipe": ("basic", "pictures/content.png", "pictures/one.png", "--recipe", "gatys2016"),
    "region": (
        "region", "pictures/content.png", "pictures/one.png", "--content-map", "pictures/map.png",
        "--unmatched", "whole-style", "--map", "green=red", "--feather", "2", "--regions", "red,green,white",
    ),
    "region of a palette": (
        "region", "pictures/content.png", "pictures/one.png", "--content-map", "pictures/map.png",
        "--unmatched", "keep", "--palette", "red,#00ff00,#0000ff,yellow,white", "--least-region", "5",
    ),
    "region to edges": (
        "region", "pictures/content.png", "pictures/one.png", "--content-map", "pictures/map.png",
        "--unmatched", "keep", "--feather", "3", "--feather-mode", "edges", "--transparent", "--color", "match",
    ),
    "region denoised": (
        "region", "pictures/content.png", "pictures/one.png", "--content-map", "pictures/map.png", "--regions",
        "blue,red", "--denoise", "0.1", "--denoise-method", "tv", "--denoise-regions", "blue", "--color", "content",
    ),
    "region split": (
        "region", "pictures/content.png", "pictures/one.png", "--content-map", "pictures/map.png",
        "--unmatched", "whole-style", "--propagation", "split", "--init", "colors", "--seed", "2",
    ),
    "patch": (
        "patch", "pictures/content.png", "pictures/one.png", "--content-map", "pictures/map.png", "--map",
        "green=red", "--unmatched", "nearest", "--patch-size", "8", "--patch-offset", "3,1", "--color", "match",
    ),
    "patch by default": ("patch", "pictures/one.png", "pictures/one.png"),
    "doodle": (
        "doodle", "pictures/one.png", "--doodle", "pictures/map.png", "--unmatched", "whole-style",
        "--map", "yellow=blue", "--seed", "5",
    ),
    "doodle by patch": (
        "doodle", "pictures/one.png", "--doodle", "pictures/one_map.png", "--matching", "patch", "--patch-size", "8",
        "--init", "noise", "--palette", "red,blue",
    ),
    "mask": (
        "mask", "pictures/content.png", "--style", "pictures/one.png:pictures/soft.png:2", "--style-weight", "20",
        "--style", "pictures/two.png:1-pictures/soft.png", "--mask-exponent", "2", "--init", "style",
    ),
    "mask in gray": (
        "mask", "pictures/content.png", "--style", "pictures/one.png:pictures/soft.png", "--transparent",
        "--color", "luminance",
    ),
    "with memory": ("basic", "pictures/content.png", "pictures/one.png", "--memory", "3GB"),
    "with weights": ("basic", "pictures/content.png", "pictures/one.png", "--weights", "mine.npz"),
}  # fmt: skip


def test_results_of_every_command_are_made_again_here():
    assert {arguments[0] for arguments in OTHERS.values()} == set(TECHNIQUES) - {"plan"}


@pytest.mark.parametrize("name", OTHERS)
def test_results_of_other_commands_are_made_again(plan, run, tmp_path, random_vgg19_weights, name):
    (tmp_path / "results").mkdir()
    if name == "with weights":
        (tmp_path / "mine.npz").symlink_to(random_vgg19_weights)
    quick = QUICK if OTHERS[name][0] == "doodle" else (*QUICK, *WITH_CONTENT)
    run(*OTHERS[name], "-o", "results/out.png", *quick).succeeded()
    ran = run("plan", "from", "results/out.png").succeeded()
    assert ran.err == ""
    assert 'output = "results/out_again.png"' in ran.out
    assert ('weights = "mine.npz"' in ran.out, "memory = 3.0" in ran.out) == (
        name == "with weights",
        name == "with memory",
    )
    (tmp_path / "again.toml").write_text(ran.out, encoding="utf-8")
    run("run", "again.toml", "-o", "again.png").succeeded()
    again, before = load_image("again.png"), load_image("results/out.png")
    np.testing.assert_array_equal(again.pixels, before.pixels)
    np.testing.assert_array_equal(again.alpha, before.alpha)


OF_MAPS = {"mapping": [], "palette": None, "least_region": None, "map_remarks": []}

IN_0_4: dict[str, tuple[str, dict[str, Any]]] = {
    "basic": ("basic", {"content": "content.png", "styles": [["one.png", 2.0], ["two.png", 1.0]]}),
    "region": (
        "region",
        {
            "content": "content.png",
            "style": "one.png",
            "content_map": "map.png",
            "style_map": "one_map.png",
            "regions": ["#ff0000", "#00ff00", "#ffffff"],
            "pairs": [["#ff0000", "#ff0000"], ["#00ff00", "#ff0000"], ["#ffffff", None]],
            "feather": 2.0,
            "feather_mode": "distance",
            "denoise_regions": None,
            "transparent": False,
            "soft_maps": False,
            **OF_MAPS,
            "mapping": [["#00ff00", "#ff0000"]],
            "unmatched": "whole-style",
        },
    ),
    "mask": (
        "gradient_mask",
        {
            "content": "content.png",
            "styles": [
                {"style": "one.png", "mask": "soft.png", "complement": False, "weight": 2.0},
                {"style": "two.png", "mask": "soft.png", "complement": True, "weight": 1.0},
            ],
            "transparent": False,
        },
    ),
    "patch": (
        "patch",
        {
            "content": "content.png",
            "style": "one.png",
            "content_map": "map.png",
            "style_map": "one_map.png",
            **OF_MAPS,
            "mapping": [["#00ff00", "#ff0000"]],
            "unmatched": "nearest",
        },
    ),
    "doodle": (
        "doodle",
        {
            "style": "one.png",
            "style_map": "one_map.png",
            "doodle": "map.png",
            "matching": "region",
            **OF_MAPS,
            "mapping": [["#ffff00", "#0000ff"]],
            "unmatched": "whole-style",
        },
    ),
}
"""What version 0.4 recorded of runs of `OTHERS`, in the folder of the inputs."""


@pytest.mark.parametrize("name", IN_0_4)
def test_results_of_version_0_4_are_made_again(plan, run, tmp_path, name):
    quick = QUICK if name == "doodle" else (*QUICK, *WITH_CONTENT)
    run(*OTHERS[name], "-o", "new.png", *quick).succeeded()
    new = read_metadata("new.png")
    settings = {**new["settings"], "memory": None, "tile_size": None, "snapshot_every": 0}
    settings["gram_normalisation"] = settings.pop("gram_normalization")
    command, inputs = IN_0_4[name]
    old = {key: new[key] for key in ("network", "compute_type", "patches") if key in new}
    old |= {"version": "0.4.0", "command": command, "settings": settings, "sha256": {}}
    old["inputs"] = {**inputs, "initial": None, "weights": "vgg19_random.npz"}
    save_image("pictures/old.png", pixels_of("new.png"), metadata=old)
    (tmp_path / "again.toml").write_text(run("plan", "from", "pictures/old.png").succeeded().out, encoding="utf-8")
    run("run", "again.toml", "-o", "again.png").succeeded()
    np.testing.assert_array_equal(pixels_of("again.png"), pixels_of("new.png"))


def test_inputs_that_changed_are_noted(plan, run, painted):
    plan().succeeded()
    painted((36, 28), seed=9).save("pictures/one.png")
    Path("pictures/two.png").unlink()
    ran = run("plan", "from", "out.png").succeeded()
    assert ran.err.splitlines() == [
        "note: pictures/one.png has changed since out.png was made",
        "note: pictures/two.png no longer exists",
    ]
    assert 'image = "pictures/one.png"' in ran.out


@pytest.mark.usefixtures("without_tensorflow")
def test_a_dry_run_says_all_and_writes_nothing(checked_plan, tmp_path):
    before = sorted(tmp_path.rglob("*"))
    ran = checked_plan("--dry-run", "--set", "size=32", "--set", "scales=2").succeeded()
    assert sorted({*before, tmp_path / "plan.toml"}) == sorted(tmp_path.rglob("*"))
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert lines[:7] == [
        "what share style part of the style matched strength colors",
        "3 ██ #ff0000 red 20 % one 2 ██ #ff0000 red by color 0.5 style",
        "2 ██ #00ff00 green 20 % one 1 ██ #0000ff blue as given 0.9 style",
        "1 ██ #0000ff blue 20 % two pictures/soft_two.png 0.5 style",
        "4 ██ #ffff00 yellow 20 % three whole 0.5 content",
        "5 ██ #ffffff white 20 % keep content",
        "1 - pictures/soft.png 40 % three whole 0.5 style",
    ]
    assert lines[7:11] == [
        "content: pictures/content.png, 40x30",
        "output: out.png, 32x24",
        "sizes: 16x12, 32x24",
        "steps: at most 4, 2",
    ]
    assert lines[11].startswith("network: vgg19 from ")
    assert lines[12].startswith("expected: at most about ")
    assert "GB of memory (forecast for this machine" in lines[12]


def test_a_dry_run_of_whole_styles_needs_no_output(plan):
    text = f'content = "pictures/content.png"\n{SETTINGS}[styles.a]\nimage = "pictures/one.png"\nshare = 3\n' + (
        '[styles.b]\nimage = "pictures/two.png"'
    )
    ran = plan("--dry-run", text=text).succeeded()
    lines = [" ".join(line.split()) for line in ran.out.splitlines()]
    assert lines[:3] == ["style image share", "a pictures/one.png 75 %", "b pictures/two.png 25 %"]
    assert "output: none, 40x30" in lines
    message = plan(text=text).error
    assert message == 'plan.toml, line 1: the plan names no output; add output = "out.png", or pass -o FILE'


REGIONS = f"""technique = "region"
content = "pictures/content.png"
content_map = "pictures/map.png"
regions = ["red", "blue"]
unmatched = "keep"
mapping = {{ blue = "red" }}
feather = 2
{SETTINGS}
[run]
tile_size = 64
snapshot_every = 2

[styles.one]
image = "pictures/one.png"
map = "pictures/one_map.png"
"""

MASKS = f"""technique = "mask"
content = "pictures/content.png"
{SETTINGS}
[styles.one]
image = "pictures/one.png"

[styles.two]
image = "pictures/two.png"

[[region]]
mask = "pictures/soft.png"
style = "one"
strength = 0.9

[[region]]
mask = "pictures/soft.png"
complement = true
style = "two"
"""


def test_a_plan_of_technique_region_is_painted_as_the_command_does(plan, run, tmp_path, quick):
    plan("-o", "out.png", "--json", "run.json", text=REGIONS).succeeded()
    assert (tmp_path / "out_snapshots" / "out_1_40x30_00002.png").is_file()
    record = json.loads((tmp_path / "run.json").read_text(encoding="utf-8"))
    assert (record["command"], record["run"]["tile_size"]) == ("region", 64)
    maps = ("--content-map", "pictures/map.png", "--regions", "red,blue", "--unmatched", "keep", "--map", "blue=red")
    command = ("region", "pictures/content.png", "pictures/one.png", *maps, "--feather", "2", "--tile-size", "64")
    run(*command, *quick, "-o", "again.png").succeeded()
    np.testing.assert_array_equal(pixels_of("again.png"), pixels_of("out.png"))
    again = read_metadata("again.png")["inputs"]
    assert again.pop("notes") == ["--tile-size has no effect on a result that is no larger"]
    assert record["inputs"].pop("notes") == ["tile_size has no effect on a result that is no larger"]
    assert again == record["inputs"]


def test_a_plan_of_technique_mask_is_painted_as_the_command_does(plan, run, quick):
    plan("-o", "out.png", text=MASKS).succeeded()
    first, second = "pictures/one.png:pictures/soft.png:0.9", "pictures/two.png:1-pictures/soft.png"
    run("mask", "pictures/content.png", "--style", first, "--style", second, *quick, "-o", "again.png").succeeded()
    np.testing.assert_array_equal(pixels_of("again.png"), pixels_of("out.png"))
    assert read_metadata("again.png")["inputs"] == read_metadata("out.png")["inputs"]


def test_a_dry_run_lists_regions_of_technique_region(checked_plan):
    ran = checked_plan("--dry-run", text=REGIONS).succeeded()
    assert [" ".join(line.split()) for line in ran.out.splitlines()][:8] == [
        "what share style part of the style matched strength colors",
        "1 ██ #0000ff blue 20 % one 2 ██ #ff0000 red as given 0.5 style",
        "3 ██ #ff0000 red 20 % one 2 ██ #ff0000 red by color 0.5 style",
        "2 ██ #00ff00 green 20 % keep content",
        "4 ██ #ffff00 yellow 20 % keep content",
        "5 ██ #ffffff white 20 % keep content",
        "content: pictures/content.png, 40x30",
        "output: none, 40x30",
    ]


def test_a_dry_run_lists_masks_of_technique_mask(checked_plan):
    ran = checked_plan("--dry-run", text=MASKS).succeeded()
    assert [" ".join(line.split()) for line in ran.out.splitlines()][:3] == [
        "what share style part of the style matched strength colors",
        "pictures/soft.png 50 % one whole 0.9 style",
        "1 - pictures/soft.png 50 % two whole 0.5 style",
    ]


@pytest.mark.parametrize(
    ("text", "old", "new", "says"),
    [
        (REGIONS, '"blue"]', '"cyan"]', "line 4: expected colors of pictures/map.png"),
        (REGIONS, "blue =", "cyan =", "line 6: expected colors of pictures/map.png"),
        (REGIONS, "feather = 2", "strengths = { cyan = 1 }", "line 7: expected colors of pictures/map.png"),
        (REGIONS, '"red", "blue"]', '"green"]', "line 6: region #0000ff (blue) is mapped, but is not among the"),
        (
            REGIONS,
            "feather = 2",
            'feather_mode = "edges"',
            "line 7: feather is 0, but feather_mode edges searches for",
        ),
        (REGIONS, '"pictures/map.png"', '"pictures/one_map.png"', "line 3: expected a map with the aspect of"),
        (REGIONS, 'one_map.png"', 'map.png"', "line 21: expected a map with the aspect of pictures/one.png"),
        (REGIONS, "block1_conv1 =", "block9_conv1 =", "line 13: vgg19 has no layer 'block9_conv1'"),
        (MASKS, 'soft.png"\nstyle', 'tall.png"\nstyle', "line 17: expected a mask with the aspect of"),
        (
            MASKS,
            'soft.png"\nstyle',
            'content.png"\nstyle',
            "line 17: expected a grayscale mask, but pictures/content",
        ),
    ],
)
def test_what_is_wrong_with_regions_and_masks_has_its_line(checked_plan, text, old, new, says):
    assert text.count(old) == 1
    message = checked_plan("--dry-run", text=text.replace(old, new)).error
    assert message.startswith(f"plan.toml, {says}")
    assert "`" not in message
    assert "--" not in message.partition("maskstyle masks from-map")[0]  # a command to copy has options


PAIRS = f"""technique = "patch"
content = "pictures/content.png"
content_map = "pictures/map.png"
mapping = {{ green = "red" }}
unmatched = "nearest"
{SETTINGS}
[styles.one]
image = "pictures/one.png"
map = "pictures/one_map.png"
"""

DOODLE = f"""doodle = "pictures/map.png"
unmatched = "whole-style"
{SETTINGS.replace("content_layers = { block1_conv2 = 1.0 }", "")}
[styles.one]
image = "pictures/one.png"
map = "pictures/one_map.png"
"""


@pytest.mark.parametrize(
    ("text", "first", "without"),
    [(PAIRS, "content: pictures/content.png", "nearest colors"), (DOODLE, "doodle: pictures/map.png", "whole")],
)
def test_a_dry_run_says_which_regions_go_together(plan, text, first, without):
    lines = [" ".join(line.split()) for line in plan("--dry-run", text=text).succeeded().out.splitlines()]
    by_region = dict.fromkeys(["red", "green", "blue", "yellow", "white"], without)
    by_region |= {"red": "2 ██ #ff0000 red by color", "blue": "1 ██ #0000ff blue by color"}
    by_region |= {"green": "2 ██ #ff0000 red as given"} if "mapping" in text else {}
    assert lines[0] == "what share style part of the style matched strength colors"
    parts = {line.split()[3]: line.partition(" one ")[2].removesuffix(" style") for line in lines[1:6]}
    shown = {region: part.removesuffix(" 0.5") for region, part in parts.items()}
    assert shown == by_region
    assert lines[6] == f"{first}, 40x30"
    assert lines[-1].startswith("expected: at most about ")


@pytest.mark.parametrize(
    ("text", "old", "new", "says"),
    [
        (PAIRS, "green =", "cyan =", "line 4: expected colors of pictures/map.png"),
        (PAIRS, '"red"', '"white"', "line 4: expected colors of pictures/one_map.png"),
        (PAIRS, '"nearest"', '"error"', "line 5: pictures/one_map.png lacks #ffff00"),
        (PAIRS, "one_map.png", "map.png", "line 15: expected a map with the aspect of pictures/one.png"),
        (
            DOODLE,
            'unmatched = "whole-style"',
            "",
            "line 1: pictures/one_map.png lacks #00ff00",
        ),
        (DOODLE, "pictures/map.png", "no.png", "line 1: doodle is 'no.png', which does not exist"),
        (DOODLE, "pictures/map.png", "pictures/one.png", "line 1: "),
    ],
)
def test_regions_that_do_not_go_together_are_said_with_their_line(plan, text, old, new, says):
    assert text.count(old) == 1
    ran = plan("--dry-run", text=text.replace(old, new))
    assert ran.code == 2
    assert f"plan.toml, {says}" in ran.error


def test_styles_that_paint_nothing_are_noted(plan):
    text = PLAN.replace("[[region]]", '[styles.four]\nimage = "pictures/two.png"\n[[region]]', 1)
    assert "note: no region or mask has the style four" in plan("--dry-run", text=text).succeeded().err


def test_what_an_entry_or_a_style_says_in_vain_is_noted(plan):
    idle = plan("--dry-run", text=PLAN.replace("strength = 0.9", "strength = 0.0")).succeeded().err
    assert "has strength 0, so its style_region has no effect" in idle
    of_masks = """[[region]]
mask = "pictures/soft.png"
style = "one"
"""
    text = f"{PLAN.partition('[[region]]')[0]}{of_masks}"
    assert "takes a part of one, so its map has no effect" in plan("--dry-run", text=text).succeeded().err
    used = text + 'style_region = "blue"\n'
    assert "its map has no effect" not in plan("--dry-run", text=used).succeeded().err


def test_what_is_transparent_needs_a_format_that_keeps_it(plan):
    text = PLAN.replace('output = "out.png"', 'output = "out.jpg"\ntransparent = true')
    assert plan(text=text).error.startswith("plan.toml, line 4: transparent makes a transparent result, which .jpg")


def test_settings_that_do_nothing_are_refused_on_the_command_line(plan):
    message = plan("--set", "color=content", text=DOODLE).error
    assert message == "--set color has no effect in technique 'doodle'; leave it out"


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (
            "region.red.mask=",
            "--set region.red.mask has no value; expected --set region.red.mask=VALUE, or leave it out",
        ),
        ("region.red.mask=content.png", "--set region.red.mask: [[region]] has both a region and a mask"),
    ],
)
def test_the_option_is_at_fault_not_the_plan(plan, given, said):
    assert plan("--set", given).error.startswith(said)


def test_what_the_plan_does_not_name_is_noted(plan):
    text = PLAN.replace('[[region]]\nregion = "white"\nkeep = true\n', "")
    ran = plan("--dry-run", text=text).succeeded()
    assert "note: the plan does not mention #ffffff (white): only masks paint there" in ran.err
    assert any(line.split()[2:4] == ["#ffffff", "white"] for line in ran.out.splitlines())


def test_settings_from_the_command_line(plan):
    plan("--set", "size=24", "--set", "style_layers=block1_conv1:0.5", "--set", "style_weight=3").succeeded()
    settings = read_metadata("out.png")["settings"]
    assert (settings["size"], settings["style_weight"]) == (24, 3.0)
    assert settings["style_layers"] == [["block1_conv1", 0.5]]


WRONG = {
    "no content": ("pictures/content.png", "no.png", 1, ("content is 'no.png', which does not exist",)),
    "content a folder": ("pictures/content.png", "pictures", 1, ("content is 'pictures', which is a folder",)),
    "no map": ("pictures/map.png", "no.png", 2, ("content_map is 'no.png', which does not exist",)),
    "no style": ("pictures/two.png", "no.png", 16, ("image is 'no.png', which does not exist",)),
    "no mask": ("pictures/soft.png", "no.png", 46, ("mask is 'no.png', which does not exist",)),
    "the map a photograph": ("pictures/map.png", "pictures/content.png", 2, ("pictures/content.png",)),
    "a content map of another shape": ("pictures/map.png", "pictures/one_map.png", 2, ("aspect of pictures/con",)),
    "a map of another shape": ("pictures/one_map.png", "pictures/map.png", 13, ("aspect of pictures/one.png",)),
    "a mask of colors": ("pictures/soft.png", "pictures/content.png", 46, ("a grayscale mask", "colored")),
    "a mask of another shape": ("pictures/soft.png", "pictures/tall.png", 46, ("aspect of pictures/content.png",)),
    "an unknown region": ('"red"', '"cyan"', 22, ("got #00ffff (cyan)", "pictures/map.png")),
    "an unknown region of the style": ('style_region = "blue"', 'style_region = "cyan"', 28, ("got #00ffff (cyan)",)),
    "a region that the style lacks": ('style_region = "blue"', "", 25, ("the map of pictures/one.png lacks",)),
    "a region twice": ('"green"', '"red"', 26, ("region #ff0000 (red) is listed twice",)),
    "a first image that is not there": ("steps = 2", 'init = "no.png"', 6, ("init is 'no.png', which does",)),
    "a size too large": ("scales = 1", "size = 99999", 5, ("more than the 400 megapixels",)),
    "an output of no format": ('"out.png"', '"out.xyz"', 3, ("'.xyz'",)),
    "an output that is an input": ('"out.png"', '"pictures/two.png"', 3, ("an input",)),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
@pytest.mark.usefixtures("without_tensorflow")
def test_files_and_regions_that_are_wrong_are_said_with_their_line(checked_plan, name):
    old, new, line, says = WRONG[name]
    assert old in PLAN
    ran = checked_plan(text=PLAN.replace(old, new, 1))
    assert ran.code == 2
    assert ran.error.startswith(f"plan.toml, line {line}: "), ran.error
    for fragment in says:
        assert fragment in ran.error


def test_a_draft_of_a_plan(desk, run, random_vgg19_weights):
    plan = desk / "plan.toml"
    styles = '[styles.one]\nimage = "style.jpg"\n[settings]\nsize = 512\nnetwork = "vgg19"\n'
    styles += "style_layers = { block1_conv1 = 1.0 }\ncontent_layers = { block2_conv1 = 1.0 }\n"
    plan.write_text(f'technique = "basic"\ncontent = "content.png"\nweights = "{random_vgg19_weights}"\n{styles}')
    ran = run("run", "plan.toml", "--draft", "--set", "steps=7", "--dry-run").succeeded()
    assert "output: none, 40x32" in ran.out
    assert "steps: at most 7" in ran.out
    other = run("run", "plan.toml", "--draft", "--set", "content=style.jpg", "--dry-run").succeeded()
    assert "output: none, 28x36" in other.out
    assert "network: lite (embedded), " in ran.out
    assert f"note: the draft uses lite, without {random_vgg19_weights}, which the plan names" in ran.err
    ran = run("run", "plan.toml", "--draft", "--set", "network=vgg19", "--dry-run").succeeded()
    assert "network: vgg19 from vgg19_random.npz, " in ran.out
    assert "note: the draft" not in ran.err


WRITTEN = """content = "content.png"
technique = "basic"
[styles.s]
image = "style.jpg"
[run]
layers = "parts.ora"
metadata = false
"""


@pytest.fixture
def asked(desk, run, monkeypatch):
    """Return a function that runs a plan up to its painting, and returns the files to write."""
    found = []
    monkeypatch.setattr("maskstyle.cli.session.paint_plan", lambda plan, asked: found.append(asked))

    def asked(*options, text=WRITTEN):
        (desk / "plan.toml").write_text(text)
        ran = run("run", "plan.toml", "-o", "out.png", *options)
        return found[-1].files if ran.code == 0 else ran.error

    return asked


def test_a_plan_says_which_layers_and_metadata_are_written(asked):
    files = asked()
    assert (files.layers.name, files.metadata) == ("parts.ora", False)
    assert asked("--layers", "folder").layers.name == "folder"
    plain = asked(text=WRITTEN.partition("[run]")[0])
    assert (plain.layers, plain.metadata) == (None, True)


@pytest.mark.parametrize(
    ("wrong", "says"),
    [
        ('layers = "parts.psd"', "line 6: --layers is parts.psd; expected a name that ends in .ora"),
        ("layers = 3", "line 6: layers is 3; expected a text in quotes"),
        ('layer = "a.ora"', "line 6: [run] has no key 'layer'; did you mean 'layers'?"),
    ],
)
def test_layers_of_a_plan_that_cannot_work(asked, wrong, says):
    assert says in asked(text=WRITTEN.replace('layers = "parts.ora"', wrong))


def test_notes_on_masks_of_a_plan_are_recorded(plan):
    with Image.open("pictures/soft.png") as mask:
        mask.convert("L").save("pictures/soft.jpg")
    text = MASKS.replace("soft.png", "soft.jpg").replace("[styles.one]", "[run]\nlayers = 'parts'\n\n[styles.one]", 1)
    plan("-o", "out.png", text=text).succeeded()
    assert any("JPEG blurs black and white" in note for note in read_metadata("out.png")["inputs"]["notes"])
    assert len(list(Path("parts").glob("*.png"))) == 3


def test_a_plan_from_standard_input(run, desk):
    plan = 'content = "content.png"\ntechnique = "basic"\noutput = "out.png"\n[styles.s]\nimage = "style.jpg"\n'
    (desk / "again").mkdir()
    ran = run("run", "-", "--dry-run", "--set", "network=lite", piped=plan).succeeded()
    assert "content: content.png, 40x32" in ran.out
    assert "output: out.png, 40x32" in ran.out
    wrong = run("run", "-", "--dry-run", piped=f"{plan}size = 1")
    assert wrong.error.startswith("standard input, line 6: ")
    assert "two inputs are -" in run("run", "-", piped=plan.replace("content.png", "-")).error


def test_a_draft_of_a_plan_that_is_one(run, desk):
    plan = 'technique = "basic"\ncontent = "content.png"\noutput = "out.png"\n[styles.s]\nimage = "style.jpg"\n'
    options = ("run", "-", "--dry-run", "--draft", "--set", "network=lite", "--set", "size=40", "--set", "steps=3")
    assert "note: --draft has no effect" in run(*options, piped=plan).succeeded().err
    assert "--draft" not in run(*options[:-2], piped=plan).succeeded().err


@pytest.mark.parametrize("size", [None, "original", "40x40"])
def test_a_draft_of_a_small_picture_whatever_the_plan_calls_its_size(size, run, desk):
    plan = 'technique = "basic"\ncontent = "content.png"\noutput = "out.png"\n[styles.s]\nimage = "style.jpg"\n'
    sized = [] if size is None else ["--set", f"size={size}"]
    options = ("run", "-", "--dry-run", "--draft", *sized, "--set", "steps=30")
    assert "note: --draft has no effect" in run(*options, "--set", "network=lite", piped=plan).succeeded().err
    assert "--draft" not in run(*options, piped=plan).succeeded().err
