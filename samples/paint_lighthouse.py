"""Paint `lighthouse`: towers and lamps on the dunes after sunset, in sweeping strokes."""

import numpy as np
from canvas import SUPERSAMPLING, Number, bump, cloud, coordinates, noise, polygon, smoothstep
from oils import Accent, Easel, Passage, Pigments, arc, lit
from palette import FIGURE, GROUND, LIGHT, SKY
from strokes import Brush

Tower = tuple[float, float, float, float, float]
"""Middle, top, half the width there and at the foot, and the foot."""

PRIMING = (120, 70, 84)
HORIZON = 0.74
LAMP = (0.44, 0.185)
TOWERS = ((0.44, 0.225, 0.048, 0.085, 0.80), (1.02, 0.40, 0.030, 0.052, 0.78))
LAMPS = ((*LAMP, 0.060), (1.02, 0.385, 0.040), (0.16, 0.755, 0.046), (0.76, 0.80, 0.048), (1.17, 0.83, 0.040))
HOUSES = ((0.60, 0.72, 0.72, 0.80), (0.22, 0.33, 0.74, 0.80))  # left, right, eaves, foot

AIR = Pigments(
    cool=((12, 20, 72), (22, 48, 126), (44, 92, 172), (104, 150, 204), (190, 206, 222)),
    warm=((48, 26, 96), (112, 52, 132), (204, 92, 114), (248, 152, 96), (255, 218, 160)),
)
DUNES = Pigments(
    cool=((16, 16, 46), (30, 46, 84), (50, 86, 104), (96, 132, 116), (160, 180, 150)),
    warm=((54, 18, 38), (112, 46, 44), (170, 98, 48), (226, 168, 84), (250, 220, 150)),
)
WALLS = Pigments(
    cool=((70, 58, 120), (124, 108, 166), (178, 168, 200), (222, 216, 222), (246, 240, 232)),
    warm=((120, 30, 40), (200, 58, 40), (238, 128, 84), (252, 204, 158), (255, 242, 214)),
)
GLOW = Pigments(
    cool=((220, 120, 60), (244, 190, 90), (252, 232, 150), (255, 252, 226)),
    warm=((226, 84, 30), (250, 150, 40), (255, 208, 80), (255, 244, 180)),
)
SKY_BRUSHES = (Brush(0.056, 0.20, 5, 0.04), Brush(0.036, 0.16, 1.8, 0.07), Brush(0.018, 0.10, 0.5, 0.11))
BRUSHES = (Brush(0.040, 0.13, 5, 0.04), Brush(0.024, 0.09, 2.0, 0.08), Brush(0.012, 0.06, 0.7, 0.12))
WALL_BRUSHES = (Brush(0.024, 0.06, 6, 0.03), Brush(0.014, 0.05, 2.2, 0.06))
GLOW_BRUSHES = (Brush(0.018, 0.045, 6, 0.03), Brush(0.012, 0.04, 2.0, 0.06))


