"""The Gram matrices of one tile, and a given gradient at a layer, in a graph that is compiled once for all tiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.objective.gram import SLICE_PIXELS, GramFunction, symmetric_gradient
from maskstyle.objective.tiling.tile_cells import TileCells


class LayerGrams(NamedTuple):
    """The Gram matrices of a layer, as far as they are the same for all tiles.

    Parameters
    ----------
    divisors : tuple of float
        Divisor of each Gram matrix of the whole image.
    levels : int
        The largest number of Gram matrices that share a cell.
    weighted : bool
        Whether cells have weights.
    """

    divisors: tuple[float, ...]
    levels: int
    weighted: bool

    def specification(self, cells: int) -> TileCells:
        """Return the tensor specifications of the cells of any tile, for the signature of a graph."""
        return TileCells(
            tf.TensorSpec([None], tf.int32),
            tf.TensorSpec([len(self.divisors) + 1], tf.int32),
            tf.TensorSpec([None] if self.weighted else [0], tf.float32),
            tf.TensorSpec([self.levels, cells], tf.int32),
        )


def as_tensors(cells: TileCells) -> TileCells:
    """Return the cells of a tile as tensors."""
    return TileCells(*(tf.constant(np.ascontiguousarray(each)) for each in cells))


def observe_tile_grams(
    features: Tensor,
    cells: TileCells,
    divisors: Sequence[float],
    function: GramFunction = tf.identity,
    *,
    slice_pixels: int = SLICE_PIXELS,
) -> tuple[Tensor, Tensor]:
    """Pass the features of a tile on unchanged and compute the tile's part of several Gram matrices.

    Parameters
    ----------
    features : (h, w, C) tensor, float32 or bfloat16
        Features of one layer on the tile's grid.
    cells : TileCells
        The cells of the K Gram matrices, as tensors; their lengths may be unknown until the graph runs.
    divisors : sequence of float
        Divisor of each Gram matrix of the whole image.
    function : callable, optional
        See `maskstyle.objective.gram.observe_grams`.
    slice_pixels : int, optional
        Cells to multiply at a time.

    Returns
    -------
    features : tensor like `features`
        The same values to continue the network from; see `maskstyle.objective.gram.observe_grams`.
    result : float32 tensor
        The result of `function`; by default the parts (K, C, C). The Gram matrices of the whole image are the sums of
        the parts over all tiles.
    """
    channels = features.shape[-1]
    number = len(divisors)
    ends = tf.unstack(cells.ends, num=number + 1)
    weighted = cells.weights.shape[0] != 0

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def observe(values: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[..., Tensor]]:
        rows = tf.reshape(values, (-1, channels))
        grams = tf.stack(
            [
                _sum_of_products(rows, cells, start, stop, weighted, slice_pixels) / divisor
                for start, stop, divisor in zip(ends, ends[1:], divisors, strict=False)
            ]
        )

        def gradient(features_upstream: Tensor, upstream: Tensor) -> Tensor:
            symmetric = symmetric_gradient(function, grams, upstream, after=features_upstream)
            products: list[Tensor] = []
            for start, stop, divisor, matrix in zip(
                ends, ends[1:], divisors, tf.unstack(symmetric, num=number), strict=False
            ):
                with tf.control_dependencies([features_upstream, *products[-1:]]):
                    gathered = tf.gather(rows, cells.order[start:stop])
                    product = tf.matmul(gathered, tf.cast(matrix / divisor, rows.dtype))
                    if weighted:
                        product *= tf.cast(tf.expand_dims(cells.weights[start:stop], 1), rows.dtype)
                    products.append(product)
            # The last row of zeros is for cells outside all Gram matrices.
            joined = tf.concat([*products, tf.zeros((1, channels), rows.dtype)], axis=0)
            total = tf.reshape(features_upstream, (-1, channels))
            for level in tf.unstack(cells.inverse, axis=0):
                total += tf.gather(joined, level)
            return tf.reshape(total, tf.shape(values))

        return (tf.identity(values), function(grams)), gradient

    return observe(features)  # type: ignore[no-any-return]


def _sum_of_products(
    rows: Tensor, cells: TileCells, start: Tensor, stop: Tensor, weighted: bool, slice_pixels: int
) -> Tensor:
    """Return ``F^T diag(w) F`` of the cells ``order[start:stop]`` in float32, summed over slices."""

    def add(position: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
        until = tf.minimum(position + slice_pixels, stop)
        exact = tf.cast(tf.gather(rows, cells.order[position:until]), tf.float32)
        left = exact * tf.expand_dims(cells.weights[position:until], 1) if weighted else exact
        return until, total + tf.matmul(left, exact, transpose_a=True)

    channels = rows.shape[-1]
    _, total = tf.while_loop(
        lambda position, _: position < stop, add, (start, tf.zeros((channels, channels))), parallel_iterations=1
    )
    return total


def add_gradient(features: Tensor, own_gradient: Tensor) -> tuple[Tensor, Tensor]:
    """Pass features on unchanged, with a scalar 0 that has a given gradient with respect to them."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def observe(values: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[..., Tensor]]:
        def gradient(features_upstream: Tensor, upstream: Tensor) -> Tensor:
            return features_upstream + tf.cast(upstream, values.dtype) * own_gradient

        return (tf.identity(values), tf.constant(0.0)), gradient

    return observe(features)  # type: ignore[no-any-return]
