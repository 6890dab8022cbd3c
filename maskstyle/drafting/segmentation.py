"""Segmentation: superpixels (SLIC), their affinity, the normalized cut, and clean borders.

Segments are superpixels for brushes that take whole patches.
"""

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
from maskstyle.errors import ImageError
from maskstyle.images.pixels import Image, Mask, Size, resize_image, resize_labels, resize_mask, size_of, size_within
from maskstyle.images.transparency import HALF_VISIBLE, resize_alpha

MOST_SUPERPIXELS = 800
"""Time and memory grow with the square of the number."""

LEAST_SPECK = 0.002
"""Share of the pixels below which a patch is merged into its surroundings."""

Affinity: TypeAlias = NDArray[np.float64]
"""(N, N), symmetric: the similarity of each two superpixels, above 0 and at most about 1."""

_LEAST_AREA = 16  # pixels of a superpixel in a tiny image
_COMPACTNESS = 10.0  # of SLIC: distance against color

_SIMILAR = 6  # how many similar superpixels anywhere each one is connected to
_REMOTE_WEIGHT = 0.2  # the weight of these connections; 1 between neighbors
_BACKGROUND = 1e-5  # connects all with all, so that the graph is connected
_WIDTH = 2.0  # of the Gaussian, in medians of the squared distance between neighbors
_LEAST_WIDTH = 0.3  # for features with a mean squared length of about 1; in a flat drawing the median is near 0

_SMOOTHING = 0.004  # standard deviation as a share of the longer side

LONGER_SIDE = 1000
"""In pixels; larger images are scaled down to this before they are divided into segments."""

LEAST_SIDE, MOST_SIDE = 4, 400
"""Smallest and largest side of a segment, in pixels of the image."""

MOST_SEGMENTS = 6000

_ROUNDS = 5  # of SLIC; more change little


@dataclass(frozen=True, eq=False)
class Superpixels:
    """The superpixels of an image."""

    # (H, W): the superpixel of each pixel, numbered from 0 without gaps; -1 for hidden pixels.
    labels: NDArray[np.intp]

    @cached_property
    def count(self) -> int:
        """The number of superpixels."""
        return int(self.labels.max()) + 1

    @cached_property
    def neighbors(self) -> NDArray[np.intp]:
        """The pairs of adjacent superpixels, (E, 2), each once."""
        pairs = []
        for one, other in ((self.labels[:, 1:], self.labels[:, :-1]), (self.labels[1:], self.labels[:-1])):
            border = (one != other) & (one >= 0) & (other >= 0)
            pairs.append(np.stack([one[border], other[border]], axis=1))
        ordered = np.sort(np.concatenate(pairs), axis=1)
        found: NDArray[np.intp] = np.unique(ordered, axis=0)
        return found


