"""Patch distances: both forms against NumPy float64, gradients against central differences, slices."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose

from maskstyle.guidance.patches import candidate_patches, cut_patches
from maskstyle.objective.patch_gram import (
    SLICE_BYTES,
    PatchPlaces,
    PatchTarget,
    StyleCells,
    StyleGrams,
    gather_patches,
    measured_rows,
    observe_patch_distance,
    slice_patches,
    style_patches,
)

pytestmark = pytest.mark.usefixtures("eagerly")

GRID, STYLE_GRID = (7, 10), (9, 6)


class Case:
    """Random features cut into patches with random matches."""

    def __init__(self, *, channels, size=3, stride=2, metric=None, strength=1.0, grid=GRID, dtype=tf.float32, rim=0):
        rng = np.random.default_rng(0)
        self.features = rng.random((*grid, channels), np.float32)
        self.style = rng.random((*STYLE_GRID, channels), np.float32) ** 2
        self.patches = cut_patches(grid, 1, size=size, stride=stride, offset=(1, 0), rim=rim)
        self.candidates = candidate_patches(STYLE_GRID, size, rim=rim)
        self.matches = rng.integers(0, self.candidates.number, self.patches.number)
        self.factors = rng.random(self.patches.number)
        self.metric = None if metric is None else rng.normal(size=(metric, channels)).astype(np.float32)
        self.strength = strength
        self.dtype = dtype

    def target(self, **slices):
        """Return the patches with their style patches."""
        metric = None if self.metric is None else tf.constant(self.metric)
        rows = measured_rows(tf.cast(self.style, self.dtype), metric)
        chosen, matches = np.unique(self.matches, return_inverse=True)
        cells = self.patches.cells
        style = style_patches(rows, self.candidates, chosen, cells=cells, strength=self.strength, **slices)
        places = PatchPlaces(
            self.patches,
            slice_patches(self.patches, int(rows.shape[-1]), **slices),
            matches.astype(np.int32),
            self.factors.astype(np.float32),
        )
        return PatchTarget(places, style, metric)

    def value_and_gradient(self, upstream=1.0, **slices):
        """Return the distance, and the gradient of `upstream` times the distance."""
        features = tf.constant(self.features, self.dtype)
        target = self.target(**slices)
        with tf.GradientTape() as tape:
            tape.watch(features)
            passed, distance = observe_patch_distance(features, target)
            total = upstream * distance + tf.reduce_sum(tf.cast(passed, tf.float32)) * 0.0
        assert passed.dtype == self.dtype
        assert passed.shape == self.features.shape
        return distance.numpy(), tf.cast(tape.gradient(total, features), tf.float32).numpy()

    def expected(self, features=None):
        """Return the distance in NumPy float64."""
        features = (self.features if features is None else features).astype(np.float64)
        grams = self._grams(features, self.patches)
        targets = self.strength * self._grams(self.style.astype(np.float64), self.candidates)[self.matches]
        return float(np.sum(self.factors * np.square(grams - targets).sum(axis=(1, 2))))

    def _grams(self, features, patches):
        metric = np.eye(features.shape[-1]) if self.metric is None else self.metric.astype(np.float64)
        measured = features @ metric.T
        cut = [
            measured[top : top + patches.shape[0], left : left + patches.shape[1]].reshape(patches.cells, -1)
            for top, left in patches.corners()
        ]
        return np.stack([rows.T @ rows / patches.cells for rows in cut])


CASES = {
    "grams": {"channels": 4},
    "cells": {"channels": 20},
    "as many cells as channels": {"channels": 9},
    "one more channel": {"channels": 10},
    "no overlap": {"channels": 4, "stride": 3},
    "one cell": {"channels": 5, "size": 1, "stride": 1},
    "much overlap": {"channels": 12, "stride": 1},
    "metric on grams": {"channels": 4, "metric": 5},
    "metric on cells": {"channels": 20, "metric": 12},
    "stronger grams": {"channels": 4, "strength": 1.7},
    "stronger cells": {"channels": 20, "strength": 0.6},
    "without a rim": {"channels": 4, "rim": 1},
    "cells without a rim": {"channels": 20, "rim": 2, "stride": 3},
    "metric without a rim": {"channels": 20, "metric": 12, "rim": 1},
    "wider than the style": {"channels": 3, "size": 8, "stride": 4, "grid": (12, 12)},
    "cells wider than the style": {"channels": 70, "size": 8, "stride": 4, "grid": (12, 12)},
    "whole layer": {"channels": 3, "size": 100, "stride": 100},
}


@pytest.mark.parametrize("name", CASES)
def test_distance_and_gradient(name):
    case = Case(**CASES[name])
    found = [case.value_and_gradient(upstream=1.5, slice_bytes=slice_bytes) for slice_bytes in (1, SLICE_BYTES)]
    for value, _ in found:
        assert_allclose(value, case.expected(), rtol=1e-5)
    rng = np.random.default_rng(1)
    for _ in range(3):
        direction = rng.normal(size=case.features.shape)
        step = 1e-5 * direction
        features = case.features.astype(np.float64)
        slope = (case.expected(features + step) - case.expected(features - step)) / 2e-5
        for _, gradient in found:
            atol = 1e-4 * np.abs(gradient).max()
            assert_allclose(np.sum(gradient * direction), 1.5 * slope, rtol=1e-4, atol=atol)


def test_the_form_follows_the_number_of_cells():
    assert isinstance(Case(**CASES["as many cells as channels"]).target().style, StyleGrams)
    assert isinstance(Case(**CASES["one more channel"]).target().style, StyleCells)


def test_only_style_patches_that_are_used_are_kept():
    case = Case(channels=4)
    case.matches[:] = 3
    assert case.target().style.grams.shape == (1, 4, 4)


@pytest.mark.parametrize("channels", [4, 20])
def test_bfloat16(channels):
    exact, rounded = (
        Case(channels=channels, dtype=dtype).value_and_gradient() for dtype in (tf.float32, tf.bfloat16)
    )
    assert_allclose(rounded[0], exact[0], rtol=0.02)
    assert_allclose(rounded[1], exact[1], atol=0.02 * np.abs(exact[1]).max())


@pytest.mark.parametrize("channels", [4, 20])
def test_equal_patches_are_no_distance_apart(channels):
    case = Case(channels=channels, grid=STYLE_GRID, stride=1)
    case.features = 100 * case.style  # large features cancel worst
    case.style = case.features
    case.matches = np.arange(case.patches.number)
    case.candidates = case.patches
    value, gradient = case.value_and_gradient()
    rows = case.features.reshape(-1, channels)
    patches = gather_patches(rows, case.patches.first_cells(), case.patches.offsets())
    assert (case.target().style.distances(patches, case.matches)[0].numpy() >= 0).all()
    size = np.square(case._grams(case.features.astype(np.float64), case.patches)).sum()
    assert 0 <= value < 1e-6 * size
    assert np.abs(gradient).max() < 1e-6 * size


@pytest.mark.parametrize("channels", [4, 20])
def test_small_differences_survive_cancellation(channels):
    case = Case(channels=channels, grid=STYLE_GRID, stride=3)
    case.candidates, case.matches = case.patches, np.arange(case.patches.number)
    rng = np.random.default_rng(2)
    case.features = (case.style * (1 + 0.03 * rng.normal(size=case.style.shape))).astype(np.float32)
    assert_allclose(case.value_and_gradient()[0], case.expected(), rtol=1e-2)


def test_slices_are_bounded():
    patches = cut_patches((256, 128), 1, size=16, stride=8, offset=(0, 0))
    slices = slice_patches(patches, 128, slice_bytes=4 << 20)
    sizes = [len(each.first_cells) * patches.cells * 128 * 4 for each in slices]
    assert len(slices) > 3
    assert max(sizes) <= 4 << 20
    assert sum(len(each.first_cells) for each in slices) == patches.number
