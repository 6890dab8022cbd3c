"""Read an annotation in any known format, make a semantic map of it, and fit that to its photo."""

from __future__ import annotations

import dataclasses
import json
import os
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.decoding import orientation, upright
from maskstyle.images.files import FORMAT_OF_SUFFIX, is_image, open_image
from maskstyle.images.headers import read_size
from maskstyle.images.paths import opened, shown
from maskstyle.images.pixels import Size
from maskstyle.images.sidecars import same_aspect
from maskstyle.images.streams import described, is_stream, stream_bytes
from maskstyle.maps.annotations.canvas import Annotation, Asked
from maskstyle.maps.annotations.json_files import read_coco, read_labelme, read_masks_json
from maskstyle.maps.annotations.layer_files import read_ora, read_psd
from maskstyle.maps.annotations.mask_files import read_mask_folder, read_masks, read_voc_classes
from maskstyle.maps.annotations.stacking import TOPS, stacked
from maskstyle.maps.annotations.xml_files import read_xml
from maskstyle.maps.io import fit_map
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.settings import check_choice

KNOWN = "labelme JSON, COCO JSON, CVAT XML, VOC XML or PNG, a folder of masks, ORA or PSD"

ORIENTATIONS = ("stored", "shown")
"""Whether an annotation was drawn on the pixels of a photo as they are stored, or as it is shown."""


class AnnotatedMap(NamedTuple):
    """A semantic map made from an annotation.

    Parameters
    ----------
    map : SemanticMap
        One region for each label, with its name; what no shape covers is "background".
    notes : tuple of str
        What was read in a way that a person may not expect, or left out.
    """

    map: SemanticMap
    notes: tuple[str, ...]


def load_annotation(
    *sources: str | Path,
    image: str | None = None,
    like: str | None = None,
    size: Size | None = None,
    top: str = "last",
    regions: int | None = None,
) -> AnnotatedMap:
    """Read an annotation of an image as a semantic map.

    Parameters
    ----------
    *sources : str or Path
        A file of labelme, COCO, CVAT (for images), Pascal VOC, OpenRaster or Photoshop, a folder of binary masks, or
        several binary masks.
    image : str, optional
        The image to read, by its name or id, if the annotation is of several.
    like : str, optional
        The name of the photo; it chooses the image where `image` does not.
    size : (height, width), optional
        The size of the photo, for annotations without one.
    top : {"last", "largest", "smallest"}
        The shape on top where shapes overlap.
    regions : int, optional
        The number of labels to keep, those with the most pixels; the others become background. By default all.

    Returns
    -------
    AnnotatedMap

    Raises
    ------
    ImageError
        If the annotation cannot be read, is damaged, has no shapes, shapes outside of the image or too many labels.
    SettingsError
        If `top` or `regions` is invalid, or a library is missing.

    Notes
    -----
    A pixel is covered by a polygon if its center is inside. The colors of the regions depend on their names, so that
    the same name mostly has the same color in other maps; see `maskstyle.maps.match_regions`.
    """
    check_choice("top", top, TOPS)
    if regions is not None and regions < 1:
        raise SettingsError(f"regions is {regions}; expected a number of at least 1")
    paths = [Path(source) for source in sources]
    if not paths:
        raise SettingsError(f"expected an annotation: {KNOWN}")
    annotation = _read(paths, Asked(image, like, size))
    made, notes = stacked(annotation, source=_named(paths), top=top, regions=regions)
    return AnnotatedMap(made, (*annotation.notes, *notes))


def _read(paths: Sequence[Path], asked: Asked) -> Annotation:
    path, source = paths[0], _named(paths)
    others = [each for each in paths if each.suffix.lower() not in FORMAT_OF_SUFFIX]
    if len(paths) > 1 and others:
        raise ImageError(f"expected masks where there are several files, but got {others[0]}; pass it alone")
    data = b"" if len(paths) > 1 or os.path.isdir(path) else _data(path)
    if _is_xml(data):
        return read_xml(data, source, asked)
    if data and _is_json(path, data):
        return _read_json(data, source, asked)
    _refuse_choice(asked, source)
    if len(paths) > 1:
        return read_masks(paths, source)
    return read_mask_folder(path) if os.path.isdir(path) else _read_binary(path, data)


def _read_binary(path: Path, data: bytes) -> Annotation:
    if data.startswith(b"8BPS"):
        return read_psd(path, data)
    if data.startswith(b"PK"):
        return read_ora(path, data)
    if data.startswith(b"gimp xcf"):
        raise ImageError(f"{path} is a file of GIMP; export it as OpenRaster (.ora) or Photoshop (.psd)")
    if _is_text(data):
        raise ImageError(
            f"expected an annotation ({KNOWN}), but {shown(path)} is a text, such as YOLO writes; export it as COCO"
        )
    return read_voc_classes(path) or read_masks([path], str(path))


def _is_text(data: bytes) -> bool:
    try:
        return bool(data) and re.search(r"[\x00-\x08\x0e-\x1f]", data.decode()) is None
    except UnicodeDecodeError:
        return False


