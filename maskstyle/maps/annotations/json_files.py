"""JSON annotations: COCO (polygons and run-length encoded masks of many images), segment-anything and labelme."""

from __future__ import annotations

import base64
import math
from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image as PillowImage

from maskstyle.errors import ImageError
from maskstyle.images.pixels import Size, size_text
from maskstyle.maps.annotations.canvas import Annotation, Asked, Canvas, chosen_image, from_runs
from maskstyle.maps.colors import shortlist
from maskstyle.maps.pixels import Bools

Record = Mapping[str, Any]


def read_coco(record: Record, source: str, asked: Asked) -> Annotation:
    """Read the shapes of one image of a COCO file."""
    images = _records(record.get("images", [record.get("image")]), "images", source)
    found = _records(record["annotations"], "annotations", source)
    names = [str(each.get("file_name") or each.get("id")) for each in images]
    ids = [str(each.get("id", each.get("image_id"))) for each in images]
    chosen = images[chosen_image(names, ids, source, asked)]
    if "images" in record:
        found = [each for each in found if each.get("image_id") == chosen.get("id")]
    return _read(found, _categories(record, source), _size(chosen, found, source, asked.size), source)


def read_masks_json(found: Any, source: str, asked: Asked) -> Annotation:
    """Read a list of masks, as SamAutomaticMaskGenerator returns them."""
    found = _records(found, "masks", source)
    images = list(dict.fromkeys(str(each["image_id"]) for each in found if "image_id" in each))
    if len(images) > 1:
        raise ImageError(
            f"expected the masks of one image, but {source} has those of {len(images)}, {shortlist(images)}; keep "
            "those of one, or pass the whole COCO file, with images and annotations"
        )
    return _read(found, {}, _size({}, found, source, asked.size), source)


def _records(value: Any, what: str, source: str) -> Sequence[Record]:
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise ImageError(f"expected a list of {what} in {source}, as in COCO; export the annotation again")
    return value


def _categories(record: Record, source: str) -> dict[str, Any]:
    return {
        str(each.get("id")): each.get("name") or each.get("id")
        for each in _records(record.get("categories") or [], "categories", source)
    }


def _size(image: Record, found: Sequence[Record], source: str, size: Size | None) -> Size:
    height, width = image.get("height"), image.get("width")
    if isinstance(height, int) and isinstance(width, int):
        return height, width
    for each in found:
        runs = each.get("segmentation")
        if isinstance(runs, dict):
            return _mask_size(runs, source)
    if size is None:
        raise ImageError(
            f"expected the height and width of the image in {source}, but it lacks them; pass the image with `like`"
        )
    return size


def _read(found: Sequence[Record], categories: Mapping[str, Any], size: Size, source: str) -> Annotation:
    canvas = Canvas(size, source)
    # A crowd is a rough mask around single things, which belong on top of it.
    for place, each in sorted(enumerate(found), key=lambda pair: not pair[1].get("iscrowd")):
        category = each.get("category_id")
        label = f"mask{place}" if category is None else categories.get(str(category), category)
        _add(canvas, label, each)
    return canvas.annotation()


def _add(canvas: Canvas, label: object, record: Record) -> None:
    outline, box = record.get("segmentation"), record.get("bbox")
    if isinstance(outline, dict):
        canvas.add_mask(label, _decoded(outline, canvas))
    elif isinstance(outline, list) and outline:
        polygons = [_points(each) for each in (outline if isinstance(outline[0], list) else [outline])]
        canvas.add_polygons(label, polygons)
    elif isinstance(box, list) and len(box) == 4 and all(isinstance(each, int | float) for each in box):
        left, top, width, height = box
        canvas.add_box(label, left, top, left + width, top + height)
        canvas.count("has no segmentation, so its box is the shape")
    else:
        canvas.count("has neither a segmentation nor a box and is left out")


def _points(polygon: Any) -> Any:
    """Return [x, y, x, y, ...] as points; `Canvas` checks them."""
    if not isinstance(polygon, list) or len(polygon) % 2 or any(isinstance(each, list) for each in polygon):
        return polygon
    return [polygon[at : at + 2] for at in range(0, len(polygon), 2)]


def _mask_size(runs: Record, source: str) -> Size:
    size = runs.get("size")
    if not isinstance(size, list) or len(size) != 2 or not all(isinstance(each, int) for each in size):
        raise ImageError(f"expected a size for each mask in {source}, as in COCO; export the annotation again")
    return size[0], size[1]


def _decoded(runs: Record, canvas: Canvas) -> Bools:
    size = _mask_size(runs, canvas.source)
    if size != canvas.size:
        raise ImageError(
            f"expected masks of the size of their image, {size_text(canvas.size)}, but one "
            f"in {canvas.source} is {size_text(size)}; export the annotation again"
        )
    counts = runs.get("counts")
    if isinstance(counts, str):
        counts = _decompressed(counts, canvas.source)
    if not isinstance(counts, list):
        raise ImageError(f"expected counts for each mask in {canvas.source}, as in COCO; export the annotation again")
    return np.asarray(from_runs(counts, size, canvas.source, by_column=True))


def _decompressed(text: str, source: str) -> list[int]:
    """Decode compressed counts: five bits in each character, and differences to the count before the last."""
    counts: list[int] = []
    value = shift = 0
    for letter in text:
        bits = ord(letter) - 48
        if not 0 <= bits < 64 or shift > 60:
            break
        value |= (bits & 31) << shift
        shift += 5
        if not bits & 32:
            if bits & 16:
                value -= 1 << shift
            counts.append(value + counts[-2] if len(counts) > 2 else value)
            value = shift = 0
    else:
        if not shift:
            return counts
    raise ImageError(f"expected counts in the compressed form of COCO, but those of a mask in {source} are damaged")


_WITHOUT_AREA = ("line", "linestrip", "point", "points")


def read_labelme(record: Mapping[str, Any], source: str, asked: Asked) -> Annotation:
    """Read the shapes of a labelme file."""
    canvas = Canvas(_labelme_size(record, source, asked.size), source)
    shapes = record["shapes"]
    if not isinstance(shapes, list) or not all(isinstance(shape, dict) for shape in shapes):
        raise ImageError(f"expected a list of shapes in {source}, as labelme writes it; export the annotation again")
    for shape in shapes:
        _add_shape(canvas, shape)
    return canvas.annotation()


def _labelme_size(record: Mapping[str, Any], source: str, size: Size | None) -> Size:
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


def _add_shape(canvas: Canvas, shape: Mapping[str, Any]) -> None:
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
