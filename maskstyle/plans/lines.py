"""Find the line of each key in a TOML text, which tomllib does not report."""

from __future__ import annotations

import re
import tomllib
from typing import TypeAlias

KeyPath: TypeAlias = tuple[str | int, ...]
"""Keys from the outermost to the innermost; a number is a place in an array, from 0."""

_SPACE = re.compile(r"[ \t]*")
_GAP = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_STRING = re.compile(
    r'"""(?:\\.|(?!""").)*"{3,5}'  # a text of several lines may end in two quotes of its own
    r"|'''(?:(?!''').)*'{3,5}"
    r'|"(?:\\.|[^"\\])*"'
    r"|'[^']*'",
    re.DOTALL,
)
_PLAIN = re.compile(r"[^,\]}#\n]+")


def key_lines(text: str) -> dict[KeyPath, int]:
    r"""Return the line, from 1, of every key and table of a TOML text, and of every element of its arrays.

    Parameters
    ----------
    text : str
        A text that tomllib reads without an error.

    Examples
    --------
    >>> lines = key_lines("size = 3\n\n[[region]] # first\nstyle = 'a'\n[[region]]\nstyle = 'b'")
    >>> lines["size",], lines["region", 0], lines["region", 1, "style"]
    (1, 3, 6)
    """
    return _Scan(text).lines


def nearest_line(lines: dict[KeyPath, int], path: KeyPath) -> int:
    """Return the line of a key, or of the innermost table around it that has one; 1 where none has."""
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return 1


class _Scan:
    """A scan of a text that notes the lines of its keys."""

    def __init__(self, text: str) -> None:
        self.lines: dict[KeyPath, int] = {}
        self._text = text
        self._at = 0
        self._line = 1
        self._counts: dict[KeyPath, int] = {}
        table: KeyPath = ()
        self._skip(_GAP)
        while self._at < len(text):
            if self._ahead("["):
                table = self._header()
            else:
                self._pair(table)
            self._skip(_GAP)

    def _header(self) -> KeyPath:
        """Read ``[table]`` or ``[[table]]`` and return its path."""
        repeated = self._text.startswith("[[", self._at)
        line = self._line
        self._move(2 if repeated else 1)
        names = self._keys()
        self._skip(_SPACE)
        self._move(2 if repeated else 1)
        parent = self._absolute((), names[:-1])
        path: KeyPath = (*parent, names[-1])
        if repeated:
            self.lines.setdefault(path, line)
            self._counts[path] = self._counts.get(path, 0) + 1
            path = (*path, self._counts[path] - 1)
        elif path in self._counts:
            path = (*path, self._counts[path] - 1)
        self._note(path, line)
        return path

    def _absolute(self, table: KeyPath, names: list[str]) -> KeyPath:
        """Return the path of names inside a table; that of an array of tables means its last one."""
        path = table
        for name in names:
            path = (*path, name)
            if path in self._counts:
                path = (*path, self._counts[path] - 1)
        return path

    def _pair(self, table: KeyPath) -> None:
        line = self._line
        names = self._keys()
        self._skip(_SPACE)
        self._move(1)  # the equals sign
        self._skip(_SPACE)
        path = (*table, *names)
        self._note(path, line, since=len(table))
        self._value(path)

    def _note(self, path: KeyPath, line: int, since: int = 0) -> None:
        for end in range(since + 1, len(path) + 1):
            self.lines.setdefault(path[:end], line)

    def _keys(self) -> list[str]:
        """Read a key, dotted or not."""
        names = []
        while True:
            self._skip(_SPACE)
            bare = _BARE_KEY.match(self._text, self._at)
            found = bare or _STRING.match(self._text, self._at)
            if found is None:
                raise ValueError(f"line {self._line} is not TOML")
            names.append(found[0] if bare else _unquoted(found[0]))
            self._move(len(found[0]))
            self._skip(_SPACE)
            if not self._ahead("."):
                return names
            self._move(1)

    def _value(self, path: KeyPath) -> None:
        text = _STRING.match(self._text, self._at)
        if text is not None:
            self._move(len(text[0]))
        elif self._ahead("["):
            self._array(path)
        elif self._ahead("{"):
            self._inline_table(path)
        else:
            self._skip(_PLAIN)

    def _array(self, path: KeyPath) -> None:
        self._move(1)
        self._skip(_GAP)
        place = 0
        while not self._ahead("]"):
            self.lines[*path, place] = self._line
            self._value((*path, place))
            place += 1
            self._skip(_GAP)
            if self._ahead(","):
                self._move(1)
                self._skip(_GAP)
        self._move(1)

    def _inline_table(self, path: KeyPath) -> None:
        self._move(1)
        self._skip(_GAP)
        while not self._ahead("}"):
            self._pair(path)
            self._skip(_GAP)
            if self._ahead(","):
                self._move(1)
                self._skip(_GAP)
        self._move(1)

    def _ahead(self, mark: str) -> bool:
        if self._at >= len(self._text) and mark in "]}":
            raise ValueError("the text ends inside a value; it is not TOML")
        return self._text.startswith(mark, self._at)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        found = pattern.match(self._text, self._at)
        self._move(len(found[0]) if found else 0)

    def _move(self, count: int) -> None:
        self._line += self._text.count("\n", self._at, self._at + count)
        self._at += count


def _unquoted(name: str) -> str:
    """Return the name of a quoted key, as tomllib reads it."""
    return next(iter(tomllib.loads(f"{name} = 0")))
