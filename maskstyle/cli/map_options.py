"""Semantic maps on the command line: finding them beside their images, reading them, and naming their regions."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from maskstyle.cli.options import READING_OPTIONS, flag_of, parse_strength
from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.io import load_image, read_metadata
from maskstyle.images.pixels import Size
from maskstyle.images.streams import described, is_stream
from maskstyle.maps.colors import Color, RegionKey, check_region, format_color, parse_color
from maskstyle.maps.io import find_map_beside
from maskstyle.maps.naming import resolved_list, resolved_pairs
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.plans.map_reading import MapReading, ReadingUse

_NAME = r"(?:rgb)?[(\[]?\s*\d+\s*,\s*\d+\s*,\s*\d+\s*[)\]]?|[^,;=]*?"
_COLOR = re.compile(rf"\s*({_NAME})\s*(?:[,;]|$)", re.IGNORECASE)
_PAIR = re.compile(rf"\s*({_NAME})\s*=\s*({_NAME})\s*(?:[,;]|$)", re.IGNORECASE)


def found_map(given: Path | None, image: Path, flag: str, *, whole_style: bool = False) -> Path:
    """Return the map that an option names, or else the one beside its image.

    If there is none, or more than one, an error says so.
    """
    if given is not None:
        return given
    if is_stream(image):
        raise ImageError(f"there is no map beside {described(image)}; pass {flag} FILE")
    beside = find_map_beside(image)
    if beside is None:
        load_image(image)  # a missing or damaged image has its own message
        raise ImageError(
            f"there is no map beside {image}; expected {image.stem}_map.png or {image.stem}_sem.png, or pass "
            f"{flag} FILE{', or --unmatched whole-style for no map' if whole_style else ''}"
        )
    return beside


def listed_colors(text: str) -> list[str]:
    """Return the parts of ``COLOR,...``, where a color may be ``R,G,B``; semicolons separate as well.

    >>> listed_colors("red, #0000ff, 0,255,0"), listed_colors("200,70,50;3")
    (['red', '#0000ff', '0,255,0'], ['200,70,50', '3'])
    """
    plain = text.strip().rstrip(",;").strip()
    return [found[1] for found in _COLOR.finditer(plain + ",") if found[1] or found.end() <= len(plain) or not plain]


def _listed_pairs(text: str) -> list[tuple[str, str]]:
    """Return the parts of ``COLOR=VALUE,...``; nothing if it is not of this form."""
    plain = text.strip().rstrip(",;").strip()
    pairs, at = [], 0
    while at < len(plain):
        found = _PAIR.match(plain, at)
        if found is None or not (found[1] and found[2]):
            return []
        pairs.append((found[1], found[2]))
        at = found.end()
    return pairs


def listed_keys(text: str) -> list[str]:
    """Return the parts of ``COLOR,...`` where numbers are ids, as no map says otherwise.

    >>> listed_keys("0,255, white")
    ['0', '255', 'white']
    """
    return [part.strip() for part in text.split(",")]


def parse_colors(text: str, flag: str) -> list[Color]:
    """Read ``COLOR,...``.

    >>> parse_colors("red, #0000ff, 0,255,0", "--palette")
    [(255, 0, 0), (0, 0, 255), (0, 255, 0)]
    """
    return [_color(part, flag) for part in listed_colors(text)]


def check_regions(texts: list[str], flag: str) -> list[str]:
    """Return the parts of ``COLOR,...``, given once or several times; each must be a color, a number or ``*``.

    >>> check_regions(["red, 2", "*"], "--regions")
    ['red', '2', '*']
    """
    parts = [part for text in texts for part in listed_colors(text)]
    for part in parts:
        _check(part, flag)
    return parts


def chosen_regions(texts: list[str], flag: str, semantic_map: SemanticMap, *, name: str) -> list[RegionKey]:
    """Read ``COLOR,...`` as colors or ids of the regions of a map; the name of a color may mean a similar one."""
    parts = check_regions(texts, flag)
    with _naming(flag):
        return [semantic_map.key(label) for label in resolved_list(parts, semantic_map, name=name)]


def split_mapping(texts: list[str], flag: str) -> list[tuple[str, str]]:
    """Split ``CONTENTCOLOR=STYLECOLOR,...`` into pairs of colors, several times.

    >>> split_mapping(["red=#0000ff, 0,0,255=2", "*=red"], "--map")
    [('red', '#0000ff'), ('0,0,255', '2'), ('*', 'red')]
    """
    mapping = []
    for text in texts:
        pairs = _listed_pairs(text)
        if not pairs:
            raise SettingsError(f"{flag} is {text!r}; expected CONTENTCOLOR=STYLECOLOR such as 'red=#0000ff'")
        mapping += pairs
    return mapping


def chosen_mapping(
    texts: list[str],
    flag: str,
    content: SemanticMap,
    style: SemanticMap,
    *,
    names: tuple[str, str],
    among: Collection[int] | None = None,
) -> list[tuple[RegionKey, RegionKey]]:
    """Read ``CONTENTCOLOR=STYLECOLOR`` several times as the colors of regions of two maps."""
    parts = check_mapping(texts, flag)
    with _naming(flag):
        pairs = resolved_pairs(parts, content, style, names=names, among=among)
    return [(content.key(here), style.key(there)) for here, there in pairs]


def check_mapping(texts: list[str], flag: str) -> list[tuple[str, str]]:
    """Return the pairs of ``CONTENTCOLOR=STYLECOLOR,...``; each part must be a color or a number, the first or ``*``.

    >>> check_mapping(["red=#0000ff"], "--map")
    [('red', '#0000ff')]
    """
    pairs = split_mapping(texts, flag)
    for here, there in pairs:
        _check(here, flag)
        _check(there, flag, everything=False)
    return pairs


def parse_strengths(texts: list[str], flag: str) -> dict[str, float]:
    """Read ``COLOR=STRENGTH,...`` several times.

    >>> parse_strengths(["red=0.8, 0,0,255=0.2", "#00ff00=1"], "--region-strength")
    {'red': 0.8, '0,0,255': 0.2, '#00ff00': 1.0}
    """
    strengths: dict[str, float] = {}
    for text in texts:
        pairs = _listed_pairs(text)
        if not pairs:
            raise SettingsError(f"{flag} is {text!r}; expected COLOR=STRENGTH,... such as 'red=0.8,#0000ff=0.2'")
        for color, strength in pairs:
            _check(color, flag, everything=False)
            if color in strengths:
                raise SettingsError(f"{flag} lists {color} twice; give each region one strength")
            strengths[color] = parse_strength(strength, color)
    return strengths


def asked_reading(given: Mapping[str, Any]) -> MapReading:
    """Return the reading that ``--palette``, ``--least-region`` and the other options of maps ask for."""
    values = {name: given[name] for name in READING_OPTIONS if given.get(name) is not None}
    if values.get("least_region", 1) < 1:
        least = values["least_region"]
        raise SettingsError(f"--least-region is {least}; expected a number of pixels of at least 1")
    if "palette" in values:
        values["palette"] = tuple(map(format_color, parse_colors(values["palette"], "--palette")))
    if "ignore" in values:
        values["ignore"] = tuple(listed_keys(values["ignore"]))
        for text in values["ignore"]:
            _check(text, "--ignore")
    return MapReading(**values)


def read_fitted(
    use: ReadingUse, path: Path, image: Path | None, size: Size | None, *, image_name: str = ""
) -> tuple[SemanticMap, list[str]]:
    """Read a map as a command asks, with notes; it is stretched to the size of its image only if that is asked for.

    `use` learns what its reading changes. Messages call the image by `image_name`, or else by its file.
    """
    found, notes = use.read_map(path, image)
    found, more = use.lay_over(found, size, path, image, image_name=image_name)
    return found, [*notes, *more]


def described_reading(reading: MapReading) -> str:
    """Return the options that ask for a reading."""
    options = []
    for name, value in reading.table().items():
        words = "" if value is True else f" {','.join(value) if isinstance(value, list) else value}"
        options.append(f"{flag_of(name)}{words}")
    return " ".join(options)


def recorded_reading(result: Path, maps: tuple[Path, ...]) -> MapReading:
    """Return how maps were read for a result, as it records; the default where it does not, or for other maps.

    Only the names of the maps count: folders may have been moved.
    """
    recorded = recorded_plan(result, maps)
    try:
        for color in recorded.get("palette") or ():
            parse_color(color)
        return MapReading.of_table(recorded)
    except (AttributeError, TypeError, SettingsError):  # written by something else
        return MapReading()


def recorded_plan(result: Path, maps: tuple[Path, ...]) -> Mapping[str, Any]:
    """Return the plan that a result records for maps of these names; empty where there is none."""
    try:
        inputs = (read_metadata(result) or {}).get("inputs")
        recorded = inputs.get("plan", inputs) if isinstance(inputs, dict) else {}
        return recorded if maps and {path.name for path in maps} <= _map_names(recorded) else {}
    except (AttributeError, TypeError, ImageError):  # damaged, or written by something else
        return {}


def _map_names(recorded: Mapping[str, Any]) -> set[str]:
    """Return the names of the maps that a record of inputs, or a plan, names."""
    styles = recorded.get("styles", {})
    files = [recorded.get(key) for key in ("content_map", "doodle", "style_map")]
    files += [style.get("map") for style in styles.values()] if isinstance(styles, dict) else []
    return {Path(file).name for file in files if file is not None}


@contextmanager
def _naming(flag: str) -> Iterator[None]:
    """Name an option in any SettingsError of the block: a text is no color, and no name of a region either."""
    try:
        yield
    except SettingsError as error:
        raise SettingsError(f"{flag}: {error}") from None


def _check(text: str, flag: str, *, everything: bool = True) -> None:
    """Raise SettingsError if a text can name no region, with the option that has it."""
    with _naming(flag):
        check_region(text, everything=everything)


def _color(text: str, flag: str) -> Color:
    try:
        return parse_color(text)
    except SettingsError as error:
        raise SettingsError(f"{flag}: {error}") from None
