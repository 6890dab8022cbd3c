"""Which style goes where: regions by color, name, number and ``*``, those to keep, and the table of each run."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from maskstyle.images.io import read_metadata

RED, GREEN, BLUE, YELLOW, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 255, 255)
PINK = (255, 0, 255)

PAINTED = ("--network", "lite", "--size", "32", "--steps", "1", "--scales", "1", "--style-layers", "block1_conv1")


def write_stripes(path, size, *stripes):
    """Write a map of vertical stripes, each a color and its columns."""
    pixels = np.repeat(np.array([color for color, _ in stripes], np.uint8), [count for _, count in stripes], axis=0)
    Image.fromarray(np.broadcast_to(pixels, (size[0], *pixels.shape))).save(path)


@pytest.fixture
def maps(desk):
    """Lay out a content map of red, blue, green and yellow, the largest first, and a style map without yellow."""
    write_stripes(desk / "content_map.png", (32, 40), (RED, 16), (BLUE, 12), (GREEN, 8), (YELLOW, 4))
    write_stripes(desk / "style_map.png", (36, 28), (GREEN, 12), (RED, 8), (BLUE, 5), (WHITE, 3))
    return desk


@pytest.fixture
def region(maps, run):
    """Return a function that runs ``maskstyle region --dry-run``."""
    return lambda *options: run("region", "content.png", "style.jpg", "-o", "out.png", "--dry-run", *options)


@pytest.fixture
def planned(maps, run):
    """Return a function that runs a plan with some [[region]] tables, without painting."""

    def planned(*tables):
        text = 'content = "content.png"\ncontent_map = "content_map.png"\n[styles.s]\nimage = "style.jpg"\n'
        (maps / "plan.toml").write_text("\n".join([text, *(f"[[region]]\n{each}" for each in tables)]))
        return run("run", "plan.toml", "--dry-run")

    return planned


def rows(ran):
    """Return the table of what goes where: the region, then the region of the style and how it was matched."""
    lines = [line.split() for line in ran.succeeded().out.splitlines()]
    found = {}
    for line in lines[1 : next(place for place, each in enumerate(lines) if each[0].endswith(":"))]:
        number, _, _, name, _, _, style, *more = line
        found[name] = "keep" if style == "keep" else (*[each for each in more if each in BASIC], more[0], *more[4:6])
        assert number.isdigit()
    return found


BASIC = ("red", "green", "blue", "yellow", "white")


def painted(ran):
    """Return which content regions are painted, each with its style region."""
    return {name: row[0] if row[0] in BASIC else "whole" for name, row in rows(ran).items() if row != "keep"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--regions", "red", "--regions", "blue,green"), {"red", "blue", "green"}),
        (("--regions", "1,2"), {"red", "blue"}),
        (("--regions", "3,1,2"), {"red", "blue", "green"}),
        (("--regions", "255,0,0;0,0,255"), {"red", "blue"}),
        (("--regions", "ff0000,#00F, rgb(0,255,0)"), {"red", "blue", "green"}),
        (("--keep", "yellow"), {"red", "blue", "green"}),
        (("--keep", "4,red", "--keep", "green"), {"blue"}),
        (("--regions", "*", "--keep", "yellow,2"), {"red", "green"}),
    ],
)
def test_regions_by_color_name_and_number(region, options, expected):
    assert painted(region(*options)) == {name: name for name in expected}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (("--map", "yellow=2"), {"red": "red", "blue": "blue", "green": "green", "yellow": "red"}),
        (("--map", "*=blue"), dict.fromkeys(["red", "blue", "green", "yellow"], "blue")),
        (("--map", "*=blue", "--keep", "red", "--map", "4=red"), {"blue": "blue", "green": "blue", "yellow": "red"}),
        (("--map", "yellow=red,red=4", "--regions", "4,1"), {"red": "white", "yellow": "red"}),
        (("--unmatched", "whole-style"), {"red": "red", "blue": "blue", "green": "green", "yellow": "whole"}),
    ],
)
def test_style_regions_by_name_and_number(region, options, expected):
    assert painted(region(*options)) == expected


def test_what_colors_match_beside_a_mapping_is_listed(region):
    lines = [" ".join(line.split()) for line in region("--map", "yellow=white").succeeded().out.splitlines()]
    assert lines[1:5] == [
        "1 ██ #ff0000 red 40 % style 2 ██ #ff0000 red by color 0.5 style",
        "2 ██ #0000ff blue 30 % style 3 ██ #0000ff blue by color 0.5 style",
        "3 ██ #00ff00 green 20 % style 1 ██ #00ff00 green by color 0.5 style",
        "4 ██ #ffff00 yellow 10 % style 4 ██ #ffffff white as given 0.5 style",
    ]


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--regions", "5"), "expected a number of a region of content_map.png, 1 to 4, but got 5"),
        (("--regions", "red", "--keep", "1"), "region #ff0000 (red) is in both --keep and --regions"),
        (("--map", "red=blue", "--keep", "red"), "region #ff0000 (red) is in both --keep and --map"),
        (("--keep", "*"), "no region of content_map.png would be painted"),
        (("--keep", "1,2,3,4"), "no region of content_map.png would be painted"),
        (("--map", "1=1,2=1,3=1,4=1,*=red"), "* stands for no region, as all are named"),
        (("--map", "red=*"), "--map: expected a color such as red"),
        (("--map", "red"), "--map is 'red'; expected CONTENTCOLOR=STYLECOLOR"),
        (("--regions", ""), "--regions: expected a color such as red or '#ff0000', but got ''; quote #"),
        (("--regions",), "quote colors, such as '#ff0000'"),
        (("--region-strength", "*=0.5"), "--region-strength: expected a color"),
        (("--keep", "4", "--region-strength", "yellow=0.2"), "#ffff00 (yellow), which is not painted"),
    ],
)
def test_contradictions_and_unknown_names_are_refused(region, options, says):
    assert says in region(*options).error


def test_a_trailing_comma_is_no_strength(region):
    region("--keep", "yellow", "--region-strength", "red=0.8, ").succeeded()


def test_a_region_that_only_the_style_has_is_noted(region):
    ran = region("--unmatched", "keep").succeeded()
    assert "note: not used, as only style_map.png has it: #ffffff (white)" in ran.err.splitlines()
    assert "not used" not in region("--regions", "red").succeeded().err
    kept = region("--keep", "yellow,red").succeeded().err
    assert "not used, as only style_map.png has it: #ffffff (white)" in kept


def test_the_error_for_a_region_of_the_content_alone_has_a_command_that_works(region):
    message = region().error
    assert "style_map.png lacks #ffff00 (yellow, 128 pixels, 10 %)" in message
    for words in ("--keep yellow", "--unmatched keep", "--unmatched whole-style"):
        assert words in message
        region(*words.split()).succeeded()


def test_many_regions_of_the_content_alone_are_not_kept_one_by_one(maps, region):
    write_stripes(maps / "style_map.png", (36, 28), (WHITE, 14), (RED, 14))
    assert "pass --keep blue,green,yellow or --unmatched keep to leave them unchanged" in region().error
    write_stripes(
        maps / "content_map.png", (32, 40), (RED, 8), (BLUE, 8), (GREEN, 8), (YELLOW, 8), ((255, 0, 255), 8)
    )
    assert "pass --unmatched keep to leave them unchanged" in region().error


def test_the_whole_style_needs_no_style_map(region, maps, run):
    (maps / "style_map.png").unlink()
    assert "or --unmatched whole-style for no map" in region().error
    assert "or --unmatched" not in run("patch", "content.png", "style.jpg", "-o", "out.png").error
    assert painted(region("--unmatched", "whole-style", "--keep", "1")) == dict.fromkeys(
        ["blue", "green", "yellow"], "whole"
    )
    assert "--map needs a map of the style image" in region("--unmatched", "whole-style", "--map", "red=blue").error
    doodle = ("doodle", "style.jpg", "--doodle", "content_map.png", "-o", "out.png", "--dry-run")
    run(*doodle, "--unmatched", "whole-style").succeeded()
    assert (
        "there is no style map, which patches are matched by"
        in run(*doodle, "--unmatched", "whole-style", "--matching", "patch").error
    )


def test_the_numbers_of_label_maps_are_ids(maps, run):
    ids = np.zeros((32, 40), np.uint8)
    ids[:, 10:25], ids[:, 25:] = 7, 3
    Image.fromarray(ids).save(maps / "content_map.png")
    Image.fromarray(ids[:, :28].repeat(2, axis=0)[:36]).save(maps / "style_map.png")
    listed = json.loads(run("maps", "list", "content_map.png", "--json").succeeded().out)["regions"]
    assert sorted(each["number"] for each in listed) == [0, 3, 7]
    options = ("region", "content.png", "style.jpg", "-o", "out.png", "--dry-run", "--keep", "0", "--map", "*=3")
    lines = [" ".join(line.split()) for line in run(*options).succeeded().out.splitlines()]
    assert [line[:1] for line in lines[1:4]] == ["3", "7", "0"]
    assert "style 3 ██ id 3 as given" in lines[1]
    assert "keep" in lines[3]
    assert "style 7 ██ id 7 by id" in " ".join(run(*options[:-4]).succeeded().out.split())


def test_everything_else_in_a_plan(planned):
    ran = planned('region = "yellow"\nkeep = true', 'region = "*"\nstyle = "s"\nstrength = 0.7')
    assert painted(ran) == dict.fromkeys(["red", "blue", "green"], "whole")
    assert rows(planned('region = "1"\nstyle = "s"', 'region = "*"\nkeep = true'))["yellow"] == "keep"


@pytest.mark.parametrize(
    ("tables", "says"),
    [
        (('region = "*"\nstyle = "s"', 'region = "*"\nkeep = true'), "line 10: * stands for no region"),
        (('region = "7"\nstyle = "s"',), "line 7: expected a number of a region of content_map.png, 1 to 4"),
        (('region = "*"\nstyle = "s"\nstrength = 3',), "line 9: the strength is 3"),
    ],
)
def test_errors_about_everything_else_have_a_line(planned, tables, says):
    assert says in planned(*tables).error


def test_the_table_of_a_run_is_not_wrapped_in_a_pipe(maps, run, eagerly, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    ran = run("region", "content.png", "style.jpg", "-o", "out.png", "--unmatched", "keep", *PAINTED).succeeded()
    assert "matched   strength  colors" in ran.err


def test_a_run_prints_its_table_records_colors_and_is_repeated_and_evaluated(maps, run, eagerly):
    ran = run("region", "content.png", "style.jpg", "-o", "out.png", "--keep", "1", "--map", "*=3", *PAINTED)
    assert "██ #ff0000 red 40 % keep" in " ".join(ran.succeeded().err.split())
    assert ran.out == ""
    plan = read_metadata(maps / "out.png")["inputs"]["plan"]
    assert plan["keep"] == ["#ff0000"]
    assert plan["mapping"] == dict.fromkeys(["#0000ff", "#00ff00", "#ffff00"], "#0000ff")
    (maps / "again.toml").write_text(run("plan", "from", "out.png").succeeded().out, encoding="utf-8")
    assert run("run", "again.toml", "-o", "again.png", "--quiet").succeeded().err == ""
    pictures = [np.asarray(Image.open(maps / name)) for name in ("out.png", "again.png")]
    np.testing.assert_array_equal(*pictures)
    judged = run(
        "evaluate", "out.png", "--style", "style.jpg", "--content", "content.png", "--json", "run.json", "-q"
    )
    judged.succeeded()
    inputs = json.loads((maps / "run.json").read_text(encoding="utf-8"))["inputs"]
    assert inputs["regions"] == ["#0000ff", "#00ff00", "#ffff00"]
    assert [there for _, there in inputs["mapping"]] == ["#0000ff"] * 3
