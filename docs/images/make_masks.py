"""Render the sheet of docs/masks.md from the samples, with the embedded network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

import maskstyle
from maskstyle.images.contact_sheet import Panel, make_sheet
from maskstyle.images.pixels import Mask, to_uint8

SAMPLES = Path(__file__).parents[2] / "samples"
CASES = (
    ("astronaut", {"harbour": "mask"}, "harbour"),
    ("chelsea", {"window": "mask"}, "window"),
    ("chelsea", {"harbour": "mask", "woodcut": "complement"}, "harbour, and woodcut by the complement"),
)
SIZE = 448


def main() -> None:
    """Render each case and write the sheet beside this file."""
    panels = []
    settings = maskstyle.Settings(network="lite", size=SIZE)
    for content, styles, caption in CASES:
        picture = maskstyle.load_image(SAMPLES / f"{content}.jpg").pixels
        mask = maskstyle.load_mask(SAMPLES / f"{content}_mask.png")
        masks: list[Mask] = [mask if which == "mask" else 1 - mask for which in styles.values()]
        paintings = [maskstyle.load_image(SAMPLES / f"{name}.jpg").pixels for name in styles]
        result = maskstyle.transfer_mask(picture, paintings, masks=masks, settings=settings)
        panels += [
            Panel(picture, (content,)),
            Panel(np.repeat(mask[..., np.newaxis], 3, axis=2), ("its mask",)),
            Panel(result.image, (caption,)),
        ]
    sheet = make_sheet(panels, columns=3, side=384)
    PillowImage.fromarray(to_uint8(sheet)).save(Path(__file__).with_name("masks.jpg"), quality=85)


if __name__ == "__main__":
    main()
