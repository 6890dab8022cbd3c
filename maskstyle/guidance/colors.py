"""A first image for pictures without content: each region drawn from the colors of its region of the style."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.regions import Labels
from maskstyle.images.pixels import Image
from maskstyle.maps.assignment import Pair

SPREAD = 0.1
"""How far from a pixel's own relative height in its region its color may be drawn: a standard deviation."""


def region_colors(labels: Labels, style: Image, style_labels: Labels, pairs: Sequence[Pair], *, seed: int) -> Image:
    """Return an image in which every pixel has a color of its region of a style image, from about the same height.

    A sky that is pale at the horizon and deep above begins that way, and so ends that way: Gram matrices say nothing
    of where in a region a color belongs. Heights are ranks: the share of the region's pixels above a pixel.

    Parameters
    ----------
    labels : (H, W) int32 array
        Region of each pixel of the image to make.
    style : (h, w, 3) float32 array
        Style image in [0, 1].
    style_labels : (h, w) int32 array
        Region of each of its pixels.
    pairs : sequence of Pair
        Which region takes its colors from which; a region without a pixel left takes those of the whole style.
    seed : int
        Seed of the draw.

    Returns
    -------
    (H, W, 3) float32 array
        In [0, 1]. Pixels of no pair have the style's mean color.
    """
    # One draw for all pixels, so that the order of the regions does not matter.
    jitter = SPREAD * np.random.default_rng(seed).standard_normal(labels.shape)
    image = np.broadcast_to(style.mean(axis=(0, 1)), (*labels.shape, 3)).astype(np.float32)
    everything = style.reshape(-1, 3)
    for pair in pairs:
        inside = labels == pair.region
        pool = everything if pair.style_region is None else style[style_labels == pair.style_region]
        image[inside] = _drawn(pool if len(pool) else everything, jitter[inside])
    return image


def _drawn(pool: NDArray[np.float32], jitter: NDArray[np.float64]) -> NDArray[np.float32]:
    """Draw a color for each pixel from a pool (n, 3), both in row order, from about the same share of the way."""
    ranks = (np.arange(len(jitter)) + 0.5) / max(len(jitter), 1) + jitter
    folded = 1 - np.abs(1 - np.abs(ranks) % 2)  # mirrored at both ends
    drawn: NDArray[np.float32] = pool[np.minimum((folded * len(pool)).astype(np.intp), len(pool) - 1)]
    return drawn
