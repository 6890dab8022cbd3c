"""Make the sheet of docs/how-to/making-masks.md from the samples."""

from __future__ import annotations

import numpy as np
from PIL import Image as PillowImage
from sheets import mask_panel, picture, save_sheet, semantic_map

from maskstyle.images.contact_sheet import Panel
from maskstyle.images.pixels import Image, Mask
from maskstyle.maps import SemanticMap
from maskstyle.masks import (
    combine_masks,
    edge_aware_mask,
    feather_mask,
    linear_mask,
    mask_over_image,
    radial_mask,
    region_mask,
)

FIGURE = (200, 70, 50)
COARSENESS = 14  # factor by which the rough mask is reduced


def main() -> None:
    """Make each mask and write the sheet."""
    content = picture("coffee")
    panels = []
    for title, mask in _masks(content, semantic_map("coffee")).items():
        panels += [mask_panel(mask, title), Panel(mask_over_image(mask, content), ("",))]
    save_sheet("making_masks", panels, columns=4, side=330)


def _masks(content: Image, content_map: SemanticMap) -> dict[str, Mask]:
    size = content_map.size
    cup = region_mask(content_map, [FIGURE])
    soft_cup = region_mask(content_map, [FIGURE], feather=40)
    linear = linear_mask(size, start=20, end=80)
    both = combine_masks([linear, soft_cup], how="multiply")
    rough = _coarsened(cup)
    return {
        "linear --from left --start 20 --end 80": linear,
        "radial --center 48,25 --inner 30 --outer 75": radial_mask(size, center=(48, 25), inner=30, outer=75),
        "from-map --region '#c84632'": cup,
        "from-map --region '#c84632' --feather 40": soft_cup,
        "feather --feather 40 --side outside": feather_mask(cup, 40, side="outside"),
        "combine --how multiply: the first and the fourth": both,
        "a rough mask": rough,
        "edge-aware, from the rough mask": edge_aware_mask(rough, content),
    }


def _coarsened(mask: Mask) -> Mask:
    """Return a mask without its detail, like one from a small map or a broad brush."""
    height, width = mask.shape
    coarse = width // COARSENESS, height // COARSENESS
    small = PillowImage.fromarray(mask).resize(coarse, PillowImage.Resampling.BOX)
    return np.asarray(small.resize((width, height), PillowImage.Resampling.BILINEAR))


if __name__ == "__main__":
    main()
