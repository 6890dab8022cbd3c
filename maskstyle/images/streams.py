"""Standard input and output, and pipes: read whole and only once, because image decoders seek."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path
from typing import BinaryIO

from maskstyle.errors import ImageError
from maskstyle.images.paths import DESCRIPTOR, HEAD, LARGEST_PIPE, Check, in_bytes, open_to_send, opened, shown

STANDARD = Path("-")
"""The path that means standard input, or standard output where a file is written."""

_held: dict[Path, bytes] = {}


def is_stream(path: Path) -> bool:
    """Return whether a path is ``-``, a pipe, a socket, a character device, or a descriptor such as /dev/stdin."""
    if path == STANDARD or DESCRIPTOR.fullmatch(str(path)):
        return True
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)


def is_writable_stream(path: Path) -> bool:
    """Return whether an image can be sent to a path: to no device but the null device."""
    if not is_stream(path):
        return False
    try:
        is_device = stat.S_ISCHR(os.stat(path).st_mode)
    except (OSError, ValueError):  # standard output
        is_device = False
    return not is_device or bool(DESCRIPTOR.fullmatch(str(path))) or str(path) == os.devnull


def described(path: Path, *, writing: bool = False) -> str:
    """Return what messages call a path."""
    if path == STANDARD:
        return "standard output" if writing else "standard input"
    return shown(path)


def stream_bytes(path: Path, check: Check | None = None, *, expected: str = "an image") -> bytes:
    """Return all bytes of a stream, at most `LARGEST_PIPE`, which is read once and then remembered.

    `check` takes the first bytes before the rest, which may never end, is read.
    """
    if path not in _held:
        if path == STANDARD:
            if sys.stdin is None or sys.stdin.isatty():
                raise ImageError(f"expected {expected} on standard input, but it is a terminal; pipe a file into it")
            try:
                _held[path] = _read(sys.stdin.buffer, path, check)
            except (OSError, ValueError) as error:  # closed, or open for writing only
                raise ImageError(f"expected {expected} on standard input, but it cannot be read: {error}") from error
        else:
            with opened(path, check=check) as source:
                _held[path] = _read(source, path, check)
    return _held[path]


def _read(source: BinaryIO, path: Path, check: Check | None) -> bytes:
    head = source.read(HEAD)
    if check is not None:
        check(head)
    data = head + source.read(LARGEST_PIPE + 1 - len(head))
    if len(data) > LARGEST_PIPE:
        raise ImageError(
            f"expected at most {in_bytes(LARGEST_PIPE)}, but {described(path)} has more; save it as a file"
        )
    return data


def forget_streams() -> None:
    """Forget what was read, so that the next command reads its own streams."""
    _held.clear()


def check_not_terminal() -> None:
    """Raise ImageError if standard output is a terminal, which would show the bytes of an image."""
    if sys.stdout is None or sys.stdout.isatty():
        raise ImageError("expected a file or a pipe to write to, but standard output is a terminal; add > out.png")


def send(path: Path, data: bytes) -> None:
    """Write bytes to a stream.

    Raises OSError if its reader is gone, or nobody has opened it for `PATIENCE` seconds.
    """
    match = DESCRIPTOR.fullmatch(str(path))
    if path == STANDARD or (match is not None and (match[2] == "stdout" or "1" in (match[1], match[3]))):
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        with open_to_send(path) as target:
            target.write(data)
