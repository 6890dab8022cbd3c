"""Which region goes with which, settled from two maps."""

import numpy as np
import pytest

from maskstyle.errors import ImageError, SettingsError
from maskstyle.maps.assignment import Advice, Pair, paired_maps, plan_regions
from maskstyle.maps.io import SemanticMap

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
CONTENT = SemanticMap(np.array([[0, 0, 1, 2]], np.int32), (RED, GREEN, BLUE))
STYLE = SemanticMap(np.array([[0, 1, 2]], np.int32), (BLUE, WHITE, RED))


def pairs(content_map=CONTENT, style_map=STYLE, **options):
    plan = plan_regions(content_map, style_map, content_size=(1, 4), style_size=(1, 3), **options)
    return [(pair.region, pair.style_region) for pair in plan.pairs]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"unmatched": "keep"}, [(0, 2), (2, 0)]),
        ({"unmatched": "whole-style"}, [(0, 2), (1, None), (2, 0)]),
        ({"regions": [BLUE, RED, BLUE]}, [(0, 2), (2, 0)]),
        ({"regions": [(20, 5, 250)]}, [(2, 0)]),
        ({"regions": [RED, GREEN], "unmatched": "keep"}, [(0, 2)]),
        ({"regions": [GREEN], "unmatched": "whole-style"}, [(1, None)]),
        ({"mapping": [(GREEN, WHITE)]}, [(0, 2), (1, 1), (2, 0)]),
        ({"mapping": [(GREEN, RED)]}, [(0, 2), (1, 2), (2, 0)]),
        ({"mapping": [(RED, BLUE)], "regions": [RED]}, [(0, 0)]),
    ],
)
def test_pairs(options, expected):
    assert pairs(**options) == expected


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({}, "the style map lacks #00ff00 .* and the content map lacks #ffffff .* keep or whole-style"),
        ({"regions": [RED, GREEN]}, "the style map lacks #00ff00 [^;]* of the content map; repaint"),
        ({"regions": [GREEN], "unmatched": "keep"}, "no region of the content map would be painted"),
        ({"regions": [WHITE]}, "colors of the content map, #ff0000 .red.,.*but got #ffffff .white."),
        ({"names": ("a.png", "b.png")}, "b.png lacks .* and a.png lacks"),
        ({"style_map": SemanticMap(STYLE.labels * 0 + 1, STYLE.colors), "regions": [BLUE]}, "nothing is left of it"),
    ],
)
def test_what_cannot_be_paired(options, says):
    with pytest.raises(ImageError, match=says):
        pairs(**options)


def test_messages_call_files_and_options_what_they_are():
    names = {"names": ("a.png", "b.png"), "image_names": ("a.jpg", "b.jpg"), "advice": Advice("do this", "do that")}
    with pytest.raises(ImageError, match=r"b.png lacks .*; do this$"):
        pairs(**names)
    with pytest.raises(ImageError, match=r"no region of a.png would be painted; do that$"):
        pairs(**names, regions=[GREEN], unmatched="keep")
    with pytest.raises(ImageError, match=r"the aspect of b.jpg, which is 9x9 .*, but b.png is 1x3"):
        plan_regions(CONTENT, STYLE, content_size=(1, 4), style_size=(9, 9), **names)
    with pytest.raises(ImageError, match=r"colors of b.png, .* but got #00ff00"):
        pairs(**names, mapping=[(RED, GREEN)])


def test_an_unknown_way_with_unmatched_regions():
    with pytest.raises(SettingsError, match="unmatched is 'drop'; expected one of error, keep, whole-style"):
        pairs(unmatched="drop")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"mapping": [(BLUE, RED)], "regions": [RED]}, "#0000ff .blue. is mapped, but is not among the regions"),
        ({"content_map": "photo_map.png"}, "the content map is a str; expected what maskstyle.load_map returns"),
        ({"regions": ["red"]}, "expected a color as .red, green, blue. in 0..255, but got 'red'"),
        ({"regions": [(1, 1)]}, "expected a color"),
    ],
)
def test_options_that_cannot_work(options, says):
    with pytest.raises(SettingsError, match=says):
        pairs(**options)


def test_class_numbers_are_equal_or_different():
    numbers = SemanticMap(np.array([[0, 1, 2, 3]], np.int32), tuple((level,) * 3 for level in range(4)))
    both = {"content_map": numbers, "style_map": SemanticMap(numbers.labels[:, :3], numbers.colors[:3])}
    assert pairs(**both, regions=[(1, 1, 1)]) == [(1, 1)]
    with pytest.raises(ImageError, match="but got #050505"):
        pairs(**both, regions=[(5, 5, 5)])
    with pytest.raises(ImageError, match="but got #0a0a0a"):
        pairs(**both, mapping=[((1, 1, 1), (10, 10, 10))])


def test_regions_that_are_kept_are_named():
    plan = plan_regions(CONTENT, STYLE, content_size=(1, 4), style_size=(1, 3), unmatched="keep")
    assert plan.kept == ("#00ff00 (green)",)


def test_maps_are_fitted_to_their_images():
    plan = plan_regions(CONTENT, CONTENT, content_size=(2, 8), style_size=(1, 4))
    assert plan.content_map.labels.tolist() == [[0, 0, 0, 0, 1, 1, 2, 2]] * 2
    assert plan.style_map is CONTENT
    assert plan.pairs[0] == Pair("#ff0000 (red)", 0, 0)


def test_maps_whose_colors_agree_are_paired():
    content = SemanticMap(np.array([[0, 1, 2]], np.int32), ((255, 0, 0), (0, 255, 0), (0, 0, 255)))
    style = SemanticMap(np.array([[0, 1]], np.int32), ((0, 0, 255), (255, 0, 0)))
    assert [(pair.region, pair.style_region) for pair in paired_maps(content, style).pairs] == [
        (0, 1),
        (1, None),
        (2, 0),
    ]
