"""Turn trained weights into a network that maskstyle runs, and into the arrays of the package's file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.networks.architectures import LITE
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.networks.weights import LayerWeights

Array: TypeAlias = NDArray[Any]

Layers: TypeAlias = Mapping[str, tuple[Array, Array, Array]]
"""Kernel, bias and prediction by layer."""


def metric(prediction: Array) -> Array:
    """Return S V^T of a prediction P = U S V^T, which measures the distances of the predicted features.

    ``||P D P^T|| = ||(S V^T) D (S V^T)^T||``, because U has orthonormal columns.
    """
    _, sizes, directions = np.linalg.svd(prediction, full_matrices=False)
    result: Array = sizes[:, None] * directions
    return result


def read_layers(file: Path, layers: Iterable[str]) -> Layers:
    """Read kernel, bias and prediction by layer from what training wrote, or from a lite.npz.

    The metric of a lite.npz serves as a prediction: it is one up to a rotation, which no distance depends on.
    """
    with np.load(file) as held:
        last = "metric" if any(name.endswith("/metric") for name in held.files) else "prediction"
        return {
            name: (
                held[f"{name}/kernel"].astype(np.float32),
                held[f"{name}/bias"].astype(np.float32),
                held[f"{name}/{last}"].astype(np.float32),
            )
            for name in layers
        }


def layer_weights(trained: Layers) -> dict[str, LayerWeights]:
    """Return LayerWeights by layer."""
    result = {}
    for name, (kernel, bias, prediction) in trained.items():
        parts = [np.asarray(part, dtype=np.float32) for part in (kernel, bias, metric(prediction))]
        result[name] = LayerWeights(parts[0], parts[1], parts[2])
    return result


def factor_weights(arrays: Mapping[str, Array]) -> dict[str, LayerWeights]:
    """Return LayerWeights by layer from the arrays of layers of low rank, which are named as in lite.npz."""
    layers = dict.fromkeys(name.partition("/")[0] for name in arrays)
    return {
        layer: LayerWeights(
            kernel=arrays[f"{layer}/kernel"],
            bias=arrays[f"{layer}/bias"],
            reduction=arrays.get(f"{layer}/reduction"),
            expansion=arrays.get(f"{layer}/expansion"),
        )
        for layer in layers
    }


def as_network(
    weights: Mapping[str, LayerWeights], layers: Iterable[str], *, compute_type: str = "bfloat16"
) -> FeatureNetwork:
    """Return trained weights as a network."""
    return FeatureNetwork(
        LITE, weights, layers=tuple(layers), pooling="max", padding="edge", compute_type=compute_type
    )
