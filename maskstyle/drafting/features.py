"""Features of the parts of an image: mean color and texture, or means of network features."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, optimize, spatial
from skimage.color import rgb2lab

from maskstyle.images.pixels import Image
from maskstyle.networks.load import choose_network, load_network

Features: TypeAlias = NDArray[np.float64]
"""(N, C), one row for each part of an image."""

Group: TypeAlias = tuple[float, Features]
"""The weight and the features of one kind, such as texture."""

Describe: TypeAlias = Callable[[Image, NDArray[np.intp], int], list[Group]]
"""A function of an image, the part number of each pixel, (H, W), and the number of parts."""

TEXTURE_WEIGHT = 0.6
"""Relative to color; measured with benchmarks/draft.py."""

LAYERS = ("block1_conv2", "block2_conv2", "block3_conv2")
"""Layers for network features; measured with benchmarks/draft.py."""

_SIDE = 480  # the widths below are in pixels of an image with this longer side
_SURROUNDINGS = 6.0
_TEXTURE_SCALES = (1, 2, 4)
_TEXTURE_WINDOW = 4.0  # smallest averaging width of texture
_SAME = 1e-4  # parts that differ by less look the same


def color_features(image: Image, parts: NDArray[np.intp], count: int) -> list[Group]:
    """Return the color and the texture of the parts of an image: (count, 6) and (count, 11) float64 arrays.

    `parts` has the part of each pixel, from 0; -1 is none. Color: mean CIELAB of the pixels and of their
    surroundings. Texture: strength and direction of lightness changes at three scales (the structure tensor), and the
    local variation of both chroma channels.
    """
    lab = rgb2lab(image).astype(np.float32)
    scale = max(parts.shape) / _SIDE
    wide = ndimage.gaussian_filter(lab, (_SURROUNDINGS * scale, _SURROUNDINGS * scale, 0))
    colors = np.concatenate([lab, wide], axis=-1)
    return [(1.0, means(colors, parts, count)), (TEXTURE_WEIGHT, means(_texture(lab, scale), parts, count))]


def network_features() -> Describe:
    """Load the network `lite` and return a function with the signature of `color_features`.

    It returns one group for each of `LAYERS`, all of weight 1: the mean square root of each feature over the cells of
    a part. Without the root, rare strong features would dominate.
    """
    import tensorflow as tf

    choice = choose_network("lite", LAYERS, compute_type="float32")
    network = load_network(choice, pooling="max", padding="edge")

    def describe(image: Image, parts: NDArray[np.intp], count: int) -> list[Group]:
        features = network(tf.constant(image))
        return [(1.0, _means_on_grid(np.sqrt(features[layer].numpy()), parts, count)) for layer in LAYERS]

    return describe


def assign_parts(parts: list[Group], candidates: list[Group]) -> list[int]:
    """Assign to each of N parts of one image the most similar of M parts of another.

    If M is at least N, the candidates are all different and minimize the sum of squared distances; otherwise each
    part has its nearest candidate.

    >>> sky, field, road = [0.9, 0.1], [0.2, 0.8], [0.5, 0.4]
    >>> assign_parts([(1.0, np.array([field, sky]))], [(1.0, np.array([sky, road, field]))])
    [2, 0]
    """
    both = join_groups(
        [(one[0], np.concatenate([one[1], other[1]])) for one, other in zip(parts, candidates, strict=True)]
    )
    number = len(parts[0][1])
    distances = spatial.distance.cdist(both[:number], both[number:], "sqeuclidean")
    if distances.shape[0] > distances.shape[1]:
        return [int(index) for index in distances.argmin(axis=1)]
    return [int(index) for index in optimize.linear_sum_assignment(distances)[1]]


def join_groups(groups: Sequence[Group]) -> Features:
    """Concatenate groups, each centered and scaled so that the RMS length of its rows is its weight."""
    return np.concatenate([weight * _normalized(features) for weight, features in groups], axis=1)


def means(planes: NDArray[np.floating], parts: NDArray[np.intp], count: int) -> Features:
    """Return the mean of each plane, (H, W, C), over each part; 0 for parts without pixels."""
    inside = parts >= 0
    numbers = parts[inside]
    area = np.maximum(np.bincount(numbers, minlength=count), 1)
    sums = [np.bincount(numbers, planes[..., index][inside], count) for index in range(planes.shape[-1])]
    return np.stack(sums, axis=1) / area[:, np.newaxis]


def _normalized(features: Features) -> Features:
    centered = features - features.mean(axis=0)
    length = float(np.sqrt(np.mean(np.sum(centered**2, axis=1))))
    return centered / length if length > _SAME else np.zeros_like(centered)


def _texture(lab: NDArray[np.float32], scale: float) -> NDArray[np.float32]:
    """Return the texture planes, (H, W, 11)."""
    planes = []
    for width in _TEXTURE_SCALES:
        smooth = ndimage.gaussian_filter(lab[..., 0], width * scale)
        down, right = (ndimage.sobel(smooth, axis) * (width / 8) for axis in (0, 1))
        over = max(2.0 * width, _TEXTURE_WINDOW) * scale
        across, along, mixed = (
            ndimage.gaussian_filter(product, over) for product in (right * right, down * down, right * down)
        )
        strength = np.sqrt(across + along + 1)
        planes += [np.sqrt(across + along + 0.1), (across - along) / strength, 2 * mixed / strength]
    for chroma in (lab[..., 1], lab[..., 2]):
        squares = (chroma - ndimage.gaussian_filter(chroma, _TEXTURE_WINDOW * scale)) ** 2
        planes.append(np.sqrt(ndimage.gaussian_filter(squares, _TEXTURE_WINDOW * scale) + 0.1))
    return np.stack(planes, axis=-1)


def _means_on_grid(features: NDArray[np.float32], parts: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    """Return the mean over each part of the features of the grid cells of its pixels."""
    rows, columns = (
        np.minimum(np.arange(side) // (side // cells), cells - 1)
        for side, cells in zip(parts.shape, features.shape[:2], strict=True)
    )
    return means(features[np.ix_(rows, columns)], parts, count)
