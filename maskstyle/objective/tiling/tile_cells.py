"""The cells of each tile that enter each Gram matrix, as arrays to feed to one compiled graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Mask, Size
from maskstyle.objective.tiling.cuts import Tile


class TileCells(NamedTuple):
    """The cells in the core of a tile, listed by Gram matrix.

    Parameters
    ----------
    order : (M,) int32 array
        Flat indices on the tile's own grid.
    ends : (K + 1,) int32 array
        The k-th Gram matrix has the cells ``order[ends[k]:ends[k + 1]]``; there may be none.
    weights : (M,) or (0,) float32 array
        Weight of each listed cell; empty if all weights are 1.
    inverse : (levels, cells) int32 array
        Positions of each cell of the tile's grid in `order`; M stands for no further position.
    """

    order: NDArray[np.int32]
    ends: NDArray[np.int32]
    weights: NDArray[np.float32]
    inverse: NDArray[np.int32]


class Selection(NamedTuple):
    """The cells of a whole layer that enter one Gram matrix.

    Parameters
    ----------
    cells : (M,) int32 array, optional
        Flat indices on the layer's grid, in rising order. By default all cells.
    weights : (H, W) float32 array, optional
        Weight of every cell, at least 0, in place of `cells`.
    """

    cells: NDArray[np.int32] | None = None
    weights: Mask | None = None


class LayerCells:
    """The `TileCells` of every tile at one layer.

    Parameters
    ----------
    selections : sequence of Selection
        One for each Gram matrix.
    grid : (height, width)
        The layer's grid for the whole image.
    tile_grid : (height, width)
        The layer's grid for a tile.
    tiles : sequence of Tile
        The tiles.
    """

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
