"""What stands for an image, a map or a mask: a file, a loaded picture, or an array, also of 8-bit values."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from maskstyle.images.io import Picture, load_image
from maskstyle.images.transparency import with_alpha
from maskstyle.maps.io import load_map
from maskstyle.masks.io import load_mask


def understood_image(given: Any) -> Any:
    """Return the pixels of an image, RGBA if it comes from a file or a picture that has alpha."""
    picture = load_image(given) if isinstance(given, str | Path) else given
    if isinstance(picture, Picture):
        return with_alpha(picture.pixels, picture.alpha)
    return from_8_bit(given)


def understood_images(given: Any) -> Any:
    """Return one image, or each of a sequence of images."""
    if isinstance(given, list | tuple) and not isinstance(given, Picture):
        return [understood_image(each) for each in given]
    return understood_image(given)


def understood_map(given: Any) -> Any:
    """Return a semantic map, read if it is a file."""
    return load_map(given) if isinstance(given, str | Path) else given


def understood_mask(given: Any) -> Any:
    """Return a mask, read if it is a file."""
    return load_mask(given) if isinstance(given, str | Path) else from_8_bit(given)


def from_8_bit(given: Any) -> Any:
    """Return 8-bit values as floats in [0, 1]; anything else unchanged.

    Examples
    --------
    >>> from_8_bit(np.array([0, 255], np.uint8))
    array([0., 1.], dtype=float32)
    """
    if isinstance(given, np.ndarray) and given.dtype == np.uint8:
        return given.astype(np.float32) / np.float32(255)
    return given
