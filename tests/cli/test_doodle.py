"""``maskstyle doodle`` in this process: its maps, its own defaults, and what it records."""

from __future__ import annotations

import json

import pytest
from PIL import Image

from maskstyle import DOODLE_SETTINGS, load_image, read_metadata

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)

QUICK = ("--steps", "2", "--scales", "1", "--style-layers", "block1_conv1")


@pytest.fixture
def doodle(desk, run, eagerly, two_halves):
    """Return a function that runs a quick ``maskstyle doodle`` on a style image with its map beside it."""
    two_halves(desk / "doodle.png", (32, 40), RED, BLUE)
    two_halves(desk / "style_map.png", (36, 28), BLUE, RED)

    def doodle(*options, drawing="doodle.png", output="out.png"):
        return run("doodle", "style.jpg", "--doodle", drawing, "-o", output, *QUICK, *options)

    return doodle


@pytest.mark.parametrize("network", ["lite", "vgg19"])
def test_a_doodle_is_painted_with_every_network(doodle, desk, network):
    ran = doodle("--network", network).succeeded()
    notes = [line for line in ran.err.splitlines() if line.startswith("note: ")]
    assert notes == ["note: style map style_map.png, found beside style.jpg"]
    assert f"network: {network}" in ran.err
    assert "wrote out.png: 40x32, 2 steps" in ran.err
    assert load_image(desk / "out.png").pixels.std() > 0.02


def test_what_went_in_is_recorded(doodle, desk, recorded_weights):
    doodle("--map", "red=blue", "--unmatched", "whole-style", "--json", "run.json").succeeded()
    record = json.loads((desk / "run.json").read_text(encoding="utf-8"))
    assert (record["command"], record["settings"]["init"]) == ("doodle", "colors")
    assert record["notes"] == ["the style map has every region to paint, so `unmatched` has no effect"]
    assert record["inputs"] == read_metadata(desk / "out.png")["inputs"]
    plan = {
        "technique": "doodle",
        "doodle": "doodle.png",
        "mapping": {"#ff0000": "#0000ff"},
        "unmatched": "whole-style",
        "styles": {"style": {"image": "style.jpg", "map": "style_map.png"}},
    }
    assert record["inputs"] == {"plan": plan, "initial": None, **recorded_weights, "notes": []}


def test_the_defaults_are_those_of_doodles(desk, doodle, run, two_halves):
    two_halves(desk / "doodle.png", (64, 80), RED, BLUE)
    run("doodle", "style.jpg", "--doodle", "doodle.png", "-o", "out.png", "--steps", "1").succeeded()
    settings = read_metadata(desk / "out.png")["settings"]
    expected = DOODLE_SETTINGS.changed(steps=1, init="colors", network="auto")
    assert settings == json.loads(json.dumps(vars(expected)))


def test_recipes_lose_their_content(desk, doodle):
    doodle("--recipe", "fernandes").succeeded()
    settings = read_metadata(desk / "out.png")["settings"]
    assert (settings["content_weight"], settings["init"]) == (0, "colors")
    assert (settings["style_weight"], settings["propagation"], settings["padding"]) == (25, "simple", "zero")


def test_transparent_pixels_stay_transparent(doodle, desk):
    with Image.open(desk / "doodle.png") as drawn:
        clear = drawn.convert("RGBA")
    clear.paste((0, 0, 0, 0), (0, 0, 40, 7))
    clear.save(desk / "clear.png")
    doodle(drawing="clear.png").succeeded()
    alpha = load_image(desk / "out.png").alpha
    assert (alpha[:7] == 0).all()
    assert (alpha[7:] == 1).all()
    assert "clear.png has transparency, which .jpg cannot keep" in doodle(drawing="clear.png", output="out.jpg").error


def test_a_doodle_by_patch_has_a_match_map(doodle, desk, size_of):
    doodle("--matching", "patch", "--patch-size", "8", "--match-map", "matches.png", "--steps", "1").succeeded()
    assert size_of(desk / "matches.png") == (32, 40)
    assert read_metadata(desk / "out.png")["patches"]["patch_size"] == 8


@pytest.mark.parametrize("init", ["noise", "style", "content.png"])
def test_the_first_image_is_what_init_says(doodle, desk, init):
    doodle("--init", init).succeeded()
    assert read_metadata(desk / "out.png")["settings"]["init"] == ("image" if "." in init else init)


def test_unmatched_regions_are_an_error_or_take_the_whole_style(doodle, desk, two_halves):
    two_halves(desk / "doodle.png", (32, 40), RED, GREEN)
    message = doodle().error
    assert "style_map.png lacks #00ff00 (green, 640 pixels, 50 %)" in message
    assert message.endswith("or set --unmatched to whole-style")
    doodle("--unmatched", "whole-style").succeeded()
    doodle("--map", "#00ff00=blue").succeeded()
