"""Matching maps: equal regions match, different ones never do."""

from __future__ import annotations

import numpy as np
import pytest
from map_pictures import (
    BLACK,
    BLUE,
    GREEN,
    RED,
    WHITE,
    YELLOW,
    assert_is_one_sentence,
    jpeg,
    landscape,
    pixels,
    with_colors,
)

from maskstyle.errors import ImageError
from maskstyle.maps import (
    Absorbed,
    RegionMatch,
    SemanticMap,
    describe_unmatched,
    find_named_region,
    match_regions,
    parse_map,
)


def matched(content, style, **options):
    return match_regions(with_colors(*content), with_colors(*style), **options)


def test_equal_colors_match_in_any_order():
    match = matched((RED, GREEN, BLUE), (BLUE, RED, BLACK))
    assert match == RegionMatch(((0, 1), (2, 0)), (1,), (2,))


def test_drifted_colors_match():
    drifted = parse_map(pixels(jpeg(landscape(), 30)), least_region=1)
    match = match_regions(parse_map(pixels(landscape()), least_region=1), drifted)
    assert len(match.pairs) == 5
    assert not match.unmatched_content


@pytest.mark.parametrize(
    ("content", "style"),
    [
        ([RED], [(225, 20, 20)]),  # too far
        ([(200, 0, 0), (212, 0, 0)], [(200, 0, 0), (208, 0, 0)]),  # nearly as near to another one
        ([(200, 0, 0), (208, 0, 0)], [(200, 0, 0), (212, 0, 0)]),
        ([(0, 0, 0), (3, 3, 3)], [(0, 0, 0), (2, 2, 2)]),  # numbers of classes
        ([(20, 20, 20), (9, 9, 9)], [(9, 9, 9), (21, 21, 21)]),
        ([(200, 0, 0), (212, 0, 0)], [(200, 0, 0)]),  # one-to-one
    ],
)
def test_different_regions_never_match(content, style):
    near = [pair for pair in matched(content, style).pairs if content[pair[0]] != style[pair[1]]]
    assert near == []


def test_drifted_black_beside_white_is_not_a_class_number():
    assert matched([BLACK, WHITE], [(1, 1, 1), WHITE]).pairs == ((0, 0), (1, 1))


def test_tolerance_widens_the_match():
    assert matched([RED], [(225, 20, 20)], tolerance=60).pairs == ((0, 0),)
    assert matched([RED], [(250, 0, 0)], tolerance=0).pairs == ()


def test_a_mapping_overrides_colors_and_may_share_a_region():
    mapping = [(RED, BLUE), (GREEN, BLUE)]
    match = matched((RED, GREEN, BLUE, WHITE), (RED, BLUE), mapping=mapping)
    assert match == RegionMatch(((0, 1), (1, 1), (2, 1)), (3,), (0,))


def test_a_mapping_tolerates_drifted_colors():
    assert matched([(254, 0, 1)], [BLUE], mapping=[(RED, BLUE)]).pairs == ((0, 0),)


@pytest.mark.parametrize(
    ("mapping", "parts"),
    [
        ([(YELLOW, RED)], ("content map", "#ff0000 (red)", "#ffff00 (yellow)")),
        ([(RED, YELLOW)], ("style map", "#ffff00 (yellow)")),
        ([(RED, RED), (RED, BLUE)], ("#ff0000 (red)", "#0000ff (blue)", "two")),
    ],
)
def test_invalid_mappings_are_rejected(mapping, parts):
    with pytest.raises(ImageError) as error:
        matched((RED, GREEN), (RED, BLUE), mapping=mapping)
    assert_is_one_sentence(error, *parts)


def test_unmatched_regions_are_described():
    content = SemanticMap(np.array([[0] * 1500, [0] * 500 + [1] * 1000], np.int32), (RED, BLUE))
    style = SemanticMap(np.array([[0, 0, 1]], np.int32), (RED, (0, 60, 255)))
    text = describe_unmatched(
        match_regions(content, style), content, style, content_name="a.png", style_name="b.png", advice="repaint them"
    )
    assert text == (
        "b.png lacks #0000ff (blue, 1,000 pixels, 33 %; closest there: #003cff, blue) of a.png; repaint them"
    )


