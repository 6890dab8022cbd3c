"""Paint `window`: stained glass of a water lily under the sun, with leads, grain and painted hatching."""

import numpy as np
from canvas import (
    SUPERSAMPLING,
    cloud,
    coordinates,
    distance_to_edges,
    noise,
    ramp,
    relief,
    smoothstep,
    to_labels,
    to_pixels,
)
from palette import FIGURE, FRAME, GROUND, LIGHT, SKY, WATER
from scipy import ndimage

Layer = tuple[int, np.ndarray, np.ndarray, np.ndarray]
"""Region, mask, number of the pane at each pixel, and lightness."""

LEAD = 0.0046  # half the width of a lead, in picture heights
HATCH = 0.0095  # spacing of the painted hatching
BORDER = 0.072
LOZENGE = 0.125  # length of the border's lozenges
SUN = (0.93, 0.29)
SUN_RADIUS = 0.105
HEART = (0.56, 0.69)
WATERLINE = 0.66
# Angle from upright in degrees, length, half width; back row first
PETALS = (
    (-74, 0.36, 0.062), (74, 0.36, 0.062), (-48, 0.43, 0.075), (48, 0.43, 0.075),
    (-23, 0.49, 0.080), (23, 0.49, 0.080), (0, 0.53, 0.085),
    (-58, 0.27, 0.062), (58, 0.27, 0.062), (-31, 0.31, 0.068), (31, 0.31, 0.068), (0, 0.33, 0.075),
)  # fmt: skip
PADS = (
    (0.24, 0.80, 0.145, 0.052),
    (0.93, 0.80, 0.17, 0.058),
    (0.57, 0.865, 0.20, 0.05),
    (1.08, 0.70, 0.08, 0.028),
)
GLASS = {  # colors of each region, dark to light
    SKY: (
        (44, 60, 150),
        (50, 110, 195),
        (90, 165, 215),
        (110, 210, 205),
        (255, 226, 140),
        (255, 190, 70),
        (250, 140, 60),
    ),
    WATER: ((14, 40, 104), (14, 78, 140), (10, 120, 150), (40, 165, 165), (130, 205, 190)),
    GROUND: ((16, 84, 60), (40, 130, 60), (110, 165, 50), (180, 200, 70)),
    FIGURE: ((150, 10, 70), (210, 20, 90), (240, 60, 120), (252, 120, 150), (255, 190, 185)),
    LIGHT: ((250, 150, 30), (255, 196, 50), (255, 228, 120), (255, 244, 190)),
    FRAME: ((130, 16, 50), (96, 30, 140), (160, 40, 120), (60, 70, 180), (235, 160, 50)),
}


