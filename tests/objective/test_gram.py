"""The Gram computation: every form against NumPy float64, its gradients against the formula and differences."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal

from maskstyle.guidance.soft_masks import group_masks
from maskstyle.objective.gram import (
    MaskPlan,
    Partition,
    PixelWeights,
    gram,
    observe_grams,
    observe_mask_grams,
    observe_region_grams,
)

# Small whole numbers and quarters: exact in float32 and in bfloat16.
FEATURES = np.array(
    [
        [[1.0, 0.0, 2.0], [0.0, 3.0, 1.0], [2.0, 1.0, 0.0], [4.0, 0.0, 1.0]],
        [[0.0, 1.0, 1.0], [3.0, 2.0, 0.0], [1.0, 0.0, 5.0], [2.0, 2.0, 2.0]],
        [[5.0, 1.0, 0.0], [0.0, 0.0, 3.0], [1.0, 4.0, 1.0], [0.0, 2.0, 1.0]],
    ],
    np.float32,
)
SOFT = np.array([[1.0, 0.5, 0.25, 0.0], [0.0, 0.75, 1.0, 0.5], [0.25, 0.0, 0.0, 1.0]], np.float32)
REGION = np.array([[1, 0, 0, 1], [0, 1, 1, 0], [0, 0, 0, 1]], np.float32)
UPSTREAM = np.array([[1.0, -2.0, 0.5], [3.0, 1.0, -1.0], [0.0, 2.0, 4.0]], np.float32)

WEIGHINGS = {
    "whole": PixelWeights(),
    "whole, explicit divisor": PixelWeights(None, 7.0),
    "soft": PixelWeights(SOFT),
    "region": PixelWeights(REGION),
    "soft, explicit divisor": PixelWeights(SOFT**2, float(SOFT.sum())),
}
every_weighing = pytest.mark.parametrize("weighing", WEIGHINGS.values(), ids=WEIGHINGS.keys())


def numpy_gram(features, weights=None, divisor=None):
    """Sum over pixels of w f f^T, one pixel after the other, divided."""
    rows = features.reshape(-1, features.shape[-1]).astype(np.float64)
    factors = np.ones(len(rows)) if weights is None else weights.reshape(-1).astype(np.float64)
    total = sum(factor * np.outer(row, row) for factor, row in zip(factors, rows, strict=True))
    return total / (factors.sum() if divisor is None else divisor)


@every_weighing
def test_equals_numpy(weighing):
    assert_allclose(gram(FEATURES, *weighing).numpy(), numpy_gram(FEATURES, *weighing), rtol=1e-6)


def test_of_a_literal():
    features = tf.constant([[1.0, 2.0], [3.0, 0.0]])
    assert gram(features).numpy().tolist() == [[5.0, 1.0], [1.0, 2.0]]
    assert gram(features, tf.constant([1.0, 3.0])).numpy().tolist() == [[7.0, 0.5], [0.5, 1.0]]
    assert gram(features, tf.constant([1.0, 3.0]), 2.0).numpy().tolist() == [[14.0, 1.0], [1.0, 2.0]]


def test_of_a_region_is_that_of_its_gathered_pixels():
    gathered = FEATURES[REGION == 1]
    assert gathered.shape == (5, 3)
    assert_allclose(gram(FEATURES, REGION).numpy(), gathered.T @ gathered / 5, rtol=1e-6)


def test_rows_of_pixels_do_as_well_as_a_grid():
    assert_array_equal(gram(FEATURES.reshape(-1, 3), SOFT.reshape(-1)), gram(FEATURES, SOFT))


@pytest.mark.parametrize("pixels", [1, 2, 7, 8, 9, 29])
def test_no_pixel_is_lost_between_slices(pixels, monkeypatch):
    monkeypatch.setattr("maskstyle.objective.gram.SLICE_PIXELS", 8)
    features = np.random.default_rng(pixels).integers(0, 5, (pixels, 2)).astype(np.float32)
    weights = np.arange(1, pixels + 1, dtype=np.float32)
    assert_allclose(gram(features).numpy(), numpy_gram(features), rtol=1e-6)
    assert_allclose(gram(features, weights).numpy(), numpy_gram(features, weights), rtol=1e-6)


@every_weighing
def test_bfloat16_features_give_a_float32_gram(weighing):
    result = gram(tf.cast(FEATURES, tf.bfloat16), *weighing)
    assert result.dtype == tf.float32
    assert_allclose(result.numpy(), numpy_gram(FEATURES, *weighing), rtol=1e-6)


def test_bfloat16_sums_are_float32_sums():
    # 1000 ones: a sum in bfloat16, which has 8 bits, would stop at 256.
    assert gram(tf.ones((1000, 1), tf.bfloat16), None, 1.0).numpy().item() == 1000.0


def test_symmetric_and_positive_semi_definite():
    result = gram(FEATURES, SOFT).numpy()
    assert_array_equal(result, result.T)
    assert np.linalg.eigvalsh(result).min() > -1e-5


def test_weights_of_one_change_nothing():
    assert_allclose(gram(FEATURES, np.ones_like(SOFT)), gram(FEATURES), rtol=1e-6)


def test_constant_weights_change_nothing():
    assert_allclose(gram(FEATURES, np.full_like(SOFT, 0.3)), gram(FEATURES), rtol=1e-6)


def test_order_of_pixels_does_not_matter():
    order = np.random.default_rng(0).permutation(SOFT.size)
    shuffled = gram(FEATURES.reshape(-1, 3)[order], SOFT.reshape(-1)[order])
    assert_allclose(shuffled, gram(FEATURES, SOFT), rtol=1e-6)
    assert not np.allclose(gram(FEATURES.reshape(-1, 3)[order], SOFT), gram(FEATURES, SOFT))


def gradient_of_gram(features, weighing, upstream):
    variable = tf.constant(features)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        value = tf.reduce_sum(gram(variable, *weighing) * upstream)
    return tape.gradient(value, variable).numpy()


@every_weighing
def test_gradient_equals_central_differences(weighing):
    # A Gram is quadratic in the features, so that central differences have no error of their own.
    step = 0.5
    expected = np.empty(FEATURES.shape)
    for index in np.ndindex(*FEATURES.shape):
        values = []
        for sign in (1, -1):
            moved = FEATURES.copy()
            moved[index] += sign * step
            values.append(np.sum(UPSTREAM * gram(moved, *weighing).numpy().astype(np.float64)))
        expected[index] = (values[0] - values[1]) / (2 * step)
    assert_allclose(gradient_of_gram(FEATURES, weighing, UPSTREAM), expected, rtol=1e-4, atol=1e-4)


@every_weighing
def test_gradient_equals_the_closed_formula(weighing):
    weights, divisor = weighing
    factors = np.ones(SOFT.shape) if weights is None else np.asarray(weights, np.float64)
    divisor = factors.sum() if divisor is None else divisor
    expected = factors[..., None] * (FEATURES.astype(np.float64) @ (UPSTREAM + UPSTREAM.T)) / divisor
    assert_allclose(gradient_of_gram(FEATURES, weighing, UPSTREAM), expected, rtol=1e-5, atol=1e-6)


def test_gradient_of_bfloat16_features_is_bfloat16_and_close():
    features = tf.cast(FEATURES, tf.bfloat16)
    with tf.GradientTape() as tape:
        tape.watch(features)
        value = tf.reduce_sum(gram(features, SOFT) * UPSTREAM)
    gradient = tape.gradient(value, features)
    assert gradient.dtype == tf.bfloat16
    exact = gradient_of_gram(FEATURES, PixelWeights(SOFT), UPSTREAM)
    assert_allclose(tf.cast(gradient, tf.float32).numpy(), exact, atol=0.02 * np.abs(exact).max())


def test_observing_passes_features_through():
    passed, grams = observe_grams(tf.constant(FEATURES), [PixelWeights()])
    assert_array_equal(passed.numpy(), FEATURES)
    assert_array_equal(grams[0], gram(FEATURES))


def test_observing_adds_its_gradient_to_the_arriving_one():
    arriving = np.arange(FEATURES.size, dtype=np.float32).reshape(FEATURES.shape)
    variable = tf.constant(FEATURES)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        passed, (matrix,) = observe_grams(variable, [PixelWeights(SOFT)])
        value = tf.reduce_sum(passed * arriving) + tf.reduce_sum(matrix * UPSTREAM)
    expected = arriving + gradient_of_gram(FEATURES, PixelWeights(SOFT), UPSTREAM)
    assert_allclose(tape.gradient(value, variable).numpy(), expected, rtol=1e-6)


def test_several_weighings_at_once_are_the_sum_of_single_ones():
    weighings = list(WEIGHINGS.values())
    variable = tf.constant(FEATURES)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        _, grams = observe_grams(variable, weighings)
        value = sum(number * tf.reduce_sum(matrix * UPSTREAM) for number, matrix in enumerate(grams, start=1))
    for matrix, weighing in zip(grams, weighings, strict=True):
        assert_allclose(matrix, gram(FEATURES, *weighing), rtol=1e-6)
    expected = sum(
        number * gradient_of_gram(FEATURES, weighing, UPSTREAM) for number, weighing in enumerate(weighings, start=1)
    )
    assert_allclose(tape.gradient(value, variable).numpy(), expected, rtol=1e-5, atol=1e-5)


REGIONS = {
    "disjoint": [[0, 3, 7], [1, 2], [11, 5]],
    "all pixels": [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]],
    "overlapping": [[0, 1, 2], [2, 1, 9], [2]],
    "one": [list(range(12))],
}
every_partition = pytest.mark.parametrize(
    "regions", [[np.array(cells, np.int32) for cells in each] for each in REGIONS.values()], ids=REGIONS
)
ROWS = np.random.default_rng(4).normal(size=(3, 4, 3)).astype(np.float32)


def region_gradient(features, regions, upstreams):
    with tf.GradientTape() as tape:
        tape.watch(features)
        passed, grams = observe_region_grams(features, Partition.of(regions))
        value = tf.add_n([tf.reduce_sum(each * up) for each, up in zip(grams, upstreams, strict=True)])
        value += tf.reduce_sum(tf.cast(passed, tf.float32))
    return tape.gradient(value, features)


@every_partition
def test_region_grams_equal_those_of_the_gathered_pixels(regions):
    passed, grams = observe_region_grams(tf.constant(ROWS), Partition.of(regions))
    assert_array_equal(passed, ROWS)
    for cells, matrix in zip(regions, grams, strict=True):
        assert_allclose(matrix, numpy_gram(ROWS.reshape(-1, 3)[cells]), rtol=1e-5, atol=1e-6)


@every_partition
def test_region_grams_are_grams_under_masks_of_0_and_1(regions):
    masks = np.zeros((len(regions), 12), np.float32)
    for mask, cells in zip(masks, regions, strict=True):
        mask[cells] = 1
    _, gathered = observe_region_grams(tf.constant(ROWS), Partition.of(regions))
    _, weighed = observe_grams(tf.constant(ROWS), [PixelWeights(mask) for mask in masks])
    for one, other in zip(gathered, weighed, strict=True):
        assert_allclose(one, other, rtol=1e-5, atol=1e-6)


@every_partition
def test_gradient_of_region_grams_equals_the_closed_formula(regions):
    upstreams = np.random.default_rng(5).normal(size=(len(regions), 3, 3)).astype(np.float32)
    rows = ROWS.reshape(-1, 3).astype(np.float64)
    expected = np.ones(rows.shape)  # of the features that are passed on
    for cells, upstream in zip(regions, upstreams, strict=True):
        expected[cells] += rows[cells] @ (upstream + upstream.T).astype(np.float64) / len(cells)
    gradient = region_gradient(tf.constant(ROWS), regions, upstreams)
    assert_allclose(gradient.numpy().reshape(-1, 3), expected, rtol=1e-5, atol=1e-5)


def test_gradient_of_region_grams_equals_central_differences():
    regions = [np.array(cells, np.int32) for cells in REGIONS["overlapping"]]
    upstreams = np.random.default_rng(5).normal(size=(3, 3, 3)).astype(np.float32)

    def value(features):
        passed, grams = observe_region_grams(tf.constant(features), Partition.of(regions))
        sums = [np.sum(up * each.numpy().astype(np.float64)) for each, up in zip(grams, upstreams, strict=True)]
        return sum(sums) + np.sum(passed.numpy().astype(np.float64))

    expected = np.empty(ROWS.shape)
    for index in np.ndindex(*ROWS.shape):
        step = np.zeros_like(ROWS)
        step[index] = 0.5
        expected[index] = value(ROWS + step) - value(ROWS - step)
    assert_allclose(region_gradient(tf.constant(ROWS), regions, upstreams), expected, rtol=1e-4, atol=1e-4)


def test_region_grams_of_bfloat16_features():
    regions = [np.array(cells, np.int32) for cells in REGIONS["disjoint"]]
    features = tf.cast(ROWS, tf.bfloat16)
    _, grams = observe_region_grams(features, Partition.of(regions))
    exact = tf.cast(features, tf.float32).numpy().reshape(-1, 3)
    for cells, matrix in zip(regions, grams, strict=True):
        assert matrix.dtype == tf.float32
        assert_allclose(matrix, numpy_gram(exact[cells]), rtol=1e-5, atol=1e-6)
    assert region_gradient(features, regions, np.ones((3, 3, 3), np.float32)).dtype == tf.bfloat16


def test_order_of_regions_changes_nothing():
    regions = [np.array(cells, np.int32) for cells in REGIONS["disjoint"]]
    upstreams = np.random.default_rng(5).normal(size=(3, 3, 3)).astype(np.float32)
    one = region_gradient(tf.constant(ROWS), regions, upstreams)
    other = region_gradient(tf.constant(ROWS), regions[::-1], upstreams[::-1])
    assert_allclose(one, other, rtol=1e-6)


MASKS = {
    "everywhere": [np.linspace(0.25, 1, 12), np.linspace(1, 0.5, 12)],
    "with gaps": [[1, 0.5, 0.25, 0, 0, 0, 0, 0, 0, 0, 0, 0.75], [0, 0, 0.5, 1, 1, 0, 0, 0, 0, 0, 0.5, 0.25]],
    "of 0 and 1": [[1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]],
    "equal": [np.linspace(0, 1, 12)] * 3,
    "of ones": [np.ones(12)],
    "faint": [np.full(12, 1e-3), np.linspace(0, 1e-6, 12), np.full(12, 0.5)],
}
every_mask_set = pytest.mark.parametrize(
    "masks", [np.array(each, np.float32).reshape(-1, 3, 4) for each in MASKS.values()], ids=MASKS
)
DIVISORS = (1.5, 2.0, 0.75)


def mask_grams(features, masks):
    return observe_mask_grams(features, MaskPlan(group_masks(list(masks)), 12), DIVISORS[: len(masks)])


def mask_gradient(features, masks, upstreams):
    with tf.GradientTape() as tape:
        tape.watch(features)
        passed, grams = mask_grams(features, masks)
        value = tf.reduce_sum(grams * tf.cast(upstreams, tf.float32)) + tf.reduce_sum(tf.cast(passed, tf.float32))
    return tape.gradient(value, features)


PARTS = {"whole": (32, 1 << 22), "slices": (32, 12), "one group": (1, 30), "two groups, single pixels": (2, 1)}


@pytest.fixture(params=PARTS.values(), ids=PARTS)
def _in_parts(request, monkeypatch):
    monkeypatch.setattr("maskstyle.guidance.soft_masks.MOST_GROUPS", request.param[0])
    monkeypatch.setattr("maskstyle.objective.gram.SLICE_VALUES", request.param[1])


@every_mask_set
@pytest.mark.usefixtures("_in_parts")
def test_mask_grams_and_their_gradient_equal_numpy(masks):
    upstreams = np.random.default_rng(6).normal(size=(len(masks), 3, 3)).astype(np.float32)
    rows = ROWS.reshape(-1, 3).astype(np.float64)
    passed, grams = mask_grams(tf.constant(ROWS), masks)
    assert_array_equal(passed, ROWS)
    slope = np.ones(rows.shape)  # of the features that are passed on
    for mask, divisor, matrix, upstream in zip(masks, DIVISORS, grams, upstreams, strict=False):
        expected = numpy_gram(ROWS, mask, divisor)
        assert_allclose(matrix, expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())
        slope += mask.reshape(-1, 1) * (rows @ (upstream + upstream.T).astype(np.float64)) / divisor
    gradient = mask_gradient(tf.constant(ROWS), masks, upstreams)
    assert_allclose(gradient.numpy().reshape(-1, 3), slope, rtol=1e-5, atol=1e-5)


def test_gradient_of_mask_grams_equals_central_differences():
    masks = np.array(MASKS["with gaps"], np.float32).reshape(-1, 3, 4)
    upstreams = np.random.default_rng(6).normal(size=(2, 3, 3)).astype(np.float32)

    def value(features):
        passed, grams = mask_grams(tf.constant(features), masks)
        return np.sum(upstreams * grams.numpy().astype(np.float64)) + np.sum(passed.numpy().astype(np.float64))

    expected = np.empty(ROWS.shape)
    for index in np.ndindex(*ROWS.shape):
        step = np.zeros_like(ROWS)
        step[index] = 0.5
        expected[index] = value(ROWS + step) - value(ROWS - step)
    assert_allclose(mask_gradient(tf.constant(ROWS), masks, upstreams), expected, rtol=1e-4, atol=1e-4)


@every_mask_set
def test_mask_grams_of_bfloat16_features_are_close(masks):
    features = tf.cast(ROWS, tf.bfloat16)
    _, grams = mask_grams(features, masks)
    exact = tf.cast(features, tf.float32).numpy()
    assert grams.dtype == tf.float32
    for mask, divisor, matrix in zip(masks, DIVISORS, grams, strict=False):
        expected = numpy_gram(exact, mask, divisor)
        assert_allclose(matrix, expected, atol=0.01 * np.abs(expected).max())
    assert mask_gradient(features, masks, np.ones((len(masks), 3, 3))).dtype == tf.bfloat16


def test_mask_grams_of_bfloat16_features_are_summed_in_float32(monkeypatch):
    monkeypatch.setattr("maskstyle.objective.gram.SLICE_VALUES", 64)
    plan = MaskPlan(group_masks([np.ones((10, 100), np.float32)]), 1000)
    _, grams = observe_mask_grams(tf.ones((1000, 1), tf.bfloat16), plan, [1.0])
    assert grams.numpy().item() == 1000.0
