"""Pixels of a map: its distinct colors, the labels around a pixel, 3x3 windows, and blends of two colors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

import numpy as np
import scipy
from numpy.typing import NDArray

from maskstyle.images.pixels import row_strips
from maskstyle.maps.colors import MAX_REGIONS, Colors

Bools: TypeAlias = NDArray[np.bool_]

_T = TypeVar("_T", bound=np.generic)

_OUTSIDE = 1 << 24  # the packed color of pixels in no region

BLEND_TOLERANCE = 1 / 24
"""Largest distance of a blend of two colors from the line between them, relative to their distance."""

LEAST_STEP = 3
"""Colors closer than this in every channel have no blends: they are class numbers."""

_OVERSHOOT = 0.2  # of sharp resampling beyond the colors at an edge, relative to their distance
_GAMMA = 2.2


def square_offsets(radius: int) -> list[tuple[int, int]]:
    """Return the offsets (down, right) of all pixels in a square around a pixel."""
    steps = range(-radius, radius + 1)
    return [(down, right) for down in steps for right in steps if (down, right) != (0, 0)]


def _circle(radius: int) -> list[tuple[int, int]]:
    turns = [math.pi * turn / 8 for turn in range(16)]
    return [(round(radius * math.sin(turn)), round(radius * math.cos(turn))) for turn in turns]


# Offsets (down, right) at which to look for regions around a pixel: all close ones, then wider and wider rings.
RINGS = (square_offsets(2), _circle(3) + _circle(4), _circle(6) + _circle(8), _circle(12) + _circle(16))
WIDE = [offset for ring in RINGS[1:] for offset in ring]
REACH = 16


@dataclass(frozen=True, eq=False)
class IndexedMap:
    """A map as an indexed image."""

    ids: NDArray[np.int32]  # (H, W): the index of each pixel into `colors`; N for pixels outside all regions
    colors: Colors  # (N, 3): the distinct colors of the pixels inside
    totals: NDArray[np.intp]  # (N,): the number of pixels of each color

    @property
    def inside(self) -> Bools:
        """Which pixels are in a region, (H, W)."""
        return self.ids < len(self.colors)

    @property
    def area(self) -> int:
        """The number of pixels in a region."""
        return int(self.totals.sum())

    @cached_property
    def solid_totals(self) -> NDArray[np.intp]:
        """The number of pixels of each color that are in a 3x3 square of that color, (N,)."""
        solid = dilate(is_constant(self.ids) & self.inside)
        return count_labels(self.ids, len(self.colors), solid)

    def per_pixel(self, of_color: NDArray[_T], outside: int) -> NDArray[_T]:
        """Look up the color of each pixel in a table, (N,), and return the values, (H, W)."""
        table: NDArray[_T] = np.append(of_color, np.array(outside, of_color.dtype))
        return table[self.ids]


def opaque_area(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> Bools:
    """Return the pixels in a region: mostly opaque ones, and patches of one color with a constant low opacity."""
    if alpha is None:
        return np.ones(pixels.shape[:2], np.bool_)
    inside = alpha >= 128
    faint = (alpha > 0) & ~inside
    if faint.any():
        inside |= dilate(is_constant(pack_channels(np.dstack([alpha, pixels]))) & faint)
    return inside


def index_colors(pixels: NDArray[np.uint8], inside: Bools) -> IndexedMap:
    """Index the colors of the pixels inside."""
    packed = pack_channels(pixels)
    packed[~inside] = _OUTSIDE
    held = np.zeros(_OUTSIDE + 1, np.bool_)  # a table of all colors, much faster than sorting the pixels
    held[packed] = True
    values = np.flatnonzero(held[:_OUTSIDE])
    index = np.empty(_OUTSIDE + 1, np.int32)  # only the entries of held colors are written and read
    index[values] = np.arange(len(values), dtype=np.int32)
    index[_OUTSIDE] = len(values)
    ids = index[packed]
    del packed
    totals = count_labels(ids, len(values) + 1)[: len(values)]
    colors = np.stack([values >> 16, values >> 8 & 255, values & 255], axis=-1).astype(np.int32)
    return IndexedMap(ids, colors, totals)


def pack_channels(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Pack up to four channels of each pixel into one integer."""
    packed = pixels[..., 0].astype(np.int32)
    for channel in range(1, pixels.shape[-1]):
        packed <<= 8
        packed |= pixels[..., channel]
    return packed


def count_labels(labels: NDArray[Any], number: int, where: Bools | None = None) -> NDArray[np.intp]:
    """Return how many pixels, of all or of some, have each label from 0 up to but without `number`, (number,).

    Negative labels do not count. NumPy counts in 64 bits, so this goes strip by strip.
    """
    counts = np.zeros(number, np.intp)
    for rows in row_strips(labels.shape):
        own = labels[rows]
        inside = own >= 0 if where is None else (own >= 0) & where[rows]
        counts += np.bincount(own[inside], minlength=number)
    return counts


