"""The text of a plan: the line of each key, which tomllib does not report, and what a text is that is no plan."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
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

    The text is one that tomllib reads without an error.

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


UTF_16 = (b"\xff\xfe", b"\xfe\xff")
"""How UTF-16 begins."""

IMAGES = (b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*", b"BM")
"""How images begin; a WebP file has its name after 8 bytes."""

_WINDOWS_PATH = re.compile(r'"([^"]*\\[^"]*)"')
"""A text in double quotes that has a backslash."""


_INVISIBLE = re.compile("[\u00a0\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff]")

_VALUE = r"^\s*[^=#]+=\s*"
"""A key and its equals sign."""

_LINES = (
    (re.compile("[\u2018-\u201f\u00ab\u00bb]"), 'write straight quotes, "'),
    (_INVISIBLE, "it has an invisible character; type the line again"),
    (re.compile(rf"{_VALUE}#"), 'a color needs quotes, such as "#c84632", as # begins a comment'),
    (re.compile(rf"{_VALUE}(True|False)\b"), "write true or false in lower case"),
    (re.compile(rf"{_VALUE}(none|null|nil)\b", re.IGNORECASE), "leave the key out, as TOML has no null"),
    (re.compile(rf"{_VALUE}[\d.]+\s*%"), "write a share as a number, such as 0.5 for 50 %"),
    (re.compile(rf"{_VALUE}\d+,\d+\s*$"), "write decimals with a point, such as 0.5"),
    (re.compile(rf"{_VALUE}.*[;,]\s*$"), "leave out what follows the value"),
    (re.compile(rf"{_VALUE}(\"[^\"]*|'[^']*)$"), "close the quotes"),
    (re.compile(r"^\s*\[+[^\]\"']*\s[^\]]*\]"), 'a name with spaces needs quotes, such as [styles."my painting"]'),
    (re.compile(r"^\s*[\w.-]+\s*:"), "write key = value, not key: value"),
)
"""What a line that is not TOML may have, and what to do about it."""

_OPEN_BRACE = re.compile(rf"{_VALUE}\{{[^}}]*$")
_BRACES = "braces open and close on one line; write a table such as [settings]"
_GENERAL = 'write key = value, with texts in quotes: content = "photo.jpg"'


def not_text(path: Path, data: bytes, most: int) -> str | None:
    """Return what to do about a file that is an image, or text in UTF-16, or too long; None for other text."""
    if data.startswith(UTF_16) or data[:1000].count(0) > len(data[:1000]) // 3:
        return f"{path} is encoded as UTF-16, but a plan file is UTF-8; save it as UTF-8 in the editor"
    if data.startswith(IMAGES) or data[8:12] == b"WEBP":
        return (
            f"expected a plan file, but {path} is an image; name a TOML file, or make one from a result of maskstyle "
            f"with: maskstyle plan from {path} -o plan.toml"
        )
    if b"\0" in data or len(data) > most:
        return f"expected a plan file, but {path} is not text of at most 1 MB; name a TOML file"
    return None


def not_utf8(path: Path, line: int) -> str:
    """Return what to do about a line in another encoding."""
    return (
        f"{path}, line {line}: a character is not encoded as UTF-8, perhaps as Latin-1 or in a Windows code page; "
        "save the file as UTF-8 in the editor"
    )


def not_toml(path: Path, text: str, message: str) -> str:
    """Return what is wrong with a text that is not TOML, with its line; `message` is that of tomllib."""
    found = re.search(r"\s*\(at (?:line (\d+), column \d+|end of document)\)", message)
    line = int(found[1]) if found and found[1] else text.count("\n") + 1
    said = message[: found.start()] if found else message
    return f"{path}, line {line}: this is not TOML ({said[0].lower()}{said[1:]}); {_advice(text, line, said)}"


def _advice(text: str, line: int, said: str) -> str:
    """Return what to do about a line that is not TOML."""
    lines = text.split("\n")
    own = lines[line - 1] if line <= len(lines) else ""
    path = _WINDOWS_PATH.search(own)
    if path is not None:
        return (
            "in double quotes a backslash begins an escape; write the path in single quotes, "
            f"'{path[1]}', or with slashes, \"{path[1].replace(chr(92), '/')}\""
        )
    known = {
        "a plan is TOML, neither JSON nor YAML; see docs/how-to/plans.md": text.lstrip().startswith(("{", "---")),
        "its lines end as on old Macs; save it with the line ends of Linux or Windows": "\r" in own,
        "give each key once": "overwrite" in said,
        "give each table once; only [[region]] may be repeated": "twice" in said,
    }
    earlier = lines[line - 2] if line > 1 else ""
    known[_BRACES] = any(_OPEN_BRACE.search(each) for each in (own, earlier))
    known |= {advice: bool(wrong.search(own)) for wrong, advice in _LINES}
    return next((advice for advice, is_so in known.items() if is_so), _GENERAL)
