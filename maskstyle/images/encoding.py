"""Encode images in memory, for pages and notebooks."""

from __future__ import annotations

import io
from typing import Literal

from PIL import Image as PillowImage

from maskstyle.images.io import ENCODER_OPTIONS, interleaved
from maskstyle.images.pixels import Image, Mask


def encode_image(pixels: Image, alpha: Mask | None = None, *, kind: Literal["PNG", "JPEG", "WebP"] = "PNG") -> bytes:
    """Return the bytes of an image file.

    Parameters
    ----------
    pixels : (H, W, 3) float32 array
        sRGB in [0, 1], rounded to 8 bits by `to_uint8`.
    alpha : (H, W) float32 array, optional
        Opacity in [0, 1]; not for JPEG.
    kind : {"PNG", "JPEG", "WebP"}
        The format.

    Raises
    ------
    ImageError
        If the shapes do not match, or `pixels` or `alpha` contains NaN.

    Examples
    --------
    >>> import numpy as np
    >>> encode_image(np.zeros((1, 1, 3), np.float32))[1:4]
    b'PNG'
    """
    stream = io.BytesIO()
    PillowImage.fromarray(interleaved(pixels, alpha)).save(stream, format=kind, **ENCODER_OPTIONS[kind])
    return stream.getvalue()
