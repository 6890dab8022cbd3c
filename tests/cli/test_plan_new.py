"""``plan new``: a plan to edit, which runs at once."""

from __future__ import annotations

import tomllib

import pytest

RED, BLUE, GREEN = (200, 70, 50), (30, 80, 160), (110, 140, 60)


@pytest.fixture
def made(desk, run):
    """Return a function that makes a plan, checks it with a dry run, and returns its table and text."""

    def made(*styles):
        run("plan", "new", "content.png", *styles, "-o", "new.toml").succeeded()
        run("run", "new.toml", "--dry-run").succeeded()
        text = (desk / "new.toml").read_text(encoding="utf-8")
        return tomllib.loads(text), text

    return made


def test_without_maps(made):
    table, text = made("style.jpg")
    assert table["content"] == "content.png"
    assert table["styles"] == {"style": {"image": "style.jpg"}}
    assert "region" not in table
    assert "maskstyle run new.toml" in text


def test_an_entry_for_each_region(made, desk, two_halves):
    two_halves(desk / "content_map.png", (32, 40), RED, BLUE)
    two_halves(desk / "style_map.png", (36, 28), GREEN, RED)
    table, text = made("style.jpg")
    assert table["region"] == [
        {"region": "#c84632", "style": "style", "style_region": "#c84632"},
        {"region": "#1e50a0", "keep": True},
    ] or table["region"][::-1] == [
        {"region": "#c84632", "style": "style", "style_region": "#c84632"},
        {"region": "#1e50a0", "keep": True},
    ]
    assert "50 % of the content image" in text


def test_a_style_without_a_map_takes_the_other_regions(made, desk, two_halves, painted):
    two_halves(desk / "content_map.png", (32, 40), RED, BLUE)
    two_halves(desk / "style_map.png", (36, 28), GREEN, RED)
    painted((30, 30), seed=2).save(desk / "other one.png")
    table, _ = made("style.jpg", "other one.png")
    assert {each["region"]: each["style"] for each in table["region"]} == {"#c84632": "style", "#1e50a0": "other one"}


def test_maps_that_share_no_color(made, desk, two_halves):
    two_halves(desk / "content_map.png", (32, 40), RED, BLUE)
    two_halves(desk / "style_map.png", (36, 28), GREEN, (250, 215, 80))
    table, _ = made("style.jpg")
    assert [each["style_region"] for each in table["region"]] == ["whole", "whole"]


def test_it_is_printed_without_an_output(desk, run):
    assert tomllib.loads(run("plan", "new", "content.png", "style.jpg").succeeded().out)["content"] == "content.png"


def test_bad_input(desk, run):
    assert "none.png does not exist" in run("plan", "new", "content.png", "none.png").error
    assert "an input" in run("plan", "new", "content.png", "style.jpg", "-o", "style.jpg").error
