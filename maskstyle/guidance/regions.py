"""Semantic regions on a layer's grid: assign cells to regions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import NDArray

from maskstyle.guidance.soft_masks import cell_side, soft_weights
from maskstyle.images.pixels import Mask, Size, resize_labels
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.maps.soft import are_blended, resize_shares

Labels = NDArray[np.int32]

NO_REGION = -1


def region_cells(
    labels: Labels,
    grid: Size,
    regions: Sequence[int],
    *,
    propagation: str,
    receptive_field: int,
    margin: int = 0,
) -> list[NDArray[np.int32]]:
    """Return the flat indices of each region's cells on a layer's grid, in row order; none where it vanishes.

    In `labels`, any number that is not wanted, such as -1, is no region. The grid is H and W, with the margin on both
    sides, halved and rounded down as often as pooling comes before the layer. The margin is a multiple of the side of
    a cell, and no region has cells there.

    `propagation` says how regions pass to deeper layers (Gatys et al. 2017). ``simple``: a cell belongs to the label
    that covers most of it; ties go to the lowest label. ``inside``: of these, only the cells whose receptive field
    lies inside the region; a region without such cells follows the simple rule. ``all``: every cell whose receptive
    field touches the region, so that regions overlap. The receptive field, a side in pixels, ends at the edge of the
    image.

    Gatys, Ecker, Bethge, Hertzmann and Shechtman, "Controlling Perceptual Factors in Neural Style Transfer", CVPR
    2017.

    >>> labels = np.array([[0, 0, 1, 1], [0, 1, 1, 1]], np.int32)
    >>> [cells.tolist() for cells in region_cells(labels, (1, 2), [0, 1], propagation="simple", receptive_field=2)]
    [[0], [1]]
    """
    if propagation == "all":
        seen = np.pad(labels, margin, mode="edge")
        side = cell_side(seen.shape, grid)
        within = _sampled(np.pad(np.ones(labels.shape, bool), margin), grid, side)
        return [
            _indices(
                within
                & _sampled(scipy.ndimage.maximum_filter(seen == region, receptive_field, mode="nearest"), grid, side)
            )
            for region in regions
        ]
    owned, pure = _owned_and_pure(labels, grid, regions, receptive_field, margin)
    if propagation == "inside":
        owned = [each & pure if (each & pure).any() else each for each in owned]
    return [_indices(each) for each in owned]


def split_cells(
    labels: Labels, grid: Size, regions: Sequence[int], *, receptive_field: int, margin: int = 0
) -> list[tuple[NDArray[np.int32], NDArray[np.int32]]]:
    """Return the inner cells of each region, and those along its border, as flat indices; see `region_cells`.

    The receptive field of inner cells lies inside the region; the rest are its other cells by the ``simple`` rule.

    >>> labels = np.array([[0, 0, 0, 1, 1]], np.int32)
    >>> [(inside.tolist(), along.tolist()) for inside, along in split_cells(labels, (1, 5), [0], receptive_field=3)]
    [([0, 1], [2])]
    """
    owned, pure = _owned_and_pure(labels, grid, regions, receptive_field, margin)
    return [(_indices(each & pure), _indices(each & ~pure)) for each in owned]


def _owned_and_pure(
    labels: Labels, grid: Size, regions: Sequence[int], receptive_field: int, margin: int
) -> tuple[list[NDArray[np.bool_]], NDArray[np.bool_]]:
    """Return the cells that each region covers most, and the cells whose receptive field has one label only."""
    seen = np.pad(labels, margin, mode="edge")
    owners = majority_labels(np.pad(labels, margin, constant_values=NO_REGION), grid)
    uniform = scipy.ndimage.minimum_filter(seen, receptive_field, mode="nearest") == scipy.ndimage.maximum_filter(
        seen, receptive_field, mode="nearest"
    )
    return [owners == region for region in regions], _sampled(uniform, grid, cell_side(seen.shape, grid))


def majority_labels(labels: Labels, grid: Size) -> Labels:
    """Return the label that covers most of each cell of a layer's grid; ties go to the lowest.

    >>> majority_labels(np.array([[0, 0, 1, 1], [0, 1, 1, 1]], np.int32), (1, 2)).tolist()
    [[0, 1]]
    """
    side = cell_side(labels.shape, grid)
    blocks = labels[: grid[0] * side, : grid[1] * side].reshape(grid[0], side, grid[1], side)
    owners = np.full(grid, -1, np.int32)
    most = np.zeros(grid, np.int32)
    for label in np.unique(labels):
        covered = (blocks == label).sum(axis=(1, 3), dtype=np.int32)
        more = covered > most
        owners[more] = label
        most[more] = covered[more]
    return owners


def _sampled(pixels: NDArray[np.bool_], grid: Size, side: int) -> NDArray[np.bool_]:
    """Return the pixel at the center of each cell."""
    middle = side // 2
    return pixels[middle : grid[0] * side : side, middle : grid[1] * side : side]


def _indices(cells: NDArray[np.bool_]) -> NDArray[np.int32]:
    return np.flatnonzero(cells).astype(np.int32)


def shares_at(semantic_map: SemanticMap, size: Size) -> NDArray[np.float32]:
    """Return how much of each pixel belongs to each region of a map at a size, (K, height, width) in [0, 1]."""
    if semantic_map.shares is not None:
        return resize_shares(semantic_map.shares, size)
    labels = resize_labels(semantic_map.labels, size)
    regions = np.arange(len(semantic_map.colors))[:, np.newaxis, np.newaxis]
    return np.asarray(labels == regions, np.float32)


def painted_share(semantic_map: SemanticMap, regions: Sequence[int], size: Size) -> Mask:
    """Return how much of each pixel belongs to some regions together, (height, width) in [0, 1].

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
    """Return the weight of each cell of a layer's grid for each wanted region, from the shares (K, H, W) of all.

    It is the mean of the shares in cells that contain blended pixels. All other cells belong to the region that
    covers most of them, as in maps without soft edges: see `region_cells`.

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
