"""Soft masks on a layer's grid."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from maskstyle.errors import SettingsError
from maskstyle.guidance.gradients import soft_weights
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
@pytest.mark.parametrize("size", [(16, 16), (31, 31), (63, 47), (101, 64), (255, 16), (16, 31)])
def test_equals_what_pooling_does_to_the_mask(size, layer):
    mask = np.random.default_rng(0).random(size, dtype=np.float32)
    weights, divisor = soft_weights(mask, VGG19.grid(size, layer))
    expected = pooled(mask.astype(np.float64), int(layer[5]) - 1)
    assert_allclose(weights, expected, rtol=1e-5)
    assert divisor == pytest.approx(expected.sum(), rel=1e-5)


def test_a_mask_that_selects_nothing_on_the_grid():
    mask = np.zeros((5, 5), np.float32)
    mask[4, 4] = 1.0  # in the row and column that pooling drops
    with pytest.raises(SettingsError, match=r"mask is 0 everywhere on a grid of 2x2 cells"):
        soft_weights(mask, (2, 2))
