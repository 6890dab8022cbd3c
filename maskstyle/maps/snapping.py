"""Which pixel of a map belongs to which of its regions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from maskstyle.maps.colors import Colors, are_class_numbers
from maskstyle.maps.palette import NEAR, Palette
from maskstyle.maps.pixels import (
    FINE,
    REACH,
    RINGS,
    Bools,
    Paint,
    constant,
    grown,
    in_padded,
    labels_seen,
    nearest_colors,
    pairs_that_blend_to,
    sees_a_pair,
    square,
)


def snap(paint: Paint, palette: Palette) -> NDArray[np.int8]:
    """Return (H, W): each pixel's index into the palette, -1 outside."""
    nearest, distance = nearest_colors(palette.colors, paint.colors)
    wish = nearest.astype(np.int8)
    near = distance <= (NEAR if palette.noisy else 0)
    guess = paint.per_pixel(np.where(near, wish, np.int8(-1)), -1)
    solid = grown(constant(guess) & (guess >= 0))
    sure = guess >= 0
    if palette.noisy:  # a lone pixel is near a color by chance, except where that is all there is of the color
        small = np.setdiff1d(wish, guess[solid])
        sure &= solid | np.isin(guess, small)
    labels = np.where(sure, guess, np.int8(-1))
    if np.any(distance > 0) and not are_class_numbers(paint.colors):  # else nothing is blended
        labels[_rims(guess, sure, solid, palette)] = -1
    _settle(paint, labels, wish, palette.colors)
    return labels


def _rims(guess: NDArray[np.int8], sure: Bools, solid: Bools, palette: Palette) -> Bools:
    """Return where a pixel has the color of a region by chance: it is a blend of two others beside it."""
    rims = np.zeros(guess.shape, np.bool_)
    pairs_of: dict[int, NDArray[np.intp]] = {}
    for index, color in enumerate(palette.colors):
        pairs = pairs_that_blend_to(color, palette.colors, FINE)
        pairs = pairs[np.all(pairs != index, axis=1)]
        if len(pairs):
            pairs_of[index] = pairs
    suspect = sure & np.isin(guess, list(pairs_of))
    if palette.noisy:  # such an edge is wider, but not so wide that both its regions are out of sight
        core = constant(guess)
        suspect &= grown(grown(~core))
    else:
        suspect &= ~solid
    known = np.where(sure & (solid | ~suspect), guess, np.int8(-1))
    seen = labels_seen(known, np.flatnonzero(suspect), square(3 if palette.noisy else 2))
    suspected = guess[suspect]
    by_chance = np.zeros(len(suspected), np.bool_)
    for index, pairs in pairs_of.items():
        by_chance |= (suspected == index) & sees_a_pair(seen, pairs)
    rims[suspect] = by_chance
    return rims


def _settle(paint: Paint, labels: NDArray[np.int8], wish: NDArray[np.int8], colors: Colors) -> None:
    """Give each pixel inside that has no label the nearest in color of those around it, in place.

    A pixel settles as soon as it sees two labels, or the one whose color is the nearest of all.
    """
    pending = paint.inside & (labels < 0)
    around = np.pad(labels, REACH, constant_values=-1)
    width, flat = around.shape[1], around.ravel()
    at, ids = in_padded(np.flatnonzero(pending), labels.shape[1], REACH), paint.ids[pending]
    result = np.full(len(at), -1, np.int8)
    left = np.arange(len(at))
    best = np.full(len(at), -1, np.int8)
    least = np.full(len(at), np.iinfo(np.int32).max, np.int32)
    several = np.zeros(len(at), np.bool_)
    for ring in RINGS:
        own = paint.colors[ids]
        for down, right in ring:
            label = flat[at + down * width + right]
            apart = ((colors[label] - own) ** 2).sum(axis=1)
            several |= (label >= 0) & (best >= 0) & (label != best)
            better = (label >= 0) & (apart < least)
            best[better] = label[better]
            least[better] = apart[better]
        result[left] = best
        more = ~several & (best != wish[ids])
        left, at, ids, best, least, several = (each[more] for each in (left, at, ids, best, least, several))
    labels[pending] = result
    far = pending & (labels < 0)
    if far.any():
        nearest = ndimage.distance_transform_edt(labels < 0, return_distances=False, return_indices=True)
        labels[far] = labels[tuple(nearest[:, far])]
