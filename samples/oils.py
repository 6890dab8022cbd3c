"""Oil paint: passages of strokes in cool and warm pigments, laid back to front on a woven canvas."""

from dataclasses import dataclass
from functools import partial

import numpy as np
from canvas import Number, field_along, noise, ramp, relief, to_labels, to_pixels
from scipy.interpolate import CubicSpline
from strokes import SPACING, Brush, jittered, lay_strokes, paint_region

Color = tuple[int, int, int]

STEPS = 8  # tones that a painter mixes on the palette before starting
THREAD = 0.0034  # distance of the canvas's threads, in picture heights
RIDGE = 0.9  # how high a loaded brush pushes paint to the stroke's edges
TEMPERATURE = 0.22  # how freely strokes of a passage change between cool and warm
WET = 0.16  # share of paint that a stroke picks up from below


@dataclass(frozen=True)
class Pigments:
    """Mixed paints of a passage, each from dark to light."""

    cool: tuple[Color, ...]
    warm: tuple[Color, ...]


@dataclass(frozen=True)
class Passage:
    """
    An area that is painted in one go.

    Attributes
    ----------
    region : int
        Index into the palette's table.
    mask : (H, W) array of bool
    tone : (H, W) array
        Lightness, from 0 to 1.
    warmth : float or (H, W) array
        Where above one half, most strokes are warm, elsewhere cool.
    potential : (H, W) array
        Strokes follow its level lines.
    pigments : Pigments
    brushes : tuple of Brush
        From the ground coat to the finish.
    """

    region: int
    mask: np.ndarray
    tone: np.ndarray
    warmth: Number
    potential: np.ndarray
    pigments: Pigments
    brushes: tuple[Brush, ...]


@dataclass(frozen=True)
class Accent:
    """A single stroke through (x, y) points, in picture heights."""

    points: tuple[tuple[float, float], ...]
    width: float
    color: Color


def arc(
    a: float, b: float, half_width: float, half_height: float, start: float, end: float, width: float, color: Color
) -> Accent:
    """Return a stroke along an ellipse around (a, b), from one angle to another in degrees; 90 is at the bottom."""
    turn = np.radians(np.linspace(start, end, 9))
    points = zip(a + half_width * np.cos(turn), b + half_height * np.sin(turn), strict=True)
    return Accent(tuple((float(x), float(y)) for x, y in points), width, color)


class Easel:
    """A painting at work: paint, its thickness and the regions."""

    def __init__(self, rng: np.random.Generator, shape: tuple[int, int], ground: Color) -> None:
        self.rng = rng
        self.labels = np.zeros(shape, int)
        self.heights = np.zeros(shape)
        self.weave = _weave(rng, shape)
        self.paint = np.array(ground) / 255 * (1 + 0.05 * self.weave[..., None])

    def lay(self, passage: Passage) -> None:
        """Paint a passage over what is there."""
        self.labels[passage.mask] = passage.region
        field = field_along(passage.potential)
        for brush in passage.brushes:
            paint_region(
                self.rng, self.paint, self.heights, passage.mask, brush, field,
                partial(self._mixed, passage, brush.color_jitter), ridge=RIDGE, wet=WET,
            )  # fmt: skip

    def touch(self, accent: Accent) -> None:
        """Paint one stroke."""
        size = self.labels.shape[0]
        points = np.array(accent.points)[:, ::-1] * size
        along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
        path = CubicSpline(along, points)(np.linspace(0, along[-1], max(4, int(along[-1] / SPACING))))
        color = jittered(self.rng, np.array([accent.color]) / 255, 0.02)
        everywhere = np.broadcast_to(True, self.labels.shape)
        lay_strokes(
            self.rng, self.paint, self.heights, everywhere, path[None], color, accent.width * size,
            ridge=RIDGE, wet=WET / 2,
        )  # fmt: skip

    def finished(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the picture, lit from the top left, and its labels."""
        surface = self.heights + 0.22 * self.weave
        return to_pixels(relief(self.paint, surface, 0.42)), to_labels(self.labels)

    def _mixed(self, passage: Passage, jitter: float, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        """Choose each stroke's paint: the mixed tone nearest to what the painter sees, cool or warm."""
        tone = passage.tone[row, column] + self.rng.normal(size=len(row)) * jitter
        tone = np.rint(np.clip(tone, 0, 1) * STEPS) / STEPS
        warmth = np.broadcast_to(passage.warmth, passage.mask.shape)[row, column]
        warm = warmth + TEMPERATURE * self.rng.normal(size=len(row)) > 0.5
        colors = np.where(warm[:, None], ramp(tone, *passage.pigments.warm), ramp(tone, *passage.pigments.cool))
        return jittered(self.rng, colors, 0.025)


def lit(depth: np.ndarray, lamp: np.ndarray) -> np.ndarray:
    """
    Return the light on a surface, from 0 to 1.

    Parameters
    ----------
    depth : (H, W) array
        How far the surface stands out, in picture heights.
    lamp : (3,) array
        Unit vector to the light: right, down, toward the viewer.
    """
    down, right = np.gradient(depth * depth.shape[0])
    normal = np.stack([-right, -down, np.ones_like(depth)], axis=-1)
    return np.clip(normal @ lamp / np.linalg.norm(normal, axis=-1), 0, 1)


def _weave(rng: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Return the height of a canvas of uneven threads, mean 0 and deviation 1."""
    rows, columns = np.indices(shape) / (THREAD * shape[0]) * np.pi
    rows = rows + 0.8 * noise(rng, shape, 0.05)
    columns = columns + 0.8 * noise(rng, shape, 0.05)
    threads = np.sin(rows) * np.sin(columns) + 0.5 * noise(rng, shape, (0.003, 0.03)) * np.sin(rows) ** 2
    return (threads - threads.mean()) / threads.std()
