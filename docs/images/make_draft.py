"""Render the drafts of docs/how-to/maps.md from the samples."""

from __future__ import annotations

import numpy as np
from PIL import Image as PillowImage
from sheets import FOLDER, picture, semantic_map

from maskstyle.drafting import color_map_like, draft_map
from maskstyle.evaluation import draw_overlay
from maskstyle.images.pixels import to_uint8
from maskstyle.maps import SemanticMap

HEIGHT = 240
GAP = 8


def main() -> None:
    """Draft maps of two photographs, one in the colors of a painting's map, and write them side by side."""
    cat, cup = picture("chelsea"), picture("coffee")
    painting_map = semantic_map("harbour")
    cat_map, cup_map = draft_map(cat, regions=4), draft_map(cup, regions=5)
    matched, _ = color_map_like(cup_map, cup, painting_map, picture("harbour"))
    panels = [
        PillowImage.fromarray(to_uint8(cat)),
        draw_overlay(cat_map, cat, {}),
        draw_overlay(cup_map, cup, {}),
        _colored(matched),
        _colored(painting_map),
    ]
    _side_by_side(panels).save(FOLDER / "maps_draft.jpg", quality=85)


def _colored(drawn: SemanticMap) -> PillowImage.Image:
    return PillowImage.fromarray(np.array(drawn.colors, np.uint8)[drawn.labels])


def _side_by_side(panels: list[PillowImage.Image]) -> PillowImage.Image:
    resized = [panel.resize((round(panel.width * HEIGHT / panel.height), HEIGHT)) for panel in panels]
    sheet = PillowImage.new("RGB", (sum(panel.width + GAP for panel in resized) - GAP, HEIGHT), "white")
    left = 0
    for panel in resized:
        sheet.paste(panel, (left, 0))
        left += panel.width + GAP
    return sheet


if __name__ == "__main__":
    main()
