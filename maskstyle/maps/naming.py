"""Find the regions of a map by color, number or name: one, those of a list, and those of pairs.

In lists and pairs, ``*`` stands for all regions not named otherwise.
"""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeAlias

import numpy as np

from maskstyle.errors import ImageError, SettingsError
from maskstyle.maps.colors import (
    BASIC_COLORS,
    EVERYTHING_ELSE,
    Color,
    RegionKey,
    are_class_numbers,
    color_name,
    describe_color,
    distances,
    format_color,
    format_region,
    parse_region,
    shortlist,
)
from maskstyle.maps.semantic_map import SemanticMap

SAME_COLOR = 24.0
"""Largest distance (Euclidean, in RGB) between equal colors of two maps; see `match_regions`."""

_THREE_NUMBERS = re.compile(r"\s*(\d{1,5})\s*,\s*(\d{1,5})\s*,\s*(\d{1,5})\s*")

Locating: TypeAlias = Callable[[int], AbstractContextManager[None]]
"""From the place of a name in its list to a block that locates errors."""


def _nowhere(place: int) -> AbstractContextManager[None]:
    return nullcontext()


def find_region(key: RegionKey, semantic_map: SemanticMap, *, name: str, tolerance: float = SAME_COLOR) -> int:
    """Return the index of the region with a number, or nearest to a color within a tolerance.

    Parameters
    ----------
    key : Color or int
        The color, or the number that tables and previews show: the id, in a map of ids.
    semantic_map : SemanticMap
        The map.
    name : str
        Name of the map in messages.
    tolerance : float
        See `match_regions`; class numbers must be identical.

    Raises
    ------
    ImageError
        If no region has the color or the number.
    SettingsError
        If `key` is neither.
    """
    if isinstance(key, int | np.integer) and not isinstance(key, bool):
        return _find_number(int(key), semantic_map, name)
    color: object = tuple(key) if isinstance(key, Sequence | np.ndarray) else key
    if (
        not isinstance(color, tuple)
        or len(color) != 3
        or not all(isinstance(each, int | np.integer) and 0 <= each <= 255 for each in color)
    ):
        raise SettingsError(
            "expected a color as (red, green, blue) in 0..255, or the number of a region, but got "
            f"{key!r}; see parse_color"
        )
    return _find_color(color, describe_color(color), semantic_map, name, tolerance)


def find_named_region(text: str, semantic_map: SemanticMap, *, name: str, tolerance: float = SAME_COLOR) -> int:
    """Return the index of the region with a color or a number, given as text, or with the name of a color.

    Parameters
    ----------
    text : str
        The name of a region in the map, its number, such as "3", or any color that `parse_color` accepts. A name
        returned by `color_name` also selects the region of that name if its color is not near the pure one.
    semantic_map : SemanticMap
        The map.
    name : str
        Name of the map in messages.
    tolerance : float
        See `match_regions`.

    Raises
    ------
    ImageError
        If no region has the color or the number, or several regions have the name and none is near the pure color.
    SettingsError
        If `text` is neither.

    Examples
    --------
    >>> find_named_region("red", SemanticMap(np.array([[0, 1]]), ((0, 0, 255), (200, 70, 50))), name="the map")
    1
    """
    called = text.strip().lower()
    written = [each.lower() for each in semantic_map.names]
    if called and called in written:
        return written.index(called)
    if called.isdecimal() and semantic_map.ids is not None and int(called) in semantic_map.ids:
        return semantic_map.ids.index(int(called))  # of six digits, too, which would be a color elsewhere
    color = _parse_listed(text, semantic_map, name)
    named = [index for index, each in enumerate(semantic_map.colors) if color_name(each) == called]
    if isinstance(color, int) or semantic_map.colorless:
        return find_region(color, semantic_map, name=name)
    if not named or _region_near(color, semantic_map, tolerance) is not None:
        is_word = called.isalpha() and called not in BASIC_COLORS and len(called) > 1
        typed = f"{called} ({format_color(color)})" if is_word else describe_color(color)
        return _find_color(color, typed, semantic_map, name, tolerance)
    if len(named) > 1:
        regions = [semantic_map.name(index, counted=True) for index in named]
        raise ImageError(
            f"expected one {called} region in {name}, but {shortlist(regions)} have that name; "
            "use the color of one of them"
        )
    return named[0]


