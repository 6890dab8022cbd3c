"""Which colors of a map are regions: found among blends, the noise of compression, and thin lines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import ImageError
from maskstyle.maps.colors import MAX_REGIONS, Colors, are_class_numbers, distances
from maskstyle.maps.pixels import (
    FINE,
    LEAST_STEP,
    REACH,
    RINGS,
    WIDE,
    Bools,
    Paint,
    constant,
    grown,
    in_padded,
    labels_seen,
    nearest_colors,
    off_blends,
    pairs_that_blend_to,
    sees_a_pair,
)

_FOUND_SHARE = 0.0005  # the least share of a blended map that is told from its blends: 130 pixels of 512x512

# All distances between colors are Euclidean, in RGB of 0 to 255. What follows was measured on 12 maps of 4 to 6
# regions, each as painted, resized (0.37, 2.5) and compressed (JPEG at quality 15 to 95, WebP at 30 and 75).

# Pixels wobble that have no region's color though the 3x3 around them vary by no more than _CALM: 0.000 times as
# many as there are at edges in maps as painted, 0.09 to 2.9 times in compressed ones.
_CALM = 12
_NOISE_PER_EDGE = 0.08
_LEAST_NOISE = 0.001

# Noise makes several colors of one: up to 7.1 apart at JPEG quality 30 and above, 14.3 at 15; those more than 4.2
# apart cover 0.7 % of the map at most. So beyond the first bound, larger areas are regions of their own.
_SMALL_DRIFT = 4.5
DRIFT = 16
_MOST_DRIFTED = 0.02

# Of those maps, 0.31 to 1 lay in 3x3 squares of equal pixels; of 539 photographs and paintings, in all but three less
# than this.
_LEAST_FLAT = 0.25

# How far a noisy pixel is from its region's color or, at an edge, from a blend of the regions beside it: where it is
# calm, in 95 of 100 pixels at JPEG quality 60, and at all.
_CALM_NEAR = 24
NEAR = 32
_FOREIGN = 48

_ROUGH = 1 / 8  # as `FINE`, of blends in a palette of few colors
_FEW = 16  # colors that a map may hold besides its regions' and still count as neither blended nor noisy
_SOME = 2  # how many of so few colors, nearly those of patches, are noise
_SAMPLE = 500  # how many pixels speak for a color, where it is looked up what is around
_MANY = 300_000  # and how many for all that are unlike every region


@dataclass(frozen=True, eq=False)
class Palette:
    """The colors of a map's regions, and what became of its pixels.

    Attributes
    ----------
    colors : (C, 3) int32 array
        At most `MAX_REGIONS`.
    noisy : bool
        Whether the pixels are noisy, as after lossy compression.
    blended : bool
        Whether they are noisy or blended, as at soft edges; else every color was painted.
    """

    colors: Colors
    noisy: bool
    blended: bool


def find_palette(paint: Paint, contrast: NDArray[np.uint8], name: str, *, lossy: bool = False) -> Palette:
    """Find the colors of the regions, at most `MAX_REGIONS`, or refuse the map; `lossy` is known to be noisy."""
    least = math.ceil(_FOUND_SHARE * paint.area)
    solid_totals = np.bincount(paint.ids[grown(constant(paint.ids) & paint.inside)], minlength=len(paint.colors))
    # A color with patches; or with enough pixels, if a good part of them is in patches: a small region of the color
    # of a blend has few patches beside all the edges that look like it, but a blend alone has none.
    pure = least / 2  # of a region that small, half is its blended border
    is_patch = (solid_totals >= pure) | ((paint.totals >= pure) & (4 * solid_totals >= paint.totals))
    patches = np.flatnonzero(is_patch)
    patches = patches[np.argsort(-solid_totals[patches], kind="stable")]
    noisy = lossy or _is_noisy(paint, is_patch, contrast)
    lines = np.empty(0, np.intp) if noisy else _find_lines(paint, patches, solid_totals, least)
    flat = (solid_totals[patches].sum() + paint.totals[lines].sum()) / paint.area
    if flat < _LEAST_FLAT:
        raise ImageError(
            f"expected regions of one flat color each, but {name} looks like a photograph or a gradient: only "
            f"{flat:.0%} of it is flat; paint the regions in plain colors and save them as PNG"
        )
    painted = np.concatenate([patches, lines])
    blended = noisy or _is_blended(paint, painted)
    colors = paint.colors[painted]
    if noisy:
        colors = _without_drift(colors, solid_totals[patches] / paint.area)
        colors = _with_foreign_patches(paint, colors, least, contrast <= _CALM, _CALM_NEAR)
        colors = _with_foreign_patches(paint, colors, least, paint.inside, _FOREIGN)
    if len(colors) > MAX_REGIONS:
        raise ImageError(
            f"expected at most {MAX_REGIONS} regions of one flat color each, but {name} has more colors than that, "
            "like a photograph or a gradient; paint the regions in fewer colors"
        )
    return Palette(colors, noisy, blended)


def _is_blended(paint: Paint, painted: NDArray[np.intp]) -> bool:
    """Return whether colors besides those that were painted are more than a few slips of the pen."""
    if are_class_numbers(paint.colors):
        return False
    rest = len(paint.colors) - len(painted)
    return rest > _FEW or paint.area - paint.totals[painted].sum() > _LEAST_NOISE * paint.area


def _is_noisy(paint: Paint, is_patch: Bools, contrast: NDArray[np.uint8]) -> bool:
    """Return whether colors wobble away from edges, as after lossy compression or resampling."""
    if np.count_nonzero(~is_patch) <= _FEW and not _have_drifted(paint.colors[~is_patch], paint.colors[is_patch]):
        return False
    patch_ids = paint.per_pixel(np.where(is_patch, np.arange(len(is_patch), dtype=np.int32), -1), -1)
    odd = paint.inside & (patch_ids < 0)
    calm = odd & (contrast <= _CALM)
    edges = np.count_nonzero(odd) - np.count_nonzero(calm)
    wobble = np.count_nonzero(calm) - _count_between_patches(patch_ids, calm)
    return bool(wobble > max(_NOISE_PER_EDGE * edges, _LEAST_NOISE * paint.area))


def _have_drifted(strays: Colors, patches: Colors) -> bool:
    """Return whether some of few colors are nearly those of patches, as when all edges of a JPEG are upright."""
    if not len(patches) or are_class_numbers(np.concatenate([strays, patches])):
        return False
    return bool(np.count_nonzero(nearest_colors(patches, strays)[1] <= DRIFT) >= _SOME)


def _count_between_patches(patch_ids: NDArray[np.int32], where: Bools) -> int:
    """Count the pixels with patches of two colors on opposite sides, both within two pixels: faint edges."""
    around = np.pad(patch_ids, 2, constant_values=-1)
    width, flat = around.shape[1], around.ravel()
    at = in_padded(np.flatnonzero(where), patch_ids.shape[1], 2)
    between = np.zeros(len(at), np.bool_)
    for step in (1, width, width + 1, width - 1):
        for before, after in ((1, 1), (1, 2), (2, 1), (2, 2)):
            one, other = flat[at - before * step], flat[at + after * step]
            between |= (one >= 0) & (other >= 0) & (one != other)
    return int(np.count_nonzero(between))


def _without_drift(colors: Colors, shares: NDArray[np.float64]) -> Colors:
    """Return the colors, which come by falling share of the map, less those that drifted from an earlier one."""
    kept: list[int] = []
    for index, color in enumerate(colors):
        drift = _SMALL_DRIFT if shares[index] > _MOST_DRIFTED else DRIFT
        if np.all(distances(colors[kept], color) > drift):
            kept.append(index)
    return colors[kept]


def _with_foreign_patches(paint: Paint, colors: Colors, least: int, where: Bools, tolerance: float) -> Colors:
    """Add the colors of noisy patches: three pixels wide, unlike the regions around them and no blend of these.

    Only pixels in `where` are asked, and `tolerance` is how far a noisy pixel may be from what it is.
    """
    nearest, distance = nearest_colors(colors, paint.colors)
    for _ in range(MAX_REGIONS):
        far = where & ~grown(~paint.per_pixel(distance > tolerance, False))
        near = paint.per_pixel(np.where(distance <= NEAR, nearest, -1).astype(np.int8), -1)
        at = np.flatnonzero(far)
        at = at[:: 1 + len(at) // _MANY]
        ids = paint.ids.ravel()[at]
        foreign = _is_no_blend(paint, ids, labels_seen(near, at, [*RINGS[0], *WIDE]), colors, tolerance)
        foreign &= ~_are_on_slopes(paint, at, (8,), DRIFT)
        weights = np.bincount(ids[foreign], minlength=len(paint.colors))
        if len(colors) > MAX_REGIONS or not weights.any():
            break
        color = _densest(paint.colors, weights)
        alike = distances(paint.colors, color) <= tolerance
        patch = far & paint.per_pixel(alike, False)
        if np.count_nonzero(grown(patch)) * np.mean(foreign[alike[ids]]) < least:
            break
        heart = paint.ids[~grown(~patch)]
        if len(heart) >= 9:  # clear of the blends with what is around
            color = np.rint(paint.colors[heart].mean(axis=0)).astype(np.int32)
        apart = distances(paint.colors, color)
        if _is_patch(paint, apart, least):
            nearest[apart < distance] = len(colors)
            distance = np.minimum(distance, apart)
            colors = np.concatenate([colors, color[np.newaxis]])
        else:  # it shall not be found again
            distance[alike] = np.minimum(distance[alike], tolerance)
    return colors


def _is_patch(paint: Paint, apart: NDArray[np.float64], least: int) -> bool:
    """Return whether a color, from which others are `apart`, fills a 3x3 square or, cleanly, some of 2x2 pixels.

    The ripples of compression do neither.
    """
    if not grown(paint.per_pixel(apart > NEAR, True)).all():
        return True
    clean = paint.per_pixel(apart <= DRIFT, False)
    corner = np.pad(clean[1:, 1:] & clean[1:, :-1] & clean[:-1, 1:] & clean[:-1, :-1], 1)
    squares = corner[1:, 1:] | corner[1:, :-1] | corner[:-1, 1:] | corner[:-1, :-1]
    return bool(2 * np.count_nonzero(squares) >= least)


def _is_no_blend(
    paint: Paint, ids: NDArray[np.int32], seen: NDArray[np.uint64], colors: Colors, tolerance: float
) -> Bools:
    """Return which pixels, given by color and by the labels around them, are far from what these blend to."""
    foreign = np.empty(len(ids), np.bool_)
    for around in np.unique(seen):
        here = seen == around
        ends = colors[[index for index in range(len(colors)) if int(around) >> index & 1]]
        distinct, back = np.unique(ids[here], return_inverse=True)
        foreign[here] = (off_blends(paint.colors[distinct], ends).min(axis=1, initial=np.inf) > tolerance)[back]
    return foreign


def _densest(colors: Colors, weights: NDArray[np.intp]) -> Colors:
    """Return the middle of the densest cloud of colors, (3,)."""
    cells = (colors >> 4) @ np.array([256, 16, 1])
    fullest = cells == np.bincount(cells, weights).argmax()
    middle = np.average(colors[fullest], axis=0, weights=weights[fullest])
    cloud = (distances(colors, middle) <= NEAR) & (weights > 0)
    return np.rint(np.average(colors[cloud], axis=0, weights=weights[cloud])).astype(np.int32)


def _find_lines(
    paint: Paint, patches: NDArray[np.intp], solid_totals: NDArray[np.intp], least: int
) -> NDArray[np.intp]:
    """Return the colors of thin lines that are no blends and, in a map that was never blended, of small patches."""
    rest = np.setdiff1d(np.arange(len(paint.colors)), patches)
    thin = rest[paint.totals[rest] >= least]
    if are_class_numbers(paint.colors):
        return thin
    lines = thin[~_are_rims(paint, thin, patches)]
    rest = np.setdiff1d(rest, lines)
    if len(rest) <= _FEW:
        lines = np.concatenate([lines, rest[2 * solid_totals[rest] >= paint.totals[rest]]])
    return lines


def _are_rims(paint: Paint, candidates: NDArray[np.intp], ends: NDArray[np.intp]) -> Bools:
    """Return which colors mostly blend from the pixels on both sides, or from two of the `ends` that are near.

    Of ends within two pixels a rough blend will do, as in a palette of few colors.
    """
    rims = np.zeros(len(candidates), np.bool_)
    if not len(candidates) or len(ends) > MAX_REGIONS:
        return rims
    labels = np.full(len(paint.colors), -1, np.int8)
    labels[ends] = np.arange(len(ends))
    image = paint.per_pixel(labels, -1)
    samples = _samples(paint, candidates)
    at = np.concatenate(samples)
    on_slope = _are_on_slopes(paint, at, (1, 2), LEAST_STEP)
    close = labels_seen(image, at, RINGS[0])
    seen = close | labels_seen(image, at, WIDE)
    stop = 0
    for number, (index, sample) in enumerate(zip(candidates, samples, strict=True)):
        own = slice(stop, stop := stop + len(sample))
        color, palette = paint.colors[index], paint.colors[ends]
        beside = sees_a_pair(close[own], pairs_that_blend_to(color, palette, _ROUGH))
        beside |= sees_a_pair(seen[own], pairs_that_blend_to(color, palette, FINE)) | on_slope[own]
        rims[number] = 2 * np.count_nonzero(beside) > len(sample)
    return rims


def _are_on_slopes(paint: Paint, at: NDArray[np.intp], reaches: Sequence[int], least: float) -> Bools:
    """Return which pixels, by flat index, are between the colors at one of the `reaches` on opposite sides.

    Those two differ by `least` or more in some channel.
    """
    outside = len(paint.colors)
    around = np.pad(paint.ids, REACH, constant_values=outside)
    width, flat = around.shape[1], around.ravel()
    colors = np.concatenate([paint.colors, paint.colors[:1]]).astype(np.float64)  # the last is never used
    at = in_padded(at, paint.ids.shape[1], REACH)
    own = colors[flat[at]]
    between = np.zeros(len(at), np.bool_)
    for step in (1, width, width + 1, width - 1):
        for reach in reaches:
            one, other = flat[at - reach * step], flat[at + reach * step]
            along = colors[other] - colors[one]
            square = np.maximum((along**2).sum(axis=1), 1)
            share = ((own - colors[one]) * along).sum(axis=1) / square
            off = np.linalg.norm(colors[one] + share[:, np.newaxis] * along - own, axis=1)
            blends = (np.abs(share - 0.5) < 0.4) & (off <= 2 + FINE * np.sqrt(square))
            blends &= np.abs(along).max(axis=1, initial=0) >= least
            between |= blends & (one < outside) & (other < outside)
    return between


def _samples(paint: Paint, indices: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Return, for each color, the flat indices of some of its pixels, evenly from all over the map."""
    wanted = np.zeros(len(paint.colors), np.bool_)
    wanted[indices] = True
    at = np.flatnonzero(paint.per_pixel(wanted, False))
    ids = paint.ids.ravel()[at]
    order = np.argsort(ids, kind="stable")
    at, ids = at[order], ids[order]
    starts, stops = (np.searchsorted(ids, indices, side) for side in ("left", "right"))
    picks = [
        np.linspace(start, stop - 1, min(stop - start, _SAMPLE)).astype(np.intp)
        for start, stop in zip(starts, stops, strict=True)
    ]
    return [at[pick] for pick in picks]
