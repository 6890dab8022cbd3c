"""Image sizes from coarse to fine."""

from __future__ import annotations

from maskstyle.errors import SettingsError
from maskstyle.images import Size, fit_size

FACTOR = 2
"""Ratio of neighbouring sizes."""


def pyramid_sizes(size: Size, scales: int, *, smallest_side: int = 1) -> list[Size]:
    """Return `scales` sizes that end in `size`, each twice the one before.

    Parameters
    ----------
    size : (height, width)
        The finest size.
    scales : int
        Number of sizes, at least 1.
    smallest_side : int
        The shorter side of the coarsest size must be at least this.

    Raises
    ------
    SettingsError
        Where the coarsest size would be too small.

    Examples
    --------
    >>> pyramid_sizes((300, 400), 3)
    [(75, 100), (150, 200), (300, 400)]
    """
    sizes = [fit_size(size, max(1, round(max(size) / FACTOR**step))) for step in reversed(range(scales))]
    if min(sizes[0]) < smallest_side:
        what, fewer = (f"the coarsest of {scales} scales", "fewer scales, ") if scales > 1 else ("the result", "")
        raise SettingsError(
            f"{what} would be {sizes[0][0]}x{sizes[0][1]} (height x width), but the layers need at least "
            f"{smallest_side} pixels; use {fewer}a larger size or shallower layers"
        )
    return sizes
