"""From the pixels of a painted map to labels and the colors of its regions."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, spatial

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.pixels import to_uint8
from maskstyle.maps.colors import MAX_REGIONS, Color, as_color, describe_color, shortlist
from maskstyle.maps.dither import undithered
from maskstyle.maps.palette import DRIFT, Palette, find_palette
from maskstyle.maps.pixels import Paint, analyzed, grown, local_contrast, nearest_colors, opaque_area, packed_channels
from maskstyle.maps.semantic_map import Absorbed, SemanticMap
from maskstyle.maps.snapping import snap

LEAST_SHARE = 0.005
"""The least share of a map with soft edges that is a region.

0.5 % is 1,311 pixels of 512x512, which are 82 cells of VGG19's third block: a Gram matrix of its 256 channels from
fewer says little of a style. Of the eyes and brows of a portrait, 0.05 to 0.4 %, resizing and JPEG leave now more,
now less.
"""

_LISTED = 64  # how far a painted color may be from the one that the palette means by it


def in_8_bits(pixels: NDArray[np.float32], name: str) -> NDArray[np.uint8]:
    """Return what a file's samples, scaled to [0, 1], are in 8 bits: the color, or the label in a 16-bit file."""
    samples = pixels * np.float32(255)
    if np.all(np.abs(samples - np.rint(samples)) < 0.002):  # 16-bit samples are 1/257 apart
        return to_uint8(pixels)
    deep: NDArray[np.int64] = np.rint(pixels * np.float32(65535)).astype(np.int64)
    if deep.max() <= 255:
        return deep.astype(np.uint8)
    shallow = to_uint8(pixels)
    labels = np.unique(deep @ np.array([1 << 32, 1 << 16, 1]))
    if len(labels) <= 256 and len(np.unique(packed_channels(shallow))) < len(labels):
        raise ImageError(
            f"expected colors that 8 bits tell apart, but {name} holds {len(labels)} 16-bit colors of which some "
            "become one; number the labels from 0 to 255 and save them with 8 bits"
        )
    return shallow


def parse_map(
    pixels: NDArray[np.uint8],
    alpha: NDArray[np.uint8] | None = None,
    *,
    palette: Sequence[Color] | None = None,
    least_region: int | None = None,
    lossy: bool = False,
    name: str = "the map",
) -> SemanticMap:
    """Turn the pixels of a painted map into regions.

    Parameters
    ----------
    pixels : (H, W, 3) uint8 array
        The map.
    alpha : (H, W) uint8 array, optional
        Opacity. Where it is below 128 there is no region, except in a flat patch of one color and one opacity
        above 0, which somebody painted so.
    palette : sequence of Color, optional
        The regions' colors, at most `MAX_REGIONS`; every flat area of the map must be within 64 (Euclidean, in RGB)
        of one of them, unless it is too small to be a region. Colors that the map does not hold are left out of
        the result; those that it holds are regions however small.
    least_region : int, optional
        How many pixels a region has at least. Where it is left out, `LEAST_SHARE` of those inside in a map with soft
        or noisy edges, and one pixel in any other.
    lossy : bool
        Whether the pixels are known to come from a JPEG; else it is seen from them, where they are many enough.
    name : str
        What messages call the map, such as its path.

    Returns
    -------
    SemanticMap
        Each pixel in exactly one region, or in none where it is transparent.

    Raises
    ------
    ImageError
        If the arrays are of another shape or type, if every pixel is transparent, if the map is a photograph, a
        gradient or of more than `MAX_REGIONS` colors, or has a flat area in no color of `palette`.
    SettingsError
        If `palette` is empty or too long, or `least_region` below 1.

    Notes
    -----
    Without `palette`, the regions' colors are those that cover at least 0.05 % of the map (half of that without
    their blended borders) and form patches, in which 3x3 pixels are equal, or lines that are no blend of the colors
    beside them. In a map that was never blended, smaller patches count as well. However close two colors are, they
    are two regions; unless the map shows the marks of lossy compression or resampling: then the pixels of a patch
    need only be alike, lines are edges, and colors that drifted apart are one.

    A pixel of any other color, or one that blends to a region's color by chance, goes to the nearest color among
    the regions within two pixels. Where it sees only one of them, and not that whose color is nearest of all, it
    looks farther, up to 16 pixels.

    What is left below `least_region` goes, pixel by pixel, to the nearest region: a Gram matrix of so few cells says
    little of a style, and compression or resizing may take such a patch away altogether. `SemanticMap.absorbed` says
    what went where. Patches that touch no larger region stay as they are.

    Several grays below 64, with nothing else but perhaps white, are numbers of classes and never blends. A fine
    pattern of few colors, which fill no 3x3 pixels but together, is dithered: it counts as their average.

    Examples
    --------
    >>> red, edge, blue = (255, 0, 0), (128, 0, 127), (0, 0, 255)
    >>> parsed = parse_map(np.array([[red] * 4 + [edge] + [blue] * 5] * 4, np.uint8))
    >>> parsed.colors, parsed.labels[0]
    (((0, 0, 255), (255, 0, 0)), array([1, 1, 1, 1, 1, 0, 0, 0, 0, 0], dtype=int32))
    """
    _require_map_arrays(pixels, alpha, name)
    if least_region is not None and least_region < 1:
        raise SettingsError(f"least_region is {least_region}; expected a number of pixels of at least 1")
    inside = opaque_area(pixels, alpha)
    paint = analyzed(pixels, inside)
    if not len(paint.colors):
        raise ImageError(f"expected regions, but {name} is transparent everywhere; paint them in opaque colors")
    plain = undithered(pixels, paint)
    if plain is not pixels:
        pixels, paint = plain, analyzed(plain, inside)
    found = find_palette(paint, local_contrast(pixels), name, lossy=lossy)
    least = least_region or (math.ceil(LEAST_SHARE * paint.area) if found.blended else 1)
    if palette is None:
        snapped = snap(paint, found)
        _refuse_gradient(snapped, found, name)
        labels, colors = snapped.astype(np.intp), [as_color(each) for each in found.colors]
        small = np.flatnonzero(_counts(labels, len(colors)) < least)
    else:
        listed = _require_palette(palette)
        labels, colors = _snapped_to(paint, found, listed)
        small = np.arange(len(listed), len(colors))
        _refuse_stray(labels, colors, listed, least, name)
    return _ordered(*_absorbed(labels, colors, small))


