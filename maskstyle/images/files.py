"""Image files: open them with clear errors, and write them atomically."""

from __future__ import annotations

import os
import re
import secrets
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image, ImageFile, UnidentifiedImageError

from maskstyle.errors import ImageError, MaskstyleError

READABLE_FORMATS = ("JPEG", "PNG", "WebP", "TIFF", "BMP")

FORMAT_OF_SUFFIX = {
    ".png": "PNG",
    ".jpg": "JPEG",
    ".jpeg": "JPEG",
    ".webp": "WebP",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".bmp": "BMP",
}

# First bytes of the readable formats, and of other formats that people are likely to pass.
_SIGNATURES = (
    ("JPEG", rb"\xff\xd8\xff"),
    ("PNG", rb"\x89PNG"),
    ("WebP", rb"RIFF....WEBP"),
    ("TIFF", rb"II[*+]\x00|MM\x00[*+]"),
    ("BMP", rb"BM"),
    ("GIF", rb"GIF8"),
    ("AVIF", rb"....ftypavi"),
    ("HEIC", rb"....ftyp(hei|hev|mif|msf)"),
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
        A JPEG, PNG, WebP, TIFF or BMP file. Its first bytes determine the format, not its name.

    Yields
    ------
    PIL.ImageFile.ImageFile
        The first frame, not loaded; load it inside `decoding`.

    Raises
    ------
    ImageError
        If the file is missing, unreadable, empty, damaged in its header or of an unsupported format, or has more
        pixels than ``PIL.Image.MAX_IMAGE_PIXELS``.
    """
    with _open_binary(path) as handle:
        head = handle.read(64)
        if not head:
            raise ImageError(f"expected an image, but {path} is empty (0 bytes); create or download it again")
        try:
            with decoding(path):
                image = Image.open(handle, formats=READABLE_FORMATS)
        except ImageError as error:
            if isinstance(error.__cause__, UnidentifiedImageError):
                raise _unidentified(path, head) from error.__cause__
            raise
        with image:
            if 0 in image.size:
                raise ImageError(
                    f"expected at least one pixel, but {path} is {image.height}x{image.width} "
                    "(height x width); create or download it again"
                )
            yield image


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Convert every exception of Pillow's decoders within the block to an ImageError that names `path`."""
    with warnings.catch_warnings():
        # Pillow warns about harmless oddities; only the warning about the size is an error.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise _too_large(path, error) from error
        except (MaskstyleError, MemoryError):
            raise
        except Exception as error:  # decoders raise almost any exception on damaged data
            raise ImageError(
                f"expected a complete image, but {path} is truncated or damaged ({error}); "
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
    """Return the format for the extension of `path`, one of `READABLE_FORMATS`."""
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
        existing file at `path` is left unchanged.

    Raises
    ------
    ImageError
        As for `check_replaceable`, and for any OSError raised within the block.
    """
    target = _target(path)
    temporary = target.with_name(f".maskstyle-{os.getpid()}-{secrets.token_hex(4)}{target.suffix}")
    try:
        yield temporary
        os.replace(temporary, target)
    except OSError as error:
        raise ImageError(
            f"{path} could not be written ({error.strerror or error}); "
            "check the free space and the permissions there, or write to another folder"
        ) from error
    finally:
        temporary.unlink(missing_ok=True)


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


def _open_binary(path: Path) -> BinaryIO:
    try:
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


def _unidentified(path: Path, head: bytes) -> ImageError:
    expected = f"expected a {_listed(READABLE_FORMATS)} image"
    for name, signature in _SIGNATURES:
        if re.match(signature, head, re.DOTALL):
            if name in READABLE_FORMATS:
                return ImageError(
                    f"expected a complete {name} image, but {path} is truncated, damaged, without pixels or in "
                    "an unsupported variant; create it again, or save it as an 8-bit PNG"
                )
            return ImageError(f"{expected}, but {path} is a {name} file; convert it to PNG")
    return ImageError(f"{expected}, but {path} is not an image in a known format; check the file")


def _too_large(path: Path, error: Exception) -> ImageError:
    stated = re.search(r"\d+", str(error))  # Pillow gives the count only in its message
    count = f"{int(stated.group()):,}" if stated else "too many"
    return ImageError(
        f"expected an image of at most {Image.MAX_IMAGE_PIXELS or 0:,} pixels, but {path} has {count}; "
        "scale it down first"
    )


def _target(path: Path) -> Path:
    """Return the file that `path` resolves to, or raise ImageError if it cannot be written."""
    target = Path(os.path.realpath(path))
    exists = os.path.exists(target)
    if os.path.isdir(target):
        raise ImageError(f"expected a file to write, but {path} is a folder; name a file inside it")
    if exists and not os.path.isfile(target):
        raise ImageError(f"expected a file to write, but {path} is a device or a pipe; name a plain file")
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
