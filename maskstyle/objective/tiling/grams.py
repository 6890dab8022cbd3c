"""The Gram computation of one tile, in a graph that is compiled once for all tiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.objective.gram import SLICE_PIXELS, Judge, slopes_of
from maskstyle.objective.tiling.members import Members


def observe_tile_grams(
    features: Tensor, members: Members, divisors: Sequence[float], judge: Judge = tf.identity
) -> tuple[Tensor, Tensor]:
    """Return features as they are, with a tile's part of Gram matrices.

    Parameters
    ----------
    features : (h, w, C) tensor, float32 or bfloat16
        The tile's features of one layer.
    members : Members
        Tensors in place of its arrays, of lengths that are known when the graph runs.
    divisors : sequence of float
        What each Gram matrix of the whole image is divided by.
    judge : callable, optional
        See `maskstyle.objective.gram.observe_grams`.

    Returns
    -------
    features : tensor like `features`
        See `maskstyle.objective.gram.observe_grams`.
    judged : float32 tensor
        What `judge` returns; without it the (K, C, C) parts, whose sums over all tiles are the Gram matrices.
    """
    channels = features.shape[-1]
    number = len(divisors)
    starts = tf.unstack(members.ends, num=number + 1)
    weighted = members.weights.shape[0] != 0

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def observe(values: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[..., Tensor]]:
        rows = tf.reshape(values, (-1, channels))
        grams = tf.stack(
            [
                _sum_of_products(rows, members, start, stop, weighted) / divisor
                for start, stop, divisor in zip(starts, starts[1:], divisors, strict=False)
            ]
        )

        def gradient(arriving: Tensor, upstream: Tensor) -> Tensor:
            slopes = tf.unstack(slopes_of(judge, grams, upstream, after=arriving), num=number)
            products: list[Tensor] = []
            for start, stop, divisor, slope in zip(starts, starts[1:], divisors, slopes, strict=False):
                with tf.control_dependencies([arriving, *products[-1:]]):
                    product = tf.matmul(
                        tf.gather(rows, members.order[start:stop]), tf.cast(slope / divisor, rows.dtype)
                    )
                    if weighted:
                        product *= tf.cast(tf.expand_dims(members.weights[start:stop], 1), rows.dtype)
                    products.append(product)
            # The row after the last is for cells that no Gram counts.
            joined = tf.concat([*products, tf.zeros((1, channels), rows.dtype)], axis=0)
            total = tf.reshape(arriving, (-1, channels))
            for level in tf.unstack(members.inverse, axis=0):
                total += tf.gather(joined, level)
            return tf.reshape(total, tf.shape(values))

        return (tf.identity(values), judge(grams)), gradient

    return observe(features)  # type: ignore[no-any-return]


def _sum_of_products(rows: Tensor, members: Members, start: Tensor, stop: Tensor, weighted: bool) -> Tensor:
    """Return ``F^T diag(w) F`` in float32 over the rows of one Gram matrix, in slices of them."""

    def add(position: Tensor, total: Tensor) -> tuple[Tensor, Tensor]:
        until = tf.minimum(position + SLICE_PIXELS, stop)
        exact = tf.cast(tf.gather(rows, members.order[position:until]), tf.float32)
        left = exact * tf.expand_dims(members.weights[position:until], 1) if weighted else exact
        return until, total + tf.matmul(left, exact, transpose_a=True)

    channels = rows.shape[-1]
    _, total = tf.while_loop(
        lambda position, _: position < stop, add, (start, tf.zeros((channels, channels))), parallel_iterations=1
    )
    return total


def specification(levels: int, cells: int, grams: int, *, weighted: bool) -> Members:
    """Return the tensor specifications that stand for the members of any tile in a graph."""
    return Members(
        tf.TensorSpec([None], tf.int32),
        tf.TensorSpec([grams + 1], tf.int32),
        tf.TensorSpec([None] if weighted else [0], tf.float32),
        tf.TensorSpec([levels, cells], tf.int32),
    )


def as_tensors(members: Members) -> Members:
    """Return members as tensors."""
    return Members(*(tf.constant(np.ascontiguousarray(each)) for each in members))


def observe_slope(features: Tensor, slope: Tensor) -> tuple[Tensor, Tensor]:
    """Return features as they are, to be used from here on, with a scalar 0 whose gradient in them is `slope`."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def observe(values: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[..., Tensor]]:
        def gradient(arriving: Tensor, upstream: Tensor) -> Tensor:
            return arriving + tf.cast(upstream, values.dtype) * slope

        return (tf.identity(values), tf.constant(0.0)), gradient

    return observe(features)  # type: ignore[no-any-return]
