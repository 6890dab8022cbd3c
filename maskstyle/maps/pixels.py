"""What the pixels of a map hold: its distinct colors, what is around a pixel, and which colors blend to which."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy import spatial

from maskstyle.maps.colors import MAX_REGIONS, Colors

Bools: TypeAlias = NDArray[np.bool_]

_T = TypeVar("_T", bound=np.generic)

_OUTSIDE = 1 << 24  # the packed color of a pixel in no region

# How far from the line between two regions' colors a blend of them is, as a share of their distance: well rounded,
# or in a palette of few colors.
FINE = 1 / 24
LEAST_STEP = 3  # colors closer than this in every channel have no blends: they are numbers of classes
_OVERSHOOT = 0.2  # how far sharp resampling goes beyond the colors of an edge
_GAMMA = 2.2


def square(radius: int) -> list[tuple[int, int]]:
    """Return the surroundings of a pixel, as (down, right)."""
    steps = range(-radius, radius + 1)
    return [(down, right) for down in steps for right in steps if (down, right) != (0, 0)]


def _circle(radius: int) -> list[tuple[int, int]]:
    turns = [math.pi * turn / 8 for turn in range(16)]
    return [(round(radius * math.sin(turn)), round(radius * math.cos(turn))) for turn in turns]


# Where a pixel looks for regions, as (down, right): all of its surroundings, then ever wider rings.
RINGS = (square(2), _circle(3) + _circle(4), _circle(6) + _circle(8), _circle(12) + _circle(16))
WIDE = [offset for ring in RINGS[1:] for offset in ring]
REACH = 16


@dataclass(frozen=True, eq=False)
class Paint:
    """The distinct colors of a map.

    Attributes
    ----------
    ids : (H, W) int32 array
        Each pixel's index into `colors`; outside the regions the number of colors.
    colors : (N, 3) int32 array
        The distinct colors of the pixels inside.
    totals : (N,) int array
        How many pixels have each.
    """

    ids: NDArray[np.int32]
    colors: Colors
    totals: NDArray[np.intp]

    @property
    def inside(self) -> Bools:
        """Where there are regions, (H, W)."""
        return self.ids < len(self.colors)

    @property
    def area(self) -> int:
        """How many pixels are inside."""
        return int(self.totals.sum())

    def per_pixel(self, of_color: NDArray[_T], outside: int) -> NDArray[_T]:
        """Return (H, W): what a table, (N,), says of each pixel's color."""
        table: NDArray[_T] = np.append(of_color, np.array(outside, of_color.dtype))
        return table[self.ids]


def opaque_area(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8] | None) -> Bools:
    """Return where there are regions: where a pixel is rather opaque, or is in a patch of one faint color."""
    if alpha is None:
        return np.ones(pixels.shape[:2], np.bool_)
    inside = alpha >= 128
    faint = (alpha > 0) & ~inside
    if faint.any():
        inside |= grown(constant(packed_channels(np.dstack([alpha, pixels]))) & faint)
    return inside


def analyzed(pixels: NDArray[np.uint8], inside: Bools) -> Paint:
    """Return what the pixels inside hold."""
    packed = packed_channels(pixels)
    packed[~inside] = _OUTSIDE
    held = np.zeros(_OUTSIDE + 1, np.bool_)  # a table of every color there is: far faster than to sort the pixels
    held[packed] = True
    values = np.flatnonzero(held[:_OUTSIDE])
    index = np.full(_OUTSIDE + 1, len(values), np.int32)
    index[values] = np.arange(len(values), dtype=np.int32)
    ids = index[packed]
    totals = np.bincount(ids.ravel(), minlength=len(values) + 1)[: len(values)]
    return Paint(ids, np.stack([values >> 16, values >> 8 & 255, values & 255], axis=-1).astype(np.int32), totals)


def packed_channels(pixels: NDArray[np.uint8]) -> NDArray[np.int32]:
    """Return each pixel's channels, at most four, as one number."""
    packed = pixels[..., 0].astype(np.int32)
    for channel in range(1, pixels.shape[-1]):
        packed <<= 8
        packed |= pixels[..., channel]
    return packed


def constant(values: NDArray[np.generic]) -> Bools:
    """Return where the 3x3 window, cut at the border, holds one value."""
    run = np.ones(values.shape, np.bool_)
    same = values[:, 1:] == values[:, :-1]
    run[:, 1:] &= same
    run[:, :-1] &= same
    window = run.copy()
    same = values[1:] == values[:-1]
    window[1:] &= same & run[:-1]
    window[:-1] &= same & run[1:]
    return window


