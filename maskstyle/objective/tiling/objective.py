"""The objective of images that are too large to be evaluated at once: exact, in two passes over tiles.

Gram matrices are sums over pixels. The first pass adds them up over the tiles of an image. From them come the style
term and its gradient ``U`` in each Gram matrix, which are small. The second pass adds up the gradient of the linear
form ``<U, G_tile>`` in each tile's pixels: by the chain rule that of the style term. Tiles overlap by what the
network's cells see around them, and each cell is counted once, so that nothing is left out or approximated. The
other terms are sums over pixels themselves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Image, Mask, Size
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.terms import ContentTerm, PatchTerm, StyleTerm, Term, TotalVariationTerm, divisor_of
from maskstyle.objective.tiling.forward import TiledGrams, TiledNetwork, layer_members, pixels_of
from maskstyle.objective.tiling.grams import observe_slope, observe_tile_grams
from maskstyle.objective.tiling.members import Members, Selection
from maskstyle.objective.tiling.patches import TiledPatches, reach
from maskstyle.objective.tiling.stored import StoredFeatures

STRIP_VALUES = 1 << 22
"""Values of an image whose total variation is taken at a time."""


class _Inputs(NamedTuple):
    """What the second pass is given for a tile, each by layer."""

    members: dict[str, Members]
    gram_slopes: dict[str, Tensor]
    slopes: dict[str, Tensor]
    targets: dict[str, Tensor]
    begins: dict[str, Tensor]


class TiledObjective:
    """A weighted sum of terms for large images of one size, with its gradient, as `Objective` is for others.

    Parameters
    ----------
    network : FeatureNetwork
        Where the features come from.
    terms : sequence of Term
        At most one of each kind; those of weight 0 are left out. Content terms have stored targets.
    size : (height, width)
        The images'.
    side : int
        How many pixels a tile sees along each axis, about.
    free : (H, W) float32 array, optional
        1 where pixels may change; where it is 0 the gradient is 0.
    margin : int
        Pixels by which the network sees the image mirrored around it, fewer than there are; see
        `maskstyle.objective.objective.Objective`.

    Attributes
    ----------
    on_tile : callable, optional
        Called before each tile of each pass with how many are done of an evaluation, and how many there are. What it
        raises ends the evaluation.
    """

    def __init__(
        self,
        network: FeatureNetwork,
        terms: Sequence[Term],
        size: Size,
        side: int,
        *,
        free: Mask | None = None,
        margin: int = 0,
    ) -> None:
        self.terms = tuple(term for term in terms if term.weight > 0)
        self.network = network
        self.margin = margin
        self.on_tile: Callable[[int, int], None] | None = None
        self._done = 0
        self._size = size
        self._free = free
        self._content = self._only(ContentTerm)
        self._variation = self._only(TotalVariationTerm)
        self._style = self._only(StyleTerm)
        patch_term = self._only(PatchTerm)
        layers = dict.fromkeys(
            layer for term in (self._content, self._style, patch_term) if term is not None for layer, _ in term.layers
        )
        beyond = 0 if patch_term is None else reach(patch_term, network.architecture)
        seen = (size[0] + 2 * margin, size[1] + 2 * margin)
        self._tiled = TiledNetwork(network, list(layers), seen, side, beyond=beyond)
        self._patches = None if patch_term is None else TiledPatches(patch_term, self._tiled)
        selections = {} if self._style is None else _selections(self._style)
        self._grams = TiledGrams(self._tiled, layer_members(self._tiled, selections), self._divisors(selections))
        self._judges = {layer: self._judge(layer) for layer in selections}
        signature = [self._tiled.tile_specification(), self._specification()]
        self._graph = tf.function(self._second_pass, input_signature=signature, autograph=False)

    def _only(self, kind: type[Any]) -> Any:
        found = [term for term in self.terms if isinstance(term, kind)]
        if len(found) > 1:
            raise ValueError(f"there are {len(found)} terms of {kind.__name__}; expected at most one")
        return found[0] if found else None

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the terms, in order."""
        return tuple(term.name for term in self.terms)

    @property
    def tiles(self) -> int:
        """How many tiles there are."""
        return len(self._tiled.tiles)

    def losses(self, image: Image) -> dict[str, float]:
        """Return the weighted value of each term for an image."""
        values, _ = self.value_and_gradient(image)
        return dict(zip(self.names, map(float, values), strict=True))

    def value_and_gradient(self, image: Image) -> tuple[NDArray[np.float32], Image]:
        """Return the weighted value of each term, and the gradient of their sum.

        Parameters
        ----------
        image : (H, W, 3) float32 array
            In [0, 1].

        Returns
        -------
        values : (number of terms,) float32 array
        gradient : (H, W, 3) float32 array

        Raises
        ------
        MemoryError
            Where TensorFlow finds too little memory.
        """
        image = np.asarray(image, np.float32)
        try:
            return self._evaluate(image)
        except tf.errors.ResourceExhaustedError as error:
            seen = "x".join(map(str, self._tiled.tile_size))
            raise MemoryError(f"tiles of {seen} pixels need more memory than there is") from error

    def _evaluate(self, image: Image) -> tuple[NDArray[np.float32], Image]:
        values = dict.fromkeys(self.names, 0.0)
        around = self.margin
        seen = image if not around else np.pad(image, ((around, around), (around, around), (0, 0)), mode="symmetric")
        gradient = np.zeros_like(seen)
        if self._tiled.layers:
            self._add_network(seen, values, gradient)
        gradient = _folded(gradient, around)
        if self._variation is not None:
            values[self._variation.name] = self._add_variation(image, gradient)
        if self._free is not None:
            gradient *= self._free[..., np.newaxis]
        return np.array([values[name] for name in self.names], np.float32), gradient

    def _add_network(self, image: Image, values: dict[str, float], gradient: Image) -> None:
        """Add the values and the gradient of all terms of features."""
        self._done = 0
        gram_slopes = self._first_pass(image, values)
        for number, tile in enumerate(self._tiled.tiles):
            self._begin_tile()
            slopes: dict[str, Tensor] = {}
            if self._patches is not None:
                found, slopes = self._patches.distances(self._tiled.features(image, tile), number)
                values[self._patches.term.name] += found
            content, own = self._graph(pixels_of(image, tile), self._inputs(number, gram_slopes, slopes))
            gradient[tile.seen] += own.numpy()
            if self._content is not None:
                values[self._content.name] += float(content)

    def _begin_tile(self) -> None:
        if self.on_tile is not None:
            passes = 2 if self._style is not None and self._judges else 1
            self.on_tile(self._done, passes * self.tiles)
        self._done += 1

    def _first_pass(self, image: Image, values: dict[str, float]) -> dict[str, Tensor]:
        """Put in the style term, and return its gradient in each Gram matrix by layer."""
        if self._style is None or not self._judges:
            return {}
        slopes = {}
        for layer, matrices in self._grams(image, self._begin_tile).items():
            grams = tf.constant(matrices, tf.float32)
            with tf.GradientTape() as tape:
                tape.watch(grams)
                value = self._style.weight * self._judges[layer](grams)
            values[self._style.name] += float(value)
            slopes[layer] = tape.gradient(value, grams)
        return slopes

    def _judge(self, layer: str) -> Callable[[Tensor], Tensor]:
        """Return a function from the Gram matrices (K, C, C) of a layer to its part of the style term."""
        term: StyleTerm = self._style
        grid = self._tiled.grid(layer)
        judge = term.judge(layer, term.guides_at(layer), grid)
        return lambda grams: term.reduced(layer, judge(grams), grid, self._size)

    def _divisors(self, selections: Mapping[str, Sequence[Selection]]) -> dict[str, list[float]]:
        return {
            layer: [divisor_of(guide, layer, self._tiled.grid(layer)) for guide in self._style.guides_at(layer)]
            for layer in selections
        }

    def _inputs(self, number: int, gram_slopes: dict[str, Tensor], slopes: dict[str, Tensor]) -> _Inputs:
        targets, begins = {}, {}
        for layer, _ in self._content.layers if self._content is not None else ():
            spans = self._tiled.tiles[number].cells(self._tiled.grid(layer))
            targets[layer] = tf.constant(_stored(self._content, layer).get(*spans))
            begins[layer] = tf.constant([*(span.own.start for span in spans), 0], tf.int32)
        return _Inputs(self._grams.members_of(number), gram_slopes, slopes, targets, begins)

    def _specification(self) -> _Inputs:
        network = self._tiled.network
        content = () if self._content is None else self._content.layers
        compute = tf.dtypes.as_dtype(network.compute_type)
        targets = {
            layer: tf.TensorSpec([None, None, _stored(self._content, layer).shape[-1]], compute)
            for layer, _ in content
        }
        gram_slopes = {}
        for layer, divisors in self._grams.divisors.items():
            channels = network.architecture.kernel_shape(layer)[-1]
            gram_slopes[layer] = tf.TensorSpec([len(divisors), channels, channels], tf.float32)
        slopes = {}
        for layer in () if self._patches is None else self._patches.layers:
            channels = network.architecture.kernel_shape(layer)[-1]
            slopes[layer] = tf.TensorSpec([*self._tiled.tile_grid(layer), channels], compute)
        begins = {layer: tf.TensorSpec([3], tf.int32) for layer, _ in content}
        return _Inputs(self._grams.specification(), gram_slopes, slopes, targets, begins)

    def _second_pass(self, pixels: Tensor, inputs: _Inputs) -> tuple[Tensor, Tensor]:
        """Return a tile's part of the content term, and of the gradient of all terms of features."""
        network = self._tiled.network
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(pixels)
            linear = [tf.constant(0.0)]

            def observe(layer: str, features: Tensor) -> Tensor:
                if layer in inputs.members:
                    slopes = inputs.gram_slopes[layer]
                    features, form = observe_tile_grams(
                        features,
                        inputs.members[layer],
                        self._grams.divisors[layer],
                        lambda grams: tf.reduce_sum(slopes * grams),
                    )
                    linear.append(form)
                if layer in inputs.slopes:
                    features, form = observe_slope(features, inputs.slopes[layer])
                    linear.append(form)
                return features

            features = network(pixels, observe)
            content = tf.constant(0.0)
            for layer, share in self._content.layers if self._content is not None else ():
                stored, target = _stored(self._content, layer), tf.cast(inputs.targets[layer], tf.float32)
                counted = tf.slice(network.measured(layer, features[layer]), inputs.begins[layer], tf.shape(target))
                factor = self._content.weight * share * self._content.factor(layer, stored.shape, stored.mean_square)
                content += factor * tf.reduce_sum(tf.square(tf.cast(counted, tf.float32) - target))
            total = tf.add_n([content, *linear])
        gradient = tape.gradient(total, pixels, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return content, gradient

    def _add_variation(self, image: Image, gradient: Image) -> float:
        """Add the gradient of total variation, strip by strip, and return its value."""
        term = self._variation
        height, width = image.shape[:2]
        factor = term.weight * term.factor((height, width))
        value = 0.0
        count = max(1, STRIP_VALUES // (3 * width))
        for top in range(0, height - 1, count):
            rows = slice(top, min(top + count, height - 1) + 1)  # each pixel with the one below
            strip = tf.constant(image[rows])
            with tf.GradientTape() as tape:
                tape.watch(strip)
                found = factor * term.variation(strip)
            value += float(found)
            gradient[rows] += tape.gradient(found, strip).numpy()
        return value


def _selections(term: StyleTerm) -> dict[str, list[Selection]]:
    """Return the cells of each guide by layer."""
    found = {}
    for layer, _ in term.layers:
        guides = term.guides_at(layer)
        if guides:
            found[layer] = [
                Selection(
                    None if guide.cells is None else guide.cells[layer],
                    None if guide.weights is None or guide.cells is not None else guide.weights[layer],
                )
                for guide in guides
            ]
    return found


def _stored(term: ContentTerm, layer: str) -> StoredFeatures:
    stored = term.targets[layer]
    assert isinstance(stored, StoredFeatures)
    return stored


def _folded(gradient: Image, margin: int) -> Image:
    """Return the gradient in an image from that in the image with a mirrored margin."""
    for axis in (0, 1) if margin else ():
        whole = np.moveaxis(gradient, axis, 0)
        core = whole[margin:-margin].copy()
        core[:margin] += whole[margin - 1 :: -1]
        core[-margin:] += whole[: -margin - 1 : -1]
        gradient = np.moveaxis(core, 0, axis)
    return gradient
