"""Soft regions: divide the blended pixels of a map between regions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray

from maskstyle.errors import ImageError
from maskstyle.images.pixels import Mask, Size, resize_labels, resize_mask
from maskstyle.maps.colors import Colors
from maskstyle.maps.pixels import BLEND_TOLERANCE, RINGS, WIDE, labels_around
from maskstyle.maps.semantic_map import SemanticMap

Fade: TypeAlias = Callable[[Mask, Mask], Mask]
"""From the share of each pixel in a region, and in all that fade into each other, to how far the region reaches."""

_NOISE = 12  # largest distance of a pixel from the color of its region by noise alone
_NEAR_BLEND = 48  # largest distance of a noisy pixel from a blend of regions around it


def soft_masks(pixels: NDArray[np.uint8], semantic_map: SemanticMap) -> NDArray[np.float32]:
    """Return the share of each pixel that belongs to each region.

    Parameters
    ----------
    pixels : (H, W, 3) uint8 array
        The pixel colors of the map, from `maskstyle.read_map_pixels`.
    semantic_map : SemanticMap
        The map parsed from these pixels.

    Returns
    -------
    (K, H, W) float32 array
        The share of each of the K regions in each pixel, in [0, 1]. The shares of a pixel sum to 1, or are all 0 for
        a pixel in no region.

    Raises
    ------
    ImageError
        If the pixels and the map differ in size.

    Notes
    -----
    A pixel farther than 12 from the color of its region (Euclidean, in RGB) is treated as a blend of two regions:
    those within two pixels, or else within 16, with the blend nearest to its color. If only one region is around it,
    as in the middle of a wide soft edge, all other regions are considered as well. A color that is not a blend
    belongs entirely to its region. Blends are of sRGB values, as in nearly all editors.

    Examples
    --------
    >>> pixels = np.array([[[255, 0, 0]] * 3 + [[102, 0, 153]] + [[0, 0, 255]] * 3], np.uint8)
    >>> masks = soft_masks(pixels, SemanticMap(np.array([[0, 0, 0, 1, 1, 1, 1]]), ((255, 0, 0), (0, 0, 255))))
    >>> masks[:, 0, 3]
    array([0.4, 0.6], dtype=float32)
    """
    if pixels.shape != (*semantic_map.size, 3):
        raise ImageError(
            f"expected the pixels of a map of {semantic_map.size[0]}x{semantic_map.size[1]} (height x width), but "
            f"got an array of shape {pixels.shape}; pass the pixels that the map was parsed from"
        )
    labels, colors = semantic_map.labels, np.array(semantic_map.colors, np.float64).reshape(-1, 3)
    masks = np.zeros((len(colors), labels.size), np.float32)
    flat, own = pixels.reshape(-1, 3), labels.ravel()
    inside = np.flatnonzero(own >= 0)
    masks[own[inside], inside] = 1
    off = np.linalg.norm(flat[inside] - colors[own[inside]], axis=1)
    at = inside[off > _NOISE]
    seen = _labels_near(labels, at)
    for around in np.unique(seen):
        here = at[seen == around]
        ends = np.array([index for index in range(len(colors)) if int(around) >> index & 1])
        alone = len(ends) < 2
        blends = _nearest_blends(
            flat[here], own[here], colors, np.arange(len(colors)) if alone else ends, alone=alone
        )
        blended = here[blends.where]
        masks[:, blended] = 0
        masks[blends.first, blended] = 1 - blends.share
        masks[blends.second, blended] = blends.share
    return masks.reshape(len(colors), *labels.shape)


def are_blended(shares: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Return which pixels, (H, W), belong to several regions, from the shares, (K, H, W)."""
    return np.asarray(((shares > 0) & (shares < 1)).any(axis=0))


FAINTEST = 1 / 512
"""Change of a share that no color of 8 bits shows."""


def faded_between(
    semantic_map: SemanticMap, regions: Sequence[int], size: Size, fade: Fade
) -> NDArray[np.float32] | None:
    """Return shares (K, H, W) of regions that fade from one to the other where they touch; None if none changes.

    `regions`, at least two, together cover of each pixel what they covered before. `fade` takes the share of each
    pixel in a region, and in all of `regions`, to how far the region reaches; see `reach`.

    >>> painted = SemanticMap(np.array([[0, 0, 1, 1, 2]]), ((255, 0, 0), (0, 0, 255), (0, 255, 0)))
    >>> faded_between(painted, [0, 1], (1, 5), lambda own, among: reach(own, among, 2))[0].tolist()
    [[1.0, 0.75, 0.25, 0.0, 0.0]]
    """
    shares = shares_of(semantic_map)
    seen = resize_shares(shares, size)
    among = seen[list(regions)].sum(axis=0)
    weights = np.stack([resize_mask(fade(seen[each], among), semantic_map.size) for each in regions])
    total = weights.sum(axis=0)
    covered = shares[list(regions)].sum(axis=0)
    fades = (covered > 0) & (total > 0)
    most = 0.0
    for region, weight in zip(regions, weights, strict=True):
        faded = weight[fades] / total[fades] * covered[fades]
        most = max(most, float(np.abs(faded - shares[region, fades]).max(initial=0.0)))
        shares[region, fades] = faded
    return shares if most > FAINTEST else None


