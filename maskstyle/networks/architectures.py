"""The architectures of the feature networks, without TensorFlow.

VGG16 and VGG19 are configurations D and E of Simonyan and Zisserman ("Very Deep Convolutional Networks for
Large-Scale Image Recognition", 2014), without their fully connected layers. ``lite`` has the layers of VGG19, with
fewer channels in blocks 1 to 3 and convolutions of low rank in blocks 4 and 5. Layers have the names that they have
in Keras Applications.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from maskstyle.errors import SettingsError

KERNEL_SIZE = 3
IMAGE_CHANNELS = 3


@dataclass(frozen=True)
class Architecture:
    """A stack of blocks of 3x3 convolutions with 2x2 pooling between the blocks.

    >>> VGG19.layers[:3]
    ('block1_conv1', 'block1_conv2', 'block2_conv1')
    >>> VGG19.grid((101, 64), "block3_conv1")
    (25, 16)
    """

    name: str  # name of the network, as for ``--network``
    widths: tuple[tuple[int, ...], ...]  # output channels of each convolution, by block
    # The network that this one approximates. Distances count its channels in place of this network's.
    measured_as: Architecture | None = None
    # Rank of the convolutions of a block, by its number; see `factor_shapes`. Blocks without one have full rank.
    ranks: Mapping[int, int] = field(default_factory=dict, hash=False)

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of all convolution layers, from the image on."""
        return tuple(
            f"block{block}_conv{index}"
            for block, widths in enumerate(self.widths, start=1)
            for index in range(1, len(widths) + 1)
        )

    def up_to_deepest(self, layers: Iterable[str]) -> tuple[str, ...]:
        """Return the names of all layers up to the deepest of `layers`, from the image on."""
        wanted = tuple(layers)
        self.check_layers(wanted)
        deepest = max((self.layers.index(layer) for layer in wanted), default=-1)
        return self.layers[: deepest + 1]

    def check_layers(self, layers: Iterable[str]) -> None:
        """Raise SettingsError if a name is not a layer of this network."""
        for layer in layers:
            if layer not in self.layers:
                # Papers, and other programs, write conv4_2 or relu4_2.
                meant = re.sub(r"(?:conv|relu)_?(\d)_(\d)", r"block\1_conv\2", layer.strip().lower())
                own = f"its layers are {', '.join(self.layers)}"
                advice = f"did you mean {meant}?" if meant in self.layers else own
                raise SettingsError(f"{self.name} has no layer {layer!r}; {advice}")

    def kernel_shape(self, layer: str) -> tuple[int, int, int, int]:
        """Return the shape (3, 3, in, out) of a layer's convolution."""
        block, index = _position(layer)
        if index > 1:
            inputs = self.widths[block - 1][index - 2]
        else:
            inputs = self.widths[block - 2][-1] if block > 1 else IMAGE_CHANNELS
        return KERNEL_SIZE, KERNEL_SIZE, inputs, self.widths[block - 1][index - 1]

    def factor_shapes(self, layer: str) -> dict[str, tuple[int, ...]]:
        """Return the shapes of the linear maps whose product is the convolution of a layer.

        A convolution of rank r is a ``reduction`` (in, r) of each cell, a ``kernel`` (3, 3, r, r) and an
        ``expansion`` (r, out) of each cell. One with at most r inputs has no reduction, and its kernel is (3, 3, in,
        r). Without a rank there is the ``kernel`` (3, 3, in, out) alone.

        >>> LITE.factor_shapes("block4_conv2")
        {'reduction': (512, 128), 'kernel': (3, 3, 128, 128), 'expansion': (128, 512)}
        """
        rows, columns, inputs, outputs = self.kernel_shape(layer)
        rank = self.ranks.get(_position(layer)[0])
        if rank is None:
            return {"kernel": (rows, columns, inputs, outputs)}
        shapes: dict[str, tuple[int, ...]] = {} if inputs <= rank else {"reduction": (inputs, rank)}
        return {**shapes, "kernel": (rows, columns, min(inputs, rank), rank), "expansion": (rank, outputs)}

    def multiply_adds(self, layer: str) -> int:
        """Return the multiply-adds of a layer for each of its cells."""
        return sum(math.prod(shape) for shape in self.factor_shapes(layer).values())

    def channels(self, layer: str) -> int:
        """Return the number of channels that distances at a layer count: that of `measured_as`, if given."""
        return (self.measured_as or self).kernel_shape(layer)[-1]

    def receptive_field(self, layer: str) -> int:
        """Return the side of the receptive field of one cell of a layer's grid, in pixels."""
        side, stride = 1, 1
        for name in self.up_to_deepest([layer]):
            if starts_block(name):
                side += stride
                stride *= 2
            side += (KERNEL_SIZE - 1) * stride
        return side

    def grid(self, size: tuple[int, int], layer: str) -> tuple[int, int]:
        """Return the (height, width) of a layer's features for an image of a (height, width)."""
        block, _ = _position(layer)
        return size[0] >> (block - 1), size[1] >> (block - 1)


def smallest_side(layers: Iterable[str]) -> int:
    """Return the shortest image side, in pixels, for which all of `layers` have at least one cell."""
    return max((1 << (_position(layer)[0] - 1) for layer in layers), default=1)


def starts_block(layer: str) -> bool:
    """Return whether a layer is the first after a pooling."""
    block, index = _position(layer)
    return block > 1 and index == 1


def _position(layer: str) -> tuple[int, int]:
    match = re.fullmatch(r"block([1-9]\d?)_conv([1-9]\d?)", layer)
    if match is None:
        raise SettingsError(f"{layer!r} is not a layer name; expected blockB_convI, such as block3_conv1")
    return int(match[1]), int(match[2])


VGG16 = Architecture("vgg16", ((64,) * 2, (128,) * 2, (256,) * 3, (512,) * 3, (512,) * 3))
VGG19 = Architecture("vgg19", ((64,) * 2, (128,) * 2, (256,) * 4, (512,) * 4, (512,) * 4))
LITE = Architecture(
    "lite", ((16, 32), (48, 64), (96,) * 4, (512,) * 4, (512,) * 4), measured_as=VGG19, ranks={4: 128, 5: 128}
)

ARCHITECTURES = {architecture.name: architecture for architecture in (LITE, VGG16, VGG19)}
"""The architectures by name."""
