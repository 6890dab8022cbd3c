"""``maskstyle maps check`` in this process: what it prints, what it writes, and when it says no."""

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


def test_maps_that_go_together(check):
    ran = check("--content", "content.png", "--style", "style.jpg").succeeded()
    lines = ran.out.splitlines()
    assert lines[0].split() == ["a.png", "pixels", "share", "b.png", "pixels", "share", "note"]
    assert lines[1].split() == ["██", "#0000ff", "blue", "640", "50", "%", "██", "#0000ff", "blue", "504", "50", "%"]
    assert lines[-1] == "The maps go together."
    assert ran.err == ""


def refused(ran):
    """Return the last line of a check that says no, after what it found."""
    assert ran.code == 2 and ran.exception is None
    assert ran.out and ran.err.startswith("error: ")
    return ran.err.splitlines()[-1]


def test_what_a_guided_command_would_refuse_is_refused(check, desk):
    write_map(desk / "b.png", (36, 28), BLUE, GREEN)
    ran = check()
    assert refused(ran).endswith("regions have no counterpart: 1 of a.png and 1 of b.png; try one of the lines above")
    assert "only in the content" in ran.out and "only in the style" in ran.out
    assert "try: --map '#ff0000=#00ff00' pairs regions of like place and size: see if they suit" in ran.out
    assert "go together" not in ran.out
    check("--map", "red=green").succeeded()
    check("--unmatched", "keep").succeeded()
    check("--regions", "blue").succeeded()


def test_another_aspect_is_refused_with_the_names_of_both_files(check):
    message = refused(check("--content", "style.jpg"))
    assert "the aspect of style.jpg, which is 36x28" in message and "a.png is 32x40" in message


def test_small_patches_are_told_and_kept_if_asked(check, desk):
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
    assert report["content_map"]["file"] == "a.png" and report["style_map"]["size"] == [36, 28]
    assert [each["style"] and each["style"]["color"] for each in report["regions"]] == ["#0000ff", None, "#00ff00"]
    ran = check("--json")
    assert json.loads(ran.out)["refusal"] in refused(ran)


def test_a_preview_is_written(check, desk, size_of):
    ran = check("--content", "content.png", "--style", "style.jpg", "--preview", "preview.png").succeeded()
    assert ran.err == "wrote preview.png\n"
    assert size_of(desk / "preview.png")[1] > 900


def test_size_decides_what_is_too_small(check, desk):
    write_map(desk / "a.png", (400, 500), RED, BLUE)
    for name in ("a.png", "b.png"):
        with Image.open(desk / name) as picture:
            picture.paste(GREEN, (3, 3, 6, 6))
            picture.save(desk / name)
    assert "too small in the content for" in check("--size", "60").succeeded().out
    assert "too small in the content for" not in check("--size", "2000").succeeded().out


def test_a_palette_says_which_colors_are_meant(check, desk):
    write_map(desk / "b.png", (36, 28), (20, 30, 230), (240, 20, 40))
    assert "only in the style" in check().out
    assert "#ff0000 red" in check("--palette", "red,blue,green").succeeded().out
    assert "#0000ff (blue, 640 pixels)" in check("--palette", "red").error


def test_maps_of_one_pixel(desk, run):
    write_map(desk / "one.png", (1, 1), RED, RED)
    ran = run("maps", "check", "one.png", "one.png", "--preview", "preview.png").succeeded()
    assert "one.png is one region, #ff0000 (red)" in ran.out
