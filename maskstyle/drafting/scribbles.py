"""Regions that grow from scribbles: strokes in a picture of their own, one color for each region."""

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
from maskstyle.maps.io import LabelMap, SemanticMap, load_map


def load_scribbles(path: str | Path) -> SemanticMap:
    """Read strokes of paint that say where the regions of a map are to grow.

    Parameters
    ----------
    path : str or Path
        A picture that is transparent, or of one plain color, wherever there is no stroke. As in a map, strokes of
        one color mean one region.

    Returns
    -------
    SemanticMap
        The strokes; -1 elsewhere.

    Raises
    ------
    ImageError
        If the file cannot be read, or has strokes of fewer than two colors.
    """
    painted = load_map(path, least_region=1)
    plain = describe_color(painted.colors[0])
    if np.all(painted.labels >= 0):  # the background is what there is most of
        labels = (painted.labels - 1).astype(np.int32)
        painted = dataclasses.replace(painted, labels=labels, colors=painted.colors[1:])
    if len(painted.colors) < 2:
        raise ImageError(
            f"expected strokes of two colors or more, on a transparent or plain background, but {path} has "
            f"{len(painted.colors)} beside {plain}; draw over every region in a color of its own"
        )
    return painted


def seeds_at(strokes: LabelMap, size: Size) -> LabelMap:
    """Return strokes at a smaller size, where a cell that any stroke touches is of that stroke."""
    found = np.full(size, -1, np.int32)
    rows, columns = np.nonzero(strokes >= 0)
    height, width = strokes.shape
    found[rows * size[0] // height, columns * size[1] // width] = strokes[rows, columns]
    return found


def grow(affinity: Affinity, superpixels: Superpixels, seeds: LabelMap, count: int) -> NDArray[np.intp]:
    """Give every superpixel to the stroke that a random walk from it meets first, most probably.

    Parameters
    ----------
    affinity : (N, N) float64 array
        How readily the walk steps from one superpixel to another.
    superpixels : Superpixels
        All N.
    seeds : (H, W) int32 array
        The strokes, -1 where there is none.
    count : int
        How many regions there are.

    Returns
    -------
    (N,) int array
        The region of each superpixel; where several strokes touch one, that of most pixels.

    References
    ----------
    Grady, "Random Walks for Image Segmentation", IEEE Transactions on Pattern Analysis and Machine Intelligence 28,
    2006; on superpixels here, whose few equations are solved at once.
    """
    touched = seeds >= 0
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
