"""Choose one image of an annotation of many."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import NamedTuple

from maskstyle.errors import ImageError
from maskstyle.images.pixels import Size
from maskstyle.maps.colors import shortlist


class Asked(NamedTuple):
    """What was asked of an annotation.

    Parameters
    ----------
    image : str or None
        The name or the id of the image, with or without folder and extension.
    like : str or None
        The name of the photo that the map is for; it counts where `image` is None.
    size : (height, width) or None
        The size of that photo, for annotations without one.
    """

    image: str | None = None
    like: str | None = None
    size: Size | None = None


def chosen_image(names: Sequence[str], ids: Sequence[str], source: str, asked: Asked) -> int:
    """Return the index of the image that was asked for.

    Parameters
    ----------
    names, ids : sequence of str
        The file names and the ids of the images in the annotation.
    source : str
        Name of the annotation in messages.
    asked : Asked
        What was asked for.

    Raises
    ------
    ImageError
        If there is no such image, or there are several and none is asked for.
    """
    image = asked.image
    wanted = image if image is not None else asked.like
    keys = [(name, _file_name(name), PurePath(_file_name(name)).stem) for name in names]
    for form in () if wanted is None else (wanted, _file_name(wanted), PurePath(_file_name(wanted)).stem):
        found = [place for place, key in enumerate(keys) if form in key]
        if len(found) == 1:
            return found[0]
    if image is not None and ids.count(image) == 1:
        return ids.index(image)
    if image is None and len(names) == 1:
        return 0
    if not names:
        raise ImageError(f"expected an image in {source}, but it lists none; annotate one first")
    unknown = "" if image is None else f" and none or several of them are {image!r}"
    count = f"{len(names)} images" if len(names) > 1 else "one image"
    raise ImageError(f"{source} has {count}, {shortlist(list(names))}{unknown}; choose one with `image`")


def _file_name(name: str) -> str:
    return PurePath(name.replace("\\", "/")).name
