"""Decode image files of any bit depth, mode, color profile and orientation to float32 sRGB and alpha."""

from __future__ import annotations

import re
import sys
import warnings
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms, ImageFile, TiffImagePlugin

from maskstyle.errors import ImageError
from maskstyle.images.files import any_number_of_pixels, decoding, open_image, reduction
from maskstyle.images.pixels import by_strips, row_strips
from maskstyle.images.streams import described

Array: TypeAlias = NDArray[np.float32]

_T = TypeVar("_T", bound=np.generic)

# Rotate and flip the stored rows and columns upright, for each EXIF orientation.
_UPRIGHT: dict[object, Callable[[NDArray[Any]], NDArray[Any]]] = {
    1: lambda stored: stored,
    2: np.fliplr,
    3: lambda stored: np.rot90(stored, 2),
    4: np.flipud,
    5: lambda stored: np.swapaxes(stored, 0, 1),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: np.swapaxes(np.rot90(stored, 2), 0, 1),
    8: lambda stored: np.rot90(stored),
}

_SWAPPED_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}

# Pillow scales gray of fewer bits to 8 bits, but not the transparent gray of a PNG (1-bit gray: in old versions).
GRAY_SCALE = {"1": 255, "L;2": 85, "L;4": 17}

_GRAYS = ("1", "L", "LA", "La")

# Float samples may exceed [0, 1] by this: enough for rounding and slight ringing.
_FLOAT_SLACK = 0.01


def decode(path: Path, *, follow_profile: bool = True, labels: bool = False) -> tuple[Array, Array | None]:
    """Read an image file by the rules of `maskstyle.load_image`: its pixels, sRGB and upright, and its alpha, if any.

    The pixels are a view of one channel if the file is gray. `follow_profile` is False for samples that are numbers
    rather than colors; with `labels`, colors are not averaged where a large image is read reduced.
    """
    with open_image(path) as image:
        _refuse_unreadable_variants(image, described(path))
        raw_mode = raw_mode_of(image)
        small: Image.Image = image
        if reduction(image) > 1:
            with decoding(path):
                small = _reduced(image, raw_mode, labels=labels)
            raw_mode = ""
            deep = _gray_16_bit(small) if small.mode == "I" else None
        else:
            deep = _read_16_bit(image, raw_mode, path)
            with decoding(path):
                image.load()
        icc = image.info.get("icc_profile") if follow_profile else None
        if small.mode == "F":
            pixels, alpha = _float_gray(small, described(path)), None
        elif deep is not None:
            pixels, alpha = _from_16_bit(deep, image.info.get("transparency"), icc)
        else:
            pixels, alpha = _from_8_bit(small, raw_mode, icc)
        turn = orientation(image)
    if alpha is not None:
        alpha = np.ascontiguousarray(upright(alpha, turn))
    return upright(pixels, turn), alpha


def upright(stored: NDArray[_T], turn: object) -> NDArray[_T]:
    """Return the stored rows and columns of an image as they are shown by an EXIF orientation."""
    turned: NDArray[_T] = _UPRIGHT.get(turn, _UPRIGHT[1])(stored)
    return turned


def turned_back(turn: int) -> int:
    """Return the EXIF orientation that undoes another."""
    return {6: 8, 8: 6}.get(turn, turn)


def read_orientation(path: str | Path) -> int:
    """Return the EXIF orientation of an image file, which `maskstyle.load_image` applies.

    Parameters
    ----------
    path : str or Path
        A file that `maskstyle.load_image` reads.

    Returns
    -------
    int
        1 to 8; 1 if the stored pixels are shown as they are.

    Raises
    ------
    ImageError
        If the file cannot be opened.
    """
    with open_image(Path(path)) as image:
        if isinstance(image, TiffImagePlugin.TiffImageFile):
            turn: object = image.tag_v2.get(ExifTags.Base.Orientation, 1)
        else:
            turn = orientation(image)
    return turn if isinstance(turn, int) and turn in _UPRIGHT else 1


