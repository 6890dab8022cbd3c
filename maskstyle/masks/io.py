"""Mask files: read a grayscale file as a mask, and check that a mask fits its image."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import ImageError
from maskstyle.images.compositing import mask_over_image as mask_over_image  # public here: see __init__.pyi
from maskstyle.images.decoding import decode
from maskstyle.images.files import open_image
from maskstyle.images.io import save_mask as save_mask
from maskstyle.images.pixels import Image, Mask, Size, size_of
from maskstyle.images.sidecars import check_aspect, find_beside
from maskstyle.images.transparency import HIDDEN, visible_alpha

GRAY_TOLERANCE = 20 / 255
"""Largest difference between the channels of a gray image: JPEG and WebP tint gray by a few levels."""

ONE_COLOR_TOLERANCE = 3 / 255
"""Largest difference, weighted by opacity, between colors that count as one: a one-color image is its alpha."""

JPEG_SLACK = 8 / 255
"""Error of JPEG near black and white: 6/255 for soft masks at quality 50, 7/255 at hard edges at quality 95. At
quality 75, one pixel in a hundred near hard edges exceeds this; only a lossless format avoids that."""


class MaskFile(NamedTuple):
    """A mask read from a file.

    Parameters
    ----------
    mask : (H, W) float32 array
        In [0, 1].
    note : str or None
        How the file was interpreted, if that is not obvious.
    """

    mask: Mask
    note: str | None


def load_mask(path: str | Path) -> Mask:
    """Read a mask from an image file: white is painted, black stays untouched, gray is in between.

    Parameters
    ----------
    path : str or Path
        A file that `maskstyle.load_image` reads: 1 to 16 bits or float; grayscale, palette, or color with equal
        channels.

    Returns
    -------
    (H, W) float32 array
        In [0, 1]; 16-bit files keep their depth.

    Raises
    ------
    ImageError
        If the file cannot be read, is in color, or is 0 everywhere.

    Notes
    -----
    *Transparency.* If a partly transparent image is colored, as a cut-out is, or has one color, its opacity is the
    mask. Otherwise its gray values are multiplied by its opacity.

    *JPEG* blurs black and white. To keep black pixels untouched, values of a JPEG up to 8/255 become 0, values from
    247/255 become 1, and the values in between are stretched.

    Samples are numbers, not colors: an embedded color profile is ignored.
    """
    mask = read_mask(Path(path)).mask
    require_some(mask, f"the mask {path}")
    return mask


def read_mask(path: Path) -> MaskFile:
    """Read a mask, which may be 0 everywhere, with a note on its interpretation; see `load_mask`."""
    with open_image(path) as image:
        is_jpeg = image.format == "JPEG"
    pixels, alpha = decode(path, follow_profile=False)
    alpha, note = visible_alpha(alpha), None
    if alpha is not None:
        pixels = np.where((alpha < HIDDEN)[..., np.newaxis], np.float32(0), pixels)
    if alpha is None:
        mask = _gray(pixels, str(path))
    elif _is_one_color(pixels, alpha):
        mask, note = alpha, "the image has one color, so its opacity is the mask"
    elif _spread(pixels) > GRAY_TOLERANCE:
        mask, note = alpha, "the image is a cut-out, so its opacity is the mask"
    else:
        mask, note = (
            _gray(pixels, str(path)) * alpha,
            "the image is partly transparent, so gray times opacity is the mask",
        )
    if is_jpeg:
        mask = np.clip((mask - np.float32(JPEG_SLACK)) / np.float32(1 - 2 * JPEG_SLACK), np.float32(0), np.float32(1))
        note = "JPEG blurs black and white, so values up to 8/255 become 0 and values from 247/255 become 1"
    return MaskFile(mask, note)


def require_some(mask: Mask, name: str) -> None:
    """Raise ImageError if a mask is 0 everywhere."""
    if not mask.any():
        raise ImageError(f"{name} is 0 everywhere, so nothing would be painted; paint some of it white")


def fit_mask(mask: Mask, size: Size, *, name: str, image_name: str) -> Mask:
    """Check that an array is a mask and has the aspect of an image.

    Parameters
    ----------
    mask : (H, W) float array
        In [0, 1].
    size : (height, width)
        The image's size.
    name, image_name : str
        Names of the two in messages.

    Returns
    -------
    (H, W) float32 array
        The mask at its own size.

    Raises
    ------
    ImageError
        If the array is not a mask, is 0 everywhere, or differs from the image in aspect.
    """
    array = np.asarray(mask)
    if array.ndim != 2 or 0 in array.shape:
        raise ImageError(f"{name} has shape {array.shape}; expected (height, width)")
    if not np.issubdtype(array.dtype, np.floating):
        raise ImageError(f"{name} has type {array.dtype}; expected floats in [0, 1]: divide 8-bit values by 255")
    lowest, highest = float(array.min()), float(array.max())
    if not (lowest >= 0 and highest <= 1):
        raise ImageError(
            f"{name} has values from {lowest:g} to {highest:g}; expected values in [0, 1]; rescale or clip them"
        )
    checked = array.astype(np.float32, copy=False)
    require_some(checked, name)
    check_aspect(size_of(array), size, kind="mask", name=name, image_name=image_name)
    return checked


def find_mask_beside(image_path: str | Path) -> Path | None:
    """Find the mask named after an image: photo_mask.png beside photo.jpg.

    Parameters
    ----------
    image_path : str or Path
        The image; it need not exist.

    Returns
    -------
    Path or None
        The file in the same folder named after the image with the ending "_mask" and a readable image extension;
        None if there is none.

    Raises
    ------
    ImageError
        If there are several such files.
    """
    return find_beside(Path(image_path), ("_mask",), kind="mask")


def _is_one_color(pixels: Image, alpha: Mask) -> bool:
    """Return whether all visible pixels have one color."""
    if not alpha.any():
        return False
    opacity = alpha[..., np.newaxis]
    mean = (pixels * opacity).sum(axis=(0, 1), dtype=np.float64) / alpha.sum(dtype=np.float64)
    return bool((np.abs(pixels - mean) * opacity).max() <= ONE_COLOR_TOLERANCE)


def _spread(pixels: Image) -> float:
    """Return the largest difference between the channels of a pixel."""
    return float((pixels.max(axis=2) - pixels.min(axis=2)).max())


def _gray(pixels: Image, name: str) -> Mask:
    difference = _spread(pixels)
    if difference > GRAY_TOLERANCE:
        raise ImageError(
            f"expected a grayscale mask, but {name} is colored: red, green and blue differ by up to "
            f"{round(255 * difference)} of 255; save it as grayscale, with white where the style goes"
        )
    gray: NDArray[np.float32] = np.median(pixels, axis=2)  # exact where the channels are equal
    return gray
