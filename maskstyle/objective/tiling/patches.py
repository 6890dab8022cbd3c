"""The patch term of large images, tile by tile: a patch belongs to the tile with its first cell in the core."""

from __future__ import annotations

import numpy as np

from maskstyle.guidance.patches import Patches
from maskstyle.networks.architectures import Architecture
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.objective.patch_gram import PatchTarget, observe_patch_distance
from maskstyle.objective.terms import PatchTerm
from maskstyle.objective.tiling.cuts import Tile, stride
from maskstyle.objective.tiling.forward import TiledNetwork


def reach(term: PatchTerm, architecture: Architecture) -> int:
    """Return the largest extent of a patch, in pixels."""
    return max(
        (max(target.patches.shape) * stride(architecture, layer) for layer, target in term.targets.items()),
        default=0,
    )


class TiledPatches:
    """The patch term, split among tiles.

    Parameters
    ----------
    term : PatchTerm
        The term for the whole image.
    tiled : TiledNetwork
        The network and the tiles, with a halo that contains every patch that starts in the core; see `reach`.
    """

    def __init__(self, term: PatchTerm, tiled: TiledNetwork) -> None:
        self.term = term
        self._tiled = tiled
        self.layers = tuple(layer for layer, _ in term.layers if layer in term.targets)
        self._layer_weights = dict(term.layers)
        self._targets = [
            {layer: _within(term.targets[layer], tile, tiled, layer) for layer in self.layers} for tile in tiled.tiles
        ]

    def distances(self, features: dict[str, Tensor], number: int) -> tuple[float, dict[str, Tensor]]:
        """Return a tile's part of the weighted term, and its gradient with respect to the features by layer."""
        total, gradients = 0.0, {}
        for layer in self.layers:
            target = self._targets[number][layer]
            values = features[layer]
            if target is None:
                gradients[layer] = tf.zeros_like(values)
                continue
            with tf.GradientTape() as tape:
                tape.watch(values)
                _, distance = observe_patch_distance(values, target)
                value = self.term.weight * self._layer_weights[layer] * distance
            total += float(value)
            gradients[layer] = tape.gradient(value, values)
        return total, gradients


def _within(target: PatchTarget, tile: Tile, tiled: TiledNetwork, layer: str) -> PatchTarget | None:
    """Return the target of the patches that start in the core of a tile, on the tile's own grid, or None."""
    rows, columns = tile.cells(tiled.grid(layer))
    patches = target.patches
    tops, lefts = (
        [place for place, start in enumerate(starts) if span.first <= start < span.last]
        for starts, span in ((patches.tops, rows), (patches.lefts, columns))
    )
    if not tops or not lefts:
        return None
    in_tile = Patches(
        tiled.tile_grid(layer),
        patches.shape,
        tuple(patches.tops[place] - rows.start for place in tops),
        tuple(patches.lefts[place] - columns.start for place in lefts),
    )
    chosen = np.add.outer(np.array(tops) * len(patches.lefts), np.array(lefts)).ravel()
    return target.within(in_tile, chosen)
