"""Image files at the edge: opened with a clear error, written to a temporary neighbor and renamed."""

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

# What a file is by its first bytes; beyond the readable formats, those that people do pass.
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
        A JPEG, PNG, WebP, TIFF or BMP file; what it is is read from its first bytes, not from its name.

    Yields
    ------
    PIL.ImageFile.ImageFile
        The first frame, not loaded; load it inside `decoding`.

    Raises
    ------
    ImageError
        If there is no readable file, it is empty, it is no image of a readable format, its header is
        damaged, or it holds more pixels than ``PIL.Image.MAX_IMAGE_PIXELS``.
    """
    with _open_binary(path) as handle:
        head = handle.read(64)
        if not head:
            raise ImageError(f"expected an image, but {path} is empty (0 bytes); make or download it again")
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
                    "(height x width); make or download it again"
                )
            yield image


@contextmanager
def decoding(path: Path) -> Iterator[None]:
    """Turn whatever Pillow's decoders raise within the block into an ImageError that names `path`."""
    with warnings.catch_warnings():
        # Pillow warns about oddities that it copes with; only the oversize warning must stop us.
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            yield
        except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
            raise _too_large(path, error) from error
        except (MaskstyleError, MemoryError):
            raise
        except Exception as error:  # on damaged data the decoders raise nearly anything
            raise ImageError(
                f"expected a whole image, but {path} is truncated or damaged ({error}); make or download it again"
            ) from error


def check_writable(path: Path) -> None:
    """Check, before the long work starts, that an image can be saved at `path`.

    Parameters
    ----------
    path : Path
        Where `save_image` will write.

    Raises
    ------
    ImageError
        If the extension is unknown, `path` is a folder or a device, its folder does not exist, or the
        folder or an existing file at `path` may not be written.
    """
    format_by_suffix(path)
    check_replaceable(path)


def check_replaceable(path: Path) -> None:
    """Check, before the long work starts, that a file of any kind can be written at `path`.

    Parameters
    ----------
    path : Path
        A file to make or replace.

    Raises
    ------
    ImageError
        As `check_writable`, the extension aside.
    """
    _target(path)


def format_by_suffix(path: Path) -> str:
    """Return the format, one of `READABLE_FORMATS`, that the extension of `path` stands for."""
    try:
        return FORMAT_OF_SUFFIX[path.suffix.lower()]
    except KeyError:
        arrived = f"the extension {path.suffix!r}" if path.suffix else "no extension"
        raise ImageError(
            f"expected an output name ending in {_listed(tuple(FORMAT_OF_SUFFIX))}, but {path} has "
            f"{arrived}; rename the output"
        ) from None


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Write a file all or nothing: yield a temporary neighbor and rename it to `path` at the end.

    Parameters
    ----------
    path : Path
        The file to make or replace; a symbolic link is followed.

    Yields
    ------
    Path
        A hidden name in the same folder, with the same extension, to write to. On any failure it is
        removed, and an older file at `path` stays as it was.

    Raises
    ------
    ImageError
        As `check_writable`, the extension aside, and for any OSError raised within the block.
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
    """Write `text` as UTF-8 to `path`, all or nothing.

    Parameters
    ----------
    path : Path
        The file to make or replace.
    text : str
        What it will hold; line ends are kept.

    Raises
    ------
    ImageError
        As `replacing`.
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
        if os.path.isdir(path):  # what Windows says of a folder
            raise ImageError(f"expected an image file, but {path} is a folder; name a file inside it") from error
        raise ImageError(
            f"expected a readable image file, but there is no permission to read {path}; "
            "change its permissions or copy it elsewhere"
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
                    f"expected a whole {name} image, but {path} is truncated, damaged, without pixels or of "
                    "a rare variant; make it again, or save it as an 8-bit PNG"
                )
            return ImageError(f"{expected}, but {path} is a {name} file; convert it to PNG")
    return ImageError(f"{expected}, but {path} is not an image that maskstyle knows; check the file")


def _too_large(path: Path, error: Exception) -> ImageError:
    stated = re.search(r"\d+", str(error))  # Pillow tells the count only in its message
    count = f"{int(stated.group()):,}" if stated else "too many"
    return ImageError(
        f"expected an image of at most {Image.MAX_IMAGE_PIXELS or 0:,} pixels, but {path} has {count}; "
        "scale it down first"
    )


def _target(path: Path) -> Path:
    """Return the file that a write to `path` reaches, once nothing stands in its way."""
    target = Path(os.path.realpath(path))
    exists = os.path.exists(target)
    if os.path.isdir(target):
        raise ImageError(f"expected a file to write, but {path} is a folder; name a file inside it")
    if exists and not os.path.isfile(target):
        raise ImageError(f"expected a file to write, but {path} is a device or a pipe; name a plain file")
    if not os.path.isdir(target.parent):
        raise ImageError(
            f"expected an existing folder to write {path.name} to, but there is no folder {path.parent}; "
            "create it or write elsewhere"
        )
    if not os.access(target.parent, os.W_OK | os.X_OK):
        raise ImageError(
            f"expected to write {path}, but there is no permission to write to the folder {path.parent}; "
            "change its permissions or write elsewhere"
        )
    if exists and not os.access(target, os.W_OK):
        raise ImageError(
            f"expected to replace {path}, but it is read-only; change its permissions or choose another name"
        )
    return target


def _listed(names: tuple[str, ...]) -> str:
    return f"{', '.join(names[:-1])} or {names[-1]}"
