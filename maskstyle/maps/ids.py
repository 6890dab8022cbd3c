"""Label maps as programs write them: files that store the id of a region at each pixel, not its color."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile

from maskstyle.errors import ImageError
from maskstyle.images.decoding import GRAY_SCALE, orientation, raw_mode_of, upright
from maskstyle.images.files import decoding, open_image, reduction
from maskstyle.images.pixels import row_strips
from maskstyle.maps.colors import Colors, are_class_numbers, id_color
from maskstyle.maps.pixels import Bools

Samples: TypeAlias = NDArray[np.signedinteger[Any]]
"""The samples of a file as numbers, (H, W)."""

MAX_IDS = 1024
"""Largest number of regions of a map of ids."""

_PAINTED_STEP = 32  # people paint grays that far apart; black and white aside
_FEW_PIXELS = 64  # a map this small shows too little to judge it by
_LEAST_SHARE = 0.0005  # values with fewer pixels are slips, which say nothing about the rest

# Of the pixel pairs of a label map, nearly all are equal, and few pixels lie between their neighbors. Soft edges and
# noise consist of such pixels, and dithering of single pixels.
_LEAST_EQUAL = 0.5
_MOST_SINGLE = 0.01
_MOST_BETWEEN = 0.1
_BLEND = 16.0

# The borders of a gradient are between neighboring values.
_FEW_VALUES = 16
_STEP = 4
_MOST_STEPS = 0.9


@dataclass(frozen=True, eq=False)
class IdPixels:
    """The ids of a label map."""

    ids: NDArray[np.int32]  # (H, W): the id of each pixel; -1 where the file is transparent
    values: NDArray[np.int32]  # (K,): the distinct ids, in ascending order
    colors: Colors  # (K, 3): the color of each id: that of the file, or one made from the id
    colorless: bool  # whether the file has no colors that tell the ids apart
    # Whether the values are clearly ids. Otherwise the file may have a palette because it is painted in few colors.
    by_program: bool


def read_ids(path: Path) -> IdPixels | None:
    """Return the ids of a label map, or None for a file that is painted in colors.

    The indices of a palette are ids, as are gray values that people do not paint: several below 64, any from 1 to 31,
    and those of files with more than 8 bits. Soft edges, noise and dithering belong to painted maps.
    """
    with open_image(path) as image:
        if image.format in ("JPEG", "MPO") or reduction(image) > 1:
            return None
        raw_mode = raw_mode_of(image)
        with decoding(path):
            image.load()
            found = _samples(image, raw_mode)
            visible = _visible(image)
        if found is None:
            return None
        samples, table = found
        samples = np.ascontiguousarray(
            upright(np.where(visible, samples, samples.dtype.type(-1)), orientation(image))
        )
    values = np.unique(samples)
    values = values[values >= 0]
    if not len(values):
        return None
    colors = None if table is None else table[values]
    return _judged(samples.astype(np.int32), values.astype(np.int32), colors, image.mode, path)


def _samples(image: ImageFile.ImageFile, raw_mode: str) -> tuple[Samples, Colors | None] | None:
    """Return the samples of a file as numbers, and the palette that gives them colors, if it has one."""
    pixels = np.asarray(image)
    if image.mode == "1":
        return pixels.astype(np.int32), np.array([(0, 0, 0), (255, 255, 255)], np.int32)
    if image.mode == "P":
        return pixels.astype(np.int32), _palette(image)
    if image.mode == "L" and raw_mode in GRAY_SCALE:
        scale = GRAY_SCALE[raw_mode]
        return pixels.astype(np.int32) // scale, np.repeat(np.arange(0, 256, scale)[:, np.newaxis], 3, 1)
    if image.mode in ("RGB", "RGBA", "LA") and raw_mode.endswith(("RGB", "RGBA", "LA")):
        is_gray = image.mode == "LA" or all(_is_gray(pixels[rows]) for rows in row_strips(pixels.shape))
        return (pixels[..., 0].astype(np.int32), None) if is_gray else None
    whole = image.mode in ("L", "I") or image.mode.startswith("I;16")
    if image.mode == "F":
        whole = bool(np.isfinite(pixels).all() and (pixels == np.rint(pixels)).all() and pixels.max() > 1)
    if not whole or pixels.min() < 0:
        return None
    numbers: Samples = pixels.astype(np.int64) if image.mode == "F" else pixels.astype(np.int32)
    if image.mode.startswith("I;16") and numbers.max() > 255 and not (numbers % 257).any():
        numbers //= 257  # 8-bit grays in 16 bits
    return numbers, None


def _is_gray(pixels: NDArray[np.uint8]) -> bool:
    return bool((pixels[..., :3] == pixels[..., :1]).all())


def _palette(image: Image.Image) -> Colors:
    stored = np.array(image.convert("P").getpalette("RGB") or [], np.int32).reshape(-1, 3)
    table = np.zeros((256, 3), np.int32)
    table[: len(stored)] = stored[:256]
    return table


def _visible(image: Image.Image) -> Bools:
    if not image.has_transparency_data:
        return np.ones((image.height, image.width), np.bool_)
    if image.mode.startswith("I;16") or image.mode == "I":
        visible: Bools = np.asarray(image) != image.info["transparency"]
    else:
        visible = np.asarray(image.convert("RGBA").getchannel("A")) >= 128
    return visible


def _judged(
    samples: NDArray[np.int32], values: NDArray[np.int32], colors: Colors | None, mode: str, path: Path
) -> IdPixels | None:
    """Return the ids with their colors, or None if the values are colors."""
    grays = np.repeat(values[:, np.newaxis], 3, axis=1)
    if colors is not None and (len(np.unique(colors, axis=0)) < len(colors) or np.array_equal(colors, grays)):
        colors = None  # a palette that is black, or a ramp of gray, says nothing about the regions
    shown = grays if colors is None else colors
    index = np.searchsorted(values, np.maximum(samples, 0)).astype(np.int32)
    large = int(values.max()) > 255
    number = (colors is None and are_class_numbers(grays)) or are_voc_colors(colors, values)
    if not (number or _is_hard(index, shown)) or (colors is None and _is_gradient(index, values)):
        return None
    if 255 < values.max() <= 65535 and len(values) > 1 and np.diff(values).min() >= 257 * _PAINTED_STEP:
        return None  # grays painted in 16 bits
    if colors is None and not number and not large:
        counts = np.bincount(index[samples >= 0], minlength=len(values))
        common = values[counts >= _LEAST_SHARE * counts.sum()]
        if not _are_numbers(common, mode):
            return None
        number = _are_near_black(common) or mode == "P"
    if len(values) > MAX_IDS:
        raise ImageError(
            f"expected at most {MAX_IDS} regions, but {path} has {len(values):,} ids; merge some of them, or save "
            "classes instead of single objects"
        )
    if colors is None and (number or large):
        return IdPixels(samples, values, np.array([id_color(int(each)) for each in values], np.int32), True, True)
    return IdPixels(samples, values, shown, False, number or colors is None)


def are_voc_colors(colors: Colors | None, values: NDArray[np.int32]) -> bool:
    """Return whether the colors are those of the VOC color map, which many programs write."""
    if colors is None or values.max() < 1:
        return False
    own = [tuple(color) == id_color(int(value)) for color, value in zip(colors.tolist(), values, strict=True)]
    return all(each for each, value in zip(own, values, strict=True) if value < 255)


def _are_numbers(values: NDArray[np.int32], mode: str) -> bool:
    """Return whether gray values are numbers rather than the grays that people paint."""
    if _are_near_black(values) or mode == "P":
        return True
    return mode == "L" and len(values) > 2 and bool(np.diff(values).min() < _PAINTED_STEP)


def _are_near_black(values: NDArray[np.int32]) -> bool:
    return bool(np.any((values > 0) & (values < _PAINTED_STEP)))


def _is_hard(index: NDArray[np.int32], colors: Colors) -> bool:
    """Return whether areas are flat and their edges hard."""
    if index.size < _FEW_PIXELS:
        return True
    equal = [index[1:] == index[:-1], index[:, 1:] == index[:, :-1]]
    pairs = sum(each.size for each in equal)
    edges = pairs - sum(int(np.count_nonzero(each)) for each in equal)
    if pairs - edges < _LEAST_EQUAL * pairs:
        return False
    alone = np.ones(index.shape, np.bool_)
    for here, there, same in ((alone[1:], alone[:-1], equal[0]), (alone[:, 1:], alone[:, :-1], equal[1])):
        here &= ~same
        there &= ~same
    if np.count_nonzero(alone) > max(8, _MOST_SINGLE * index.size):
        return False
    between = _count_between(index, colors) + _count_between(index.T, colors)
    return bool(between <= max(4, _MOST_BETWEEN * edges))


def _is_gradient(index: NDArray[np.int32], values: NDArray[np.int32]) -> bool:
    """Return whether nearly all borders of many values are between neighboring ones."""
    if len(values) <= _FEW_VALUES:
        return False
    steps = [np.abs(np.diff(values[index], axis=axis)).ravel() for axis in (0, 1)]
    borders = np.concatenate(steps)
    borders = borders[borders > 0]
    return bool(np.mean(borders <= _STEP) > _MOST_STEPS)


def _count_between(index: NDArray[np.int32], colors: Colors) -> int:
    """Count the pixels whose color blends those above and below."""
    above, own, below = index[:-2], index[1:-1], index[2:]
    at = (above != own) & (own != below) & (above != below)
    first, color, last = (colors[each[at]].astype(np.float64) for each in (above, own, below))
    along = last - first
    share = ((color - first) * along).sum(axis=1) / np.maximum((along**2).sum(axis=1), 1)
    off = np.linalg.norm(first + share[:, np.newaxis] * along - color, axis=1)
    return int(np.count_nonzero((share > 0) & (share < 1) & (off <= _BLEND)))
