"""Render the drafts of docs/maps.md from the samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

import maskstyle
from maskstyle.drafting import color_map_like, draft_map
from maskstyle.evaluation import draw_overlay
from maskstyle.images.pixels import to_uint8

SAMPLES = Path(__file__).parents[2] / "samples"
HEIGHT = 240
GAP = 8


def main() -> None:
    """Draft maps of two photographs, one in the colors of a painting's map, and write them beside this file."""
    painting = maskstyle.load_image(SAMPLES / "harbour.jpg").pixels
    painting_map = maskstyle.load_map(SAMPLES / "harbour_map.png")
    cat = maskstyle.load_image(SAMPLES / "chelsea.jpg").pixels
    cup = maskstyle.load_image(SAMPLES / "coffee.jpg").pixels
    of_cat, of_cup = draft_map(cat, regions=4), draft_map(cup, regions=5)
    like, _ = color_map_like(of_cup, cup, painting_map, painting)
    panels = [
        PillowImage.fromarray(to_uint8(cat)),
        draw_overlay(of_cat, cat, {}),
        draw_overlay(of_cup, cup, {}),
        PillowImage.fromarray(np.array(like.colors, np.uint8)[like.labels]),
        PillowImage.fromarray(np.array(painting_map.colors, np.uint8)[painting_map.labels]),
    ]
    panels = [each.resize((round(each.width * HEIGHT / each.height), HEIGHT)) for each in panels]
    sheet = PillowImage.new("RGB", (sum(each.width + GAP for each in panels) - GAP, HEIGHT), "white")
    left = 0
    for panel in panels:
        sheet.paste(panel, (left, 0))
        left += panel.width + GAP
    sheet.save(Path(__file__).with_name("maps_draft.jpg"), quality=85)


if __name__ == "__main__":
    main()
