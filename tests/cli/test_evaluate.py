"""``maskstyle evaluate``: its options, tables, records and notes, from files to files."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from maskstyle import load_image

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)

CONTENT_LAYERS = ("--content-layers", "block1_conv1")
QUICK = ("--network", "lite", "--style-layers", "block1_conv1")


def write_map(path, size, left, right):
    pixels = np.empty((*size, 3), np.uint8)
    pixels[:, : size[1] // 2] = left
    pixels[:, size[1] // 2 :] = right
    Image.fromarray(pixels).save(path)


@pytest.fixture
def evaluate(desk, run, eagerly, painted):
    """Return a function that runs a quick ``maskstyle evaluate`` on pictures with maps beside them."""
    write_map(desk / "content_map.png", (32, 40), RED, BLUE)
    write_map(desk / "style_sem.png", (36, 28), BLUE, RED)
    painted((32, 40), seed=2).save(desk / "out.png")

    def evaluate(*options, result="out.png", content=("--content", "content.png", *CONTENT_LAYERS)):
        return run("evaluate", result, "--style", "style.jpg", *content, *QUICK, *options)

    return evaluate


def record_of(desk):
    return json.loads((desk / "run.json").read_text(encoding="utf-8"))


def test_maps_beside_the_images_are_found_and_tables_are_printed(evaluate):
    ran = evaluate().succeeded()
    assert ran.err.splitlines()[:2] == [
        "content map: content_map.png, found beside content.png",
        "style map: style_sem.png, found beside style.jpg",
    ]
    assert "network: lite (embedded), " in ran.err
    assert ran.err.splitlines()[-1] == "note: lite approximates vgg19; vgg19 is more accurate"
    lines = [line.split() for line in ran.out.splitlines()]
    title = "region pixels own style distance nearest other its distance leakage content"
    assert lines[0] == title.split()
    assert lines[1][:3] == ["#0000ff", "blue", "50.0"] or lines[1][:3] == ["#ff0000", "red", "50.0"]
    assert "own styles in brackets" in ran.out
    assert lines[6][2].startswith("[")
    assert lines[7][3].startswith("[")
    assert "style distance " in ran.out
    assert "; content distance " in ran.out
    assert ran.out.splitlines()[-1] == "untouched pixels: none; every pixel was painted"


def test_the_record_lists_the_inputs(evaluate, desk):
    options = ("--regions", "red", "--map", "red=blue", "--propagation", "inside", "--style-scale", "0.5")
    evaluate(*options, "--json", "run.json").succeeded()
    record = record_of(desk)
    assert record["inputs"] == {
        "result": "out.png",
        "style": "style.jpg",
        "content": "content.png",
        "content_map": "content_map.png",
        "style_map": "style_sem.png",
        "regions": ["#ff0000"],
        "mapping": [["#ff0000", "#0000ff"]],
        "unmatched": "error",
        "masks": [],
        "palette": None,
        "least_region": None,
        "soft_maps": False,
        "weights": "embedded",
    }
    assert (record["network"], record["compute_type"], record["propagation"]) == ("lite", "float32", "inside")
    assert (record["size"], record["style_size"]) == ([32, 40], [20, 16])
    assert [each["own_style"] for each in record["regions"]] == ["#0000ff (blue)"]
    assert record["untouched"]["pixels"] == 32 * 20


def test_the_layers_are_options(evaluate, desk):
    evaluate("--layers", "block1_conv1,block2_conv1:0.5", "--json", "run.json").succeeded()
    assert record_of(desk)["layers"] == {"block1_conv1": 1.0, "block2_conv1": 0.5}


def test_the_default_network_is_vgg19_if_found(desk, run, eagerly):
    run("evaluate", "content.png", "--style", "style.jpg", "--json", "run.json").succeeded()
    record = record_of(desk)
    assert (record["network"], record["compute_type"]) == ("vgg19", "float32")
    assert list(record["layers"]) == ["block2_conv1", "block3_conv1"]
    assert (record["content_layers"], record["untouched"]) == (None, None)
    assert [each["name"] for each in record["regions"]] == ["whole image"]


def test_a_heat_map_is_drawn(evaluate, desk):
    ran = evaluate("--heatmap", "heat.png").succeeded()
    assert "wrote heat.png" in ran.err
    pixels = (load_image(desk / "heat.png").pixels * 255).astype(int)
    for color in (RED, BLUE):
        assert (pixels == color).all(axis=2).sum() > 2000  # a swatch in a row and one in a column


def test_quiet_prints_nothing(evaluate, desk):
    ran = evaluate("--quiet", "--json", "run.json", "--heatmap", "heat.png").succeeded()
    assert (ran.out, ran.err) == ("", "")
    assert record_of(desk)["command"] == "evaluate"


@pytest.mark.parametrize(("transparent", "size"), [(False, None), (True, 24)])
def test_unpainted_regions_are_unchanged(evaluate, desk, run, painted, transparent, size):
    if transparent:
        picture = painted((32, 40)).convert("RGBA")
        picture.putalpha(Image.linear_gradient("L").resize((40, 32)))
        picture.save(desk / "content.png")
    options = ("--steps", "2", "--scales", "1", "--init", "noise", *QUICK, *CONTENT_LAYERS)
    options += () if size is None else ("--size", size)
    run("region", "content.png", "style.jpg", "-o", "out.png", "--regions", "blue", *options).succeeded()

    ran = evaluate("--regions", "blue", "--json", "run.json").succeeded()
    record = record_of(desk)
    height, width = record["size"]
    assert max(height, width) == (size or 40)
    assert record["untouched"] == {"pixels": height * width // 2, "changed": 0, "largest": 0, "share": 0.0}
    assert f"untouched pixels: 0 of {height * width // 2} changed (0 %)" in ran.out
    other = evaluate("--regions", "red", "--json", "run.json").succeeded()
    assert record_of(desk)["untouched"]["changed"] > 0.9 * height * width // 2
    assert " changed (" in other.out
    assert "of 255" in other.out


def test_a_jpeg_changes_a_little_everywhere(evaluate, desk):
    with Image.open(desk / "content.png") as picture:
        picture.save(desk / "out.jpg", quality=95)
    evaluate("--regions", "red", "--json", "run.json", result="out.jpg").succeeded()
    untouched = record_of(desk)["untouched"]
    assert untouched["share"] > 0.5
    assert untouched["largest"] < 255


def test_a_doodle_has_no_content_image(evaluate, desk):
    ran = evaluate("--content-map", "content_map.png", "--json", "run.json", content=()).succeeded()
    assert "untouched" not in ran.out
    assert "content distance" not in ran.out
    record = record_of(desk)
    assert len(record["regions"]) == 2
    assert record["inputs"]["content"] is None


def test_pixels_outside_all_masks_should_be_unchanged(evaluate, desk):
    with Image.open(desk / "content.png") as picture:
        picture.putpixel((3, 3), (255, 255, 255))
        picture.putpixel((30, 30), (255, 255, 255))
        picture.save(desk / "out.png")
    for name, box in (("one.png", (20, 0, 30, 32)), ("two.png", (28, 0, 40, 32))):
        mask = Image.new("L", (40, 32))
        mask.paste(90, box)
        mask.save(desk / name)
    ran = evaluate("--mask", "one.png", "--mask", "two.png").succeeded()
    assert "untouched pixels: 1 of 640 changed (0.156 %), by up to" in ran.out
    assert "whole image" in ran.out
    assert "map" not in ran.err


def test_whole_ignores_the_maps(evaluate, desk):
    ran = evaluate("--whole", "--json", "run.json").succeeded()
    assert "map" not in ran.err
    assert record_of(desk)["confusion"] == [[record_of(desk)["style_distance"]]]


def test_a_single_map_is_ignored_with_a_message(evaluate, desk):
    (desk / "content_map.png").unlink()
    ran = evaluate("--json", "run.json").succeeded()
    assert ran.err.splitlines()[0] == "regions: none: there is no map beside the content image"
    assert len(record_of(desk)["regions"]) == 1
    assert "there is no map beside content.png" in evaluate("--regions", "red").error


@pytest.fixture
def spotted(evaluate, desk, run):
    """Return a function that runs ``maskstyle region`` with a map that has a small green patch in a soft edge."""
    pixels = np.asarray(Image.open(desk / "content_map.png")).copy()
    pixels[:, 18:22] = np.linspace(RED, BLUE, 6)[1:5].astype(np.uint8)
    pixels[4:6, 4:6] = GREEN
    Image.fromarray(pixels).save(desk / "content_map.png")

    def spotted(*options):
        quick = ("--steps", "2", "--scales", "1", "--network", "lite", "--style-layers", "block1_conv1")
        run("region", "content.png", "style.jpg", "-o", "made.png", *quick, *options).succeeded()

    return spotted


@pytest.mark.parametrize(
    ("options", "text", "names"),
    [
        (
            ("--palette", "red,blue,lime"),
            "--palette #ff0000,#0000ff,#00ff00",
            {"#ff0000 (red)", "#0000ff (blue)", "#00ff00 (green)"},
        ),
        (
            ("--least-region", "4"),
            "--least-region 4",
            {"#ff0000 (red)", "#0000ff (blue)", "#00ff00 (green)"},
        ),
        (("--soft-maps",), "--soft-maps", {"#ff0000 (red)", "#0000ff (blue)"}),
    ],
)
def test_maps_are_read_as_the_result_records(spotted, evaluate, desk, options, text, names):
    whole = ("--unmatched", "whole-style")
    spotted(*options, *whole)
    ran = evaluate("--json", "run.json", *whole, result="made.png").succeeded()
    assert f"maps: read with {text}, as recorded in made.png" in ran.err
    assert {each["name"] for each in record_of(desk)["regions"]} == names
    explicit = evaluate("--json", "explicit.json", *whole, *options, result="made.png").succeeded()
    assert "as recorded" not in explicit.err
    assert json.loads((desk / "explicit.json").read_text())["regions"] == record_of(desk)["regions"]
    (desk / "content_map.png").rename(desk / "other.png")
    other = evaluate("--content-map", "other.png", *whole, result="made.png").succeeded()
    assert "as recorded" not in other.err


def test_blended_pixels_of_soft_maps_are_painted(spotted, evaluate, desk):
    spotted("--soft-maps", "--regions", "blue")
    soft = evaluate("--regions", "blue", result="made.png").succeeded()
    assert "untouched pixels: 0 of 576 changed" in soft.out
    write_map(desk / "other.png", (32, 40), RED, BLUE)
    hard = evaluate("--regions", "blue", "--content-map", "other.png", result="made.png").succeeded()
    assert "of 640 changed" in hard.out
    assert "untouched pixels: 0" not in hard.out
