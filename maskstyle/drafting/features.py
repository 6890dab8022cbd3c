"""What parts of an image look like, as numbers: colour and texture, the means over each part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.color import rgb2lab

from maskstyle.images import Image

Features: TypeAlias = NDArray[np.float64]
"""(N, C), a row for each part of an image."""

Group: TypeAlias = tuple[float, Features]
"""Features of one kind, and what they weigh beside those of other kinds."""

Describe: TypeAlias = Callable[[Image, NDArray[np.intp], int], list[Group]]
"""From an image, the number of each pixel's part, (H, W), and how many parts there are, to groups of features."""

TEXTURE_WEIGHT = 0.6
"""Of texture beside colour; see benchmarks/draft.py."""

_SIDE = 480  # the longer side, in pixels, of an image for which the widths below are meant
_WIDE = 6.0
_TEXTURE_SCALES = (1, 2, 4)
_NARROWEST = 4.0  # over what texture is averaged
_NOTHING = 1e-4  # parts that differ by less look the same


def color_features(image: Image, parts: NDArray[np.intp], count: int) -> list[Group]:
    """Return the colour of an image's parts and their texture.

    Parameters
    ----------
    image : (H, W, 3) float32 array
        In [0, 1].
    parts : (H, W) int array
        The number of the part that each pixel is in, from 0 on; -1 for none.
    count : int
        How many parts there are.

    Returns
    -------
    list of (float, (count, 6 or 11) float64 array)
        Mean CIELAB, of each pixel and of its surroundings; and the strength and direction of the changes of
        lightness at three scales (the structure tensor), with the unrest of both hues.
    """
    lab = rgb2lab(image).astype(np.float32)
    scale = max(parts.shape) / _SIDE
    wide = ndimage.gaussian_filter(lab, (_WIDE * scale, _WIDE * scale, 0))
    colors = np.concatenate([lab, wide], axis=-1)
    return [(1.0, means(colors, parts, count)), (TEXTURE_WEIGHT, means(_texture(lab, scale), parts, count))]


def means(planes: NDArray[np.floating], parts: NDArray[np.intp], count: int) -> Features:
    """Return the mean of each plane, (H, W, C), over each part; 0 for a part without pixels."""
    inside = parts >= 0
    numbers = parts[inside]
    area = np.maximum(np.bincount(numbers, minlength=count), 1)
    sums = [np.bincount(numbers, planes[..., index][inside], count) for index in range(planes.shape[-1])]
    return np.stack(sums, axis=1) / area[:, np.newaxis]


def joined(groups: Sequence[Group]) -> Features:
    """Return groups side by side, each centred and with its weight as the root of its mean squared length."""
    return np.concatenate([weight * _normalised(features) for weight, features in groups], axis=1)


def _normalised(features: Features) -> Features:
    centred = features - features.mean(axis=0)
    length = float(np.sqrt(np.mean(np.sum(centred**2, axis=1))))
    return centred / length if length > _NOTHING else np.zeros_like(centred)


def _texture(lab: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """Return the planes of texture, (H, W, 11)."""
    planes = []
    for width in _TEXTURE_SCALES:
        smooth = ndimage.gaussian_filter(lab[..., 0], width * scale)
        down, right = (ndimage.sobel(smooth, axis) * (width / 8) for axis in (0, 1))
        over = max(2.0 * width, _NARROWEST) * scale
        across, along, mixed = (
            ndimage.gaussian_filter(product, over) for product in (right * right, down * down, right * down)
        )
        strength = np.sqrt(across + along + 1)
        planes += [np.sqrt(across + along + 0.1), (across - along) / strength, 2 * mixed / strength]
    for hue in (lab[..., 1], lab[..., 2]):
        unrest = (hue - ndimage.gaussian_filter(hue, _NARROWEST * scale)) ** 2
        planes.append(np.sqrt(ndimage.gaussian_filter(unrest, _NARROWEST * scale) + 0.1))
    return np.stack(planes, axis=-1)
