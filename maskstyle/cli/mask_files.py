"""Mask files: read the masks for ``maskstyle masks``; the options and records of the masks that it writes."""

from __future__ import annotations

import dataclasses
import functools
import inspect
import re
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer

from maskstyle import __version__
from maskstyle.cli.console import announce, messages, note_files
from maskstyle.cli.options import QuietOption, flag_of, parameters_of
from maskstyle.errors import ImageError, SettingsError

if TYPE_CHECKING:
    from maskstyle.images.pixels import Image, Mask, Size
    from maskstyle.masks.io import MaskFile
    from maskstyle.plans.map_reading import ReadingUse

# Reading


def requested_size(like: Path | None, size: str | None) -> Size | None:
    """Return the size given by ``--like`` or ``--size``, or None."""
    from maskstyle.images.io import load_image

    if like is not None and size is not None:
        raise SettingsError(f"--like is {like} and --size is {size}; give only one of them")
    if like is not None:
        height, width = load_image(like).pixels.shape[:2]
        return height, width
    return None if size is None else parse_size(size)


def parse_size(text: str) -> Size:
    """Read ``WIDTHxHEIGHT`` as (height, width).

    >>> parse_size("640x480")
    (480, 640)
    """
    from PIL import Image as PillowImage

    numbers = re.fullmatch(r"\s*(\d+)\s*[xX\u00d7]\s*(\d+)\s*", text)
    if not numbers or 0 in map(int, numbers.groups()):
        raise SettingsError(f"--size is {text!r}; expected WIDTHxHEIGHT in pixels, such as 640x480")
    width, height = map(int, numbers.groups())
    limit = PillowImage.MAX_IMAGE_PIXELS
    if limit is not None and width * height > limit:
        raise SettingsError(f"--size is {text}; expected at most {limit:,} pixels, the most that can be read back")
    return height, width


@dataclass(frozen=True)
class Target:
    """What masks are made for."""

    size: Size | None  # their size; None: that of each file
    image: Path | None  # the image that they are for
    use: ReadingUse  # how they are laid over it


def target_of(like: Path | None, size: str | None, orientation: str | None) -> Target:
    """Return what ``--like``, ``--size`` and ``--map-orientation`` ask for; see `requested_size`."""
    from maskstyle.plans.map_reading import MapReading, ReadingUse

    reading = MapReading() if orientation is None else MapReading(map_orientation=orientation)
    return Target(requested_size(like, size), like, ReadingUse(reading))


def read_mask(path: Path, target: Target) -> MaskFile:
    """Read a mask with a note that names its file, and resize it if it has another size.

    Parameters
    ----------
    path : Path
        A grayscale image, as for `maskstyle.load_mask`, except that it may be 0 everywhere.
    target : Target
        What it is made for.

    Raises
    ------
    ImageError
        If the file cannot be read, has colors, or has another aspect ratio.
    """
    from maskstyle.images.decoding import upright
    from maskstyle.images.pixels import resize_mask, size_of
    from maskstyle.masks import io
    from maskstyle.masks.io import MaskFile

    mask, note = io.read_mask(path)
    notes = [] if note is None else [f"{path}: {note}"]
    mask = upright(mask, target.use.reading.turn(path, target.image))
    name = "the requested size" if target.image is None else str(target.image)
    _, more = target.use.fit(size_of(mask), target.size, path, target.image, kind="mask", image_name=name)
    notes += more
    if target.size is not None:
        mask = resize_mask(mask, target.size)
    return MaskFile(mask, "; ".join(notes) or None)


def read_masks(paths: Sequence[Path], target: Target) -> tuple[list[Mask], tuple[str, ...]]:
    """Read masks, which must have the same size unless the target has one, and notes on how they were read."""
    from maskstyle.images.pixels import size_text

    read = [read_mask(path, target) for path in paths]
    masks = [each.mask for each in read]
    for path, mask in zip(paths, masks, strict=True):
        if mask.shape != masks[0].shape:
            raise ImageError(
                f"expected masks of one size, but {paths[0]} is {size_text(masks[0].shape)} and {path} is "
                f"{size_text(mask.shape)}; pass --like IMAGE to resize all masks to an image"
            )
    return masks, (*notes_of(*read), *target.use.notes())


