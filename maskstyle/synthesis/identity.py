"""What makes two jobs the same: a plain description of one, and what differs between two."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIGEST = "blake2b:"
"""What digests begin with, so that nobody is shown one."""

SHOWN_DIFFERENCES = 3
"""Differences that a sentence names; the others are counted."""


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return a description as JSON gives it back: numbers, names and truths as they are, digests of arrays and lists.

    Parameters
    ----------
    values : mapping of str to anything that `digest` takes
        The parts of the description; mappings among them are described part by part.

    Examples
    --------
    >>> plain({"feather": 8.0, "content image": np.zeros((2, 2))})["feather"]
    8.0
    """
    return {name: _described(value) for name, value in values.items()}


def digest(value: Any) -> str:
    """Return a short digest of arrays, and of sequences, mappings and dataclasses of such.

    Equal values of equal types have equal digests, whatever the memory order of their arrays.

    Raises
    ------
    TypeError
        For anything else, whose digest would not say what is in it.
    """
    hasher = hashlib.blake2b(digest_size=16)
    _feed(hasher, value)
    return DIGEST + str(hasher.hexdigest())


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return a phrase for each part in which two descriptions differ, in the order of the first.

    Parameters
    ----------
    before, now : mapping
        As JSON gives them back; mappings inside are compared part by part.

    Examples
    --------
    >>> before = {"settings": {"steps": 40}, **plain({"content image": np.zeros((2, 2))})}
    >>> differences(before, {"settings": {"steps": 60}, **plain({"content image": np.ones((2, 2))})})
    ['steps was 40 and is 60', 'not the same content image']
    """
    phrases = []
    for name in dict.fromkeys([*before, *now]):
        old, new = before.get(name), now.get(name)
        if old == new:
            continue
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            phrases += differences(old, new)
        elif _is_shown(old) and _is_shown(new):
            phrases.append(f"{name} was {old} and is {new}")
        else:
            phrases.append(f"not the same {name}")
    return phrases


def listed(phrases: Sequence[str]) -> str:
    """Return phrases as part of a sentence, the last ones counted where there are many."""
    more = len(phrases) - SHOWN_DIFFERENCES
    return ", ".join(phrases[:SHOWN_DIFFERENCES]) + (f", and {more} more" if more > 0 else "")


def _described(value: Any) -> Any:
    if isinstance(value, Mapping):
        return plain(value)
    return value if value is None or _is_plain(value) else digest(value)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _is_shown(value: Any) -> bool:
    """Say whether people can tell something from a value, which digests and lists do not say."""
    return value is None or (_is_plain(value) and not str(value).startswith(DIGEST))


def _feed(hasher: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        hasher.update(json.dumps([str(value.dtype), value.shape]).encode())
        for part in [value] if value.flags.c_contiguous else value:  # row by row, where rows must be copied
            hasher.update(_bytes_of(part))
    elif isinstance(value, np.generic):
        _feed(hasher, value.item())
    elif dataclasses.is_dataclass(value):
        _feed(hasher, {field.name: getattr(value, field.name) for field in dataclasses.fields(value)})
    elif isinstance(value, Mapping):
        for name, part in value.items():
            _feed(hasher, name)
            _feed(hasher, part)
    elif isinstance(value, list | tuple):
        hasher.update(f"{len(value)} of".encode())
        for part in value:
            _feed(hasher, part)
    elif value is None or _is_plain(value):
        hasher.update(f"{json.dumps(value)};".encode())
    else:
        raise TypeError(f"there is no digest of a {type(value).__name__}")


def _bytes_of(array: NDArray[Any]) -> NDArray[np.uint8]:
    # By way of bytes, as types like bfloat16 are no buffers that hashes take.
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)
