"""Maps that a program paints in flat colors: count the pixels of each color, without a search for regions."""

from __future__ import annotations

from pathlib import Path

from maskstyle.errors import ImageError
from maskstyle.images.files import decoding, open_image
from maskstyle.images.pixels import Size
from maskstyle.maps.colors import MAX_REGIONS, Color

_MOST_COLORS = 4096


def count_colors(path: str | Path, size: Size, *, name: str = "the map") -> dict[Color, int]:
    """Return the pixels of each color of a map in flat colors.

    Parameters
    ----------
    path : str or Path
        A PNG in 8 bits. Pixels are either opaque or transparent; transparent ones are in no region.
    size : (height, width)
        The size that it must have.
    name : str
        Name of the map in messages.

    Returns
    -------
    dict of Color to int
        In descending order of pixels. Empty where all pixels are transparent.

    Raises
    ------
    ImageError
        If the file is no such PNG, has another size, or more than `MAX_REGIONS` colors.
    """
    with open_image(Path(path)) as image:
        if image.format != "PNG" or image.mode not in ("RGB", "RGBA", "P"):
            raise ImageError(f"expected {name} as a PNG with 8-bit colors, but got {image.format} {image.mode}")
        if (image.height, image.width) != tuple(size):
            raise ImageError(
                f"expected {name} to have {size[1]}x{size[0]} pixels, as its image is shown, but it has "
                f"{image.width}x{image.height}"
            )
        with decoding(Path(path)):
            found = image.convert("RGBA").getcolors(_MOST_COLORS)
    counts: dict[Color, int] = {}
    for count, value in sorted(found or [], key=lambda each: -each[0]):
        red, green, blue, opacity = value if isinstance(value, tuple) else (0, 0, 0, 0)
        if opacity not in (0, 255):
            raise ImageError(f"{name} has half-transparent pixels; paint without soft edges")
        if opacity:
            counts[red, green, blue] = count
    if found is None or len(counts) > MAX_REGIONS:
        many = f"more than {_MOST_COLORS}" if found is None else str(len(counts))
        raise ImageError(f"{name} has {many} colors; expected at most {MAX_REGIONS}, painted without soft edges")
    return counts
