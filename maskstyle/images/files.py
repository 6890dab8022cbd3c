"""Image files: open them with clear errors, and write them atomically."""

from __future__ import annotations

import io
import math
import os
import re
import secrets
import tempfile
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile, UnidentifiedImageError, features

from maskstyle.errors import ImageError, MaskstyleError
from maskstyle.images.streams import (
    STANDARD,
    check_not_terminal,
    described,
    is_stream,
    is_writable_stream,
    send,
    stream_bytes,
)

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
)


@contextmanager
def open_image(path: Path) -> Iterator[ImageFile.ImageFile]:
    """Open an image file without decoding its pixels, and close it at the end of the block.

    Parameters
    ----------
    path : Path
        A JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF or HEIF file. Its first bytes determine the format, not its name.
        ``-`` is standard input; pipes are read whole.

    Yields
    ------
    PIL.ImageFile.ImageFile
        The first frame, not loaded; load it inside `decoding`.

    Raises
    ------
    ImageError
        If the file is missing, unreadable, empty, damaged in its header or of an unsupported format, or has more
        pixels than `LARGEST_JPEG` or `LARGEST_OTHER`.
    """
    name = described(path)
    with _open_binary(path) as handle:
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


def check_writable(path: Path) -> None:
    """Check that an image can be saved at `path`, before the long work starts.

    Parameters
    ----------
    path : Path
        The path for `save_image`.

    Raises
    ------
    ImageError
        If the extension is unknown, `path` is a folder or a device, its folder does not exist, or the folder or an
        existing file at `path` is not writable.
    """
    format_by_suffix(path)
    check_replaceable(path)


def check_replaceable(path: Path) -> None:
    """Check that a file with any extension can be written at `path`, before the long work starts.

    Parameters
    ----------
    path : Path
        The file to create or replace.

    Raises
    ------
    ImageError
        As for `check_writable`, except that any extension is allowed.
    """
    _target(path)


def format_by_suffix(path: Path) -> str:
    """Return the format for the extension of `path`, one of `WRITABLE_FORMATS`; PNG for streams without one."""
    if not path.suffix and is_writable_stream(path):
        return "PNG"
    try:
        return FORMAT_OF_SUFFIX[path.suffix.lower()]
    except KeyError:
        extension = f"the extension {path.suffix!r}" if path.suffix else "no extension"
        raise ImageError(
            f"expected an output name ending in {_listed(tuple(FORMAT_OF_SUFFIX))}, but {path} has "
            f"{extension}; rename the output"
        ) from None


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file atomically: yield a temporary path and rename it to `path` at the end of the block.

    Parameters
    ----------
    path : Path
        The file to create or replace; symbolic links are followed.

    Yields
    ------
    Path
        A hidden path in the same folder with the same extension, to write to. On any failure it is removed, and an
        existing file at `path` is left unchanged. Streams receive the whole file at the end.

    Raises
    ------
    ImageError
        As for `check_replaceable`, and for any OSError raised within the block.
    """
    if is_writable_stream(path):
        with _sending(path) as temporary:
            yield temporary
        return
    target = _target(path)
    temporary = target.with_name(f".maskstyle-{os.getpid()}-{secrets.token_hex(4)}{target.suffix}")
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def _sending(path: Path) -> Iterator[Path]:
    """Yield a temporary path, and send the file that was written there to a stream."""
    with tempfile.TemporaryDirectory(prefix="maskstyle-") as folder:
        temporary = Path(folder) / (path.name if path.suffix else "stream.png")
        try:
            yield temporary
            send(path, temporary.read_bytes())
        except OSError as error:
            raise _not_written(path, error) from error


def _not_written(path: Path, error: OSError) -> ImageError:
    return ImageError(
        f"{described(path, writing=True)} could not be written ({error.strerror or error}); "
        "check the free space and the permissions there, or write to another folder"
    )


def write_text_atomically(path: Path, text: str) -> None:
    """Write text to a file as UTF-8, atomically.

    Parameters
    ----------
    path : Path
        The file to create or replace.
    text : str
        The text; line endings are kept.

    Raises
    ------
    ImageError
        As for `replacing`.
    """
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="")


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
    try:
        if is_stream(path):
            return io.BytesIO(stream_bytes(path))
        return open(path, "rb")
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ImageError(
            f"expected an image file, but {path} does not exist; check the path and its spelling"
        ) from error
    except IsADirectoryError as error:
        raise ImageError(f"expected an image file, but {path} is a folder; name a file inside it") from error
    except PermissionError as error:
        if os.path.isdir(path):  # Windows raises this for folders
            raise ImageError(f"expected an image file, but {path} is a folder; name a file inside it") from error
        raise ImageError(
            f"expected a readable image file, but there is no permission to read {path}; "
            "change its permissions or copy it to another folder"
        ) from error
    except (OSError, ValueError) as error:
        raise ImageError(
            f"expected a readable image file, but {path} cannot be opened ({error}); check the path"
        ) from error


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
            return ImageError(f"{expected}, but {name} is a {kind} file; convert it to PNG")
    return ImageError(f"{expected}, but {name} is not an image in a known format; check the file")


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


def _target(path: Path) -> Path:
    """Return the file that `path` resolves to, or raise ImageError if it cannot be written."""
    if is_writable_stream(path):
        if path == STANDARD:
            check_not_terminal()
        return path
    target = Path(os.path.realpath(path))
    exists = os.path.exists(target)
    if os.path.isdir(target):
        raise ImageError(f"expected a file to write, but {path} is a folder; name a file inside it")
    if exists and not os.path.isfile(target):
        raise ImageError(f"expected a file to write, but {path} is a device; name a plain file or a pipe")
    if not os.path.isdir(target.parent):
        raise ImageError(
            f"expected an existing folder to write {path.name} to, but there is no folder {path.parent}; "
            "create it or write to another folder"
        )
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise ImageError(
            f"expected to write {path}, but there is no permission to write to the folder {path.parent}; "
            "change its permissions or write to another folder"
        )
    if exists and not os.access(target, os.W_OK):
        raise ImageError(
            f"expected to replace {path}, but it is read-only; change its permissions or choose another name"
        )
    return target


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
