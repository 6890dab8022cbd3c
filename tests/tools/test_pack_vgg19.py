"""tools/pack_vgg19.py: what the 8-bit file keeps of a network, in its kernels and in its features."""

from __future__ import annotations

import importlib
import os
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from reference import TINY19, forward, he_weights, random_image, raw_gram

from maskstyle.errors import WeightsError
from maskstyle.networks.architectures import VGG19
from maskstyle.networks.weights import EMBEDDED_FILES, layer_names, read_weights

FOLDER = Path(__file__).parents[2] / "tools"
LAYERS = TINY19.up_to_deepest(["block3_conv4"])
LARGEST_BYTES = 14_000_000
LARGEST_ERROR = 5e-4


@pytest.fixture(scope="module")
def pack():
    """Return the tool, which is not in a package."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(FOLDER))
        return importlib.import_module("pack_vgg19")


@pytest.fixture
def packed(pack, tmp_path):
    """Return a tiny network and the file that it was packed into."""
    weights = he_weights(TINY19, LAYERS, seed=3)
    pack.write(tmp_path / "packed.npz", weights)
    return weights, tmp_path / "packed.npz"


def squared_error(found, wanted):
    return np.sum((found - wanted) ** 2) / np.sum(wanted**2)


def test_kernels_are_off_by_a_step_at_most_and_biases_are_exact(packed):
    weights, path = packed
    read = read_weights(path, TINY19, LAYERS)
    for layer, (kernel, bias, *_) in weights.items():
        step = np.abs(kernel).max(axis=(0, 1, 2)) / 127
        difference = read[layer].kernel - kernel
        assert (np.abs(difference) <= 1.01 * step).all()
        assert (np.abs(difference.sum(axis=(0, 1))) <= 1.01 * step).all()
        assert squared_error(read[layer].kernel, kernel) < LARGEST_ERROR
        assert_array_equal(read[layer].bias, bias)


def test_features_and_gram_matrices_are_close(packed):
    weights, path = packed
    image = random_image(0, 32, 40)
    exact, found = (forward(image, each) for each in (weights, read_weights(path, TINY19, LAYERS)))
    for layer, features in exact.items():
        assert squared_error(found[layer], features) < LARGEST_ERROR, layer
        assert squared_error(raw_gram(found[layer]), raw_gram(features)) < LARGEST_ERROR, layer


def test_equal_weights_give_equal_bytes(pack, packed, tmp_path):
    weights, path = packed
    pack.write(tmp_path / "again.npz", weights)
    assert (tmp_path / "again.npz").read_bytes() == path.read_bytes()


def test_a_channel_of_zeros_stays_zero(pack):
    kernel = np.zeros((3, 3, 2, 2), np.float32)
    kernel[..., 1] = 0.5
    steps, scale = pack.quantized(kernel)
    assert steps.dtype == np.int8
    assert_array_equal(steps * scale, kernel)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"block1_conv1/scale": None}, "the kernel of block1_conv1 is int8 and there is no scale"),
        (
            {"block1_conv1/scale": np.ones(3)},
            r"the scale of block1_conv1 has shape \(3,\), but tiny19 needs \(4,",
        ),
        ({"block1_conv1/scale": np.zeros(4)}, "the scale of block1_conv1 has values that are .* not above 0"),
        ({"block1_conv1/scale": np.full(4, np.nan)}, "the scale of block1_conv1 has values that are not finite"),
        (
            {"block1_conv1/kernel": np.zeros((3, 3, 3, 4))},
            "the kernel of block1_conv1 is float64 and there is a scale",
        ),
        ({"block1_conv1/kernel": np.zeros((3, 3, 2, 4), np.int8)}, r"has shape \(3, 3, 2, 4\), but tiny19 needs"),
    ],
    ids=["no scale", "scale of another shape", "scale 0", "scale not finite", "floats with a scale", "kernel"],
)
def test_damaged_files(packed, tmp_path, changes, says):
    _, path = packed
    with np.load(path) as archive:
        arrays = {name: array for name, array in {**archive, **changes}.items() if array is not None}
    np.savez(tmp_path / "damaged.npz", **arrays)
    with pytest.raises(WeightsError, match=says) as caught:
        read_weights(tmp_path / "damaged.npz", TINY19, LAYERS)
    assert "damaged.npz" in str(caught.value)


def test_the_file_of_the_package_is_small_and_reaches_the_deepest_layer_of_the_recipes(pack):
    embedded = EMBEDDED_FILES[VGG19]
    assert embedded.stat().st_size <= LARGEST_BYTES
    assert layer_names(embedded) == sorted(VGG19.up_to_deepest([pack.DEEPEST]))
    assert list(read_weights(embedded, VGG19, [pack.DEEPEST])) == list(VGG19.up_to_deepest([pack.DEEPEST]))


def test_the_recipes_for_vgg19_need_no_other_layer(pack):
    from maskstyle.recipes import RECIPES
    from maskstyle.settings import wanted_layers

    settings = [recipe.settings for recipe in RECIPES.values() if recipe.settings.network != "vgg16"]
    deepest = {VGG19.up_to_deepest(wanted_layers(each))[-1] for each in settings}
    assert max(deepest) == pack.DEEPEST


@pytest.mark.real_weights
def test_the_file_of_the_package_is_close_to_the_original(pack):
    folder = Path(os.environ.get("MASKSTYLE_TEST_WEIGHTS") or pytest.skip("MASKSTYLE_TEST_WEIGHTS names no folder"))
    files = [path for suffix in ("npz", "h5") for path in sorted(folder.glob(f"vgg19*.{suffix}"))]
    named = {path: [layer for layer in layer_names(path) if layer <= pack.DEEPEST] for path in files}
    path = max(named, key=lambda path: len(named[path]), default=None)
    if path is None or not named[path]:
        pytest.skip("the folder in MASKSTYLE_TEST_WEIGHTS holds no VGG19 weights")
    from maskstyle.images.io import load_image
    from maskstyle.images.pixels import resize_image

    sample = Path(__file__).parents[2] / "samples" / "coffee.jpg"
    image = resize_image(load_image(sample).pixels, (128, 192))
    errors = pack.feature_errors(EMBEDDED_FILES[VGG19], path, [image])
    assert set(errors) == set(named[path])
    for layer, each in errors.items():
        assert max(each) <= LARGEST_ERROR, layer
