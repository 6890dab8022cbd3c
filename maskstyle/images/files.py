"""Image files: open them with clear errors."""

from __future__ import annotations

import io
import math
import re
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile, UnidentifiedImageError, features

from maskstyle.errors import ImageError, MaskstyleError
from maskstyle.images.hashes import confirm_read, note_read
from maskstyle.images.paths import opened
from maskstyle.images.streams import described, is_stream, is_writable_stream, stream_bytes

WRITABLE_FORMATS = ("JPEG", "PNG", "WebP", "TIFF", "BMP")

READABLE_FORMATS = (*WRITABLE_FORMATS, "GIF", "AVIF", "HEIF")

LARGEST_JPEG = 1_000_000_000
"""Most pixels of a baseline JPEG. It is read reduced, and never held in memory at its own size."""

LARGEST_OTHER = 400_000_000
"""Most pixels of any other file. It is decoded as a whole, into up to 1.6 GB, before it is reduced."""

FORMAT_OF_SUFFIX = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WebP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}

LONGEST_SIDES = {"JPEG": 65_500, "WebP": 16_383}
"""Most pixels of a side that encoders can write, where that is less than anyone paints."""

SUFFIXES_WITHOUT_ALPHA = (".jpg", ".jpeg", ".bmp")

READABLE_SUFFIXES = (*FORMAT_OF_SUFFIX, ".gif", ".avif", ".heic", ".heif")

# First bytes of the readable formats, and of other formats that people are likely to pass.
_SIGNATURES = (
    ("JPEG", rb"\xff\xd8\xff"),
    ("PNG", rb"\x89PNG"),
    ("WebP", rb"RIFF....WEBP"),
    ("TIFF", rb"II[*+]\x00|MM\x00[*+]"),
    ("BMP", rb"BM"),
    ("GIF", rb"GIF8"),
    ("AVIF", rb"....ftypavi"),
    ("HEIF", rb"....ftyp(hei|hev|mif|msf)"),
    ("JPEG XL", rb"\xff\x0a|\x00\x00\x00\x0cJXL"),
    ("JPEG 2000", rb"\x00\x00\x00\x0cjP|\xff\x4f\xff\x51"),
    ("Photoshop", rb"8BPS"),
    ("OpenEXR", rb"\x76\x2f\x31\x01"),
    ("PDF", rb"%PDF"),
    ("SVG", rb"\s*<(\?xml|svg)"),
    ("GIMP", rb"gimp xcf"),
    ("NumPy", rb"\x93NUMPY"),
    ("Windows icon", rb"\x00\x00\x01\x00"),
    ("Netpbm", rb"P[1-6][\s#]"),
    ("raw camera", rb"....ftypcrx|II\x1a\x00|IIRO|IIU\x00|FUJIFILM|\x00MRM"),
)

# First bytes, in any case, of what people take for an image.
_OTHER_FILES = (
    ("a web page", "download the image itself", rb"\s*<(!doctype|html|head|!--)"),
    ("a video", "save one of its frames as PNG", rb"....(ftyp|moov|mdat)|\x1a\x45\xdf\xa3"),
    ("a ZIP archive", "unpack it", rb"PK\x03\x04"),
    ("a pointer of Git LFS", "run git lfs pull", rb"version https://git-lfs"),
)


@contextmanager
def open_image(path: Path) -> Iterator[ImageFile.ImageFile]:
    """Open an image file without decoding its pixels, and close it at the end of the block.

    Load it inside `decoding`. Its first bytes determine the format, not its name: JPEG, PNG, WebP, TIFF, BMP, GIF,
    AVIF or HEIF, of which the first frame counts. ``-`` is standard input; pipes are read whole. ImageError says what
    is wrong with any other file, or with one that has more pixels than `LARGEST_JPEG` or `LARGEST_OTHER`.
    """
    name = described(path)
    with _open_binary(path) as handle:
        note_read(path, handle)
        head = handle.read(64)
        if not head:
            raise ImageError(f"expected an image, but {name} is empty (0 bytes); create or download it again")
        try:
            with decoding(path), any_number_of_pixels():
                _register_heif()
                image = Image.open(handle, formats=[each for each in READABLE_FORMATS if _is_supported(each)])
        except ImageError as error:
            if isinstance(error.__cause__, UnidentifiedImageError):
                raise _unidentified(name, head) from error.__cause__
            raise
        with image:
            if 0 in image.size:
                raise ImageError(
                    f"expected at least one pixel, but {name} is {image.width}x{image.height}"
                    "; create or download it again"
                )
            _check_pixels(image, name)
            yield image
            confirm_read(path, handle)