def paint_window(height: int = 512, seed: int = 2) -> tuple[np.ndarray, np.ndarray]:
    """
    Paint the window.

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
    labels, panes, tone = _lay_out(rng, x, y)
    to_lead = distance_to_edges(panes) / x.shape[0]
    angle = rng.uniform(0, np.pi, size=panes.max() + 1)[panes]
    grain = _grain(rng, x, y, angle)
    glass = _glass(rng, labels, panes, tone, grain, to_lead)
    glass *= 1 - 0.45 * _hatching(rng, x, y, angle, to_lead)[..., None]
    glass = relief(glass, grain * 1.1, 0.35)
    return to_pixels(_leaded(rng, glass, to_lead)), to_labels(labels)


def _lay_out(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """
    Cut the window into panes.

    Returns
    -------
    labels, panes : (H, W) arrays of int
        Region and number of each pane.
    tone : (H, W) array
        0 for the dark end of the region's glass, 1 for the light end.
    """
    wobble_x = x + 0.006 * noise(rng, x.shape, 0.12)
    wobble_y = y + 0.006 * noise(rng, x.shape, 0.12)
    layers = [
        _sky(wobble_x, wobble_y),
        _sun(wobble_x, wobble_y),
        _water(rng, wobble_x, wobble_y),
        *(_pad(wobble_x, wobble_y, *pad) for pad in PADS),
        *(_petal(wobble_x, wobble_y, *petal) for petal in PETALS),
        _heart(wobble_x, wobble_y),
        _border(x, y),
    ]
    labels, keys, tone = np.zeros(x.shape, int), np.zeros(x.shape, int), np.zeros(x.shape)
    for number, (region, inside, cut, lightness) in enumerate(layers):
        labels[inside] = region
        keys[inside] = number * 100_000 + cut[inside]
        tone[inside] = lightness[inside]
    panes = np.unique(keys, return_inverse=True)[1].reshape(x.shape)
    return labels, panes, tone


def _sky(x: np.ndarray, y: np.ndarray) -> Layer:
    """Return rings of panes around the sun."""
    far, turn = np.hypot(x - SUN[0], y - SUN[1]), np.arctan2(y - SUN[1], x - SUN[0]) / (2 * np.pi) + 0.5
    ring = ((far / 0.072) ** 0.92).astype(int)
    sectors = np.round(4 + 5.2 * ring)
    cut = ring * 200 + ((turn + 0.37 * ring) % 1 * sectors).astype(int)
    return SKY, np.full(x.shape, True), cut, 1.02 - 1.05 * far / 0.85


def _sun(x: np.ndarray, y: np.ndarray) -> Layer:
    far, turn = np.hypot(x - SUN[0], y - SUN[1]) / SUN_RADIUS, np.arctan2(y - SUN[1], x - SUN[0])
    cut = np.where(far < 0.45, 99, ((turn / (2 * np.pi) + 0.5) * 9).astype(int))
    return LIGHT, far < 1, cut, 0.9 - 0.6 * far


def _water(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> Layer:
    """Return rows of panes between waves."""
    swell = y - WATERLINE + 0.012 * np.sin(x * 21) + 0.005 * np.sin(x * 47 + 2)
    row = np.clip(np.floor(swell / 0.038), -1, 30).astype(int)
    shift = rng.uniform(0, 1, size=40)[row]
    column = (x / (0.10 + 0.04 * shift) + 5 * shift).astype(int)
    glitter = 0.45 * np.exp(-(((x - SUN[0]) / 0.16) ** 2))
    return WATER, swell > 0, row * 100 + column, 0.55 - 1.1 * swell + glitter


def _pad(x: np.ndarray, y: np.ndarray, column: float, row: float, half_width: float, half_height: float) -> Layer:
    """Return a lily pad with a notch, and veins toward its middle."""
    across, down = (x - column) / half_width, (y - row) / half_height
    turn = np.arctan2(down, across) / (2 * np.pi) + 0.5
    inside = (np.hypot(across, down) < 1) & (np.abs(turn - 0.62) > 0.03)
    return GROUND, inside, (turn * 9).astype(int), 0.45 - 0.45 * down


def _petal(x: np.ndarray, y: np.ndarray, degrees: float, length: float, half_width: float) -> Layer:
    """Return a pointed petal, cut along its rib and twice across."""
    angle = np.deg2rad(degrees)
    right, up = x - HEART[0], HEART[1] - y
    along = (right * np.sin(angle) + up * np.cos(angle)) / length
    across = (right * np.cos(angle) - up * np.sin(angle)) / half_width
    t = np.clip(along, 0, 1)
    inside = (along > 0) & (along < 1) & (np.abs(across) < 1.35 * np.sin(np.pi * t**0.75) ** 0.8 * (1 - 0.3 * t))
    part = (along * 3.1 + 0.5 * np.abs(across)).astype(int)
    shade = 0.25 * (across < 0) + (0.12 if length < 0.34 else 0.0)
    return FIGURE, inside, part * 2 + (across > 0), 0.05 + 0.75 * t + shade


def _heart(x: np.ndarray, y: np.ndarray) -> Layer:
    across, down = (x - HEART[0]) / 0.11, (y - HEART[1]) / 0.055
    turn = np.arctan2(down, across) / (2 * np.pi) + 0.5
    inside = np.hypot(across, down) < 1
    return LIGHT, inside, (turn * 8).astype(int), 0.5 - 0.35 * down


def _border(x: np.ndarray, y: np.ndarray) -> Layer:
    """Return a row of lozenges between two strips."""
    edge = np.minimum(np.minimum(x, x.max() - x), np.minimum(y, y.max() - y))
    upright = np.minimum(x, x.max() - x) < np.minimum(y, y.max() - y)
    run = np.where(upright, y, x) / LOZENGE
    lozenge = np.abs(run % 1 - 0.5) + np.abs(edge / BORDER - 0.5) * 0.9 < 0.44
    side = 1000 * upright + 2000 * (np.where(upright, x, y) > 0.5)
    half = (edge > BORDER / 2).astype(int)
    cut = side + run.astype(int) * 4 + np.where(lozenge, 0, 1 + half)
    tone = np.where(lozenge, 0.95, 0.1 + 0.5 * half)
    return FRAME, edge < BORDER, cut, tone


def _turned(x: np.ndarray, y: np.ndarray, angle: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return coordinates along and across the direction of each pane."""
    return x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)


