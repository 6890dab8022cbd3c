"""Compute large arrays in strips of rows, so that what a computation needs beside its result stays small."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

STRIP_VALUES = 1 << 22
"""Values of each strip. Images of up to 1,182 x 1,182 pixels are one strip."""


def row_strips(shape: tuple[int, ...], values: int = STRIP_VALUES) -> list[slice]:
    """Cut an array of a shape into strips of rows with at most some number of values each, but at least one row.

    Examples
    --------
    >>> row_strips((1000, 8192, 3), values=2**24)
    [slice(0, 682, None), slice(682, 1000, None)]
    """
    height, *inner = shape
    rows = max(1, values // max(1, math.prod(inner)))
    return [slice(top, min(top + rows, height)) for top in range(0, height, rows)]


def by_strips(function: Callable[..., NDArray[Any]], *arrays: NDArray[Any] | None) -> NDArray[Any]:
    """Return a function of the rows of arrays, computed strip by strip.

    Parameters
    ----------
    function : callable
        From strips of rows, in the order of `arrays`, to as many rows of the result.
    arrays : (H, ...) arrays or None
        Arrays of one height; None is passed on.

    Examples
    --------
    >>> by_strips(lambda rows: rows.max(axis=1), np.array([[1, 2], [4, 3]])).tolist()
    [2, 4]
    """
    first = next(each for each in arrays if each is not None)
    result: NDArray[Any] | None = None
    strips = row_strips(first.shape)
    for rows in strips:
        part = function(*(None if each is None else each[rows] for each in arrays))
        if len(strips) == 1:
            return part
        if result is None:
            result = np.empty((len(first), *part.shape[1:]), part.dtype)
        result[rows] = part
    assert result is not None
    return result
