"""Soft masks: their weights on a layer's grid, cells grouped by the masks that weigh them, and coverage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Mask, Size

MOST_GROUPS = 32
"""Most groups of cells on a layer: each costs a few operations of its own."""

FADE = 0.15
"""Fraction of a mask's typical value below which the paint fades out: there the style is weak, but total variation is
not, which would leave an edge."""


class MaskGroup(NamedTuple):
    """Cells of a layer with the same masks."""

    cells: NDArray[np.int32]  # (M,): their flat indices, in row order
    # (M, R): distinct weights of these cells. Weights that are equal in all cells are a column of ones.
    columns: NDArray[np.float32]
    shares: NDArray[np.float32]  # (R, K): ``columns @ shares`` are the weights of all K masks in these cells


def group_masks(weights: Sequence[Mask]) -> list[MaskGroup]:
    """Group the cells of a layer by the masks, as weights at least 0, that are above 0 there.

    So no cell is multiplied by a mask that is 0 there. A cell is in one group of at most `MOST_GROUPS`, or in none
    where every mask is 0. If there are more sets of masks than groups, the rarest sets join the groups that grow
    least.

    >>> left, right = np.array([[1, 0.5, 0, 0]], np.float32), np.array([[0, 0.5, 1, 0]], np.float32)
    >>> [(group.cells.tolist(), group.shares.tolist()) for group in group_masks([left, right])]
    [([2], [[0.0, 1.0]]), ([0], [[1.0, 0.0]]), ([1], [[0.5, 0.5]])]
    """
    table = np.stack([mask.reshape(-1) for mask in weights])
    packed = np.ascontiguousarray(np.packbits(table > 0, axis=0).T)
    keys = packed.view(np.dtype((np.void, packed.shape[1])))[:, 0]
    _, first, inverse, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    active = table[:, first].T > 0
    group_of = _merged(active, counts)
    groups = []
    owners = group_of[inverse]
    for group in range(group_of.max(initial=-1) + 1):
        cells = np.flatnonzero(owners == group).astype(np.int32)
        masks = np.flatnonzero(active[group_of == group].any(axis=0))
        groups.append(_group(cells, masks, table))
    return groups


def _merged(active: NDArray[np.bool_], counts: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the group of each set of masks, -1 for the empty set; the largest comes first."""
    leaders = [int(each) for each in np.argsort(-counts, kind="stable") if active[each].any()]
    group_of = np.full(len(active), -1, np.intp)
    kept, others = leaders[:MOST_GROUPS], leaders[MOST_GROUPS:]
    group_of[kept] = np.arange(len(kept))
    sets, sizes = active[kept], counts[kept]
    for each in others:
        union = (sets | active[each]).sum(axis=1)
        growth = union * (sizes + counts[each]) - sets.sum(axis=1) * sizes
        joined = int(np.argmin(growth))
        group_of[each] = joined
        sets[joined] |= active[each]
        sizes[joined] += counts[each]
    return group_of


def _group(cells: NDArray[np.int32], masks: NDArray[np.intp], table: NDArray[np.float32]) -> MaskGroup:
    """Return a group; equal weights share a column, and so do all constant weights."""
    weighed = table[np.ix_(masks, cells)]
    constant = (weighed == weighed[:, :1]).all(axis=1)
    wanted = np.where(constant[:, np.newaxis], np.float32(1), weighed)
    columns: list[NDArray[np.float32]] = []
    shares = np.zeros((len(masks), len(table)), np.float32)
    for mask, values, own, is_constant in zip(masks, wanted, weighed, constant, strict=True):
        place = next((at for at, each in enumerate(columns) if np.array_equal(each, values)), len(columns))
        if place == len(columns):
            columns.append(values)
        shares[place, mask] = own[0] if is_constant else 1.0
    return MaskGroup(cells, np.stack(columns, axis=1), shares[: len(columns)])


def cell_side(size: tuple[int, ...], grid: Size) -> int:
    """Return the side in pixels of the cells of a layer's grid."""
    ratio = min(size[0] // grid[0], size[1] // grid[1])
    return 1 << (ratio.bit_length() - 1)  # pooling halves: a cell's side is a power of 2


def soft_weights(mask: Mask, grid: Size, *, exponent: float = 1.0) -> tuple[Mask, float]:
    """Return the weights of a soft mask on a layer's grid, and the divisor of the Gram matrix.

    The weights are the mask, averaged over the area of each cell, to the power of `exponent`: 1, or 2 as where
    features are multiplied by the mask, which underweights gray masks. The divisor is the sum of the averaged mask
    itself; 0 where the mask is 0 everywhere on the grid. The grid is H and W halved and rounded down as often as
    pooling comes before the layer.

    >>> soft_weights(np.array([[1.0, 0.0], [1.0, 0.0]], np.float32), (1, 1), exponent=2)
    (array([[0.25]], dtype=float32), 0.5)
    """
    cell = cell_side(mask.shape, grid)
    average = mask[: grid[0] * cell, : grid[1] * cell]  # without the last odd rows and columns, as pooling
    if cell > 1:  # without a copy of the mask where there is nothing to average
        average = average.reshape(grid[0], cell, grid[1], cell).mean(axis=(1, 3), dtype=np.float32)
    divisor = float(average.sum(dtype=np.float64))
    return average if exponent == 1 else average ** np.float32(exponent), divisor


def mask_coverage(total: Mask, visible: Mask | None = None) -> Mask:
    """Return how far the painted image covers the content image where masks add up to a total.

    A Gram matrix divided by the sum of its mask depends on the shape of the mask, not on its level: half the mask
    asks for the same style. Relative to the typical value t of the mask, its mean weighted by itself, pixels below t
    take the style in proportion, and pixels above t take all of it. Covering with the greater of mask and t gives
    both the strength that the mask asks for.

    Totals above 1 count as 1, and transparent pixels do not count in the typical value. The coverage is 0 where the
    total is 0, and 1 everywhere else where the masks are 0 or 1.

    >>> mask_coverage(np.array([[0.5, 0.5]], np.float32)).tolist()
    [[0.5, 0.5]]
    >>> mask_coverage(np.array([[0, 1, 2]], np.float32)).tolist()
    [[0.0, 1.0, 1.0]]
    """
    shares = np.minimum(total.astype(np.float64), 1.0)
    if not shares.any():
        return np.zeros_like(total)
    counted = shares if visible is None or not (shares * visible).any() else shares * visible
    typical = np.sum(shares * counted) / np.sum(counted)
    covered = np.maximum(shares, typical) * np.minimum(1.0, shares / (FADE * typical))
    coverage: Mask = covered.astype(np.float32)
    return coverage
