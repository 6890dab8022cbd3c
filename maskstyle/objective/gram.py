"""The shared Gram computation: a weighted second moment of features.

``gram(F, w) = F^T diag(w) F / sum(w)`` for features ``F`` of ``n`` pixels and ``c`` channels and pixel
weights ``w >= 0``. Weights of one give the Gram matrix of Gatys, Ecker and Bethge ("Image Style Transfer
Using Convolutional Neural Networks", CVPR 2016) divided by the number of pixels; weights in {0, 1} that of
a region, divided by its pixel count; weights in [0, 1] that under a soft mask, divided by the mask's sum.
Dividing by the sum makes regions, masks and images of different size comparable.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.soft_masks import MaskGroup
from maskstyle.networks.tensorflow import Tensor, tf

Judge: TypeAlias = Callable[[Tensor], Tensor]
"""From Gram matrices (K, C, C) to whatever is wanted of them, differentiable."""

SLICE_PIXELS = 32768
"""Pixels that are converted and multiplied at a time: they fit the processor's caches better than all at once,
and no float32 copy of all features is needed."""


SLICE_VALUES = 1 << 22
"""Values of weighted features that are made at a time, for the same reason."""


BATCH_COLUMNS = 32
"""Columns of weights, each with a matrix of its own, that are worked on at a time."""


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
    >>>     >>> features = tf.constant([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    >>> gram(features, tf.constant([1.0, 0.0, 1.0])).numpy().tolist()
    [[1.0, 0.5], [0.5, 0.5]]
    """
    _, matrices = observe_grams(features, [PixelWeights(weights, divisor)])
    return tf.squeeze(matrices, axis=0)


