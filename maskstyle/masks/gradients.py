"""Gradient masks: fade along a line, or around a point."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import SettingsError
from maskstyle.images.pixels import Mask, Size

Easing: TypeAlias = Literal["linear", "smooth"]
"""The profile of a fade: linear, or smoothstep (3t^2 - 2t^3)."""

_SHORTEST = 1e-9  # avoids division by zero: a fade of length 0 is a hard edge


def linear_mask(
    size: Size, *, angle: float = 0.0, start: float = 0.0, end: float = 100.0, easing: Easing = "linear"
) -> Mask:
    """Make a mask that fades from 1 to 0 along a line.

    Parameters
    ----------
    size : (height, width)
        In pixels.
    angle : float
        Direction of the fade in degrees, clockwise: 0 is left to right, 90 is top to bottom.
    start, end : float
        Where the fade starts (the last 1) and ends (the first 0), in percent of the distance between the centers of
        the first and the last pixel in that direction. Either may lie outside the image. Equal values make a hard
        edge.
    easing : {"linear", "smooth"}
        The profile of the fade.

    Returns
    -------
    (H, W) float32 array
        In [0, 1]; exactly 1 up to `start` and exactly 0 from `end` on.

    Raises
    ------
    SettingsError
        If a number is not finite, or `start` is greater than `end`.

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
    length = max(float(np.ptp(along)), _SHORTEST)
    return _fade(100 * (along - along.min()) / length, start, end, easing)


def gradient_between(
    size: Size, start: tuple[float, float], end: tuple[float, float], *, fade: float = 1.0, easing: Easing = "linear"
) -> Mask:
    """Make a mask that fades from 1 to 0 between two points, as a gradient tool draws it.

    Parameters
    ----------
    size : (height, width)
        In pixels.
    start, end : (x, y)
        The points, in pixels; the center of the first pixel is (0, 0). They may lie outside the image.
    fade : float
        Share of the way between the points over which the mask fades, around its middle, 0 to 1: 1 fades all the
        way, 0 is a hard edge.
    easing : {"linear", "smooth"}
        The profile of the fade.

    Returns
    -------
    (H, W) float32 array
        In [0, 1].

    Raises
    ------
    SettingsError
        If a number is not finite, or `fade` is out of range.

    Examples
    --------
    >>> gradient_between((1, 5), (1, 0), (3, 0)).tolist()
    [[1.0, 1.0, 0.5, 0.0, 0.0]]
    """
    numbers = (*start, *end, fade)
    if not all(math.isfinite(each) for each in numbers) or not 0 <= fade <= 1:
        raise SettingsError(f"the gradient is {numbers}; expected two points and a fade from 0 to 1")
    rows, columns = _pixels(size)
    right, down = end[0] - start[0], end[1] - start[1]
    squared = max(right**2 + down**2, _SHORTEST)
    along = ((columns - start[0]) * right + (rows - start[1]) * down) / squared
    return _fade(along, 0.5 - fade / 2, 0.5 + fade / 2, easing)


def radial_mask(
    size: Size,
    *,
    center: tuple[float, float] = (50.0, 50.0),
    inner: float = 0.0,
    outer: float = 100.0,
    shape: Literal["ellipse", "circle"] = "ellipse",
    easing: Easing = "linear",
) -> Mask:
    """Make a mask that fades around a point, from 1 inside to 0 outside.

    Parameters
    ----------
    size : (height, width)
        In pixels.
    center : (x, y)
        The point, in percent of the width and the height, measured between the centers of the outermost pixels.
    inner, outer : float
        The radii where the fade starts (the last 1) and ends (the first 0), at least 0. Equal values make a hard
        edge.
    shape : {"ellipse", "circle"}
        Unit of the radii. ``ellipse``: percent of half the width and half the height; around the center, 100 touches
        all four image borders and 142 covers the corners. ``circle``: percent of half the shorter side.
    easing : {"linear", "smooth"}
        The profile of the fade.

    Returns
    -------
    (H, W) float32 array
        In [0, 1]; exactly 1 within `inner` and exactly 0 beyond `outer`.

    Raises
    ------
    SettingsError
        If a number is not finite, or `inner` is negative or greater than `outer`.

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
    return _fade(100 * np.hypot((columns - x) / right, (rows - y) / down), inner, outer, easing)


def eased(mask: Mask, easing: Easing) -> Mask:
    """Return a linearly fading mask with another profile.

    >>> eased(np.array([[0, 0.25, 0.5, 1]], np.float32), "smooth").tolist()
    [[0.0, 0.15625, 0.5, 1.0]]
    """
    return mask * mask * (3 - 2 * mask) if easing == "smooth" else mask


def _pixels(size: Size) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return row numbers as (H, 1) and column numbers as (1, W)."""
    if min(size) < 1:
        raise SettingsError(f"size is {size[0]}x{size[1]} (height x width); expected at least 1x1")
    return np.arange(size[0], dtype=np.float64)[:, np.newaxis], np.arange(size[1], dtype=np.float64)[np.newaxis]


def _fade(distance: NDArray[np.float64], start: float, end: float, easing: Easing) -> Mask:
    """Return 1 for distances up to `start`, 0 from `end` on, and the fade in between."""
    left = np.round((end - distance) / max(end - start, _SHORTEST), 9)  # rounds 1e-16 to an exact 0
    return eased(np.clip(left, 0, 1).astype(np.float32), easing)


def _require_order(first: str, low: float, second: str, high: float) -> None:
    for name, value in ((first, low), (second, high)):
        if not math.isfinite(value):
            raise SettingsError(f"{name} is {value}; expected a finite number")
    if low > high:
        raise SettingsError(f"`{first}` is {low:g} and `{second}` is {high:g}; expected `{first}` to be the smaller")
