"""Suggest matches for unmatched regions of two maps, by similar color or by position and size."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy
import skimage
from numpy.typing import NDArray

from maskstyle.maps.colors import Color, color_name
from maskstyle.maps.semantic_map import SemanticMap

SIMILAR_COLOR = 20.0
"""Largest CIEDE2000 difference between two colors with different names for which a match is suggested."""

_IMPOSSIBLE = 1e6


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
