"""Maps and masks of a project: saved as the page paints them, drafted, grown, and made of gradients."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from maskstyle.drafting import color_map_like, draft_map, load_scribbles
from maskstyle.errors import ImageError
from maskstyle.images import Image, Mask, encode_image, load_image, save_mask
from maskstyle.maps import SemanticMap, count_colors, fit_map, format_color, load_map, save_map
from maskstyle.masks import feather_mask, gradient_between, radial_mask, read_mask
from maskstyle.studio.folder import Folder
from maskstyle.studio.models import Linear, Radial, Saved, StoredImage, StoredMask
from maskstyle.studio.pictures import Pictures

WIDEST_FEATHER = 0.25
"""Width of the widest feather of a painted mask, as a share of the shorter side of the image."""


class Painter:
    """Makes and saves the maps and masks of a project."""

    def __init__(self, folder: Folder, pictures: Pictures) -> None:
        self._folder, self._pictures = folder, pictures

    def save_map(self, image: StoredImage, data: bytes) -> None:
        """Save a map as the page painted it, and count its regions."""
        temporary = self._received(data)
        try:
            colors = self._counted(image, temporary)
            self._folder.put(temporary, self._folder.map(image.id))
        finally:
            temporary.unlink(missing_ok=True)
        _count(image, colors)

    def count_again(self, image: StoredImage) -> None:
        """Count the regions of a map that is saved."""
        colors = self._counted(image, self._folder.map(image.id))
        if {color: count for color, count in image.colors.items() if count} != colors:
            _count(image, colors)

    def copy_map(self, image: StoredImage, source: Path) -> None:
        """Take over a map of another size, such as that of a sample."""
        found = load_map(source)
        size = (image.shown[1], image.shown[0])
        fitted = fit_map(found, size, name="the map", image_name=f"the image {image.name}")
        self._put(image, fitted)

    def clear_map(self, image: StoredImage) -> None:
        """Save an empty map: a canvas without a stroke."""
        size = (image.shown[1], image.shown[0])
        nothing = encode_image(np.zeros((*size, 3), np.float32), np.zeros(size, np.float32))
        self._folder.write_bytes(self._folder.map(image.id), nothing)
        _count(image, {})

    def draft(self, state: Saved, image: StoredImage, regions: int) -> SemanticMap:
        """Draft a map of an image, in the colors of a map that the project has on its other side."""
        drafted = draft_map(self._pixels(image), regions=regions)
        other = _other(state, image)
        if other is None:
            return drafted
        return color_map_like(
            drafted, self._pixels(image), load_map(self._folder.map(other.id)), self._pixels(other)
        )[0]

    def keep_draft(self, image: StoredImage, drafted: SemanticMap) -> None:
        """Save a drafted map."""
        self._put(image, drafted)

    def grown(self, image: StoredImage, data: bytes) -> bytes:
        """Return the map that grows from scribbles, as a PNG; it is not saved."""
        temporary = self._received(data)
        try:
            self._counted(image, temporary)
            try:
                scribbles = load_scribbles(temporary)
            except ImageError as error:
                raise ImageError(str(error).replace(str(temporary), "the picture of the strokes")) from None
            drafted = draft_map(self._pixels(image), scribbles=scribbles)
            save_map(temporary, drafted)
            return temporary.read_bytes()
        finally:
            temporary.unlink(missing_ok=True)

    def make_mask(self, mask: StoredMask, image: StoredImage) -> None:
        """Make the file of a mask; that of a painted mask that nobody painted yet is missing."""
        size = (image.shown[1], image.shown[0])
        made: Mask
        if isinstance(mask.geometry, Linear):
            start, end = (mask.geometry.x0, mask.geometry.y0), (mask.geometry.x1, mask.geometry.y1)
            made = gradient_between(size, start, end, fade=mask.feather)
        elif isinstance(mask.geometry, Radial):
            made = _radial(size, mask.geometry, mask.feather)
        else:
            painting = self._folder.painting(mask.id)
            if not painting.exists():
                return
            made = read_mask(painting).mask
            made = feather_mask(made, mask.feather * WIDEST_FEATHER * min(size))
        file = self._folder.mask(mask.id)
        with self._folder.replacing(file):
            save_mask(file, made)

    def save_painting(self, mask: StoredMask, image: StoredImage, data: bytes) -> None:
        """Save a mask as the page painted it, and make its file."""
        temporary = self._received(data)
        try:
            found = load_image(temporary).pixels
            if found.shape[:2] != (image.shown[1], image.shown[0]):
                raise ImageError(
                    f"expected a mask of {image.shown[0]}x{image.shown[1]} pixels, as its image is shown, but got "
                    f"{found.shape[1]}x{found.shape[0]}"
                )
            save_mask(temporary, found[..., 0], bits=8)
            self._folder.put(temporary, self._folder.painting(mask.id))
        finally:
            temporary.unlink(missing_ok=True)
        self.make_mask(mask, image)

    def _pixels(self, image: StoredImage) -> Image:
        """Return the colors of an image as it is shown; hidden pixels count like others."""
        return self._pictures.pixels(image).pixels

    def _received(self, data: bytes) -> Path:
        temporary = self._folder.temporary(".png")
        try:
            temporary.write_bytes(data)
        except OSError:  # a full disk, which a part of the file would leave fuller still
            temporary.unlink(missing_ok=True)
            raise
        return temporary

    def _counted(self, image: StoredImage, path: Path) -> dict[str, int]:
        size = (image.shown[1], image.shown[0])
        try:
            found = count_colors(path, size)
        except ImageError as error:
            raise ImageError(str(error).replace(str(path), "the map")) from None
        return {format_color(color): count for color, count in found.items()}

    def _put(self, image: StoredImage, semantic_map: SemanticMap) -> None:
        temporary = self._folder.temporary(".png")
        try:
            save_map(temporary, semantic_map)
            self._folder.put(temporary, self._folder.map(image.id))
        finally:
            temporary.unlink(missing_ok=True)
        names = [format_color(color) for color in semantic_map.colors]
        _count(image, dict(zip(names, semantic_map.counts, strict=True)))


def _count(image: StoredImage, colors: dict[str, int]) -> None:
    """Keep the order of known regions, so that their numbers stay while someone paints."""
    known = {color: colors.get(color, 0) for color in image.colors}
    merged = {**known, **colors}
    if len(merged) > len(colors) and len(merged) > 60:
        merged = dict(colors)
    image.colors = merged
    image.map_version += 1


def _other(state: Saved, image: StoredImage) -> StoredImage | None:
    """Return the image with the map that the draft of another image takes its colors from."""
    canvas = state.canvas
    if canvas is not None and canvas.id != image.id:
        candidates = [canvas]
    else:
        candidates = [state.images[key] for key in state.styles]
    return next((each for each in candidates if each.suffix and any(each.colors.values())), None)


def _radial(size: tuple[int, int], geometry: Radial, feather: float) -> Mask:
    height, width = size
    center = (100 * geometry.x / max(width - 1, 1), 100 * geometry.y / max(height - 1, 1))
    outer = 100 * geometry.radius / (max(min(size) - 1, 1) / 2)
    return radial_mask(size, center=center, inner=outer * (1 - feather), outer=outer, shape="circle")
