"""Dithered maps: a color that the file's palette lacked, drawn as a fine pattern of others, becomes one again."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import spatial
from scipy.sparse import csgraph

from maskstyle.maps.pixels import Bools, Paint, constant, grown

_PALETTE = 256  # colors that a file with a palette holds at most

# Of the colors that dithering mixes, 0 to 1 % of the pixels are in 3x3 squares of that color, but nearly all in
# squares of those that are mixed, which are few and far apart: gradients mix many, compression mixes like colors.
_MOST_SOLID = 0.05
_MOST_MIXED = 8
_LEAST_APART = 24
_LEAST_SOLID_TOGETHER = 0.8
_LEAST_SHARE = 0.002
_LEAST_PIXELS = 100
_LEAST_CONTACT = 0.1  # of a color's borders, those with another that it is mixed with


def undithered(pixels: NDArray[np.uint8], paint: Paint) -> NDArray[np.uint8]:
    """Return a map's pixels with every fine pattern of colors in their average.

    Parameters
    ----------
    pixels : (H, W, 3) uint8 array
        The map.
    paint : Paint
        What its pixels hold.

    Returns
    -------
    (H, W, 3) uint8 array
        The map itself where nothing is dithered.
    """
    mixed = _fine_colors(paint)
    result = pixels
    for group in _groups(paint, mixed):
        where = np.isin(paint.ids, group)
        if np.count_nonzero(_solid(where) & where) < _LEAST_SOLID_TOGETHER * np.count_nonzero(where):
            continue
        average = np.average(paint.colors[group], axis=0, weights=paint.totals[group])
        result = result.copy() if result is pixels else result
        result[where] = np.rint(average).astype(np.uint8)
    return result


def _solid(where: Bools) -> Bools:
    """Return the 3x3 squares, (H, W), that are in a mask."""
    return grown(constant(where) & where)


def _fine_colors(paint: Paint) -> NDArray[np.intp]:
    """Return the colors of many pixels of which hardly any are in 3x3 squares of the color."""
    least = max(_LEAST_PIXELS, _LEAST_SHARE * paint.area)
    if len(paint.colors) > _PALETTE or np.count_nonzero(paint.totals >= least) < 2:
        return np.empty(0, np.intp)
    solid = np.bincount(paint.ids[grown(constant(paint.ids) & paint.inside)], minlength=len(paint.colors) + 1)[:-1]
    return np.flatnonzero((paint.totals >= least) & (solid < _MOST_SOLID * paint.totals))


def _groups(paint: Paint, colors: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Return the groups of two or more of these colors that lie pixel beside pixel."""
    if len(colors) < 2:
        return []
    number = len(colors)
    index = np.full(len(paint.colors), number, np.intp)
    index[colors] = np.arange(number)
    image = paint.per_pixel(index, number)
    contacts = np.zeros((number + 1, number + 1), np.intp)
    for one, other in ((image[1:], image[:-1]), (image[:, 1:], image[:, :-1])):
        for here, there in ((one, other), (other, one)):
            pairs = here.ravel() * (number + 1) + there.ravel()
            contacts += np.bincount(pairs, minlength=contacts.size).reshape(contacts.shape)
    contacts = contacts[:number]
    share = contacts[:, :number] / contacts.sum(axis=1, keepdims=True)
    np.fill_diagonal(share, 0)
    found, labels = csgraph.connected_components(share >= _LEAST_CONTACT, directed=False)
    groups = [colors[labels == each] for each in range(found)]
    return [
        group
        for group in groups
        if 1 < len(group) <= _MOST_MIXED and spatial.distance.pdist(paint.colors[group]).min() >= _LEAST_APART
    ]
