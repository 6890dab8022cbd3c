"""Image arrays, float32 RGB (height, width, 3) in [0, 1]: types, resizing, rounding, and work in strips of rows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Annotated, Any, NamedTuple, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage

from maskstyle.errors import ImageError
from maskstyle.schemas.arguments import Pixels

Image: TypeAlias = Annotated[
    NDArray[np.float32], Pixels("an RGB image of shape (H, W, 3)", (3,), "maskstyle.images.io:load_image")
]
"""RGB, (H, W, 3), in [0, 1]."""

Mask: TypeAlias = Annotated[NDArray[np.float32], Pixels("a mask of shape (H, W)", (), "maskstyle.masks.io:load_mask")]
"""(H, W), in [0, 1]."""

RGBA = Pixels("an image of shape (H, W, 3) or (H, W, 4)", (3, 4), "maskstyle.images.io:load_image", keeps_alpha=True)
"""An RGB or RGBA image, as the inputs of techniques take it."""

AnyImage: TypeAlias = Annotated[NDArray[np.float32], RGBA]
"""RGB or RGBA, (H, W, 3) or (H, W, 4), in [0, 1]."""

Label = TypeVar("Label", bound=np.generic)

Size: TypeAlias = tuple[int, int]
"""(height, width) in pixels."""


ROWS_AT_ONCE = 8
"""Rows of a reduced image that are computed by one product: more would multiply by more zeros."""


class _Kernel(NamedTuple):
    """A kernel of Pillow's resizing."""

    sampling: PillowImage.Resampling  # its name in Pillow
    support: float  # distance from its center at which it ends, in pixels of the reduced image
    curve: Callable[[NDArray[np.float64]], NDArray[np.float64]]  # its values at distances; 0 beyond the support


_LANCZOS = _Kernel(
    PillowImage.Resampling.LANCZOS, 3, lambda x: np.where(abs(x) < 3, np.sinc(x) * np.sinc(x / 3), 0.0)
)
_TRIANGLE = _Kernel(PillowImage.Resampling.BILINEAR, 1, lambda x: np.maximum(1 - abs(x), 0.0))


def size_text(size: Sequence[int]) -> str:
    """Return a (height, width) as people write it: "640x480" is 640 pixels wide.

    >>> size_text((480, 640))
    '640x480'
    """
    return f"{size[1]}x{size[0]}"


def size_of(array: NDArray[Any]) -> Size:
    """Return the (height, width) of an image, a mask, or labels."""
    return array.shape[0], array.shape[1]


