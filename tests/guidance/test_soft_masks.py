"""Soft masks on a layer's grid, and how far what is painted covers the content."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from maskstyle.guidance.soft_masks import FADE, group_masks, mask_coverage, soft_weights
from maskstyle.networks.architectures import VGG19

MASK = np.array([[1.0, 0.0, 0.5, 0.5], [1.0, 0.0, 0.5, 0.5], [0.0, 0.0, 1.0, 1.0], [0.0, 0.8, 1.0, 1.0]], np.float32)


def pooled(mask, times):
    """Average pooling by 2, odd rows and columns dropped, as often as the network pools."""
    for _ in range(times):
        height, width = mask.shape[0] // 2 * 2, mask.shape[1] // 2 * 2
        mask = (mask[0:height:2, 0:width:2] + mask[1:height:2, 0:width:2]) / 2 / 2 + (
            mask[0:height:2, 1:width:2] + mask[1:height:2, 1:width:2]
        ) / 4
    return mask


def test_area_average_of_a_literal():
    weights, divisor = soft_weights(MASK, (2, 2))
    assert_allclose(weights, [[0.5, 0.5], [0.2, 1.0]])
    assert divisor == pytest.approx(2.2)
    assert weights.dtype == np.float32
    assert isinstance(divisor, float)


def test_exponent_raises_the_weights_but_not_the_divisor():
    weights, divisor = soft_weights(MASK, (2, 2), exponent=2.0)
    assert_allclose(weights, [[0.25, 0.25], [0.04, 1.0]], rtol=1e-6)
    assert divisor == pytest.approx(2.2)


def test_full_grid_is_the_mask_itself():
    weights, divisor = soft_weights(MASK, (4, 4))
    assert_allclose(weights, MASK)
    assert divisor == pytest.approx(float(MASK.sum(dtype=np.float64)))


@pytest.mark.parametrize("layer", ["block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1"])
def test_equals_what_pooling_does_to_the_mask(layer):
    for size in ((16, 16), (31, 31), (63, 47), (101, 64), (255, 16), (16, 31)):
        mask = np.random.default_rng(0).random(size, dtype=np.float32)
        weights, divisor = soft_weights(mask, VGG19.grid(size, layer))
        expected = pooled(mask.astype(np.float64), int(layer[5]) - 1)
        assert_allclose(weights, expected, rtol=1e-5)
        assert divisor == pytest.approx(expected.sum(), rel=1e-5)


def test_a_mask_that_selects_nothing_on_the_grid():
    mask = np.zeros((5, 5), np.float32)
    mask[4, 4] = 1.0  # in the row and column that pooling drops
    weights, divisor = soft_weights(mask, (2, 2))
    assert not weights.any()
    assert divisor == 0.0


def weights_of(groups, count, cells):
    """Return the weights (masks, cells) that groups stand for; every cell in at most one."""
    table = np.zeros((count, cells))
    seen = np.concatenate([group.cells for group in groups])
    assert len(np.unique(seen)) == len(seen)
    for group in groups:
        assert (np.diff(group.cells) > 0).all()
        table[:, group.cells] = (group.columns.astype(np.float64) @ group.shares).T
    return table


def rare_sets(seed):
    rng = np.random.default_rng(seed)
    return (rng.random((6, 8, 9)) * (rng.random((6, 8, 9)) < 0.3)).astype(np.float32)


@pytest.mark.parametrize("most", [1, 3, 32])
@pytest.mark.parametrize("seed", range(3))
def test_groups_hold_every_weight(seed, most, monkeypatch):
    monkeypatch.setattr("maskstyle.guidance.soft_masks.MOST_GROUPS", most)
    masks = rare_sets(seed)
    groups = group_masks(list(masks))
    assert len(groups) <= most
    assert_allclose(weights_of(groups, 6, 72), masks.reshape(6, -1), rtol=1e-6)


def test_cells_that_no_mask_weighs_are_in_no_group():
    masks = rare_sets(0)
    untouched = np.flatnonzero((masks == 0).all(axis=0))
    assert len(untouched)
    assert not np.isin(untouched, np.concatenate([group.cells for group in group_masks(list(masks))])).any()


def test_only_masks_that_weigh_a_cell_have_columns_there():
    ramp = np.linspace(0, 1, 8, dtype=np.float32).reshape(1, 8)
    groups = group_masks([ramp, (ramp > 0.5).astype(np.float32)])
    assert [(group.cells.tolist(), group.columns.shape[1]) for group in groups] == [([4, 5, 6, 7], 2), ([1, 2, 3], 1)]
    assert (groups[0].columns == 1).all(axis=0).tolist() == [False, True]


def test_equal_and_constant_masks_share_a_column():
    ramp = np.linspace(0.25, 1, 8, dtype=np.float32).reshape(1, 8)
    (group,) = group_masks([ramp, np.full_like(ramp, 0.5), ramp, np.full_like(ramp, 0.25)])
    assert group.columns.shape == (8, 2)
    assert group.shares.tolist() == [[1, 0, 1, 0], [0, 0.5, 0, 0.25]]


def test_rare_sets_join_the_groups_that_grow_least(monkeypatch):
    monkeypatch.setattr("maskstyle.guidance.soft_masks.MOST_GROUPS", 2)
    left, middle, right = (
        np.array([each], np.float32)
        for each in ([1, 1, 1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 0, 1, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1, 1, 1, 1])
    )
    both = np.maximum(middle, right)
    groups = group_masks([left, middle, both])
    assert sorted(group.cells.tolist() for group in groups) == [[0, 1, 2, 3], [4, 5, 6, 7, 8]]


@pytest.mark.parametrize("value", [0.02, 0.5, 1.0])
def test_a_flat_mask_covers_as_far_as_it_says(value):
    assert_allclose(mask_coverage(np.full((3, 4), value, np.float32)), value, rtol=1e-6)


def test_masks_of_0_and_1_cover_everything_or_nothing():
    total = np.array([[0.0, 1.0], [3.0, 0.0]], np.float32)
    assert_array_equal(mask_coverage(total), [[0.0, 1.0], [1.0, 0.0]])
    assert_array_equal(mask_coverage(np.zeros((2, 2), np.float32)), np.zeros((2, 2)))


def test_a_gradient_is_covered_by_its_typical_value_at_least_but_fades_near_0():
    ramp = np.linspace(0, 1, 1001, dtype=np.float32)[np.newaxis]
    typical = float((ramp**2).sum() / ramp.sum())  # about 2 / 3
    expected = np.maximum(ramp, typical) * np.minimum(1, ramp / (FADE * typical))
    covered = mask_coverage(ramp)
    assert_allclose(covered, expected, rtol=1e-5)
    assert covered[0, 0] == 0
    assert covered[0, -1] == 1
    assert (np.diff(covered[0]) >= 0).all()
    assert np.diff(covered[0]).max() < 0.011  # no edge anywhere


def test_what_exceeds_1_counts_as_1():
    total = np.array([[0.2, 0.9, 1.7]], np.float32)
    assert_array_equal(mask_coverage(total), mask_coverage(np.minimum(total, 1)))
