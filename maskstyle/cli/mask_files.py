"""What commands that make masks read: masks and pictures of one size."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from PIL import Image as PillowImage

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.io import load_image
from maskstyle.images.pixels import Image, Mask, Size, resize_image, resize_mask
from maskstyle.images.sidecars import check_aspect
from maskstyle.masks import io as masks


def wanted_size(like: Path | None, size: str | None) -> Size | None:
    """Return the size that ``--like`` or ``--size`` asks for, if any.

    Raises
    ------
    ImageError, SettingsError
        If the picture cannot be read, the size is none, or both are given.
    """
    if like is not None and size is not None:
        raise SettingsError(f"--like is {like} and --size is {size}; expected one of them")
    if like is not None:
        height, width = load_image(like).pixels.shape[:2]
        return height, width
    return None if size is None else parse_size(size)


def parse_size(text: str) -> Size:
    """Read ``WIDTHxHEIGHT`` as (height, width).

    Examples
    --------
    >>> parse_size("640x480")
    (480, 640)
    """
    numbers = re.fullmatch(r"\s*(\d+)\s*[xX×]\s*(\d+)\s*", text)
    if not numbers or 0 in map(int, numbers.groups()):
        raise SettingsError(f"--size is {text!r}; expected WIDTHxHEIGHT in pixels such as 640x480")
    width, height = map(int, numbers.groups())
    most = PillowImage.MAX_IMAGE_PIXELS
    if most is not None and width * height > most:
        raise SettingsError(f"--size is {text}; expected at most {most:,} pixels, as larger pictures are not read")
    return height, width


def read_mask(path: Path, size: Size | None = None) -> Mask:
    """Read a mask, and resize it where it has another size.

    Parameters
    ----------
    path : Path
        A grayscale picture; see `maskstyle.load_mask`, but it may be 0 everywhere.
    size : (height, width), optional
        The size to make it; its own.

    Raises
    ------
    ImageError
        If it cannot be read, has colors, or another aspect.
    """
    mask = masks.read_mask(path).mask
    if size is None:
        return mask
    check_aspect((mask.shape[0], mask.shape[1]), size, kind="mask", name=str(path), image_name="the size asked for")
    return resize_mask(mask, size)


def read_masks(paths: Sequence[Path], size: Size | None) -> list[Mask]:
    """Read masks that must be of one size, unless it is given.

    Raises
    ------
    ImageError
        As `read_mask`, and if they differ in size.
    """
    found = [read_mask(path, size) for path in paths]
    for path, mask in zip(paths, found, strict=True):
        if mask.shape != found[0].shape:
            raise ImageError(
                f"expected masks of one size, but {paths[0]} is {_shown(found[0].shape)} and {path} is "
                f"{_shown(mask.shape)} (height x width); pass --like IMAGE to bring all to the size of one picture"
            )
    return found


def picture_of_size(path: Path, size: tuple[int, ...]) -> Image:
    """Read a picture and resize it to a mask's (height, width).

    Raises
    ------
    ImageError
        If it cannot be read, or has another aspect.
    """
    pixels = load_image(path).pixels
    own = (size[0], size[1])
    check_aspect(own, pixels.shape[:2], kind="mask", name="the mask", image_name=str(path))
    return resize_image(pixels, own)


def _shown(size: tuple[int, ...]) -> str:
    return f"{size[0]}x{size[1]}"
