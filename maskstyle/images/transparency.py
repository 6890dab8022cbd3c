"""Transparency: the alpha of an image as weights of its pixels, and colors for the pixels that nobody sees."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import ImageError
from maskstyle.images.pixels import Image, Mask, Size, resize_mask

OPAQUE = 253.5 / 255
"""Alpha from which a pixel counts as opaque: programs that round may write 254."""

HIDDEN = 0.5 / 255
"""Alpha below which a pixel is hidden: it rounds to 0 in 8 bits, and its color says nothing."""

LEAST_ALPHA = 5 / 255
"""Alpha that some pixel of an image must have: fainter images look empty."""

HALF_VISIBLE = 0.5
"""Alpha from which a pixel belongs to a region, as in a map with alpha."""

_SNAP = 1e-4
"""Resizing rounds; alpha this near to 0 or 1 is that."""


def visible_alpha(alpha: Mask | None) -> Mask | None:
    """Return an alpha, or None if it is opaque everywhere."""
    return None if alpha is None or bool((alpha >= OPAQUE).all()) else alpha


def require_visible(alpha: Mask | None, name: str) -> None:
    """Raise ImageError if an image is transparent everywhere."""
    if alpha is not None and float(alpha.max()) < LEAST_ALPHA:
        raise ImageError(
            f"{name} is transparent everywhere, so there is nothing to see; use an image with opaque pixels"
        )


def resize_alpha(alpha: Mask, size: Size) -> Mask:
    """Resize an alpha; opaque and transparent areas stay exactly 1 and 0."""
    resized = resize_mask(alpha, size)
    return np.where(resized > 1 - _SNAP, np.float32(1), np.where(resized < _SNAP, np.float32(0), resized))


def with_alpha(image: Image, alpha: Mask | None) -> NDArray[np.float32]:
    """Return an image with its alpha as a fourth channel, (H, W, 4); the image itself if it has no alpha."""
    return image if alpha is None else np.dstack([image, alpha])


def extended(image: Image, alpha: Mask | None) -> Image:
    """Replace the colors of hidden pixels by a smooth extension of the visible colors.

    What lies beneath alpha 0 is arbitrary, often black. A network sees it beside the visible pixels, and resizing
    mixes it into them.

    All pixels that are not hidden stay the same, bit for bit; the others do not depend on what they were.

    >>> image = np.array([[[0.5, 0.5, 0.5], [0, 0, 0]]], np.float32)
    >>> extended(image, np.array([[1, 0]], np.float32)).tolist()
    [[[0.5, 0.5, 0.5], [0.5, 0.5, 0.5]]]
    """
    if alpha is None:
        return image
    hidden = alpha < HIDDEN
    if not hidden.any() or hidden.all():
        return image
    weights = np.where(hidden, np.float32(0), alpha)[..., np.newaxis]
    return np.where(hidden[..., np.newaxis], _spread(image * weights, weights), image)


def _spread(colors: NDArray[np.float32], weights: NDArray[np.float32]) -> Image:
    """Return a color for each pixel from colors (H, W, 3) times weights (H, W, 1): a mean nearby where they are 0.

    The picture is halved until every pixel has a weight, and enlarged again (pull and push, Gortler et al. 1996).
    """
    known = weights > 0
    own: Image = np.clip(colors / np.where(known, weights, np.float32(1)), np.float32(0), np.float32(1))
    if known.all():
        return own
    coarse = _spread(_halved(colors), _halved(weights))
    size = weights.shape[0], weights.shape[1]
    enlarged = np.stack([resize_mask(channel, size) for channel in np.moveaxis(coarse, -1, 0)], axis=-1)
    filled: Image = np.where(known, own, enlarged)
    return filled


def _halved(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the sums over blocks of 2x2 pixels."""
    height, width, channels = values.shape
    even = np.pad(values, ((0, height % 2), (0, width % 2), (0, 0)))
    sums: NDArray[np.float32] = even.reshape(-1, 2, even.shape[1] // 2, 2, channels).sum(axis=(1, 3))
    return sums
