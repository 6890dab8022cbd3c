"""Make the sheet of docs/making-masks.md from the samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as PillowImage

import maskstyle
from maskstyle.images.contact_sheet import Panel, make_sheet
from maskstyle.images.pixels import Mask, to_uint8
from maskstyle.masks import (
    combine_masks,
    edge_aware_mask,
    feather_mask,
    linear_mask,
    mask_over_image,
    radial_mask,
    region_mask,
)

SAMPLES = Path(__file__).parents[2] / "samples"
FIGURE = (200, 70, 50)
COARSENESS = 14  # a rough mask: that of a map so many times smaller


def main() -> None:
    """Make each mask and write the sheet beside this file."""
    photo = maskstyle.load_image(SAMPLES / "coffee.jpg").pixels
    drawn_map = maskstyle.load_map(SAMPLES / "coffee_map.png")
    height, width = drawn_map.size
    cup = region_mask(drawn_map, [FIGURE])
    soft_cup = region_mask(drawn_map, [FIGURE], feather=40)
    linear = linear_mask((height, width), start=20, end=80)
    both = combine_masks([linear, soft_cup], how="multiply")
    rough = coarsened(cup)
    masks = {
        "linear --from left --start 20 --end 80": linear,
        "radial --center 48,25 --inner 30 --outer 75": radial_mask(
            (height, width), center=(48, 25), inner=30, outer=75
        ),
        "from-map --region '#c84632'": cup,
        "from-map --region '#c84632' --feather 40": soft_cup,
        "feather --feather 40 --side outside": feather_mask(cup, 40, side="outside"),
        "combine --how multiply: the first and the fourth": both,
        "a rough mask": rough,
        "edge-aware, from the rough mask": edge_aware_mask(rough, photo),
    }
    panels = []
    for title, mask in masks.items():
        panels.append(Panel(np.repeat(mask[..., np.newaxis], 3, axis=2), (title,)))
        panels.append(Panel(mask_over_image(mask, photo), ("",)))
    sheet = make_sheet(panels, columns=4, side=330)
    PillowImage.fromarray(to_uint8(sheet)).save(Path(__file__).with_name("making_masks.jpg"), quality=85)


def coarsened(mask: Mask) -> Mask:
    """Return a mask that has lost its detail, as one of a small map or a broad brush."""
    height, width = mask.shape
    coarse = width // COARSENESS, height // COARSENESS
    small = PillowImage.fromarray(mask).resize(coarse, PillowImage.Resampling.BOX)
    return np.asarray(small.resize((width, height), PillowImage.Resampling.BILINEAR))


if __name__ == "__main__":
    main()
