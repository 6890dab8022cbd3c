"""Turn what went wrong into one sentence: an exception, or what pydantic says about a wrong request."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from maskstyle.errors import MaskstyleError

_LINE_OF_PLAN = re.compile(r"^.{1,4096}?\.toml, line \d+: ")
"""Where a plan is wrong: a person at the page has not seen the plan."""


def sentence_of_request(errors: Sequence[Any]) -> str:
    """Return the first of pydantic's errors as one sentence: where, what arrived, and what was expected.

    Examples
    --------
    >>> wrong = {"loc": ("body", "strength"), "msg": "Input should be less than or equal to 1", "input": 3}
    >>> sentence_of_request([wrong])
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


def sentence_of(error: Exception) -> str:
    """Return an exception as one sentence.

    Examples
    --------
    >>> sentence_of(ValueError("too few"))
    'something unexpected went wrong (ValueError: too few)'
    >>> sentence_of(MaskstyleError("results/0001.toml, line 3: the mask is empty; enlarge it"))
    'the mask is empty; enlarge it'
    """
    if isinstance(error, MaskstyleError):
        return _LINE_OF_PLAN.sub("", " ".join(str(error).split()))
    if isinstance(error, MemoryError):
        return "there is not enough memory; render at a smaller size"
    return f"something unexpected went wrong ({type(error).__name__}: {error})"
