"""Segments: small patches of an image that end at its edges, for brushes that take whole patches."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import slic

from maskstyle.errors import ImageError
from maskstyle.images.pixels import Image, Mask, resize_image, resize_labels, size_of, size_within
from maskstyle.images.transparency import HALF_VISIBLE, resize_alpha

LONGER_SIDE = 1000
"""In pixels; larger images are scaled down to this first."""

LEAST_SIDE, MOST_SIDE = 4, 400
"""Smallest and largest side of a segment, in pixels of the image."""

MOST_SEGMENTS = 6000

_COMPACTNESS = 10.0  # of SLIC: distance against color
_ROUNDS = 5  # of SLIC; more change little


@dataclass(frozen=True, eq=False)
class Segments:
    """The segments of an image.

    Attributes
    ----------
    labels : (H, W) int32 array
        The segment of each pixel, numbered from 1; 0 for hidden pixels.
    """

    labels: NDArray[np.int32]

    def as_colors(self) -> Image:
        """Return the numbers as colors (H, W, 3) in [0, 1]: number = r + 256 g + 65536 b in 8 bits."""
        channels = [(self.labels >> shift) & 255 for shift in (0, 8, 16)]
        return np.stack(channels, axis=-1).astype(np.float32) / np.float32(255)


def find_segments(image: Image, side: int, *, alpha: Mask | None = None) -> Segments:
    """Divide an image into segments.

    Parameters
    ----------
    image : (H, W, 3) float32 array
        In [0, 1].
    side : int
        About the side of a segment in pixels of the image, `LEAST_SIDE` to `MOST_SIDE`.
    alpha : (H, W) float32 array, optional
        Opacity in [0, 1]; hidden pixels are in no segment.

    Raises
    ------
    ImageError
        If `side` is out of range.

    References
    ----------
    Achanta, Shaji, Smith, Lucchi, Fua and Susstrunk, "SLIC Superpixels Compared to State-of-the-Art Superpixel
    Methods", IEEE Transactions on Pattern Analysis and Machine Intelligence 34, 2012.

    Examples
    --------
    >>> image = np.zeros((32, 48, 3), np.float32)
    >>> image[:, 30:] = (0.9, 0.8, 0.1)
    >>> labels = find_segments(image, 8).labels
    >>> bool(set(labels[:, :30].ravel()) & set(labels[:, 30:].ravel()))
    False
    """
    if not LEAST_SIDE <= side <= MOST_SIDE:
        raise ImageError(f"the side of a segment is {side}; expected {LEAST_SIDE} to {MOST_SIDE} pixels")
    size = size_of(image)
    small = resize_image(image, size_within(size, LONGER_SIDE))
    count = min(MOST_SEGMENTS, max(1, round(size[0] * size[1] / side**2)))
    found = slic(small, count, compactness=_COMPACTNESS, start_label=1, max_num_iter=_ROUNDS)
    labels = resize_labels(found.astype(np.int32), size)
    if alpha is not None:
        labels = np.where(resize_alpha(alpha, size) >= HALF_VISIBLE, labels, 0).astype(np.int32)
    return Segments(labels)
