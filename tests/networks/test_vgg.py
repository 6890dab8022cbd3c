"""Evaluation of the networks: every layer against a NumPy float64 forward pass."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from reference import TINY16, TINY19, forward, he_weights, measured, random_image, raw_gram, with_metrics

from maskstyle.errors import SettingsError
from maskstyle.networks.architectures import VGG19
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.networks.weights import LayerWeights
from maskstyle.objective.gram import gram as gram_of


@pytest.mark.parametrize(
    ("architecture", "pooling", "padding", "size"),
    [
        (TINY19, "max", "edge", (37, 51)),
        (TINY19, "average", "zero", (37, 51)),
        (TINY16, "max", "zero", (32, 16)),
        (TINY16, "average", "edge", (37, 51)),
    ],
)
def test_every_layer_equals_numpy(tiny_network, architecture, pooling, padding, size):
    image = random_image(0, *size)
    features = tiny_network(architecture.layers, pooling, architecture=architecture, padding=padding)(image)
    expected = forward(image, he_weights(architecture, architecture.layers), pooling, padding)
    assert list(features) == list(architecture.layers)
    for layer in architecture.layers:
        assert features[layer].dtype == tf.float32
        assert features[layer].shape[:2] == architecture.grid(size, layer)
        assert_allclose(features[layer].numpy(), expected[layer], rtol=1e-4, atol=1e-4 * expected[layer].max())


def test_the_mean_color_is_zero_and_colors_are_blue_green_red():
    """Read the input channels through a kernel that copies them."""
    kernel = np.zeros((3, 3, 3, 4), np.float32)
    kernel[1, 1, 0, 0] = kernel[1, 1, 1, 1] = kernel[1, 1, 2, 2] = 1.0
    weights = {"block1_conv1": LayerWeights(kernel, np.zeros(4, np.float32))}
    network = FeatureNetwork(TINY19, weights, layers=["block1_conv1"], pooling="max", padding="zero")
    image = np.full((2, 2, 3), np.array([200.0, 150.0, 110.0]) / 255, np.float32)
    expected = [110 - 103.939, 150 - 116.779, 200 - 123.68, 0]
    assert_allclose(network(image)["block1_conv1"][0, 0], expected, rtol=1e-4)


@pytest.mark.parametrize("padding", ["zero", "edge"])
@pytest.mark.parametrize("size", [(1, 1), (1, 5), (2, 3), (7, 5)])
def test_small_and_odd_sizes(tiny_network, size, padding):
    layers = ["block1_conv2"] if min(size) == 1 else ["block2_conv2"]
    image = random_image(1, *size)
    expected = forward(image, he_weights(TINY19, TINY19.up_to_deepest(layers)), padding=padding)[layers[0]]
    features = tiny_network(layers, padding=padding)(image)[layers[0]]
    assert_allclose(features.numpy(), expected, rtol=1e-4, atol=1e-3)


def test_only_the_layers_asked_for_come_back_each_once(tiny_network):
    layers = ["block3_conv1", "block1_conv2", "block3_conv1"]
    network = tiny_network(layers)
    assert network.layers == ("block3_conv1", "block1_conv2")
    assert set(network(random_image(0, 8, 8))) == {"block3_conv1", "block1_conv2"}


def test_deeper_weights_than_needed_are_not_read():
    layers = ["block2_conv1"]
    shallow = he_weights(TINY19, TINY19.up_to_deepest(layers))
    assert set(shallow) == {"block1_conv1", "block1_conv2", "block2_conv1"}
    network = FeatureNetwork(TINY19, shallow, layers=layers, pooling="max", padding="zero")
    image = random_image(0, 8, 8)
    assert_allclose(network(image)["block2_conv1"], forward(image, shallow)["block2_conv1"], rtol=1e-4, atol=1e-3)


def test_without_layers_there_is_nothing_to_read():
    assert FeatureNetwork(TINY19, {}, layers=[], pooling="max", padding="zero")(random_image(0, 2, 2)) == {}


def test_the_network_continues_from_the_result_of_the_observer(tiny_network):
    image = random_image(0, 8, 8)
    seen = []

    def observe(layer, features):
        seen.append(layer)
        return features * 0 if layer == "block1_conv1" else features

    network = tiny_network(["block1_conv1", "block2_conv1"])
    features = network(image, observe)
    assert seen == ["block1_conv1", "block2_conv1"]
    assert not features["block1_conv1"].numpy().any()
    weights = he_weights(TINY19, TINY19.layers)
    black = np.maximum(weights["block1_conv2"].bias, 0)
    center = np.maximum(weights["block2_conv1"].kernel.sum((0, 1)).T @ black + weights["block2_conv1"].bias, 0)
    assert_allclose(features["block2_conv1"][1, 1], center, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("pooling", ["max", "average"])
def test_bfloat16_is_close_to_float32(tiny_network, pooling):
    image = random_image(0, 32, 24)
    exact = tiny_network(TINY19.layers, pooling)(image)
    fast = tiny_network(TINY19.layers, pooling, "bfloat16")(image)
    for layer in TINY19.layers:
        assert fast[layer].dtype == tf.bfloat16
        difference = tf.cast(fast[layer], tf.float32).numpy() - exact[layer].numpy()
        assert 0 < np.linalg.norm(difference) < 0.02 * np.linalg.norm(exact[layer].numpy()), layer


def test_edge_padding_gives_a_flat_image_flat_features(tiny_network):
    flat = np.full((9, 9, 3), 0.8, np.float32)
    zero, edge = (
        tiny_network(["block1_conv1"], padding=padding)(flat)["block1_conv1"].numpy() for padding in ("zero", "edge")
    )
    assert_allclose(edge, np.broadcast_to(edge[4, 4], edge.shape), rtol=1e-4, atol=1e-3)
    assert_allclose(edge[1:-1, 1:-1], zero[1:-1, 1:-1], rtol=1e-4, atol=1e-3)
    assert not np.allclose(edge[0], zero[0], rtol=0.1)


@pytest.mark.parametrize("rows", [3, 8, 11])
@pytest.mark.parametrize("compute_type", ["float32", "bfloat16"])
def test_features_and_grams_in_the_space_of_the_metric_equal_numpy(tiny_network, compute_type, rows):
    plain = he_weights(TINY19, TINY19.layers)
    weights = with_metrics(plain, lambda rng, channels: rng.normal(size=(rows, channels)))
    network = tiny_network(["block1_conv2", "block3_conv1"], compute_type=compute_type, weights=weights)
    for layer, features in network(random_image(0, 9, 12)).items():
        exact = tf.cast(features, tf.float32).numpy().astype(np.float64)
        expected = measured(exact, weights[layer])
        got = network.measured(layer, features)
        assert got.dtype == features.dtype
        rounding = 1e-5 if compute_type == "float32" else 0.02
        assert_allclose(tf.cast(got, tf.float32), expected, rtol=rounding, atol=rounding * np.abs(expected).max())
        grams = np.stack([raw_gram(exact), raw_gram(exact[:2])])
        of_measured = np.stack([raw_gram(expected), raw_gram(expected[:2])])
        tolerance = 1e-5 * np.abs(of_measured).max()
        # A stack of Gram matrices, and one.
        for gram, wanted in ((grams, of_measured), (grams[0], of_measured[0])):
            own = network.measured_gram(layer, tf.constant(gram, tf.float32))
            assert_allclose(own.numpy(), wanted, rtol=1e-5, atol=tolerance)
        # By the Gram matrix of the package itself, too.
        tolerance = max(rounding, 1e-4) * np.abs(of_measured).max()
        assert_allclose(network.measured_gram(layer, gram_of(features)), gram_of(got), rtol=1e-4, atol=tolerance)


def test_without_a_metric_features_and_grams_stay_as_they_are(tiny_network):
    network = tiny_network(["block1_conv2"], compute_type="bfloat16")
    features = network(random_image(0, 4, 5))["block1_conv2"]
    assert network.measured("block1_conv2", features) is features
    gram = gram_of(features)
    assert network.measured_gram("block1_conv2", gram) is gram


def test_the_metric_does_not_change_the_features(tiny_network):
    image = random_image(0, 8, 8)
    weights = with_metrics(he_weights(TINY19, TINY19.layers), lambda rng, channels: rng.normal(size=(3, channels)))
    plain, with_metric = (tiny_network(TINY19.layers[:6], weights=each)(image) for each in (None, weights))
    for layer, features in plain.items():
        assert_array_equal(features, with_metric[layer])


def test_unknown_pooling_padding_and_layer():
    with pytest.raises(SettingsError, match="padding is 'mirror'; expected one of edge, zero"):
        FeatureNetwork(TINY19, {}, layers=[], pooling="max", padding="mirror")
    with pytest.raises(SettingsError, match="pooling is 'median'; expected one of max, average"):
        FeatureNetwork(TINY19, {}, layers=[], pooling="median", padding="zero")
    with pytest.raises(SettingsError, match="tiny19 has no layer 'block9_conv1'"):
        FeatureNetwork(TINY19, {}, layers=["block9_conv1"], pooling="max", padding="zero")


@pytest.fixture
def real_layers_and_weights(monkeypatch):
    from maskstyle.errors import WeightsError
    from maskstyle.networks.search import find_weights
    from maskstyle.networks.weights import read_weights

    folder = os.environ.get("MASKSTYLE_TEST_WEIGHTS")
    if not folder:
        pytest.skip("MASKSTYLE_TEST_WEIGHTS names no folder")
    if not list(Path(folder).glob("vgg19*.npz")) + list(Path(folder).glob("vgg19*.h5")):
        pytest.skip("the folder in MASKSTYLE_TEST_WEIGHTS holds no VGG19 weights")
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", folder)
    layers = ("block1_conv1", "block2_conv1", "block3_conv1", "block3_conv4")
    try:
        return layers, read_weights(find_weights(VGG19, layers).path, VGG19, layers)
    except WeightsError as error:
        pytest.skip(str(error))


@pytest.mark.real_weights
def test_real_weights(real_layers_and_weights):
    from small_scenes import whole_style_guide

    from maskstyle.images.io import load_image
    from maskstyle.images.pixels import resize_image
    from maskstyle.objective.assemble import content_term, style_term
    from maskstyle.objective.extract import Extractor
    from maskstyle.objective.gram import gram
    from maskstyle.objective.objective import Objective
    from maskstyle.settings import Settings

    layers, weights = real_layers_and_weights
    samples = Path(__file__).parents[2] / "samples"
    image, style = (
        resize_image(load_image(samples / name).pixels, (64, 64)) for name in ("astronaut.jpg", "harbour.jpg")
    )
    settings = Settings(
        content_layers=(("block3_conv4", 1.0),), style_layers=tuple((layer, 1.0) for layer in layers[:3])
    )
    losses = {}
    for kind in ("float32", "bfloat16"):
        network = FeatureNetwork(VGG19, weights, layers=layers, pooling="max", padding="zero", compute_type=kind)
        guides = [whole_style_guide(network, [style], [1.0], settings)]
        objective = Objective(
            network, [content_term(Extractor(network), style, settings), style_term(network, guides, settings)]
        )
        losses[kind] = objective.losses(image)
        features = network(image)
        assert np.isfinite(tf.cast(features["block3_conv4"], tf.float32).numpy()).all()
        assert_array_equal(gram(features["block3_conv4"]), gram(network(image)["block3_conv4"]))
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.02)
    # On a photograph, too, the trained filters equal NumPy.
    expected = forward(image, weights)["block3_conv4"]
    exact = FeatureNetwork(VGG19, weights, layers=layers, pooling="max", padding="zero")(image)["block3_conv4"]
    assert_allclose(exact.numpy(), expected, rtol=1e-3, atol=1e-3 * expected.max())
