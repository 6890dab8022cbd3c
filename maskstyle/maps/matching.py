"""Which region of one map goes with which of another: by color, and as people say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import spatial

from maskstyle.errors import ImageError, SettingsError
from maskstyle.maps.colors import (
    Color,
    are_class_numbers,
    color_name,
    describe_color,
    distances,
    format_color,
    parse_color,
    percent,
    shortlist,
)
from maskstyle.maps.likeness import alike_pairs
from maskstyle.maps.semantic_map import SemanticMap

SAME_COLOR = 24.0
"""How far apart (Euclidean, in RGB) two maps' colors may be and still be the same: see `match_regions`."""


@dataclass(frozen=True)
class RegionMatch:
    """Which region of a style map each region of a content map takes its style from.

    Attributes
    ----------
    pairs : tuple of (content index, style index)
        By rising content index; a content index occurs once at most, a style index may occur several times.
    unmatched_content, unmatched_style : tuple of int
        The regions in no pair, by rising index.
    """

    pairs: tuple[tuple[int, int], ...]
    unmatched_content: tuple[int, ...]
    unmatched_style: tuple[int, ...]


def match_regions(
    content: SemanticMap,
    style: SemanticMap,
    *,
    mapping: Sequence[tuple[Color, Color]] | None = None,
    tolerance: float = SAME_COLOR,
    names: tuple[str, str] = ("the content map", "the style map"),
) -> RegionMatch:
    """Pair the regions of two maps by color.

    Parameters
    ----------
    content, style : SemanticMap
        The two maps.
    mapping : sequence of (content color, style color), optional
        Pairs that hold whatever the colors are; several content regions may share a style region. The content
        regions that it does not name are paired by color.
    tolerance : float
        How far apart (Euclidean, in RGB) two colors may be and still be the same. The default is well above what
        JPEG at quality 15 does to a flat color (14) and well below what people paint as different.
    names : (str, str)
        What messages call the maps.

    Returns
    -------
    RegionMatch

    Raises
    ------
    ImageError
        If `mapping` names a color that its map does not have within `tolerance`, or one content region twice.

    Notes
    -----
    Equal colors pair first. Of the others, two pair if each is the nearest one left to the other, and if they are
    less than half as far apart as each is from any other color of its own map: so two regions never become one,
    and no region takes the place of a missing neighbor in color. The numbers of classes, which are several grays
    below 64 with nothing else but perhaps white, are either equal or different.

    Examples
    --------
    >>> content = SemanticMap(np.array([[0, 1]], np.int32), ((255, 0, 0), (0, 0, 255)))
    >>> style = SemanticMap(np.array([[0, 1]], np.int32), ((1, 0, 252), (0, 255, 0)))
    >>> match_regions(content, style)
    RegionMatch(pairs=((1, 0),), unmatched_content=(0,), unmatched_style=(1,))
    """
    pairs = _mapped_pairs(content, style, mapping or (), tolerance, names)
    left = [index for index in range(len(content.colors)) if index not in pairs]
    pairs |= _pairs_by_color(content.colors, style.colors, left, tolerance)
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
    advice: str = "repaint them in the same colors, or say which region goes with which",
) -> str:
    """Say in one sentence which regions have no counterpart.

    Parameters
    ----------
    match : RegionMatch
        What `match_regions` made of the two maps.
    content, style : SemanticMap
        The two maps.
    content_name, style_name : str
        What the sentence calls them.
    advice : str
        What to do; it ends the sentence.

    Returns
    -------
    str
        Each unmatched region with its color, name, number and share of pixels, and the color of the other map that
        may be meant for it, if any; or that no color is in both; empty if every region has its counterpart.
    """
    one, other = match.unmatched_content, match.unmatched_style
    if not (one or other):
        return ""
    if match.pairs:
        wanted = [style.colors[index] for index in other or range(len(style.colors))]
        found = alike_pairs([content.colors[index] for index in one], wanted)
        alike = {one[place]: wanted[partner] for place, partner in found}
        missing = [
            _describe_missing(one, content, style, content_name, style_name, alike),
            _describe_missing(other, style, content, style_name, content_name, {}),
        ]
        both = "; and ".join(each for each in missing if each)
    else:
        both = _nothing_in_common(content, style, content_name, style_name)
    return f"expected the same regions in {content_name} and {style_name}, but {both}; {advice}"


def find_region(color: Color, semantic_map: SemanticMap, *, name: str, tolerance: float = SAME_COLOR) -> int:
    """Return the index of the region of a color, or of the nearest one that may pass for it.

    Parameters
    ----------
    color : Color
        As a person gave it.
    semantic_map : SemanticMap
        The map.
    name : str
        What messages call the map.
    tolerance : float
        See `match_regions`; class numbers must be equal.

    Raises
    ------
    ImageError
        Where no region has the color.
    SettingsError
        Where `color` is no color.
    """
    if len(tuple(color)) != 3 or not all(isinstance(part, int | np.integer) for part in color):
        raise SettingsError(f"expected a color as (red, green, blue) in 0..255, but got {color!r}; see parse_color")
    index = _region_near(color, semantic_map, tolerance)
    if index is None:
        held = (
            shortlist([describe_color(each) for each in semantic_map.colors]) if semantic_map.colors else "no region"
        )
        raise ImageError(
            f"expected colors of {name}, {held}, but got {describe_color(color)}; "
            f"{_advice_on(color, semantic_map, tolerance)}"
        )
    return index


