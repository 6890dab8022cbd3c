"""Which region takes its style from which, from two maps."""

import numpy as np
import pytest

from maskstyle.errors import ImageError, SettingsError
from maskstyle.maps import SemanticMap
from maskstyle.maps.assignment import (
    AssignedRegion,
    MapNames,
    assign_doodle,
    assign_nearest,
    assign_regions,
    find_painted,
)

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
CONTENT = SemanticMap(np.array([[0, 0, 1, 2]], np.int32), (RED, GREEN, BLUE))
STYLE = SemanticMap(np.array([[0, 1, 2]], np.int32), (BLUE, WHITE, RED))


SIZES = {"content_size": (1, 4), "style_size": (1, 3)}


def assigned(content_map=CONTENT, style_map=STYLE, **options):
    """Return the label of each painted region with that of its style."""
    assignment = assign_regions(content_map, style_map, **SIZES, **options)
    return [(each.region, each.style_region) for each in assignment.regions]


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
def test_assigned_regions(options, expected):
    assert assigned(**options) == expected


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (
            {},
            "the style map lacks #00ff00 .* of the content map; .* `unmatched` keep .* `unmatched` whole-style",
        ),
        (
            {"regions": [RED, GREEN]},
            r"lacks #00ff00 [^;]* of the content map; pass keep=\[\(0, 255, 0\)\]",
        ),
        ({"regions": [GREEN], "unmatched": "keep"}, "no region of the content map would be painted"),
        ({"regions": [WHITE]}, "colors of the content map, #ff0000 .red.,.*but got #ffffff .white."),
        ({"names": MapNames("a.png", "b.png")}, "b.png lacks .* of a.png"),
        (
            {"style_map": SemanticMap(STYLE.labels * 0 + 1, STYLE.colors), "regions": [BLUE]},
            "vanishes when the map is resized",
        ),
    ],
)
def test_maps_that_cannot_be_assigned(options, says):
    with pytest.raises(ImageError, match=says):
        assigned(**options)


def test_messages_call_maps_and_images_what_they_are():
    names = MapNames("a.png", "b.png", "a.jpg", "b.jpg")
    with pytest.raises(ImageError, match=r"^b.png lacks #00ff00 [^;]* of a.png; "):
        assigned(names=names)
    with pytest.raises(ImageError, match=r"no region of a.png would be painted"):
        assigned(names=names, regions=[GREEN], unmatched="keep")
    with pytest.raises(ImageError, match=r"the aspect of b.jpg, which is 9x9.*, but b.png is 3x1"):
        assign_regions(CONTENT, STYLE, content_size=(1, 4), style_size=(9, 9), names=names)
    with pytest.raises(ImageError, match=r"colors of b.png, .* but got #00ff00"):
        assigned(names=names, mapping=[(RED, GREEN)])


@pytest.mark.parametrize(
    ("options", "about"),
    [
        ({"unmatched": "drop"}, ("unmatched",)),
        ({"regions": [WHITE]}, ("regions",)),
        ({"mapping": [(RED, GREEN)]}, ("mapping",)),
        ({"mapping": [(BLUE, RED)], "regions": [RED]}, ("mapping",)),
        ({"content_map": SemanticMap(np.zeros((9, 9), np.int32), (RED,))}, ("content_map",)),
        ({"style_map": SemanticMap(np.zeros((9, 9), np.int32), (RED,))}, ("style_map",)),
    ],
)
def test_errors_say_which_input_they_are_about(options, about):
    with pytest.raises((ImageError, SettingsError)) as caught:
        assigned(**options)
    assert caught.value.about == about


def test_unmatched_is_one_of_several_words():
    with pytest.raises(SettingsError, match="unmatched is 'drop'; expected one of error, keep, whole-style"):
        assigned(unmatched="drop")


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"mapping": [(BLUE, RED)], "regions": [RED]}, "#0000ff .blue. is mapped, but is not among the `regions`"),
        (
            {"content_map": "photo_map.png"},
            "the content map is a str; expected a SemanticMap, as maskstyle.load_map returns",
        ),
        (
            {"regions": ["red"]},
            "expected a color as .red, green, blue. in 0..255, or the number of a region, but got 'red'",
        ),
        ({"regions": [(1, 1)]}, "expected a color"),
    ],
)
def test_options_that_cannot_work(options, says):
    with pytest.raises(SettingsError, match=says):
        assigned(**options)


