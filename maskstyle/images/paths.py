"""Paths: the one function that opens a file to read, and the one that says what is wrong with a path."""

from __future__ import annotations

import difflib
import errno
import io
import os
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TypeAlias

from maskstyle.errors import ImageError, MaskstyleError

PATIENCE = 10.0
"""Seconds to wait for the program at the other end of a named pipe; a pipe that nobody opens never ends."""

LARGEST_PIPE = 1_600_000_000
"""Bytes that are read from a pipe, which may never end: those of the largest image,
uncompressed in 8 bits with alpha."""

HEAD = 64
"""The first bytes of a pipe, which tell whether the rest is worth reading."""

Check: TypeAlias = Callable[[bytes], None]
"""Raises MaskstyleError where the first bytes of a file are not what is expected."""

DESCRIPTOR = re.compile(r"/dev/(?:fd/(\d+)|(stdin|stdout|stderr))|/proc/(?:self|\d+)/fd/(\d+)")
"""The paths of streams that are open already."""

SHOWN = 100
"""Characters of a long path in a message."""

_CHUNK = 2**20


def shown(path: Path | str) -> str:
    """Return a path for a message: in quotes where blanks begin or end it, and shortened where it is too long.

    >>> shown("photos/cat.jpg")
    'photos/cat.jpg'
    >>> shown("cat.jpg ")
    "'cat.jpg '"
    >>> len(shown("a" * 5000))
    100
    """
    text = str(path)
    text = text if text == text.strip() else repr(text)
    half = (SHOWN - 3) // 2
    return text if len(text) <= 2 * SHOWN else f"{text[: SHOWN - 3 - half]}...{text[-half:]}"


def portable(name: str) -> str:
    r"""Return a file name as other locales read it: without UTF-8, Python escapes its bytes.

    >>> portable("caf\udcc3\udca9.png")
    'café.png'
    """
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def local(name: str) -> str:
    """Return a portable file name as this locale opens it; see `portable`."""
    try:
        os.fsencode(name)
    except UnicodeEncodeError:
        return os.fsdecode(name.encode("utf-8", "surrogateescape"))
    return name


def opened(
    path: Path,
    expected: str = "an image file",
    failure: type[MaskstyleError] = ImageError,
    *,
    check: Check | None = None,
    most: int | None = None,
) -> BinaryIO:
    """Open a file to read its bytes; a pipe of at most `most` bytes, or `LARGEST_PIPE`, is read whole.

    Raise `failure` if the path leads to nothing that can be read, or not to what is `expected`, such as "a plan
    file"; the message says why, in one sentence. A named pipe without a writer fails after `PATIENCE` seconds.
    `check` takes the first `HEAD` bytes of a pipe before the rest is read.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        descriptor = os.open(path, flags)
    except (OSError, ValueError) as error:
        what, advice = trouble(path, error)
        raise failure(f"expected {expected}, but {shown(path)} {what}; {advice}") from error
    try:
        mode = os.fstat(descriptor).st_mode
        wrong = _not_readable(path, descriptor, mode)
        if wrong is not None:
            raise failure(f"expected {expected}, but {shown(path)} {wrong[0]}; {wrong[1]}")
        if stat.S_ISFIFO(mode):
            return io.BytesIO(_read_pipe(descriptor, path, failure, check, LARGEST_PIPE if most is None else most))
    except BaseException:
        os.close(descriptor)
        raise
    return os.fdopen(descriptor, "rb")


def open_to_send(path: Path) -> BinaryIO:
    """Open a pipe or the null device to write to it.

    Raises OSError if nobody opens the other end for `PATIENCE` seconds.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            descriptor = os.open(path, os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0))
        except OSError as error:
            if error.errno != errno.ENXIO or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
            continue
        if hasattr(os, "O_NONBLOCK"):
            os.set_blocking(descriptor, True)
        return os.fdopen(descriptor, "wb")


def problem(path: Path) -> str | None:
    """Return what is wrong with the path of a file to read, such as "does not exist"; None if nothing is."""
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError) as error:
        return trouble(path, error)[0]
    if stat.S_ISDIR(mode):
        return "is a folder"
    return None if os.access(path, os.R_OK) else "may not be read"


_TROUBLE = {
    errno.ENAMETOOLONG: ("is too long a name", "use a shorter one"),
    errno.ELOOP: ("is a link that leads back to itself", "name the file itself"),
    errno.EISDIR: ("is a folder", "name a file inside it"),
    errno.ENXIO: ("is a socket", "name a file"),
}


def trouble(path: Path, error: OSError | ValueError) -> tuple[str, str]:
    """Return why a path leads nowhere, and what to do, as the two ends of a sentence."""
    if isinstance(error, ValueError):
        return "has a character that no file name can have", "check the path"
    number = error.errno
    if number == errno.EACCES and os.path.isdir(path):  # as Windows says of a folder
        number = errno.EISDIR
    if number in _TROUBLE:
        return _TROUBLE[number]
    if number in (errno.ENOENT, errno.ENOTDIR):
        return _missing(path)
    if number in (errno.EACCES, errno.EPERM):
        return _forbidden(path)
    return f"cannot be opened ({error.strerror})", "check the path"