def to_uint8(image: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Clip to [0, 1] and round to 8 bits, halves up.

    Parameters
    ----------
    image : float array
        Values nominally in [0, 1], in any shape.

    Returns
    -------
    uint8 array
        Values from 0 to 255, in the same shape.

    Raises
    ------
    ImageError
        If a value is NaN.

    Examples
    --------
    >>> to_uint8(np.array([-0.1, 0.5, 1.0], np.float32))
    array([  0, 128, 255], dtype=uint8)
    """
    if image.size <= STRIP_VALUES or not image.ndim:
        return rounded(image, 255).astype(np.uint8)
    _require_numbers(image)
    return by_strips(lambda rows: rounded(rows, 255).astype(np.uint8), image)


def fit_size(size: Size, longer_side: int) -> Size:
    """Scale a size to a given longer side.

    Parameters
    ----------
    size : (height, width)
        The size to scale, each side at least 1.
    longer_side : int
        The new longer side in pixels.

    Returns
    -------
    (height, width)
        A size with the same aspect; the shorter side is rounded, halves up, and at least 1.

    Raises
    ------
    ImageError
        If a number is below 1.

    Examples
    --------
    >>> fit_size((3000, 4000), 512)
    (384, 512)
    """
    _require_pixels(size)
    if longer_side < 1:
        raise ImageError(f"expected a longer side of at least 1 pixel, but got {longer_side}; pass a positive number")
    longer = max(size)
    height, width = (max(1, (2 * side * longer_side + longer) // (2 * longer)) for side in size)
    return height, width


def size_within(size: Size, longest: int) -> Size:
    """Scale a size down to a longer side of at most `longest` pixels; a smaller one stays as it is.

    >>> size_within((3000, 4000), 512), size_within((30, 40), 512)
    ((384, 512), (30, 40))
    """
    return fit_size(size, min(longest, max(size)))


def fit_inside(size: Size, box: Size) -> Size:
    """Scale a size to fit into another one; the other one itself where the aspects agree within a pixel.

    >>> fit_inside((800, 1200), (600, 800)), fit_inside((801, 1200), (400, 600))
    ((533, 800), (400, 600))
    """
    _require_pixels(box)
    height, width = (
        max(1, (2 * side * other + span) // (2 * span))
        for side, other, span in ((size[0], box[1], size[1]), (size[1], box[0], size[0]))
    )
    if abs(height - box[0]) <= 1 or abs(width - box[1]) <= 1:
        return box
    return (height, box[1]) if height < box[0] else (box[0], width)


def resize_image(image: NDArray[np.float32], size: Size) -> NDArray[np.float32]:
    """Resize with an antialiased Lanczos filter in floating point.

    Parameters
    ----------
    image : (H, W, 3) or (H, W) float32 array
        An image or a mask in [0, 1].
    size : (height, width)
        The new size, each side at least 1.

    Returns
    -------
    float32 array
        The resized image, clipped to [0, 1]; an exact copy if the size does not change.

    Raises
    ------
    ImageError
        If `image` has another number of dimensions or no pixels, or a side of `size` is below 1.
    """
    _require_pixels(size)
    if image.ndim not in (2, 3) or 0 in image.shape:
        raise ImageError(
            f"expected an image of shape (H, W, 3) or a mask of shape (H, W), but got {image.shape}; reshape it"
        )
    return image.copy() if image.shape[:2] == tuple(size) else _resized(image, size, _LANCZOS)


def resize_mask(mask: Mask, size: Size) -> Mask:
    """Resize a mask with an antialiased triangle filter, which does not ring: areas of 0 stay exactly 0.

    Parameters
    ----------
    mask : (H, W) float32 array
        In [0, 1].
    size : (height, width)
        The new size, each side at least 1.

    Returns
    -------
    float32 array
        The resized mask; an exact copy if the size does not change.

    Examples
    --------
    >>> resize_mask(np.array([[0, 0, 0, 0, 1, 1, 1, 1]], np.float32), (1, 4)).tolist()
    [[0.0, 0.125, 0.875, 1.0]]
    """
    _require_pixels(size)
    return mask.copy() if mask.shape == tuple(size) else _resized(mask, size, _TRIANGLE)


def resize_labels(labels: NDArray[Label], size: Size) -> NDArray[Label]:
    """Resize labels (..., H, W), or other values that do not mix; each pixel takes the nearest one.

    >>> resize_labels(np.array([[0, 1, 2, 3]], np.int32), (1, 2)).tolist()
    [[1, 3]]
    """
    height, width = labels.shape[-2:]
    rows = ((np.arange(size[0]) + 0.5) * height / size[0]).astype(np.intp)
    columns = ((np.arange(size[1]) + 0.5) * width / size[1]).astype(np.intp)
    resized: NDArray[Label] = labels[..., rows[:, np.newaxis], columns]
    return resized


def _resized(image: NDArray[np.float32], size: Size, kernel: _Kernel) -> NDArray[np.float32]:
    """Resize rows, then the columns of each channel, strip by strip, and clip to [0, 1]."""
    result = np.empty((*size, *image.shape[2:]), np.float32)
    for rows in row_strips((size[0], *image.shape[1:])):
        strip = _floats(image[rows]) if size[0] == len(image) else _resized_rows(image, size[0], rows, kernel)
        if image.ndim == 2:
            result[rows] = _with_columns(strip, size[1], kernel)
        for channel in range(image.shape[2] if image.ndim == 3 else 0):
            result[rows, :, channel] = _with_columns(strip[..., channel], size[1], kernel)
    return np.clip(result, np.float32(0), np.float32(1), out=result)


def _resized_rows(image: NDArray[np.float32], height: int, rows: slice, kernel: _Kernel) -> NDArray[np.float32]:
    """Return some rows of an image of another height, by products of a few rows with their weights.

    They are those of Pillow, to rounding, which takes several times as long for a photo.
    """
    result = np.empty((rows.stop - rows.start, math.prod(image.shape[1:])), np.float32)
    step = len(image) / height
    reach = max(1.0, step)
    for first in range(rows.start, rows.stop, ROWS_AT_ONCE):
        centers = (np.arange(first, min(first + ROWS_AT_ONCE, rows.stop)) + 0.5) * step
        begin = max(0, int(centers[0] - kernel.support * reach + 0.5))
        end = min(len(image), int(centers[-1] + kernel.support * reach + 0.5))
        weights = _adding_up(kernel.curve((np.arange(begin, end) + 0.5 - centers[:, np.newaxis]) / reach))
        at = first - rows.start
        np.matmul(weights, _floats(image[begin:end]).reshape(end - begin, -1), out=result[at : at + len(weights)])
    return result.reshape(len(result), *image.shape[1:])


def _floats(rows: NDArray[Any]) -> NDArray[np.float32]:
    """Return some rows of an image as contiguous floats: a copy of a view of all would take as much again."""
    return np.ascontiguousarray(rows, dtype=np.float32)


def _adding_up(weights: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return rows of weights as floats that add up to 1 without rounding, so that a mask stays exactly 1."""
    parts = 2**22  # sums of up to 2 are exact
    counts: NDArray[np.float64] = np.rint(weights * (parts / weights.sum(axis=1, keepdims=True)))
    counts[np.arange(len(counts)), counts.argmax(axis=1)] += parts - counts.sum(axis=1)
    return (counts / parts).astype(np.float32)


def _with_columns(channel: NDArray[np.float32], width: int, kernel: _Kernel) -> NDArray[np.float32]:
    """Return a channel resized to a width."""
    stored = PillowImage.fromarray(np.ascontiguousarray(channel))
    return np.asarray(stored.resize((width, len(channel)), kernel.sampling))


def rounded(image: NDArray[np.floating], greatest: int) -> NDArray[np.floating]:
    """Clip to [0, 1], scale to `greatest` and round to integers, halves up."""
    _require_numbers(image)
    scaled: NDArray[np.floating] = np.floor(np.clip(image, 0, 1) * greatest + 0.5)
    return scaled


def _require_numbers(image: NDArray[np.floating]) -> None:
    missing = np.count_nonzero(np.isnan(image))
    if missing:
        raise ImageError(
            f"expected values from 0 to 1, but {missing} of {image.size} values are NaN; "
            "replace them, for instance with numpy.nan_to_num"
        )


def _require_pixels(size: Size) -> None:
    if min(size) < 1:
        raise ImageError(f"expected a size of at least 1x1 (height x width), but got {size[0]}x{size[1]}; enlarge it")


STRIP_VALUES = 1 << 22
"""Values of each strip. Images of up to 1,182 x 1,182 pixels are one strip."""


def row_strips(shape: tuple[int, ...], values: int = STRIP_VALUES) -> list[slice]:
    """Cut an array of a shape into strips of rows with at most some number of values each, but at least one row.

    >>> row_strips((1000, 8192, 3), values=2**24)
    [slice(0, 682, None), slice(682, 1000, None)]
    """
    height, *inner = shape
    rows = max(1, values // max(1, math.prod(inner)))
    return [slice(top, min(top + rows, height)) for top in range(0, height, rows)]


def by_strips(function: Callable[..., NDArray[Any]], *arrays: NDArray[Any] | None) -> NDArray[Any]:
    """Return a function of the rows of arrays of one height, computed strip by strip; None is passed on.

    >>> by_strips(lambda rows: rows.max(axis=1), np.array([[1, 2], [4, 3]])).tolist()
    [2, 4]
    """
    first = next(each for each in arrays if each is not None)
    result: NDArray[Any] | None = None
    strips = row_strips(first.shape)
    for rows in strips:
        part = function(*(None if each is None else each[rows] for each in arrays))
        if len(strips) == 1:
            return part
        if result is None:
            result = np.empty((len(first), *part.shape[1:]), part.dtype)
        result[rows] = part
    assert result is not None
    return result
