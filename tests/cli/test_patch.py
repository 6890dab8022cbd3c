"""``maskstyle patch`` in this process: its maps, its options, the match map and what it records."""

from __future__ import annotations

import json

import pytest

from maskstyle import load_image, read_metadata

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


@pytest.fixture
def patch(desk, run, eagerly, quick, two_halves):
    """Return a function that runs a quick ``maskstyle patch`` on images with maps beside them."""
    two_halves(desk / "content_map.png", (32, 40), RED, BLUE)
    two_halves(desk / "style_sem.png", (36, 28), BLUE, RED)

    def patch(*options):
        return run("patch", "content.png", "style.jpg", "-o", "out.png", *quick, "--patch-size", "8", *options)

    return patch


def test_maps_beside_the_pictures_are_found_and_said(patch, no_weights):
    ran = patch("--network", "lite").succeeded()
    assert ran.err.splitlines()[:2] == [
        "note: content map content_map.png, found beside content.png",
        "note: style map style_sem.png, found beside style.jpg",
    ]
    assert "wrote out.png: 40x32, 2 steps" in ran.err


def test_what_went_in_is_recorded(patch, desk, recorded_weights):
    options = ("--patch-stride", "4", "--patch-offset", "2,1", "--similarity", "ncc", "--repetition", "0.2")
    more = ("--position-weight", "0.3", "--feature-weight", "0.4", "--map", "red=blue", "--json", "run.json")
    patch(*options, *more).succeeded()
    record = json.loads((desk / "run.json").read_text(encoding="utf-8"))
    assert record["command"] == "patch"
    assert record["patches"] == {
        "patch_size": 8,
        "patch_stride": 4,
        "patch_offset": [2, 1],
        "similarity": "ncc",
        "repetition": 0.2,
        "position_weight": 0.3,
        "feature_weight": 0.4,
    }
    plan = {
        "technique": "patch",
        "content": "content.png",
        "content_map": "content_map.png",
        "mapping": {"#ff0000": "#0000ff"},
        "patches": record["patches"],
        "styles": {"style": {"image": "style.jpg", "map": "style_sem.png"}},
    }
    assert record["inputs"] == {"plan": plan, "initial": None, **recorded_weights, "notes": []}
    assert read_metadata(desk / "out.png")["patches"] == record["patches"]


def test_the_match_map_shows_each_regions_style(patch, desk, two_halves):
    two_halves(desk / "style.jpg", (36, 28), (20, 20, 20), (220, 220, 220))
    patch("--match-map", "matches.png").succeeded()
    drawn = load_image(desk / "matches.png").pixels
    assert drawn.shape == (32, 40, 3)
    assert drawn[:, :16].min() > 0.4 > drawn[:, 24:].max()
    assert read_metadata(desk / "matches.png")["command"] == "patch"


def test_a_region_of_one_map_stands_for_the_nearest(patch, desk, two_halves):
    two_halves(desk / "style_sem.png", (36, 28), GREEN, RED)
    message = patch().error
    assert "style_sem.png lacks #0000ff" in message
    assert message.endswith("assign them with --map, or set --unmatched to nearest")
    patch("--unmatched", "nearest").succeeded()
