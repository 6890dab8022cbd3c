"""Render the sheet of docs/regions.md from the samples, with the embedded network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image as PillowImage

import maskstyle
from maskstyle.images.contact_sheet import Panel, make_sheet
from maskstyle.images.pixels import to_uint8

SAMPLES = Path(__file__).parents[2] / "samples"
CASES: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("coffee", "woodcut", {}, "every region"),
    ("astronaut", "harbour", {"unmatched": "keep"}, "every region"),
    ("coffee", "harbour", {"regions": [(200, 70, 50)], "feather": 6.0}, "one region, feathered"),
)
SIZE = 448


def main() -> None:
    """Render each case and write the sheet beside this file."""
    panels = []
    settings = maskstyle.Settings(network="lite", size=SIZE)
    for content, style, options, caption in CASES:
        pictures = {name: maskstyle.load_image(SAMPLES / f"{name}.jpg").pixels for name in (content, style)}
        maps = {name: maskstyle.load_map(SAMPLES / f"{name}_map.png") for name in (content, style)}
        for name in (content, style):
            drawn = maskstyle.load_image(SAMPLES / f"{name}_map.png").pixels
            panels += [Panel(pictures[name], (name,)), Panel(drawn, ("its map",))]
        result = maskstyle.transfer_region(
            pictures[content],
            pictures[style],
            content_map=maps[content],
            style_map=maps[style],
            settings=settings,
            **options,
        )
        panels.append(Panel(result.image, (caption,)))
    sheet = make_sheet(panels, columns=5, side=320)
    PillowImage.fromarray(to_uint8(sheet)).save(Path(__file__).with_name("regions.jpg"), quality=85)


if __name__ == "__main__":
    main()
