"""What parts of an image look like, as numbers: color and texture, the means over each part."""

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
"""(N, C), a row for each part of an image."""

Group: TypeAlias = tuple[float, Features]
"""Features of one kind, and what they weigh beside those of other kinds."""

Describe: TypeAlias = Callable[[Image, NDArray[np.intp], int], list[Group]]
"""From an image, the number of each pixel's part, (H, W), and how many parts there are, to groups of features."""

TEXTURE_WEIGHT = 0.6
"""Of texture beside color; see benchmarks/draft.py."""

_SIDE = 480  # the longer side, in pixels, of an image for which the widths below are meant
_WIDE = 6.0
_TEXTURE_SCALES = (1, 2, 4)
_NARROWEST = 4.0  # over what texture is averaged
_NOTHING = 1e-4  # parts that differ by less look the same


def color_features(image: Image, parts: NDArray[np.intp], count: int) -> list[Group]:
    """Return the color of an image's parts and their texture.

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
    """Return groups side by side, each centered and with its weight as the root of its mean squared length."""
    return np.concatenate([weight * _normalized(features) for weight, features in groups], axis=1)


def _normalized(features: Features) -> Features:
    centered = features - features.mean(axis=0)
    length = float(np.sqrt(np.mean(np.sum(centered**2, axis=1))))
    return centered / length if length > _NOTHING else np.zeros_like(centered)


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


LAYERS = ("block1_conv2", "block2_conv2", "block3_conv2")
"""See benchmarks/draft.py."""


def network_features() -> Describe:
    """Load `lite`, and return a function like `maskstyle.drafting.features.color_features`.

    Returns
    -------
    Describe
        Its groups are those of `LAYERS`, of one weight; of each feature the mean of its square root over the cells
        of a part, because strong features are rare, and would else count for everything.
    """
    import tensorflow as tf

    choice = choose_network("lite", LAYERS, compute_type="float32")
    network = load_network(choice, pooling="max", padding="edge")

    def describe(image: Image, parts: NDArray[np.intp], count: int) -> list[Group]:
        features = network(tf.constant(image))
        return [(1.0, _means_on_grid(np.sqrt(features[layer].numpy()), parts, count)) for layer in LAYERS]

    return describe


def _means_on_grid(features: NDArray[np.float32], parts: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    """Return the mean over each part of the features of the cells that its pixels lie in."""
    rows, columns = (
        np.minimum(np.arange(side) // (side // cells), cells - 1)
        for side, cells in zip(parts.shape, features.shape[:2], strict=True)
    )
    return means(features[np.ix_(rows, columns)], parts, count)


def most_alike(drafted: list[Group], wanted: list[Group]) -> list[int]:
    """Pair parts of one picture with parts of another.

    Parameters
    ----------
    drafted, wanted : list of Group
        The same kinds of features of N parts and of M parts.

    Returns
    -------
    list of int
        For each of the N parts one of the M: all different, and of the least sum of squared distances, where M is
        at least N; else for each the nearest.

    Examples
    --------
    >>> sky, field, road = [0.9, 0.1], [0.2, 0.8], [0.5, 0.4]
    >>> most_alike([(1.0, np.array([field, sky]))], [(1.0, np.array([sky, road, field]))])
    [2, 0]
    """
    both = joined([(one[0], np.concatenate([one[1], other[1]])) for one, other in zip(drafted, wanted, strict=True)])
    number = len(drafted[0][1])
    distances = spatial.distance.cdist(both[:number], both[number:], "sqeuclidean")
    if distances.shape[0] > distances.shape[1]:
        return [int(index) for index in distances.argmin(axis=1)]
    return [int(index) for index in optimize.linear_sum_assignment(distances)[1]]
