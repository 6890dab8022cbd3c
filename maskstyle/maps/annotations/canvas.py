"""What readers of annotations share: shapes (polygons, boxes, ellipses, masks) as pixels, and the choice of image."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, NamedTuple

import numpy as np
import skimage
from numpy.typing import NDArray
from PIL import Image as PillowImage

from maskstyle.errors import ImageError
from maskstyle.images.pixels import Size
from maskstyle.maps.colors import shortlist
from maskstyle.maps.pixels import Bools

UNNAMED = "unnamed"
"""The name of shapes without a label."""

WANTED = {
    "shape": ("polygons, boxes or masks", "annotate the image first"),
    "layer": ("visible layers with pixels", "show or paint them, and save it again"),
}
"""What is expected where there is no shape, and what to do, by what a shape is called."""

_FAR = 1e7  # coordinates are clipped to this, far outside of any image
_SLIP = 1.5  # pixels by which a point may lie outside unnoticed: programs round differently
_CIRCLE_CORNERS = 90


@dataclass(frozen=True, eq=False)
class Shape:
    """A named part of an image."""

    name: str  # its label
    # Position of `mask` in the image.
    top: int
    left: int
    mask: Bools  # (h, w): its pixels


@dataclass(frozen=True, eq=False)
class Annotation:
    """The shapes of one image."""

    size: Size
    shapes: tuple[Shape, ...]  # from the lowest to the topmost
    notes: tuple[str, ...] = ()  # what was read in a way that a person may not expect, or left out


class Canvas:
    """Collects the shapes of one image; messages name the annotation, and call its shapes by one of `WANTED`."""

    def __init__(self, size: Size, source: str, noun: str = "shape") -> None:
        check_size(size, source)
        self.size, self.source, self.noun = size, source, noun
        self._shapes: list[Shape] = []
        self._counts: dict[str, int] = {}

    def add_polygons(self, label: object, polygons: Sequence[Any]) -> None:
        """Add a shape of one or several polygons, each (N, 2): x to the right and y down, from the corner."""
        name = as_name(label)
        outlines = [self._outline(polygon, name) for polygon in polygons]
        corners = np.concatenate(outlines)
        top, left, bottom, right = self._bounds(corners, name)
        mask = np.zeros((bottom - top, right - left), np.bool_)
        for outline in outlines:  # the center of the pixel (0, 0) is at (0.5, 0.5)
            rows, columns = skimage.draw.polygon(  # type: ignore[no-untyped-call]
                outline[:, 1] - 0.5 - top, outline[:, 0] - 0.5 - left, mask.shape
            )
            mask[rows, columns] = True
        self._append(Shape(name, top, left, mask))

    def add_box(self, label: object, left: float, top: float, right: float, bottom: float, turn: float = 0) -> None:
        """Add a box, turned clockwise around its center by degrees."""
        corners = np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)
        self.add_polygons(label, [_turned(corners, turn)])

    def add_ellipse(self, label: object, x: float, y: float, radii: tuple[float, float], turn: float = 0) -> None:
        """Add an ellipse with its radii along x and y, turned clockwise by degrees."""
        angles = np.linspace(0, 2 * np.pi, _CIRCLE_CORNERS, endpoint=False)
        around = np.stack([x + radii[0] * np.cos(angles), y + radii[1] * np.sin(angles)], axis=-1)
        self.add_polygons(label, [_turned(around, turn)])

    def add_mask(self, label: object, mask: Bools, left: int = 0, top: int = 0) -> None:
        """Add a mask; parts of it beyond the image are cut off."""
        height, width = self.size
        inside = mask[max(0, -top) : max(0, height - top), max(0, -left) : max(0, width - left)]
        if inside.sum() < mask.sum():
            self.count("reaches beyond the image and is cut off")
        rows, columns = np.flatnonzero(inside.any(axis=1)), np.flatnonzero(inside.any(axis=0))
        if len(rows):
            inside = inside[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
            place = max(0, top) + int(rows[0]), max(0, left) + int(columns[0])
            self._append(Shape(as_name(label), *place, inside.copy()))
        else:
            self.count("covers no pixel and is left out")

    def count(self, what: str) -> None:
        """Count a shape to which something happened, in the words of a note: "has no area and is left out"."""
        self._counts[what] = self._counts.get(what, 0) + 1

    def annotation(self, *notes: str) -> Annotation:
        """Return what was collected: at least one shape."""
        counted = tuple(
            f"1 {self.noun} of {self.source} {what}"
            if number == 1
            else f"{number} {self.noun}s of {self.source}: each {what}"
            for what, number in self._counts.items()
        )
        if not self._shapes:
            why = f" ({'; '.join(counted)})" if counted else ""
            wanted, advice = WANTED[self.noun]
            raise ImageError(f"expected {wanted}, but {self.source} has none{why}; {advice}")
        return Annotation(self.size, tuple(self._shapes), (*notes, *counted))

    def _append(self, shape: Shape) -> None:
        if shape.mask.any():
            self._shapes.append(shape)
        else:
            self.count("covers no pixel and is left out")

    def _outline(self, polygon: Any, name: str) -> NDArray[np.float64]:
        try:
            points = np.asarray(polygon, np.float64)
        except (TypeError, ValueError, OverflowError):
            points = np.empty(0)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 3 or not np.isfinite(points).all():
            raise ImageError(
                f"expected at least three points (x, y) for each polygon, but a polygon of {name!r} in {self.source} "
                "has others; export the annotation again"
            )
        clipped: NDArray[np.float64] = np.clip(points, -_FAR, _FAR)
        return clipped

    def _bounds(self, corners: NDArray[np.float64], name: str) -> tuple[int, int, int, int]:
        """Return the pixels that may be covered: top, left, bottom and right, in the image."""
        height, width = self.size
        (left, top), (right, bottom) = corners.min(axis=0), corners.max(axis=0)
        if right <= 0 or bottom <= 0 or left >= width or top >= height:
            raise ImageError(
                f"expected shapes inside the image, which is {width}x{height}, but {name!r} in "
                f"{self.source} lies outside of it; check that the size is that of the annotated image"
            )
        if min(left, top) < -_SLIP or right > width + _SLIP or bottom > height + _SLIP:
            self.count("reaches beyond the image and is cut off")
        return (
            max(0, math.floor(top)),
            max(0, math.floor(left)),
            min(height, math.ceil(bottom) + 1),
            min(width, math.ceil(right) + 1),
        )


def check_size(size: Size, source: str) -> None:
    """Raise ImageError if no image has such a size."""
    height, width = size
    limit = PillowImage.MAX_IMAGE_PIXELS or math.inf
    if height < 1 or width < 1 or height * width > limit:
        raise ImageError(
            f"expected an image of 1 to {limit:,} pixels, but {source} is for one of {width}x{height}"
            "; check its width and height"
        )


def as_name(label: object) -> str:
    """Return a label as the name of a region, without the signs that separate names in options.

    >>> as_name(" traffic light, red"), as_name(None)
    ('traffic light red', 'unnamed')
    """
    text = "" if label is None else str(label).encode("utf-8", "replace").decode()
    return " ".join(re.sub(r"[,=\x00-\x1f]", " ", text).split()) or UNNAMED


def from_runs(counts: Sequence[Any], size: Size, source: str, *, by_column: bool) -> Bools:
    """Decode a run-length encoded mask: the lengths of runs outside and inside in turn, which must fill it exactly.

    Runs go down the columns, as in COCO, or along the rows.
    """
    height, width = size
    if not all(isinstance(count, int) and count >= 0 for count in counts) or sum(counts) != height * width:
        found = sum(count for count in counts if isinstance(count, int))
        raise ImageError(
            f"expected runs of {height * width:,} pixels in all, the size {width}x{height} of the "
            f"mask, but those of a mask in {source} cover {found:,}; export the annotation again"
        )
    flat = np.repeat(np.arange(len(counts)) % 2 == 1, np.array(counts, np.int64))
    return flat.reshape(width, height).T if by_column else flat.reshape(height, width)


def _turned(points: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """Turn points clockwise, as seen with y down, around the center of their bounds."""
    if not degrees:
        return points
    center = (points.min(axis=0) + points.max(axis=0)) / 2
    cosine, sine = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turned: NDArray[np.float64] = (points - center) @ np.array([[cosine, sine], [-sine, cosine]]) + center
    return turned


class Asked(NamedTuple):
    """What was asked of an annotation."""

    image: str | None = None  # the name or the id of the image, with or without folder and extension
    like: str | None = None  # the name of the photo that the map is for; it counts where `image` is None
    size: Size | None = None  # the size of that photo, for annotations without one


def chosen_image(names: Sequence[str], ids: Sequence[str], source: str, asked: Asked) -> int:
    """Return the index of the image that was asked for; of several images, one must be."""
    image = asked.image
    wanted = image if image is not None else asked.like
    keys = [(name, _file_name(name), PurePath(_file_name(name)).stem) for name in names]
    for form in () if wanted is None else (wanted, _file_name(wanted), PurePath(_file_name(wanted)).stem):
        found = [place for place, key in enumerate(keys) if form in key]
        if len(found) == 1:
            return found[0]
    if image is not None and ids.count(image) == 1:
        return ids.index(image)
    if image is None and len(names) == 1:
        return 0
    if not names:
        raise ImageError(f"expected an image in {source}, but it lists none; annotate one first")
    unknown = "" if image is None else f" and none or several of them are {image!r}"
    count = f"{len(names)} images" if len(names) > 1 else "one image"
    raise ImageError(f"{source} has {count}, {shortlist(list(names))}{unknown}; choose one with `image`")


def _file_name(name: str) -> str:
    return PurePath(name.replace("\\", "/")).name
