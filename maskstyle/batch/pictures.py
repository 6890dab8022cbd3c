"""Find the pictures of a batch, and name their results."""

from __future__ import annotations

import glob
import string
from collections.abc import Callable, Sequence
from pathlib import Path

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images import READABLE_SUFFIXES

BESIDE = ("_map", "_sem", "_mask")
"""Endings of the maps and masks beside pictures, which a folder does not count as pictures."""

FIELDS = ("name", "folder", "number")
"""What a pattern may contain, in braces."""


def find_pictures(
    texts: Sequence[str], note: Callable[[str], None] = lambda text: None, *, maps: bool = False
) -> list[Path]:
    """Return the pictures that files, folders and patterns name, in order, each once.

    Of a folder, all images count but maps and masks; of the matches of a pattern such as ``photos/*.jpg``, all but
    the maps and masks of other matches. With `maps`, maps count too, as those that are doodles do. `note` is called
    about each map or mask in a folder that has no picture beside it. Whether a file exists is found when it is read.
    """
    found: list[Path] = []
    for text in texts:
        path = Path(text)
        if path.is_dir():
            found += _pictures_in(path, () if maps else BESIDE, note)
        elif glob.has_magic(text) and not path.exists():
            found += _pictures_like(text, () if maps else BESIDE)
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _pictures_in(folder: Path, beside: tuple[str, ...], note: Callable[[str], None]) -> list[Path]:
    """Return the images of a folder, without maps and masks, sorted by name."""
    images = sorted(each for each in folder.iterdir() if each.suffix.lower() in READABLE_SUFFIXES)
    pictures = [each for each in images if not each.stem.endswith(beside)]
    if not pictures:
        but = f", but only maps and masks such as {images[0].name}" if images else ""
        raise ImageError(
            f"the folder {folder} has no pictures{but}; expected files that end in .jpg, .png or the like"
        )
    stems = {each.stem for each in pictures}
    for each in images:
        if each.stem.endswith(beside) and not _lies_beside(each.stem, stems, beside):
            note(f"{each} is taken for a map or mask, and there is no picture that it is of; name it to paint it")
    return pictures


def _lies_beside(stem: str, stems: set[str], beside: tuple[str, ...]) -> bool:
    return any(stem.endswith(ending) and stem.removesuffix(ending) in stems for ending in beside)


def _pictures_like(pattern: str, beside: tuple[str, ...]) -> list[Path]:
    matches = [path for each in sorted(glob.glob(pattern, recursive=True)) if (path := Path(each)).is_file()]
    stems: dict[Path, set[str]] = {}
    for each in matches:
        stems.setdefault(each.parent, set()).add(each.stem)
    pictures = [each for each in matches if not _lies_beside(each.stem, stems[each.parent], beside)]
    if not pictures:
        raise ImageError(f"no file matches {pattern}; check the folder and the ending")
    return pictures


def output_paths(pictures: Sequence[Path], folder: Path, pattern: str) -> list[Path]:
    """Return the result of each picture; no two may have the same one.

    The pattern has ``{name}`` for the picture's name without its ending, ``{folder}`` for its folder, and
    ``{number}`` for its place, from 1.

    >>> cats = [Path("a/cat.jpg"), Path("b/cat.jpg")]
    >>> [path.name for path in output_paths(cats, Path("out"), "{folder}_{name}.png")]
    ['a_cat.png', 'b_cat.png']
    """
    paths: dict[Path, Path] = {}
    for number, picture in enumerate(pictures, 1):
        path = folder / filled(pattern, fields_of(picture, number), of="--name")
        if path in paths:
            raise SettingsError(
                f"the results of {paths[path]} and {picture} would both be {path}; add {{folder}} or {{number}} to "
                "--name"
            )
        paths[path] = picture
    return list(paths)


def fields_of(picture: Path, number: int) -> dict[str, str]:
    """Return what the fields of a pattern stand for in a picture with a number, from 1."""
    return {"name": picture.stem, "folder": picture.absolute().parent.name, "number": f"{number:04}"}


def filled(pattern: str, fields: dict[str, str], *, of: str) -> str:
    """Return a pattern with its fields in braces filled.

    >>> filled("maps/{name}.png", {"name": "cat"}, of="--content-map")
    'maps/cat.png'
    """
    try:
        parts = [part[1:] for part in string.Formatter().parse(pattern) if part[1] is not None]
    except ValueError:
        parts = [("{", "", None)]
    if any(name not in fields or how or conversion for name, how, conversion in parts):
        listed = ", ".join(f"{{{each}}}" for each in fields)
        raise SettingsError(f"{of} is {pattern!r}; in braces, expected {listed}")
    return pattern.format(**fields)
