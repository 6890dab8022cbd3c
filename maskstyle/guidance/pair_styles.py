"""Style images in which each region has the colors of the region of the content that takes its style."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.color import RECOLORED, seen_style, visible_weights
from maskstyle.images.pixels import Image, Mask
from maskstyle.maps.assignment import Pair, RegionPlan


class PairStyles(NamedTuple):
    """A style image and who takes its style from it.

    Parameters
    ----------
    style : (h, w, 3) float32 array
        In [0, 1].
    pairs : tuple of Pair
        The pairs whose region of the style has its colors there.
    """

    style: Image
    pairs: tuple[Pair, ...]


def styles_by_pair(
    style: Image, content: Image, plan: RegionPlan, mode: str, *, alpha: Mask | None = None
) -> list[PairStyles]:
    """Return style images as the network sees them in a color mode, each with the pairs that it is for.

    Parameters
    ----------
    style : (h, w, 3) float32 array
        In [0, 1].
    content : (H, W, 3) float32 array
        In [0, 1].
    plan : RegionPlan
        Which region takes its style from which, with maps of the images' sizes.
    mode : str
        The color mode, one of ``CHOICES["color"]``.
    alpha : (H, W) float32 array, optional
        The content's transparency: colors that nobody sees do not count, unless a whole region is transparent.

    Returns
    -------
    list of PairStyles
        One, but where several regions of the content take their style from the same region: as each has colors of
        its own, there are as many images then. Regions that no pair of an image uses are seen as in a whole transfer.
    """
    if mode not in RECOLORED:
        return [PairStyles(style, plan.pairs)]
    everywhere = np.ones(content.shape[:2], np.float32)
    whole = seen_style(style, content, mode, content_weights=visible_weights(everywhere, alpha))
    found = []
    for pairs in _apart(plan.pairs):
        colored = whole.copy()
        for pair in pairs:
            region = (plan.content_map.labels == pair.region).astype(np.float32)
            own = _pixels(content, visible_weights(region, alpha) > 0)
            if pair.style_region is None:
                colored = seen_style(style, own, mode)
            else:
                inside = plan.style_map.labels == pair.style_region
                colored[inside] = seen_style(_pixels(style, inside), own, mode)[0]
        found.append(PairStyles(colored, pairs))
    return found


def _apart(pairs: tuple[Pair, ...]) -> list[tuple[Pair, ...]]:
    """Return the pairs in groups that use no region of the style twice; the whole style is used alone."""
    alone = [(pair,) for pair in pairs if pair.style_region is None]
    seen: dict[int, list[Pair]] = {}
    for pair in pairs:
        if pair.style_region is not None:
            seen.setdefault(pair.style_region, []).append(pair)
    rounds = itertools.zip_longest(*seen.values())
    return [tuple(pair for pair in each if pair is not None) for each in rounds] + alone


def _pixels(image: Image, inside: NDArray[np.bool_]) -> Image:
    """Return some pixels of an image as an image of one row."""
    row: Image = image[inside][np.newaxis]
    return row