def find_listed_regions(text: str, semantic_map: SemanticMap, *, name: str) -> list[int]:
    """Return the indices of the regions that a part of a list names.

    "1,2,3" is three numbers where the map has these regions, and none of exactly that color; otherwise a color.

    Raises
    ------
    ImageError, SettingsError
        As for `find_named_region`.

    Examples
    --------
    >>> painted = SemanticMap(np.array([[0, 1, 2]]), ((255, 0, 0), (0, 0, 255), (200, 70, 50)))
    >>> find_listed_regions("3,1,2", painted, name="the map")
    [2, 0, 1]
    >>> find_listed_regions("200,70,50", painted, name="the map")
    [2]
    """
    found = _THREE_NUMBERS.fullmatch(text)
    if found is None or text.strip() in semantic_map.names:
        return [find_named_region(text, semantic_map, name=name)]
    red, green, blue = numbers = tuple(int(number) for number in found.groups())
    if semantic_map.ids is None:
        is_color = not set(numbers) <= set(semantic_map.numbers) or (red, green, blue) in semantic_map.colors
    else:
        near = not semantic_map.colorless and _region_near((red, green, blue), semantic_map, SAME_COLOR) is not None
        is_color = near and not set(numbers) <= set(semantic_map.ids)
    if is_color:
        return [find_named_region(text, semantic_map, name=name)]
    return [find_region(number, semantic_map, name=name) for number in dict.fromkeys(numbers)]


def resolved_list(
    texts: Sequence[str],
    semantic_map: SemanticMap,
    *,
    name: str,
    but: Collection[int] = (),
    locating: Locating = _nowhere,
) -> list[int]:
    """Return the labels of the regions that a list of names means; see `find_listed_regions`.

    "*" stands for all regions but those of `but`. `locating` locates errors, or collects them.

    >>> import numpy as np
    >>> painted = SemanticMap(np.array([[0, 1, 2]]), ((255, 0, 0), (0, 0, 255), (200, 70, 50)))
    >>> resolved_list(["blue", "*"], painted, name="the map", but=[2])
    [1, 0]
    """
    labels: list[int] = []
    for place, text in enumerate(texts):
        if text.strip() != EVERYTHING_ELSE:
            with locating(place):
                labels += find_listed_regions(text, semantic_map, name=name)
    if any(text.strip() == EVERYTHING_ELSE for text in texts):
        labels += [label for label in range(len(semantic_map.colors)) if label not in but]
    return list(dict.fromkeys(labels))


def resolved_pairs(
    pairs: Sequence[tuple[str, str]],
    content: SemanticMap,
    style: SemanticMap,
    *,
    names: tuple[str, str],
    among: Collection[int] | None = None,
    locating: Locating = _nowhere,
) -> list[tuple[int, int]]:
    """Return the labels of the regions that pairs of names mean: a content region, or "*", and its style region.

    "*" stands for all content regions, or those of `among`.

    >>> import numpy as np
    >>> painted = SemanticMap(np.array([[0, 1, 2]]), ((255, 0, 0), (0, 0, 255), (0, 255, 0)))
    >>> resolved_pairs([("*", "red"), ("green", "blue")], painted, painted, names=("a", "b"))
    [(2, 1), (0, 0), (1, 0)]
    """
    everything = [place for place, (here, _) in enumerate(pairs) if here.strip() == EVERYTHING_ELSE]
    found: list[tuple[int, int]] = []
    for place, (here, there) in enumerate(pairs):
        if place not in everything:
            with locating(place):
                label = find_named_region(here, content, name=names[0])
                found.append((label, find_named_region(there, style, name=names[1])))
    for place in everything:
        with locating(place):
            own = find_named_region(pairs[place][1], style, name=names[1])
            left = left_over(range(len(content.colors)) if among is None else among, [label for label, _ in found])
            found += [(label, own) for label in left]
    return found


def left_over(among: Iterable[int], named: Collection[int]) -> list[int]:
    """Return the labels that "*" stands for; raise ImageError if there are none."""
    left = [label for label in sorted(among) if label not in named]
    if not left:
        raise ImageError(f"{EVERYTHING_ELSE} stands for no region, as all are named; leave it out")
    return left


def written_region(semantic_map: SemanticMap, label: int) -> str:
    """Return how a person would write a region on the command line: by its name where it is the only one of it.

    >>> painted = SemanticMap(np.array([[0, 1, 2]]), ((255, 0, 0), (0, 0, 255), (30, 80, 160)))
    >>> written_region(painted, 0), written_region(painted, 2)
    ('red', "'#1e50a0'")
    """
    called = [semantic_map.called(index).lower() for index in range(len(semantic_map.colors))]
    if not semantic_map.named_by_id and called.count(called[label]) == 1 and "," not in called[label]:
        return shlex.quote(semantic_map.called(label))
    return shlex.quote(format_region(semantic_map.key(label)))


