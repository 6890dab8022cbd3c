"""The terms of an objective: content, style by guides or patches, total variation, and likeness to the frame before.

Each term is non-negative and minimized; its weight multiplies it from outside. The ``relative`` reductions divide a
distance by the size of its target, so that weights keep their meaning across layers, image sizes and networks. The
other reductions are the formulas of the literature (Gatys et al. 2016; the Keras example by Chollet).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.soft_masks import group_masks
from maskstyle.images.pixels import Image, Mask, Size, resize_image, resize_mask, row_strips
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
"""The results of `ObservingTerm.observe` by layer."""

CHOLLET_CHANNELS = 3
"""The Keras example divides by the channels and pixels of the image at every layer; Gatys divides by the layer's."""

TINY = 1e-12
"""Least divisor of a relative distance, so that a target of zeros does not divide by zero."""

ALL_ROWS = slice(None)

LEAST_TARGET = 0.05
"""Least size of a target, as a share of the mean size of the targets of its layer; see `with_least_size`."""


class Term(Protocol):
    """One term of an objective."""

    @property
    def name(self) -> str:
        """Name of the term in reports."""

    @property
    def weight(self) -> float:
        """Factor on the term in the objective."""

    def __call__(self, image: Tensor, features: Features, observed: Observed) -> Tensor:
        """Return the unweighted term, a float32 scalar, from the features (H_l, W_l, C_l) of an image in [0, 1].

        `observed` has the results of the term's `observe` by layer; it is empty for a term that does not observe.
        """


