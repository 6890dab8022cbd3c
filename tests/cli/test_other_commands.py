"""``compare``, ``recipes``, ``weights``, ``--version``, ``--help`` and the form of errors."""

from __future__ import annotations

import dataclasses
import json
import re
import subprocess
import sys
from typing import Any

import pytest
from typer.main import get_command

from maskstyle import __version__, read_metadata
from maskstyle.cli.app import app, with_flags
from maskstyle.cli.options import flag_of
from maskstyle.networks.architectures import LITE, VGG19
from maskstyle.networks.weights import EMBEDDED_FILES
from maskstyle.recipes import RECIPES
from maskstyle.settings import Settings


def _names_of_commands():
    """Yield the names of every command, after those of its groups."""
    group: Any = get_command(app)
    for name in group.commands:
        yield (name,)
        for member in getattr(group.get_command(None, name), "commands", ()):
            yield (name, member)


@pytest.fixture
def quick_recipes(monkeypatch, eagerly):
    """Make two recipes quick: fernandes without block 4, which the tests' weights lack, and both with one scale."""
    shallow = {"content_layers": (("block2_conv1", 1.0),), "scales": 1}
    for name, changes in (("default", {"scales": 1}), ("fernandes", shallow)):
        recipe = RECIPES[name]
        quick = dataclasses.replace(recipe, settings=recipe.settings.changed(**changes))
        monkeypatch.setitem(RECIPES, name, quick)


def test_compare_writes_a_sheet_a_table_and_a_record(desk, run, size_of, quick_recipes):
    options = ("--networks", "vgg19", "--steps", "2", "--size", "24", "--json", "run.json")
    ran = run("compare", "content.png", "style.jpg", "-o", "sheet.png", "--recipes", "default, fernandes", *options)
    ran.succeeded()
    height, width = size_of(desk / "sheet.png")
    assert width > 3 * 384
    assert height > 2 * 384
    names = ["default, vgg19", "fernandes, vgg19"]
    record = json.loads((desk / "run.json").read_text(encoding="utf-8"))
    assert list(record) == names == list(read_metadata(desk / "sheet.png"))
    assert all(each["evaluations"] == 2 and each["sizes"] == [[19, 24]] for each in record.values())
    title, *rows = ran.out.splitlines()
    assert title.split() == ["variant", "network", "final", "loss", "terms", "steps", "seconds"]
    assert [row.split("  ")[0] for row in rows] == names
    assert all("content" in row and "style" in row for row in rows)
    assert "wrote sheet.png: 2 of 2 results" in ran.err
    assert "fernandes, vgg19: vgg19 from" in ran.err


def test_compare_networks_without_a_download(desk, run, no_weights, quick_recipes):
    options = ("--networks", "auto,lite", "--steps", "1", "--size", "24")
    ran = run("compare", "content.png", "style.jpg", "-o", "sheet.png", *options).succeeded()
    assert "default, auto: vgg19 (embedded, 8-bit), " in ran.err
    metadata = read_metadata(desk / "sheet.png")
    assert {name: each["network"] for name, each in metadata.items()} == {
        "default, auto": "vgg19",
        "default, lite": "lite",
    }


def test_a_quiet_compare_prints_nothing(desk, run, quick_recipes):
    ran = run("compare", "content.png", "style.jpg", "-o", "sheet.jpg", "--steps", "1", "--quiet").succeeded()
    assert (ran.out, ran.err) == ("", "")
    assert (desk / "sheet.jpg").is_file()


def test_recipes_are_listed(run):
    rows = run("recipes").succeeded().out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == list(RECIPES)
    for row, recipe in zip(rows, RECIPES.values(), strict=True):
        assert recipe.title in row
        assert str(recipe.settings.steps) in row


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=lambda recipe: recipe.name)
def test_a_recipe_is_shown_as_options_that_can_be_given(run, recipe):
    from maskstyle.cli.options import parse_layers

    name, source, _, *rows = run("recipes", recipe.name).succeeded().out.splitlines()
    assert name == f"{recipe.name}: {recipe.title}"
    assert source == recipe.source
    shown = dict(row.split(maxsplit=1) for row in rows)
    for field in dataclasses.fields(Settings):
        value, text = getattr(recipe.settings, field.name), shown[flag_of(field.name)].strip()
        if isinstance(value, tuple):
            assert dict(parse_layers(text, "")) == pytest.approx(dict(value))
        elif isinstance(value, bool):
            assert text == ("on" if value else "off")
        elif value is not None:
            assert type(value)(text) == value


