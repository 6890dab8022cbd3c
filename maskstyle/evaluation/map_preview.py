"""A preview of two semantic maps: each over its image, with numbered regions and a legend of the matches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import scipy
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from maskstyle.evaluation.map_check import CheckedMap, MapRegion, MapReport
from maskstyle.images.contact_sheet import FONT_SIZE, INK, LINE_HEIGHT, MARGIN, PAPER, write
from maskstyle.images.pixels import Image, fit_size, resize_image, resize_labels, to_uint8
from maskstyle.maps.colors import Color, percent
from maskstyle.maps.semantic_map import SemanticMap

SIDE = 480
"""Longer side of each panel, in pixels."""

OPACITY = 0.5
"""Opacity of a map over its image."""

LONGEST_NAME = 40
"""Characters of a map's name that fit above its panel."""

_SWATCH = 14
_LIGHT: Color = (255, 255, 255)
_WARNING: Color = (180, 40, 20)


def draw_preview(report: MapReport, images: tuple[Image | None, Image | None] = (None, None)) -> Image:
    """Draw both maps over their images, side by side, with a legend.

    Parameters
    ----------
    report : MapReport
        The findings of `maskstyle.check_maps`.
    images : pair of (H, W, 3) float32 array or None
        The content image and the style image, RGB in [0, 1]; a map without its image is drawn alone.

    Returns
    -------
    (H, W, 3) float32 array
        RGB in [0, 1].
    """
    rows = [
        [(region, "unmatched" if other is None else "") for region, other in report.pairs],
        [(region, "not used" if other is None else "") for other, region in report.pairs],
    ]
    return _sheet([(report.content, images[0], rows[0]), (report.style, images[1], rows[1])])


def draw_map_preview(checked: CheckedMap, image: Image | None = None) -> Image:
    """Draw one map over its image, with a legend.

    Parameters
    ----------
    checked : CheckedMap
        The findings of `maskstyle.evaluation.check_map`.
    image : (H, W, 3) float32 array, optional
        Its image, RGB in [0, 1].

    Returns
    -------
    (H, W, 3) float32 array
        RGB in [0, 1].
    """
    return _sheet([(checked, image, [(region, "") for region in checked.regions])])


Column: TypeAlias = tuple[CheckedMap, Image | None, Sequence[tuple[MapRegion | None, str]]]
"""A map, its image, and the lines of its legend: a region, and what to know about its match."""


def _sheet(columns: Sequence[Column]) -> Image:
    """Draw maps over their images, side by side, each with its legend."""
    panels = [
        draw_overlay(checked.semantic_map, image, dict(enumerate(checked.semantic_map.numbers)))
        for checked, image, _ in columns
    ]
    column = max(SIDE, *(panel.width for panel in panels))
    legend_top = 2 * MARGIN + LINE_HEIGHT + max(panel.height for panel in panels)
    height = legend_top + LINE_HEIGHT * len(columns[0][2]) + MARGIN
    sheet = PillowImage.new("RGB", (len(columns) * (column + MARGIN) + MARGIN, height), PAPER)
    draw = ImageDraw.Draw(sheet)
    for index, ((checked, _, rows), panel) in enumerate(zip(columns, panels, strict=True)):
        left = MARGIN + index * (column + MARGIN)
        write(draw, (left, MARGIN - 4), _title(checked))
        sheet.paste(panel, (left, MARGIN + LINE_HEIGHT))
        for row, (region, remark) in enumerate(rows):
            if region is not None:
                _draw_legend_line(draw, (left, legend_top + LINE_HEIGHT * row), region, remark)
    return np.asarray(sheet, dtype=np.float32) / np.float32(255)


def _title(checked: CheckedMap) -> str:
    height, width = checked.semantic_map.size
    name = checked.name if len(checked.name) <= LONGEST_NAME else f"...{checked.name[3 - LONGEST_NAME :]}"
    return f"{name}, {width}x{height}"


def draw_overlay(semantic_map: SemanticMap, image: Image | None, numbers: dict[int, int]) -> PillowImage.Image:
    """Draw a map over its image, with dark borders and a number on each region.

    Parameters
    ----------
    semantic_map : SemanticMap
        The map.
    image : (H, W, 3) float32 array or None
        Its image, RGB in [0, 1]; None draws the map alone.
    numbers : dict of int to int
        The numbers to draw, by the index of the region.

    Returns
    -------
    PIL.Image.Image
        RGB, with a longer side of `SIDE` pixels.
    """
    size = fit_size(semantic_map.size, SIDE)
    labels = resize_labels(semantic_map.labels, size)
    inside = (labels >= 0)[..., np.newaxis]
    colors = np.array([*semantic_map.colors, (0, 0, 0)], np.float32)[labels] / np.float32(255)
    if image is None:
        pixels = np.where(inside, colors, _checkered(size))
    else:
        under = resize_image(image, size)
        pixels = np.where(inside, (1 - OPACITY) * under + OPACITY * colors, under)
    border = np.zeros(labels.shape, np.bool_)
    border[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    border[1:] |= labels[1:] != labels[:-1]
    pixels = np.where(border[..., np.newaxis], np.float32(0.1), pixels)
    picture = PillowImage.fromarray(to_uint8(pixels))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(FONT_SIZE)
    for index, number in numbers.items():
        spot = _middle(labels == index)
        if spot:
            draw.text(spot, str(number), fill=INK, font=font, anchor="mm", stroke_width=2, stroke_fill=_LIGHT)
    return picture


def _checkered(size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the checkered pattern of transparency, (H, W, 1)."""
    rows, columns = np.indices(size) // 8
    return np.where((rows + columns) % 2, np.float32(0.8), np.float32(0.95))[..., np.newaxis]


def _middle(mask: NDArray[np.bool_]) -> tuple[int, int] | None:
    """Return the pixel (x, y) of a mask that is farthest from its edge."""
    if not mask.any():
        return None
    depth = scipy.ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(column), int(row)


def _draw_legend_line(draw: ImageDraw.ImageDraw, spot: tuple[int, int], region: MapRegion, remark: str) -> None:
    """Draw a region's number, swatch, color, name and share, and a warning if it is unmatched or too small."""
    left, top = spot
    write(draw, spot, str(region.number))
    box = (left + 26, top + 2, left + 26 + _SWATCH, top + 2 + _SWATCH)
    draw.rectangle(box, fill=region.color, outline=INK)
    text = f"{region.text}, {percent(region.share)}"
    write(draw, (left + 50, top), text)
    warnings = [*([remark] if remark else []), *(["too small for some layers"] if region.missing_layers else [])]
    if warnings:
        end = left + 50 + draw.textlength(text + "  ", font=ImageFont.load_default(FONT_SIZE))
        write(draw, (end, top), ", ".join(warnings), fill=_WARNING)
