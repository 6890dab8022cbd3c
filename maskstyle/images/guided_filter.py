"""The guided filter of He, Sun and Tang (2013), which moves the edges of a mask to the edges of an image.

SciPy and scikit-image do not implement it. The random walker of scikit-image solves a system the size of the image
and treats soft values as unknown; its bilateral filter takes no guidance image.
"""

from __future__ import annotations

import math

import numpy as np
import scipy
from numpy.typing import NDArray

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.pixels import Image, Mask

DEFAULT_RADIUS = 16
"""In pixels; corrects edges that are about ten pixels off in an image of about 512 pixels."""

DEFAULT_EPSILON = 1e-4
"""Larger values keep soft edges soft; smaller ones also draw texture, such as wood grain, into the mask."""

MOST_RADIUS = 1000
"""Larger than any plausible error of an edge; windows far wider than the image need extra memory."""

_TEXTURE = 0.1  # amplitude of image texture that shows through in black and white areas; see the notes
_BATCH = 1 << 16  # 3x3 systems solved at once: more would double the memory of the matrices


def edge_aware_mask(
    mask: Mask, image: Image, *, radius: int = DEFAULT_RADIUS, epsilon: float = DEFAULT_EPSILON
) -> Mask:
    """Fit the edges of a mask to the edges of an image.

    Parameters
    ----------
    mask : (H, W) float32 array
        A rough mask in [0, 1].
    image : (H, W, 3) float32 array
        The image of the mask, in [0, 1].
    radius : int
        How far edges may move, in pixels, 1 to `MOST_RADIUS`. Details closer together than this are not separated.
    epsilon : float
        The color variance above which a difference counts as an edge, above 0.

    Returns
    -------
    (H, W) float32 array
        In [0, 1]; exactly 0 or 1 where the mask is constantly 0 or 1 within 2 * `radius` pixels.

    Raises
    ------
    ImageError
        If the mask and the image differ in size.
    SettingsError
        If `radius` or `epsilon` is out of range.

    Notes
    -----
    In each square window with a side of 2 * `radius` + 1 pixels, the mask is fitted by a linear function of red,
    green and blue: least squares with the ridge penalty `epsilon`. Each pixel takes the mean of the functions of all
    windows that contain it. Some image texture shows through. Unlike the paper, the values are therefore stretched so
    that 0.1 becomes 0 and 0.9 becomes 1, which raises the contrast of gray areas by a quarter.

    References
    ----------
    He, Sun and Tang, "Guided Image Filtering", IEEE Transactions on Pattern Analysis and Machine Intelligence 35,
    2013.

    Examples
    --------
    >>> picture = np.zeros((9, 12, 3), np.float32)
    >>> picture[:, 6:] = 1
    >>> rough = np.zeros((9, 12), np.float32)
    >>> rough[:, 7:] = 1  # one column too few
    >>> edge_aware_mask(rough, picture, radius=4)[4, 4:8].astype(float).round(1).tolist()
    [0.0, 0.0, 0.7, 0.9]
    """
    if not 1 <= radius <= MOST_RADIUS:
        raise SettingsError(f"radius is {radius}; expected 1 to {MOST_RADIUS} pixels")
    if not (math.isfinite(epsilon) and epsilon > 0):
        raise SettingsError(f"epsilon is {epsilon:g}; expected a finite number above 0")
    if mask.shape != image.shape[:2]:
        raise ImageError(
            f"expected a mask of the image's size {image.shape[0]}x{image.shape[1]} (height x width), but got "
            f"{mask.shape}; resize it"
        )
    filtered = guided_filter(mask, image, radius=radius, epsilon=epsilon)
    stretched: Mask = np.clip((filtered - _TEXTURE) / (1 - 2 * _TEXTURE), 0, 1).astype(np.float32)
    return stretched


def guided_filter(
    mask: Mask, image: Image, *, radius: int, epsilon: float, batch: int = _BATCH
) -> NDArray[np.float64]:
    """Filter a mask as the paper does: a locally linear function of the image colors; see `edge_aware_mask`.

    `batch` pixels are solved for at once, which bounds the memory, not the result.
    """
    side = 2 * radius + 1

    def mean(plane: NDArray[np.floating]) -> NDArray[np.float64]:
        averaged: NDArray[np.float64] = scipy.ndimage.uniform_filter(plane, side, np.float64, mode="nearest")
        return averaged

    channels = [image[..., channel].astype(np.float64) for channel in range(3)]
    means = [mean(channel) for channel in channels]
    of_mask = mean(mask)
    covariances = np.empty((*mask.shape, 3, 3))
    shared = np.empty((*mask.shape, 3))
    for row in range(3):
        shared[..., row] = mean(channels[row] * mask) - means[row] * of_mask
        for column in range(row + 1):
            covariance = mean(channels[row] * channels[column]) - means[row] * means[column]
            covariances[..., row, column] = covariances[..., column, row] = covariance
        covariances[..., row, row] += epsilon
    slopes = _solve(covariances.reshape(-1, 3, 3), shared.reshape(-1, 3), batch).reshape(shared.shape)
    offset = of_mask - sum(slopes[..., channel] * means[channel] for channel in range(3))
    return mean(offset) + sum(mean(slopes[..., channel]) * channels[channel] for channel in range(3))


def _solve(matrices: NDArray[np.float64], vectors: NDArray[np.float64], batch: int) -> NDArray[np.float64]:
    """Solve (N, 3, 3) linear systems in batches."""
    solutions = np.empty_like(vectors)
    for start in range(0, len(vectors), batch):
        part = slice(start, start + batch)
        solutions[part] = np.linalg.solve(matrices[part], vectors[part, :, np.newaxis])[..., 0]
    return solutions
