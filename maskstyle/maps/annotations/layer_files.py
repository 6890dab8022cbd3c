"""Layers of OpenRaster and Photoshop files: the pixels that each visible layer covers."""

from __future__ import annotations

import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image as PillowImage
from PIL import UnidentifiedImageError

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.files import decoding
from maskstyle.images.pixels import Size
from maskstyle.maps.annotations.canvas import Annotation, Canvas
from maskstyle.maps.annotations.xml_files import parse_xml
from maskstyle.maps.colors import shortlist
from maskstyle.maps.pixels import Bools

_HALF = 0.5
_FAINTEST = 0.02  # alpha below which nothing is seen: a layer drawn with a soft brush is a region, its dust is none
_MOST_BYTES = 1 << 30  # of one file in an ORA file
_FILLS = ("solidcolorfill", "gradientfill", "patternfill", "shape")
"""The kinds of Photoshop's layers that have no pixels of their own, but may have a mask."""

_CLIPPED = "svg:src-atop"
"""How OpenRaster composites a layer that shows only where those below it do, as Krita's "inherit alpha"."""

_ERASING = ("svg:dst-in", "svg:dst-out")
"""How OpenRaster composites layers that erase those below them."""


class _Layer(NamedTuple):
    """The pixels that a layer covers."""

    name: object  # its name as written
    # Position of `mask` in the image.
    left: int
    top: int
    mask: Bools  # (h, w): the covered pixels

    def within(self, others: Iterable[_Layer]) -> _Layer:
        """Return the part of the layer that other layers cover."""
        inside = np.zeros_like(self.mask)
        for other in others:
            inside |= self.placed(other, outside=False)
        return self._replace(mask=self.mask & inside)

    def placed(self, other: _Layer, *, outside: bool) -> Bools:
        """Return the mask of another layer on the pixels of this one; `outside` where that one has none."""
        placed = np.full(self.mask.shape, outside)
        down, right = other.top - self.top, other.left - self.left
        values = other.mask[max(0, -down) :, max(0, -right) :]
        target = placed[max(0, down) :, max(0, right) :]
        height, width = np.minimum(values.shape, target.shape)
        target[:height, :width] = values[:height, :width]
        return placed


def read_ora(path: Path, data: bytes) -> Annotation:
    """Read the visible layers of an OpenRaster file: the pixels that each covers are a region with its name."""
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            if "maindoc.xml" in archive.namelist():
                raise ImageError(f"{path} is a file of Krita; export it as OpenRaster (.ora)")
            root = parse_xml(_member(archive, "stack.xml", path), str(path))
            canvas = Canvas(_ora_size(root, path), str(path), "layer")
            return _annotation(canvas, _OraFile(archive, path, canvas).layers(root, 0, 0))
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise ImageError(f"expected an OpenRaster file, but {path} is damaged ({error}); save it again") from error


def read_psd(path: Path, data: bytes) -> Annotation:
    """Read the visible layers of a Photoshop file: the pixels that each covers are a region with its name."""
    try:
        from psd_tools import PSDImage
    except ImportError:
        raise SettingsError(
            f"{path} is a Photoshop file, which needs psd-tools; install it with: pip install 'maskstyle[psd]'"
        ) from None
    try:
        picture = PSDImage.open(BytesIO(data))
        canvas = Canvas((picture.height, picture.width), str(path), "layer")
        layers = _psd_layers(canvas, picture)
    except ImageError:
        raise
    except Exception as error:  # psd-tools raises almost any exception on damaged data
        raise ImageError(
            f"expected a Photoshop file, but {path} is damaged ({type(error).__name__}); save it again"
        ) from error
    if not len(picture):
        raise ImageError(f"expected layers in {path}, but it is flattened to one image; save it with its layers")
    return _annotation(canvas, layers)


def _annotation(canvas: Canvas, layers: Sequence[_Layer]) -> Annotation:
    """Return the layers, lowest first, as the shapes of an annotation."""
    for layer in layers:
        canvas.add_mask(layer.name, layer.mask, layer.left, layer.top)
    made = canvas.annotation()
    counts = Counter(shape.name for shape in made.shapes)
    shared = [name for name, count in counts.items() if count > 1]
    if not shared:
        return made
    note = (
        f"several layers of {canvas.source} have the name {shortlist(shared)}; those of one name are one region: "
        "rename them to tell them apart"
    )
    return Annotation(made.size, made.shapes, (*made.notes, note))


def _covered(alpha: Any, beyond: float = 0) -> tuple[Bools, bool]:
    """Return where alpha is at least half of its highest value, as brushes may be pale; and whether it is beyond."""
    least = max(_HALF * float(alpha.max(initial=beyond)), _FAINTEST)
    return alpha >= least, beyond >= least


def _psd_layers(canvas: Canvas, group: Any) -> list[_Layer]:
    """Return the visible layers of a group, lowest first; the group's own mask is not applied."""
    found: list[_Layer] = []
    base: list[_Layer] = []
    for layer in group:
        parts = _psd_parts(canvas, layer)
        if layer.clipping:
            parts = [part.within(base) for part in parts]
        else:
            base = parts
        found += parts
    return found


