"""Gram matrices: every form against NumPy float64, gradients against the formula and central differences."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal

from maskstyle.guidance.soft_masks import MaskGroup, group_masks
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

WEIGHTINGS = {
    "whole": PixelWeights(),
    "whole, explicit divisor": PixelWeights(None, 7.0),
    "soft": PixelWeights(SOFT),
    "region": PixelWeights(REGION),
    "soft, explicit divisor": PixelWeights(SOFT**2, float(SOFT.sum())),
}
every_weighting = pytest.mark.parametrize("weighting", WEIGHTINGS.values(), ids=WEIGHTINGS.keys())


def numpy_gram(features, weights=None, divisor=None):
    """Sum over pixels of w f f^T, one pixel after the other, divided."""
    rows = features.reshape(-1, features.shape[-1]).astype(np.float64)
    factors = np.ones(len(rows)) if weights is None else weights.reshape(-1).astype(np.float64)
    total = sum(factor * np.outer(row, row) for factor, row in zip(factors, rows, strict=True))
    return total / (factors.sum() if divisor is None else divisor)


@every_weighting
def test_equals_numpy(weighting):
    assert_allclose(gram(FEATURES, *weighting).numpy(), numpy_gram(FEATURES, *weighting), rtol=1e-6)


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
def test_no_pixel_is_lost_between_slices(pixels):
    features = np.random.default_rng(pixels).integers(0, 5, (pixels, 2)).astype(np.float32)
    weights = np.arange(1, pixels + 1, dtype=np.float32)
    weightings = [PixelWeights(), PixelWeights(weights)]
    _, grams = observe_grams(tf.constant(features), weightings, slice_pixels=8)
    for matrix, weighting in zip(grams, weightings, strict=True):
        assert_allclose(matrix, numpy_gram(features, *weighting), rtol=1e-6)
    cells = np.arange(pixels - 1, -1, -1, np.int32)
    _, (matrix,) = observe_region_grams(tf.constant(features), Partition.of([cells]), slice_pixels=8)
    assert_allclose(matrix, numpy_gram(features), rtol=1e-6)


@every_weighting
def test_bfloat16_features_give_a_float32_gram(weighting):
    result = gram(tf.cast(FEATURES, tf.bfloat16), *weighting)
    assert result.dtype == tf.float32
    assert_allclose(result.numpy(), numpy_gram(FEATURES, *weighting), rtol=1e-6)


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


def gradient_of_gram(features, weighting, upstream):
    variable = tf.constant(features)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        value = tf.reduce_sum(gram(variable, *weighting) * upstream)
    return tape.gradient(value, variable).numpy()


@every_weighting
def test_gradient_equals_central_differences(weighting):
    # A Gram is quadratic in the features, so that central differences have no error of their own.
    step = 0.5
    expected = np.empty(FEATURES.shape)
    for index in np.ndindex(*FEATURES.shape):
        values = []
        for sign in (1, -1):
            moved = FEATURES.copy()
            moved[index] += sign * step
            values.append(np.sum(UPSTREAM * gram(moved, *weighting).numpy().astype(np.float64)))
        expected[index] = (values[0] - values[1]) / (2 * step)
    assert_allclose(gradient_of_gram(FEATURES, weighting, UPSTREAM), expected, rtol=1e-4, atol=1e-4)


@every_weighting
def test_gradient_equals_the_closed_formula(weighting):
    weights, divisor = weighting
    factors = np.ones(SOFT.shape) if weights is None else np.asarray(weights, np.float64)
    divisor = factors.sum() if divisor is None else divisor
    expected = factors[..., None] * (FEATURES.astype(np.float64) @ (UPSTREAM + UPSTREAM.T)) / divisor
    assert_allclose(gradient_of_gram(FEATURES, weighting, UPSTREAM), expected, rtol=1e-5, atol=1e-6)


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


def test_several_weightings_at_once_are_the_sum_of_single_ones():
    weightings = list(WEIGHTINGS.values())
    variable = tf.constant(FEATURES)
    with tf.GradientTape() as tape:
        tape.watch(variable)
        _, grams = observe_grams(variable, weightings)
        value = sum(number * tf.reduce_sum(matrix * UPSTREAM) for number, matrix in enumerate(grams, start=1))
    for matrix, weighting in zip(grams, weightings, strict=True):
        assert_allclose(matrix, gram(FEATURES, *weighting), rtol=1e-6)
    expected = sum(
        number * gradient_of_gram(FEATURES, weighting, UPSTREAM)
        for number, weighting in enumerate(weightings, start=1)
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
def test_gradient_of_region_grams_equals_the_closed_formula(regions):
    upstreams = np.random.default_rng(5).normal(size=(len(regions), 3, 3)).astype(np.float32)
    rows = ROWS.reshape(-1, 3).astype(np.float64)
    expected = np.ones(rows.shape)  # of the features that are passed on
    for cells, upstream in zip(regions, upstreams, strict=True):
        expected[cells] += rows[cells] @ (upstream + upstream.T).astype(np.float64) / len(cells)
    gradient = region_gradient(tf.constant(ROWS), regions, upstreams)
    assert_allclose(gradient.numpy().reshape(-1, 3), expected, rtol=1e-5, atol=1e-5)


def test_region_grams_of_bfloat16_features():
    regions = [np.array(cells, np.int32) for cells in REGIONS["disjoint"]]
    features = tf.cast(ROWS, tf.bfloat16)
    _, grams = observe_region_grams(features, Partition.of(regions))
    exact = tf.cast(features, tf.float32).numpy().reshape(-1, 3)
    for cells, matrix in zip(regions, grams, strict=True):
        assert matrix.dtype == tf.float32
        assert_allclose(matrix, numpy_gram(exact[cells]), rtol=1e-5, atol=1e-6)
    assert region_gradient(features, regions, np.ones((3, 3, 3), np.float32)).dtype == tf.bfloat16


MASKS = {
    "everywhere": [np.linspace(0.25, 1, 12), np.linspace(1, 0.5, 12)],
    "with gaps": [[1, 0.5, 0.25, 0, 0, 0, 0, 0, 0, 0, 0, 0.75], [0, 0, 0.5, 1, 1, 0, 0, 0, 0, 0, 0.5, 0.25]],
    "of 0 and 1": [[1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0], [0, 0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0]],
    "equal": [np.linspace(0, 1, 12)] * 3,
    "of ones": [np.ones(12)],
    "faint": [np.full(12, 1e-3), np.linspace(0, 1e-6, 12), np.full(12, 0.5)],
    # Three groups of pixels, each with enough columns of weights to fill a batch.
    "more than a batch": np.kron(np.eye(3), np.random.default_rng(7).uniform(0.1, 1, (36, 4))),
}
every_mask_set = pytest.mark.parametrize(
    "masks", [np.array(each, np.float32).reshape(-1, 3, 4) for each in MASKS.values()], ids=MASKS
)
DIVISORS = np.linspace(0.75, 2.0, 108)


def single_group(masks):
    """Return all pixels as one group, with a column of weights for each mask."""
    columns = np.reshape(masks, (len(masks), -1)).T.copy()
    return [MaskGroup(np.arange(len(columns), dtype=np.int32), columns, np.eye(len(masks), dtype=np.float32))]


def mask_grams(features, masks, grouped=group_masks, **slices):
    plan = MaskPlan(grouped(list(masks)), masks[0].size)
    return observe_mask_grams(features, plan, DIVISORS[: len(masks)], **slices)


def mask_gradient(features, masks, upstreams, *form, **slices):
    with tf.GradientTape() as tape:
        tape.watch(features)
        passed, grams = mask_grams(features, masks, *form, **slices)
        value = tf.reduce_sum(grams * tf.cast(upstreams, tf.float32)) + tf.reduce_sum(tf.cast(passed, tf.float32))
    return tape.gradient(value, features)


@every_mask_set
@pytest.mark.parametrize("slice_values", [1 << 22, 12])
@pytest.mark.parametrize("grouped", [group_masks, single_group])
def test_mask_grams_and_their_gradient_equal_numpy(masks, grouped, slice_values):
    upstreams = np.random.default_rng(6).normal(size=(len(masks), 3, 3)).astype(np.float32)
    rows = ROWS.reshape(-1, 3).astype(np.float64)
    passed, grams = mask_grams(tf.constant(ROWS), masks, grouped, slice_values=slice_values)
    assert_array_equal(passed, ROWS)
    gradient = np.ones(rows.shape)  # of the features that are passed on
    for mask, divisor, matrix, upstream in zip(masks, DIVISORS, grams, upstreams, strict=False):
        expected = numpy_gram(ROWS, mask, divisor)
        assert_allclose(matrix, expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())
        gradient += mask.reshape(-1, 1) * (rows @ (upstream + upstream.T).astype(np.float64)) / divisor
    found = mask_gradient(tf.constant(ROWS), masks, upstreams, grouped, slice_values=slice_values)
    assert_allclose(found.numpy().reshape(-1, 3), gradient, rtol=1e-5, atol=1e-5)


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


def test_mask_grams_of_bfloat16_features_are_summed_in_float32():
    # Between 512 and 1024 bfloat16 has multiples of 4 only.
    masks = np.ones((1, 17, 59), np.float32)
    plan = MaskPlan(group_masks(list(masks)), 1003)
    _, grams = observe_mask_grams(tf.ones((1003, 1), tf.bfloat16), plan, [1.0], slice_values=64)
    assert grams.numpy().item() == 1003.0


MASKED = np.array(MASKS["with gaps"], np.float32).reshape(-1, 3, 4)
OBSERVERS = {
    "weights": lambda features, function: observe_grams(features, [PixelWeights(each) for each in MASKED], function),
    "regions": lambda features, function: observe_region_grams(
        features, Partition.of([np.flatnonzero(each).astype(np.int32) for each in MASKED]), function
    ),
    "masks": lambda features, function: observe_mask_grams(
        features, MaskPlan(group_masks(list(MASKED)), 12), DIVISORS[:2], function
    ),
}


@pytest.mark.parametrize("observe", OBSERVERS.values(), ids=OBSERVERS)
def test_a_function_of_the_grams_and_its_gradient(observe):
    def cubes(grams):
        return tf.reduce_sum(grams**3, axis=(1, 2))

    features, upstream = tf.constant(ROWS), tf.constant([2.0, -1.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(features)
        direct = cubes(observe(features, tf.identity)[1])
        within = observe(features, cubes)[1]
        values = [tf.reduce_sum(upstream * each) for each in (direct, within)]
    assert_allclose(within, direct, rtol=1e-6)
    one, other = (tape.gradient(value, features).numpy() for value in values)
    assert_allclose(other, one, rtol=1e-5, atol=1e-5 * np.abs(one).max())
