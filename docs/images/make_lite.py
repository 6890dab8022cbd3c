"""Render the sheets of docs/background/lite.md from the samples: results with VGG19 and with lite side by side.

``python docs/images/make_lite.py`` needs VGG19's weights; `maskstyle weights list` shows where it looks for them.
"""

from __future__ import annotations

from sheets import picture, picture_panel, save_sheet

import maskstyle
from maskstyle.images.contact_sheet import Panel

PAIRS = (
    ("coffee", "window"),
    ("chelsea", "woodcut"),
    ("astronaut", "harbour"),
    ("astronaut", "dots"),
    ("coffee", "harbour"),
    ("chelsea", "window"),
    ("astronaut", "woodcut"),
    ("chelsea", "dots"),
)
SIZE = 384


def main() -> None:
    """Render each pair with both networks from both starts, and write a sheet for each start."""
    for init in ("content", "noise"):
        panels = []
        for content, style in PAIRS:
            panels += [picture_panel(content), picture_panel(style)]
            for network in ("vgg19", "lite"):
                settings = maskstyle.Settings(network=network, init=init, size=SIZE)
                result = maskstyle.transfer_basic(picture(content), picture(style), settings=settings)
                panels.append(Panel(result.image, (network,)))
        save_sheet(f"lite_from_{init}", panels, columns=4, side=SIZE, quality=82)


if __name__ == "__main__":
    main()
