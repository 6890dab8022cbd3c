"""What parts of an image look like to the embedded network: the mean features of each part."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskstyle.drafting.features import Describe, Group, means
from maskstyle.images import Image
from maskstyle.networks.load import choose_network, load_network

LAYERS = ("block1_conv2", "block2_conv2", "block3_conv2")
"""See benchmarks/draft.py."""


def network_features() -> Describe:
    """Load `lite`, and return a function like `maskstyle.drafting.features.color_features`.

    Returns
    -------
    Describe
        Its groups are those of `LAYERS`, of one weight; of each feature the mean of its square root over the cells
        of a part, because strong features are rare, and would else count for everything.
    """
    import tensorflow as tf

    choice = choose_network("lite", LAYERS, compute_type="float32")
    network = load_network(choice, pooling="max", padding="edge")

    def describe(image: Image, parts: NDArray[np.intp], count: int) -> list[Group]:
        features = network(tf.constant(image))
        return [(1.0, _means_on_grid(np.sqrt(features[layer].numpy()), parts, count)) for layer in LAYERS]

    return describe


def _means_on_grid(features: NDArray[np.float32], parts: NDArray[np.intp], count: int) -> NDArray[np.float64]:
    """Return the mean over each part of the features of the cells that its pixels lie in."""
    rows, columns = (
        np.minimum(np.arange(side) // (side // cells), cells - 1)
        for side, cells in zip(parts.shape, features.shape[:2], strict=True)
    )
    return means(features[np.ix_(rows, columns)], parts, count)
