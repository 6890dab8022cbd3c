"""
Generate every sample file: `python samples/make_samples.py [FOLDER]`.

With the same versions of NumPy, SciPy, scikit-image and Pillow the files are identical.
"""

import sys
from pathlib import Path

import numpy as np
from doodle import doodle_coast
from paint_breakfast import paint_breakfast
from paint_dots import paint_dots
from paint_harbour import paint_harbour
from paint_lighthouse import paint_lighthouse
from paint_portrait import paint_portrait
from paint_window import paint_window
from paint_woodcut import paint_woodcut
from palette import map_image
from photographs import PHOTOGRAPHS, astronaut_mask, chelsea_mask, photograph_map
from PIL import Image

PAINTERS = {
    "harbour": paint_harbour,
    "window": paint_window,
    "woodcut": paint_woodcut,
    "dots": paint_dots,
    "portrait": paint_portrait,
    "lighthouse": paint_lighthouse,
    "breakfast": paint_breakfast,
}


def make_samples(folder: Path) -> None:
    """Write photographs, paintings, maps, the doodle and the masks to a folder."""
    for name, photograph in PHOTOGRAPHS.items():
        _save(folder, name, photograph(), photograph_map(name), quality=90)
    for name, paint in PAINTERS.items():
        _save(folder, name, *paint(), quality=92)
    map_image(doodle_coast()).save(folder / "coast_doodle.png", optimize=True)
    for name, mask in {"astronaut": astronaut_mask, "chelsea": chelsea_mask}.items():
        Image.fromarray(mask()).save(folder / f"{name}_mask.png", optimize=True)


def _save(folder: Path, name: str, picture: np.ndarray, labels: np.ndarray, quality: int) -> None:
    Image.fromarray(picture).save(folder / f"{name}.jpg", quality=quality)
    map_image(labels).save(folder / f"{name}_map.png", optimize=True)


if __name__ == "__main__":
    make_samples(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
