"""Shared by all painters: coordinates, noise, color ramps, relief lighting and reduction to pixels."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from scipy import ndimage
from skimage.draw import polygon2mask

Number: TypeAlias = Any
"""A float or an array of floats."""

SUPERSAMPLING = 2  # factor by which the canvas is finer than the picture


def coordinates(height: int, aspect: float = 1.25) -> tuple[np.ndarray, np.ndarray]:
    """
    Return coordinates of the pixel centers, in picture heights.

    Returns
    -------
    x, y : (H, W) arrays
        y runs from 0 (top) to 1, x from 0 (left) to `aspect`.
    """
    rows, columns = np.mgrid[0:height, 0 : round(height * aspect)]
    return (columns + 0.5) / height, (rows + 0.5) / height


def noise(rng: np.random.Generator, shape: tuple[int, int], cell: float | tuple[float, float]) -> np.ndarray:
    """
    Return smooth noise with mean 0 and deviation 1.

    Parameters
    ----------
    rng : numpy.random.Generator
    shape : tuple of int
        (H, W).
    cell : float or (float, float)
        Size of a feature in picture heights; (rows, columns) for stretched noise.
    """
    rows, columns = np.broadcast_to(cell, 2) * shape[0]
    coarse = rng.normal(size=(int(shape[0] / rows) + 4, int(shape[1] / columns) + 4))
    down = np.arange(shape[0]) / rows + 1.0
    across = np.arange(shape[1]) / columns + 1.0
    smooth = _along_rows(_along_rows(coarse, down).T, across).T
    return (smooth - smooth.mean()) / (smooth.std() + 1e-9)


def _along_rows(values: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Sample an array at fractional rows with a cubic B-spline; separable, hence fast."""
    whole = np.floor(positions).astype(int)
    t = (positions - whole)[:, None]
    weights = ((1 - t) ** 3, 3 * t**3 - 6 * t**2 + 4, -3 * t**3 + 3 * t**2 + 3 * t + 1, t**3)
    last = len(values) - 1
    return sum(w / 6 * values[np.clip(whole + k - 1, 0, last)] for k, w in enumerate(weights))


def cloud(
    rng: np.random.Generator, shape: tuple[int, int], cell: float | tuple[float, float], octaves: int = 4
) -> np.ndarray:
    """Return a sum of noises, each with half the size and strength of the previous; mean 0, deviation 1."""
    rows, columns = np.broadcast_to(np.asarray(cell, float), 2)
    total = np.sum([noise(rng, shape, (rows / 2**k, columns / 2**k)) / 2**k for k in range(octaves)], axis=0)
    return total / total.std()


def ramp(t: np.ndarray, *colors: tuple[int, int, int]) -> np.ndarray:
    """Blend through equally spaced colors: t = 0 is the first, t = 1 the last."""
    stops = np.linspace(0, 1, len(colors))
    channels = np.asarray(colors, float).T / 255
    return np.stack([np.interp(t, stops, channel) for channel in channels], axis=-1)


def smoothstep(low: float, high: float, t: np.ndarray) -> np.ndarray:
    """Rise smoothly from 0 at `low` to 1 at `high`."""
    t = np.clip((t - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def bump(t: Number, center: Number, width: Number) -> Number:
    """Return a Gaussian bump of height 1."""
    return np.exp(-(((t - center) / width) ** 2))


def mix(first: np.ndarray, second: np.ndarray, amount: np.ndarray) -> np.ndarray:
    """Blend two (H, W, 3) pictures: 0 is the first, 1 the second."""
    amount = np.clip(amount, 0, 1)[..., None]
    return first * (1 - amount) + second * amount


def polygon(shape: tuple[int, int], points: Sequence[tuple[float, float]]) -> np.ndarray:
    """Return the mask of a polygon with (x, y) corners in picture heights."""
    return polygon2mask(shape, np.asarray(points, float)[:, ::-1] * shape[0])


def distance_to_edges(pieces: np.ndarray) -> np.ndarray:
    """Return the distance of each pixel to the nearest other piece, in canvas pixels."""
    edge = np.zeros(pieces.shape, bool)
    edge[1:] |= pieces[1:] != pieces[:-1]
    edge[:, 1:] |= pieces[:, 1:] != pieces[:, :-1]
    return ndimage.distance_transform_edt(~edge)


def field_along(potential: np.ndarray) -> np.ndarray:
    """
    Return unit vectors along the level lines of a potential.

    Returns
    -------
    (H, W, 2) array
        (row, column) parts.
    """
    down, right = np.gradient(potential)
    field = np.stack([-right, down], axis=-1)
    return field / (np.linalg.norm(field, axis=-1, keepdims=True) + 1e-12)


def relief(picture: np.ndarray, height: np.ndarray, strength: float = 0.5) -> np.ndarray:
    """Light a picture from the top left, with a surface of the given heights."""
    down, right = np.gradient(ndimage.gaussian_filter(height, 0.8))
    slope = np.clip((down + right) * strength, -0.6, 0.6)
    return picture * (1 + 0.8 * slope[..., None]) + 0.25 * np.clip(slope, 0, None)[..., None] ** 2


def to_pixels(picture: np.ndarray) -> np.ndarray:
    """Reduce the canvas to the picture by averaging, and round to 8 bits."""
    height, width = (side // SUPERSAMPLING for side in picture.shape[:2])
    blocks = picture.reshape(height, SUPERSAMPLING, width, SUPERSAMPLING, 3)
    return (np.clip(blocks.mean(axis=(1, 3)), 0, 1) * 255 + 0.5).astype(np.uint8)


def to_labels(labels: np.ndarray) -> np.ndarray:
    """Reduce the canvas's labels to the picture's."""
    return labels[::SUPERSAMPLING, ::SUPERSAMPLING]
