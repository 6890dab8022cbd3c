"""``maskstyle evaluate``: measure a result against its style and content images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from maskstyle.cli.console import announce, messages, note_files, tables
from maskstyle.cli.options import (
    IgnoreOption,
    LeastRegionOption,
    MapOrientationOption,
    PaletteOption,
    QuietOption,
    SoftMapsOption,
    StretchMapsOption,
    WeightsOption,
    changed,
    layer_mix_text,
    parse_layers,
)
from maskstyle.errors import SettingsError
from maskstyle.settings import CHOICES, JUDGING, Settings

if TYPE_CHECKING:
    from maskstyle.cli.evaluate_inputs import InputFiles, Matching
    from maskstyle.evaluation import Evaluation
    from maskstyle.evaluation.comparison import Comparison
    from maskstyle.images.io import Picture
    from maskstyle.images.pixels import Mask
    from maskstyle.maps.semantic_map import SemanticMap
    from maskstyle.plans.map_reading import MapReading

MAPS, MEASURE = "Semantic maps and masks", "Network and layers"
"""Help panels."""


def evaluate(
    result: Annotated[Path, typer.Argument(help="Result to evaluate.", show_default=False, metavar="RESULT")],
    style: Annotated[Path, typer.Option("--style", help="Style image.", show_default=False)],
    content: Annotated[Path | None, typer.Option("--content", help="Content image; omit it for a doodle.")] = None,
    heatmap: Annotated[
        Path | None, typer.Option("--heatmap", help="Draw the style distances of all pairs of regions.")
    ] = None,
    record: Annotated[Path | None, typer.Option("--json", help="Write all measurements as JSON.")] = None,
    content_map: Annotated[
        Path | None,
        typer.Option(
            "--content-map",
            help="Semantic map of the content image, or the doodle.  (default: found beside it)",
            rich_help_panel=MAPS,
        ),
    ] = None,
    style_map: Annotated[
        Path | None,
        typer.Option(
            "--style-map",
            help="Semantic map of the style image.  (default: found beside it)",
            rich_help_panel=MAPS,
        ),
    ] = None,
    regions: Annotated[
        list[str] | None,
        typer.Option("--regions", help="Painted regions.  (default: as recorded, or all)", rich_help_panel=MAPS),
    ] = None,
    keep: Annotated[
        list[str] | None,
        typer.Option("--keep", help="Regions that were kept; all others were painted.", rich_help_panel=MAPS),
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            help="Explicit region mapping, as CONTENTCOLOR=STYLECOLOR; repeatable.",
            rich_help_panel=MAPS,
        ),
    ] = None,
    unmatched: Annotated[
        Literal["error", "keep", "whole-style"],
        typer.Option("--unmatched", help="How regions that the style map lacks were handled.", rich_help_panel=MAPS),
    ] = "error",
    palette: PaletteOption = None,
    least_region: LeastRegionOption = None,
    soft_maps: SoftMapsOption = False,
    ignore: IgnoreOption = None,
    stretch_maps: StretchMapsOption = False,
    map_orientation: MapOrientationOption = None,
    masks: Annotated[
        list[Path] | None,
        typer.Option("--mask", help="Mask of the painted pixels, instead of maps; repeatable.", rich_help_panel=MAPS),
    ] = None,
    whole: Annotated[
        bool, typer.Option("--whole", help="Ignore all maps; evaluate the whole image.", rich_help_panel=MAPS)
    ] = False,
    network: Annotated[
        str | None,
        typer.Option(
            "--network",
            help=f"Network: {', '.join(CHOICES['network'])}; vgg19 is most accurate.",
            rich_help_panel=MEASURE,
        ),
    ] = None,
    weights: WeightsOption = None,
    style_layers: Annotated[
        str | None,
        typer.Option(
            "--layers",
            "--style-layers",
            help=f"Style layers, as NAME[:WEIGHT],...  (default: {layer_mix_text(JUDGING.style_layers)})",
            rich_help_panel=MEASURE,
        ),
    ] = None,
    content_layers: Annotated[
        str | None,
        typer.Option(
            "--content-layers",
            help=f"Content layers, as NAME[:WEIGHT],...  (default: {layer_mix_text(JUDGING.content_layers)})",
            rich_help_panel=MEASURE,
        ),
    ] = None,
    propagation: Annotated[
        str | None,
        typer.Option(
            "--propagation",
            help=f"Propagation of regions to deeper layers: {', '.join(CHOICES['propagation'])}.  "
            f"(default: {JUDGING.propagation})",
            rich_help_panel=MEASURE,
        ),
    ] = None,
    style_scale: Annotated[
        float | None,
        typer.Option(
            "--style-scale",
            help=f"Style image scale used for the result.  (default: {JUDGING.style_scale})",
            rich_help_panel=MEASURE,
        ),
    ] = None,
    style_fit: Annotated[
        str | None,
        typer.Option(
            "--style-fit",
            help=f"Style image fit used for the result: {', '.join(CHOICES['style_fit'])}.  "
            f"(default: {JUDGING.style_fit})",
            rich_help_panel=MEASURE,
        ),
    ] = None,
    quiet: QuietOption = False,
) -> None:
    """Measure how well a result matches its style, by region."""
    from maskstyle.cli.evaluate_inputs import InputFiles, MapFiles, Matching, find_maps
    from maskstyle.cli.map_options import asked_reading

    changes = {
        "network": network,
        "style_layers": None if style_layers is None else parse_layers(style_layers, "--layers"),
        "content_layers": None if content_layers is None else parse_layers(content_layers, "--content-layers"),
        "propagation": propagation,
        "style_scale": style_scale,
        "style_fit": style_fit,
    }
    settings = changed(JUDGING, {name: value for name, value in changes.items() if value is not None})
    map_options = {
        "--content-map": content_map,
        "--style-map": style_map,
        "--regions": regions or None,
        "--keep": keep or None,
        "--map": mapping or None,
        "--unmatched": None if unmatched == "error" else unmatched,
        "--palette": palette,
        "--least-region": least_region,
        "--soft-maps": soft_maps or None,
        "--ignore": ignore,
        "--stretch-maps": stretch_maps or None,
        "--map-orientation": map_orientation,
    }
    given = [flag for flag, value in map_options.items() if value is not None]
    if given and (whole or masks):
        raise SettingsError(f"{given[0]} has no effect with {'--whole' if whole else '--mask'}; drop one of them")
    if masks and content is None:
        raise SettingsError("--mask needs the content image to find changes outside the mask; add --content FILE")
    if content_layers is not None and content is None:
        raise SettingsError("--content-layers has no effect without the content image; add --content FILE")
    reading = asked_reading({flag[2:].replace("-", "_"): value for flag, value in map_options.items()})
    maps = MapFiles() if whole or masks else find_maps(content, style, content_map, style_map, required=bool(given))
    if propagation is not None and not maps.paths:
        raise SettingsError("--propagation has no effect without semantic maps; leave it out")
    files = InputFiles(result, style, content, maps, tuple(masks or ()), weights)
    matching = Matching(tuple(regions or ()), tuple(keep or ()), tuple(mapping or ()), unmatched)
    matching.check()
    files.check_outputs(record, heatmap, quiet=quiet)
    evaluation, inputs = _evaluate(files, matching, reading, settings, quiet=quiet)
    try:
        _write(evaluation, inputs, record, heatmap)
    finally:
        if not quiet:
            _print(evaluation)
    if heatmap is not None and not quiet:
        messages().print(f"wrote {heatmap}", markup=False)


@dataclass(frozen=True)
class _Read:
    """What the files of an evaluation hold, and messages on how they were read."""

    result: Picture
    style: Picture
    content: Picture | None
    maps: tuple[SemanticMap, ...]
    reading: MapReading
    matching: Matching
    matched: dict[str, Any]
    masks: tuple[Mask, ...]
    messages: tuple[tuple[str, str], ...]

    def guides(self) -> dict[str, Any]:
        """Return the arguments of `evaluate_regions` that say which pixels to compare."""
        return {
            **dict(zip(("content_map", "style_map"), self.maps, strict=False)),
            **self.matched,
            "masks": self.masks,
        }


def _read(files: InputFiles, matching: Matching, asked: MapReading) -> _Read:
    """Read the files, with maps and matching as the result records them where the options leave them open."""
    from maskstyle.cli.app import with_flags
    from maskstyle.cli.map_options import described_reading, read_fitted
    from maskstyle.images.io import load_image
    from maskstyle.images.pixels import size_of
    from maskstyle.masks.io import read_mask
    from maskstyle.plans.map_reading import ReadingUse

    result, style = load_image(files.result), load_image(files.style)
    content = None if files.content is None else load_image(files.content)
    reading = files.map_reading(asked)
    use = ReadingUse(reading)
    images = [(files.content, result if content is None else content), (files.style, style)]
    read = [
        read_fitted(use, path, file, size_of(image.pixels), image_name=str(file or files.result))
        for path, (file, image) in zip(files.maps.paths, images, strict=False)
    ]
    maps = tuple(found for found, _ in read)
    notes = [note for _, own in read for note in own]
    if reading == asked:
        notes += use.notes()
    messages = [*files.maps.messages, *(("note", with_flags(note)) for note in notes)]
    if reading != asked:
        messages.append(("maps", f"read with {described_reading(reading)}, as recorded in {files.result.name}"))
    found = files.matching(matching)
    if found != matching:
        messages.append(("regions", f"{found.described()}, as recorded in {files.result.name}"))
    masks = [read_mask(path) for path in files.masks]
    noted = [(path, mask.note) for path, mask in zip(files.masks, masks, strict=True) if mask.note is not None]
    return _Read(
        result,
        style,
        content,
        maps,
        reading,
        found,
        found.resolve(maps, tuple(map(str, files.maps.paths))),
        tuple(each.mask for each in masks),
        (*messages, *(("note", f"{path}: {note}") for path, note in noted)),
    )


def _evaluate(
    files: InputFiles, matching: Matching, asked: MapReading, settings: Settings, *, quiet: bool
) -> tuple[Evaluation, dict[str, Any]]:
    """Read the files, check that they fit together, evaluate, and return the inputs for the record too."""
    from maskstyle.cli.session import chosen_network
    from maskstyle.evaluation.comparison import evaluation_settings
    from maskstyle.images.transparency import with_alpha
    from maskstyle.networks import tensorflow_import
    from maskstyle.networks.load import resolve_compute_type

    note_files([files.result, files.style, files.content, *files.maps.paths, *files.masks], quiet=quiet)
    read = _read(files, matching, asked)
    settings = evaluation_settings(settings, has_content=read.content is not None)
    comparison = _check(read, settings, files.maps.paths)
    idle = []
    if asked.soft_maps and not _has_soft_borders(read, comparison):
        idle = [("note", "no soft edge lies beside an unpainted region, so --soft-maps has no effect")]
    choice = resolve_compute_type(chosen_network(settings, files.weights))
    for label, text in (*read.messages, *idle, ("network", str(choice))):
        announce(text, quiet=quiet, name=label)
    tensorflow_import.import_tensorflow()
    from maskstyle.evaluation import evaluate_regions

    content = read.content
    evaluation = evaluate_regions(
        read.result.pixels,
        with_alpha(read.style.pixels, read.style.alpha),
        content=None if content is None else content.pixels,
        alpha=read.result.alpha,
        content_alpha=None if content is None else content.alpha,
        settings=settings,
        network=choice,
        **read.guides(),
    )
    maps_read = {"palette": None, "least_region": None, "soft_maps": False, **read.reading.table()}
    return evaluation, {**files.record(), **read.matching.record(read.matched), **maps_read, "weights": choice.source}


def _has_soft_borders(read: _Read, comparison: Comparison) -> bool:
    """Return whether soft edges decide which pixels count as untouched; distances are of whole pixels."""
    from maskstyle.maps.soft import are_blended

    shares = read.maps[0].shares if read.maps else None
    unpainted = comparison.untouched is not None and comparison.untouched.any()
    return bool(unpainted and shares is not None and are_blended(shares).any())


def _check(read: _Read, settings: Settings, map_files: Sequence[Path]) -> Comparison:
    """Return what is compared; raise an error if the inputs do not fit together, before TensorFlow loads."""
    from maskstyle.evaluation.comparison import resolve_comparison

    given = read.guides()
    if map_files:
        given["names"] = tuple(map(str, map_files))
    return resolve_comparison(
        read.result.pixels.shape[:2],
        read.style.pixels.shape[:2],
        content=None if read.content is None else read.content.pixels.shape[:2],
        settings=settings,
        **given,
    )


def _write(evaluation: Evaluation, inputs: dict[str, Any], record: Path | None, heatmap: Path | None) -> None:
    from maskstyle.cli.outputs import write_all, write_json
    from maskstyle.cli.replaced import signed
    from maskstyle.evaluation import draw_heatmap
    from maskstyle.images.io import save_image

    writers: list[tuple[Path, Callable[[Path], None]]] = []
    if record is not None:
        writers.append((record, lambda path: write_json(path, {**evaluation.record(), "inputs": inputs})))
    if heatmap is not None:
        metadata = signed("evaluate")
        writers.append((heatmap, lambda path: save_image(path, draw_heatmap(evaluation), metadata=metadata)))
    write_all(writers)


def _print(evaluation: Evaluation) -> None:
    from maskstyle.cli.app import with_flags
    from maskstyle.cli.evaluate_tables import parts_of

    console = tables()
    for part in parts_of(evaluation):
        console.print(part)
    for note in evaluation.notes:
        messages().print(f"note: {with_flags(note)}", markup=False)
