"""The folder of a project: every path in it is made here, from ids of the server's own, and no link is followed."""

from __future__ import annotations

import os
import re
import secrets
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from maskstyle.errors import MaskstyleError, SettingsError
from maskstyle.images import write_text
from maskstyle.images.writing import replace_file

STATE, PLAN, LOCK = "studio.json", "plan.toml", ".studio.lock"

FOLDERS = ("images", "maps", "masks", "results")

_ID = re.compile(r"[0-9a-f]{8}")
_NUMBER = re.compile(r"[0-9]{4,8}")
_TEMPORARY = re.compile(r"\.[0-9a-f]{16}\.(part|png)")
_OF_WRITER = re.compile(r"\.maskstyle-[0-9]+-[0-9a-f]{8}(\.[a-z]+)?")
_SUFFIX = re.compile(r"\.[a-z]{3,5}")


class MissingError(MaskstyleError):
    """The project has nothing of this name."""


class _Replaced(threading.local):
    """The files that a thread has replaced so far in `Folder.all_or_nothing`, each with what it was; None outside."""

    files: list[tuple[Path, Path | None]] | None = None


class Folder:
    """The folder of a project; made where it is missing.

    Raises SettingsError if it is a file, cannot be written, or holds a plan that the studio did not write.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._replaced = _Replaced()
        if root.exists() and not root.is_dir():
            raise SettingsError(f"expected a folder for the project, but {root} is a file; name a folder")
        if (root / PLAN).exists() and not (root / STATE).exists():
            raise SettingsError(
                f"{root / PLAN} is a plan that the studio did not write and would replace; name another folder"
            )
        try:
            for name in FOLDERS:
                self._no_link(root / name)
                (root / name).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise SettingsError(
                f"the folder {root} cannot be written ({error.strerror or error}); name another folder"
            ) from None
        if not os.access(root, os.W_OK | os.X_OK):
            raise SettingsError(f"there is no permission to write to the folder {root}; name another folder")

    @property
    def state(self) -> Path:
        """The file of the state."""
        return self._file(STATE)

    @property
    def lock(self) -> Path:
        """The file that is locked while a studio has the project open."""
        return self._file(LOCK)

    @property
    def plan(self) -> Path:
        """The plan file."""
        return self._file(PLAN)

    def image(self, key: str, suffix: str) -> Path:
        """Return the file of an image."""
        return self._file("images", f"{_checked(_ID, key)}{_checked(_SUFFIX, suffix)}")

    def map(self, key: str) -> Path:
        """Return the file of the map of an image."""
        return self._file("maps", f"{_checked(_ID, key)}.png")

    def mask(self, key: str) -> Path:
        """Return the file of a mask, as `maskstyle run` reads it."""
        return self._file("masks", f"{_checked(_ID, key)}.png")

    def painting(self, key: str) -> Path:
        """Return the file of a painted mask before any feather."""
        return self._file("masks", f"{_checked(_ID, key)}_painted.png")

    def result(self, number: str, suffix: str) -> Path:
        """Return a file of a result: the picture, its plan or its layers."""
        return self._file("results", f"{_checked(_NUMBER, number)}{suffix}")

    def kept(self, number: str, *names: str) -> Path:
        """Return a file of what a result was made from."""
        return self._file("results", _checked(_NUMBER, number), *names)

    def results(self) -> list[str]:
        """Return the numbers of the results that have a plan, oldest first."""
        found = (path.stem for path in (self.root / "results").glob("*.toml") if not path.is_symlink())
        return sorted((number for number in found if _NUMBER.fullmatch(number)), key=int)

    def new_result(self) -> str:
        """Return the number of the next result."""
        names = (path.name.split(".")[0] for path in (self.root / "results").iterdir())
        taken = [int(name) for name in names if _NUMBER.fullmatch(name)]
        return f"{max(taken, default=0) + 1:04}"

    def remove_leftovers(self) -> None:
        """Remove the temporary files of a server that was killed."""
        places = [(self.root / "images", _TEMPORARY)]
        kept = [path for path in (self.root / "results").iterdir() if path.is_dir() and not path.is_symlink()]
        places += [(path, _OF_WRITER) for path in (self.root, *(self.root / name for name in FOLDERS), *kept)]
        for place, pattern in places:
            for path in place.iterdir():
                if pattern.fullmatch(path.name) and path.is_file():
                    path.unlink(missing_ok=True)

    def temporary(self, suffix: str) -> Path:
        """Return a name for a file that is written first, and renamed when it is complete."""
        return self._file("images", f".{secrets.token_hex(8)}{suffix}")

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """If the block fails, put each file back that this thread wrote in it by `replacing`, and remove new ones."""
        files: list[tuple[Path, Path | None]] = []
        self._replaced.files = files
        try:
            yield
        except BaseException:
            for path, old in reversed(files):
                if old is None:
                    path.unlink(missing_ok=True)
                else:
                    replace_file(old, path)
            raise
        finally:
            self._replaced.files = None
            for _, old in files:
                if old is not None:
                    old.unlink(missing_ok=True)

    @contextmanager
    def replacing(self, path: Path) -> Iterator[None]:
        """Write a file of the folder atomically in the block, so that `all_or_nothing` can put the old one back."""
        self._no_link(path)
        files = self._replaced.files
        if files is None:
            yield
            return
        old = self._kept_aside(path)
        try:
            yield
        except BaseException:
            if old is not None:
                old.unlink(missing_ok=True)
            raise
        files.append((path, old))

    def write_text(self, path: Path, text: str) -> None:
        """Write a file of the folder atomically, unless it is as it should be: on a full disk, a project opens."""
        self._no_link(path)
        if path.is_file() and path.read_bytes() == text.encode():
            return
        with self.replacing(path):
            write_text(path, text)

    def write_bytes(self, path: Path, data: bytes) -> None:
        """Write a file of the folder atomically."""
        temporary = self.temporary(".part")
        try:
            temporary.write_bytes(data)
            self.put(temporary, path)
        finally:
            temporary.unlink(missing_ok=True)

    def put(self, temporary: Path, path: Path) -> None:
        """Give a complete file its name in the folder."""
        with self.replacing(path):
            replace_file(temporary, path)

    def _kept_aside(self, path: Path) -> Path | None:
        """Return a second name of a file, which takes no space on a full disk; None if there is no file."""
        if not path.exists():
            return None
        old = self.temporary(".part")
        try:
            os.link(path, old)
        except OSError:  # some file systems have no links
            try:
                shutil.copyfile(path, old)
            except BaseException:
                old.unlink(missing_ok=True)
                raise
        return old

    def _file(self, *names: str) -> Path:
        path = self.root
        for name in names:
            path = path / name
            self._no_link(path)
        return path

    def _no_link(self, path: Path) -> None:
        """Raise where a name of the folder leads elsewhere: a project may come from another person."""
        if path.is_symlink():
            raise MissingError(f"{path.name} in the project's folder is a link, which the studio does not follow")


def new_id() -> str:
    """Return a new id of an image or mask."""
    return secrets.token_hex(4)


def _checked(pattern: re.Pattern[str], text: str) -> str:
    if not pattern.fullmatch(text):
        raise MissingError("the project has nothing of this name")
    return text
