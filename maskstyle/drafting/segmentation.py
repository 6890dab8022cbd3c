"""Superpixels: small patches of an image that follow its edges, by SLIC (Achanta et al. 2012)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, ndimage, spatial
from scipy.cluster.hierarchy import cut_tree, linkage
from skimage.segmentation import slic

from maskstyle.drafting.features import Features
from maskstyle.guidance.regions import resize_labels
from maskstyle.images.pixels import Image, Size, resize_mask

MOST_SUPERPIXELS = 800
"""How many are asked for; what is compared grows with their square."""

_LEAST_AREA = 16  # pixels of each, in a tiny image
_COMPACTNESS = 10.0


@dataclass(frozen=True, eq=False)
class Superpixels:
    """The patches of an image.

    Attributes
    ----------
    labels : (H, W) int array
        The number of each pixel's patch, from 0 on without gaps.
    """

    labels: NDArray[np.intp]

    @cached_property
    def count(self) -> int:
        """How many there are."""
        return int(self.labels.max()) + 1

    @cached_property
    def neighbors(self) -> NDArray[np.intp]:
        """The pairs of patches that touch, (E, 2), each once."""
        pairs = []
        for one, other in ((self.labels[:, 1:], self.labels[:, :-1]), (self.labels[1:], self.labels[:-1])):
            border = one != other
            pairs.append(np.stack([one[border], other[border]], axis=1))
        ordered = np.sort(np.concatenate(pairs), axis=1)
        found: NDArray[np.intp] = np.unique(ordered, axis=0)
        return found


def find_superpixels(image: Image) -> Superpixels:
    """Cut an image into superpixels.

    Parameters
    ----------
    image : (H, W, 3) float32 array
        In [0, 1].

    Returns
    -------
    Superpixels
        Fewer than `MOST_SUPERPIXELS`, each of about `_LEAST_AREA` pixels or more.

    References
    ----------
    Achanta, Shaji, Smith, Lucchi, Fua and Susstrunk, "SLIC Superpixels Compared to State-of-the-Art Superpixel
    Methods", IEEE Transactions on Pattern Analysis and Machine Intelligence 34, 2012.
    """
    height, width = image.shape[:2]
    wanted = min(MOST_SUPERPIXELS, max(1, height * width // _LEAST_AREA))
    found = slic(image, wanted, compactness=_COMPACTNESS, start_label=0)
    numbers = np.unique(found, return_inverse=True)[1]
    return Superpixels(numbers.reshape(height, width).astype(np.intp))


Affinity: TypeAlias = NDArray[np.float64]
"""(N, N), symmetric: how alike each two superpixels are, above 0 and at most about 1."""

_LOOK_ALIKES = 6  # how many superpixels anywhere each one is tied to
_FROM_AFAR = 0.2  # the weight of these ties, where that between neighbors is 1
_LOOSE = 1e-5  # what ties all to all, so that nothing falls apart by itself
_WIDTH = 2.0  # in medians of the squared distance between neighbors
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
        For neighbors a Gaussian of their distance; for the few that look most alike wherever they are a fifth of
        that, which is how the sky between branches becomes one region; and next to nothing for others.
    """
    squared = spatial.distance.cdist(features, features, "sqeuclidean")
    one, other = superpixels.neighbors.T
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


def normalized_cut(affinity: Affinity, count: int) -> NDArray[np.intp]:
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
    Each superpixel is a row of the `count` leading eigenvectors of the normalized affinity, of length 1 (Ng, Jordan
    and Weiss 2001). The rows are grouped by Ward's method rather than k-means, which depends on where it starts.

    References
    ----------
    Shi and Malik, "Normalized Cuts and Image Segmentation", IEEE Transactions on Pattern Analysis and Machine
    Intelligence 22, 2000.

    Examples
    --------
    >>> affinity = np.array([[1, 0.9, 0.1, 0.1], [0.9, 1, 0.1, 0.1], [0.1, 0.1, 1, 0.9], [0.1, 0.1, 0.9, 1]])
    >>> normalized_cut(affinity, 2).tolist()
    [0, 0, 1, 1]
    """
    number = len(affinity)
    if count == 1:
        return np.zeros(number, np.intp)
    root = np.sqrt(affinity.sum(axis=1))
    normalized = affinity / np.outer(root, root)
    vectors = linalg.eigh(normalized, subset_by_index=[number - count, number - 1])[1]
    rows = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(np.float64).tiny)
    groups: NDArray[np.intp] = cut_tree(linkage(rows, "ward"), n_clusters=count)[:, 0].astype(np.intp)
    return groups


LEAST_SPECK = 0.002
"""Share of the pixels below which a patch goes to what is around it."""

_SMOOTHING = 0.004  # of the longer side


def without_specks(labels: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Give small patches to the regions around them.

    Parameters
    ----------
    labels : (H, W) int array
        Regions, 0 to `count` - 1.
    count : int
        How many there are.

    Returns
    -------
    (H, W) int array
        Every region still has its largest patch.
    """
    least = LEAST_SPECK * labels.size
    kept = np.zeros(labels.shape, np.bool_)
    for index in range(count):
        patches, _ = ndimage.label(labels == index)
        areas = np.bincount(patches.ravel())
        areas[0] = 0
        stays = areas >= min(least, areas.max())
        stays[0] = False
        kept |= stays[patches]
    nearest = ndimage.distance_transform_edt(~kept, return_distances=False, return_indices=True)
    cleaned: NDArray[np.intp] = labels[tuple(nearest)]
    return cleaned


def smoothed(labels: NDArray[np.intp], count: int, size: Size) -> NDArray[np.intp]:
    """Bring regions to a size, with smooth borders.

    Parameters
    ----------
    labels : (H, W) int array
        Regions, 0 to `count` - 1.
    count : int
        How many there are.
    size : (height, width)
        The size to make.

    Returns
    -------
    (height, width) int array
        Each pixel in the region that has most of what is around it; a region that is so narrow that it would be lost
        keeps its pixels.
    """
    most = np.full(size, -1, np.float32)
    result = np.zeros(size, np.intp)
    for index in range(count):
        blurred = ndimage.gaussian_filter((labels == index).astype(np.float32), _SMOOTHING * max(labels.shape))
        share = resize_mask(np.clip(blurred, 0, 1), size)
        wins = share > most
        result[wins] = index
        most[wins] = share[wins]
    for lost in np.flatnonzero(np.bincount(result.ravel(), minlength=count) == 0):
        result[resize_labels(labels.astype(np.int32), size) == lost] = lost
    return result
