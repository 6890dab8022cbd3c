"""Map files: load a semantic map, fit it to its image, find it beside the image, and count flat colors."""

from __future__ import annotations

import dataclasses
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import ImageError
from maskstyle.images.decoding import decode, upright
from maskstyle.images.files import decoding, open_image
from maskstyle.images.io import read_metadata, save_image
from maskstyle.images.pixels import Size, resize_labels, to_uint8
from maskstyle.images.sidecars import check_aspect, find_beside
from maskstyle.images.transparency import visible_alpha
from maskstyle.maps.colors import MAX_REGIONS, Color, RegionKey, format_color
from maskstyle.maps.ids import read_ids
from maskstyle.maps.ignoring import ignore_regions
from maskstyle.maps.parsing import map_of_ids, parse_map, to_8_bits
from maskstyle.maps.pixels import pack_channels
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.maps.soft import resize_shares, soft_masks

MANY_COLORS = 64
"""More colors than this are taken for the noise of compression, in formats that may compress without loss."""

NAMES_KEY = "names"
"""Key of the names of regions in the metadata of a map, by their colors."""


def load_map(
    path: str | Path,
    *,
    palette: Sequence[Color] | None = None,
    least_region: int | None = None,
    soft: bool = False,
    ignore: Sequence[RegionKey | str] = (),
    orientation: int = 1,
) -> SemanticMap:
    """Read a semantic map from an image file.

    Parameters
    ----------
    path : str or Path
        A file that `maskstyle.load_image` reads: RGB, RGBA, palette or grayscale, 1 to 16 bits, JPEG included.
    palette : sequence of Color, optional
        The colors of the regions; found automatically by default. See `parse_map`.
    least_region : int, optional
        The smallest number of pixels of a region. See `parse_map`.
    soft : bool
        Whether to divide pixels of blended colors between regions: the map then has ``shares``. See
        `maskstyle.soft_masks`. A map of ids has none.
    ignore : sequence of Color, int or str
        Colors, ids or names of regions, such as 255 for void, with pixels that go to the nearest other regions. Those
        that the map lacks have no effect.
    orientation : int
        EXIF orientation of the image, 1 to 8, if the map was drawn on the stored pixels of a rotated photo; see
        `maskstyle.read_orientation`. The map is turned as the photo is.

    Returns
    -------
    SemanticMap
        With `ids` if the file stores ids rather than colors: the indices of a palette without soft edges, and gray
        values that people do not paint, of 1 to 32 bits. A region then has an id, which names it wherever a color
        does.

    Raises
    ------
    ImageError
        If the file cannot be read or is not a map (see `parse_map`), contains 16-bit colors that are not distinct
        in 8 bits, or has more than 1,024 ids.
    """
    found = _read_map(Path(path), palette, least_region, soft=soft)
    found = ignore_regions(found, ignore, name=str(path)) if ignore else found
    return found if orientation == 1 else turn_map(found, orientation)


def _read_map(path: Path, palette: Sequence[Color] | None, least_region: int | None, *, soft: bool) -> SemanticMap:
    with explaining_annotations(path, "semantic map"):
        numbered = read_ids(path) if palette is None else None
    if numbered is not None:
        return map_of_ids(numbered, least_region=least_region)
    pixels, alpha = read_map_pixels(path)
    with open_image(path) as image:
        kind = image.format
    lossy = kind in ("JPEG", "MPO")
    if kind in ("AVIF", "HEIF"):  # which may be lossless, and then have few colors
        lossy = len(np.unique(pack_channels(pixels))) > MANY_COLORS
    found = parse_map(pixels, alpha, palette=palette, least_region=least_region, lossy=lossy, name=str(path))
    found = dataclasses.replace(found, names=_recorded_names(Path(path), found.colors))
    return dataclasses.replace(found, shares=soft_masks(pixels, found)) if soft else found


def save_map(path: str | Path, semantic_map: SemanticMap, *, metadata: Mapping[str, object] | None = None) -> None:
    """Write a map as a PNG, in its colors; `load_map` also reads the names of its regions.

    Parameters
    ----------
    path : str or Path
        The output, with the extension .png.
    semantic_map : SemanticMap
        The map; pixels in no region are transparent.
    metadata : mapping, optional
        Further metadata for `maskstyle.images.read_metadata`.

    Raises
    ------
    ImageError
        If `path` does not end in .png or cannot be written.
    """
    if Path(path).suffix.lower() != ".png":
        raise ImageError(f"expected a map to end in .png, which is lossless, but got {path}; name it .png")
    pixels = np.array(semantic_map.colors, np.float32)[semantic_map.labels] / np.float32(255)
    inside = semantic_map.labels >= 0
    names = {format_color(color): name for color, name in zip(semantic_map.colors, semantic_map.names, strict=False)}
    save_image(
        path,
        pixels,
        alpha=None if inside.all() else inside.astype(np.float32),
        metadata={**(metadata or {}), **({NAMES_KEY: names} if names else {})},
    )


def read_map_pixels(path: str | Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None]:
    """Read the pixel colors of a semantic map from an image file.

    Parameters
    ----------
    path : str or Path
        See `load_map`.

    Returns
    -------
    pixels : (H, W, 3) uint8 array
        The colors.
    alpha : (H, W) uint8 array or None
        The opacity, or None if the file has none.

    Raises
    ------
    ImageError
        If the file cannot be read, or contains 16-bit labels that are not distinct in 8 bits.

    Notes
    -----
    Colors have 8 bits per channel. In a 16-bit file with samples of at most 255, the samples are labels and are not
    scaled. An embedded color profile is applied, so that the colors are those seen when the map was painted.
    """
    with explaining_annotations(Path(path), "semantic map"):
        pixels, alpha = decode(Path(path), labels=True)
    alpha = visible_alpha(alpha)
    return to_8_bits(pixels, str(path)), None if alpha is None else to_uint8(alpha)


