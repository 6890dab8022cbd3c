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
ALIASES = ("block5_conv3", "block5_conv4")


@pytest.fixture(scope="module")
def weights():
    return read_weights(EMBEDDED_FILE, LITE, LITE.layers)


def test_the_file_is_small():
    assert EMBEDDED_FILE.stat().st_size <= LARGEST_BYTES


def test_the_file_holds_every_layer_and_nothing_else():
    with np.load(EMBEDDED_FILE, allow_pickle=False) as held:
        parts = {f"{layer}/{part}" for layer in LITE.layers for part in ("kernel", "bias", "metric")}
        calibrated = {f"{layer}/content_gain" for layer in LITE.layers if layer not in ALIASES}
        assert set(held.files) == parts | calibrated
    assert layer_names(EMBEDDED_FILE) == sorted(LITE.layers)


def test_every_layer_has_a_kernel_a_bias_and_a_metric_that_is_not_zero(weights):
    assert list(weights) == list(LITE.layers)
    for layer, (kernel, bias, metric, _) in weights.items():
        assert kernel.shape == LITE.kernel_shape(layer)
        assert bias.shape == kernel.shape[3:]
        # More rows than channels would cost time without adding information.
        assert metric.shape[1] == kernel.shape[3] >= metric.shape[0] > 0
        assert kernel.any()
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
