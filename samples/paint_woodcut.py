"""Paint `woodcut`: mountains, a lake and trees, cut in wood and printed in three inks on cream paper."""

from dataclasses import dataclass

import numpy as np
from canvas import (
    SUPERSAMPLING,
    bump,
    cloud,
    coordinates,
    distance_to_edges,
    noise,
    smoothstep,
    to_labels,
    to_pixels,
)
from palette import FIGURE, GROUND, LIGHT, SKY, WATER
from scipy import ndimage

PAPER = (0.955, 0.905, 0.800)
INKS = {"warm": (0.86, 0.36, 0.20), "cool": (0.16, 0.47, 0.52), "key": (0.10, 0.10, 0.19)}
REGISTER = {
    "warm": (2, -2),
    "cool": (-1, 2),
    "key": (0, 0),
}  # misregistration of each block, in canvas pixels
PHASE = {"warm": 0.42, "cool": 0.22, "key": 0.0}  # offset of the blocks' cuts, as a share of a cut
GOUGE = 0.10  # typical length of a cut, in picture heights
SUN = (0.42, 0.30)
SUN_RADIUS = 0.105
LAKE_TOP, LAKE_BOTTOM = 0.55, 0.80
PINES = ((0.07, 0.47, 0.50), (0.17, 0.58, 0.37), (0.265, 0.50, 0.44), (0.36, 0.66, 0.26), (0.47, 0.71, 0.22))
CROWNS = (
    (1.02, 0.20, 0.15), (1.19, 0.28, 0.14), (0.90, 0.30, 0.10), (1.07, 0.34, 0.13), (1.18, 0.10, 0.13),
    (1.23, 0.42, 0.09), (0.95, 0.10, 0.09), (0.97, 0.41, 0.07),
)  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """
    A part of the picture with one pattern of cuts.

    Attributes
    ----------
    region : int
        Index into the palette's table.
    inside : (H, W) array of bool
    phase : (H, W) array
        Grows by 1 from one cut to the next.
    along : (H, W) array
        Position along the cuts, in picture heights.
    tones : dict of str to array
        Darkness of each ink, 0 to 1.
    """

    region: int
    inside: np.ndarray
    phase: np.ndarray
    along: np.ndarray
    tones: dict[str, np.ndarray]


