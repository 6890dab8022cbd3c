"""The inputs of ``maskstyle evaluate``: files, maps beside images, and the regions to match."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from maskstyle.cli.map_options import (
    check_mapping,
    check_regions,
    chosen_mapping,
    chosen_regions,
    found_map,
    recorded_plan,
    recorded_reading,
)
from maskstyle.cli.outputs import check_distinct, check_picture
from maskstyle.cli.replaced import check_kind
from maskstyle.errors import SettingsError
from maskstyle.images.writing import check_replaceable
from maskstyle.maps.colors import RegionKey, format_region
from maskstyle.maps.io import find_map_beside
from maskstyle.maps.naming import find_region
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.plans.map_reading import MapReading
from maskstyle.techniques.plan import WHOLE


class MapFiles(NamedTuple):
    """The maps to evaluate with."""

    paths: tuple[Path, ...] = ()  # the content map and the style map, or nothing to evaluate the image as a whole
    messages: tuple[tuple[str, str], ...] = ()  # messages about them: a label and a text each


def find_maps(
    content: Path | None, style: Path, content_map: Path | None, style_map: Path | None, *, required: bool
) -> MapFiles:
    """Return both maps: those given, or those beside their images; without them, the image is evaluated as a whole.

    If maps are required, missing ones are an error; several maps beside an image always are.
    """
    if required and content is None and content_map is None:
        raise SettingsError(
            "there is no content map; pass --content-map FILE, or --content FILE with a map beside it"
        )
    paths, lines, missing = [], [], []
    for name, image, given in (("content", content, content_map), ("style", style, style_map)):
        path = given
        if path is None and image is not None:
            path = found_map(None, image, f"--{name}-map") if required else find_map_beside(image)
            lines.append((f"{name} map", f"{path}, found beside {image.name}"))
        if path is None:
            missing.append(name)
        else:
            paths.append(path)
    if len(missing) == 1 and content is not None:
        return MapFiles(messages=(("regions", f"none: there is no map beside the {missing[0]} image"),))
    return MapFiles() if missing else MapFiles(tuple(paths), tuple(lines))


class InputFiles(NamedTuple):
    """The files of an evaluation."""

    result: Path
    style: Path
    content: Path | None
    maps: MapFiles
    masks: tuple[Path, ...]
    weights: Path | None

    def check_outputs(self, record: Path | None, heatmap: Path | None, *, quiet: bool) -> None:
        """Raise an error if an output cannot be written or would replace an input or a file of another kind."""
        if record is not None:
            check_replaceable(record)
        read = [self.result, self.style, self.content, *self.maps.paths, *self.masks, self.weights]
        inputs = [path for path in read if path is not None]
        check_distinct({"--json": record, "--heatmap": heatmap}, inputs)
        check_kind("--json", record, "an evaluation of maskstyle")
        check_picture("--heatmap", heatmap, inputs, quiet=quiet)

    def map_reading(self, asked: MapReading) -> MapReading:
        """Return how to read the maps: as the options specify, or else as recorded in the result."""
        return asked if asked != MapReading() else recorded_reading(self.result, self.maps.paths)

    def matching(self, asked: Matching) -> Matching:
        """Return how regions match: as the options specify, or else as recorded in the result."""
        if not self.maps.paths or asked != Matching():
            return asked
        return recorded_matching(self.result, self.maps.paths, self.style)

    def record(self) -> dict[str, Any]:
        """Return the file names for the record."""
        maps = tuple(path.name for path in self.maps.paths) or (None, None)
        return {
            "result": self.result.name,
            "style": self.style.name,
            "content": None if self.content is None else self.content.name,
            "content_map": maps[0],
            "style_map": maps[1],
            "masks": [path.name for path in self.masks],
        }


class Matching(NamedTuple):
    """How regions match, as given on the command line or as a result records."""

    regions: tuple[str, ...] = ()
    keep: tuple[str, ...] = ()
    mapping: tuple[str, ...] = ()
    unmatched: str = "error"

    def check(self) -> None:
        """Raise an error if a color cannot be read; whether a map has it is checked later."""
        check_regions(list(self.regions), "--regions")
        check_regions(list(self.keep), "--keep")
        check_mapping(list(self.mapping), "--map")

    def resolve(self, maps: tuple[SemanticMap, ...], names: tuple[str, ...]) -> dict[str, Any]:
        """Return regions, mapping and unmatched with the colors of the maps."""
        regions: list[RegionKey] | None = None
        if not maps:
            return {"regions": regions, "mapping": [], "unmatched": self.unmatched}
        content, style = maps
        if self.regions or self.keep:
            kept = chosen_regions(list(self.keep), "--keep", content, name=names[0])
            listed = chosen_regions(list(self.regions) or ["*"], "--regions", content, name=names[0])
            regions = [color for color in listed if color not in kept]
        mapping = chosen_mapping(
            list(self.mapping),
            "--map",
            content,
            style,
            names=(names[0], names[1]),
            among=None if regions is None else [find_region(key, content, name=names[0]) for key in regions],
        )
        return {"regions": regions, "mapping": mapping, "unmatched": self.unmatched}

    def described(self) -> str:
        """Return the options that mean the same."""
        listed = (("--regions", self.regions), ("--keep", self.keep), ("--map", self.mapping))
        words = [f"{flag} '{','.join(texts)}'" for flag, texts in listed if texts]
        return " ".join([*words, *([] if self.unmatched == "error" else [f"--unmatched {self.unmatched}"])])

    @staticmethod
    def record(resolved: Mapping[str, Any]) -> dict[str, Any]:
        """Return resolved regions, mapping and unmatched for the record."""
        regions = resolved["regions"]
        return {
            "regions": None if regions is None else [format_region(color) for color in regions],
            "mapping": [[format_region(color) for color in pair] for pair in resolved["mapping"]],
            "unmatched": resolved["unmatched"],
        }


def recorded_matching(result: Path, maps: tuple[Path, ...], style: Path) -> Matching:
    """Return how regions matched in a result, as it records; the default where it does not, or for other maps."""
    recorded = recorded_plan(result, maps)
    try:
        if "region" in recorded:
            matching = _matching_of_entries(recorded, style)
        else:
            unmatched = recorded.get("unmatched", "error")
            matching = Matching(
                tuple(recorded.get("regions") or ()),
                tuple(recorded.get("keep") or ()),
                tuple(f"{here}={there}" for here, there in dict(recorded.get("mapping") or {}).items()),
                "keep" if unmatched == "nearest" else unmatched,
            )
        matching.check()
    except (AttributeError, KeyError, TypeError, ValueError, SettingsError):  # written by something else
        return Matching()
    return matching


def _matching_of_entries(recorded: Mapping[str, Any], style: Path) -> Matching:
    """Return the matching of the entries of [[region]] that have a style image."""
    names = [name for name, each in recorded["styles"].items() if Path(each["image"]).name == style.name]
    entries = [each for each in recorded["region"] if "region" in each and each.get("style") in names]
    mapped = [each for each in entries if each.get("style_region", WHOLE) != WHOLE]
    return Matching(
        tuple(each["region"] for each in entries),
        mapping=tuple(f"{each['region']}={each['style_region']}" for each in mapped),
    )
