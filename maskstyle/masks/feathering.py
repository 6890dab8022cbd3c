"""Masks with soft edges: feather a mask, or make one from the regions of a semantic map."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.guided_filter import edge_aware_mask as edge_aware_mask  # public here: see __init__.pyi
from maskstyle.images.pixels import Mask, size_text
from maskstyle.maps.colors import RegionKey
from maskstyle.maps.naming import find_region
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.masks.gradients import Easing, eased

Side: TypeAlias = Literal["both", "inside", "outside"]
"""The side of an edge to soften."""


def feather_mask(mask: Mask, feather: float, *, side: Side = "both") -> Mask:
    """Soften the edges of a mask.

    Parameters
    ----------
    mask : (H, W) float32 array
        In [0, 1].
    feather : float
        Width in pixels over which a hard edge fades from 1 to 0, at least 0.
    side : {"both", "inside", "outside"}
        Where to fade: half on each side of the edge, only on the white side, or only on the black side. The image
        border is not an edge.

    Returns
    -------
    (H, W) float32 array
        In [0, 1]; exactly 0 or 1 farther than `feather` pixels from every edge (half of that for both sides).

    Raises
    ------
    SettingsError
        If `feather` is negative or not finite.

    Notes
    -----
    ``outside`` sets a pixel to 1 - d / `feather`, where d is its distance to the nearest white pixel. A gray pixel
    with value g counts as (1 - g) * `feather` away from white in a third dimension::

        feathered(x) = 1 - min over y of sqrt((1 - g(y))^2 + |x - y|^2 / feather^2)

    An edge that is already soft over w pixels becomes soft over sqrt(w^2 + feather^2) pixels, so gradients much wider
    than `feather` hardly change. ``inside`` applies the same formula to the inverted mask. ``both`` is the mean of
    the two at `feather` / 2 + 1/2; the half pixel is the distance from the edge to the center of the next pixel.
    Squared distances add up, so the minimum is taken along rows and then along columns.

    Examples
    --------
    >>> edge = np.array([[0, 0, 0, 1, 1, 1]], np.float32)
    >>> feather_mask(edge, 2, side="outside").tolist()
    [[0.0, 0.0, 0.5, 1.0, 1.0, 1.0]]
    >>> feather_mask(edge, 4).round(1)
    array([[0. , 0.1, 0.3, 0.7, 0.9, 1. ]], dtype=float32)
    """
    if not (math.isfinite(feather) and feather >= 0):
        raise SettingsError(f"feather is {feather:g}; expected a number of pixels of at least 0")
    if side == "outside":
        return _spread(mask, feather)
    if side == "inside":
        return 1 - _spread(1 - mask, feather)
    if feather == 0:
        return mask
    half = feather / 2 + 0.5
    outside, inside = _spread(mask, half), 1 - _spread(1 - mask, half)
    return (outside + inside) / np.float32(2)


def _spread(mask: Mask, feather: float) -> Mask:
    """Return 1 minus the distance to white in units of `feather`, at least 0."""
    if feather == 0:
        return mask
    squares = (1 - mask) ** 2
    for axis in (0, 1):
        squares = _nearest_along(squares, feather, axis)
    spread: Mask = 1 - np.sqrt(squares)
    return spread


def _nearest_along(squares: Mask, feather: float, axis: int) -> Mask:
    """Return the minimum along an axis of a square plus the squared distance in units of `feather`."""
    source = np.moveaxis(squares, axis, 0)
    nearest = squares.copy()
    least = np.moveaxis(nearest, axis, 0)
    for offset in range(1, min(math.ceil(feather), len(source))):
        distance = np.float32((offset / feather) ** 2)
        np.minimum(least[offset:], source[:-offset] + distance, out=least[offset:])
        np.minimum(least[:-offset], source[offset:] + distance, out=least[:-offset])
    return nearest


def region_mask(
    semantic_map: SemanticMap,
    colors: Sequence[RegionKey],
    *,
    feather: float = 0.0,
    side: Side = "both",
    easing: Easing = "linear",
    name: str = "the map",
) -> Mask:
    """Make a mask of one or more regions of a semantic map.

    Parameters
    ----------
    semantic_map : SemanticMap
        The map.
    colors : sequence of Color or int
        The colors or ids of the regions, at least one; see `maskstyle.maps.find_region`.
    feather, side : float, str
        The feathering of the combined regions; see `feather_mask`.
    easing : {"linear", "smooth"}
        The profile of the soft edges.
    name : str
        Name of the map in messages.

    Returns
    -------
    (H, W) float32 array
        In [0, 1], at the size of the map.

    Raises
    ------
    ImageError
        If the map has no region of one of the colors or ids, or the regions have no pixels.
    SettingsError
        If `colors` is empty, or `feather` is negative or not finite.

    Examples
    --------
    >>> two_regions = SemanticMap(np.array([[0, 0, 1, 1]], np.int32), ((255, 0, 0), (0, 0, 255)))
    >>> region_mask(two_regions, [(255, 0, 0)], feather=2, side="inside").tolist()
    [[1.0, 0.5, 0.0, 0.0]]
    """
    if not colors:
        raise SettingsError("expected the color of at least one region, but got none; add one")
    wanted = [find_region(color, semantic_map, name=name) for color in colors]
    inside = np.isin(semantic_map.labels, wanted)
    if not inside.any():
        raise ImageError(
            f"the selected regions of {name} have no pixels at {size_text(inside.shape)}; make a larger mask"
        )
    return eased(feather_mask(inside.astype(np.float32), feather, side=side), easing)
