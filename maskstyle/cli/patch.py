"""``maskstyle patch``."""

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
    WeightsOption,
    takes_settings,
)
from maskstyle.cli.patch_options import takes_patches
from maskstyle.errors import SettingsError
from maskstyle.settings import CHECKPOINT_SECONDS, PatchSettings, Settings


@takes_settings
@takes_patches
def patch(
    content: ContentArgument,
    style: Annotated[Path, typer.Argument(help="The painting.", show_default=False)],
    output: OutputOption,
    settings: Settings,
    initial: Path | None,
    patches: PatchSettings,
    content_map: Annotated[
        Path | None,
        typer.Option("--content-map", help="Map of CONTENT; else NAME_map.png or NAME_sem.png beside it is taken."),
    ] = None,
    style_map: Annotated[
        Path | None,
        typer.Option("--style-map", help="Map of STYLE; else NAME_map.png or NAME_sem.png beside it is taken."),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="Regions that go together, as CONTENTCOLOR=STYLECOLOR; repeatable."),
    ] = None,
    unmatched: Annotated[
        Literal["error", "nearest"],
        typer.Option("--unmatched", help="What becomes of a region that only one map has."),
    ] = "error",
    match_map: Annotated[
        Path | None,
        typer.Option("--match-map", help="Write a picture that shows which style patch each patch was matched to."),
    ] = None,
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
    """Paint each patch of CONTENT in the style of the patch of STYLE whose map is most similar."""
    from maskstyle.cli.job import prepared
    from maskstyle.cli.map_reading import read_maps
    from maskstyle.cli.maps import (
        FOR_PATCHES,
        announce_maps,
        chosen_mapping,
        found_map,
        parse_mapping,
        recorded_palette,
    )
    from maskstyle.cli.render import Files
    from maskstyle.images.io import load_image
    from maskstyle.maps.assignment import agreed_colors
    from maskstyle.maps.io import format_color

    if match_map is not None and settings.style_weight == 0:
        raise SettingsError("--match-map needs matches, but with a style_weight of 0 there are none; leave one out")
    parse_mapping(mapping or [], "--map")
    content_path = found_map(content_map, content, "--content-map")
    style_path = found_map(style_map, style, "--style-map")
    files = Files(
        output,
        record,
        plot,
        snapshot_dir,
        match_map,
        resume=resume,
        checkpoint_every=checkpoint_every,
        dry_run=dry_run,
    )
    others = [style, content_path, style_path]
    job = prepared(content, others, files, settings, initial=initial, weights=weights, quiet=quiet)
    painting = load_image(style).pixels
    style_size = painting.shape[:2]
    names = (str(content_path), str(style_path))
    maps = read_maps((content_path, style_path), palette=palette, least_region=least_region)
    mapped = chosen_mapping(mapping or [], "--map", *maps, names=names)
    agreed_colors(
        *maps,
        content_size=job.picture.pixels.shape[:2],
        style_size=style_size,
        mapping=mapped,
        unmatched=unmatched,
        names=names,
        image_names=(str(content), str(style)),
        advice=FOR_PATCHES,
    )
    paths = content_path, style_path
    remarks = announce_maps((content_map, style_map), paths, (content, style), maps, quiet=quiet)
    inputs = {
        "style": job.recorded(style),
        "content_map": job.recorded(content_path),
        "style_map": job.recorded(style_path),
        "mapping": [[format_color(color) for color in pair] for pair in mapped],
        "unmatched": unmatched,
        "palette": recorded_palette(palette),
        "least_region": least_region,
        "map_remarks": remarks,
    }
    job.run(
        "patch",
        [style_size],
        painting,
        inputs=inputs,
        guides={"regions": True, "patches": patches},
        content_map=maps[0],
        style_map=maps[1],
        mapping=mapped,
        unmatched=unmatched,
        patches=patches,
    )
