"""Shared by the scripts that render the pictures of the docs: the samples, and where the sheets go."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

import maskstyle
from maskstyle.images.contact_sheet import Panel, make_sheet
from maskstyle.images.pixels import Image, Mask, to_uint8
from maskstyle.maps import SemanticMap

FOLDER = Path(__file__).parent
SAMPLES = FOLDER.parents[1] / "samples"


def picture(name: str) -> Image:
    """Return a sample's picture."""
    return maskstyle.load_image(SAMPLES / f"{name}.jpg").pixels


def semantic_map(name: str) -> SemanticMap:
    """Return a sample's map."""
    return maskstyle.load_map(SAMPLES / f"{name}_map.png")


def picture_panel(name: str) -> Panel:
    """Return a sample's picture with its name."""
    return Panel(picture(name), (name,))


def map_panel(name: str) -> Panel:
    """Return a sample's map with a caption."""
    return Panel(maskstyle.load_image(SAMPLES / f"{name}_map.png").pixels, ("its map",))


def mask_panel(mask: Mask, caption: str) -> Panel:
    """Return a mask in gray with a caption."""
    return Panel(np.repeat(mask[..., np.newaxis], 3, axis=2), (caption,))


def save_sheet(name: str, panels: Sequence[Panel], *, columns: int, side: int, quality: int = 85) -> None:
    """Write a contact sheet as a JPEG beside the scripts."""
    save_jpeg(name, make_sheet(panels, columns=columns, side=side), quality=quality)


def save_jpeg(name: str, image: Image, *, quality: int = 85) -> None:
    """Write an image as a JPEG beside the scripts; compressed more than a result, since sheets are large."""
    PillowImage.fromarray(to_uint8(image)).save(FOLDER / f"{name}.jpg", quality=quality)