def paint_woodcut(height: int = 512, seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """
    Cut and print the landscape.

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
    pieces = _lay_out(rng, x, y)
    which = np.zeros(x.shape, int)
    for number, piece in enumerate(pieces):
        which[piece.inside] = number
    labels = np.array([piece.region for piece in pieces])[which]
    picture = np.full((*x.shape, 3), PAPER) * (1 + 0.012 * cloud(rng, x.shape, 0.01, 3))[..., None]
    for name, ink in INKS.items():
        block = _cut(rng, x, pieces, which, name)
        if name == "key":
            block = np.maximum(block, _outline(rng, x, which))
        picture = _print(rng, picture, ndimage.shift(block, REGISTER[name], order=1, mode="nearest"), ink)
    return to_pixels(picture), to_labels(labels)


def _lay_out(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> list[Piece]:
    """Return all pieces, back to front."""
    return [
        _sky(rng, x, y),
        _sun(rng, x, y),
        _mountain(rng, x, y, _far_ridge(x), 0.0),
        _mountain(rng, x, y, _near_ridge(x), 0.16),
        _lake(rng, x, y),
        _bank(rng, x, y),
        *(_pine(rng, x, y, *pine) for pine in PINES),
        _trunk(rng, x, y),
        *(_crown(rng, x, y, *crown) for crown in CROWNS),
    ]


def _far_ridge(x: np.ndarray) -> np.ndarray:
    peaks = 0.17 * np.maximum(0, 1 - np.abs(x - 0.74) / 0.26) + 0.13 * np.maximum(0, 1 - np.abs(x - 0.16) / 0.24)
    return LAKE_TOP - 0.05 - peaks + 0.010 * np.sin(43 * x) + 0.006 * np.sin(97 * x)


def _near_ridge(x: np.ndarray) -> np.ndarray:
    hills = 0.09 * bump(x, 0.55, 0.16) + 0.10 * bump(x, 0.98, 0.2) + 0.07 * bump(x, 0.02, 0.2)
    return LAKE_TOP - 0.01 - hills + 0.005 * np.sin(61 * x)


def _bank_top(x: np.ndarray) -> np.ndarray:
    return LAKE_BOTTOM + 0.035 * np.sin(4.2 * x + 0.6) - 0.13 * smoothstep(0.75, 1.2, x) + 0.004 * np.sin(55 * x)


def _sky(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Piece:
    far, turn = np.hypot(x - SUN[0], y - SUN[1]), np.arctan2(y - SUN[1], x - SUN[0])
    phase = (far + 0.010 * noise(rng, x.shape, 0.16)) / 0.0145
    clouds = smoothstep(0.3, 1.2, cloud(rng, x.shape, (0.07, 0.30), 3))
    tones = {
        "key": 0.12 + 0.50 * smoothstep(0.22, 0.85, far) - 0.35 * clouds,
        "cool": 0.15 + 0.85 * smoothstep(0.25, 0.75, far) - 0.5 * clouds,
        "warm": 0.95 - 1.25 * smoothstep(0.1, 0.62, far) + 0.15 * clouds,
    }
    return Piece(SKY, np.full(x.shape, True), phase, turn * (np.floor(phase) * 0.0145 + 0.05), tones)


def _sun(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Piece:
    far, turn = np.hypot(x - SUN[0], y - SUN[1]) / SUN_RADIUS, np.arctan2(y - SUN[1], x - SUN[0])
    phase = turn / (2 * np.pi) * 44
    tones = {"key": -0.2 + 0 * x, "cool": -1 + 0 * x, "warm": 0.10 + 0.5 * smoothstep(0.35, 1.0, far)}
    return Piece(LIGHT, far < 1, phase, far * 0.1, tones)


def _mountain(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, ridge: np.ndarray, nearness: float) -> Piece:
    """Return a mountain range with cuts running down from the ridge, dark on the side away from the sun."""
    folds = cloud(rng, x.shape, 0.13, 3)
    facing = np.gradient(ridge, axis=1) * x.shape[0] * np.sign(x - SUN[0])
    shadow = smoothstep(-0.6, 0.9, facing * 0.7 + 0.55 * folds)
    phase = (0.75 * (y - ridge) + 0.55 * np.sign(SUN[0] - x) * x + 0.018 * folds) / 0.0135
    tones = {
        "key": 0.14 + 0.58 * shadow + nearness * 0.5,
        "cool": 0.55 + 0.3 * shadow + nearness,
        "warm": 0.35 - 0.5 * shadow - nearness,
    }
    return Piece(GROUND, y > ridge, phase, y, tones)


def _lake(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Piece:
    depth = np.clip(y - LAKE_TOP, 0, 1)
    phase = 27 * np.log1p(depth * 9) * 1.15 + 0.5 * noise(rng, x.shape, (0.03, 0.10))
    mirror = bump(x, SUN[0] + 0.02 * np.sin(50 * y), 0.10 + 0.25 * depth)
    shore = np.exp(-depth / 0.035)
    tones = {
        "key": 0.34 + 0.40 * shore - 0.42 * mirror + 0.10 * noise(rng, x.shape, (0.04, 0.2)),
        "cool": 0.85 - 0.75 * mirror,
        "warm": 0.75 * mirror - 0.10,
    }
    return Piece(WATER, y > LAKE_TOP, phase, x, tones)


def _bank(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Piece:
    folds = cloud(rng, x.shape, 0.16, 2)
    below = y - _bank_top(x)
    phase = (below + 0.022 * folds + 0.25 * below * np.sin(7 * x)) / 0.0150
    shade = smoothstep(-1.2, 1.4, folds + 9 * below - 0.6)
    tones = {"key": 0.12 + 0.55 * shade, "cool": 0.10 + 0.4 * shade, "warm": 0.85 - 0.35 * shade}
    return Piece(GROUND, below > 0, phase, x, tones)


def _pine(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, middle: float, top: float, size: float) -> Piece:
    """Return a conifer of drooping tiers; the cuts hang like branches."""
    across, down = x - middle, (y - top) / size
    tier = (down * 6.5) % 1
    half = size * 0.27 * np.clip(down, 0, 1) ** 0.85 * (0.45 + 0.62 * tier)
    ragged = 1 + 0.10 * noise(rng, x.shape, 0.012)
    stem = (np.abs(across) < 0.018 * size + 0.003) & (down > 0.9) & (down < 1.1)
    inside = (down > 0) & ((np.abs(across) < half * ragged) & (down < 1) | stem)
    phase = (y - 0.55 * np.abs(across) + 0.004 * noise(rng, x.shape, 0.05)) / 0.0125
    lit = smoothstep(-0.4, 0.8, across / (size * 0.2) * np.sign(SUN[0] - middle + 1e-9))
    tones = {"key": 0.84 - 0.38 * lit - 0.14 * tier, "cool": 0.75 - 0.2 * lit, "warm": 0.45 * lit - 0.1}
    return Piece(FIGURE, inside, phase, np.abs(across), tones)


def _trunk(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Piece:
    middle = 1.075 + 0.035 * np.sin(7.5 * y) - 0.02 * y
    half = 0.030 + 0.16 * smoothstep(0.66, 0.92, y) ** 2
    across = (x - middle) / half
    phase = (x - middle + 0.006 * noise(rng, x.shape, (0.10, 0.03))) / 0.0115 / (1 + 2.2 * smoothstep(0.7, 0.95, y))
    tones = {"key": 0.60 + 0.35 * across, "cool": 0.1 + 0 * x, "warm": 0.60 - 0.3 * across}
    inside = (np.abs(across) < 1) & (y > 0.2) & (y < 0.86 + 0.02 * np.sin(60 * x))
    return Piece(FIGURE, inside, phase, y, tones)


def _crown(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, column: float, row: float, radius: float) -> Piece:
    """Return a clump of leaves with a scalloped rim and cuts curved around its lit side."""
    turn = np.arctan2(y - row, x - column)
    rim = radius * (1 + 0.10 * np.abs(np.sin(5.5 * turn + 9 * column)) + 0.07 * noise(rng, x.shape, 0.03))
    right, down = x - column + 0.9 * radius, y - row + 0.7 * radius
    from_light, about_light = np.hypot(right, down), np.arctan2(down, right)
    scallops = 0.013 * np.abs(np.sin(14 * about_light + np.pi / 2 * np.floor(from_light / 0.045)))
    phase = (from_light + scallops) / 0.0135
    shade = smoothstep(0.4, 2.0, from_light / radius)
    tones = {"key": 0.24 + 0.60 * shade, "cool": 0.25 + 0.5 * shade, "warm": 0.80 - 0.75 * shade}
    return Piece(FIGURE, np.hypot(x - column, y - row) < rim, phase, about_light * from_light, tones)


def _cut(rng: np.random.Generator, x: np.ndarray, pieces: list[Piece], which: np.ndarray, ink: str) -> np.ndarray:
    """Return the block of one ink: 1 where it prints."""
    shape = x.shape
    phase, along, tone = (np.zeros(shape) for _ in range(3))
    for number, piece in enumerate(pieces):
        where = which == number
        phase[where], along[where] = piece.phase[where], piece.along[where]
        tone[where] = piece.tones[ink][where]
    phase = phase + PHASE[ink] + 0.10 * noise(rng, shape, 0.02)
    cut = np.floor(phase).astype(int)
    start = rng.uniform(0, 1, size=997)[cut % 997]
    stretch = rng.uniform(0.7, 1.5, size=997)[cut % 997]
    lens = np.abs(np.sin(np.pi * (along / GOUGE * stretch + start)))  # a cut is deepest in its middle
    grain = noise(rng, shape, (0.006, 0.25))
    tone = tone + 0.32 * (0.62 - lens) + 0.05 * grain + 0.05 * noise(rng, shape, 0.010)
    ridge = 1 - np.abs(phase - cut - 0.5) * 2  # 1 in the middle of the ridge left standing
    return smoothstep(-0.10, 0.10, ridge - (1 - tone))


def _outline(rng: np.random.Generator, x: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Return the key lines around the pieces, of uneven width."""
    width = 0.0036 * (1 + 0.35 * noise(rng, x.shape, 0.05))
    return smoothstep(1.25, 0.85, distance_to_edges(which) / x.shape[0] / width)


def _print(
    rng: np.random.Generator, picture: np.ndarray, block: np.ndarray, ink: tuple[float, float, float]
) -> np.ndarray:
    """Print one ink: slightly transparent, thin along the grain, with white specks."""
    grain = noise(rng, block.shape, (0.0045, 0.30)) + 0.6 * cloud(rng, block.shape, 0.02, 3)
    specks = noise(rng, block.shape, 0.0035) > 2.45
    cover = block * np.clip(0.90 + 0.05 * grain, 0, 1) * (1 - 0.8 * specks)
    return picture * (1 - cover[..., None] * (1 - np.array(ink)))
