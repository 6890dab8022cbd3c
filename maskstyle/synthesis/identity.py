"""Identity of a run: describe a run as JSON, and name the differences between two descriptions."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

DIGEST_PREFIX = "blake2b:"
"""Marks digests, so that no message shows one."""

MAX_LISTED = 3
"""Number of phrases that a message lists; it counts the rest."""


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Describe values as JSON can hold them, mappings recursively: plain values stay, others become digests.

    >>> plain({"feather": 8.0, "content image": np.zeros((2, 2))})["feather"]
    8.0
    """
    return {name: _described(value) for name, value in values.items()}


def digest(value: Any) -> str:
    """Return a short digest of a plain value, an array, or a sequence, mapping or dataclass of them.

    Equal values of equal types have equal digests, whatever the memory order of their arrays. Fields of dataclasses
    that are not compared do not count.

    Raises TypeError if there is another object among the values; its digest would not depend on its content.
    """
    hasher = hashlib.blake2b(digest_size=16)
    _feed(hasher, value)
    return DIGEST_PREFIX + str(hasher.hexdigest())


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return a phrase for each difference between two descriptions, in the order of the first.

    Nested mappings are compared recursively.

    >>> before = {"settings": {"steps": 40}, **plain({"content image": np.zeros((2, 2))})}
    >>> differences(before, {"settings": {"steps": 60}, **plain({"content image": np.ones((2, 2))})})
    ['steps was 40 and is 60', 'different content image']
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
            phrases.append(f"different {name}")
    return phrases


def listed(phrases: Sequence[str]) -> str:
    """Join phrases for a message; beyond three, count the rest.

    >>> listed(["a", "b", "c", "d", "e"])
    'a, b, c, and 2 more'
    """
    more = len(phrases) - MAX_LISTED
    return ", ".join(phrases[:MAX_LISTED]) + (f", and {more} more" if more > 0 else "")


def _described(value: Any) -> Any:
    if isinstance(value, Mapping):
        return plain(value)
    return value if value is None or _is_plain(value) else digest(value)


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | int | float | bool)


def _is_shown(value: Any) -> bool:
    """Whether a message can show a value; digests and lists mean nothing to people."""
    return value is None or (_is_plain(value) and not str(value).startswith(DIGEST_PREFIX))


def _feed(hasher: Any, value: Any) -> None:
    if isinstance(value, np.ndarray):
        hasher.update(json.dumps([str(value.dtype), value.shape]).encode())
        for part in [value] if value.flags.c_contiguous else value:  # copies only a row at a time
            hasher.update(_bytes_of(part))
    elif isinstance(value, np.generic):
        _feed(hasher, value.item())
    elif dataclasses.is_dataclass(value):
        _feed(
            hasher, {field.name: getattr(value, field.name) for field in dataclasses.fields(value) if field.compare}
        )
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
        raise TypeError(f"cannot digest a value of type {type(value).__name__}")


def _bytes_of(array: NDArray[Any]) -> NDArray[np.uint8]:
    # A view as bytes, since types such as bfloat16 do not support the buffer protocol.
    return np.ascontiguousarray(array).reshape(-1).view(np.uint8)