def test_weights_are_listed(run, random_vgg19_weights):
    out = run("weights", "list").succeeded().out
    for architecture, deepest in ((LITE, "block5_conv4"), (VGG19, "block5_conv2")):
        embedded = re.escape(str(EMBEDDED_FILES[architecture]))
        assert re.search(rf"{architecture.name} +{embedded} \(embedded\) +block1_conv1 to {deepest}", out)
    assert re.search(r"vgg16 +none found +maskstyle weights fetch vgg16", out)
    file = re.escape(str(random_vgg19_weights))
    assert re.search(rf"vgg19 +{file} +block1_conv1 to block3_conv4", out)
    assert f"searched: {random_vgg19_weights.parent}, " in out
    assert "MASKSTYLE_WEIGHTS_DIR" in out


def test_damaged_weights_are_listed_as_such(run, tmp_path, monkeypatch):
    (tmp_path / "vgg16.npz").write_text("not an archive")
    (tmp_path / "vgg19.h5").touch()
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(tmp_path))
    out = run("weights", "list").succeeded().out
    assert out.count("it seems damaged") == 2


@pytest.mark.parametrize("architecture", EMBEDDED_FILES, ids=lambda architecture: architecture.name)
def test_the_path_of_the_embedded_weights(run, no_weights, architecture):
    ran = run("weights", "path", architecture.name).succeeded()
    assert (ran.out, ran.err) == (f"{EMBEDDED_FILES[architecture]}\n", "")


def test_the_path_of_the_embedded_weights_where_others_are_too_shallow(run, random_vgg19_weights):
    ran = run("weights", "path", "vgg19").succeeded()
    assert ran.out == f"{EMBEDDED_FILES[VGG19]}\n"
    lacking = f"{random_vgg19_weights} lacks block4_conv1 to block5_conv2"
    assert ran.err == f"note: {lacking}\n"


def test_the_path_of_weights_is_printed_alone(run, tmp_path, monkeypatch):
    import numpy as np

    from maskstyle.networks.architectures import VGG16

    file = tmp_path / "vgg16_all.npz"  # their shapes are looked at when they are read, not when they are found
    np.savez(file, **{f"{layer}/{kind}": np.zeros(1) for layer in VGG16.layers for kind in ("kernel", "bias")})
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(tmp_path))
    assert run("weights", "path", "vgg16").succeeded().out == f"{file}\n"


def test_version(run):
    assert run("--version").succeeded().out == f"maskstyle {__version__}\n"


@pytest.mark.parametrize("names", list(_names_of_commands()), ids=" ".join)
def test_help_explains_every_option(run, command_named, names):
    out = run(*names, "--help").succeeded().out
    assert "list[" not in out  # one value at a time
    command = command_named(*names)
    assert command.help.splitlines()[0].rstrip(".") in " ".join(out.split())
    for parameter in command.params:
        if getattr(parameter, "hidden", False):
            assert _label(parameter) not in out
            continue
        text = parameter.help.split("  ")[0]
        assert text
        # versions of Typer differ in the case of an argument's name
        label = _label(parameter).lower()
        assert any(label in line.lower() and text in line for line in out.splitlines()), parameter.name


@pytest.mark.parametrize("names", [(), ("basic",), ("masks",), ("masks", "linear")], ids=" ".join)
def test_h_is_short_for_help(run, names):
    assert run(*names, "-h").succeeded().out == run(*names, "--help").succeeded().out


def _label(parameter):
    return parameter.opts[0] if parameter.opts[0].startswith("-") else parameter.metavar or parameter.name


