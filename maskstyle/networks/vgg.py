"""Evaluation of a VGG convolution stack in TensorFlow, only as deep as the deepest layer asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

import tensorflow as tf

from maskstyle.errors import SettingsError
from maskstyle.networks.architectures import Architecture, starts_block
from maskstyle.networks.weights import LayerWeights
from maskstyle.settings import CHOICES

Tensor: TypeAlias = Any
"""A tf.Tensor; TensorFlow ships no types."""

IMAGENET_MEAN_RGB = (123.68, 116.779, 103.939)
"""Mean of the ImageNet training pictures in 0..255, which VGG's weights expect to be subtracted."""

PIXEL_MAXIMUM = 255.0

POOLINGS = CHOICES["pooling"]
PADDINGS = CHOICES["padding"]


class FeatureNetwork:
    """A loaded network: a function from an image to the features of chosen layers.

    Parameters
    ----------
    architecture : Architecture
        The network's shape.
    weights : mapping of str to LayerWeights
        Kernel and bias by layer name, for every layer up to the deepest of `layers`.
    layers : iterable of str
        The layers whose features are wanted.
    pooling : {"max", "average"}
        Pooling between blocks; Gatys et al. (2016) found average pooling slightly more appealing.
    padding : {"zero", "edge"}
        What surrounds the image at the first convolution: zeros, as the networks were trained, or the image's
        own edge pixels, without which results get a line along their edges. Deeper convolutions are padded
        with zeros always.
    compute_type : {"float32", "bfloat16"}
        Type of the convolutions and of the features.
    """

    def __init__(
        self,
        architecture: Architecture,
        weights: Mapping[str, LayerWeights],
        *,
        layers: Iterable[str],
        pooling: str,
        padding: str,
        compute_type: str = "float32",
    ) -> None:
        if pooling not in POOLINGS:
            raise SettingsError(f"pooling is {pooling!r}; expected one of {', '.join(POOLINGS)}")
        if padding not in PADDINGS:
            raise SettingsError(f"padding is {padding!r}; expected one of {', '.join(PADDINGS)}")
        self.architecture = architecture
        self.layers = tuple(dict.fromkeys(layers))
        self.pooling = pooling
        self.padding = padding
        self.compute_type = compute_type
        self._type = tf.dtypes.as_dtype(compute_type)
        self._stack = [
            (name, tf.constant(weights[name].kernel, self._type), tf.constant(weights[name].bias, self._type))
            for name in architecture.up_to_deepest(self.layers)
        ]

    def __call__(self, image: Tensor, observe: Callable[[str, Tensor], Tensor] | None = None) -> dict[str, Tensor]:
        """Return the features of the chosen layers after their rectification.

        Parameters
        ----------
        image : (H, W, 3) float32 tensor
            RGB in [0, 1].
        observe : callable, optional
            Called at each chosen layer with its name and features; the network goes on from what it returns.

        Returns
        -------
        dict of str to (H_l, W_l, C_l) tensor of the compute type
        """
        current = tf.cast(image * PIXEL_MAXIMUM - tf.constant(IMAGENET_MEAN_RGB), self._type)
        current = tf.reverse(current, axis=[-1])[tf.newaxis]  # the published weights expect BGR
        rim = "SAME"
        if self.padding == "edge":
            current = tf.pad(current, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
            rim = "VALID"
        features = {}
        for name, kernel, bias in self._stack:
            if starts_block(name):
                current = self._pool(current)
            current = tf.nn.conv2d(current, kernel, strides=1, padding=rim)
            rim = "SAME"
            current = tf.nn.relu(tf.nn.bias_add(current, bias))
            if name in self.layers:
                features[name] = current[0] if observe is None else observe(name, current[0])
                current = features[name][tf.newaxis]
        return features

    def _pool(self, features: Tensor) -> Tensor:
        pool = tf.nn.max_pool2d if self.pooling == "max" else tf.nn.avg_pool2d
        return pool(features, ksize=2, strides=2, padding="VALID")