def notes_of(*read: MaskFile) -> tuple[str, ...]:
    """Return the notes on how masks were read."""
    return tuple(each.note for each in read if each.note is not None)


def print_notes(notes: Sequence[str]) -> None:
    """Print notes on how masks were read."""
    from maskstyle.cli.app import with_flags

    for note in notes:
        messages().print(f"note: {with_flags(note)}", markup=False)


def read_image_of_size(path: Path, size: tuple[int, ...]) -> Image:
    """Read an image and resize it to a mask's (height, width), which must have the same aspect."""
    from maskstyle.images.io import load_image
    from maskstyle.images.pixels import resize_image
    from maskstyle.images.sidecars import check_aspect
    from maskstyle.images.transparency import extended

    picture = load_image(path)
    pixels = extended(picture.pixels, picture.alpha)
    check_aspect((size[0], size[1]), pixels.shape[:2], kind="mask", name="the mask", image_name=str(path))
    return resize_image(pixels, (size[0], size[1]))


# Writing

PANEL = "Output"
"""Help panel of the output options."""

Bits: TypeAlias = Literal["8", "16"]
BitsOption: TypeAlias = Annotated[
    Bits, typer.Option("--bits", help="Bits per sample of the PNG.", rich_help_panel=PANEL)
]

DEFAULT_BITS: Bits = "16"
"""Enough to make masks from masks without loss."""


def _option(kind: Any, *flags: str, help: str, default: Any = None) -> tuple[Any, Any]:
    """Return the annotation and the default of an output option."""
    return Annotated[kind, typer.Option(*flags, help=help, rich_help_panel=PANEL, show_default=False)], default


_OUTPUT_OPTIONS: Mapping[str, tuple[Any, Any]] = {
    "output": _option(Path, "--output", "-o", help="PNG file to write.", default=inspect.Parameter.empty),
    "invert": _option(bool, "--invert", help="Swap black and white: write 1 - mask.", default=False),
    "bits": (BitsOption, DEFAULT_BITS),
    "preview": _option(Path | None, "--preview", help="Also write the mask as an overlay on its image."),
    "image": _option(Path | None, "--image", help="Image to draw the preview on.  (default: the mask's own image)"),
    "quiet": (QuietOption, False),
}


@dataclass(frozen=True)
class NewMask:
    """A mask to write."""

    mask: Mask  # values in [0, 1]
    image_file: Path | None  # the image that the mask is for, if the command knows it
    notes: tuple[str, ...] = ()  # how its inputs were read


@dataclass(frozen=True)
class MaskOutput:
    """Values of the output options, which all commands share."""

    output: Path
    invert: bool
    bits: Bits
    preview: Path | None
    image: Path | None
    quiet: bool

    def check(self, inputs: Sequence[Path]) -> None:
        """Raise an error if a file cannot be written or would replace an input."""
        from maskstyle.cli.outputs import check_distinct
        from maskstyle.cli.replaced import check_kind, notes_on_replaced
        from maskstyle.images.writing import check_writable

        check_writable(self.output)
        if self.preview is not None:
            check_writable(self.preview)
        elif self.image is not None:
            raise SettingsError("--image has no effect without --preview; add --preview FILE or drop --image")
        read = [*inputs, *([] if self.image is None else [self.image])]
        check_distinct({"--output": self.output, "--preview": self.preview}, read)
        check_kind("--output", self.output, "a picture")
        check_kind("--preview", self.preview, "a picture")
        for note in notes_on_replaced(self.output, self.preview):
            announce(note, quiet=self.quiet, name="note")
        note_files(read, quiet=self.quiet)

    def write(self, made: NewMask, metadata: Mapping[str, object]) -> None:
        """Write the mask and its preview; read the preview's image first, in case it is unusable."""
        from rich.markup import escape

        from maskstyle.cli.replaced import signed
        from maskstyle.images.io import save_image, save_mask

        mask = 1 - made.mask if self.invert else made.mask
        overlay = None if self.preview is None else self._overlay(mask, made.image_file)
        save_mask(self.output, mask, bits=int(self.bits), metadata=metadata)
        if self.preview is not None and overlay is not None:
            save_image(self.preview, overlay, metadata=signed("masks"))
            if not self.quiet:
                messages().print(f"wrote {escape(str(self.preview))}")
        if not self.quiet:
            print_notes(made.notes)
            report_mask(self.output, mask, self.bits)

    def _overlay(self, mask: Mask, image_file: Path | None) -> Image:
        from maskstyle.images.compositing import mask_over_image

        path = self.image or image_file
        if path is None:
            raise SettingsError("--preview needs an image to draw the mask on; pass --image IMAGE")
        return mask_over_image(mask, read_image_of_size(path, mask.shape))


