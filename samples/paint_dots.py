"""Paint `dots`: an afternoon in a park by a lake, in the divided color of the pointillists."""

import numpy as np
from canvas import (
    SUPERSAMPLING,
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

Part = tuple[int, np.ndarray, np.ndarray, np.ndarray]
"""Region, mask, colors, and a potential; the dots follow its level lines."""

PRIMING = (0.93, 0.89, 0.80)
# Radius in picture heights, distance of neighbors in radii, deviation of hue, share of complementary dots
LAYERS = ((0.0074, 1.3, 0.05, 0.02), (0.0060, 2.0, 0.08, 0.07), (0.0045, 2.9, 0.11, 0.12))
STRETCH = 1.25  # dots are this much longer along the forms than across
BATCH = 4000
SUN = (1.09, 0.13)
SUN_RADIUS = 0.085
HORIZON = 0.40
CROWNS = (
    (0.12, 0.20, 0.17), (0.30, 0.13, 0.14), (0.02, 0.33, 0.13), (0.26, 0.30, 0.13), (0.42, 0.22, 0.10),
    (0.14, 0.05, 0.14), (0.40, 0.06, 0.09),
)  # fmt: skip


def paint_dots(height: int = 512, seed: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """
    Paint the park.

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
    parts = _lay_out(rng, x, y)
    labels = np.zeros(x.shape, int)
    scene, field = np.zeros((*x.shape, 3)), np.zeros((*x.shape, 2))
    for region, inside, colors, potential in parts:
        labels[inside], scene[inside] = region, colors[inside]
        field[inside] = field_along(potential)[inside]
    canvas = mix(scene, np.broadcast_to(PRIMING, scene.shape), np.full(x.shape, 0.35))
    heights = np.zeros(x.shape)
    for radius, distance, hue, complementary in LAYERS:
        centers = _scatter(rng, x.shape, radius * distance * x.shape[0])
        row, column = centers.astype(int).T
        colors = _divide(rng, scene[row, column], hue, complementary)
        _stamp(rng, canvas, heights, centers, colors, field[row, column], radius * x.shape[0])
    return to_pixels(relief(canvas, heights, 0.25)), to_labels(labels)


def _scatter(rng: np.random.Generator, shape: tuple[int, int], distance: float) -> np.ndarray:
    """Return points of a jittered hexagonal lattice in random order."""
    rows, columns = np.mgrid[0 : shape[0] / distance / 0.87, 0 : shape[1] / distance]
    points = np.stack([rows * 0.87, columns + 0.5 * (rows % 2)], axis=-1).reshape(-1, 2) * distance
    points = points + rng.uniform(-0.55, 0.55, size=points.shape) * distance
    inside = (points >= 0).all(axis=1) & (points < shape).all(axis=1)
    return rng.permutation(points[inside])


def _divide(rng: np.random.Generator, colors: np.ndarray, hue: float, complementary: float) -> np.ndarray:
    """Divide colors into purer ones that mix in the eye: neighboring hues, and some complements."""
    gray = colors.mean(axis=1, keepdims=True)
    tint = rng.normal(size=colors.shape) * hue
    tint -= tint.mean(axis=1, keepdims=True)
    chroma = 1.15 * (colors - gray) + tint
    opposite = rng.uniform(size=(len(colors), 1)) < complementary
    lightness = gray * (1 + 0.07 * rng.normal(size=gray.shape))
    return np.clip(lightness + np.where(opposite, -0.8 * chroma, chroma), 0.03, 0.99)


def _stamp(
    rng: np.random.Generator,
    canvas: np.ndarray,
    heights: np.ndarray,
    centers: np.ndarray,
    colors: np.ndarray,
    directions: np.ndarray,
    radius: float,
) -> None:
    """Paint dots over each other; changes canvas and heights in place."""
    reach = int(radius * STRETCH * 1.3) + 1
    down, right = (a.ravel() for a in np.mgrid[-reach : reach + 1, -reach : reach + 1])
    for first in range(0, len(centers), BATCH):
        batch = slice(first, first + BATCH)
        row, column = centers[batch].T[..., None]
        dy, dx = directions[batch].T[..., None]
        size = radius * rng.uniform(0.75, 1.2, size=row.shape)
        along, across = (down * dy + right * dx) / STRETCH, down * dx - right * dy
        wobble = 1 + 0.08 * np.sin(3 * np.arctan2(across, along) + rng.uniform(0, 6.3, size=row.shape))
        far = np.hypot(along, across) / size / wobble
        rows, columns = (row + down).astype(int), (column + right).astype(int)
        inside = (rows >= 0) & (rows < canvas.shape[0]) & (columns >= 0) & (columns < canvas.shape[1])
        painted = (far < 1) & inside
        paint = np.broadcast_to(colors[batch][:, None], (*painted.shape, 3))[painted]
        dome = np.sqrt(np.clip(1 - far**2, 0, 1)) * 2.5 + rng.uniform(0, 0.5, size=row.shape)
        canvas[rows[painted], columns[painted]] = paint
        heights[rows[painted], columns[painted]] = dome[painted]


def _lay_out(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> list[Part]:
    """Return all parts, back to front."""
    return [
        _sky(rng, x, y),
        _sun(x, y),
        _far_shore(rng, x, y),
        _lake(rng, x, y),
        _lawn(rng, x, y),
        _trunk(rng, x, y),
        *(_crown(rng, x, y, *crown) for crown in CROWNS),
        *_boat(x, y, 0.57, 0.50, 0.15),
        *_boat(x, y, 0.40, 0.455, 0.08),
        *_lady(rng, x, y),
    ]


def _sky(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Part:
    from_sun = np.hypot(x - SUN[0], y - SUN[1])
    clouds = cloud(rng, x.shape, (0.10, 0.26), 4)
    blue = ramp(y / HORIZON, (70, 125, 205), (110, 170, 225), (175, 205, 225), (250, 215, 190))
    blue = mix(
        blue,
        ramp(from_sun / 0.4, (255, 205, 105), (255, 190, 140), (250, 190, 190)),
        np.exp(-from_sun / 0.17),
    )
    white = ramp(0.5 + 0.3 * clouds - 0.2, (196, 170, 210), (250, 205, 200), (255, 244, 225))
    cover = 0.85 * smoothstep(0.2, 1.0, clouds) * smoothstep(0.08, 0.2, from_sun)
    return SKY, np.full(x.shape, True), mix(blue, white, cover), from_sun + 0.05 * clouds


def _sun(x: np.ndarray, y: np.ndarray) -> Part:
    far = np.hypot(x - SUN[0], y - SUN[1]) / SUN_RADIUS
    return LIGHT, far < 1, ramp(far, (255, 255, 225), (255, 248, 170), (255, 226, 90)), far


def _far_shore(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Part:
    top = HORIZON - 0.035 - 0.03 * np.sin(5 * x + 1) ** 2 - 0.010 * np.abs(np.sin(31 * x)) - 0.02 * bump(x, 1.2, 0.1)
    woods = cloud(rng, x.shape, 0.04, 2)
    colors = ramp(
        0.5 + 0.25 * woods + 3 * (top + 0.03 - y),
        (60, 80, 150),
        (80, 130, 150),
        (130, 170, 120),
        (220, 200, 130),
    )
    return GROUND, (y > top) & (y < HORIZON + 0.01), colors, y + 0.01 * woods


def _lake(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Part:
    depth = (y - HORIZON) / 0.35
    ripples = noise(rng, x.shape, (0.010, 0.06))
    colors = ramp(
        depth + 0.10 * ripples, (190, 210, 220), (110, 175, 210), (50, 125, 190), (40, 90, 165), (50, 70, 150)
    )
    glitter = bump(x, SUN[0] - 0.02 + 0.02 * np.sin(45 * y), 0.05 + 0.07 * depth) * (ripples > -0.5)
    colors = mix(colors, ramp(depth, (255, 235, 160), (255, 205, 110)), 0.85 * glitter)
    shade = bump(x, 0.2, 0.3) * (ripples > -0.3)
    return (
        WATER,
        y > HORIZON,
        mix(colors, ramp(depth, (60, 120, 100), (30, 80, 90)), 0.6 * shade),
        y + 0.002 * ripples,
    )


def _lawn_top(x: np.ndarray) -> np.ndarray:
    return 0.60 + 0.19 * smoothstep(0.25, 1.2, x) + 0.012 * np.sin(9 * x) + 0.003 * np.sin(70 * x)


def _lawn(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Part:
    below = y - _lawn_top(x)
    tufts = cloud(rng, x.shape, (0.05, 0.12), 3)
    sunny = ramp(0.45 + 0.22 * tufts + 0.3 * below, (90, 150, 50), (160, 195, 60), (225, 220, 90), (250, 225, 130))
    shadow = ramp(0.5 + 0.25 * tufts, (46, 50, 120), (40, 90, 100), (50, 120, 80))
    fallen = (
        0.5 * noise(rng, x.shape, (0.05, 0.15))
        + 1.6
        - 14 * np.abs(below - 0.10 - 0.10 * x)
        - 1.1 * smoothstep(0.5, 0.95, x)
    )
    near = smoothstep(0.24, 0.36, below + 0.03 * tufts)
    colors = mix(sunny, shadow, np.maximum(smoothstep(0, 0.8, fallen), near))
    flowers = (noise(rng, x.shape, 0.008) > 1.5) & (below > 0.03)
    colors = mix(colors, ramp((tufts + 2) / 4, (235, 90, 120), (250, 160, 170), (255, 240, 200)), 0.9 * flowers)
    return GROUND, below > 0, colors, below + 0.02 * tufts


def _trunk(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Part:
    middle = 0.215 + 0.03 * np.sin(6 * y) + 0.0 * x
    across = (x - middle) / (0.028 + 0.10 * smoothstep(0.62, 0.76, y) ** 2)
    bark = noise(rng, x.shape, (0.06, 0.012))
    colors = ramp(0.5 + 0.4 * across + 0.15 * bark, (60, 40, 100), (110, 60, 90), (190, 110, 80), (250, 180, 100))
    return (
        FIGURE,
        (np.abs(across) < 1) & (y > 0.2) & (y < 0.745 + 0.01 * np.sin(60 * x)),
        colors,
        x + 0.01 * bark,
    )


def _crown(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, column: float, row: float, radius: float) -> Part:
    """Return a clump of leaves, warm toward the sun and blue in the shade."""
    right, down = (x - column) / radius, (y - row) / radius
    leaves = cloud(rng, x.shape, 0.045, 3)
    light = 0.45 + 0.28 * right - 0.22 * down + 0.17 * leaves
    colors = ramp(light, (30, 40, 110), (26, 84, 100), (50, 130, 70), (140, 180, 50), (240, 215, 80))
    far = np.hypot(right, down) + 0.10 * leaves
    return FIGURE, far < 1, colors, far


def _boat(x: np.ndarray, y: np.ndarray, column: float, row: float, size: float) -> list[Part]:
    """Return hull and sail."""
    hull = [(-0.5, -0.08), (0.5, -0.08), (0.36, 0.1), (-0.38, 0.1)]
    sail = [(-0.02, -1.5), (0.42, -0.2), (-0.38, -0.18), (-0.22, -0.8)]
    inside = [polygon(x.shape, [(column + size * a, row + size * b) for a, b in part]) for part in (hull, sail)]
    across = (x - column) / size
    dark = ramp(across + 0.5, (120, 40, 60), (200, 70, 50))
    white = ramp(across + 0.5, (190, 150, 200), (255, 225, 200), (255, 250, 225))
    return [(FIGURE, inside[0], dark, y), (FIGURE, inside[1], white, x + 0.3 * y)]


def _lady(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> list[Part]:
    """Return a lady with a parasol, from the stick to the hat."""
    across, down = (x - 0.80) / 1.5, (y - 0.54) / 1.5
    waist = np.clip((down - 0.035) / 0.225, 0, 1)
    half = 0.024 + 0.066 * waist**0.8 + 0.030 * bump(waist, 0.25, 0.2) * (across < 0)
    folds = np.sin(14 * across / half**0.5) * 0.12 + 0.06 * noise(rng, x.shape, 0.03)
    dress = ramp(0.45 + across / half * 0.4 + folds, (50, 34, 120), (104, 56, 156), (190, 90, 160), (245, 165, 180))
    bodice = ramp(0.5 + across / 0.06, (44, 34, 110), (92, 44, 140), (190, 90, 140))
    skin = ramp(0.5 + across / 0.06, (200, 110, 90), (255, 205, 165))
    hat = ramp(0.5 + across / 0.08, (110, 30, 60), (200, 80, 60))
    stick = (np.abs(across - 0.066 + 0.28 * down) < 0.005) & (down > -0.16) & (down < 0.02)
    shoulders = np.abs(across - 0.004) < 0.022 + 0.012 * bump(down, -0.02, 0.02)
    arm = (np.abs(down - 0.010 + 0.3 * across) < 0.011) & (across > 0) & (across < 0.07)
    head = np.hypot(across - 0.006, (down + 0.058) * 0.9) < 0.023
    brim = np.hypot((across - 0.002) * 0.7, (down + 0.080) * 1.8) < 0.026
    return [
        (FIGURE, stick, hat, x),
        (FIGURE, (np.abs(across) < half) & (down > 0.03) & (down < 0.262), dress, across / half),
        (FIGURE, shoulders & (np.abs(down) < 0.042), bodice, x),
        (FIGURE, arm, bodice, y),
        _parasol(across - 0.095, down + 0.105),
        (FIGURE, head, skin, x),
        (FIGURE, brim, hat, y),
    ]


def _parasol(across: np.ndarray, down: np.ndarray) -> Part:
    """Return a dome with a scalloped hem and gores in two colors."""
    tilted, up = across + 0.28 * down, down - 0.28 * across
    far = np.hypot(tilted / 0.150, up / 0.105)
    hem = 0.012 * np.abs(np.sin(tilted * 63))
    gores = np.sin(np.arctan2(tilted, 0.06 - up) * 7)
    colors = ramp(0.42 + 0.25 * gores + 2.2 * tilted, (170, 30, 60), (230, 70, 40), (250, 140, 60), (255, 225, 150))
    return FIGURE, (far < 1) & (up < -hem), colors, far
