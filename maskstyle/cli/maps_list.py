"""``maskstyle maps list``: the regions of one semantic map, with their numbers, colors, names and shares."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskstyle.cli.console import messages, note_files, put, tables
from maskstyle.cli.options import (
    IgnoreOption,
    LeastRegionOption,
    MapOrientationOption,
    PaletteOption,
    PlannedSizeOption,
    StretchMapsOption,
    changed,
)

if TYPE_CHECKING:
    from maskstyle.cli.terminal import Table
    from maskstyle.evaluation.map_check import CheckedMap
    from maskstyle.plans.map_reading import MapReading
    from maskstyle.settings import Settings


def list_regions(
    map_file: Annotated[Path, typer.Argument(help="Semantic map.", show_default=False, metavar="MAP")],
    image: Annotated[
        Path | None, typer.Option("--image", help="Its image, to check the aspect ratio, and for the preview.")
    ] = None,
    preview: Annotated[
        Path | None, typer.Option("--preview", help="Also write the map over its image, with numbered regions.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the regions as JSON.")] = False,
    size: PlannedSizeOption = None,
    palette: PaletteOption = None,
    least_region: LeastRegionOption = None,
    ignore: IgnoreOption = None,
    stretch_maps: StretchMapsOption = False,
    map_orientation: MapOrientationOption = None,
) -> None:
    """List the regions of a semantic map."""
    from maskstyle.cli.map_options import asked_reading

    settings = planned(size)
    given = {"palette": palette, "least_region": least_region, "ignore": ignore}
    reading = asked_reading({**given, "stretch_maps": stretch_maps, "map_orientation": map_orientation})
    show_regions(map_file, image, reading, settings, preview=preview, as_json=as_json)


def planned(size: str | None) -> Settings:
    """Return the settings of a planned result of a size."""
    from maskstyle.settings import Settings, size_from_text

    return changed(Settings(), {} if size is None else {"size": size_from_text(size)})


def show_regions(
    map_file: Path,
    image: Path | None,
    reading: MapReading,
    settings: Settings,
    *,
    preview: Path | None,
    as_json: bool,
) -> None:
    """Read a map, and print its regions as a table or as JSON."""
    from maskstyle.cli.app import with_flags
    from maskstyle.cli.map_options import read_fitted
    from maskstyle.cli.outputs import check_picture
    from maskstyle.cli.replaced import signed
    from maskstyle.evaluation import check_map, draw_map_preview
    from maskstyle.images.io import load_image, save_image
    from maskstyle.images.pixels import size_of
    from maskstyle.plans.map_reading import ReadingUse

    check_picture("--preview", preview, [path for path in (map_file, image) if path is not None])
    pixels = None if image is None else load_image(image).pixels
    wanted = None if pixels is None else size_of(pixels)
    use = ReadingUse(reading)
    found, read_notes = read_fitted(use, map_file, image, wanted, image_name=str(image))
    note_files([map_file, image], quiet=False)
    checked, more = check_map(
        found,
        image_size=wanted,
        settings=settings,
        name=str(map_file),
        image_name=str(image),
    )
    notes = list(dict.fromkeys(with_flags(note) for note in (*read_notes, *use.notes(), *more)))
    if preview is not None:
        save_image(preview, draw_map_preview(checked, pixels), metadata=signed("maps list"))
    if as_json:
        regions = [each.record() for each in checked.regions]
        put(json.dumps({**checked.record(), "regions": regions, "notes": notes}, indent=1) + "\n")
    else:
        tables().print(_table(checked))
        for note in notes:
            tables().print(f"note: {note}", markup=False, soft_wrap=True)
    if preview is not None:
        messages().print(f"wrote {preview}", markup=False)


def _table(checked: CheckedMap) -> Table:
    from rich.markup import escape
    from rich.table import Column

    from maskstyle.cli.terminal import Table
    from maskstyle.maps.colors import format_color, percent

    numeric = [Column(name, justify="right") for name in ("pixels", "share")]
    table = Table(Column("", justify="right"), "color", "name", *numeric, box=None, pad_edge=False)
    for region in checked.regions:
        code = format_color(region.color)
        cells = (f"[{code}]██[/] {code}", escape(region.called), f"{region.count:,}", percent(region.share))
        table.add_row(str(region.number), *cells)
    return table
