"""Cells of tiles: together the tiles have exactly the cells of the whole layer."""

from __future__ import annotations

import numpy as np
import pytest

from maskstyle.objective.gram import inverse_order
from maskstyle.objective.tiling.cuts import cut_tiles
from maskstyle.objective.tiling.grams import LayerCells, Selection

GRID = (13, 17)
TILES = cut_tiles(GRID, 9, around=2, cell=1)
TILE_GRID = tuple(span.stop - span.start for span in (TILES[0].rows, TILES[0].columns))


def cells_of(mask):
    return np.flatnonzero(mask).astype(np.int32)


def collected(cells, place):
    """Return the weights that all tiles together give to each cell of the whole grid for one Gram."""
    found = np.zeros(GRID)
    for number, tile in enumerate(TILES):
        each = cells.of(number)
        chosen = slice(*each.ends[place : place + 2])
        rows, columns = np.divmod(each.order[chosen], TILE_GRID[1])
        weights = each.weights[chosen] if cells.weighted else 1.0
        np.add.at(found, (rows + tile.rows.start, columns + tile.columns.start), weights)
    return found


def test_regions_masks_and_all_cells_are_shared_out():
    random = np.random.default_rng(1)
    region = random.random(GRID) > 0.6
    mask = np.where(random.random(GRID) > 0.3, random.random(GRID), 0).astype(np.float32)
    cells = LayerCells(
        [Selection(), Selection(cells=cells_of(region)), Selection(weights=mask)], GRID, TILE_GRID, TILES
    )
    assert len(TILES) > 4
    np.testing.assert_array_equal(collected(cells, 0), 1)
    np.testing.assert_array_equal(collected(cells, 1), region)
    np.testing.assert_allclose(collected(cells, 2), mask)


def test_regions_alone_have_no_weights():
    cells = LayerCells([Selection(cells=cells_of(np.eye(13, 17)))], GRID, TILE_GRID, TILES)
    assert not cells.weighted
    assert all(cells.of(number).weights.size == 0 for number in range(len(TILES)))


def test_a_cell_outside_of_every_gram_is_nowhere():
    cells = LayerCells([Selection(cells=np.zeros(0, np.int32))], GRID, TILE_GRID, TILES)
    each = cells.of(0)
    assert each.order.size == 0
    assert each.ends.tolist() == [0, 0]
    np.testing.assert_array_equal(each.inverse, 0)


@pytest.mark.parametrize("number", [0, 3])
def test_the_inverse_is_that_of_the_order(number):
    random = np.random.default_rng(2)
    regions = [Selection(cells=cells_of(random.random(GRID) > share)) for share in (0.3, 0.5, 0.9)]
    each = LayerCells(regions, GRID, TILE_GRID, TILES).of(number)
    expected = inverse_order(each.order, TILE_GRID[0] * TILE_GRID[1])
    np.testing.assert_array_equal(each.inverse[: len(expected)], expected)
    assert (each.inverse[len(expected) :] == len(each.order)).all()
