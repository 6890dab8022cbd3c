"""One mask of several, and several that share every pixel out among them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.pixels import Mask

_WAYS: Mapping[str, Callable[[Mask, Mask], NDArray[np.float32]]] = {
    "multiply": np.multiply,
    "add": np.add,
    "subtract": np.subtract,
    "maximum": np.maximum,
    "minimum": np.minimum,
}

WAYS = (*_WAYS, "invert")
"""How masks are combined."""


def combine_masks(masks: Sequence[Mask], *, how: str) -> Mask:
    """Make one mask of several.

    Parameters
    ----------
    masks : sequence of (H, W) float32 arrays
        In [0, 1], all of one size: at least two, or one to invert.
    how : {"multiply", "add", "subtract", "maximum", "minimum", "invert"}
        ``add`` stops at 1; ``subtract`` takes all others from the first and stops at 0; ``invert`` is 1 - mask.

    Returns
    -------
    (H, W) float32 array
        In [0, 1].

    Raises
    ------
    ImageError
        If the masks differ in size.
    SettingsError
        If there is no such way, or it takes another number of masks.

    Examples
    --------
    >>> left, right = np.array([[1, 0.5, 0]], np.float32), np.array([[0, 0.75, 0.25]], np.float32)
    >>> combine_masks([left, right], how="add").tolist()
    [[1.0, 1.0, 0.25]]
    >>> combine_masks([left, right], how="subtract").tolist()
    [[1.0, 0.0, 0.0]]
    """
    if how not in WAYS:
        raise SettingsError(f"how is {how!r}; expected one of {', '.join(WAYS)}")
    if how == "invert":
        if len(masks) != 1:
            raise SettingsError(f"expected one mask to invert, but got {len(masks)}; invert them one by one")
        return 1 - masks[0]
    if len(masks) < 2:
        raise SettingsError(f"expected at least two masks to {how}, but got {len(masks)}; name another one")
    _require_one_size(masks)
    # Both stop at the end only: of several that are taken from the first, none brings back what another took.
    combined: Mask = np.clip(reduce(_WAYS[how], masks), np.float32(0), np.float32(1))
    return combined


def normalize_masks(masks: Sequence[Mask], *, fill: bool = True, levels: int | None = None) -> list[Mask]:
    """Divide masks by their sum, so that together they are 1 wherever one of them is above 0.

    Parameters
    ----------
    masks : sequence of (H, W) float32 arrays
        In [0, 1], all of one size, at least two.
    fill : bool
        False leaves alone what adds up to less than 1, such as the soft edge of a mask towards nothing, which is
        otherwise as white as its middle where no other mask is.
    levels : int, optional
        The greatest number that a file can hold, 255 or 65535: results are then multiples of 1 / `levels` that still
        add up, which rounding each by itself could miss by some. They differ from the quotients by less than that.

    Returns
    -------
    list of (H, W) float32 arrays
        In [0, 1]; 0 wherever the mask was.

    Raises
    ------
    ImageError
        If the masks differ in size.
    SettingsError
        If there are fewer than two.

    Examples
    --------
    >>> first, second = normalize_masks([np.array([[1, 0.5, 0]], np.float32), np.array([[1, 1.5, 0]], np.float32)])
    >>> first.tolist(), second.tolist()
    ([[0.5, 0.25, 0.0]], [[0.5, 0.75, 0.0]])
    """
    if len(masks) < 2:
        raise SettingsError(f"expected at least two masks to normalize, but got {len(masks)}; name another one")
    _require_one_size(masks)
    sums = np.cumsum(np.stack(masks), axis=0, dtype=np.float64)
    total = sums[-1] if fill else np.maximum(sums[-1], 1)
    reached = np.divide(sums, total, out=np.zeros_like(sums), where=total > 0)
    if levels is not None:
        reached = np.round(reached * levels) / levels  # rounding what has been reached lets no error add up
    return [share.astype(np.float32) for share in np.diff(reached, axis=0, prepend=0)]


def _require_one_size(masks: Sequence[Mask]) -> None:
    sizes = [mask.shape for mask in masks]
    if len(set(sizes)) > 1:
        listed = ", ".join(f"{height}x{width}" for height, width in sizes)
        raise ImageError(f"expected masks of one size, but they are {listed} (height x width); resize them")
