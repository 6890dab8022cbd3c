"""Paint `portrait`: a woman in a red shawl, in the broken color and the blue outlines of the expressionists."""

import numpy as np
from canvas import SUPERSAMPLING, Number, bump, cloud, coordinates, noise, smoothstep
from oils import Accent, Easel, Passage, Pigments, lit
from palette import FIGURE, HAIR, LIGHT, SKY
from strokes import Brush

ASPECT = 0.8
GROUND = (150, 96, 70)  # the canvas is primed in terracotta, which shows between strokes
HEAD = (0.395, 0.395)
HEAD_SIZE = (0.150, 0.205)
TURN = 0.375  # column of nose and mouth: the head is turned a little to the left
BLUSH = ((0.30, 0.46, 0.045), (0.47, 0.46, 0.04), (0.36, 0.46, 0.03))  # cheeks and nose: middle and radius
EYES = ((0.315, 0.375), (0.445, 0.375))
LAMP = np.array([-0.62, -0.42, 0.66])  # x, y and z of the direction to the light

SKIN = Pigments(
    cool=((78, 44, 96), (120, 88, 136), (164, 146, 150), (208, 196, 168), (240, 228, 204)),
    warm=((112, 34, 46), (186, 80, 58), (230, 136, 84), (250, 188, 128), (255, 230, 186)),
)
TRESSES = Pigments(
    cool=((22, 18, 48), (46, 32, 84), (88, 58, 118), (140, 108, 150)),
    warm=((44, 16, 24), (112, 40, 24), (188, 90, 30), (240, 164, 70), (255, 222, 140)),
)
SHAWL = Pigments(
    cool=((44, 12, 66), (100, 16, 84), (164, 30, 88), (216, 84, 124), (240, 150, 170)),
    warm=((92, 10, 26), (176, 22, 30), (228, 56, 34), (247, 120, 58), (255, 188, 116)),
)
BACKDROP = Pigments(
    cool=((12, 54, 96), (20, 98, 132), (44, 144, 164), (112, 190, 190), (186, 224, 212)),
    warm=((36, 88, 84), (84, 140, 104), (146, 180, 120), (204, 214, 150), (238, 236, 190)),
)
OUTLINE = (34, 34, 92)


