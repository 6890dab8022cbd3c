"""Render the README's picture from the samples: photographs, painted styles, results of the default recipe.

``python docs/images/make_basic.py`` needs VGG19's weights where `maskstyle weights list` finds them.
"""

from __future__ import annotations

from pathlib import Path

import maskstyle
from maskstyle.images.contact_sheet import Panel, make_sheet

SAMPLES = Path(__file__).parents[2] / "samples"
PAIRS = (("coffee", "window"), ("chelsea", "woodcut"), ("astronaut", "harbour"))


def main() -> None:
    """Render each pair and write the sheet beside this file."""
    panels = []
    for content, style in PAIRS:
        photo = maskstyle.load_image(SAMPLES / f"{content}.jpg").pixels
        painting = maskstyle.load_image(SAMPLES / f"{style}.jpg").pixels
        result = maskstyle.transfer_basic(photo, painting)
        panels += [Panel(photo, (content,)), Panel(painting, (style,))]
        panels.append(Panel(result.image, (f"{content} in the style of {style}",)))
    maskstyle.save_image(Path(__file__).with_name("basic.jpg"), make_sheet(panels, columns=3, side=400))


if __name__ == "__main__":
    main()
