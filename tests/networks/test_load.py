"""The choice of network, weights and compute type, and its loading."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from numpy.testing import assert_array_equal
from reference import TINY19, random_image

from maskstyle.errors import SettingsError, WeightsError
from maskstyle.networks.architectures import ARCHITECTURES, LITE, VGG19
from maskstyle.networks.load import NetworkChoice, choose_network, load_network, resolve_compute_type
from maskstyle.networks.speed import Speed, remember
from maskstyle.networks.weights import EMBEDDED_FILES


def test_auto_is_vgg19_from_where_weights_are_found(monkeypatch, random_vgg19_weights):
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(random_vgg19_weights.parent))
    choice = choose_network("auto", ["block1_conv1", "block3_conv1", "block1_conv1"], compute_type="float32")
    assert choice.architecture is VGG19
    assert choice.weights == random_vgg19_weights
    assert choice.layers == ("block1_conv1", "block3_conv1")
    assert choice.compute_type == "float32"
    assert str(choice) == "vgg19 from vgg19_random.npz, float32"
    assert (choice.source, choice.notes) == ("vgg19_random.npz", ())


@pytest.mark.parametrize("network", ["auto", "vgg19"])
def test_vgg19_is_the_packages_own_where_no_weights_are_found(network):
    choice = choose_network(network, ["block1_conv1", "block5_conv2", "block1_conv1"], compute_type="float32")
    assert (choice.architecture, choice.weights) == (VGG19, EMBEDDED_FILES[VGG19])
    assert choice.layers == ("block1_conv1", "block5_conv2")
    assert str(choice) == "vgg19 (embedded, 8-bit), float32"
    assert (choice.source, choice.notes) == ("embedded, 8-bit", ())


def test_lite_by_name_even_where_weights_of_vgg19_are_found(monkeypatch, random_vgg19_weights):
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(random_vgg19_weights.parent))
    choice = choose_network("lite", ["block4_conv1"], compute_type="float32")
    assert (choice.architecture, choice.weights) == (LITE, EMBEDDED_FILES[LITE])
    assert str(choice) == "lite (embedded), float32"


def test_auto_with_weights_named_is_vgg19(random_vgg19_weights):
    choice = choose_network("auto", ["block1_conv1"], weights=random_vgg19_weights)
    assert (choice.architecture, choice.weights) == (VGG19, random_vgg19_weights)


def test_a_layer_that_does_not_exist(monkeypatch, random_vgg19_weights):
    with pytest.raises(SettingsError, match=r"lite has no layer 'block5_conv9'; its layers are block1_conv1, .*"):
        choose_network("lite", ["block5_conv9"])
    for paper in ("conv4_2", "relu4_2", "Conv4_2"):
        with pytest.raises(SettingsError, match=f"vgg19 has no layer {paper!r}; did you mean block4_conv2"):
            choose_network("vgg19", [paper])
    with pytest.raises(SettingsError, match="vgg19 has no layer 'block5_conv9'"):
        choose_network("auto", ["block5_conv9"])
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(random_vgg19_weights.parent))
    with pytest.raises(SettingsError, match="vgg19 has no layer 'block5_conv9'"):
        choose_network("auto", ["block5_conv9"])


@pytest.mark.parametrize("architecture", ARCHITECTURES.values(), ids=ARCHITECTURES.keys())
def test_by_name_with_a_file(random_vgg19_weights, architecture):
    choice = choose_network(architecture.name, ["block1_conv1"], weights=random_vgg19_weights)
    assert choice.architecture is architecture
    assert choice.weights == random_vgg19_weights


def test_no_weights_of_vgg16():
    with pytest.raises(WeightsError, match=r"no weights of vgg16 were found.* vgg16, .*use --network lite"):
        choose_network("vgg16", ["block1_conv1"])


@pytest.mark.parametrize("network", ["auto", "vgg19"])
def test_weights_that_are_found_but_too_shallow(monkeypatch, random_vgg19_weights, network):
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(random_vgg19_weights.parent))
    choice = choose_network(network, ["block4_conv1"])
    assert choice.weights == EMBEDDED_FILES[VGG19]
    assert choice.notes == (f"{random_vgg19_weights} lacks block4_conv1; using the embedded weights",)


@pytest.mark.parametrize("network", ["auto", "vgg19"])
def test_layers_beyond_those_of_the_package(monkeypatch, random_vgg19_weights, network):
    says = "up to block5_conv4 were found: the embedded file lacks block5_conv3, block5_conv4; "
    remedies = "run: maskstyle weights fetch vgg19, pass --weights FILE, choose other layers, or use --network lite"
    with pytest.raises(WeightsError, match=f"no weights of vgg19 {says}{remedies}"):
        choose_network(network, ["block5_conv4"])
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(random_vgg19_weights.parent))
    with pytest.raises(WeightsError, match=r"vgg19_random.npz lacks block4_conv1 to block5_conv3; the embedded file"):
        choose_network(network, ["block5_conv3"])


def test_weights_that_are_found_but_damaged(monkeypatch, tmp_path, random_vgg19_weights):
    (tmp_path / "vgg19.npz").touch()
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(tmp_path))
    choice = choose_network("auto", ["block1_conv1"])
    assert choice.weights == EMBEDDED_FILES[VGG19]
    (note,) = choice.notes
    assert re.match(r".*vgg19.npz cannot be read .*; using the embedded weights", note)

    good = shutil.copy(random_vgg19_weights, tmp_path / "vgg19_good.npz")
    choice = choose_network("auto", ["block1_conv1"])
    assert choice.weights == good
    (note,) = choice.notes
    assert re.match(r".*vgg19.npz cannot be read .*; using vgg19_good.npz", note)


def test_the_notes_and_the_source_go_with_the_loaded_network(monkeypatch, tmp_path):
    (tmp_path / "vgg19.h5").touch()
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(tmp_path))
    choice = choose_network("auto", ["block1_conv1"])
    network = load_network(choice, pooling="max", padding="edge")
    assert (network.source, network.notes) == ("embedded, 8-bit", choice.notes)


def test_a_file_that_does_not_exist():
    with pytest.raises(WeightsError, match=r"there is no weights file gone.npz"):
        choose_network("auto", ["block1_conv1"], weights=Path("gone.npz"))


def test_unknown_names(random_vgg19_weights):
    with pytest.raises(SettingsError, match="network is 'resnet'; expected one of auto, lite, vgg16, vgg19"):
        choose_network("resnet", ["block1_conv1"], weights=random_vgg19_weights)
    with pytest.raises(SettingsError, match="expected one of auto, float32, bfloat16"):
        choose_network("auto", ["block1_conv1"], weights=random_vgg19_weights, compute_type="float16")
    with pytest.raises(SettingsError, match="vgg19 has no layer 'block3_conv9'"):
        choose_network("auto", ["block3_conv9"], weights=random_vgg19_weights)
    with pytest.raises(SettingsError, match="vgg16 has no layer 'block3_conv4'"):
        choose_network("vgg16", ["block3_conv4"])


@pytest.mark.parametrize("compute_type", ["float32", "bfloat16"])
@pytest.mark.parametrize("pooling", ["max", "average"])
def test_load(tiny_choice, tiny_network, pooling, compute_type):
    layers = ("block1_conv2", "block2_conv1")
    network = load_network(tiny_choice(layers, compute_type), pooling=pooling, padding="edge")
    assert (network.layers, network.pooling, network.compute_type) == (layers, pooling, compute_type)
    image = random_image(0, 8, 8)
    for layer, features in tiny_network(layers, pooling, compute_type, padding="edge")(image).items():
        assert_array_equal(network(image)[layer], features)


def test_load_checks_the_file(tiny_choice, tmp_path):
    choice = tiny_choice(["block1_conv1"])
    broken = tmp_path / "broken.npz"
    broken.touch()
    with pytest.raises(WeightsError, match=r"broken.npz cannot be read"):
        load_network(type(choice)(TINY19, broken, choice.layers, "float32", ""), pooling="max", padding="zero")


@pytest.mark.usefixtures("own_cache")
def test_auto_is_resolved_by_what_is_remembered(tiny_choice):
    remember(Speed(0.01, bfloat16_speedup=2.0))
    choice = resolve_compute_type(tiny_choice(["block1_conv1"], "auto"))
    assert (choice.compute_type, choice.type_reason) == ("bfloat16", "measured 2 times faster than float32")
    assert str(choice) == "for the tests, bfloat16 (measured 2 times faster than float32)"
    network = load_network(tiny_choice(["block1_conv1"], "auto"), pooling="max", padding="edge")
    assert (network.compute_type, network.type_reason) == (choice.compute_type, choice.type_reason)


@pytest.mark.usefixtures("own_cache")
def test_a_type_that_was_asked_for_is_not_measured(tiny_choice):
    remember(Speed(0.01, bfloat16_speedup=2.0))
    choice = tiny_choice(["block1_conv1"], "float32")
    assert isinstance(choice, NetworkChoice)
    assert resolve_compute_type(choice) is choice
