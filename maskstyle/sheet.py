"""A labelled sheet of pictures, drawn by Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from maskstyle.images import Image, fit_size, resize_image, to_uint8

MARGIN = 12
LINE_HEIGHT = 20
FONT_SIZE = 14
PAPER = (250, 250, 247)
INK = (30, 30, 30)


@dataclass(frozen=True)
class Panel:
    """One picture of a sheet with the lines beneath it.

    Parameters
    ----------
    image : (H, W, 3) float32 array
        In [0, 1].
    lines : tuple of str
        The first is the title.
    """

    image: Image
    lines: tuple[str, ...]


def make_sheet(panels: Sequence[Panel], *, columns: int = 3, side: int = 384) -> Image:
    """Return one image with all panels in rows, each picture fitted into a square.

    Parameters
    ----------
    panels : sequence of Panel
        At least one.
    columns : int
        Greatest number of panels in a row.
    side : int
        Longer side of each picture in pixels.

    Returns
    -------
    (H, W, 3) float32 array
        In [0, 1].
    """
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    text_height = LINE_HEIGHT * max(len(panel.lines) for panel in panels)
    cell_width, cell_height = side + MARGIN, side + text_height + MARGIN
    sheet = PillowImage.new("RGB", (columns * cell_width + MARGIN, rows * cell_height + MARGIN), PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(FONT_SIZE)
    for index, panel in enumerate(panels):
        left = MARGIN + (index % columns) * cell_width
        top = MARGIN + (index // columns) * cell_height
        height, width = fit_size(panel.image.shape[:2], side)
        picture = PillowImage.fromarray(to_uint8(resize_image(panel.image, (height, width))))
        sheet.paste(picture, (left + (side - width) // 2, top + (side - height) // 2))
        for number, line in enumerate(panel.lines):
            draw.text((left, top + side + 3 + number * LINE_HEIGHT), line, fill=INK, font=font)
    return np.asarray(sheet, dtype=np.float32) / np.float32(255)
