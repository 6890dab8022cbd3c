"""Parse the pixels of a painted map into regions."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.pixels import by_strips, row_strips, to_uint8
from maskstyle.maps.colors import MAX_REGIONS, Color, as_color, describe_color, shortlist
from maskstyle.maps.ids import IdPixels
from maskstyle.maps.labeling import label_pixels, remove_dithering
from maskstyle.maps.palette import DRIFT, FEWEST, Palette, find_palette
from maskstyle.maps.pixels import (
    IndexedMap,
    count_labels,
    dilate,
    index_colors,
    local_contrast,
    nearest_colors,
    opaque_area,
    pack_channels,
)
from maskstyle.maps.semantic_map import Absorbed, SemanticMap

LEAST_SHARE = 0.005
"""The smallest share of a map with soft edges that counts as a region.

0.5% is 1,311 pixels of 512x512, or 82 cells of the third block of VGG19: with fewer cells, a Gram matrix of its 256
channels describes a style poorly. Smaller patches, such as the eyes and brows of a portrait (0.05 to 0.4%), also vary
with resizing and JPEG compression.
"""

_PALETTE_DISTANCE = 64  # largest distance of a painted color from the palette color that it stands for


def to_8_bits(pixels: NDArray[np.float32], name: str) -> NDArray[np.uint8]:
    """Convert the samples of a file, scaled to [0, 1], to 8-bit colors, or to labels if a 16-bit file has labels."""
    if all(_have_8_bits(pixels[rows]) for rows in row_strips(pixels.shape)):
        return to_uint8(pixels)
    deep: NDArray[np.int64] = np.rint(pixels * np.float32(65535)).astype(np.int64)
    if deep.max() <= 255:
        return deep.astype(np.uint8)
    shallow = to_uint8(pixels)
    labels = np.unique(deep @ np.array([1 << 32, 1 << 16, 1]))
    if len(labels) <= 256 and len(np.unique(pack_channels(shallow))) < len(labels):
        raise ImageError(
            f"expected colors that are distinct in 8 bits, but some of the {len(labels)} 16-bit colors of {name} are "
            "not; number the labels from 0 to 255 and save them with 8 bits"
        )
    return shallow


def _have_8_bits(pixels: NDArray[np.float32]) -> bool:
    samples = pixels * np.float32(255)
    return bool(np.all(np.abs(samples - np.rint(samples)) < 0.002))  # 16-bit samples are 1/257 apart


def parse_map(
    pixels: NDArray[np.uint8],
    alpha: NDArray[np.uint8] | None = None,
    *,
    palette: Sequence[Color] | None = None,
    least_region: int | None = None,
    lossy: bool = False,
    name: str = "the map",
) -> SemanticMap:
    """Parse the pixels of a painted map into regions.

    Parameters
    ----------
    pixels : (H, W, 3) uint8 array
        The map.
    alpha : (H, W) uint8 array, optional
        Opacity. Pixels below 128 are in no region, except for flat patches of one color and one opacity above 0,
        which count as painted.
    palette : sequence of Color, optional
        The colors of the regions, at most `MAX_REGIONS`. Every flat area of the map that is large enough for a region
        must be within 64 (Euclidean, in RGB) of one of them. Palette colors that are not in the map are dropped;
        those in the map are regions at any size.
    least_region : int, optional
        The smallest number of pixels of a region. By default `LEAST_SHARE` of the pixels inside for a map with soft
        or noisy edges, and one pixel for any other map.
    lossy : bool
        Whether the pixels are known to come from a JPEG. Otherwise compression is detected, if the map is large
        enough.
    name : str
        Name of the map in messages, such as its path.

    Returns
    -------
    SemanticMap
        The map: each pixel in exactly one region, or in none if it is transparent.

    Raises
    ------
    ImageError
        If an array has the wrong shape or type, all pixels are transparent, the map is a photograph or a gradient or
        has more than `MAX_REGIONS` colors, or a flat area matches no color of `palette`.
    SettingsError
        If `palette` is empty or too long, or `least_region` is below 1.

    Notes
    -----
    Without `palette`, a color is a region if it covers at least 0.05% of the map (half of that without blended
    borders) and forms patches of 3x3 equal pixels, or lines that are not blends of the colors beside them. In a map
    without blends, patches and lines of four pixels count as well; `SemanticMap.absorbed` lists smaller ones.
    Two different colors are always two regions, unless the map shows signs of lossy compression or resampling: then
    patches may vary slightly, lines count as edges, and colors that drifted apart are merged.

    A pixel of any other color, or with a region's color only by chance (a blend), is assigned to the nearest color
    among the regions within two pixels. If that is a single region and not the one with the nearest color of all, the
    search widens to 16 pixels.

    Regions smaller than `least_region` are merged, pixel by pixel, into the nearest larger region: a Gram matrix of
    so few cells describes a style poorly, and compression or resizing may remove such a patch completely.
    `SemanticMap.absorbed` lists them. Patches that touch no larger region are kept.

    Several grays below 64, with no other color except white, are class numbers and never blends. A fine pattern of a
    few colors that fill no 3x3 squares individually is treated as dithering and replaced by its average.

    Examples
    --------
    >>> red, edge, blue = (255, 0, 0), (128, 0, 127), (0, 0, 255)
    >>> parsed = parse_map(np.array([[red] * 4 + [edge] + [blue] * 5] * 4, np.uint8))
    >>> parsed.colors, parsed.labels[0]
    (((0, 0, 255), (255, 0, 0)), array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0], dtype=int32))
    """
    _require_map_arrays(pixels, alpha, name)
    _check_least_region(least_region)
    inside = opaque_area(pixels, alpha)
    indexed = index_colors(pixels, inside)
    if not len(indexed.colors):
        raise ImageError(f"expected regions, but {name} is transparent everywhere; paint them in opaque colors")
    plain = remove_dithering(pixels, indexed)
    if plain is not pixels:
        pixels, indexed = plain, index_colors(plain, inside)
    found = find_palette(indexed, local_contrast(pixels), name, lossy=lossy, fewest=least_region or FEWEST)
    least = least_region or (math.ceil(LEAST_SHARE * indexed.area) if found.blended else 1)
    if palette is None:
        snapped = label_pixels(indexed, found)
        _reject_gradient(snapped, found, name)
        labels, colors = snapped, [as_color(each) for each in found.colors]
        small = np.flatnonzero(count_labels(labels, len(colors)) < least)
    else:
        listed = _require_palette(palette)
        labels, colors = _label_by_palette(indexed, found, listed)
        small = np.arange(len(listed), len(colors))
        _reject_unlisted(labels, colors, listed, least, name)
    labels, colors, absorbed = _absorb_small(labels, colors, small)
    return _largest_first(labels, colors, (*absorbed, *_absorbed_slips(indexed, found, labels, colors)))


def map_of_ids(found: IdPixels, *, least_region: int | None = None) -> SemanticMap:
    """Return the map of a file of ids: each id is a region, unless it has fewer than `least_region` pixels."""
    _check_least_region(least_region)
    values = found.values
    labels = by_strips(
        lambda ids: np.where(ids < 0, -1, np.searchsorted(values, np.maximum(ids, 0))).astype(np.int16), found.ids
    )
    colors = [as_color(each) for each in found.colors]
    small = np.flatnonzero(count_labels(labels, len(values)) < (least_region or 1))
    ids = [int(value) for value in values]
    return _largest_first(*_absorb_small(labels, colors, small, ids), found)


def _check_least_region(least_region: int | None) -> None:
    if least_region is not None and least_region < 1:
        raise SettingsError(f"least_region is {least_region}; expected a number of pixels of at least 1")


def _require_map_arrays(pixels: NDArray[np.uint8], alpha: NDArray[np.uint8] | None, name: str) -> None:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ImageError(
            f"expected {name} as a uint8 array of shape (H, W, 3), but got {pixels.dtype} of shape {pixels.shape}; "
            "convert it"
        )
    if alpha is not None and (alpha.dtype != np.uint8 or alpha.shape != pixels.shape[:2]):
        raise ImageError(
            f"expected the alpha of {name} as a uint8 array of shape {pixels.shape[:2]}, but got {alpha.dtype} of "
            f"shape {alpha.shape}; convert it"
        )


def _require_palette(palette: Sequence[Color]) -> list[Color]:
    listed = list(dict.fromkeys(palette))
    if not 1 <= len(listed) <= MAX_REGIONS:
        raise SettingsError(
            f"expected a palette of 1 to {MAX_REGIONS} colors, but got {len(listed)}; list the regions' colors"
        )
    return listed


def _label_by_palette(
    indexed: IndexedMap, found: Palette, listed: list[Color]
) -> tuple[NDArray[np.signedinteger[Any]], list[Color]]:
    """Return labels, (H, W), and their colors: the listed ones, then those far from every listed color."""
    wanted = np.array(listed, np.int32)
    slack = DRIFT if found.noisy else 0
    owner, distance = nearest_colors(wanted, found.colors)
    stray = np.flatnonzero(distance > _PALETTE_DISTANCE)
    owner[stray] = len(listed) + np.arange(len(stray))
    held = (nearest_colors(indexed.colors, wanted)[1] <= slack) & (nearest_colors(found.colors, wanted)[1] > slack)
    more = np.flatnonzero(held)[: MAX_REGIONS - len(owner)]
    snapped = label_pixels(indexed, dataclasses.replace(found, colors=np.concatenate([found.colors, wanted[more]])))
    meant = np.concatenate([owner, more, [-1]]).astype(np.int16)
    return meant[snapped], [*listed, *(as_color(found.colors[index]) for index in stray)]


def _reject_unlisted(
    labels: NDArray[np.signedinteger[Any]], colors: list[Color], listed: list[Color], least: int, name: str
) -> None:
    """Reject large flat areas of colors that are not listed; these are the last of `colors`."""
    counts = count_labels(labels, len(colors))
    stray = [describe_color(color, int(count)) for color, count in zip(colors, counts, strict=True) if count >= least]
    stray = stray[np.count_nonzero(counts[: len(listed)] >= least) :]
    if stray:
        raise ImageError(
            f"expected {name} in the colors of the palette, {shortlist([describe_color(each) for each in listed])}, "
            f"but it has flat areas of {shortlist(stray)}; add these colors to the palette, or repaint them"
        )


def _absorb_small(
    labels: NDArray[np.signedinteger[Any]], colors: list[Color], small: NDArray[np.intp], ids: list[int] | None = None
) -> tuple[NDArray[np.signedinteger[Any]], list[Color], tuple[Absorbed, ...]]:
    """Merge the pixels of `small` regions into the nearest larger ones, except patches that touch none."""
    is_small = np.isin(labels, small)
    larger = (labels >= 0) & ~is_small
    if not is_small.any() or not larger.any():
        return labels, colors, ()
    patches, _ = scipy.ndimage.label(is_small, np.ones((3, 3)))
    given = np.isin(patches, np.unique(patches[dilate(larger) & is_small]))
    given &= is_small
    nearest = scipy.ndimage.distance_transform_edt(~larger, return_distances=False, return_indices=True)
    result = np.where(given, labels[tuple(nearest)], labels)
    records = []
    for index in small:
        went = count_labels(result[given & (labels == index)], len(colors))
        into = sorted(np.flatnonzero(went), key=lambda other: -went[other])
        if into:
            received = tuple(colors[other] for other in into)
            records.append(Absorbed(colors[index], int(went.sum()), received, None if ids is None else ids[index]))
    return result, colors, tuple(sorted(records, key=lambda each: (-each.count, each.color)))


def _absorbed_slips(
    indexed: IndexedMap, found: Palette, labels: NDArray[np.signedinteger[Any]], colors: list[Color]
) -> tuple[Absorbed, ...]:
    """Return what became of the colors that are slips of the pen, and are in no list of colors."""
    slips = [index for index in found.slips if as_color(indexed.colors[index]) not in colors]
    records = []
    for index in slips:
        went = count_labels(labels[indexed.ids == index], len(colors))
        into = sorted(np.flatnonzero(went), key=lambda other: -went[other])
        if into:
            color = as_color(indexed.colors[index])
            records.append(Absorbed(color, int(went.sum()), tuple(colors[other] for other in into)))
    return tuple(sorted(records, key=lambda each: (-each.count, each.color)))


def _reject_gradient(labels: NDArray[np.int8], palette: Palette, name: str) -> None:
    """Reject a map of many regions in which nearly all borders are between neighboring shades."""
    many, step = (8, 40) if palette.noisy else (16, 7)  # noise merged each run of shades into one region
    if len(palette.colors) <= many:
        return
    apart = scipy.spatial.distance.cdist(palette.colors, palette.colors)
    steps = []
    for one, other in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        border = (one != other) & (one >= 0) & (other >= 0)
        steps.append(apart[one[border], other[border]])
    if np.mean(np.concatenate(steps) <= step) > 0.9:
        raise ImageError(
            f"expected regions of one flat color each, but {name} is a gradient with shades of "
            f"{len(palette.colors)} colors; paint the regions in plain colors, or use it as a mask"
        )


def _largest_first(
    labels: NDArray[np.signedinteger[Any]],
    colors: list[Color],
    absorbed: tuple[Absorbed, ...],
    source: IdPixels | None = None,
) -> SemanticMap:
    """Return the map, largest region first, without empty regions."""
    counts = count_labels(labels, len(colors))
    order = sorted(np.flatnonzero(counts), key=lambda index: (-counts[index], colors[index]))
    rank = np.full(len(colors) + 1, -1, np.int32)  # the last is for -1
    rank[order] = np.arange(len(order))
    return SemanticMap(
        rank[labels],
        tuple(colors[index] for index in order),
        absorbed,
        ids=None if source is None else tuple(int(source.values[index]) for index in order),
        named_by_id=source is not None and source.by_program,
        colorless=source is not None and source.colorless,
    )
