"""Content, style and total variation: the terms that objectives are made of.

Every term is non-negative and is minimised; its weight sits outside it. With the reductions called
``relative`` a term is a share of its own target's size, so that weights mean the same thing across layers,
image sizes and networks; the others are the exact forms of the literature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from maskstyle.gram import Partition, PixelWeights, observe_grams, observe_region_grams
from maskstyle.images import Mask
from maskstyle.settings import LayerMix

Tensor: TypeAlias = Any
"""A tf.Tensor; TensorFlow ships no types."""

Features: TypeAlias = Mapping[str, Tensor]
"""Features (H_l, W_l, C_l) by layer."""

Grams: TypeAlias = Mapping[str, Sequence[Tensor]]
"""Gram matrices (C_l, C_l) by layer, one for each guide."""

CHOLLET_CHANNELS = 3
"""The Keras example divides by the image's channels and pixels at every layer, where Gatys has the layer's own."""


TINY = 1e-12
"""Least size of a target, so that a target of zeros does not divide by zero."""


class Term(Protocol):
    """One part of an objective."""

    @property
    def name(self) -> str:
        """What reports call the term."""

    @property
    def weight(self) -> float:
        """Factor outside the term."""

    def __call__(self, image: Tensor, features: Features, grams: Grams) -> Tensor:
        """Return the unweighted term, a float32 scalar.

        Parameters
        ----------
        image : (H, W, 3) float32 tensor
            In [0, 1].
        features : mapping of str to (H_l, W_l, C_l) tensor
            The image's features by layer.
        grams : mapping of str to sequence of (C_l, C_l) float32 tensor
            Their Gram matrices by layer, one for each guide.
        """


@dataclass(frozen=True)
class Guide:
    """Where a style goes and what it is: pixel weights on each layer's grid, with target Gram matrices.

    Parameters
    ----------
    name : str
        What reports call the guide.
    targets : mapping of str to (C, C) float32 array
        Target Gram matrix by layer, each divided by its own sum of weights. A guide without a target at a layer
        has no say there.
    target_sums : mapping of str to float
        The sum of weights that each target was divided by.
    weights : mapping of str to (H_l, W_l) float32 array, optional
        Pixel weights by layer, each at least 0; everywhere one where it is left out.
    divisors : mapping of str to float, optional
        What each Gram is divided by; the sum of its weights where it is left out.
    cells : mapping of str to (M,) int32 array, optional
        Instead of weights the flat indices of the guide's pixels by layer; the Gram is divided by their number.
    strength : float
        Factor s_g on the guide's share of the style term.
    intensity : float
        Factor on the target: the normalisation of the guide's Gram, adjusted to ask for a stronger style
        (above 1) or a fainter one.
    """

    name: str
    targets: Mapping[str, NDArray[np.float32]]
    target_sums: Mapping[str, float]
    weights: Mapping[str, Mask] | None = None
    divisors: Mapping[str, float] | None = None
    cells: Mapping[str, NDArray[np.int32]] | None = None
    strength: float = 1.0
    intensity: float = 1.0


@dataclass(frozen=True)
class ContentTerm:
    """Squared distance of the features to the content's, over the layers of a mix.

    Parameters
    ----------
    weight : float
        Weight of the term.
    layers : tuple of (str, float)
        Layers with their relative weights, used as they are.
    targets : mapping of str to (H_l, W_l, C_l) tensor
        The content's features.
    reduction : {"relative", "mean", "sum", "half_sum"}
        See `maskstyle.Settings`.
    channels : mapping of str to int, optional
        Channels that a mean counts, by layer; the features' own where it is left out.
    """

    weight: float
    layers: LayerMix
    targets: Features
    reduction: str
    channels: Mapping[str, int] | None = None
    name: str = "content"

    def __call__(self, image: Tensor, features: Features, grams: Grams) -> Tensor:
        """Return the term for the image's features."""
        total = tf.constant(0.0)
        for layer, share in self.layers:
            target = tf.cast(self.targets[layer], tf.float32)
            squares = tf.square(tf.cast(features[layer], tf.float32) - target)
            own = int(target.shape[-1])
            counted = own if self.channels is None else self.channels[layer]
            total += share * self._reduced(squares, target, own / counted)
        return total

    def _reduced(self, squares: Tensor, target: Tensor, own_share: float) -> Tensor:
        if self.reduction == "relative":
            return tf.reduce_mean(squares) / tf.maximum(tf.reduce_mean(tf.square(target)), TINY)
        if self.reduction == "mean":
            return tf.reduce_mean(squares) * own_share
        return tf.reduce_sum(squares) * (0.5 if self.reduction == "half_sum" else 1.0)


