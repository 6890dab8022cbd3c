"""Render the sheet of docs/patches.md from the samples, with the embedded network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PIL import Image as PillowImage

import maskstyle
from maskstyle.images.contact_sheet import Panel, make_sheet
from maskstyle.images.pixels import to_uint8
from maskstyle.settings import PATCH_TRANSFER_SETTINGS

SAMPLES = Path(__file__).parents[2] / "samples"
CASES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("coffee", "harbour", {}),
    ("coffee", "woodcut", {}),
    ("astronaut", "harbour", {"unmatched": "nearest"}),
)
SIZE = 512


def main() -> None:
    """Render each case and write the sheet beside this file."""
    panels = []
    settings = PATCH_TRANSFER_SETTINGS.changed(network="lite", size=SIZE)
    for content, style, options in CASES:
        pictures = {name: maskstyle.load_image(SAMPLES / f"{name}.jpg").pixels for name in (content, style)}
        maps = {name: maskstyle.load_map(SAMPLES / f"{name}_map.png") for name in (content, style)}
        for name in (content, style):
            drawn = maskstyle.load_image(SAMPLES / f"{name}_map.png").pixels
            panels += [Panel(pictures[name], (name,)), Panel(drawn, ("its map",))]
        result = maskstyle.transfer_patch(
            pictures[content],
            pictures[style],
            content_map=maps[content],
            style_map=maps[style],
            settings=settings,
            **options,
        )
        assert result.match_map is not None
        panels += [Panel(result.match_map, ("the matches",)), Panel(result.image, ("patch",))]
    sheet = make_sheet(panels, columns=6, side=300)
    PillowImage.fromarray(to_uint8(sheet)).save(Path(__file__).with_name("patches.jpg"), quality=85)


if __name__ == "__main__":
    main()
