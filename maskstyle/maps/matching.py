"""Match the regions of two maps by color or by an explicit mapping, and find a region by color or name."""

from __future__ import annotations

import difflib
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
from numpy.typing import NDArray

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
    percent,
    shortlist,
)
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.maps.suggestions import suggest_by_color

SAME_COLOR = 24.0
"""Largest distance (Euclidean, in RGB) between equal colors of two maps; see `match_regions`."""

_THREE_NUMBERS = re.compile(r"\s*(\d{1,5})\s*,\s*(\d{1,5})\s*,\s*(\d{1,5})\s*")


@dataclass(frozen=True)
class RegionMatch:
    """The matched and unmatched regions of a content map and a style map.

    Attributes
    ----------
    pairs : tuple of (content index, style index)
        The matches in ascending order of the content index. A content index occurs at most once; a style index may
        occur several times.
    unmatched_content, unmatched_style : tuple of int
        The regions without a match, in ascending order.
    """

    pairs: tuple[tuple[int, int], ...]
    unmatched_content: tuple[int, ...]
    unmatched_style: tuple[int, ...]


def match_regions(
    content: SemanticMap,
    style: SemanticMap,
    *,
    mapping: Sequence[tuple[RegionKey, RegionKey]] | None = None,
    tolerance: float = SAME_COLOR,
    names: tuple[str, str] = ("the content map", "the style map"),
) -> RegionMatch:
    """Match the regions of two maps by color.

    Parameters
    ----------
    content, style : SemanticMap
        The two maps.
    mapping : sequence of (content color or id, style color or id), optional
        Explicit matches, regardless of color; several content regions may share a style region. All other content
        regions are matched by color.
    tolerance : float
        Largest distance (Euclidean, in RGB) between equal colors. The default is well above the effect of JPEG at
        quality 15 on a flat color (14), and well below the differences that people paint.
    names : (str, str)
        Names of the maps in messages.

    Returns
    -------
    RegionMatch

    Raises
    ------
    ImageError
        If `mapping` contains a color that its map does not have within `tolerance`, or a content region twice.

    Notes
    -----
    If both maps have names, regions with a name match regions of that name only, whatever their colors. Otherwise,
    identical colors match first. Of the remaining colors, two match if each is the nearest one to the other and their
    distance is less than half the distance of each to any other color of its own map. This prevents merging two
    regions, and matching a region to the neighbor of a missing color. Class numbers (several grays below 64, with no
    other color except white) must be identical. Two maps of ids match by id, unless both have colors of their own.

    Examples
    --------
    >>> content = SemanticMap(np.array([[0, 1]], np.int32), ((255, 0, 0), (0, 0, 255)))
    >>> style = SemanticMap(np.array([[0, 1]], np.int32), ((1, 0, 252), (0, 255, 0)))
    >>> match_regions(content, style)
    RegionMatch(pairs=((1, 0),), unmatched_content=(0,), unmatched_style=(1,))
    """
    pairs = _mapped_pairs(content, style, mapping or (), tolerance, names)
    if content.names and style.names:  # then names say what matches, and colors only where there is no name
        pairs = _pairs_by_name(content.names, style.names) | pairs
        left = [index for index, name in enumerate(content.names) if not name and index not in pairs]
        free = [index for index, name in enumerate(style.names) if not name]
    else:
        left = [index for index in range(len(content.colors)) if index not in pairs]
        free = list(range(len(style.colors)))
    made = content.colorless or style.colorless  # colors made from ids are near others by chance
    if made and content.ids is not None and style.ids is not None:
        pairs |= _pairs_by_id(content.ids, style.ids, left, free)
    else:
        pairs |= _pairs_by_color(content.colors, style.colors, left, free, 0 if made else tolerance)
    used = set(pairs.values())
    return RegionMatch(
        tuple(sorted(pairs.items())),
        tuple(index for index in range(len(content.colors)) if index not in pairs),
        tuple(index for index in range(len(style.colors)) if index not in used),
    )


