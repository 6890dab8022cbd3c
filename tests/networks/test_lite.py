"""The embedded network: its file fits the architecture, and its features equal NumPy."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose
from reference import forward, random_image

from maskstyle.networks.architectures import LITE
from maskstyle.networks.load import choose_network, load_network
from maskstyle.networks.weights import EMBEDDED_FILES, layer_names, read_weights

EMBEDDED_FILE = EMBEDDED_FILES[LITE]
LARGEST_BYTES = 5_000_000
NARROW = tuple(layer for layer in LITE.layers if layer < "block4")
"""Layers whose features predict VGG19's through a metric; those of the others stand for VGG19's themselves."""


@pytest.fixture(scope="module")
def weights():
    return read_weights(EMBEDDED_FILE, LITE, LITE.layers)


def test_the_file_is_small():
    assert EMBEDDED_FILE.stat().st_size <= LARGEST_BYTES


def test_the_file_holds_every_layer_and_nothing_else():
    with np.load(EMBEDDED_FILE, allow_pickle=False) as held:
        parts = {
            f"{layer}/{part}"
            for layer in LITE.layers
            for part in (*LITE.factor_shapes(layer), "bias", "content_gain", *["metric"] * (layer in NARROW))
        }
        assert set(held.files) == parts
    assert layer_names(EMBEDDED_FILE) == sorted(LITE.layers)


def test_every_layer_has_factors_and_a_bias_that_are_not_zero(weights):
    assert list(weights) == list(LITE.layers)
    for layer, parts in weights.items():
        for part, shape in LITE.factor_shapes(layer).items():
            factor = getattr(parts, part)
            assert factor.shape == shape
            assert factor.any()
        assert parts.bias.shape == LITE.kernel_shape(layer)[3:]


def test_narrow_layers_have_a_metric(weights):
    for layer, parts in weights.items():
        assert (parts.metric is not None) == (layer in NARROW)
    for layer in NARROW:
        metric = weights[layer].metric
        # More rows than channels would cost time without adding information.
        assert metric.shape[1] == LITE.kernel_shape(layer)[3] >= metric.shape[0] > 0
        assert metric.any()


def test_the_network_equals_numpy_in_every_layer(weights):
    image = random_image(0, 35, 20)
    network = load_network(choose_network("lite", LITE.layers, compute_type="float32"), pooling="max", padding="edge")
    expected = forward(image, weights, padding="edge")
    for layer, features in network(image).items():
        assert features.shape[:2] == LITE.grid((35, 20), layer)
        assert_allclose(features.numpy(), expected[layer], rtol=1e-3, atol=1e-3 * expected[layer].max())
        assert features.numpy().any(), layer


def test_bfloat16_is_close_to_float32():
    image = random_image(1, 32, 24)
    exact, fast = (
        load_network(choose_network("lite", LITE.layers, compute_type=kind), pooling="max", padding="edge")
        for kind in ("float32", "bfloat16")
    )
    fast_features = fast(image)
    for layer, features in exact(image).items():
        wanted = exact.measured(layer, features)
        difference = tf.cast(fast.measured(layer, fast_features[layer]), tf.float32) - wanted
        assert tf.norm(difference) < 0.05 * tf.norm(wanted), layer
