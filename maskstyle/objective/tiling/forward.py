"""Forward passes over the tiles of an image: its features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Image, Size, size_of
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.tiling.cuts import Tile, cut_tiles, halo, stride
from maskstyle.objective.tiling.grams import LayerCells, Selection


class TiledNetwork:
    """A network and the tiles, of about `side` pixels, of images of one size.

    The halo has `beyond` more pixels than the receptive fields of the core's cells.
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

    def _layer_features(self, pixels: Tensor) -> dict[str, Tensor]:
        features = self.network(pixels)
        return {layer: features[layer] for layer in self.layers}

    def blocks(self, image: Image) -> Iterator[tuple[Tile, dict[str, Tensor]]]:
        """Yield each tile with the features in its core, by layer."""
        for tile in self.tiles:
            core = {}
            pixels = tf.constant(np.ascontiguousarray(image[tile.window]))
            for layer, features in self._features(pixels).items():
                rows, columns = tile.cells(self.grid(layer))
                core[layer] = features[rows.in_tile, columns.in_tile]
            yield tile, core


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
