"""The shared Gram computation: a weighted second moment of features.

``gram(F, w) = F^T diag(w) F / sum(w)`` for features ``F`` of ``n`` pixels and ``c`` channels and pixel
weights ``w >= 0``. Weights of one give the Gram matrix of Gatys, Ecker and Bethge ("Image Style Transfer
Using Convolutional Neural Networks", CVPR 2016) divided by the number of pixels; weights in {0, 1} that of
a region, divided by its pixel count; weights in [0, 1] that under a soft mask, divided by the mask's sum.
Dividing by the sum makes regions, masks and images of different size comparable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

Tensor: TypeAlias = Any
"""A tf.Tensor; TensorFlow ships no types."""


SLICE_PIXELS = 32768
"""Pixels that are converted and multiplied at a time: they fit the processor's caches better than all at once,
and no float32 copy of all features is needed."""


class PixelWeights(NamedTuple):
    """How the pixels of one layer enter one Gram matrix.

    Parameters
    ----------
    weights : (H, W) or (N,) float32 tensor or None
        Weight of each pixel, at least 0; None is one everywhere.
    divisor : float or None
        What the sum is divided by; None is the sum of the weights.
    """

    weights: Tensor | None = None
    divisor: Tensor | float | None = None


def gram(features: Tensor, weights: Tensor | None = None, divisor: Tensor | float | None = None) -> Tensor:
    """Return the weighted second moment of features over pixels.

    Parameters
    ----------
    features : (H, W, C) or (N, C) tensor, float32 or bfloat16
        Features of one layer.
    weights : (H, W) or (N,) float32 tensor, optional
        Weight of each pixel, at least 0; ones where it is left out.
    divisor : float, optional
        What the sum is divided by; the sum of the weights (the number of pixels where there are none)
        where it is left out.

    Returns
    -------
    (C, C) float32 tensor
        Symmetric and positive semi-definite. Computed in float32 whatever the type of the features.

    Examples
    --------
    >>> import tensorflow as tf
    >>> features = tf.constant([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    >>> gram(features, tf.constant([1.0, 0.0, 1.0])).numpy().tolist()
    [[1.0, 0.5], [0.5, 0.5]]
    """
    _, (matrix,) = observe_grams(features, [PixelWeights(weights, divisor)])
    return matrix


def observe_grams(features: Tensor, weighings: Sequence[PixelWeights]) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return features as they are, to be used from here on, with their Gram matrices under several weights.

    Parameters
    ----------
    features : (H, W, C) or (N, C) tensor, float32 or bfloat16
        Features of one layer.
    weighings : sequence of PixelWeights
        One for each Gram matrix.

    Returns
    -------
    features : tensor like `features`
        The same values. A network that goes on from these gets the Grams' gradients added when its backward
        pass arrives here, so that those of different layers are never held at the same time.
    grams : tuple of (C, C) float32 tensor
        One for each of `weighings`.

    Notes
    -----
    With the upstream gradient ``U`` of a Gram, its gradient in the features is
    ``diag(w) F (U + U^T) / divisor``: it needs the features and the weights alone, so no masked copy of the
    features is kept between the passes.
    """
    channels = features.shape[-1]
    columns = [
        None if weights is None else tf.reshape(tf.cast(weights, tf.float32), (-1, 1)) for weights, _ in weighings
    ]
    pixels = tf.cast(tf.size(features) // channels, tf.float32)
    divisors = [
        divisor if divisor is not None else pixels if column is None else tf.reduce_sum(column)
        for (_, divisor), column in zip(weighings, columns, strict=True)
    ]

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def observe(values: Tensor) -> tuple[tuple[Tensor, ...], Callable[..., Tensor]]:
        rows = tf.reshape(values, (-1, channels))
        moments = [
            _sum_of_products(rows, column) / divisor for column, divisor in zip(columns, divisors, strict=True)
        ]

        def gradient(arriving: Tensor, *upstreams: Tensor) -> Tensor:
            # Each addition waits for the one before, so that one product exists at a time.
            total = tf.reshape(arriving, (-1, channels))
            for column, divisor, upstream in zip(columns, divisors, upstreams, strict=True):
                with tf.control_dependencies([total]):
                    # The gradient leaves in the features' own type, so the product is made in it: only
                    # the small matrix is rounded, and bfloat16 has float32's range.
                    symmetric = tf.cast((upstream + tf.transpose(upstream)) / divisor, rows.dtype)
                    product = tf.matmul(rows, symmetric)
                    total += product if column is None else product * tf.cast(column, rows.dtype)
            return tf.reshape(total, tf.shape(values))

        return (tf.identity(values), *moments), gradient

    passed, *grams = observe(features)
    return passed, tuple(grams)


class Partition(NamedTuple):
    """Which pixels of one layer make up each region.

    Parameters
    ----------
    order : (M,) int32 array
        Indices of the regions' pixels in row order, region by region. A pixel may be in none or in several.
    counts : tuple of int
        Pixels of each region, each at least 1; they sum to M.
    """

    order: NDArray[np.int32]
    counts: tuple[int, ...]

    @classmethod
    def of(cls, regions: Sequence[NDArray[np.int32]]) -> Partition:
        """Return the partition into regions that are given by the indices of their pixels."""
        return cls(np.concatenate(regions).astype(np.int32), tuple(len(cells) for cells in regions))


def observe_region_grams(features: Tensor, partition: Partition) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return features as they are, with the Gram matrix of each region, divided by its pixel count.

    Equals `observe_grams` with weights of 0 and 1, at the cost of one Gram however many disjoint regions there
    are: each region's rows are gathered, none is multiplied by a mask.

    Parameters
    ----------
    features : (H, W, C) or (N, C) tensor, float32 or bfloat16
        Features of one layer.
    partition : Partition
        The regions on the layer's grid.

    Returns
    -------
    features : tensor like `features`
        See `observe_grams`.
    grams : tuple of (C, C) float32 tensor
        One for each region.
    """
    channels = features.shape[-1]
    pixels = int(np.prod(features.shape[:-1]))
    ends = np.cumsum(partition.counts)
    segments = [slice(end - count, end) for end, count in zip(ends, partition.counts, strict=True)]
    inverses = _inverses(partition.order, pixels)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def observe(values: Tensor) -> tuple[tuple[Tensor, ...], Callable[..., Tensor]]:
        rows = tf.reshape(values, (-1, channels))
        members = tf.gather(rows, partition.order)
        moments = [
            _sum_of_products(members[each], None) / count
            for each, count in zip(segments, partition.counts, strict=True)
        ]

        def gradient(arriving: Tensor, *upstreams: Tensor) -> Tensor:
            # Gathered again: keeping the rows until now would double the features' memory.
            with tf.control_dependencies([arriving]):
                again = tf.gather(rows, partition.order)
            products = []
            for each, count, upstream in zip(segments, partition.counts, upstreams, strict=True):
                symmetric = tf.cast((upstream + tf.transpose(upstream)) / count, rows.dtype)
                products.append(tf.matmul(again[each], symmetric))
            # The row after the last is for pixels of no region.
            joined = tf.concat([*products, tf.zeros((1, channels), rows.dtype)], axis=0)
            total = tf.reshape(arriving, (-1, channels))
            for inverse in inverses:
                total += tf.gather(joined, inverse)
            return tf.reshape(total, tf.shape(values))

        return (tf.identity(values), *moments), gradient

    passed, *grams = observe(features)
    return passed, tuple(grams)


def _inverses(order: NDArray[np.int32], pixels: int) -> NDArray[np.int32]:
    """Return (most regions of a pixel, pixels) positions in `order`, len(order) where a pixel has no more."""
    by_pixel = np.argsort(order, kind="stable")
    grouped = order[by_pixel]
    first = np.searchsorted(grouped, grouped)
    turn = np.arange(len(order)) - first
    inverses = np.full((int(turn.max(initial=-1)) + 1, pixels), len(order), np.int32)
    inverses[turn, grouped] = by_pixel
    return inverses


def _sum_of_products(rows: Tensor, column: Tensor | None) -> Tensor:
    """Return ``F^T diag(w) F`` in float32, summed over slices of the pixels."""
    total = tf.zeros((rows.shape[1], rows.shape[1]))
    for start in range(0, rows.shape[0], SLICE_PIXELS):
        chosen = slice(start, start + SLICE_PIXELS)
        with tf.control_dependencies([total]):
            exact = tf.cast(rows[chosen], tf.float32)
            weighted = exact if column is None else exact * column[chosen]
            total += tf.matmul(weighted, exact, transpose_a=True)
    return total
