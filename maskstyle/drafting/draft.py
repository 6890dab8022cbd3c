"""A first map of an image, made from the image alone, for a person to correct: see docs/maps.md."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray
from scipy import spatial
from skimage.color import rgb2lab
from threadpoolctl import threadpool_limits

from maskstyle.drafting.features import Describe, color_features, joined, most_alike
from maskstyle.drafting.scribbles import grow, seeds_at
from maskstyle.drafting.segmentation import find_affinity, find_superpixels, normalized_cut, smoothed, without_specks
from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.pixels import Image, Size, fit_size, resize_image
from maskstyle.images.sidecars import check_aspect
from maskstyle.maps.colors import BASIC_COLORS, Color
from maskstyle.maps.io import LabelMap, SemanticMap, fit_map
from maskstyle.techniques.plan import check_image

DEFAULT_REGIONS = 5
"""As many as most hand-drawn maps have."""

MOST_REGIONS = 32
"""More are no draft to correct by hand, and their colors would no longer be read back without fail."""

FEATURES = ("color", "network")
"""What parts of an image may be compared by."""

LONGER_SIDE = 800
"""In pixels; larger images are drafted at this size."""

LEAST_SIDE = 4
"""In pixels, of an image."""


def draft_map(
    image: Image,
    *,
    regions: int | None = None,
    scribbles: SemanticMap | None = None,
    features: str = "color",
) -> SemanticMap:
    """Draft a semantic map of an image.

    Parameters
    ----------
    image : (H, W, 3) float32 array
        In [0, 1], at least `LEAST_SIDE` pixels each way.
    regions : int, optional
        How many regions to make, 1 to `MOST_REGIONS`; `DEFAULT_REGIONS` where it is left out. A region may have
        several patches.
    scribbles : SemanticMap, optional
        Strokes in some pixels of each region, from `load_scribbles`; there are as many regions then as they have
        colors, and in these.
    features : {"color", "network"}
        Compare color and texture, or the features of the embedded network `lite`; the latter loads TensorFlow.

    Returns
    -------
    SemanticMap
        Of the image's size, every pixel in some region, the largest first. Saved as a picture without loss, it is
        read back as it was.

    Raises
    ------
    ImageError
        If the image is no image or has too few pixels for so many regions, or the scribbles have another aspect.
    SettingsError
        If `regions` is out of range or given beside `scribbles`, or `features` is unknown.

    Notes
    -----
    Superpixels (SLIC) are compared by their features. Neighbors are tied as far as they look alike, and so, more
    loosely, are superpixels that look alike anywhere; a normalized cut parts what is tied least. Patches of less than
    0.2 % of the pixels go to the regions around them. The same image makes the same map each time.

    Examples
    --------
    >>> image = np.zeros((32, 48, 3), np.float32)
    >>> image[:, 30:] = (0.9, 0.8, 0.1)
    >>> drafted = draft_map(image, regions=2)
    >>> drafted.counts
    (960, 576)
    """
    image = check_image(image, "image").astype(np.float32)
    size = _size(image)
    check_draft(size, regions=regions, scribbles=scribbles, features=features)
    count = len(scribbles.colors) if scribbles else regions or DEFAULT_REGIONS
    small = _at_most(image, LONGER_SIDE)
    superpixels = find_superpixels(small)
    if superpixels.count < count:
        raise ImageError(
            f"expected an image that has {count} regions of some pixels, but got {size[0]}x{size[1]} pixels "
            "(height x width); ask for fewer regions, or pass a larger image"
        )
    groups = _describe(features)(small, superpixels.labels, superpixels.count)
    strokes = None if scribbles is None else _fitted_strokes(scribbles, size)
    with threadpool_limits(limits=1, user_api="blas"):  # for systems so small, threads cost more than they bring
        affinity = find_affinity(joined(groups), superpixels)
        if strokes is None:
            parts = normalized_cut(affinity, count)
        else:
            parts = grow(affinity, superpixels, seeds_at(strokes, _size(small)), count)
    labels = smoothed(without_specks(parts[superpixels.labels], count), count, size)
    labels = without_specks(labels, count)
    if strokes is not None:
        labels = np.where(strokes >= 0, strokes, labels)
    return _by_size(labels, scribbles.colors if scribbles else draft_colors(count), ranked=scribbles is not None)


def check_draft(
    size: Size,
    *,
    regions: int | None,
    scribbles: SemanticMap | None,
    features: str,
    names: tuple[str, str] = ("the image", "the scribble picture"),
) -> None:
    """Raise what `draft_map` raises for what it is given, before the work.

    Parameters
    ----------
    size : (height, width)
        Of the image.
    regions, scribbles, features
        As `draft_map`.
    names : (str, str)
        What messages call the image and the scribbles.
    """
    if regions is not None and scribbles is not None:
        raise SettingsError(
            f"regions is {regions}, but the scribbles have {len(scribbles.colors)} colors, which make as many "
            "regions; leave regions out"
        )
    if regions is not None and not 1 <= regions <= MOST_REGIONS:
        raise SettingsError(f"regions is {regions}; expected 1 to {MOST_REGIONS}")
    if features not in FEATURES:
        raise SettingsError(f"features is {features!r}; expected {' or '.join(FEATURES)}")
    if min(size) < LEAST_SIDE:
        raise ImageError(
            f"expected at least {LEAST_SIDE} pixels each way, but {names[0]} is {size[0]}x{size[1]} "
            "(height x width); pass a larger one"
        )
    if scribbles is not None:
        check_aspect(scribbles.size, size, kind="scribble picture", name=names[1], image_name=names[0])


def color_map_like(
    drafted: SemanticMap, image: Image, style_map: SemanticMap, style: Image, *, features: str = "color"
) -> tuple[SemanticMap, tuple[tuple[Color, Color], ...]]:
    """Give the regions of a map the colors of those of a style's map that look most like them.

    Parameters
    ----------
    drafted : SemanticMap
        The map whose colors to change.
    image : (H, W, 3) float32 array
        Its image, in [0, 1].
    style_map : SemanticMap
        The map that has the colors.
    style : (h, w, 3) float32 array
        Its image, in [0, 1].
    features : {"color", "network"}
        As `draft_map`.

    Returns
    -------
    recolored : SemanticMap
        Regions that took the same color are one.
    pairs : tuple of (Color, Color)
        For each region of `drafted` its old color and its new one. No two are the same where the style's map has as
        many regions as `drafted` or more.

    Raises
    ------
    ImageError
        If an image is none, or a map has another aspect than its image.
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
        small = _at_most(check_image(pixels, name).astype(np.float32), LONGER_SIDE)
        fit_map(semantic_map, _size(pixels), name="the map", image_name=f"the {name}")
        fitted = fit_map(semantic_map, _size(small), name="the map", image_name=f"the {name}")
        groups.append(describe(small, fitted.labels.astype(np.intp), len(fitted.colors)))
    partners = most_alike(groups[0], groups[1])
    pairs = tuple((old, style_map.colors[new]) for old, new in zip(drafted.colors, partners, strict=True))
    labels = np.array([*partners, -1])[drafted.labels]
    return _by_size(labels, style_map.colors, ranked=True), pairs


