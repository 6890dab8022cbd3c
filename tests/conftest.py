"""Fixtures of the whole suite: a quiet TensorFlow, no weights of this machine, tiny networks."""

from __future__ import annotations

import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # before TensorFlow is imported, or it does not count
os.environ["KERAS_BACKEND"] = "tensorflow"

from pathlib import Path

import pytest
from reference import TINY16, TINY19, he_weights, write_npz

from maskstyle.networks.architectures import VGG19


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(autouse=True)
def _no_weights_of_this_machine(monkeypatch, empty_folder):
    """Let no test find the weights, or the lack of weights, of the machine that it runs on."""
    monkeypatch.delenv("MASKSTYLE_WEIGHTS_DIR", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(empty_folder))


@pytest.fixture
def eagerly():
    """Evaluate without compiling, which takes longer than a tiny network's few steps."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="session")
def tiny_architecture():
    """Return VGG19's topology at a few channels."""
    return TINY19


@pytest.fixture(scope="session")
def tiny_architecture_16():
    """Return VGG16's topology at a few channels."""
    return TINY16


@pytest.fixture(scope="session")
def tiny_network():
    """Return a function that makes a tiny network with seeded random weights, where none are given."""

    def make(layers, pooling="max", compute_type="float32", architecture=TINY19, padding="zero", weights=None):
        from maskstyle.networks.vgg import FeatureNetwork

        weights = weights or he_weights(architecture, architecture.layers)
        return FeatureNetwork(
            architecture, weights, layers=layers, pooling=pooling, padding=padding, compute_type=compute_type
        )

    return make


@pytest.fixture(scope="session")
def tiny_choice(tmp_path_factory):
    """Return a function that makes a NetworkChoice whose weights file holds a tiny network's weights."""
    from maskstyle.networks.load import NetworkChoice

    folder = tmp_path_factory.mktemp("tiny")
    files = {each: write_npz(folder / f"{each.name}.npz", he_weights(each, each.layers)) for each in (TINY19, TINY16)}

    def make(layers, compute_type="float32", architecture=TINY19):
        return NetworkChoice(architecture, files[architecture], tuple(layers), compute_type, "for the tests")

    return make


@pytest.fixture(scope="session")
def random_vgg19_weights(tmp_path_factory) -> Path:
    """Return a file with random weights of VGG19's real shapes, blocks 1 to 3."""
    layers = [layer for layer in VGG19.layers if layer < "block4"]
    return write_npz(tmp_path_factory.mktemp("vgg19_random") / "vgg19_random.npz", he_weights(VGG19, layers))
