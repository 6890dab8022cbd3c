"""Paint `harbour`: an evening bay in thick oriented brush strokes, like the post-impressionists."""

from functools import partial

import numpy as np
from canvas import (
    SUPERSAMPLING,
    Number,
    bump,
    cloud,
    coordinates,
    field_along,
    mix,
    noise,
    polygon,
    ramp,
    relief,
    smoothstep,
    to_labels,
    to_pixels,
)
from palette import FIGURE, GROUND, LIGHT, SKY, WATER
from strokes import Brush, jittered, paint_region

Corners = list[tuple[float, float]]

SUN = (0.88, 0.25)
SUN_RADIUS = 0.085
HORIZON = 0.47
# Column, row, radius and strength of the swirls in the sky
SWIRLS = (
    (0.36, 0.13, 0.12, 0.16),
    (0.62, 0.10, 0.09, -0.11),
    (1.13, 0.10, 0.07, 0.08),
    (0.05, 0.06, 0.10, -0.12),
)
WINDOW_BLUE = (0.20, 0.24, 0.45)
# Brushes of each region, from the ground coat to the finish
BRUSHES = {
    SKY: (Brush(0.034, 0.15, 3), Brush(0.020, 0.12, 1.8, 0.08), Brush(0.010, 0.08, 0.5, 0.11)),
    LIGHT: (Brush(0.022, 0.06, 5, 0.03), Brush(0.014, 0.06, 2.0, 0.04)),
    WATER: (Brush(0.028, 0.13, 3), Brush(0.017, 0.085, 1.5, 0.08), Brush(0.009, 0.05, 0.6, 0.11)),
    GROUND: (Brush(0.028, 0.10, 3), Brush(0.017, 0.07, 1.7, 0.09), Brush(0.009, 0.045, 0.7, 0.11)),
    FIGURE: (Brush(0.013, 0.045, 9, 0.03), Brush(0.009, 0.035, 2.5, 0.05)),
}
HOUSES = (  # left, right, height, wall, roof
    (0.10, 0.16, 0.060, (242, 205, 150), (205, 70, 40)),
    (0.165, 0.215, 0.085, (236, 170, 130), (150, 50, 60)),
    (0.22, 0.29, 0.055, (250, 230, 185), (226, 105, 40)),
    (0.295, 0.345, 0.075, (225, 190, 175), (178, 58, 44)),
    (0.355, 0.42, 0.052, (246, 196, 110), (200, 80, 50)),
    (0.43, 0.475, 0.062, (240, 215, 190), (160, 60, 80)),
)


