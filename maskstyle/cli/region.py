"""``maskstyle region``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from maskstyle.cli.options import (
    CheckpointEveryOption,
    ContentArgument,
    DryRunOption,
    LeastRegionOption,
    OutputOption,
    PaletteOption,
    PlotOption,
    QuietOption,
    RecordOption,
    ResumeOption,
    SnapshotsOption,
    SoftMapsOption,
    TransparentOption,
    WeightsOption,
    takes_settings,
)
from maskstyle.settings import CHECKPOINT_SECONDS, Settings


@takes_settings
def region(
    content: ContentArgument,
    style: Annotated[Path, typer.Argument(help="The painting.", show_default=False)],
    output: OutputOption,
    settings: Settings,
    initial: Path | None,
    content_map: Annotated[
        Path | None,
        typer.Option("--content-map", help="Map of CONTENT; else NAME_map.png or NAME_sem.png beside it is taken."),
    ] = None,
    style_map: Annotated[
        Path | None,
        typer.Option("--style-map", help="Map of STYLE; else NAME_map.png or NAME_sem.png beside it is taken."),
    ] = None,
    regions: Annotated[
        str | None,
        typer.Option("--regions", help="Map colors of the regions to paint, as red,'#0000ff',...; all regions."),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="A region and whose style it takes, as CONTENTCOLOR=STYLECOLOR; repeatable."),
    ] = None,
    unmatched: Annotated[
        Literal["error", "keep", "whole-style"],
        typer.Option("--unmatched", help="What becomes of a region that only one map has."),
    ] = "error",
    palette: PaletteOption = None,
    least_region: LeastRegionOption = None,
    soft_maps: SoftMapsOption = False,
    feather: Annotated[
        float,
        typer.Option("--feather", help="Pixels over which the style fades in from the edge of what is painted."),
    ] = 0.0,
    feather_mode: Annotated[
        Literal["distance", "edges"],
        typer.Option("--feather-mode", help="What fading in follows: the distance alone, or CONTENT's edges too."),
    ] = "distance",
    denoise_regions: Annotated[
        str | None, typer.Option("--denoise-regions", help="Map colors of the regions that --denoise is for; all.")
    ] = None,
    transparent: TransparentOption = False,
    weights: WeightsOption = None,
    record: RecordOption = None,
    plot: PlotOption = None,
    snapshot_dir: SnapshotsOption = None,
    resume: ResumeOption = False,
    checkpoint_every: CheckpointEveryOption = CHECKPOINT_SECONDS,
    dry_run: DryRunOption = False,
    quiet: QuietOption = False,
) -> None:
    """Paint each region of CONTENT in the style of the region of the same map color of STYLE."""
    from maskstyle.cli.job import prepared
    from maskstyle.cli.map_reading import read_maps
    from maskstyle.cli.maps import (
        ON_THE_COMMAND_LINE,
        announce_maps,
        chosen_mapping,
        chosen_regions,
        found_map,
        parse_colors,
        parse_mapping,
        recorded_palette,
    )
    from maskstyle.cli.render import Files, check_transparent
    from maskstyle.images.io import load_image
    from maskstyle.maps.assignment import denoised_regions, painted_pairs, plan_regions
    from maskstyle.maps.io import format_color
    from maskstyle.techniques.plan import check_denoised, check_feather, check_soft

    check_feather(feather, feather_mode)
    check_soft(soft_maps, settings)
    if regions is not None:
        parse_colors(regions, "--regions")
    if denoise_regions is not None:
        check_denoised(parse_colors(denoise_regions, "--denoise-regions"), settings)
    parse_mapping(mapping or [], "--map")
    content_path = found_map(content_map, content, "--content-map")
    style_path = found_map(style_map, style, "--style-map")
    files = Files(
        output, record, plot, snapshot_dir, resume=resume, checkpoint_every=checkpoint_every, dry_run=dry_run
    )
    others = [style, content_path, style_path]
    if transparent:
        check_transparent(output)
    job = prepared(content, others, files, settings, initial=initial, weights=weights, quiet=quiet)
    painting = load_image(style).pixels
    size, style_size = job.picture.pixels.shape[:2], painting.shape[:2]
    names = (str(content_path), str(style_path))
    maps = read_maps((content_path, style_path), palette=palette, least_region=least_region, soft=soft_maps)
    chosen = None if regions is None else chosen_regions(regions, "--regions", maps[0], name=names[0])
    smoothed = None
    if denoise_regions is not None:
        smoothed = chosen_regions(denoise_regions, "--denoise-regions", maps[0], name=names[0])
    mapped = chosen_mapping(mapping or [], "--map", *maps, names=names)
    plan = plan_regions(
        *maps,
        content_size=size,
        style_size=style_size,
        regions=chosen,
        mapping=mapped,
        unmatched=unmatched,
        names=names,
        image_names=(str(content), str(style)),
        advice=ON_THE_COMMAND_LINE,
    )
    denoised_regions(smoothed, plan, name=names[0])
    paths = content_path, style_path
    remarks = announce_maps((content_map, style_map), paths, (content, style), maps, quiet=quiet)
    inputs = {
        "style": job.recorded(style),
        "content_map": job.recorded(content_path),
        "style_map": job.recorded(style_path),
        "regions": None if chosen is None else [format_color(color) for color in chosen],
        "pairs": [list(colors) for colors in painted_pairs(plan)],
        "mapping": [[format_color(color) for color in pair] for pair in mapped],
        "unmatched": unmatched,
        "feather": feather,
        "feather_mode": feather_mode,
        "denoise_regions": None if smoothed is None else [format_color(color) for color in smoothed],
        "transparent": transparent,
        "palette": recorded_palette(palette),
        "least_region": least_region,
        "soft_maps": soft_maps,
        "map_remarks": remarks,
    }
    job.run(
        "region",
        [style_size],
        painting,
        inputs=inputs,
        guides={"regions": True, "masks": 0 if maps[0].shares is None else len(maps[0].colors)},
        content_map=maps[0],
        style_map=maps[1],
        regions=chosen,
        mapping=mapped,
        unmatched=unmatched,
        feather=feather,
        feather_mode=feather_mode,
        transparent=transparent,
        denoise_regions=smoothed,
    )