def reduction(image: ImageFile.ImageFile) -> int:
    """Return how many times smaller an image is read, so that it has at most ``PIL.Image.MAX_IMAGE_PIXELS``."""
    most = Image.MAX_IMAGE_PIXELS
    return 1 if most is None else math.ceil(math.sqrt(image.width * image.height / most))


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Convert every exception of Pillow's decoders within the block to an ImageError that names `path`."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about harmless oddities
        try:
            yield
        except (MaskstyleError, MemoryError):
            raise
        except Exception as error:  # decoders raise almost any exception on damaged data
            raise ImageError(
                f"expected a complete image, but {described(path)} is truncated or damaged ({error}); "
                "create or download it again"
            ) from error


def format_by_suffix(path: Path) -> str:
    """Return the format for the extension of `path`, one of `WRITABLE_FORMATS`; PNG for streams without one."""
    if not path.suffix and is_writable_stream(path):
        return "PNG"
    try:
        return FORMAT_OF_SUFFIX[path.suffix.lower()]
    except KeyError:
        extension = f"the extension {path.suffix!r}" if path.suffix else "no extension"
        layers = ", and pass --layers FILE.ora for layers" if path.suffix.lower() in (".psd", ".ora", ".xcf") else ""
        raise ImageError(
            f"expected an output name ending in {_listed(tuple(FORMAT_OF_SUFFIX))}, but {path} has "
            f"{extension}; rename the output{layers}"
        ) from None


def check_transparency(output: Path, cause: str) -> None:
    """Raise ImageError if an output cannot keep the transparency that something needs."""
    if output.suffix.lower() in SUFFIXES_WITHOUT_ALPHA:
        raise ImageError(f"{cause}, which {output.suffix} cannot keep; choose an output that ends in .png")


def check_sides(output: Path, size: tuple[int, int]) -> None:
    """Raise ImageError if a picture of a (height, width) is too long for the format of its output."""
    file_format = format_by_suffix(output)
    longest = LONGEST_SIDES.get(file_format)
    if longest is not None and max(size) > longest:
        raise ImageError(
            f"{described(output, writing=True)} would be {size[1]}x{size[0]}, but a {file_format} file has at most "
            f"{longest} pixels a side; choose an output that ends in .png"
        )


@contextmanager
def any_number_of_pixels() -> Iterator[None]:
    """Suspend Pillow's limit, as large images are read reduced."""
    with _SUSPENDING:
        limit, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, None
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS = limit


_SUSPENDING = threading.Lock()


@cache
def _register_heif() -> None:
    """Let Pillow read HEIF, where the extra ``heif`` is installed."""
    with suppress(ImportError):
        from pillow_heif import register_heif_opener

        register_heif_opener()


def _open_binary(path: Path) -> BinaryIO:
    if not is_stream(path):
        return opened(path)

    def check(head: bytes) -> None:
        if head and not is_image(head):
            raise _unidentified(described(path), head)

    return io.BytesIO(stream_bytes(path, check))


def _unidentified(name: str, head: bytes) -> ImageError:
    expected = f"expected a {_listed(READABLE_FORMATS)} image"
    for kind, signature in _SIGNATURES:
        if re.match(signature, head, re.DOTALL):
            if not _is_supported(kind):
                remedy = 'pip install "maskstyle[heif]"' if kind == "HEIF" else "pip install --upgrade pillow"
                return ImageError(f"{name} is a {kind} file; to read it, {remedy}, or convert it to PNG")
            if kind in READABLE_FORMATS:
                return ImageError(
                    f"expected a complete {kind} image, but {name} is truncated, damaged, without pixels or in "
                    "an unsupported variant; create it again, or save it as an 8-bit PNG"
                )
            article = "an" if kind[0] in "OSM" else "a"  # as their letters are spelled
            return ImageError(f"{expected}, but {name} is {article} {kind} file; convert it to PNG")
    for kind, remedy, signature in _OTHER_FILES:
        if re.match(signature, head, re.DOTALL | re.IGNORECASE):
            return ImageError(f"{expected}, but {name} is {kind}; {remedy}")
    return ImageError(f"{expected}, but {name} is not an image in a known format; check it, or convert it to PNG")


def is_image(head: bytes) -> bool:
    """Return whether a file that begins with some bytes is an image of a readable format."""
    return any(kind in READABLE_FORMATS and re.match(signature, head, re.DOTALL) for kind, signature in _SIGNATURES)


def _is_supported(kind: str) -> bool:
    """Return whether the optional decoder of a format is installed."""
    if kind == "AVIF":
        return bool(features.check("avif"))
    return kind != "HEIF" or "HEIF" in Image.OPEN


def _check_pixels(image: ImageFile.ImageFile, name: str) -> None:
    # A progressive JPEG is held as a whole while it is decoded.
    baseline = image.format in ("JPEG", "MPO") and not image.info.get("progressive")
    most = LARGEST_JPEG if baseline else LARGEST_OTHER
    if image.width * image.height > most and reduction(image) > 1:
        raise ImageError(
            f"expected an image of at most {most:,} pixels, but {name} has {image.width * image.height:,}; "
            "scale it down first"
        )


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
