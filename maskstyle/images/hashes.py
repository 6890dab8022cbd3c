"""Hashes of the files that a run reads: of the very bytes that were read, whatever becomes of the files later."""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import OrderedDict
from pathlib import Path
from typing import BinaryIO, NamedTuple

from maskstyle.errors import ImageError
from maskstyle.images.paths import opened, shown

REMEMBERED = 256
"""Hashes that are remembered: of the style, the maps and the weights, which all pictures of a batch share."""

SETTLED = 2.0
"""Seconds after a change within which another may leave the times of a file as they are: FAT counts in twos."""


class _Read(NamedTuple):
    signature: tuple[int, ...]
    digest: str


class _Noted(threading.local):
    """What this thread has read, and of that, what has changed since."""

    def __init__(self) -> None:
        self.noting = False  # programs that use the package record nothing
        self.read: dict[Path, _Read] = {}
        self.changed: set[Path] = set()


_noted = _Noted()


def begin_noting() -> None:
    """Note what this thread reads from now on, for one record, and forget what it read before."""
    _noted.read.clear()
    _noted.changed.clear()
    _noted.noting = True


def note_read(path: Path, file: BinaryIO) -> None:
    """Note the hash of an open file before its bytes are read; it is left at its beginning."""
    if not _noted.noting or not hasattr(file, "fileno"):
        return
    try:
        found = _signature(file)
    except OSError:  # bytes in memory
        return
    known = _noted.read.get(path)
    if known is not None and known.signature == found:
        return
    digest = _digest_of(file)
    file.seek(0)
    if known is not None and known.digest != digest:
        _noted.changed.add(path)
    _noted.read[path] = _Read(found, digest if known is None else known.digest)


def confirm_read(path: Path, file: BinaryIO) -> None:
    """Note whether a file changed while its bytes were read."""
    known = _noted.read.get(path)
    try:
        if known is not None and not file.closed and _signature(file) != known.signature:
            _noted.changed.add(path)
    except OSError:  # bytes in memory
        return


def hash_of(path: Path) -> str:
    """Return the SHA-256 of a file as it was read; one that nobody has read is read now.

    One that changed between two reads of this run is an error.
    """
    if path not in _noted.read:
        return hash_now(path, "a file")
    if path in _noted.changed:
        raise ImageError(f"{shown(path)} changed while it was read; run the command again when it is complete")
    return _noted.read[path].digest


def hash_now(path: Path, expected: str = "an image file") -> str:
    """Return the SHA-256 of a file as it is now, not as it was first read; errors name what is `expected`."""
    with opened(path, expected) as file:
        return _digest_of(file)


_known: OrderedDict[tuple[int, ...], str] = OrderedDict()
_known_lock = threading.Lock()


def _digest_of(file: BinaryIO) -> str:
    """Return the SHA-256 of an open file, which is read once while it stays as it is."""
    before = _state(file)
    with _known_lock:
        if before is not None and before in _known:
            _known.move_to_end(before)
            return _known[before]
    digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]  # any file that is read has readinto
    if before is not None and _state(file) == before and time.time() - max(before[-2:]) / 1e9 > SETTLED:
        with _known_lock:
            _known[before] = digest
            while len(_known) > REMEMBERED:
                _known.popitem(last=False)
    return digest


def _state(file: BinaryIO) -> tuple[int, ...] | None:
    """Return what tells a file, and any change of it; None for bytes in memory."""
    try:
        return *_signature(file), os.fstat(file.fileno()).st_ctime_ns
    except OSError:
        return None


def _signature(file: BinaryIO) -> tuple[int, ...]:
    found = os.fstat(file.fileno())
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns
