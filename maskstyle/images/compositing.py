"""Laying a painted image over the content: mixtures that keep untouched pixels bit for bit, and edges that fade."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from maskstyle.errors import ImageError
from maskstyle.images.guided_filter import edge_aware_mask
from maskstyle.images.pixels import Image, Mask

FEATHER_MODES = ("distance", "edges")
"""What paint that fades in follows: the distance from its edge alone, or the edges of the content too."""


def mixed(content: Image, painted: Image, share: Mask) -> Image:
    """Return a mixture of two images: the first bit for bit where the share is 0, the second where it is 1 or more.

    Parameters
    ----------
    content, painted : (H, W, 3) float32 array
        In [0, 1].
    share : (H, W) float32 array
        Share of the second, at least 0.
    """
    weight = np.clip(share, 0, 1)[..., np.newaxis]
    between = np.clip(content + weight * (painted - content), 0, 1)
    return np.where(weight == 0, content, np.where(weight == 1, painted, between))


def faded_in(inside: NDArray[np.bool_], feather: float) -> Mask:
    """Return how far paint covers what it goes on, which rises from the edge of what is painted towards its inside.

    Parameters
    ----------
    inside : (H, W) bool array
        Where the paint goes.
    feather : float
        Pixels over which it fades in; the image's own edge is none.

    Returns
    -------
    (H, W) float32 array
        In [0, 1]: 0 outside, 1 inside where no edge is near or `feather` is 0.

    Examples
    --------
    >>> faded_in(np.array([[False, True, True, True]]), 1).tolist()
    [[0.0, 0.5, 1.0, 1.0]]
    """
    if feather == 0 or inside.all():
        return inside.astype(np.float32)
    depth = ndimage.distance_transform_edt(inside)
    share: Mask = np.clip(depth / (feather + 1), 0.0, 1.0).astype(np.float32)
    return share


def faded_in_at_edges(inside: NDArray[np.bool_], feather: float, content: Image) -> Mask:
    """Return how far paint covers a content: to the content's own edges where some are near, else it fades in.

    Parameters
    ----------
    inside : (H, W) bool array
        Where the paint goes.
    feather : float
        At least 1: the pixels over which it fades in where the content has no edge, and as far as which its edges
        are looked for.
    content : (H, W, 3) float32 array
        In [0, 1].

    Returns
    -------
    (H, W) float32 array
        In [0, 1]: 0 outside, 1 inside where no edge is near.
    """
    if inside.all():
        return inside.astype(np.float32)
    covered = edge_aware_mask(inside.astype(np.float32), content, radius=round(feather))
    # Where the content has no edge this is a half along the edge of what is painted, and is to be nothing there.
    return np.where(inside, np.clip(2 * covered - 1, 0, 1), np.float32(0))


_INK = np.array([1.0, 0.3, 0.05], np.float32)
_OPACITY = np.float32(0.65)  # the picture stays visible where the mask is 1
_GRAY = np.array([0.299, 0.587, 0.114], np.float32)  # how bright red, green and blue look (Rec. 601)


def mask_over_image(mask: Mask, image: Image) -> Image:
    """Return a picture in gray with the mask in orange over it.

    Parameters
    ----------
    mask : (H, W) float32 array
        In [0, 1]: the strength of the orange.
    image : (H, W, 3) float32 array
        In [0, 1]; its colors go, as some of them could be taken for the mask's.

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
    gray = (image @ _GRAY)[..., np.newaxis]
    strength = _OPACITY * mask[..., np.newaxis]
    shown: Image = gray * (1 - strength) + _INK * strength
    return shown
