"""Content, style and total variation: the terms that objectives are made of.

Every term is non-negative and is minimized; its weight sits outside it. With the reductions called
``relative`` a term is a share of its own target's size, so that weights mean the same thing across layers,
image sizes and networks; the others are the exact forms of the literature.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.soft_masks import group_masks
from maskstyle.images.pixels import Mask, Size
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.objective.gram import (
    MaskPlan,
    Partition,
    PixelWeights,
    observe_grams,
    observe_mask_grams,
    observe_region_grams,
)
from maskstyle.objective.patch_gram import PatchTarget, observe_patch_distance
from maskstyle.settings import LayerMix

Features: TypeAlias = Mapping[str, Tensor]
"""Features (H_l, W_l, C_l) by layer."""

Observed: TypeAlias = Mapping[str, Tensor]
"""What a term has observed, by layer; see `ObservingTerm`."""

CHOLLET_CHANNELS = 3
"""The Keras example divides by the image's channels and pixels at every layer, where Gatys has the layer's own."""


TINY = 1e-12
"""Least size of a target, so that a target of zeros does not divide by zero."""


LEAST_TARGET = 0.05
"""Least size of a target, as a share of the mean of its layer's; see `with_least_size`."""


class Term(Protocol):
    """One part of an objective."""

    @property
    def name(self) -> str:
        """What reports call the term."""

    @property
    def weight(self) -> float:
        """Factor outside the term."""

    def __call__(self, image: Tensor, features: Features, observed: Observed) -> Tensor:
        """Return the unweighted term, a float32 scalar.

        Parameters
        ----------
        image : (H, W, 3) float32 tensor
            In [0, 1].
        features : mapping of str to (H_l, W_l, C_l) tensor
            The image's features by layer.
        observed : mapping of str to tensor
            What the term observed, by layer; empty for terms that do not observe.
        """