def _reduced(image: ImageFile.ImageFile, raw_mode: str, *, labels: bool) -> Image.Image:
    """Return an image with at most ``PIL.Image.MAX_IMAGE_PIXELS`` pixels; colors in 8 bits.

    JPEG is decoded at a half, a quarter or an eighth of its size, so that its pixels are never all in memory.
    """
    power = 2 ** (reduction(image) - 1).bit_length()
    image.draft(None, (max(1, image.width // power), max(1, image.height // power)))
    with any_number_of_pixels():
        image.load()
    factor = reduction(image)
    whole: Image.Image = image
    if ";16" in raw_mode or image.mode == "1":
        image.info.pop("transparency", None)  # one value of many bits, which 8 bits cannot tell from its neighbors
    if image.mode.startswith("I;16"):
        whole = image.convert("I")
    elif image.has_transparency_data:
        whole = _with_alpha_channel(image, raw_mode)
    elif image.mode in ("1", "P"):
        whole = image.convert("L" if image.mode == "1" else "RGB")
    size = (-(-image.width // factor), -(-image.height // factor))
    return whole.resize(size, Image.Resampling.NEAREST) if labels else whole.reduce(factor)


def _with_alpha_channel(image: Image.Image, raw_mode: str) -> Image.Image:
    if raw_mode in GRAY_SCALE and "transparency" in image.info:
        image.info["transparency"] = min(255, image.info["transparency"] * GRAY_SCALE[raw_mode])
    return image.convert("LA" if image.mode in _GRAYS else "RGBA")


def _gray_16_bit(image: Image.Image) -> NDArray[np.uint16]:
    return np.asarray(image).astype(np.uint16)[..., np.newaxis]


def _refuse_unreadable_variants(image: ImageFile.ImageFile, path: str) -> None:
    if image.mode == "I":
        raise ImageError(
            f"expected 8 or 16 bits per sample, but {path} holds signed or 32-bit integers; save it "
            "with 8 or 16 bits, unsigned"
        )
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        with decoding(Path(path)):
            tags = dict(image.tag_v2)
        # Pillow inverts the first kind, and reads the second (uncompressed) as noise.
        if tags.get(TiffImagePlugin.PHOTOMETRIC_INTERPRETATION) == 0 and image.mode.startswith(("I;16", "F")):
            raise ImageError(
                f"expected black to be 0 in a 16-bit or float TIFF, but in {path} white is 0 (WhiteIsZero); "
                "save it with BlackIsZero"
            )
        separate_planes = tags.get(TiffImagePlugin.PLANAR_CONFIGURATION) == 2
        if separate_planes and max(tags.get(TiffImagePlugin.BITSPERSAMPLE, (8,))) > 8:
            raise ImageError(
                f"expected the channels of a 16-bit TIFF to be interleaved, but {path} has them in separate "
                "planes; save it interleaved"
            )


def _read_16_bit(image: ImageFile.ImageFile, raw_mode: str, path: Path) -> NDArray[np.uint16] | None:
    """Read 16-bit samples as (H, W, channels), or return None if the file has fewer bits.

    Pillow keeps colors in 8 bits and drops the low byte of each sample. Reading the file again with swapped byte
    order makes it drop the high byte instead; the two readings together give all 16 bits.
    """
    if image.mode.startswith("I;16"):
        with decoding(path):
            image.load()
        gray = np.asarray(image).astype(np.uint16)[..., np.newaxis]
        return (gray * (65535 / 4095) + 0.5).astype(np.uint16) if raw_mode == "I;12" else gray
    if raw_mode == "LA;16B":
        four_bytes = _read_as(path, "RGBA")
        return four_bytes[..., 0::2] * np.uint16(256) + four_bytes[..., 1::2]
    if re.fullmatch("RGBA?;16[BLN]", raw_mode):
        with decoding(path):
            image.load()
        high = np.asarray(image).astype(np.uint16)
        return high * np.uint16(256) + _read_as(path, raw_mode[:-1] + _SWAPPED_ORDER[raw_mode[-1]])
    return None


def raw_mode_of(image: ImageFile.ImageFile) -> str:
    """Return Pillow's raw mode, the layout of the samples in the file, or an empty string if unknown."""
    args = image.tile[0].args if image.tile else None
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def _read_as(path: Path, raw_mode: str) -> NDArray[np.uint16]:
    """Decode a file with another raw mode than the one Pillow chose."""
    with open_image(path) as image, decoding(path):
        image.tile = [
            tile._replace(args=(raw_mode, *tile.args[1:]) if isinstance(tile.args, tuple) else raw_mode)
            for tile in image.tile
        ]
        image.load()
        return np.asarray(image).astype(np.uint16)


def _from_16_bit(samples: NDArray[np.uint16], transparent: object, icc: bytes | None) -> tuple[Array, Array | None]:
    colors = samples[..., : 1 if samples.shape[-1] < 3 else 3]
    alpha: Array | None = None
    if colors.shape != samples.shape:
        alpha = samples[..., -1].astype(np.float32) / np.float32(65535)
    elif transparent is not None:
        alpha = np.any(colors != np.asarray(transparent), axis=-1).astype(np.float32)
    if icc:
        rounded = (colors / np.float32(257) + np.float32(0.5)).astype(np.uint8)
        shallow = Image.fromarray(rounded[..., 0] if rounded.shape[-1] == 1 else rounded)
        converted = _through_profile(shallow, icc)
        if converted is not None:
            return _unit(converted), alpha
    return _three_channels(by_strips(lambda rows: rows.astype(np.float32) / np.float32(65535), colors)), alpha


def _from_8_bit(image: Image.Image, raw_mode: str, icc: bytes | None) -> tuple[Array, Array | None]:
    is_gray = image.mode in _GRAYS
    alpha: Array | None = None
    if image.has_transparency_data:
        image = _with_alpha_channel(image, raw_mode)
        alpha = _unit(image.getchannel("A"))
    if image.mode == "LAB":
        return _unit(_transformed(image, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))), alpha
    if image.mode != "CMYK":
        image = _in_mode(image, "L" if is_gray else "RGB")
    converted = _through_profile(image, icc) if icc else None
    if converted is None and image.mode == "L":
        return _three_channels(_unit(image)[..., np.newaxis]), alpha
    return _unit(_in_mode(converted or image, "RGB")), alpha


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """Return an image in a mode; itself if it has that, which Pillow would copy."""
    return image if image.mode == mode else image.convert(mode)


def _through_profile(image: Image.Image, icc: bytes) -> Image.Image | None:
    """Convert to 8-bit sRGB, or return None if the profile is damaged or does not fit the image."""
    try:
        profile = ImageCms.ImageCmsProfile(BytesIO(icc))
        if image.mode == "L" and profile.profile.xcolor_space.strip() == "RGB":
            image = image.convert("RGB")
        return _transformed(image, profile)
    except (ImageCms.PyCMSError, OSError, ValueError):
        return None


def has_useless_profile(image: ImageFile.ImageFile) -> bool:
    """Return whether an image has a color profile that is damaged or does not fit its colors."""
    icc = image.info.get("icc_profile")
    if not icc or image.mode in ("F", "LAB"):
        return False
    is_gray = image.mode in _GRAYS or image.mode.startswith("I")
    mode = "CMYK" if image.mode == "CMYK" else "L" if is_gray else "RGB"
    return _through_profile(Image.new(mode, (1, 1)), icc) is None


def _transformed(image: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image:
    # as in photo editors: white stays white, and black stays black
    transform = ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        image.mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    converted = ImageCms.applyTransform(image, transform)
    assert converted is not None  # None is for transforms in place
    return converted


def _float_gray(image: Image.Image, path: str) -> Array:
    gray = np.asarray(image)
    if not np.isfinite(gray).all():
        raise ImageError(
            f"expected values from 0 to 1, but {path} holds NaN or infinity; replace those pixels and save it again"
        )
    if gray.min() < -_FLOAT_SLACK or gray.max() > 1 + _FLOAT_SLACK:
        raise ImageError(
            f"expected float samples from 0 to 1, but {path} holds {gray.min():g} to {gray.max():g}; "
            "rescale them, or save with 8 or 16 bits"
        )
    return _three_channels(np.clip(gray, np.float32(0), np.float32(1))[..., np.newaxis])


def orientation(image: ImageFile.ImageFile) -> object:
    """Return the EXIF orientation to apply, or 1 for none."""
    if image.format == "TIFF":
        return 1  # Pillow has already applied it
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return image.getexif().get(ExifTags.Base.Orientation, 1)
        except Exception:  # damaged EXIF raises almost any exception, but must not prevent reading
            return 1


def _three_channels(colors: Array) -> Array:
    return np.broadcast_to(colors, (*colors.shape[:2], 3))


def _unit(image: Image.Image) -> Array:
    """Return samples of 8 bits as floats in [0, 1]."""
    channels = len(image.getbands())
    pixels = np.empty((image.height, image.width, *(() if channels == 1 else (channels,))), np.float32)
    for rows in row_strips(pixels.shape):
        pixels[rows] = np.asarray(image.crop((0, rows.start, image.width, rows.stop)))
        pixels[rows] /= np.float32(255)
    return pixels
