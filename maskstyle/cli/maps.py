"""Semantic maps on the command line: found beside their images, and the colors that name their regions."""

from __future__ import annotations

import re
from pathlib import Path

from maskstyle.cli.render import announce
from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.io import load_image
from maskstyle.maps.assignment import Advice
from maskstyle.maps.io import (
    Color,
    SemanticMap,
    describe_absorbed,
    find_map_beside,
    find_named_region,
    format_color,
    parse_color,
)

ON_THE_COMMAND_LINE = Advice(
    "repaint them in the same colors, pair them with --map, list the regions to paint with --regions, or pass "
    "--unmatched keep or --unmatched whole-style",
    "list regions that both maps have with --regions, pair them with --map, or pass --unmatched whole-style",
    "draft a map in the painting's colors with: maskstyle maps draft PHOTO --like STYLE_MAP PAINTING -o MAP.png; or "
    "pair regions with --map, or pass --unmatched whole-style",
)
"""What to do where regions have no counterpart."""

FOR_PATCHES = "repaint them in the same colors, pair them with --map, or pass --unmatched nearest"
"""The same where patches are matched."""

_OF_DOODLES = "repaint them in the style map's colors, pair them with --map, or pass --unmatched whole-style"
FOR_DOODLES = Advice(_OF_DOODLES, _OF_DOODLES)
"""The same for doodles."""

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


def recorded_palette(palette: str | None) -> list[str] | None:
    """Return what the record says of ``--palette``: the colors one by one."""
    return None if palette is None else [format_color(color) for color in parse_colors(palette, "--palette")]


def announce_maps(
    given: tuple[Path | None, Path | None],
    paths: tuple[Path, Path],
    images: tuple[Path, Path],
    maps: tuple[SemanticMap, SemanticMap],
    *,
    quiet: bool,
) -> list[str]:
    """Say which maps were found beside their images, and what small patches they lost; return what was said of these.

    Parameters
    ----------
    given : (Path or None, Path or None)
        The maps that options name.
    paths, images : (Path, Path)
        The maps that are used, and their images.
    maps : (SemanticMap, SemanticMap)
        What the maps hold.
    quiet : bool
        Say nothing.
    """
    for name, named, path, image in zip(("content map", "style map"), given, paths, images, strict=True):
        if named is None:
            announce(f"{path}, found beside {image.name}", quiet=quiet, name=name)
    remarks = [
        remark for each, path in zip(maps, paths, strict=True) for remark in describe_absorbed(each, str(path))
    ]
    for remark in remarks:
        announce(remark, quiet=quiet, name="note")
    if remarks:
        fewest = min(patch.count for each in maps for patch in each.absorbed)
        announce(f"--least-region {fewest} makes regions of them", quiet=quiet, name="note")
    return remarks


def parse_colors(text: str, flag: str) -> list[Color]:
    """Read ``COLOR,...``.

    Examples
    --------
    >>> parse_colors("red, #0000ff, 0,255,0", "--regions")
    [(255, 0, 0), (0, 0, 255), (0, 255, 0)]
    """
    return [_color(part, flag) for part in _parts(text)]


def chosen_regions(text: str, flag: str, semantic_map: SemanticMap, *, name: str) -> list[Color]:
    """Read ``COLOR,...`` as the colors of regions of a map, which a color's name may mean too.

    Raises
    ------
    ImageError
        Where a color or name is that of no region, or a name that of several.
    """
    return [_region(part, flag, semantic_map, name) for part in _parts(text)]


def chosen_mapping(
    texts: list[str], flag: str, content: SemanticMap, style: SemanticMap, *, names: tuple[str, str]
) -> list[tuple[Color, Color]]:
    """Read ``CONTENTCOLOR=STYLECOLOR`` several times as the colors of regions of two maps."""
    mapping = []
    for text in texts:
        here, _, there = text.partition("=")
        mapping.append((_region(here, flag, content, names[0]), _region(there, flag, style, names[1])))
    return mapping


def parse_mapping(texts: list[str], flag: str) -> list[tuple[Color, Color]]:
    """Read ``CONTENTCOLOR=STYLECOLOR`` several times.

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


def _parts(text: str) -> list[str]:
    return _COLOR.findall(text.strip() + ",")[:-1]


def _region(text: str, flag: str, semantic_map: SemanticMap, name: str) -> Color:
    _color(text, flag)
    return semantic_map.colors[find_named_region(text, semantic_map, name=name)]


def _color(text: str, flag: str) -> Color:
    try:
        return parse_color(text)
    except SettingsError as error:
        raise SettingsError(f"{flag}: {error}") from None
