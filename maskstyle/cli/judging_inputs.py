"""The maps that ``maskstyle evaluate`` takes."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from maskstyle.cli.maps import found_map
from maskstyle.errors import SettingsError
from maskstyle.maps.io import find_map_beside


class MapFiles(NamedTuple):
    """The maps to judge by.

    Parameters
    ----------
    paths : tuple of Path
        The content's map and the style image's; none of them to judge the picture as a whole.
    said : tuple of (str, str)
        What to announce of them: a name, and what there is to say.
    """

    paths: tuple[Path, ...] = ()
    said: tuple[tuple[str, str], ...] = ()


def found_maps(
    content: Path | None, style: Path, content_map: Path | None, style_map: Path | None, *, wanted: bool
) -> MapFiles:
    """Return the two maps, given or beside their images.

    Parameters
    ----------
    content : Path or None
        The content's file.
    style : Path
        The style image's file.
    content_map, style_map : Path or None
        What their options name.
    wanted : bool
        Without both maps there is an error where they are wanted; else the picture is judged as a whole.

    Raises
    ------
    ImageError, SettingsError
        Where a map that is wanted is missing, or several are beside an image.
    """
    if wanted and content is None and content_map is None:
        raise SettingsError(
            "there is no content map; pass --content-map FILE, or --content FILE with a map beside it"
        )
    images = {"content": (content, content_map), "style": (style, style_map)}
    paths, said, lacking = [], [], []
    for name, (image, given) in images.items():
        path = given
        if path is None and image is not None:
            path = found_map(None, image, f"--{name}-map") if wanted else find_map_beside(image)
            said.append((f"{name} map", f"{path}, found beside {image.name}"))
        if path is None:
            lacking.append(name)
        else:
            paths.append(path)
    if len(lacking) == 1 and content is not None:
        return MapFiles(said=(("regions", f"none, as there is no map beside the {lacking[0]} image"),))
    return MapFiles() if lacking else MapFiles(tuple(paths), tuple(said))
