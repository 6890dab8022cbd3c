"""Semantic maps on the command line: found beside their images, and the colours that name their regions."""

from __future__ import annotations

import re
from pathlib import Path

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images import load_image
from maskstyle.maps import Color, find_map_beside, parse_color

_COLOR = re.compile(r"\s*(\(?\s*\d+\s*,\s*\d+\s*,\s*\d+\s*\)?|[^,]*?)\s*(?:,|$)")


def found_map(given: Path | None, image: Path, flag: str) -> Path:
    """Return the map that an option names, or else the one beside its image.

    Raises
    ------
    ImageError
        Where none is given and none, or more than one, is beside the image; or the image is none.
    """
    if given is not None:
        return given
    beside = find_map_beside(image)
    if beside is None:
        load_image(image)  # where that is the trouble, it says so
        raise ImageError(
            f"there is no map beside {image}; expected {image.stem}_map.png or {image.stem}_sem.png, or pass "
            f"{flag} FILE"
        )
    return beside


def parse_colors(text: str, flag: str) -> list[Color]:
    """Read ``COLOUR,...``.

    Examples
    --------
    >>> parse_colors("red, #0000ff, 0,255,0", "--regions")
    [(255, 0, 0), (0, 0, 255), (0, 255, 0)]
    """
    return [_color(part, flag) for part in _COLOR.findall(text.strip() + ",")[:-1]]


def parse_mapping(texts: list[str], flag: str) -> list[tuple[Color, Color]]:
    """Read ``CONTENTCOLOUR=STYLECOLOUR`` several times.

    Examples
    --------
    >>> parse_mapping(["red=#0000ff"], "--map")
    [((255, 0, 0), (0, 0, 255))]
    """
    mapping = []
    for text in texts:
        content, equals, style = text.partition("=")
        if not equals:
            raise SettingsError(f"{flag} is {text!r}; expected CONTENTCOLOR=STYLECOLOR such as red=#0000ff")
        mapping.append((_color(content, flag), _color(style, flag)))
    return mapping


def _color(text: str, flag: str) -> Color:
    try:
        return parse_color(text)
    except SettingsError as error:
        raise SettingsError(f"{flag}: {error}") from None
