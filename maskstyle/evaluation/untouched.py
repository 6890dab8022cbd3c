"""Which pixels changed that were to stay."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.images import Image, Mask, resize_image, to_uint8


class Untouched(NamedTuple):
    """What became of the pixels that were to stay.

    Parameters
    ----------
    pixels : int
        How many there are.
    changed : int
        How many of them differ from the content, in 8 bits, in any colour or in opacity.
    largest : int
        The largest difference among them, of 255.
    """

    pixels: int
    changed: int
    largest: int

    @property
    def share(self) -> float | None:
        """Share of them that changed; None where there are none."""
        return self.changed / self.pixels if self.pixels else None


def compare_untouched(
    result: Image,
    content: Image,
    untouched: NDArray[np.bool_],
    *,
    alpha: Mask | None = None,
    content_alpha: Mask | None = None,
) -> Untouched:
    """Compare the pixels that were to stay with the content's, resized as a transfer does.

    Parameters
    ----------
    result : (H, W, 3) float32 array
        In [0, 1].
    content : (h, w, 3) float32 array
        In [0, 1].
    untouched : (H, W) bool array
        Where the content's pixels were to stay.
    alpha, content_alpha : (H, W) and (h, w) float32 array, optional
        Opacity in [0, 1]; opaque where left out.

    Examples
    --------
    >>> content = np.zeros((1, 3, 3), np.float32)
    >>> result = content + np.array([0, 0.4, 1], np.float32)[:, np.newaxis]
    >>> compare_untouched(result, content, np.array([[True, True, False]]))
    Untouched(pixels=2, changed=1, largest=102)
    """
    size = (result.shape[0], result.shape[1])
    resized = None if content_alpha is None else resize_image(content_alpha, size)
    before = _rgba(resize_image(content, size), resized)[untouched]
    after = _rgba(result, alpha)[untouched]
    if alpha is not None:
        # What was not painted is transparent where only what was painted was written.
        hidden = after[:, 3] == 0
        after[hidden, 3] = before[hidden, 3]
    differences = np.abs(after.astype(np.int16) - before).max(axis=1, initial=0)
    return Untouched(len(differences), int(np.count_nonzero(differences)), int(differences.max(initial=0)))


def _rgba(image: Image, alpha: Mask | None) -> NDArray[np.uint8]:
    opacity = np.full(image.shape[:2], 255, np.uint8) if alpha is None else to_uint8(alpha)
    return np.dstack([to_uint8(image), opacity])
