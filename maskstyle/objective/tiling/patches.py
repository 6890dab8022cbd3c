"""The patch term of large images, tile by tile: a patch counts in the tile that counts its first cell."""

from __future__ import annotations

import numpy as np

from maskstyle.guidance.patches import Patches
from maskstyle.networks.architectures import Architecture
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.objective.patch_gram import PatchTarget, observe_patch_distance
from maskstyle.objective.terms import PatchTerm
from maskstyle.objective.tiling.cuts import Tile, cell_side
from maskstyle.objective.tiling.forward import TiledNetwork


def reach(term: PatchTerm, architecture: Architecture) -> int:
    """Return how many pixels a patch goes on at most from its first cell."""
    return max(
        (max(target.patches.shape) * cell_side(architecture, layer) for layer, target in term.targets.items()),
        default=0,
    )


class TiledPatches:
    """The patches of each tile.

    Parameters
    ----------
    term : PatchTerm
        The term for the whole image.
    tiled : TiledNetwork
        The tiles, which see all of the patches that begin in what they count.
    """

    def __init__(self, term: PatchTerm, tiled: TiledNetwork) -> None:
        self.term = term
        self._tiled = tiled
        self.layers = tuple(layer for layer, _ in term.layers if layer in term.targets)
        self._shares = dict(term.layers)
        self._targets = [
            {layer: _within(term.targets[layer], tile, tiled, layer) for layer in self.layers} for tile in tiled.tiles
        ]

    def distances(self, features: dict[str, Tensor], number: int) -> tuple[float, dict[str, Tensor]]:
        """Return a tile's part of the weighted term, and its gradient in the tile's features by layer."""
        total, slopes = 0.0, {}
        for layer in self.layers:
            target = self._targets[number][layer]
            own = features[layer]
            if target is None:
                slopes[layer] = tf.zeros_like(own)
                continue
            with tf.GradientTape() as tape:
                tape.watch(own)
                _, found = observe_patch_distance(own, target)
                value = self.term.weight * self._shares[layer] * found
            total += float(value)
            slopes[layer] = tape.gradient(value, own)
        return total, slopes


def _within(target: PatchTarget, tile: Tile, tiled: TiledNetwork, layer: str) -> PatchTarget | None:
    """Return the patches that begin in what a tile counts, on the tile's own grid; None where there is none."""
    rows, columns = tile.cells(tiled.grid(layer))
    patches = target.patches
    tops, lefts = (
        [place for place, start in enumerate(starts) if span.first <= start < span.last]
        for starts, span in ((patches.tops, rows), (patches.lefts, columns))
    )
    if not tops or not lefts:
        return None
    own = Patches(
        tiled.tile_grid(layer),
        patches.shape,
        tuple(patches.tops[place] - rows.start for place in tops),
        tuple(patches.lefts[place] - columns.start for place in lefts),
    )
    chosen = np.add.outer(np.array(tops) * len(patches.lefts), np.array(lefts)).ravel()
    return target.within(own, chosen)
