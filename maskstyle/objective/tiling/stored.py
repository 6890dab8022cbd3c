"""Content features of a large image, in a temporary file instead of memory."""

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
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.tiling.cuts import CellSpan
from maskstyle.objective.tiling.forward import TiledNetwork


class StoredFeatures:
    """The features of one layer in an unnamed temporary file, which is deleted together with this object.

    Parameters
    ----------
    shape : (H_l, W_l, C)
        Shape of the features.
    dtype : dtype
        Type of the features.
    visible : (H_l, W_l) float32 array, optional
        Weight of each cell in the mean of squares; 1 by default.

    Raises
    ------
    OutputError
        If the disk has too little space.
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
