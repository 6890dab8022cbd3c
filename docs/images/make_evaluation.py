"""Render the heat maps of docs/how-to/evaluation.md from the samples with the embedded network."""

from __future__ import annotations

from PIL import Image as PillowImage
from sheets import FOLDER, picture, semantic_map

import maskstyle
from maskstyle.evaluation import draw_heatmap, evaluate_regions
from maskstyle.images.contact_sheet import MARGIN, PAPER, Panel, make_sheet
from maskstyle.images.pixels import Image, to_uint8
from maskstyle.networks import choose_network

CONTENT, STYLE = "coffee", "woodcut"
SIZE = 384


def main() -> None:
    """Transfer by region and as a whole, judge both by region, and write the sheet."""
    content, style = picture(CONTENT), picture(STYLE)
    content_map, style_map = semantic_map(CONTENT), semantic_map(STYLE)
    settings = maskstyle.Settings(network="lite", size=SIZE)
    by_region = maskstyle.transfer_region(
        content, style, content_map=content_map, style_map=style_map, settings=settings
    )
    as_a_whole = maskstyle.transfer_basic(content, style, settings=settings)
    network = choose_network("lite", ["block2_conv1", "block3_conv1"], compute_type="float32")
    rows = []
    for name, result in {"maskstyle region": by_region, "maskstyle basic": as_a_whole}.items():
        evaluation = evaluate_regions(
            result.image, style, content_map=content_map, style_map=style_map, network=network
        )
        rows.append((make_sheet([Panel(result.image, (name,))], side=SIZE), draw_heatmap(evaluation)))
    _stacked(rows).save(FOLDER / "evaluation.jpg", quality=90)


def _stacked(rows: list[tuple[Image, Image]]) -> PillowImage.Image:
    """Return rows of pictures below each other, at their own sizes."""
    heights = [max(image.shape[0] for image in row) for row in rows]
    width = max(sum(image.shape[1] for image in row) for row in rows)
    sheet = PillowImage.new("RGB", (width, sum(heights) + MARGIN * (len(rows) - 1)), PAPER)
    top = 0
    for row, height in zip(rows, heights, strict=True):
        left = 0
        for image in row:
            sheet.paste(PillowImage.fromarray(to_uint8(image)), (left, top))
            left += image.shape[1]
        top += height + MARGIN
    return sheet


if __name__ == "__main__":
    main()
