"""Files that are written, replaced or deleted: each one goes through this module.

A file is written to a temporary neighbor, and renamed when it is complete. The neighbor is locked by its process, so
that what a killed process leaves can be told from what another one is writing, and is removed by the next write.
"""

from __future__ import annotations

import errno
import io
import os
import re
import secrets
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO
from zipfile import ZipInfo

from maskstyle.errors import ImageError, OutputError, SettingsError
from maskstyle.images.files import format_by_suffix
from maskstyle.images.paths import is_web_address, left_by_shell, shown, trouble, working_folder_is_gone
from maskstyle.images.streams import STANDARD, check_not_terminal, described, is_writable_stream, send

if os.name == "posix":
    import fcntl

LOCKS = os.name == "posix"
"""Whether files can be locked, and open files renamed."""

TEMPORARY = re.compile(r"\.maskstyle-\d+-[0-9a-f]{8}(\.\w+)?")
"""The names of temporary neighbors."""

ABANDONED = 86400.0
"""Seconds after which a temporary file is abandoned, where files cannot be locked."""


WAITS = (0.02, 0.05, 0.1, 0.3, 0.6)
"""Seconds between attempts to replace a file that another program has open, where that is not possible."""


def check_writable(path: Path) -> None:
    """Check that an image can be saved at `path`, before the long work starts.

    Parameters
    ----------
    path : Path
        The path for `save_image`.

    Raises
    ------
    ImageError
        If the extension is unknown, `path` is a folder or a device, its name is too long, its folder does not exist,
        or the folder or an existing file at `path` is not writable.
    """
    if os.path.isdir(path):
        check_replaceable(path)  # says so, where its name has no extension either
    format_by_suffix(path)
    check_replaceable(path)


def check_replaceable(path: Path) -> None:
    """Check that a file with any extension can be written, before the long work starts; see `check_writable`."""
    _target(path)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file atomically: yield a temporary file, which becomes the file at `path` at the end of the block.

    Symbolic links are followed, and a file that is replaced keeps its mode. On any failure an existing file is left
    unchanged, and nothing else remains; an OSError in the block becomes an OutputError. Streams receive everything at
    the end.
    """
    target = _target(path)
    try:
        if is_writable_stream(path):
            memory = io.BytesIO()
            yield memory
            send(path, memory.getvalue())
        else:
            with replacing_file(target) as file:
                yield file
    except OSError as error:
        raise OutputError(
            f"{described(path, writing=True)} could not be written ({error.strerror or error}); "
            "check the free space and the permissions there, or write to another folder"
        ) from error


@contextmanager
def replacing_file(target: Path) -> Iterator[BinaryIO]:
    """Write a file atomically, as `replacing` does, without its checks; raises OSError if that fails."""
    remove_leftovers(target.parent)
    temporary, file = _temporary_beside(target)
    try:
        with file:
            yield file
            file.flush()
            _keep_mode(target, file)
            _sync(file.fileno())
            if LOCKS:  # the lock lasts until the file has its name
                replace_file(temporary, target)
        if not LOCKS:  # Windows renames no open file
            replace_file(temporary, target)
    finally:
        with suppress(OSError):
            os.unlink(temporary)
    _sync_folder(target.parent)


def replace_file(source: Path, target: Path) -> None:
    """Give a complete file the name of the one that it replaces; raises OSError if that fails.

    Windows replaces no file that is open, such as in a program that searches for viruses or shows a picture; most are
    closed within a second.
    """
    for wait in () if LOCKS else WAITS:
        with suppress(PermissionError):
            os.replace(source, target)
            return
        time.sleep(wait)
    os.replace(source, target)


def write_text(path: Path, text: str) -> None:
    """Write text to a file as UTF-8, atomically.

    Parameters
    ----------
    path : Path
        The file to create or replace.
    text : str
        The text; line endings are kept.

    Raises
    ------
    ImageError
        As for `replacing`.
    """
    with replacing(path) as file:
        file.write(text.encode("utf-8", "backslashreplace"))


def archive_entry(name: str) -> ZipInfo:
    """Return an entry for a file in an archive; its date is fixed, as ZIP has none before 1980 and after 2107."""
    entry = ZipInfo(name)
    entry.external_attr = 0o644 << 16
    return entry


def make_folder(path: Path, *, parents: bool = False) -> None:
    """Make a folder where there is none."""
    try:
        if parents:
            os.makedirs(path, exist_ok=True)
        elif not os.path.isdir(path):
            os.mkdir(path)
    except OSError as error:
        raise ImageError(f"the folder {shown(path)} could not be made ({error.strerror}); choose another") from error


def remove_leftovers(folder: Path) -> None:
    """Remove the temporary files of killed processes from a folder; those of living ones are locked."""
    try:
        entries = [each for each in os.scandir(folder) if TEMPORARY.fullmatch(each.name)]
    except OSError:
        return
    for entry in entries:
        with suppress(OSError):
            if entry.is_file(follow_symlinks=False) and _is_abandoned(entry.path):
                os.unlink(entry.path)


def check_temporary_folder() -> None:
    """Raise SettingsError if there is no folder for temporary files."""
    try:
        folder = tempfile.gettempdir()
    except OSError as error:
        raise SettingsError("there is no folder for temporary files; set TMPDIR to one") from error
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(f"the folder {folder} for temporary files cannot be written; set TMPDIR to another")


def signature(path: Path) -> tuple[int, ...] | None:
    """Return what tells one file at a path from the next: device, number, time and size; None without a file."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size