@dataclass(frozen=True)
class StyleTerm:
    """Squared distance of Gram matrices to their targets, over the layers of a mix and over guides.

    Parameters
    ----------
    weight : float
        Weight of the term.
    layers : tuple of (str, float)
        Layers with their relative weights, used as they are.
    guides : sequence of Guide
        Where each style goes.
    normalisation : {"weights", "none"}
        Whether Grams are divided by their sum of weights; see `maskstyle.Settings`.
    reduction : {"relative", "mean", "gatys", "chollet"}
        See `maskstyle.Settings`.
    channels : mapping of str to int, optional
        Channels that reductions count, by layer; the Grams' own where it is left out.
    """

    weight: float
    layers: LayerMix
    guides: Sequence[Guide]
    normalisation: str
    reduction: str
    channels: Mapping[str, int] | None = None
    name: str = "style"

    def guides_at(self, layer: str) -> list[Guide]:
        """Return the guides that have a say at a layer."""
        return [guide for guide in self.guides if layer in dict(self.layers) and layer in guide.targets]

    def observe(self, layer: str, features: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Return features to go on from, with one Gram matrix for each of the layer's guides.

        See `maskstyle.gram.observe_grams`.
        """
        gathered, weighed = [], []
        for position, guide in enumerate(self.guides_at(layer)):
            if guide.cells is None:
                weighed.append((position, _weighing(guide, layer)))
            else:
                gathered.append((position, guide.cells[layer]))
        found: list[tuple[int, Tensor]] = []
        if gathered:
            positions, cells = zip(*gathered, strict=True)
            features, grams = observe_region_grams(features, Partition.of(cells))
            found += zip(positions, grams, strict=True)
        if weighed:
            positions, weighings = zip(*weighed, strict=True)
            features, grams = observe_grams(features, weighings)
            found += zip(positions, grams, strict=True)
        return features, [matrix for _, matrix in sorted(found, key=lambda pair: pair[0])]

    def __call__(self, image: Tensor, features: Features, grams: Grams) -> Tensor:
        """Return the term for the Gram matrices, one for each guide."""
        pixels = float(np.prod(image.shape[:2]))
        total = tf.constant(0.0)
        for layer, share in self.layers:
            grid = float(np.prod(features[layer].shape[:2]))
            for guide, current in zip(self.guides_at(layer), grams[layer], strict=True):
                total += guide.strength * share * self._distance(guide, layer, current, grid, pixels)
        return total

    def _distance(self, guide: Guide, layer: str, current: Tensor, grid_pixels: float, image_pixels: float) -> Tensor:
        if guide.cells is not None:
            divisor = float(len(guide.cells[layer]))
        elif guide.divisors is not None:
            divisor = guide.divisors[layer]
        elif guide.weights is not None:
            divisor = float(guide.weights[layer].sum(dtype=np.float64))
        else:
            divisor = grid_pixels
        target = guide.targets[layer] * guide.intensity
        if self.normalisation == "none":
            # Sums instead of means, kept within float32 by leaving the image's divisor to the scale.
            target = target * (guide.target_sums[layer] / divisor)
        squares = tf.reduce_sum(tf.square(current - tf.constant(target, tf.float32)))
        channels = int(target.shape[0]) if self.channels is None else self.channels[layer]
        return squares * self._scale(target, channels, divisor, image_pixels)

    def _scale(self, target: NDArray[np.float32], channels: int, divisor: float, image_pixels: float) -> float:
        """Return the factor on the squared distance of normalised Grams that gives the reduction asked for."""
        raw = float(divisor**2) if self.normalisation == "none" else 1.0
        if self.reduction == "relative":
            return 1.0 / max(float(np.sum(np.square(target, dtype=np.float64))), TINY)
        if self.reduction == "mean":
            return raw / channels**2
        if self.reduction == "gatys":
            return raw / (4.0 * channels**2 * divisor**2)
        return raw / (4.0 * CHOLLET_CHANNELS**2 * image_pixels**2)


def _weighing(guide: Guide, layer: str) -> PixelWeights:
    return PixelWeights(
        None if guide.weights is None else tf.constant(guide.weights[layer]),
        None if guide.divisors is None else guide.divisors[layer],
    )


@dataclass(frozen=True)
class TotalVariationTerm:
    """Variation between neighbouring pixels: ``(dx^2 + dy^2)^exponent`` for each pixel and colour.

    Parameters
    ----------
    weight : float
        Weight of the term.
    exponent : float
        At least 1.
    reduction : {"mean", "sum"}
        Over all pixels that have a right and a lower neighbour, and their colours.
    pixel_range : float
        Greatest pixel value in whose units the variation is taken.
    """

    weight: float
    exponent: float = 1.0
    reduction: str = "mean"
    pixel_range: float = 1.0
    name: str = "total_variation"

    def __call__(self, image: Tensor, features: Features, grams: Grams) -> Tensor:
        """Return the term for the image."""
        total = _variation(image * self.pixel_range, self.exponent)
        pixels = (image.shape[0] - 1) * (image.shape[1] - 1) * image.shape[2]
        # An image one pixel wide or high has no such pixels, and their mean would not be a number.
        return total / pixels if self.reduction == "mean" and pixels else total


def _variation(image: Tensor, exponent: float) -> Tensor:
    """Return the sum of ``(dx^2 + dy^2)^exponent``, with a gradient several times faster than the derived one."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def variation(values: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        corner = values[:-1, :-1]
        down, right = values[1:, :-1] - corner, values[:-1, 1:] - corner
        squares = tf.square(down) + tf.square(right)
        powers = squares if exponent == 1 else tf.pow(squares, exponent)

        def gradient(upstream: Tensor) -> Tensor:
            slope = 2 * exponent * upstream * (1.0 if exponent == 1 else tf.pow(squares, exponent - 1))
            down_slope, right_slope = slope * down, slope * right
            return (
                tf.pad(down_slope, [[1, 0], [0, 1], [0, 0]])
                + tf.pad(right_slope, [[0, 1], [1, 0], [0, 0]])
                - tf.pad(down_slope + right_slope, [[0, 1], [0, 1], [0, 0]])
            )

        return tf.reduce_sum(powers), gradient

    return variation(image)
