"""``maskstyle basic``, and the options that all painting commands share: outputs, notes, settings and their help."""

from __future__ import annotations

import dataclasses
import json
import re
import sys

import numpy as np
import pytest
from PIL import Image
from reference import he_weights, write_npz

from maskstyle import load_image, read_metadata
from maskstyle.cli.options import flag_of, layer_mix_text
from maskstyle.networks.architectures import VGG19
from maskstyle.recipes import RECIPES
from maskstyle.settings import CHOICES, DRAFT, Limits, PatchSettings, Settings
from maskstyle.techniques.registry import TECHNIQUES

RECORD_KEYS = {
    "version",
    "command",
    "network",
    "networks",
    "compute_type",
    "compute_type_reason",
    "weights",
    "settings",
    "run",
    "notes",
    "inputs",
    "sha256",
    "request",
    "seed",
    "sizes",
    "evaluations",
    "optimizers",
    "histories",
    "resumed_after",
    "seconds_total",
    "seconds_per_evaluation",
    "peak_memory_mb",
    "final_losses",
    "losses",
    "stopped_because",
}

TERMS = {"content", "style", "total_variation"}

NO_SEED = "--seed has no effect where --init is not noise or colors"


def read_json(path):
    return json.loads(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def whole(run_in, shared_desk, quick):
    """Return what a run with every output printed; the files are in the shared desk."""
    outputs = ("--json", "run.json", "--plot", "plot.svg", "--snapshot-every", "2")
    layers = ("--style-layers", "block1_conv1:0.25, block2_conv1")
    options = (*quick, "--steps", "3", "--scales", "2", "--seed", "7", *layers, *outputs)
    return run_in(shared_desk, "basic", "content.png", "style.jpg", "-o", "out.png", *options).succeeded()


def test_the_result_has_the_size_of_the_content_image_and_carries_its_record(whole, shared_desk, size_of):
    assert size_of(shared_desk / "out.png") == (32, 40)
    metadata = read_metadata(shared_desk / "out.png")
    assert metadata["version"]
    assert metadata["network"] == "vgg19"
    assert metadata["command"] == "basic"
    assert metadata["settings"]["steps"] == 3
    assert metadata["seed"] == 7
    assert set(metadata["losses"]) == TERMS
    record = read_json(shared_desk / "run.json")
    assert {name: record[name] for name in metadata if name != "losses"} == {
        name: value for name, value in metadata.items() if name != "losses"
    }


def test_the_network_the_expected_time_and_the_result_are_printed_on_standard_error(whole):
    note, network, expected, *_, wrote = whole.err.splitlines()
    assert note == f"note: {NO_SEED}"
    assert network.startswith("network: vgg19 from vgg19_random.npz, ")
    assert network.endswith("; lite at all sizes but the last")
    assert re.match(r"expected: at most about \d+ s, 0\.\d GB of memory \(forecast for this machine", expected)
    assert wrote.startswith("wrote out.png: 40x32, 6 + 3 steps in ")
    assert wrote.endswith(", all steps taken")
    assert whole.out == ""


def test_the_record_describes_the_whole_run(whole, shared_desk):
    record = read_json(shared_desk / "run.json")
    assert set(record) == RECORD_KEYS
    assert record["sizes"] == [[16, 20], [32, 40]]
    assert record["networks"] == ["lite", "vgg19"]
    assert record["evaluations"] == 9
    assert record["settings"]["style_layers"] == [["block1_conv1", 0.25], ["block2_conv1", 1.0]]
    assert record["run"] == {"memory": record["run"]["memory"], "tile_size": None}
    assert record["seconds_total"] > 0
    assert len(record["seconds_per_evaluation"]) == 2
    assert record["stopped_because"] == "steps"
    assert [(each["size"], each["step"]) for each in record["losses"]] == [
        (size, step) for size, steps in zip(record["sizes"], (6, 3), strict=True) for step in range(1, steps + 1)
    ]
    assert all(each.keys() >= TERMS for each in record["losses"])


def test_the_inputs_are_recorded_as_a_plan(whole, shared_desk, recorded_weights):
    record = read_json(shared_desk / "run.json")
    assert record["inputs"] == {
        "plan": {
            "technique": "basic",
            "content": "content.png",
            "styles": {"style": {"image": "style.jpg", "share": 1.0}},
        },
        "initial": None,
        **recorded_weights,
        "notes": [NO_SEED],
    }
    assert list(record["sha256"]) == ["content.png", "style.jpg"]


def test_settings_that_are_not_given_are_the_defaults(whole, shared_desk):
    given = ("steps", "scales", "content_layers", "style_layers", "seed")
    defaults = json.loads(json.dumps(dataclasses.asdict(Settings(init="recolored"))))  # what auto stands for
    settings = read_json(shared_desk / "run.json")["settings"]
    assert {**settings, **{name: defaults[name] for name in given}} == defaults


def test_snapshots_lie_beside_the_result_by_default(whole, shared_desk, size_of):
    shots = shared_desk / "out_snapshots"
    names = sorted(path.name for path in shots.iterdir())
    assert names == [*(f"out_1_20x16_0000{step}.png" for step in (2, 4, 6)), "out_2_40x32_00002.png"]
    assert size_of(shots / names[0]) == (16, 20)
    assert read_metadata(shots / names[-1])["step"] == 2


def test_the_losses_are_plotted(whole, shared_desk):
    pytest.importorskip("matplotlib")
    assert (shared_desk / "plot.svg").read_bytes().startswith(b"<?xml")


def test_a_plot_without_matplotlib_is_refused_at_once(basic, desk, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert basic("--plot", "plot.png").error == "--plot needs Matplotlib; install it with: pip install matplotlib"
    assert not (desk / "out.png").exists()


def test_without_weights_the_defaults_paint_with_the_embedded_vgg19(desk, run, eagerly, no_weights):
    options = ("--steps", "1", "--scales", "1", "--json", "run.json")
    ran = run("basic", "content.png", "style.jpg", "-o", "out.png", *options).succeeded()
    assert "network: vgg19 (embedded, 8-bit), " in ran.err
    assert "note: " not in ran.err
    for written in (read_metadata(desk / "out.png"), read_json(desk / "run.json")):
        assert (written["network"], written["weights"]) == ("vgg19", "embedded, 8-bit")
        assert written["inputs"]["weights"] == "embedded, 8-bit"
        assert written["settings"]["network"] == "auto"


def test_weights_that_cannot_be_used_are_noted_and_those_of_the_package_take_their_place(
    basic, desk, monkeypatch, tmp_path
):
    (tmp_path / "vgg19_damaged.npz").write_text("no archive")
    write_npz(tmp_path / "vgg19_shallow.npz", he_weights(VGG19, ["block1_conv1"]))
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(tmp_path))
    ran = basic().succeeded()
    notes = [line for line in ran.err.splitlines() if line.startswith("note: ")]
    assert len(notes) == 2
    assert "vgg19_damaged.npz cannot be read as .npz weights: it seems damaged" in notes[0]
    assert notes[1].endswith("vgg19_shallow.npz lacks block1_conv2; using the embedded weights")
    assert "network: vgg19 (embedded, 8-bit), " in ran.err
    written = read_metadata(desk / "out.png")
    assert written["weights"] == "embedded, 8-bit"
    assert len(written["notes"]) == 2


def test_a_draft_is_recorded_as_the_settings_it_stands_for(basic, desk, size_of):
    """The quick options name the steps, which win."""
    ran = basic("--draft", "--size", "20").succeeded()
    assert "network: lite (embedded), " in ran.err
    assert size_of(desk / "out.png") == (16, 20)
    settings = read_metadata(desk / "out.png")["settings"]
    assert {name: settings[name] for name in DRAFT} == {"network": "lite", "size": 20, "steps": 2}


def test_a_draft_is_small_and_quick_whatever_the_recipe(run, desk, painted):
    painted((320, 400)).save(desk / "content.png")
    ran = run("basic", "content.png", "style.jpg", "-o", "out.png", "--draft", "--recipe", "gatys2016", "--dry-run")
    lines = ran.succeeded().out.splitlines()
    assert "sizes: 256x205" in lines
    assert any(line.startswith("steps: at most 30") for line in lines)
    assert any(line.startswith("network: lite (embedded), ") for line in lines)


def test_a_draft_with_weights_uses_their_network(run, desk, random_vgg19_weights):
    shallow = ("--style-layers", "block1_conv1", "--content-layers", "block2_conv1")
    draft = ("--draft", "--weights", random_vgg19_weights, "--dry-run", *shallow)
    ran = run("basic", "content.png", "style.jpg", "-o", "out.png", *draft).succeeded()
    assert "\nnetwork: vgg19 from vgg19_random.npz, " in ran.out


def test_lite_paints_where_it_is_asked_for_and_vgg19_is_found(basic, desk, size_of):
    options = ("--network", "lite", "--steps", "5", "--snapshot-every", "2", "--snapshot-dir", "shots")
    ran = basic(*options, "--size", "20").succeeded()
    assert "network: lite (embedded), " in ran.err
    assert "vgg19" not in ran.err
    assert read_metadata(desk / "out.png")["network"] == "lite"
    assert size_of(desk / "out.png") == (16, 20)
    assert sorted(path.name for path in (desk / "shots").iterdir()) == [
        "out_1_20x16_00002.png",
        "out_1_20x16_00004.png",
    ]


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_other_formats_quietly(basic, desk, size_of, suffix):
    ran = basic("--steps", "1", "--quiet", output=f"out{suffix}").succeeded()
    assert (ran.out, ran.err) == ("", "")
    assert size_of(desk / f"out{suffix}") == (32, 40)


def test_the_initial_image_follows_init(basic, desk, painted):
    painted((24, 30), seed=5).save(desk / "mine.png")

    def first_step(init):
        basic("--init", init, "--steps", "1", "--quiet").succeeded()
        return load_image(desk / "out.png").pixels

    firsts = {init: first_step(init) for init in ("content", "style", "noise", "mine.png")}
    assert read_metadata(desk / "out.png")["inputs"]["initial"] == "mine.png"
    content = load_image(desk / "content.png").pixels
    np.testing.assert_allclose(firsts["content"], content, atol=1 / 255)
    expected = 0.5 + 0.25 * (np.random.default_rng(0).random((32, 40, 3), dtype=np.float32) - 0.5)
    np.testing.assert_allclose(firsts["noise"], expected, atol=1 / 255)
    images = list(firsts.values())
    for index, image in enumerate(images):
        assert all(np.abs(image - other).mean() > 0.01 for other in images[:index])


def test_styles_are_blended_by_their_shares(basic, desk, painted):
    painted((30, 30), seed=2).save(desk / "other.png")

    def losses(*options, style="style.jpg"):
        basic("--steps", "1", *options, style=style).succeeded()
        return read_metadata(desk / "out.png")["losses"]["style"]

    alone = losses("--style", "other.png:0")
    assert read_metadata(desk / "out.png")["inputs"]["plan"]["styles"]["other"]["share"] == 0
    assert losses() == pytest.approx(alone)
    blended = losses("--style", "other.png:0.3", style="style.jpg:0.7")
    assert blended != pytest.approx(alone, rel=1e-3)
    assert losses("--style", "other.png:3", style="style.jpg:7") == pytest.approx(blended)


def test_style_images_with_similar_names_are_all_blended(basic, desk, painted):
    shares = {"a_2.jpg": 1.0, "a.jpg": 2.0, "a.png": 0.5}
    for seed, name in enumerate(shares):
        painted((30, 30), seed).save(desk / name)
    basic("--steps", "1", "--style", "a.jpg:2", "--style", "a.png:0.5", style="a_2.jpg").succeeded()
    styles = read_metadata(desk / "out.png")["inputs"]["plan"]["styles"]
    assert {style["image"]: style["share"] for style in styles.values()} == shares


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows allows no colon in file names")
def test_a_style_image_with_a_name_that_ends_like_a_share(basic, desk):
    (desk / "style.jpg").rename(desk / "style:2")
    basic("--dry-run", style="style:2").succeeded()
    basic("--dry-run", style="style:2:0.5").succeeded()


@pytest.mark.skipif("sys.platform == 'win32'", reason="Windows allows no colon in file names")
def test_odd_file_names(basic, desk):
    name = "[bold]:a b:ü 画.png"
    (desk / "content.png").rename(desk / name)
    ran = basic("--steps", "1", content=name, output=f"out {name}").succeeded()
    assert f"wrote out {name}: 40x32" in ran.err
    assert (desk / f"out {name}").is_file()


def test_options_override_the_recipe(basic, desk):
    basic("--recipe", "surma2019", "--network", "vgg19", "--style-weight", "3").succeeded()
    settings = read_metadata(desk / "out.png")["settings"]
    recipe = RECIPES["surma2019"].settings
    assert settings["network"] == "vgg19"
    assert settings["style_weight"] == 3
    assert settings["steps"] == 2
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
    assert alpha[0].mean() < 0.1
    assert alpha[-1].mean() > 0.9


def test_an_opaque_alpha_is_none(basic, desk, painted):
    painted((32, 40)).convert("RGBA").save(desk / "screenshot.png")
    basic("--dry-run", content="screenshot.png", output="out.jpg").succeeded()


def test_a_transparent_style_is_noted(basic, desk, painted):
    picture = painted((32, 40)).convert("RGBA")
    picture.putalpha(Image.linear_gradient("L").resize((40, 32)))
    picture.save(desk / "cut.png")
    assert "note: cut.png is transparent in part" in basic("--dry-run", style="cut.png").succeeded().err


def test_hidden_colors_of_files_change_nothing(basic, desk, painted):
    """Programs leave black, white or the old background beneath what they cut out."""
    for name, size in (("content", (32, 40)), ("style", (36, 28))):
        opacity = np.zeros(size, np.uint8)
        opacity[4:-4, 4:-4] = 255
        for color in ("black", "white"):
            hidden = Image.new("RGB", size[::-1], color)
            hidden.paste(painted(size), mask=Image.fromarray(opacity))
            hidden.putalpha(Image.fromarray(opacity))
            hidden.save(desk / f"{name}_{color}.png")
    for color in ("black", "white"):
        basic(content=f"content_{color}.png", style=f"style_{color}.png", output=f"{color}.png").succeeded()
    black, white = (np.asarray(Image.open(desk / f"{color}.png")) for color in ("black", "white"))
    np.testing.assert_array_equal(black[4:-4, 4:-4], white[4:-4, 4:-4])
    np.testing.assert_array_equal(black[..., 3], white[..., 3])


def test_denoising_smooths(basic, desk):
    def roughness(*options):
        without = ("--content-weight", "0", "--style-weight", "0")  # total variation alone is enough
        basic("--init", "noise", "--steps", "1", *without, *options).succeeded()
        return np.abs(np.diff(load_image(desk / "out.png").pixels, axis=0)).mean()

    assert roughness("--denoise", "0.5") < 0.7 * roughness()


@pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])
def test_the_same_seed_gives_the_same_file(basic, desk, optimizer):
    def painted_with(seed, name):
        options = ("--optimizer", optimizer, "--compute-type", "float32")
        basic("--init", "noise", "--seed", seed, *options, output=name).succeeded()
        return (desk / name).read_bytes()

    one = painted_with(3, "one.png")
    assert painted_with(3, "two.png") == one
    assert painted_with(4, "two.png") != one


