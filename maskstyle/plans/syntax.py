"""Texts that are no plan: what they are, and what to do."""

from __future__ import annotations

import re
from pathlib import Path

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
