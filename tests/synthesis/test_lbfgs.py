"""The directions of L-BFGS are those of the BFGS matrix in float64, and it finds minima that are known."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose

from maskstyle.settings import Settings
from maskstyle.synthesis.lbfgs import BLOCK, Pairs, add, dot
from maskstyle.synthesis.minimize import minimize

SHAPE = (3, 4, 3)


def vectors(*arrays):
    return [array.reshape(SHAPE).astype(np.float32) for array in arrays]


def pairs_of(curvature, number, seed=0):
    """Return steps (number, n) and the changes that they make to the gradient of a quadratic."""
    steps = np.random.default_rng(seed).standard_normal((number, len(curvature)))
    return steps, steps @ curvature


def curvature_matrix(seed=1):
    root = np.random.default_rng(seed).standard_normal((36, 36))
    return root @ root.T / 36 + np.eye(36)


def dense_direction(steps, changes, gradient):
    """Return the direction of the dense BFGS matrix, updated from the oldest pair to the newest, in float64."""
    inverse = np.eye(36) * (steps[-1] @ changes[-1]) / (changes[-1] @ changes[-1])
    for step, change in zip(steps, changes, strict=True):
        share = np.outer(step, change) / (step @ change)
        inverse = (np.eye(36) - share) @ inverse @ (np.eye(36) - share).T + np.outer(step, step) / (step @ change)
    return -inverse @ gradient


def test_directions_are_those_of_the_dense_matrix():
    steps, changes = pairs_of(curvature_matrix(), 7)
    gradient = np.random.default_rng(2).standard_normal(36)
    pairs = Pairs(4)
    for step, change in zip(steps, changes, strict=True):
        pairs.add(*vectors(step, change))
    found = pairs.direction(*vectors(gradient)).ravel()
    assert_allclose(found, dense_direction(steps[-4:], changes[-4:], gradient), rtol=1e-4, atol=1e-5)


def test_without_pairs_the_direction_is_downhill_and_a_pair_of_downward_curvature_is_left_out():
    gradient, step = np.random.default_rng(3).standard_normal((2, 36))
    pairs = Pairs(4)
    pairs.add(*vectors(step, -step))
    assert len(pairs) == 0
    assert_allclose(pairs.direction(*vectors(gradient)).ravel(), -gradient.astype(np.float32))


@pytest.mark.parametrize("values", [5, BLOCK, 2 * BLOCK + 7])
def test_products_and_sums_of_vectors_are_those_in_float64(values):
    one, other = np.random.default_rng(values).standard_normal((2, values, 1, 1)).astype(np.float32)
    wide, wide_other = one.astype(np.float64), other.astype(np.float64)
    assert_allclose(dot(one, other), np.sum(wide * wide_other), atol=1e-3, rtol=1e-5)
    add(one, -0.3, other)
    assert_allclose(one, wide - 0.3 * wide_other, atol=1e-6)


class Valley:
    """Rosenbrock's function for each pair of values: a curved valley that leads to (bottom, bottom^2)."""

    terms = names = ("valley",)

    def __init__(self, bottom):
        self.bottom = bottom

    def value_and_gradient(self, image):
        """Return the loss and its gradient in the form of an Objective."""
        first, second = np.asarray(image, np.float64).reshape(-1, 2).T
        off = second - first**2
        gradient = np.stack([-400 * first * off - 2 * (self.bottom - first), 200 * off], axis=1)
        value = np.sum(100 * off**2 + (self.bottom - first) ** 2)
        return tf.constant([value], tf.float32), tf.constant(gradient.reshape(image.shape), tf.float32)


def test_finds_the_end_of_a_curved_valley():
    start = np.full((1, 2, 3), 0.1, np.float32)
    settings = Settings(steps=80, tolerance=0.0, compute_type="float32")
    outcome = minimize(Valley(0.7), start, settings)
    assert_allclose(outcome.image.reshape(-1, 2), np.broadcast_to([0.7, 0.49], (3, 2)), atol=5e-3)
    bounded = minimize(Valley(1.5), start, settings)  # its end is outside: (1, 1) is the lowest inside
    assert_allclose(bounded.image, 1.0, atol=5e-3)
