"""``maskstyle masks``: a command for each way to make a soft mask."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from maskstyle.cli.mask_output import DEFAULT_BITS, BitsOption, Made, makes_mask, record_of, tell
from maskstyle.cli.options import QuietOption
from maskstyle.errors import ImageError, SettingsError

if TYPE_CHECKING:
    from maskstyle.images.pixels import Size

app = typer.Typer(help="Make soft masks: gradients, feathered regions, and masks of masks.", no_args_is_help=True)

LikeOption: TypeAlias = Annotated[
    Path | None, typer.Option("--like", help="The picture that the mask is for: the mask takes its size.")
]
SizeOption: TypeAlias = Annotated[
    str | None, typer.Option("--size", help="Size in pixels as WIDTHxHEIGHT, instead of --like.")
]
MaskArgument: TypeAlias = Annotated[Path, typer.Argument(help="A mask: white is 1, black 0.", show_default=False)]
MasksArgument: TypeAlias = Annotated[list[Path], typer.Argument(help="Masks of one size.", show_default=False)]
EasingOption: TypeAlias = Annotated[
    Literal["linear", "smooth"], typer.Option("--easing", help="Fade evenly, or slowly at both ends.")
]
SideOption: TypeAlias = Annotated[
    Literal["both", "inside", "outside"], typer.Option("--side", help="Which side of an edge fades.")
]

ANGLES = {"left": 0.0, "top": 90.0, "right": 180.0, "bottom": 270.0}
"""The angle of a gradient that is white on a side of the picture."""


@app.command("linear")
@makes_mask
def linear(
    like: LikeOption = None,
    size: SizeOption = None,
    origin: Annotated[
        Literal["left", "right", "top", "bottom"] | None,
        typer.Option("--from", help="The white side.  (default: left)", show_default=False),
    ] = None,
    angle: Annotated[
        float | None,
        typer.Option("--angle", help="Direction of fading in degrees, instead of --from: 0 to the right, 90 down."),
    ] = None,
    start: Annotated[float, typer.Option("--start", help="Where fading begins, in percent of the way.")] = 0.0,
    end: Annotated[float, typer.Option("--end", help="Where black begins, in percent of the way.")] = 100.0,
    easing: EasingOption = "linear",
) -> Made:
    """Make a gradient from one side of a picture to the other."""
    from maskstyle.masks.gradients import linear_mask

    if origin is not None and angle is not None:
        raise SettingsError(f"--from is {origin} and --angle is {angle:g}; expected one of them")
    degrees = ANGLES[origin or "left"] if angle is None else angle
    return Made(linear_mask(_size(like, size), angle=degrees, start=start, end=end, easing=easing), like)


@app.command("radial")
@makes_mask
def radial(
    like: LikeOption = None,
    size: SizeOption = None,
    center: Annotated[
        str, typer.Option("--center", help="Center as X,Y, in percent of the width and the height.")
    ] = "50,50",
    inner: Annotated[float, typer.Option("--inner", help="Radius of what is white, in percent.")] = 0.0,
    outer: Annotated[
        float, typer.Option("--outer", help="Radius from which on it is black; 100 is half the picture's sides.")
    ] = 100.0,
    shape: Annotated[
        Literal["ellipse", "circle"],
        typer.Option("--shape", help="Of the picture's aspect, or round, in percent of half the shorter side."),
    ] = "ellipse",
    easing: EasingOption = "linear",
) -> Made:
    """Make a gradient around a point of a picture."""
    from maskstyle.masks.gradients import radial_mask

    mask = radial_mask(
        _size(like, size), center=_center(center), inner=inner, outer=outer, shape=shape, easing=easing
    )
    return Made(mask, like)


@app.command("from-map")
@makes_mask
def from_map(
    semantic_map: Annotated[
        Path, typer.Argument(help="A map: a picture with a color for each region.", show_default=False)
    ],
    region: Annotated[
        list[str],
        typer.Option(
            "--region", help="A region's color, as red, '#0000ff' or 0,0,255; repeatable.", show_default=False
        ),
    ],
    like: LikeOption = None,
    size: SizeOption = None,
    feather: Annotated[float, typer.Option("--feather", help="Pixels over which the region's edge fades.")] = 0.0,
    side: SideOption = "both",
    easing: EasingOption = "linear",
) -> Made:
    """Make a mask of one or several regions of a semantic map."""
    from maskstyle.cli.maps import chosen_regions, parse_colors
    from maskstyle.cli.mask_files import wanted_size
    from maskstyle.maps.io import fit_map, load_map
    from maskstyle.masks.feathering import region_mask

    for text in region:
        parse_colors(text, "--region")
    wanted = wanted_size(like, size)
    name = str(semantic_map)
    regions = load_map(semantic_map)
    colors = [color for text in region for color in chosen_regions(text, "--region", regions, name=name)]
    if wanted is not None:
        regions = fit_map(regions, wanted, name=name, image_name=str(like or "--size"))
    return Made(region_mask(regions, colors, feather=feather, side=side, easing=easing, name=name), like)


@app.command("feather")
@makes_mask
def feather(
    mask: MaskArgument,
    feather: Annotated[float, typer.Option("--feather", help="Pixels over which an edge fades.", show_default=False)],
    like: LikeOption = None,
    size: SizeOption = None,
    side: SideOption = "both",
) -> Made:
    """Make a mask's edges soft."""
    from maskstyle.cli.mask_files import read_mask, wanted_size
    from maskstyle.masks.feathering import feather_mask

    return Made(feather_mask(read_mask(mask, wanted_size(like, size)), feather, side=side), like)


