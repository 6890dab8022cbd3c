"""A picture of two maps: each over its image, its regions numbered, and a legend that says what goes with what."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont
from scipy import ndimage

from maskstyle.evaluation.map_check import MapRegion, MapReport, MapSide
from maskstyle.images.contact_sheet import INK, LINE_HEIGHT, MARGIN, PAPER
from maskstyle.images.pixels import Image, fit_size, resize_image, to_uint8
from maskstyle.maps.colors import Color, color_name, format_color, percent
from maskstyle.maps.semantic_map import SemanticMap

SIDE = 480
"""Longer side of each picture in pixels."""

OPACITY = 0.5
"""How much of a map's color covers its image."""

_FONT = 14
_SWATCH = 14
_LIGHT: Color = (255, 255, 255)
_WARNING: Color = (180, 40, 20)


def draw_preview(report: MapReport, images: tuple[Image | None, Image | None] = (None, None)) -> Image:
    """Draw both maps over their images, with a legend.

    Parameters
    ----------
    report : MapReport
        What `maskstyle.evaluation.map_check.check_maps` found.
    images : pair of (H, W, 3) float32 array or None
        The content and the style image in [0, 1]; a map whose image is None is drawn alone.

    Returns
    -------
    (H, W, 3) float32 array
        In [0, 1].
    """
    numbers = (
        {pair[0].index: row for row, pair in enumerate(report.pairs, start=1) if pair[0]},
        _style_numbers(report),
    )
    panels = [
        draw_overlay(side.semantic_map, image, number)
        for side, image, number in zip((report.content, report.style), images, numbers, strict=True)
    ]
    column = max(SIDE, *(panel.width for panel in panels))
    legend_top = 2 * MARGIN + LINE_HEIGHT + max(panel.height for panel in panels)
    height = legend_top + LINE_HEIGHT * len(report.pairs) + MARGIN
    sheet = PillowImage.new("RGB", (2 * column + 3 * MARGIN, height), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_FONT)
    for index, (side, panel) in enumerate(zip((report.content, report.style), panels, strict=True)):
        left = MARGIN + index * (column + MARGIN)
        draw.text((left, MARGIN - 4), _shortened(side), fill=INK, font=font)
        sheet.paste(panel, (left, MARGIN + LINE_HEIGHT))
        for row, pair in enumerate(report.pairs, start=1):
            top = legend_top + LINE_HEIGHT * (row - 1)
            label = numbers[1][pair[1].index] if index and pair[1] else row
            region = pair[index]
            if region is not None:
                _legend_line(draw, (left, top), label, region, font, alone=pair[1 - index] is None)
    return np.asarray(sheet, dtype=np.float32) / np.float32(255)


def _style_numbers(report: MapReport) -> dict[int, int]:
    """Return the number of each style region: that of the first content region that takes its style from it."""
    numbers: dict[int, int] = {}
    for row, (_, style) in enumerate(report.pairs, start=1):
        if style:
            numbers.setdefault(style.index, row)
    return numbers


def _shortened(side: MapSide) -> str:
    height, width = side.semantic_map.size
    name = side.name if len(side.name) <= 40 else f"...{side.name[-37:]}"
    return f"{name}, {width}x{height}"


def draw_overlay(semantic_map: SemanticMap, image: Image | None, numbers: dict[int, int]) -> PillowImage.Image:
    """Draw a map's colors over its image, with dark lines between regions and a number on each.

    Parameters
    ----------
    semantic_map : SemanticMap
        The map.
    image : (H, W, 3) float32 array or None
        Its image in [0, 1]; the map is drawn alone where it is left out.
    numbers : dict of int to int
        The number of each region to number, by its index.

    Returns
    -------
    PIL.Image.Image
        RGB, its longer side `SIDE`.
    """
    height, width = fit_size(semantic_map.size, SIDE)
    rows = ((np.arange(height) + 0.5) * semantic_map.size[0] / height).astype(np.intp)
    columns = ((np.arange(width) + 0.5) * semantic_map.size[1] / width).astype(np.intp)
    labels = semantic_map.labels[np.ix_(rows, columns)]
    inside = (labels >= 0)[..., np.newaxis]
    colors = np.array([*semantic_map.colors, (0, 0, 0)], np.float32)[labels] / np.float32(255)
    if image is None:
        pixels = np.where(inside, colors, _checkered((height, width)))
    else:
        under = resize_image(image, (height, width))
        pixels = np.where(inside, (1 - OPACITY) * under + OPACITY * colors, under)
    border = np.zeros(labels.shape, np.bool_)
    border[:, 1:] |= labels[:, 1:] != labels[:, :-1]
    border[1:] |= labels[1:] != labels[:-1]
    pixels = np.where(border[..., np.newaxis], np.float32(0.1), pixels)
    picture = PillowImage.fromarray(to_uint8(pixels))
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(_FONT)
    for index, number in numbers.items():
        spot = _middle(labels == index)
        if spot:
            draw.text(spot, str(number), fill=INK, font=font, anchor="mm", stroke_width=2, stroke_fill=_LIGHT)
    return picture


def _checkered(size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the pattern that stands for nothing, (H, W, 1)."""
    rows, columns = np.indices(size) // 8
    return np.where((rows + columns) % 2, np.float32(0.8), np.float32(0.95))[..., np.newaxis]


def _middle(mask: NDArray[np.bool_]) -> tuple[int, int] | None:
    """Return the pixel, (x, y), that is farthest inside a mask."""
    if not mask.any():
        return None
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    row, column = np.unravel_index(int(depth.argmax()), depth.shape)
    return int(column), int(row)


def _legend_line(
    draw: ImageDraw.ImageDraw,
    spot: tuple[int, int],
    number: int,
    region: MapRegion,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    *,
    alone: bool,
) -> None:
    """Draw one region's number, swatch, color, name and share, and whether it is alone or vanishes."""
    left, top = spot
    draw.text((left, top), str(number), fill=INK, font=font)
    box = (left + 26, top + 2, left + 26 + _SWATCH, top + 2 + _SWATCH)
    draw.rectangle(box, fill=region.color, outline=INK)
    words = f"{format_color(region.color)} {color_name(region.color)}, {percent(region.share)}"
    notes = [*(["no counterpart"] if alone else []), *(["vanishes on some layers"] if region.vanishes else [])]
    note = ", ".join(notes)
    draw.text((left + 50, top), words, fill=INK, font=font)
    if note:
        draw.text((left + 50 + draw.textlength(words + "  ", font=font), top), note, fill=_WARNING, font=font)
