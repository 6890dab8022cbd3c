"""Semantic maps: from the pixels of a painted map to labels, fitted to an image and matched with another map."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.files import open_image
from maskstyle.images.io import load_image
from maskstyle.images.pixels import Size, to_uint8
from maskstyle.images.sidecars import check_aspect, find_beside
from maskstyle.maps.colors import MAX_REGIONS, Color, color_name, format_color, parse_color
from maskstyle.maps.matching import (
    SAME_COLOR,
    RegionMatch,
    describe_unmatched,
    find_named_region,
    find_region,
    match_regions,
)
from maskstyle.maps.parsing import LEAST_SHARE, in_8_bits, parse_map
from maskstyle.maps.semantic_map import Absorbed, LabelMap, SemanticMap, describe_absorbed
from maskstyle.maps.soft import resize_shares, soft_masks

__all__ = [
    "LEAST_SHARE",
    "MAX_REGIONS",
    "SAME_COLOR",
    "Absorbed",
    "Color",
    "LabelMap",
    "RegionMatch",
    "SemanticMap",
    "color_name",
    "describe_absorbed",
    "describe_unmatched",
    "find_map_beside",
    "find_named_region",
    "find_region",
    "fit_map",
    "format_color",
    "load_map",
    "match_regions",
    "parse_color",
    "parse_map",
    "read_map_pixels",
]


def load_map(
    path: str | Path,
    *,
    palette: Sequence[Color] | None = None,
    least_region: int | None = None,
    soft: bool = False,
) -> SemanticMap:
    """Read a semantic map from an image file.

    Parameters
    ----------
    path : str or Path
        A file that `maskstyle.images.io.load_image` reads: RGB, RGBA, palette, grayscale, 1 to 16 bits, JPEG.
    palette : sequence of Color, optional
        The regions' colors; found where not given. See `parse_map`.
    least_region : int, optional
        How many pixels a region has at least. See `parse_map`.
    soft : bool
        Whether pixels of blended colors belong to several regions, by their shares of the blend: the map has
        ``shares`` then, see `maskstyle.soft_masks`.

    Returns
    -------
    SemanticMap

    Raises
    ------
    ImageError
        If the file cannot be read or is no map (see `parse_map`), or if it holds 16-bit labels of which several
        become one color in 8 bits.
    """
    pixels, alpha = read_map_pixels(path)
    with open_image(Path(path)) as image:
        lossy = image.format in ("JPEG", "MPO")
    found = parse_map(pixels, alpha, palette=palette, least_region=least_region, lossy=lossy, name=str(path))
    return dataclasses.replace(found, shares=soft_masks(pixels, found)) if soft else found


def read_map_pixels(path: str | Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Read the colors of a semantic map's pixels from an image file.

    Parameters
    ----------
    path : str or Path
        See `load_map`.

    Returns
    -------
    pixels : (H, W, 3) uint8 array
        The colors.
    alpha : (H, W) uint8 array or None
        The opacity, or None where the file has none.

    Raises
    ------
    ImageError
        If the file cannot be read, or holds 16-bit labels of which several become one color in 8 bits.

    Notes
    -----
    Colors are 8 bits deep. A 16-bit file whose samples are all 255 or less holds labels, not darkness: its samples
    are taken as they are. An embedded color profile is converted to sRGB, so that a map's colors are those that
    its painter saw.
    """
    picture = load_image(path)
    alpha = None if picture.alpha is None else to_uint8(picture.alpha)
    return in_8_bits(picture.pixels, str(path)), alpha


def fit_map(semantic_map: SemanticMap, size: Size, *, name: str, image_name: str) -> SemanticMap:
    """Resize a map to the size of its image, each pixel from its nearest one.

    Parameters
    ----------
    semantic_map : SemanticMap
        The map.
    size : (height, width)
        The image's size, each at least 1.
    name, image_name : str
        What the message calls the map and the image.

    Returns
    -------
    SemanticMap
        Of `size`, with the same colors in the same order; the map itself if it fits already. A region of a few
        pixels may be left without any.

    Raises
    ------
    ImageError
        If the aspect ratios differ by more than 1 %, or by more than one pixel of the map's shorter side makes.
    """
    height, width = semantic_map.size
    if (height, width) == tuple(size):
        return semantic_map
    check_aspect(semantic_map.size, size, kind="map", name=name, image_name=image_name)
    rows = ((np.arange(size[0]) + 0.5) * height / size[0]).astype(np.intp)
    columns = ((np.arange(size[1]) + 0.5) * width / size[1]).astype(np.intp)
    shares = None if semantic_map.shares is None else resize_shares(semantic_map.shares, size)
    return dataclasses.replace(semantic_map, labels=semantic_map.labels[np.ix_(rows, columns)], shares=shares)


def find_map_beside(image_path: str | Path) -> Path | None:
    """Find the map that is named after an image: photo_map.png or photo_sem.png beside photo.jpg.

    Parameters
    ----------
    image_path : str or Path
        The image; it need not exist.

    Returns
    -------
    Path or None
        The one file beside it with the image's name, "_map" or "_sem", and the extension of an image that
        maskstyle reads; None if there is none.

    Raises
    ------
    ImageError
        If there are several.
    """
    return find_beside(Path(image_path), ("_map", "_sem"), kind="map")