@pytest.fixture(scope="module")
def help_of():
    """Return a function from a command to its help: a mapping from option to row, none of them wrapped."""
    from typer.testing import CliRunner

    from maskstyle.cli.app import app

    def help_of(command):
        result = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "400", "NO_COLOR": "1"})
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", result.stdout)
        return {match[1]: line for line in plain.splitlines() if (match := re.search(r"(--[a-z0-9-]+)", line))}

    return help_of


@pytest.mark.parametrize("technique", [name for name in TECHNIQUES if name != "plan"])
def test_the_help_lists_every_setting_that_has_an_effect_with_its_default(help_of, technique):
    inputs, rows = TECHNIQUES[technique], help_of(technique)
    fields = {field: getattr(inputs.defaults, field.name) for field in dataclasses.fields(Settings)}
    fields |= {field: field.default for field in dataclasses.fields(Limits)}
    if technique in ("patch", "doodle"):
        fields |= {field: field.default for field in dataclasses.fields(PatchSettings)}
    for field, default in fields.items():
        if field.name in inputs.without_effect:
            assert flag_of(field.name) not in rows
            continue
        row = rows[flag_of(field.name)]
        help_ = field.metadata["help"]
        assert help_ in row
        shown = default
        if default is None:
            of_doodle = {"input": "doodle", "coarsest": "91 to 181 pixels, or half if smaller"}
            of_image = {"input": "content image", "coarsest": "192 to 383 pixels"}
            shown = field.metadata["unset"].format(**(of_doodle if technique == "doodle" else of_image))
        elif str(field.type) == "LayerMix":
            shown = layer_mix_text(default, separator=", ")
        elif isinstance(default, tuple):
            shown = ",".join(map(str, default))
        assert default is False or f"(default: {shown})" in row
        if field.name in CHOICES and field.name != "init":
            assert all(choice in row for choice in CHOICES[field.name])


