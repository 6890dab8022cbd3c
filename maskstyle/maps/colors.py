"""Map colors: parse, format, name and compare them, and list them in messages."""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import product
from typing import TypeAlias

import numpy as np
import scipy
import skimage
from numpy.typing import NDArray
from PIL import ImageColor

from maskstyle.errors import SettingsError

Color: TypeAlias = tuple[int, int, int]
"""Red, green and blue, each from 0 to 255."""

RegionKey: TypeAlias = Color | int
"""What names a region: its color, or its number: its id in a map of ids."""

EVERYTHING_ELSE = "*"
"""Stands for all regions that are not named otherwise."""

Colors: TypeAlias = NDArray[np.int32]
"""(N, 3), one color per row."""

MAX_REGIONS = 64
"""Largest number of regions of a map: the labels around a pixel are stored as the bits of one integer."""

_ID = re.compile(r"\s*(?:id\s*(\d{1,10})|(\d{1,5}))\s*", re.IGNORECASE)
_CHANNELS = re.compile(r"(?:rgb)?\s*[(\[]?\s*(\d{1,9})\s*[,\s]\s*(\d{1,9})\s*[,\s]\s*(\d{1,9})\s*[)\]]?")
_HEX = re.compile(r"[0-9a-f]{6}|(?=[0-9]*[a-f])[0-9a-f]{3}")

_CLASS_NUMBERS = 64  # several grays below this, with no other color except white, are class numbers
_SHORT = 8  # colors listed in a message

BASIC_COLORS: dict[str, tuple[Color, ...]] = {
    "black": ((0, 0, 0),),
    "gray": ((128, 128, 128), (64, 64, 64), (192, 192, 192)),
    "white": ((255, 255, 255),),
    "red": ((255, 0, 0), (160, 0, 0)),
    "orange": ((255, 140, 0),),
    "brown": ((139, 69, 19), (90, 60, 30)),
    "yellow": ((255, 255, 0), (250, 215, 80)),
    "green": ((0, 255, 0), (0, 128, 0), (110, 140, 60)),
    "cyan": ((0, 255, 255), (0, 150, 150)),
    "blue": ((0, 0, 255), (30, 80, 160), (120, 180, 230)),
    "purple": ((128, 0, 128), (100, 60, 180)),
    "magenta": ((255, 0, 255),),
    "pink": ((255, 160, 180),),
}
"""Names of typical map colors, with examples; `parse_color` returns the first example of a name."""

_LEVELS = (0, 85, 170, 255)  # per channel: 64 colors, 85 apart
_FIRST = ("red", "blue", "green", "yellow", "magenta", "cyan", "white", "black")  # what --regions understands


def distinct_colors(count: int) -> tuple[Color, ...]:
    """Return distinct colors for a number of regions.

    Parameters
    ----------
    count : int
        Number of colors, 1 to 64.

    Returns
    -------
    tuple of Color
        The pure colors, which have names, followed by colors from a grid with steps of 85 in RGB: each time the one
        farthest in CIELAB from all colors before it.

    Raises
    ------
    SettingsError
        If the number is not 1 to 64.

    Examples
    --------
    >>> distinct_colors(3)
    ((255, 0, 0), (0, 0, 255), (0, 255, 0))
    """
    if not 1 <= count <= MAX_REGIONS:
        raise SettingsError(f"count is {count}; expected a number of colors from 1 to {MAX_REGIONS}")
    grid = np.array(list(product(_LEVELS, repeat=3)))
    looks = skimage.color.rgb2lab(grid / 255)
    apart = scipy.spatial.distance.cdist(looks, looks)
    chosen = [int(np.flatnonzero(np.all(grid == BASIC_COLORS[name][0], axis=1))[0]) for name in _FIRST]
    while len(chosen) < count:
        chosen.append(int(np.argmax(apart[chosen].min(axis=0))))
    return tuple((int(red), int(green), int(blue)) for red, green, blue in grid[chosen[:count]])


def parse_color(text: str) -> Color:
    """Parse a color.

    Parameters
    ----------
    text : str
        "#0000ff", "0000ff", "0x0000ff", "#00f", "0,0,255", "[0, 0, 255]", "rgb(0,0,255)", a name returned by
        `color_name`, or any other CSS name, in upper or lower case, also in two words ("dark red"). "green" is the
        pure green (0, 255, 0) of paint programs and maps, which CSS calls lime.

    Returns
    -------
    Color

    Raises
    ------
    SettingsError
        If `text` is empty, is not a color, or has an alpha channel.

    Examples
    --------
    >>> parse_color("blue"), parse_color("#0000FF"), parse_color("0, 0, 255")
    ((0, 0, 255), (0, 0, 255), (0, 0, 255))
    """
    plain = text.strip().lower()
    if plain in BASIC_COLORS:
        return BASIC_COLORS[plain][0]
    if not plain:
        raise SettingsError(
            f"expected a color such as red or '#ff0000', but got {text!r}; quote #, or the shell drops what follows"
        )
    numbers = _CHANNELS.fullmatch(plain)
    channels: tuple[int, ...] = ()
    if numbers:
        channels = tuple(int(number) for number in numbers.groups())
    elif not plain.endswith(")"):  # rejects hsl(...) and the like, which Pillow would accept
        plain = plain.removeprefix("0x")
        try:
            channels = ImageColor.getrgb(f"#{plain}" if _HEX.fullmatch(plain) else re.sub(r"[\s_-]", "", plain))
        except ValueError:
            channels = ()
    if len(channels) != 3 or max(channels) > 255:
        raise SettingsError(
            f"expected a color such as red, #ff0000 or 255,0,0 (each number at most 255), but got {text!r}; "
            "use one of these forms"
        )
    return channels[0], channels[1], channels[2]