def shares_of(semantic_map: SemanticMap) -> NDArray[np.float32]:
    """Return how much of each pixel of a map belongs to each region, as a new (K, H, W) array."""
    if semantic_map.shares is not None:
        return semantic_map.shares.copy()
    regions = np.arange(len(semantic_map.colors))[:, np.newaxis, np.newaxis]
    return np.asarray(semantic_map.labels == regions, np.float32)


def reach(own: Mask, among: Mask, width: float) -> Mask:
    """Return how far a region without soft edges reaches: 0.5 at its edge to others, 1 inside it, 0 far from it.

    `own` and `among` are 1 in the region, and in all regions that fade into each other. Half of the width of the
    fade, in pixels, is on each side of the edge.
    """
    inside = own > 0
    others = (among > 0) & ~inside
    if not inside.any() or not others.any():
        return own
    inwards, outwards = scipy.ndimage.distance_transform_edt(~others), scipy.ndimage.distance_transform_edt(~inside)
    depth = np.where(inside, inwards - 0.5, 0.5 - outwards)
    return np.asarray(np.clip(0.5 + depth / width, 0, 1), np.float32)


def resize_shares(shares: NDArray[np.float32], size: Size) -> NDArray[np.float32]:
    """Resize the shares (K, H, W) of regions, as from `soft_masks`.

    They are filtered where blended pixels contribute, and nearest neighbor elsewhere: hard edges stay hard.

    >>> resize_shares(np.array([[[1, 1, 1, 0, 0, 0, 0, 0.5]]], np.float32), (1, 4)).tolist()
    [[[1.0, 0.0, 0.0, 0.21428...]]]
    """
    if shares.shape[1:] == tuple(size):
        return shares
    nearest = resize_labels(shares, size)
    soft = resize_mask(are_blended(shares).astype(np.float32), size) > 0
    if not soft.any():
        return nearest
    return np.stack([np.where(soft, resize_mask(own, size), near) for own, near in zip(shares, nearest, strict=True)])


def _labels_near(labels: NDArray[np.int32], at: NDArray[np.intp]) -> NDArray[np.uint64]:
    """Return the labels around pixels as bit sets: close ones if there are several, otherwise also farther ones."""
    seen = labels_around(labels, at, [(0, 0), *RINGS[0]])
    alone = (seen & (seen - np.uint64(1))) == 0
    seen[alone] |= labels_around(labels, at[alone], WIDE)
    return seen


class _Blends(NamedTuple):
    """Which of N pixels are blends, (N,), and for each of these its two regions and the share of the second."""

    where: NDArray[np.bool_]
    first: NDArray[np.intp]
    second: NDArray[np.intp]
    share: NDArray[np.float64]


def _nearest_blends(
    pixels: NDArray[np.uint8],
    own: NDArray[np.int32],
    colors: NDArray[np.float64],
    ends: NDArray[np.intp],
    *,
    alone: bool,
) -> _Blends:
    """Find the nearest blend of two of the regions `ends`, including its own, for each pixel."""
    one, other = (ends[each] for each in np.triu_indices(len(ends), 1))
    if not len(one):
        return _Blends(np.zeros(len(pixels), np.bool_), one, other, np.empty(0))
    distinct, back = np.unique(np.concatenate([pixels, own[:, np.newaxis]], axis=1), axis=0, return_inverse=True)
    share, apart = _blend_shares(distinct[:, :3], colors[one], colors[other])
    slack = _NEAR_BLEND if not alone else 2 + BLEND_TOLERANCE * np.linalg.norm(colors[other] - colors[one], axis=1)
    label = distinct[:, 3:]
    apart = np.where((apart <= slack) & ((label == one) | (label == other)), apart, np.inf)
    best = apart.argmin(axis=1)
    rows = np.arange(len(best))
    where = np.isfinite(apart[rows, best])[back]
    return _Blends(where, one[best][back][where], other[best][back][where], share[rows, best][back][where])


def _blend_shares(
    pixels: Colors, first: NDArray[np.float64], second: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return, as (N, P), the share of the second color of each pair in each pixel, and the distance to that blend."""
    along = second - first
    share = (pixels @ along.T - (first * along).sum(axis=1)) / np.maximum((along**2).sum(axis=1), 1)
    share = np.clip(share, 0, 1)
    blends = first + share[..., np.newaxis] * along
    return share, np.linalg.norm(blends - pixels[:, np.newaxis], axis=-1)
