"""The types of values that are read back, and the one check of a value against a type.

Plans, records of results and headers of checkpoints declare their values with these types. `msgspec` checks them
strictly: no text is read as a number, and every number is finite.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Annotated, Any, TypeAlias, TypeVar

import msgspec
from msgspec import Meta

from maskstyle.settings import LARGEST_PIXELS, LARGEST_WHOLE

Text: TypeAlias = Annotated[str, Meta(pattern=r"\A(?=[\s\S]*\S)[^\0\ud800-\udfff]*\Z")]
"""Text that is not blank, and that a file of UTF-8 and a file's name can hold."""

Count: TypeAlias = Annotated[int, Meta(ge=1, le=LARGEST_WHOLE)]
Whole: TypeAlias = Annotated[int, Meta(ge=0, le=LARGEST_WHOLE)]
Number: TypeAlias = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
AtLeastZero: TypeAlias = Annotated[float, Meta(ge=0, le=sys.float_info.max)]
AboveZero: TypeAlias = Annotated[float, Meta(gt=0, le=sys.float_info.max)]

Side: TypeAlias = Annotated[int, Meta(ge=1, le=LARGEST_PIXELS)]
Size: TypeAlias = tuple[Side, Side]
"""(height, width) in pixels."""

Losses: TypeAlias = dict[str, Number]
"""Weighted losses by term."""

LayerPairs: TypeAlias = tuple[tuple[Text, Number], ...]
"""Layers with their weights, as records have them."""

T = TypeVar("T")

_EXPECTED = {
    r"`str` matching regex '\\\\A\(\?=.*'": "text without NUL that is not blank",
    r"`str` matching regex '\\\\A\((.*)\)\\\\Z'": r"one of \1",
    r"`int` >= (\S+)": r"a whole number of at least \1",
    r"`int` <= (\S+)": r"a whole number of at most \1",
    r"`float` > (\S+)": r"a number above \1",
    r"`float` >= -1\.79\S+": "a finite number",
    r"`float` <= 1\.79\S+": "a finite number",
    r"`float` >= (\S+)": r"a number of at least \1",
}
"""Words for what msgspec expects."""

_TYPES = {
    "str": "text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "array": "a list",
    "object": "a table",
    "null": "nothing",
}
"""Words for msgspec's types."""


class Unfit(ValueError):
    """A value does not fit its type; the message says where and why."""


def fitting(value: Any, of: type[T], name: str = "") -> T:
    """Return a value as its type has it: lists as tuples, whole numbers as floats, tables as their dataclasses.

    Parameters
    ----------
    value : anything
        Plain values, as JSON and TOML have them.
    of : type
        Any type that `msgspec.convert` takes, such as those of this module or a dataclass of them.
    name : str
        The name of the value in messages.

    Raises
    ------
    Unfit
        If a value anywhere inside has another type or is out of its range.

    Examples
    --------
    >>> fitting([32, 40], Size)
    (32, 40)
    >>> fitting([32, 0], Size, "size")
    Traceback (most recent call last):
    maskstyle.schemas.values.Unfit: size[1]: expected a whole number of at least 1
    """
    try:
        return msgspec.convert(value, of)
    except msgspec.ValidationError as error:
        raise Unfit(_sentence(str(error), name)) from None
    except (UnicodeEncodeError, RecursionError) as error:  # lone surrogates; thousands of tables inside each other
        raise Unfit(f"{name or 'a value'}: {error}") from None


def fits(value: Any, of: Any) -> bool:
    """Return whether a value fits a type; see `fitting`."""
    try:
        fitting(value, of)
    except Unfit:
        return False
    return True


def decoded(text: str | bytes, of: type[T]) -> T:
    """Return a JSON text as its type has it; see `fitting`.

    Raises
    ------
    Unfit
        If the text is not JSON, or a value does not fit.
    """
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:  # also: numbers of thousands of digits, thousands of brackets
        raise Unfit(f"it is not JSON ({error})") from None
    return fitting(value, of)


def _sentence(message: str, name: str) -> str:
    """Return a message of msgspec in the words of maskstyle, with the place first."""
    found = re.fullmatch(r"(?s)(.*?)(?: - at `(?:key` in `)?\$\.?(.*)`)?", message)
    assert found is not None  # the pattern fits every text
    said, place = found[1], f"{name}{found[2] or ''}"
    for words, ours in _EXPECTED.items():
        said = re.sub(words, ours, said, count=1, flags=re.DOTALL)
    said = re.sub(r"`(\w+(?: \| \w+)*)`", lambda types: _listed(types[1]), said)
    said = said[:1].lower() + said[1:]
    return f"{place}: {said}" if place else said


def _listed(types: str) -> str:
    """Return types that msgspec separates by bars in words; any other name is a key."""
    return " or ".join(_TYPES.get(each, each) for each in types.split(" | "))
