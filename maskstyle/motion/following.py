"""Maps and masks that follow the motion of a clip: each pixel of a frame takes the value of its place in a key frame.

Places add up from frame to frame, and the key frame's map is read once for each frame: maps that were resampled from
frame to frame would stay behind slow motion, and fray. The flow drags along what is near a moving thing, so in every
frame the pixels near the edges of regions are decided anew, by the frame's own edges: L. Grady, "Random Walks for
Image Segmentation", PAMI 2006.
"""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Image, Mask, Size
from maskstyle.motion.flow import Motion

Places: TypeAlias = NDArray[np.float32]
"""Row and column in the key frame (H, W, 2) of each pixel of a frame, in pixels."""

Labels: TypeAlias = NDArray[np.int32]
"""Region of each pixel."""

BAND = 4.0
"""Pixels on each side of the edge of a region that are decided by the frame's own edges: as far as the flow errs."""

EDGE_WEIGHT, TOLERANCE = 100.0, 1e-4
"""How hard an edge of the frame is to cross for the random walk, and how exactly it is solved."""

SHARP = 0.2
"""Change of a mask from pixel to pixel at its half, from which it has an edge that can be found in a frame."""


class Follower:
    """The places (H, W, 2) of the frames that follow a key frame; `places` are those of the latest frame.

    The edges of the regions of the key frame are ones that the frames show; there are none in a gradient.
    """

    def __init__(self, labels: Labels | None, size: Size) -> None:
        self.places = key_places(size)
        self._labels = np.zeros(size, np.int32) if labels is None else followed_values(labels, self.places)
        self._depth = _least_depth(self._labels)

    def follow(self, motion: Motion, now: Image) -> None:
        """Go on to the next frame, by the place of each of its pixels in the frame before.

        Pixels near edges of regions, and those that were hidden, are decided by the edges of the frame.
        """
        places = _moved(self.places, motion)
        own = followed_values(self._labels, places)
        known = motion.trusted & (_depth(own) > followed_values(self._depth, places))
        if known.any():
            new = _decided(own, known, now)
            for label in np.unique(new[(new != own) | ~motion.trusted]):
                lost = (new == label) & ((own != label) | ~motion.trusted)
                _take_nearest(places, lost, known & (own == label))
        self._keep_all(places)
        self.places = places

    def _keep_all(self, places: Places) -> None:
        """Leave one pixel to each region that has left the frame, so that the plan that names it stays right."""
        before, now = followed_values(self._labels, self.places), followed_values(self._labels, places)
        for label in np.setdiff1d(before, now):
            place = tuple(np.argwhere(before == label)[0])
            places[place] = self.places[place]


def key_places(size: Size) -> Places:
    """Return the places of a key frame of a (height, width): those of the pixels themselves."""
    return np.moveaxis(np.indices(size, np.float32), 0, -1).copy()


def _moved(places: Places, motion: Motion) -> Places:
    """Return the places that the flow leads to."""
    size = places.shape[:2]
    before = key_places(size) + motion.flow
    # The nearest pixel's place, and the rest of the way: between the places on both sides of an edge lies nothing.
    rows, columns = (np.clip(np.rint(before[..., axis]), 0, size[axis] - 1).astype(np.intp) for axis in range(2))
    moved: Places = places[rows, columns] + before - np.stack([rows, columns], axis=-1).astype(np.float32)
    return moved


def _depth(labels: Labels) -> NDArray[np.float64]:
    """Return the distance of each pixel to the edges of regions, in pixels, from 1."""
    from scipy.ndimage import distance_transform_edt
    from skimage.segmentation import find_boundaries

    edges = find_boundaries(labels, connectivity=1, mode="thick")
    if not edges.any():
        return np.full(labels.shape, np.inf)
    depth: NDArray[np.float64] = distance_transform_edt(~edges) + 1
    return depth


def _least_depth(labels: Labels) -> NDArray[np.float64]:
    """Return the depth from which a pixel is sure of its region: beyond the band, or in the middle of a thin part."""
    from scipy.ndimage import maximum
    from skimage.measure import label

    parts = label(labels, background=-1, connectivity=1)
    deepest = np.asarray(maximum(_depth(labels), parts, np.arange(parts.max() + 1)))
    least: NDArray[np.float64] = np.minimum(BAND + 1, deepest / 2)[parts]
    return least


