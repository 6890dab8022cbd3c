"""Render the sheet of docs/background/lite.md from the samples: results with VGG19 and with lite side by side."""

from __future__ import annotations

from sheets import picture, picture_panel, save_sheet

import maskstyle
from maskstyle.images.contact_sheet import Panel

PAIRS = (("coffee", "window"), ("chelsea", "woodcut"), ("rocket", "harbour"), ("chelsea", "dots"))
SIZE = 256


def main() -> None:
    """Render each pair with both networks, and write the sheet."""
    panels = []
    for content, style in PAIRS:
        panels += [picture_panel(content), picture_panel(style)]
        for network in ("vgg19", "lite"):
            settings = maskstyle.Settings(network=network, size=SIZE)
            result = maskstyle.transfer_basic(picture(content), picture(style), settings=settings)
            panels.append(Panel(result.image, (network,)))
    save_sheet("lite", panels, columns=4, side=SIZE)


if __name__ == "__main__":
    main()
