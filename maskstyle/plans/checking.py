"""Check the keys and the kinds of values of a plan: all mistakes at once, each with its line."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Annotated, Any

from msgspec import Meta

from maskstyle.errors import MaskstyleError, Mistakes, SettingsError
from maskstyle.plans.lines import KeyPath, nearest_line
from maskstyle.schemas.values import AboveZero, AtLeastZero, Count, Number, Text, Whole, fits


@dataclass(frozen=True)
class Source:
    """Where a plan came from, for messages."""

    name: str = ""  # the plan file in messages; empty where there is none
    lines: Mapping[KeyPath, int] = field(default_factory=dict)  # from `maskstyle.plans.lines.key_lines`
    # The options that changed values of the plan, such as ``--set content``.
    options: Mapping[KeyPath, str] = field(default_factory=dict)
    found: list[MaskstyleError] = field(default_factory=list, compare=False)  # the mistakes collected so far

    def naming(self, text: str) -> str:
        """Return a text with its parameters, which stand in backticks, named as the person wrote them."""
        return text.replace("`", "")

    def message(self, path: KeyPath, text: str) -> str:
        """Return a sentence about the value at a key path, with its line or the option that changed it."""
        named, option = self.naming(text), self.option(path)
        if option is not None:
            own = re.fullmatch(rf"(?:the )?{re.escape(str(path[-1]))} (.*)", named, re.DOTALL)
            return f"{option}: {named}" if own is None else f"{option} {own[1]}"
        return f"{self.name}, line {self.line(path)}: {named}" if self.name else named

    def option(self, path: KeyPath) -> str | None:
        """Return the option that changed the value at a key path, a table around it, or a value in it, or None."""
        around = [path[:length] for length in range(len(path), 0, -1)]
        inside = [each for each in self.options if len(path) > 1 and each[: len(path)] == path]
        return next((self.options[each] for each in (*around, *inside) if each in self.options), None)

    def line(self, path: KeyPath) -> int:
        """Return the line of the value at a key path, or of the table around it."""
        return nearest_line(dict(self.lines), path)

    def error(self, path: KeyPath, text: str) -> SettingsError:
        """Return the error for the value at a key path."""
        error = SettingsError(self.message(path, text))
        error.line = self.line(path)
        return error

    def report(self, path: KeyPath, text: str) -> None:
        """Collect a mistake in the value at a key path."""
        self.found.append(self.error(path, text))

    @contextmanager
    def collecting(self) -> Iterator[None]:
        """Collect any error of the block, and go on after it."""
        try:
            yield
        except MaskstyleError as error:
            self.found.append(error)

    def raise_found(self) -> None:
        """Raise what was collected, in the order of the lines; nothing if there is nothing."""
        errors = list({str(error): error for error in sorted(self.found, key=lambda error: error.line)}.values())
        self.found.clear()
        if len(errors) == 1:
            raise errors[0]
        if errors:
            raise Mistakes(*map(str, errors))

    @contextmanager
    def locating(self, *path: str | int) -> Iterator[None]:
        """Name the line of a key path in any error of the block."""
        try:
            yield
        except MaskstyleError as error:
            located = type(error)(self.message(path, str(error)))
            located.line = self.line(path)
            raise located from None


@dataclass(frozen=True)
class Kind:
    """A kind of value of a key."""

    words: str  # the expected value in messages
    of: Any  # the type of the value, made of those of `maskstyle.schemas.values`
    wraps: type | tuple[type, ...] | None = None  # a value of this type is understood as a list of one

    def fits(self, value: Any) -> bool:
        """Return whether a value is of this kind."""
        return fits(_as_utf8(value), self.of)

    def understood(self, value: Any) -> Any:
        """Return a value as the person meant it: one text or table where a list is expected is a list of one."""
        return [value] if self.wraps is not None and isinstance(value, self.wraps) else value


def _as_utf8(value: Any) -> Any:
    """Return a text as UTF-8 can hold it: in a locale without UTF-8, Python escapes bytes of file names."""
    if not isinstance(value, str):
        return value
    return re.sub(r"[\udc80-\udcff]", "?", value)


TEXT = Kind('a text in quotes, such as "photo.jpg"', Text)
REGION = Kind('a color in quotes or an id, such as "red" or 3', Text | Whole)
REGIONS = Kind(
    'a list of colors and ids, such as ["red", "#0000ff", 3]',
    Annotated[list[Text | Whole], Meta(min_length=1)],
    wraps=(str, int),
)
TEXTS = Kind('a list of texts, such as ["red", "#0000ff"]', Annotated[list[Text], Meta(min_length=1)], wraps=str)
YES_NO = Kind("true or false", bool)
TABLE = Kind("a table", dict[str, Any])
REGION_TABLE = Kind('a table of texts, such as { red = "#0000ff" }', dict[Text, Text | Whole])
NUMBER_TABLE = Kind("a table of numbers, such as { red = 0.8 }", dict[Text, Number])
TABLES = Kind("tables, each below a line [[region]]", list[dict[str, Any]], wraps=dict)
COUNT = Kind("a whole number of at least 1", Count)
ANY_NUMBER = Kind("a number", Number)
NUMBER = Kind("a number of at least 0", AtLeastZero)
POSITIVE = Kind("a number above 0", AboveZero)


def checked_keys(
    source: Source,
    path: KeyPath,
    table: Mapping[str, Any],
    known: Mapping[str, Kind],
    where: str,
    places: Mapping[str, str] = MappingProxyType({}),
) -> Checked:
    """Return the entries of a table that have a known key and a value of its kind; report all others.

    Messages call the table `where`; `places` says where keys belong that other tables have.
    """
    right = {}
    for key, given in table.items():
        if key not in known:
            advice = f"it belongs {places[key]}" if key in places else nearest(key, known)
            source.report((*path, key), f"{where} has no key {key!r}; {advice}")
            continue
        value = known[key].understood(given)
        if known[key].fits(value):
            right[key] = value
        else:
            source.report((*path, key), f"{key} is {shown(given)}; expected {known[key].words}")
    return Checked(right, whole=len(right) == len(table))


class Checked(dict[str, Any]):
    """The entries of a table without those that are wrong.

    If something was wrong, they are not `whole`: a key that is missing may be one that was misspelled, and is no
    mistake of its own.
    """

    def __init__(self, entries: Mapping[str, Any], *, whole: bool = True) -> None:
        super().__init__(entries)
        self.whole = whole


def nearest(word: str, known: Iterable[str]) -> str:
    """Return advice about a word that is not known: the nearest known word, or all of them.

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

    >>> shown(True), shown("a")
    ('true', "'a'")
    """
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a table"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
