"""Contact sheets: labeled images in rows, drawn with Pillow."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageDraw, ImageFont

from maskstyle.errors import ImageError
from maskstyle.images.pixels import Image, Mask, fit_size, resize_image, to_uint8

MARGIN = 12
LINE_HEIGHT = 20
FONT_SIZE = 14
PAPER = (250, 250, 247)
INK = (30, 30, 30)


@dataclass(frozen=True)
class Panel:
    """One image of a sheet with the lines of text below it.

    Parameters
    ----------
    image : (H, W, 3) float32 array
        In [0, 1].
    lines : tuple of str
        Lines of text; the first is the title.
    alpha : (H, W) float32 array or None
        Opacity in [0, 1]: the paper shows through; None: opaque.
    """

    image: Image
    lines: tuple[str, ...]
    alpha: Mask | None = None

    def on_paper(self) -> Image:
        """Return the image as it looks on the paper."""
        paper = np.array(PAPER, np.float32) / np.float32(255)
        return self.image if self.alpha is None else paper + self.alpha[..., np.newaxis] * (self.image - paper)


def make_sheet(panels: Sequence[Panel], *, columns: int = 3, side: int = 384) -> Image:
    """Arrange panels in rows, each as high as its highest image.

    Parameters
    ----------
    panels : sequence of Panel
        The panels, at least one.
    columns : int
        Maximum number of panels in a row.
    side : int
        Longer side of each image in pixels.

    Returns
    -------
    (H, W, 3) float32 array
        In [0, 1].
    """
    if not panels:
        raise ImageError("there is no panel to arrange; give at least one")
    if columns < 1 or side < 1:
        raise ImageError(f"columns is {columns} and side is {side}; expected numbers of at least 1")
    rows = [panels[start : start + columns] for start in range(0, len(panels), columns)]
    heights = [max(fit_size(panel.image.shape[:2], side)[0] for panel in row) for row in rows]
    text_height = LINE_HEIGHT * max(len(panel.lines) for panel in panels)
    width = min(columns, len(panels)) * (side + MARGIN) + MARGIN
    height = sum(heights) + len(rows) * (text_height + MARGIN) + MARGIN
    sheet = PillowImage.new("RGB", (width, height), PAPER)
    top = MARGIN
    for row, row_height in zip(rows, heights, strict=True):
        for index, panel in enumerate(row):
            _draw_panel(sheet, panel, (MARGIN + index * (side + MARGIN), top), side=side, row_height=row_height)
        top += row_height + text_height + MARGIN
    return np.asarray(sheet, dtype=np.float32) / np.float32(255)


def _draw_panel(
    sheet: PillowImage.Image, panel: Panel, corner: tuple[int, int], *, side: int, row_height: int
) -> None:
    """Draw the image of a panel, centered, and its lines below."""
    left, top = corner
    height, width = fit_size(panel.image.shape[:2], side)
    picture = PillowImage.fromarray(to_uint8(resize_image(panel.on_paper(), (height, width))))
    sheet.paste(picture, (left + (side - width) // 2, top + (row_height - height) // 2))
    draw = ImageDraw.Draw(sheet)
    for number, line in enumerate(panel.lines):
        write(draw, (left, top + row_height + 3 + number * LINE_HEIGHT), line)


def write(
    draw: ImageDraw.ImageDraw,
    spot: tuple[float, float],
    text: str,
    *,
    fill: tuple[int, int, int] = INK,
    anchor: str = "la",
) -> None:
    """Write a line of text at a spot (x, y); `anchor` is the part of the text there, as Pillow names it."""
    draw.text(spot, text, fill=fill, font=ImageFont.load_default(FONT_SIZE), anchor=anchor)