def observe_grams(
    features: Tensor, weighings: Sequence[PixelWeights], judge: Judge = tf.identity
) -> tuple[Tensor, Tensor]:
    """Return features as they are, to be used from here on, with their Gram matrices under several weights.

    Parameters
    ----------
    features : (H, W, C) or (N, C) tensor, float32 or bfloat16
        Features of one layer.
    weighings : sequence of PixelWeights
        One for each Gram matrix.
    judge : callable, optional
        What is wanted of the Grams (K, C, C), such as their distances to targets. It is evaluated once more in the
        backward pass: only the Grams are held in between.

    Returns
    -------
    features : tensor like `features`
        The same values. A network that goes on from these gets the Grams' gradients added when its backward
        pass arrives here, so that those of different layers are never held at the same time.
    judged : float32 tensor
        What `judge` returns; without it the Grams (K, C, C), one for each of `weighings`.

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
    def observe(values: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[..., Tensor]]:
        rows = tf.reshape(values, (-1, channels))
        grams = tf.stack(
            [_sum_of_products(rows, column) / divisor for column, divisor in zip(columns, divisors, strict=True)]
        )

        def gradient(arriving: Tensor, upstream: Tensor) -> Tensor:
            slopes = tf.unstack(slopes_of(judge, grams, upstream, after=arriving), num=len(divisors))
            # Each addition waits for the one before, so that one product exists at a time.
            total = tf.reshape(arriving, (-1, channels))
            for column, divisor, slope in zip(columns, divisors, slopes, strict=True):
                with tf.control_dependencies([total]):
                    # The gradient leaves in the features' own type, so the product is made in it: only
                    # the small matrix is rounded, and bfloat16 has float32's range.
                    product = tf.matmul(rows, tf.cast(slope / divisor, rows.dtype))
                    total += product if column is None else product * tf.cast(column, rows.dtype)
            return tf.reshape(total, tf.shape(values))

        return (tf.identity(values), judge(grams)), gradient

    return observe(features)  # type: ignore[no-any-return]


def slopes_of(judge: Judge, grams: Tensor, upstream: Tensor, *, after: Tensor) -> Tensor:
    """Return ``U + U^T`` (K, C, C) for the gradient U in each Gram of what the judge makes of them all.

    It is made after another tensor, as otherwise those of all layers would be made and held at the same time.
    """
    with tf.control_dependencies([after]), tf.GradientTape() as tape:
        tape.watch(grams)
        judged = judge(grams)
        slopes = tape.gradient(judged, grams, output_gradients=upstream)
        return slopes + tf.linalg.matrix_transpose(slopes)


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


def observe_region_grams(features: Tensor, partition: Partition, judge: Judge = tf.identity) -> tuple[Tensor, Tensor]:
    """Return features as they are, with the Gram matrix of each region, divided by its pixel count.

    Equals `observe_grams` with weights of 0 and 1, at the cost of one Gram however many disjoint regions there
    are: each region's rows are gathered, none is multiplied by a mask.

    Parameters
    ----------
    features : (H, W, C) or (N, C) tensor, float32 or bfloat16
        Features of one layer.
    partition : Partition
        The regions on the layer's grid.
    judge : callable, optional
        See `observe_grams`.

    Returns
    -------
    features : tensor like `features`
        See `observe_grams`.
    judged : float32 tensor
        What `judge` returns; without it the Grams (K, C, C), one for each region.
    """
    channels = features.shape[-1]
    pixels = int(np.prod(features.shape[:-1]))
    ends = np.cumsum(partition.counts)
    segments = [slice(end - count, end) for end, count in zip(ends, partition.counts, strict=True)]
    inverses = inverse_order(partition.order, pixels)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def observe(values: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[..., Tensor]]:
        rows = tf.reshape(values, (-1, channels))
        members = tf.gather(rows, partition.order)
        grams = tf.stack(
            [
                _sum_of_products(members[each], None) / count
                for each, count in zip(segments, partition.counts, strict=True)
            ]
        )

        def gradient(arriving: Tensor, upstream: Tensor) -> Tensor:
            slopes = tf.unstack(slopes_of(judge, grams, upstream, after=arriving), num=len(segments))
            # Gathered again: keeping the rows until now would double the features' memory.
            with tf.control_dependencies([arriving]):
                again = tf.gather(rows, partition.order)
            products = [
                tf.matmul(again[each], tf.cast(slope / count, rows.dtype))
                for each, count, slope in zip(segments, partition.counts, slopes, strict=True)
            ]
            # The row after the last is for pixels of no region.
            joined = tf.concat([*products, tf.zeros((1, channels), rows.dtype)], axis=0)
            total = tf.reshape(arriving, (-1, channels))
            for inverse in inverses:
                total += tf.gather(joined, inverse)
            return tf.reshape(total, tf.shape(values))

        return (tf.identity(values), judge(grams)), gradient

    return observe(features)  # type: ignore[no-any-return]


class MaskPlan:
    """How several soft masks weigh the pixels of one layer, ready for `observe_mask_grams`.

    Parameters
    ----------
    groups : sequence of MaskGroup
        The layer's pixels by the masks that weigh them.
    pixels : int
        Pixels of the layer.
    """

    def __init__(self, groups: Sequence[MaskGroup], pixels: int) -> None:
        order = np.concatenate([group.cells for group in groups])
        # Tensors that are made outside of a graph are held once; inside, each graph would have its own copy.
        with tf.init_scope():
            self.order = tf.constant(order)
            self.inverse = tf.constant(inverse_order(order, pixels)[0])
            self._columns = [None if (group.columns == 1).all() else tf.constant(group.columns) for group in groups]
        self._sizes = [len(group.cells) for group in groups]
        self._shares = [group.shares for group in groups]

    def batches(self) -> list[_Batch]:
        """Return the groups in batches that bound how many matrices are held at the same time."""
        batches: list[_Batch] = []
        start = 0
        for size, columns, shares in zip(self._sizes, self._columns, self._shares, strict=True):
            if not batches or sum(map(len, batches[-1].shares)) >= BATCH_COLUMNS:
                batches.append(_Batch([], [], []))
            stop = start + size
            batches[-1].places.append(slice(start, stop))
            batches[-1].columns.append(columns)
            batches[-1].shares.append(shares)
            start = stop
        return batches


class _Batch(NamedTuple):
    """Some groups: where their pixels are in the order, their columns of weights, and the masks' shares in these."""

    places: list[slice]
    columns: list[Tensor | None]
    shares: list[NDArray[np.float32]]

    def mixing(self, divisors: Sequence[float]) -> Tensor:
        """Return the (columns, K) share of each column's moments in each mask's Gram."""
        return tf.constant(np.concatenate(self.shares) / np.array(divisors, np.float32))


