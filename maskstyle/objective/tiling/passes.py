"""The two passes over one tile, as functions of its pixels that any process with the network can evaluate.

`TilePasses` is the same for all tiles of an image, and `TilePart` for all evaluations of a tile. Both can be pickled,
to be sent to another process once: only pixels, sums over tiles and gradients differ between evaluations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Image, Mask, Size
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.patch_gram import PatchPlaces
from maskstyle.objective.tiling.grams import LayerGrams, TileCells, add_gradient, as_tensors, observe_tile_grams
from maskstyle.objective.tiling.patches import PatchStyle, patch_distances


class TileContent(NamedTuple):
    """The content image's features in the core of a tile, and where the core begins in the tile's features."""

    targets: NDArray[Any]
    start: NDArray[np.int32]


@dataclass(frozen=True, eq=False)
class TilePart:
    """What the passes need of a tile beside its pixels, by layer; the same in every evaluation."""

    cells: dict[str, TileCells]  # the cells of each Gram matrix
    content: dict[str, TileContent] = field(default_factory=dict)
    # The patches that start in the core of the tile; None: none does.
    patches: dict[str, PatchPlaces | None] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class Sums:
    """The result of the first pass over a tile, by layer."""

    # (K, C, C) by layer: the tile's part of the Gram matrices, which are the sums of the parts of all tiles.
    grams: dict[str, NDArray[np.float32]]
    # (h, w) by layer: squared difference of each cell in the core from the content, where content has limits.
    squares: dict[str, Mask]


@dataclass(frozen=True, eq=False)
class TileGradient:
    """The result of the second pass over a tile."""

    gradient: Image  # the tile's part of the gradient of all terms on features
    # Its weighted squared differences from the content, and its part of the weighted patch term.
    content: float
    patches: float


class TilePasses:
    """The two passes over a tile, compiled at their first use for all tiles of an image.

    The tiles, halo included, have the size `tile_size`. By layer, there are the Gram matrices, the channels of the
    content features, and the style patches. If content has limits, the first pass needs the squared differences.
    """

    def __init__(
        self,
        network: FeatureNetwork,
        tile_size: Size,
        grams: Mapping[str, LayerGrams],
        *,
        content: Mapping[str, int] | None = None,
        limited: bool = False,
        patches: Mapping[str, PatchStyle] | None = None,
    ) -> None:
        self._network, self._tile_size = network, tile_size
        self._grams, self._content, self._patches = dict(grams), dict(content or {}), dict(patches or {})
        self._limited = limited
        self._compile()

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: all but the graphs."""
        return {name: value for name, value in vars(self).items() if not name.endswith("_graph")}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what was pickled."""
        vars(self).update(state)
        self._compile()

    def _compile(self) -> None:
        pixels = tf.TensorSpec([*self._tile_size, 3], tf.float32)
        cells = {layer: grams.specification(int(np.prod(self._grid(layer)))) for layer, grams in self._grams.items()}
        compute = tf.dtypes.as_dtype(self._network.compute_type)
        content = {
            layer: TileContent(tf.TensorSpec([None, None, channels], compute), tf.TensorSpec([3], tf.int32))
            for layer, channels in self._content.items()
        }
        gradients = {layer: tf.TensorSpec(self._gram_shape(layer), tf.float32) for layer in self._grams}
        of_patches = {
            layer: tf.TensorSpec([*self._grid(layer), self._channels(layer)], compute) for layer in self._patches
        }
        factors = {layer: tf.TensorSpec([None, None], tf.float32) for layer in content}
        self._patch_graph = tf.function(self._patch_features, input_signature=[pixels], autograph=False)
        self._first_graph = tf.function(
            self._observations, input_signature=[pixels, cells, content if self._limited else {}], autograph=False
        )
        self._second_graph = tf.function(
            self._gradient, input_signature=[pixels, cells, gradients, of_patches, content, factors], autograph=False
        )

    def _grid(self, layer: str) -> Size:
        return self._network.architecture.grid(self._tile_size, layer)

    def _channels(self, layer: str) -> int:
        return self._network.architecture.kernel_shape(layer)[-1]

    def _gram_shape(self, layer: str) -> tuple[int, int, int]:
        return len(self._grams[layer].divisors), self._channels(layer), self._channels(layer)

    def first(self, part: TilePart, pixels: Image) -> Sums:
        """Return what is summed over tiles before the second pass, from the pixels of a tile with its halo."""
        content = _as_constants(part.content) if self._limited else {}
        with self._memory():
            grams, squares = self._first_graph(_constant(pixels), _cells(part), content)
        return Sums(_as_arrays(grams), _as_arrays(squares))

    def second(
        self,
        part: TilePart,
        pixels: Image,
        gram_gradients: Mapping[str, NDArray[np.float32]],
        content_factors: Mapping[str, Mask],
    ) -> TileGradient:
        """Return the tile's part of the gradient; see `first`.

        `gram_gradients` (K, C, C) are the derivatives of the style term by the Gram matrices of the whole image, and
        `content_factors` those of the content term by the squared difference of each cell in the core, by layer.
        """
        distance, patch_gradients = 0.0, dict[str, Tensor]()
        with self._memory():
            if self._patches:
                features = self._patch_graph(_constant(pixels))
                distance, patch_gradients = patch_distances(features, part.patches, self._patches)
                del features
            content, gradient = self._second_graph(
                _constant(pixels),
                _cells(part),
                _as_constants(gram_gradients),
                patch_gradients,
                _as_constants(part.content),
                _as_constants(content_factors),
            )
        return TileGradient(gradient.numpy(), float(content), distance)

    @contextmanager
    def _memory(self) -> Iterator[None]:
        """Say in one sentence where memory ends."""
        try:
            yield
        except tf.errors.ResourceExhaustedError as error:
            height, width = self._tile_size
            raise MemoryError(f"tiles of {width}x{height} pixels need more memory than is available") from error

    def _patch_features(self, pixels: Tensor) -> dict[str, Tensor]:
        features = self._network(pixels)
        return {layer: features[layer] for layer in self._patches}

    def _observations(
        self, pixels: Tensor, cells: Mapping[str, TileCells], content: Mapping[str, TileContent]
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return a tile's part of the Gram matrices, and its squared differences from the content."""
        grams: dict[str, Tensor] = {}

        def observe(layer: str, features: Tensor) -> Tensor:
            if layer in cells:
                features, grams[layer] = observe_tile_grams(features, cells[layer], self._grams[layer].divisors)
            return features

        features = self._network(pixels, observe)
        return grams, self._squares(features, content)

    def _gradient(
        self,
        pixels: Tensor,
        cells: Mapping[str, TileCells],
        gram_gradients: Mapping[str, Tensor],
        patch_gradients: Mapping[str, Tensor],
        content: Mapping[str, TileContent],
        content_factors: Mapping[str, Tensor],
    ) -> tuple[Tensor, Tensor]:
        """Return a tile's weighted squared differences, and its part of the gradient of all terms on features."""
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(pixels)
            linear_forms = [tf.constant(0.0)]

            def observe(layer: str, features: Tensor) -> Tensor:
                if layer in cells:
                    features, form = observe_tile_grams(
                        features,
                        cells[layer],
                        self._grams[layer].divisors,
                        lambda grams: tf.reduce_sum(gram_gradients[layer] * grams),
                    )
                    linear_forms.append(form)
                if layer in patch_gradients:
                    features, form = add_gradient(features, patch_gradients[layer])
                    linear_forms.append(form)
                return features

            features = self._network(pixels, observe)
            squares = self._squares(features, content)
            weighted = [tf.reduce_sum(content_factors[layer] * each) for layer, each in squares.items()]
            total = tf.add_n([*weighted, *linear_forms])
        gradient = tape.gradient(total, pixels, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return tf.add_n([tf.constant(0.0), *weighted]), gradient

    def _squares(self, features: Mapping[str, Tensor], content: Mapping[str, TileContent]) -> dict[str, Tensor]:
        """Return the squared difference of each cell in the core of a tile from the content, by layer."""
        found = {}
        for layer, (stored, start) in content.items():
            target = tf.cast(stored, tf.float32)
            measured = self._network.measured(layer, features[layer])
            core = tf.cast(tf.slice(measured, start, tf.shape(target)), tf.float32)
            found[layer] = tf.reduce_sum(tf.square(core - target), axis=-1)
        return found


def _constant(array: NDArray[Any]) -> Tensor:
    return tf.constant(np.ascontiguousarray(array))


def _cells(part: TilePart) -> dict[str, TileCells]:
    return {layer: as_tensors(each) for layer, each in part.cells.items()}


def _as_constants(arrays: Any) -> Any:
    return tf.nest.map_structure(_constant, dict(arrays))


def _as_arrays(tensors: Mapping[str, Tensor]) -> dict[str, NDArray[np.float32]]:
    return {layer: each.numpy() for layer, each in tensors.items()}