def makes_mask(command: Callable[..., NewMask]) -> Callable[..., None]:
    """Add the output options to a command that returns a mask, and write that mask.

    An error that starts with the name of a parameter starts with its flag instead.
    """
    signature = inspect.signature(command, eval_str=True)
    parameters = [*signature.parameters.values(), *parameters_of(_OUTPUT_OPTIONS)]

    @functools.wraps(command)
    def wrapper(**values: Any) -> None:
        target = MaskOutput(**{name: values.pop(name) for name in _OUTPUT_OPTIONS})
        target.check(files_in(values))
        recorded = {**values, "invert": target.invert}
        try:
            made = command(**values)
            idle = _without_effect(command, signature.parameters.values(), values, made.mask)
        except SettingsError as error:
            raise _with_flag(error, values) from None
        target.write(dataclasses.replace(made, notes=(*made.notes, *idle)), record_of(command, recorded))

    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {each.name: each.annotation for each in parameters}
    del wrapper.__wrapped__  # Typer would read the command's own signature through it
    return wrapper


def _without_effect(
    command: Callable[..., NewMask], parameters: Iterable[inspect.Parameter], values: Mapping[str, Any], mask: Mask
) -> list[str]:
    """Return notes on choices, such as ``--shape circle``, without which the mask is the same."""
    import numpy as np

    chosen = [each for each in parameters if _is_choice(each) and values[each.name] != each.default]
    return [
        f"the mask is the same without it, so `{each.name}` has no effect"
        for each in chosen
        if np.array_equal(mask, command(**{**values, each.name: each.default}).mask)
    ]


def _is_choice(parameter: inspect.Parameter) -> bool:
    """Return whether an option is one of several words, of which one is the default."""
    return isinstance(parameter.default, str) and typing.get_args(parameter.annotation)[0] is not str


def files_in(values: Mapping[str, Any]) -> list[Path]:
    """Return the files among parameter values.

    >>> [str(path) for path in files_in({"mask": Path("a"), "others": [Path("b")], "feather": 2.0})]
    ['a', 'b']
    """
    several = [value if isinstance(value, list) else [value] for value in values.values()]
    return [value for each in several for value in each if isinstance(value, Path)]


def record_of(command: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, object]:
    """Return the metadata of a mask: the command and the options that made it."""
    name = command.__name__.replace("_", "-")
    return {
        "version": __version__,
        "command": f"masks {name}",
        "options": {key: _plain(value) for key, value in values.items() if value is not None},
    }


def report_mask(path: Path, mask: Mask, bits: Bits) -> None:
    """Report a written mask: how much of the picture it covers, and its shares of black and white."""
    from rich.markup import escape

    from maskstyle.maps.colors import percent

    height, width = mask.shape
    black, white = (f"{100 * float((mask == level).mean()):.1f}".removesuffix(".0") for level in (0, 1))
    covers = f"covers {percent(float(mask.mean(dtype='float64')))} of the picture"
    shares = f"{black} % black (0), {white} % white (1)"
    messages().print(escape(f"wrote {path}: {width}x{height}, {bits} bits, {covers}: {shares}"))
    if not mask.any():
        messages().print(f"note: {escape(str(path))} is 0 everywhere: it selects nothing")


def _plain(value: Any) -> Any:
    """Return a value for JSON, with files as their names."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.name if isinstance(value, Path) else value


def _with_flag(error: SettingsError, values: Mapping[str, Any]) -> SettingsError:
    first, _, rest = str(error).partition(" ")
    return SettingsError(f"{flag_of(first)} {rest}") if first in values else error