def find_superpixels(image: Image, shown: NDArray[np.bool_] | None = None) -> Superpixels:
    """Divide the visible pixels of an image into about `MOST_SUPERPIXELS` at most, each of about 16 pixels or more.

    Achanta, Shaji, Smith, Lucchi, Fua and Susstrunk, "SLIC Superpixels Compared to State-of-the-Art Superpixel
    Methods", IEEE Transactions on Pattern Analysis and Machine Intelligence 34, 2012.
    """
    height, width = image.shape[:2]
    wanted = min(MOST_SUPERPIXELS, max(1, height * width // _LEAST_AREA))
    found = slic(image, wanted, compactness=_COMPACTNESS, start_label=0)
    inside = np.ones((height, width), np.bool_) if shown is None else shown
    labels = np.full((height, width), -1, np.intp)
    labels[inside] = np.unique(found[inside], return_inverse=True)[1]
    return Superpixels(labels)


def find_affinity(features: Features, superpixels: Superpixels) -> Affinity:
    """Return the affinity (N, N) of N superpixels with their features (N, C).

    It is a Gaussian of the feature distance for neighbors; a fifth of that for the few most similar superpixels
    anywhere, so that sky between branches can become one region; almost 0 for all others.
    """
    squared = spatial.distance.cdist(features, features, "sqeuclidean")
    one, other = superpixels.neighbors.T
    width = _WIDTH * float(np.median(squared[one, other])) if len(one) else 0.0
    similarity = np.exp(-squared / max(width, _LEAST_WIDTH))
    edges = np.zeros_like(similarity)
    ranked = np.argsort(squared + np.diag(np.full(len(squared), np.inf)), axis=1, kind="stable")
    nearest = ranked[:, : min(_SIMILAR, len(squared) - 1)]
    rows = np.arange(len(squared))[:, np.newaxis]
    edges[rows, nearest] = _REMOTE_WEIGHT * similarity[rows, nearest]
    edges[one, other] = similarity[one, other]
    affinity: Affinity = np.maximum(edges, edges.T) + _BACKGROUND
    return affinity


def normalized_cut(affinity: Affinity, count: int) -> NDArray[np.intp]:
    """Divide N superpixels into groups by spectral clustering of their affinity (N, N); no group is empty.

    The rows of the `count` leading eigenvectors of the normalized affinity, scaled to length 1 (Ng, Jordan and Weiss
    2001), are clustered by Ward's method: unlike k-means, it does not depend on a random start.

    Shi and Malik, "Normalized Cuts and Image Segmentation", IEEE Transactions on Pattern Analysis and Machine
    Intelligence 22, 2000.

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


def remove_specks(labels: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Merge small patches into the regions around them; every region keeps its largest patch."""
    least = LEAST_SPECK * labels.size
    kept = np.zeros(labels.shape, np.bool_)
    for index in range(count):
        patches, _ = ndimage.label(labels == index)
        areas = np.bincount(patches.ravel())
        areas[0] = 0
        is_kept = areas >= min(least, areas.max())
        is_kept[0] = False
        kept |= is_kept[patches]
    nearest = ndimage.distance_transform_edt(~kept, return_distances=False, return_indices=True)
    cleaned: NDArray[np.intp] = labels[tuple(nearest)]
    return cleaned


def smooth_regions(labels: NDArray[np.intp], count: int, size: Size) -> NDArray[np.intp]:
    """Resize regions, with smooth borders: each pixel joins the region with the largest share of its surroundings.

    A region too narrow to survive this keeps its pixels.
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
        result[resize_labels(labels, size) == lost] = lost
    return result


@dataclass(frozen=True, eq=False)
class Segments:
    """The segments of an image.

    Attributes
    ----------
    labels : (H, W) int32 array
        The segment of each pixel, numbered from 1; 0 for hidden pixels.
    """

    labels: NDArray[np.int32]

    def as_colors(self) -> Image:
        """Return the numbers as colors (H, W, 3) in [0, 1]: number = r + 256 g + 65536 b in 8 bits."""
        channels = [(self.labels >> shift) & 255 for shift in (0, 8, 16)]
        return np.stack(channels, axis=-1).astype(np.float32) / np.float32(255)


def find_segments(image: Image, side: int, *, alpha: Mask | None = None) -> Segments:
    """Divide an image into segments.

    Parameters
    ----------
    image : (H, W, 3) float32 array
        In [0, 1].
    side : int
        About the side of a segment in pixels of the image, `LEAST_SIDE` to `MOST_SIDE`.
    alpha : (H, W) float32 array, optional
        Opacity in [0, 1]; hidden pixels are in no segment.

    Raises
    ------
    ImageError
        If `side` is out of range.

    References
    ----------
    Achanta, Shaji, Smith, Lucchi, Fua and Susstrunk, "SLIC Superpixels Compared to State-of-the-Art Superpixel
    Methods", IEEE Transactions on Pattern Analysis and Machine Intelligence 34, 2012.

    Examples
    --------
    >>> image = np.zeros((32, 48, 3), np.float32)
    >>> image[:, 30:] = (0.9, 0.8, 0.1)
    >>> labels = find_segments(image, 8).labels
    >>> bool(set(labels[:, :30].ravel()) & set(labels[:, 30:].ravel()))
    False
    """
    if not LEAST_SIDE <= side <= MOST_SIDE:
        raise ImageError(f"the side of a segment is {side}; expected {LEAST_SIDE} to {MOST_SIDE} pixels")
    size = size_of(image)
    small = resize_image(image, size_within(size, LONGER_SIDE))
    count = min(MOST_SEGMENTS, max(1, round(size[0] * size[1] / side**2)))
    found = slic(small, count, compactness=_COMPACTNESS, start_label=1, max_num_iter=_ROUNDS)
    labels = resize_labels(found.astype(np.int32), size)
    if alpha is not None:
        labels = np.where(resize_alpha(alpha, size) >= HALF_VISIBLE, labels, 0).astype(np.int32)
    return Segments(labels)
