"""Objectives: weighted terms over the features of one network, with their gradient, and how to make them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from maskstyle.images.pixels import Image, Mask, Size
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.terms import ContentTerm, Guide, ObservingTerm, StyleTerm, Term, TotalVariationTerm
from maskstyle.objective.tiling.cuts import needs_tiles
from maskstyle.objective.tiling.objective import TiledObjective
from maskstyle.objective.tiling.stored import stored_features
from maskstyle.settings import LayerMix, Settings, active


class ObjectiveLike(Protocol):
    """What is minimized: a weighted sum of terms for images of one size, with its gradient."""

    terms: tuple[Term, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the terms, in order."""

    def value_and_gradient(self, image: Image) -> tuple[Any, Any]:
        """Return the weighted value of each term, and the gradient of their sum: tensors or arrays."""


class Objective:
    """A weighted sum of terms for images of one size, with its gradient.

    Parameters
    ----------
    network : FeatureNetwork
        Where the features come from.
    terms : sequence of Term
        The terms; those of weight 0 are left out.
    free : (H, W) float32 array, optional
        1 where pixels may change; where it is 0 the gradient is 0.
    margin : int
        Pixels by which the network sees the image mirrored around it, for style terms whose cells are on the grids
        of that larger image. Content terms know nothing of it.
    """

    def __init__(
        self, network: FeatureNetwork, terms: Sequence[Term], free: Mask | None = None, *, margin: int = 0
    ) -> None:
        self.terms = tuple(term for term in terms if term.weight > 0)
        self.network = network
        self.margin = margin
        self._free = None if free is None else tf.constant(free[:, :, np.newaxis], tf.float32)
        self._content_layers = {
            layer for term in self.terms if isinstance(term, ContentTerm) for layer, _ in term.layers
        }
        self._evaluate = tf.function(self._value_and_gradient, autograph=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the terms, in order."""
        return tuple(term.name for term in self.terms)

    def value_and_gradient(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """Return the weighted value of each term, and the gradient of their sum.

        Parameters
        ----------
        image : (H, W, 3) float32 tensor or array
            In [0, 1].

        Returns
        -------
        values : (number of terms,) float32 tensor
        gradient : (H, W, 3) float32 tensor

        Raises
        ------
        MemoryError
            Where TensorFlow finds too little memory.
        """
        try:
            return self._evaluate(tf.convert_to_tensor(image, tf.float32))  # type: ignore[no-any-return]
        except tf.errors.ResourceExhaustedError as error:
            raise MemoryError(f"{image.shape[0]}x{image.shape[1]} pixels need more memory than there is") from error

    def losses(self, image: Image) -> dict[str, float]:
        """Return the weighted value of each term for an image."""
        values, _ = self.value_and_gradient(image)
        return dict(zip(self.names, map(float, values.numpy()), strict=True))

    def _value_and_gradient(self, image: Tensor) -> tuple[Tensor, Tensor]:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(image)
            observed: list[dict[str, Tensor]] = [{} for _ in self.terms]

            def observe(layer: str, features: Tensor) -> Tensor:
                for term, seen in zip(self.terms, observed, strict=True):
                    if isinstance(term, ObservingTerm):
                        features, seen[layer] = term.observe(layer, features)
                return features

            features = self.network(_mirrored(image, self.margin), observe)
            for layer in self._content_layers:
                features[layer] = self.network.measured(layer, features[layer])
            values = [
                term.weight * term(image, features, seen) for term, seen in zip(self.terms, observed, strict=True)
            ]
            total = tf.add_n(values)
        # Where every region has vanished at a coarse size, nothing may depend on the image.
        gradient = tape.gradient(total, image, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return tf.stack(values), gradient if self._free is None else gradient * self._free


def _mirrored(image: Tensor, margin: int) -> Tensor:
    """Return an image (H, W, 3) with `margin` more pixels on each side, mirrored as by NumPy's ``symmetric``."""
    for axis in (0, 1):
        left = margin
        while left > 0:
            step = min(left, image.shape[axis])  # an image can be mirrored once at a time
            image = tf.pad(image, [[step, step] if each == axis else [0, 0] for each in range(3)], "SYMMETRIC")
            left -= step
    return image


def objective_for(
    size: Size,
    network: FeatureNetwork,
    terms: Sequence[Term],
    settings: Settings,
    *,
    free: Mask | None = None,
    margin: int = 0,
) -> Objective | TiledObjective:
    """Return the objective for images of a size, in tiles where that is larger than ``settings.tile_size``.

    Parameters
    ----------
    size : (height, width)
        The images' size.
    network, terms, free, margin
        See `Objective`.
    settings : Settings
        For the size of tiles.
    """
    if settings.tile_size is not None and needs_tiles(size, settings.tile_size) and margin <= min(size):
        return TiledObjective(network, terms, size, settings.tile_size, free=free, margin=margin)
    return Objective(network, terms, free, margin=margin)


def content_term(network: FeatureNetwork, content: Image, settings: Settings) -> ContentTerm:
    """Return the content term for a content image of the size at hand."""
    targets: Mapping[str, Any] = {}
    mix = active(settings.content_layers)
    if settings.content_weight > 0:
        layers = [layer for layer, _ in mix]
        if settings.tile_size is not None and needs_tiles(_size(content), settings.tile_size):
            targets = stored_features(network, content, layers, settings.tile_size)
        else:
            targets = _content_targets(network, layers)(tf.constant(content))
        mix = tuple((layer, share * network.content_gains[layer]) for layer, share in mix)
    return ContentTerm(
        settings.content_weight,
        mix,
        targets,
        settings.content_reduction,
        counted_channels(network, settings.content_layers),
    )


def counted_channels(network: FeatureNetwork, mix: LayerMix) -> dict[str, int]:
    """Return the channels that distances count, by layer of a mix."""
    return {layer: network.architecture.channels(layer) for layer, _ in active(mix)}


def _content_targets(network: FeatureNetwork, layers: Sequence[str]) -> Callable[[Tensor], dict[str, Tensor]]:
    """Return a compiled function from an image to its features, which frees what it does not return."""

    def targets(image: Tensor) -> dict[str, Tensor]:
        features = network(image)
        return {layer: network.measured(layer, features[layer]) for layer in layers}

    return tf.function(targets, autograph=False)  # type: ignore[no-any-return]


def style_term(network: FeatureNetwork, guides: Sequence[Guide], settings: Settings) -> StyleTerm:
    """Return the style term for guides."""
    return StyleTerm(
        settings.style_weight,
        active(settings.style_layers),
        guides,
        settings.gram_normalization,
        settings.style_reduction,
        counted_channels(network, settings.style_layers),
        network.measured_gram,
    )


def total_variation_term(settings: Settings) -> TotalVariationTerm:
    """Return the total variation term."""
    return TotalVariationTerm(settings.tv_weight, settings.tv_exponent, settings.tv_reduction, settings.pixel_range)


def _size(image: Image) -> Size:
    return image.shape[0], image.shape[1]
