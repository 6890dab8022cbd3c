"""Fit the map of an annotation to its photo: its size, and its EXIF orientation."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np

from maskstyle.errors import SettingsError
from maskstyle.images.decoding import orientation, upright
from maskstyle.images.files import open_image
from maskstyle.images.headers import read_size
from maskstyle.images.sidecars import same_aspect
from maskstyle.maps.io import fit_map
from maskstyle.maps.semantic_map import SemanticMap

ORIENTATIONS = ("stored", "shown")
"""Whether an annotation was drawn on the pixels of a photo as they are stored, or as it is shown."""


def fit_annotation(
    made: SemanticMap, photo: Path, *, name: str, drawn_on: str | None = None
) -> tuple[SemanticMap, tuple[str, ...]]:
    """Turn and resize the map of an annotation to its photo as it is shown, with notes on how it was turned.

    `drawn_on` is how the photo was shown to whoever annotated it: "stored" or "shown". By default, the aspect
    decides, or else "shown".
    """
    if drawn_on not in (None, *ORIENTATIONS):
        raise SettingsError(f"drawn_on is {drawn_on!r}; expected {' or '.join(ORIENTATIONS)}")
    with open_image(photo) as image:
        turn, stored = orientation(image), (image.height, image.width)
    size, notes = read_size(photo), list[str]()
    if turn != 1:
        fits = same_aspect(made.size, size), same_aspect(made.size, stored)
        is_stored = drawn_on == "stored" if drawn_on else fits == (False, True)
        sure = drawn_on is not None or fits[0] != fits[1]
        notes.append(_turn_note(photo, turn, name, is_stored=is_stored, sure=sure))
        if is_stored:
            made = dataclasses.replace(made, labels=np.ascontiguousarray(upright(made.labels, turn)))
    return fit_map(made, size, name=name, image_name=str(photo)), tuple(notes)


def _turn_note(photo: Path, turn: object, name: str, *, is_stored: bool, sure: bool) -> str:
    start = f"{photo} is shown turned, by its EXIF orientation {turn}, and {name}"
    if is_stored:
        return f"{start} is turned with it"
    if sure:
        return f"{start} already fits the photo as it is shown"
    return (
        f"{start} is taken as drawn on it as it is shown; if it was drawn on the stored pixels, set "
        "`map_orientation` to stored"
    )