def test_strength_0_writes_the_content_image(desk, run, random_vgg19_weights):
    shallow = (
        "--style-layers",
        "block1_conv1",
        "--content-layers",
        "block2_conv1",
        "--weights",
        random_vgg19_weights,
    )
    outputs = ("-o", "out.png", "--json", "out.json", "--plot", "out_plot.png")
    ran = run(
        "basic", "content.png", "style.jpg", "--strength", "0", *outputs, *shallow, "--weights", random_vgg19_weights
    ).succeeded()
    assert ran.err.splitlines()[-1] == "wrote out.png: 40x32, the content image, as the strength is 0"
    with Image.open(desk / "out.png") as out, Image.open(desk / "content.png") as content:
        np.testing.assert_array_equal(np.asarray(out.convert("RGB")), np.asarray(content.convert("RGB")))
    assert read_json(desk / "out.json")["stopped_because"] == "unpainted"
    assert "strength = 0.0" in run("plan", "from", "out.png").succeeded().out


def test_a_draft_enlarges_no_picture(run, desk):
    ran = run("basic", "content.png", "style.jpg", "-o", "out.png", "--draft", "--dry-run").succeeded()
    assert "output: out.png, 40x32" in ran.out.splitlines()


@pytest.mark.parametrize(
    ("options", "beside"),
    [
        (("--network", "lite", "--steps", "3"), "--network and --steps, as content.png is no larger than a draft"),
        (("--network", "lite", "--size", "20", "--steps", "3"), "--network, --size and --steps"),
    ],
)
def test_a_draft_that_changes_nothing_is_noted(options, beside, run, desk, painted):
    paint = ("basic", "content.png", "style.jpg", "-o", "out.png", "--draft", "--dry-run")
    assert f"note: --draft has no effect beside {beside}" in run(*paint, *options).succeeded().err.splitlines()
    assert "--draft" not in run(*paint, *options[:-2]).succeeded().err
    painted((320, 400)).save(desk / "content.png")
    assert ("--draft" in run(*paint, *options).succeeded().err) == ("--size" in options)


def test_a_strength_of_0_reads_no_weights_and_forecasts_nothing(run, desk, monkeypatch):
    monkeypatch.setattr("maskstyle.cli.session.read_weights", None)
    monkeypatch.setattr("maskstyle.synthesis.paint.load_network", None)
    options = ("--strength", "0", "--network", "lite")
    ran = run("basic", "content.png", "style.jpg", "-o", "out.png", *options).succeeded()
    assert "expected" not in ran.err
    assert "wrote out.png: 40x32, the content image, as the strength is 0" in ran.err
    assert "expected" not in run("basic", "content.png", "style.jpg", "-o", "o.png", "--dry-run", *options).out