def paint_harbour(height: int = 512, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """
    Paint the harbour.

    Parameters
    ----------
    height : int
        Rows of the picture; it is 1.25 times as wide.
    seed : int

    Returns
    -------
    picture : (H, W, 3) array of uint8
    labels : (H, W) array of int
        Indices into the palette's table.
    """
    rng = np.random.default_rng(seed)
    x, y = coordinates(height * SUPERSAMPLING)
    labels = _lay_out(x, y)
    scene = _color(rng, x, y, labels)
    field = _directions(rng, x, y, labels)
    canvas = 0.6 * scene  # a dull ground shows between strokes
    heights = np.zeros(labels.shape)
    for region, brushes in BRUSHES.items():
        for brush in brushes:
            paint_region(
                rng, canvas, heights, labels == region, brush, field,
                partial(_mixed, rng, scene, brush.color_jitter),
            )  # fmt: skip
    return to_pixels(relief(canvas, heights)), to_labels(labels)


def _mixed(
    rng: np.random.Generator, scene: np.ndarray, jitter: float, row: np.ndarray, column: np.ndarray
) -> np.ndarray:
    """Return the colors of strokes that start at these pixels."""
    return jittered(rng, scene[row, column], jitter)


def _ridge(x: np.ndarray) -> np.ndarray:
    """Return the upper edge of the hills behind the village; to the right they sink below the horizon."""
    hills = 0.21 * bump(x, 0.16, 0.20) + 0.11 * bump(x, 0.47, 0.13) + 0.045 * bump(x, 1.27, 0.13)
    return HORIZON + 0.02 - hills + 0.006 * np.sin(37 * x) + 0.004 * np.sin(71 * x + 1)


def _shore(x: Number) -> Number:
    return HORIZON + 0.075 * bump(x, 0.2, 0.42) + 0.004 * np.sin(50 * x)


def _quay(x: np.ndarray) -> np.ndarray:
    """Return the upper edge of the foreground."""
    return 0.76 + 0.27 * x**1.8 - 0.05 * bump(x, 0.33, 0.12) + 0.008 * np.sin(29 * x)


def _boat(x: float, y: float, scale: float) -> list[Corners]:
    """Return the corners of hull, main sail and jib of a boat with its waterline centered at (x, y)."""
    hull = [(-0.16, -0.045), (0.17, -0.06), (0.12, 0.02), (-0.11, 0.02)]
    main = [(0.0, -0.40), (0.012, -0.065), (-0.155, -0.075), (-0.13, -0.16), (-0.07, -0.29)]
    jib = [(0.022, -0.35), (0.10, -0.19), (0.145, -0.085), (0.024, -0.075)]
    return [[(x + scale * px, y + scale * py) for px, py in part] for part in (hull, main, jib)]


BOATS = (_boat(0.70, 0.73, 1.0), _boat(1.09, 0.56, 0.42))


def _house(left: float, right: float, height: float) -> tuple[Corners, Corners]:
    """Return the corners of wall and roof."""
    base = _shore((left + right) / 2) + 0.004
    top, middle = base - height, (left + right) / 2
    wall = [(left, base), (left, top), (right, top), (right, base)]
    return wall, [(left - 0.006, top), (middle, top - 0.038), (right + 0.006, top)]


def _lay_out(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Label each pixel with its region, back to front."""
    labels = np.where(y < HORIZON, SKY, WATER)
    labels[np.hypot(x - SUN[0], y - SUN[1]) < SUN_RADIUS] = LIGHT
    labels[(y > _ridge(x)) & (y < _shore(x))] = GROUND
    for left, right, height, *_ in HOUSES:
        for part in _house(left, right, height):
            labels[polygon(x.shape, part)] = FIGURE
    labels[y > _quay(x)] = GROUND
    for part in (part for boat in BOATS for part in boat):
        labels[polygon(x.shape, part)] = FIGURE
    return labels


def _color(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the colors of the strokes, (H, W, 3)."""
    shape = x.shape
    painters = {SKY: _sky, LIGHT: _sun, WATER: _water, GROUND: _ground, FIGURE: _figures}
    scene = np.zeros((*shape, 3))
    for region, painter in painters.items():
        where = labels == region
        scene[where] = painter(rng, x, y)[where]
    return scene


def _sky(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    far = np.hypot(x - SUN[0], (y - SUN[1]) * 1.15) + 0.035 * cloud(rng, x.shape, 0.25)
    colors = ramp(
        far / 1.0,
        (226, 92, 40), (248, 150, 62), (252, 196, 120), (196, 190, 190), (84, 160, 196),
        (40, 106, 180), (34, 72, 156), (38, 50, 124),
    )  # fmt: skip
    ring = 0.5 + 0.5 * np.sin(far * 70 + 2 * noise(rng, x.shape, 0.2))
    return colors * (0.86 + 0.24 * ring[..., None])


def _sun(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return ramp(np.hypot(x - SUN[0], y - SUN[1]) / SUN_RADIUS, (255, 253, 225), (255, 244, 160), (255, 222, 84))


def _water(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    depth = (y - HORIZON) / (1 - HORIZON)
    colors = ramp(
        depth + 0.07 * noise(rng, x.shape, (0.02, 0.15)),
        (120, 175, 190), (40, 130, 165), (24, 96, 150), (22, 66, 128), (26, 48, 104),
    )  # fmt: skip
    glitter = bump(x, SUN[0] + 0.03 * np.sin(40 * y), 0.05 + 0.16 * depth) * 1.1
    glitter = glitter * (noise(rng, x.shape, (0.012, 0.07)) > -0.25 + 0.7 * depth)
    colors = mix(colors, ramp(depth, (255, 225, 120), (252, 170, 80), (235, 120, 90)), 0.9 * glitter)
    sails = bump(x, 0.67, 0.10) * smoothstep(0.73, 0.76, y) * smoothstep(1.05, 0.8, y)
    sails = sails * (noise(rng, x.shape, (0.012, 0.06)) > -0.3)
    return mix(colors, ramp(y, (200, 60, 40), (170, 50, 50)), 0.75 * sails)


def _ground(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    patches = cloud(rng, x.shape, 0.09, 3)
    hills = ramp(
        0.5 + 0.22 * patches + 1.2 * (x - 0.3) * (y < HORIZON),
        (58, 52, 110), (50, 90, 120), (70, 120, 90), (150, 160, 80), (225, 170, 100),
    )  # fmt: skip
    below = y - _quay(x)
    quay = ramp(
        0.35 + 0.24 * patches + 0.5 * np.exp(-np.clip(below, 0, 1) / 0.03) - 0.7 * below,
        (62, 34, 74), (120, 52, 70), (176, 92, 56), (222, 158, 74), (246, 214, 130),
    )  # fmt: skip
    return np.where((below > 0)[..., None], quay, hills)


def _figures(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    colors = np.zeros((*x.shape, 3))
    for left, right, height, wall, roof in HOUSES:
        for part, color in zip(_house(left, right, height), (wall, roof), strict=True):
            colors[polygon(x.shape, part)] = np.array(color) / 255
        middle, base = (left + right) / 2, _shore((left + right) / 2)
        window = (np.abs(x - middle) < 0.006) & (np.abs(y - base + 0.5 * height) < 0.010)
        colors[window] = WINDOW_BLUE
    for hull, main, jib in BOATS:
        where = polygon(x.shape, hull)
        colors[where] = ramp(smoothstep(0.66, 0.74, y[where]), (60, 60, 120), (40, 24, 50))
        for sail in (main, jib):
            where = polygon(x.shape, sail)
            t = (x - x[where].min()) / np.ptp(x[where]) + 0.12 * noise(rng, x.shape, 0.05)
            colors[where] = ramp(t, (150, 30, 44), (214, 62, 34), (244, 140, 50))[where]
    return colors


def _directions(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the directions of the strokes: the level lines of a potential for each region."""
    shape = x.shape
    from_sun = np.hypot(x - SUN[0], y - SUN[1])
    swirl = sum(s * bump(np.hypot(x - a, y - b), 0, r) for a, b, r, s in SWIRLS)
    wind = 0.022 * cloud(rng, shape, 0.3, 2) * smoothstep(SUN_RADIUS, 0.4, from_sun)
    waves = 0.004 * noise(rng, shape, (0.05, 0.1)) + 0.004 * np.sin(60 * x + 20 * y)
    slope = np.where(y > _quay(x), y - _quay(x), y - 0.7 * _ridge(x)) + 0.010 * noise(rng, shape, 0.12)
    potentials = {
        SKY: from_sun + swirl + wind,
        LIGHT: from_sun,
        WATER: y + waves,
        GROUND: slope,
        FIGURE: x + 0.25 * y,
    }
    field = np.zeros((*shape, 2))
    for region, potential in potentials.items():
        field[labels == region] = field_along(potential)[labels == region]
    return field
