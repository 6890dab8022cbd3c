"""``maskstyle evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from maskstyle.cli.options import (
    SETTING_HELP,
    LeastRegionOption,
    PaletteOption,
    QuietOption,
    SoftMapsOption,
    WeightsOption,
    changed,
    layer_mix_text,
    parse_layers,
)
from maskstyle.errors import SettingsError
from maskstyle.settings import CHOICES, JUDGING, Settings


def evaluate(
    result: Annotated[Path, typer.Argument(help="The picture to judge.", show_default=False)],
    style: Annotated[Path, typer.Option("--style", help="The painting.", show_default=False)],
    content: Annotated[
        Path | None, typer.Option("--content", help="What RESULT was made from; none for a doodle.")
    ] = None,
    content_map: Annotated[
        Path | None,
        typer.Option(
            "--content-map",
            help="Map of the content, or the doodle; else NAME_map.png or NAME_sem.png beside the content is taken.",
        ),
    ] = None,
    style_map: Annotated[
        Path | None,
        typer.Option("--style-map", help="Map of the painting; else the one beside it is taken."),
    ] = None,
    regions: Annotated[
        str | None, typer.Option("--regions", help="Map colors of the regions that were painted; all regions.")
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option("--map", help="A region and whose style it took, as CONTENTCOLOR=STYLECOLOR; repeatable."),
    ] = None,
    unmatched: Annotated[
        Literal["error", "keep", "whole-style"],
        typer.Option("--unmatched", help="What became of a region that only one map has."),
    ] = "error",
    palette: PaletteOption = None,
    least_region: LeastRegionOption = None,
    soft_maps: SoftMapsOption = False,
    masks: Annotated[
        list[Path] | None,
        typer.Option("--mask", help="Without maps: gray mask, black where CONTENT was to stay; repeatable."),
    ] = None,
    whole: Annotated[bool, typer.Option("--whole", help="Judge the picture as a whole, whatever maps there are.")] = (
        False
    ),
    network: Annotated[
        str | None,
        typer.Option(
            "--network",
            help=f"{SETTING_HELP['network']} One of {', '.join(CHOICES['network'])}; vgg19 judges best.",
        ),
    ] = None,
    weights: WeightsOption = None,
    style_layers: Annotated[
        str | None,
        typer.Option(
            "--layers",
            "--style-layers",
            help=f"Style layers, as NAME[:WEIGHT],...  (default: {layer_mix_text(JUDGING.style_layers)})",
        ),
    ] = None,
    content_layers: Annotated[
        str | None,
        typer.Option(
            "--content-layers",
            help=f"Content layers, as NAME[:WEIGHT],...  (default: {layer_mix_text(JUDGING.content_layers)})",
        ),
    ] = None,
    propagation: Annotated[
        str | None,
        typer.Option(
            "--propagation",
            help=f"How regions pass to deeper layers: {', '.join(CHOICES['propagation'])}.  "
            f"(default: {JUDGING.propagation})",
        ),
    ] = None,
    style_scale: Annotated[
        float | None,
        typer.Option("--style-scale", help=f"As for RESULT: factor on the painting's size.  ({JUDGING.style_scale})"),
    ] = None,
    style_fit: Annotated[
        str | None,
        typer.Option("--style-fit", help=f"As for RESULT: {', '.join(CHOICES['style_fit'])}.  ({JUDGING.style_fit})"),
    ] = None,
    record: Annotated[Path | None, typer.Option("--json", help="Write everything that was measured.")] = None,
    heatmap: Annotated[
        Path | None, typer.Option("--heatmap", help="Draw the style distances of all pairs of regions.")
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Measure how near RESULT is to its style, region by region, and what changed that was to stay."""
    from maskstyle.cli.judging import Judging
    from maskstyle.cli.judging_inputs import MapFiles, found_maps
    from maskstyle.cli.map_reading import asked_reading

    settings = _settings(
        {
            "network": network,
            "style_layers": None if style_layers is None else parse_layers(style_layers, "--layers"),
            "content_layers": None if content_layers is None else parse_layers(content_layers, "--content-layers"),
            "propagation": propagation,
            "style_scale": style_scale,
            "style_fit": style_fit,
        }
    )
    said = {
        "--content-map": content_map,
        "--style-map": style_map,
        "--regions": regions,
        "--map": mapping or None,
        "--unmatched": None if unmatched == "error" else unmatched,
        "--palette": palette,
        "--least-region": least_region,
        "--soft-maps": soft_maps or None,
    }
    flags = [flag for flag, value in said.items() if value is not None]
    if flags and (whole or masks):
        alone = "--whole" if whole else "--mask"
        raise SettingsError(f"{alone} judges without maps, but {flags[0]} is for maps; leave one of them out")
    if masks and content is None:
        raise SettingsError("--mask says where CONTENT was to stay; give --content FILE too")
    asked = asked_reading(palette, least_region, soft=soft_maps)
    maps = MapFiles()
    if not (whole or masks):
        maps = found_maps(content, style, content_map, style_map, wanted=bool(flags))
    judging = Judging(result, style, content, maps, tuple(masks or ()), settings, weights, asked)
    judging.run(regions, mapping or [], unmatched, record=record, heatmap=heatmap, quiet=quiet)


def _settings(given: dict[str, Any]) -> Settings:
    return changed(JUDGING, {name: value for name, value in given.items() if value is not None})
