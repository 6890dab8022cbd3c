"""labelme: one JSON file for each image, with shapes in pixels."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image as PillowImage

from maskstyle.errors import ImageError
from maskstyle.images.pixels import Size
from maskstyle.maps.annotations.canvas import Annotation, Canvas
from maskstyle.maps.annotations.choosing import Asked
from maskstyle.maps.pixels import Bools

_WITHOUT_AREA = ("line", "linestrip", "point", "points")


def read_labelme(record: Mapping[str, Any], source: str, asked: Asked) -> Annotation:
    """Read the shapes of a labelme file."""
    canvas = Canvas(_size(record, source, asked.size), source)
    shapes = record["shapes"]
    if not isinstance(shapes, list) or not all(isinstance(shape, dict) for shape in shapes):
        raise ImageError(f"expected a list of shapes in {source}, as labelme writes it; export the annotation again")
    for shape in shapes:
        _add(canvas, shape)
    return canvas.annotation()


def _size(record: Mapping[str, Any], source: str, size: Size | None) -> Size:
    height, width = record.get("imageHeight"), record.get("imageWidth")
    if isinstance(height, int) and isinstance(width, int):
        return height, width
    if record.get("imageData"):
        return np.asarray(_bitmap(record["imageData"], source)).shape[:2]
    if size is None:
        raise ImageError(
            f"expected imageHeight and imageWidth in {source}, but it lacks them; pass the image with `like`"
        )
    return size


def _add(canvas: Canvas, shape: Mapping[str, Any]) -> None:
    kind, label, points = shape.get("shape_type") or "polygon", shape.get("label"), shape.get("points")
    if kind in _WITHOUT_AREA:
        canvas.count(f"is a {kind}, has no area and is left out")
    elif kind == "polygon" or (kind == "rectangle" and isinstance(points, list) and len(points) > 2):
        canvas.add_polygons(label, [points])
    elif kind in ("rectangle", "circle", "mask"):
        _add_of_two_points(canvas, kind, label, points, shape.get("mask"))
    else:
        canvas.add_polygons(label, [points])  # such as X-AnyLabeling's "rotation"


def _add_of_two_points(canvas: Canvas, kind: str, label: object, points: Any, mask: Any) -> None:
    try:
        (x, y), (other_x, other_y) = ((float(across), float(down)) for across, down in points)
    except (TypeError, ValueError):
        x = y = other_x = other_y = math.nan
    if not all(map(math.isfinite, (x, y, other_x, other_y))):
        raise ImageError(
            f"expected two points (x, y) for the {kind} {label!r} in {canvas.source}, but it has others; "
            "export the annotation again"
        )
    if kind == "mask":
        canvas.add_mask(label, _bitmap(mask, canvas.source), round(min(x, other_x)), round(min(y, other_y)))
    elif kind == "circle":
        radius = math.hypot(other_x - x, other_y - y)
        canvas.add_ellipse(label, x, y, (radius, radius))
    else:
        canvas.add_box(label, x, y, other_x, other_y)


def _bitmap(data: Any, source: str) -> Bools:
    """Return the pixels above 0 of an image in base64."""
    try:
        with PillowImage.open(BytesIO(base64.b64decode(data))) as image:
            return np.asarray(image.convert("L")) > 0
    except Exception as error:  # decoders raise almost any exception on damaged data
        raise ImageError(
            f"expected an image in base64, but one in {source} is damaged ({type(error).__name__}); "
            "export the annotation again"
        ) from error
