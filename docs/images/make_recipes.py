"""Render the sheet of docs/reference/recipes.md: each recipe with its own settings, at a small size.

The recipes for VGG16 are painted with lite, as its weights are not in the package.
"""

from __future__ import annotations

from sheets import picture, picture_panel, save_sheet

import maskstyle
from maskstyle.images.contact_sheet import Panel
from maskstyle.recipes import RECIPES

PAIRS = (("coffee", "window"), ("astronaut", "harbour"))
SIZE = 256


def main() -> None:
    """Paint each pair by each recipe and write the sheet."""
    panels = []
    for content, style in PAIRS:
        panels += [picture_panel(content), picture_panel(style)]
        for name, recipe in RECIPES.items():
            network = "lite" if recipe.settings.network == "vgg16" else recipe.settings.network
            result = maskstyle.transfer_basic(
                picture(content), picture(style), settings=recipe.settings.changed(network=network, size=SIZE)
            )
            panels.append(Panel(result.image, (f"{name}, lite" if network == "lite" else name,)))
    save_sheet("recipes", panels, columns=4, side=256)


if __name__ == "__main__":
    main()
