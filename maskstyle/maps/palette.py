"""Find the colors of the regions of a map among blends, compression noise and thin lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import ImageError
from maskstyle.maps.colors import MAX_REGIONS, Colors, are_class_numbers, distances, percent
from maskstyle.maps.pixels import (
    BLEND_TOLERANCE,
    LEAST_STEP,
    REACH,
    RINGS,
    WIDE,
    Blends,
    Bools,
    IndexedMap,
    dilate,
    include_pair,
    labels_around,
    nearest_colors,
    padded_indices,
)

_FOUND_SHARE = 0.0005  # smallest share of a blended map that can be told from its blends: 130 pixels of 512x512

# All color distances are Euclidean in RGB from 0 to 255. The constants below were measured on 12 maps of 4 to 6
# regions, each as painted, resized (0.37, 2.5) and compressed (JPEG at quality 15 to 95, WebP at 30 and 75).

# Noise shows in pixels without a region color in a 3x3 window that varies by at most _CALM. The ratio of their number
# to that of pixels at edges is 0.000 in maps as painted, and 0.09 to 2.9 in compressed maps.
_CALM = 12
_NOISE_PER_EDGE = 0.08
_LEAST_NOISE = 0.001

# Noise splits one color into several: up to 7.1 apart at JPEG quality 30 and above, 14.3 at quality 15. Those more
# than 4.2 apart cover at most 0.7% of the map. So larger areas beyond the first bound are separate regions.
_SMALL_DRIFT = 4.5
DRIFT = 16
_MOST_DRIFTED = 0.02

# Of the area of those maps, 0.31 to 1 is in 3x3 squares of equal pixels; of 539 photographs and paintings, all but
# three have less than this.
_LEAST_FLAT = 0.25

# Largest distance of a noisy pixel from the color of its region or, at an edge, from a blend of the adjacent regions:
# in calm areas, for 95% of the pixels at JPEG quality 60, and for any pixel.
_CALM_NEAR = 24
NEAR = 32
_FOREIGN = 48

_ROUGH_TOLERANCE = 1 / 8  # like `BLEND_TOLERANCE`, in images with few colors
_FEW_COLORS = 16  # a map with at most this many other colors may count as neither blended nor noisy
_LEAST_DRIFTED = 2  # with so few colors, this many close to the colors of patches indicate noise
_SAMPLES_PER_COLOR = 500  # pixels per color whose surroundings are examined
_MOST_SAMPLES = 300_000  # the same for all pixels unlike every region

FEWEST = 4
"""Fewest pixels of a region in a map without noise and blends: 2x2. Fewer are slips of the pen."""


@dataclass(frozen=True, eq=False)
class Palette:
    """The region colors of a map, and the state of its pixels."""

    colors: Colors  # (C, 3): the region colors, at most `MAX_REGIONS`
    noisy: bool  # whether the pixels are noisy, as after lossy compression
    # Whether the pixels are noisy, or blended as at soft edges. Otherwise every color was painted.
    blended: bool
    # (S,): in a map without noise and blends, the colors, as indices into those of the map, of so few pixels that
    # they are slips of the pen.
    slips: NDArray[np.intp]


def find_palette(
    indexed: IndexedMap, contrast: NDArray[np.uint8], name: str, *, lossy: bool = False, fewest: int = FEWEST
) -> Palette:
    """Find the region colors, at most `MAX_REGIONS`, or reject the map; a `lossy` map is known to be noisy.

    In a map without noise and blends, a color of `fewest` pixels is a region.
    """
    least = math.ceil(_FOUND_SHARE * indexed.area)
    solid_totals = indexed.solid_totals
    # A color with large patches, or with enough pixels of which a good part is in patches. A small region in the
    # color of a blend has few patches compared with all edges of that color, but a mere blend has none.
    pure = least / 2  # half of so small a region is its blended border
    is_patch = (solid_totals >= pure) | ((indexed.totals >= pure) & (4 * solid_totals >= indexed.totals))
    patches = np.flatnonzero(is_patch)
    patches = patches[np.argsort(-solid_totals[patches], kind="stable")]
    noisy = lossy or _is_noisy(indexed, is_patch, contrast)
    lines = np.empty(0, np.intp) if noisy else _find_lines(indexed, patches, least)
    flat = (solid_totals[patches].sum() + indexed.totals[lines].sum()) / indexed.area
    if flat < _LEAST_FLAT:
        raise ImageError(
            f"expected regions of one flat color each, but {name} looks like a photograph or a gradient: only "
            f"{percent(flat)} of it is flat; paint the regions in plain colors and save them as PNG"
        )
    painted = np.concatenate([patches, lines])
    odd = np.empty(0, np.intp) if noisy else _find_odd(indexed, patches, painted)
    small = odd[indexed.totals[odd] >= fewest]
    if _is_blended(indexed, np.concatenate([painted, odd])):
        odd = small = odd[:0]
    painted = np.concatenate([painted, small])
    blended = noisy or _is_blended(indexed, painted)
    colors = indexed.colors[painted]
    if noisy:
        colors = _drop_drifted(colors, solid_totals[patches] / indexed.area)
        colors = _add_noisy_patches(indexed, colors, least, contrast <= _CALM, _CALM_NEAR)
        colors = _add_noisy_patches(indexed, colors, least, indexed.inside, _FOREIGN)
    if len(colors) > MAX_REGIONS:
        raise ImageError(
            f"expected at most {MAX_REGIONS} regions of one flat color each, but {name} has more colors than that, "
            "like a photograph or a gradient; paint the regions in fewer colors"
        )
    return Palette(colors, noisy, blended, np.setdiff1d(odd, small))


def _is_blended(indexed: IndexedMap, painted: NDArray[np.intp]) -> bool:
    """Return whether there are more other colors than a few slips of the pen."""
    if are_class_numbers(indexed.colors):
        return False
    rest = len(indexed.colors) - len(painted)
    return rest > _FEW_COLORS or indexed.area - indexed.totals[painted].sum() > _LEAST_NOISE * indexed.area


def _is_noisy(indexed: IndexedMap, is_patch: Bools, contrast: NDArray[np.uint8]) -> bool:
    """Return whether colors vary away from edges, as after lossy compression or resampling."""
    others, patches = indexed.colors[~is_patch], indexed.colors[is_patch]
    if len(others) <= _FEW_COLORS and not _have_drifted(others, patches):
        return False
    patch_ids = indexed.per_pixel(np.where(is_patch, np.arange(len(is_patch), dtype=np.int32), -1), -1)
    odd = indexed.inside & (patch_ids < 0)
    calm = odd & (contrast <= _CALM)
    edges = np.count_nonzero(odd) - np.count_nonzero(calm)
    noise = np.count_nonzero(calm) - _count_between_patches(patch_ids, calm)
    return bool(noise > max(_NOISE_PER_EDGE * edges, _LEAST_NOISE * indexed.area))


def _have_drifted(strays: Colors, patches: Colors) -> bool:
    """Return whether some of a few colors are close to those of patches, as in a JPEG with only vertical edges."""
    if not len(patches) or are_class_numbers(np.concatenate([strays, patches])):
        return False
    return bool(np.count_nonzero(nearest_colors(patches, strays)[1] <= DRIFT) >= _LEAST_DRIFTED)


def _count_between_patches(patch_ids: NDArray[np.int32], where: Bools) -> int:
    """Count the pixels with patches of two different colors within two pixels on opposite sides: faint edges."""
    around = np.pad(patch_ids, 2, constant_values=-1)
    width, flat = around.shape[1], around.ravel()
    at = padded_indices(np.flatnonzero(where), patch_ids.shape[1], 2)
    between = np.zeros(len(at), np.bool_)
    for step in (1, width, width + 1, width - 1):
        for before, after in ((1, 1), (1, 2), (2, 1), (2, 2)):
            one, other = flat[at - before * step], flat[at + after * step]
            between |= (one >= 0) & (other >= 0) & (one != other)
    return int(np.count_nonzero(between))


def _drop_drifted(colors: Colors, shares: NDArray[np.float64]) -> Colors:
    """Drop colors that drifted from an earlier one; the colors are in descending order of their shares."""
    kept: list[int] = []
    for index, color in enumerate(colors):
        drift = _SMALL_DRIFT if shares[index] > _MOST_DRIFTED else DRIFT
        if np.all(distances(colors[kept], color) > drift):
            kept.append(index)
    return colors[kept]


def _add_noisy_patches(indexed: IndexedMap, colors: Colors, least: int, where: Bools, tolerance: float) -> Colors:
    """Add the colors of noisy patches at least three pixels wide, unlike the regions around them and their blends.

    Only pixels in `where` are examined. A noisy pixel is at most `tolerance` from its true color.
    """
    nearest, distance = nearest_colors(colors, indexed.colors)
    for _ in range(MAX_REGIONS):
        far = where & ~dilate(~indexed.per_pixel(distance > tolerance, False))
        near = indexed.per_pixel(np.where(distance <= NEAR, nearest, -1).astype(np.int8), -1)
        at = np.flatnonzero(far)
        at = at[:: 1 + len(at) // _MOST_SAMPLES]
        ids = indexed.ids.ravel()[at]
        foreign = _are_foreign(indexed, ids, labels_around(near, at, [*RINGS[0], *WIDE]), colors, tolerance)
        foreign &= ~_are_between_neighbors(indexed, at, (8,), DRIFT)
        weights = np.bincount(ids[foreign], minlength=len(indexed.colors))
        if len(colors) > MAX_REGIONS or not weights.any():
            break
        color = _densest_color(indexed.colors, weights)
        similar = distances(indexed.colors, color) <= tolerance
        patch = far & indexed.per_pixel(similar, False)
        if np.count_nonzero(dilate(patch)) * np.mean(foreign[similar[ids]]) < least:
            break
        core = indexed.ids[~dilate(~patch)]
        if len(core) >= 9:  # free of blends with the surroundings
            color = np.rint(indexed.colors[core].mean(axis=0)).astype(np.int32)
        apart = distances(indexed.colors, color)
        if _is_patch(indexed, apart, least):
            nearest[apart < distance] = len(colors)
            distance = np.minimum(distance, apart)
            colors = np.concatenate([colors, color[np.newaxis]])
        else:  # do not find it again
            distance[similar] = np.minimum(distance[similar], tolerance)
    return colors


def _is_patch(indexed: IndexedMap, apart: NDArray[np.float64], least: int) -> bool:
    """Return whether a color fills a 3x3 square or, with little noise, enough 2x2 squares; `apart` is by color.

    Compression ripples do neither.
    """
    if not dilate(indexed.per_pixel(apart > NEAR, True)).all():
        return True
    clean = indexed.per_pixel(apart <= DRIFT, False)
    corner = np.pad(clean[1:, 1:] & clean[1:, :-1] & clean[:-1, 1:] & clean[:-1, :-1], 1)
    squares = corner[1:, 1:] | corner[1:, :-1] | corner[:-1, 1:] | corner[:-1, :-1]
    return bool(2 * np.count_nonzero(squares) >= least)


def _are_foreign(
    indexed: IndexedMap, ids: NDArray[np.int32], seen: NDArray[np.uint64], colors: Colors, tolerance: float
) -> Bools:
    """Return which pixels, given their colors and the labels around them, are far from all blends of these."""
    foreign = np.empty(len(ids), np.bool_)
    for around in np.unique(seen):
        here = seen == around
        ends = colors[[index for index in range(len(colors)) if int(around) >> index & 1]]
        distinct, back = np.unique(ids[here], return_inverse=True)
        off = Blends(ends).distances(indexed.colors[distinct]).min(axis=1, initial=np.inf)
        foreign[here] = (off > tolerance)[back]
    return foreign


def _densest_color(colors: Colors, weights: NDArray[np.intp]) -> Colors:
    """Return the center of the densest cluster of colors, (3,)."""
    cells = (colors >> 4) @ np.array([256, 16, 1])
    fullest = cells == np.bincount(cells, weights).argmax()
    middle = np.average(colors[fullest], axis=0, weights=weights[fullest])
    cluster = (distances(colors, middle) <= NEAR) & (weights > 0)
    return np.rint(np.average(colors[cluster], axis=0, weights=weights[cluster])).astype(np.int32)


def _find_lines(indexed: IndexedMap, patches: NDArray[np.intp], least: int) -> NDArray[np.intp]:
    """Return the colors of thin lines that are not blends and, in maps without blends, of small patches."""
    rest = np.setdiff1d(np.arange(len(indexed.colors)), patches)
    thin = rest[indexed.totals[rest] >= least]
    if are_class_numbers(indexed.colors):
        return thin
    lines = thin[~_are_edge_colors(indexed, thin, patches)]
    rest = np.setdiff1d(rest, lines)
    if len(rest) <= _FEW_COLORS:
        lines = np.concatenate([lines, rest[2 * indexed.solid_totals[rest] >= indexed.totals[rest]]])
    return lines


def _find_odd(indexed: IndexedMap, patches: NDArray[np.intp], painted: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the colors of tiny patches and lines, which are not blends, in maps with few other colors."""
    rest = np.setdiff1d(np.arange(len(indexed.colors)), painted)
    if len(rest) > _FEW_COLORS or are_class_numbers(indexed.colors):
        return rest[:0]
    return rest[~_are_edge_colors(indexed, rest, patches)]