def remove_written(path: Path, written: tuple[int, ...] | None) -> None:
    """Delete a file that this process wrote or read, with its `signature` then, unless it was replaced since."""
    if written is not None and signature(path) == written:
        with suppress(OSError):
            os.unlink(path)


def _temporary_beside(target: Path) -> tuple[Path, BinaryIO]:
    """Create and lock a temporary neighbor."""
    flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0)
    while True:
        temporary = target.with_name(f".maskstyle-{os.getpid()}-{secrets.token_hex(4)}{_short(target.suffix)}")
        file = os.fdopen(os.open(temporary, flags, 0o666), "w+b")
        if not LOCKS:
            return temporary, file
        with suppress(OSError):  # some file systems have no locks; nothing is removed from these
            fcntl.flock(file, fcntl.LOCK_EX)
        if os.path.exists(temporary):
            return temporary, file
        file.close()  # another process removed it before it was locked


def _short(suffix: str) -> str:
    return suffix if re.fullmatch(r"\.\w{1,8}", suffix) else ""


def _is_abandoned(path: str) -> bool:
    """Return whether no living process holds the lock of a temporary file."""
    if not LOCKS:
        return time.time() - os.stat(path).st_mtime > ABANDONED
    descriptor = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        os.close(descriptor)
    return True


def _keep_mode(target: Path, file: BinaryIO) -> None:
    """Give a temporary file the owner, group and permissions of the file that it replaces."""
    with suppress(OSError):
        old = os.stat(target)
        if hasattr(os, "fchown"):
            with suppress(OSError):  # only root may give files away
                os.fchown(file.fileno(), old.st_uid, old.st_gid)
        if hasattr(os, "fchmod"):
            os.fchmod(file.fileno(), stat.S_IMODE(old.st_mode))


def _sync(descriptor: int) -> None:
    """Make the bytes of a file survive a power cut; a disk that is full may say so only here."""
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # a file system that cannot
            raise


def _sync_folder(folder: Path) -> None:
    """Make a rename survive a power cut, if the system can."""
    if os.name == "nt":
        return
    with suppress(OSError):  # some file systems cannot; the rename is atomic all the same
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _target(path: Path) -> Path:
    """Return the file that `path` resolves to, or raise ImageError if it cannot be written."""
    if is_writable_stream(path):
        if path == STANDARD:
            check_not_terminal()
        return path
    try:
        target = Path(os.path.realpath(path))
        mode = os.lstat(target).st_mode
    except FileNotFoundError as error:
        if working_folder_is_gone(path):
            raise _unwritable(path, error) from error
        mode = None
    except (OSError, ValueError) as error:
        if not isinstance(error, NotADirectoryError):  # the message about the folder is better
            raise _unwritable(path, error) from error
        mode = None
    if mode is not None and stat.S_ISDIR(mode):
        raise ImageError(f"expected a file to write, but {shown(path)} is a folder; name a file inside it")
    if mode is not None and not stat.S_ISREG(mode):
        what = "a link that leads back to itself" if stat.S_ISLNK(mode) else "a device"
        raise ImageError(f"expected a file to write, but {shown(path)} is {what}; name a plain file or a pipe")
    _check_folder(path, target)
    if mode is not None:
        _check_old(path, target)
    return target


def _unwritable(path: Path, error: OSError | ValueError) -> ImageError:
    what, advice = trouble(path, error)
    return ImageError(f"expected a file to write, but {shown(path)} {what}; {advice}")


def _check_folder(path: Path, target: Path) -> None:
    folder = target.parent if os.path.islink(path) else path.parent
    if not os.path.isdir(target.parent):
        missing, advice = f"there is no folder {shown(folder)}", "create it or write to another folder"
        left = left_by_shell(path)
        if left is not None:
            advice = left
        if is_web_address(path):
            missing, advice = f"{shown(path)} is a web address", "write to a file, and upload that"
        if os.path.exists(target.parent):
            missing, advice = f"{shown(folder)} is a file", "write to another folder"
        raise ImageError(f"expected an existing folder to write {shown(path.name)} to, but {missing}; {advice}")
    if not os.access(target.parent, os.W_OK | os.X_OK) or _refuses_files(target):
        raise ImageError(
            f"expected to write {path}, but there is no permission to write to the folder {folder}; "
            "change its permissions or write to another folder"
        )


def _refuses_files(target: Path) -> bool:
    """Return whether no file can be made in a folder where the system's answer is not enough.

    It grants everything to root, also in /sys and on drives of other machines; Windows has rights that it ignores.
    """
    if hasattr(os, "geteuid") and os.geteuid() != 0:
        return False
    try:
        temporary, file = _temporary_beside(target)
    except OSError as error:
        return error.errno in (errno.EACCES, errno.EPERM, errno.ENOENT)
    file.close()
    with suppress(OSError):
        os.unlink(temporary)
    return False


def _check_old(path: Path, target: Path) -> None:
    """Raise ImageError if the file at `target` may not be replaced."""
    if not os.access(target, os.W_OK):
        raise ImageError(
            f"expected to replace {path}, but it is read-only; change its permissions or choose another name"
        )
    folder = os.stat(target.parent)
    if folder.st_mode & stat.S_ISVTX and hasattr(os, "geteuid"):  # such as /tmp
        user = os.geteuid()
        if user not in (0, folder.st_uid, os.stat(target).st_uid):
            raise ImageError(
                f"expected to replace {path}, but in the folder {path.parent} only its owner may; choose another name"
            )
