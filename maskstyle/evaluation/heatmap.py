"""The confusion matrix of an evaluation as a picture, drawn by Pillow."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from maskstyle.evaluation.result import Evaluation, number_text
from maskstyle.evaluation.setup import JudgedRegion
from maskstyle.images.contact_sheet import FONT_SIZE, INK, LINE_HEIGHT, MARGIN, PAPER
from maskstyle.images.pixels import Image
from maskstyle.maps.io import Color, color_name, format_color

CELL_WIDTH, CELL_HEIGHT = 92, 54
LABEL_WIDTH = 124
SWATCH = 24
TITLE_WIDTH = 480
"""The least width of the picture, for its title."""

SHADES: tuple[Color, ...] = ((252, 244, 214), (236, 166, 92), (176, 62, 72), (70, 20, 66))
"""From the nearest style to the farthest, in even steps of the distance's logarithm."""

UNKNOWN = (225, 225, 222)
DARK = 130
"""Cells of less brightness than this have light writing."""


def draw_heatmap(evaluation: Evaluation) -> Image:
    """Return a picture of the style distances of each region of a result to each region of a style.

    A row is a region of the result, a column one of the style, both with their map colors; a region's own style is
    outlined, and its leakage stands at the end of its row. Light cells are near, dark ones far.

    Parameters
    ----------
    evaluation : Evaluation
        From `maskstyle.evaluate_regions`.

    Returns
    -------
    (H, W, 3) float32 array
        In [0, 1].
    """
    title = _title(evaluation)
    top = 2 * MARGIN + (len(title) + 2) * LINE_HEIGHT + SWATCH + MARGIN
    left = MARGIN + LABEL_WIDTH
    width = max(TITLE_WIDTH, left + (len(evaluation.style_regions) + 1) * CELL_WIDTH + MARGIN)
    sheet = PillowImage.new("RGB", (width, top + len(evaluation.regions) * CELL_HEIGHT + MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(title):
        _write(draw, (MARGIN, MARGIN + number * LINE_HEIGHT), line)
    for column, region in enumerate(evaluation.style_regions):
        _draw_label(draw, (left + column * CELL_WIDTH, top - SWATCH - 2 * LINE_HEIGHT - 12), region, below=True)
    shades = _shades(evaluation.confusion)
    for row, region in enumerate(evaluation.regions):
        height = top + row * CELL_HEIGHT
        _draw_label(draw, (MARGIN, height + 6), region, below=False)
        for column, value in enumerate(evaluation.confusion[row]):
            _draw_cell(draw, (left + column * CELL_WIDTH, height), float(value), shades[row][column])
    for row, (column, leakage) in enumerate(zip(evaluation.own, evaluation.leakage, strict=True)):
        _outline(draw, (left + column * CELL_WIDTH, top + row * CELL_HEIGHT))
        right = left + len(evaluation.style_regions) * CELL_WIDTH + MARGIN
        _write(draw, (right, top + row * CELL_HEIGHT + CELL_HEIGHT // 2), number_text(leakage), anchor="lm")
        if row == 0:
            _write(draw, (right, top - LINE_HEIGHT - 4), "leakage")
    return np.asarray(sheet, dtype=np.float32) / np.float32(255)


def _title(evaluation: Evaluation) -> list[str]:
    return [
        "Style distance of the result's regions (rows) to the style's (columns)",
        f"by {evaluation.network}, mean over {', '.join(evaluation.by_layer)}; outlined: the own style",
    ]


def _draw_label(draw: ImageDraw.ImageDraw, corner: tuple[int, int], region: JudgedRegion, *, below: bool) -> None:
    """Draw a region's map color and name at a corner, the name below the color or beside it."""
    left, top = corner
    words = region.name.split() if region.color is None else [format_color(region.color), color_name(region.color)]
    if region.color is not None:
        box = (left, top + 6, left + (CELL_WIDTH - 8 if below else SWATCH), top + 6 + SWATCH)
        draw.rectangle(box, fill=region.color, outline=INK)
    text = (left, top + SWATCH + 8) if below else (left + SWATCH + 8, top)
    for number, word in enumerate(words):
        _write(draw, (text[0], text[1] + number * LINE_HEIGHT), word)


def _draw_cell(draw: ImageDraw.ImageDraw, corner: tuple[int, int], value: float, shade: Color) -> None:
    left, top = corner
    draw.rectangle((left + 1, top + 1, left + CELL_WIDTH - 2, top + CELL_HEIGHT - 2), fill=shade)
    light = np.dot(shade, (0.299, 0.587, 0.114)) < DARK
    text = number_text(value) if math.isfinite(value) else "too small"
    middle = (left + CELL_WIDTH // 2, top + CELL_HEIGHT // 2)
    _write(draw, middle, text, fill=PAPER if light else INK, anchor="mm")


def _outline(draw: ImageDraw.ImageDraw, corner: tuple[int, int]) -> None:
    left, top = corner
    draw.rectangle((left, top, left + CELL_WIDTH - 1, top + CELL_HEIGHT - 1), outline=INK, width=3)


def _write(
    draw: ImageDraw.ImageDraw, at: tuple[int, int], text: str, *, fill: Color = INK, anchor: str = "la"
) -> None:
    draw.text(at, text, fill=fill, font=ImageFont.load_default(FONT_SIZE), anchor=anchor)


def _shades(distances: NDArray[np.float64]) -> list[list[Color]]:
    """Return a color for each distance, by its logarithm between the smallest above 0 and the largest."""
    above = distances[np.isfinite(distances) & (distances > 0)]
    lowest, highest = (float(above.min()), float(above.max())) if above.size else (1.0, 1.0)
    span = math.log(highest / lowest) or 1.0
    return [[_shade(float(value), lowest, span) for value in row] for row in distances]


def _shade(value: float, lowest: float, span: float) -> Color:
    if not math.isfinite(value):
        return UNKNOWN
    place = (len(SHADES) - 1) * min(1.0, math.log(max(value, lowest) / lowest) / span)
    step = min(int(place), len(SHADES) - 2)
    mixed = (
        round(one + (place - step) * (other - one)) for one, other in zip(SHADES[step], SHADES[step + 1], strict=True)
    )
    red, green, blue = mixed
    return red, green, blue
