"""``maskstyle maps from``: the map, its table and notes, and what it refuses."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from maskstyle.images.io import read_metadata
from maskstyle.maps import load_map


@pytest.fixture
def annotated(desk):
    """Return the working folder with content.json of labelme: a table beneath a cup."""
    table = {"label": "table", "points": [[0, 16], [40, 16], [40, 32], [0, 32]], "shape_type": "polygon"}
    cup = {"label": "cup", "points": [[10, 8], [20, 8], [20, 24], [10, 24]], "shape_type": "polygon"}
    record = {"shapes": [table, cup], "imageHeight": 32, "imageWidth": 40}
    (desk / "content.json").write_text(json.dumps(record))
    return desk


def test_a_map_is_written_beside_the_annotation(annotated, run):
    ran = run("maps", "from", "content.json").succeeded()
    assert ran.err == "wrote content_map.png\n"
    rows = [line.split() for line in ran.out.splitlines()]
    assert [row[3:] for row in rows[1:]] == [
        ["table", "560", "44", "%"],
        ["background", "560", "44", "%"],
        ["cup", "160", "12", "%"],
    ]
    assert set(load_map(annotated / "content_map.png").names) == {"background", "table", "cup"}
    assert read_metadata(annotated / "content_map.png")["command"] == "maps from"


def test_a_map_is_never_replaced_unless_asked(annotated, run):
    run("maps", "from", "content.json", "-q").succeeded()
    assert "--force" in run("maps", "from", "content.json").error
    run("maps", "from", "content.json", "-n", 1, "--force").succeeded()
    assert len(load_map(annotated / "content_map.png").names) == 2


def test_the_size_of_a_photo(annotated, run):
    Image.new("RGB", (80, 64)).save(annotated / "large.png")
    run("maps", "from", "content.json", "--like", "large.png", "-q").succeeded()
    assert load_map(annotated / "large_map.png").size == (64, 80)
    Image.new("RGB", (80, 80)).save(annotated / "square.png")
    assert "aspect of square.png" in run("maps", "from", "content.json", "--like", "square.png").error


def test_notes_and_errors_name_options(annotated, run):
    ran = run("maps", "from", "content.json", "-o", "m.png", "--top", "largest", "-n", 1).succeeded()
    assert "as --regions is 1" in ran.err
    assert "--image has no effect" in run("maps", "from", "content.json", "--image", "a", "--force").error
    assert "add --like PHOTO" in run("maps", "from", "content.json", "--map-orientation", "stored").error
    assert "--top" in run("maps", "from", "content.json", "--top", "first").error


def test_masks_as_sources(annotated, run):
    folder = annotated / "masks"
    folder.mkdir()
    for place in range(2):
        pixels = np.zeros((32, 40), np.uint8)
        pixels[:, 20 * place :] = 1
        Image.fromarray(pixels).save(folder / f"{place}.png")
    run("maps", "from", "masks", "-q").succeeded()
    assert set(load_map(annotated / "masks_map.png").names) == {"mask0", "mask1"}
    run("maps", "from", "masks/0.png", "masks/1.png", "-o", "m.png", "-q").succeeded()
    assert "in the folder of the masks" in run("maps", "from", "masks", "-o", "masks/map.png").error
    assert "content.json" in run("maps", "from", "masks/0.png", "content.json", "-o", "n.png").error


@pytest.mark.parametrize(("source", "kind"), [("content.json", "JSON file"), ("masks", "folder")])
def test_an_annotation_as_a_map_says_how_to_make_one(annotated, run, without_tensorflow, source, kind):
    (annotated / "masks").mkdir()
    region = ("region", "content.png", "style.jpg", "--content-map", source, "--style-map", source, "-o", "out.png")
    for command in (region, ("maps", "check", source, source)):
        error = run(*command).error
        assert f"{source} is a {kind}" in error
        assert f"maskstyle maps from {source} -o {source.partition('.')[0]}_map.png" in error


def test_regions_by_name(annotated, run, without_tensorflow):
    run("maps", "from", "content.json", "-q").succeeded()
    ran = run("masks", "from-map", "content_map.png", "--region", "Cup", "-o", "cup.png").succeeded()
    assert "87.5 % black (0), 12.5 % white (1)" in ran.err
    chosen = run(
        "maps", "check", "content_map.png", "content_map.png", "--regions", "cup,table", "--json"
    ).succeeded()
    assert json.loads(chosen.out)["refusal"] is None
    error = run("maps", "check", "content_map.png", "content_map.png", "--regions", "dog").err
    assert "expected a region of content_map.png, " in error
    assert "or a color, but got 'dog'" in error


def test_a_name_in_a_transfer(annotated, run, eagerly, quick, painted):
    painted((32, 40), seed=1).save(annotated / "style.png")
    run("maps", "from", "content.json", "-q").succeeded()
    run("maps", "from", "content.json", "-o", "style_map.png", "--like", "content.png", "-q").succeeded()
    options = ("--content-map", "content_map.png", "--style-map", "style_map.png", "-o", "out.png", *quick)
    run(
        "region", "content.png", "style.png", *options, "--regions", "cup", "--region-strength", "cup=0.9"
    ).succeeded()
    before, after = (np.asarray(Image.open(annotated / name).convert("RGB")) for name in ("content.png", "out.png"))
    changed = (before != after).any(axis=2)
    assert changed[9:23, 11:19].any()
    assert not changed[:, 25:].any()
    plan = read_metadata(annotated / "out.png")["inputs"]["plan"]
    assert len(plan["regions"]) == 1
    assert plan["regions"][0].startswith("#")
