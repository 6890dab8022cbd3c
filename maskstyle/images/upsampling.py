"""Upsample a change of an image to its full size along the edges of the image.

This is the fast guided filter of He and Sun (2015) with a mask, and with the residual of its linear model added back:
the model carries the edges of the image, and the residual the strokes.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import NDArray
from PIL import Image as PillowImage

from maskstyle.images.pixels import Image, Mask, Size, size_of

RADIUS = 3
"""Of the windows, in pixels of the small image: larger ones blur the colors of thin things."""

EPSILON = 1e-3
"""Color variance above which a difference counts as an edge; smaller values draw noise into the change."""

Plane = NDArray[np.float32]


def with_change(full: Image, before: Image, after: Image, changed: Mask | None = None) -> Image:
    """Return a full-size image with the change that was made to its reduced copy, from `before` to `after`.

    The change counts where `changed` is 1, by default everywhere. Near its edge, the change inside goes on outside,
    so that a sharper mask can be laid over the returned image.

    He and Sun, "Fast Guided Filter", arXiv:1505.00996, 2015.

    >>> full = np.tile(np.float32([0, 0, 0, 0, 1, 1, 1, 1]), (8, 1))[..., np.newaxis].repeat(3, axis=-1)
    >>> before = full[::2, ::2]
    >>> with_change(full, before, 1 - before)[4, 2:6, 0].round(1).tolist()
    [1.0, 1.0, 0.0, 0.0]
    """
    weights = np.ones(size_of(before), np.float32) if changed is None else (changed > 0).astype(np.float32)
    if not weights.any():
        return full
    model = _Model(before, weights)
    size, result = size_of(full), np.empty_like(full)
    for channel in range(3):
        change = after[..., channel] - before[..., channel]
        slopes, offset = model.fit(change)
        fitted = offset + sum(slopes[each] * before[..., each] for each in range(3))
        plane = full[..., channel] + _enlarged(model.extended(change - fitted), size, PillowImage.Resampling.BICUBIC)
        plane += _enlarged(model.extended(offset), size)
        for each in range(3):
            plane += _enlarged(model.extended(slopes[each]), size) * full[..., each]
        result[..., channel] = np.clip(plane, 0, 1)
    return result


class _Model:
    """Fits planes as locally linear functions of the colors of an image, where weights are 1."""

    def __init__(self, image: Image, weights: Mask) -> None:
        self._weights = weights
        self._sum = np.maximum(self._box(np.ones_like(weights)), 1e-6)
        self._channels = [image[..., channel] for channel in range(3)]
        self._means = [self._mean(channel) for channel in self._channels]
        covariances = np.empty((*weights.shape, 3, 3), np.float32)
        for row in range(3):
            for column in range(row + 1):
                product = self._mean(self._channels[row] * self._channels[column])
                covariance = product - self._means[row] * self._means[column]
                covariances[..., row, column] = covariances[..., column, row] = covariance
            covariances[..., row, row] += EPSILON
        self._inverses = np.linalg.inv(covariances)
        outside = weights == 0
        self._nearest = None
        if outside.any():
            self._nearest = scipy.ndimage.distance_transform_edt(outside, return_distances=False, return_indices=True)

    def fit(self, plane: Plane) -> tuple[list[Plane], Plane]:
        """Return the slopes and the offset of the function of each pixel."""
        mean = self._mean(plane)
        shared = [self._mean(self._channels[each] * plane) - self._means[each] * mean for each in range(3)]
        slopes = np.einsum("hwij,hwj->ihw", self._inverses, np.stack(shared, axis=-1))
        offset = mean - sum(slopes[each] * self._means[each] for each in range(3))
        return [self._mean(slopes[each]) for each in range(3)], self._mean(np.asarray(offset, np.float32))

    def extended(self, plane: Plane) -> Plane:
        """Return a plane with the value of the nearest pixel of weight 1 everywhere else."""
        return plane if self._nearest is None else plane[tuple(self._nearest)]

    def _mean(self, plane: Plane) -> Plane:
        mean: Plane = (self._box(plane) / self._sum).astype(np.float32)
        return mean

    def _box(self, plane: Plane) -> Plane:
        side = 2 * RADIUS + 1
        averaged: Plane = scipy.ndimage.uniform_filter(
            (plane * self._weights).astype(np.float32), side, np.float64, mode="nearest"
        ).astype(np.float32)
        return averaged


def _enlarged(plane: Plane, size: Size, sampling: PillowImage.Resampling = PillowImage.Resampling.BILINEAR) -> Plane:
    stored = PillowImage.fromarray(np.ascontiguousarray(plane, np.float32))
    return np.asarray(stored.resize((size[1], size[0]), sampling))
