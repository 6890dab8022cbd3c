"""Soft masks on the command line: what ``--style FILE:MASK[:WEIGHT]`` means, and masks found beside their images."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from maskstyle.cli.options import number
from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.io import load_image
from maskstyle.images.pixels import Mask
from maskstyle.masks.io import MaskFile, find_mask_beside, read_mask

COMPLEMENT = "1-"
"""What stands before a mask of which the black part is meant."""

EXPECTED = "expected FILE:MASK[:WEIGHT] such as painting.jpg:mask.png"

_DRIVE = r"(?:[A-Za-z]:(?=[\\/]))?"
_PARTS = re.compile(rf"({_DRIVE}[^:]+):((?:1-)?{_DRIVE}[^:]+)(?::([^:]*))?")


class MaskedStyle(NamedTuple):
    """A painting and where it goes.

    Parameters
    ----------
    style : Path
        The painting.
    mask : Path or None
        Its mask's file; None where it is to be found beside the content.
    complement : bool
        Whether 1 less the mask is meant.
    weight : float
        Factor on the style's strength.
    """

    style: Path
    mask: Path | None
    complement: bool = False
    weight: float = 1.0


def parse_masked_style(text: str) -> MaskedStyle:
    """Read ``FILE:MASK[:WEIGHT]``, where ``1-MASK`` is a mask's complement; files that exist come first.

    Without a mask it is ``FILE[:WEIGHT]``.

    Examples
    --------
    >>> style = parse_masked_style("wave.jpg:1-left.png:0.5")
    >>> style.style.name, str(style.mask), style.complement, style.weight
    ('wave.jpg', 'left.png', True, 0.5)
    """
    if Path(text).is_file():
        return MaskedStyle(Path(text), None)
    for reading in _readings(text):
        if reading.style.is_file() and (reading.mask is None or reading.mask.is_file()):
            return reading
    if "://" in text:
        raise SettingsError(f"--style is {text!r}, an address; save the picture, and pass its file")
    parts = _PARTS.fullmatch(text)
    if parts is None:
        style, colon, weight = text.rpartition(":")
        if not text or (colon and not (style and _is_number(weight))):
            raise SettingsError(f"--style is {text!r}; {EXPECTED}")
        return (
            MaskedStyle(Path(style), None, weight=_weight(weight, style)) if colon else MaskedStyle(Path(text), None)
        )
    style, mask, weight = parts.groups()
    if weight is None and _is_number(mask) and not Path(mask).exists():
        return MaskedStyle(Path(style), None, weight=_weight(mask, style))
    return MaskedStyle(Path(style), *_named(mask), 1.0 if weight is None else _weight(weight, style))


def check_has_styles(content: Path, others: Sequence[str], styles: Sequence[str]) -> None:
    """Raise SettingsError where a painting is an argument, as in other commands, or there is no style at all."""
    if others and styles:
        raise SettingsError(f"{others[0]} is one argument too many; pass it as --style {others[0]}:MASK")
    if others or not styles:
        raise SettingsError(f"pass --style {others[0] if others else 'PAINTING'}:MASK; {_how_to_make(content)}")


def _how_to_make(content: Path) -> str:
    """Say what a mask is, and give a command that makes one."""
    mask = shlex.quote(f"{content.stem}_mask.png")
    return (
        "a mask is a gray picture of the photo's shape that is white where the style goes and black where it does "
        f"not; to make one: maskstyle masks linear --like {shlex.quote(str(content))} --from top -o {mask}"
    )


def with_masks(styles: Sequence[MaskedStyle], content: Path) -> tuple[list[MaskedStyle], bool]:
    """Return styles that all have a mask, and whether it was found beside the content.

    Raises
    ------
    SettingsError
        Where one of several styles has no mask.
    ImageError
        Where the only style has no mask, and none, or more than one, is beside the content.
    """
    bare = [each for each in styles if each.mask is None]
    if not bare:
        return list(styles), False
    if len(styles) > 1:
        raise SettingsError(
            f"--style {bare[0].style} has no mask, but there are {len(styles)} styles; pass each as FILE:MASK"
        )
    beside = find_mask_beside(content)
    if beside is None:
        load_image(content)  # where that is the trouble, it says so
        raise ImageError(
            f"there is no mask for {bare[0].style}, and none beside {content}; expected {content.stem}_mask.png, or "
            f"pass --style FILE:MASK; {_how_to_make(content)}"
        )
    return [bare[0]._replace(mask=beside)], True


def mask_of(style: MaskedStyle, files: dict[Path, MaskFile]) -> Mask:
    """Return a style's mask, read once for all styles that share its file."""
    assert style.mask is not None
    if style.mask not in files:
        files[style.mask] = read_mask(style.mask)
    mask = files[style.mask].mask
    return 1 - mask if style.complement else mask


def _readings(text: str) -> Iterator[MaskedStyle]:
    """Yield every way to read a text, those without a weight first."""
    pieces = text.split(":")
    ends: list[tuple[list[str], str | None]] = [(pieces, None)]
    if _is_number(pieces[-1]):
        ends.append((pieces[:-1], pieces[-1]))
    for rest, weight in ends:
        whole = ":".join(rest)
        factor = 1.0 if weight is None else _weight(weight, whole)
        yield MaskedStyle(Path(whole), None, weight=factor)
        for cut in range(1, len(rest)):
            style, mask = ":".join(rest[:cut]), ":".join(rest[cut:])
            yield MaskedStyle(Path(style), Path(mask), False, factor)
            yield MaskedStyle(Path(style), *_named(mask), factor)


def _named(mask: str) -> tuple[Path, bool]:
    """Return a mask's file and whether its complement is meant; a file of that whole name comes first."""
    if mask.startswith(COMPLEMENT) and not Path(mask).is_file():
        return Path(mask.removeprefix(COMPLEMENT)), True
    return Path(mask), False


def _weight(text: str, file: str) -> float:
    weight = number(text, f"the weight of {file}")
    if not 0 < weight < float("inf"):
        raise SettingsError(f"the weight of {file} is {text}; expected a number above 0")
    return weight


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
