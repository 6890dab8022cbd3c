"""Colours for drafted maps: plain, far apart, and the same ones each time."""

from __future__ import annotations

from itertools import product

import numpy as np
from scipy import spatial
from skimage.color import rgb2lab

from maskstyle.map_colors import BASIC_COLORS, Color

_LEVELS = (0, 85, 170, 255)  # of each channel: 64 colours, 85 apart
_FIRST = ("red", "blue", "green", "yellow", "magenta", "cyan", "white", "black")  # what --regions understands


def draft_colors(count: int) -> tuple[Color, ...]:
    """Return colours for a number of regions.

    Parameters
    ----------
    count : int
        1 to 64.

    Returns
    -------
    tuple of Color
        First the pure ones, which have names; then each is, of a grid of colours that are at least 85 apart in RGB,
        the one that looks least like those before it (in CIELAB).

    Examples
    --------
    >>> draft_colors(3)
    ((255, 0, 0), (0, 0, 255), (0, 255, 0))
    """
    grid = np.array(list(product(_LEVELS, repeat=3)))
    looks = rgb2lab(grid / 255)
    apart = spatial.distance.cdist(looks, looks)
    chosen = [int(np.flatnonzero(np.all(grid == BASIC_COLORS[name][0], axis=1))[0]) for name in _FIRST]
    while len(chosen) < count:
        chosen.append(int(np.argmax(apart[chosen].min(axis=0))))
    return tuple((int(red), int(green), int(blue)) for red, green, blue in grid[chosen[:count]])
