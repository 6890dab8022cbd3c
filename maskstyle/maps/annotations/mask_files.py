"""Masks and layers: a folder of binary masks as segment-anything writes it, PNGs of VOC, ORA and PSD files."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.files import FORMAT_OF_SUFFIX, decoding, open_image
from maskstyle.images.pixels import Size, size_text
from maskstyle.maps.annotations.canvas import Annotation, Canvas
from maskstyle.maps.annotations.xml_files import parse_xml

_VOC_CLASSES = """
background aeroplane bicycle bird boat bottle bus car cat chair cow diningtable dog horse motorbike person
pottedplant sheep sofa train tvmonitor
"""
VOC_CLASSES = tuple(_VOC_CLASSES.split())
"""The classes of Pascal VOC, in the order of their indices."""

VOC_COLORS = ((0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0))
"""The first colors of the palette of Pascal VOC."""

VOID = 255
"""The index of outlines and of what is too hard to tell in Pascal VOC."""

_HALF = 128
_MOST_SOFT = 0.1  # of the pixels of a mask with soft edges
_MOST_BYTES = 1 << 30  # of one file in an ORA file


def read_masks(paths: Sequence[Path], source: str) -> Annotation:
    """Read binary masks of one size, the first lowest; each is a region with the name of its file.

    Raises
    ------
    ImageError
        If a mask cannot be read, is not black and white, or differs in size.
    """
    canvas: Canvas | None = None
    for path in sorted(paths, key=_by_number):
        mask = _binary(path)
        if canvas is None:
            canvas = Canvas((mask.shape[0], mask.shape[1]), source)
        if mask.shape != canvas.size:
            height, width = canvas.size
            raise ImageError(
                f"expected masks of one size, but {path} is {size_text(mask.shape)} and the first is "
                f"{width}x{height}; export them again"
            )
        canvas.add_mask(f"mask{path.stem}" if path.stem.isdigit() else path.stem, mask)
    assert canvas is not None
    return canvas.annotation()


def read_mask_folder(folder: Path) -> Annotation:
    """Read the masks of a folder; a table such as metadata.csv beside them is not needed."""
    images = [path for path in folder.iterdir() if path.suffix.lower() in FORMAT_OF_SUFFIX and os.path.isfile(path)]
    if not images:
        others = sorted(path.name for path in folder.iterdir() if path.suffix.lower() in (".json", ".xml"))
        advice = f"name a file, such as {folder / others[0]}" if others else "check the path"
        raise ImageError(f"expected a folder of masks, but {folder} holds no images; {advice}")
    return read_masks(images, str(folder))


def read_voc_classes(path: Path) -> Annotation | None:
    """Read a PNG of SegmentationClass; None if the file is another image."""
    with open_image(path) as image:
        if image.mode != "P":
            return None
        palette = (image.getpalette("RGB") or [])[: 3 * len(VOC_COLORS)]
        with decoding(path):
            indices = np.asarray(image)
    if palette != [part for color in VOC_COLORS for part in color]:
        return None
    canvas = Canvas((indices.shape[0], indices.shape[1]), str(path))
    known = _without_void(indices, path)
    for index in np.unique(known):
        name = VOC_CLASSES[index] if index < len(VOC_CLASSES) else f"class{index}"
        canvas.add_mask(name, known == index)
    share = np.mean(indices == VOID)
    note = f"the outlines of {path} (index 255, {share:.1%} of it) go to the regions beside them"
    return canvas.annotation(*([note] if share else []))


def read_ora(path: Path, data: bytes) -> Annotation:
    """Read the visible layers of an OpenRaster file: the opaque pixels of each are a region with its name."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            if "maindoc.xml" in archive.namelist():
                raise ImageError(f"{path} is a file of Krita; export it as OpenRaster (.ora)")
            root = parse_xml(_member(archive, "stack.xml", path), str(path))
            return _ora_layers(archive, root, path)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ImageError(f"expected an OpenRaster file, but {path} is damaged ({error}); save it again") from error


def read_psd(path: Path, data: bytes) -> Annotation:
    """Read the visible layers of a Photoshop file: the opaque pixels of each are a region with its name.

    Raises
    ------
    ImageError
        If the file is damaged or has no layers.
    SettingsError
        If psd-tools is not installed.
    """
    try:
        from psd_tools import PSDImage
    except ImportError:
        raise SettingsError(
            f"{path} is a Photoshop file, which needs psd-tools; install it with: pip install 'maskstyle[psd]'"
        ) from None
    try:
        picture = PSDImage.open(BytesIO(data))
        canvas = Canvas((picture.height, picture.width), str(path))
        layers = [layer for layer in picture.descendants() if not layer.is_group()]
        for layer in layers:
            _add_psd_layer(canvas, layer)
    except ImageError:
        raise
    except Exception as error:  # psd-tools raises almost any exception on damaged data
        raise ImageError(
            f"expected a Photoshop file, but {path} is damaged ({type(error).__name__}); save it again"
        ) from error
    return canvas.annotation()


