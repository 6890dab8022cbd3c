"""Render the heat maps of docs/evaluation.md from the samples, with the embedded network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image as PillowImage

import maskstyle
from maskstyle.evaluation import draw_heatmap, evaluate_regions
from maskstyle.images.contact_sheet import MARGIN, PAPER, Panel, make_sheet
from maskstyle.images.pixels import Image, to_uint8
from maskstyle.networks import choose_network

SAMPLES = Path(__file__).parents[2] / "samples"
CONTENT, STYLE = "coffee", "woodcut"
SIZE = 384


def main() -> None:
    """Transfer by region and as a whole, judge both by region, and write the sheet beside this file."""
    content, style = (maskstyle.load_image(SAMPLES / f"{name}.jpg").pixels for name in (CONTENT, STYLE))
    maps: dict[str, Any] = {
        "content_map": maskstyle.load_map(SAMPLES / f"{CONTENT}_map.png"),
        "style_map": maskstyle.load_map(SAMPLES / f"{STYLE}_map.png"),
    }
    settings = maskstyle.Settings(network="lite", size=SIZE)
    pictures = {
        "maskstyle region": maskstyle.transfer_region(content, style, settings=settings, **maps).image,
        "maskstyle basic": maskstyle.transfer_basic(content, style, settings=settings).image,
    }
    network = choose_network("lite", ["block2_conv1", "block3_conv1"], compute_type="float32")
    rows = []
    for name, picture in pictures.items():
        evaluation = evaluate_regions(picture, style, network=network, **maps)
        rows.append((make_sheet([Panel(picture, (name,))], side=SIZE), draw_heatmap(evaluation)))
    _stacked(rows).save(Path(__file__).with_name("evaluation.jpg"), quality=90)


def _stacked(rows: list[tuple[Image, Image]]) -> PillowImage.Image:
    """Return the rows of pictures one below the other, at their own sizes."""
    heights = [max(picture.shape[0] for picture in row) for row in rows]
    width = max(sum(picture.shape[1] for picture in row) for row in rows)
    sheet = PillowImage.new("RGB", (width, sum(heights) + MARGIN * (len(rows) - 1)), PAPER)
    top = 0
    for row, height in zip(rows, heights, strict=True):
        left = 0
        for picture in row:
            sheet.paste(PillowImage.fromarray(to_uint8(picture)), (left, top))
            left += picture.shape[1]
        top += height + MARGIN
    return sheet


if __name__ == "__main__":
    main()