def _grain(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, angle: np.ndarray) -> np.ndarray:
    """Return streaks and hammer marks of the glass in the direction of each pane."""
    side = x.shape[0]
    streaks = cloud(rng, (side, side), (0.012, 0.07), 3) + 0.7 * cloud(rng, (side, side), 0.02, 2)
    along, across = _turned(x, y, angle)
    places = np.stack([across + 7 * angle, along + 3 * angle]) * side
    return ndimage.map_coordinates(streaks, places, order=1, mode="grid-wrap")


def _glass(
    rng: np.random.Generator,
    labels: np.ndarray,
    panes: np.ndarray,
    tone: np.ndarray,
    grain: np.ndarray,
    to_lead: np.ndarray,
) -> np.ndarray:
    """Return the color of the lit glass."""
    count = panes.max() + 1
    lightness = ndimage.mean(tone, panes, np.arange(count)) + rng.normal(size=count) * 0.13
    within = 0.5 * (tone - ndimage.mean(tone, panes, np.arange(count))[panes])
    t = np.clip(lightness[panes] + within + 0.05 * grain, 0, 1)
    glass = np.zeros((*labels.shape, 3))
    for region, colors in GLASS.items():
        glass[labels == region] = ramp(t, *colors)[labels == region]
    glow = 0.72 + 0.5 * smoothstep(0, 0.025, to_lead) + 0.08 * cloud(rng, labels.shape, 0.3, 2)
    glow = np.clip(glow + 0.10 * grain + 0.12 * rng.normal(size=count)[panes], 0.35, 1.4)[..., None]
    return np.clip(glass, 0.02, 1) ** (2.1 - 1.1 * glow) * (
        0.75 + 0.3 * glow
    )  # thicker glass is more saturated, not grayer


def _hatching(
    rng: np.random.Generator, x: np.ndarray, y: np.ndarray, angle: np.ndarray, to_lead: np.ndarray
) -> np.ndarray:
    """Return painted brown lines, in [0, 1]: thicker toward the leads, absent in the middle of a pane."""
    along, _ = _turned(x, y, angle)
    phase = along / HATCH + 0.35 * noise(rng, x.shape, 0.03)
    line = np.abs(phase % 1 - 0.5) * 2
    thickness = 0.60 - to_lead / 0.03 + 0.25 * noise(rng, x.shape, 0.03)
    return smoothstep(0.0, 0.4, thickness - line)


def _leaded(rng: np.random.Generator, glass: np.ndarray, to_lead: np.ndarray) -> np.ndarray:
    """Paint the leads over the glass: dark round bars with dents and highlights."""
    width = LEAD * (1 + 0.13 * noise(rng, to_lead.shape, 0.03))
    bar = np.sqrt(np.clip(1 - (to_lead / width) ** 2, 0, 1))
    dents = 0.25 * noise(rng, to_lead.shape, 0.008)
    metal = relief(np.full(glass.shape, (0.115, 0.105, 0.125)), 7 * bar + dents, 0.8)
    halo = ndimage.gaussian_filter(glass, (4, 4, 0))
    cover = smoothstep(1.15, 0.9, to_lead / width)[..., None]
    return glass * (1 - cover) + (metal + 0.10 * halo) * cover
