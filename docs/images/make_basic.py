"""Render the README's picture from the samples with the default recipe."""

from __future__ import annotations

from sheets import FOLDER, picture, picture_panel

import maskstyle
from maskstyle.images.contact_sheet import Panel, make_sheet

PAIRS = (("coffee", "window", None), ("rocket", "harbour", None), ("astronaut", "harbour", 2))
"""Content, style and the number of sizes; None: the default."""


def main() -> None:
    """Render each pair and write the sheet."""
    panels = []
    for content, style, scales in PAIRS:
        settings = maskstyle.Settings(scales=scales)
        result = maskstyle.transfer_basic(picture(content), picture(style), settings=settings)
        panels += [picture_panel(content), picture_panel(style)]
        caption = f"{content} in the style of {style}"
        panels.append(Panel(result.image, (caption if scales is None else f"{caption}, --scales {scales}",)))
    maskstyle.save_image(FOLDER / "basic.jpg", make_sheet(panels, columns=3, side=400))


if __name__ == "__main__":
    main()
