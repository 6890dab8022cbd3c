"""The motion of the regions of maps, which have no texture that optical flow could follow.

Each region moves as a whole, by the shift at which it overlaps most with itself in the frame before: one that reaches
to the edges of the frame, as a background does, stays where it is.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Image
from maskstyle.motion.flow import Motion
from maskstyle.motion.following import Labels, followed_values, key_places

TIE = 1e-3
"""Overlap in pixels that a shift costs for each pixel of its length, so that the shortest of equal ones is taken."""


def region_motion(before: Labels, now: Labels) -> Motion:
    """Return the motion from the map before; trusted where it leads to the same region.

    Parameters
    ----------
    before, now : (H, W) int array
        The regions of two frames, with the same label for the same region.

    Examples
    --------
    >>> before = np.zeros((8, 8), np.int32)
    >>> before[2:5, 1:4] = 1
    >>> motion = region_motion(before, np.roll(before, 2, axis=1))
    >>> motion.flow[3, 4].tolist(), motion.flow[0, 0].tolist(), int((~motion.trusted).sum())
    ([0.0, -2.0], [0.0, 0.0], 6)
    """
    size = now.shape
    flow = np.zeros((*size, 2), np.float32)
    for label in np.intersect1d(before, now):
        flow[now == label] = _way_back(before == label, now == label)
    places = np.indices(size) + np.moveaxis(flow, -1, 0).astype(np.intp)
    limits = np.array(size)[:, np.newaxis, np.newaxis]
    inside = ((places >= 0) & (places < limits)).all(axis=0)
    rows, columns = np.clip(places, 0, limits - 1)
    return Motion(flow, inside & (before[rows, columns] == now))


def _way_back(before: NDArray[np.bool_], now: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return the rows and columns from a region to where it was."""
    from scipy.signal import correlate

    overlap = np.rint(correlate(before.astype(np.float32), now.astype(np.float32), method="fft"))
    rows, columns = (np.arange(1 - length, length) for length in now.shape)
    overlap -= TIE * np.hypot(rows[:, np.newaxis], columns)
    best = np.unravel_index(overlap.argmax(), overlap.shape)
    return np.array([rows[best[0]], columns[best[1]]])


def with_mirrored(image: Image, known: NDArray[np.bool_], regions: Labels, anew: Image) -> Image:
    """Return an image in which pixels that are not known show their own region, mirrored at what is known of it.

    Parameters
    ----------
    image : (H, W, 3) float32 array
        In [0, 1].
    known : (H, W) bool array
        Where it is known.
    regions : (h, w) int array
        The regions, at any size.
    anew : (H, W, 3) float32 array
        What regions show of which nothing is known.
    """
    from scipy.ndimage import distance_transform_edt

    regions = followed_values(regions, key_places(known.shape))
    filled = np.where(known[..., np.newaxis], image, anew)
    for label in np.unique(regions[~known]):
        own = known & (regions == label)
        lost = ~known & (regions == label)
        if own.any():
            nearest = distance_transform_edt(~own, return_distances=False, return_indices=True)[:, lost]
            beyond = np.clip(2 * nearest - np.argwhere(lost).T, 0, np.array([known.shape]).T - 1)
            filled[lost] = image[tuple(np.where(own[tuple(beyond)], beyond, nearest))]
    return filled
