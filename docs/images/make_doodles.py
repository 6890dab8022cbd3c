"""Render the sheet of docs/how-to/doodles.md from the samples with the default settings."""

from __future__ import annotations

from sheets import SAMPLES, map_panel, picture, picture_panel, save_sheet, semantic_map

import maskstyle
from maskstyle.images.contact_sheet import Panel

STYLES = ("harbour", "woodcut", "dots")
SIZE = 384
DOODLE = SAMPLES / "coast_doodle.png"


def main() -> None:
    """Paint the doodle in each style and write the sheet."""
    panels = []
    for name in STYLES:
        result = maskstyle.transfer_doodle(
            picture(name),
            style_map=semantic_map(name),
            doodle=maskstyle.load_map(DOODLE),
            settings=maskstyle.DOODLE_SETTINGS.changed(size=SIZE),
        )
        doodle = Panel(maskstyle.load_image(DOODLE).pixels, ("the doodle",))
        panels += [picture_panel(name), map_panel(name), doodle, Panel(result.image, ("the doodle painted",))]
    save_sheet("doodles", panels, columns=4, side=320)


if __name__ == "__main__":
    main()