@runtime_checkable
class ObservingTerm(Term, Protocol):
    """A term that looks at features where the network has made them."""

    def observe(self, layer: str, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return features to go on from, and what the term is given for the layer when it is called."""


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
    shares : mapping of str to float, optional
        Further factor on it by layer; 1 where it is left out.
    intensity : float
        Factor on the target: the normalization of the guide's Gram, adjusted to ask for a stronger style
        (above 1) or a fainter one.
    """

    name: str
    targets: Mapping[str, NDArray[np.float32]]
    target_sums: Mapping[str, float]
    weights: Mapping[str, Mask] | None = None
    divisors: Mapping[str, float] | None = None
    cells: Mapping[str, NDArray[np.int32]] | None = None
    strength: float = 1.0
    shares: Mapping[str, float] | None = None
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

    def __call__(self, image: Tensor, features: Features, observed: Observed) -> Tensor:
        """Return the term for the image's features."""
        total = tf.constant(0.0)
        for layer, share in self.layers:
            target = tf.cast(self.targets[layer], tf.float32)
            squares = tf.square(tf.cast(features[layer], tf.float32) - target)
            factor = self.factor(layer, target.shape, tf.reduce_mean(tf.square(target)))
            total += share * factor * tf.reduce_sum(squares)
        return total

    def factor(self, layer: str, shape: Sequence[int], target_mean_square: Tensor | float) -> Tensor | float:
        """Return the factor on a layer's sum of squared differences that gives the reduction asked for.

        Parameters
        ----------
        layer : str
            The layer.
        shape : (H_l, W_l, C_l)
            Of its features.
        target_mean_square : float
            Mean of the squares of the content's features.
        """
        height, width, own = map(int, shape)
        if self.reduction == "relative":
            return 1.0 / (height * width * own) / tf.maximum(target_mean_square, TINY)
        if self.reduction == "mean":
            return 1.0 / (height * width * (own if self.channels is None else self.channels[layer]))
        return 0.5 if self.reduction == "half_sum" else 1.0


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
    normalization : {"weights", "none"}
        Whether Grams are divided by their sum of weights; see `maskstyle.Settings`.
    reduction : {"relative", "mean", "gatys", "chollet"}
        See `maskstyle.Settings`.
    channels : mapping of str to int, optional
        Channels that reductions count, by layer; the Grams' own where it is left out.
    measured : callable, optional
        From a layer and Grams (K, C, C) to those in the space in which distances are measured.
    """

    weight: float
    layers: LayerMix
    guides: Sequence[Guide]
    normalization: str
    reduction: str
    channels: Mapping[str, int] | None = None
    measured: Callable[[str, Tensor], Tensor] | None = None
    name: str = "style"
    _plans: dict[tuple[int, ...], MaskPlan] = field(default_factory=dict, init=False, repr=False, compare=False)

    def guides_at(self, layer: str) -> list[Guide]:
        """Return the guides that have a say at a layer."""
        return [guide for guide in self.guides if layer in dict(self.layers) and layer in guide.targets]

    def observe(self, layer: str, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return features to go on from, with the squared distance of each of the layer's guides to its target.

        See `maskstyle.objective.gram.observe_grams`.
        """
        guides = self.guides_at(layer)
        grid = tuple(features.shape[:2])
        kinds = [
            0 if guide.weights is None and guide.cells is None else 1 if guide.weights is None else 2
            for guide in guides
        ]
        everywhere, gathered, weighed = (
            [guide for guide, own in zip(guides, kinds, strict=True) if own == kind] for kind in range(3)
        )
        found = [tf.zeros((0,))]
        if everywhere:
            weighings = [PixelWeights(None, divisor_of(guide, layer, grid)) for guide in everywhere]
            features, squares = observe_grams(features, weighings, self.judge(layer, everywhere, grid))
            found.append(squares)
        if gathered:
            partition = Partition.of([guide.cells[layer] for guide in gathered if guide.cells is not None])
            features, squares = observe_region_grams(features, partition, self.judge(layer, gathered, grid))
            found.append(squares)
        if weighed:
            plan = self._mask_plan([guide.weights[layer] for guide in weighed if guide.weights is not None])
            divisors = [divisor_of(guide, layer, grid) for guide in weighed]
            features, squares = observe_mask_grams(features, plan, divisors, self.judge(layer, weighed, grid))
            found.append(squares)
        places = np.argsort(np.argsort(kinds, kind="stable")).astype(np.int32)
        return features, tf.gather(tf.concat(found, axis=0), places)

    def judge(self, layer: str, guides: Sequence[Guide], grid: Size) -> Callable[[Tensor], Tensor]:
        """Return a function from the Grams (K, C, C) of guides to their squared distances (K,) to their targets."""
        targets: dict[tuple[int, float], NDArray[np.float32]] = {}
        places = []
        for guide in guides:
            key = (id(guide.targets[layer]), self._factor(guide, layer, grid))
            targets[key] = guide.targets[layer] * np.float32(key[1])
            places.append(list(targets).index(key))
        # A tensor that is made outside of a graph is held once; inside, each graph would have its own copy.
        with tf.init_scope():
            stacked = tf.constant(np.stack(list(targets.values())))

        def squared_distances(grams: Tensor) -> Tensor:
            # Guides of one style share its target.
            own = stacked if len(targets) in (1, len(guides)) else tf.gather(stacked, places)
            current = grams if self.measured is None else self.measured(layer, grams)
            return tf.reduce_sum(tf.square(current - own), axis=(1, 2))

        return squared_distances

    def _factor(self, guide: Guide, layer: str, grid: Size) -> float:
        """Return the factor on a guide's target."""
        if self.normalization == "weights":
            return guide.intensity
        # Sums instead of means, kept within float32 by leaving the image's divisor to the scale.
        return guide.intensity * guide.target_sums[layer] / divisor_of(guide, layer, grid)

    def _mask_plan(self, weights: list[Mask]) -> MaskPlan:
        """Return the plan for masks, the same one for all layers whose grid they share."""
        key = tuple(map(id, weights))
        if key not in self._plans:
            self._plans[key] = MaskPlan(group_masks(weights), weights[0].size)
        return self._plans[key]

    def __call__(self, image: Tensor, features: Features, observed: Observed) -> Tensor:
        """Return the term for the squared distances that were observed."""
        size = (image.shape[0], image.shape[1])
        total = tf.constant(0.0)
        for layer, _ in self.layers:
            if self.guides_at(layer):
                total += self.reduced(layer, observed[layer], tuple(features[layer].shape[:2]), size)
        return total

    def reduced(self, layer: str, squared_distances: Tensor, grid: Size, size: Size) -> Tensor:
        """Return a layer's part of the term.

        Parameters
        ----------
        layer : str
            The layer.
        squared_distances : (K,) float32 tensor
            Of the Gram matrix of each of `guides_at` to its target; see `judge`.
        grid : (height, width)
            The layer's grid.
        size : (height, width)
            The image's.
        """
        scales = self._scales(self.guides_at(layer), layer, grid, float(np.prod(size)))
        return dict(self.layers)[layer] * tf.reduce_sum(tf.constant(scales, tf.float32) * squared_distances)

    def _scales(self, guides: Sequence[Guide], layer: str, grid: Size, image_pixels: float) -> list[float]:
        """Return the factors on the squared distances of normalized Grams, one for each guide."""
        factors = [np.float32(self._factor(guide, layer, grid)) for guide in guides]
        squares = [
            float(np.sum(np.square(guide.targets[layer] * factor, dtype=np.float64)))
            for guide, factor in zip(guides, factors, strict=True)
        ]
        return [
            guide.strength
            * (1.0 if guide.shares is None else guide.shares[layer])
            * gram_scale(
                size,
                int(guide.targets[layer].shape[0]) if self.channels is None else self.channels[layer],
                divisor_of(guide, layer, grid),
                image_pixels,
                normalization=self.normalization,
                reduction=self.reduction,
            )
            for guide, size in zip(guides, with_least_size(squares), strict=True)
        ]


def with_least_size(target_squares: Sequence[float]) -> list[float]:
    """Return the sums of squares of the targets of one layer, none below a share of their mean.

    A relative distance divides by its target's size. A flat gray area has next to none in a network whose input is
    centered on gray, and would outweigh all others a thousandfold.

    Examples
    --------
    >>> with_least_size([1.0, 3.0, 0.0, 0.0])
    [1.0, 3.0, 0.05, 0.05]
    """
    least = LEAST_TARGET * sum(target_squares) / len(target_squares)
    return [max(squares, least) for squares in target_squares]


def gram_scale(
    target_squares: float, channels: int, divisor: float, image_pixels: float, *, normalization: str, reduction: str
) -> float:
    """Return the factor on the squared distance of normalized Grams that gives the reduction asked for.

    Parameters
    ----------
    target_squares : float
        Sum of the squares of the target.
    channels : int
        Channels that reductions count.
    divisor : float
        What the Gram was divided by.
    image_pixels : float
        Pixels of the image.
    normalization, reduction : str
        ``gram_normalization`` and ``style_reduction`` of `maskstyle.Settings`.
    """
    raw = float(divisor**2) if normalization == "none" else 1.0
    if reduction == "relative":
        return 1.0 / max(target_squares, TINY)
    if reduction == "mean":
        return raw / channels**2
    if reduction == "gatys":
        return raw / (4.0 * channels**2 * divisor**2)
    return raw / (4.0 * CHOLLET_CHANNELS**2 * image_pixels**2)


def divisor_of(guide: Guide, layer: str, grid: Size) -> float:
    """Return what a guide's Gram matrix at a layer, of such a grid, is divided by."""
    if guide.cells is not None:
        return float(len(guide.cells[layer]))
    if guide.divisors is not None:
        return guide.divisors[layer]
    if guide.weights is not None:
        return float(guide.weights[layer].sum(dtype=np.float64))
    return float(np.prod(grid))


@dataclass(frozen=True)
class TotalVariationTerm:
    """Variation between neighboring pixels: ``(dx^2 + dy^2)^exponent`` for each pixel and color.

    Parameters
    ----------
    weight : float
        Weight of the term.
    exponent : float
        At least 1.
    reduction : {"mean", "sum"}
        Over all pixels that have a right and a lower neighbor, and their colors.
    pixel_range : float
        Greatest pixel value in whose units the variation is taken.
    """

    weight: float
    exponent: float = 1.0
    reduction: str = "mean"
    pixel_range: float = 1.0
    name: str = "total_variation"

    def __call__(self, image: Tensor, features: Features, observed: Observed) -> Tensor:
        """Return the term for the image."""
        return self.factor((image.shape[0], image.shape[1])) * self.variation(image)

    def variation(self, image: Tensor) -> Tensor:
        """Return the sum of what the term reduces, over the pixels of an image, or a part of one."""
        return _variation(image * self.pixel_range, self.exponent)

    def factor(self, size: Size) -> float:
        """Return the factor on the variation of an image of a (height, width) that gives the reduction asked for."""
        values = (size[0] - 1) * (size[1] - 1) * 3
        # An image one pixel wide or high has no such pixels, and their mean would not be a number.
        return 1.0 / values if self.reduction == "mean" and values else 1.0


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

        See `maskstyle.objective.patch_gram.observe_patch_distance`.
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