def _are_edge_colors(indexed: IndexedMap, candidates: NDArray[np.intp], ends: NDArray[np.intp]) -> Bools:
    """Return which colors are mostly blends of the pixels on opposite sides, or of two nearby `ends`.

    For ends within two pixels, a rough blend is enough, as in an image with few colors.
    """
    rims = np.zeros(len(candidates), np.bool_)
    if not len(candidates) or len(ends) > MAX_REGIONS:
        return rims
    labels = np.full(len(indexed.colors), -1, np.int8)
    labels[ends] = np.arange(len(ends))
    image = indexed.per_pixel(labels, -1)
    samples = _sample_pixels(indexed, candidates)
    at = np.concatenate(samples)
    on_slope = _are_between_neighbors(indexed, at, (1, 2), LEAST_STEP)
    close = labels_around(image, at, RINGS[0])
    seen = close | labels_around(image, at, WIDE)
    stop = 0
    blends = Blends(indexed.colors[ends])
    for number, (index, sample) in enumerate(zip(candidates, samples, strict=True)):
        own = slice(stop, stop := stop + len(sample))
        rough, fine = blends.near(indexed.colors[index], _ROUGH_TOLERANCE, BLEND_TOLERANCE)
        beside = include_pair(close[own], rough) | include_pair(seen[own], fine) | on_slope[own]
        rims[number] = 2 * np.count_nonzero(beside) > len(sample)
    return rims