def _add_psd_layer(canvas: Canvas, layer: Any) -> None:
    if not layer.is_visible():
        canvas.count("is a hidden layer and is left out")
        return
    image = layer.topil() if layer.has_pixels() else None
    if image is None:
        canvas.count("is a layer without pixels and is left out")
        return
    alpha = np.asarray(image.getchannel("A")) if "A" in image.getbands() else np.full(image.size[::-1], 255)
    covered = alpha >= _HALF
    if layer.mask is not None and not layer.mask.disabled:
        covered &= _psd_layer_mask(layer, covered.shape)
    canvas.add_mask(layer.name, covered, layer.left, layer.top)


def _psd_layer_mask(layer: Any, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return where the mask of a layer shows it, on the pixels of the layer."""
    shown = np.full(shape, layer.mask.background_color >= _HALF)
    image = layer.mask.topil()
    if image is not None:
        values = np.asarray(image.convert("L")) >= _HALF
        down, right = layer.mask.top - layer.top, layer.mask.left - layer.left
        rows = slice(max(0, down), max(0, down + values.shape[0]))
        columns = slice(max(0, right), max(0, right + values.shape[1]))
        target = shown[rows, columns]
        target[:] = values[max(0, -down) :, max(0, -right) :][: target.shape[0], : target.shape[1]]
    return shown


def _binary(path: Path) -> NDArray[np.bool_]:
    """Read a mask of two values, of which the lower is outside; soft edges are cut in the middle."""
    with open_image(path) as image, decoding(path):
        image.load()
        samples = np.asarray(image if len(image.getbands()) == 1 else image.convert("L"))
    values = np.unique(samples)
    highest = values[-1]
    soft = (samples > 0.25 * highest) & (samples < 0.75 * highest)
    if len(values) > 2 and (highest < _HALF or np.mean(soft) > _MOST_SOFT):
        raise ImageError(
            f"expected a mask of black and white, but {path} has {len(values)} values; pass one file for each mask, "
            "or use it as a semantic map as it is"
        )
    mask: NDArray[np.bool_] = samples > (0 if len(values) == 1 else 0.5 * (values[0] + float(highest)))
    return mask


def _by_number(path: Path) -> tuple[Any, ...]:
    """Sort 2.png before 10.png."""
    return tuple((part.isdigit(), int(part) if part.isdigit() else part) for part in re.split(r"(\d+)", path.name))


def _without_void(indices: NDArray[np.uint8], path: Path) -> NDArray[np.uint8]:
    if (indices == VOID).all():
        raise ImageError(f"expected classes in {path}, but it is void (index 255) everywhere; check the file")
    nearest = scipy.ndimage.distance_transform_edt(indices == VOID, return_distances=False, return_indices=True)
    known: NDArray[np.uint8] = indices[tuple(nearest)]
    return known


def _member(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise ImageError(f"expected {name} in the OpenRaster file {path}, but it lacks it; save it again") from None
    if info.file_size > _MOST_BYTES:
        raise ImageError(f"{name} in {path} is {info.file_size:,} bytes long, too much for a layer; save it again")
    return archive.read(info)


def _ora_layers(archive: zipfile.ZipFile, root: Any, path: Path) -> Annotation:
    try:
        size: Size = (int(root.get("h")), int(root.get("w")))
    except (TypeError, ValueError):
        raise ImageError(f"expected the size of the image in {path}, but it lacks it; save it again") from None
    canvas = Canvas(size, str(path))
    for layer, left, top, visible in reversed(list(_walk(root, 0, 0, True))):  # the first one is on top
        if visible:
            canvas.add_mask(layer.get("name"), _ora_pixels(archive, layer.get("src", ""), path), left, top)
        else:
            canvas.count("is a hidden layer and is left out")
    return canvas.annotation()


def _walk(stack: Any, left: int, top: int, visible: bool) -> Iterator[tuple[Any, int, int, bool]]:
    """Yield the layers of a stack, topmost first, with their positions and whether they are visible."""
    for each in stack:
        try:
            x, y = left + int(float(each.get("x", 0))), top + int(float(each.get("y", 0)))
        except (ValueError, OverflowError):
            x, y = left, top
        shown = visible and each.get("visibility", "visible") != "hidden"
        if each.tag == "stack":
            yield from _walk(each, x, y, shown)
        elif each.tag == "layer":
            yield each, x, y, shown


def _ora_pixels(archive: zipfile.ZipFile, name: str, path: Path) -> NDArray[np.bool_]:
    data = _member(archive, name, path)
    with decoding(path):
        try:
            image = PillowImage.open(BytesIO(data), formats=("PNG",))
        except UnidentifiedImageError:
            raise ImageError(f"expected a PNG as the layer {name} of {path}, but it is none; save it again") from None
        alpha = np.asarray(image.convert("RGBA").getchannel("A"))
    return alpha >= _HALF
