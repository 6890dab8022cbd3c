"""Find the pictures of a batch, and name their results."""

from __future__ import annotations

import glob
import string
from collections.abc import Sequence
from pathlib import Path

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images import READABLE_SUFFIXES

BESIDE = ("_map", "_sem", "_mask")
"""Endings of the maps and masks beside pictures, which a folder does not count as pictures."""

FIELDS = ("name", "folder", "number")
"""What a pattern may contain, in braces."""


def find_pictures(texts: Sequence[str]) -> list[Path]:
    """Return the pictures that files, folders and patterns name, in order, each once.

    Parameters
    ----------
    texts : sequence of str
        Files; folders, of which all images count but maps and masks; or patterns such as ``photos/*.jpg``.

    Raises
    ------
    ImageError
        If a folder or pattern has no picture. Whether a file exists is found when it is read.
    """
    found: list[Path] = []
    for text in texts:
        path = Path(text)
        if path.is_dir():
            found += _pictures_in(path)
        elif glob.has_magic(text) and not path.exists():
            found += _pictures_like(text)
        else:
            found.append(path)
    return list(dict.fromkeys(found))


def _pictures_in(folder: Path) -> list[Path]:
    """Return the images of a folder, without maps and masks, sorted by name."""
    images = sorted(each for each in folder.iterdir() if each.suffix.lower() in READABLE_SUFFIXES)
    stems = {each.stem for each in images}
    pictures = [each for each in images if not _lies_beside(each.stem, stems)]
    if not pictures:
        raise ImageError(f"the folder {folder} has no pictures; expected files that end in .jpg, .png or the like")
    return pictures


def _lies_beside(stem: str, stems: set[str]) -> bool:
    return any(stem.endswith(ending) and stem.removesuffix(ending) in stems for ending in BESIDE)


def _pictures_like(pattern: str) -> list[Path]:
    matches = sorted(Path(each) for each in glob.glob(pattern, recursive=True))
    pictures = [each for each in matches if each.is_file()]
    if not pictures:
        raise ImageError(f"no file matches {pattern}; check the folder and the ending")
    return pictures


def output_paths(pictures: Sequence[Path], folder: Path, pattern: str) -> list[Path]:
    """Return the result of each picture.

    Parameters
    ----------
    pictures : sequence of Path
        The pictures.
    folder : Path
        The folder of the results.
    pattern : str
        The name of each result, with ``{name}`` for the picture's name without its ending, ``{folder}`` for its
        folder, and ``{number}`` for its place, from 1.

    Raises
    ------
    SettingsError
        If the pattern has other fields, or two pictures would have the same result.

    Examples
    --------
    >>> cats = [Path("a/cat.jpg"), Path("b/cat.jpg")]
    >>> [path.name for path in output_paths(cats, Path("out"), "{folder}_{name}.png")]
    ['a_cat.png', 'b_cat.png']
    """
    paths: dict[Path, Path] = {}
    for number, picture in enumerate(pictures, 1):
        fields = {"name": picture.stem, "folder": picture.absolute().parent.name, "number": f"{number:04}"}
        path = folder / filled(pattern, fields, of="--name")
        if path in paths:
            raise SettingsError(
                f"the results of {paths[path]} and {picture} would both be {path}; add {{folder}} or {{number}} to "
                "--name"
            )
        paths[path] = picture
    return list(paths)


def filled(pattern: str, fields: dict[str, str], *, of: str) -> str:
    """Return a pattern with its fields in braces filled.

    Examples
    --------
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
