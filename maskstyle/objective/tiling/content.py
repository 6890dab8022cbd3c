"""The content term of images in tiles, whose target features wait in a temporary file instead of memory."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import OutputError
from maskstyle.images.pixels import Image, Mask, size_of
from maskstyle.networks.tensorflow import tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.terms import ContentTerm, LimitedContentTerm
from maskstyle.objective.tiling.cuts import CellSpan
from maskstyle.objective.tiling.forward import TiledNetwork
from maskstyle.objective.tiling.passes import TileContent


class StoredFeatures:
    """The features of one layer in an unnamed temporary file, which is deleted together with this object.

    `visible` is the weight of each cell in the mean of squares; 1 by default. Raises OutputError if the disk has too
    little space.
    """

    def __init__(self, shape: tuple[int, int, int], dtype: Any, visible: Mask | None = None) -> None:
        self.shape = shape
        self._visible = visible
        self._dtype = dtype
        self._file = tempfile.TemporaryFile(prefix="maskstyle-")  # noqa: SIM115 (open as long as this object lives)
        weakref.finalize(self, self._file.close)
        self._reserve(int(np.prod(shape)) * np.dtype(dtype).itemsize)
        self._squares = 0.0

    def _reserve(self, size: int) -> None:
        """Allocate the file now: a disk that fills up later would kill the process when a page is written."""
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(self._file.fileno(), 0, size)
            else:
                self._file.truncate(size)
        except OSError as error:
            raise OutputError(
                f"the features of the content image need {size / 1e6:,.0f} MB of disk space in "
                f"{tempfile.gettempdir()} ({error.strerror}); free some space there, or set TMPDIR to another folder"
            ) from error

    @property
    def mean_square(self) -> float:
        """Mean of the squares of all stored features, weighted by cell."""
        cells = (
            float(np.prod(self.shape[:2])) if self._visible is None else float(self._visible.sum(dtype=np.float64))
        )
        return self._squares / (cells * self.shape[2]) if cells else 0.0

    def put(self, rows: CellSpan, columns: CellSpan, values: NDArray[Any]) -> None:
        """Store the features of a rectangle."""
        # Map the file for this call only: mapped pages count as memory of the process.
        mapped = np.memmap(self._file, self._dtype, "r+", shape=self.shape)
        mapped[rows.first : rows.last, columns.first : columns.last] = values
        squares = np.square(values.astype(np.float32))
        if self._visible is not None:
            squares *= self._visible[rows.first : rows.last, columns.first : columns.last, np.newaxis]
        self._squares += float(np.sum(squares, dtype=np.float64))

    def get(self, rows: CellSpan, columns: CellSpan) -> NDArray[Any]:
        """Return the features of a rectangle."""
        mapped = np.memmap(self._file, self._dtype, "r", shape=self.shape)
        return np.array(mapped[rows.first : rows.last, columns.first : columns.last])


def stored_features(
    network: FeatureNetwork, image: Image, layers: Sequence[str], side: int, visible: Mapping[str, Mask] | None = None
) -> dict[str, StoredFeatures]:
    """Return the features of an image by layer, in the space in which the network measures distances."""
    tiled = TiledNetwork(network, layers, size_of(image), side)
    stored: dict[str, StoredFeatures] = {}
    for tile, blocks in tiled.blocks(image):
        for layer, block in blocks.items():
            values = network.measured(layer, block).numpy()
            grid = tiled.grid(layer)
            if layer not in stored:
                stored[layer] = StoredFeatures((*grid, values.shape[-1]), values.dtype, (visible or {}).get(layer))
            stored[layer].put(*tile.cells(grid), values)
    return stored


class TiledContent:
    """A content term, evaluated tile by tile; its targets are `StoredFeatures`."""

    def __init__(self, term: ContentTerm, tiled: TiledNetwork) -> None:
        self.term = term
        self._tiled = tiled

    @property
    def limited(self) -> bool:
        """Whether the term needs the squared differences of all tiles before its gradient."""
        return isinstance(self.term, LimitedContentTerm)

    @property
    def channels(self) -> dict[str, int]:
        """Channels of the features by layer."""
        return {layer: self._stored(layer).shape[-1] for layer, _ in self.term.layers}

    def of(self, number: int) -> dict[str, TileContent]:
        """Return the content of the tile with this number, by layer."""
        found = {}
        for layer, _ in self.term.layers:
            spans = self._tiled.tiles[number].cells(self._tiled.grid(layer))
            start = np.array([*(span.in_tile.start for span in spans), 0], np.int32)
            found[layer] = TileContent(self._stored(layer).get(*spans), start)
        return found

    def put(self, squares: dict[str, Mask], number: int, part: Mapping[str, Mask]) -> None:
        """Put the squared differences of the tile with this number into those of the whole image."""
        for layer, values in part.items():
            grid = self._tiled.grid(layer)
            rows, columns = self._tiled.tiles[number].cells(grid)
            whole = squares.setdefault(layer, np.zeros(grid, np.float32))
            whole[rows.first : rows.last, columns.first : columns.last] = values

    def factors(self, squares: Mapping[str, Mask]) -> tuple[float, dict[str, Mask]]:
        """Return the weighted value of the term, and its derivative by the squared difference of each cell.

        The squared differences are needed if the term is `limited`. Else the value is 0: the factors times the
        squared differences are the term.
        """
        if not isinstance(self.term, LimitedContentTerm):
            return 0.0, {layer: self._constant_factor(layer, weight) for layer, weight in self.term.layers}
        assert self.term.limits is not None
        parts = [self.term.distances(layer, tf.constant(squares[layer])) for layer, _ in self.term.layers]
        distances = tf.add_n(parts)
        with tf.GradientTape() as tape:
            tape.watch(distances)
            value = self.term.weight * self.term.limits.penalty(distances)
        slopes = tape.gradient(value, distances).numpy()
        weights = self.term.limits.weights
        return float(value), {
            layer: (slopes @ weights[layer]).reshape(self._tiled.grid(layer)) for layer, _ in self.term.layers
        }

    def factors_of(self, number: int, factors: Mapping[str, Mask]) -> dict[str, Mask]:
        """Return the factors in the core of the tile with this number, by layer."""
        found = {}
        for layer, whole in factors.items():
            rows, columns = self._tiled.tiles[number].cells(self._tiled.grid(layer))
            found[layer] = whole[rows.first : rows.last, columns.first : columns.last]
        return found

    def _constant_factor(self, layer: str, layer_weight: float) -> NDArray[np.float32]:
        stored = self._stored(layer)
        factor = self.term.weight * layer_weight * float(self.term.factor(layer, stored.shape, stored.mean_square))
        if self.term.visible is not None:
            return np.float32(factor) * self.term.visible[layer]
        return np.broadcast_to(np.float32(factor), self._tiled.grid(layer))

    def _stored(self, layer: str) -> StoredFeatures:
        stored = self.term.targets[layer]
        assert isinstance(stored, StoredFeatures)
        return stored
