"""The samples: files to try commands on; the studio offers photos with paintings, and a doodle."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from maskstyle.studio.folder import MissingError


class Sample(NamedTuple):
    """A sample: the names of its files, without folder."""

    title: str  # what it shows
    content: str  # the content image; empty for a doodle
    style: str
    doodle: str = ""  # the map of a doodle


SAMPLES = {
    "coffee": Sample("A cup of coffee, and a still life", "coffee.jpg", "breakfast.jpg"),
    "astronaut": Sample("An astronaut, and a portrait", "astronaut.jpg", "portrait.jpg"),
    "rocket": Sample("A rocket, and a lighthouse", "rocket.jpg", "lighthouse.jpg"),
    "coast": Sample("A doodle of a coast, and a harbour", "", "harbour.jpg", "coast_doodle.png"),
}

_PLACES = (Path(__file__).parent / "samples", Path(__file__).parents[2] / "samples")
"""In an installed package, and in a clone of the repository."""


SUFFIXES = (".jpg", ".png", ".toml")
"""Of the files that are samples; beside them in a clone are the programs that draw them."""


def sample_files() -> list[Path]:
    """Return all samples that are installed: pictures, maps, masks, a doodle and a plan."""
    place = next((place for place in _PLACES if place.is_dir()), None)
    if place is None:
        raise MissingError("this installation of maskstyle has no samples; reinstall it")
    return sorted(path for path in place.iterdir() if path.suffix in SUFFIXES)


def sample_names() -> list[str]:
    """Return the names of the samples that are installed."""
    return [name for name, sample in SAMPLES.items() if _found(sample.style) is not None]


def sample_file(file: str) -> Path:
    """Return a file of a sample."""
    found = _found(file)
    if found is None:
        raise MissingError("there is no such sample")
    return found


def _found(file: str) -> Path | None:
    return next((place / file for place in _PLACES if (place / file).is_file()), None)