def annotation_kind(path: Path) -> str | None:
    """Return what a file or folder that may be an annotation is; None if it is none."""
    if os.path.isdir(path):
        return "a folder"
    if is_stream(path):
        return None
    try:
        with opened(path) as file:
            head = file.read(256)
    except (ImageError, OSError):
        return None
    kinds = {
        "a Photoshop file": head.startswith(b"8BPS"),
        "an OpenRaster file": b"image/openraster" in head,
        "an XML file": _is_xml(head) and b"<svg" not in head,
        "a JSON file": _is_json(path, head),
    }
    return next((kind for kind, it_is in kinds.items() if it_is), None)


def _read_json(data: bytes, source: str, asked: Asked) -> Annotation:
    try:
        record: Any = json.loads(data)
    except UnicodeDecodeError:
        raise ImageError(
            f"expected a JSON annotation in UTF-8, but {source} is encoded otherwise; save it as UTF-8 in an editor"
        ) from None
    except (ValueError, RecursionError) as error:
        raise ImageError(f"expected a JSON annotation, but {source} is damaged ({error}); export it again") from None
    if isinstance(record, dict) and "annotations" in record and ("images" in record or "image" in record):
        return read_coco(record, source, asked)
    if isinstance(record, dict) and "shapes" in record:
        _refuse_choice(asked, source)
        return read_labelme(record, source, asked)
    if isinstance(record, list) and record and isinstance(record[0], dict) and "segmentation" in record[0]:
        _refuse_choice(asked, source)
        return read_masks_json(record, source, asked)
    raise ImageError(
        f"expected an annotation of labelme (with shapes) or COCO (with images and annotations), but {source} is "
        f"{_other_json(record)}; export it as COCO"
    )


def _other_json(record: Any) -> str:
    """Return what a JSON file is that is neither of labelme nor COCO."""
    if isinstance(record, dict) and any(key.startswith("_via") for key in record):
        return "a project of the VGG Image Annotator"
    if isinstance(record, list) and record and isinstance(record[0], dict) and "data" in record[0]:
        return "an export of Label Studio in its own form"
    return "other JSON"


def _refuse_choice(asked: Asked, source: str) -> None:
    if asked.image is not None:
        raise SettingsError(f"`image` has no effect, as {source} is of one image; leave it out")


def _data(path: Path) -> bytes:
    if is_stream(path):
        return stream_bytes(path, partial(_check_head, described(path)))
    with opened(path, "an annotation") as file:
        return file.read()


def _check_head(name: str, head: bytes) -> None:
    """Raise ImageError if a stream, which may never end, begins like no annotation."""
    if not (
        is_image(head) or head.startswith((b"8BPS", b"PK", b"gimp xcf")) or _is_xml(head) or _is_json(Path(), head)
    ):
        raise ImageError(f"expected an annotation or an image, but {name} is neither; check what is piped into it")


def _is_xml(data: bytes) -> bool:
    return re.match(rb"(\xef\xbb\xbf)?\s*<|\xff\xfe<\x00|\xfe\xff\x00<", data) is not None


def _is_json(path: Path, data: bytes) -> bool:
    return path.suffix.lower() == ".json" or re.match(rb"(\xef\xbb\xbf)?\s*[\[{]", data) is not None


def _named(paths: Sequence[Path]) -> str:
    return str(paths[0]) if len(paths) == 1 else f"{paths[0]} and {len(paths) - 1} more"


def fit_annotation(
    made: SemanticMap, photo: Path, *, name: str, drawn_on: str | None = None
) -> tuple[SemanticMap, tuple[str, ...]]:
    """Turn and resize the map of an annotation to its photo as it is shown, with notes on how it was turned.

    `drawn_on` is how the photo was shown to whoever annotated it: "stored" or "shown". By default, the aspect
    decides, or else "shown".
    """
    if drawn_on not in (None, *ORIENTATIONS):
        raise SettingsError(f"drawn_on is {drawn_on!r}; expected {' or '.join(ORIENTATIONS)}")
    with open_image(photo) as image:
        turn, stored = orientation(image), (image.height, image.width)
    size, notes = read_size(photo), list[str]()
    if turn != 1:
        fits = same_aspect(made.size, size), same_aspect(made.size, stored)
        is_stored = drawn_on == "stored" if drawn_on else fits == (False, True)
        sure = drawn_on is not None or fits[0] != fits[1]
        notes.append(_turn_note(photo, turn, name, is_stored=is_stored, sure=sure))
        if is_stored:
            made = dataclasses.replace(made, labels=np.ascontiguousarray(upright(made.labels, turn)))
    return fit_map(made, size, name=name, image_name=str(photo)), tuple(notes)


def _turn_note(photo: Path, turn: object, name: str, *, is_stored: bool, sure: bool) -> str:
    start = f"{photo} is shown turned, by its EXIF orientation {turn}, and {name}"
    if is_stored:
        return f"{start} is turned with it"
    if sure:
        return f"{start} already fits the photo as it is shown"
    return (
        f"{start} is taken as drawn on it as it is shown; if it was drawn on the stored pixels, set "
        "`map_orientation` to stored"
    )
