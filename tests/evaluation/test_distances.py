"""Distances, means over layers, leakage and untouched pixels, on tiny literal arrays."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from maskstyle.evaluation.distances import (
    compare_untouched,
    content_distance,
    leakage_ratios,
    mean_over_layers,
    nearest_other,
    style_distances,
)
from maskstyle.guidance.cells import CellWeights
from maskstyle.images.pixels import resize_image

NAN = np.nan
CONTENT = np.random.default_rng(0).random((4, 6, 3), dtype=np.float32)
EVERYWHERE = np.ones((4, 6), bool)


def test_a_distance_is_relative_to_the_target():
    gram, target = np.array([[2, 1], [1, 0]], np.float32), np.array([[1, 0], [0, 2]], np.float32)
    found = style_distances({3: gram}, {0: target, 1: 2 * gram}, [3], [0, 1])
    assert_allclose(found, [[(1 + 1 + 1 + 4) / 5, 0.25]])


def test_a_target_of_zeros_does_not_divide_by_zero():
    zeros = np.zeros((2, 2), np.float32)
    assert style_distances({0: zeros}, {0: zeros}, [0], [0]).tolist() == [[0]]


def test_a_mean_is_over_the_layers_of_the_own_distance():
    by_layer = {"a": np.array([[1.0, 2.0, NAN], [NAN, 3.0, 5.0]]), "b": np.array([[3.0, 4.0, 1.0], [NAN, NAN, 7.0]])}
    mix = (("a", 1.0), ("b", 3.0))
    assert_allclose(mean_over_layers(by_layer, mix, [0, 1]), [[2.5, 3.5, NAN], [NAN, 3.0, 5.0]])
    assert_allclose(mean_over_layers(by_layer, mix, [0, 0]), [[2.5, 3.5, NAN], [NAN, NAN, NAN]])


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
def test_leakage_is_the_own_distance_divided_by_the_nearest_other(row, own, others, expected):
    (found,) = leakage_ratios(np.array([row]), [own], others)
    assert found == (None if expected is None else pytest.approx(expected))


def test_the_nearest_other_style_is_not_the_own_style():
    assert nearest_other(np.array([0.0, 3.0, 2.0]), 0, [0, 1, 2]) == 2


def test_content_distance_over_some_cells():
    target = np.array([[[1.0, 0.0], [2.0, 0.0]]], np.float32)
    features = np.array([[[1.0, 1.0], [4.0, 0.0]]], np.float32)
    assert content_distance(features, target) == pytest.approx((1 + 4) / 5)
    assert content_distance(features, target, CellWeights(1.0, np.array([1], np.int32))) == pytest.approx(1.0)
    assert content_distance(target, target) == 0


def test_differences_are_counted_in_8_bits():
    content = np.full((4, 6, 3), 0.5, np.float32)
    assert compare_untouched(content + np.float32(0.001), content, EVERYWHERE) == (24, 0, 0)
    assert compare_untouched(content + np.float32(0.004), content, EVERYWHERE) == (24, 24, 1)


def test_only_untouched_pixels_count():
    result = CONTENT.copy()
    result[0, :3, 1] = 1 - result[0, :3, 1]
    untouched = EVERYWHERE.copy()
    untouched[0, 0] = False
    found = compare_untouched(result, CONTENT, untouched)
    assert found[:2] == (23, 2)
    assert found.share == pytest.approx(2 / 23)


def test_without_untouched_pixels_there_is_no_share():
    found = compare_untouched(1 - CONTENT, CONTENT, ~EVERYWHERE)
    assert found == (0, 0, 0)
    assert found.share is None


def test_the_content_image_is_resized_as_for_a_transfer():
    small = resize_image(CONTENT, (2, 3))
    assert compare_untouched(small, CONTENT, np.ones((2, 3), bool)) == (6, 0, 0)


@pytest.mark.parametrize(("alpha", "content_alpha", "changed"), [(1, 1, 0), (0, 0, 0), (0.5, 1, 1), (None, 0, 1)])
def test_opacity_counts(alpha, content_alpha, changed):
    def opacity(value):
        if value is None:
            return None
        filled = np.ones((4, 6), np.float32)
        filled[1, 1] = value
        return filled

    found = compare_untouched(
        CONTENT, CONTENT, EVERYWHERE, alpha=opacity(alpha), content_alpha=opacity(content_alpha)
    )
    assert found[:2] == (23 if alpha == content_alpha == 0 else 24, changed)
    assert (found.largest > 100) == bool(changed)


def test_transparent_pixels_of_a_result_have_not_changed():
    nothing = np.zeros((4, 6), np.float32)
    assert compare_untouched(CONTENT, CONTENT, EVERYWHERE, alpha=nothing) == (24, 0, 0)
    other = CONTENT[::-1].copy()
    assert compare_untouched(other, CONTENT, EVERYWHERE, alpha=nothing).changed > 0