def check_region(text: str, *, everything: bool = True) -> None:
    """Raise SettingsError if a text names no region of any map: it is no color, no number, and can be no name.

    With `everything`, it may be "*", which stands for everything else.
    """
    if (everything and text.strip() == EVERYTHING_ELSE) or _ID.fullmatch(text):
        return
    if re.search(r"[^\W\d_]", text) is None or text.lstrip().startswith("#") or text.rstrip().endswith(")"):
        parse_color(text)


def format_color(color: Color) -> str:
    """Format a color as "#rrggbb".

    Examples
    --------
    >>> format_color((0, 0, 255))
    '#0000ff'
    """
    return "#{:02x}{:02x}{:02x}".format(*color)


def parse_region(text: str) -> RegionKey:
    """Parse what names a region of a map: a color or a number, such as an id.

    Parameters
    ----------
    text : str
        "3" or "id 3", or a color that `parse_color` accepts.

    Examples
    --------
    >>> parse_region("3"), parse_region("id 3"), parse_region("red")
    (3, 3, (255, 0, 0))
    """
    number = _ID.fullmatch(text)
    return int(number[1] or number[2]) if number else parse_color(text)


def format_region(key: RegionKey) -> str:
    """Format what names a region, as `parse_region` reads it.

    >>> format_region(3), format_region((0, 0, 255))
    ('3', '#0000ff')
    """
    return str(key) if isinstance(key, int | np.integer) else format_color(key)


def region_name(key: RegionKey) -> str:
    """Return what reports call the region of a map color or of an id.

    >>> region_name((0, 0, 255)), region_name(3)
    ('#0000ff (blue)', 'id 3')
    """
    return f"id {key}" if isinstance(key, int | np.integer) else describe_color(key)


def id_color(number: int) -> Color:
    """Return the color of an id in the VOC color map, in which the bits of the id are spread over the channels.

    >>> id_color(0), id_color(1), id_color(15)
    ((0, 0, 0), (128, 0, 0), (192, 128, 128))
    """
    channels = [0, 0, 0]
    for place in range(8):
        for channel in range(3):
            channels[channel] |= (number >> (3 * place + channel) & 1) << (7 - place)
    return channels[0], channels[1], channels[2]


@lru_cache(maxsize=4096)
def color_name(color: Color) -> str:
    """Return the name of the basic color nearest to a color in CIELAB.

    Examples
    --------
    >>> color_name((0, 0, 254)), color_name((200, 70, 50))
    ('blue', 'red')
    """
    names = [name for name, examples in BASIC_COLORS.items() for _ in examples]
    examples = [example for several in BASIC_COLORS.values() for example in several]
    looks = skimage.color.rgb2lab(np.array([color, *examples], np.float64) / 255)
    return names[int(np.argmin(np.linalg.norm(looks[1:] - looks[0], axis=1)))]


def as_color(values: Colors) -> Color:
    """Convert an array, (3,), to a color."""
    red, green, blue = (int(value) for value in values)
    return red, green, blue


def describe_color(color: Color, count: int | None = None) -> str:
    """Describe a color with its name and, if given, its pixel count: "#ff0000 (red, 2 pixels)"."""
    name = f"{format_color(color)} ({color_name(color)}"
    return f"{name})" if count is None else f"{name}, {count:,} {'pixel' if count == 1 else 'pixels'})"


def percent(share: float) -> str:
    """Format a share as a percentage: "12 %", "0.13 %"."""
    return f"{100 * share:.0f} %" if share >= 0.1 else f"{100 * share:.2g} %"


def shortlist(words: list[str]) -> str:
    """Join words to "a, b and c", listing at most eight."""
    if len(words) > _SHORT:
        words = [*words[: _SHORT - 1], f"{len(words) - _SHORT + 1} more"]
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else words[0]


def distances(colors: Colors, color: NDArray[np.int32] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance of each color from one color."""
    distance: NDArray[np.float64] = np.linalg.norm(colors - color, axis=1)
    return distance


def are_class_numbers(colors: NDArray[np.integer]) -> bool:
    """Return whether the colors of a map are class numbers, with or without white for unlabeled pixels."""
    dark = colors[:, 0] < _CLASS_NUMBERS
    gray = np.all(colors == colors[:, :1])
    return bool(gray and 2 <= np.count_nonzero(dark) <= MAX_REGIONS and np.all(dark | (colors[:, 0] == 255)))