def test_many_unmatched_regions_are_not_all_listed():
    content = with_colors(*[(n * 25, 0, 0) for n in range(10)])
    style = with_colors(GREEN)
    text = describe_unmatched(match_regions(content, style), content, style)
    assert "and 3 more in the content map" in text


def test_the_description_is_empty_if_all_regions_match():
    semantic_map = with_colors(RED, BLUE)
    assert describe_unmatched(match_regions(semantic_map, semantic_map), semantic_map, semantic_map) == ""


# Regions by name

CALLED = SemanticMap(
    np.array([[0, 1, 2, 3]], np.int32),
    ((200, 70, 50), (30, 80, 160), (120, 180, 230), (110, 140, 60)),
    (Absorbed((191, 191, 191), 279, ((110, 140, 60),)),),
)


@pytest.mark.parametrize(
    ("text", "index"), [("red", 0), ("Green ", 3), ("#c84632", 0), ("28,80,160", 1), ("#6e8c3c", 3), ("skyblue", 2)]
)
def test_a_name_selects_the_region_of_that_name(text, index):
    assert find_named_region(text, CALLED, name="a.png", tolerance=40) == index


def test_a_region_in_the_pure_color_takes_precedence():
    assert find_named_region("red", with_colors((200, 70, 50), (254, 1, 0)), name="a.png") == 1


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("blue", ("a.png", "#1e50a0 (blue, 1 pixel) and #78b4e6 (blue, 1 pixel) have that name", "use the color")),
        ("yellow", ("colors of a.png, #c84632 (red)", "got #ffff00 (yellow)", "use one of these")),
        ("#bfbfbf", ("got #bfbfbf (gray)", "279 pixels of that color", "set least_region to 279")),
        ("gray", ("got #808080 (gray)", "use one of these")),
    ],
)
def test_unknown_and_ambiguous_names_are_rejected(text, parts):
    with pytest.raises(ImageError) as error:
        find_named_region(text, CALLED, name="a.png")
    assert_is_one_sentence(error, *parts)


def test_a_map_with_ids_and_colors_is_listed_by_both():
    painted = SemanticMap(np.array([[0, 1]]), ((0, 0, 255), (255, 0, 0)), ids=(4, 2))
    with pytest.raises(ImageError) as error:
        find_named_region("9", painted, name="a.png")
    assert_is_one_sentence(error, "numbers or colors of a.png, 2 #ff0000 (red) and 4 #0000ff (blue), but got 9")


def test_errors_of_a_mapping_name_the_files():
    with pytest.raises(ImageError, match=r"colors of b\.png, #0000ff"):
        matched([RED], [BLUE], mapping=[(RED, RED)], names=("a.png", "b.png"))


def named(names, colors):
    return SemanticMap(np.arange(len(names), dtype=np.int32)[np.newaxis], colors, names=names)


def test_names_match_whatever_their_colors():
    content = named(("cat", "sky", ""), ((255, 0, 0), (0, 0, 255), (0, 255, 0)))
    style = named(("tree", "Cat", ""), ((255, 0, 0), (9, 9, 9), (0, 255, 0)))
    match = match_regions(content, style)
    assert match.pairs == ((0, 1), (2, 2))
    assert (match.unmatched_content, match.unmatched_style) == ((1,), (0,))
    mapped = match_regions(content, style, mapping=[((0, 0, 255), (255, 0, 0)), ((255, 0, 0), (255, 0, 0))])
    assert mapped.pairs == ((0, 0), (1, 0), (2, 2))
    assert match_regions(content, named(("",) * 3, style.colors)).pairs == ((2, 2),)


def test_a_region_is_found_by_its_name():
    semantic_map = named(("orange", "cat"), ((0, 0, 255), (255, 140, 0)))
    assert find_named_region("Cat", semantic_map, name="m") == 1
    assert find_named_region("orange", semantic_map, name="m") == 0
    assert find_named_region("#ff8c00", semantic_map, name="m") == 1
    with pytest.raises(ImageError, match="expected a region of m, orange and cat, or a color, but got 'dog'"):
        find_named_region("dog", semantic_map, name="m")
