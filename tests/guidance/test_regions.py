"""Regions on a layer's grid, on literal label maps."""

import numpy as np
import pytest

from maskstyle.guidance.regions import region_cells, split_cells
from maskstyle.images.pixels import resize_labels

LABELS = np.array(
    [
        [0, 0, 0, 0, 1, 1, 1, 1],
        [0, 0, 0, 0, 1, 1, 1, 1],
        [0, 0, 0, 1, 1, 1, 1, 1],
        [0, 0, 0, 1, 1, 1, 1, 1],
        [0, 0, 2, 2, 2, 2, 1, 1],
        [0, 0, 2, 2, 2, 2, -1, -1],
    ],
    np.int32,
)


def cells_of(grid, regions=(0, 1, 2), *, propagation="simple", receptive_field=1, labels=LABELS):
    found = region_cells(labels, grid, regions, propagation=propagation, receptive_field=receptive_field)
    assert all(each.dtype == np.int32 for each in found)
    return [each.tolist() for each in found]


def test_at_full_size_every_pixel_belongs_to_its_own_region():
    for region, cells in zip((0, 1, 2), cells_of((6, 8)), strict=True):
        assert cells == np.flatnonzero(region == LABELS).tolist()


def test_a_cell_belongs_to_what_covers_most_of_it_and_to_the_lowest_of_several():
    #  0 0 1 1        the cell in the second row and column is half 0, half 1; the last one half 1, half nothing,
    #  0 0 1 1        where nothing, -1, is the lower number
    #  0 2 2 -1
    assert cells_of((3, 4)) == [[0, 1, 4, 5, 8], [2, 3, 6, 7], [9, 10]]


def test_odd_rows_and_columns_are_dropped_as_pooling_drops_them():
    odd = np.pad(LABELS, ((0, 1), (0, 1)), constant_values=2)
    assert cells_of((3, 4), labels=odd) == cells_of((3, 4))


def test_a_region_may_vanish():
    assert cells_of((1, 2)) == [[0], [1], []]


def test_regions_come_in_the_order_asked_for():
    assert cells_of((3, 4), (2, 0)) == [[9, 10], [0, 1, 4, 5, 8]]


def test_inside_keeps_the_cells_that_see_nothing_else():
    simple, inside = cells_of((6, 8)), cells_of((6, 8), propagation="inside", receptive_field=3)
    expected = []
    padded = np.pad(LABELS, 1, mode="edge")
    for region in (0, 1, 2):
        windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
        expected.append(np.flatnonzero((windows == region).all(axis=(2, 3))).tolist())
    assert all(expected)
    assert inside == expected
    # With a wider view nothing is left of the third, so that the simple rule holds for it.
    wider = cells_of((6, 8), propagation="inside", receptive_field=5)
    assert wider[2] == simple[2]
    assert 0 < len(wider[0]) < len(inside[0])


def test_all_takes_every_cell_that_sees_the_region():
    found = cells_of((6, 8), propagation="all", receptive_field=3)
    padded = np.pad(LABELS, 1, mode="edge")
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3))
    for region, cells in zip((0, 1, 2), found, strict=True):
        assert cells == np.flatnonzero((windows == region).any(axis=(2, 3))).tolist()
    assert set(found[0]) & set(found[1])


@pytest.mark.parametrize("propagation", ["simple", "inside", "all"])
def test_one_region_is_the_whole_grid(propagation):
    labels = np.zeros((9, 13), np.int32)
    for grid in ((9, 13), (4, 6), (2, 3), (1, 1)):
        cells = cells_of(grid, (0,), propagation=propagation, receptive_field=5, labels=labels)
        assert cells == [list(range(grid[0] * grid[1]))]


def test_labels_are_resized_by_their_nearest_pixel():
    np.testing.assert_array_equal(resize_labels(LABELS, (6, 8)), LABELS)
    np.testing.assert_array_equal(resize_labels(LABELS, (12, 24)), LABELS.repeat(2, axis=0).repeat(3, axis=1))
    np.testing.assert_array_equal(resize_labels(LABELS, (2, 8)), LABELS[1::3])
    assert resize_labels(LABELS, (1, 1)).dtype == np.int32


@pytest.mark.parametrize("margin", [0, 4])
@pytest.mark.parametrize("receptive_field", [1, 3, 5])
def test_a_split_region_is_what_sees_nothing_else_and_the_rest(margin, receptive_field):
    regions, grid = (0, 1, 2), (6 + 2 * margin, 8 + 2 * margin)
    size = {"receptive_field": receptive_field, "margin": margin}
    simple = region_cells(LABELS, grid, regions, propagation="simple", **size)
    reach = receptive_field // 2
    windows = np.lib.stride_tricks.sliding_window_view(
        np.pad(LABELS, margin + reach, mode="edge"), (receptive_field, receptive_field)
    ).reshape(*grid, -1)
    for region, cells, (inside, along) in zip(
        regions, simple, split_cells(LABELS, grid, regions, **size), strict=True
    ):
        pure = np.flatnonzero((windows == region).all(axis=-1))
        assert inside.tolist() == [cell for cell in cells if cell in pure]
        assert along.tolist() == [cell for cell in cells if cell not in pure]


@pytest.mark.parametrize("propagation", ["simple", "inside", "all"])
def test_a_margin_moves_the_cells_and_adds_none(propagation):
    def cells(margin):
        grid = (3 + margin, 4 + margin)  # a cell is two pixels, on two sides
        size = {"propagation": propagation, "receptive_field": 3, "margin": margin}
        return [np.unravel_index(each, grid) for each in region_cells(LABELS, grid, (0, 1, 2), **size)]

    for plain, moved in zip(cells(0), cells(4), strict=True):
        assert [each.tolist() for each in moved] == [(each + 2).tolist() for each in plain]


def test_a_margin_leaves_odd_rows_to_what_covers_more_of_their_cells():
    odd = np.zeros((5, 4), np.int32)
    (cells,) = region_cells(odd, (4, 4), [0], propagation="simple", receptive_field=1, margin=2)
    assert cells.tolist() == [5, 6, 9, 10]  # the last row's cells are half margin, which has the lower number