def test_the_list_of_commands_has_every_summary(run, command_named):
    out = run("--help").succeeded().out
    for name in command_named().commands:
        command = command_named(name)
        assert command.name == name
        assert any(line.split()[1:2] == [name] and command.help in line for line in out.splitlines()), name


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("set `unmatched` to keep", "set --unmatched to keep"),
        ("`feather_mode` is 'on'; see `style_layers`", "--feather-mode is 'on'; see --style-layers"),
        ("pair them with `mapping`, or drop `masks`", "pair them with --map, or drop --mask"),
        ("`a b` stays", "`a b` stays"),
        ("no parameter", "no parameter"),
    ],
)
def test_errors_name_flags(message, shown):
    assert with_flags(message) == shown


HELP = [
    ["--help"],
    *([name, "--help"] for name in ("basic", "doodle", "run", "evaluate", "compare")),
    ["maps", "check", "--help"],
    ["masks", "linear", "--help"],
    ["recipes"],
]
HEAVY = {"tensorflow", "keras", "h5py", "matplotlib", "scipy.ndimage", "scipy.optimize", "skimage.color"}

HELPED = """
import sys
from maskstyle.cli.app import app

commands, heavy = eval(sys.argv[1])
for arguments in commands:
    try:
        app(arguments)
    except SystemExit as end:
        assert not end.code
    print(*arguments, "imports", *heavy & set(sys.modules), file=sys.stderr)
"""


def test_help_comes_without_the_heavy_packages():
    program = [sys.executable, "-c", HELPED, repr((HELP, HEAVY))]
    ran = subprocess.run(program, capture_output=True, encoding="utf-8", timeout=600, check=True)
    assert ran.stderr.splitlines() == [" ".join([*arguments, "imports"]) for arguments in HELP]


def test_the_list_of_commands_imports_no_command():
    imported = _imported_by(["--help"])
    assert "maskstyle.cli.app" in imported
    assert not {name for name in imported if name.startswith("maskstyle.")} - {
        "maskstyle.cli",
        "maskstyle.cli.app",
        "maskstyle.cli.console",
        "maskstyle.errors",
        "maskstyle.recipes",
        "maskstyle.schemas",
        "maskstyle.schemas.arguments",
        "maskstyle.settings",
        "maskstyle.techniques",
        "maskstyle.techniques.registry",
    }


def _imported_by(arguments):
    """Return the names of the modules that a command imports."""
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "maskstyle", *arguments],
        capture_output=True,
        encoding="utf-8",
        timeout=600,
        check=True,
    )
    return {line.rpartition("|")[2].strip() for line in ran.stderr.splitlines()}


def test_compare_skips_recipes_without_weights(desk, run, no_weights, quick_recipes):
    options = ("--recipes", "default,surma2019", "--steps", "1", "--size", "24", "-o", "sheet.png")
    ran = run("compare", "content.png", "style.jpg", *options).succeeded()
    assert "surma2019: skipped: no weights of vgg16 were found" in ran.err
    assert "--networks lite" in ran.err
    assert "wrote sheet.png: 1 of 2 results" in ran.err
    assert list(read_metadata(desk / "sheet.png")) == ["default"]
    alone = run("compare", "content.png", "style.jpg", "-o", "sheet.png", "--recipes", "surma2019,ghorpade2021")
    assert alone.code == 2
    assert "no weights of vgg16 were found" in alone.error
    asked = run("compare", "content.png", "style.jpg", "-o", "sheet.png", "--networks", "lite,vgg16")
    assert asked.code == 2
    assert "no weights of vgg16 were found" in asked.error


def test_usage_and_defaults_look_alike_in_every_help(run):
    for names in _names_of_commands():
        shown = run(*names, "--help").succeeded().out
        usage = next(line for line in shown.splitlines() if "Usage:" in line)
        assert not re.search(r"[{}]|\.{4}|\[\[", usage), usage
        assert "[default" not in shown
    assert "basic [OPTIONS] CONTENT STYLE" in run("basic", "--help").out
    assert "maps check [OPTIONS] CONTENT_MAP [STYLE_MAP]" in run("maps", "check", "--help").out
    assert "masks combine [OPTIONS] MASKS..." in run("masks", "combine", "--help").out
    assert "(default: 60.0)" in " ".join(run("basic", "--help").out.split())
