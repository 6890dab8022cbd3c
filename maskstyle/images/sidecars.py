"""Files that go with an image, such as its map and its mask: which lie beside it, and whether their shape fits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from maskstyle.errors import ImageError
from maskstyle.images.files import FORMAT_OF_SUFFIX
from maskstyle.images.pixels import Size

LEAST_ASPECT = 0.01
"""By how much aspect ratios may differ, see `check_aspect`."""


def find_beside(image_path: Path, endings: Sequence[str], *, kind: str) -> Path | None:
    """Find the file that is named after an image, such as photo_map.png beside photo.jpg.

    Parameters
    ----------
    image_path : Path
        The image; it need not exist.
    endings : sequence of str
        What may follow the image's name.
    kind : str
        What messages call the file.

    Returns
    -------
    Path or None
        The one file beside it of such a name, with the extension of an image that maskstyle reads; None if there
        is none.

    Raises
    ------
    ImageError
        If there are several.
    """
    stems = {f"{image_path.stem}{ending}" for ending in endings}
    try:
        beside = sorted(image_path.parent.iterdir())
    except OSError:  # whoever opens the image will say so better
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
    """Raise where a map or mask has another aspect than the image that it belongs to.

    Parameters
    ----------
    size, image_size : (height, width)
        The size of the map or mask, and of its image.
    kind, name, image_name : str
        What it is, and what messages call it and its image.

    Raises
    ------
    ImageError
        If the aspect ratios differ by more than 1 %, or by more than one pixel of the shorter side makes.

    Notes
    -----
    Whoever resizes an image rounds both sides to whole pixels, which alters the aspect by up to one part in the
    shorter side; 1 % moves no border by more than a hundredth of the picture. More is another crop, and
    stretching would put everything in the wrong places without a word.
    """
    height, width = size
    if _same_aspect(size, image_size):
        return
    turned = _same_aspect((width, height), image_size) and height != width
    advice = "turn it by 90 degrees" if turned else "crop or repaint it to the image's shape"
    raise ImageError(
        f"expected a {kind} with the aspect of {image_name}, which is {image_size[0]}x{image_size[1]} "
        f"(height x width), but {name} is {height}x{width}; {advice}"
    )


def _same_aspect(size: Size, other: Size) -> bool:
    stretch = size[0] * other[1] / (size[1] * other[0])
    return max(stretch, 1 / stretch) <= 1 + max(LEAST_ASPECT, 1 / min(size))
