"""The objective of images too large to evaluate at once: exact, in two passes over tiles.

Gram matrices are sums over pixels. The first pass sums them over the tiles of an image. From the sums follow the
style term and its gradient ``U`` with respect to each Gram matrix, which are small. The second pass sums the gradient
of the linear form ``<U, G_tile>`` over the tiles; by the chain rule this is the gradient of the style term. Limits of
content work alike, with the squared difference of each cell in place of Gram matrices. The tiles overlap by a halo as
wide as the receptive fields require, and each cell belongs to the core of one tile, so that nothing is approximated.
Content without limits, patches and total variation are themselves sums over cells or pixels and need one pass.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import STRIP_VALUES, Image, Mask, Size, row_strips
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.terms import (
    ContentTerm,
    PatchTerm,
    StyleTerm,
    TemporalTerm,
    Term,
    TotalVariationTerm,
    chosen_pixels,
    divisor_of,
)
from maskstyle.objective.tiling.content import TiledContent
from maskstyle.objective.tiling.forward import TiledNetwork, layer_cells
from maskstyle.objective.tiling.grams import Selection
from maskstyle.objective.tiling.map import add_grams, layer_grams, tile_map
from maskstyle.objective.tiling.passes import TilePart, TilePasses
from maskstyle.objective.tiling.patches import TiledPatches, reach

T = TypeVar("T")


class TiledObjective:
    """A weighted sum of terms for large images of one size, with its gradient; the tiled form of `Objective`.

    There is at most one term of each kind, and the targets of content terms are `StoredFeatures`. Total variation is
    summed over strips of `strip_values` values. The workers of a client evaluate the tiles; by default this process
    does. The margin is at most a side of the image; for this and the other parameters see
    `maskstyle.objective.objective.Objective`.

    If set, `on_tile` is called before each tile of each pass with the number of tiles done in this evaluation and
    their total. An exception that it raises ends the evaluation.
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
        strip_values: int = STRIP_VALUES,
        client: Any = None,
    ) -> None:
        self.terms = tuple(term for term in terms if term.weight > 0)
        self.network = network
        self.margin = margin
        self.on_tile: Callable[[int, int], None] | None = None
        self._done = 0
        self._size = size
        self._free = free
        self._strip_values = strip_values
        content_term = self._only(ContentTerm)
        self._variation = self._only(TotalVariationTerm)
        self._temporal: TemporalTerm | None = self._only(TemporalTerm)
        self._style = self._only(StyleTerm)
        patch_term = self._only(PatchTerm)
        layers = dict.fromkeys(
            layer for term in (content_term, self._style, patch_term) if term is not None for layer, _ in term.layers
        )
        beyond = 0 if patch_term is None else reach(patch_term, network.architecture)
        padded_size = (size[0] + 2 * margin, size[1] + 2 * margin)
        self._tiled = TiledNetwork(network, list(layers), padded_size, side, beyond=beyond)
        self._content = None if content_term is None else TiledContent(content_term, self._tiled)
        self._patches = None if patch_term is None else TiledPatches(patch_term, self._tiled)
        selections = {} if self._style is None else _selections(self._style)
        self._cells = layer_cells(self._tiled, selections)
        self._limited = self._content if self._content is not None and self._content.limited else None
        self._style_parts = {layer: self._style_part(layer) for layer in selections}
        passes = TilePasses(
            network,
            self._tiled.tile_size,
            layer_grams(self._cells, self._divisors(selections)),
            content=None if self._content is None else self._content.channels,
            limited=self._limited is not None,
            patches=None if self._patches is None else self._patches.styles,
        )
        self._map = tile_map(passes, self._tiled.tiles, self._part, client)

    def _part(self, number: int) -> TilePart:
        """Return what the passes need of the tile with this number beside its pixels."""
        return TilePart(
            {layer: each.of(number) for layer, each in self._cells.items()},
            {} if self._content is None else self._content.of(number),
            {} if self._patches is None else self._patches.of(number),
        )

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
        """Number of tiles."""
        return len(self._tiled.tiles)

    def losses(self, image: Image) -> dict[str, float]:
        """Return the weighted value of each term for an image."""
        values, _ = self.value_and_gradient(image)
        return dict(zip(self.names, map(float, values), strict=True))

    def value_and_gradient(self, image: Image) -> tuple[NDArray[np.float32], Image]:
        """Return the weighted value of each term, and the gradient (H, W, 3) of their sum.

        Raises MemoryError if TensorFlow runs out of memory, WorkerError if the workers are lost.
        """
        image = np.asarray(image, np.float32)
        values = dict.fromkeys(self.names, 0.0)
        margin = self.margin
        padded = (
            image if not margin else np.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="symmetric")
        )
        gradient = np.zeros_like(padded)
        if self._tiled.layers:
            self._add_feature_terms(padded, values, gradient)
        gradient = _folded(gradient, margin)
        if self._variation is not None:
            values[self._variation.name] = self._add_variation(image, gradient)
        if self._temporal is not None:
            values[self._temporal.name] = self._temporal.add_gradient(image, gradient)
        if self._free is not None:
            gradient *= self._free[..., np.newaxis]
        return np.array([values[name] for name in self.names], np.float32), gradient

    def _add_feature_terms(self, image: Image, values: dict[str, float], gradient: Image) -> None:
        """Add the values and the gradient of all terms that depend on features."""
        self._done = 0
        pixels = self._map.split(image)
        grams, squares = self._first_pass(pixels) if self._passes == 2 else ({}, {})
        gram_gradients = self._style_gradients(grams, values)
        factors: dict[str, Mask] = {}
        if self._content is not None:
            values[self._content.term.name], factors = self._content.factors(squares)

        def factors_of(number: int) -> dict[str, Mask]:
            return {} if self._content is None else self._content.factors_of(number, factors)

        found = self._map.second(pixels, gram_gradients, factors_of)
        for tile, part in zip(self._tiled.tiles, self._each(found), strict=True):
            gradient[tile.window] += part.gradient
            if self._patches is not None:
                values[self._patches.term.name] += part.patches
            if self._content is not None and self._limited is None:
                values[self._content.term.name] += part.content

    @property
    def _passes(self) -> int:
        """Number of passes over the tiles."""
        return 2 if self._style_parts or self._limited is not None else 1

    def _each(self, results: Iterator[T]) -> Iterator[T]:
        """Yield the results of a pass, and report each tile before it."""
        for _ in self._tiled.tiles:
            if self.on_tile is not None:
                self.on_tile(self._done, self._passes * self.tiles)
            self._done += 1
            yield next(results)

    def _first_pass(self, pixels: Sequence[Any]) -> tuple[dict[str, NDArray[np.float64]], dict[str, Mask]]:
        """Return the Gram matrices (K, C, C) by layer, and the squared differences that content limits need."""
        grams: dict[str, NDArray[np.float64]] = {}
        squares: dict[str, Mask] = {}
        for number, sums in enumerate(self._each(self._map.first(pixels))):
            add_grams(grams, sums)
            if self._limited is not None:
                self._limited.put(squares, number, sums.squares)
        return grams, squares

    def _style_gradients(
        self, grams_by_layer: Mapping[str, NDArray[np.float64]], values: dict[str, float]
    ) -> dict[str, NDArray[np.float32]]:
        """Add the value of the style term, and return its gradient with respect to the Gram matrices by layer."""
        gradients = {}
        for layer, matrices in grams_by_layer.items():
            grams = tf.constant(matrices, tf.float32)
            with tf.GradientTape() as tape:
                tape.watch(grams)
                value = self._style.weight * self._style_parts[layer](grams)
            values[self._style.name] += float(value)
            gradients[layer] = tape.gradient(value, grams).numpy()
        return gradients

    def _style_part(self, layer: str) -> Callable[[Tensor], Tensor]:
        """Return a function from the Gram matrices (K, C, C) of a layer to its part of the style term."""
        term: StyleTerm = self._style
        grid = self._tiled.grid(layer)
        to_distances = term.distance_function(layer, term.guides_at(layer), grid)
        return lambda grams: term.reduced(layer, to_distances(grams), grid, self._size)

    def _divisors(self, selections: Mapping[str, Sequence[Selection]]) -> dict[str, list[float]]:
        return {
            layer: [divisor_of(guide, layer, self._tiled.grid(layer)) for guide in self._style.guides_at(layer)]
            for layer in selections
        }

    def _add_variation(self, image: Image, gradient: Image) -> float:
        """Add the gradient of total variation, strip by strip, and return its value."""
        term = self._variation
        height, width = image.shape[:2]
        factor = term.weight * term.factor((height, width))
        value = 0.0
        for strip_rows in row_strips((height - 1, width, 3), self._strip_values):
            rows = slice(strip_rows.start, strip_rows.stop + 1)  # including the lower neighbors of the last row
            strip = tf.constant(image[rows])
            with tf.GradientTape() as tape:
                tape.watch(strip)
                part = factor * term.variation(strip, rows)
            value += float(part)
            gradient[rows] += tape.gradient(part, strip).numpy()
        return value


def _selections(term: StyleTerm) -> dict[str, list[Selection]]:
    """Return the cells of each guide by layer."""
    selections = {}
    for layer, _ in term.layers:
        guides = term.guides_at(layer)
        if guides:
            selections[layer] = [Selection(*chosen_pixels(guide, layer)) for guide in guides]
    return selections


def _folded(gradient: Image, margin: int) -> Image:
    """Return the gradient with respect to an image, from that with respect to the image with a mirrored margin."""
    for axis in (0, 1) if margin else ():
        whole = np.moveaxis(gradient, axis, 0)
        core = whole[margin:-margin].copy()
        core[:margin] += whole[margin - 1 :: -1]
        core[-margin:] += whole[: -margin - 1 : -1]
        gradient = np.moveaxis(core, 0, axis)
    return gradient
