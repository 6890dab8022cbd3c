"""Gram matrices of features, weighted pixel by pixel.

For the features ``F`` of one layer, ``n`` pixels by ``c`` channels, and pixel weights ``w >= 0``::

    gram(F, w) = F^T diag(w) F / sum(w)        # (c, c): a weighted second moment

With all weights 1 this is the Gram matrix of Gatys, Ecker and Bethge ("Image Style Transfer Using Convolutional
Neural Networks", CVPR 2016) divided by the number of pixels. Weights in {0, 1} select a region and divide by its
pixel count; weights in [0, 1] are a soft mask and divide by its sum. The division makes the Gram matrices of regions,
masks and images of different sizes comparable.

`observe_grams` (any weights), `observe_region_grams` (regions) and `observe_mask_grams` (soft masks) compute several
Gram matrices of a layer inside a network. With the upstream gradient ``U`` of a Gram matrix, its gradient with
respect to the features is ``diag(w) F (U + U^T) / sum(w)``. The three functions implement this formula by hand, so
that the features and the small matrices are all that is kept between the forward and the backward pass.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.soft_masks import MaskGroup
from maskstyle.images.pixels import Size
from maskstyle.networks.tensorflow import Tensor, tf

GramFunction: TypeAlias = Callable[[Tensor], Tensor]
"""A differentiable function of Gram matrices (K, C, C), such as their squared distances to targets."""

SLICE_PIXELS = 32768
"""Pixels to convert to float32 and multiply at a time: the slices fit the processor's caches, and no float32 copy of
all features is needed."""

SLICE_VALUES = 1 << 22
"""Values of mask-weighted features to compute at a time, for the same reason."""

BATCH_COLUMNS = 32
"""Columns of mask weights to process at a time; each has a (C, C) matrix of its own."""


class PixelWeights(NamedTuple):
    """The pixel weights of one Gram matrix."""

    weights: Tensor | None = None  # (H, W) or (N,), at least 0; None for 1 everywhere
    divisor: Tensor | float | None = None  # divisor of the weighted sum; None for the sum of the weights


def slices_of(size: Size) -> int:
    """Return a number of slices for the layers of images of about a (height, width), where a graph is for many."""
    slices = math.ceil(size[0] * size[1] / SLICE_PIXELS)
    return int(2 ** math.ceil(math.log2(slices)))


def gram(
    features: Tensor,
    weights: Tensor | None = None,
    divisor: Tensor | float | None = None,
    *,
    slices: int | None = None,
) -> Tensor:
    """Return the weighted Gram matrix (C, C) of features (H, W, C) or (N, C), ``F^T diag(w) F / divisor``.

    Weights are 1 by default; the divisor is by default their sum. Products and sums are in float32, also for bfloat16
    features. For `slices` see `observe_grams`.

    >>> features = tf.constant([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
    >>> gram(features, tf.constant([1.0, 0.0, 1.0])).numpy().tolist()
    [[1.0, 0.5], [0.5, 0.5]]
    """
    _, grams = observe_grams(features, [PixelWeights(weights, divisor)], slices=slices)
    return tf.squeeze(grams, axis=0)


def observe_grams(
    features: Tensor,
    weightings: Sequence[PixelWeights],
    function: GramFunction = tf.identity,
    *,
    slice_pixels: int = SLICE_PIXELS,
    slices: int | None = None,
) -> tuple[Tensor, Tensor]:
    """Pass features (H, W, C) or (N, C) on unchanged and compute their K Gram matrices under several weightings.

    Continue the network from the features returned: their backward pass then adds the gradient of the Gram matrices
    when it reaches the layer, and never holds those of several layers at once.

    `function` maps the Gram matrices (K, C, C) to the result, for example to their distances to targets. The backward
    pass evaluates it again, so that only the Gram matrices are kept between the passes. `slice_pixels` are multiplied
    at a time; where a graph does not know the number of pixels, `slices` are at least as many as these need.
    """
    channels = features.shape[-1]
    columns = [
        None if weights is None else tf.reshape(tf.cast(weights, tf.float32), (-1, 1)) for weights, _ in weightings
    ]
    pixels = tf.cast(tf.size(features) // channels, tf.float32)
    slices = math.ceil(int(np.prod(features.shape[:-1])) / slice_pixels) if slices is None else slices
    divisors = [
        divisor if divisor is not None else pixels if column is None else tf.reduce_sum(column)
        for (_, divisor), column in zip(weightings, columns, strict=True)
    ]

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def observe(values: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[..., Tensor]]:
        rows = tf.reshape(values, (-1, channels))
        grams = tf.stack(
            [
                _sum_of_products(rows, column, slice_pixels, slices) / divisor
                for column, divisor in zip(columns, divisors, strict=True)
            ]
        )

        def gradient(features_upstream: Tensor, upstream: Tensor) -> Tensor:
            symmetric = symmetric_gradient(function, grams, upstream, after=features_upstream)
            # Each addition waits for the one before, so that only one product exists at a time.
            total = tf.reshape(features_upstream, (-1, channels))
            for column, divisor, matrix in zip(
                columns, divisors, tf.unstack(symmetric, num=len(divisors)), strict=True
            ):
                with tf.control_dependencies([total]):
                    # The gradient has the type of the features, and so has this product: it rounds the small matrix
                    # only, and bfloat16 has the range of float32.
                    product = tf.matmul(rows, tf.cast(matrix / divisor, rows.dtype))
                    total += product if column is None else product * tf.cast(column, rows.dtype)
            return tf.reshape(total, tf.shape(values))

        return (tf.identity(values), function(grams)), gradient

    return observe(features)  # type: ignore[no-any-return]


def symmetric_gradient(function: GramFunction, grams: Tensor, upstream: Tensor, *, after: Tensor) -> Tensor:
    """Return ``U + U^T`` (K, C, C), where U is the gradient of `function` with respect to each Gram matrix.

    The computation waits for the tensor `after`; otherwise TensorFlow would compute and hold the matrices of all
    layers at the same time.
    """
    with tf.control_dependencies([after]), tf.GradientTape() as tape:
        tape.watch(grams)
        result = function(grams)
        gradients = tape.gradient(result, grams, output_gradients=upstream)
        return gradients + tf.linalg.matrix_transpose(gradients)


class Partition(NamedTuple):
    """The pixels of each region on one layer's grid."""

    # (M,): flat pixel indices, region by region. Regions may overlap, and need not cover the grid.
    order: NDArray[np.int32]
    counts: tuple[int, ...]  # number of pixels of each region, at least 1; they sum to M

    @classmethod
    def of(cls, regions: Sequence[NDArray[np.int32]]) -> Partition:
        """Return the partition for regions given as arrays of flat pixel indices."""
        return cls(np.concatenate(regions).astype(np.int32), tuple(len(cells) for cells in regions))


def observe_region_grams(
    features: Tensor, partition: Partition, function: GramFunction = tf.identity, *, slice_pixels: int = SLICE_PIXELS
) -> tuple[Tensor, Tensor]:
    """Pass features on unchanged and compute the Gram matrix of each region, divided by its pixel count.

    Equals `observe_grams` with weights of 0 and 1; see there. Gathering the pixels of each region instead of
    multiplying all features by a mask makes any number of disjoint regions as fast as one Gram matrix.
    """
    channels = features.shape[-1]
    pixels = int(np.prod(features.shape[:-1]))
    ends = np.cumsum(partition.counts)
    segments = [slice(end - count, end) for end, count in zip(ends, partition.counts, strict=True)]
    inverses = inverse_order(partition.order, pixels)

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def observe(values: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[..., Tensor]]:
        rows = tf.reshape(values, (-1, channels))
        grams = tf.stack(
            [
                _sum_of_gathered(rows, partition.order[segment], slice_pixels) / count
                for segment, count in zip(segments, partition.counts, strict=True)
            ]
        )

        def gradient(features_upstream: Tensor, upstream: Tensor) -> Tensor:
            symmetric = symmetric_gradient(function, grams, upstream, after=features_upstream)
            # Gather again, and region by region: keeping the rows of all would double the memory of the features.
            products: list[Tensor] = []
            matrices = tf.unstack(symmetric, num=len(segments))
            for segment, count, matrix in zip(segments, partition.counts, matrices, strict=True):
                with tf.control_dependencies([features_upstream, *products[-1:]]):
                    gathered = tf.gather(rows, partition.order[segment])
                    products.append(tf.matmul(gathered, tf.cast(matrix / count, rows.dtype)))
            # The last row of zeros is for pixels outside all regions.
            joined = tf.concat([*products, tf.zeros((1, channels), rows.dtype)], axis=0)
            total = tf.reshape(features_upstream, (-1, channels))
            for inverse in inverses:
                total += tf.gather(joined, inverse)
            return tf.reshape(total, tf.shape(values))

        return (tf.identity(values), function(grams)), gradient

    return observe(features)  # type: ignore[no-any-return]


class MaskPlan:
    """Soft masks on one layer's grid, as `maskstyle.guidance.soft_masks.group_masks` groups its pixels."""

    def __init__(self, groups: Sequence[MaskGroup], pixels: int) -> None:
        order = np.concatenate([group.cells for group in groups])
        # Tensors made outside a graph exist once; made inside, each graph would hold a copy.
        with tf.init_scope():
            self.order = tf.constant(order)
            self.inverse = tf.constant(inverse_order(order, pixels)[0])
            self._columns = [None if (group.columns == 1).all() else tf.constant(group.columns) for group in groups]
        self._sizes = [len(group.cells) for group in groups]
        self._shares = [group.shares for group in groups]

    def batches(self) -> list[_Batch]:
        """Return the groups in batches, which bound the number of matrices held at a time."""
        batches: list[_Batch] = []
        start = 0
        for size, columns, shares in zip(self._sizes, self._columns, self._shares, strict=True):
            if not batches or sum(map(len, batches[-1].shares)) >= BATCH_COLUMNS:
                batches.append(_Batch([], [], []))
            stop = start + size
            batches[-1].segments.append(slice(start, stop))
            batches[-1].columns.append(columns)
            batches[-1].shares.append(shares)
            start = stop
        return batches


class _Batch(NamedTuple):
    """Some groups: the segment of their pixels in the order, their weight columns, and the shares of the masks."""

    segments: list[slice]
    columns: list[Tensor | None]
    shares: list[NDArray[np.float32]]

    def mixing(self, divisors: Sequence[float]) -> Tensor:
        """Return the (columns, K) factors that turn the moments of all columns into the K Gram matrices."""
        return tf.constant(np.concatenate(self.shares) / np.array(divisors, np.float32))


def observe_mask_grams(
    features: Tensor,
    plan: MaskPlan,
    divisors: Sequence[float],
    function: GramFunction = tf.identity,
    *,
    slice_values: int = SLICE_VALUES,
) -> tuple[Tensor, Tensor]:
    """Pass features on unchanged and compute their Gram matrix under each of several soft masks, with a divisor each.

    Equals `observe_grams` with the masks as weights, up to rounding; see there. Weighted features keep the type of
    the features, and sums are in float32. Each mask is multiplied with the pixels where it is above 0 only, so that
    masks that divide the image among them cost about as much as one Gram matrix. `slice_values` weighted values are
    computed at a time.
    """
    channels = features.shape[-1]
    batches = [(batch, batch.mixing(divisors)) for batch in plan.batches()]

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def observe(values: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[..., Tensor]]:
        rows = tf.reshape(values, (-1, channels))
        grams = _mixed_moments(rows, plan.order, batches, slice_values)

        def gradient(features_upstream: Tensor, upstream: Tensor) -> Tensor:
            symmetric = symmetric_gradient(function, grams, upstream, after=features_upstream)
            matrices = tf.reshape(symmetric, (-1, channels**2))
            with tf.control_dependencies([features_upstream]):
                products = _mixed_products(rows, plan.order, batches, matrices, slice_values)
            # The last row of zeros is for pixels outside all masks.
            joined = tf.concat([*products, tf.zeros((1, channels), rows.dtype)], axis=0)
            total = tf.reshape(features_upstream, (-1, channels)) + tf.gather(joined, plan.inverse)
            return tf.reshape(total, tf.shape(values))

        return (tf.identity(values), function(grams)), gradient

    return observe(features)  # type: ignore[no-any-return]


def _mixed_moments(
    rows: Tensor, order: Tensor, batches: Sequence[tuple[_Batch, Tensor]], slice_values: int
) -> Tensor:
    """Return the Gram matrices (K, C, C) from the rows, gathered in the order of the plan."""
    channels = rows.shape[-1]
    grams = None
    for batch, mixing in batches:
        with tf.control_dependencies([] if grams is None else [grams]):
            moments = [
                _moments(rows, order[segment], columns, slice_values)
                for segment, columns in zip(batch.segments, batch.columns, strict=True)
            ]
            stacked = tf.reshape(tf.concat(moments, axis=0), (-1, channels**2))
            # Do not start from zeros: as constants of the graph they would stay in memory.
            mixed = tf.matmul(mixing, stacked, transpose_a=True)
            grams = mixed if grams is None else grams + mixed
    return tf.reshape(grams, (-1, channels, channels))


def _mixed_products(
    rows: Tensor, order: Tensor, batches: Sequence[tuple[_Batch, Tensor]], matrices: Tensor, slice_values: int
) -> list[Tensor]:
    """Return the gradient of the Gram matrices with respect to rows in the order of the plan, in slices."""
    channels = rows.shape[-1]
    products: list[Tensor] = []
    for batch, mixing in batches:
        with tf.control_dependencies([matrices, *products[-1:]]):
            mixed = tf.cast(tf.reshape(tf.matmul(mixing, matrices), (-1, channels)), rows.dtype)
        by_group = tf.split(mixed, [len(shares) * channels for shares in batch.shares])
        for segment, columns, stacked in zip(batch.segments, batch.columns, by_group, strict=True):
            products += _products(rows, order[segment], columns, stacked, slice_values)
    return products


def _moments(rows: Tensor, order: Tensor, columns: Tensor | None, slice_values: int) -> Tensor:
    """Return ``F^T diag(w) F`` of the rows in an order, for each column w of weights, stacked to (R C, C)."""
    total: Tensor | None = None
    for chosen in _slices(order, columns, rows.shape[1], slice_values):
        with tf.control_dependencies([] if total is None else [total]):
            part = tf.gather(rows, order[chosen])
            product = tf.cast(tf.matmul(_weighted(part, columns, chosen), part, transpose_a=True), tf.float32)
            total = product if total is None else total + product
    return total


def _products(
    rows: Tensor, order: Tensor, columns: Tensor | None, matrices: Tensor, slice_values: int
) -> list[Tensor]:
    """Return the sum over columns w of ``diag(w) F U_w``, in slices of the rows in an order, for U (R C, C)."""
    products: list[Tensor] = []
    for chosen in _slices(order, columns, rows.shape[1], slice_values):
        with tf.control_dependencies(products[-1:]):
            gathered = tf.gather(rows, order[chosen])
            products.append(tf.matmul(_weighted(gathered, columns, chosen), matrices))
    return products


def _slices(order: Tensor, columns: Tensor | None, channels: int, slice_values: int) -> list[slice]:
    width = 1 if columns is None else int(columns.shape[1])
    length = max(1, slice_values // (width * channels))
    return [slice(start, start + length) for start in range(0, order.shape[0], length)]


def _weighted(rows: Tensor, columns: Tensor | None, chosen: slice) -> Tensor:
    """Return rows (M, C) times each of R columns of weights, side by side: (M, R C)."""
    if columns is None:
        return rows
    weights = tf.expand_dims(tf.cast(columns[chosen], rows.dtype), axis=2)
    return tf.reshape(tf.expand_dims(rows, axis=1) * weights, (rows.shape[0], -1))


def inverse_order(order: NDArray[np.int32], pixels: int) -> NDArray[np.int32]:
    """Return the positions of each pixel in `order`, (levels, pixels), to gather from where a forward pass scattered.

    In `order`, some pixels may occur several times or not at all. There is one level for each time that the most
    frequent pixel occurs; ``len(order)`` stands for no further position.

    >>> inverse_order(np.array([2, 0, 2], np.int32), 4).tolist()
    [[1, 3, 0, 3], [3, 3, 2, 3]]
    """
    by_pixel = np.argsort(order, kind="stable")
    grouped = order[by_pixel]
    first = np.searchsorted(grouped, grouped)
    level = np.arange(len(order)) - first
    inverses = np.full((int(level.max(initial=-1)) + 1, pixels), len(order), np.int32)
    inverses[level, grouped] = by_pixel
    return inverses


def _sum_of_gathered(rows: Tensor, order: NDArray[np.int32], slice_pixels: int) -> Tensor:
    """Return ``F^T F`` in float32 of some rows, gathered slice by slice."""
    total: Tensor | None = None
    for start in range(0, len(order), slice_pixels):
        with tf.control_dependencies([] if total is None else [total]):
            exact = tf.cast(tf.gather(rows, order[start : start + slice_pixels]), tf.float32)
            product = tf.matmul(exact, exact, transpose_a=True)
            total = product if total is None else total + product
    return total


def _sum_of_products(rows: Tensor, column: Tensor | None, slice_pixels: int, slices: int) -> Tensor:
    """Return ``F^T diag(w) F`` in float32, summed over slices of the pixels."""
    total: Tensor | None = None
    for start in range(0, slices * slice_pixels, slice_pixels):
        chosen = slice(start, start + slice_pixels)
        with tf.control_dependencies([] if total is None else [total]):
            exact = tf.cast(rows[chosen], tf.float32)
            weighted = exact if column is None else exact * column[chosen]
            product = tf.matmul(weighted, exact, transpose_a=True)
            total = product if total is None else total + product
    return total