@app.command("combine")
@makes_mask
def combine(
    masks: MasksArgument,
    how: Annotated[
        Literal["multiply", "add", "subtract", "maximum", "minimum", "invert"],
        typer.Option("--how", help="What to do; subtract takes all others from the first.", show_default=False),
    ],
    like: LikeOption = None,
    size: SizeOption = None,
) -> Made:
    """Make one mask of several, or invert one."""
    from maskstyle.cli.mask_files import read_masks, wanted_size
    from maskstyle.masks.combining import combine_masks

    return Made(combine_masks(read_masks(masks, wanted_size(like, size)), how=how), like)


@app.command("edge-aware")
@makes_mask
def edge_aware(
    mask: MaskArgument,
    picture: Annotated[
        Path, typer.Argument(help="The picture whose edges the mask is to follow.", show_default=False)
    ],
    radius: Annotated[int, typer.Option("--radius", help="How far edges may move, in pixels.")] = 16,
    epsilon: Annotated[
        float, typer.Option("--epsilon", help="What counts as an edge: smaller follows fainter ones.")
    ] = 1e-4,
) -> Made:
    """Move the edges of a rough mask to the edges in its picture."""
    from maskstyle.cli.mask_files import read_mask
    from maskstyle.images.guided_filter import edge_aware_mask
    from maskstyle.images.io import load_image

    pixels = load_image(picture).pixels
    rough = read_mask(mask, (pixels.shape[0], pixels.shape[1]))
    return Made(edge_aware_mask(rough, pixels, radius=radius, epsilon=epsilon), picture)


@app.command("normalize")
def normalize(
    masks: MasksArgument,
    output_dir: Annotated[
        Path, typer.Option("--output-dir", help="Folder of the results, which keep their names.", show_default=False)
    ],
    fill: Annotated[
        bool, typer.Option("--fill/--no-fill", help="Also make whole what adds up to less than white, or leave that.")
    ] = True,
    like: LikeOption = None,
    size: SizeOption = None,
    bits: BitsOption = DEFAULT_BITS,
    quiet: QuietOption = False,
) -> None:
    """Divide masks by their sum, so that they share out every pixel that any of them has."""
    from maskstyle.cli.mask_files import read_masks, wanted_size
    from maskstyle.images.io import save_mask
    from maskstyle.masks.combining import normalize_masks

    outputs = _outputs(masks, output_dir, [*masks, *([] if like is None else [like])])
    levels = (1 << int(bits)) - 1
    shares = normalize_masks(read_masks(masks, wanted_size(like, size)), fill=fill, levels=levels)
    output_dir.mkdir(exist_ok=True)
    metadata = record_of(normalize, {"masks": masks, "fill": fill, "like": like, "size": size})
    for path, share in zip(outputs, shares, strict=True):
        save_mask(path, share, bits=int(bits), metadata=metadata)
        if not quiet:
            tell(path, share, bits)


def _outputs(masks: list[Path], folder: Path, inputs: list[Path]) -> list[Path]:
    """Return where each mask's share goes, once nothing stands in its way."""
    from maskstyle.cli.output_files import check_distinct
    from maskstyle.images.files import check_replaceable

    if folder.exists() and not folder.is_dir():
        raise ImageError(f"--output-dir is {folder}, a file; expected a folder")
    outputs = [folder / f"{mask.stem}.png" for mask in masks]
    for mask, path in zip(masks, outputs, strict=True):
        if outputs.count(path) > 1:
            raise ImageError(f"two masks are called {mask.stem}, so both would become {path}; rename one")
        check_replaceable(path if folder.exists() else folder)
        check_distinct({"--output-dir": path}, inputs)
    return outputs


def _size(like: Path | None, size: str | None) -> Size:
    from maskstyle.cli.mask_files import wanted_size

    wanted = wanted_size(like, size)
    if wanted is None:
        raise SettingsError("expected the size of the mask; pass --like IMAGE, or --size WIDTHxHEIGHT")
    return wanted


def _center(text: str) -> tuple[float, float]:
    try:
        x, y = (float(number) for number in text.split(","))
    except ValueError:
        raise SettingsError(f"--center is {text!r}; expected X,Y in percent such as 50,50") from None
    return x, y
