"""``maskstyle maps from``: a semantic map of polygons, masks or layers that another program wrote."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from maskstyle import __version__
from maskstyle.cli.console import messages, tables
from maskstyle.cli.options import QuietOption
from maskstyle.errors import ImageError, SettingsError

if TYPE_CHECKING:
    from maskstyle.maps.semantic_map import SemanticMap


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
    """Make a semantic map from an annotation, masks or layers."""
    from maskstyle.cli.app import with_flags
    from maskstyle.maps.annotations.fitting import fit_annotation, photo_size
    from maskstyle.maps.annotations.reading import load_annotation
    from maskstyle.maps.io import save_map

    if orientation is not None and like is None:
        raise SettingsError("--map-orientation has no effect without --like; add --like PHOTO")
    target = _target(sources, output, like, force=force)
    made, notes = load_annotation(
        *sources,
        image=image,
        like=None if like is None else str(like),
        size=None if like is None else photo_size(like),
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
        _print(made)
        messages().print(f"wrote {target}", markup=False)


def _target(sources: list[Path], output: Path | None, like: Path | None, *, force: bool) -> Path:
    """Return the file to write, checked."""
    from maskstyle.cli.maps_draft import new_map
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


def _print(made: SemanticMap) -> None:
    """Print the regions: color, name and share."""
    from rich.markup import escape
    from rich.table import Column

    from maskstyle.cli.terminal import Table
    from maskstyle.maps.colors import color_name, format_color, percent

    numeric = [Column(name, justify="right") for name in ("pixels", "share")]
    table = Table("color", "name", *numeric, box=None, pad_edge=False)
    for index, (color, name) in enumerate(zip(made.colors, made.names, strict=True)):
        code, count = format_color(color), made.count(index)
        cells = f"{count:,}", percent(count / made.labels.size)
        table.add_row(f"[{code}]██[/] {code} {color_name(color)}", escape(name), *cells)
    tables().print(table)
