"""Map colors: parsed, formatted and named."""

from __future__ import annotations

import numpy as np
import pytest
from map_pictures import BLACK, BLUE, GREEN, PURPLE, RED, WHITE, YELLOW, assert_is_one_sentence

from maskstyle.errors import SettingsError
from maskstyle.maps import color_name, format_color, parse_color


@pytest.mark.parametrize(
    "text",
    [
        "blue",
        " BLUE ",
        "#0000ff",
        "#00F",
        "0,0,255",
        "(0, 0, 255)",
        "0000ff",
        "00F",
        "rgb(0,0,255)",
        "0x0000FF",
        "[0, 0, 255]",
    ],
)
def test_colors_are_parsed_in_every_notation(text):
    assert parse_color(text) == BLUE


def test_names_of_colors_may_be_two_words():
    assert parse_color("Dark Red") == parse_color("dark-red") == parse_color("darkred") == (139, 0, 0)


@pytest.mark.parametrize(
    "text",
    ["", "bluish", "#12345", "#0000ff80", "0,0,256", "0,0", "1,2,3,4", "hsl(1,2,3)", "0000f", "123456789", "-1,0,0"],
)
def test_invalid_colors_are_rejected(text):
    with pytest.raises(SettingsError) as error:
        parse_color(text)
    assert_is_one_sentence(error, repr(text), "#ff0000")


def test_color_names_round_trip():
    for color in (RED, GREEN, BLUE, YELLOW, PURPLE, BLACK, WHITE, (128, 128, 128)):
        name = color_name(color)
        assert parse_color(name) == color
        assert parse_color(format_color(color)) == color
        drifted = tuple(int(channel) for channel in np.clip(np.add(color, (4, -4, 4)), 0, 255))
        assert color_name(drifted) == name
