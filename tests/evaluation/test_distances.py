"""Distances, means over layers and leakage, on tiny literal arrays."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from maskstyle.evaluation.distances import averaged, content_distance, leakages, nearest_other, style_distances

NAN = np.nan


def test_a_distance_is_a_share_of_the_styles_size():
    gram, target = np.array([[2, 1], [1, 0]], np.float32), np.array([[1, 0], [0, 2]], np.float32)
    found = style_distances({3: gram}, {0: target, 1: 2 * gram}, [3], [0, 1])
    assert_allclose(found, [[(1 + 1 + 1 + 4) / 5, 0.25]])


def test_a_style_of_zeros_is_no_division_by_zero():
    zeros = np.zeros((2, 2), np.float32)
    assert style_distances({0: zeros}, {0: zeros}, [0], [0]).tolist() == [[0]]


def test_a_row_is_a_mean_over_the_layers_of_its_own_distance():
    by_layer = {"a": np.array([[1.0, 2.0, NAN], [NAN, 3.0, 5.0]]), "b": np.array([[3.0, 4.0, 1.0], [NAN, NAN, 7.0]])}
    mix = (("a", 1.0), ("b", 3.0))
    assert_allclose(averaged(by_layer, mix, [0, 1]), [[2.5, 3.5, NAN], [NAN, 3.0, 5.0]])
    assert_allclose(averaged(by_layer, mix, [0, 0]), [[2.5, 3.5, NAN], [NAN, NAN, NAN]])


@pytest.mark.parametrize(
    ("row", "own", "others", "expected"),
    [
        ([0.1, 0.4, 0.2], 0, [0, 1, 2], 0.5),
        ([0.1, 0.4, NAN], 0, [0, 1, 2], 0.25),
        ([0.4, 0.1, 0.2], 0, [0, 1, 2], 4.0),
        ([0.1, 0.4, 0.2], 0, [0, 1], 0.25),
        ([0.1, 0.4, 0.2], 0, [1, 2], None),
        ([0.1], 0, [0], None),
        ([NAN, 0.4, 0.2], 0, [0, 1, 2], None),
        ([0.1, NAN, NAN], 0, [0, 1, 2], None),
    ],
)
def test_leakage_is_the_own_distance_by_the_nearest_others(row, own, others, expected):
    (found,) = leakages(np.array([row]), [own], others)
    assert found == (None if expected is None else pytest.approx(expected))


def test_the_nearest_other_is_never_the_own():
    assert nearest_other(np.array([0.0, 3.0, 2.0]), 0, [0, 1, 2]) == 2


def test_content_distance_over_some_cells():
    target = np.array([[[1.0, 0.0], [2.0, 0.0]]], np.float32)
    features = np.array([[[1.0, 1.0], [4.0, 0.0]]], np.float32)
    assert content_distance(features, target) == pytest.approx((1 + 4) / 5)
    assert content_distance(features, target, np.array([1], np.int32)) == pytest.approx(1.0)
    assert content_distance(target, target) == 0
