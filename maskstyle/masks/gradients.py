"""Soft masks from nothing but a size: gradients along a line and around a point."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import SettingsError
from maskstyle.images.pixels import Mask, Size

Easing: TypeAlias = Literal["linear", "smooth"]
"""How a mask fades: evenly, or slowly at both ends (3t^2 - 2t^3)."""

_LEAST_WAY = 1e-9  # a way of no length is a hard edge


def linear_mask(
    size: Size, *, angle: float = 0.0, start: float = 0.0, end: float = 100.0, easing: Easing = "linear"
) -> Mask:
    """Return a mask that fades along a line, from 1 to 0.

    Parameters
    ----------
    size : (height, width)
        In pixels.
    angle : float
        The direction in which it fades, in degrees: 0 from left to right, 90 from top to bottom, and on clockwise.
    start, end : float
        Where the mask ceases to be 1 and where it becomes 0, in percent of the way through the picture, from the
        center of the first pixel in that direction to that of the last; may lie outside it. Equal: a hard edge.
    easing : {"linear", "smooth"}
        How it fades.

    Returns
    -------
    (H, W) float32 array
        In [0, 1]; exactly 1 up to `start` and 0 from `end` on.

    Raises
    ------
    SettingsError
        If a number is not finite, or `start` lies beyond `end`.

    Examples
    --------
    >>> linear_mask((1, 5))
    array([[1.  , 0.75, 0.5 , 0.25, 0.  ]], dtype=float32)
    >>> linear_mask((1, 5), angle=180, start=50).tolist()
    [[0.0, 0.5, 1.0, 1.0, 1.0]]
    """
    if not math.isfinite(angle):
        raise SettingsError(f"angle is {angle}; expected a number of degrees")
    _require_order("start", start, "end", end)
    rows, columns = _pixels(size)
    turned = math.radians(angle)
    along = columns * math.cos(turned) + rows * math.sin(turned)
    length = max(float(np.ptp(along)), _LEAST_WAY)
    return _fading(100 * (along - along.min()) / length, start, end, easing)


def radial_mask(
    size: Size,
    *,
    center: tuple[float, float] = (50.0, 50.0),
    inner: float = 0.0,
    outer: float = 100.0,
    shape: Literal["ellipse", "circle"] = "ellipse",
    easing: Easing = "linear",
) -> Mask:
    """Return a mask that fades around a point, from 1 inside to 0 outside.

    Parameters
    ----------
    size : (height, width)
        In pixels.
    center : (x, y)
        The point, in percent of the width and of the height, from the first pixel's center to the last one's.
    inner, outer : float
        The radii at which the mask ceases to be 1 and at which it becomes 0, at least 0. Equal: a hard edge.
    shape : {"ellipse", "circle"}
        Radii are percent of half the width and half the height, so that 100 around the middle touches all four
        edges of the picture and 142 reaches beyond its corners; or percent of half the shorter side.
    easing : {"linear", "smooth"}
        How it fades.

    Returns
    -------
    (H, W) float32 array
        In [0, 1]; exactly 1 within `inner` and 0 beyond `outer`.

    Raises
    ------
    SettingsError
        If a number is not finite, `inner` is negative, or above `outer`.

    Examples
    --------
    >>> radial_mask((1, 5)).tolist()
    [[0.0, 0.5, 1.0, 0.5, 0.0]]
    """
    if not all(math.isfinite(percent) for percent in center):
        raise SettingsError(f"center is {center}; expected two numbers")
    _require_order("inner", inner, "outer", outer)
    if inner < 0:
        raise SettingsError(f"inner is {inner:g}; expected a radius of at least 0")
    rows, columns = _pixels(size)
    down, right = (max(side - 1, 1) / 2 for side in size)
    if shape == "circle":
        down = right = min(down, right)
    x, y = center[0] / 100 * (size[1] - 1), center[1] / 100 * (size[0] - 1)
    return _fading(100 * np.hypot((columns - x) / right, (rows - y) / down), inner, outer, easing)


def eased(mask: Mask, easing: Easing) -> Mask:
    """Return a mask whose even fading follows another course.

    Examples
    --------
    >>> eased(np.array([[0, 0.25, 0.5, 1]], np.float32), "smooth").tolist()
    [[0.0, 0.15625, 0.5, 1.0]]
    """
    return mask * mask * (3 - 2 * mask) if easing == "smooth" else mask


def _pixels(size: Size) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the rows as (H, 1) and the columns as (1, W)."""
    if min(size) < 1:
        raise SettingsError(f"size is {size[0]}x{size[1]} (height x width); expected at least 1x1")
    return np.arange(size[0], dtype=np.float64)[:, np.newaxis], np.arange(size[1], dtype=np.float64)[np.newaxis]


def _fading(way: NDArray[np.float64], start: float, end: float, easing: Easing) -> Mask:
    """Return 1 where `way` is up to `start`, 0 from `end` on, and what is between."""
    left = np.round((end - way) / max(end - start, _LEAST_WAY), 9)  # no 1e-16 where there is to be 0
    return eased(np.clip(left, 0, 1).astype(np.float32), easing)


def _require_order(first: str, low: float, second: str, high: float) -> None:
    for name, value in ((first, low), (second, high)):
        if not math.isfinite(value):
            raise SettingsError(f"{name} is {value}; expected a finite number")
    if low > high:
        raise SettingsError(f"{first} is {low:g} and {second} is {high:g}; expected {first} to be the smaller")
