"""Maps and masks of an image: find them beside it, and check their aspect."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from maskstyle.errors import ImageError
from maskstyle.images.files import FORMAT_OF_SUFFIX
from maskstyle.images.pixels import Size

ASPECT_TOLERANCE = 0.01
"""Relative difference that aspect ratios may always have; see `check_aspect`."""


def find_beside(image_path: Path, endings: Sequence[str], *, kind: str) -> Path | None:
    """Find the file named after an image, such as photo_map.png beside photo.jpg.

    Parameters
    ----------
    image_path : Path
        The image; it need not exist.
    endings : sequence of str
        The endings that may follow the name of the image.
    kind : str
        What messages call the file, such as "map".

    Returns
    -------
    Path or None
        The file in the same folder with such a name and a readable image extension; None if there is none.

    Raises
    ------
    ImageError
        If there are several such files.
    """
    stems = {f"{image_path.stem}{ending}" for ending in endings}
    try:
        beside = sorted(image_path.parent.iterdir())
    except OSError:  # opening the image gives a better message
        return None
    found = [
        path for path in beside if path.stem in stems and path.suffix.lower() in FORMAT_OF_SUFFIX and path.is_file()
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

    Parameters
    ----------
    size, image_size : (height, width)
        The sizes of the map or mask and of its image.
    kind, name, image_name : str
        What messages call the kind of file, the file and its image.

    Raises
    ------
    ImageError
        If the aspect ratios differ by more than 1% and by more than one pixel of the shorter side.

    Notes
    -----
    Resizing rounds both sides to whole pixels, which changes the aspect by up to one part in the shorter side. A
    difference of 1% moves borders by at most a hundredth of the image. A larger difference means another crop, and
    stretching would silently misplace every region.
    """
    height, width = size
    if same_aspect(size, image_size):
        return
    turned = same_aspect((width, height), image_size) and height != width
    advice = "rotate it by 90 degrees" if turned else "crop or repaint it to the aspect of the image"
    raise ImageError(
        f"expected a {kind} with the aspect of {image_name}, which is {image_size[0]}x{image_size[1]} "
        f"(height x width), but {name} is {height}x{width}; {advice}"
    )


def same_aspect(size: Size, other: Size) -> bool:
    """Return whether two (height, width) have the same aspect, up to the tolerance of `check_aspect`."""
    stretch = size[0] * other[1] / (size[1] * other[0])
    return max(stretch, 1 / stretch) <= 1 + max(ASPECT_TOLERANCE, 1 / min(size))