def paint_portrait(height: int = 640, seed: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """
    Paint the portrait.

    Parameters
    ----------
    height : int
        Rows of the picture; it is 0.8 times as wide.
    seed : int

    Returns
    -------
    picture : (H, W, 3) array of uint8
    labels : (H, W) array of int
        Indices into the palette's table.
    """
    rng = np.random.default_rng(seed)
    x, y = coordinates(height * SUPERSAMPLING, ASPECT)
    easel = Easel(rng, x.shape, GROUND)
    for paint in (_backdrop, _back_hair, _neck, _shawl, _face, _front_hair):
        easel.lay(paint(rng, x, y))
    for accent in ACCENTS:
        easel.touch(accent)
    return easel.finished()


def _backdrop(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Passage:
    """Swirl around the head; dark beside its lit side, light beside its shadow."""
    around = np.hypot(x - HEAD[0], 0.8 * (y - 0.45))
    swirls = 0.10 * bump(np.hypot(x - 0.08, y - 0.22), 0, 0.13) - 0.10 * bump(np.hypot(x - 0.74, y - 0.30), 0, 0.14)
    tone = 0.44 + 0.35 * (x - 0.42) + 0.10 * cloud(rng, x.shape, 0.16) + 0.10 * np.sin(45 * (around + swirls))
    return Passage(
        SKY, np.full(x.shape, True), tone, 0.36 + 0.12 * noise(rng, x.shape, 0.10),
        around + swirls + 0.02 * cloud(rng, x.shape, 0.22, 2), BACKDROP,
        (Brush(0.046, 0.16, 4, 0.05), Brush(0.030, 0.12, 1.6, 0.09), Brush(0.016, 0.07, 0.45, 0.13)),
    )  # fmt: skip


def _around_head(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return 1 on the head's outline and beside it below: hair falls down from there."""
    return np.hypot((x - HEAD[0]) / HEAD_SIZE[0], np.minimum(y - HEAD[1], 0) / HEAD_SIZE[1])


def _waves(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    side = np.sign(x - HEAD[0])
    return 0.16 * np.sin(26 * y + 2.5 * side + 5 * x) * smoothstep(0.30, 0.60, y)


def _locks(rng: np.random.Generator, x: np.ndarray, along: np.ndarray) -> np.ndarray:
    """Return the lightness of hair in locks, which run along the potential's level lines."""
    warped = along + 0.06 * cloud(rng, x.shape, 0.15, 2)
    return 0.10 * np.sin(19 * warped) + 0.07 * np.sin(43 * warped + 1) + 0.05 * noise(rng, x.shape, 0.04)


HAIR_BRUSHES = (Brush(0.024, 0.16, 7, 0.05), Brush(0.013, 0.15, 2.2, 0.08), Brush(0.006, 0.11, 0.55, 0.14))


def _back_hair(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Passage:
    along = _around_head(x, y) + _waves(x, y)
    spread = 1.42 + 0.30 * smoothstep(0.35, 0.70, y)
    mask = (along < spread) & (y < 0.80 - 0.10 * bump(x, HEAD[0], 0.10))
    sheen = 0.30 * bump(along, 1.25, 0.13) * bump(y, 0.27, 0.12) * (x < 0.45)
    tone = 0.36 + _locks(rng, x, along) + sheen - 0.12 * (x > 0.5) - 0.20 * bump(along, 0.9, 0.2)
    return Passage(HAIR, mask, tone, 0.64 - 0.26 * (x > 0.48), along, TRESSES, HAIR_BRUSHES)


def _neck(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Passage:
    half = 0.068 + 0.10 * smoothstep(0.68, 0.80, y)
    mask = (np.abs(x - 0.415) < half) & (y > 0.50) & (y < 0.90)
    shade = 0.45 * smoothstep(0.70, 0.60, y + 0.25 * (x - 0.40))
    tone = 0.62 - 2.0 * (x - 0.38) - shade + 0.03 * noise(rng, x.shape, 0.05)
    return Passage(LIGHT, mask, tone, 0.3 + 0.75 * tone, x + 0.35 * y, SKIN, SKIN_BRUSHES)


SKIN_BRUSHES = (Brush(0.026, 0.07, 7, 0.03), Brush(0.017, 0.05, 2.2, 0.05), Brush(0.010, 0.032, 0.9, 0.07))


def _relief_of_face(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return how far the face stands out, in picture heights."""
    far = ((x - HEAD[0]) / HEAD_SIZE[0]) ** 2 + ((y - HEAD[1]) / HEAD_SIZE[1]) ** 2
    skull = 0.17 * np.sqrt(np.clip(1.08 - far, 0.02, None))
    down = smoothstep(0.35, 0.455, y) * (1 - smoothstep(0.462, 0.487, y))
    nose = 0.042 * down * bump(x, TURN - 0.02 * down, 0.020 + 0.010 * down)
    sockets = sum(0.024 * bump(np.hypot((x - a) / 1.45, y - b), 0, 0.030) for a, b in EYES)
    cheeks = sum(0.016 * bump(np.hypot(x - a, y - 0.455), 0, 0.045) for a in (0.305, 0.465))
    brow = 0.012 * bump(y, 0.335, 0.02) * bump(x, TURN, 0.10)
    mouth = 0.014 * bump(np.hypot((x - TURN) / 1.4, y - 0.525), 0, 0.032) - 0.010 * bump(
        np.hypot((x - TURN) / 1.5, y - 0.553), 0, 0.014
    )
    chin = 0.018 * bump(np.hypot(x - TURN, y - 0.583), 0, 0.030)
    return skull + nose - sockets + cheeks + brow + mouth + chin


def _face_outline(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return below 1 inside the face, which narrows to the chin."""
    down = (y - HEAD[1]) / HEAD_SIZE[1]
    width = HEAD_SIZE[0] * (1 - 0.16 * np.clip(down, 0, 1) ** 1.5)
    return np.hypot((x - HEAD[0] + 0.016 * np.clip(down, 0, 1)) / width, down)


def _face(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Passage:
    depth = _relief_of_face(x, y)
    light = lit(depth, LAMP)
    tone = 0.14 + 0.70 * light + 0.03 * noise(rng, x.shape, 0.03)
    blush = sum(bump(np.hypot(x - a, y - b), 0, radius) for a, b, radius in BLUSH)
    warmth = 0.30 + 0.60 * light + 0.35 * blush + 0.06 * noise(rng, x.shape, 0.04)
    return Passage(LIGHT, _face_outline(x, y) < 1, tone - 0.04 * blush, warmth, depth + 0.1 * y, SKIN, SKIN_BRUSHES)


def _front_hair(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Passage:
    """Sweep from the parting over the forehead and the temples."""
    parting = 0.335
    hairline = 0.230 + np.where(x > parting, 2.8, 8.0) * (x - parting) ** 2
    inside = _around_head(x, y) + _waves(x, y)
    mask = (y < hairline) & (inside < 1.40) & (_face_outline(x, y) < 1.12)
    along = y - 0.9 * (hairline - 0.230) - 0.12 * np.abs(x - parting) + 0.012 * cloud(rng, x.shape, 0.1, 2)
    sheen = 0.38 * bump(y, hairline - 0.055, 0.03) * bump(x, 0.38, 0.12)
    tone = 0.38 + _locks(rng, x, 6 * along) + sheen - 0.10 * (x > 0.5)
    return Passage(HAIR, mask, tone, 0.66 - 0.3 * (x > 0.48), along, TRESSES, HAIR_BRUSHES)


def _shoulders(x: Number) -> Number:
    return 0.725 + 0.95 * (x - 0.41) ** 2 - 0.05 * bump(x, 0.41, 0.12)


def _shawl(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Passage:
    """Wrap the shoulders; folds run around the neck and cross on the breast."""
    neckline = y > 0.765 + 0.06 * bump(x, 0.415, 0.05) - 2.2 * (x - 0.415) ** 2
    mask = (y > _shoulders(x)) & neckline
    around = np.hypot(x - 0.30, 1.15 * (y - 0.66)) + 0.012 * cloud(rng, x.shape, 0.2, 2)
    other = np.hypot(x - 0.56, 1.15 * (y - 0.64)) + 0.012 * cloud(rng, x.shape, 0.2, 2)
    over = x - 0.46 + 0.35 * (y - 0.80) > 0
    along = np.where(over, around, other)
    folds = 0.20 * np.sin(62 * along) + 0.06 * np.sin(131 * along + 1)
    tone = 0.42 + folds - 0.55 * (x - 0.38) + 0.16 * bump(y - _shoulders(x), 0.02, 0.03)
    warmth = np.clip(0.62 + 1.2 * folds - 0.8 * (x - 0.38), 0.08, 0.95)
    brushes = (Brush(0.044, 0.15, 4, 0.04), Brush(0.028, 0.11, 1.8, 0.07), Brush(0.014, 0.07, 0.5, 0.11))
    return Passage(FIGURE, mask, tone, warmth, along, SHAWL, brushes)


def _eye(column: float, row: float, side: int) -> tuple[Accent, ...]:
    """Return the strokes of an eye; `side` is -1 for the left one."""

    def at(*points: tuple[float, float]) -> tuple[tuple[float, float], ...]:
        return tuple((column + side * dx, row + dy) for dx, dy in points)

    return (
        Accent(at((-0.034, 0.006), (0.0, -0.004), (0.034, 0.004)), 0.020, (196, 208, 200)),
        Accent(at((-0.008, -0.010), (-0.006, 0.008)), 0.026, (36, 84, 104)),
        Accent(at((-0.008, -0.006), (-0.006, 0.005)), 0.014, (16, 20, 46)),
        Accent(at((-0.042, 0.010), (-0.020, -0.012), (0.010, -0.015), (0.044, 0.002)), 0.011, (44, 24, 48)),
        Accent(at((-0.036, 0.012), (0.0, 0.017), (0.036, 0.008)), 0.006, (170, 84, 80)),
        Accent(at((-0.044, -0.012), (-0.016, -0.030), (0.020, -0.030), (0.046, -0.014)), 0.007, (150, 70, 70)),
        Accent(at((-0.040, -0.040), (-0.01, -0.054), (0.025, -0.052), (0.056, -0.034)), 0.012, (84, 40, 38)),
        Accent(((column - 0.012, row - 0.007), (column - 0.007, row - 0.006)), 0.007, (255, 252, 240)),
    )


ACCENTS = (
    *_eye(*EYES[0], -1),
    *_eye(*EYES[1], 1),
    # nose: ridge, wing and nostrils
    Accent(((0.366, 0.352), (0.358, 0.40), (0.350, 0.450)), 0.012, (255, 232, 196)),
    Accent(((0.386, 0.36), (0.384, 0.41), (0.394, 0.452), (0.386, 0.470)), 0.010, (150, 74, 84)),
    Accent(((0.336, 0.474), (0.352, 0.480), (0.370, 0.478), (0.388, 0.472)), 0.009, (112, 36, 50)),
    # mouth: upper lip, lower lip, the line between
    Accent(((0.326, 0.526), (0.350, 0.517), (0.366, 0.521), (0.384, 0.517), (0.420, 0.528)), 0.015, (168, 38, 52)),
    Accent(((0.338, 0.539), (0.370, 0.545), (0.406, 0.538)), 0.018, (216, 84, 80)),
    Accent(((0.346, 0.541), (0.366, 0.543)), 0.008, (250, 180, 160)),
    Accent(((0.322, 0.529), (0.350, 0.528), (0.368, 0.531), (0.390, 0.528), (0.424, 0.530)), 0.006, (70, 14, 40)),
    # outlines of the cheek and the jaw
    Accent(((0.252, 0.43), (0.266, 0.50), (0.302, 0.562), (0.350, 0.598), (0.39, 0.602)), 0.010, OUTLINE),
    Accent(((0.39, 0.602), (0.44, 0.592), (0.49, 0.545), (0.522, 0.48)), 0.014, OUTLINE),
)