def find_named_region(text: str, semantic_map: SemanticMap, *, name: str, tolerance: float = SAME_COLOR) -> int:
    """Return the index of the region that a person means by a color or by a color's name.

    Parameters
    ----------
    text : str
        What `parse_color` reads. A name that `color_name` gives means the region that is called so, even where its
        color is not near the purest one of that name.
    semantic_map : SemanticMap
        The map.
    name : str
        What messages call the map.
    tolerance : float
        See `match_regions`.

    Raises
    ------
    ImageError
        Where no region has the color, or several have the name and none is near its purest color.
    SettingsError
        Where `text` is no color.

    Examples
    --------
    >>> find_named_region("red", SemanticMap(np.array([[0, 1]]), ((0, 0, 255), (200, 70, 50))), name="the map")
    1
    """
    color = parse_color(text)
    called = text.strip().lower()
    named = [index for index, each in enumerate(semantic_map.colors) if color_name(each) == called]
    if not named or _region_near(color, semantic_map, tolerance) is not None:
        return find_region(color, semantic_map, name=name, tolerance=tolerance)
    if len(named) > 1:
        regions = [describe_color(semantic_map.colors[index], semantic_map.count(index)) for index in named]
        raise ImageError(
            f"expected one region of {name} by the name {called}, but {shortlist(regions)} are called so; "
            "use the color of one of them"
        )
    return named[0]


def _region_near(color: Color, semantic_map: SemanticMap, tolerance: float) -> int | None:
    """Return the index of the region whose color is nearest, if it is near enough."""
    colors = np.array(semantic_map.colors, np.int32).reshape(-1, 3)
    apart = distances(colors, np.array(color))
    if not apart.size or apart.min() > (0 if are_class_numbers(colors) else tolerance):
        return None
    return int(np.argmin(apart))


def _advice_on(color: Color, semantic_map: SemanticMap, tolerance: float) -> str:
    for patch in semantic_map.absorbed:
        if distances(np.array([patch.color]), np.array(color))[0] <= tolerance:
            return f"it has {patch.count:,} pixels of that, too few for a region: let least_region be {patch.count}"
    return "use one of these"


def _mapped_pairs(
    content: SemanticMap,
    style: SemanticMap,
    mapping: Sequence[tuple[Color, Color]],
    tolerance: float,
    names: tuple[str, str],
) -> dict[int, int]:
    pairs: dict[int, int] = {}
    for content_color, style_color in mapping:
        index = find_region(content_color, content, name=names[0], tolerance=tolerance)
        partner = find_region(style_color, style, name=names[1], tolerance=tolerance)
        if pairs.setdefault(index, partner) != partner:
            raise ImageError(
                f"expected one style region for each content region, but the mapping gives "
                f"{describe_color(content.colors[index])} two, {describe_color(style.colors[pairs[index]])} and "
                f"{describe_color(style.colors[partner])}; remove one of them"
            )
    return pairs


def _pairs_by_color(
    content: tuple[Color, ...], style: tuple[Color, ...], left: list[int], tolerance: float
) -> dict[int, int]:
    """Return the pairs, as {content index: style index}, of the content regions `left`."""
    pairs = {index: style.index(content[index]) for index in left if content[index] in style}
    left = [index for index in left if index not in pairs]
    free = [index for index in range(len(style)) if index not in pairs.values()]
    if not left or not free:
        return pairs
    one, other = np.array(content, np.float64), np.array(style, np.float64)
    apart = spatial.distance.cdist(one[left], other[free])
    if any(are_class_numbers(np.array(colors)) for colors in (content, style)):
        return pairs
    alone, free_alone = _separation(one)[left], _separation(other)[free]
    for row, column in enumerate(apart.argmin(axis=1)):
        # nearer than half the way to any other: so this is the nearest of both maps, whichever is asked
        if apart[row, column] <= tolerance and 2 * apart[row, column] < min(alone[row], free_alone[column]):
            pairs[left[row]] = free[column]
    return pairs


def _separation(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each color is from the nearest other one."""
    apart = spatial.distance.cdist(colors, colors)
    np.fill_diagonal(apart, np.inf)
    separation: NDArray[np.float64] = apart.min(axis=1)
    return separation


def _describe_missing(
    missing: tuple[int, ...],
    here: SemanticMap,
    there: SemanticMap,
    here_name: str,
    there_name: str,
    alike: dict[int, Color],
) -> str:
    if not missing:
        return ""
    area = max(1, sum(here.counts))
    regions = []
    for index in missing:
        region = f"{describe_color(here.colors[index], here.count(index))[:-1]}, {percent(here.count(index) / area)}"
        if index in alike:
            region += f"; most alike there: {format_color(alike[index])}, {color_name(alike[index])}"
        regions.append(region + ")")
    return f"{there_name} lacks {shortlist(regions)} of {here_name}"


def _nothing_in_common(content: SemanticMap, style: SemanticMap, content_name: str, style_name: str) -> str:
    held = [
        f"{shortlist([describe_color(color) for color in each.colors]) if each.colors else 'no region'} in {name}"
        for each, name in ((content, content_name), (style, style_name))
    ]
    return f"no color is in both: there are {held[0]}, and {held[1]}"
