"""Masks whose edges move to the edges of a picture, by the guided filter of He, Sun and Tang (2013).

Neither SciPy nor scikit-image has it. Of what scikit-image has, the random walker solves a system as large as the
picture and takes whatever is soft for unknown, and the bilateral filter knows no second picture.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.pixels import Image, Mask

DEFAULT_RADIUS = 16
"""In pixels; follows edges of a mask that is some ten pixels off, in a picture of about 512."""

DEFAULT_EPSILON = 1e-4
"""Larger leaves soft edges soft; smaller also draws what is no edge of the mask, such as the grain of a table."""

MOST_RADIUS = 1000
"""More than any edge is off; windows far wider than the picture would take memory of their own."""

_TRACE = 0.1  # how much of the picture's texture the filter leaves in what was black or white; see the notes
_SLICE = 1 << 16  # how many pixels' 3x3 systems are solved at once


def edge_aware_mask(
    mask: Mask, image: Image, *, radius: int = DEFAULT_RADIUS, epsilon: float = DEFAULT_EPSILON
) -> Mask:
    """Fit the edges of a mask to those of a picture.

    Parameters
    ----------
    mask : (H, W) float32 array
        A rough mask in [0, 1].
    image : (H, W, 3) float32 array
        The picture that it is for, in [0, 1].
    radius : int
        How far the edges may move, in pixels, 1 to `MOST_RADIUS`. What is nearer together is taken for one thing.
    epsilon : float
        The variance of the picture, above 0, from which on a difference of color counts as an edge.

    Returns
    -------
    (H, W) float32 array
        In [0, 1]; exactly 0 or 1 as before where the mask is so within 2 * `radius` pixels each way.

    Raises
    ------
    ImageError
        If the mask is of another size than the picture.
    SettingsError
        If `radius` or `epsilon` is out of range.

    Notes
    -----
    In each window of 2 * `radius` + 1 pixels square the mask is fitted by a linear function of red, green and
    blue, by least squares with `epsilon` on its slope; each pixel takes the mean of the functions of the windows
    around it. Texture shows through a little: other than in the paper, the lowest and the highest tenth of the
    values therefore become 0 and 1, and what is between them is stretched. A gray mask so gains contrast, a quarter.

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
            f"expected a mask of the picture's size {image.shape[0]}x{image.shape[1]} (height x width), but got "
            f"{mask.shape}; resize it"
        )
    filtered = guided_filter(mask, image, radius=radius, epsilon=epsilon)
    stretched: Mask = np.clip((filtered - _TRACE) / (1 - 2 * _TRACE), 0, 1).astype(np.float32)
    return stretched


def guided_filter(mask: Mask, image: Image, *, radius: int, epsilon: float) -> NDArray[np.float64]:
    """Return a mask as locally linear functions of a picture's colors, as in the paper.

    Parameters
    ----------
    mask, image, radius, epsilon
        As `edge_aware_mask`.

    Returns
    -------
    (H, W) float64 array
        Near [0, 1].
    """
    side = 2 * radius + 1

    def mean(plane: NDArray[np.floating]) -> NDArray[np.float64]:
        averaged: NDArray[np.float64] = ndimage.uniform_filter(plane, side, np.float64, mode="nearest")
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
    slopes = _solved(covariances.reshape(-1, 3, 3), shared.reshape(-1, 3)).reshape(shared.shape)
    offset = of_mask - sum(slopes[..., channel] * means[channel] for channel in range(3))
    return mean(offset) + sum(mean(slopes[..., channel]) * channels[channel] for channel in range(3))


def _solved(matrices: NDArray[np.float64], vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Solve (N, 3, 3) systems in slices: all at once would take as much memory again as the matrices."""
    solutions = np.empty_like(vectors)
    for start in range(0, len(vectors), _SLICE):
        part = slice(start, start + _SLICE)
        solutions[part] = np.linalg.solve(matrices[part], vectors[part, :, np.newaxis])[..., 0]
    return solutions