def test_class_numbers_are_equal_or_different():
    numbers = SemanticMap(np.array([[0, 1, 2, 3]], np.int32), tuple((level,) * 3 for level in range(4)))
    both = {"content_map": numbers, "style_map": SemanticMap(numbers.labels[:, :3], numbers.colors[:3])}
    assert assigned(**both, regions=[(1, 1, 1)]) == [(1, 1)]
    with pytest.raises(ImageError, match="but got #050505"):
        assigned(**both, regions=[(5, 5, 5)])
    with pytest.raises(ImageError, match="but got #0a0a0a"):
        assigned(**both, mapping=[((1, 1, 1), (10, 10, 10))])


def test_regions_that_are_left_alone_are_named():
    assert assign_regions(CONTENT, STYLE, **SIZES, unmatched="keep").left_alone == ("#00ff00 (green)",)


def test_maps_are_fitted_to_their_images():
    assignment = assign_regions(CONTENT, CONTENT, content_size=(2, 8), style_size=(1, 4))
    assert assignment.content_map.labels.tolist() == [[0, 0, 0, 0, 1, 1, 2, 2]] * 2
    assert assignment.style_map is CONTENT
    assert assignment.regions[0] == AssignedRegion("#ff0000 (red)", 0, 0)


def test_agreed_colors_are_those_of_the_regions_that_styles_come_from():
    assignment = assign_regions(CONTENT, STYLE, **SIZES, mapping=[(GREEN, WHITE)])
    assert assignment.agreed_colors() == (RED, WHITE, BLUE)
    whole = assign_regions(CONTENT, STYLE, **SIZES, unmatched="whole-style")
    assert whole.agreed_colors() == (RED, GREEN, BLUE)


def test_a_doodle_need_not_use_every_region_of_the_style_image():
    doodle = SemanticMap(np.zeros((3, 5), np.int32), (BLUE,))
    assignment = assign_doodle(doodle, STYLE, style_size=(1, 3))
    assert assignment.content_map.size == (3, 5)
    assert assignment.regions == (AssignedRegion("#0000ff (blue)", 0, 0),)
    with pytest.raises(ImageError, match=r"the style map lacks #00ff00 .* of the doodle.* to whole-style$"):
        assign_doodle(CONTENT, STYLE, style_size=(1, 3))
    with pytest.raises(SettingsError, match="unmatched is 'keep'; expected one of error, whole-style"):
        assign_doodle(doodle, STYLE, style_size=(1, 3), unmatched="keep")


def nearest(**options):
    return assign_nearest(CONTENT, STYLE, **SIZES, **options)


def test_regions_without_a_match_keep_their_color_and_stand_for_the_nearest():
    assignment = nearest(unmatched="nearest")
    assert assignment.content_map.colors == (RED, GREEN, BLUE)
    assert [(each.region, each.style_region) for each in assignment.regions] == [(0, 2), (1, None), (2, 0)]


def test_a_mapping_recolors_the_content_map():
    assignment = nearest(mapping=[(GREEN, WHITE)])
    assert assignment.content_map.colors == assignment.agreed_colors() == (RED, WHITE, BLUE)
    assert [each.name for each in assignment.regions] == ["#ff0000 (red)", "#00ff00 (green)", "#0000ff (blue)"]


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({}, ImageError, "the style map lacks #00ff00 .* to nearest$"),
        ({"unmatched": "keep"}, SettingsError, "unmatched is 'keep'; expected one of error, nearest"),
    ],
)
def test_nearest_colors_that_cannot_be_assigned(options, error, says):
    with pytest.raises(error, match=says):
        nearest(**options)


def test_regions_to_denoise():
    assert find_painted("denoise_regions", [BLUE, (250, 3, 3)], CONTENT, [0, 2], name="the content map") == (2, 0)
    with pytest.raises(SettingsError, match=r"denoise_regions lists #00ff00 .green., which is not painted") as caught:
        find_painted("denoise_regions", [BLUE, GREEN], CONTENT, [0, 2], name="the content map")
    assert caught.value.about == ("denoise_regions", 1)
    with pytest.raises(ImageError, match="colors of the content map"):
        find_painted("denoise_regions", [WHITE], CONTENT, [0, 2], name="the content map")