def observe_mask_grams(
    features: Tensor, plan: MaskPlan, divisors: Sequence[float], judge: Judge = tf.identity
) -> tuple[Tensor, Tensor]:
    """Return features as they are, with their Gram matrix under each of several soft masks.

    Equals `observe_grams` with the masks as weights, to rounding. Only pixels that a mask weighs are multiplied
    for it, in the features' own type, and summed in float32: masks that share the image out among them cost
    about one Gram, however many there are.

    Parameters
    ----------
    features : (H, W, C) or (N, C) tensor, float32 or bfloat16
        Features of one layer.
    plan : MaskPlan
        The masks on the layer's grid.
    divisors : sequence of float
        What each mask's Gram is divided by.
    judge : callable, optional
        See `observe_grams`.

    Returns
    -------
    features : tensor like `features`
        See `observe_grams`.
    judged : float32 tensor
        What `judge` returns; without it the Grams (K, C, C), one for each mask.
    """
    channels = features.shape[-1]
    batches = [(batch, batch.mixing(divisors)) for batch in plan.batches()]

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def observe(values: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[..., Tensor]]:
        rows = tf.reshape(values, (-1, channels))
        members = tf.gather(rows, plan.order)
        grams = None
        for batch, mixing in batches:
            with tf.control_dependencies([] if grams is None else [grams]):
                moments = [
                    _moments(members[place], columns)
                    for place, columns in zip(batch.places, batch.columns, strict=True)
                ]
                stacked = tf.reshape(tf.concat(moments, axis=0), (-1, channels**2))
                # Without zeros to begin with: as constants of the graph they would be held all the time.
                mixed = tf.matmul(mixing, stacked, transpose_a=True)
                grams = mixed if grams is None else grams + mixed
        grams = tf.reshape(grams, (-1, channels, channels))

        def gradient(arriving: Tensor, upstream: Tensor) -> Tensor:
            slopes = tf.reshape(slopes_of(judge, grams, upstream, after=arriving), (-1, channels**2))
            # Gathered again: keeping the rows until now would double the features' memory.
            with tf.control_dependencies([arriving]):
                again = tf.gather(rows, plan.order)
            products: list[Tensor] = []
            for batch, mixing in batches:
                with tf.control_dependencies([slopes, *products[-1:]]):
                    mixed = tf.cast(tf.reshape(tf.matmul(mixing, slopes), (-1, channels)), rows.dtype)
                by_group = tf.split(mixed, [len(shares) * channels for shares in batch.shares])
                for place, columns, slope in zip(batch.places, batch.columns, by_group, strict=True):
                    products += _sloped(again[place], columns, slope)
            # The row after the last is for pixels that no mask weighs.
            joined = tf.concat([*products, tf.zeros((1, channels), rows.dtype)], axis=0)
            total = tf.reshape(arriving, (-1, channels)) + tf.gather(joined, plan.inverse)
            return tf.reshape(total, tf.shape(values))

        return (tf.identity(values), judge(grams)), gradient

    return observe(features)  # type: ignore[no-any-return]


def _moments(rows: Tensor, columns: Tensor | None) -> Tensor:
    """Return ``F^T diag(w) F`` of a group's rows (M, C) for each of its columns w, one below the other."""
    total: Tensor | None = None
    for chosen in _slices(rows, columns):
        with tf.control_dependencies([] if total is None else [total]):
            own = rows[chosen]
            product = tf.cast(tf.matmul(_weighted(own, columns, chosen), own, transpose_a=True), tf.float32)
            total = product if total is None else total + product
    return total


def _sloped(rows: Tensor, columns: Tensor | None, slope: Tensor) -> list[Tensor]:
    """Return the sum over columns w of ``diag(w) F U`` with slopes U (R C, C), in slices of the pixels."""
    products: list[Tensor] = []
    for chosen in _slices(rows, columns):
        with tf.control_dependencies(products[-1:]):
            products.append(tf.matmul(_weighted(rows[chosen], columns, chosen), slope))
    return products


def _slices(rows: Tensor, columns: Tensor | None) -> list[slice]:
    length = max(1, SLICE_VALUES // (_width(columns) * rows.shape[1]))
    return [slice(start, start + length) for start in range(0, rows.shape[0], length)]


def _width(columns: Tensor | None) -> int:
    return 1 if columns is None else int(columns.shape[1])


def _weighted(rows: Tensor, columns: Tensor | None, chosen: slice) -> Tensor:
    """Return rows (M, C), times each of R columns of weights, side by side: (M, R C)."""
    if columns is None:
        return rows
    weights = tf.expand_dims(tf.cast(columns[chosen], rows.dtype), axis=2)
    return tf.reshape(tf.expand_dims(rows, axis=1) * weights, (rows.shape[0], -1))


def inverse_order(order: NDArray[np.int32], pixels: int) -> NDArray[np.int32]:
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
    total: Tensor | None = None
    for start in range(0, rows.shape[0], SLICE_PIXELS):
        chosen = slice(start, start + SLICE_PIXELS)
        with tf.control_dependencies([] if total is None else [total]):
            exact = tf.cast(rows[chosen], tf.float32)
            weighted = exact if column is None else exact * column[chosen]
            product = tf.matmul(weighted, exact, transpose_a=True)
            total = product if total is None else total + product
    return total
