"""Combine several masks into one, or normalize them so that they sum to 1."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.pixels import Mask
from maskstyle.settings import check_choice

_FUNCTIONS: Mapping[str, Callable[[Mask, Mask], NDArray[np.float32]]] = {
    "multiply": np.multiply,
    "add": np.add,
    "subtract": np.subtract,
    "maximum": np.maximum,
    "minimum": np.minimum,
}

MASK_OPERATIONS = (*_FUNCTIONS, "invert")
"""The operations of `combine_masks`."""


def combine_masks(masks: Sequence[Mask], *, how: str) -> Mask:
    """Combine masks into one.

    Parameters
    ----------
    masks : sequence of (H, W) float32 arrays
        In [0, 1], all of one size: one mask for ``invert``, at least two for every other operation.
    how : {"multiply", "add", "subtract", "maximum", "minimum", "invert"}
        ``add`` is clipped at 1. ``subtract`` subtracts all other masks from the first and is clipped at 0.
        ``invert`` is 1 - mask.

    Returns
    -------
    (H, W) float32 array
        In [0, 1].

    Raises
    ------
    ImageError
        If the masks differ in size.
    SettingsError
        If the operation is unknown or does not take this number of masks.

    Examples
    --------
    >>> left, right = np.array([[1, 0.5, 0]], np.float32), np.array([[0, 0.75, 0.25]], np.float32)
    >>> combine_masks([left, right], how="add").tolist()
    [[1.0, 1.0, 0.25]]
    >>> combine_masks([left, right], how="subtract").tolist()
    [[1.0, 0.0, 0.0]]
    """
    check_choice("how", how, MASK_OPERATIONS)
    if how == "invert":
        if len(masks) != 1:
            raise SettingsError(f"expected one mask to invert, but got {len(masks)}; invert them one by one")
        return 1 - masks[0]
    if len(masks) < 2:
        raise SettingsError(f"expected at least two masks to {how}, but got {len(masks)}; add another one")
    _require_one_size(masks)
    # Clip only the end result: clipping in between would make the order of the masks matter.
    combined: Mask = np.clip(reduce(_FUNCTIONS[how], masks), np.float32(0), np.float32(1))
    return combined


def normalize_masks(masks: Sequence[Mask], *, fill: bool = True, levels: int | None = None) -> list[Mask]:
    """Divide masks by their sum, so that they sum to 1 wherever any of them is above 0.

    Parameters
    ----------
    masks : sequence of (H, W) float32 arrays
        In [0, 1], all of one size, at least two.
    fill : bool
        Whether to scale up pixels at which the masks sum to less than 1. False keeps such pixels as they are, for
        instance along the soft outer edge of a mask.
    levels : int, optional
        The largest sample value of the file format, 255 or 65535. If given, the results are multiples of
        1 / `levels` that still sum to 1, which they might miss if each were rounded on its own. They differ from
        the exact quotients by less than 1 / `levels`.

    Returns
    -------
    list of (H, W) float32 arrays
        In [0, 1]; 0 wherever the mask was 0.

    Raises
    ------
    ImageError
        If the masks differ in size.
    SettingsError
        If there are fewer than two masks.

    Examples
    --------
    >>> first, second = normalize_masks([np.array([[1, 0.5, 0]], np.float32), np.array([[1, 1.5, 0]], np.float32)])
    >>> first.tolist(), second.tolist()
    ([[0.5, 0.25, 0.0]], [[0.5, 0.75, 0.0]])
    """
    if len(masks) < 2:
        raise SettingsError(f"expected at least two masks to normalize, but got {len(masks)}; add another one")
    _require_one_size(masks)
    sums = np.cumsum(np.stack(masks), axis=0, dtype=np.float64)
    total = sums[-1] if fill else np.maximum(sums[-1], 1)
    reached = np.divide(sums, total, out=np.zeros_like(sums), where=total > 0)
    if levels is not None:
        reached = np.round(reached * levels) / levels  # round the running sums: their errors do not accumulate
    return [share.astype(np.float32) for share in np.diff(reached, axis=0, prepend=0)]


def _require_one_size(masks: Sequence[Mask]) -> None:
    sizes = [mask.shape for mask in masks]
    if len(set(sizes)) > 1:
        listed = ", ".join(f"{width}x{height}" for height, width in sizes)
        raise ImageError(f"expected masks of one size, but they are {listed}; resize them")
