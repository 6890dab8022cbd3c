"""One forward pass over the tiles of an image: its features, and its Gram matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Image, Size
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.tiling.cuts import Tile, cell_side, cut_tiles, halo
from maskstyle.objective.tiling.grams import as_tensors, observe_tile_grams, specification
from maskstyle.objective.tiling.members import LayerMembers, Members, Selection


class TiledNetwork:
    """A network with the tiles in which it sees images of one size.

    Parameters
    ----------
    network : FeatureNetwork
        Where the features come from.
    layers : sequence of str
        The layers wanted.
    size : (height, width)
        The images'.
    side : int
        How many pixels a tile sees along each axis, about.
    beyond : int
        Pixels that a tile must see around those that its outermost cells see.
    """

    def __init__(
        self, network: FeatureNetwork, layers: Sequence[str], size: Size, side: int, *, beyond: int = 0
    ) -> None:
        self.network = network
        self.layers = tuple(layers)
        self.size = size
        shape = network.architecture
        cell = max((cell_side(shape, layer) for layer in layers), default=1)
        self.tiles = cut_tiles(size, side, around=halo(shape, layers) + beyond, cell=cell)
        first = self.tiles[0]
        self.tile_size = (first.rows.stop - first.rows.start, first.columns.stop - first.columns.start)
        self._features = tf.function(self._layer_features, autograph=False)

    def grid(self, layer: str) -> Size:
        """Return a layer's grid for the whole image."""
        return self.network.architecture.grid(self.size, layer)

    def tile_grid(self, layer: str) -> Size:
        """Return a layer's grid for a tile."""
        return self.network.architecture.grid(self.tile_size, layer)

    def tile_specification(self) -> Any:
        """Return the tensor specification of a tile's pixels."""
        return tf.TensorSpec([*self.tile_size, 3], tf.float32)

    def features(self, image: Image, tile: Tile) -> dict[str, Tensor]:
        """Return the features (h, w, C) of a tile by layer; those near its edges are not the whole image's."""
        return self._features(pixels_of(image, tile))  # type: ignore[no-any-return]

    def _layer_features(self, pixels: Tensor) -> dict[str, Tensor]:
        features = self.network(pixels)
        return {layer: features[layer] for layer in self.layers}

    def blocks(self, image: Image) -> Iterator[tuple[Tile, dict[str, Tensor]]]:
        """Yield the features that each tile counts, by layer."""
        for tile in self.tiles:
            found = {}
            for layer, features in self.features(image, tile).items():
                rows, columns = tile.cells(self.grid(layer))
                found[layer] = features[rows.own, columns.own]
            yield tile, found


def pixels_of(image: Image, tile: Tile) -> Tensor:
    """Return what the network sees of an image, a float32 tensor."""
    return tf.constant(np.ascontiguousarray(image[tile.seen]))


class TiledGrams:
    """The Gram matrices of images of one size, summed up over their tiles.

    Parameters
    ----------
    tiled : TiledNetwork
        The network and its tiles.
    members : mapping of str to LayerMembers
        Which cells enter which Gram matrix, by layer.
    divisors : mapping of str to sequence of float
        What each Gram matrix is divided by.
    """

    def __init__(
        self,
        tiled: TiledNetwork,
        members: Mapping[str, LayerMembers],
        divisors: Mapping[str, Sequence[float]],
    ) -> None:
        self.tiled = tiled
        self.members = members
        self.divisors = divisors
        signature = [tiled.tile_specification(), self.specification()]
        self._graph = tf.function(self._grams, input_signature=signature, autograph=False)

    def specification(self) -> dict[str, Members]:
        """Return the tensor specifications of `members_of` a tile."""
        return {
            layer: specification(
                each.levels,
                int(np.prod(self.tiled.tile_grid(layer))),
                len(self.divisors[layer]),
                weighted=each.weighted,
            )
            for layer, each in self.members.items()
        }

    def members_of(self, number: int) -> dict[str, Members]:
        """Return the members of a tile, given by its number, as tensors."""
        return {layer: as_tensors(each.of(number)) for layer, each in self.members.items()}

    def __call__(self, image: Image, begin_tile: Callable[[], None] | None = None) -> dict[str, NDArray[np.float64]]:
        """Return the Gram matrices (K, C, C) of an image by layer; `begin_tile` is called before each tile."""
        totals: dict[str, NDArray[np.float64]] = {}
        for number, tile in enumerate(self.tiled.tiles):
            if begin_tile is not None:
                begin_tile()
            for layer, part in self._graph(pixels_of(image, tile), self.members_of(number)).items():
                totals[layer] = totals.get(layer, 0.0) + part.numpy().astype(np.float64)
        return totals

    def _grams(self, pixels: Tensor, members: Mapping[str, Members]) -> dict[str, Tensor]:
        found = {}

        def observe(layer: str, features: Tensor) -> Tensor:
            if layer in members:
                features, found[layer] = observe_tile_grams(features, members[layer], self.divisors[layer])
            return features

        self.tiled.network(pixels, observe)
        return found


def tiled_grams(
    network: FeatureNetwork,
    image: Image,
    selections: Mapping[str, Sequence[Selection]],
    divisors: Mapping[str, Sequence[float]],
    side: int,
) -> dict[str, NDArray[np.float32]]:
    """Return the Gram matrices (K, C, C) of selections of an image's cells, in the space of distances.

    Parameters
    ----------
    network : FeatureNetwork
        Where the features come from.
    image : (H, W, 3) float32 array
        In [0, 1].
    selections : mapping of str to sequence of Selection
        By layer.
    divisors : mapping of str to sequence of float
        What each is divided by.
    side : int
        How many pixels a tile sees along each axis, about.
    """
    tiled = TiledNetwork(network, list(selections), (image.shape[0], image.shape[1]), side)
    grams = TiledGrams(tiled, layer_members(tiled, selections), divisors)(image)
    return {
        layer: network.measured_gram(layer, tf.constant(found, tf.float32)).numpy() for layer, found in grams.items()
    }


def whole_features(network: FeatureNetwork, image: Image, layers: Sequence[str], side: int) -> dict[str, Tensor]:
    """Return the features (H_l, W_l, C_l) of an image by layer, put together from its tiles."""
    tiled = TiledNetwork(network, layers, (image.shape[0], image.shape[1]), side)
    found: dict[str, NDArray[Any]] = {}
    for tile, blocks in tiled.blocks(image):
        for layer, block in blocks.items():
            values = block.numpy()
            grid = tiled.grid(layer)
            if layer not in found:
                found[layer] = np.empty((*grid, values.shape[-1]), values.dtype)
            rows, columns = tile.cells(grid)
            found[layer][rows.first : rows.last, columns.first : columns.last] = values
    return {layer: tf.constant(found.pop(layer)) for layer in layers}


def layer_members(tiled: TiledNetwork, selections: Mapping[str, Sequence[Selection]]) -> dict[str, LayerMembers]:
    """Return which cells of each tile enter which Gram matrix, by layer."""
    return {
        layer: LayerMembers(found, tiled.grid(layer), tiled.tile_grid(layer), tiled.tiles)
        for layer, found in selections.items()
    }
