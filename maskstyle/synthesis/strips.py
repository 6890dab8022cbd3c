"""Images in strips of rows, as optimizers hold them: operations on a whole large image would take much memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np

from maskstyle.images.pixels import Image
from maskstyle.networks.tensorflow import tf
from maskstyle.synthesis.checkpoint_file import State, Strips

MAX_STRIP_VALUES = 2**24
"""Most values in a strip. An update allocates several temporary arrays of a strip's size: 64 MiB each at this limit,
but half a gigabyte each for a whole image of 8192 pixels."""

Start: TypeAlias = Image | Callable[[], Image | State]
"""A starting image, or a function that returns it or the state to resume from. The function is called once, so that
the caller need not keep a large array alive."""


def strip_rows(shape: tuple[int, ...], max_values: int = MAX_STRIP_VALUES) -> list[slice]:
    """Cut an array into strips of rows with at most `max_values` values each, but at least one row.

    Examples
    --------
    >>> strip_rows((1000, 8192, 3))
    [slice(0, 682, None), slice(682, 1000, None)]
    """
    height, *inner = shape
    rows = max(1, max_values // math.prod(inner))
    return [slice(top, min(top + rows, height)) for top in range(0, height, rows)]


def as_arrays(variables: Sequence[Any]) -> Strips:
    """Return the values of tensors, or of variables until their next assignment, without copying them."""
    return tuple(np.asarray(tf.convert_to_tensor(variable)) for variable in variables)


def joined(strips: Strips) -> Image:
    """Return the array that was cut into strips."""
    return strips[0] if len(strips) == 1 else np.concatenate(strips)
