"""How the maps and masks of a plan are read, and laid over their images."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from maskstyle.errors import ImageError
from maskstyle.images.decoding import read_orientation
from maskstyle.images.pixels import Size
from maskstyle.images.sidecars import ORIENTATIONS, Fit, check_fit, same_aspect
from maskstyle.maps.colors import parse_color
from maskstyle.maps.ignoring import advice_on_void, likely_void, unused_keys
from maskstyle.maps.io import fit_map, load_map
from maskstyle.maps.semantic_map import SemanticMap, describe_reading


@dataclass(frozen=True)
class MapReading:
    """How maps and masks are read. Its fields are keys of plans and options of commands."""

    palette: tuple[str, ...] | None = None  # colors of the regions; by default, found in the map
    least_region: int | None = None  # fewest pixels of a region
    soft_maps: bool = False  # whether to share blended pixels among regions
    # Colors, ids or names of regions with pixels that go to the nearest other regions.
    ignore: tuple[str, ...] | None = None
    stretch_maps: bool = False  # whether to stretch maps and masks of another aspect ratio to their images
    # Whether maps and masks were drawn on photos as shown, or on the stored pixels of photos that EXIF rotates.
    map_orientation: str = ORIENTATIONS[0]

    @classmethod
    def of_table(cls, table: Mapping[str, Any]) -> MapReading:
        """Return the reading that the table of a plan asks for."""
        names = [field.name for field in dataclasses.fields(cls)]
        given: dict[str, Any] = {name: table[name] for name in names if table.get(name) is not None}
        for name, value in given.items():
            if isinstance(value, list):
                given[name] = tuple(map(str, value))
        return cls(**given)

    def table(self) -> dict[str, Any]:
        """Return what differs from the default, as the table of a plan says it."""
        changed = {name: value for name, value in vars(self).items() if value != getattr(MapReading, name)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()}

    def read(self, path: Path, image: Path | None = None) -> SemanticMap:
        """Read a map; `image` is the file of its image, which decides how the map is turned."""
        palette = None if self.palette is None else [parse_color(text) for text in self.palette]
        return load_map(
            path,
            palette=palette,
            least_region=self.least_region,
            soft=self.soft_maps,
            ignore=self.ignore or (),
            orientation=self.turn(path, image),
        )

    def turn(self, path: Path | None, image: Path | None) -> int:
        """Return the EXIF orientation by which to turn a map or mask, 1 for one with an orientation of its own.

        None is a map or mask without.
        """
        if self.map_orientation != "stored" or image is None or (path is not None and read_orientation(path) != 1):
            return 1
        return read_orientation(image)

    def fit(self, image: Path | None) -> Fit:
        """Return how a map or mask is laid over an image."""
        return Fit(1 if image is None else read_orientation(image), self.map_orientation, self.stretch_maps)

    def notes(self, found: SemanticMap, name: str) -> list[str]:
        """Return how a map was read."""
        notes = list(describe_reading(found, name))
        if self.soft_maps and found.ids is not None:
            notes.append(f"{name} has ids and no soft edges, so reading it as a soft map has no effect")
        return notes

    def advice(self, maps: list[SemanticMap]) -> tuple[str, ...]:
        """Return what to do about regions that look like void, and about those too small."""
        void = dict.fromkeys(key for each in maps for key in likely_void(each))
        lines = [advice_on_void(tuple(void))] if void else []
        absorbed = [patch.count for each in maps for patch in each.absorbed]
        if absorbed:
            lines.append(f"set `least_region` to {min(absorbed)} to keep them as regions")
        return tuple(lines)


class ReadingUse:
    """Reads maps and fits masks as a reading says, and collects which parts of it change any of them."""

    def __init__(self, reading: MapReading) -> None:
        self.reading = reading
        self.maps: list[SemanticMap] = []
        self._useful: set[str] = set()
        self._fitted = False

    def read_map(
        self, path: Path, image: Path | None, read: Callable[[MapReading], SemanticMap] | None = None
    ) -> tuple[SemanticMap, list[str]]:
        """Read a map at its own size, by default with `MapReading.read`, and return notes on how."""
        read = read or (lambda reading: reading.read(path, image))
        found = read(self.reading)
        self._add_map(found, read)
        return found, self.reading.notes(found, str(path))

    def lay_over(
        self, found: SemanticMap, size: Size | None, path: Path, image: Path | None, *, image_name: str = ""
    ) -> tuple[SemanticMap, list[str]]:
        """Return a map, stretched to an image of another aspect where that is asked for, and notes.

        Messages call the image by `image_name`, or else by its file.
        """
        stretched, notes = self.fit(found.size, size, path, image, kind="map", image_name=image_name)
        if stretched and size is not None:
            found = fit_map(found, size, name="", image_name="", stretch=True)
        return found, notes

    def fit(
        self, size: Size, image_size: Size | None, path: Path, image: Path | None, *, kind: str, image_name: str = ""
    ) -> tuple[bool, list[str]]:
        """Check the aspect of a map or mask; return whether to stretch it, and notes. For the rest see `lay_over`."""
        if self.reading.turn(path, image) != 1:
            self._useful.add("map_orientation")
        if image_size is None:
            return False, []
        self._fitted = True
        fits = same_aspect(size, image_size)
        if not fits:
            self._useful.add("stretch_maps")
        name = image_name or str(image)
        notes = check_fit(size, image_size, self.reading.fit(image), kind=kind, name=str(path), image_name=name)
        return self.reading.stretch_maps and not fits, notes

    def _add_map(self, found: SemanticMap, read: Callable[[MapReading], SemanticMap]) -> None:
        self.maps.append(found)
        for name in ("palette", "least_region"):
            default = getattr(MapReading, name)
            if getattr(self.reading, name) == default or name in self._useful:
                continue
            try:
                if read(dataclasses.replace(self.reading, **{name: default})).has_regions_of(found):
                    continue
            except ImageError:  # it is no map then
                pass
            self._useful.add(name)

    def notes(self) -> list[str]:
        """Return notes on what changed none of the maps and masks."""
        words = unused_keys(self.reading.ignore or (), self.maps)
        notes = [f"no map has {' or '.join(words)}, so `ignore` has no effect on it"] if words else []
        unfit = "every map and mask has the aspect of its image" if self._fitted else "no image is given"
        reasons = {
            "palette": "every map is read the same without it",
            "least_region": "every map is read the same without it",
            "stretch_maps": unfit,
            "map_orientation": "no map or mask is for a photo that EXIF rotates",
        }
        given = [name for name in self.reading.table() if name in reasons and name not in self._useful]
        return [*notes, *(f"{reasons[name]}, so `{name}` has no effect" for name in given)]
