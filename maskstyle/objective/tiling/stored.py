"""Content features of a large image, in a temporary file instead of memory."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import OutputError
from maskstyle.images.pixels import Image, size_of
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

    Raises
    ------
    OutputError
        If the disk has too little space.
    """

    def __init__(self, shape: tuple[int, int, int], dtype: Any) -> None:
        self.shape = shape
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
                f"the features of the content image need {size / 1e9:.2f} GB of disk space in "
                f"{tempfile.gettempdir()} ({error.strerror}); free some space there, or set TMPDIR to another folder"
            ) from error

    @property
    def mean_square(self) -> float:
        """Mean of the squares of all stored features."""
        return self._squares / float(np.prod(self.shape))

    def put(self, rows: CellSpan, columns: CellSpan, values: NDArray[Any]) -> None:
        """Store the features of a rectangle."""
        # Map the file for this call only: mapped pages count as memory of the process.
        mapped = np.memmap(self._file, self._dtype, "r+", shape=self.shape)
        mapped[rows.first : rows.last, columns.first : columns.last] = values
        self._squares += float(np.sum(np.square(values.astype(np.float32)), dtype=np.float64))

    def get(self, rows: CellSpan, columns: CellSpan) -> NDArray[Any]:
        """Return the features of a rectangle."""
        mapped = np.memmap(self._file, self._dtype, "r", shape=self.shape)
        return np.array(mapped[rows.first : rows.last, columns.first : columns.last])


def stored_features(
    network: FeatureNetwork, image: Image, layers: Sequence[str], side: int
) -> dict[str, StoredFeatures]:
    """Return the features of an image by layer, in the space in which the network measures distances."""
    tiled = TiledNetwork(network, layers, size_of(image), side)
    stored: dict[str, StoredFeatures] = {}
    for tile, blocks in tiled.blocks(image):
        for layer, block in blocks.items():
            values = network.measured(layer, block).numpy()
            grid = tiled.grid(layer)
            if layer not in stored:
                stored[layer] = StoredFeatures((*grid, values.shape[-1]), values.dtype)
            stored[layer].put(*tile.cells(grid), values)
    return stored