def _missing(path: Path) -> tuple[str, str]:
    if working_folder_is_gone(path):
        return "is in the working folder, which no longer exists", "change to another folder"
    barrier = _barrier(path)
    if barrier is not None and os.path.exists(barrier) and not os.path.isdir(barrier):
        return f"does not exist, as {shown(barrier)} is not a folder", "check the path and its spelling"
    if is_web_address(path):
        return "is a web address", "download the file, and name that"
    if str(path).startswith("file:/"):
        return "is an address", f"write the path alone: {shown(str(path).removeprefix('file:'))}"
    return "does not exist", _meant(path)


def _meant(path: Path) -> str:
    """Return what to do about a file that does not exist: its name may be misspelled."""
    pattern = re.search(r"[*?]", str(path))
    named = None if pattern else alike(path)
    if named is not None:
        return f"did you mean {shown(path.with_name(named))}?"
    return left_by_shell(path) or "check the path and its spelling"


def is_web_address(path: Path) -> bool:
    """Return whether a path is a web address, of which `Path` keeps one slash."""
    return re.match(r"(?:https?|ftp|s3|gs):/", str(path)) is not None


def left_by_shell(path: Path) -> str | None:
    """Return what to do about a path with a part that a shell replaces, where it has not; None if it has none.

    >>> left_by_shell(Path("$HOME/cat.jpg"))
    'write it in full, as the shell has not replaced $HOME'
    """
    if path.parts[:1] == ("~",):
        return "write your home folder in full, as the shell replaces ~ at the beginning of a word only"
    variable = re.search(r"\$\{?\w+\}?|%\w+%", str(path))
    if variable is not None:
        return f"write it in full, as the shell has not replaced {variable[0]}"
    if re.search(r"[*?]", str(path)):
        return "name one file, as the shell has not replaced the pattern: it is in quotes, or fits no file"
    return None


def alike(path: Path) -> str | None:
    """Return the name of the file that is named most like one that does not exist; None if none is."""
    try:
        beside = sorted(each for each in os.listdir(path.parent) if os.path.isfile(path.parent / each))
    except (OSError, ValueError):
        return None
    wanted = path.name.lower()
    close = difflib.get_close_matches(wanted, {each.lower() for each in beside}, 1, 0.8)
    named = [each for each in beside if close and each.lower() == close[0]]
    named += [each for each in beside if Path(each).stem.lower() == wanted]
    return named[0] if named else None


def _forbidden(path: Path) -> tuple[str, str]:
    barrier = _barrier(path)
    if barrier is not None:
        return f"is in {shown(barrier)}, a folder that may not be entered", "change the permissions of the folder"
    return "may not be read", "change its permissions or copy it to another folder"


def working_folder_is_gone(path: Path) -> bool:
    """Return whether a relative path leads nowhere because someone removed the working folder."""
    if os.path.isabs(path):
        return False
    try:
        os.getcwd()
    except OSError:
        return True
    return False


def _barrier(path: Path) -> Path | None:
    """Return the first of the folders of a path that is none or may not be entered."""
    for folder in reversed(path.parents):
        if os.path.lexists(folder) and not (os.path.isdir(folder) and os.access(folder, os.X_OK)):
            return folder
    return None


def _not_readable(path: Path, descriptor: int, mode: int) -> tuple[str, str] | None:
    """Return what is wrong with what was opened, and what to do."""
    if stat.S_ISDIR(mode):
        return "is a folder", "name a file inside it"
    if os.isatty(descriptor):
        return "is a terminal", "pipe a file into it"
    is_named = DESCRIPTOR.fullmatch(str(path)) or str(path) == os.devnull
    if stat.S_ISBLK(mode) or (stat.S_ISCHR(mode) and not is_named):
        return "is a device", "name a plain file or a pipe"
    return None


def _read_pipe(descriptor: int, path: Path, failure: type[MaskstyleError], check: Check | None, most: int) -> bytes:
    """Return all bytes of a pipe, which was opened without waiting for its writer, and close it."""
    data = bytearray()
    writes = False
    deadline = time.monotonic() + PATIENCE
    while len(data) <= most:
        try:
            part = os.read(descriptor, _CHUNK)
        except BlockingIOError:  # somebody writes
            writes = True
            os.set_blocking(descriptor, True)
            continue
        if part:
            if check is not None and len(data) < HEAD <= len(data) + len(part):
                check(bytes(data + part[:HEAD])[:HEAD])
            data += part
            writes = True
        elif writes:
            os.close(descriptor)
            return bytes(data)
        elif time.monotonic() > deadline:
            raise failure(
                f"expected something to read, but nothing writes to the pipe {shown(path)}; start its program"
            )
        else:
            time.sleep(0.01)
    raise failure(f"expected at most {in_bytes(most)}, but the pipe {shown(path)} has more; save it as a file")


def in_bytes(count: int) -> str:
    """Return a number of bytes in words.

    >>> in_bytes(LARGEST_PIPE), in_bytes(2**20)
    ('1.6 GB', '1 MB')
    """
    return f"{count / 1e9:.2g} GB" if count >= 1e9 else f"{count / 1e6:.2g} MB"
