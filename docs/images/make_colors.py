"""Render the sheet of docs/how-to/color.md from the samples with the embedded network."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import ndimage
from sheets import picture, picture_panel, save_sheet, semantic_map

import maskstyle
from maskstyle.images.contact_sheet import Panel
from maskstyle.images.pixels import Image, Mask
from maskstyle.maps import SemanticMap
from maskstyle.settings import CHOICES

SETTINGS = maskstyle.Settings(network="lite", size=384)
CUP = (200, 70, 50)
SLIP = 5
"""Pixels by which the cup's region is too large, as in a map painted by hand."""
DETAIL = np.s_[120:246, 44:218]
"""The shown part of a result of 256x384 pixels."""
EDGES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("a detail: region", {}),
    ("--feather 12", {"feather": 12.0}),
    ("--feather 12 --feather-mode edges", {"feather": 12.0, "feather_mode": "edges"}),
    ("and --transparent", {"feather": 12.0, "feather_mode": "edges", "transparent": True}),
)


def main() -> None:
    """Render each row and write the sheet."""
    save_sheet("colors", [*_basic(), *_regions(), *_edges()], columns=6, side=300)


def _basic() -> list[Panel]:
    panels = [picture_panel("astronaut"), picture_panel("window")]
    for color in CHOICES["color"]:
        settings = SETTINGS.changed(color=color)
        result = maskstyle.transfer_basic(picture("astronaut"), picture("window"), settings=settings)
        panels.append(Panel(result.image, (f"basic --color {color}",)))
    return panels


def _regions() -> list[Panel]:
    panels = [picture_panel("coffee"), picture_panel("harbour")]
    for color in CHOICES["color"]:
        result = maskstyle.transfer_region(
            picture("coffee"),
            picture("harbour"),
            content_map=semantic_map("coffee"),
            style_map=semantic_map("harbour"),
            unmatched="keep",
            settings=SETTINGS.changed(color=color),
        )
        panels.append(Panel(result.image, (f"region --color {color}",)))
    return panels


def _edges() -> list[Panel]:
    content = picture("coffee")
    content_map = semantic_map("coffee")
    labels = content_map.labels.copy()
    cup = content_map.colors.index(CUP)
    labels[ndimage.binary_dilation(labels == cup, iterations=SLIP)] = cup
    darkened = np.where((labels == cup)[..., np.newaxis], content, content / 4)
    panels = [Panel(darkened, (f"a map {SLIP} pixels too large",)), picture_panel("window")]
    for caption, options in EDGES:
        result = maskstyle.transfer_region(
            content,
            picture("window"),
            content_map=SemanticMap(labels, content_map.colors),
            style_map=semantic_map("window"),
            regions=[CUP],
            settings=SETTINGS,
            **options,
        )
        shown = result.image if result.alpha is None else _on_squares(result.image, result.alpha)
        panels.append(Panel(shown[DETAIL], (caption,)))
    return panels


def _on_squares(image: Image, alpha: Mask) -> Image:
    """Lay a transparent image over gray squares."""
    rows, columns = np.indices(alpha.shape) // 12
    squares = np.where((rows + columns) % 2, 0.75, 0.95)[..., np.newaxis]
    laid: Image = (squares + alpha[..., np.newaxis] * (image - squares)).astype(np.float32)
    return laid


if __name__ == "__main__":
    main()
