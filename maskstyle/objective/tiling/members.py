"""Which cells of a tile enter which Gram matrix: arrays that differ from tile to tile, for one compiled graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Mask, Size
from maskstyle.objective.tiling.cuts import Tile


class Members(NamedTuple):
    """The cells that a tile counts, Gram matrix by Gram matrix.

    Parameters
    ----------
    order : (M,) int32 array
        Flat indices in the tile's own grid.
    ends : (K + 1,) int32 array
        Those of the k-th Gram are ``order[ends[k]:ends[k + 1]]``; there may be none.
    weights : (M,) or (0,) float32 array
        Weight of each; none where every weight is 1.
    inverse : (levels, cells) int32 array
        Where each cell of the tile's grid is in `order`, M where it is in no more Grams.
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
        Flat indices in the layer's grid, rising; all cells where they are left out.
    weights : (H, W) float32 array, optional
        Weight of every cell instead, each at least 0.
    """

    cells: NDArray[np.int32] | None = None
    weights: Mask | None = None


class LayerMembers:
    """The members of every tile at one layer.

    Parameters
    ----------
    selections : sequence of Selection
        One for each Gram matrix.
    grid : (height, width)
        The layer's grid for the whole image.
    own_grid : (height, width)
        Its grid for a tile.
    tiles : sequence of Tile
        The tiles.
    """

    def __init__(self, selections: Sequence[Selection], grid: Size, own_grid: Size, tiles: Sequence[Tile]) -> None:
        self.weighted = any(selection.weights is not None for selection in selections)
        self._selections = selections
        self._grid, self._own_grid = grid, own_grid
        self._regions = {
            place: [_within(selection.cells, tile, grid, own_grid) for tile in tiles]
            for place, selection in enumerate(selections)
            if selection.cells is not None
        }
        self._tiles = tiles
        self.levels = max(1, self._most_levels())

    def of(self, number: int) -> Members:
        """Return the members of a tile, given by its number."""
        chosen, weights = [], []
        for place, selection in enumerate(self._selections):
            cells = self._regions[place][number] if place in self._regions else self._everywhere(number)
            if selection.weights is not None:
                found = self._weights(selection.weights, number)
                cells, found = cells[found > 0], found[found > 0]
                weights.append(found)
            elif self.weighted:
                weights.append(np.ones(len(cells), np.float32))
            chosen.append(cells)
        order = np.concatenate([np.zeros(0, np.int32), *chosen])
        return Members(
            order,
            np.cumsum([0, *map(len, chosen)]).astype(np.int32),
            np.concatenate([np.zeros(0, np.float32), *weights]),
            self._inverse(chosen),
        )

    def _everywhere(self, number: int) -> NDArray[np.int32]:
        rows, columns = self._tiles[number].cells(self._grid)
        width = self._own_grid[1]
        first = np.arange(rows.own.start, rows.own.stop, dtype=np.int32) * np.int32(width)
        return np.add.outer(first, np.arange(columns.own.start, columns.own.stop, dtype=np.int32)).ravel()

    def _weights(self, weights: Mask, number: int) -> NDArray[np.float32]:
        rows, columns = self._tiles[number].cells(self._grid)
        return weights[rows.first : rows.last, columns.first : columns.last].ravel()

    def _inverse(self, chosen: Sequence[NDArray[np.int32]]) -> NDArray[np.int32]:
        """Return where each cell is among those chosen; as `inverse_order`, without sorting."""
        cells = self._own_grid[0] * self._own_grid[1]
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
        """Return in how many Gram matrices a cell is at most."""
        everywhere = sum(each.cells is None and each.weights is None for each in self._selections)
        count = np.zeros(self._grid, np.int32)
        for selection in self._selections:
            if selection.weights is not None:
                count += selection.weights > 0
            elif selection.cells is not None:
                count.reshape(-1)[selection.cells] += 1
        return everywhere + int(count.max(initial=0))


def _within(cells: NDArray[np.int32] | None, tile: Tile, grid: Size, own_grid: Size) -> NDArray[np.int32]:
    """Return the cells that a tile counts, as flat indices in the tile's own grid."""
    assert cells is not None
    rows, columns = tile.cells(grid)
    width = grid[1]
    band = cells[np.searchsorted(cells, rows.first * width) : np.searchsorted(cells, rows.last * width)]
    row, column = np.divmod(band, np.int32(width))
    inside = (column >= columns.first) & (column < columns.last)
    own: NDArray[np.int32] = (row[inside] - rows.start) * np.int32(own_grid[1]) + column[inside] - columns.start
    return own.astype(np.int32)
