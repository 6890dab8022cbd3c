"""What a command may replace: files of the kind that it writes, and no finished picture by an unfinished one."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

from maskstyle import __version__
from maskstyle.errors import ImageError, MaskstyleError
from maskstyle.images.files import is_image
from maskstyle.images.io import read_metadata
from maskstyle.images.paths import opened, shown
from maskstyle.images.streams import is_stream
from maskstyle.images.writing import check_replaceable

HEAD = 4096
"""Bytes at the beginning of a file that tell its kind."""

UNFINISHED = ("interrupted", "not finite", "failed")
"""Why a run stopped early, as its picture records it."""

_RECORD = re.compile(rb'\s*\{\s*("[^"]*":\s*\{\s*)?"version": "[^"]*",\s*"command": "(?!evaluate")')
_EVALUATION = re.compile(rb'\s*\{\s*"version": "[^"]*",\s*"command": "evaluate"')

SIGNATURE = b"maskstyle"
"""What plots and layers of maskstyle have in their first or last `HEAD` bytes; pictures have metadata."""

KINDS: dict[str, Callable[[bytes], bool]] = {
    "a picture": is_image,
    "a record of maskstyle": lambda head: _RECORD.match(head) is not None,
    "an evaluation of maskstyle": lambda head: _EVALUATION.match(head) is not None,
    "a report of maskstyle batch": lambda head: re.match(rb'\s*\{\s*"pictures": \[', head) is not None,
    "a plot": lambda head: is_image(head) or head.startswith(b"%PDF") or b"<svg" in head,
    "an OpenRaster file": lambda head: b"image/openraster" in head,
}
"""How to tell the kinds of files that commands write."""


def check_kind(flag: str, path: Path | None, kind: str) -> None:
    """Raise ImageError if an output would replace a file of another kind, of `KINDS`, than it writes."""
    head = b"" if path is None else _head(path)
    if head and not KINDS[kind](head):
        raise ImageError(
            f"{flag} is {shown(path or '')}, which exists and is not {kind}; choose another name, or move it away"
        )


def check_new(path: Path, *, force: bool) -> None:
    """Raise ImageError if a plan cannot be written, or would replace a file; `force` replaces plans only."""
    check_replaceable(path)
    head = _head(path)
    if not head:
        return
    if not force:
        raise ImageError(f"{shown(path)} already exists; choose another --output, or pass --force to replace it")
    if b"\0" in head or is_image(head) or head.lstrip()[:1] in (b"{", b"<") or path.suffix.lower() != ".toml":
        raise ImageError(f"--output is {shown(path)}, which exists and is not a plan; choose another name")


def notes_on_replaced(*paths: Path | None) -> list[str]:
    """Return a note on each output that will replace a file which maskstyle did not write."""
    return [
        f"{shown(path)}, which maskstyle did not write, will be replaced"
        for path in paths
        if path is not None and is_foreign(path)
    ]


def is_foreign(path: Path) -> bool:
    """Return whether there is a picture, plot or file of layers that maskstyle did not write, or did not sign."""
    head = _head(path)
    if not head:
        return False
    if not is_image(head):
        return SIGNATURE not in head + _head(path, end=True)
    try:
        return read_metadata(path) is None
    except MaskstyleError:
        return True


def signed(command: str) -> dict[str, str]:
    """Return the metadata of a picture that a command writes beside its result, such as a preview."""
    return {"version": __version__, "command": command}


def check_own(flag: str, path: Path) -> None:
    """Raise ImageError if a picture would replace one in the folder of an option that maskstyle did not write."""
    if is_foreign(path):
        raise ImageError(
            f"{flag} would replace {shown(path)}, which maskstyle did not write; choose another folder, or move it "
            "away"
        )


def is_unfinished(path: Path) -> bool:
    """Return whether a picture is what a run left that stopped early."""
    try:
        metadata = read_metadata(path)
    except MaskstyleError:
        return False
    return metadata is not None and metadata.get("stopped_because") in UNFINISHED


def free_name(path: Path, word: str) -> Path:
    """Return a name beside a path that nothing has: out.partial.png for out.png, then out.partial-2.png."""
    number = 1
    while True:
        ending = "" if number == 1 else f"-{number}"
        candidate = path.with_name(f"{path.stem}.{word}{ending}{path.suffix}")
        if not os.path.lexists(candidate):
            return candidate
        number += 1


def rescue(path: Path, save: Callable[[Path], None]) -> Path | None:
    """Save a picture elsewhere, as its own place refuses it; return where, or None if nothing takes it.

    Where another format than PNG is refused everywhere, it is saved as PNG.
    """
    name = "picture.png" if is_stream(path) or not path.suffix else path.name
    folders = [Path(tempfile.gettempdir()), Path(), Path(os.path.expanduser("~"))]
    if not is_stream(path):
        folders = [path.parent, *folders]
    for candidate in dict.fromkeys([name, f"{Path(name).stem}.png"]):
        for folder in folders:
            try:
                found = free_name(folder / candidate, "rescued")
                save(found)
            except (MaskstyleError, OSError):
                continue
            return found
    return None


def _head(path: Path, *, end: bool = False) -> bytes:
    """Return how a file begins or ends; nothing without a file that can be read."""
    if is_stream(path):
        return b""
    try:
        with opened(path) as file:
            if end:
                file.seek(max(0, file.seek(0, os.SEEK_END) - HEAD))
            return file.read(HEAD)
    except (ImageError, OSError):
        return b""
