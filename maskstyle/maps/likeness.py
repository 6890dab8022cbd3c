"""Regions of two maps that may be meant for one another: by how their colors look, or by where they are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import optimize
from skimage.color import deltaE_ciede2000, rgb2lab

from maskstyle.maps.colors import Color, color_name
from maskstyle.maps.semantic_map import SemanticMap

LOOKS_ALIKE = 20.0
"""How different (CIEDE2000) two colors may look that are called differently, and still be meant for one another."""

_NEVER = 1e6


def alike_pairs(ones: Sequence[Color], others: Sequence[Color]) -> list[tuple[int, int]]:
    """Return which of some colors go with which of others: one-to-one, and only where it is plausible.

    Parameters
    ----------
    ones, others : sequence of Color
        The colors.

    Returns
    -------
    list of (int, int)
        Places in `ones`, rising, and in `others`: of colors that have the same name or look much alike. Of all such
        sets of pairs it is the largest whose differences (CIEDE2000) sum to the least.

    Examples
    --------
    >>> alike_pairs([(255, 0, 0), (0, 0, 0)], [(30, 80, 160), (200, 70, 50)])
    [(0, 1)]
    """
    if not ones or not others:
        return []
    looks, other_looks = (rgb2lab(np.array(colors, np.float64)[np.newaxis] / 255)[0] for colors in (ones, others))
    apart = deltaE_ciede2000(looks[:, np.newaxis], other_looks[np.newaxis])  # type: ignore[no-untyped-call]
    same_name = np.array([[color_name(one) == color_name(other) for other in others] for one in ones])
    return _least(np.where((apart <= LOOKS_ALIKE) | same_name, apart, _NEVER))


def placed_pairs(
    one: SemanticMap, regions: Sequence[int], other: SemanticMap, other_regions: Sequence[int]
) -> list[tuple[int, int]]:
    """Return which regions of a map are most like which of another in their share of it and where they are.

    Parameters
    ----------
    one, other : SemanticMap
        The maps.
    regions, other_regions : sequence of int
        Their regions to pair.

    Returns
    -------
    list of (int, int)
        Pairs of `regions` and `other_regions`, one-to-one, as many as there can be.
    """
    if not regions or not other_regions:
        return []
    here, there = _places(one, regions), _places(other, other_regions)
    found = _least(np.linalg.norm(here[:, np.newaxis] - there[np.newaxis], axis=-1))
    return [(regions[first], other_regions[second]) for first, second in found]


def _places(semantic_map: SemanticMap, regions: Sequence[int]) -> NDArray[np.float64]:
    """Return the height and breadth of each region's middle, as shares of the map's, and its share of the pixels."""
    places = []
    for region in regions:
        rows, columns = np.nonzero(semantic_map.labels == region)
        middle = (rows.mean() / semantic_map.size[0], columns.mean() / semantic_map.size[1]) if len(rows) else (0, 0)
        places.append((*middle, len(rows) / semantic_map.labels.size))
    return np.array(places, np.float64)


def _least(costs: NDArray[np.float64]) -> list[tuple[int, int]]:
    """Return the pairs of least costs, without those that can never be."""
    found = zip(*optimize.linear_sum_assignment(costs), strict=True)
    return [(int(row), int(column)) for row, column in found if costs[row, column] < _NEVER]
