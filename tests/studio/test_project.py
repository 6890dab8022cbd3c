"""The state of a project: what requests change, what the folder keeps, and two tabs."""

from __future__ import annotations


def test_an_empty_project_says_what_to_do(page):
    state = page.state()
    assert (state["content"], state["styles"], state["regions"]) == (None, [], [])
    assert state["problem"] == "add a photo"
    assert "coffee" in state["samples"]


def test_regions_take_the_style_of_the_same_color_by_default(filled):
    assert [(each["color"], each["style"], each["style_color"]) for each in filled.state()["regions"]] == [
        ("#ff0000", filled.painting, "#ff0000"),
        ("#0000ff", filled.painting, "#0000ff"),
    ]
