"""Image files for the tests, including depths, layouts and color profiles that Pillow cannot write."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageCms

# Two rows, three columns and no symmetry, so that every rotation and flip shows.
RGB = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[255, 255, 255], [10, 20, 30], [200, 100, 50]]], np.uint8)
ALPHA = np.array([[0, 128, 255], [255, 1, 254]], np.uint8)
DEEP = np.array([[0, 1, 255, 256], [0x80FF, 0xFF00, 0xFFFE, 0xFFFF]], np.uint16)


def unit(stored: np.ndarray, top: int = 255) -> np.ndarray:
    return stored.astype(np.float32) / np.float32(top)


def gray(stored: np.ndarray, top: int = 255) -> np.ndarray:
    return np.repeat(unit(stored, top)[..., np.newaxis], 3, axis=-1)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples: np.ndarray, color_type: int, depth: int, *extra: bytes) -> bytes:
    """Encode a PNG by hand, for depths that Pillow cannot write; `samples` are rows of words."""
    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2" if depth == 16 else "u1").tobytes() for row in samples)
    if depth < 8:
        width *= 8 // depth
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    chunks = [chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def tiff(samples: np.ndarray, tags: dict[int, tuple[int, ...]], order: str = "<") -> bytes:
    """Encode an uncompressed TIFF by hand: `samples` are the bytes of one strip, `tags` are added."""
    height, width = samples.shape[:2]
    data = samples.astype(samples.dtype.newbyteorder(order)).tobytes()
    entries = {256: (width,), 257: (height,), 259: (1,), 273: (8,), 278: (height,), 279: (len(data),)} | tags
    directory_at = 8 + len(data) + len(data) % 2
    body, tail_at, tail = b"", directory_at + 2 + 12 * len(entries) + 4, b""
    for tag, values in sorted(entries.items()):
        packed = struct.pack(f"{order}{len(values)}H", *values)
        if len(packed) > 4:
            packed, tail = struct.pack(f"{order}I", tail_at + len(tail)), tail + packed
        body += struct.pack(f"{order}HHI", tag, 3, len(values)) + packed.ljust(4, b"\0")
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", directory_at)
    count = struct.pack(f"{order}H", len(entries))
    return start + data.ljust(directory_at - 8, b"\0") + count + body + bytes(4) + tail


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def saved(path: Path, image: PillowImage.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


def exchanged_profile() -> bytes:
    """Return an sRGB profile with the red and blue primaries exchanged: far from sRGB, with predictable results."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = data.index(b"rXYZ"), data.index(b"bXYZ")
    data[red : red + 4], data[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(data)


def icc_profile(device: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Build a minimal ICC version 2 profile under D50."""
    d50 = struct.pack(">iii", 63190, 65536, 54061)
    tags = {b"wtpt": b"XYZ " + bytes(4) + d50} | tags
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", at + len(body), len(value))
        body += value.ljust(-(-len(value) // 4) * 4, b"\0")
    header = struct.pack(">I4xI", at + len(body), 0x02100000) + device + space + connection + bytes(12) + b"acsp"
    header = header.ljust(68, b"\0") + d50
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def linear_gray_profile() -> bytes:
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, 256)
    return icc_profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": curve})


def black_ink_profile() -> bytes:
    """Return a CMYK profile in which only black ink is visible."""
    identity = bytes(range(256))
    corners = b"".join(bytes([0 if corner & 1 else 255, 128, 128]) for corner in range(16))
    matrix = struct.pack(">9i", *(65536 * np.eye(3, dtype=int).ravel()))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + identity * 4 + corners + identity * 3
    return icc_profile(b"prtr", b"CMYK", b"Lab ", {name: lut for name in (b"A2B0", b"A2B1", b"A2B2")})
