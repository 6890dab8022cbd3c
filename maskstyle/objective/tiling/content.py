"""The content term of images in tiles."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Mask
from maskstyle.networks.tensorflow import tf
from maskstyle.objective.terms import ContentTerm, LimitedContentTerm
from maskstyle.objective.tiling.forward import TiledNetwork
from maskstyle.objective.tiling.passes import TileContent
from maskstyle.objective.tiling.stored import StoredFeatures


class TiledContent:
    """A content term, evaluated tile by tile.

    Parameters
    ----------
    term : ContentTerm
        The term; its targets are `StoredFeatures`.
    tiled : TiledNetwork
        The network and the tiles.
    """

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

        Parameters
        ----------
        squares : mapping of str to (H_l, W_l) float32 array
            The squared differences, if the term is `limited`. Else the value is 0: the factors times the squared
            differences are the term.
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
