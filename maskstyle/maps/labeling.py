"""Assign each pixel of a map to one of its regions, after dithering is replaced by the color that it stands for."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from maskstyle.maps.colors import Colors, are_class_numbers
from maskstyle.maps.palette import NEAR, Palette
from maskstyle.maps.pixels import (
    BLEND_TOLERANCE,
    REACH,
    RINGS,
    Blends,
    Bools,
    IndexedMap,
    dilate,
    include_pair,
    is_constant,
    labels_around,
    nearest_colors,
    padded_indices,
    square_offsets,
)

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
    """Replace every fine pattern of colors in a map by its average color; `pixels` itself if nothing is dithered."""
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


def label_pixels(indexed: IndexedMap, palette: Palette) -> NDArray[np.int8]:
    """Return the palette index of each pixel, (H, W); -1 outside."""
    nearest, distance = nearest_colors(palette.colors, indexed.colors)
    preferred = nearest.astype(np.int8)
    near = distance <= (NEAR if palette.noisy else 0)
    guess = indexed.per_pixel(np.where(near, preferred, np.int8(-1)), -1)
    solid = dilate(is_constant(guess) & (guess >= 0))
    sure = guess >= 0
    if palette.noisy:  # an isolated pixel is near a color by chance, unless the color has no other pixels
        small = np.setdiff1d(preferred, guess[solid])
        sure &= solid | np.isin(guess, small)
    labels = np.where(sure, guess, np.int8(-1))
    if np.any(distance > 0) and not are_class_numbers(indexed.colors):  # otherwise nothing is blended
        labels[_edge_pixels(guess, sure, solid, palette)] = -1
    _label_pending(indexed, labels, preferred, palette.colors)
    return labels


def _edge_pixels(guess: NDArray[np.int8], sure: Bools, solid: Bools, palette: Palette) -> Bools:
    """Return the pixels that have the color of a region by chance, as a blend of two other regions beside them."""
    edges = np.zeros(guess.shape, np.bool_)
    pairs_of: dict[int, NDArray[np.intp]] = {}
    blends = Blends(palette.colors)
    for index, color in enumerate(palette.colors):
        (pairs,) = blends.near(color, BLEND_TOLERANCE)
        pairs = pairs[np.all(pairs != index, axis=1)]
        if len(pairs):
            pairs_of[index] = pairs
    suspect = sure & np.isin(guess, list(pairs_of))
    if palette.noisy:  # noisy edges are wider, but both regions are still nearby
        core = is_constant(guess)
        suspect &= dilate(dilate(~core))
    else:
        suspect &= ~solid
    known = np.where(sure & (solid | ~suspect), guess, np.int8(-1))
    seen = labels_around(known, np.flatnonzero(suspect), square_offsets(3 if palette.noisy else 2))
    labels = guess[suspect]
    by_chance = np.zeros(len(labels), np.bool_)
    for index, pairs in pairs_of.items():
        by_chance |= (labels == index) & include_pair(seen, pairs)
    edges[suspect] = by_chance
    return edges


def _label_pending(
    indexed: IndexedMap, labels: NDArray[np.int8], preferred: NDArray[np.int8], colors: Colors
) -> None:
    """Label the remaining pixels inside, in place, with the label around them that is nearest in color.

    The search widens until a pixel finds two labels, or the label with the nearest color of all.
    """
    pending = indexed.inside & (labels < 0)
    around = np.pad(labels, REACH, constant_values=-1)
    width, flat = around.shape[1], around.ravel()
    at, ids = padded_indices(np.flatnonzero(pending), labels.shape[1], REACH), indexed.ids[pending]
    result = np.full(len(at), -1, np.int8)
    left = np.arange(len(at))
    best = np.full(len(at), -1, np.int8)
    least = np.full(len(at), np.iinfo(np.int32).max, np.int32)
    several = np.zeros(len(at), np.bool_)
    for ring in RINGS:
        own = indexed.colors[ids]
        for down, right in ring:
            label = flat[at + down * width + right]
            apart = ((colors[label] - own) ** 2).sum(axis=1)
            several |= (label >= 0) & (best >= 0) & (label != best)
            better = (label >= 0) & (apart < least)
            best[better] = label[better]
            least[better] = apart[better]
        result[left] = best
        more = ~several & (best != preferred[ids])
        left, at, ids, best, least, several = (each[more] for each in (left, at, ids, best, least, several))
    labels[pending] = result
    far = pending & (labels < 0)
    if far.any():
        nearest = scipy.ndimage.distance_transform_edt(labels < 0, return_distances=False, return_indices=True)
        labels[far] = labels[tuple(nearest[:, far])]
