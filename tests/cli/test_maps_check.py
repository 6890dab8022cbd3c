"""``maskstyle maps check``: its table, preview, JSON and refusals."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def write_map(path, size, left, right):
    pixels = np.empty((*size, 3), np.uint8)
    pixels[:, : size[1] // 2] = left
    pixels[:, size[1] // 2 :] = right
    Image.fromarray(pixels).save(path)


@pytest.fixture
def check(desk, run):
    """Return a function that checks two maps, a.png and b.png, of content.png and style.jpg."""
    write_map(desk / "a.png", (32, 40), RED, BLUE)
    write_map(desk / "b.png", (36, 28), BLUE, RED)

    def check(*options):
        return run("maps", "check", "a.png", "b.png", *options)

    return check


def test_matching_maps(check):
    ran = check("--content", "content.png", "--style", "style.jpg").succeeded()
    lines = ran.out.splitlines()
    assert lines[0].split() == ["a.png", "pixels", "share", "b.png", "pixels", "share", "note"]
    assert lines[1].split() == [
        "1",
        "██",
        "#0000ff",
        "blue",
        "640",
        "50",
        "%",
        "1",
        "██",
        "#0000ff",
        "blue",
        "504",
        "50",
        "%",
    ]
    assert lines[-1] == "The maps match."
    assert ran.err == ""


def refused(ran):
    """Return the last line of a check that refuses the maps."""
    assert ran.code == 2
    assert ran.exception is None
    assert ran.out
    assert ran.err.startswith("error: ")
    return ran.err.splitlines()[-1]


def test_unmatched_regions_are_refused(check, desk):
    write_map(desk / "b.png", (36, 28), BLUE, GREEN)
    ran = check()
    assert refused(ran).endswith("unmatched regions: 1 of a.png; use one of the options suggested above")
    assert "only in the content map" in ran.out
    assert "only in the style map" in ran.out
    assert "try: --map '#ff0000=#00ff00' matches regions of similar place and size; check that they fit" in ran.out
    assert "The maps match" not in ran.out
    check("--map", "red=green").succeeded()
    assert "only in the content map; left unchanged" in check("--unmatched", "keep").succeeded().out
    assert "only in the content map; painted in the whole style" in check("--unmatched", "whole-style").out
    check("--regions", "blue").succeeded()


def test_another_aspect_ratio_is_refused_with_both_file_names(check):
    message = refused(check("--content", "style.jpg"))
    assert "the aspect of style.jpg, which is 28x36" in message
    assert "a.png is 40x32" in message


def test_small_patches_are_noted_and_kept_on_request(check, desk):
    for name in ("a.png", "b.png"):
        with Image.open(desk / name) as picture:
            picture.paste(GREEN, (3, 3, 6, 6))
            picture.save(desk / name)
    assert "note: b.png has 9 pixels of #00ff00 (green)" in check("--least-region", "20").succeeded().out
    assert "#00ff00 green" in check().succeeded().out


def test_a_report_as_json(check, desk):
    write_map(desk / "b.png", (36, 28), BLUE, GREEN)
    report = json.loads(check("--unmatched", "keep", "--json").succeeded().out)
    assert report["accepted"] is True
    assert report["content_map"]["file"] == "a.png"
    assert report["style_map"]["size"] == [36, 28]
    assert [each["style"] and each["style"]["color"] for each in report["regions"]] == ["#0000ff", None, "#00ff00"]
    ran = check("--json")
    assert json.loads(ran.out)["refusal"] in refused(ran)


def test_a_preview_is_written(check, desk, size_of):
    ran = check("--content", "content.png", "--style", "style.jpg", "--preview", "preview.png").succeeded()
    assert ran.err == "wrote preview.png\n"
    assert size_of(desk / "preview.png")[1] > 900


def test_size_decides_what_is_too_small(check, desk):
    write_map(desk / "a.png", (100, 125), RED, BLUE)
    for name in ("a.png", "b.png"):
        with Image.open(desk / name) as picture:
            picture.paste(GREEN, (3, 3, 6, 6))
            picture.save(desk / name)
    assert "too small in the content map for" in check("--size", "15").succeeded().out
    assert "too small in the content map for" not in check("--size", "2000").succeeded().out


def test_a_palette_says_which_colors_are_meant(check, desk):
    write_map(desk / "b.png", (36, 28), (20, 30, 230), (240, 20, 40))
    assert "only in the style map" in check().out
    assert "#ff0000 red" in check("--palette", "red,blue,green").succeeded().out
    assert "#0000ff (blue, 640 pixels)" in check("--palette", "red").error


def test_maps_of_one_pixel(desk, run):
    write_map(desk / "one.png", (1, 1), RED, RED)
    ran = run("maps", "check", "one.png", "one.png", "--preview", "preview.png").succeeded()
    assert "one.png has only one region, #ff0000 (red)" in ran.out


def test_one_map_is_listed_with_its_numbers(check, desk, run):
    write_map(desk / "a.png", (32, 41), RED, BLUE)
    ran = run("maps", "list", "a.png").succeeded()
    lines = [line.split() for line in ran.out.splitlines()]
    assert lines[:3] == [
        ["color", "name", "pixels", "share"],
        ["1", "██", "#0000ff", "blue", "672", "51", "%"],
        ["2", "██", "#ff0000", "red", "640", "49", "%"],
    ]
    assert run("maps", "check", "a.png").succeeded().out == ran.out
    regions = json.loads(run("maps", "list", "a.png", "--json").succeeded().out)["regions"]
    assert [(each["number"], each["name"]) for each in regions] == [(1, "blue"), (2, "red")]


def test_the_preview_of_one_map_shows_it_over_its_image(check, desk, run, size_of):
    run("maps", "check", "a.png", "--content", "content.png", "--preview", "one.png").succeeded()
    check("--preview", "two.png").succeeded()
    (_, one), (_, two) = size_of(desk / "one.png"), size_of(desk / "two.png")
    assert one < two


@pytest.mark.parametrize(
    ("options", "flag"),
    [(("--style", "style.jpg"), "--style"), (("--map", "red=blue"), "--map"), (("--keep", "1"), "--keep")],
)
def test_options_of_two_maps_have_no_effect_on_one(check, run, options, flag):
    assert run("maps", "check", "a.png", *options).error.startswith(f"{flag} has no effect with one map")


def test_a_check_takes_regions_by_number(check, desk):
    write_map(desk / "b.png", (36, 28), BLUE, GREEN)
    check("--keep", "2").succeeded()
    check("--regions", "1").succeeded()
    check("--map", "*=2").succeeded()
