"""Cutting into patches, the means of their parts, and the picture of what they were matched to."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from maskstyle.guidance.patches import (
    MOST_CANDIDATES,
    Patches,
    candidate_patches,
    cut_patches,
    draw_matches,
    mean_parts,
)


def covered(patches):
    """Return how many patches each cell is in."""
    counts = np.zeros(patches.grid, int)
    for top, left in patches.corners():
        counts[top : top + patches.shape[0], left : left + patches.shape[1]] += 1
    return counts


@pytest.mark.parametrize("grid", [(16, 16), (17, 23), (5, 40), (1, 1), (3, 8)])
def test_every_cell_is_covered_by_patches_that_stay_inside(grid):
    cuts = [(8, 8), (8, 4), (8, 3), (4, 1), (64, 64), (1, 1)]
    for (size, stride), offset in itertools.product(cuts, [(0, 0), (3, 1), (100, 7)]):
        _check_patches(grid, size, stride, offset)


def _check_patches(grid, size, stride, offset):
    patches = cut_patches(grid, 1, size=size, stride=stride, offset=offset)
    assert patches.shape == (min(size, grid[0]), min(size, grid[1]))
    assert covered(patches).min() >= 1
    assert covered(patches).sum() == patches.number * patches.cells
    for starts, extent, length in zip((patches.tops, patches.lefts), patches.shape, grid, strict=True):
        assert starts[0] == 0
        assert starts[-1] == length - extent
        assert all(before < after <= before + stride for before, after in itertools.pairwise(starts))


def test_patches_that_fit_cover_each_cell_once():
    assert (covered(cut_patches((16, 8), 4, size=16, stride=16, offset=(0, 0))) == 1).all()


def test_a_rim_is_left_out_where_a_patch_fits_without():
    patches = cut_patches((9, 5), 1, size=4, stride=4, offset=(0, 0), rim=1)
    assert (patches.tops, patches.lefts) == ((1, 4), (0, 1))
    candidates = candidate_patches((9, 5), 4, rim=1)
    assert (candidates.tops, candidates.lefts) == ((1, 2, 3, 4), (0, 1))


def test_pixels_become_cells_of_at_least_one():
    assert cut_patches((8, 8), 4, size=8, stride=8, offset=(4, 0)).tops == (0, 1, 3, 5, 6)
    assert cut_patches((2, 2), 4, size=1, stride=1, offset=(0, 0)).shape == (1, 1)


def test_flat_indices():
    patches = cut_patches((5, 7), 1, size=3, stride=2, offset=(0, 0))
    cells = np.arange(35).reshape(5, 7)
    for index, (top, left) in enumerate(patches.corners()):
        expected = cells[top : top + 3, left : left + 3].ravel()
        assert_array_equal(patches.first_cells()[index] + patches.offsets(), expected)
        assert_allclose(patches.centers()[index], [(top + 1.5) / 5, (left + 1.5) / 7])


def test_candidates_are_every_patch_where_these_are_few():
    candidates = candidate_patches((5, 7), 3)
    assert (candidates.tops, candidates.lefts) == ((0, 1, 2), (0, 1, 2, 3, 4))
    assert candidate_patches((2, 7), 3).shape == (2, 3)


@pytest.mark.parametrize("grid", [(300, 300), (9, 5001), (1024, 700)])
def test_candidates_are_bounded_and_reach_all_edges(grid):
    candidates = candidate_patches(grid, 8)
    assert MOST_CANDIDATES / 8 < candidates.number <= MOST_CANDIDATES
    assert (candidates.tops[-1], candidates.lefts[-1]) == (grid[0] - 8, grid[1] - 8)


def test_candidates_of_a_coarser_layer_are_at_the_same_places():
    fine, coarse = candidate_patches((512, 512), 64), candidate_patches((128, 128), 16)
    assert tuple(top // 4 for top in fine.tops) == coarse.tops


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_means_of_parts(parts):
    values = np.random.default_rng(0).random((6, 9, 2), np.float32)
    patches = cut_patches((6, 9), 1, size=4, stride=3, offset=(0, 1))
    cuts = [4 * part // parts for part in range(parts + 1)]
    expected = [
        [
            values[top + cuts[row] : top + cuts[row + 1], left + cuts[column] : left + cuts[column + 1]].mean((0, 1))
            for row in range(parts)
            for column in range(parts)
        ]
        for top, left in patches.corners()
    ]
    assert_allclose(mean_parts(values, patches, parts), expected, atol=1e-6)


def test_matches_are_drawn_with_the_styles_pixels():
    style = np.random.default_rng(0).random((8, 8, 3)).astype(np.float32)
    patches = Patches((2, 4), (2, 2), (0,), (0, 2))
    candidates = Patches((4, 4), (2, 2), (0, 1, 2), (0, 1, 2))
    picture = draw_matches(style, patches, candidates, np.array([8, 1], np.int32), (4, 8))
    assert_array_equal(picture[:, :4], style[4:8, 4:8])
    assert_array_equal(picture[:, 4:], style[0:4, 2:6])


def test_of_overlapping_patches_the_nearest_is_drawn_and_none_is_gray():
    style = np.stack([np.full((2, 9), value, np.float32) for value in range(3)], axis=-1) / 4
    style[:, :3], style[:, 3:6], style[:, 6:] = 0.1, 0.2, 0.3
    patches, candidates = Patches((2, 5), (2, 3), (0,), (0, 1, 2)), Patches((2, 9), (2, 3), (0,), (0, 3, 6))
    picture = draw_matches(style, patches, candidates, np.array([0, -1, 2], np.int32), (2, 5))
    assert_allclose(picture[0, :, 0], [0.1, 0.1, 0.5, 0.3, 0.3])