def _are_between_neighbors(indexed: IndexedMap, at: NDArray[np.intp], reaches: Sequence[int], least: float) -> Bools:
    """Return which pixels, by flat index, blend the colors on opposite sides at one of the distances `reaches`.

    The two colors must differ by at least `least` in some channel.
    """
    outside = len(indexed.colors)
    around = np.pad(indexed.ids, REACH, constant_values=outside)
    width, flat = around.shape[1], around.ravel()
    colors = np.concatenate([indexed.colors, indexed.colors[:1]]).astype(
        np.float64
    )  # the last one, for pixels outside, is never used
    at = padded_indices(at, indexed.ids.shape[1], REACH)
    own = colors[flat[at]]
    between = np.zeros(len(at), np.bool_)
    for step in (1, width, width + 1, width - 1):
        for reach in reaches:
            one, other = flat[at - reach * step], flat[at + reach * step]
            along = colors[other] - colors[one]
            square = np.maximum((along**2).sum(axis=1), 1)
            share = ((own - colors[one]) * along).sum(axis=1) / square
            off = np.linalg.norm(colors[one] + share[:, np.newaxis] * along - own, axis=1)
            blends = (np.abs(share - 0.5) < 0.4) & (off <= 2 + BLEND_TOLERANCE * np.sqrt(square))
            blends &= np.abs(along).max(axis=1, initial=0) >= least
            between |= blends & (one < outside) & (other < outside)
    return between


def _sample_pixels(indexed: IndexedMap, indices: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Return the flat indices of some pixels of each color, spread evenly over the map."""
    wanted = np.zeros(len(indexed.colors), np.bool_)
    wanted[indices] = True
    at = np.flatnonzero(indexed.per_pixel(wanted, False))
    ids = indexed.ids.ravel()[at]
    order = np.argsort(ids, kind="stable")
    at, ids = at[order], ids[order]
    starts, stops = (np.searchsorted(ids, indices, side) for side in ("left", "right"))
    picks = [
        np.linspace(start, stop - 1, min(stop - start, _SAMPLES_PER_COLOR)).astype(np.intp)
        for start, stop in zip(starts, stops, strict=True)
    ]
    return [at[pick] for pick in picks]
