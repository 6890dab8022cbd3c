"""Check the keys and the kinds of values of a plan; errors name the line."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from maskstyle.errors import MaskstyleError, SettingsError
from maskstyle.plans.lines import KeyPath, nearest_line


@dataclass(frozen=True)
class Source:
    """Where a plan came from, for messages.

    Parameters
    ----------
    name : str
        The plan file in messages; empty where there is none.
    lines : dict of KeyPath to int
        From `maskstyle.plans.lines.key_lines`.
    """

    name: str = ""
    lines: Mapping[KeyPath, int] = field(default_factory=dict)

    def naming(self, text: str) -> str:
        """Return a text with its parameters, which stand in backticks, named as the person wrote them."""
        return text.replace("`", "")

    def message(self, path: KeyPath, text: str) -> str:
        """Return a sentence about the value at a key path, with its line."""
        named = self.naming(text)
        return f"{self.name}, line {nearest_line(dict(self.lines), path)}: {named}" if self.name else named

    def error(self, path: KeyPath, text: str) -> SettingsError:
        """Return the error for the value at a key path."""
        return SettingsError(self.message(path, text))

    @contextmanager
    def locating(self, *path: str | int) -> Iterator[None]:
        """Name the line of a key path in any error of the block."""
        try:
            yield
        except MaskstyleError as error:
            raise type(error)(self.message(path, str(error))) from None


@dataclass(frozen=True)
class Kind:
    """A kind of value of a key.

    Parameters
    ----------
    words : str
        The expected value in messages.
    fits : callable
        Tells whether a value is of this kind.
    """

    words: str
    fits: Callable[[Any], bool]


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip()) and "\0" not in value  # which no file name has


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


TEXT = Kind('a text in quotes, such as "photo.jpg"', _is_text)
TEXTS = Kind(
    'a list of texts, such as ["red", "#0000ff"]',
    lambda value: isinstance(value, list) and value != [] and all(map(_is_text, value)),
)
YES_NO = Kind("true or false", lambda value: isinstance(value, bool))
TABLE = Kind("a table", lambda value: isinstance(value, dict))
TEXT_TABLE = Kind(
    'a table of texts, such as { red = "#0000ff" }',
    lambda value: isinstance(value, dict) and all(map(_is_text, value.values())),
)
NUMBER_TABLE = Kind(
    "a table of numbers, such as { red = 0.8 }",
    lambda value: isinstance(value, dict) and all(map(_is_number, value.values())),
)
TABLES = Kind(
    "tables, each below a line [[region]]",
    lambda value: isinstance(value, list) and all(isinstance(each, dict) for each in value),
)
COUNT = Kind(
    "a whole number of at least 1",
    lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= 1,
)
ANY_NUMBER = Kind("a number", _is_number)
NUMBER = Kind("a number of at least 0", lambda value: _is_number(value) and value >= 0)
POSITIVE = Kind("a number above 0", lambda value: _is_number(value) and value > 0)


def check_keys(
    source: Source, path: KeyPath, table: Mapping[str, Any], known: Mapping[str, Kind], where: str
) -> None:
    """Raise SettingsError if a table has an unknown key, or a value of the wrong kind.

    Parameters
    ----------
    source : Source
        For messages.
    path : KeyPath
        Key path of the table.
    table : mapping
        The table.
    known : mapping from str to Kind
        The keys that it may have.
    where : str
        The table in messages.
    """
    for key, value in table.items():
        if key not in known:
            raise source.error((*path, key), f"{where} has no key {key!r}; {nearest(key, known)}")
        if not known[key].fits(value):
            raise source.error((*path, key), f"{key} is {shown(value)}; expected {known[key].words}")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return advice about a word that is not known: the nearest known word, or all of them.

    Examples
    --------
    >>> nearest("stlye", ["style", "mask"])
    "did you mean 'style'?"
    >>> nearest("x", ["style", "mask"])
    'expected one of mask, style'
    """
    words = sorted(known)
    close = difflib.get_close_matches(word.lower(), words, n=1)
    return f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(words)}"


def shown(value: object) -> str:
    """Return a value as TOML writes it, shortened.

    Examples
    --------
    >>> shown(True), shown("a")
    ('true', "'a'")
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
