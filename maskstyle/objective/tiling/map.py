"""The passes over all tiles of an image, in this process or on the workers of Dask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Image, Mask, size_of
from maskstyle.networks.tensorflow import tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.tiling.cuts import Tile
from maskstyle.objective.tiling.forward import TiledNetwork, layer_cells
from maskstyle.objective.tiling.grams import LayerCells, LayerGrams, Selection
from maskstyle.objective.tiling.passes import Sums, TileGradient, TilePart, TilePasses
from maskstyle.objective.workers import result_of, submitted

T = TypeVar("T")


class TileMap(Protocol):
    """Maps the passes over the tiles of images, in their order."""

    def split(self, image: Image) -> Sequence[Any]:
        """Return the pixels of each tile of an image, as the passes take them."""

    def first(self, pixels: Sequence[Any]) -> Iterator[Sums]:
        """Yield the result of the first pass over each tile."""

    def second(
        self,
        pixels: Sequence[Any],
        gram_gradients: Mapping[str, NDArray[np.float32]],
        content_factors: Callable[[int], Mapping[str, Mask]],
    ) -> Iterator[TileGradient]:
        """Yield the result of the second pass over each tile; `content_factors` are those of a tile by its number."""


def tile_map(
    passes: TilePasses, tiles: Sequence[Tile], part: Callable[[int], TilePart], client: Any = None
) -> TileMap:
    """Return what maps passes over tiles, in this process or on the workers of a client.

    `part` takes the number of a tile to what the passes need of it.
    """
    return _Here(passes, tiles, part) if client is None else _OnWorkers(passes, tiles, part, client)


class _Here:
    """Evaluates one tile after another; the part of a tile is made when its turn comes, to save memory."""

    def __init__(self, passes: TilePasses, tiles: Sequence[Tile], part: Callable[[int], TilePart]) -> None:
        self._passes, self._tiles, self._part = passes, tiles, part

    def split(self, image: Image) -> Sequence[Any]:
        return [image[tile.window] for tile in self._tiles]

    def first(self, pixels: Sequence[Any]) -> Iterator[Sums]:
        for number, own in enumerate(pixels):
            yield self._passes.first(self._part(number), own)

    def second(
        self,
        pixels: Sequence[Any],
        gram_gradients: Mapping[str, NDArray[np.float32]],
        content_factors: Callable[[int], Mapping[str, Mask]],
    ) -> Iterator[TileGradient]:
        for number, own in enumerate(pixels):
            yield self._passes.second(self._part(number), own, gram_gradients, content_factors(number))


class _OnWorkers:
    """Evaluates tiles on workers: each worker is sent the passes once, and the part of each tile goes to one worker.

    All of these are tasks that depend on each other. Dask evaluates a tile where its part is, and if that worker is
    lost, it does both again on another.
    """

    def __init__(
        self, passes: TilePasses, tiles: Sequence[Tile], part: Callable[[int], TilePart], client: Any
    ) -> None:
        self._client, self._tiles = client, tiles
        self._passes = self._task(_same, passes)
        self._parts = [self._task(_same, part(number)) for number in range(len(tiles))]

    def split(self, image: Image) -> Sequence[Any]:
        return [
            self._task(_beside, part, np.ascontiguousarray(image[tile.window]))
            for part, tile in zip(self._parts, self._tiles, strict=True)
        ]

    def first(self, pixels: Sequence[Any]) -> Iterator[Sums]:
        tasks = [
            self._task(TilePasses.first, self._passes, part, own)
            for part, own in zip(self._parts, pixels, strict=True)
        ]
        return self._results(tasks)

    def second(
        self,
        pixels: Sequence[Any],
        gram_gradients: Mapping[str, NDArray[np.float32]],
        content_factors: Callable[[int], Mapping[str, Mask]],
    ) -> Iterator[TileGradient]:
        gradients = self._task(_same, gram_gradients)
        tasks = [
            self._task(TilePasses.second, self._passes, part, own, gradients, content_factors(number))
            for number, (part, own) in enumerate(zip(self._parts, pixels, strict=True))
        ]
        return self._results(tasks)

    def _task(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return submitted(self._client, function, *arguments)

    def _results(self, tasks: list[Any]) -> Iterator[Any]:
        tasks.reverse()
        while tasks:  # what has arrived is no longer held by a worker
            yield result_of(self._client, tasks.pop())


def _same(value: T) -> T:
    return value


def _beside(part: TilePart, pixels: Image) -> Image:
    """Return the pixels of a tile; Dask calls this where the part of the tile is."""
    return pixels


def layer_grams(cells: Mapping[str, LayerCells], divisors: Mapping[str, Sequence[float]]) -> dict[str, LayerGrams]:
    """Return the Gram matrices of each layer, given their cells in each tile and their divisors."""
    return {layer: LayerGrams(tuple(divisors[layer]), each.levels, each.weighted) for layer, each in cells.items()}


def add_grams(totals: dict[str, NDArray[np.float64]], sums: Sums) -> None:
    """Add a tile's part of the Gram matrices to their sums over tiles."""
    for layer, part in sums.grams.items():
        totals[layer] = totals.get(layer, 0.0) + part.astype(np.float64)


def tiled_grams(
    network: FeatureNetwork,
    image: Image,
    selections: Mapping[str, Sequence[Selection]],
    divisors: Mapping[str, Sequence[float]],
    side: int,
    client: Any = None,
) -> dict[str, NDArray[np.float32]]:
    """Return the Gram matrices (K, C, C) of an image by layer, computed tile by tile, of about `side` pixels.

    They are in the space in which the network measures distances; see ``network.measured_gram``. Each has its cells
    and its divisor. For the client see `tile_map`.
    """
    tiled = TiledNetwork(network, list(selections), size_of(image), side)
    cells = layer_cells(tiled, selections)
    passes = TilePasses(network, tiled.tile_size, layer_grams(cells, divisors))

    def part(number: int) -> TilePart:
        return TilePart({layer: each.of(number) for layer, each in cells.items()})

    tiles = tile_map(passes, tiled.tiles, part, client)
    totals: dict[str, NDArray[np.float64]] = {}
    for sums in tiles.first(tiles.split(image)):
        add_grams(totals, sums)
    return {
        layer: network.measured_gram(layer, tf.constant(each, tf.float32)).numpy() for layer, each in totals.items()
    }
