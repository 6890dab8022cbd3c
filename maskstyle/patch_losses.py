"""The patch form of the style term: the Gram matrices of patches, each with a style patch for its target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import tensorflow as tf

from maskstyle.losses import Features, Observed
from maskstyle.patch_grams import PatchTarget, observe_patch_distance
from maskstyle.settings import LayerMix

Tensor: TypeAlias = Any
"""A tf.Tensor; TensorFlow ships no types."""


@dataclass(frozen=True)
class PatchTerm:
    """Squared distance of the Gram matrices of patches to those of style patches, over the layers of a mix.

    Parameters
    ----------
    weight : float
        Weight of the term.
    layers : tuple of (str, float)
        Layers with their relative weights, used as they are.
    targets : mapping of str to PatchTarget
        What the patches of a layer should become, with the strength of each and the reduction as its factors. A
        layer without has no say.
    """

    weight: float
    layers: LayerMix
    targets: Mapping[str, PatchTarget]
    name: str = "style"

    def observe(self, layer: str, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return features to go on from, with the layer's distance where it has targets.

        See `maskstyle.patch_grams.observe_patch_distance`.
        """
        if layer not in self.targets:
            return features, tf.constant(0.0)
        return observe_patch_distance(features, self.targets[layer])

    def __call__(self, image: Tensor, features: Features, observed: Observed) -> Tensor:
        """Return the term for the distances that were observed."""
        total = tf.constant(0.0)
        for layer, share in self.layers:
            total += share * observed[layer]
        return total
