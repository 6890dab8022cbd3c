"""Render the sheets of docs/lite.md from the samples: VGG19's pictures and lite's side by side.

``python docs/images/make_lite.py`` needs VGG19's weights where `maskstyle weights list` finds them.
"""

from __future__ import annotations

from pathlib import Path

from PIL import Image as PillowImage

import maskstyle
from maskstyle.images.contact_sheet import Panel, make_sheet
from maskstyle.images.pixels import to_uint8

SAMPLES = Path(__file__).parents[2] / "samples"
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
    """Render each pair with either network from either start, and write one sheet for each start."""
    for init in ("content", "noise"):
        panels = []
        for content, style in PAIRS:
            photo = maskstyle.load_image(SAMPLES / f"{content}.jpg").pixels
            painting = maskstyle.load_image(SAMPLES / f"{style}.jpg").pixels
            panels += [Panel(photo, (content,)), Panel(painting, (style,))]
            for network in ("vgg19", "lite"):
                settings = maskstyle.Settings(network=network, init=init, size=SIZE)
                result = maskstyle.transfer_basic(photo, painting, settings=settings)
                panels.append(Panel(result.image, (network,)))
        sheet = make_sheet(panels, columns=4, side=SIZE)
        # Compressed more than a result would be: the sheets are large.
        PillowImage.fromarray(to_uint8(sheet)).save(Path(__file__).with_name(f"lite_from_{init}.jpg"), quality=82)


if __name__ == "__main__":
    main()
