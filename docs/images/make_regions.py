"""Render the sheet of docs/how-to/regions.md from the samples with the default recipe."""

from __future__ import annotations

from typing import Any

from sheets import map_panel, picture, picture_panel, save_sheet, semantic_map

import maskstyle
from maskstyle.images.contact_sheet import Panel

CASES: tuple[tuple[str, str, dict[str, Any], str], ...] = (
    ("astronaut", "portrait", {}, "every region"),
    ("rocket", "lighthouse", {}, "every region"),
    ("coffee", "breakfast", {"regions": [(200, 70, 50)], "feather": 6.0}, "one region, feathered"),
)
SIZE = 512


def main() -> None:
    """Render each case and write the sheet."""
    panels = []
    for content, style, options, caption in CASES:
        panels += [each(name) for name in (content, style) for each in (picture_panel, map_panel)]
        result = maskstyle.transfer_region(
            picture(content),
            picture(style),
            content_map=semantic_map(content),
            style_map=semantic_map(style),
            settings=maskstyle.Settings(size=SIZE),
            **options,
        )
        panels.append(Panel(result.image, (caption,)))
    save_sheet("regions", panels, columns=5, side=320)


if __name__ == "__main__":
    main()
