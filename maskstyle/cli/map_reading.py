"""How maps are read, as options say or as a result's record does."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from maskstyle.cli.maps import parse_colors
from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.io import read_metadata
from maskstyle.maps.io import Color, SemanticMap, format_color, load_map, parse_color


class MapReading(NamedTuple):
    """How maps are read.

    Parameters
    ----------
    palette : tuple of Color or None
        The regions' colors; found where they are left out.
    least_region : int or None
        How many pixels make a region.
    soft : bool
        Whether blended pixels are shared out.
    """

    palette: tuple[Color, ...] | None = None
    least_region: int | None = None
    soft: bool = False

    def read(self, path: Path) -> SemanticMap:
        """Read a map."""
        return load_map(path, palette=self.palette, least_region=self.least_region, soft=self.soft)

    def described(self) -> str:
        """Return the options that ask for this reading."""
        options = []
        if self.palette is not None:
            options.append(f"--palette {','.join(map(format_color, self.palette))}")
        if self.least_region is not None:
            options.append(f"--least-region {self.least_region}")
        return " ".join([*options, *(["--soft-maps"] if self.soft else [])])

    def record(self) -> dict[str, Any]:
        """Return what a record says of it."""
        return {
            "palette": None if self.palette is None else [format_color(color) for color in self.palette],
            "least_region": self.least_region,
            "soft_maps": self.soft,
        }


def asked_reading(palette: str | None, least_region: int | None, *, soft: bool = False) -> MapReading:
    """Return the reading that ``--palette``, ``--least-region`` and ``--soft-maps`` ask for.

    Raises
    ------
    SettingsError
        Where a color is none, or the number is below 1.
    """
    if least_region is not None and least_region < 1:
        raise SettingsError(f"--least-region is {least_region}; expected a number of pixels of at least 1")
    return MapReading(None if palette is None else tuple(parse_colors(palette, "--palette")), least_region, soft)


def read_maps(
    paths: tuple[Path, Path], *, palette: str | None, least_region: int | None, soft: bool = False
) -> tuple[SemanticMap, SemanticMap]:
    """Read a content's and a style's map with ``--palette``, ``--least-region`` and ``--soft-maps``."""
    reading = asked_reading(palette, least_region, soft=soft)
    return reading.read(paths[0]), reading.read(paths[1])


def recorded_reading(result: Path, maps: tuple[Path, ...]) -> MapReading:
    """Return how maps were read for a result, as it records; the default where it does not, or for other maps.

    Parameters
    ----------
    result : Path
        A picture.
    maps : tuple of Path
        The maps that are to be read, told by their names: folders may have been moved.
    """
    try:
        inputs = (read_metadata(result) or {}).get("inputs")
    except ImageError:  # a damaged record says nothing
        return MapReading()
    if not isinstance(inputs, dict):
        return MapReading()
    recorded = inputs.get("plan", inputs)
    try:
        if not maps or not {path.name for path in maps} <= _map_names(recorded):
            return MapReading()
        palette = recorded.get("palette")
        return MapReading(
            None if palette is None else tuple(parse_color(color) for color in palette),
            recorded.get("least_region"),
            bool(recorded.get("soft_maps", False)),
        )
    except (AttributeError, TypeError, SettingsError):  # written by something else
        return MapReading()


def _map_names(recorded: Mapping[str, Any]) -> set[str]:
    """Return the names of the maps that a record of inputs, or a plan, speaks of."""
    styles = recorded.get("styles", {})
    files = [recorded.get(key) for key in ("content_map", "doodle", "style_map")]
    files += [style.get("map") for style in styles.values()] if isinstance(styles, dict) else []
    return {Path(file).name for file in files if file is not None}
