"""Write the layers of a picture: as PNG files in a folder, or as one OpenRaster file for Krita, GIMP and MyPaint."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np
from PIL import Image as PillowImage

from maskstyle import __version__
from maskstyle.images.io import save_image
from maskstyle.images.pixels import Image, Mask, to_uint8
from maskstyle.images.writing import archive_entry, make_folder, replacing

OPEN_RASTER = ".ora"

THUMBNAIL = 256
"""Longer side in pixels, as the format says."""


class Layer(NamedTuple):
    """One layer of a picture.

    Parameters
    ----------
    name : str
        Its name.
    image : (H, W, 3) float32 array
        Its colors, in [0, 1].
    alpha : (H, W) float32 array or None
        Its opacity in [0, 1]; None if it is opaque.
    """

    name: str
    image: Image
    alpha: Mask | None = None


def save_layers(path: str | Path, layers: Sequence[Layer], merged: Layer, *, signed: bool = True) -> None:
    """Write layers.

    Parameters
    ----------
    path : str or Path
        A file that ends in .ora, or a folder, which is made where only its parent exists.
    layers : sequence of Layer
        From the bottom to the top, all of one size.
    merged : Layer
        The picture that they make; part of OpenRaster files.
    signed : bool
        Whether the files say that maskstyle wrote them.

    Raises
    ------
    ImageError
        If a file cannot be written.

    Notes
    -----
    If the lowest layer is transparent somewhere, the others are clipped to it in an OpenRaster file
    (``svg:src-atop``); do the same with the PNG files.
    """
    path = Path(path)
    if path.suffix.lower() == OPEN_RASTER:
        with replacing(path) as file, zipfile.ZipFile(file, "w") as archive:
            _write_open_raster(archive, layers, merged)
            if signed:
                archive.comment = f"maskstyle {__version__}".encode()
        return
    make_folder(path)
    metadata = {"version": __version__, "command": "layers"} if signed else None
    for place, layer in enumerate(layers):
        save_image(path / f"{place:02d}_{_slug(layer.name)}.png", _visible(layer), layer.alpha, metadata)


def _write_open_raster(archive: zipfile.ZipFile, layers: Sequence[Layer], merged: Layer) -> None:
    archive.writestr(archive_entry("mimetype"), "image/openraster")  # must come first
    height, width = merged.image.shape[:2]
    document = ElementTree.Element("image", version="0.0.3", w=str(width), h=str(height))
    stack = ElementTree.SubElement(document, "stack")
    clipped = layers[0].alpha is not None and not (layers[0].alpha == 1).all()
    for place, layer in reversed(list(enumerate(layers))):
        file = f"data/layer{place:02d}.png"
        operation = "svg:src-atop" if clipped and place > 0 else "svg:src-over"
        ElementTree.SubElement(
            stack,
            "layer",
            {"name": layer.name, "src": file, "x": "0", "y": "0", "opacity": "1.0", "composite-op": operation},
        )
        archive.writestr(archive_entry(file), _png(layer))
    archive.writestr(archive_entry("stack.xml"), ElementTree.tostring(document, "utf-8", xml_declaration=True))
    archive.writestr(archive_entry("mergedimage.png"), _png(merged))
    archive.writestr(archive_entry("Thumbnails/thumbnail.png"), _png(merged, largest=THUMBNAIL))


def _png(layer: Layer, largest: int | None = None) -> bytes:
    samples = to_uint8(_visible(layer))
    if layer.alpha is not None:
        samples = np.dstack([samples, to_uint8(layer.alpha)])
    picture = PillowImage.fromarray(samples)
    if largest is not None:
        picture.thumbnail((largest, largest))
    stream = io.BytesIO()
    picture.save(stream, format="PNG")
    return stream.getvalue()


def _visible(layer: Layer) -> Image:
    """Return the colors of a layer, black where nothing shows, which makes small files."""
    return layer.image if layer.alpha is None else np.where(layer.alpha[..., np.newaxis] > 0, layer.image, 0)


def _slug(name: str) -> str:
    """Return a name as part of a file name.

    >>> _slug("#c84632 (red)")
    'c84632_red'
    """
    return re.sub(r"[^\w.-]+", "_", name).strip("_.") or "layer"
