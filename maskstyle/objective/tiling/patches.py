"""The patch term of large images, tile by tile: a patch belongs to the tile with its first cell in the core."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from maskstyle.guidance.patches import Patches
from maskstyle.networks.architectures import Architecture
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.objective.patch_gram import (
    PatchPlaces,
    PatchTarget,
    StyleCells,
    StyleGrams,
    observe_patch_distance,
)
from maskstyle.objective.terms import PatchTerm
from maskstyle.objective.tiling.cuts import Tile, stride

if TYPE_CHECKING:
    from maskstyle.objective.tiling.forward import TiledNetwork


class PatchStyle(NamedTuple):
    """What the patches of all tiles share at a layer."""

    factor: float  # weight of the term and of the layer
    # See `PatchTarget`.
    style: StyleGrams | StyleCells
    metric: Tensor | None


def reach(term: PatchTerm, architecture: Architecture) -> int:
    """Return the largest extent of a patch, in pixels."""
    return max(
        (max(target.places.patches.shape) * stride(architecture, layer) for layer, target in term.targets.items()),
        default=0,
    )


class TiledPatches:
    """The patch term of a whole image, split among tiles.

    Their halo contains every patch that starts in the core; see `reach`.
    """

    def __init__(self, term: PatchTerm, tiled: TiledNetwork) -> None:
        self.term = term
        targets = {layer: (weight, term.targets[layer]) for layer, weight in term.layers if layer in term.targets}
        self.styles = {
            layer: PatchStyle(term.weight * weight, target.style, target.metric)
            for layer, (weight, target) in targets.items()
        }
        self._places = [
            {layer: _within(target, tile, tiled, layer) for layer, (_, target) in targets.items()}
            for tile in tiled.tiles
        ]

    def of(self, number: int) -> dict[str, PatchPlaces | None]:
        """Return the patches that start in the core of the tile with this number, by layer."""
        return self._places[number]


def patch_distances(
    features: Mapping[str, Tensor], places: Mapping[str, PatchPlaces | None], styles: Mapping[str, PatchStyle]
) -> tuple[float, dict[str, Tensor]]:
    """Return a tile's part of the weighted term, and its gradient with respect to the features by layer."""
    total, gradients = 0.0, {}
    for layer, (factor, style, metric) in styles.items():
        own, values = places[layer], features[layer]
        if own is None:
            gradients[layer] = tf.zeros_like(values)
            continue
        with tf.GradientTape() as tape:
            tape.watch(values)
            _, distance = observe_patch_distance(values, PatchTarget(own, style, metric))
            value = factor * distance
        total += float(value)
        gradients[layer] = tape.gradient(value, values)
    return total, gradients


def _within(target: PatchTarget, tile: Tile, tiled: TiledNetwork, layer: str) -> PatchPlaces | None:
    """Return the patches that start in the core of a tile, on the tile's own grid; None if none does."""
    rows, columns = tile.cells(tiled.grid(layer))
    patches = target.places.patches
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
    return target.places.within(in_tile, chosen, target.style.channels)
