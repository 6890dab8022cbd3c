"""Soft edges: how far each pixel is from what a mask has in white, and the regions of a map with such edges."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, TypeAlias

import numpy as np

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.pixels import Mask
from maskstyle.maps.io import Color, SemanticMap, find_region
from maskstyle.masks.gradients import Easing, eased

Side: TypeAlias = Literal["both", "inside", "outside"]
"""Where an edge becomes soft."""


def feather_mask(mask: Mask, feather: float, *, side: Side = "both") -> Mask:
    """Make the edges of a mask soft.

    Parameters
    ----------
    mask : (H, W) float32 array
        In [0, 1].
    feather : float
        Pixels over which a hard edge fades from 1 to 0, at least 0.
    side : {"both", "inside", "outside"}
        Which side of the edge the fading takes: half of it each, or all of it from what is white or from what is
        black, whose other side stays as it was. The picture's own edges are no edges of the mask.

    Returns
    -------
    (H, W) float32 array
        In [0, 1]; exactly 1 and 0 where no edge is within `feather` pixels, or half as many for both sides.

    Raises
    ------
    SettingsError
        If `feather` is negative or not finite.

    Notes
    -----
    Outside, a pixel is 1 - d / `feather`, where d is its distance from the nearest white pixel. A gray pixel of the
    mask, g, counts as one that is (1 - g) * `feather` away from white in a third dimension, so that

        feathered(x) = 1 - min over y of sqrt((1 - g(y))^2 + |x - y|^2 / feather^2)

    An edge that is soft already, over w pixels, is afterwards soft over the root of w^2 + feather^2: gradients
    much wider than `feather` hardly change. Inside is the same of the inverted mask. Both is the mean of the two with
    half of `feather` and half a pixel, by which the edge lies before the first pixel beyond it. The least is found
    along rows and then along columns, as squares of distances add up.

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


def region_mask(
    semantic_map: SemanticMap,
    colors: Sequence[Color],
    *,
    feather: float = 0.0,
    side: Side = "both",
    easing: Easing = "linear",
    name: str = "the map",
) -> Mask:
    """Return the mask of some regions of a semantic map.

    Parameters
    ----------
    semantic_map : SemanticMap
        The map.
    colors : sequence of Color
        The regions' colors, at least one; see `maskstyle.maps.io.find_region`.
    feather, side : float, str
        How soft the edges of all of them together are; see `feather_mask`.
    easing : {"linear", "smooth"}
        How the edges fade.
    name : str
        What messages call the map.

    Returns
    -------
    (H, W) float32 array
        In [0, 1], of the map's size.

    Raises
    ------
    ImageError
        If the map has no region of a color, or none of these regions has a pixel.
    SettingsError
        If `colors` is empty or `feather` is no distance.

    Examples
    --------
    >>> two_regions = SemanticMap(np.array([[0, 0, 1, 1]], np.int32), ((255, 0, 0), (0, 0, 255)))
    >>> region_mask(two_regions, [(255, 0, 0)], feather=2, side="inside").tolist()
    [[1.0, 0.5, 0.0, 0.0]]
    """
    if not colors:
        raise SettingsError("expected the color of at least one region, but got none; name one")
    wanted = [find_region(color, semantic_map, name=name) for color in colors]
    inside = np.isin(semantic_map.labels, wanted)
    if not inside.any():
        raise ImageError(
            f"the regions asked for have no pixel left of {name} at {inside.shape[0]}x{inside.shape[1]} "
            "(height x width); make a larger mask"
        )
    return eased(feather_mask(inside.astype(np.float32), feather, side=side), easing)


def _spread(mask: Mask, feather: float) -> Mask:
    """Return 1 less the least distance from white in units of `feather`, at least 0."""
    if feather == 0:
        return mask
    squares = (1 - mask) ** 2
    for axis in (0, 1):
        squares = _nearest_along(squares, feather, axis)
    spread: Mask = 1 - np.sqrt(squares)
    return spread


def _nearest_along(squares: Mask, feather: float, axis: int) -> Mask:
    """Return the least sum of a square and a squared distance, in units of `feather`, along an axis."""
    source = np.moveaxis(squares, axis, 0)
    nearest = squares.copy()
    least = np.moveaxis(nearest, axis, 0)
    for offset in range(1, min(math.ceil(feather), len(source))):
        distance = np.float32((offset / feather) ** 2)
        np.minimum(least[offset:], source[:-offset] + distance, out=least[offset:])
        np.minimum(least[:-offset], source[offset:] + distance, out=least[:-offset])
    return nearest
