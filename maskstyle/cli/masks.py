"""``maskstyle masks``: one command for each way to make a soft mask."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from maskstyle.cli.console import note_files
from maskstyle.cli.group import Group
from maskstyle.cli.mask_files import (
    DEFAULT_BITS,
    BitsOption,
    NewMask,
    makes_mask,
    print_notes,
    read_masks,
    record_of,
    report_mask,
    requested_size,
    target_of,
)
from maskstyle.cli.options import IgnoreOption, MapOrientationOption, QuietOption, StretchMapsOption
from maskstyle.errors import ImageError, SettingsError

if TYPE_CHECKING:
    from maskstyle.images.pixels import Size

app = Group("Make soft masks.")

LikeOption: TypeAlias = Annotated[Path | None, typer.Option("--like", help="Image to take the size from.")]
SizeOption: TypeAlias = Annotated[
    str | None, typer.Option("--size", help="Size in pixels as WIDTHxHEIGHT, instead of --like.")
]
MaskArgument: TypeAlias = Annotated[Path, typer.Argument(help="Grayscale mask: white is 1.", show_default=False)]
MasksArgument: TypeAlias = Annotated[
    list[Path], typer.Argument(help="Grayscale masks of one size.", show_default=False)
]
EasingOption: TypeAlias = Annotated[
    Literal["linear", "smooth"], typer.Option("--easing", help="Fade linearly, or ease in and out (smooth).")
]
SideOption: TypeAlias = Annotated[
    Literal["both", "inside", "outside"], typer.Option("--side", help="Side of the edge that fades.")
]

ANGLES = {"left": 0.0, "top": 90.0, "right": 180.0, "bottom": 270.0}
"""Direction of the fade, in degrees, by the white side."""


@app.command("linear")
@makes_mask
def linear(
    like: LikeOption = None,
    size: SizeOption = None,
    origin: Annotated[
        Literal["left", "right", "top", "bottom"] | None,
        typer.Option("--from", help="White side of the image.  (default: left)", show_default=False),
    ] = None,
    angle: Annotated[
        float | None,
        typer.Option("--angle", help="Direction of the fade in degrees: 0 right, 90 down."),
    ] = None,
    start: Annotated[float, typer.Option("--start", help="Start of the fade, in percent of the distance.")] = 0.0,
    end: Annotated[float, typer.Option("--end", help="End of the fade, in percent of the distance.")] = 100.0,
    easing: EasingOption = "linear",
) -> NewMask:
    """Make a linear gradient."""
    from maskstyle.masks.gradients import linear_mask

    if origin is not None and angle is not None:
        raise SettingsError(f"--from is {origin} and --angle is {angle:g}; give only one of them")
    degrees = ANGLES[origin or "left"] if angle is None else angle
    return NewMask(linear_mask(_required_size(like, size), angle=degrees, start=start, end=end, easing=easing), like)


@app.command("radial")
@makes_mask
def radial(
    like: LikeOption = None,
    size: SizeOption = None,
    center: Annotated[str, typer.Option("--center", help="Center as X,Y, in percent of width and height.")] = "50,50",
    inner: Annotated[float, typer.Option("--inner", help="Radius where the fade starts, in percent.")] = 0.0,
    outer: Annotated[
        float, typer.Option("--outer", help="Radius where the fade ends, in percent of half the image.")
    ] = 100.0,
    shape: Annotated[
        Literal["ellipse", "circle"],
        typer.Option("--shape", help="Ellipse with the image's aspect ratio, or circle."),
    ] = "ellipse",
    easing: EasingOption = "linear",
) -> NewMask:
    """Make a radial gradient."""
    from maskstyle.masks.gradients import radial_mask

    mask = radial_mask(
        _required_size(like, size),
        center=_parse_center(center),
        inner=inner,
        outer=outer,
        shape=shape,
        easing=easing,
    )
    return NewMask(mask, like)


@app.command("from-map")
@makes_mask
def from_map(
    semantic_map: Annotated[
        Path, typer.Argument(help="Semantic map: an image with one color per region.", show_default=False)
    ],
    region: Annotated[
        list[str],
        typer.Option(
            "--region", help="Region color or id, such as red, '#0000ff' or 3; repeatable.", show_default=False
        ),
    ],
    like: LikeOption = None,
    size: SizeOption = None,
    feather: Annotated[float, typer.Option("--feather", help="Width of the soft edge in pixels.")] = 0.0,
    side: SideOption = "both",
    easing: EasingOption = "linear",
    ignore: IgnoreOption = None,
    stretch_maps: StretchMapsOption = False,
    map_orientation: MapOrientationOption = None,
) -> NewMask:
    """Make a mask from regions of a semantic map."""
    from maskstyle.cli.map_options import asked_reading, check_regions, chosen_regions, read_fitted
    from maskstyle.maps.io import fit_map
    from maskstyle.masks.feathering import region_mask
    from maskstyle.plans.map_reading import ReadingUse

    check_regions(region, "--region")
    for flag, changed in (("--side", side != "both"), ("--easing", easing != "linear")):
        if changed and feather == 0:
            raise SettingsError(f"{flag} has no effect without --feather; give both, or neither")
    wanted = requested_size(like, size)
    name = str(semantic_map)
    reading = asked_reading({"ignore": ignore, "stretch_maps": stretch_maps, "map_orientation": map_orientation})
    use = ReadingUse(reading)
    regions, notes = read_fitted(use, semantic_map, like, wanted, image_name=str(like or "--size"))
    colors = chosen_regions(region, "--region", regions, name=name)
    if wanted is not None:
        regions = fit_map(regions, wanted, name=name, image_name=str(like or "--size"))
    mask = region_mask(regions, colors, feather=feather, side=side, easing=easing, name=name)
    return NewMask(mask, like, (*notes, *use.notes()))


@app.command("feather")
@makes_mask
def feather(
    mask: MaskArgument,
    feather: Annotated[
        float, typer.Option("--feather", help="Width of the soft edge in pixels.", show_default=False)
    ],
    like: LikeOption = None,
    size: SizeOption = None,
    side: SideOption = "both",
    map_orientation: MapOrientationOption = None,
) -> NewMask:
    """Soften the edges of a mask."""
    from maskstyle.masks.feathering import feather_mask

    (read,), notes = read_masks([mask], target_of(like, size, map_orientation))
    return NewMask(feather_mask(read, feather, side=side), like, notes)


@app.command("combine")
@makes_mask
def combine(
    masks: MasksArgument,
    how: Annotated[
        Literal["multiply", "add", "subtract", "maximum", "minimum", "invert"],
        typer.Option("--how", help="Operation; subtract removes the other masks from the first.", show_default=False),
    ],
    like: LikeOption = None,
    size: SizeOption = None,
    map_orientation: MapOrientationOption = None,
) -> NewMask:
    """Combine several masks, or invert one."""
    from maskstyle.masks.combining import combine_masks

    read, notes = read_masks(masks, target_of(like, size, map_orientation))
    return NewMask(combine_masks(read, how=how), like, notes)


@app.command("edge-aware")
@makes_mask
def edge_aware(
    mask: MaskArgument,
    picture: Annotated[
        Path, typer.Argument(help="Image with the edges to follow.", show_default=False, metavar="PICTURE")
    ],
    radius: Annotated[int, typer.Option("--radius", help="Largest shift of an edge, in pixels.")] = 16,
    epsilon: Annotated[
        float, typer.Option("--epsilon", help="Edge threshold: smaller values follow fainter edges.")
    ] = 1e-4,
    map_orientation: MapOrientationOption = None,
) -> NewMask:
    """Move the edges of a rough mask to the edges of an image."""
    from maskstyle.images.guided_filter import edge_aware_mask
    from maskstyle.images.io import load_image
    from maskstyle.images.transparency import extended

    (rough,), notes = read_masks([mask], target_of(picture, None, map_orientation))
    loaded = load_image(picture)
    pixels = extended(loaded.pixels, loaded.alpha)
    return NewMask(edge_aware_mask(rough, pixels, radius=radius, epsilon=epsilon), picture, notes)


@app.command("normalize")
def normalize(
    masks: MasksArgument,
    output_dir: Annotated[
        Path,
        typer.Option(
            "--output-dir",
            help="Folder for the normalized masks, which keep their names.",
            show_default=False,
            rich_help_panel="Output",
        ),
    ],
    fill: Annotated[bool, typer.Option("--fill/--no-fill", help="Also scale up where the sum is below 1.")] = True,
    like: LikeOption = None,
    size: SizeOption = None,
    map_orientation: MapOrientationOption = None,
    bits: BitsOption = DEFAULT_BITS,
    quiet: QuietOption = False,
) -> None:
    """Scale masks so that they sum to 1."""
    from maskstyle.images.io import save_mask
    from maskstyle.images.writing import make_folder
    from maskstyle.masks.combining import normalize_masks

    inputs = [*masks, *([] if like is None else [like])]
    outputs = _normalized_files(masks, output_dir, inputs)
    note_files(inputs, quiet=quiet)
    levels = (1 << int(bits)) - 1
    read, notes = read_masks(masks, target_of(like, size, map_orientation))
    normalized = normalize_masks(read, fill=fill, levels=levels)
    if not quiet:
        print_notes(notes)
    make_folder(output_dir)
    metadata = record_of(normalize, {"masks": masks, "fill": fill, "like": like, "size": size})
    for path, mask in zip(outputs, normalized, strict=True):
        save_mask(path, mask, bits=int(bits), metadata=metadata)
        if not quiet:
            report_mask(path, mask, bits)


def _normalized_files(masks: list[Path], folder: Path, inputs: list[Path]) -> list[Path]:
    """Return the file of each normalized mask, and check that it can be written."""
    from maskstyle.cli.outputs import check_distinct, check_folder_name
    from maskstyle.cli.replaced import check_own
    from maskstyle.images.writing import check_replaceable

    check_folder_name(folder, "--output-dir")
    if os.path.exists(folder) and not os.path.isdir(folder):
        raise ImageError(f"--output-dir is {folder}, a file; expected a folder")
    outputs = [folder / f"{mask.stem}.png" for mask in masks]
    for mask, path in zip(masks, outputs, strict=True):
        if outputs.count(path) > 1:
            raise ImageError(f"two masks are called {mask.stem}, so both would become {path}; rename one")
        check_replaceable(path if os.path.exists(folder) else folder)
        check_distinct({"--output-dir": path}, inputs)
        check_own("--output-dir", path)
    return outputs


def _required_size(like: Path | None, size: str | None) -> Size:
    wanted = requested_size(like, size)
    if wanted is None:
        raise SettingsError("the mask needs a size; pass --like IMAGE or --size WIDTHxHEIGHT")
    return wanted


def _parse_center(text: str) -> tuple[float, float]:
    try:
        x, y = (float(number) for number in text.split(","))
    except ValueError:
        raise SettingsError(f"--center is {text!r}; expected X,Y in percent, such as 50,50") from None
    return x, y
