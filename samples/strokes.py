"""Brush strokes: tapered ribbons of paint with bristles, along a direction field."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

SPACING = 0.7  # distance of samples in canvas pixels; below 1 to skip no pixel
BATCH = 200  # strokes painted at once; limits memory


@dataclass(frozen=True)
class Brush:
    """
    A brush, in picture heights.

    Attributes
    ----------
    width, length : float
        Size of a stroke.
    coverage : float
        Area of all strokes relative to the region.
    color_jitter : float
        Deviation of the strokes' colors from the scene's.
    """

    width: float
    length: float
    coverage: float
    color_jitter: float = 0.07


def paint_region(
    rng: np.random.Generator,
    canvas: np.ndarray,
    heights: np.ndarray,
    region: np.ndarray,
    brush: Brush,
    field: np.ndarray,
    mixed: Callable[[np.ndarray, np.ndarray], np.ndarray],
    **paint: float,
) -> None:
    """
    Paint one brush's strokes over one region; they may cross its edge by a third of their width.

    Parameters
    ----------
    rng : numpy.random.Generator
    canvas, heights : arrays
        Changed in place, see `lay_strokes`, which also explains the keywords.
    region : (H, W) array of bool
    brush : Brush
    field : (H, W, 2) array
        Directions of the strokes.
    mixed : function
        Returns the (N, 3) colors of strokes that start at these rows and columns.
    **paint : float
    """
    size = region.shape[0]
    starts = stroke_starts(rng, region, brush)
    colors = mixed(*starts.astype(int).T)
    paths = trace(starts, field, max(4, int(brush.length * size / SPACING)))
    allowed = ndimage.distance_transform_edt(~region) <= brush.width * size / 3
    lay_strokes(rng, canvas, heights, allowed, paths, colors, brush.width * size, **paint)


def stroke_starts(rng: np.random.Generator, region: np.ndarray, brush: Brush) -> np.ndarray:
    """Return random pixels of a region, as many as the brush needs to cover it."""
    size = region.shape[0]
    stroke_area = brush.width * brush.length * size * size
    count = int(brush.coverage * region.sum() / stroke_area) + 1
    return np.argwhere(region)[rng.integers(region.sum(), size=count)].astype(float)


def trace(starts: np.ndarray, field: np.ndarray, samples: int) -> np.ndarray:
    """
    Follow a direction field half a stroke backward and half a stroke forward.

    Returns
    -------
    (N, samples, 2) array
        Points `SPACING` pixels apart.
    """
    back = _walk(starts, -field, samples // 2)[:, ::-1]
    forth = _walk(starts, field, samples - samples // 2 - 1)
    return np.concatenate([back, starts[:, None], forth], axis=1)


def _walk(points: np.ndarray, field: np.ndarray, steps: int) -> np.ndarray:
    """Walk along the field from each point, and leave out the point itself."""
    limit = np.array(field.shape[:2]) - 1
    walked = []
    for _ in range(steps):
        row, column = np.clip(np.rint(points), 0, limit).astype(int).T
        points = points + SPACING * field[row, column]
        walked.append(points)
    return np.stack(walked, axis=1)


def jittered(rng: np.random.Generator, colors: np.ndarray, amount: float) -> np.ndarray:
    """Shift colors at random: mostly in lightness, less between warm and cold, and green and violet."""
    axes = np.array([[0.8, 0.8, 0.8], [0.6, 0.0, -0.6], [-0.25, 0.4, -0.25]])
    shifts = rng.normal(size=(len(colors), 3)) * amount @ axes
    return np.clip(colors + shifts, 0, 1)


def lay_strokes(
    rng: np.random.Generator,
    canvas: np.ndarray,
    heights: np.ndarray,
    allowed: np.ndarray,
    paths: np.ndarray,
    colors: np.ndarray,
    width: float,
    ridge: float = 0.0,
    wet: float = 0.0,
) -> None:
    """
    Paint strokes on a canvas, later ones over earlier ones; changes both arrays in place.

    Parameters
    ----------
    canvas : (H, W, 3) array
        Paint.
    heights : (H, W) array
        Thickness of the paint, for the relief.
    allowed : (H, W) array of bool
        Where to allow paint.
    paths : (N, S, 2) array
        Points of the strokes.
    colors : (N, 3) array
    width : float
        In canvas pixels.
    ridge : float
        Height of the paint that the brush pushes to the stroke's edges.
    wet : float
        Share of the paint below that a stroke picks up.
    """
    for first in range(0, len(paths), BATCH):
        batch = slice(first, first + BATCH)
        _lay_batch(rng, canvas, heights, allowed, paths[batch], colors[batch], width, ridge, wet)


def _lay_batch(
    rng: np.random.Generator,
    canvas: np.ndarray,
    heights: np.ndarray,
    allowed: np.ndarray,
    paths: np.ndarray,
    colors: np.ndarray,
    width: float,
    ridge: float,
    wet: float,
) -> None:
    count, samples = paths.shape[:2]
    u = np.linspace(0, 1, samples)[None, :, None]
    v = np.linspace(-1, 1, max(3, int(width / SPACING) + 1))[None, None, :]
    bristles = _bristles(rng, count, v.size)
    painted = _touch(rng, u, v, bristles)
    rows, columns = _ribbon(paths, v, width * rng.uniform(0.7, 1.2, size=(count, 1, 1)))
    inside = (rows >= 0) & (rows < canvas.shape[0]) & (columns >= 0) & (columns < canvas.shape[1])
    painted &= inside
    rows, columns = rows[painted], columns[painted]
    edges = ridge * np.clip((np.abs(v) - 0.55) / 0.3, 0, 1)
    thickness = edges + 0.5 * bristles + 1.2 * np.sqrt(1 - 0.9 * v**2) + rng.uniform(0, 1.5, size=(count, 1, 1))
    thickness = np.broadcast_to(thickness + 0.5 * u, painted.shape)[painted]
    paint = _two_pigments(rng, colors, bristles, samples)[painted]
    wanted = allowed[rows, columns]
    rows, columns = rows[wanted], columns[wanted]
    canvas[rows, columns] = wet * canvas[rows, columns] + (1 - wet) * paint[wanted]
    heights[rows, columns] = thickness[wanted]


def _bristles(rng: np.random.Generator, count: int, across: int) -> np.ndarray:
    """Return a smooth random profile across each stroke, (N, 1, V), deviation about 1."""
    profile = ndimage.gaussian_filter1d(rng.normal(size=(count, across)), 0.9, axis=1)
    return (profile * 1.6)[:, None, :]


def _touch(rng: np.random.Generator, u: np.ndarray, v: np.ndarray, bristles: np.ndarray) -> np.ndarray:
    """Return where the brush touches: a blunt ragged start, and a tapering end where paint runs out."""
    taper = np.sqrt(np.clip(u * 8, 0, 1)) * np.clip((1 - u) * 2.2, 0, 1) ** 0.6
    ragged = 0.05 * np.abs(bristles)
    runs_out = bristles > 3.2 - 5.0 * np.clip(u - 0.45, 0, 1) - rng.uniform(0, 0.8, size=(len(bristles), 1, 1))
    return (np.abs(v) <= taper) & (u > ragged) & (u < 1 - ragged) & ~runs_out


def _ribbon(paths: np.ndarray, v: np.ndarray, width: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the pixels of the ribbon's samples."""
    along = np.gradient(paths, axis=1)
    along /= np.linalg.norm(along, axis=2, keepdims=True) + 1e-12
    offset = v * width / 2
    rows = paths[..., 0][..., None] + along[..., 1][..., None] * offset
    columns = paths[..., 1][..., None] - along[..., 0][..., None] * offset
    return np.rint(rows).astype(int), np.rint(columns).astype(int)


def _two_pigments(rng: np.random.Generator, colors: np.ndarray, bristles: np.ndarray, samples: int) -> np.ndarray:
    """Return the color of each sample: two shades side by side, streaked by the bristles."""
    second = jittered(rng, colors, 0.05)
    side = 0.5 + 0.5 * np.tanh(2 * bristles + rng.normal(size=(len(colors), 1, 1)))
    mixed = colors[:, None, None] * (1 - side[..., None]) + second[:, None, None] * side[..., None]
    streaked = mixed * (1 + 0.07 * bristles[..., None])
    return np.broadcast_to(streaked, (len(colors), samples, bristles.shape[2], 3))
