"""Evaluate a stack of VGG convolutions in TensorFlow, up to the deepest chosen layer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstyle.networks.architectures import Architecture, starts_block
from maskstyle.networks.tensorflow import Tensor, check_usable, tf
from maskstyle.networks.weights import LayerWeights
from maskstyle.settings import CHOICES, check_choice

IMAGENET_MEAN_RGB = (123.68, 116.779, 103.939)
"""Mean color of the ImageNet training images in 0..255, which the input of VGG is centered on."""

PIXEL_MAXIMUM = 255.0

POOLINGS = CHOICES["pooling"]
PADDINGS = CHOICES["padding"]


class FeatureNetwork:
    """A loaded network: a function from an image to the features of chosen layers.

    The weights are those of every layer up to the deepest of `layers`. Pooling is "max" or "average": Gatys et al.
    (2016) found average pooling slightly more appealing. The padding of the image at the first convolution is "zero",
    as in training, or "edge", which avoids a visible line along the edges of results; deeper convolutions are always
    padded with zeros. The compute type is that of the convolutions and of the features.

    For records, `type_reason` is why the type was chosen, empty where the user did, and `source` where the weights
    come from. `notes` about the weights go into results.
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
        type_reason: str = "",
        source: str = "",
        notes: tuple[str, ...] = (),
    ) -> None:
        check_usable()
        check_choice("pooling", pooling, POOLINGS)
        check_choice("padding", padding, PADDINGS)
        self.architecture = architecture
        self.layers = tuple(dict.fromkeys(layers))
        self.pooling = pooling
        self.padding = padding
        self.compute_type = compute_type
        self.type_reason = type_reason
        self.source, self.notes = source, notes
        self._type = tf.dtypes.as_dtype(compute_type)
        self._stack = [
            (name, [tf.constant(kernel, self._type) for kernel in kernels], tf.constant(bias, self._type))
            for name, kernels, bias in _for_images(weights, architecture.up_to_deepest(self.layers))
        ]
        self.content_gains = {name: weights[name].content_gain for name in self.layers}
        metrics = {name: weights[name].metric for name in self.layers}
        self._metrics = {name: tf.constant(metric) for name, metric in metrics.items() if metric is not None}

    def __call__(self, image: Tensor, observe: Callable[[str, Tensor], Tensor] | None = None) -> dict[str, Tensor]:
        """Return the features (H_l, W_l, C_l) of the chosen layers, after the ReLU, of an image in [0, 1].

        `observe` is called at each chosen layer with its name and features; the network continues from the result.
        """
        centered = image - tf.constant(IMAGENET_MEAN_RGB) / PIXEL_MAXIMUM
        current = tf.expand_dims(tf.cast(centered, self._type), axis=0)
        padding = "SAME"
        if self.padding == "edge":
            current = tf.pad(current, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
            padding = "VALID"
        features = {}
        for name, kernels, bias in self._stack:
            if starts_block(name):
                current = self._pool(current)
            for kernel in kernels:
                current = tf.nn.conv2d(current, kernel, strides=1, padding=padding)
            padding = "SAME"
            current = tf.nn.relu(tf.nn.bias_add(current, bias))
            if name in self.layers:
                # Not an index, as its gradient would copy all features.
                single = tf.squeeze(current, axis=0)
                features[name] = single if observe is None else observe(name, single)
                current = tf.expand_dims(features[name], axis=0)
        return features

    def parameters(self) -> dict[str, Any]:
        """Return everything that determines features and their distances, to compare two networks."""
        return {
            "stack": [
                (name, *(kernel.numpy() for kernel in kernels), bias.numpy()) for name, kernels, bias in self._stack
            ],
            "metrics": {name: metric.numpy() for name, metric in self._metrics.items()},
            "content_gains": self.content_gains,
        }

    def metric(self, layer: str) -> Tensor | None:
        """Return the linear map (K, C) from features to the space in which distances are measured, or None."""
        return self._metrics.get(layer)

    def measured(self, layer: str, features: Tensor) -> Tensor:
        """Return features (H, W, C) of a layer in the space in which distances are measured, of unchanged type."""
        if layer not in self._metrics:
            return features
        return tf.tensordot(features, tf.cast(self._metrics[layer], features.dtype), axes=[[-1], [1]])

    def measured_gram(self, layer: str, gram: Tensor) -> Tensor:
        """Return the Gram matrices of `measured` features, given those (..., C, C) of the features of a layer."""
        if layer not in self._metrics:
            return gram
        metric = self._metrics[layer]
        return tf.matmul(metric, tf.matmul(gram, metric, transpose_b=True))

    def _pool(self, features: Tensor) -> Tensor:
        pool = tf.nn.max_pool2d if self.pooling == "max" else tf.nn.avg_pool2d
        return pool(features, ksize=2, strides=2, padding="VALID")


def _for_images(
    weights: Mapping[str, LayerWeights], layers: Iterable[str]
) -> Iterator[tuple[str, list[NDArray[np.float32]], NDArray[np.float32]]]:
    """Yield the kernels and the bias of layers; convert the first kernel from BGR in 0..255 to RGB in [0, 1]."""
    for position, layer in enumerate(layers):
        parts = weights[layer]
        factors = [parts.reduction, parts.kernel, parts.expansion]
        kernels = [each if each.ndim == 4 else each[np.newaxis, np.newaxis] for each in factors if each is not None]
        if position == 0:
            kernels[0] = kernels[0][:, :, ::-1] * PIXEL_MAXIMUM
        yield layer, kernels, parts.bias
