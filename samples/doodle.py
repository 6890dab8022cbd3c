"""Draw a doodle for the doodle technique: another coast, in the colors of the harbour's map."""

from collections.abc import Sequence

import numpy as np
from canvas import bump, cloud, coordinates, polygon
from palette import FIGURE, GROUND, LIGHT, SKY, WATER

Corners = Sequence[tuple[float, float]]

HORIZON = 0.52
SUN = (0.30, 0.24, 0.125)
BOAT = (0.50, 0.66)
HOUSES = ((0.93, 0.40, 0.10), (1.05, 0.36, 0.11), (1.17, 0.35, 0.09))  # middle, base, size


def doodle_coast(height: int = 400, seed: int = 5) -> np.ndarray:
    """
    Draw a bay with a cliff village on the right, an island and a sailing boat.

    Parameters
    ----------
    height : int
        Rows; the doodle is 1.28 times as wide.
    seed : int

    Returns
    -------
    (H, W) array of int
        Indices into the palette's table.
    """
    rng = np.random.default_rng(seed)
    straight_x, straight_y = coordinates(height, 1.28)
    shake_x, shake_y = (0.006 * cloud(rng, straight_x.shape, 0.10, 4) for _ in range(2))
    x, y = straight_x + shake_x, straight_y + shake_y
    labels = np.where(y < HORIZON, SKY, WATER)
    labels[np.hypot(x - SUN[0], (y - SUN[1]) * 0.93) < SUN[2]] = LIGHT
    labels[(y > HORIZON - 0.10 * bump(x, 0.10, 0.13)) & (y < HORIZON + 0.02 * bump(x, 0.10, 0.15))] = GROUND
    cliff = 0.60 - 0.30 * np.clip((x - 0.68) / 0.3, 0, 1) ** 0.8 + 0.02 * np.sin(14 * x)
    labels[(y > cliff) & (y < 0.55 + 0.36 * (x - 0.70) / 0.58) & (x > 0.68)] = GROUND
    labels[y > 0.90 - 0.13 * bump(x, 0.12, 0.28) - 0.03 * np.sin(5 * x)] = GROUND
    for part in (*_boat(), *(_house(*house) for house in HOUSES)):
        labels[_shaken(polygon(labels.shape, part), shake_x, shake_y)] = FIGURE
    return labels


def _shaken(mask: np.ndarray, shake_x: np.ndarray, shake_y: np.ndarray) -> np.ndarray:
    """Distort a mask with the same unsteady hand as everything else."""
    height, width = mask.shape
    rows, columns = np.indices(mask.shape)
    rows = np.clip(rows + np.rint(shake_y * height).astype(int), 0, height - 1)
    columns = np.clip(columns + np.rint(shake_x * height).astype(int), 0, width - 1)
    return mask[rows, columns]


def _boat() -> list[Corners]:
    x, y = BOAT
    hull = ((-0.19, -0.06), (0.19, -0.06), (0.12, 0.035), (-0.12, 0.035))
    sail = ((0.0, -0.42), (0.17, -0.09), (-0.16, -0.09), (-0.10, -0.24))
    return [[(x + dx, y + dy) for dx, dy in part] for part in (hull, sail)]


def _house(middle: float, base: float, size: float) -> Corners:
    half, top = size / 2, base - 0.8 * size
    return (
        (middle - half, base), (middle - half, top), (middle, top - 0.7 * size), (middle + half, top),
        (middle + half, base),
    )  # fmt: skip
