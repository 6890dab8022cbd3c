"""Soft masks: from a grayscale file to how strongly each pixel is painted, in [0, 1], fitted to an image."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import ImageError
from maskstyle.images.decoding import decode
from maskstyle.images.files import open_image
from maskstyle.images.pixels import Image, Mask, Size
from maskstyle.images.sidecars import check_aspect, find_beside

GRAY_TOLERANCE = 20 / 255
"""How far the channels of a gray picture may differ: JPEG and WebP tint gray by a few of 255."""

ONE_COLOR_TOLERANCE = 3 / 255
"""How far colors, weighed by their opacity, may differ and still be one: a picture in one color is its alpha."""

JPEG_SLACK = 8 / 255
"""What JPEG adds to black or takes from white nearby: 6/255 in soft masks at quality 50, 7/255 at hard edges at 95.
At quality 75 hard edges reach further in one pixel of a hundred, which only another format helps."""


class MaskFile(NamedTuple):
    """What a mask's file holds.

    Parameters
    ----------
    mask : (H, W) float32 array
        In [0, 1].
    remark : str or None
        What was made of the file, where that is not plain.
    """

    mask: Mask
    remark: str | None


def load_mask(path: str | Path) -> Mask:
    """Read a soft mask from an image file: white is painted, black is left alone, gray is in between.

    Parameters
    ----------
    path : str or Path
        A file that `maskstyle.load_image` reads: 1 to 16 bits, or floats; grayscale, palette, or color whose
        channels agree.

    Returns
    -------
    (H, W) float32 array
        In [0, 1]; 16 bits keep their depth.

    Raises
    ------
    ImageError
        If the file cannot be read, is colored, or is 0 everywhere.

    Notes
    -----
    *Transparency.* Where a file has some, a picture painted in one color says nothing but where it was painted: its
    opacity is the mask. A picture of several grays is the mask where it is opaque, and fades with its opacity.

    *JPEG* blurs black and white. So that what was black stays untouched, 8/255 and less of a JPEG is taken as 0,
    247/255 and more as 1, and what lies between is stretched.

    The samples are taken as numbers: a color profile is not followed.
    """
    mask = read_mask(Path(path)).mask
    require_some(mask, f"the mask {path}")
    return mask


def read_mask(path: Path) -> MaskFile:
    """Read a soft mask, which may be 0 everywhere, with what was made of its file; see `load_mask`."""
    with open_image(path) as image:
        is_jpeg = image.format == "JPEG"
    pixels, alpha = decode(path, follow_profile=False)
    remark = None
    if alpha is not None and not (alpha == 1).all() and _is_one_color(pixels, alpha):
        mask, remark = alpha, "its opacity is the mask, as it has one color"
    else:
        mask = _gray(pixels, str(path))
        mask = mask if alpha is None else mask * alpha
    if is_jpeg:
        mask = np.clip((mask - np.float32(JPEG_SLACK)) / np.float32(1 - 2 * JPEG_SLACK), np.float32(0), np.float32(1))
        remark = "as JPEG blurs black and white, 8/255 and less is taken as 0, and 247/255 and more as 1"
    return MaskFile(mask, remark)


def require_some(mask: Mask, name: str) -> None:
    """Raise ImageError where a mask is 0 everywhere."""
    if not mask.any():
        raise ImageError(f"{name} is 0 everywhere, so nothing would be painted; paint some of it white")


def fit_mask(mask: Mask, size: Size, *, name: str, image_name: str) -> Mask:
    """Check a mask for an image of a size.

    Parameters
    ----------
    mask : (H, W) float array
        In [0, 1].
    size : (height, width)
        The image's size.
    name, image_name : str
        What messages call the two.

    Returns
    -------
    (H, W) float32 array
        The mask, at its own size.

    Raises
    ------
    ImageError
        Where it is no such array, is 0 everywhere, or has another aspect than the image.
    """
    array = np.asarray(mask)
    if array.ndim != 2 or 0 in array.shape:
        raise ImageError(f"{name} has shape {array.shape}; expected (height, width)")
    if not np.issubdtype(array.dtype, np.floating):
        raise ImageError(f"{name} has type {array.dtype}; expected floats in [0, 1]: divide 8-bit values by 255")
    lowest, highest = float(array.min()), float(array.max())
    if not (lowest >= 0 and highest <= 1):
        raise ImageError(f"{name} has values from {lowest:g} to {highest:g}; expected them in [0, 1]")
    checked = array.astype(np.float32, copy=False)
    require_some(checked, name)
    check_aspect((array.shape[0], array.shape[1]), size, kind="mask", name=name, image_name=image_name)
    return checked


def find_mask_beside(image_path: str | Path) -> Path | None:
    """Find the mask that is named after an image: photo_mask.png beside photo.jpg.

    Parameters
    ----------
    image_path : str or Path
        The image; it need not exist.

    Returns
    -------
    Path or None
        The one file beside it with the image's name, "_mask", and the extension of an image that maskstyle reads;
        None if there is none.

    Raises
    ------
    ImageError
        If there are several.
    """
    return find_beside(Path(image_path), ("_mask",), kind="mask")


def _is_one_color(pixels: Image, alpha: Mask) -> bool:
    """Say whether all that can be seen of a picture has one color."""
    if not alpha.any():
        return False
    opacity = alpha[..., np.newaxis]
    mean = (pixels * opacity).sum(axis=(0, 1), dtype=np.float64) / alpha.sum(dtype=np.float64)
    return bool((np.abs(pixels - mean) * opacity).max() <= ONE_COLOR_TOLERANCE)


def _gray(pixels: Image, name: str) -> Mask:
    difference = float((pixels.max(axis=2) - pixels.min(axis=2)).max())
    if difference > GRAY_TOLERANCE:
        raise ImageError(
            f"expected a grayscale mask, but {name} is colored: red, green and blue differ by up to "
            f"{round(255 * difference)} of 255; save it as grayscale, white where the style goes and black elsewhere"
        )
    gray: NDArray[np.float32] = np.median(pixels, axis=2)  # exact where the channels are equal
    return gray
