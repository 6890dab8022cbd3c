"""Turn what pydantic says about a wrong request into one sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def sentence_of(errors: Sequence[Any]) -> str:
    """Return the first of pydantic's errors as one sentence: where, what arrived, and what was expected.

    Examples
    --------
    >>> sentence_of([{"loc": ("body", "strength"), "msg": "Input should be less than or equal to 1", "input": 3}])
    'strength is 3; expected less than or equal to 1'
    """
    first = errors[0]
    place = ".".join(str(each) for each in first.get("loc", ()) if each not in ("body", "path", "query"))
    text = str(first.get("msg", "invalid")).removeprefix("Value error, ")
    if first.get("type") == "missing":
        return f"{place or 'the request'} is missing"
    if first.get("type") == "extra_forbidden":
        return f"there is no {place}; leave it out"
    given = first.get("input")
    shown = repr(given) if isinstance(given, str | int | float | bool) or given is None else "of another shape"
    expected = text.replace("Input should be", "expected").removeprefix("expected ")
    return f"{place or 'the request'} is {shown[:60]}; expected {expected[:1].lower()}{expected[1:]}"
