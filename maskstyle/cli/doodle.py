"""``maskstyle doodle``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from maskstyle.cli.options import (
    CheckpointEveryOption,
    DryRunOption,
    LeastRegionOption,
    OutputOption,
    PaletteOption,
    PlotOption,
    QuietOption,
    RecordOption,
    ResumeOption,
    SnapshotsOption,
    WeightsOption,
    takes_doodle_settings,
)
from maskstyle.cli.patch_options import takes_patches
from maskstyle.settings import CHECKPOINT_SECONDS, PatchSettings, Settings


@takes_doodle_settings
@takes_patches
def doodle(
    style: Annotated[Path, typer.Argument(help="The painting.", show_default=False)],
    drawing: Annotated[
        Path, typer.Option("--doodle", help="The doodle: a map of the picture to make.", show_default=False)
    ],
    output: OutputOption,
    settings: Settings,
    initial: Path | None,
    patches: PatchSettings,
    style_map: Annotated[
        Path | None,
        typer.Option("--style-map", help="Map of STYLE; else NAME_map.png or NAME_sem.png beside it is taken."),
    ] = None,
    matching: Annotated[
        Literal["region", "patch"],
        typer.Option("--matching", help="How the painting's style is matched to the doodle."),
    ] = "region",
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="A region and whose style it takes, as DOODLECOLOR=STYLECOLOR; repeatable."),
    ] = None,
    unmatched: Annotated[
        Literal["error", "whole-style"],
        typer.Option("--unmatched", help="What becomes of a region of the doodle that the style's map lacks."),
    ] = "error",
    palette: PaletteOption = None,
    least_region: LeastRegionOption = None,
    weights: WeightsOption = None,
    record: RecordOption = None,
    plot: PlotOption = None,
    snapshot_dir: SnapshotsOption = None,
    resume: ResumeOption = False,
    checkpoint_every: CheckpointEveryOption = CHECKPOINT_SECONDS,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
) -> None:
    """Paint a doodle: each of its regions in the style of the region of the same map color of STYLE."""
    from maskstyle.cli.job import prepared
    from maskstyle.cli.map_reading import read_maps
    from maskstyle.cli.maps import (
        FOR_DOODLES,
        announce_maps,
        chosen_mapping,
        found_map,
        parse_mapping,
        recorded_palette,
    )
    from maskstyle.cli.render import Files
    from maskstyle.images.io import load_image
    from maskstyle.maps.assignment import plan_doodle
    from maskstyle.maps.io import format_color
    from maskstyle.techniques.plan import check_doodle_patches, check_without_content

    check_without_content(settings)
    given = None if patches == PatchSettings() else patches
    check_doodle_patches(matching, given)
    parse_mapping(mapping or [], "--map")
    style_path = found_map(style_map, style, "--style-map")
    files = Files(
        output, record, plot, snapshot_dir, resume=resume, checkpoint_every=checkpoint_every, dry_run=dry_run
    )
    job = prepared(drawing, [style, style_path], files, settings, initial=initial, weights=weights, quiet=quiet)
    painting = load_image(style).pixels
    style_size = painting.shape[:2]
    names = (str(drawing), str(style_path))
    maps = read_maps((drawing, style_path), palette=palette, least_region=least_region)
    mapped = chosen_mapping(mapping or [], "--map", *maps, names=names)
    plan_doodle(
        *maps,
        style_size=style_size,
        mapping=mapped,
        unmatched=unmatched,
        names=names,
        image_name=str(style),
        advice=FOR_DOODLES,
    )
    remarks = announce_maps((drawing, style_map), (drawing, style_path), (drawing, style), maps, quiet=quiet)
    inputs = {
        "style": job.recorded(style),
        "style_map": job.recorded(style_path),
        "doodle": job.recorded(drawing),
        "matching": matching,
        "mapping": [[format_color(color) for color in pair] for pair in mapped],
        "unmatched": unmatched,
        "palette": recorded_palette(palette),
        "least_region": least_region,
        "map_remarks": remarks,
    }
    job.run_without_content(
        "doodle",
        [style_size],
        painting,
        inputs=inputs,
        guides={"regions": True, "patches": (given or PatchSettings()) if matching == "patch" else None},
        style_map=maps[1],
        doodle=maps[0],
        matching=matching,
        patches=given,
        mapping=mapped,
        unmatched=unmatched,
    )