def grown(mask: Bools) -> Bools:
    """Return where the 3x3 window holds a True."""
    wide = mask.copy()
    wide[:, 1:] |= mask[:, :-1]
    wide[:, :-1] |= mask[:, 1:]
    window = wide.copy()
    window[1:] |= wide[:-1]
    window[:-1] |= wide[1:]
    return window


def local_contrast(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the range of the 3x3 window in the channel where it is greatest."""
    contrast = np.zeros(pixels.shape[:2], np.uint8)
    for index in range(3):
        channel = np.ascontiguousarray(pixels[..., index])
        high, low = (_extreme(channel, extreme) for extreme in (np.maximum, np.minimum))
        np.maximum(contrast, high - low, out=contrast)
    return contrast


def _extreme(channel: NDArray[np.uint8], extreme: np.ufunc) -> NDArray[np.uint8]:
    """Return the extreme of the 3x3 window, cut at the border."""
    wide: NDArray[np.uint8] = channel.copy()
    extreme(wide[:, 1:], channel[:, :-1], out=wide[:, 1:])
    extreme(wide[:, :-1], channel[:, 1:], out=wide[:, :-1])
    window = wide.copy()
    extreme(window[1:], wide[:-1], out=window[1:])
    extreme(window[:-1], wide[1:], out=window[:-1])
    return window


def labels_seen(
    labels: NDArray[np.signedinteger[Any]], at: NDArray[np.intp], offsets: Sequence[tuple[int, int]]
) -> NDArray[np.uint64]:
    """Return, for each flat index into (H, W) labels, the labels at the offsets from there, as bits."""
    bits = np.append(np.uint64(1) << np.arange(MAX_REGIONS, dtype=np.uint64), np.uint64(0))  # the last is for -1
    around = np.pad(labels, REACH, constant_values=-1)
    width, flat = around.shape[1], around.ravel()
    at = in_padded(at, labels.shape[1], REACH)
    seen = np.zeros(len(at), np.uint64)
    for down, right in offsets:
        seen |= bits[flat[at + down * width + right]]
    return seen


def sees_a_pair(seen: NDArray[np.uint64], pairs: NDArray[np.intp]) -> Bools:
    """Return which of the labels that are seen, as bits, hold both of one of the pairs, (P, 2)."""
    sees = np.zeros(len(seen), np.bool_)
    for one, other in pairs:
        both = np.uint64(1 << int(one) | 1 << int(other))
        sees |= seen & both == both
    return sees


def in_padded(at: NDArray[np.intp], width: int, margin: int) -> NDArray[np.intp]:
    """Return flat indices into an array of that width as those into the array with a margin on all sides."""
    padded: NDArray[np.intp] = (at // width + margin) * (width + 2 * margin) + at % width + margin
    return padded


def nearest_colors(palette: Colors, colors: Colors) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the index of the palette color nearest to each color, and its distance."""
    distance, index = spatial.cKDTree(palette).query(colors)
    return index, distance


def pairs_that_blend_to(color: Colors, palette: Colors, tolerance: float) -> NDArray[np.intp]:
    """Return (P, 2): the pairs of palette colors that blend to a color, (3,), but for a share of their distance."""
    one, other = np.triu_indices(len(palette), 1)
    along = palette[one] - palette[other]
    slack = 2 + tolerance * np.linalg.norm(along, axis=1)
    blend = (off_blends(color[np.newaxis], palette)[0] <= slack) & (
        np.abs(along).max(axis=1, initial=0) >= LEAST_STEP
    )
    return np.stack([one[blend], other[blend]], axis=-1)


def off_blends(colors: Colors, palette: Colors) -> NDArray[np.float64]:
    """Return (N, P): how far each color is from the blends of each pair of palette colors.

    Editors blend either sRGB values or linear light.
    """
    one, other = np.triu_indices(len(palette), 1)
    first, second = palette[one].astype(np.float64), palette[other].astype(np.float64)
    along = second - first
    share = (colors @ along.T - (first * along).sum(axis=1)) / np.maximum((along**2).sum(axis=1), 1)
    share = np.clip(share, -_OVERSHOOT, 1 + _OVERSHOOT)
    apart = np.zeros(share.shape)
    for channel in range(3):
        apart += (first[:, channel] + share * along[:, channel] - colors[:, channel, np.newaxis]) ** 2
    apart = np.sqrt(apart)
    for lit in np.linspace(0, 1, 17)[1:-1]:
        mixed = ((1 - lit) * first**_GAMMA + lit * second**_GAMMA) ** (1 / _GAMMA)
        if len(mixed):
            apart = np.minimum(apart, spatial.distance.cdist(colors, mixed))
    return apart
