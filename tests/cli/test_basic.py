"""``maskstyle basic`` in this process: what it writes, what it prints, and that its options say what they do."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
from PIL import Image

from maskstyle import load_image, read_metadata
from maskstyle.cli.options import DEFAULT_SIZE, SETTING_HELP, UNSET, WITHOUT_EFFECT, flag_of, layer_mix_text
from maskstyle.recipes import RECIPES
from maskstyle.settings import CHOICES, Settings

RECORD_KEYS = {
    "version",
    "command",
    "network",
    "compute_type",
    "settings",
    "seed",
    "sizes",
    "evaluations",
    "optimizers",
    "seconds_total",
    "seconds_per_evaluation",
    "peak_memory_mb",
    "losses",
    "stopped_because",
}

TERMS = {"content", "style", "total_variation"}


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


def test_a_picture_of_the_contents_size_is_written_with_what_was_done(basic, desk, size_of):
    ran = basic("--seed", "7").succeeded()
    assert size_of(desk / "out.png") == (32, 40)
    metadata = read_metadata(desk / "out.png")
    assert metadata["version"] and metadata["network"] == "vgg19" and metadata["command"] == "basic"
    assert metadata["settings"]["steps"] == 2 and metadata["seed"] == 7
    assert set(metadata["losses"]) == TERMS
    assert ran.out == ""
    assert "network: vgg19 from vgg19_random.npz" in ran.err
    assert "wrote out.png: 40x32, 2 steps" in ran.err


def test_without_weights_the_embedded_network_paints_and_says_so(basic, desk, size_of, no_weights):
    ran = basic("--json", "run.json").succeeded()
    assert size_of(desk / "out.png") == (32, 40)
    assert "network: lite, " in ran.err
    assert "(for vgg19: maskstyle weights fetch vgg19)" in ran.err
    metadata, record = read_metadata(desk / "out.png"), read_json(desk / "run.json")
    for written in (metadata, record):
        assert written["network"] == "lite"
        assert written["settings"]["network"] == "auto"
    assert all(np.isfinite(each[term]) for each in record["losses"] for term in TERMS)


def test_without_weights_the_defaults_work(desk, run, no_weights):
    ran = run("basic", "content.png", "style.jpg", "-o", "out.png", "--steps", "1").succeeded()
    assert "network: lite, " in ran.err
    assert read_metadata(desk / "out.png")["network"] == "lite"


def test_lite_can_be_asked_for_where_vgg19_is_found(basic, desk):
    ran = basic("--network", "lite").succeeded()
    assert "network: lite, " in ran.err
    assert "vgg19" not in ran.err
    assert read_metadata(desk / "out.png")["network"] == "lite"


def test_size_is_the_longer_side(basic, desk, size_of):
    basic("--size", "20").succeeded()
    assert size_of(desk / "out.png") == (16, 20)


@pytest.mark.parametrize("suffix", [".jpg", ".webp", ".tif", ".bmp"])
def test_other_formats(basic, desk, size_of, suffix):
    basic("--steps", "1", output=f"out{suffix}").succeeded()
    assert size_of(desk / f"out{suffix}") == (32, 40)


def test_the_record_holds_the_whole_run(basic, desk):
    basic("--scales", "2", "--steps", "3", "--json", "run.json").succeeded()
    record = read_json(desk / "run.json")
    assert RECORD_KEYS <= set(record)
    assert record["sizes"] == [[16, 20], [32, 40]]
    assert record["evaluations"] == 6
    assert record["settings"]["style_layers"] == [["block1_conv1", 1.0]]
    assert record["settings"].keys() == dataclasses.asdict(Settings()).keys()
    assert record["seconds_total"] > 0 and len(record["seconds_per_evaluation"]) == 2
    assert record["stopped_because"] == "steps"
    assert [(each["size"], each["step"]) for each in record["losses"]] == [
        (size, step) for size in record["sizes"] for step in (1, 2, 3)
    ]
    assert all(each.keys() >= TERMS for each in record["losses"])


@pytest.mark.parametrize(("name", "start"), [("plot.png", b"\x89PNG"), ("plot.svg", b"<?xml")])
def test_the_losses_are_plotted(basic, desk, name, start):
    pytest.importorskip("matplotlib")
    basic("--plot", name).succeeded()
    assert (desk / name).read_bytes().startswith(start)


def test_settings_that_are_not_asked_for_are_the_defaults(basic, desk):
    basic("--json", "run.json").succeeded()
    asked = ("steps", "scales", "content_layers", "style_layers")
    defaults = json.loads(json.dumps(dataclasses.asdict(Settings(init="content"))))  # what auto stands for
    settings = read_json(desk / "run.json")["settings"]
    assert {**settings, **{name: defaults[name] for name in asked}} == defaults


def test_a_plot_without_matplotlib_is_refused_at_once(basic, desk, monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert basic("--plot", "plot.png").error == ("--plot needs Matplotlib; install it with: pip install matplotlib")
    assert not (desk / "out.png").exists()


def test_quiet_prints_nothing(basic):
    ran = basic("--quiet").succeeded()
    assert (ran.out, ran.err) == ("", "")


def test_snapshots_in_a_folder_of_ones_own(basic, desk, size_of):
    basic("--steps", "5", "--snapshot-every", "2", "--snapshot-dir", "shots").succeeded()
    names = sorted(path.name for path in (desk / "shots").iterdir())
    assert names == ["out_1_40x32_00002.png", "out_1_40x32_00004.png"]
    assert size_of(desk / "shots" / names[0]) == (32, 40)
    assert read_metadata(desk / "shots" / names[0])["step"] == 2


def test_snapshots_lie_beside_the_picture_by_default(basic, desk):
    basic("--scales", "2", "--snapshot-every", "2").succeeded()
    names = sorted(path.name for path in (desk / "out_snapshots").iterdir())
    assert names == ["out_1_20x16_00002.png", "out_2_40x32_00002.png"]


def test_the_first_image_is_what_init_says(basic, desk, painted):
    painted((24, 30), seed=5).save(desk / "mine.png")

    def first_step(init):
        basic("--init", init, "--steps", "1", "--quiet").succeeded()
        return load_image(desk / "out.png").pixels

    firsts = {init: first_step(init) for init in ("content", "style", "noise", "mine.png")}
    content = load_image(desk / "content.png").pixels
    np.testing.assert_allclose(firsts["content"], content, atol=1 / 255)
    expected = 0.5 + 0.25 * (np.random.default_rng(0).random((32, 40, 3), dtype=np.float32) - 0.5)
    np.testing.assert_allclose(firsts["noise"], expected, atol=1 / 255)
    pictures = list(firsts.values())
    for index, picture in enumerate(pictures):
        assert all(np.abs(picture - other).mean() > 0.01 for other in pictures[:index])


def test_styles_are_blended_by_their_weights(basic, desk, painted):
    painted((30, 30), seed=2).save(desk / "other.png")

    def losses(*options, style="style.jpg"):
        basic("--steps", "1", *options, style=style).succeeded()
        return read_metadata(desk / "out.png")["losses"]["style"]

    alone = losses()
    assert losses("--style", "other.png:0") == pytest.approx(alone)
    blended = losses("--style", "other.png:0.3", style="style.jpg:0.7")
    assert blended != pytest.approx(alone, rel=1e-3)
    assert losses("--style", "other.png:3", style="style.jpg:7") == pytest.approx(blended)


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows allows no colon in file names")
def test_a_style_whose_name_ends_like_a_weight(basic, desk):
    (desk / "style.jpg").rename(desk / "style:2")
    basic(style="style:2").succeeded()
    basic(style="style:2:0.5").succeeded()


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows allows no colon in file names")
@pytest.mark.parametrize("name", ["a:b.png", "with space and ü 画.png", "[bold]:art:.png"])
def test_odd_file_names(basic, desk, name):
    (desk / "content.png").rename(desk / name)
    ran = basic(content=name, output=f"out {name}").succeeded()
    assert f"wrote out {name}: 40x32" in ran.err
    assert (desk / f"out {name}").is_file()


def test_layers_with_weights(basic, desk):
    basic("--style-layers", "block1_conv1:0.25, block2_conv1", "--json", "run.json").succeeded()
    assert read_json(desk / "run.json")["settings"]["style_layers"] == [["block1_conv1", 0.25], ["block2_conv1", 1]]


def test_options_override_the_recipe(basic, desk):
    basic("--recipe", "surma2019", "--network", "vgg19", "--style-weight", "3", "--json", "run.json").succeeded()
    settings = read_json(desk / "run.json")["settings"]
    recipe = RECIPES["surma2019"].settings
    assert settings["network"] == "vgg19" and settings["style_weight"] == 3 and settings["steps"] == 2
    assert settings["content_weight"] == recipe.content_weight
    assert settings["tv_exponent"] == recipe.tv_exponent
    assert settings["optimizer"] == recipe.optimizer


def test_transparency_is_kept(basic, desk, painted):
    picture = painted((32, 40)).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((40, 32)))
    picture.save(desk / "alpha.png")
    basic("--size", "20", content="alpha.png").succeeded()
    alpha = load_image(desk / "out.png").alpha
    assert alpha.shape == (16, 20)
    assert alpha[0].mean() < 0.1 and alpha[-1].mean() > 0.9


def test_denoising_smooths(basic, desk):
    def roughness(*options):
        basic("--init", "noise", "--steps", "1", *options).succeeded()
        return np.abs(np.diff(load_image(desk / "out.png").pixels, axis=0)).mean()

    assert roughness("--denoise", "0.5") < 0.7 * roughness()


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_the_same_seed_gives_the_same_file(basic, desk, optimizer):
    def painted_twice(seed, name):
        basic(
            "--init", "noise", "--seed", seed, "--optimizer", optimizer, "--steps", "4", "--compute-type", "float32",
            output=name,
        ).succeeded()  # fmt: skip
        return (desk / name).read_bytes()

    assert painted_twice(3, "one.png") == painted_twice(3, "two.png")
    assert painted_twice(3, "one.png") != painted_twice(4, "two.png")


def test_without_content_and_style_terms(basic):
    basic("--content-weight", "0", "--style-weight", "0").succeeded()


def test_weights_that_end_too_early_are_named_with_the_layer(basic, random_vgg19_weights):
    message = basic("--recipe", "gatys2016", "--style-layers", "block5_conv1").error
    assert f"{random_vgg19_weights} lacks block4_conv1 to block5_conv1" in message
    assert "maskstyle weights fetch vgg19" in message


@pytest.fixture(scope="module")
def help_lines():
    """Return the help of commands as mappings from option to row, on a terminal so wide that nothing wraps."""
    import os
    import re

    from typer.testing import CliRunner

    from maskstyle.cli.app import app

    def rows_of(command):
        result = CliRunner().invoke(app, [command, "--help"], env={**os.environ, "COLUMNS": "400"})
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", result.stdout)
        return {match[1]: line for line in plain.splitlines() if (match := re.search(r"(--[a-z0-9-]+)", line))}

    return {command: rows_of(command) for command in ("basic", "region", "mask")}


@pytest.mark.parametrize("field", dataclasses.fields(Settings), ids=lambda field: field.name)
def test_every_setting_has_an_option_whose_help_states_its_default(help_lines, field):
    shown_by = [command for command in help_lines if field.name not in WITHOUT_EFFECT[command]]
    assert [command for command in help_lines if flag_of(field.name) in help_lines[command]] == shown_by
    row = help_lines[shown_by[0]][flag_of(field.name)]
    assert SETTING_HELP[field.name].split("  ")[0] in row
    if field.default is None:
        shown = {**UNSET, "size": DEFAULT_SIZE}[field.name]
    elif isinstance(field.default, tuple):
        shown = layer_mix_text(field.default, separator=", ")
    else:
        shown = str(field.default)
    assert f"(default: {shown})" in row
    if field.name in CHOICES and field.name != "init":
        assert all(choice in row for choice in CHOICES[field.name])
