"""The Gram matrices of one tile: the cells that enter them, and a graph that is compiled once for all tiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Mask, Size
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.objective.gram import SLICE_PIXELS, GramFunction, symmetric_gradient
from maskstyle.objective.tiling.cuts import Tile


class TileCells(NamedTuple):
    """The cells in the core of a tile, listed by Gram matrix."""

    order: NDArray[np.int32]  # (M,): flat indices on the tile's own grid
    # (K + 1,): the k-th Gram matrix has the cells ``order[ends[k]:ends[k + 1]]``; there may be none.
    ends: NDArray[np.int32]
    weights: NDArray[np.float32]  # (M,) or (0,): weight of each listed cell; empty if all weights are 1
    # (levels, cells): positions of each cell of the tile's grid in `order`; M stands for no further position.
    inverse: NDArray[np.int32]


class Selection(NamedTuple):
    """The cells of a whole layer that enter one Gram matrix."""

    # (M,): flat indices on the layer's grid, in rising order. By default all cells.
    cells: NDArray[np.int32] | None = None
    weights: Mask | None = None  # weight of every cell, at least 0, in place of `cells`


class LayerCells:
    """The `TileCells` of every tile at one layer, with its grids for the whole image and for a tile."""

    def __init__(self, selections: Sequence[Selection], grid: Size, tile_grid: Size, tiles: Sequence[Tile]) -> None:
        self.weighted = any(selection.weights is not None for selection in selections)
        self._selections = selections
        self._grid, self._tile_grid = grid, tile_grid
        self._regions = {
            place: [_within(selection.cells, tile, grid, tile_grid) for tile in tiles]
            for place, selection in enumerate(selections)
            if selection.cells is not None
        }
        self._tiles = tiles
        self.levels = max(1, self._most_levels())

    def of(self, number: int) -> TileCells:
        """Return the cells of the tile with this number."""
        chosen, weights = [], []
        for place, selection in enumerate(self._selections):
            cells = self._regions[place][number] if place in self._regions else self._everywhere(number)
            if selection.weights is not None:
                values = self._weights(selection.weights, number)
                cells, values = cells[values > 0], values[values > 0]
                weights.append(values)
            elif self.weighted:
                weights.append(np.ones(len(cells), np.float32))
            chosen.append(cells)
        order = np.concatenate([np.zeros(0, np.int32), *chosen])
        return TileCells(
            order,
            np.cumsum([0, *map(len, chosen)]).astype(np.int32),
            np.concatenate([np.zeros(0, np.float32), *weights]),
            self._inverse(chosen),
        )

    def _everywhere(self, number: int) -> NDArray[np.int32]:
        rows, columns = self._tiles[number].cells(self._grid)
        width = self._tile_grid[1]
        first = np.arange(rows.in_tile.start, rows.in_tile.stop, dtype=np.int32) * np.int32(width)
        return np.add.outer(first, np.arange(columns.in_tile.start, columns.in_tile.stop, dtype=np.int32)).ravel()

    def _weights(self, weights: Mask, number: int) -> NDArray[np.float32]:
        rows, columns = self._tiles[number].cells(self._grid)
        return weights[rows.first : rows.last, columns.first : columns.last].ravel()

    def _inverse(self, chosen: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
        """Return the positions of each cell among the chosen ones, as `inverse_order` but without sorting."""
        cells = self._tile_grid[0] * self._tile_grid[1]
        total = sum(map(len, chosen))
        inverse = np.full((self.levels, cells), total, np.int32)
        used = np.zeros(cells, np.int32)
        start = 0
        for each in chosen:
            inverse[used[each], each] = np.arange(start, start + len(each), dtype=np.int32)
            used[each] += 1
            start += len(each)
        return inverse

    def _most_levels(self) -> int:
        """Return the largest number of Gram matrices that share a cell."""
        everywhere = sum(each.cells is None and each.weights is None for each in self._selections)
        count = np.zeros(self._grid, np.int32)
        for selection in self._selections:
            if selection.weights is not None:
                count += selection.weights > 0
            elif selection.cells is not None:
                count.reshape(-1)[selection.cells] += 1
        return everywhere + int(count.max(initial=0))


def _within(cells: NDArray[np.int32] | None, tile: Tile, grid: Size, tile_grid: Size) -> NDArray[np.int32]:
    """Return the cells that are in the core of a tile, as flat indices on the tile's own grid."""
    assert cells is not None
    rows, columns = tile.cells(grid)
    width = grid[1]
    band = cells[np.searchsorted(cells, rows.first * width) : np.searchsorted(cells, rows.last * width)]
    row, column = np.divmod(band, np.int32(width))
    inside = (column >= columns.first) & (column < columns.last)
    in_tile = (row[inside] - rows.start) * np.int32(tile_grid[1]) + column[inside] - columns.start
    return np.asarray(in_tile, np.int32)


class LayerGrams(NamedTuple):
    """The Gram matrices of a layer, as far as they are the same for all tiles."""

    divisors: tuple[float, ...]  # divisor of each Gram matrix of the whole image
    levels: int  # the largest number of Gram matrices that share a cell
    weighted: bool  # whether cells have weights

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
    """Pass the features (h, w, C) of a tile on unchanged and compute the tile's part of several Gram matrices.

    See `maskstyle.objective.gram.observe_grams`; the Gram matrices of the whole image, with these divisors, are the
    sums of the parts over all tiles. The cells are tensors, with lengths that may be unknown until the graph runs.
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
