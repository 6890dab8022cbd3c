"""What the values of a mask file mean: gray, 0 and 1, the numbers of classes, or black with noise."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from maskstyle.errors import ImageError
from maskstyle.images.pixels import Mask, by_strips, row_strips
from maskstyle.maps.colors import percent, shortlist
from maskstyle.maps.pixels import count_labels, dilate, is_constant

NEAR_BLACK = 8 / 255
"""Largest error of JPEG near black: 6/255 for soft masks at quality 50, 7/255 at hard edges at quality 95. At quality
75, one pixel in a hundred near hard edges exceeds this; only a lossless format avoids that."""

_VOID = 255  # the index of outlines in VOC, and white
_LEAST_GRAY = 22  # a flat mask below this, a strength of 1/12, is a class: VOC has 21
_MOST_CLASS = 63  # the highest number of a class among several
_FAINT = 32 / 255  # a mask below this is hardly visible
_GRADIENT = 8  # a gradient has more levels than this
_NOISY_SHARE = 0.05  # of the pixels, if black has noise; a linear gradient has 0.03
_LEAST_NOISY = 64  # pixels
_NOISE_PEAK = 5  # times as many pixels near black as just above; in gradients up to 2.4 times


class Levels(NamedTuple):
    """A mask whose values are read as meant."""

    mask: Mask
    notes: tuple[str, ...]  # what was done to the values


def read_class(image: PillowImage.Image) -> Levels | None:
    """Read a palette image of one class on a background, such as those of VOC; None if it is something else."""
    if image.mode != "P" or image.has_transparency_data:
        return None
    indices = np.asarray(image)
    palette = np.array(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
    found = [int(index) for index in np.unique(indices)]
    classes = [index for index in found if index not in (0, _VOID)]
    if found[0] != 0 or len(classes) != 1 or np.ptp(palette[[0, *classes]], axis=1).max() == 0:
        return None
    note = f"index {classes[0]} of the palette is white"
    void = f", and index {_VOID} (void) is black" if _VOID in found else ""
    return Levels((indices == classes[0]).astype(np.float32), (note + void,))


def as_meant(mask: Mask, path: Path) -> Levels:
    """Read the samples, in [0, 1], of a file that only the whole of them explains.

    16-bit samples of at most 255 are 8-bit samples. If there is one value above 0, and it is at most 21, it is white:
    1 in masks of 0 and 1, or the number of a class. Several such numbers with solid patches are classes, which are
    refused. If black has noise, values up to `NEAR_BLACK` become 0 and those from 1 minus this become 1.
    """
    notes: list[str] = []
    if 0 < float(mask.max()) * 65535 <= 255.01 and _are_whole(mask, 65535, 0.01):
        mask = np.rint(mask * np.float32(65535)) / np.float32(255)
        notes.append("its 16-bit values are at most 255, so 255 is white")
    if _are_whole(mask, 255, 0.002):
        numbers = by_strips(lambda rows: np.rint(rows * np.float32(255)).astype(np.uint8), mask)
        classes = _classes(numbers)
        if len(classes) > 1:
            raise ImageError(_several_classes(classes, path))
        if classes:
            notes.append(f"its only value above 0 is {classes[0]} of 255, so {classes[0]} is white")
            return Levels((numbers > 0).astype(np.float32), tuple(notes))
    share = _noisy_share(mask)
    if share:
        notes.append(
            f"{percent(share)} of it is nearly black, so values up to 8/255 become 0 and values from 247/255 become 1"
        )
        return Levels(stretched(mask), tuple(notes))
    darkest = mask.min()
    if 0 < darkest < min(_FAINT, mask.max()) and np.count_nonzero(mask == darkest) > _NOISY_SHARE * mask.size:
        notes.append(
            f"its darkest value is {255 * darkest:.3g} of 255, not black, so some style goes everywhere; "
            "make it black to leave the rest as it is"
        )
    if 0 < mask.max() < _FAINT:
        notes.append(f"it is nearly black: its brightest value is {255 * mask.max():.3g} of 255")
    return Levels(mask, tuple(notes))


def _are_whole(mask: Mask, greatest: int, slack: float) -> bool:
    """Return whether all samples, scaled to `greatest`, are whole numbers but for rounding."""
    scaled = (mask[rows] * np.float32(greatest) for rows in row_strips(mask.shape))
    return all(bool(np.abs(each - np.rint(each)).max() < slack) for each in scaled)


def stretched(mask: Mask) -> Mask:
    """Return a mask with values up to `NEAR_BLACK` as 0, those from 1 minus this as 1, and the others in between."""
    low = np.float32(NEAR_BLACK)
    result: Mask = np.clip((mask - low) / (1 - 2 * low), np.float32(0), np.float32(1))
    return result


def _classes(numbers: NDArray[np.uint8]) -> list[int]:
    """Return the numbers of classes, without the background; empty if the values are gray."""
    counts = count_labels(numbers, 256)
    found = [int(value) for value in np.flatnonzero(counts) if value]
    dark = [value for value in found if value <= _MOST_CLASS]
    if len(found) == 1 and found[0] < _LEAST_GRAY:
        return found
    if not dark or any(_MOST_CLASS < value < _VOID for value in found) or _is_gradient(numbers, found):
        return []
    if len(dark) == 1:  # beside white, it is noise unless there is more of it
        return found if _VOID in found and dark[0] < _LEAST_GRAY and counts[dark[0]] > counts[_VOID] > 0 else []
    solid = np.unique(numbers[dilate(is_constant(numbers))]).tolist()
    return dark if len([value for value in dark if value in solid]) > 1 else []


def _is_gradient(numbers: NDArray[np.uint8], found: list[int]) -> bool:
    """Return whether there are many levels, and those of neighbors mostly differ by one."""
    if len(found) <= _GRADIENT:
        return False
    steps = ones = 0
    for rows in row_strips(numbers.shape):
        values = numbers[max(0, rows.start - 1) : rows.stop].astype(np.int16)
        for each in (np.diff(values, axis=0), np.diff(values[-(rows.stop - rows.start) :], axis=1)):
            steps += int(np.count_nonzero(each))
            ones += int(np.count_nonzero(np.abs(each) == 1))
    return ones > 0.9 * steps


def _noisy_share(mask: Mask) -> float:
    """Return the share of pixels near black but not black, or 0 if they are few, or part of a gradient."""
    near = int(np.count_nonzero((mask > 0) & (mask <= NEAR_BLACK)))
    above = int(np.count_nonzero((mask > NEAR_BLACK) & (mask <= 2 * NEAR_BLACK)))
    return near / mask.size if near >= max(_LEAST_NOISY, _NOISY_SHARE * mask.size, _NOISE_PEAK * above) else 0.0


def _several_classes(classes: list[int], path: Path) -> str:
    source, target = shlex.quote(str(path)), shlex.quote(f"{path.stem}_mask.png")
    return (
        f"expected a mask from black to white, but {path} holds the class numbers "
        f"{shortlist([str(each) for each in classes])}; to make a mask of one of them, run: maskstyle masks from-map "
        f"{source} --region {classes[0]} -o {target}"
    )
