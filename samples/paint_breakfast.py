"""Paint `breakfast`: a cup of coffee, fruit and a jug on a blue cloth, in parallel strokes of cool and warm paint."""

import numpy as np
from canvas import SUPERSAMPLING, Number, bump, cloud, coordinates, noise, smoothstep
from oils import Accent, Easel, Passage, Pigments, arc, lit
from palette import FIGURE, GROUND, LIGHT, SKY, WATER
from strokes import Brush

PRIMING = (140, 112, 84)
LAMP = np.array([-0.60, -0.50, 0.62])
CUP = (0.48, 0.415)  # middle of the rim
RIM = (0.215, 0.145)  # half width and half height
FOOT = 0.70
SAUCER = (0.48, 0.635, 0.385, 0.235)
COFFEE = (0.485, 0.445, 0.160, 0.092)
ORANGES = ((0.99, 0.345, 0.110), (1.135, 0.475, 0.120))  # middle and radius
APPLES = ((0.965, 0.560, 0.105), (1.09, 0.75, 0.115))
JUG = (0.155, 0.345)

CERAMIC = Pigments(
    cool=((56, 14, 60), (110, 20, 66), (168, 34, 62), (214, 84, 92), (240, 180, 176)),
    warm=((84, 14, 26), (160, 26, 24), (220, 58, 28), (248, 118, 46), (255, 206, 140)),
)
ORANGE = Pigments(
    cool=((92, 30, 58), (158, 52, 48), (214, 100, 44), (240, 160, 80), (252, 220, 160)),
    warm=((120, 34, 20), (204, 76, 18), (246, 128, 22), (255, 176, 60), (255, 228, 150)),
)
PORCELAIN = Pigments(
    cool=((70, 76, 130), (118, 132, 180), (170, 184, 208), (216, 222, 226), (246, 246, 240)),
    warm=((128, 92, 84), (184, 148, 116), (226, 200, 156), (248, 232, 192), (255, 250, 228)),
)
LIQUID = Pigments(
    cool=((20, 10, 26), (52, 26, 30), (98, 54, 34), (150, 98, 50)),
    warm=((34, 14, 12), (92, 42, 16), (160, 84, 24), (220, 146, 56), (250, 206, 120)),
)
CLOTH = Pigments(
    cool=((18, 34, 96), (34, 74, 150), (70, 124, 190), (138, 178, 214), (214, 228, 236)),
    warm=((58, 44, 110), (104, 92, 160), (154, 146, 196), (206, 194, 210), (246, 232, 220)),
)
WALL = Pigments(
    cool=((10, 30, 34), (20, 58, 54), (44, 92, 72), (90, 128, 92)),
    warm=((36, 34, 18), (78, 74, 26), (124, 116, 44), (176, 158, 84)),
)
OUTLINE = (30, 26, 76)
LARGE = (Brush(0.050, 0.10, 8, 0.04), Brush(0.034, 0.085, 2.2, 0.07), Brush(0.018, 0.05, 0.6, 0.10))
MIDDLE = (Brush(0.034, 0.09, 6, 0.03), Brush(0.022, 0.07, 2.4, 0.06), Brush(0.012, 0.045, 0.7, 0.09))
SMALL = (Brush(0.024, 0.06, 6, 0.03), Brush(0.015, 0.05, 2.4, 0.05), Brush(0.009, 0.035, 0.7, 0.08))


def paint_breakfast(height: int = 512, seed: int = 7) -> tuple[np.ndarray, np.ndarray]:
    """
    Paint the breakfast.

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
    for paint in (_wall, _cloth, _jug, _saucer, _handle, _cup, _porcelain, _coffee):
        easel.lay(paint(rng, x, y))
    for fruits, pigments in ((ORANGES, ORANGE), (APPLES, CERAMIC)):
        for fruit in fruits:
            easel.lay(_fruit(rng, x, y, fruit, pigments))
            for accent in _finish(*fruit):
                easel.touch(accent)
    for accent in ACCENTS:
        easel.touch(accent)
    return easel.finished()


def _within(x: np.ndarray, y: np.ndarray, a: float, b: float, half_width: float, half_height: float) -> np.ndarray:
    """Return an ellipse's radius, 1 on its edge."""
    return np.hypot((x - a) / half_width, (y - b) / half_height)


def _edge_of_table(x: np.ndarray) -> np.ndarray:
    return 0.235 - 0.06 * x + 0.006 * np.sin(9 * x)


