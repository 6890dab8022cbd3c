"""Render the sheet of docs/color.md from the samples, with the embedded network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from scipy import ndimage

import maskstyle
from maskstyle.images.contact_sheet import Panel, make_sheet
from maskstyle.images.pixels import Image, Mask, to_uint8
from maskstyle.maps import SemanticMap
from maskstyle.settings import CHOICES

SAMPLES = Path(__file__).parents[2] / "samples"
SETTINGS = maskstyle.Settings(network="lite", size=384)
CUP = (200, 70, 50)
SLIP = 5
"""Pixels by which the cup's map is too large, as one painted by hand may be."""
DETAIL = np.s_[120:246, 44:218]
"""What is shown of a result of 256x384."""


def main() -> None:
    """Render each row and write the sheet beside this file."""
    sheet = make_sheet([*_basic(), *_regions(), *_edges()], columns=6, side=300)
    PillowImage.fromarray(to_uint8(sheet)).save(Path(__file__).with_name("colors.jpg"), quality=85)


def _basic() -> list[Panel]:
    photo, painting = _pixels("astronaut"), _pixels("window")
    panels = [Panel(photo, ("astronaut",)), Panel(painting, ("window",))]
    for color in CHOICES["color"]:
        result = maskstyle.transfer_basic(photo, painting, settings=SETTINGS.changed(color=color))
        panels.append(Panel(result.image, (f"basic --color {color}",)))
    return panels


def _regions() -> list[Panel]:
    photo, painting = _pixels("coffee"), _pixels("harbour")
    maps = [maskstyle.load_map(SAMPLES / f"{name}_map.png") for name in ("coffee", "harbour")]
    panels = [Panel(photo, ("coffee",)), Panel(painting, ("harbour",))]
    for color in CHOICES["color"]:
        result = maskstyle.transfer_region(
            photo,
            painting,
            content_map=maps[0],
            style_map=maps[1],
            unmatched="keep",
            settings=SETTINGS.changed(color=color),
        )
        panels.append(Panel(result.image, (f"region --color {color}",)))
    return panels


def _edges() -> list[Panel]:
    photo, painting = _pixels("coffee"), _pixels("window")
    content_map, style_map = (maskstyle.load_map(SAMPLES / f"{name}_map.png") for name in ("coffee", "window"))
    labels = content_map.labels.copy()
    cup = content_map.colors.index(CUP)
    labels[ndimage.binary_dilation(labels == cup, iterations=SLIP)] = cup
    loose = SemanticMap(labels, content_map.colors)
    drawn = np.where((labels == cup)[..., np.newaxis], photo, photo / 4)
    panels = [Panel(drawn, (f"a map {SLIP} pixels too large",)), Panel(painting, ("window",))]
    for caption, options in (
        ("a detail: region", {}),
        ("--feather 12", {"feather": 12.0}),
        ("--feather 12 --feather-mode edges", {"feather": 12.0, "feather_mode": "edges"}),
        ("and --transparent", {"feather": 12.0, "feather_mode": "edges", "transparent": True}),
    ):
        result = maskstyle.transfer_region(
            photo,
            painting,
            content_map=loose,
            style_map=style_map,
            regions=[CUP],
            settings=SETTINGS,
            **options,
        )
        shown = result.image if result.alpha is None else _on_squares(result.image, result.alpha)
        panels.append(Panel(shown[DETAIL], (caption,)))
    return panels


def _pixels(name: str) -> Image:
    return maskstyle.load_image(SAMPLES / f"{name}.jpg").pixels


def _on_squares(image: Image, alpha: Mask) -> Image:
    """Return a transparent image laid over gray squares."""
    rows, columns = np.indices(alpha.shape) // 12
    squares = np.where((rows + columns) % 2, 0.75, 0.95)[..., np.newaxis]
    blended: Image = (squares + alpha[..., np.newaxis] * (image - squares)).astype(np.float32)
    return blended


if __name__ == "__main__":
    main()
