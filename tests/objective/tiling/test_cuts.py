"""Tiles: each pixel and each cell is in one core, with a halo that is wide enough."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from maskstyle.networks.architectures import VGG19
from maskstyle.objective.tiling.cuts import cut_tiles, halo, needs_tiles, stride


@pytest.mark.parametrize("length", [1, 7, 16, 63, 64, 101, 257])
def test_every_pixel_is_in_one_core_with_a_wide_enough_halo(length):
    for side, around, cell in itertools.product((1, 16, 40, 100), (0, 2, 18), (1, 4, 16)):
        _check_spans(length, side, around, cell)


def _check_spans(length, side, around, cell):
    spans = [tile.columns for tile in cut_tiles((1, length), side, around=around, cell=cell)]
    assert [pixel for span in spans for pixel in range(span.first, span.last)] == list(range(length))
    assert len({span.stop - span.start for span in spans}) == 1
    for span in spans:
        assert span.start % cell == span.first % cell == 0
        assert span.start == 0 or span.first - span.start >= around
        whole = span.start + (span.stop - span.start) // cell * cell  # without cells that are cut off
        assert span.stop == length or whole - span.last >= around


def test_tiles_are_no_larger_than_asked_for_where_that_can_be():
    for tile in cut_tiles((300, 201), 96, around=18, cell=4):
        assert [span.stop - span.start for span in (tile.rows, tile.columns)] == [92, 97]


@pytest.mark.parametrize("size", [(64, 64), (101, 135), (70, 33)])
def test_each_cell_of_each_layer_is_in_one_core(size):
    layers = VGG19.up_to_deepest(["block4_conv1"])
    tiles = cut_tiles(size, 40, around=2, cell=8)
    assert len(tiles) > 1
    for layer in layers:
        grid = VGG19.grid(size, layer)
        counted = np.zeros(grid, int)
        for tile in tiles:
            rows, columns = tile.cells(grid)
            counted[rows.first : rows.last, columns.first : columns.last] += 1
            own = VGG19.grid((tile.rows.stop - tile.rows.start, tile.columns.stop - tile.columns.start), layer)
            assert 0 <= rows.in_tile.start < rows.in_tile.stop <= own[0]
            assert 0 <= columns.in_tile.start < columns.in_tile.stop <= own[1]
        assert (counted == 1).all()


def test_the_halo_is_as_wide_as_receptive_fields_require():
    # By hand: each 3x3 convolution adds one cell of its grid on each side.
    by_hand = {"block1_conv1": 1, "block1_conv2": 2, "block2_conv1": 4, "block2_conv2": 6, "block3_conv1": 10}
    assert {layer: halo(VGG19, [layer]) for layer in by_hand} == by_hand
    assert halo(VGG19, by_hand) == 10
    assert halo(VGG19, []) == 0


def test_cells_double_from_block_to_block():
    assert [stride(VGG19, f"block{block}_conv1") for block in range(1, 6)] == [1, 2, 4, 8, 16]


def test_only_images_larger_than_a_tile_need_tiles():
    assert [needs_tiles((100, 30), side) for side in (None, 99, 100)] == [False, True, False]
