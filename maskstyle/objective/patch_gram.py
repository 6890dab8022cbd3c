"""Distances of the Gram matrices of many patches to those of style patches, in batched products.

A patch of F (n cells by c channels) and its match S (m cells) are ``||F^T F / n - S^T S / m||^2`` apart. With at
least as many cells as channels the c x c matrices are made and subtracted. With fewer, nothing as large is needed:
the same distance is ``||F F^T||^2 / n^2 - 2 ||F S^T||^2 / (n m) + ||S S^T||^2 / m^2``, of products cell by cell.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.patches import Patches
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.objective.gram import inverse_order

DENSE = 0.25
"""Share of the cells that must be in one more patch for all cells to be gathered once more."""

SLICE_BYTES = 4 << 20
"""Memory for the patches that are gathered and multiplied at a time: they fit the processor's caches. At least
one row of patches is."""


class StyleGrams(NamedTuple):
    """Style patches as Gram matrices.

    Parameters
    ----------
    grams : (Q, C, C) float32 tensor
        Gram matrix of each, divided by its number of cells, in the space in which distances are measured.
    squares : (Q,) float32 array
        The sum of each one's squares.
    """

    grams: Tensor
    squares: NDArray[np.float32]

    @property
    def channels(self) -> int:
        """Channels of the space in which distances are measured."""
        return int(self.grams.shape[-1])

    def distances(self, rows: Tensor, matches: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        """Return the squared distances of patches (P, N, C), and a function from factors to their gradient."""
        cells = rows.shape[1]
        exact = tf.cast(rows, tf.float32)
        difference = tf.matmul(exact, exact, transpose_a=True) / cells - tf.gather(self.grams, matches)

        def gradient(factors: Tensor) -> Tensor:
            slope = tf.reshape(4.0 / cells * factors, (-1, 1, 1)) * difference
            return tf.matmul(rows, tf.cast(slope, rows.dtype))

        return tf.reduce_sum(tf.square(difference), axis=(1, 2)), gradient


class StyleCells(NamedTuple):
    """Style patches as the features of their cells.

    Parameters
    ----------
    rows : (M, C) tensor
        Features of the style's layer, in the space in which distances are measured and times the root of what its
        Gram matrices are multiplied by.
    first_cells : (Q,) int32 array
        First row of each patch.
    offsets : (N,) int32 array
        How far a patch's rows are from its first.
    squares : (Q,) float32 array
        The sum of the squares of each one's Gram matrix.
    """

    rows: Tensor
    first_cells: NDArray[np.int32]
    offsets: NDArray[np.int32]
    squares: NDArray[np.float32]

    @property
    def channels(self) -> int:
        """Channels of the space in which distances are measured."""
        return int(self.rows.shape[-1])

    def distances(self, rows: Tensor, matches: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        """Return the squared distances of patches (P, N, C), and a function from factors to their gradient."""
        cells, own = rows.shape[1], len(self.offsets)
        style = gather_patches(self.rows, tf.gather(self.first_cells, matches), self.offsets)
        exact, exact_style = tf.cast(rows, tf.float32), tf.cast(style, tf.float32)
        among = tf.matmul(exact, exact, transpose_b=True) / cells
        between = tf.matmul(exact, exact_style, transpose_b=True)
        squares = (
            tf.reduce_sum(tf.square(among), axis=(1, 2))
            - 2.0 / (cells * own) * tf.reduce_sum(tf.square(between), axis=(1, 2))
            + tf.gather(self.squares, matches)
        )

        def gradient(factors: Tensor) -> Tensor:
            scale = tf.reshape(4.0 / cells * factors, (-1, 1, 1))
            towards = tf.matmul(tf.cast(scale * among, rows.dtype), rows)
            return towards - tf.matmul(tf.cast(scale / own * between, rows.dtype), style)

        # Rounding can make the distance of equal patches a little less than 0.
        return tf.maximum(squares, 0.0), gradient


def style_patches(
    rows: Tensor, candidates: Patches, chosen: NDArray[np.intp], *, cells: int, strength: float
) -> StyleGrams | StyleCells:
    """Return chosen style patches in the form that fits their size.

    Parameters
    ----------
    rows : (M, C) tensor, float32 or bfloat16
        Features of the style's layer, in the space in which distances are measured.
    candidates : Patches
        How the style's grid is cut.
    chosen : (Q,) int array
        Which of its patches.
    cells : int
        Cells of the patches that will be compared with them.
    strength : float
        Factor on their Gram matrices.
    """
    offsets, first_cells = candidates.offsets(), candidates.first_cells()[chosen]
    channels = int(rows.shape[-1])
    factor = strength / len(offsets)
    as_grams = cells >= channels
    grams, squares = [], []
    count = max(1, SLICE_BYTES // (4 * channels * len(offsets)))
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
    """Rows of patches that are treated at a time, and where their cells go.

    Parameters
    ----------
    chosen : slice
        Which patches.
    first_cells : (P,) int32 array
        First cell of each.
    rows : slice
        The rows of the grid that they cover.
    inverses : tuple of (rows * width,) int32 tensor
        Where each cell is among the cells of the patches, one patch after the other; in several tensors where many
        cells are in several patches. The index after the last says nowhere.
    has_gaps : bool
        Whether some are nowhere.
    extra_cells, extra_inverses : (E, 1) and (E,) int32 tensor
        The same for the few cells that are in more patches.
    """

    chosen: slice
    first_cells: NDArray[np.int32]
    rows: slice
    inverses: tuple[Tensor, ...]
    has_gaps: bool
    extra_cells: Tensor
    extra_inverses: Tensor


@dataclass(frozen=True)
class PatchTarget:
    """What the patches of one layer should become.

    Parameters
    ----------
    patches : Patches
        Where they lie.
    slices : sequence of PatchSlice
        The same, as they are treated; see `slice_patches`.
    matches : (P,) int32 array
        Index of each patch's style patch.
    factors : (P,) float32 array
        What each squared distance is multiplied by.
    style : StyleGrams or StyleCells
        The style patches.
    metric : (K, C) float32 tensor or None
        The linear map into the space in which distances are measured.
    """

    patches: Patches
    slices: Sequence[PatchSlice]
    matches: NDArray[np.int32]
    factors: NDArray[np.float32]
    style: StyleGrams | StyleCells
    metric: Tensor | None = None

    def within(self, patches: Patches, chosen: NDArray[np.intp]) -> PatchTarget:
        """Return the target of some of the patches, which lie elsewhere on another grid."""
        slices = slice_patches(patches, self.style.channels)
        return PatchTarget(patches, slices, self.matches[chosen], self.factors[chosen], self.style, self.metric)


def observe_patch_distance(features: Tensor, target: PatchTarget) -> tuple[Tensor, Tensor]:
    """Return features as they are, to be used from here on, with the weighted sum of their patches' distances.

    Parameters
    ----------
    features : (H, W, C) tensor, float32 or bfloat16
        Features of one layer.
    target : PatchTarget
        What its patches should become.

    Returns
    -------
    features : tensor like `features`
        See `maskstyle.objective.gram.observe_grams`.
    distance : float32 scalar
        ``sum_p factors_p ||G_p - T_p||^2``.

    Notes
    -----
    Patches are gathered in slices of some `SLICE_BYTES`, forwards and again backwards. Nothing is kept in between
    but the features. Products forwards are made in float32, those of the gradient in the features' own type.
    """
    offsets = target.patches.offsets()

    def distances(rows: Tensor, part: PatchSlice) -> tuple[Tensor, Tensor, Callable[[Tensor], Tensor]]:
        gathered = gather_patches(rows, part.first_cells, offsets)
        found, gradient = target.style.distances(gathered, target.matches[part.chosen])
        return tf.constant(target.factors[part.chosen]), found, gradient

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def observe(values: Tensor) -> tuple[tuple[Tensor, Tensor], Callable[..., Tensor]]:
        rows = measured_rows(values, target.metric)
        strips = _Strips(int(rows.shape[-1]))
        total = tf.constant(0.0)
        for part in target.slices:
            with tf.control_dependencies([total, *strips.done[-1:]]):
                factors, found, backwards = distances(rows, part)
                strips.add(backwards(factors), part)
                total += tf.reduce_sum(factors * found)
        slope = strips.joined(rows)
        if target.metric is not None:
            slope = tf.matmul(slope, tf.cast(target.metric, slope.dtype))

        def gradient(arriving: Tensor, upstream: Tensor) -> Tensor:
            return arriving + tf.cast(upstream, values.dtype) * tf.reshape(slope, tf.shape(values))

        return (tf.identity(values), total), gradient

    return observe(features)  # type: ignore[no-any-return]


class _Strips:
    """Adds up what patches say of their cells, from the top of the grid to its bottom."""

    def __init__(self, channels: int) -> None:
        self.done: list[Tensor] = []
        self._channels = channels
        self._above = 0
        self._open: Tensor | None = None
        self._top = 0

    def add(self, patches: Tensor, part: PatchSlice) -> None:
        """Add a slice's patches (P, N, C); rows above it are finished."""
        flat = tf.reshape(patches, (-1, self._channels))
        if part.has_gaps:
            flat = tf.concat([flat, tf.zeros((1, self._channels), flat.dtype)], axis=0)
        height = part.rows.stop - part.rows.start
        found = tf.add_n([tf.gather(flat, inverse) for inverse in part.inverses])
        if part.extra_cells.shape[0]:
            found = tf.tensor_scatter_nd_add(found, part.extra_cells, tf.gather(flat, part.extra_inverses))
        found = tf.reshape(found, (height, -1, self._channels))
        if self._open is None:
            self._above = part.rows.start * int(found.shape[1])
        else:
            above = part.rows.start - self._top
            self.done.append(self._open[:above])
            shared = self._open.shape[0] - above
            found = tf.concat([found[:shared] + self._open[above:], found[shared:]], axis=0)
        self._open, self._top = found, part.rows.start

    def joined(self, like: Tensor) -> Tensor:
        """Return the sums of all cells, (cells, C) as `like`; those above and below all patches are 0."""
        parts = [tf.reshape(each, (-1, self._channels)) for each in (*self.done, self._open)]
        covered = sum(int(each.shape[0]) for each in parts)
        below = int(like.shape[0]) - self._above - covered
        edges = [tf.zeros((cells, self._channels), like.dtype) for cells in (self._above, below)]
        return tf.concat([edges[0], *parts, edges[1]], axis=0)


