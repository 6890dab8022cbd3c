"""Render the sheet of docs/how-to/masks.md from the samples with the default settings."""

from __future__ import annotations

from sheets import SAMPLES, mask_panel, picture, picture_panel, save_sheet

import maskstyle
from maskstyle.images.contact_sheet import Panel

CASES = (
    ("astronaut", {"harbour": "mask"}, "harbour"),
    ("chelsea", {"window": "mask"}, "window"),
    ("chelsea", {"harbour": "mask", "woodcut": "complement"}, "harbour, and woodcut by the complement"),
)
SIZE = 384


def main() -> None:
    """Render each case and write the sheet."""
    panels = []
    for content, styles, caption in CASES:
        mask = maskstyle.load_mask(SAMPLES / f"{content}_mask.png")
        result = maskstyle.transfer_mask(
            picture(content),
            [picture(name) for name in styles],
            masks=[mask if which == "mask" else 1 - mask for which in styles.values()],
            settings=maskstyle.Settings(size=SIZE),
        )
        panels += [picture_panel(content), mask_panel(mask, "its mask"), Panel(result.image, (caption,))]
    save_sheet("masks", panels, columns=3, side=384)


if __name__ == "__main__":
    main()
