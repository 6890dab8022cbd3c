"""Which superpixels belong together: how alike they are, and normalised cuts (Shi and Malik 2000)."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, spatial
from scipy.cluster.hierarchy import cut_tree, linkage

from maskstyle.drafting.features import Features
from maskstyle.drafting.superpixels import Superpixels

Affinity: TypeAlias = NDArray[np.float64]
"""(N, N), symmetric: how alike each two superpixels are, above 0 and at most about 1."""

_LOOK_ALIKES = 6  # how many superpixels anywhere each one is tied to
_FROM_AFAR = 0.2  # the weight of these ties, where that between neighbours is 1
_LOOSE = 1e-5  # what ties all to all, so that nothing falls apart by itself
_WIDTH = 2.0  # in medians of the squared distance between neighbours
_LEAST_WIDTH = 0.3  # of features whose mean squared length is about 1; in a flat drawing the median is near 0


def find_affinity(features: Features, superpixels: Superpixels) -> Affinity:
    """Return how alike superpixels are.

    Parameters
    ----------
    features : (N, C) float64 array
        What each superpixel looks like.
    superpixels : Superpixels
        All N.

    Returns
    -------
    (N, N) float64 array
        For neighbours a Gaussian of their distance; for the few that look most alike wherever they are a fifth of
        that, which is how the sky between branches becomes one region; and next to nothing for others.
    """
    squared = spatial.distance.cdist(features, features, "sqeuclidean")
    one, other = superpixels.neighbours.T
    width = _WIDTH * float(np.median(squared[one, other])) if len(one) else 0.0
    alike = np.exp(-squared / max(width, _LEAST_WIDTH))
    ties = np.zeros_like(alike)
    ranked = np.argsort(squared + np.diag(np.full(len(squared), np.inf)), axis=1, kind="stable")
    nearest = ranked[:, : min(_LOOK_ALIKES, len(squared) - 1)]
    rows = np.arange(len(squared))[:, np.newaxis]
    ties[rows, nearest] = _FROM_AFAR * alike[rows, nearest]
    ties[one, other] = alike[one, other]
    affinity: Affinity = np.maximum(ties, ties.T) + _LOOSE
    return affinity


def normalised_cut(affinity: Affinity, count: int) -> NDArray[np.intp]:
    """Part superpixels into groups of which each is alike inside and unlike the others.

    Parameters
    ----------
    affinity : (N, N) float64 array
        See `find_affinity`.
    count : int
        How many groups to make, 1 to N.

    Returns
    -------
    (N,) int array
        The group of each, 0 to `count` - 1; every group has one at least.

    Notes
    -----
    Each superpixel is a row of the `count` leading eigenvectors of the normalised affinity, of length 1 (Ng, Jordan
    and Weiss 2001). The rows are grouped by Ward's method rather than k-means, which depends on where it starts.

    References
    ----------
    Shi and Malik, "Normalized Cuts and Image Segmentation", IEEE Transactions on Pattern Analysis and Machine
    Intelligence 22, 2000.

    Examples
    --------
    >>> affinity = np.array([[1, 0.9, 0.1, 0.1], [0.9, 1, 0.1, 0.1], [0.1, 0.1, 1, 0.9], [0.1, 0.1, 0.9, 1]])
    >>> normalised_cut(affinity, 2).tolist()
    [0, 0, 1, 1]
    """
    number = len(affinity)
    if count == 1:
        return np.zeros(number, np.intp)
    root = np.sqrt(affinity.sum(axis=1))
    normalised = affinity / np.outer(root, root)
    vectors = linalg.eigh(normalised, subset_by_index=[number - count, number - 1])[1]
    rows = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    groups: NDArray[np.intp] = cut_tree(linkage(rows, "ward"), n_clusters=count)[:, 0].astype(np.intp)
    return groups
