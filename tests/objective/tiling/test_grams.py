"""Gram matrices of a tile: slices of cells, and their sum over tiles, against those of the whole grid."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose

from maskstyle.objective.gram import gram
from maskstyle.objective.tiling.cuts import cut_tiles
from maskstyle.objective.tiling.grams import LayerCells, Selection, add_gradient, as_tensors, observe_tile_grams

GRID = (13, 17)
TILES = cut_tiles(GRID, 9, around=2, cell=1)
TILE_GRID = tuple(span.stop - span.start for span in (TILES[0].rows, TILES[0].columns))
FEATURES = np.random.default_rng(1).normal(size=(*GRID, 3)).astype(np.float32)
MASK = np.random.default_rng(2).random(GRID, np.float32)


@pytest.mark.parametrize("slice_pixels", [1, 4, 1000])
def test_the_parts_of_all_tiles_add_up(slice_pixels):
    cells = LayerCells([Selection(), Selection(weights=MASK)], GRID, TILE_GRID, TILES)
    divisors = [float(MASK.size), float(MASK.sum())]
    total = 0.0
    for number, tile in enumerate(TILES):
        features = tf.constant(FEATURES[tile.window])
        _, parts = observe_tile_grams(features, as_tensors(cells.of(number)), divisors, slice_pixels=slice_pixels)
        total = total + parts.numpy()
    assert_allclose(total, np.stack([gram(FEATURES), gram(FEATURES, MASK)]), rtol=1e-4, atol=1e-5)


def test_a_given_gradient_is_added():
    features, own_gradient = tf.constant(FEATURES), tf.constant(FEATURES**2)
    with tf.GradientTape() as tape:
        tape.watch(features)
        passed, zero = add_gradient(features, own_gradient)
        value = 3.0 * tf.reduce_sum(passed) + 2.0 * zero
    assert float(zero) == 0.0
    assert_allclose(tape.gradient(value, features), 3.0 + 2.0 * FEATURES**2, rtol=1e-6)