def is_constant(values: NDArray[np.generic]) -> Bools:
    """Return which 3x3 windows, clipped at the border, hold a single value."""
    run = np.ones(values.shape, np.bool_)
    same = values[:, 1:] == values[:, :-1]
    run[:, 1:] &= same
    run[:, :-1] &= same
    window = run.copy()
    same = values[1:] == values[:-1]
    window[1:] &= same & run[:-1]
    window[:-1] &= same & run[1:]
    return window


def dilate(mask: Bools) -> Bools:
    """Dilate a mask with a 3x3 square."""
    wide = mask.copy()
    wide[:, 1:] |= mask[:, :-1]
    wide[:, :-1] |= mask[:, 1:]
    window = wide.copy()
    window[1:] |= wide[:-1]
    window[:-1] |= wide[1:]
    return window


def local_contrast(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the value range of each 3x3 window in the channel in which it is largest."""
    contrast = np.zeros(pixels.shape[:2], np.uint8)
    for index in range(3):
        channel = np.ascontiguousarray(pixels[..., index])
        high, low = (_extreme(channel, extreme) for extreme in (np.maximum, np.minimum))
        np.maximum(contrast, high - low, out=contrast)
    return contrast


def _extreme(channel: NDArray[np.uint8], extreme: np.ufunc) -> NDArray[np.uint8]:
    """Return the minimum or maximum of each 3x3 window, clipped at the border."""
    wide: NDArray[np.uint8] = channel.copy()
    extreme(wide[:, 1:], channel[:, :-1], out=wide[:, 1:])
    extreme(wide[:, :-1], channel[:, 1:], out=wide[:, :-1])
    window = wide.copy()
    extreme(window[1:], wide[:-1], out=window[1:])
    extreme(window[:-1], wide[1:], out=window[:-1])
    return window


def labels_around(
    labels: NDArray[np.signedinteger[Any]], at: NDArray[np.intp], offsets: Sequence[tuple[int, int]]
) -> NDArray[np.uint64]:
    """Return, for each flat index into (H, W) labels, a bit set of the labels at the offsets from it."""
    bits = np.append(np.uint64(1) << np.arange(MAX_REGIONS, dtype=np.uint64), np.uint64(0))  # the last is for -1
    around = np.pad(labels, REACH, constant_values=-1)
    width, flat = around.shape[1], around.ravel()
    at = padded_indices(at, labels.shape[1], REACH)
    seen = np.zeros(len(at), np.uint64)
    for down, right in offsets:
        seen |= bits[flat[at + down * width + right]]
    return seen


def include_pair(seen: NDArray[np.uint64], pairs: NDArray[np.intp]) -> Bools:
    """Return which bit sets of labels contain both labels of at least one of the pairs, (P, 2)."""
    sees = np.zeros(len(seen), np.bool_)
    for one, other in pairs:
        both = np.uint64(1 << int(one) | 1 << int(other))
        sees |= seen & both == both
    return sees


def padded_indices(at: NDArray[np.intp], width: int, margin: int) -> NDArray[np.intp]:
    """Convert flat indices into an array of a width to indices into the array padded by a margin on all sides."""
    padded: NDArray[np.intp] = (at // width + margin) * (width + 2 * margin) + at % width + margin
    return padded


def nearest_colors(palette: Colors, colors: Colors) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the index of the nearest palette color to each color, and its distance."""
    distance, index = scipy.spatial.cKDTree(palette).query(colors)
    return index, distance


class Blends:
    """The blends of each pair of colors of a palette.

    Editors blend either sRGB values or linear light, so both count.
    """

    def __init__(self, palette: Colors) -> None:
        self._one, self._other = np.triu_indices(len(palette), 1)
        along = palette[self._one] - palette[self._other]
        self._length = np.linalg.norm(along, axis=1)
        self._apart = np.abs(along).max(axis=1, initial=0) >= LEAST_STEP
        first, second = palette[self._one].astype(np.float64), palette[self._other].astype(np.float64)
        self._first, self._along = first, second - first
        lit = np.linspace(0, 1, 17)[1:-1] if len(first) else ()
        self._lit = [((1 - share) * first**_GAMMA + share * second**_GAMMA) ** (1 / _GAMMA) for share in lit]

    def near(self, color: Colors, *tolerances: float) -> list[NDArray[np.intp]]:
        """Return the pairs, (P, 2), with a blend near a color, (3,), for each relative tolerance."""
        distances = self.distances(color[np.newaxis])[0]
        blends = [(distances <= 2 + each * self._length) & self._apart for each in tolerances]
        return [np.stack([self._one[blend], self._other[blend]], axis=-1) for blend in blends]

    def distances(self, colors: Colors) -> NDArray[np.float64]:
        """Return the distances (N, P) of colors from the nearest blend of each pair."""
        first, along = self._first, self._along
        share = (colors @ along.T - (first * along).sum(axis=1)) / np.maximum((along**2).sum(axis=1), 1)
        share = np.clip(share, -_OVERSHOOT, 1 + _OVERSHOOT)
        apart = np.zeros(share.shape)
        for channel in range(3):
            apart += (first[:, channel] + share * along[:, channel] - colors[:, channel, np.newaxis]) ** 2
        apart = np.sqrt(apart)
        for mixed in self._lit:
            apart = np.minimum(apart, scipy.spatial.distance.cdist(colors, mixed))
        return apart
