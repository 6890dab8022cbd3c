"""Render the sheet of docs/how-to/patches.md from the samples with the default settings."""

from __future__ import annotations

from sheets import map_panel, picture, picture_panel, save_sheet, semantic_map

import maskstyle
from maskstyle.images.contact_sheet import Panel

CASES = (("coffee", "breakfast", "error"), ("astronaut", "portrait", "error"))
SIZE = 384


def main() -> None:
    """Render each case and write the sheet."""
    panels = []
    for content, style, unmatched in CASES:
        panels += [each(name) for name in (content, style) for each in (picture_panel, map_panel)]
        result = maskstyle.transfer_patch(
            picture(content),
            picture(style),
            content_map=semantic_map(content),
            style_map=semantic_map(style),
            unmatched=unmatched,
            settings=maskstyle.Settings(size=SIZE),
        )
        assert result.match_map is not None
        panels += [Panel(result.match_map, ("the matches",)), Panel(result.image, ("patch",))]
    save_sheet("patches", panels, columns=6, side=300)


if __name__ == "__main__":
    main()
