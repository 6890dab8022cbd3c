"""Guides of regions whose maps' soft edges are shared out among them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.regions import resize_labels, shares_at, soft_cells
from maskstyle.guidance.soft_masks import group_masks
from maskstyle.images.pixels import Image, Mask, Size
from maskstyle.maps.assignment import Pair
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.gram import MaskPlan, observe_mask_grams
from maskstyle.objective.guides import region_guides, style_guide
from maskstyle.objective.terms import Guide
from maskstyle.objective.tiling.cuts import needs_tiles
from maskstyle.objective.tiling.forward import tiled_grams
from maskstyle.objective.tiling.members import Selection
from maskstyle.settings import Settings, active

CellWeights: TypeAlias = dict[str, dict[int, Mask]]
"""Weights of cells by layer and region, without regions that vanish on a layer's grid; layers share equal grids'."""


def map_guides(
    network: FeatureNetwork,
    content_map: SemanticMap,
    style_map: SemanticMap,
    size: Size,
    style: Image,
    pairs: Sequence[Pair],
    settings: Settings,
) -> list[Guide]:
    """Return guides that ask in each region of a map for the style of a region of the style image.

    Parameters
    ----------
    network : FeatureNetwork
        Where the features come from.
    content_map, style_map : SemanticMap
        The maps; where neither has shares, these are the guides of `maskstyle.objective.guides.region_guides`.
    size : (height, width)
        Of the image that is made.
    style : (h, w, 3) float32 array
        Style image in [0, 1], at the size at which it is used.
    pairs : sequence of Pair
        Which region takes its style from which.
    settings : Settings
        For the layers, the propagation and the intensity.

    Returns
    -------
    list of Guide
        One for each pair. With soft maps it has weights instead of cells, and its strength is the mean of its shares;
        where no pixel is blended that is the same Gram matrix, target and strength, to rounding.
    """
    style_size = (style.shape[0], style.shape[1])
    if content_map.shares is None and style_map.shares is None:
        labels, style_labels = resize_labels(content_map.labels, size), resize_labels(style_map.labels, style_size)
        return region_guides(network, labels, style, style_labels, pairs, settings)
    layers = [layer for layer, _ in active(settings.style_layers)]
    shares = shares_at(content_map, size)
    cells = _weights(network, content_map, shares, sorted({pair.region for pair in pairs}), layers)
    wanted = sorted({pair.style_region for pair in pairs if pair.style_region is not None})
    style_cells = _weights(network, style_map, shares_at(style_map, style_size), wanted, layers)
    targets = _weighted_grams(network, style, style_cells, settings.tile_size)
    whole = None
    if any(pair.style_region is None for pair in pairs):
        whole = style_guide(network, [style], [1.0], settings)
    guides = []
    for pair in pairs:
        own: dict[str, NDArray[np.float32]] = {}
        sums: dict[str, float] = {}
        for layer in layers:
            if pair.region not in cells[layer]:
                continue
            if pair.style_region is None:
                assert whole is not None
                own[layer], sums[layer] = whole.targets[layer], whole.target_sums[layer]
            elif pair.style_region in style_cells[layer]:
                own[layer] = targets[layer][pair.style_region]
                sums[layer] = _sum(style_cells[layer][pair.style_region])
        weights = {layer: cells[layer][pair.region] for layer in own}
        guides.append(
            Guide(
                pair.name,
                own,
                sums,
                weights=weights,
                divisors={layer: _sum(each) for layer, each in weights.items()},
                strength=float(shares[pair.region].mean(dtype=np.float64)),
                intensity=settings.intensity,
            )
        )
    return guides


def _weights(
    network: FeatureNetwork,
    semantic_map: SemanticMap,
    shares: NDArray[np.float32],
    regions: Sequence[int],
    layers: Sequence[str],
) -> CellWeights:
    size = (shares.shape[1], shares.shape[2])
    labels = resize_labels(semantic_map.labels, size)
    grids = {layer: network.architecture.grid(size, layer) for layer in layers}
    by_grid = {grid: soft_cells(shares, labels, grid, regions) for grid in set(grids.values())}
    return {
        layer: {region: cells for region, cells in zip(regions, by_grid[grid], strict=True) if cells.any()}
        for layer, grid in grids.items()
    }


def _weighted_grams(
    network: FeatureNetwork, image: Image, weights: CellWeights, tile_size: int | None
) -> Mapping[str, Mapping[int, NDArray[np.float32]]]:
    """Return the Gram matrices of an image under weights by layer and region, where distances are measured."""
    weights = {layer: found for layer, found in weights.items() if found}
    divisors = {layer: [_sum(each) for each in found.values()] for layer, found in weights.items()}
    if tile_size is not None and needs_tiles((image.shape[0], image.shape[1]), tile_size):
        selections = {layer: [Selection(weights=each) for each in found.values()] for layer, found in weights.items()}
        parts = tiled_grams(network, image, selections, divisors, tile_size)
        return {layer: dict(zip(weights[layer], found, strict=True)) for layer, found in parts.items()}
    plans = {
        layer: MaskPlan(group_masks(list(found.values())), next(iter(found.values())).size)
        for layer, found in weights.items()
    }

    def grams_of(pixels: Tensor) -> dict[str, Tensor]:
        features = network(pixels)
        return {
            layer: network.measured_gram(layer, observe_mask_grams(features[layer], plan, divisors[layer])[1])
            for layer, plan in plans.items()
        }

    grams = tf.function(grams_of, autograph=False)(tf.constant(image))
    return {layer: dict(zip(weights[layer], each.numpy(), strict=True)) for layer, each in grams.items()}


def _sum(weights: Mask) -> float:
    return float(weights.sum(dtype=np.float64))
