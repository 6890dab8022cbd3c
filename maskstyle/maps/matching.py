"""Match the regions of two maps by color or by an explicit mapping, and suggest matches for those that are left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy
import skimage
from numpy.typing import NDArray

from maskstyle.errors import ImageError
from maskstyle.maps.colors import (
    Color,
    RegionKey,
    are_class_numbers,
    color_name,
    format_color,
    percent,
    shortlist,
)
from maskstyle.maps.naming import SAME_COLOR, find_region
from maskstyle.maps.semantic_map import SemanticMap

SIMILAR_COLOR = 20.0
"""Largest CIEDE2000 difference between two colors with different names for which a match is suggested."""

_IMPOSSIBLE = 1e6


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


def suggest_by_color(ones: Sequence[Color], others: Sequence[Color]) -> list[tuple[int, int]]:
    """Suggest one-to-one matches, as indices, between colors of the same name or of similar appearance.

    As many pairs as possible, with the smallest sum of CIEDE2000 differences; indices into `ones` ascend.

    >>> suggest_by_color([(255, 0, 0), (0, 0, 0)], [(30, 80, 160), (200, 70, 50)])
    [(0, 1)]
    """
    if not ones or not others:
        return []
    looks, other_looks = (
        skimage.color.rgb2lab(np.array(colors, np.float64)[np.newaxis] / 255)[0] for colors in (ones, others)
    )
    apart = skimage.color.deltaE_ciede2000(looks[:, np.newaxis], other_looks[np.newaxis])  # type: ignore[no-untyped-call]
    same_name = np.array([[color_name(one) == color_name(other) for other in others] for one in ones])
    return _cheapest_pairs(np.where((apart <= SIMILAR_COLOR) | same_name, apart, _IMPOSSIBLE))


def suggest_by_position(
    one: SemanticMap, regions: Sequence[int], other: SemanticMap, other_regions: Sequence[int]
) -> list[tuple[int, int]]:
    """Suggest as many one-to-one matches as possible between regions of similar position and size."""
    if not regions or not other_regions:
        return []
    here, there = _places(one, regions), _places(other, other_regions)
    found = _cheapest_pairs(np.linalg.norm(here[:, np.newaxis] - there[np.newaxis], axis=-1))
    return [(regions[first], other_regions[second]) for first, second in found]


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


def _places(semantic_map: SemanticMap, regions: Sequence[int]) -> NDArray[np.float64]:
    """Return the center (down, right) and the area of each region, relative to the map."""
    places = []
    for region in regions:
        rows, columns = np.nonzero(semantic_map.labels == region)
        middle = (rows.mean() / semantic_map.size[0], columns.mean() / semantic_map.size[1]) if len(rows) else (0, 0)
        places.append((*middle, len(rows) / semantic_map.labels.size))
    return np.array(places, np.float64)


def _cheapest_pairs(costs: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the assignment with the least total cost, without impossible pairs."""
    found = zip(*scipy.optimize.linear_sum_assignment(costs), strict=True)
    return [(int(row), int(column)) for row, column in found if costs[row, column] < _IMPOSSIBLE]
