"""``maskstyle maps``: its commands, of which ``draft`` makes a map of an image and ``from`` one of an annotation."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from maskstyle import __version__
from maskstyle.cli.console import messages, note_files, swatch, tables
from maskstyle.cli.group import Group
from maskstyle.cli.maps_check import check, list_regions
from maskstyle.cli.options import QuietOption
from maskstyle.errors import ImageError, SettingsError

if TYPE_CHECKING:
    from maskstyle.images.pixels import Image
    from maskstyle.maps.colors import Color
    from maskstyle.maps.semantic_map import SemanticMap

app = Group("Make and check semantic maps.")
app.command("check")(check)
app.command("list")(list_regions)


@app.command("from")
def make(
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Annotation (labelme, COCO, CVAT, VOC, ORA, PSD), folder of masks, or masks.",
            show_default=False,
            metavar="SOURCE...",
        ),
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="PNG file to write.  (default: SOURCE_map.png beside SOURCE)", show_default=False
        ),
    ] = None,
    like: Annotated[Path | None, typer.Option("--like", help="Photo that the map is for: its size and turn.")] = None,
    image: Annotated[
        str | None, typer.Option("--image", help="Name or id of the image, if the annotation is of several.")
    ] = None,
    orientation: Annotated[
        Literal["stored", "shown"] | None,
        typer.Option(
            "--map-orientation",
            help="Pixels of the photo that were annotated, where EXIF turns them.",
            show_default=False,
        ),
    ] = None,
    top: Annotated[
        Literal["last", "largest", "smallest"], typer.Option("--top", help="Shape on top where shapes overlap.")
    ] = "last",
    regions: Annotated[
        int | None,
        typer.Option(
            "--regions", "-n", help="Number of labels to keep, the largest.  (default: all)", show_default=False
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing map.")] = False,
    quiet: QuietOption = False,
) -> None:
    """Make a map from an annotation (labelme, COCO, CVAT, VOC), masks or layers."""
    from maskstyle.cli.app import with_flags
    from maskstyle.images.headers import read_size
    from maskstyle.maps.annotations.reading import fit_annotation, load_annotation
    from maskstyle.maps.io import save_map

    if orientation is not None and like is None:
        raise SettingsError("--map-orientation has no effect without --like; add --like PHOTO")
    target = _target(sources, output, like, force=force)
    made, notes = load_annotation(
        *sources,
        image=image,
        like=None if like is None else str(like),
        size=None if like is None else read_size(like),
        top=top,
        regions=regions,
    )
    if like is not None:
        made, more = fit_annotation(made, like, name=str(sources[0]), drawn_on=orientation)
        notes += more
    options = {
        "sources": [path.name for path in sources],
        "image": image,
        "top": top,
        "regions": regions,
        "map_orientation": orientation,
    }
    record = {key: value for key, value in options.items() if value is not None}
    save_map(target, made, metadata={"version": __version__, "command": "maps from", "options": record})
    for note in notes:
        messages().print(f"note: {with_flags(note)}", markup=False)
    if not quiet:
        _print_made(made)
        messages().print(f"wrote {target}", markup=False)


def _target(sources: list[Path], output: Path | None, like: Path | None, *, force: bool) -> Path:
    """Return the file to write, checked."""
    from maskstyle.cli.outputs import check_distinct
    from maskstyle.images.writing import check_writable

    target = new_map(like or sources[0], output, force=force)
    check_writable(target)
    inputs = [path for path in (*sources, like) if path is not None and not os.path.isdir(path)]
    check_distinct({"--output": target}, inputs)
    inside = [path for path in sources if os.path.isdir(path) and target.parent.resolve() == path.resolve()]
    if inside:
        raise ImageError(
            f"--output is {target}, in the folder of the masks, where it would be a mask; choose another"
        )
    return target


def _print_made(made: SemanticMap) -> None:
    """Print the regions: color, name and share."""
    from rich.markup import escape

    from maskstyle.cli.terminal import Table, right

    table = Table("color", "name", right("pixels"), right("share"))
    for index, (color, name) in enumerate(zip(made.colors, made.names, strict=True)):
        table.add_row(_color_cell(color), escape(name), *_count_cells(made, index))
    tables().print(table)


def _color_cell(color: Color) -> str:
    from maskstyle.maps.colors import color_name, format_color

    return f"{swatch(color)} {format_color(color)} {color_name(color)}"


def _count_cells(made: SemanticMap, index: int) -> tuple[str, str]:
    """Return the pixels of a region, and its share of the map."""
    from maskstyle.maps.colors import percent

    count = made.count(index)
    return f"{count:,}", percent(count / made.labels.size)


@app.command("draft")
def draft(
    image: Annotated[Path, typer.Argument(help="Image to make a map of.", show_default=False, metavar="IMAGE")],
    regions: Annotated[
        int | None,
        typer.Option("--regions", "-n", help="Number of regions.  (default: 5, or as in --like)", show_default=False),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="PNG file to write.  (default: IMAGE_map.png beside IMAGE)", show_default=False
        ),
    ] = None,
    like: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            "--like",
            metavar="STYLE_MAP STYLE",
            help="Color similar regions as in this style map and image.",
        ),
    ] = None,
    scribbles: Annotated[
        Path | None,
        typer.Option("--scribbles", help="Image with strokes to grow into regions, one color each."),
    ] = None,
    features: Annotated[
        Literal["color", "network"],
        typer.Option("--features", help="Compare color and texture, or network features (slower)."),
    ] = "color",
    preview: Annotated[
        Path | None, typer.Option("--preview", help="Also write the numbered map as an overlay.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing map.")] = False,
    quiet: QuietOption = False,
) -> None:
    """Draft a semantic map of an image."""
    from maskstyle.drafting.draft import color_map_like, draft_map
    from maskstyle.drafting.scribbles import load_scribbles
    from maskstyle.images.io import load_image
    from maskstyle.images.transparency import with_alpha
    from maskstyle.maps.io import save_map
    from maskstyle.networks import tensorflow_import

    target = new_map(image, output, force=force)
    inputs = [path for path in (image, scribbles, *(like or ())) if path is not None]
    _check_outputs(target, preview, inputs, quiet=quiet)
    note_files(inputs, quiet=quiet)
    picture = load_image(image)
    pixels = with_alpha(picture.pixels, picture.alpha)
    strokes = None if scribbles is None else load_scribbles(scribbles)
    example = None if like is None else _load_example(*like)
    if example is not None and regions is None and strokes is None:
        regions = _region_count(example[0])
    _check_options(pixels, regions, strokes, features, names=(str(image), str(scribbles)))
    if features == "network":
        tensorflow_import.import_tensorflow()
    drafted = draft_map(pixels, regions=regions, scribbles=strokes, features=features)
    result: SemanticMap = drafted
    pairs: tuple[tuple[Color, Color], ...] = ()
    if example is not None:
        result, pairs = color_map_like(drafted, pixels, *example, features=features)
    options = {"image": image.name, "features": features}
    save_map(target, result, metadata={"version": __version__, "command": "maps draft", "options": options})
    if preview is not None:
        _write_preview(preview, result, picture.pixels)
    if not quiet:
        _print_draft(drafted, pairs, None if example is None else example[0])
        for path in (target, preview):
            if path is not None:
                messages().print(f"wrote {path}", markup=False)
        if like is None and strokes is None:
            messages().print(_like_hint(image, output), markup=False, soft_wrap=True)


def _load_example(map_file: Path, image_file: Path) -> tuple[SemanticMap, Image]:
    """Load the style map and the style image of ``--like``."""
    from maskstyle.images.io import load_image
    from maskstyle.images.pixels import size_of
    from maskstyle.images.transparency import with_alpha
    from maskstyle.maps.io import fit_map, load_map

    style_map, picture = load_map(map_file), load_image(image_file)
    style = with_alpha(picture.pixels, picture.alpha)
    fit_map(style_map, size_of(style), name=str(map_file), image_name=str(image_file))
    return style_map, style


def _region_count(style_map: SemanticMap) -> int:
    from maskstyle.drafting.draft import MOST_REGIONS

    return min(len(style_map.colors), MOST_REGIONS)


def _check_options(
    image: Image, regions: int | None, strokes: SemanticMap | None, features: str, *, names: tuple[str, str]
) -> None:
    """Check what `draft_map` would reject; an error that starts with a parameter starts with its flag instead."""
    from maskstyle.drafting.draft import check_draft
    from maskstyle.images.pixels import size_of

    try:
        check_draft(size_of(image), regions=regions, scribbles=strokes, features=features, names=names)
    except SettingsError as error:
        raise SettingsError(str(error) if str(error).startswith("`") else f"--{error}") from None


def _like_hint(image: Path, output: Path | None) -> str:
    """Return a hint on how to give the draft the colors of a style map."""
    named = "" if output is None else f" -o {shlex.quote(str(output))}"
    return (
        "colors are assigned by region size; to match the colors of a style map, run: maskstyle maps draft "
        f"{shlex.quote(str(image))} --like STYLE_MAP STYLE{named} --force"
    )


def new_map(image: Path, output: Path | None, *, force: bool) -> Path:
    """Return the file to write; never replace a map unasked, as someone may have corrected it by hand."""
    from maskstyle.images.sidecars import find_beside

    target = output or image.with_name(f"{image.stem}_map.png")
    if target.suffix.lower() != ".png":
        raise ImageError(f"--output is {target}; expected a name that ends in .png, as maps must be lossless")
    if output is None:
        beside = find_beside(image, ("_map", "_sem"), kind="map")
        if beside is not None and beside != target:
            raise ImageError(f"{image} already has a map, {beside}; name the new one with --output FILE.png")
    if os.path.exists(target) and not os.path.isdir(target) and not force:
        raise ImageError(f"{target} already exists; choose another --output, or pass --force to replace it")
    return target


def _check_outputs(target: Path, preview: Path | None, inputs: list[Path], *, quiet: bool) -> None:
    from maskstyle.cli.outputs import check_distinct, check_picture
    from maskstyle.images.writing import check_writable

    check_writable(target)
    check_distinct({"--output": target, "--preview": preview}, inputs)
    check_picture("--preview", preview, inputs, quiet=quiet)


def _write_preview(path: Path, drafted: SemanticMap, image: Image) -> None:
    import numpy as np

    from maskstyle.cli.replaced import signed
    from maskstyle.evaluation import draw_overlay
    from maskstyle.images.io import save_image

    overlay = draw_overlay(drafted, image, {index: index + 1 for index in range(len(drafted.colors))})
    save_image(path, np.asarray(overlay, np.float32) / np.float32(255), metadata=signed("maps draft"))


def _print_draft(drafted: SemanticMap, pairs: Sequence[tuple[Color, Color]], style_map: SemanticMap | None) -> None:
    """Print the regions drafted, each with its share of the style map if there is one."""
    from maskstyle.cli.terminal import Table, right

    numbers = ["pixels", "share"] if style_map is None else ["pixels", "share", "share in the style map"]
    table = Table(right(""), "region", *map(right, numbers))
    for index, color in enumerate(drafted.colors):
        new_color = pairs[index][1] if pairs else color
        cells = [_color_cell(new_color), *_count_cells(drafted, index)]
        if style_map is not None:
            cells.append(_count_cells(style_map, style_map.colors.index(new_color))[1])
        table.add_row(str(index + 1), *cells)
    tables().print(table)