def _decided(own: Labels, known: NDArray[np.bool_], now: Image) -> Labels:
    """Return the label of each pixel: of those that are not known, by a random walk that edges of the frame stop."""
    from skimage.segmentation import random_walker

    values, numbers = np.unique(own[known], return_inverse=True)
    if known.all() or len(values) == 1:
        return np.where(known, own, values[0])
    markers = np.zeros(own.shape, np.int32)
    markers[known] = numbers + 1
    seen = now.astype(np.float64)
    if seen.std() == 0:  # which the random walk divides by; colors that are the same everywhere have no edges
        seen += np.array([0.0, 0.0, 1.0])
    # `prob_tol`: probabilities that overshoot a little do not change which is the highest.
    decided = random_walker(
        seen, markers, beta=EDGE_WEIGHT, tol=TOLERANCE, prob_tol=1.0, mode="cg_j", channel_axis=-1
    )
    found: Labels = values[np.maximum(decided, 1) - 1]
    return found


def _take_nearest(places: Places, lost: NDArray[np.bool_], among: NDArray[np.bool_]) -> None:
    """Give pixels the places of the nearest pixels among others."""
    from scipy.ndimage import distance_transform_edt

    if among.any():
        rows, columns = distance_transform_edt(~among, return_distances=False, return_indices=True)
        places[lost] = places[rows[lost], columns[lost]]


def edge_labels(mask: Mask) -> Labels | None:
    """Return the two sides of a mask (h, w) with an edge; None if it fades too slowly to have one."""
    sides = (mask >= 0.5).astype(np.int32)
    steps = [np.abs(np.diff(mask, axis=axis))[np.diff(sides, axis=axis) != 0] for axis in range(2)]
    across = np.concatenate(steps)
    return sides if across.size and float(across.mean()) >= SHARP else None


def followed_values(values: NDArray[Any], places: Places) -> NDArray[Any]:
    """Return the nearest pixels' values of a key frame, of any size and type, at `followed_places` (H, W, 2)."""
    height, width = values.shape[:2]
    rows = (places[..., 0] + 0.5) * height / places.shape[0]
    columns = (places[..., 1] + 0.5) * width / places.shape[1]
    found: NDArray[Any] = values[
        np.clip(rows, 0, height - 1).astype(np.intp), np.clip(columns, 0, width - 1).astype(np.intp)
    ]
    return found


def followed_mask(mask: Mask, places: Places) -> Mask:
    """Return a key frame's mask (h, w) at places (H, W, 2), interpolated between its pixels."""
    import cv2

    height, width = mask.shape
    rows = (places[..., 0] + 0.5) * np.float32(height / places.shape[0]) - 0.5
    columns = (places[..., 1] + 0.5) * np.float32(width / places.shape[1]) - 0.5
    moved = cv2.remap(np.asarray(mask, np.float32), columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.float32)


TIE = 1e-3
"""Overlap in pixels that a shift costs for each pixel of its length, so that the shortest of equal ones is taken."""


def region_motion(before: Labels, now: Labels) -> Motion:
    """Return the motion from the map before, with the same labels; trusted where it leads to the same region.

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

    if np.array_equal(before, now):
        return np.zeros(2, np.intp)
    (earlier, was), (later, is_now) = _cut_out(before), _cut_out(now)  # no other shifts overlap
    overlap = np.rint(correlate(earlier, later, method="fft"))
    rows, columns = (
        np.arange(1 - after, own) + start - end
        for own, after, start, end in zip(earlier.shape, later.shape, was, is_now, strict=True)
    )
    overlap -= TIE * np.hypot(rows[:, np.newaxis], columns)
    best = np.unravel_index(overlap.argmax(), overlap.shape)
    return np.array([rows[best[0]], columns[best[1]]])


def _cut_out(region: NDArray[np.bool_]) -> tuple[NDArray[np.float32], tuple[int, int]]:
    """Return the rectangle around a region, 1 inside, and its first row and column."""
    rows, columns = (np.flatnonzero(region.any(axis=axis)) for axis in (1, 0))
    part = region[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return part.astype(np.float32), (int(rows[0]), int(columns[0]))


def with_mirrored(image: Image, known: NDArray[np.bool_], regions: Labels, anew: Image) -> Image:
    """Return an image in which pixels that are not known show their own region, mirrored at what is known of it.

    Regions of which nothing is known show `anew`.
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
