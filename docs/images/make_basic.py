"""Render the README's picture from the samples with the default recipe."""

from __future__ import annotations

from sheets import FOLDER, picture, picture_panel

import maskstyle
from maskstyle.images.contact_sheet import Panel, make_sheet

PAIRS = (("coffee", "window"), ("rocket", "harbour"), ("astronaut", "harbour"))
"""Content and style."""


def main() -> None:
    """Render each pair and write the sheet."""
    panels = []
    for content, style in PAIRS:
        result = maskstyle.transfer_basic(picture(content), picture(style))
        panels += [picture_panel(content), picture_panel(style)]
        panels.append(Panel(result.image, (f"{content} in the style of {style}",)))
    maskstyle.save_image(FOLDER / "basic.jpg", make_sheet(panels, columns=3, side=400))


if __name__ == "__main__":
    main()
