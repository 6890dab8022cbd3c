"""Mask files: read a grayscale file as a mask, and check that a mask fits its image."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import NamedTuple

import numpy as np

from maskstyle.errors import ImageError
from maskstyle.images.compositing import mask_over_image as mask_over_image  # public here: see __init__.pyi
from maskstyle.images.decoding import decode, upright
from maskstyle.images.files import decoding, open_image
from maskstyle.images.io import METADATA_KEY
from maskstyle.images.io import save_mask as save_mask
from maskstyle.images.pixels import Image, Mask, Size, by_strips, row_strips, size_of
from maskstyle.images.sidecars import check_aspect, find_beside
from maskstyle.images.transparency import HIDDEN, visible_alpha
from maskstyle.maps.io import explaining_annotations
from maskstyle.masks.levels import as_meant, read_class, stretched

GRAY_TOLERANCE = 20 / 255
"""Largest difference between the channels of a gray image: JPEG and WebP tint gray by a few levels."""

ONE_COLOR_TOLERANCE = 3 / 255
"""Largest difference, weighted by opacity, between colors that count as one: a one-color image is its alpha."""


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


def load_mask(path: str | Path, *, orientation: int = 1) -> Mask:
    """Read a mask from an image file: white is painted, black stays untouched, gray is in between.

    Parameters
    ----------
    path : str or Path
        A file that `maskstyle.load_image` reads: 1 to 16 bits or float; grayscale, palette, or color with equal
        channels.
    orientation : int
        EXIF orientation of the image, 1 to 8, if the mask was drawn on the stored pixels of a rotated photo; see
        `maskstyle.read_orientation`. The mask is turned as the photo is.

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

    *Numbers.* Values of 0 and 1, or one color of a palette on its first one, are black and white. The class numbers
    of several regions are an error. 16-bit samples of at most 255 are 8-bit samples.

    *JPEG* blurs black and white. To keep black pixels untouched, values of a JPEG up to 8/255 become 0, values from
    247/255 become 1, and the values in between are stretched; so are those of other files with such noise.

    Samples are numbers, not colors: an embedded color profile is ignored.
    """
    mask = read_mask(Path(path)).mask
    require_some(mask, f"the mask {path}")
    return np.ascontiguousarray(upright(mask, orientation))


def read_mask(path: Path) -> MaskFile:
    """Read a mask, which may be 0 everywhere, with a note on its interpretation; see `load_mask`."""
    if os.path.isdir(path):
        folder = shlex.quote(str(path))
        raise ImageError(
            f"expected a mask, but {path} is a folder; name one of its masks, or make a map of all of them: "
            f"maskstyle maps from {folder} -o {shlex.quote(f'{path.name}_map.png')}"
        )
    with explaining_annotations(path, "mask"), open_image(path) as image, decoding(path):
        is_jpeg = image.format == "JPEG"
        is_ours = METADATA_KEY in image.info
        one_class = read_class(image)
    if one_class is not None:
        return MaskFile(one_class.mask, "; ".join(one_class.notes))
    mask, note = _samples(path)
    if is_jpeg:
        note = "JPEG blurs black and white, so values up to 8/255 become 0 and values from 247/255 become 1"
        return MaskFile(stretched(mask), note)
    if is_ours:  # it is exactly what was asked for
        return MaskFile(mask, note)
    mask, notes = as_meant(mask, path)
    return MaskFile(mask, "; ".join([*([] if note is None else [note]), *notes]) or None)


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


def _samples(path: Path) -> MaskFile:
    """Read the gray values or the opacity of a file."""
    pixels, alpha = decode(path, follow_profile=False)
    alpha = visible_alpha(alpha)
    if alpha is None:
        return MaskFile(_gray(pixels, str(path)), None)
    pixels = np.where((alpha < HIDDEN)[..., np.newaxis], np.float32(0), pixels)
    if _is_one_color(pixels, alpha):
        return MaskFile(alpha, "the image has one color, so its opacity is the mask")
    if _spread(pixels) > GRAY_TOLERANCE:
        return MaskFile(alpha, "the image is a cut-out, so its opacity is the mask")
    note = "the image is partly transparent, so gray times opacity is the mask"
    return MaskFile(_gray(pixels, str(path)) * alpha, note)


def _is_one_color(pixels: Image, alpha: Mask) -> bool:
    """Return whether all visible pixels have one color."""
    if not alpha.any():
        return False
    opacity = alpha[..., np.newaxis]
    mean = (pixels * opacity).sum(axis=(0, 1), dtype=np.float64) / alpha.sum(dtype=np.float64)
    return bool((np.abs(pixels - mean) * opacity).max() <= ONE_COLOR_TOLERANCE)


def _spread(pixels: Image) -> float:
    """Return the largest difference between the channels of a pixel."""
    strips = (pixels[rows] for rows in row_strips(pixels.shape))
    return max(float((strip.max(axis=2) - strip.min(axis=2)).max()) for strip in strips)


def _gray(pixels: Image, name: str) -> Mask:
    difference = _spread(pixels)
    if difference > GRAY_TOLERANCE:
        raise ImageError(
            f"expected a grayscale mask, but {name} is colored: red, green and blue differ by up to "
            f"{round(255 * difference)} of 255; save it as grayscale, with white where the style goes, or make a "
            f"mask of one of its colors: maskstyle masks from-map {shlex.quote(name)} --region COLOR -o mask.png"
        )
    return by_strips(lambda rows: np.median(rows, axis=2), pixels)  # exact where the channels are equal
