"""Regions whose soft edges are shared out: how far each pixel, and each cell of a layer's grid, belongs to them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.gradients import soft_weights
from maskstyle.guidance.regions import Labels, region_cells, resize_labels
from maskstyle.images import Mask, Size
from maskstyle.map_soft import are_blended, resize_shares
from maskstyle.semantic_map import SemanticMap


def shares_at(semantic_map: SemanticMap, size: Size) -> NDArray[np.float32]:
    """Return how much of each pixel belongs to each region of a map at a size, (K, height, width) in [0, 1]."""
    if semantic_map.shares is not None:
        return resize_shares(semantic_map.shares, size)
    labels = resize_labels(semantic_map.labels, size)
    regions = np.arange(len(semantic_map.colors))[:, np.newaxis, np.newaxis]
    return np.asarray(labels == regions, np.float32)


def painted_share(semantic_map: SemanticMap, regions: Sequence[int], size: Size) -> Mask:
    """Return how much of each pixel belongs to some regions together, (height, width) in [0, 1].

    Examples
    --------
    >>> shares = np.array([[[1, 0.5, 0]], [[0, 0.5, 1]]], np.float32)
    >>> soft = SemanticMap(np.array([[0, 0, 1]], np.int32), ((255, 0, 0), (0, 0, 255)), shares=shares)
    >>> painted_share(soft, [1], (1, 3)).tolist(), painted_share(soft, [0, 1], (1, 3)).tolist()
    ([[0.0, 0.5, 1.0]], [[1.0, 1.0, 1.0]])
    """
    if semantic_map.shares is None:
        return np.isin(resize_labels(semantic_map.labels, size), list(regions)).astype(np.float32)
    total: Mask = np.minimum(shares_at(semantic_map, size)[list(regions)].sum(axis=0), np.float32(1))
    return total


def soft_cells(shares: NDArray[np.float32], labels: Labels, grid: Size, regions: Sequence[int]) -> list[Mask]:
    """Return how much each cell of a layer's grid counts for each region.

    Parameters
    ----------
    shares : (K, H, W) float32 array
        How much of each pixel belongs to each of all regions.
    labels : (H, W) int32 array
        Region of each pixel.
    grid : (height, width)
        The layer's grid.
    regions : sequence of int
        The regions wanted.

    Returns
    -------
    list of (h, w) float32 array
        For each region the mean of its shares in cells that hold blended pixels. All other cells belong whole to the
        region that covers most of them, as those of maps without soft edges do: see `region_cells`.

    Examples
    --------
    >>> shares = np.array([[[1, 1, 1, 0, 0.5, 0]], [[0, 0, 0, 1, 0.5, 1]]], np.float32).repeat(2, axis=1)
    >>> labels = shares.argmax(axis=0).astype(np.int32)
    >>> [cells.tolist() for cells in soft_cells(shares, labels, (1, 3), [0, 1])]
    [[[1.0, 1.0, 0.25]], [[0.0, 0.0, 0.75]]]
    """
    soft = soft_weights(are_blended(shares).astype(np.float32), grid)[0] > 0
    found = []
    owned = region_cells(labels, grid, regions, propagation="simple", receptive_field=1)
    for region, cells in zip(regions, owned, strict=True):
        whole = np.zeros(grid, np.float32)
        whole.flat[cells] = 1
        found.append(np.where(soft, soft_weights(shares[region], grid)[0], whole))
    return found
