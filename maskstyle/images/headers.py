"""What the header of an image file says: its pixels per inch, and what of the file is not read."""

from __future__ import annotations

import math
from pathlib import Path

from PIL import ExifTags, Image, ImageFile

from maskstyle.errors import ImageError
from maskstyle.images.decoding import has_useless_profile, orientation
from maskstyle.images.files import decoding, open_image, reduction
from maskstyle.images.pixels import Size
from maskstyle.images.streams import described, is_stream

_TURNED = (5, 6, 7, 8)
"""EXIF orientations that exchange width and height."""

_PER_INCH = {2: 1.0, 3: 2.54}
"""EXIF's units of resolution, inch and centimeter, in units per inch."""


def read_dpi(path: str | Path) -> tuple[float, float] | None:
    """Read the pixels per inch of an image file.

    Parameters
    ----------
    path : str or Path
        A file that `load_image` reads.

    Returns
    -------
    (float, float) or None
        Pixels per inch in x and y of the upright image; None if the file does not state them.

    Raises
    ------
    ImageError
        If the file cannot be opened.
    """
    with open_image(Path(path)) as image:
        stated = image.info.get("dpi") or _dpi_of_exif(image)
        try:
            x, y = (float(each) for each in stated or ())
        except (TypeError, ValueError, ZeroDivisionError):
            return None
        if not (math.isfinite(x) and math.isfinite(y) and x > 0 and y > 0):
            return None
        return (y, x) if orientation(image) in _TURNED else (x, y)


def read_size(path: str | Path) -> Size:
    """Read the (height, width) of the upright image of a file from its header, without decoding its pixels.

    Parameters
    ----------
    path : str or Path
        A file that `load_image` reads.

    Raises
    ------
    ImageError
        If the file cannot be opened.
    """
    with open_image(Path(path)) as image:
        turned = orientation(image) in _TURNED
        return (image.width, image.height) if turned else (image.height, image.width)


def usual_suffix(path: str | Path) -> str:
    """Return the usual end of the name of an image file of its format, such as ".jpg", whatever its name is.

    Parameters
    ----------
    path : str or Path
        A file that `load_image` reads.

    Raises
    ------
    ImageError
        If the file cannot be opened.
    """
    with open_image(Path(path)) as image:
        kind = image.format or ""
    return {"JPEG": ".jpg", "MPO": ".jpg", "TIFF": ".tif", "HEIF": ".heic"}.get(kind, f".{kind.lower()}")


def size_if_known(path: str | Path) -> Size | None:
    """Return the (height, width) of an image from its header; None for a stream or what is no image."""
    try:
        return None if is_stream(Path(path)) else read_size(path)
    except (ImageError, OSError):  # reading the image gives the message
        return None


def file_notes(path: str | Path, *, labels: bool = False) -> list[str]:
    """Return notes on what of an image file is not read: further frames or pages, pixels, or its color profile.

    Parameters
    ----------
    path : str or Path
        A file that `load_image` reads.
    labels : bool
        Whether the file is a map or a mask, which is read without its color profile.

    Raises
    ------
    ImageError
        If the file cannot be opened.
    """
    path, notes = Path(path), []
    name = described(path)
    with open_image(path) as image:
        with decoding(path):
            frames = getattr(image, "n_frames", 1)
        # The further pictures of a phone's JPEG are previews and gain maps.
        if frames > 1 and image.format != "MPO":
            kind = "pages" if image.format == "TIFF" else "images" if image.format == "HEIF" else "frames"
            notes.append(f"{name} has {frames} {kind}; the first is used")
        if not labels and has_useless_profile(image):
            notes.append(f"the color profile of {name} is damaged or for other colors; it is read as sRGB without it")
        factor = reduction(image)
        if factor > 1:
            most = (Image.MAX_IMAGE_PIXELS or 0) / 1e6
            notes.append(
                f"{name} is {image.width}x{image.height}, more than {most:.0f} megapixels; it is read at about "
                f"1/{factor} of its width and height"
            )
    return notes


def _dpi_of_exif(image: ImageFile.ImageFile) -> tuple[float, float] | None:
    try:
        exif = image.getexif()
        per_inch = _PER_INCH[exif[ExifTags.Base.ResolutionUnit]]
        return exif[ExifTags.Base.XResolution] * per_inch, exif[ExifTags.Base.YResolution] * per_inch
    except Exception:  # damaged EXIF raises almost any exception, but must not prevent reading
        return None
