"""Scribbles: load strokes, one color for each region, and grow regions from them."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from maskstyle.drafting.segmentation import Affinity, Superpixels
from maskstyle.errors import ImageError
from maskstyle.images.pixels import Size
from maskstyle.maps.colors import describe_color
from maskstyle.maps.io import load_map
from maskstyle.maps.semantic_map import LabelMap, SemanticMap


def load_scribbles(path: str | Path) -> SemanticMap:
    """Read strokes that mark the regions of a map to draft.

    Parameters
    ----------
    path : str or Path
        An image of strokes on a transparent or plain background. Strokes of one color mark one region.

    Returns
    -------
    SemanticMap
        The strokes; -1 in the background.

    Raises
    ------
    ImageError
        If the file cannot be read, or has fewer than two stroke colors.
    """
    painted = load_map(path, least_region=1)
    plain = describe_color(painted.colors[0])
    if np.all(painted.labels >= 0):  # the most frequent color is the background
        labels = (painted.labels - 1).astype(np.int32)
        painted = dataclasses.replace(painted, labels=labels, colors=painted.colors[1:])
    if len(painted.colors) < 2:
        raise ImageError(
            f"expected strokes in at least two colors on a transparent or plain background, but {path} has "
            f"{len(painted.colors)} beside {plain}; mark each region in its own color"
        )
    return painted


def shrink_strokes(strokes: LabelMap, size: Size) -> LabelMap:
    """Scale strokes down so that every cell touched by a stroke belongs to a stroke: thin ones survive."""
    found = np.full(size, -1, np.int32)
    rows, columns = np.nonzero(strokes >= 0)
    height, width = strokes.shape
    found[rows * size[0] // height, columns * size[1] // width] = strokes[rows, columns]
    return found


def grow_regions(affinity: Affinity, superpixels: Superpixels, seeds: LabelMap, count: int) -> NDArray[np.intp]:
    """Assign each superpixel to the stroke that a random walk from it most probably reaches first.

    `affinity` has the edge weights of the walk; in `seeds`, -1 is no stroke. A superpixel touched by several strokes
    belongs to the one with the most pixels in it.

    Grady, "Random Walks for Image Segmentation", IEEE Transactions on Pattern Analysis and Machine Intelligence 28,
    2006. The walk here is on superpixels, so the linear system is small enough for a direct solver.
    """
    touched = (seeds >= 0) & (superpixels.labels >= 0)
    flat = superpixels.labels[touched] * count + seeds[touched]
    votes = np.bincount(flat, minlength=superpixels.count * count).reshape(-1, count)
    known = votes.any(axis=1)
    regions: NDArray[np.intp] = votes.argmax(axis=1)
    if not known.all():
        laplacian = np.diag(affinity.sum(axis=1)) - affinity
        wanted = np.eye(count)[regions[known]]
        free = ~known
        reached = linalg.solve(laplacian[np.ix_(free, free)], affinity[np.ix_(free, known)] @ wanted, assume_a="pos")
        regions[free] = reached.argmax(axis=1)
    return regions
