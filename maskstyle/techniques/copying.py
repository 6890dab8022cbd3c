"""Copies of the arrays that a caller passes: a run takes long, and its callbacks may change those of the caller."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

Value = TypeVar("Value")


def arrays_in(value: Any) -> Iterator[NDArray[Any]]:
    """Yield the arrays of a value: of its items, or of its fields.

    Examples
    --------
    >>> [each.shape for each in arrays_in([np.zeros(2), (np.ones(3), "a")])]
    [(2,), (3,)]
    """
    if isinstance(value, np.ndarray):
        yield value
    elif isinstance(value, list | tuple):
        for each in value:
            yield from arrays_in(each)
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        for field in dataclasses.fields(value):
            yield from arrays_in(getattr(value, field.name))


def apart(value: Value, theirs: list[NDArray[Any]], *, shared: tuple[Any, ...] = ()) -> Value:
    """Return a value with copies of the arrays that share memory with the caller's; the others stay, uncopied.

    Parameters
    ----------
    value : anything
        A dataclass, or a sequence.
    theirs : list of array
        The arrays of the caller.
    shared : tuple
        What is not copied, whatever it has, such as a loaded network.
    """
    own = [each for each in arrays_in(value) if not any(np.may_share_memory(each, other) for other in theirs)]
    return deepcopy(value, {id(each): each for each in (*own, *shared)})
