"""XML annotations: CVAT for images, and Pascal VOC."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from maskstyle.errors import ImageError
from maskstyle.images.pixels import Size
from maskstyle.maps.annotations.canvas import Annotation, Asked, Canvas, check_size, chosen_image, from_runs

_WITHOUT_AREA = ("polyline", "points", "skeleton", "cuboid")


class _NoDoctype(ElementTree.TreeBuilder):
    """Rejects a document type: its entities may expand to gigabytes, or name other files."""

    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise ImageError("it declares a document type, which no annotation program writes")


def parse_xml(data: bytes, source: str) -> Element:
    """Parse XML; one with a document type or entities is refused."""
    parser = ElementTree.XMLParser(target=_NoDoctype())
    try:
        parser.feed(data)
        root: Element = parser.close()
    except (ElementTree.ParseError, ImageError, ValueError, LookupError, RecursionError) as error:
        raise ImageError(
            f"expected an XML annotation, but {source} cannot be read: {error}; export it again"
        ) from error
    return root


def read_xml(data: bytes, source: str, asked: Asked) -> Annotation:
    """Read the shapes of one image of a file of CVAT or Pascal VOC."""
    root = parse_xml(data, source)
    if root.tag == "annotation":
        return _read_voc(root, source, asked.size)
    if root.tag != "annotations":
        raise ImageError(
            f"expected an annotation of CVAT (for images) or Pascal VOC, but {source} begins with <{root.tag}>; "
            "export it as one of these, or as COCO"
        )
    images = root.findall("image")
    if not images and root.find("track") is not None:
        raise ImageError(f"{source} is an annotation of a video; export it from CVAT as 'CVAT for images'")
    names = [each.get("name", "") for each in images]
    ids = [each.get("id", "") for each in images]
    return _read_cvat(images[chosen_image(names, ids, source, asked)], source)


def _read_cvat(image: Element, source: str) -> Annotation:
    canvas = Canvas((_whole(image, "height", source), _whole(image, "width", source)), source)
    for shape in sorted(image, key=lambda each: _number(each.get("z_order", "0"), "z_order", source)):
        _add_cvat(canvas, shape)
    return canvas.annotation()


def _add_cvat(canvas: Canvas, shape: Element) -> None:
    label, source = shape.get("label"), canvas.source
    turn = _number(shape.get("rotation", "0"), "rotation", source)
    if shape.tag == "polygon":
        canvas.add_polygons(label, [_points(shape.get("points", ""), source)])
    elif shape.tag == "box":
        left, top, right, bottom = _numbers(shape, ("xtl", "ytl", "xbr", "ybr"), source)
        canvas.add_box(label, left, top, right, bottom, turn)
    elif shape.tag == "ellipse":
        x, y, across, down = _numbers(shape, ("cx", "cy", "rx", "ry"), source)
        canvas.add_ellipse(label, x, y, (across, down), turn)
    elif shape.tag == "mask":
        left, top, width, height = (_whole(shape, key, source) for key in ("left", "top", "width", "height"))
        check_size((height, width), f"a mask in {source}")
        counts = [int(_number(text, "rle", source)) for text in shape.get("rle", "").split(",")]
        canvas.add_mask(label, from_runs(counts, (height, width), source, by_column=False), left, top)
    elif shape.tag in _WITHOUT_AREA:
        what = "set of points" if shape.tag == "points" else shape.tag
        canvas.count(f"is a {what}, has no area and is left out")


def _read_voc(root: Element, source: str, size: Size | None) -> Annotation:
    found = root.find("size")
    if found is not None and found.find("width") is not None:
        size = int(_child(found, "height", source)), int(_child(found, "width", source))
    if size is None or 0 in size:
        raise ImageError(f"expected the size of the image in {source}, but it lacks it; pass the image with `like`")
    canvas = Canvas(size, source)
    boxes = 0
    for thing in root.findall("object"):
        label, polygon, box = thing.findtext("name"), thing.find("polygon"), thing.find("bndbox")
        if polygon is not None:
            canvas.add_polygons(label, [_voc_points(polygon, source)])
        elif box is not None:
            left, top, right, bottom = (_child(box, key, source) for key in ("xmin", "ymin", "xmax", "ymax"))
            canvas.add_box(
                label, left - 1, top - 1, right, bottom
            )  # the first pixel of VOC is 1, and the last inside
            boxes += 1
    note = f"{source} has boxes; the outlines of VOC are in a PNG of the folder SegmentationClass"
    return canvas.annotation(*([note] if boxes else []))


def _voc_points(polygon: Element, source: str) -> list[tuple[float, float]]:
    """Return the points of <x1>, <y1>, <x2>, ... or of <pt><x> and <y>."""
    nested = polygon.findall("pt")
    if nested:
        return [(_child(each, "x", source), _child(each, "y", source)) for each in nested]
    count = len(polygon) // 2
    return [(_child(polygon, f"x{at}", source), _child(polygon, f"y{at}", source)) for at in range(1, count + 1)]


def _points(text: str, source: str) -> list[list[float]]:
    """Read "x,y;x,y;..."."""
    return [[_number(part, "points", source) for part in pair.split(",")] for pair in text.split(";") if pair.strip()]


def _child(parent: Element, tag: str, source: str) -> float:
    return _number(parent.findtext(tag), tag, source)


def _numbers(shape: Element, keys: Iterable[str], source: str) -> list[float]:
    return [_number(shape.get(key), key, source) for key in keys]


def _whole(shape: Element, key: str, source: str) -> int:
    return int(_number(shape.get(key), key, source))


def _number(text: Any, what: str, source: str) -> float:
    try:
        number = float(text)
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ImageError(f"expected numbers as {what} in {source}, but got {text!r}; export the annotation again")
    return number
