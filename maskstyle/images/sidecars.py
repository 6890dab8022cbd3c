"""Maps and masks of an image: find them beside it, and check their aspect."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from maskstyle.errors import ImageError
from maskstyle.images.files import READABLE_SUFFIXES
from maskstyle.images.pixels import Size, size_text

ASPECT_TOLERANCE = 0.01
"""Relative difference that aspect ratios may always have; see `check_aspect`."""

ORIENTATIONS = ("shown", "stored")
"""What a map or mask may be drawn on: a photo as it is shown, or the stored pixels of a photo that EXIF rotates."""

SIDEWAYS = 5
"""The EXIF orientations from here on exchange width and height."""

TURNS = {
    2: "mirrors {} left to right",
    3: "turns {} by 180 degrees",
    4: "mirrors {} top to bottom",
    5: "mirrors {} left to right and turns them by 90 degrees counterclockwise",
    6: "turns {} by 90 degrees clockwise",
    7: "mirrors {} left to right and turns them by 90 degrees clockwise",
    8: "turns {} by 90 degrees counterclockwise",
}
"""What each EXIF orientation does to the stored pixels."""


class Fit(NamedTuple):
    """How a map or mask is laid over its image."""

    turn: int = 1  # EXIF orientation of the image, 1 to 8
    # One of `ORIENTATIONS`. A map drawn on the stored pixels has been turned.
    drawn_on: str = ORIENTATIONS[0]
    stretch: bool = False  # whether to stretch it where its aspect differs


def find_beside(image_path: Path, endings: Sequence[str], *, kind: str) -> Path | None:
    """Find the file named after an image, with one of some endings, such as photo_map.png beside photo.jpg.

    The image need not exist. Several such files are an error. Messages call the file by `kind`, such as "map".
    """
    stems = {f"{image_path.stem}{ending}" for ending in endings}
    try:
        beside = sorted(image_path.parent.iterdir())
    except OSError:  # opening the image gives a better message
        return None
    found = [
        path
        for path in beside
        if path.stem in stems and path.suffix.lower() in READABLE_SUFFIXES and os.path.isfile(path)
    ]
    if len(found) > 1:
        names = [path.name for path in found]
        raise ImageError(
            f"expected one {kind} beside {image_path}, but found {', '.join(names[:-1])} and {names[-1]}; "
            "name the one to use, or remove the others"
        )
    return found[0] if found else None


def check_aspect(size: Size, image_size: Size, *, kind: str, name: str, image_name: str) -> None:
    """Raise ImageError if a map or mask differs from its image in aspect.

    A difference of 1%, or of one pixel of the shorter side, is allowed. Resizing rounds both sides to whole pixels,
    which changes the aspect by up to one part in the shorter side. A difference of 1% moves borders by at most a
    hundredth of the image. A larger difference means another crop, and stretching would silently misplace every
    region.
    """
    height, width = size
    if same_aspect(size, image_size):
        return
    turned = same_aspect((width, height), image_size) and height != width
    advice = "crop or repaint it to the aspect of the image, or set `stretch_maps` if it shows the whole image"
    if turned:
        advice = "rotate it by 90 degrees"
    raise ImageError(
        f"expected a {kind} with the aspect of {image_name}, which is {size_text(image_size)}"
        f", but {name} is {width}x{height}; {advice}"
    )


def check_fit(size: Size, image_size: Size, fit: Fit, *, kind: str, name: str, image_name: str) -> list[str]:
    """Check the aspect of a map or mask, turned as `fit` says, and return notes on how it is laid over its image.

    Errors are those of `check_aspect`, unless `fit` stretches; or only the other reading of a rotated photo fits.
    """
    fits = same_aspect(size, image_size)
    flipped = (size[1], size[0]) if fit.turn >= SIDEWAYS else size
    other = ORIENTATIONS[1 - ORIENTATIONS.index(fit.drawn_on)]
    if not fits and same_aspect(flipped, image_size):
        turned = " once turned" if fit.drawn_on == "stored" else ""
        raise ImageError(
            f"expected a {kind} with the aspect of {image_name}, which is {size_text(image_size)}"
            f", but {name} is {size_text(size)}{turned}; {_wrong_reading(fit, kind, image_name)}"
        )
    if not fits and not fit.stretch:
        check_aspect(size, image_size, kind=kind, name=name, image_name=image_name)
    notes = []
    if not fits:
        shapes = [f"{width}x{height}" for height, width in (size, image_size)]
        notes.append(f"{name}, {shapes[0]}, is stretched to {image_name}, {shapes[1]}")
    if fit.turn != 1 and (not fits or same_aspect(flipped, image_size)):
        pixels = {"shown": "the photo as shown", "stored": "its stored pixels"}
        notes.append(
            f"{_rotated(fit, image_name)}; {name} is read as drawn on {pixels[fit.drawn_on]}; set `map_orientation` "
            f"to {other} if it was drawn on {pixels[other]}"
        )
    return notes


def _rotated(fit: Fit, image_name: str) -> str:
    return f"EXIF {TURNS[fit.turn].format(f'the stored pixels of {image_name}')} (orientation {fit.turn})"


def _wrong_reading(fit: Fit, kind: str, image_name: str) -> str:
    """Return the end of the error for a map or mask that fits only the other reading of a rotated photo."""
    rotated = _rotated(fit, image_name)
    if fit.drawn_on == "shown":
        return f"{rotated}, and the {kind} fits these: set `map_orientation` to stored, or turn it likewise"
    return f"{rotated}, but the {kind} fits the photo as shown: set `map_orientation` to shown"


def same_aspect(size: Size, other: Size) -> bool:
    """Return whether two (height, width) have the same aspect, up to the tolerance of `check_aspect`."""
    stretch = size[0] * other[1] / (size[1] * other[0])
    return max(stretch, 1 / stretch) <= 1 + max(ASPECT_TOLERANCE, 1 / min(size))
