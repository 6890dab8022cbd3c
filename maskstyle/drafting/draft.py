"""Draft a semantic map from an image, and recolor a map to match a style map: see docs/how-to/maps.md."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from maskstyle.drafting.features import Describe, assign_parts, color_features, join_groups, network_features
from maskstyle.drafting.scribbles import grow_regions, shrink_strokes
from maskstyle.drafting.segmentation import (
    find_affinity,
    find_superpixels,
    normalized_cut,
    remove_specks,
    smooth_regions,
)
from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.pixels import AnyImage, Image, Mask, Size, resize_image, size_of, size_text, size_within
from maskstyle.images.sidecars import check_aspect
from maskstyle.images.transparency import HALF_VISIBLE, resize_alpha
from maskstyle.maps.colors import Color, distinct_colors
from maskstyle.maps.io import fit_map
from maskstyle.maps.semantic_map import LabelMap, SemanticMap
from maskstyle.techniques.checks import check_picture

DEFAULT_REGIONS = 5
"""Typical of hand-drawn maps."""

MOST_REGIONS = 32
"""More regions are hard to correct by hand, and their colors might not be read back reliably."""

FEATURES = ("color", "network")
"""The features by which parts of an image are compared."""

LONGER_SIDE = 800
"""In pixels; larger images are scaled down to this for drafting."""

LEAST_SIDE = 4
"""Smallest side of an image, in pixels."""


def draft_map(
    image: AnyImage,
    *,
    regions: int | None = None,
    scribbles: SemanticMap | None = None,
    features: str = "color",
) -> SemanticMap:
    """Draft a semantic map of an image.

    Parameters
    ----------
    image : (H, W, 3) or (H, W, 4) float32 array
        RGB or RGBA in [0, 1], at least `LEAST_SIDE` pixels each way.
    regions : int, optional
        Number of regions, 1 to `MOST_REGIONS`, by default `DEFAULT_REGIONS`. A region may consist of several patches.
    scribbles : SemanticMap, optional
        A stroke or more in each region, from `load_scribbles`. The map then has one region for each stroke color, in
        that color.
    features : {"color", "network"}
        Compare color and texture, or the features of the embedded network `lite`, which loads TensorFlow.

    Returns
    -------
    SemanticMap
        At the size of the image, with every visible pixel in a region; largest region first. Saved in a lossless
        format, it is read back unchanged.

    Raises
    ------
    ImageError
        If the image is invalid or too small for so many regions, or the scribbles differ from it in aspect.
    SettingsError
        If `regions` is out of range or combined with `scribbles`, or `features` is unknown.

    Notes
    -----
    The image is divided into superpixels (SLIC) with an affinity between similar neighbors and a weaker one between
    similar superpixels anywhere. A normalized cut divides this graph into regions; with scribbles, a random walk
    does. Patches of less than 0.2% of the pixels are merged into the regions around them. The result is
    deterministic.

    Examples
    --------
    >>> image = np.zeros((32, 48, 3), np.float32)
    >>> image[:, 30:] = (0.9, 0.8, 0.1)
    >>> drafted = draft_map(image, regions=2)
    >>> drafted.counts
    (960, 576)
    """
    image, alpha = check_picture(image, "image")
    size = size_of(image)
    check_draft(size, regions=regions, scribbles=scribbles, features=features)
    count = len(scribbles.colors) if scribbles else regions or DEFAULT_REGIONS
    small = _reduced(image)
    superpixels = find_superpixels(small, None if alpha is None else _shown(alpha, size_of(small)))
    if superpixels.count < count:
        raise ImageError(
            f"expected an image large enough for {count} regions, but got {size_text(size)} pixels"
            "; request fewer regions, or pass a larger image"
        )
    groups = _describe(features)(small, superpixels.labels, superpixels.count)
    strokes = None if scribbles is None else _fitted_strokes(scribbles, size)
    with one_blas_thread():  # threads slow such small systems down
        affinity = find_affinity(join_groups(groups), superpixels)
        if strokes is None:
            parts = normalized_cut(affinity, count)
        else:
            parts = grow_regions(affinity, superpixels, shrink_strokes(strokes, size_of(small)), count)
    labels = np.append(parts, -1)[superpixels.labels]  # the last is for -1
    labels = smooth_regions(remove_specks(labels, count), count, size)
    labels = remove_specks(labels, count)
    if strokes is not None:
        labels = np.where(strokes >= 0, strokes, labels)
    if alpha is not None:
        labels = np.where(_shown(alpha, size), labels, -1)
    if scribbles is None:
        return _largest_first(labels, distinct_colors(count), keep_colors=False)
    return _largest_first(labels, scribbles.colors, keep_colors=True)


def color_map_like(
    drafted: SemanticMap, image: AnyImage, style_map: SemanticMap, style: AnyImage, *, features: str = "color"
) -> tuple[SemanticMap, tuple[tuple[Color, Color], ...]]:
    """Recolor each region of a map with the color of the most similar region of a style map.

    Parameters
    ----------
    drafted : SemanticMap
        The map to recolor.
    image : (H, W, 3) float32 array
        The image of `drafted`, in [0, 1].
    style_map : SemanticMap
        The map to take colors from.
    style : (h, w, 3) float32 array
        The image of `style_map`, in [0, 1].
    features : {"color", "network"}
        See `draft_map`.

    Returns
    -------
    recolored : SemanticMap
        The recolored map; regions that received the same color are merged.
    pairs : tuple of (Color, Color)
        The old and the new color of each region of `drafted`. The new colors are all different if the style map has
        at least as many regions as `drafted`.

    Raises
    ------
    ImageError
        If an image is invalid, or a map differs from its image in aspect.
    SettingsError
        If `features` is unknown.

    Examples
    --------
    >>> image = np.zeros((32, 48, 3), np.float32)
    >>> image[:, 30:] = (0.9, 0.8, 0.1)
    >>> style_map = SemanticMap((image[:, ::-1, 0] > 0).astype(np.int32), ((10, 20, 30), (200, 210, 220)))
    >>> recolored, pairs = color_map_like(draft_map(image, regions=2), image, style_map, image[:, ::-1])
    >>> recolored.colors
    ((10, 20, 30), (200, 210, 220))
    """
    if features not in FEATURES:
        raise SettingsError(f"features is {features!r}; expected {' or '.join(FEATURES)}")
    describe, groups = _describe(features), []
    for semantic_map, pixels, name in ((drafted, image, "image"), (style_map, style, "style image")):
        opaque, alpha = check_picture(pixels, name)
        small = _reduced(opaque)
        fit_map(semantic_map, size_of(pixels), name="the map", image_name=f"the {name}")
        fitted = fit_map(semantic_map, size_of(small), name="the map", image_name=f"the {name}")
        parts = fitted.labels.astype(np.intp)
        parts = parts if alpha is None else np.where(_shown(alpha, size_of(small)), parts, -1)
        groups.append(describe(small, parts, len(fitted.colors)))
    chosen = assign_parts(groups[0], groups[1])
    pairs = tuple((old, style_map.colors[new]) for old, new in zip(drafted.colors, chosen, strict=True))
    labels = np.array([*chosen, -1])[drafted.labels]  # the last is for -1
    return _largest_first(labels, style_map.colors, keep_colors=True), pairs


def check_draft(
    size: Size,
    *,
    regions: int | None,
    scribbles: SemanticMap | None,
    features: str,
    names: tuple[str, str] = ("the image", "the scribble image"),
) -> None:
    """Raise the errors of `draft_map` for wrong arguments, before the long work."""
    if regions is not None and scribbles is not None:
        raise SettingsError(
            f"regions is {regions}, but the {len(scribbles.colors)} scribble colors already set the number of "
            "regions; leave regions out"
        )
    if regions is not None and not 1 <= regions <= MOST_REGIONS:
        raise SettingsError(f"regions is {regions}; expected 1 to {MOST_REGIONS}")
    if features not in FEATURES:
        raise SettingsError(f"features is {features!r}; expected {' or '.join(FEATURES)}")
    if min(size) < LEAST_SIDE:
        raise ImageError(
            f"expected at least {LEAST_SIDE} pixels each way, but {names[0]} is {size_text(size)}; pass a larger one"
        )
    if scribbles is not None:
        check_aspect(scribbles.size, size, kind="scribble image", name=names[1], image_name=names[0])


def _describe(features: str) -> Describe:
    return color_features if features == "color" else network_features()


def _reduced(image: Image) -> Image:
    return resize_image(image, size_within(size_of(image), LONGER_SIDE))


def _shown(alpha: Mask, size: Size) -> NDArray[np.bool_]:
    """Return which pixels of an image of a size are visible, as in a map with alpha."""
    return resize_alpha(alpha, size) >= HALF_VISIBLE


def _fitted_strokes(scribbles: SemanticMap, size: Size) -> LabelMap:
    return fit_map(scribbles, size, name="the scribble image", image_name="the image").labels


def _largest_first(labels: NDArray[np.integer], colors: tuple[Color, ...], *, keep_colors: bool) -> SemanticMap:
    """Return the map, largest region first; label n has color n or, without `keep_colors`, the nth largest region."""
    counts = np.bincount(labels[labels >= 0].ravel(), minlength=len(colors))
    order = [int(index) for index in np.argsort(-counts, kind="stable") if counts[index]]
    rank = np.full(len(colors) + 1, -1, np.int32)  # the last is for -1
    rank[order] = np.arange(len(order))
    taken = [colors[index] for index in order] if keep_colors else colors[: len(order)]
    return SemanticMap(rank[labels], tuple(taken))


_blas_limited = threading.Lock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Hold BLAS at one thread inside the block.

    The number belongs to the process, and OpenBLAS lets only the thread that lowered it raise it again. So one thread
    at a time lowers and restores it; blocks of other threads that overlap with that leave it alone, and are at most
    slower.
    """
    if not _blas_limited.acquire(blocking=False):
        yield
        return
    from threadpoolctl import threadpool_limits

    try:
        with threadpool_limits(limits=1, user_api="blas"):
            yield
    finally:
        _blas_limited.release()
