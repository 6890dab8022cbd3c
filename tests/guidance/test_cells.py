"""The cells that placements weigh on each layer's grid."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from small_scenes import side_by_side, softened

from maskstyle.guidance.cells import (
    BORDER,
    INSIDE,
    WHOLE,
    every_cell,
    label_cells,
    map_cells,
    mask_cells,
    visible_cells,
)
from maskstyle.guidance.regions import region_cells, shares_at
from maskstyle.guidance.soft_masks import soft_weights
from maskstyle.maps import fit_map
from maskstyle.networks.architectures import VGG19

LAYERS = ("block1_conv1", "block1_conv2", "block2_conv1", "block3_conv1")
FIELDS = {layer: VGG19.receptive_field(layer) for layer in LAYERS}


def grids(size):
    return {layer: VGG19.grid(size, layer) for layer in LAYERS}


def test_every_cell_has_the_weight_one():
    cells = every_cell(grids((9, 13)))
    assert [cells[layer][WHOLE].divisor for layer in LAYERS] == [117, 117, 24, 6]
    assert all(cells[layer][WHOLE][1:] == (None, None) for layer in LAYERS)


@pytest.mark.parametrize("exponent", [1.0, 2.0])
def test_masks_weigh_all_cells(exponent):
    mask = np.random.default_rng(0).random((9, 13), np.float32)
    cells = mask_cells(mask, grids((9, 13)), exponent=exponent)
    for layer, grid in grids((9, 13)).items():
        weights, divisor = soft_weights(mask, grid, exponent=exponent)
        assert_array_equal(cells[layer][WHOLE].weights, weights)
        assert cells[layer][WHOLE].divisor == divisor
    assert cells["block1_conv1"][WHOLE].weights is cells["block1_conv2"][WHOLE].weights


def test_cells_count_by_what_of_them_is_visible():
    mask, alpha = np.random.default_rng(0).random((2, 8, 12), np.float32)
    alpha[:2], alpha[6:] = 0, 1
    for layer, grid in grids((8, 12)).items():
        shown = soft_weights(alpha, grid)[0]
        everywhere = visible_cells(every_cell(grids((8, 12))), alpha, grids((8, 12)))[layer][WHOLE]
        assert_array_equal(everywhere.weights, shown)
        assert everywhere.divisor == pytest.approx(shown.sum())
        squared = visible_cells(mask_cells(mask, grids((8, 12)), exponent=2.0), alpha, grids((8, 12)))[layer][WHOLE]
        average = soft_weights(mask, grid)[0]
        assert_allclose(squared.weights, average**2 * shown, rtol=1e-6)
        factor = average.sum() / (average**2).sum()  # the sum of the mask divides its square
        assert squared.divisor == pytest.approx((average**2 * shown).sum() * factor, rel=1e-5)


def test_a_mask_that_vanishes_on_a_grid_is_left_out_there():
    mask = np.zeros((9, 12), np.float32)
    mask[8] = 1.0  # the row that pooling drops
    assert set(mask_cells(mask, grids((9, 12)), exponent=1.0)) == {"block1_conv1", "block1_conv2"}
    underflows = np.full((9, 12), 1e-25, np.float32)
    assert mask_cells(underflows, grids((9, 12)), exponent=2.0) == {}


@pytest.mark.parametrize("propagation", ["simple", "inside", "all"])
def test_regions_take_the_cells_of_their_propagation(propagation):
    labels = side_by_side((12, 20)).labels
    found = label_cells(labels, [0, 1], grids((12, 20)), FIELDS, propagation=propagation)
    for layer, grid in grids((12, 20)).items():
        expected = region_cells(
            labels, grid, [0, 1], propagation=propagation, receptive_field=FIELDS[layer], margin=0
        )
        for region in (0, 1):
            assert_array_equal(found[region][layer][WHOLE].cells, expected[region])
            assert found[region][layer][WHOLE].divisor == len(expected[region])


def test_split_regions_have_their_inside_and_border_beside():
    labels = side_by_side((24, 40)).labels
    found = label_cells(labels, [0, 1], grids((24, 40)), FIELDS, propagation="split")
    for region in (0, 1):
        for parts in found[region].values():
            assert set(parts) == {WHOLE, INSIDE, BORDER}
            together = np.concatenate([parts[INSIDE].cells, parts[BORDER].cells])
            assert_array_equal(np.sort(together), parts[WHOLE].cells)


def test_a_region_that_vanishes_on_a_grid_is_left_out_there():
    labels = np.zeros((8, 8), np.int32)
    labels[3, 3] = 1
    found = label_cells(labels, [1, 2], grids((8, 8)), FIELDS, propagation="simple")
    assert [bool(found[1][layer]) for layer in LAYERS] == [True, True, False, False]
    assert not any(found[2].values())


@pytest.mark.parametrize("size", [(12, 20), (17, 31)])
def test_without_blended_pixels_soft_cells_are_hard_cells(size):
    semantic_map = side_by_side((12, 20))
    hard = map_cells(semantic_map, size, [0, 1], grids(size), FIELDS, propagation="simple")
    soft = map_cells(softened(semantic_map), size, [0, 1], grids(size), FIELDS, propagation="simple", soft=True)
    for region in (0, 1):
        for layer, parts in hard[region].items():
            weights = soft[region][layer][WHOLE]
            assert weights.cells is None
            assert_array_equal(np.flatnonzero(weights.weights), parts[WHOLE].cells)
            assert set(np.unique(weights.weights)) <= {0, 1}
            assert weights.divisor == parts[WHOLE].divisor


def test_blended_pixels_count_by_their_shares():
    soft = softened(side_by_side((12, 20)), {9: 0.25, 10: 0.75})
    found = map_cells(soft, (12, 20), [0, 1], grids((12, 20)), FIELDS, propagation="simple", soft=True)
    fine, coarse = (found[0][layer][WHOLE].weights[0] for layer in ("block1_conv1", "block2_conv1"))
    assert_allclose(fine, [*[1] * 9, 0.75, 0.25, *[0] * 9])
    assert_allclose(coarse, [1, 1, 1, 1, 0.875, 0.125, 0, 0, 0, 0])
    for layer in LAYERS:
        assert_allclose(found[0][layer][WHOLE].weights + found[1][layer][WHOLE].weights, 1)


def test_a_region_without_a_share_is_left_out():
    soft = softened(side_by_side((12, 20)))
    soft.shares[1] = 0
    soft.labels[:] = 0
    found = map_cells(soft, (12, 20), [0, 1], grids((12, 20)), FIELDS, propagation="simple", soft=True)
    assert not any(found[1].values())


def test_shares_are_averaged_where_they_are_soft_and_nearest_elsewhere():
    """So that maps without blended pixels have the same regions, soft or not, at every size."""
    soft = softened(side_by_side((8, 24)), {17: 0.5})
    small = shares_at(soft, (4, 12))
    assert small.shape == (2, 4, 12)
    assert set(np.unique(small[:, :, :6])) == {0, 1}
    assert ((small[1, 0, 8:10] > 0.5) & (small[1, 0, 8:10] < 1)).all()
    assert_allclose(small.sum(axis=0)[:, :8], 1)
    assert shares_at(soft, (8, 24)) is soft.shares
    fitted = fit_map(softened(side_by_side((8, 24))), (16, 48), name="map", image_name="image")
    assert_array_equal(fitted.shares[1], fitted.labels == 1)
