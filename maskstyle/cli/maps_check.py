"""``maskstyle maps check`` and ``maskstyle maps list``: whether two maps will work, and the regions of one."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from maskstyle.cli.console import messages, note_files, put, swatch, tables
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
    from maskstyle.cli.evaluate_inputs import Matching
    from maskstyle.cli.terminal import Table
    from maskstyle.evaluation.map_check import CheckedMap, MapRegion, MapReport
    from maskstyle.images.pixels import Image
    from maskstyle.maps.semantic_map import SemanticMap
    from maskstyle.plans.map_reading import MapReading
    from maskstyle.settings import Settings


MATCHING = "Region matching"


def check(
    content_map: Annotated[
        Path, typer.Argument(help="Semantic map of the content image.", show_default=False, metavar="CONTENT_MAP")
    ],
    style_map: Annotated[
        Path | None,
        typer.Argument(help="Semantic map of the style image.", show_default=False, metavar="STYLE_MAP"),
    ] = None,
    content: Annotated[
        Path | None, typer.Option("--content", help="Content image, to check the map's aspect ratio.")
    ] = None,
    style: Annotated[
        Path | None, typer.Option("--style", help="Style image, to check the map's aspect ratio.")
    ] = None,
    preview: Annotated[
        Path | None, typer.Option("--preview", help="Also write an overlay of the maps on their images.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    size: PlannedSizeOption = None,
    regions: Annotated[
        list[str] | None,
        typer.Option(
            "--regions", help="Regions to paint, by color or number.  (default: all)", rich_help_panel=MATCHING
        ),
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option("--keep", help="Regions to keep unchanged.", rich_help_panel=MATCHING)
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map", help="Explicit region mapping, as CONTENTCOLOR=STYLECOLOR; repeatable.", rich_help_panel=MATCHING
        ),
    ] = None,
    unmatched: Annotated[
        Literal["error", "keep", "whole-style"],
        typer.Option("--unmatched", help="How to handle regions that the style map lacks.", rich_help_panel=MATCHING),
    ] = "error",
    palette: PaletteOption = None,
    least_region: LeastRegionOption = None,
    ignore: IgnoreOption = None,
    stretch_maps: StretchMapsOption = False,
    map_orientation: MapOrientationOption = None,
) -> None:
    """Check that two semantic maps match, or check one."""
    from maskstyle.cli.evaluate_inputs import Matching
    from maskstyle.cli.map_options import asked_reading
    from maskstyle.cli.outputs import check_picture
    from maskstyle.errors import SettingsError
    from maskstyle.images.io import load_image

    settings = planned(size)
    matching = Matching(tuple(regions or ()), tuple(keep or ()), tuple(mapping or ()), unmatched)
    matching.check()
    given = {"palette": palette, "least_region": least_region, "ignore": ignore}
    asked = asked_reading({**given, "stretch_maps": stretch_maps, "map_orientation": map_orientation})
    if style_map is None:
        if style is not None or matching != Matching():
            flag = "--style" if style is not None else matching.described().split()[0]
            raise SettingsError(f"{flag} has no effect with one map; leave it out, or name the style map too")
        show_regions(content_map, content, asked, settings, preview=preview, as_json=as_json)
        return
    read = (content_map, style_map, content, style)
    check_picture("--preview", preview, [path for path in read if path is not None])
    images = (
        None if content is None else load_image(content).pixels,
        None if style is None else load_image(style).pixels,
    )
    report = _report(asked, matching, (content_map, style_map), (content, style), images, settings)
    if preview is not None:
        _write_preview(preview, report, images)
    _show(report, as_json=as_json, preview=preview)


def _report(
    reading: MapReading,
    matching: Matching,
    paths: tuple[Path, Path],
    image_files: tuple[Path | None, Path | None],
    images: tuple[Image | None, Image | None],
    settings: Settings,
) -> MapReport:
    """Read both maps and check them, with what was noted while they were read."""
    from maskstyle.cli.app import with_flags
    from maskstyle.evaluation import check_maps
    from maskstyle.images.pixels import size_of

    maps, read_notes, misfit = _read_maps(reading, paths, image_files, images)
    note_files([*paths, *image_files], quiet=False)
    names = (str(paths[0]), str(paths[1]))
    content_size, style_size = (None if each is None else size_of(each) for each in images)
    report = check_maps(
        *maps,
        content_size=content_size,
        style_image_size=style_size,
        **matching.resolve(maps, names),
        settings=settings,
        names=names,
        image_names=(str(image_files[0] or "the content image"), str(image_files[1] or "the style image")),
    )
    notes = dict.fromkeys(with_flags(note) for note in (*read_notes, *report.notes))
    report = dataclasses.replace(report, notes=tuple(notes))
    return report if misfit is None else dataclasses.replace(report, refusal=misfit, unmatched=False)


def _show(report: MapReport, *, as_json: bool, preview: Path | None) -> None:
    """Print a report as a table or as JSON, and raise what it refuses."""
    from maskstyle.cli.app import with_flags
    from maskstyle.errors import ImageError

    if as_json:
        refusal = None if report.refusal is None else with_flags(report.refusal)
        put(json.dumps({**report.record(), "refusal": refusal}, indent=1) + "\n")
    else:
        _print(report)
    if preview is not None:
        messages().print(f"wrote {preview}", markup=False)
    if report.unmatched and not as_json:  # the table lists them already
        raise ImageError(_unmatched(report))
    if report.refusal is not None:
        raise ImageError(report.refusal)


def _read_maps(
    reading: MapReading,
    paths: tuple[Path, Path],
    image_files: tuple[Path | None, Path | None],
    images: tuple[Image | None, Image | None],
) -> tuple[tuple[SemanticMap, SemanticMap], list[str], str | None]:
    """Return both maps, laid over their images, with notes on how they were read, and the first misfit."""
    from maskstyle.errors import ImageError
    from maskstyle.plans.map_reading import ReadingUse

    use = ReadingUse(reading)
    maps, notes, misfits = [], [], []
    for path, file, image in zip(paths, image_files, images, strict=True):
        found, more = use.read_map(path, file)
        notes += more
        try:
            found, more = use.lay_over(found, None if image is None else image.shape[:2], path, file)
            notes += more
        except ImageError as error:  # the table shows the regions of both maps all the same
            misfits.append(str(error))
        maps.append(found)
    notes += use.notes()
    return (maps[0], maps[1]), notes, misfits[0] if misfits else None


def _write_preview(path: Path, report: MapReport, images: tuple[Image | None, Image | None]) -> None:
    from maskstyle.cli.replaced import signed
    from maskstyle.evaluation import draw_preview
    from maskstyle.images.io import save_image

    save_image(path, draw_preview(report, images), metadata=signed("maps check"))


def _print(report: MapReport) -> None:
    """Print a report: the table of regions, the notes and the suggestions."""
    console = tables()
    console.print(_report_table(report))
    for kind, lines in (("note", report.notes), ("try", report.suggestions)):
        for line in lines:
            console.print(f"{kind}: {line}", markup=False, soft_wrap=True)
    if report.refusal is None:
        console.print("The maps match.")


def _unmatched(report: MapReport) -> str:
    """Return an error about unmatched regions in one sentence; the table lists them."""
    alone = sum(style is None for _, style in report.pairs)
    matched = any(None not in pair for pair in report.pairs)
    common = "" if matched else "the maps have no color in common; "
    name = Path(report.content.name).name
    return f"{common}unmatched regions: {alone} of {name}; use one of the options suggested above"


def _report_table(report: MapReport) -> Table:
    from rich.markup import escape
    from rich.table import Column

    from maskstyle.cli.terminal import Table, right

    columns = [
        column
        for checked in (report.content, report.style)
        for column in (
            Column(escape(Path(checked.name).name), no_wrap=True),
            right("pixels"),
            right("share"),
        )
    ]
    table = Table(*columns, Column("note", overflow="fold"))
    for content, style in report.pairs:
        table.add_row(*_cells(content), *_cells(style), _note(content, style, report))
    return table


def _cells(region: MapRegion | None) -> tuple[str, str, str]:
    from rich.markup import escape

    from maskstyle.maps.colors import percent

    if region is None:
        return "-", "", ""
    name = f"{region.number} {swatch(region.color)} {escape(region.text)}"
    return name, f"{region.count:,}", percent(region.share)


def _note(content: MapRegion | None, style: MapRegion | None, report: MapReport) -> str:
    if content is None:
        return "only in the style map; not used"
    if style is None:
        alone = "only in the content map"
        if report.painted is None:
            return alone
        return f"{alone}; {'painted in the whole style' if report.is_painted(content) else 'left unchanged'}"
    if report.painted is not None and not report.is_painted(content):
        return "left unchanged"
    return "; ".join(
        f"too small in the {name} map for {', '.join(region.missing_layers)}"
        for name, region in (("content", content), ("style", style))
        if region.missing_layers
    )


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
        tables().print(_region_table(checked))
        for note in notes:
            tables().print(f"note: {note}", markup=False, soft_wrap=True)
    if preview is not None:
        messages().print(f"wrote {preview}", markup=False)


def _region_table(checked: CheckedMap) -> Table:
    from rich.markup import escape

    from maskstyle.cli.terminal import Table, right
    from maskstyle.maps.colors import format_color, percent

    table = Table(right(""), "color", "name", right("pixels"), right("share"))
    for region in checked.regions:
        cells = (
            f"{swatch(region.color)} {format_color(region.color)}",
            escape(region.called),
            f"{region.count:,}",
            percent(region.share),
        )
        table.add_row(str(region.number), *cells)
    return table