def describe_unmatched(
    match: RegionMatch,
    content: SemanticMap,
    style: SemanticMap,
    *,
    content_name: str = "the content map",
    style_name: str = "the style map",
    advice: str = "repaint them in the same colors, or map them explicitly",
) -> str:
    """Describe the content regions that the style map lacks in one sentence.

    Parameters
    ----------
    match : RegionMatch
        The result of `match_regions` for the two maps.
    content, style : SemanticMap
        The two maps.
    content_name, style_name : str
        Names of the maps in the sentence.
    advice : str
        The end of the sentence: what to do.

    Returns
    -------
    str
        Each unmatched content region with its color, name, number and share of pixels, and the closest color of the
        style map, if any; or a statement that the maps have no color in common. Empty if all content regions match.
    """
    one, other = match.unmatched_content, match.unmatched_style
    if not one:
        return ""
    if match.pairs:
        wanted = [style.colors[index] for index in other or range(len(style.colors))]
        made = content.colorless or style.colorless
        found = [] if made else suggest_by_color([content.colors[index] for index in one], wanted)
        closest = {one[region]: wanted[candidate] for region, candidate in found}
        missing = _describe_missing(one, content, content_name, style_name, closest)
    else:
        missing = _nothing_in_common(content, style, content_name, style_name)
    return f"{missing}; {advice}"


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


def _mapped_pairs(
    content: SemanticMap,
    style: SemanticMap,
    mapping: Sequence[tuple[RegionKey, RegionKey]],
    tolerance: float,
    names: tuple[str, str],
) -> dict[int, int]:
    pairs: dict[int, int] = {}
    for content_color, style_color in mapping:
        index = find_region(content_color, content, name=names[0], tolerance=tolerance)
        style_index = find_region(style_color, style, name=names[1], tolerance=tolerance)
        if pairs.setdefault(index, style_index) != style_index:
            raise ImageError(
                f"expected one style region for each content region, but the mapping gives "
                f"{content.name(index)} two, {style.name(pairs[index])} and "
                f"{style.name(style_index)}; remove one of them"
            )
    return pairs


def _pairs_by_name(content: tuple[str, ...], style: tuple[str, ...]) -> dict[int, int]:
    """Match the regions that have a name in both maps; return {content index: style index}."""
    label_of = {name.lower(): index for index, name in reversed(list(enumerate(style))) if name}
    return {index: label_of[name.lower()] for index, name in enumerate(content) if name.lower() in label_of}


def _pairs_by_id(
    content: tuple[int, ...], style: tuple[int, ...], left: list[int], free: list[int]
) -> dict[int, int]:
    """Match the content regions `left` with the style regions `free`; return {content index: style index}."""
    index_of = {style[index]: index for index in free}
    return {index: index_of[content[index]] for index in left if content[index] in index_of}


def _pairs_by_color(
    content: tuple[Color, ...], style: tuple[Color, ...], left: list[int], free: list[int], tolerance: float
) -> dict[int, int]:
    """Match the content regions `left` with the style regions `free`; return {content index: style index}."""
    label_of = {style[index]: index for index in free}
    pairs = {index: label_of[content[index]] for index in left if content[index] in label_of}
    left = [index for index in left if index not in pairs]
    free = [index for index in free if index not in pairs.values()]
    if not left or not free:
        return pairs
    one, other = np.array(content, np.float64), np.array(style, np.float64)
    apart = scipy.spatial.distance.cdist(one[left], other[free])
    if any(are_class_numbers(np.array(colors)) for colors in (content, style)):
        return pairs
    alone, free_alone = _separation(one)[left], _separation(other)[free]
    for row, column in enumerate(apart.argmin(axis=1)):
        # The bound of half the distance to any other color makes the two nearest to each other in both directions.
        if apart[row, column] <= tolerance and 2 * apart[row, column] < min(alone[row], free_alone[column]):
            pairs[left[row]] = free[column]
    return pairs


def _separation(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the distance of each color to the nearest other color."""
    apart = scipy.spatial.distance.cdist(colors, colors)
    np.fill_diagonal(apart, np.inf)
    separation: NDArray[np.float64] = apart.min(axis=1)
    return separation


def _describe_missing(
    missing: tuple[int, ...],
    semantic_map: SemanticMap,
    name: str,
    other_name: str,
    closest: dict[int, Color],
) -> str:
    area = max(1, sum(semantic_map.counts))
    regions = []
    for index in missing:
        count = semantic_map.count(index)
        region = f"{semantic_map.name(index, counted=True)[:-1]}, {percent(count / area)}"
        if index in closest:
            region += f"; closest there: {format_color(closest[index])}, {color_name(closest[index])}"
        regions.append(region + ")")
    return f"{other_name} lacks {shortlist(regions)} of {name}"


def _nothing_in_common(content: SemanticMap, style: SemanticMap, content_name: str, style_name: str) -> str:
    held = []
    for each, name in ((content, content_name), (style, style_name)):
        regions = [each.name(index) for index in range(len(each.colors))]
        held.append(f"{shortlist(regions) if regions else 'no region'} in {name}")
    common = "id" if content.named_by_id and style.named_by_id else "color"
    return f"the maps share no {common}: {held[0]}, and {held[1]}"
