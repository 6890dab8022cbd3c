"""``maskstyle maps check``: what two maps are worth, before anything is painted."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from maskstyle.cli.console import messages, tables
from maskstyle.cli.options import LeastRegionOption, PaletteOption

if TYPE_CHECKING:
    from rich.table import Table

    from maskstyle.evaluation.map_check import MapRegion, MapReport
    from maskstyle.images.pixels import Size


def check(
    content_map: Annotated[Path, typer.Argument(help="The map of the picture to paint.", show_default=False)],
    style_map: Annotated[Path, typer.Argument(help="The map of the painting.", show_default=False)],
    content: Annotated[
        Path | None, typer.Option("--content", help="The picture, whose shape its map must have.")
    ] = None,
    style: Annotated[
        Path | None, typer.Option("--style", help="The painting, whose shape its map must have.")
    ] = None,
    regions: Annotated[str | None, typer.Option("--regions", help="As for `maskstyle region`.")] = None,
    mapping: Annotated[list[str] | None, typer.Option("--map", help="As for `maskstyle region`.")] = None,
    unmatched: Annotated[
        Literal["error", "keep", "whole-style"], typer.Option("--unmatched", help="As for `maskstyle region`.")
    ] = "error",
    palette: PaletteOption = None,
    least_region: LeastRegionOption = None,
    size: Annotated[
        int | None, typer.Option("--size", help="Longer side of the result, for what is too small for a layer.")
    ] = None,
    preview: Annotated[Path | None, typer.Option("--preview", help="Draw the maps over their images here.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Check what regions two maps have, which go together, and what a guided command would refuse."""
    from maskstyle.cli.map_reading import read_maps
    from maskstyle.cli.maps import ON_THE_COMMAND_LINE, chosen_mapping, chosen_regions, parse_colors, parse_mapping
    from maskstyle.cli.render import Files
    from maskstyle.errors import ImageError, SettingsError
    from maskstyle.evaluation.map_check import check_maps
    from maskstyle.images.io import load_image, save_image
    from maskstyle.settings import Settings

    if size is not None and size < 1:
        raise SettingsError(f"--size is {size}; expected a number of at least 1")
    settings = Settings(size=size)
    if regions is not None:
        parse_colors(regions, "--regions")
    parse_mapping(mapping or [], "--map")
    if preview is not None:
        Files(preview).check([path for path in (content_map, style_map, content, style) if path is not None])
    pictures = [None if path is None else load_image(path).pixels for path in (content, style)]
    maps = read_maps((content_map, style_map), palette=palette, least_region=least_region)
    names = (str(content_map), str(style_map))
    sizes: list[Size | None] = [None if each is None else (each.shape[0], each.shape[1]) for each in pictures]
    report = check_maps(
        *maps,
        content_size=sizes[0],
        style_image_size=sizes[1],
        regions=None if regions is None else chosen_regions(regions, "--regions", maps[0], name=names[0]),
        mapping=chosen_mapping(mapping or [], "--map", *maps, names=names),
        unmatched=unmatched,
        settings=settings,
        names=names,
        image_names=(str(content or "the content image"), str(style or "the style image")),
        advice=ON_THE_COMMAND_LINE,
    )
    if as_json:
        typer.echo(json.dumps(report.record(), indent=1))
    else:
        _print(report)
    if preview is not None:
        from maskstyle.evaluation.map_preview import draw_preview

        save_image(preview, draw_preview(report, (pictures[0], pictures[1])))
        messages().print(f"wrote {preview}", markup=False)
    if report.unmatched and not as_json:  # the table has said which
        raise ImageError(_unmatched(report))
    if report.refusal is not None:
        raise ImageError(report.refusal)


def _print(report: MapReport) -> None:
    """Print a report as a table and the lines beneath it."""
    console = tables()
    console.print(_table(report))
    for kind, lines in (("note", report.remarks), ("try", report.suggestions)):
        for line in lines:
            console.print(f"{kind}: {line}", markup=False, soft_wrap=True)
    if report.refusal is None:
        console.print("The maps go together.")


def _unmatched(report: MapReport) -> str:
    """Return one sentence about regions without a counterpart, which the table lists."""
    alone = [
        f"{len(lacking)} of {Path(here.name).name}"
        for here, lacking in (
            (report.content, [pair for pair in report.pairs if pair[1] is None]),
            (report.style, [pair for pair in report.pairs if pair[0] is None]),
        )
        if lacking
    ]
    common = (
        "" if len(report.pairs) > sum(None in pair for pair in report.pairs) else "no color is in both maps, and "
    )
    return f"{common}regions have no counterpart: {' and '.join(alone)}; try one of the lines above"


def _table(report: MapReport) -> Table:
    from rich.markup import escape
    from rich.table import Column, Table

    sides = [
        column
        for side in (report.content, report.style)
        for column in (
            Column(escape(Path(side.name).name), no_wrap=True),
            Column("pixels", justify="right"),
            Column("share", justify="right"),
        )
    ]
    table = Table(*sides, Column("note", overflow="fold"), box=None, pad_edge=False)
    for content, style in report.pairs:
        table.add_row(*_cells(content), *_cells(style), _note(content, style))
    return table


def _cells(region: MapRegion | None) -> tuple[str, str, str]:
    from maskstyle.maps.colors import color_name, format_color, percent

    if region is None:
        return "-", "", ""
    code = format_color(region.color)
    return f"[{code}]██[/] {code} {color_name(region.color)}", f"{region.count:,}", percent(region.share)


def _note(content: MapRegion | None, style: MapRegion | None) -> str:
    if content is None or style is None:
        return "only in the style" if content is None else "only in the content"
    words = [
        f"too small in the {side} for {', '.join(region.vanishes)}"
        for side, region in (("content", content), ("style", style))
        if region.vanishes
    ]
    return "; ".join(words)
