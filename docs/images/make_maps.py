"""Render the preview of docs/maps.md from the samples."""

from __future__ import annotations

from pathlib import Path

from PIL import Image as PillowImage

import maskstyle
from maskstyle.evaluation import check_maps, draw_preview
from maskstyle.images.pixels import to_uint8

SAMPLES = Path(__file__).parents[2] / "samples"
NAMES = ("astronaut", "harbour")


def main() -> None:
    """Check the two maps and write the preview beside this file."""
    pictures = [maskstyle.load_image(SAMPLES / f"{name}.jpg").pixels for name in NAMES]
    maps = [maskstyle.load_map(SAMPLES / f"{name}_map.png") for name in NAMES]
    report = check_maps(*maps, names=(f"{NAMES[0]}_map.png", f"{NAMES[1]}_map.png"))
    preview = draw_preview(report, (pictures[0], pictures[1]))
    PillowImage.fromarray(to_uint8(preview)).save(Path(__file__).with_name("maps_check.jpg"), quality=85)


if __name__ == "__main__":
    main()