@runtime_checkable
class ObservingTerm(Term, Protocol):
    """A term that computes its part for each layer while the network runs."""

    def observe(self, layer: str, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return features to continue the network from, and the value to pass to the term for the layer."""


@dataclass(frozen=True)
class ContentTerm:
    """Squared distance of features to those of the content image, summed over layers."""

    weight: float  # factor on the term in the objective
    layers: LayerMix  # layers with their weights, which are used without normalization
    targets: Features  # (H_l, W_l, C_l) by layer: features of the content image
    reduction: str  # ``content_reduction`` of `maskstyle.Settings`
    # Number of channels by which ``mean`` divides, by layer. By default that of the features.
    channels: Mapping[str, int] | None = None
    # (H_l, W_l) by layer: how much of each cell is visible, in [0, 1]; by default, 1.
    visible: Mapping[str, Mask] | None = None
    name: str = "content"

    def __call__(self, image: Tensor, features: Features, observed: Observed) -> Tensor:
        """Return the unweighted term for the features of an image."""
        total = tf.constant(0.0)
        for layer, layer_weight in self.layers:
            target = tf.cast(self.targets[layer], tf.float32)
            squares = tf.square(tf.cast(features[layer], tf.float32) - target)
            mean_square = tf.reduce_mean(tf.square(target))
            if self.visible is not None:
                weights = self.visible[layer][..., np.newaxis]
                squares *= weights
                mean_square = tf.reduce_sum(weights * tf.square(target)) / (
                    self._cells(layer, target.shape) * target.shape[-1]
                )
            factor = self.factor(layer, target.shape, mean_square)
            total += layer_weight * factor * tf.reduce_sum(squares)
        return total

    def _cells(self, layer: str, shape: Sequence[int]) -> float:
        """Return the number of cells of a layer, weighted by what is visible."""
        if self.visible is None:
            return int(shape[0]) * int(shape[1])
        return max(float(self.visible[layer].sum(dtype=np.float64)), TINY)

    def factor(self, layer: str, shape: Sequence[int], target_mean_square: Tensor | float) -> Tensor | float:
        """Return the factor that turns a layer's sum of squared differences into the chosen reduction.

        `target_mean_square` is that of the features of the content image, of what is visible of it.
        """
        cells, channels = self._cells(layer, shape), int(shape[-1])
        if self.reduction == "relative":
            return 1.0 / (cells * channels) / tf.maximum(target_mean_square, TINY)
        if self.reduction == "mean":
            return 1.0 / (cells * (channels if self.channels is None else self.channels[layer]))
        return 0.5 if self.reduction == "half_sum" else 1.0


STIFFNESS = 2.0
"""Factor on the penalty of content limits. Pictures exceed them by a few per cent; a stiffer penalty would slow the
optimizer, and leave more of the style undone."""


@dataclass(frozen=True)
class ContentLimits:
    """How far the features may depart from the content image's, for each guide."""

    limits: NDArray[np.float32]  # (K,): largest relative squared distance under each guide, above 0
    shares: NDArray[np.float32]  # (K,): share of the picture that each guide covers: the weight of its penalty
    # (K, M_l) by layer: factors that turn the squared differences of the M_l cells into the guides' relative
    # distances.
    weights: Mapping[str, NDArray[np.float32]]

    def penalty(self, distances: Tensor) -> Tensor:
        """Return the penalty for the relative distances (K,) under the guides."""
        return content_penalty(distances, self.limits, self.shares)


def content_penalty(distances: Tensor, limits: Tensor, shares: Tensor) -> Tensor:
    """Return the penalty for relative distances (K,) beyond their limits, weighted by shares of the picture."""
    excess = tf.maximum(distances / limits - 1.0, 0.0)
    return STIFFNESS / 2 * tf.reduce_sum(shares * tf.square(excess))


@dataclass(frozen=True)
class LimitedContentTerm(ContentTerm):
    """A penalty for features that depart further from the content image's than the guides allow.

    With the relative squared distance ``e_g`` under guide g, its limit ``t_g`` and its share of the picture ``c_g``,
    the term is ``STIFFNESS / 2 * sum_g c_g max(0, e_g / t_g - 1)^2``. The optimizer reduces the style term as far as
    the limits allow. The result is that of a weighted sum whose weights put each guide at its limit.
    """

    limits: ContentLimits | None = None  # `reduction` and `channels` have no effect beside them

    def __call__(self, image: Tensor, features: Features, observed: Observed) -> Tensor:
        """Return the unweighted term for the features of an image."""
        assert self.limits is not None
        distances = []
        for layer, _ in self.layers:
            difference = tf.cast(features[layer], tf.float32) - tf.cast(self.targets[layer], tf.float32)
            distances.append(self.distances(layer, tf.reduce_sum(tf.square(difference), axis=-1)))
        return self.limits.penalty(tf.add_n(distances))

    def distances(self, layer: str, squares: Tensor) -> Tensor:
        """Return a layer's part (K,) of the relative distances, from the squared difference of each cell."""
        assert self.limits is not None
        return tf.linalg.matvec(tf.constant(self.limits.weights[layer]), tf.reshape(squares, [-1]))


@dataclass(frozen=True)
class Guide:
    """A style and the pixels that it applies to: pixel weights on the grid of each layer, and target Gram matrices.

    At each layer, a guide covers all pixels, or those in `cells`, or those weighted by `weights`.
    """

    name: str  # name of the guide in reports
    # (C, C) by layer: target Gram matrix, divided by its sum of weights. A guide does not constrain layers without.
    targets: Mapping[str, NDArray[np.float32]]
    target_sums: Mapping[str, float]  # the sum of weights by which each target was divided
    # (H_l, W_l) by layer: pixel weights, each at least 0; by default, 1 everywhere.
    weights: Mapping[str, Mask] | None = None
    # Divisor of the Gram matrix by layer; by default, the sum of the weights.
    divisors: Mapping[str, float] | None = None
    # (M,) by layer: flat indices of the pixels, in place of weights. Their number divides the Gram matrix.
    cells: Mapping[str, NDArray[np.int32]] | None = None
    strength: float = 1.0  # factor s_g on the squared distances of the guide
    shares: Mapping[str, float] | None = None  # further factor on them by layer; by default, 1.
    # Factor on the target Gram matrices: above 1 for a stronger style, below 1 for a fainter one.
    intensity: float = 1.0


def divisor_of(guide: Guide, layer: str, grid: Size) -> float:
    """Return the divisor of a guide's Gram matrix at a layer with a (height, width) grid."""
    cells, weights = chosen_pixels(guide, layer)
    if cells is not None:
        return float(len(cells))
    if weights is None:
        return float(np.prod(grid))
    return float(weights.sum(dtype=np.float64)) if guide.divisors is None else guide.divisors[layer]


def chosen_pixels(guide: Guide, layer: str) -> tuple[NDArray[np.int32] | None, Mask | None]:
    """Return the cells or the weights by which a guide chooses its pixels at a layer; neither: all of them.

    A guide may have cells at one layer and weights at another, where the picture is transparent in part.
    """
    cells = None if guide.cells is None else guide.cells.get(layer)
    return cells, None if guide.weights is None or cells is not None else guide.weights.get(layer)


def _kind_of(guide: Guide, layer: str) -> Literal["all", "cells", "weights"]:
    """Return how a guide chooses its pixels at a layer."""
    cells, weights = chosen_pixels(guide, layer)
    return "cells" if cells is not None else "all" if weights is None else "weights"


@dataclass(frozen=True)
class StyleTerm:
    """Squared distances of Gram matrices to their targets, summed over layers and guides."""

    weight: float  # factor on the term in the objective
    layers: LayerMix  # layers with their weights, which are used without normalization
    guides: Sequence[Guide]  # the styles and the pixels that they apply to
    normalization: str  # ``gram_normalization`` of `maskstyle.Settings`
    reduction: str  # ``style_reduction`` of `maskstyle.Settings`
    # Number of channels that reductions count, by layer; by default, that of the Gram matrices.
    channels: Mapping[str, int] | None = None
    # Maps a layer and Gram matrices (K, C, C) to Gram matrices in the space in which distances are measured, as
    # ``network.measured_gram``.
    measured: Callable[[str, Tensor], Tensor] | None = None
    name: str = "style"
    _plans: dict[tuple[int, ...], MaskPlan] = field(default_factory=dict, init=False, repr=False, compare=False)

    def guides_at(self, layer: str) -> list[Guide]:
        """Return the guides that constrain a layer."""
        return [guide for guide in self.guides if layer in dict(self.layers) and layer in guide.targets]

    def observe(self, layer: str, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return features to continue the network from, and the squared distances of the layer's Gram matrices.

        The distances are in the order of `guides_at`. See `maskstyle.objective.gram.observe_grams`.
        """
        guides = self.guides_at(layer)
        order: list[int] = []
        distances = [tf.zeros((0,))]
        for pixels in ("all", "cells", "weights"):
            places = [place for place, guide in enumerate(guides) if _kind_of(guide, layer) == pixels]
            if places:
                features, squares = self._observe_alike(layer, features, [guides[place] for place in places])
                distances.append(squares)
                order += places
        return features, tf.gather(tf.concat(distances, axis=0), np.argsort(order).astype(np.int32))

    def _observe_alike(self, layer: str, features: Tensor, guides: Sequence[Guide]) -> tuple[Tensor, Tensor]:
        """Observe guides that choose their pixels in the same way."""
        grid = (features.shape[0], features.shape[1])
        divisors = [divisor_of(guide, layer, grid) for guide in guides]
        to_distances = self.distance_function(layer, guides, grid)
        pixels = _kind_of(guides[0], layer)
        if pixels == "all":
            return observe_grams(features, [PixelWeights(None, divisor) for divisor in divisors], to_distances)
        if pixels == "cells":
            partition = Partition.of([guide.cells[layer] for guide in guides if guide.cells is not None])
            return observe_region_grams(features, partition, to_distances)
        plan = self._mask_plan([guide.weights[layer] for guide in guides if guide.weights is not None])
        return observe_mask_grams(features, plan, divisors, to_distances)

    def distance_function(self, layer: str, guides: Sequence[Guide], grid: Size) -> Callable[[Tensor], Tensor]:
        """Return a function from the Gram matrices (K, C, C) of guides to their squared distances (K,) to targets."""
        targets: dict[tuple[int, float], NDArray[np.float32]] = {}
        places = []
        for guide in guides:
            key = (id(guide.targets[layer]), self.target_factor(guide, layer, grid))
            targets[key] = guide.targets[layer] * np.float32(key[1])
            places.append(list(targets).index(key))
        # Tensors made outside a graph exist once; made inside, each graph would hold a copy.
        with tf.init_scope():
            stacked = tf.constant(np.stack(list(targets.values())))

        def squared_distances(grams: Tensor) -> Tensor:
            # Guides of the same style share a target.
            expanded = stacked if len(targets) in (1, len(guides)) else tf.gather(stacked, places)
            current = grams if self.measured is None else self.measured(layer, grams)
            return tf.reduce_sum(tf.square(current - expanded), axis=(1, 2))

        return squared_distances

    def target_factor(self, guide: Guide, layer: str, grid: Size) -> float:
        """Return the factor on the target of a guide at a layer with a (height, width) grid."""
        if self.normalization == "weights":
            return guide.intensity
        # Without normalization Gram matrices are sums. Only `gram_scale` multiplies by the divisor of the image, to
        # keep the values here within the range of float32.
        return guide.intensity * guide.target_sums[layer] / divisor_of(guide, layer, grid)

    def _mask_plan(self, weights: list[Mask]) -> MaskPlan:
        """Return the plan for masks; layers with the same masks share it."""
        key = tuple(map(id, weights))
        if key not in self._plans:
            self._plans[key] = MaskPlan(group_masks(weights), weights[0].size)
        return self._plans[key]

    def __call__(self, image: Tensor, features: Features, observed: Observed) -> Tensor:
        """Return the unweighted term for the observed squared distances."""
        size = (image.shape[0], image.shape[1])
        total = tf.constant(0.0)
        for layer, _ in self.layers:
            if self.guides_at(layer):
                total += self.reduced(layer, observed[layer], tuple(features[layer].shape[:2]), size)
        return total

    def reduced(self, layer: str, squared_distances: Tensor, grid: Size, size: Size) -> Tensor:
        """Return the part of one layer in the term, for an image of a (height, width).

        `squared_distances` (K,) are those of the Gram matrix of each of `guides_at` to its target; see
        `distance_function`.
        """
        scales = self.scales(self.guides_at(layer), layer, grid, float(np.prod(size)))
        return dict(self.layers)[layer] * tf.reduce_sum(tf.constant(scales, tf.float32) * squared_distances)

    def scales(self, guides: Sequence[Guide], layer: str, grid: Size, image_pixels: float) -> list[float]:
        """Return the factor on each guide's squared distance."""
        factors = [np.float32(self.target_factor(guide, layer, grid)) for guide in guides]
        squares = [
            float(np.sum(np.square(guide.targets[layer] * factor, dtype=np.float64)))
            for guide, factor in zip(guides, factors, strict=True)
        ]
        return [
            guide.strength
            * (1.0 if guide.shares is None else guide.shares[layer])
            * gram_scale(
                target_squares,
                int(guide.targets[layer].shape[0]) if self.channels is None else self.channels[layer],
                divisor_of(guide, layer, grid),
                image_pixels,
                normalization=self.normalization,
                reduction=self.reduction,
            )
            for guide, target_squares in zip(guides, with_least_size(squares), strict=True)
        ]


def with_least_size(target_squares: Sequence[float]) -> list[float]:
    """Return the sizes of the targets of one layer, raised to at least a share of their mean.

    A relative distance divides by the size of its target, the sum of its squares. A flat gray area has a target of
    almost 0 in a network with centered input; without a least size it would outweigh all other guides.

    >>> with_least_size([1.0, 3.0, 0.0, 0.0])
    [1.0, 3.0, 0.05, 0.05]
    """
    least = LEAST_TARGET * sum(target_squares) / len(target_squares)
    return [max(squares, least) for squares in target_squares]


def gram_scale(
    target_squares: float, channels: int, divisor: float, image_pixels: float, *, normalization: str, reduction: str
) -> float:
    """Return the factor that turns a squared distance of divided Gram matrices into the chosen reduction.

    With N channels and the divisor M, ``gatys`` gives ``1 / (4 N^2 M^2)``, as in Gatys et al. (2016). Without
    normalization the factor also takes back the division of the Gram matrices by M.

    `target_squares` is the sum of the squares of the target; `channels` are those that reductions count. For
    normalization and reduction see `maskstyle.Settings`.
    """
    raw = float(divisor**2) if normalization == "none" else 1.0
    if reduction == "relative":
        return 1.0 / max(target_squares, TINY)
    if reduction == "mean":
        return raw / channels**2
    if reduction == "gatys":
        return raw / (4.0 * channels**2 * divisor**2)
    return raw / (4.0 * CHOLLET_CHANNELS**2 * image_pixels**2)


@dataclass(frozen=True)
class PatchTerm:
    """Squared distances of the Gram matrices of patches to those of style patches, summed over layers."""

    weight: float  # factor on the term in the objective
    layers: LayerMix  # layers with their weights, which are used without normalization
    # The patches and their style patches by layer; the factors of a target contain the strengths and the reduction.
    # Without a target for a layer the term does not constrain that layer.
    targets: Mapping[str, PatchTarget]
    name: str = "style"

    def observe(self, layer: str, features: Tensor) -> tuple[Tensor, Tensor]:
        """Return features to continue the network from, and the layer's distance, 0 without a target.

        See `maskstyle.objective.patch_gram.observe_patch_distance`.
        """
        if layer not in self.targets:
            return features, tf.constant(0.0)
        return observe_patch_distance(features, self.targets[layer])

    def __call__(self, image: Tensor, features: Features, observed: Observed) -> Tensor:
        """Return the unweighted term for the observed distances."""
        total = tf.constant(0.0)
        for layer, layer_weight in self.layers:
            total += layer_weight * observed[layer]
        return total


@dataclass(frozen=True)
class TotalVariationTerm:
    """Total variation: ``(dx^2 + dy^2)^exponent`` of the differences between neighboring pixels, for each color."""

    weight: float  # factor on the term in the objective
    exponent: float = 1.0  # at least 1
    reduction: str = "mean"  # over the three colors of all pixels that have a right and a lower neighbor
    pixel_range: float = 1.0  # largest pixel value, to which pixels are scaled first: 1, or 255 as in the literature
    visible: Mask | None = None  # alpha of the image: differences to transparent pixels do not count
    name: str = "total_variation"

    def __call__(self, image: Tensor, features: Features, observed: Observed) -> Tensor:
        """Return the unweighted term for an image."""
        return self.factor((image.shape[0], image.shape[1])) * self.variation(image)

    def variation(self, image: Tensor, rows: slice = ALL_ROWS) -> Tensor:
        """Return the sum over the pixels of an image, or of some of its rows, before the reduction."""
        weights = None if self.visible is None else corner_weights(self.visible[rows])[..., np.newaxis]
        return variation(image * self.pixel_range, self.exponent, weights)

    def factor(self, size: Size) -> float:
        """Return the factor that turns the variation of a (height, width) image into the chosen reduction."""
        values: float = (size[0] - 1) * (size[1] - 1) * 3
        if self.visible is not None:
            values = 3 * float(corner_weights(self.visible).sum(dtype=np.float64))
        # In an image one pixel wide or high no pixel has both neighbors, and the mean would be 0 / 0.
        return 1.0 / values if self.reduction == "mean" and values else 1.0


def corner_weights(visible: Mask) -> Mask:
    """Return the least alpha of each pixel and its right and lower neighbors."""
    least: Mask = np.minimum(visible[:-1, :-1], np.minimum(visible[1:, :-1], visible[:-1, 1:]))
    return least


def variation(image: Tensor, exponent: float, weights: NDArray[np.float32] | None = None) -> Tensor:
    """Return the weighted sum of ``(dx^2 + dy^2)^exponent``; its gradient is faster than the automatic one."""

    @tf.custom_gradient  # type: ignore[untyped-decorator]
    def summed(values: Tensor) -> tuple[Tensor, Callable[[Tensor], Tensor]]:
        corner = values[:-1, :-1]
        down, right = values[1:, :-1] - corner, values[:-1, 1:] - corner
        squares = tf.square(down) + tf.square(right)
        powers = squares if exponent == 1 else tf.pow(squares, exponent)

        def gradient(upstream: Tensor) -> Tensor:
            factor = 2 * exponent * upstream * (1.0 if exponent == 1 else tf.pow(squares, exponent - 1))
            factor = factor if weights is None else factor * weights
            down_gradient, right_gradient = factor * down, factor * right
            return (
                tf.pad(down_gradient, [[1, 0], [0, 1], [0, 0]])
                + tf.pad(right_gradient, [[0, 1], [1, 0], [0, 0]])
                - tf.pad(down_gradient + right_gradient, [[0, 1], [0, 1], [0, 0]])
            )

        return tf.reduce_sum(powers if weights is None else powers * weights), gradient

    return summed(image)


@dataclass(frozen=True)
class TemporalTerm:
    """Mean squared difference to the warped previous result: ``sum_k c_k (x_k - w_k)^2 / D``."""

    weight: float  # factor on the term in the objective
    target: Image  # the previous result, warped onto this frame, in [0, 1]: the w_k
    # The c_k: 1 where the warped pixel is the same point of the scene, 0 where it is not, or is not known. D counts
    # all values, so that a frame of which little is trusted is held less.
    trusted: Mask
    name: str = "temporal"

    def __call__(self, image: Tensor, features: Features, observed: Observed) -> Tensor:
        """Return the unweighted term for an image."""
        return temporal_difference(image, tf.constant(self.target), tf.constant(self.trusted))

    def add_gradient(self, image: Image, gradient: Image) -> float:
        """Add the weighted gradient for an image (H, W, 3) to `gradient`, and return the weighted value."""
        factor, value = self.weight / self.target.size, 0.0
        for rows in row_strips(image.shape):
            difference = image[rows] - self.target[rows]
            pull = self.trusted[rows, :, np.newaxis] * difference
            value += factor * float(np.vdot(pull, difference))
            gradient[rows] += np.float32(2 * factor) * pull
        return value


def temporal_difference(image: Tensor, target: Tensor, trusted: Tensor) -> Tensor:
    """Return the mean squared difference of images (H, W, 3), weighted by `trusted` (H, W)."""
    return tf.reduce_mean(trusted[..., tf.newaxis] * tf.square(image - target))


def temporal_term(target: Image, trusted: Mask, weight: float, size: Size) -> TemporalTerm:
    """Return the temporal term at a (height, width), from a target and trust of any size."""
    return TemporalTerm(weight, resize_image(target, size), resize_mask(trusted, size))
