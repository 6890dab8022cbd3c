"""Fixtures of the whole suite: TensorFlow without its log, no weights of the machine, tiny networks."""

from __future__ import annotations

import gc
import hashlib
import os

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"  # these take effect only before TensorFlow is imported
os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_NUM_INTRAOP_THREADS"] = "1"  # tiny pictures gain nothing from threads
os.environ["TF_NUM_INTEROP_THREADS"] = "1"

from pathlib import Path

import pytest
from reference import TINY16, TINY19, he_weights, write_npz

from maskstyle.batch.scheduler import FOR_PAINTING
from maskstyle.networks.architectures import VGG19
from maskstyle.objective.workers import dask_settings

LONGEST = (
    "test_new_technique.py",
    "test_ctrl_c_keeps",
    "test_in_a_compiled_graph",
    "test_benchmarks.py",
    "test_strength.py",
)
"""Parts of the names of the longest tests, which begin first, so that no worker ends alone with one."""


def pytest_addoption(parser):
    """Add the option for longer fuzz tests."""
    parser.addoption("--fuzz-examples", type=int, help="random examples of each fuzz test, such as 10000")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items):
    """Begin with the longest tests; the others keep their order."""
    items.sort(key=lambda item: not any(part in item.nodeid for part in LONGEST))


def pytest_collection_finish():
    """Collect garbage seldom, and not among what stays: with TensorFlow and all tests loaded, it takes long."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)


@pytest.fixture(scope="session")
def empty_folder(tmp_path_factory):
    return tmp_path_factory.mktemp("empty")


@pytest.fixture(autouse=True)
def _no_weights_of_this_machine(monkeypatch, empty_folder):
    """Hide the weights of the machine, so that tests do not depend on them."""
    monkeypatch.delenv("MASKSTYLE_WEIGHTS_DIR", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(empty_folder))


@pytest.fixture(scope="session")
def speed_of_a_fixed_machine(tmp_path_factory):
    """Return a cache folder that remembers a speed."""
    from maskstyle.networks.speed import Speed, remember

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        remember(Speed(0.012, bfloat16_speedup=1.0))
        return os.environ["XDG_CACHE_HOME"]


@pytest.fixture(scope="session", autouse=True)
def _session(speed_of_a_fixed_machine):
    """Let no fixture of a module measure the speed, and no test wait for the disk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", speed_of_a_fixed_machine)
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(autouse=True)
def _speed_of_a_fixed_machine(monkeypatch, speed_of_a_fixed_machine):
    """Know the speed, so that nothing is measured and the user's cache stays as it is."""
    monkeypatch.setenv("XDG_CACHE_HOME", speed_of_a_fixed_machine)


@pytest.fixture
def own_cache(monkeypatch, tmp_path_factory):
    """Give the test an empty cache folder of its own, in which it may remember a speed."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def eagerly():
    """Run without compiling graphs, which takes longer than a few steps of a tiny network."""
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(scope="module")
def workers():
    """Return a cluster of Dask: two workers in this process, reached over TCP like those of other machines.

    It takes some of the processor while it waits, so that a module does not leave it to those after it.
    """
    distributed = pytest.importorskip("distributed")
    with dask_settings(FOR_PAINTING):
        cluster = distributed.LocalCluster(
            n_workers=2,
            threads_per_worker=1,
            processes=False,
            protocol="tcp",
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
        )
    with cluster:
        yield cluster


@pytest.fixture(scope="session")
def tiny_architecture():
    """Return the layers of VGG19 with a few channels."""
    return TINY19


@pytest.fixture(scope="session")
def tiny_architecture_16():
    """Return the layers of VGG16 with a few channels."""
    return TINY16


@pytest.fixture(scope="session")
def tiny_network():
    """Return a function that makes a tiny network, by default with seeded random weights."""

    def make(layers, pooling="max", compute_type="float32", architecture=TINY19, padding="zero", weights=None):
        from maskstyle.networks.vgg import FeatureNetwork

        weights = weights or he_weights(architecture, architecture.layers)
        return FeatureNetwork(
            architecture, weights, layers=layers, pooling=pooling, padding=padding, compute_type=compute_type
        )

    return make


@pytest.fixture(scope="session")
def tiny_choice(tmp_path_factory):
    """Return a function that makes a NetworkChoice for a tiny network, with a weights file."""
    from maskstyle.networks.load import NetworkChoice

    folder = tmp_path_factory.mktemp("tiny")
    files = {each: write_npz(folder / f"{each.name}.npz", he_weights(each, each.layers)) for each in (TINY19, TINY16)}

    def make(layers, compute_type="float32", architecture=TINY19):
        return NetworkChoice(architecture, files[architecture], tuple(layers), compute_type, "for the tests")

    return make


@pytest.fixture(scope="session")
def random_vgg19_weights(tmp_path_factory) -> Path:
    """Return a file with random weights in the real shapes of VGG19, blocks 1 to 3."""
    layers = [layer for layer in VGG19.layers if layer < "block4"]
    return write_npz(tmp_path_factory.mktemp("vgg19_random") / "vgg19_random.npz", he_weights(VGG19, layers))


@pytest.fixture(scope="session")
def recorded_weights(random_vgg19_weights) -> dict[str, str]:
    """Return what the record of a run says of these weights where they were found."""
    digest = hashlib.sha256(random_vgg19_weights.read_bytes()).hexdigest()
    return {"weights": random_vgg19_weights.name, "weights_sha256": digest}
