"""Laying a painted image over the content: mixtures that keep untouched pixels bit for bit, and edges that fade."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from maskstyle.images import Image, Mask


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
