"""Masks: a folder of binary masks as segment-anything writes it, and PNGs of VOC."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from maskstyle.errors import ImageError
from maskstyle.images.files import FORMAT_OF_SUFFIX, decoding, open_image
from maskstyle.images.pixels import size_text
from maskstyle.maps.annotations.canvas import Annotation, Canvas
from maskstyle.maps.colors import percent

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


def read_masks(paths: Sequence[Path], source: str) -> Annotation:
    """Read black and white masks of one size, the first lowest; each is a region with the name of its file."""
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
    share = float(np.mean(indices == VOID))
    note = f"the outlines of {path} (index 255, {percent(share)} of it) go to the regions beside them"
    return canvas.annotation(*([note] if share else []))


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
