"""How far a plan covers each pixel, and with what: regions and soft masks together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.planned import Settled
from maskstyle.guidance.soft_masks import opacity
from maskstyle.images.pixels import Mask, Size


class Cover:
    """How far a plan covers each pixel at a size."""

    def __init__(self, settled: Settled) -> None:
        self._settled = settled

    def masks(self, size: Size) -> Mask:
        """Return the sum of the soft masks, 0 where pixels are kept."""
        total = np.zeros(size, np.float32)
        for entry in self._settled.masked():
            total += self._settled.mask(entry, size)
        return total

    def total(self, size: Size) -> Mask:
        """Return the sum of the masks, and at least the share of the regions that are painted."""
        return np.maximum(self.masks(size), self._settled.painted_share(size))

    def touched(self, size: Size) -> NDArray[np.bool_]:
        """Return where anything is painted."""
        return self.total(size) > 0

    def opacity(self, size: Size, inside: Mask) -> Mask:
        """Return how far the painted image covers the content, from how far it does in regions."""
        inside = np.minimum(inside, self._settled.painted_share(size))
        return np.maximum(inside, opacity(self.masks(size)))

    def share_in(self, modes: Sequence[str], size: Size, *, elsewhere: bool = False) -> Mask:
        """Return which share of what is painted is in some color modes, by pixel; `elsewhere` where nothing is."""
        total, own = np.zeros(size, np.float32), np.zeros(size, np.float32)
        for entry in self._settled.entries:
            share = self._settled.share(entry, size)
            total += share
            if entry.color in modes:
                own += share
        return np.divide(own, total, out=np.full(size, elsewhere, np.float32), where=total > 0)
