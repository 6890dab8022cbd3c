"""The cells of each layer's grid that a placement weights, in the picture and in its style image; NumPy only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.regions import Labels, region_cells, shares_at, soft_cells, split_cells
from maskstyle.guidance.soft_masks import soft_weights
from maskstyle.images.pixels import Mask, Size, resize_labels
from maskstyle.maps.semantic_map import SemanticMap

PARTS = WHOLE, INSIDE, BORDER = ("whole", "inside", "border")
"""The parts of a region that may have a Gram matrix of their own."""


class CellWeights(NamedTuple):
    """The cells of a layer's grid that enter one Gram matrix."""

    divisor: float  # divisor of the Gram matrix: the number of cells, or the sum of the mask
    cells: NDArray[np.int32] | None = None  # (M,): flat indices in ascending order; by default, all cells
    weights: Mask | None = None  # instead, the weight of every cell, at least 0

    @property
    def whole(self) -> bool:
        """Whether they are all cells, each with the weight 1."""
        return self.cells is None and self.weights is None


K = TypeVar("K")

Grids: TypeAlias = Mapping[str, Size]
"""The (height, width) of the grid by layer."""

PartCells: TypeAlias = dict[str, dict[str, CellWeights]]
"""Cells by layer and part, without parts that vanish on the grid of a layer."""


def every_cell(grids: Grids) -> PartCells:
    """Return all cells of each layer."""
    return {layer: {WHOLE: CellWeights(float(height * width))} for layer, (height, width) in grids.items()}


def mask_cells(mask: Mask, grids: Grids, *, exponent: float) -> PartCells:
    """Return the cells under a soft mask by layer, computed once for each grid.

    `exponent` is as in `maskstyle.guidance.soft_masks.soft_weights`.
    """
    found = {grid: soft_weights(mask, grid, exponent=exponent) for grid in set(grids.values())}
    return {
        layer: {WHOLE: CellWeights(found[grid][1], weights=found[grid][0])}
        for layer, grid in grids.items()
        if found[grid][1] > 0 and found[grid][0].any()
    }


def map_cells(
    semantic_map: SemanticMap,
    size: Size,
    regions: Sequence[int],
    grids: Grids,
    receptive_fields: Mapping[str, int],
    *,
    propagation: str,
    margin: int = 0,
    soft: bool = False,
) -> dict[int, PartCells]:
    """Return the cells of the regions of a map of an image by label; see `maskstyle.guidance.regions.region_cells`.

    The propagation ``split`` is ``simple`` with the inside and the border beside. The grids include the margin:
    mirrored pixels around the image. With `soft`, blended pixels weigh by their share of each region, instead of each
    pixel belonging to one region.
    """
    ordered = sorted(set(regions))
    found: dict[int, PartCells] = {region: {layer: {} for layer in grids} for region in ordered}
    if soft:
        shares, labels = shares_at(semantic_map, size), resize_labels(semantic_map.labels, size)
        by_grid = {grid: soft_cells(shares, labels, grid, ordered) for grid in set(grids.values())}
        for layer, grid in grids.items():
            for region, weights in zip(ordered, by_grid[grid], strict=True):
                if weights.any():
                    total = float(weights.sum(dtype=np.float64))
                    found[region][layer][WHOLE] = CellWeights(total, weights=weights)
        return found
    labels = resize_labels(semantic_map.labels, size)
    return label_cells(labels, ordered, grids, receptive_fields, propagation=propagation, margin=margin)


def label_cells(
    labels: Labels,
    regions: Sequence[int],
    grids: Grids,
    receptive_fields: Mapping[str, int],
    *,
    propagation: str,
    margin: int = 0,
) -> dict[int, PartCells]:
    """Return the cells of regions by label; see `map_cells`."""
    found: dict[int, PartCells] = {region: {layer: {} for layer in grids} for region in regions}
    for layer, grid in grids.items():
        parts = _hard_cells(labels, grid, regions, receptive_fields[layer], propagation, margin)
        for (region, part), cells in parts.items():
            if len(cells):
                found[region][layer][part] = CellWeights(float(len(cells)), cells=cells)
    return found


def visible_cells(
    cells: Mapping[str, Mapping[K, CellWeights]], alpha: Mask | None, grids: Grids
) -> dict[str, dict[K, CellWeights]]:
    """Multiply cells, by layer and any key, by the mean alpha of each cell; those that are invisible are left out.

    Weights that are 0 or 1 become cells to gather.
    """
    if alpha is None:
        return {layer: dict(found) for layer, found in cells.items()}
    shown = {grid: soft_weights(alpha, grid)[0] for grid in set(grids.values())}
    weighed = {
        layer: {key: _visible(each, shown[grids[layer]]) for key, each in found.items()}
        for layer, found in cells.items()
    }
    return {layer: {key: each for key, each in found.items() if each.divisor > 0} for layer, found in weighed.items()}


def _visible(cells: CellWeights, alpha: Mask) -> CellWeights:
    """Return cells weighted by the mean alpha of each; the divisor is 0 where nothing is left."""
    if cells.weights is not None:
        weights = cells.weights * alpha
        total = float(cells.weights.sum(dtype=np.float64))
        factor = cells.divisor / total if total else 0.0  # a power of a mask has the sum of the mask as its divisor
        return CellWeights(float(weights.sum(dtype=np.float64)) * factor, weights=weights)
    places = np.arange(alpha.size, dtype=np.int32) if cells.cells is None else cells.cells
    own = alpha.ravel()[places]
    if (own == 1).all():
        return cells
    if ((own == 0) | (own == 1)).all():
        seen = places[own == 1]
        return CellWeights(float(len(seen)), cells=seen)
    weights = np.zeros_like(alpha)
    weights.ravel()[places] = own
    return CellWeights(float(own.sum(dtype=np.float64)), weights=weights)


def _hard_cells(
    labels: Labels, grid: Size, regions: Sequence[int], field: int, propagation: str, margin: int
) -> dict[tuple[int, str], NDArray[np.int32]]:
    """Return the flat indices of the cells of each region and part on one grid."""
    rule = "simple" if propagation == "split" else propagation
    owned = region_cells(labels, grid, regions, propagation=rule, receptive_field=field, margin=margin)
    found = {(region, WHOLE): cells for region, cells in zip(regions, owned, strict=True)}
    if propagation == "split":
        parts = split_cells(labels, grid, regions, receptive_field=field, margin=margin)
        for region, (inside, border) in zip(regions, parts, strict=True):
            found[region, INSIDE], found[region, BORDER] = inside, border
    return found
