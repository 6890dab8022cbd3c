"""Superpixels: small patches of an image that follow its edges, by SLIC (Achanta et al. 2012)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import slic

from maskstyle.images import Image

MOST_SUPERPIXELS = 800
"""How many are asked for; what is compared grows with their square."""

_LEAST_AREA = 16  # pixels of each, in a tiny image
_COMPACTNESS = 10.0


@dataclass(frozen=True, eq=False)
class Superpixels:
    """The patches of an image.

    Attributes
    ----------
    labels : (H, W) int array
        The number of each pixel's patch, from 0 on without gaps.
    """

    labels: NDArray[np.intp]

    @cached_property
    def count(self) -> int:
        """How many there are."""
        return int(self.labels.max()) + 1

    @cached_property
    def neighbours(self) -> NDArray[np.intp]:
        """The pairs of patches that touch, (E, 2), each once."""
        pairs = []
        for one, other in ((self.labels[:, 1:], self.labels[:, :-1]), (self.labels[1:], self.labels[:-1])):
            border = one != other
            pairs.append(np.stack([one[border], other[border]], axis=1))
        ordered = np.sort(np.concatenate(pairs), axis=1)
        found: NDArray[np.intp] = np.unique(ordered, axis=0)
        return found


def find_superpixels(image: Image) -> Superpixels:
    """Cut an image into superpixels.

    Parameters
    ----------
    image : (H, W, 3) float32 array
        In [0, 1].

    Returns
    -------
    Superpixels
        Fewer than `MOST_SUPERPIXELS`, each of about `_LEAST_AREA` pixels or more.

    References
    ----------
    Achanta, Shaji, Smith, Lucchi, Fua and Susstrunk, "SLIC Superpixels Compared to State-of-the-Art Superpixel
    Methods", IEEE Transactions on Pattern Analysis and Machine Intelligence 34, 2012.
    """
    height, width = image.shape[:2]
    wanted = min(MOST_SUPERPIXELS, max(1, height * width // _LEAST_AREA))
    found = slic(image, wanted, compactness=_COMPACTNESS, start_label=0)
    numbers = np.unique(found, return_inverse=True)[1]
    return Superpixels(numbers.reshape(height, width).astype(np.intp))