def measured_rows(values: Tensor, metric: Tensor | None) -> Tensor:
    """Return features (cells, channels), in their own type, in the space in which distances are measured."""
    rows = tf.reshape(values, (-1, values.shape[-1]))
    return rows if metric is None else tf.matmul(rows, tf.cast(metric, rows.dtype), transpose_b=True)


def gather_patches(rows: Tensor, first_cells: Tensor, offsets: NDArray[np.int32]) -> Tensor:
    """Return the features (P, N, C) of patches' cells."""
    return tf.gather(rows, tf.expand_dims(first_cells, 1) + offsets)


def slice_patches(patches: Patches, channels: int) -> list[PatchSlice]:
    """Return whole rows of patches, together of some `SLICE_BYTES`, with at least one row in each."""
    across = len(patches.lefts)
    count = max(1, SLICE_BYTES // (4 * channels * patches.cells * across))
    first_cells = patches.first_cells()
    found = []
    for start in range(0, len(patches.tops), count):
        tops = patches.tops[start : start + count]
        rows = slice(tops[0], tops[-1] + patches.shape[0])
        chosen = slice(start * across, (start + len(tops)) * across)
        cells = np.add.outer(first_cells[chosen], patches.offsets()).ravel() - rows.start * patches.grid[1]
        inverses = inverse_order(cells, (rows.stop - rows.start) * patches.grid[1])
        somewhere = inverses < len(cells)
        dense = max(1, int((somewhere.mean(axis=1) > DENSE).sum()))
        level, extra = np.nonzero(somewhere[dense:])
        found.append(
            PatchSlice(
                chosen,
                first_cells[chosen],
                rows,
                tuple(tf.constant(inverse) for inverse in inverses[:dense]),
                not somewhere[:dense].all(),
                tf.constant(extra[:, np.newaxis], tf.int32),
                tf.constant(inverses[dense:][level, extra], tf.int32),
            )
        )
    return found
