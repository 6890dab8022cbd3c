"""A mask shown over the picture that it is for."""

from __future__ import annotations

import numpy as np

from maskstyle.errors import ImageError
from maskstyle.images import Image, Mask

_INK = np.array([1.0, 0.3, 0.05], np.float32)
_OPACITY = np.float32(0.65)  # the picture stays visible where the mask is 1
_GREY = np.array([0.299, 0.587, 0.114], np.float32)  # how bright red, green and blue look (Rec. 601)


def mask_over_image(mask: Mask, image: Image) -> Image:
    """Return a picture in grey with the mask in orange over it.

    Parameters
    ----------
    mask : (H, W) float32 array
        In [0, 1]: the strength of the orange.
    image : (H, W, 3) float32 array
        In [0, 1]; its colours go, as some of them could be taken for the mask's.

    Returns
    -------
    (H, W, 3) float32 array
        In [0, 1].

    Raises
    ------
    ImageError
        If the sizes differ.

    Examples
    --------
    >>> mask_over_image(np.array([[0, 1]], np.float32), np.zeros((1, 2, 3), np.float32)).round(2).tolist()[0][0]
    [0.0, 0.0, 0.0]
    """
    if mask.shape != image.shape[:2]:
        raise ImageError(
            f"expected a picture of the mask's size {mask.shape} (height, width), but got {image.shape}; resize it"
        )
    grey = (image @ _GREY)[..., np.newaxis]
    strength = _OPACITY * mask[..., np.newaxis]
    shown: Image = grey * (1 - strength) + _INK * strength
    return shown
