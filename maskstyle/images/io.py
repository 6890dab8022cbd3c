"""Load, save and encode images as float32 RGB arrays in [0, 1], with alpha and metadata, and save masks."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, PngImagePlugin
from PIL import Image as PillowImage

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.decoding import decode, orientation, upright
from maskstyle.images.files import check_sides, decoding, format_by_suffix, open_image
from maskstyle.images.pixels import Image, Mask, Size, resize_image, rounded, size_of, size_within, to_uint8
from maskstyle.images.streams import is_writable_stream
from maskstyle.images.transparency import visible_alpha
from maskstyle.images.writing import replacing
from maskstyle.schemas.values import Unfit, decoded

METADATA_KEY = "maskstyle"

LARGEST_METADATA = 2**24
"""Characters of metadata that are read."""

ENCODER_OPTIONS: dict[str, dict[str, Any]] = {
    "PNG": {},
    "JPEG": {"quality": 95, "subsampling": 0},
    "WebP": {"quality": 95, "exact": True},  # exact: keep the colors of transparent pixels
    "TIFF": {"compression": "tiff_adobe_deflate"},
    "BMP": {},
}

_WITH_ALPHA = ("PNG", "WebP", "TIFF")

# The EXIF block of a JPEG is one segment of at most 64 kB, including its header.
_JPEG_METADATA_LIMIT = 65000


@dataclass(frozen=True)
class Picture:
    """The content of an image file.

    Attributes
    ----------
    pixels : (H, W, 3) float32 array
        sRGB in [0, 1].
    alpha : (H, W) float32 array or None
        Opacity in [0, 1], or None if the image is opaque.
    """

    pixels: Image
    alpha: Mask | None

    def resized(self, size: Size) -> Picture:
        """Return the picture at a (height, width)."""
        alpha = None if self.alpha is None else resize_image(self.alpha, size)
        return Picture(resize_image(self.pixels, size), alpha)

    def within(self, longest: int) -> Picture:
        """Return the picture with a longer side of at most `longest` pixels."""
        return self.resized(size_within(size_of(self.pixels), longest))


def load_image(path: str | Path) -> Picture:
    """Read an image file.

    Parameters
    ----------
    path : str or Path
        A JPEG, PNG, WebP, TIFF, BMP, GIF or AVIF file, or HEIF with the extra ``heif``. If it has several frames or
        pages, the first is read. ``-`` is standard input; a pipe is read once and remembered.

    Returns
    -------
    Picture
        The image, upright (the EXIF orientation is applied) and in sRGB; gray is repeated into three channels.

    Raises
    ------
    ImageError
        If the file is missing, unreadable, empty, damaged, in another format or has more than 400 megapixels (a
        baseline JPEG: 1000), or if its samples are neither 8 nor 16 bits nor floats in [0, 1].

    Notes
    -----
    An embedded color profile is applied: colors are converted to sRGB (relative colorimetric with black point
    compensation). A damaged profile, or one for another kind of image, is ignored, and the samples are read as
    sRGB. CMYK without a usable profile is converted by Pillow's simple formula.

    16-bit gray and RGB keep their depth, unless they have a profile, which is applied in 8 bits. 16-bit CMYK and
    premultiplied 16-bit TIFFs are read in 8 bits. Float TIFFs must contain gray in [0, 1] and are read as sRGB.

    An image with more pixels than ``PIL.Image.MAX_IMAGE_PIXELS``, by default 89 million, is read reduced by a whole
    factor; colors are then read in 8 bits. `maskstyle.images.file_notes` says so.

    The colors of transparent pixels are returned as stored. An alpha channel that is opaque everywhere is returned as
    None.
    """
    pixels, alpha = decode(Path(path))
    return Picture(np.ascontiguousarray(pixels), visible_alpha(alpha))


def save_image(
    path: str | Path,
    pixels: Image,
    alpha: Mask | None = None,
    metadata: Mapping[str, object] | None = None,
    *,
    dpi: tuple[float, float] | None = None,
) -> None:
    """Write an image file atomically.

    Parameters
    ----------
    path : str or Path
        The output. The extension selects the format: .png, .jpg, .jpeg, .webp, .tif, .tiff or .bmp. An existing file
        is replaced only when the new one is complete. ``-`` writes a PNG to standard output.
    pixels : (H, W, 3) float32 array
        sRGB in [0, 1], rounded to 8 bits by `to_uint8`.
    alpha : (H, W) float32 array, optional
        Opacity in [0, 1]; for PNG, WebP and TIFF only.
    metadata : mapping, optional
        Metadata for `read_metadata`, stored as JSON: in the text chunk "maskstyle" of a PNG; in the EXIF image
        description of JPEG (omitted above 65,000 characters), WebP and TIFF; omitted from BMP. Arrays are stored as
        lists, NumPy scalars as numbers, and other unknown types as text.
    dpi : (float, float), optional
        Pixels per inch in x and y, as `maskstyle.images.read_dpi` returns them.

    Raises
    ------
    ImageError
        If `path` cannot be written (see `check_writable`), the format does not support the given alpha, the shapes
        do not match, `pixels` or `alpha` contains NaN, or the encoder fails.
    """
    path = Path(path)
    file_format = format_by_suffix(path)
    if alpha is not None and file_format not in _WITH_ALPHA:
        raise ImageError(
            f"expected an output format that keeps transparency, but {path} is a {file_format} file, which "
            "cannot; name it .png"
        )
    check_sides(path, pixels.shape[:2])
    picture = PillowImage.fromarray(interleaved(pixels, alpha))
    options = ENCODER_OPTIONS[file_format] | _embedded(metadata, file_format, dpi)
    with replacing(path) as file:
        memory = io.BytesIO() if file_format == "TIFF" else None  # libtiff prints what the disk refuses
        try:
            picture.save(memory or file, format=file_format, **options)
        except (ValueError, OverflowError) as error:
            raise ImageError(
                f"{path} could not be encoded as {file_format} ({error}); save it as .png instead"
            ) from error
        if memory is not None:
            file.write(memory.getbuffer())


def save_mask(path: str | Path, mask: Mask, *, bits: int = 16, metadata: Mapping[str, object] | None = None) -> None:
    """Write a mask as a grayscale PNG, atomically.

    Parameters
    ----------
    path : str or Path
        The output, with the extension .png; JPEG would not keep 0 exactly.
    mask : (H, W) float32 array
        In [0, 1]; rounded, halves up.
    bits : {8, 16}
        Bits per sample. `load_image` returns multiples of 1/65535 or 1/255 exactly.
    metadata : mapping, optional
        Metadata for `read_metadata`.

    Raises
    ------
    ImageError
        If `path` does not end in .png or cannot be written (see `check_writable`), or `mask` has another number of
        dimensions or contains NaN.
    SettingsError
        If `bits` is neither 8 nor 16.
    """
    path = Path(path)
    if bits not in (8, 16):
        raise SettingsError(f"bits is {bits}; expected 8 or 16")
    if path.suffix.lower() != ".png" and not is_writable_stream(path):
        raise ImageError(f"expected a mask file to end in .png, which is lossless, but got {path}; name it .png")
    if mask.ndim != 2 or 0 in mask.shape:
        raise ImageError(f"expected a mask of shape (H, W), but got {mask.shape}; pass one channel")
    samples = to_uint8(mask) if bits == 8 else rounded(mask, 65535).astype(np.uint16)
    with replacing(path) as file:
        PillowImage.fromarray(samples).save(file, format="PNG", **_embedded(metadata, "PNG"))


def load_samples(path: str | Path) -> NDArray[Any]:
    """Read the samples of a lossless image file, upright: (h, w) or (h, w, n), of any integer type."""
    with open_image(Path(path)) as image, decoding(Path(path)):
        stored = np.asarray(image)
        return np.ascontiguousarray(upright(stored, orientation(image)))


def save_samples_like(path: Path, source: Path, samples: NDArray[Any]) -> None:
    """Write samples as a PNG with the palette, transparent color, profile and metadata of another image file."""
    with open_image(source) as image, decoding(source):
        palette = image.getpalette() if image.mode == "P" else None
        options = {key: image.info[key] for key in ("transparency", "icc_profile") if key in image.info}
    picture = PillowImage.fromarray(np.ascontiguousarray(samples))
    if palette is not None:
        picture.putpalette(palette)
    with replacing(path) as file:
        picture.save(file, format="PNG", **options, **_embedded(read_metadata(source), "PNG"))


def read_metadata(path: str | Path) -> dict[str, Any] | None:
    """Read the metadata that `save_image` or `save_mask` stored in a file.

    Parameters
    ----------
    path : str or Path
        A file that `load_image` reads.

    Returns
    -------
    dict or None
        The metadata, or None if the file has none.

    Raises
    ------
    ImageError
        If the file cannot be opened, or its metadata is damaged.
    """
    path = Path(path)
    with open_image(path) as image:
        if image.format == "PNG":
            text = image.info.get(METADATA_KEY)
        else:
            with decoding(path):
                text = _after_key(image.getexif().get(ExifTags.Base.ImageDescription))
    if text is None:
        return None
    try:
        if not isinstance(text, str) or len(text) > LARGEST_METADATA:
            raise Unfit(f"it is no text of at most {LARGEST_METADATA} characters")
        return decoded(text, dict[str, Any])
    except Unfit as error:
        raise ImageError(
            f"expected a JSON object as the maskstyle metadata of {path}, but it is damaged ({error}); "
            "use the original file written by maskstyle"
        ) from None


def interleaved(pixels: Image, alpha: Mask | None) -> NDArray[np.uint8]:
    """Return 8-bit RGB or RGBA samples."""
    if pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise ImageError(f"expected pixels of shape (H, W, 3), but got {pixels.shape}; pass an RGB image")
    if alpha is None:
        return to_uint8(pixels)
    if alpha.shape != pixels.shape[:2]:
        raise ImageError(
            f"expected an alpha of the image's shape {pixels.shape[:2]}, but got {alpha.shape}; resize it"
        )
    return np.dstack([to_uint8(pixels), to_uint8(alpha)])


def _embedded(
    metadata: Mapping[str, object] | None, file_format: str, dpi: tuple[float, float] | None = None
) -> dict[str, Any]:
    """Return the encoder options that store `metadata` and `dpi`."""
    options: dict[str, Any] = {} if dpi is None or file_format == "WebP" else {"dpi": dpi}
    exif = PillowImage.Exif()
    if dpi is not None and file_format == "WebP":
        exif[ExifTags.Base.XResolution], exif[ExifTags.Base.YResolution] = dpi
        exif[ExifTags.Base.ResolutionUnit] = 2  # inch
        options["exif"] = exif
    if metadata is None or file_format == "BMP":
        return options
    try:
        text = json.dumps(dict(metadata), separators=(",", ":"), default=_plain)
    except (ValueError, TypeError, RecursionError) as error:
        raise ImageError(
            f"`metadata` cannot be stored as JSON ({error}); expected texts, numbers, lists and mappings"
        ) from error
    if file_format == "PNG":
        chunks = PngImagePlugin.PngInfo()
        chunks.add_text(METADATA_KEY, text)
        return options | {"pnginfo": chunks}
    if file_format == "JPEG" and len(text) > _JPEG_METADATA_LIMIT:
        return options
    exif[ExifTags.Base.ImageDescription] = f"{METADATA_KEY} {text}"
    return options | {"exif": exif}


def _after_key(description: object) -> str | None:
    """Return the JSON of an image description written by maskstyle, or None for any other description."""
    key, _, text = description.partition(" ") if isinstance(description, str) else ("", "", "")
    return text if key == METADATA_KEY else None


def _plain(value: object) -> object:
    return value.tolist() if isinstance(value, (np.ndarray, np.generic)) else str(value)


def encode_image(pixels: Image, alpha: Mask | None = None, *, kind: Literal["PNG", "JPEG", "WebP"] = "PNG") -> bytes:
    """Return the bytes of an image file.

    Parameters
    ----------
    pixels : (H, W, 3) float32 array
        sRGB in [0, 1], rounded to 8 bits by `to_uint8`.
    alpha : (H, W) float32 array, optional
        Opacity in [0, 1]; not for JPEG.
    kind : {"PNG", "JPEG", "WebP"}
        The format.

    Raises
    ------
    ImageError
        If the shapes do not match, or `pixels` or `alpha` contains NaN.

    Examples
    --------
    >>> import numpy as np
    >>> encode_image(np.zeros((1, 1, 3), np.float32))[1:4]
    b'PNG'
    """
    stream = io.BytesIO()
    PillowImage.fromarray(interleaved(pixels, alpha)).save(stream, format=kind, **ENCODER_OPTIONS[kind])
    return stream.getvalue()
