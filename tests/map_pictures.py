"""Maps for the tests, drawn with soft edges, and the ways in which programs degrade them."""

from __future__ import annotations

import struct
import zlib
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw

from maskstyle.maps import SemanticMap

RED, GREEN, BLUE, YELLOW = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)
PURPLE, BLACK, WHITE = (128, 0, 128), (0, 0, 0), (255, 255, 255)

SHARP, SOFT = 1, 4  # samples per pixel and side


def drawn(size, background, *shapes, samples=SOFT):
    """Return an RGB picture of ("ellipse" or "rectangle", box, color), with boxes in pixels."""
    height, width = size
    picture = Image.new("RGB", (width * samples, height * samples), background)
    pen = ImageDraw.Draw(picture)
    for kind, (left, top, right, bottom), color in shapes:
        box = [side * samples for side in (left, top)] + [side * samples - 1 for side in (right, bottom)]
        getattr(pen, kind)(box, fill=color)
    return picture.resize((width, height), Image.Resampling.BOX)


def landscape(samples=SOFT):
    """Return a map of five regions, one of them black and one of 0.2%."""
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
    """Resize labels to (height, width) by nearest neighbor."""
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
    "64 colors": lambda picture: picture.quantize(64),
    "RGBA": lambda picture: picture.convert("RGBA"),
}


def painted(rows, colors):
    """Return pixels for rows of letters."""
    return np.array([[colors[letter] for letter in row] for row in rows], np.uint8)


def gray(labels):
    return np.repeat(np.asarray(labels, np.uint8)[..., np.newaxis], 3, axis=-1)


def with_colors(*colors):
    """Return a map with one pixel of each color."""
    return SemanticMap(np.arange(len(colors), dtype=np.int32)[np.newaxis], colors)


def region(semantic_map, color):
    return semantic_map.mask(semantic_map.colors.index(color))


def assert_is_one_sentence(error, *parts):
    message = str(error.value)
    for part in parts:
        assert part in message
    assert "\n" not in message
    assert "; " in message
    assert not message.endswith(".")
    assert len(message) < 600


def deep_png(path, samples):
    """Write a 16-bit gray PNG by hand, because Pillow versions differ."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = samples.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    return path
