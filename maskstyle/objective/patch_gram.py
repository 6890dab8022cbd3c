"""Squared distances between the Gram matrices of many patches and those of their matched style patches.

For a patch F of n cells by c channels and its style patch S of m cells the distance is::

    ||F^T F / n - S^T S / m||^2

With at least as many cells as channels the (c, c) matrices are computed and subtracted. With fewer cells the
expanded form is cheaper, as its products are between cells and no (c, c) matrix is needed::

    ||F F^T||^2 / n^2  -  2 ||F S^T||^2 / (n m)  +  ||S S^T||^2 / m^2
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.patches import Patches
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.objective.gram import inverse_order

DENSE = 0.25
"""Share of the cells that must belong to one more patch before all cells are gathered once more."""

SLICE_BYTES = 4 << 20
"""Memory for the patches to gather and multiply at a time, so that they fit the processor's caches. A slice has at
least one row of patches."""

DistanceGradient: TypeAlias = Callable[[Tensor], Tensor]
"""From the factors (P,) of the distances of patches to the gradient (P, N, C) of their weighted sum."""


class StyleGrams(NamedTuple):
    """Style patches in the form of Gram matrices."""

    # (Q, C, C): Gram matrix of each style patch, divided by its number of cells, of measured features (see
    # `measured_rows`).
    grams: Tensor
    squares: NDArray[np.float32]  # (Q,): sum of the squares of each Gram matrix

    @property
    def channels(self) -> int:
        """Channels of the measured features."""
        return int(self.grams.shape[-1])

    def distances(self, rows: Tensor, matches: Tensor) -> tuple[Tensor, DistanceGradient]:
        """Return the squared distances (P,) of patches (P, N, C) to their matches, and the gradient function."""
        cells = rows.shape[1]
        exact = tf.cast(rows, tf.float32)
        difference = tf.matmul(exact, exact, transpose_a=True) / cells - tf.gather(self.grams, matches)

        def gradient(factors: Tensor) -> Tensor:
            scaled = tf.reshape(4.0 / cells * factors, (-1, 1, 1)) * difference
            return tf.matmul(rows, tf.cast(scaled, rows.dtype))

        return tf.reduce_sum(tf.square(difference), axis=(1, 2)), gradient


class StyleCells(NamedTuple):
    """Style patches in the form of the features of their cells."""

    # (M, C): measured features of the style's layer (see `measured_rows`), times the square root of the factor on the
    # Gram matrices.
    rows: Tensor
    first_cells: NDArray[np.int32]  # (Q,): first row of each style patch
    offsets: NDArray[np.int32]  # (N,): rows of a patch, relative to its first
    squares: NDArray[np.float32]  # (Q,): sum of the squares of the Gram matrix of each style patch

    @property
    def channels(self) -> int:
        """Channels of the measured features."""
        return int(self.rows.shape[-1])

    def distances(self, rows: Tensor, matches: Tensor) -> tuple[Tensor, DistanceGradient]:
        """Return the squared distances (P,) of patches (P, N, C) to their matches, and the gradient function."""
        cells, style_cells = rows.shape[1], len(self.offsets)
        style = gather_patches(self.rows, tf.gather(self.first_cells, matches), self.offsets)
        exact, exact_style = tf.cast(rows, tf.float32), tf.cast(style, tf.float32)
        own_products = tf.matmul(exact, exact, transpose_b=True) / cells
        cross_products = tf.matmul(exact, exact_style, transpose_b=True)
        squares = (
            tf.reduce_sum(tf.square(own_products), axis=(1, 2))
            - 2.0 / (cells * style_cells) * tf.reduce_sum(tf.square(cross_products), axis=(1, 2))
            + tf.gather(self.squares, matches)
        )

        def gradient(factors: Tensor) -> Tensor:
            scale = tf.reshape(4.0 / cells * factors, (-1, 1, 1))
            own_part = tf.matmul(tf.cast(scale * own_products, rows.dtype), rows)
            return own_part - tf.matmul(tf.cast(scale / style_cells * cross_products, rows.dtype), style)

        # Rounding can make the distance of equal patches slightly negative.
        return tf.maximum(squares, 0.0), gradient


def style_patches(
    rows: Tensor,
    candidates: Patches,
    chosen: NDArray[np.intp],
    *,
    cells: int,
    strength: float,
    slice_bytes: int = SLICE_BYTES,
) -> StyleGrams | StyleCells:
    """Return the chosen style patches in the cheaper of two forms, with their Gram matrices times a strength.

    `rows` are the measured features of the style's layer; see `measured_rows`. If the patches to compare with them
    have at least as many cells as channels, the form is `StyleGrams`, else `StyleCells`. `slice_bytes` is the memory
    for the patches to gather at a time.
    """
    offsets, first_cells = candidates.offsets(), candidates.first_cells()[chosen]
    channels = int(rows.shape[-1])
    factor = strength / len(offsets)
    as_grams = cells >= channels
    grams, squares = [], []
    count = max(1, slice_bytes // (4 * channels * len(offsets)))
    for start in range(0, len(chosen), count):
        exact = tf.cast(gather_patches(rows, first_cells[start : start + count], offsets), tf.float32)
        products = tf.matmul(exact, exact, transpose_a=as_grams, transpose_b=not as_grams) * factor
        squares.append(np.square(products.numpy(), dtype=np.float64).sum(axis=(1, 2)))
        if as_grams:
            grams.append(products)
    sums = np.concatenate(squares).astype(np.float32)
    if as_grams:
        return StyleGrams(tf.concat(grams, axis=0), sums)
    return StyleCells(rows * tf.cast(strength**0.5, rows.dtype), first_cells, offsets, sums)


class PatchSlice(NamedTuple):
    """Rows of patches to process at a time, and the cells that they cover."""

    chosen: slice  # indices of the patches
    first_cells: NDArray[np.int32]  # (P,): first cell of each patch
    rows: slice  # rows of the grid that the patches cover
    # Position of each cell among the cells of the patches, which are listed patch by patch. There is one tensor for
    # each level of overlap that concerns many cells. The index after the last stands for no position.
    inverses: tuple[Tensor, ...]
    has_gaps: bool  # whether `inverses` contains that index
    # (E, 1) and (E,): cells of further levels of overlap, which concern few cells, and their positions.
    extra_cells: Tensor
    extra_inverses: Tensor


@dataclass(frozen=True)
class PatchPlaces:
    """The patches of one layer, and the number of the style patch that each should resemble."""

    patches: Patches  # the patches on the layer's grid
    slices: Sequence[PatchSlice]  # the same patches in slices; see `slice_patches`
    matches: NDArray[np.int32]  # (P,): index of each patch's style patch
    factors: NDArray[np.float32]  # (P,): factor on the squared distance of each patch
    # (P, N): square root of the weight of each cell of each patch, where the weights of a patch have the mean 1.
    roots: NDArray[np.float32] | None = None

    def within(self, patches: Patches, chosen: NDArray[np.intp], channels: int) -> PatchPlaces:
        """Return the chosen patches, given their places on another grid and the channels of measured features."""
        roots = None if self.roots is None else self.roots[chosen]
        return PatchPlaces(
            patches, slice_patches(patches, channels), self.matches[chosen], self.factors[chosen], roots
        )


@dataclass(frozen=True)
class PatchTarget:
    """The patches of one layer, and the style patches that they should resemble."""

    places: PatchPlaces  # the patches; their matches count the patches in `style`
    style: StyleGrams | StyleCells  # the style patches
    metric: Tensor | None = None  # (K, C): linear map to measured features; see `measured_rows`


def observe_patch_distance(features: Tensor, target: PatchTarget) -> tuple[Tensor, Tensor]:
    """Pass features (H, W, C) on unchanged and compute the weighted sum of the squared distances of their patches.

    It is ``sum_p factors_p ||G_p - T_p||^2`` with the Gram matrices G of the patches and T of their style patches.
    Continue the network from the features returned; see `maskstyle.objective.gram.observe_grams`.

    The forward pass also computes the gradient, slice by slice, and keeps nothing else for the backward pass.
    Products of the distance are in float32, those of the gradient in the type of the features.
    """
    places = target.places
    offsets = places.patches.offsets()

    def distances(rows: Tensor, part: PatchSlice) -> tuple[Tensor, Tensor, DistanceGradient]:
        gathered, factors = gather_patches(rows, part.first_cells, offsets), tf.constant(places.factors[part.chosen])
        if places.roots is None:
            return factors, *target.style.distances(gathered, places.matches[part.chosen])
        roots = tf.cast(tf.constant(places.roots[part.chosen][..., np.newaxis]), gathered.dtype)
        squares, gradient = target.style.distances(gathered * roots, places.matches[part.chosen])
        return factors, squares, lambda upstream: gradient(upstream) * roots

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def observe(values: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[..., Tensor]]:
        rows = measured_rows(values, target.metric)
        overlap = _OverlapSum(int(rows.shape[-1]))
        total = tf.constant(0.0)
        for part in places.slices:
            with tf.control_dependencies([total, *overlap.done[-1:]]):
                factors, squares, patch_gradient = distances(rows, part)
                overlap.add(patch_gradient(factors), part)
                total += tf.reduce_sum(factors * squares)
        own_gradient = overlap.joined(rows)
        if target.metric is not None:
            own_gradient = tf.matmul(own_gradient, tf.cast(target.metric, own_gradient.dtype))

        def gradient(features_upstream: Tensor, upstream: Tensor) -> Tensor:
            return features_upstream + tf.cast(upstream, values.dtype) * tf.reshape(own_gradient, tf.shape(values))

        return (tf.identity(values), total), gradient

    return observe(features)  # type: ignore[no-any-return]


class _OverlapSum:
    """The sum over overlapping patches of their values at each cell, from the top of the grid to its bottom.

    Rows that no later slice can reach are moved to `done`, so that no array of the whole grid is rewritten.
    """

    def __init__(self, channels: int) -> None:
        self.done: list[Tensor] = []
        self._channels = channels
        self._cells_above = 0
        self._open: Tensor | None = None
        self._top = 0

    def add(self, patches: Tensor, part: PatchSlice) -> None:
        """Add the patches (P, N, C) of a slice, after which the rows above the slice are done."""
        flat = tf.reshape(patches, (-1, self._channels))
        if part.has_gaps:
            flat = tf.concat([flat, tf.zeros((1, self._channels), flat.dtype)], axis=0)
        height = part.rows.stop - part.rows.start
        sums = tf.add_n([tf.gather(flat, inverse) for inverse in part.inverses])
        if part.extra_cells.shape[0]:
            sums = tf.tensor_scatter_nd_add(sums, part.extra_cells, tf.gather(flat, part.extra_inverses))
        sums = tf.reshape(sums, (height, -1, self._channels))
        if self._open is None:
            self._cells_above = part.rows.start * int(sums.shape[1])
        else:
            above = part.rows.start - self._top
            self.done.append(self._open[:above])
            shared = self._open.shape[0] - above
            sums = tf.concat([sums[:shared] + self._open[above:], sums[shared:]], axis=0)
        self._open, self._top = sums, part.rows.start

    def joined(self, like: Tensor) -> Tensor:
        """Return the sums of all cells, (cells, C) as `like`, with zeros above and below the patches."""
        parts = [tf.reshape(each, (-1, self._channels)) for each in (*self.done, self._open)]
        covered = sum(int(each.shape[0]) for each in parts)
        below = int(like.shape[0]) - self._cells_above - covered
        edges = [tf.zeros((cells, self._channels), like.dtype) for cells in (self._cells_above, below)]
        return tf.concat([edges[0], *parts, edges[1]], axis=0)


def measured_rows(values: Tensor, metric: Tensor | None) -> Tensor:
    """Return features (..., C) as rows (cells, K), mapped to the space in which the network measures distances.

    The metric (K, C) is that of ``network.metric``; None leaves the features as they are.
    """
    rows = tf.reshape(values, (-1, values.shape[-1]))
    return rows if metric is None else tf.matmul(rows, tf.cast(metric, rows.dtype), transpose_b=True)


def gather_patches(rows: Tensor, first_cells: Tensor, offsets: NDArray[np.int32]) -> Tensor:
    """Return the features (P, N, C) of the cells of patches."""
    return tf.gather(rows, tf.expand_dims(first_cells, 1) + offsets)


def slice_patches(patches: Patches, channels: int, *, slice_bytes: int = SLICE_BYTES) -> list[PatchSlice]:
    """Return patches in slices of whole rows of patches, at least one row each.

    The float32 features, of some channels, of the patches of a slice take at most `slice_bytes`.
    """
    across = len(patches.lefts)
    count = max(1, slice_bytes // (4 * channels * patches.cells * across))
    first_cells = patches.first_cells()
    slices = []
    for start in range(0, len(patches.tops), count):
        tops = patches.tops[start : start + count]
        rows = slice(tops[0], tops[-1] + patches.shape[0])
        chosen = slice(start * across, (start + len(tops)) * across)
        cells = np.add.outer(first_cells[chosen], patches.offsets()).ravel() - rows.start * patches.grid[1]
        inverses = inverse_order(cells, (rows.stop - rows.start) * patches.grid[1])
        in_a_patch = inverses < len(cells)
        dense = max(1, int((in_a_patch.mean(axis=1) > DENSE).sum()))
        level, extra = np.nonzero(in_a_patch[dense:])
        slices.append(
            PatchSlice(
                chosen,
                first_cells[chosen],
                rows,
                tuple(tf.constant(inverse) for inverse in inverses[:dense]),
                not in_a_patch[:dense].all(),
                tf.constant(extra[:, np.newaxis], tf.int32),
                tf.constant(inverses[dense:][level, extra], tf.int32),
            )
        )
    return slices
