"""Render the sheet of docs/doodles.md from the samples, with the embedded network."""

from __future__ import annotations

from pathlib import Path

from PIL import Image as PillowImage

import maskstyle
from maskstyle.images.contact_sheet import Panel, make_sheet
from maskstyle.images.pixels import to_uint8

SAMPLES = Path(__file__).parents[2] / "samples"
STYLES = ("harbour", "woodcut", "dots")


def main() -> None:
    """Paint the doodle in each style and write the sheet beside this file."""
    drawn = SAMPLES / "coast_doodle.png"
    panels = []
    for name in STYLES:
        style, style_map = SAMPLES / f"{name}.jpg", SAMPLES / f"{name}_map.png"
        pixels = maskstyle.load_image(style).pixels
        result = maskstyle.transfer_doodle(
            pixels,
            style_map=maskstyle.load_map(style_map),
            doodle=maskstyle.load_map(drawn),
            settings=maskstyle.DOODLE_SETTINGS.changed(network="lite"),
        )
        panels += [
            Panel(pixels, (name,)),
            Panel(maskstyle.load_image(style_map).pixels, ("its map",)),
            Panel(maskstyle.load_image(drawn).pixels, ("the doodle",)),
            Panel(result.image, ("the doodle painted",)),
        ]
    sheet = make_sheet(panels, columns=4, side=320)
    PillowImage.fromarray(to_uint8(sheet)).save(Path(__file__).with_name("doodles.jpg"), quality=85)


if __name__ == "__main__":
    main()
