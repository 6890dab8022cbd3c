"""What all commands that make masks share: options, and writing a mask and its preview."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias

import typer
from rich.markup import escape

from maskstyle import __version__
from maskstyle.cli.console import messages
from maskstyle.cli.options import QuietOption, flag_of
from maskstyle.errors import SettingsError

if TYPE_CHECKING:
    from maskstyle.images.pixels import Mask

Bits: TypeAlias = Literal["8", "16"]
BitsOption: TypeAlias = Annotated[Bits, typer.Option("--bits", help="Bits of each sample of the PNG.")]

DEFAULT_BITS: Bits = "16"
"""So that masks made of masks lose nothing on the way."""

_REQUIRED = inspect.Parameter.empty
_SHARED: Mapping[str, tuple[Any, Any]] = {
    "output": (
        Annotated[Path, typer.Option("--output", "-o", help="The mask to write: a PNG.", show_default=False)],
        _REQUIRED,
    ),
    "invert": (Annotated[bool, typer.Option("--invert", help="Write 1 less the mask: black for white.")], False),
    "bits": (BitsOption, DEFAULT_BITS),
    "preview": (
        Annotated[Path | None, typer.Option("--preview", help="Also write a picture with the mask over it.")],
        None,
    ),
    "image": (
        Annotated[
            Path | None, typer.Option("--image", help="The picture of --preview, if not the one the mask is for.")
        ],
        None,
    ),
    "quiet": (QuietOption, False),
}


@dataclass(frozen=True)
class Made:
    """A mask to write.

    Parameters
    ----------
    mask : (H, W) float32 array
        In [0, 1].
    picture : Path or None
        The picture that it is for, where the command knows it.
    """

    mask: Mask
    picture: Path | None


@dataclass(frozen=True)
class Target:
    """Where a mask goes: the values of the options that all commands share."""

    output: Path
    invert: bool
    bits: Bits
    preview: Path | None
    image: Path | None
    quiet: bool

    def check(self, inputs: Sequence[Path]) -> None:
        """Raise where something could not be written, or would replace what is read."""
        from maskstyle.cli.output_files import check_distinct
        from maskstyle.images.files import check_writable

        check_writable(self.output)
        if self.preview is not None:
            check_writable(self.preview)
        elif self.image is not None:
            raise SettingsError("--image does nothing without --preview; give both, or neither")
        read = [*inputs, *([] if self.image is None else [self.image])]
        check_distinct({"--output": self.output, "--preview": self.preview}, read)

    def write(self, made: Made, metadata: Mapping[str, object]) -> None:
        """Write the mask and its preview, the picture of which is read before anything is written."""
        from maskstyle.images.io import save_image, save_mask

        mask = 1 - made.mask if self.invert else made.mask
        shown = None if self.preview is None else self._over_picture(mask, made.picture)
        save_mask(self.output, mask, bits=int(self.bits), metadata=metadata)
        if self.preview is not None and shown is not None:
            save_image(self.preview, shown)
            if not self.quiet:
                messages().print(f"wrote {escape(str(self.preview))}")
        if not self.quiet:
            tell(self.output, mask, self.bits)

    def _over_picture(self, mask: Mask, picture: Path | None) -> Any:
        from maskstyle.cli.mask_files import picture_of_size
        from maskstyle.images.compositing import mask_over_image

        path = self.image or picture
        if path is None:
            raise SettingsError("--preview has no picture to show the mask over; pass --image IMAGE")
        return mask_over_image(mask, picture_of_size(path, mask.shape))


def makes_mask(command: Callable[..., Made]) -> Callable[..., None]:
    """Give a command that returns a mask the options that all of these share, and write the mask.

    An error that begins with the name of one of the command's parameters begins with its option instead.
    """
    signature = inspect.signature(command, eval_str=True)
    shared = [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=annotation)
        for name, (annotation, default) in _SHARED.items()
    ]
    parameters = [*signature.parameters.values(), *shared]

    @functools.wraps(command)
    def wrapper(**values: Any) -> None:
        target = Target(**{name: values.pop(name) for name in _SHARED})
        target.check(files_of(values))
        with_options = {**values, "invert": target.invert}
        try:
            made = command(**values)
        except SettingsError as error:
            raise _naming_option(error, values) from None
        target.write(made, record_of(command, with_options))

    wrapper.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    wrapper.__annotations__ = {each.name: each.annotation for each in parameters}
    del wrapper.__wrapped__  # Typer would read the command's own signature through it
    return wrapper


def files_of(values: Mapping[str, Any]) -> list[Path]:
    """Return the files among the values of a command's parameters.

    Examples
    --------
    >>> [str(path) for path in files_of({"mask": Path("a"), "others": [Path("b")], "feather": 2.0})]
    ['a', 'b']
    """
    several = [value if isinstance(value, list) else [value] for value in values.values()]
    return [value for each in several for value in each if isinstance(value, Path)]


def record_of(command: Callable[..., Any], values: Mapping[str, Any]) -> dict[str, object]:
    """Return what a mask's metadata say of how it was made."""
    name = command.__name__.replace("_", "-")
    return {
        "version": __version__,
        "command": f"masks {name}",
        "options": {key: _plain(value) for key, value in values.items() if value is not None},
    }


def tell(path: Path, mask: Mask, bits: Bits) -> None:
    """Say what was written, and how much of it is black and white."""
    height, width = mask.shape
    black, white = (f"{100 * float((mask == level).mean()):.1f}".removesuffix(".0") for level in (0, 1))
    messages().print(
        escape(f"wrote {path}: {width}x{height}, {bits} bits, {black} % of it is 0 and {white} % is 1"),
    )
    if not mask.any():
        messages().print(f"note: {escape(str(path))} is 0 everywhere, so it selects nothing")


def _plain(value: Any) -> Any:
    """Return a value as JSON knows it, files by their names."""
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return value.name if isinstance(value, Path) else value


def _naming_option(error: SettingsError, values: Mapping[str, Any]) -> SettingsError:
    first, _, rest = str(error).partition(" ")
    return SettingsError(f"{flag_of(first)} {rest}") if first in values else error
