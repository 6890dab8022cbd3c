"""The color table of the semantic maps, shared by all samples."""

import numpy as np
from PIL import Image

REGION_COLORS = {
    "sky": (120, 180, 230),
    "water": (30, 80, 160),
    "ground": (110, 140, 60),
    "figure": (200, 70, 50),
    "light": (250, 215, 80),
    "frame": (60, 45, 80),
    "hair": (150, 80, 140),
}
SKY, WATER, GROUND, FIGURE, LIGHT, FRAME, HAIR = range(len(REGION_COLORS))


def map_image(labels: np.ndarray) -> Image.Image:
    """
    Convert labels to a palette image.

    Parameters
    ----------
    labels : (H, W) array of int
        Indices into `REGION_COLORS`.

    Returns
    -------
    PIL.Image.Image
        Mode "P"; its palette is the table.
    """
    image = Image.fromarray(labels.astype(np.uint8))
    image.putpalette([channel for color in REGION_COLORS.values() for channel in color])
    return image
