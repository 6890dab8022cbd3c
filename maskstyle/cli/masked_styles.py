"""Masks on the command line: reading ``--style FILE:MASK[:STRENGTH]``, and masks beside their images."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from maskstyle.cli.options import parse_strength
from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.io import load_image
from maskstyle.images.paths import problem, shown
from maskstyle.images.streams import is_stream
from maskstyle.masks.io import find_mask_beside

_COMPLEMENT = re.compile(r"\s*1\s*-\s*(.+)")
"""A mask to invert: 1-MASK, or 1 - MASK as tables show it."""

EXPECTED = "expected FILE:MASK[:STRENGTH] such as style.jpg:mask.png"

_DRIVE = r"(?:[A-Za-z]:(?=[\\/]))?"
_PARTS = re.compile(rf"({_DRIVE}[^:]+):((?:1 ?- ?)?{_DRIVE}[^:]+)(?::([^:]*))?")


class MaskedStyle(NamedTuple):
    """A style image and its mask."""

    style: Path
    mask: Path | None  # the mask; None to look for one beside the content image
    complement: bool = False  # whether to take 1 minus the mask
    strength: float | None = None


def parse_masked_style(text: str) -> MaskedStyle:
    """Read ``FILE:MASK[:STRENGTH]`` or ``FILE[:STRENGTH]``; ``1-MASK`` inverts the mask.

    A colon may be part of a file name: a reading in which the files exist comes first.

    >>> style = parse_masked_style("wave.jpg:1-left.png:0.5")
    >>> style.style.name, str(style.mask), style.complement, style.strength
    ('wave.jpg', 'left.png', True, 0.5)
    """
    if _exists(text):
        return MaskedStyle(Path(text), None)
    for reading in _readings(text):
        if _exists(reading.style) and (reading.mask is None or _exists(reading.mask)):
            return reading
    if "://" in text:
        raise SettingsError(f"--style is {text!r}, a URL; download the image, and pass the file")
    parts = _PARTS.fullmatch(text)
    if parts is None:
        style, colon, strength = text.rpartition(":")
        if not text or (colon and not (style and _is_number(strength))):
            raise SettingsError(f"--style is {text!r}; {EXPECTED}")
        if not colon:
            return MaskedStyle(Path(text), None)
        return MaskedStyle(Path(style), None, strength=parse_strength(strength, style))
    style, mask, strength = parts.groups()
    if strength is None and _is_number(mask) and not os.path.exists(mask):
        return MaskedStyle(Path(style), None, strength=parse_strength(mask, style))
    factor = None if strength is None else parse_strength(strength, f"{style}:{mask}")
    return MaskedStyle(Path(style), *_named(mask), factor)


def check_has_styles(content: Path, others: Sequence[str], styles: Sequence[str]) -> None:
    """Raise SettingsError if a style image is an argument, as in other commands, or there is none."""
    if others and styles:
        raise SettingsError(f"{others[0]} is an unexpected argument; pass it as --style {others[0]}:MASK")
    if others or not styles:
        raise SettingsError(f"pass --style {others[0] if others else 'STYLE'}:MASK; {_how_to_make(content)}")


def _how_to_make(content: Path) -> str:
    """Return an explanation of masks, with a command that makes one."""
    mask = shlex.quote(f"{content.stem}_mask.png")
    return (
        "a mask is a grayscale image of the same aspect as the content image, white where the style goes and black "
        f"elsewhere; to make one, run: maskstyle masks linear --like {shlex.quote(str(content))} --from top -o {mask}"
    )


def with_masks(styles: Sequence[MaskedStyle], content: Path) -> tuple[list[MaskedStyle], bool]:
    """Return styles that all have a mask, and whether that of an only style was found beside the content image."""
    bare = [each for each in styles if each.mask is None]
    if not bare:
        return list(styles), False
    if len(styles) > 1:
        raise SettingsError(
            f"--style {bare[0].style} has no mask, but there are {len(styles)} styles; pass each as FILE:MASK"
        )
    if is_stream(content):
        raise ImageError(f"there is no mask for {bare[0].style}, and none beside a stream; pass --style FILE:MASK")
    beside = find_mask_beside(content)
    if beside is None:
        wrong = None if is_stream(bare[0].style) else problem(bare[0].style)
        if wrong is not None:
            raise SettingsError(f"--style is '{shown(bare[0].style)}', which {wrong}; {EXPECTED}")
        alpha = load_image(content).alpha  # a missing or damaged image has its own message
        how = _how_to_make(content)
        if alpha is not None:
            how = f"{content} is partly transparent: maskstyle basic paints what is visible of it"
        raise ImageError(
            f"there is no mask for {bare[0].style}, and none beside {content}; expected {content.stem}_mask.png, or "
            f"pass --style FILE:MASK; {how}"
        )
    return [bare[0]._replace(mask=beside)], True


def _readings(text: str) -> Iterator[MaskedStyle]:
    """Yield every way to read a text, those without a strength first."""
    pieces = text.split(":")
    ends: list[tuple[list[str], str | None]] = [(pieces, None)]
    if _is_number(pieces[-1]):
        ends.append((pieces[:-1], pieces[-1]))
    for rest, strength in ends:
        whole = ":".join(rest)
        factor = None if strength is None else parse_strength(strength, whole)
        yield MaskedStyle(Path(whole), None, strength=factor)
        for cut in range(1, len(rest)):
            style, mask = ":".join(rest[:cut]), ":".join(rest[cut:])
            yield MaskedStyle(Path(style), Path(mask), False, factor)
            yield MaskedStyle(Path(style), *_named(mask), factor)


def _named(mask: str) -> tuple[Path, bool]:
    """Return the file of a mask and whether to invert it; a file of that whole name comes first."""
    found = _COMPLEMENT.fullmatch(mask)
    return (Path(mask), False) if found is None or os.path.isfile(mask) else (Path(found[1]), True)


def _exists(path: str | Path) -> bool:
    # Unlike Path.is_file, False where the text is too long for a file name.
    return os.path.isfile(path) or is_stream(Path(path))


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
