"""References for tests: tiny networks, a forward pass in NumPy float64, the raw Gram matrices of the literature."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstyle.networks.architectures import Architecture
from maskstyle.networks.weights import LayerWeights

Array = NDArray[np.float64]

TINY19 = Architecture("tiny19", ((4,) * 2, (6,) * 2, (8,) * 4, (8,) * 4, (8,) * 4))
TINY16 = Architecture("tiny16", ((4,) * 2, (6,) * 2, (8,) * 3, (8,) * 3, (8,) * 3))


def random_image(seed: int, height: int, width: int) -> NDArray[np.float32]:
    return np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)


def he_weights(architecture: Architecture, layers: Iterable[str], seed: int = 0) -> dict[str, LayerWeights]:
    """Return random weights that keep the scale of features from layer to layer (He et al. 2015)."""
    rng = np.random.default_rng(seed)
    weights = {}
    for layer in layers:
        shapes = architecture.factor_shapes(layer)
        # The ReLU halves the squares, once for each layer.
        last = "expansion" if "expansion" in shapes else "kernel"
        factors = {
            part: rng.normal(0.0, np.sqrt((2.0 if part == last else 1.0) / np.prod(shape[:-1])), shape)
            for part, shape in shapes.items()
        }
        bias = rng.normal(0.0, 5.0, architecture.kernel_shape(layer)[-1])
        weights[layer] = LayerWeights(
            bias=bias.astype(np.float32), **{part: factor.astype(np.float32) for part, factor in factors.items()}
        )
    return weights


def write_npz(path: Path, weights: Mapping[str, LayerWeights]) -> Path:
    arrays = {}
    for layer, parts in weights.items():
        named = zip(parts._fields, parts, strict=True)
        arrays |= {f"{layer}/{kind}": array for kind, array in named if array is not None}
    np.savez(path, **arrays)
    return path


def forward(
    image: NDArray, weights: Mapping[str, LayerWeights], pooling: str = "max", padding: str = "zero"
) -> dict[str, Array]:
    """Return the features of every layer in `weights`, which are in the order of the network.

    `padding` is that of the image; deeper layers are padded with zeros.
    """
    means_of_blue_green_red = np.array([103.939, 116.779, 123.68])
    current = image.astype(np.float64)[:, :, ::-1] * 255.0 - means_of_blue_green_red
    features: dict[str, Array] = {}
    block = "block1"
    rim = "edge" if padding == "edge" else "constant"
    for layer, parts in weights.items():
        if not layer.startswith(block):
            block = layer.partition("_")[0]
            current = _pooled(current, pooling)
        if parts.reduction is not None:
            current = current @ parts.reduction.astype(np.float64)
        current = _convolved(current, parts.kernel.astype(np.float64), rim)
        if parts.expansion is not None:
            current = current @ parts.expansion.astype(np.float64)
        current = np.maximum(current + parts.bias.astype(np.float64), 0.0)
        features[layer] = current
        rim = "constant"
    return features


def _convolved(image: Array, kernel: Array, rim: str) -> Array:
    height, width, _ = image.shape
    padded = np.pad(image, ((1, 1), (1, 1), (0, 0)), mode=rim)
    return sum(
        padded[row : row + height, column : column + width] @ kernel[row, column]
        for row in range(3)
        for column in range(3)
    )


def _pooled(image: Array, pooling: str) -> Array:
    height, width = image.shape[0] // 2 * 2, image.shape[1] // 2 * 2
    corners = np.stack([image[row:height:2, column:width:2] for row in (0, 1) for column in (0, 1)])
    return corners.max(axis=0) if pooling == "max" else corners.mean(axis=0)


def with_metrics(
    weights: Mapping[str, LayerWeights], make: Callable[[np.random.Generator, int], NDArray], seed: int = 5
) -> dict[str, LayerWeights]:
    """Return weights with a metric for each layer, from a function of a generator and the channels of the layer."""
    rng = np.random.default_rng(seed)
    return {
        layer: parts._replace(metric=np.asarray(make(rng, len(parts.bias)), np.float32))
        for layer, parts in weights.items()
    }


def measured(features: Array, parts: LayerWeights) -> Array:
    """Return features in the space in which distances are measured."""
    return features if parts.metric is None else features @ parts.metric.astype(np.float64).T


def raw_gram(features: NDArray) -> Array:
    """Return the Gram matrix of the literature, a sum over pixels without division."""
    flat = features.reshape(-1, features.shape[-1]).astype(np.float64)
    return flat.T @ flat


def total_variation(image: NDArray, exponent: float) -> Array:
    """Return ``(dx^2 + dy^2)^exponent`` for each color of each pixel that has a right and a lower neighbor."""
    image = image.astype(np.float64)
    values = np.empty((image.shape[0] - 1, image.shape[1] - 1, 3))
    for row in range(values.shape[0]):
        for column in range(values.shape[1]):
            here = image[row, column]
            down, right = image[row + 1, column] - here, image[row, column + 1] - here
            values[row, column] = (down**2 + right**2) ** exponent
    return values


class Bowl:
    """A stand-in for an objective, with a known minimum: ``sum(curvature * (x - target)^2) + floor``.

    Parameters
    ----------
    target : (H, W, 3) array
        The unconstrained minimum; may lie outside [0, 1].
    curvature, floor : float or array
        Parameters of the formula.
    broken_at : int, optional
        First evaluation, counted from 1, at which the loss is `broken_value`.
    """

    terms: tuple[Any, ...] = ("distance",)
    names = ("distance",)

    def __init__(self, target, curvature=1.0, floor=0.0, broken_at=None, broken_value=np.nan):
        self.target = np.asarray(target, np.float64)
        self.curvature = curvature
        self.floor = floor
        self.broken_at = broken_at
        self.broken_value = broken_value
        self.calls = 0

    def value(self, image: NDArray) -> float:
        """Return the loss."""
        return float(np.sum(self.curvature * np.square(image - self.target)) + self.floor)

    def value_and_gradient(self, image):
        """Return the loss and its gradient in the form of an Objective."""
        import tensorflow as tf

        self.calls += 1
        broken = self.broken_at is not None and self.calls >= self.broken_at
        value = self.broken_value if broken else self.value(image)
        gradient = 2 * self.curvature * (np.asarray(image, np.float64) - self.target)
        return tf.constant([value], tf.float32), tf.constant(gradient, tf.float32)
