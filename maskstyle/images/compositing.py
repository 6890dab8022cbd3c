"""Composite a painted image over the content: blending, coverage with soft edges, and mask previews."""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray

from maskstyle.errors import ImageError
from maskstyle.images.guided_filter import edge_aware_mask
from maskstyle.images.pixels import Image, Mask, by_strips

FEATHER_MODES = ("distance", "edges")
"""How coverage fades in: by the distance from the edge of the region, or along the edges of the content."""

_INK = np.array([1.0, 0.3, 0.05], np.float32)
_OPACITY = np.float32(0.65)  # of the ink where the mask is 1, so that the image stays visible
_LUMA = np.array([0.299, 0.587, 0.114], np.float32)  # Rec. 601 weights of red, green and blue


def mixed(content: Image, painted: Image, share: Mask) -> Image:
    """Blend two images, keeping the content bit for bit at coverage 0 and the painted image at coverage 1 or more."""
    return by_strips(_mixed, content, painted, share)


def _mixed(content: Image, painted: Image, share: Mask) -> Image:
    weight = np.clip(share, 0, 1)[..., np.newaxis]
    between = np.clip(content + weight * (painted - content), 0, 1)
    return np.where(weight == 0, content, np.where(weight == 1, painted, between))


def faded_in(inside: NDArray[np.bool_], feather: float) -> Mask:
    """Return a coverage that rises linearly, over `feather` pixels, from the edge of the painted area to its inside.

    The image border is not an edge. The coverage is 0 outside.

    >>> faded_in(np.array([[False, True, True, True]]), 1).tolist()
    [[0.0, 0.5, 1.0, 1.0]]
    """
    if feather == 0 or inside.all():
        return inside.astype(np.float32)
    depth = scipy.ndimage.distance_transform_edt(inside)
    share: Mask = np.clip(depth / (feather + 1), 0.0, 1.0).astype(np.float32)
    return share


def faded_in_at_edges(inside: NDArray[np.bool_], feather: float, content: Image) -> Mask:
    """Return a coverage that ends at edges of the content within `feather` pixels, and fades in where there are none.

    It is 0 outside, and 1 inside, away from edges.
    """
    if inside.all():
        return inside.astype(np.float32)
    covered = edge_aware_mask(inside.astype(np.float32), content, radius=round(feather))
    # Without content edges, the mask is 0.5 at the edge of the painted area, where the coverage must be 0.
    return np.where(inside, np.clip(2 * covered - 1, 0, 1), np.float32(0))


def mask_over_image(mask: Mask, image: Image) -> Image:
    """Show a mask in orange over an image in gray.

    Parameters
    ----------
    mask : (H, W) float32 array
        In [0, 1].
    image : (H, W, 3) float32 array
        In [0, 1]; shown in gray, so that its colors cannot be mistaken for the mask.

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
            f"expected an image of the mask's size {mask.shape} (height, width), but got {image.shape}; resize it"
        )
    gray = (image @ _LUMA)[..., np.newaxis]
    strength = _OPACITY * mask[..., np.newaxis]
    shown: Image = gray * (1 - strength) + _INK * strength
    return shown