def _counts(labels: NDArray[np.intp], number: int) -> NDArray[np.intp]:
    return np.bincount(labels[labels >= 0], minlength=number)


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


def _snapped_to(paint: Paint, found: Palette, listed: list[Color]) -> tuple[NDArray[np.intp], list[Color]]:
    """Return the labels, (H, W), and what they mean: the listed colors, then those that none of them stands for."""
    wanted = np.array(listed, np.int32)
    slack = DRIFT if found.noisy else 0
    owner, distance = nearest_colors(wanted, found.colors)
    stray = np.flatnonzero(distance > _LISTED)
    owner[stray] = len(listed) + np.arange(len(stray))
    held = (nearest_colors(paint.colors, wanted)[1] <= slack) & (nearest_colors(found.colors, wanted)[1] > slack)
    more = np.flatnonzero(held)[: MAX_REGIONS - len(owner)]
    snapped = snap(paint, dataclasses.replace(found, colors=np.concatenate([found.colors, wanted[more]])))
    meant = np.concatenate([owner, more, [-1]])
    return meant[snapped], [*listed, *(as_color(found.colors[index]) for index in stray)]


def _refuse_stray(labels: NDArray[np.intp], colors: list[Color], listed: list[Color], least: int, name: str) -> None:
    """Refuse flat areas in no listed color, which are the last of `colors`."""
    counts = _counts(labels, len(colors))
    stray = [describe_color(color, int(count)) for color, count in zip(colors, counts, strict=True) if count >= least]
    stray = stray[np.count_nonzero(counts[: len(listed)] >= least) :]
    if stray:
        raise ImageError(
            f"expected {name} in the colors of the palette, {shortlist([describe_color(each) for each in listed])}, "
            f"but it has flat areas of {shortlist(stray)}; add these to the palette, or repaint them"
        )


def _absorbed(
    labels: NDArray[np.intp], colors: list[Color], small: NDArray[np.intp]
) -> tuple[NDArray[np.intp], list[Color], tuple[Absorbed, ...]]:
    """Give the pixels of `small` regions to the nearest larger ones, but for patches that touch none of these."""
    is_small = np.isin(labels, small)
    larger = (labels >= 0) & ~is_small
    if not is_small.any() or not larger.any():
        return labels, colors, ()
    patches, _ = ndimage.label(is_small, np.ones((3, 3)))
    given = np.isin(patches, np.unique(patches[grown(larger) & is_small]))
    given &= is_small
    nearest = ndimage.distance_transform_edt(~larger, return_distances=False, return_indices=True)
    result = np.where(given, labels[tuple(nearest)], labels)
    records = []
    for index in small:
        went = _counts(result[given & (labels == index)], len(colors))
        into = sorted(np.flatnonzero(went), key=lambda other: -went[other])
        if into:
            records.append(Absorbed(colors[index], int(went.sum()), tuple(colors[other] for other in into)))
    return result, colors, tuple(sorted(records, key=lambda each: (-each.count, each.color)))


def _refuse_gradient(labels: NDArray[np.int8], palette: Palette, name: str) -> None:
    """Refuse a map of many regions if nearly all borders are between neighboring shades."""
    many, step = (8, 40) if palette.noisy else (16, 7)  # noise made one region of each run of shades
    if len(palette.colors) <= many:
        return
    apart = spatial.distance.cdist(palette.colors, palette.colors)
    steps = []
    for one, other in ((labels[1:], labels[:-1]), (labels[:, 1:], labels[:, :-1])):
        border = (one != other) & (one >= 0) & (other >= 0)
        steps.append(apart[one[border], other[border]])
    if np.mean(np.concatenate(steps) <= step) > 0.9:
        raise ImageError(
            f"expected regions of one flat color each, but {name} shades from one color into the next "
            f"({len(palette.colors)} of them); paint the regions in plain colors, or use it as a soft mask"
        )


def _ordered(labels: NDArray[np.intp], colors: list[Color], absorbed: tuple[Absorbed, ...]) -> SemanticMap:
    """Return the map with its regions by falling number of pixels, less those that have none."""
    counts = _counts(labels, len(colors))
    order = sorted(np.flatnonzero(counts), key=lambda index: (-counts[index], colors[index]))
    rank = np.full(len(colors) + 1, -1, np.int32)  # the last is for -1
    rank[order] = np.arange(len(order))
    return SemanticMap(rank[labels], tuple(colors[index] for index in order), absorbed)
