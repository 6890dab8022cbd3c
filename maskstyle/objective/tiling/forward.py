"""Forward passes over the tiles of an image: its features and its Gram matrices."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Image, Size, size_of
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.tiling.cuts import Tile, cut_tiles, halo, stride
from maskstyle.objective.tiling.grams import as_tensors, observe_tile_grams, specification
from maskstyle.objective.tiling.tile_cells import LayerCells, Selection, TileCells


class TiledNetwork:
    """A network and the tiles of images of one size.

    Parameters
    ----------
    network : FeatureNetwork
        The feature network.
    layers : sequence of str
        The layers to compute.
    size : (height, width)
        Size of the images.
    side : int
        Approximate maximum side of a tile, in pixels.
    beyond : int
        Pixels to add to the halo, beyond the receptive fields of the core's cells.
    """

    def __init__(
        self, network: FeatureNetwork, layers: Sequence[str], size: Size, side: int, *, beyond: int = 0
    ) -> None:
        self.network = network
        self.layers = tuple(layers)
        self.size = size
        shape = network.architecture
        cell = max((stride(shape, layer) for layer in layers), default=1)
        self.tiles = cut_tiles(size, side, around=halo(shape, layers) + beyond, cell=cell)
        first = self.tiles[0]
        self.tile_size = (first.rows.stop - first.rows.start, first.columns.stop - first.columns.start)
        self._features = tf.function(self._layer_features, autograph=False)

    def grid(self, layer: str) -> Size:
        """Return the grid of a layer for the whole image."""
        return self.network.architecture.grid(self.size, layer)

    def tile_grid(self, layer: str) -> Size:
        """Return the grid of a layer for a tile."""
        return self.network.architecture.grid(self.tile_size, layer)

    def tile_specification(self) -> Any:
        """Return the tensor specification of the pixels of a tile."""
        return tf.TensorSpec([*self.tile_size, 3], tf.float32)

    def features(self, image: Image, tile: Tile) -> dict[str, Tensor]:
        """Return the features (h, w, C) of a tile by layer; in the halo they differ from those of the whole image."""
        return self._features(pixels_of(image, tile))  # type: ignore[no-any-return]

    def _layer_features(self, pixels: Tensor) -> dict[str, Tensor]:
        features = self.network(pixels)
        return {layer: features[layer] for layer in self.layers}

    def blocks(self, image: Image) -> Iterator[tuple[Tile, dict[str, Tensor]]]:
        """Yield each tile with the features in its core, by layer."""
        for tile in self.tiles:
            core = {}
            for layer, features in self.features(image, tile).items():
                rows, columns = tile.cells(self.grid(layer))
                core[layer] = features[rows.in_tile, columns.in_tile]
            yield tile, core


def pixels_of(image: Image, tile: Tile) -> Tensor:
    """Return the pixels of a tile, a float32 tensor."""
    return tf.constant(np.ascontiguousarray(image[tile.window]))


class TiledGrams:
    """The Gram matrices of images of one size, summed over tiles.

    Parameters
    ----------
    tiled : TiledNetwork
        The network and the tiles.
    cells : mapping of str to LayerCells
        The cells of each Gram matrix in each tile, by layer.
    divisors : mapping of str to sequence of float
        Divisor of each Gram matrix, by layer.
    """

    def __init__(
        self,
        tiled: TiledNetwork,
        cells: Mapping[str, LayerCells],
        divisors: Mapping[str, Sequence[float]],
    ) -> None:
        self.tiled = tiled
        self.cells = cells
        self.divisors = divisors
        signature = [tiled.tile_specification(), self.specification()]
        self._graph = tf.function(self._grams, input_signature=signature, autograph=False)

    def specification(self) -> dict[str, TileCells]:
        """Return the tensor specifications of the result of `cells_of`."""
        return {
            layer: specification(
                each.levels,
                int(np.prod(self.tiled.tile_grid(layer))),
                len(self.divisors[layer]),
                weighted=each.weighted,
            )
            for layer, each in self.cells.items()
        }

    def cells_of(self, number: int) -> dict[str, TileCells]:
        """Return the cells of the tile with this number as tensors, by layer."""
        return {layer: as_tensors(each.of(number)) for layer, each in self.cells.items()}

    def __call__(self, image: Image) -> dict[str, NDArray[np.float64]]:
        """Return the Gram matrices (K, C, C) of an image by layer."""
        totals: dict[str, NDArray[np.float64]] = {}
        for number, tile in enumerate(self.tiled.tiles):
            for layer, part in self._graph(pixels_of(image, tile), self.cells_of(number)).items():
                totals[layer] = totals.get(layer, 0.0) + part.numpy().astype(np.float64)
        return totals

    def _grams(self, pixels: Tensor, cells: Mapping[str, TileCells]) -> dict[str, Tensor]:
        grams: dict[str, Tensor] = {}
        self.tiled.network(pixels, self.observer(cells, grams))
        return grams

    def observer(self, cells: Mapping[str, TileCells], grams: dict[str, Tensor]) -> Callable[[str, Tensor], Tensor]:
        """Return an observer of the network that puts a tile's part of the Gram matrices into `grams`."""

        def observe(layer: str, features: Tensor) -> Tensor:
            if layer in cells:
                features, grams[layer] = observe_tile_grams(features, cells[layer], self.divisors[layer])
            return features

        return observe


def tiled_grams(
    network: FeatureNetwork,
    image: Image,
    selections: Mapping[str, Sequence[Selection]],
    divisors: Mapping[str, Sequence[float]],
    side: int,
) -> dict[str, NDArray[np.float32]]:
    """Return the Gram matrices (K, C, C) of an image by layer, computed tile by tile.

    They are in the space in which the network measures distances; see ``network.measured_gram``.

    Parameters
    ----------
    network : FeatureNetwork
        The feature network.
    image : (H, W, 3) float32 array
        RGB in [0, 1].
    selections : mapping of str to sequence of Selection
        The cells of each of the K Gram matrices, by layer.
    divisors : mapping of str to sequence of float
        Divisor of each Gram matrix, by layer.
    side : int
        Approximate maximum side of a tile, in pixels.
    """
    tiled = TiledNetwork(network, list(selections), size_of(image), side)
    grams = TiledGrams(tiled, layer_cells(tiled, selections), divisors)(image)
    return {
        layer: network.measured_gram(layer, tf.constant(each, tf.float32)).numpy() for layer, each in grams.items()
    }


def whole_features(network: FeatureNetwork, image: Image, layers: Sequence[str], side: int) -> dict[str, Tensor]:
    """Return the features (H_l, W_l, C_l) of a whole image by layer, computed tile by tile."""
    tiled = TiledNetwork(network, layers, size_of(image), side)
    whole: dict[str, NDArray[Any]] = {}
    for tile, blocks in tiled.blocks(image):
        for layer, block in blocks.items():
            values = block.numpy()
            grid = tiled.grid(layer)
            if layer not in whole:
                whole[layer] = np.empty((*grid, values.shape[-1]), values.dtype)
            rows, columns = tile.cells(grid)
            whole[layer][rows.first : rows.last, columns.first : columns.last] = values
    return {layer: tf.constant(whole.pop(layer)) for layer in layers}


def layer_cells(tiled: TiledNetwork, selections: Mapping[str, Sequence[Selection]]) -> dict[str, LayerCells]:
    """Return the cells of each Gram matrix in each tile, by layer."""
    return {
        layer: LayerCells(each, tiled.grid(layer), tiled.tile_grid(layer), tiled.tiles)
        for layer, each in selections.items()
    }
