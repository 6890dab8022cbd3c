"""``maskstyle maps draft``: a first map of a picture, to be corrected in a paint program."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.markup import escape

from maskstyle import __version__
from maskstyle.cli.console import messages, tables
from maskstyle.cli.options import QuietOption
from maskstyle.errors import ImageError, SettingsError

if TYPE_CHECKING:
    from maskstyle.images.pixels import Image
    from maskstyle.maps.io import Color, SemanticMap


def draft(
    image: Annotated[Path, typer.Argument(help="The picture to make a map of.", show_default=False)],
    regions: Annotated[
        int | None,
        typer.Option(
            "--regions",
            "-n",
            help="How many regions to make.  (default: 5, or as many as the map of --like has)",
            show_default=False,
        ),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="The map, a PNG.  (default: IMAGE_map.png beside IMAGE)",
            show_default=False,
        ),
    ] = None,
    scribbles: Annotated[
        Path | None,
        typer.Option(
            "--scribbles",
            help="Strokes, a color for each region, on nothing or a plain color, to grow into regions.",
        ),
    ] = None,
    like: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--like",
            metavar="STYLE_MAP STYLE",
            help="Give each region the color of the region of this map that looks most like it in this painting.",
        ),
    ] = None,
    features: Annotated[
        Literal["color", "network"],
        typer.Option("--features", help="Compare color and texture, or what the network `lite` sees (slower)."),
    ] = "color",
    preview: Annotated[
        Path | None, typer.Option("--preview", help="Also write the map over the picture, numbered.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a map that is there.")] = False,
    quiet: QuietOption = False,
) -> None:
    """Draft a map of a picture: regions by color and texture, to be corrected in any paint program."""
    from maskstyle.drafting.draft import MOST_REGIONS, check_draft, color_map_like, draft_map
    from maskstyle.drafting.scribbles import load_scribbles
    from maskstyle.images.io import load_image
    from maskstyle.maps.io import fit_map, load_map

    target = _target(image, output, force=force)
    _check_outputs(target, preview, [path for path in (image, scribbles, *(like or ())) if path is not None])
    pixels = load_image(image).pixels
    size = (pixels.shape[0], pixels.shape[1])
    strokes = None if scribbles is None else load_scribbles(scribbles)
    style_map, style = (None, None) if like is None else (load_map(like[0]), load_image(like[1]).pixels)
    if style_map is not None and style is not None and like is not None:
        fit_map(style_map, (style.shape[0], style.shape[1]), name=str(like[0]), image_name=str(like[1]))
        if regions is None and strokes is None:
            regions = min(len(style_map.colors), MOST_REGIONS)
    try:
        names = (str(image), str(scribbles))
        check_draft(size, regions=regions, scribbles=strokes, features=features, names=names)
    except SettingsError as error:  # begins with the name of a parameter
        raise SettingsError(f"--{error}") from None
    if features == "network":
        from maskstyle.networks import tensorflow_import

        tensorflow_import.import_tensorflow()
    drafted = draft_map(pixels, regions=regions, scribbles=strokes, features=features)
    result: SemanticMap = drafted
    pairs: tuple[tuple[Color, Color], ...] = ()
    if style_map is not None and style is not None:
        result, pairs = color_map_like(drafted, pixels, style_map, style, features=features)
    _write(target, result, {"image": image.name, "features": features})
    if preview is not None:
        _write_preview(preview, result, pixels)
    if not quiet:
        _print(drafted, pairs, style_map)
        for path in (target, preview):
            if path is not None:
                messages().print(f"wrote {escape(str(path))}")
        if like is None and strokes is None:
            messages().print(escape(_in_a_style(image, output)), soft_wrap=True)


def _in_a_style(image: Path, output: Path | None) -> str:
    """Return how to make the draft go with a painting's map, which has colors of its own."""
    named = "" if output is None else f" -o {shlex.quote(str(output))}"
    return (
        "the colors go by size alone; for those of the regions of a painting that look alike: maskstyle maps draft "
        f"{shlex.quote(str(image))} --like STYLE_MAP PAINTING{named} --force"
    )


def _target(image: Path, output: Path | None, *, force: bool) -> Path:
    """Return where the map goes, once it is sure that no map is lost: it may have been corrected by hand."""
    from maskstyle.images.sidecars import find_beside

    target = output or image.with_name(f"{image.stem}_map.png")
    if target.suffix.lower() != ".png":
        raise ImageError(f"expected the name of a map to end in .png, which loses nothing, but --output is {target}")
    if output is None:
        beside = find_beside(image, ("_map", "_sem"), kind="map")
        if beside is not None and beside != target:
            raise ImageError(f"{image} has a map, {beside}, already; name the draft with --output FILE.png")
    if target.exists() and not target.is_dir() and not force:
        raise ImageError(f"{target} is there already; name another --output, or pass --force to replace it")
    return target


def _check_outputs(target: Path, preview: Path | None, inputs: list[Path]) -> None:
    from maskstyle.cli.output_files import check_distinct
    from maskstyle.images.files import check_writable

    check_writable(target)
    if preview is not None:
        check_writable(preview)
    check_distinct({"--output": target, "--preview": preview}, inputs)


def _write(path: Path, drafted: SemanticMap, options: dict[str, object]) -> None:
    import numpy as np

    from maskstyle.images.io import save_image

    pixels = np.array(drafted.colors, np.float32)[drafted.labels] / np.float32(255)
    save_image(path, pixels, metadata={"version": __version__, "command": "maps draft", "options": options})


def _write_preview(path: Path, drafted: SemanticMap, image: Image) -> None:
    import numpy as np

    from maskstyle.evaluation.map_preview import draw_overlay
    from maskstyle.images.io import save_image

    overlay = draw_overlay(drafted, image, {index: index + 1 for index in range(len(drafted.colors))})
    save_image(path, np.asarray(overlay, np.float32) / np.float32(255))


def _print(drafted: SemanticMap, pairs: Sequence[tuple[Color, Color]], style_map: SemanticMap | None) -> None:
    """Print what was drafted; with a style's map, the region there whose color each took, and its share."""
    from rich.table import Column, Table

    from maskstyle.maps.colors import color_name, format_color, percent

    numeric = [Column(name, justify="right") for name in ("pixels", "share")]
    partner = [] if style_map is None else [Column("share in the style", justify="right")]
    table = Table(Column("", justify="right"), Column("region"), *numeric, *partner, box=None, pad_edge=False)
    for index, color in enumerate(drafted.colors):
        taken = pairs[index][1] if pairs else color
        code, count = format_color(taken), drafted.count(index)
        cells = [f"[{code}]██[/] {code} {color_name(taken)}", f"{count:,}", percent(count / drafted.labels.size)]
        if style_map is not None:
            cells.append(percent(style_map.count(style_map.colors.index(taken)) / style_map.labels.size))
        table.add_row(str(index + 1), *cells)
    tables().print(table)