def paint_lighthouse(height: int = 512, seed: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """
    Paint the lighthouse.

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
    easel = Easel(rng, x.shape, PRIMING)
    easel.lay(_sky(rng, x, y))
    easel.lay(_hills(rng, x, y))
    for tower in TOWERS:
        easel.lay(_tower(rng, x, y, tower))
    for house in HOUSES:
        for part in _house(rng, x, y, *house):
            easel.lay(part)
    easel.lay(_dunes(rng, x, y))
    for accent in _grass(rng):
        easel.touch(accent)
    for lamp in LAMPS:
        easel.lay(_lamp(rng, x, y, *lamp))
        for accent in _halo(rng, *lamp):
            easel.touch(accent)
    return easel.finished()


def _sky(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Passage:
    """Roll clouds over the afterglow."""
    wind = np.hypot(0.8 * (x - 0.30), y - 1.25) + 0.03 * cloud(rng, x.shape, (0.22, 0.4), 2)
    wind = wind + 0.09 * bump(np.hypot(x - 0.95, y - 0.18), 0, 0.15)
    wind = wind - 0.07 * bump(np.hypot(x - 0.14, y - 0.22), 0, 0.13)
    low = smoothstep(0.18, 0.72, y)
    clouds = cloud(rng, x.shape, (0.07, 0.28), 3)
    tone = 0.22 + 0.50 * low**1.6 + 0.09 * clouds + 0.06 * np.sin(48 * wind)
    warmth = 0.16 + 0.62 * low**1.3 + 0.17 * clouds
    return Passage(SKY, np.full(x.shape, True), tone, warmth, wind, AIR, SKY_BRUSHES)


def _hills(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Passage:
    ridge = HORIZON - 0.05 * bump(x, 0.15, 0.22) - 0.04 * bump(x, 1.05, 0.25) + 0.006 * np.sin(21 * x)
    tone = 0.30 + 0.5 * bump(y - ridge, 0.0, 0.02) + 0.10 * cloud(rng, x.shape, 0.06, 2)
    warmth = 0.34 + 0.15 * noise(rng, x.shape, 0.08)
    return Passage(GROUND, y > ridge, tone, warmth, y - ridge + 0.1 * x, DUNES, BRUSHES)


def _shore(x: Number) -> Number:
    mound = 0.05 * bump(x, 0.44, 0.22) - 0.10 * smoothstep(0.7, 1.25, x) * (x - 0.95)
    return 0.800 + 0.035 * np.sin(3.4 * x + 0.6) - mound


def _dunes(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Passage:
    """Pile up sand, lit where the lamps are near."""
    below = y - _shore(x)
    slope = below + 0.05 * np.sin(8 * x + 9 * below) + 0.012 * cloud(rng, x.shape, 0.12, 2)
    near = sum(bump(np.hypot(x - a, 1.5 * (y - b)), 0, 0.16) for a, b, _ in LAMPS[2:])
    crest = 0.22 * bump(below, 0.01, 0.02)
    tone = 0.30 + 0.14 * np.sin(58 * slope) + 0.45 * near + crest - 0.5 * np.clip(below, 0, 1)
    warmth = 0.34 + 0.5 * near + 0.2 * np.sin(58 * slope)
    return Passage(GROUND, below > 0, tone, warmth, slope, DUNES, BRUSHES)


def _tower(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, tower: Tower) -> Passage:
    """Build a round tower with red bands, lit by the afterglow from the left."""
    middle, top, narrow, wide, foot = tower
    half = narrow + (wide - narrow) * np.clip((y - top) / (foot - top), 0, 1) ** 1.3
    across = np.clip((x - middle) / half, -0.98, 0.98)
    mask = (np.abs(x - middle) < half) & (y > top) & (y < foot + 0.05)
    light = lit(half * np.sqrt(1 - across**2), np.array([-0.72, 0.0, 0.69]))
    bands = np.sin(2 * np.pi * 2.5 * (y - 0.03 * across**2 - top) / (foot - top)) > 0.15
    tone = 0.20 + 0.72 * light - 0.42 * bands + 0.04 * noise(rng, x.shape, 0.03)
    warmth = 0.20 + 0.55 * light + 0.45 * bands
    return Passage(FIGURE, mask, tone, warmth, across + 0.5 * y, WALLS, WALL_BRUSHES)


def _house(
    rng: np.random.Generator, x: np.ndarray, y: np.ndarray, left: float, right: float, eaves: float, foot: float
) -> tuple[Passage, Passage]:
    """Build walls and a red roof."""
    wall = polygon(x.shape, ((left, foot + 0.04), (left, eaves), (right, eaves), (right, foot + 0.04)))
    ridge = eaves - 0.05
    corners = ((left - 0.012, eaves), (left + 0.02, ridge), (right - 0.02, ridge), (right + 0.012, eaves))
    roof = polygon(x.shape, corners)
    side = (x - left) / (right - left)
    plaster = 0.80 - 0.40 * side + 0.05 * noise(rng, x.shape, 0.03)
    tiles = 0.34 - 0.16 * side + 0.06 * noise(rng, x.shape, 0.03)
    return (
        Passage(FIGURE, wall, plaster, 0.75 - 0.6 * side, x + 0.2 * y, WALLS, WALL_BRUSHES),
        Passage(FIGURE, roof, tiles, 0.85, y + 0.1 * x, WALLS, WALL_BRUSHES),
    )


def _lamp(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, a: float, b: float, radius: float) -> Passage:
    """Light a lamp; strokes circle around it."""
    far = np.hypot(x - a, y - b) / radius
    tone = 1.05 - 0.85 * far + 0.08 * noise(rng, x.shape, 0.02)
    return Passage(LIGHT, far < 1 + 0.06 * noise(rng, x.shape, 0.03), tone, 0.15 + 0.6 * far, far, GLOW, GLOW_BRUSHES)


def _halo(rng: np.random.Generator, a: float, b: float, radius: float) -> list[Accent]:
    """Return short strokes around a lamp, sparser farther out."""
    strokes = []
    for far, start in zip(1.05 + 0.55 * rng.random(30) ** 1.5, rng.uniform(0, 360, size=30), strict=True):
        color = GLOW.warm[2] if rng.random() < 0.3 else GLOW.warm[1] if far < 1.3 else AIR.warm[3]
        reach, width = far * radius, rng.uniform(0.006, 0.012)
        strokes.append(arc(a, b, reach, reach, start, start + rng.uniform(15, 45), width, color))
    return strokes


def _grass(rng: np.random.Generator) -> list[Accent]:
    """Return tufts of grass that lean with the wind."""
    blades = []
    for x, depth in zip(rng.uniform(0.0, 1.25, size=34), rng.random(34), strict=True):
        paints = DUNES.warm if rng.random() < 0.4 else DUNES.cool
        for lean in rng.normal(0.35, 0.25, size=6):
            foot = x + 0.012 * rng.normal(), float(_shore(x)) + 0.015 + 0.2 * depth**1.4
            tall = rng.uniform(0.025, 0.06) * (0.7 + 0.6 * depth)
            bend = (foot[0] + 0.3 * lean * tall, foot[1] - 0.6 * tall)
            tip = (foot[0] + lean * tall, foot[1] - tall)
            blades.append(Accent((foot, bend, tip), 0.0065, paints[rng.integers(1, 5)]))
    return blades