def _psd_parts(canvas: Canvas, layer: Any) -> list[_Layer]:
    """Return a layer, or those of a group, where its mask shows them; nothing if it is hidden."""
    if not layer.visible or layer.opacity == 0:
        leaves = [each for each in layer.descendants() if not each.is_group()] if layer.is_group() else [layer]
        for _ in leaves:
            canvas.count("is hidden and is left out")
        return []
    parts = _psd_layers(canvas, layer) if layer.is_group() else _psd_pixels(canvas, layer)
    for mask, outside in _psd_masks(layer) if parts else ():
        parts = [part._replace(mask=part.mask & part.placed(mask, outside=outside)) for part in parts]
    return parts


def _psd_masks(layer: Any) -> Iterator[tuple[_Layer, bool]]:
    """Yield the pixel mask and the vector mask of a layer, and whether it shows the layer outside of them."""
    if layer.mask is not None and not layer.mask.disabled:
        values = layer.numpy("mask")
        values = np.zeros((0, 0)) if values is None else values[..., 0]
        shown, outside = _covered(values, layer.mask.background_color / 255)
        yield _Layer("", layer.mask.left, layer.mask.top, shown), outside
    if layer.has_vector_mask() and not layer.vector_mask.disabled:
        from psd_tools.composite.vector import draw_vector_mask

        drawn = draw_vector_mask(layer)[..., 0] >= _HALF
        yield _Layer("", 0, 0, ~drawn if layer.vector_mask.inverted else drawn), False


def _psd_pixels(canvas: Canvas, layer: Any) -> list[_Layer]:
    """Return the pixels of a layer without its masks; a fill or a shape covers the whole image."""
    if layer.has_pixels():
        alpha = layer.numpy("shape")
        alpha = np.ones((layer.height, layer.width, 1)) if alpha is None else alpha
        return [_Layer(layer.name, layer.left, layer.top, _covered(alpha[..., 0])[0])]
    if layer.kind in _FILLS:
        return [_Layer(layer.name, 0, 0, np.ones(canvas.size, np.bool_))]
    canvas.count("has no pixels, as an adjustment, and is left out")
    return []


class _OraFile:
    """The layers of an OpenRaster file."""

    def __init__(self, archive: zipfile.ZipFile, path: Path, canvas: Canvas) -> None:
        self._archive, self._path, self._canvas = archive, path, canvas

    def layers(self, stack: Any, left: int, top: int) -> list[_Layer]:
        """Return the visible layers of a stack, lowest first."""
        found: list[_Layer] = []
        for each in reversed(stack):  # the first one is on top
            x, y = left + _whole(each.get("x")), top + _whole(each.get("y"))
            if each.tag not in ("stack", "layer"):
                if each.tag in ("text", "filter"):
                    self._canvas.count(f"is a {each.tag} without pixels and is left out")
                continue
            if _is_hidden(each):
                for _ in each.iter("layer"):
                    self._canvas.count("is hidden and is left out")
                continue
            parts = self.layers(each, x, y) if each.tag == "stack" else self._layer(each, x, y)
            if each.get("composite-op") == _CLIPPED and found:
                parts = [part.within(found) for part in parts]
            found += parts
        return found

    def _layer(self, layer: Any, left: int, top: int) -> list[_Layer]:
        if layer.get("composite-op") in _ERASING:
            self._canvas.count("erases those below it and is left out; merge it down to use it")
            return []
        name = layer.get("src", "")
        if not name.lower().endswith(".png"):
            self._canvas.count("is no PNG and is left out; rasterize it to use it")
            return []
        return [_Layer(layer.get("name"), left, top, _covered(self._alpha(name))[0])]

    def _alpha(self, name: str) -> Any:
        data = _member(self._archive, name, self._path)
        with decoding(self._path):
            try:
                image = PillowImage.open(BytesIO(data), formats=("PNG",))
            except UnidentifiedImageError:
                raise ImageError(
                    f"expected a PNG as the layer {name} of {self._path}, but it is none; save it again"
                ) from None
            return np.asarray(image.convert("RGBA").getchannel("A")) / 255


def _ora_size(root: Any, path: Path) -> Size:
    try:
        return (int(root.get("h")), int(root.get("w")))
    except (TypeError, ValueError):
        raise ImageError(f"expected the size of the image in {path}, but it lacks it; save it again") from None


def _is_hidden(layer: Any) -> bool:
    try:
        opacity = float(layer.get("opacity", 1))
    except ValueError:
        opacity = 1
    return layer.get("visibility", "visible") == "hidden" or opacity == 0


def _whole(text: str | None) -> int:
    try:
        return int(float(text or 0))
    except (ValueError, OverflowError):
        return 0


def _member(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    try:
        info = archive.getinfo(name)
    except KeyError:
        raise ImageError(f"expected {name} in the OpenRaster file {path}, but it lacks it; save it again") from None
    if info.file_size > _MOST_BYTES:
        raise ImageError(f"{name} in {path} is {info.file_size:,} bytes long, too much for a layer; save it again")
    return archive.read(info)