def _describe(features: str) -> Describe:
    if features == "color":
        return color_features
    from maskstyle.drafting.features import network_features

    return network_features()


def _at_most(image: Image, longer_side: int) -> Image:
    size = _size(image)
    return resize_image(image, fit_size(size, longer_side)) if max(size) > longer_side else image


def _size(image: Image) -> Size:
    return image.shape[0], image.shape[1]


def _fitted_strokes(scribbles: SemanticMap, size: Size) -> LabelMap:
    return fit_map(scribbles, size, name="the scribble picture", image_name="the image").labels


def _by_size(labels: NDArray[np.integer], colors: tuple[Color, ...], *, ranked: bool) -> SemanticMap:
    """Return the map with the largest region first, in the given colors; those keep their regions if `ranked`."""
    counts = np.bincount(labels[labels >= 0].ravel(), minlength=len(colors))
    order = [int(index) for index in np.argsort(-counts, kind="stable") if counts[index]]
    rank = np.full(len(colors) + 1, -1, np.int32)  # the last is for -1
    rank[order] = np.arange(len(order))
    taken = [colors[index] for index in order] if ranked else colors[: len(order)]
    return SemanticMap(rank[labels], tuple(taken))


_LEVELS = (0, 85, 170, 255)  # of each channel: 64 colors, 85 apart
_FIRST = ("red", "blue", "green", "yellow", "magenta", "cyan", "white", "black")  # what --regions understands


def draft_colors(count: int) -> tuple[Color, ...]:
    """Return colors for a number of regions.

    Parameters
    ----------
    count : int
        1 to 64.

    Returns
    -------
    tuple of Color
        First the pure ones, which have names; then each is, of a grid of colors that are at least 85 apart in RGB,
        the one that looks least like those before it (in CIELAB).

    Examples
    --------
    >>> draft_colors(3)
    ((255, 0, 0), (0, 0, 255), (0, 255, 0))
    """
    grid = np.array(list(product(_LEVELS, repeat=3)))
    looks = rgb2lab(grid / 255)
    apart = spatial.distance.cdist(looks, looks)
    chosen = [int(np.flatnonzero(np.all(grid == BASIC_COLORS[name][0], axis=1))[0]) for name in _FIRST]
    while len(chosen) < count:
        chosen.append(int(np.argmax(apart[chosen].min(axis=0))))
    return tuple((int(red), int(green), int(blue)) for red, green, blue in grid[chosen[:count]])
