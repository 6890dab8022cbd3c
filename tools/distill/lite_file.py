"""From trained weights to a network that maskstyle runs, and to the file that the package ships."""

from __future__ import annotations

import numpy as np

from maskstyle.networks.architectures import LITE
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.networks.weights import LayerWeights


def metric(prediction):
    """Return S V^T of a prediction P = U S V^T: with it a distance equals that of the predicted features.

    ``||P D P^T|| = ||(S V^T) D (S V^T)^T||``, because U has orthonormal columns.
    """
    _, sizes, directions = np.linalg.svd(prediction, full_matrices=False)
    return sizes[:, None] * directions


def layer_weights(trained):
    """Return LayerWeights by layer of (kernel, bias, prediction) by layer."""
    return {
        name: LayerWeights(*(np.asarray(part, dtype=np.float32) for part in (kernel, bias, metric(prediction))))
        for name, (kernel, bias, prediction) in trained.items()
    }


def as_network(trained, layers, *, compute_type="bfloat16"):
    """Return a loaded network of (kernel, bias, prediction) by layer."""
    return FeatureNetwork(
        LITE, layer_weights(trained), layers=layers, pooling="max", padding="edge", compute_type=compute_type
    )
