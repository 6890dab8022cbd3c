"""Dithered maps: replace fine patterns of palette colors by the color they stand for."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from maskstyle.maps.pixels import Bools, IndexedMap, dilate, is_constant

_PALETTE = 256  # largest palette of an indexed image file

# Of the pixels of a dithering color, 0 to 1% are in 3x3 squares of that color, but nearly all are in squares of the
# colors mixed with it. These are few and far apart: gradients mix many colors, compression mixes similar ones.
_MOST_SOLID = 0.05
_MOST_MIXED = 8
_LEAST_APART = 24
_LEAST_SOLID_TOGETHER = 0.8
_LEAST_SHARE = 0.002
_LEAST_PIXELS = 100
_LEAST_CONTACT = 0.1  # the share of a color's borders with another color that it is mixed with


def remove_dithering(pixels: NDArray[np.uint8], indexed: IndexedMap) -> NDArray[np.uint8]:
    """Replace every fine pattern of colors in a map by its average color.

    Parameters
    ----------
    pixels : (H, W, 3) uint8 array
        The map.
    indexed : IndexedMap
        The map as an indexed image.

    Returns
    -------
    (H, W, 3) uint8 array
        A copy, or `pixels` itself if nothing is dithered.
    """
    mixed = _fine_colors(indexed)
    result = pixels
    for group in _find_groups(indexed, mixed):
        where = np.isin(indexed.ids, group)
        if np.count_nonzero(_solid(where) & where) < _LEAST_SOLID_TOGETHER * np.count_nonzero(where):
            continue
        average = np.average(indexed.colors[group], axis=0, weights=indexed.totals[group])
        result = result.copy() if result is pixels else result
        result[where] = np.rint(average).astype(np.uint8)
    return result


def _solid(where: Bools) -> Bools:
    """Return the 3x3 squares inside a mask, (H, W)."""
    return dilate(is_constant(where) & where)


def _fine_colors(indexed: IndexedMap) -> NDArray[np.intp]:
    """Return the colors with many pixels, of which hardly any are in 3x3 squares of the color."""
    least = max(_LEAST_PIXELS, _LEAST_SHARE * indexed.area)
    if len(indexed.colors) > _PALETTE or np.count_nonzero(indexed.totals >= least) < 2:
        return np.empty(0, np.intp)
    return np.flatnonzero((indexed.totals >= least) & (indexed.solid_totals < _MOST_SOLID * indexed.totals))


def _find_groups(indexed: IndexedMap, colors: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Return the groups of two or more of these colors with adjacent pixels."""
    if len(colors) < 2:
        return []
    number = len(colors)
    index = np.full(len(indexed.colors), number, np.intp)
    index[colors] = np.arange(number)
    image = indexed.per_pixel(index, number)
    contacts = np.zeros((number + 1, number + 1), np.intp)
    for one, other in ((image[1:], image[:-1]), (image[:, 1:], image[:, :-1])):
        for here, there in ((one, other), (other, one)):
            pairs = here.ravel() * (number + 1) + there.ravel()
            contacts += np.bincount(pairs, minlength=contacts.size).reshape(contacts.shape)
    contacts = contacts[:number]
    share = contacts[:, :number] / contacts.sum(axis=1, keepdims=True)
    np.fill_diagonal(share, 0)
    found, labels = scipy.sparse.csgraph.connected_components(share >= _LEAST_CONTACT, directed=False)
    groups = [colors[labels == each] for each in range(found)]
    return [
        group
        for group in groups
        if 1 < len(group) <= _MOST_MIXED and scipy.spatial.distance.pdist(indexed.colors[group]).min() >= _LEAST_APART
    ]
