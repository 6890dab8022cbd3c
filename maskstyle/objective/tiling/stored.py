"""Features of a large image, kept in a temporary file instead of memory."""

from __future__ import annotations

import os
import tempfile
import weakref
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import OutputError
from maskstyle.images.pixels import Image
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.tiling.cuts import CellSpan
from maskstyle.objective.tiling.forward import TiledNetwork


class StoredFeatures:
    """The features of one layer, (H_l, W_l, C), in a file without a name that goes when nobody needs it any more.

    Parameters
    ----------
    shape : (H_l, W_l, C)
        Of the features.
    dtype : dtype
        Their type.
    """

    def __init__(self, shape: tuple[int, int, int], dtype: Any) -> None:
        self.shape = shape
        self._dtype = dtype
        self._file = tempfile.TemporaryFile(prefix="maskstyle-")
        weakref.finalize(self, self._file.close)
        self._reserve(int(np.prod(shape)) * np.dtype(dtype).itemsize)
        self._squares = 0.0

    def _reserve(self, size: int) -> None:
        """Take the room now: a disk that is full later would end the process when a page is written."""
        try:
            if hasattr(os, "posix_fallocate"):
                os.posix_fallocate(self._file.fileno(), 0, size)
            else:
                self._file.truncate(size)
        except OSError as error:
            raise OutputError(
                f"the content's features need {size / 1e9:.2f} GB of disk in {tempfile.gettempdir()} "
                f"({error.strerror}); make room, or let the variable TMPDIR name another folder"
            ) from error

    @property
    def mean_square(self) -> float:
        """Mean of the squares of all features that were put in."""
        return self._squares / float(np.prod(self.shape))

    def put(self, rows: CellSpan, columns: CellSpan, values: NDArray[Any]) -> None:
        """Put in the features of a rectangle."""
        # Mapped for as long as it takes: mapped pages count as memory.
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
    """Return the features of an image by layer, in the space in which distances are measured."""
    tiled = TiledNetwork(network, layers, (image.shape[0], image.shape[1]), side)
    found: dict[str, StoredFeatures] = {}
    for tile, blocks in tiled.blocks(image):
        for layer, block in blocks.items():
            values = network.measured(layer, block).numpy()
            grid = tiled.grid(layer)
            if layer not in found:
                found[layer] = StoredFeatures((*grid, values.shape[-1]), values.dtype)
            found[layer].put(*tile.cells(grid), values)
    return found
