"""Maps for the tests: drawn with soft edges, and what people's programs then do to them."""

from __future__ import annotations

from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)
PURPLE, BLACK, WHITE = (128, 0, 128), (0, 0, 0), (255, 255, 255)

SHARP, SOFT = 1, 4  # how many samples a side make a pixel


def drawn(size, background, *shapes, samples=SOFT):
    """Return an RGB picture of ("ellipse" or "rectangle", box, colour), the box in pixels from left and top."""
    height, width = size
    picture = Image.new("RGB", (width * samples, height * samples), background)
    pen = ImageDraw.Draw(picture)
    for kind, (left, top, right, bottom), colour in shapes:
        box = [side * samples for side in (left, top)] + [side * samples - 1 for side in (right, bottom)]
        getattr(pen, kind)(box, fill=colour)
    return picture.resize((width, height), Image.Resampling.BOX)


def landscape(samples=SOFT):
    """Return a map of five regions, black among them, one of 0.2 %."""
    return drawn(
        (180, 240),
        WHITE,
        ("ellipse", (-40.5, 70.25, 140.75, 300), (255, 51, 31)),
        ("ellipse", (100.5, 100.5, 330, 330), BLUE),
        ("rectangle", (60.25, 20.75, 110.5, 60.5), BLACK),
        ("ellipse", (150.5, 130.25, 161.75, 141.5), GREEN),
        samples=samples,
    )


def pixels(picture):
    return np.asarray(picture.convert("RGB"))


def jpeg(picture, quality):
    return reopened(picture, "JPEG", quality=quality)


def reopened(picture, file_format, **options):
    stored = BytesIO()
    picture.save(stored, file_format, **options)
    return Image.open(stored)


def lanczos(picture, factor):
    size = (round(picture.width * factor), round(picture.height * factor))
    return picture.resize(size, Image.Resampling.LANCZOS)


def nearest(labels, size):
    """Return labels resized to (height, width)."""
    rows, columns = (((np.arange(n) + 0.5) * m / n).astype(int) for n, m in zip(size, labels.shape, strict=True))
    return labels[np.ix_(rows, columns)]


DEGRADED = {
    "as painted": lambda picture: picture,
    "JPEG 95": lambda picture: jpeg(picture, 95),
    "JPEG 60": lambda picture: jpeg(picture, 60),
    "JPEG 30": lambda picture: jpeg(picture, 30),
    "WebP 75": lambda picture: reopened(picture, "WebP", quality=75),
    "0.37 by Lanczos": lambda picture: lanczos(picture, 0.37),
    "2.5 by Lanczos": lambda picture: lanczos(picture, 2.5),
    "4 by bilinear": lambda picture: picture.resize(
        (picture.width * 4, picture.height * 4), Image.Resampling.BILINEAR
    ),
    "64 colours": lambda picture: picture.quantize(64),
    "RGBA": lambda picture: picture.convert("RGBA"),
}