def _wall(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Passage:
    tone = 0.42 + 0.20 * cloud(rng, x.shape, 0.14, 3) - 0.25 * (x - 0.6)
    along = x - 0.6 * y + 0.02 * cloud(rng, x.shape, 0.2, 2)
    return Passage(SKY, np.full(x.shape, True), tone, 0.46 + 0.20 * noise(rng, x.shape, 0.12), along, WALL, LARGE)


def _cloth(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Passage:
    """Spread a cloth with folds; all that stands on it throws a shadow to the right."""
    folds = x + 0.9 * y + 0.05 * cloud(rng, x.shape, 0.3, 2)
    crease = np.sin(15 * folds) + 0.5 * np.sin(34 * folds + 1)
    shadow = np.zeros(x.shape)
    for a, b, half in ((SAUCER[0], SAUCER[1], SAUCER[2]), *ORANGES, *APPLES):
        inside = _within(x, y, a + 0.3 * half, b + 0.28 * half, half, 0.72 * half)
        shadow = np.maximum(shadow, smoothstep(1.25, 0.75, inside))
    tone = 0.70 + 0.13 * crease - 0.50 * shadow + 0.05 * cloud(rng, x.shape, 0.1, 2)
    warmth = 0.46 + 0.18 * crease + 0.14 * noise(rng, x.shape, 0.12) - 0.15 * shadow
    along = x - 0.75 * y + 0.05 * np.sin(15 * folds) + 0.02 * cloud(rng, x.shape, 0.3, 2)
    return Passage(GROUND, y > _edge_of_table(x), tone, warmth, along, CLOTH, LARGE)


def _jug(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Passage:
    """Set a jug at the back: a belly, a neck and a lip."""
    a, b = JUG
    half = 0.060 + 0.062 * bump(y, b + 0.05, 0.12) + 0.022 * bump(y, b - 0.235, 0.04)
    mask = (np.abs(x - a) < half) & (y > b - 0.235 + 0.15 * (x - a)) & (y < b + 0.165 - 1.6 * (x - a) ** 2)
    across = np.clip((x - a) / half, -0.98, 0.98)
    light = lit(half * np.sqrt(1 - across**2), LAMP)
    tone = 0.12 + 0.86 * light + 0.04 * noise(rng, x.shape, 0.05)
    warmth = 0.10 + 0.80 * light
    return Passage(LIGHT, mask, tone, warmth, across + 0.3 * y, PORCELAIN, MIDDLE)


def _saucer(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Passage:
    inside = _within(x, y, *SAUCER)
    turn = np.arctan2(y - SAUCER[1], x - SAUCER[0])
    shade = smoothstep(0.75, 0.45, _within(x, y, SAUCER[0] + 0.12, SAUCER[1] + 0.04, SAUCER[2], SAUCER[3]))
    well = bump(inside, 0.70, 0.06)
    tone = 0.60 - 0.22 * np.cos(turn - 0.7) * (0.4 + 0.6 * inside) + 0.25 * bump(inside, 0.95, 0.05) - 0.22 * well
    tone = tone - 0.34 * shade + 0.04 * noise(rng, x.shape, 0.05)
    return Passage(FIGURE, inside < 1, tone, 0.30 + 0.65 * tone, inside, CERAMIC, MIDDLE)


def _body(y: Number) -> Number:
    """Return half the cup's width at a row."""
    t = np.clip((y - CUP[1]) / (FOOT - CUP[1]), 0, 1)
    return RIM[0] * np.sqrt(1 - 0.72 * t**2.2)


def _cup(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Passage:
    half = _body(y)
    across = np.clip((x - CUP[0]) / half, -0.98, 0.98)
    sag = 0.62 * RIM[1] * np.sqrt(1 - across**2)
    mask = (np.abs(x - CUP[0]) < half) & (y > CUP[1]) & (y < FOOT - 0.05 + 0.5 * sag)
    light = lit(half * np.sqrt(1 - across**2), LAMP)
    gloss = 0.5 * bump(across, -0.50, 0.10) * bump(y - sag, 0.49, 0.06)
    tone = 0.06 + 0.70 * light + gloss + 0.18 * bump(across, 0.86, 0.08) + 0.03 * noise(rng, x.shape, 0.04)
    return Passage(FIGURE, mask, tone, 0.18 + 0.85 * light, y - sag, CERAMIC, MIDDLE)


def _handle(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Passage:
    ring = _within(x, y, CUP[0] + 0.205, 0.54, 0.105, 0.085)
    tone = 0.62 - 0.9 * (ring - 0.8) - 1.6 * (y - 0.54) + 0.04 * noise(rng, x.shape, 0.04)
    return Passage(FIGURE, (ring < 1) & (ring > 0.56), tone, 0.35 + 0.5 * tone, ring, CERAMIC, SMALL)


def _porcelain(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Passage:
    """Paint the inside of the cup: in shadow at the left, lit at the right, and a bright rim."""
    inside = _within(x, y, *CUP, *RIM)
    tone = 0.54 + 1.5 * (x - CUP[0]) + 0.9 * (y - CUP[1]) + 0.5 * smoothstep(0.86, 0.92, inside)
    tone = tone + 0.05 * noise(rng, x.shape, 0.05)
    warmth = 0.20 + 0.55 * tone + 0.10 * noise(rng, x.shape, 0.05)
    return Passage(LIGHT, inside < 1, tone, warmth, inside, PORCELAIN, SMALL)


def _coffee(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Passage:
    inside = _within(x, y, *COFFEE)
    swirl = _within(x, y, COFFEE[0] + 0.02, COFFEE[1] + 0.01, COFFEE[2], COFFEE[3])
    swirl = swirl + 0.06 * cloud(rng, x.shape, 0.08, 2)
    tone = 0.26 + 0.26 * np.sin(13 * swirl) * (inside > 0.2) + 0.40 * bump(inside, 0.93, 0.08)
    glint = 0.45 * bump(_within(x, y, COFFEE[0] - 0.06, COFFEE[1] - 0.02, 0.05, 0.022), 0, 1)
    return Passage(WATER, inside < 1, tone + glint, 0.25 + 0.8 * tone, swirl, LIQUID, SMALL)


def _fruit(
    rng: np.random.Generator, x: np.ndarray, y: np.ndarray, fruit: tuple[float, float, float], pigments: Pigments
) -> Passage:
    """Paint a fruit; strokes run along its meridians."""
    a, b, radius = fruit
    right, down = (x - a) / radius, (y - b) / radius
    light = lit(radius * np.sqrt(np.clip(1.04 - right**2 - down**2, 0.02, None)), LAMP)
    reflected = 0.16 * bump(np.hypot(right - 0.55, down - 0.60), 0, 0.32)
    tone = 0.10 + 0.78 * light + reflected + 0.05 * noise(rng, x.shape, 0.04)
    meridian = right / np.sqrt(np.clip(1.15 - down**2, 0.1, None)) + 0.25 * down
    outline = np.hypot(right, down) + 0.02 * np.cos(5 * np.arctan2(down, right))
    return Passage(FIGURE, outline < 1, tone, 0.15 + 0.9 * light, meridian, pigments, MIDDLE)


def _finish(a: float, b: float, radius: float) -> tuple[Accent, ...]:
    """Return a fruit's last strokes: a blue outline on the shadow side, a glint and a stem."""
    glint = ((a - 0.46 * radius, b - 0.42 * radius), (a - 0.30 * radius, b - 0.54 * radius))
    return (
        arc(a, b, radius, radius, -30, 130, 0.013, OUTLINE),
        Accent(glint, 0.022, (255, 240, 214)),
        Accent(((a, b - 0.78 * radius), (a + 0.10 * radius, b - 1.12 * radius)), 0.013, (52, 40, 30)),
    )


ACCENTS = (
    # saucer and foot of the cup
    arc(*SAUCER, 5, 165, 0.013, OUTLINE),
    arc(*SAUCER, 168, 214, 0.014, (255, 206, 140)),
    arc(CUP[0], 0.640, 0.150, 0.088, 12, 168, 0.014, OUTLINE),
    # sides of the cup: light from the left
    Accent(((0.274, 0.47), (0.280, 0.545), (0.312, 0.64)), 0.013, (255, 190, 120)),
    Accent(((0.330, 0.55), (0.340, 0.60), (0.362, 0.65)), 0.018, (255, 214, 170)),
    Accent(((0.688, 0.47), (0.676, 0.56), (0.640, 0.66)), 0.012, OUTLINE),
    # rim and the shade below it
    arc(*CUP, *RIM, 60, 178, 0.020, (255, 250, 232)),
    arc(*CUP, *RIM, -60, 70, 0.018, (255, 240, 206)),
    arc(*CUP, *RIM, 185, 300, 0.016, (206, 214, 230)),
    arc(CUP[0], CUP[1] + 0.022, *RIM, 25, 150, 0.011, (96, 20, 50)),
    arc(*CUP, RIM[0] * 0.87, RIM[1] * 0.86, 190, 330, 0.010, (96, 96, 150)),
    arc(*COFFEE, 150, 360, 0.009, (60, 26, 24)),
)
