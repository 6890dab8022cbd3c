"""A heat map of the style distances of an evaluation, drawn with Pillow."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw

from maskstyle.evaluation.comparison import EvaluatedRegion
from maskstyle.evaluation.result import Evaluation, number_text
from maskstyle.images.contact_sheet import INK, LINE_HEIGHT, MARGIN, PAPER, write
from maskstyle.images.pixels import Image
from maskstyle.maps.colors import Color
from maskstyle.maps.semantic_map import short_name

CELL_WIDTH, CELL_HEIGHT = 92, 54
LABEL_WIDTH = 124
SWATCH = 24
TITLE_WIDTH = 480
"""Least width of the picture, for its title."""

SHADES: tuple[Color, ...] = ((252, 244, 214), (236, 166, 92), (176, 62, 72), (70, 20, 66))
"""Colors from the nearest style to the farthest, evenly spaced in the logarithm of the distance."""

UNKNOWN = (225, 225, 222)
DARK = 130
"""Brightness below which a cell has light text."""


def draw_heatmap(evaluation: Evaluation) -> Image:
    """Draw the style distances of an evaluation as a heat map.

    Rows are the regions of the result, columns the styles, both labeled with their map colors. Light cells are near,
    dark cells are far. An outline marks each region's own style; its leakage follows at the end of the row.

    Parameters
    ----------
    evaluation : Evaluation
        From `maskstyle.evaluation.evaluate_regions`.

    Returns
    -------
    (H, W, 3) float32 array
        RGB in [0, 1].
    """
    title = _title(evaluation)
    rows, columns = evaluation.regions, evaluation.style_regions
    top = 2 * MARGIN + (len(title) + 2) * LINE_HEIGHT + SWATCH + MARGIN
    left = MARGIN + LABEL_WIDTH
    width = max(TITLE_WIDTH, left + (len(columns) + 1) * CELL_WIDTH + MARGIN)
    sheet = PillowImage.new("RGB", (width, top + len(rows) * CELL_HEIGHT + MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(title):
        write(draw, (MARGIN, MARGIN + number * LINE_HEIGHT), line)
    for column, region in enumerate(columns):
        _draw_label(draw, (left + column * CELL_WIDTH, top - SWATCH - 2 * LINE_HEIGHT - 12), region, below=True)
    for row, region in enumerate(rows):
        _draw_label(draw, (MARGIN, top + row * CELL_HEIGHT + 6), region, below=False)
    _draw_cells(draw, (left, top), evaluation)
    _draw_leakage(draw, (left + len(columns) * CELL_WIDTH + MARGIN, top), evaluation)
    return np.asarray(sheet, dtype=np.float32) / np.float32(255)


def _draw_cells(draw: ImageDraw.ImageDraw, corner: tuple[int, int], evaluation: Evaluation) -> None:
    """Draw the matrix at a corner, with the own styles outlined."""
    left, top = corner
    shades = _shades(evaluation.confusion)
    for row, own in enumerate(evaluation.own):
        for column, value in enumerate(evaluation.confusion[row]):
            cell = (left + column * CELL_WIDTH, top + row * CELL_HEIGHT)
            _draw_cell(draw, cell, float(value), shades[row][column])
            if column == own:
                _outline(draw, cell)


def _draw_leakage(draw: ImageDraw.ImageDraw, corner: tuple[int, int], evaluation: Evaluation) -> None:
    """Draw the column of leakages at a corner, with its title above."""
    left, top = corner
    write(draw, (left, top - LINE_HEIGHT - 4), "leakage")
    for row, leakage in enumerate(evaluation.leakage):
        middle = top + row * CELL_HEIGHT + CELL_HEIGHT // 2
        write(draw, (left, middle), number_text(leakage), anchor="lm")


def _title(evaluation: Evaluation) -> list[str]:
    return [
        "Style distance of the result's regions (rows) to the style regions (columns)",
        f"by {evaluation.network}, mean over {', '.join(evaluation.by_layer)}; outline: own style",
    ]


def _draw_label(draw: ImageDraw.ImageDraw, corner: tuple[int, int], region: EvaluatedRegion, *, below: bool) -> None:
    """Draw a region's map color at a corner, and its name below or beside it."""
    left, top = corner
    words = short_name(region.name).split()
    if region.color is not None:
        box = (left, top + 6, left + (CELL_WIDTH - 8 if below else SWATCH), top + 6 + SWATCH)
        draw.rectangle(box, fill=region.color, outline=INK)
    text = (left, top + SWATCH + 8) if below else (left + SWATCH + 8, top)
    for number, word in enumerate(words):
        write(draw, (text[0], text[1] + number * LINE_HEIGHT), word)


def _draw_cell(draw: ImageDraw.ImageDraw, corner: tuple[int, int], value: float, shade: Color) -> None:
    left, top = corner
    draw.rectangle((left + 1, top + 1, left + CELL_WIDTH - 2, top + CELL_HEIGHT - 2), fill=shade)
    light = np.dot(shade, (0.299, 0.587, 0.114)) < DARK
    text = number_text(value) if math.isfinite(value) else "too small"
    middle = (left + CELL_WIDTH // 2, top + CELL_HEIGHT // 2)
    write(draw, middle, text, fill=PAPER if light else INK, anchor="mm")


def _outline(draw: ImageDraw.ImageDraw, corner: tuple[int, int]) -> None:
    left, top = corner
    draw.rectangle((left, top, left + CELL_WIDTH - 1, top + CELL_HEIGHT - 1), outline=INK, width=3)


def _shades(distances: NDArray[np.float64]) -> list[list[Color]]:
    """Return a color for each distance, on a logarithmic scale from the smallest above 0 to the largest."""
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