def turn_map(semantic_map: SemanticMap, orientation: int) -> SemanticMap:
    """Turn a map drawn on the stored pixels of a photo, as its EXIF orientation (1 to 8) turns the photo.

    Examples
    --------
    >>> lying = SemanticMap(np.array([[0, 1]], np.int32), ((255, 0, 0), (0, 0, 255)))
    >>> turn_map(lying, 6).labels.tolist()
    [[0], [1]]
    """
    shares = semantic_map.shares
    if shares is not None:
        shares = np.stack([upright(own, orientation) for own in shares])
    labels = np.ascontiguousarray(upright(semantic_map.labels, orientation))
    return dataclasses.replace(semantic_map, labels=labels, shares=shares)


def fit_map(
    semantic_map: SemanticMap, size: Size, *, name: str, image_name: str, stretch: bool = False
) -> SemanticMap:
    """Resize a map to the size of its image by nearest neighbor.

    Parameters
    ----------
    semantic_map : SemanticMap
        The map.
    size : (height, width)
        The size of the image, each side at least 1.
    name, image_name : str
        Names of the map and the image in messages.
    stretch : bool
        Whether to stretch a map of another aspect ratio, such as the square map that a network wrote for a photo.

    Returns
    -------
    SemanticMap
        The map at `size`, with the same colors in the same order; the map itself if it already has this size. A small
        region may lose all its pixels.

    Raises
    ------
    ImageError
        If the aspect ratios differ by more than 1% and by more than one pixel of the shorter side of the map, without
        `stretch`.
    """
    if semantic_map.size == tuple(size):
        return semantic_map
    if not stretch:
        check_aspect(semantic_map.size, size, kind="map", name=name, image_name=image_name)
    shares = None if semantic_map.shares is None else resize_shares(semantic_map.shares, size)
    return dataclasses.replace(semantic_map, labels=resize_labels(semantic_map.labels, size), shares=shares)


def find_map_beside(image_path: str | Path) -> Path | None:
    """Find the map named after an image: photo_map.png or photo_sem.png beside photo.jpg.

    Parameters
    ----------
    image_path : str or Path
        The image; it need not exist.

    Returns
    -------
    Path or None
        The file in the same folder named after the image with the ending "_map" or "_sem" and a readable image
        extension; None if there is none.

    Raises
    ------
    ImageError
        If there are several such files.
    """
    return find_beside(Path(image_path), ("_map", "_sem"), kind="map")


@contextmanager
def explaining_annotations(path: Path, wanted: Literal["semantic map", "mask"]) -> Iterator[None]:
    """Say how to make a map, or a mask, of an annotation in the error for one."""
    try:
        yield
    except ImageError as error:
        from maskstyle.maps.annotations.reading import annotation_kind

        kind = annotation_kind(path)
        if kind is None:
            raise
        made = shlex.quote(f"{path.stem}_map.png")
        command = f"maskstyle maps from {shlex.quote(str(path))} -o {made}"
        remedy = {
            "semantic map": f"run: {command}",
            "mask": f"and a mask of the map, run: {command}, and: maskstyle masks from-map {made}",
        }[wanted]
        raise ImageError(
            f"expected a {wanted}, but {path} is {kind}; to make a map of an annotation, {remedy}"
        ) from error


def _recorded_names(path: Path, colors: Sequence[Color]) -> tuple[str, ...]:
    """Return the names of regions that `save_map` stored; empty if there are none."""
    try:
        names = (read_metadata(path) or {}).get(NAMES_KEY)
    except ImageError:  # a paint program damaged it
        return ()
    if not isinstance(names, dict):
        return ()
    found = tuple(str(names.get(format_color(color), "")) for color in colors)
    return found if any(found) else ()


_MOST_COLORS = 4096


def count_colors(path: str | Path, size: Size, *, name: str = "the map") -> dict[Color, int]:
    """Return the pixels of each color of a map in flat colors.

    Parameters
    ----------
    path : str or Path
        A PNG in 8 bits. Pixels are either opaque or transparent; transparent ones are in no region.
    size : (height, width)
        The size that it must have.
    name : str
        Name of the map in messages.

    Returns
    -------
    dict of Color to int
        In descending order of pixels. Empty where all pixels are transparent.

    Raises
    ------
    ImageError
        If the file is no such PNG, has another size, or more than `MAX_REGIONS` colors.
    """
    with open_image(Path(path)) as image:
        if image.format != "PNG" or image.mode not in ("RGB", "RGBA", "P"):
            raise ImageError(f"expected {name} as a PNG with 8-bit colors, but got {image.format} {image.mode}")
        if (image.height, image.width) != tuple(size):
            raise ImageError(
                f"expected {name} to have {size[1]}x{size[0]} pixels, as its image is shown, but it has "
                f"{image.width}x{image.height}"
            )
        with decoding(Path(path)):
            found = image.convert("RGBA").getcolors(_MOST_COLORS)
    counts: dict[Color, int] = {}
    for count, value in sorted(found or [], key=lambda each: -each[0]):
        red, green, blue, opacity = value if isinstance(value, tuple) else (0, 0, 0, 0)
        if opacity not in (0, 255):
            raise ImageError(f"{name} has half-transparent pixels; paint without soft edges")
        if opacity:
            counts[red, green, blue] = count
    if found is None or len(counts) > MAX_REGIONS:
        many = f"more than {_MOST_COLORS}" if found is None else str(len(counts))
        raise ImageError(f"{name} has {many} colors; expected at most {MAX_REGIONS}, painted without soft edges")
    return counts