def _find_color(color: Color, written: str, semantic_map: SemanticMap, name: str, tolerance: float) -> int:
    """Return the index of the region nearest to a color; `written` is what messages call the color."""
    index = _region_near(color, semantic_map, tolerance)
    if index is None:
        raise ImageError(
            f"expected {_held(semantic_map, name)}, but got {written}; {_advice_for(color, semantic_map, tolerance)}"
        )
    return index


def _find_number(number: int, semantic_map: SemanticMap, name: str) -> int:
    """Return the index of the region with a number."""
    if number in semantic_map.numbers:
        return semantic_map.numbers.index(number)
    if semantic_map.ids is not None:
        raise ImageError(f"expected {_held(semantic_map, name)}, but got {number}; use one of these")
    count = len(semantic_map.colors)
    held = "none" if not count else f"1 to {count}" if count > 1 else "1"
    regions = shortlist([describe_color(each) for each in semantic_map.colors]) if count else "no region"
    raise ImageError(
        f"expected a number of a region of {name}, {held}, but got {number}; use one of these, or a color: {regions}"
    )


def _held(semantic_map: SemanticMap, name: str) -> str:
    """Return the regions of a map in words."""
    if semantic_map.ids is not None and semantic_map.colorless:
        return f"ids of {name}, {shortlist([str(each) for each in sorted(semantic_map.ids)])}"
    if semantic_map.named_by_id and semantic_map.ids is not None:
        order = sorted(range(len(semantic_map.ids)), key=semantic_map.key)
        return f"ids or colors of {name}, {shortlist([semantic_map.name(index) for index in order])}"
    regions = [describe_color(each) for each in semantic_map.colors]
    if semantic_map.ids is not None:
        regions = [f"{number} {region}" for number, region in sorted(zip(semantic_map.ids, regions, strict=True))]
        return f"numbers or colors of {name}, {shortlist(regions)}"
    return f"colors of {name}, {shortlist(regions) if regions else 'no region'}"


def _parse_listed(text: str, semantic_map: SemanticMap, name: str) -> RegionKey:
    """Return a color or a number; the error for another text lists the names of the map, if it has any."""
    held = [each for each in semantic_map.names if each]
    try:
        return parse_region(text)
    except SettingsError:
        if not held and not text.strip().isalpha():
            raise
    called = [semantic_map.called(index) for index in range(len(semantic_map.colors))]
    typed = text.strip().lower()
    begun_alike = [each.lower() for each in called if each[:1].lower() == typed[:1]]  # "table" does not mean blue
    close = difflib.get_close_matches(typed, begun_alike, n=1)
    advice = f"did you mean {close[0]}?" if close else "use one of these"
    if typed in ("all", "everything", "rest", "others"):
        advice = f"{EVERYTHING_ELSE} stands for all others"
    expected = f"a region of {name}, {shortlist(held)}, or a color" if held else _held(semantic_map, name)
    failure = ImageError if held else SettingsError
    raise failure(f"expected {expected}, but got {text!r}; {advice}")


def _region_near(color: Color, semantic_map: SemanticMap, tolerance: float) -> int | None:
    """Return the index of the region with the nearest color, if it is within the tolerance.

    The regions of a map without colors have the color of their id, or the gray value that is their id.
    """
    if semantic_map.colorless:
        ids = semantic_map.ids or ()
        if color[0] == color[1] == color[2] and color[0] in ids:
            return ids.index(color[0])
        return semantic_map.colors.index(color) if color in semantic_map.colors else None
    colors = np.array(semantic_map.colors, np.int32).reshape(-1, 3)
    apart = distances(colors, np.array(color))
    if not apart.size or apart.min() > (0 if are_class_numbers(colors) else tolerance):
        return None
    return int(np.argmin(apart))


def _advice_for(color: Color, semantic_map: SemanticMap, tolerance: float) -> str:
    for patch in semantic_map.absorbed:
        if distances(np.array([patch.color]), np.array(color))[0] <= tolerance:
            return f"{patch.count:,} pixels of that color are too few for a region: set least_region to {patch.count}"
    return "use one of these"
