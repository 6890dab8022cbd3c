"""Architectures, against the shapes that Keras Applications documents."""

import re

import pytest

from maskstyle.errors import SettingsError
from maskstyle.networks.architectures import (
    ARCHITECTURES,
    LITE,
    VGG16,
    VGG19,
    Architecture,
    smallest_side,
    starts_block,
)

VGG19_LAYERS = [
    "block1_conv1",
    "block1_conv2",
    "block2_conv1",
    "block2_conv2",
    "block3_conv1",
    "block3_conv2",
    "block3_conv3",
    "block3_conv4",
    "block4_conv1",
    "block4_conv2",
    "block4_conv3",
    "block4_conv4",
    "block5_conv1",
    "block5_conv2",
    "block5_conv3",
    "block5_conv4",
]


def test_layers():
    assert list(VGG19.layers) == VGG19_LAYERS
    assert list(VGG16.layers) == [layer for layer in VGG19_LAYERS if not re.match("block[345]_conv4", layer)]
    assert list(LITE.layers) == VGG19_LAYERS
    assert list(ARCHITECTURES) == ["lite", "vgg16", "vgg19"]


@pytest.mark.parametrize(("architecture", "parameters"), [(VGG16, 14_714_688), (VGG19, 20_024_384)])
def test_kernels_and_biases_hold_as_many_parameters_as_keras_says(architecture, parameters):
    total = 0
    for layer in architecture.layers:
        height, width, inputs, outputs = architecture.kernel_shape(layer)
        total += height * width * inputs * outputs + outputs
    assert total == parameters


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        ("block1_conv1", (3, 3, 3, 64)),
        ("block1_conv2", (3, 3, 64, 64)),
        ("block2_conv1", (3, 3, 64, 128)),
        ("block3_conv4", (3, 3, 256, 256)),
        ("block4_conv1", (3, 3, 256, 512)),
        ("block5_conv1", (3, 3, 512, 512)),
    ],
)
def test_kernel_shape(layer, shape):
    assert VGG19.kernel_shape(layer) == shape


def test_up_to_deepest():
    assert VGG19.up_to_deepest(["block2_conv1", "block1_conv1"]) == ("block1_conv1", "block1_conv2", "block2_conv1")
    assert VGG19.up_to_deepest(["block5_conv4"]) == VGG19.layers
    assert VGG19.up_to_deepest([]) == ()
    assert VGG19.up_to_deepest(iter(["block1_conv1"])) == ("block1_conv1",)


def test_unknown_layer_names_those_there_are():
    with pytest.raises(SettingsError, match=r"vgg16 has no layer 'block3_conv4'; its layers are block1_conv1, .*"):
        VGG16.up_to_deepest(["block1_conv1", "block3_conv4"])


@pytest.mark.parametrize(
    ("size", "layer", "grid"),
    [
        ((101, 64), "block1_conv2", (101, 64)),
        ((101, 64), "block2_conv1", (50, 32)),
        ((101, 64), "block3_conv1", (25, 16)),
        ((31, 16), "block5_conv1", (1, 1)),
        ((15, 16), "block5_conv1", (0, 1)),
    ],
)
def test_grid(size, layer, grid):
    assert VGG19.grid(size, layer) == grid


def test_smallest_side():
    assert smallest_side([]) == 1
    assert smallest_side(["block1_conv2"]) == 1
    assert smallest_side(["block3_conv1", "block2_conv2"]) == 4
    assert smallest_side(VGG19.layers) == 16
    for layer in VGG19.layers:
        side = smallest_side([layer])
        assert VGG19.grid((side, side), layer) == (1, 1)


def test_starts_block():
    assert [layer for layer in VGG19.layers if starts_block(layer)] == [
        "block2_conv1",
        "block3_conv1",
        "block4_conv1",
        "block5_conv1",
    ]


@pytest.mark.parametrize("name", ["conv1", "block1", "block_conv1", "block1_conv1_W", "block0_conv1", ""])
def test_names_that_are_no_layers(name):
    with pytest.raises(SettingsError, match="is not a layer name; expected blockB_convI, such as block3_conv1"):
        smallest_side([name])


def test_an_architecture_of_ones_own():
    own = Architecture("own", ((4,), (6, 6)))
    assert own.layers == ("block1_conv1", "block2_conv1", "block2_conv2")
    assert [own.kernel_shape(layer) for layer in own.layers] == [(3, 3, 3, 4), (3, 3, 4, 6), (3, 3, 6, 6)]
    assert [own.channels(layer) for layer in own.layers] == [4, 6, 6]


def test_every_convolution_has_a_width_of_its_own():
    own = Architecture("own", ((4, 5), (6,), (7, 8, 9)))
    shapes = [own.kernel_shape(layer)[2:] for layer in own.layers]
    assert shapes == [(3, 4), (4, 5), (5, 6), (6, 7), (7, 8), (8, 9)]
    assert [own.channels(layer) for layer in own.layers] == [4, 5, 6, 7, 8, 9]


def test_channels_are_those_of_the_network_that_distances_are_measured_as():
    wide = Architecture("wide", ((10, 11), (12, 13, 14)))
    own = Architecture("own", ((4, 5), (6, 7)), measured_as=wide)
    assert [own.channels(layer) for layer in own.layers] == [10, 11, 12, 13]
    assert [own.kernel_shape(layer)[3] for layer in own.layers] == [4, 5, 6, 7]


def test_lite_is_measured_as_vgg19_and_has_a_fraction_of_its_work():
    assert LITE.measured_as is VGG19
    assert VGG19.measured_as is VGG16.measured_as is None
    for layer in LITE.layers:
        assert LITE.channels(layer) == VGG19.kernel_shape(layer)[3] >= LITE.kernel_shape(layer)[3]
        assert LITE.multiply_adds(layer) < VGG19.multiply_adds(layer) / 3


def test_a_convolution_of_low_rank_is_a_product_of_factors():
    own = Architecture("own", ((4,), (10, 12)), ranks={2: 5})
    assert own.factor_shapes("block1_conv1") == {"kernel": (3, 3, 3, 4)}
    assert own.factor_shapes("block2_conv1") == {"kernel": (3, 3, 4, 5), "expansion": (5, 10)}
    assert own.factor_shapes("block2_conv2") == {"reduction": (10, 5), "kernel": (3, 3, 5, 5), "expansion": (5, 12)}
    assert own.kernel_shape("block2_conv2") == (3, 3, 10, 12)
    assert [own.multiply_adds(layer) for layer in own.layers] == [108, 180 + 50, 50 + 225 + 60]
