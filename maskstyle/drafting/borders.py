"""From the labels of superpixels to regions of an image's size: no specks, and smooth borders."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from maskstyle.guidance.regions import resize_labels
from maskstyle.images import Size, resize_mask

LEAST_SPECK = 0.002
"""Share of the pixels below which a patch goes to what is around it."""

_SMOOTHING = 0.004  # of the longer side


def without_specks(labels: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Give small patches to the regions around them.

    Parameters
    ----------
    labels : (H, W) int array
        Regions, 0 to `count` - 1.
    count : int
        How many there are.

    Returns
    -------
    (H, W) int array
        Every region still has its largest patch.
    """
    least = LEAST_SPECK * labels.size
    kept = np.zeros(labels.shape, np.bool_)
    for index in range(count):
        patches, _ = ndimage.label(labels == index)
        areas = np.bincount(patches.ravel())
        areas[0] = 0
        stays = areas >= min(least, areas.max())
        stays[0] = False
        kept |= stays[patches]
    nearest = ndimage.distance_transform_edt(~kept, return_distances=False, return_indices=True)
    cleaned: NDArray[np.intp] = labels[tuple(nearest)]
    return cleaned


def smoothed(labels: NDArray[np.intp], count: int, size: Size) -> NDArray[np.intp]:
    """Bring regions to a size, with smooth borders.

    Parameters
    ----------
    labels : (H, W) int array
        Regions, 0 to `count` - 1.
    count : int
        How many there are.
    size : (height, width)
        The size to make.

    Returns
    -------
    (height, width) int array
        Each pixel in the region that has most of what is around it; a region that is so narrow that it would be lost
        keeps its pixels.
    """
    most = np.full(size, -1, np.float32)
    result = np.zeros(size, np.intp)
    for index in range(count):
        blurred = ndimage.gaussian_filter((labels == index).astype(np.float32), _SMOOTHING * max(labels.shape))
        share = resize_mask(np.clip(blurred, 0, 1), size)
        wins = share > most
        result[wins] = index
        most[wins] = share[wins]
    for lost in np.flatnonzero(np.bincount(result.ravel(), minlength=count) == 0):
        result[resize_labels(labels.astype(np.int32), size) == lost] = lost
    return result
