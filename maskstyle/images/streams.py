"""Standard input and output, and pipes: read whole and only once, because image decoders seek."""

from __future__ import annotations

import os
import re
import stat
import sys
from pathlib import Path

from maskstyle.errors import ImageError

STANDARD = Path("-")
"""The path that means standard input, or standard output where a file is written."""

LARGEST_STREAM = 2**31
"""Bytes that are read from a pipe; a device such as /dev/zero never ends."""

_DESCRIPTOR = re.compile(r"/dev/(?:fd/(\d+)|(stdin|stdout|stderr))|/proc/(?:self|\d+)/fd/(\d+)")

_held: dict[Path, bytes] = {}


def is_stream(path: Path) -> bool:
    """Return whether a path is ``-``, a pipe, a socket, a character device, or a descriptor such as /dev/stdin."""
    if path == STANDARD or _DESCRIPTOR.fullmatch(str(path)):
        return True
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) or stat.S_ISCHR(mode)


def is_writable_stream(path: Path) -> bool:
    """Return whether an image can be sent to a path: to no device but the null device."""
    is_device = path.is_char_device() and not _DESCRIPTOR.fullmatch(str(path)) and str(path) != os.devnull
    return is_stream(path) and not is_device


def described(path: Path, *, writing: bool = False) -> str:
    """Return what messages call a path."""
    if path == STANDARD:
        return "standard output" if writing else "standard input"
    return str(path)


def stream_bytes(path: Path) -> bytes:
    """Return all bytes of a stream, which is read once and then remembered.

    Raises
    ------
    ImageError
        If the stream is a terminal, cannot be read, or has more than `LARGEST_STREAM` bytes.
    """
    if path not in _held:
        if path == STANDARD:
            if sys.stdin is None or sys.stdin.isatty():
                raise ImageError("expected an image on standard input, but it is a terminal; pipe a file into it")
            data = sys.stdin.buffer.read(LARGEST_STREAM + 1)
        else:
            with open(path, "rb") as source:
                data = source.read(LARGEST_STREAM + 1)
        if len(data) > LARGEST_STREAM:
            raise ImageError(
                f"expected an image of at most {LARGEST_STREAM >> 30} GB, but {described(path)} has more; "
                "save it as a file"
            )
        _held[path] = data
    return _held[path]


def forget_streams() -> None:
    """Forget what was read, so that the next command reads its own streams."""
    _held.clear()


def check_not_terminal() -> None:
    """Raise ImageError if standard output is a terminal, which would show the bytes of an image."""
    if sys.stdout is None or sys.stdout.isatty():
        raise ImageError("expected a file or a pipe to write to, but standard output is a terminal; add > out.png")


def send(path: Path, data: bytes) -> None:
    """Write bytes to a stream."""
    match = _DESCRIPTOR.fullmatch(str(path))
    if path == STANDARD or (match is not None and (match[2] == "stdout" or "1" in (match[1], match[3]))):
        sys.stdout.flush()
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    else:
        with open(path, "wb") as target:
            target.write(data)
