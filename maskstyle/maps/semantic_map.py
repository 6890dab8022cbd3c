"""What a map is once it is read: which region each pixel belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Size
from maskstyle.maps.colors import Color, describe_color, percent, shortlist

LabelMap: TypeAlias = NDArray[np.int32]
"""(H, W), indices into a map's colors; -1 where there is no region."""


@dataclass(frozen=True)
class Absorbed:
    """A small patch of a color of its own that was not made a region.

    Attributes
    ----------
    color : Color
        Its color.
    count : int
        Its pixels in the map that was read, with its soft border.
    into : tuple of Color
        The regions that its pixels went to, by falling number of them.
    """

    color: Color
    count: int
    into: tuple[Color, ...]


@dataclass(frozen=True, eq=False)
class SemanticMap:
    """Which region each pixel belongs to.

    Attributes
    ----------
    labels : (H, W) int32 array
        For each pixel the index of its region in `colors`, or -1 where there is no region.
    colors : tuple of Color
        The color of each region in the map, by falling number of pixels as `parse_map` returns them; `fit_map`
        keeps the order, and keeps a region that it leaves without a pixel.
    absorbed : tuple of Absorbed
        The patches that were too small to be regions, by falling number of pixels: see `parse_map`.
    shares : (K, H, W) float32 array or None
        How much of each pixel belongs to each region, in [0, 1], where soft edges were asked for: see
        `maskstyle.soft_masks`. Region and planned transfers go by these instead of whole pixels where they are there.
    """

    labels: LabelMap
    colors: tuple[Color, ...]
    absorbed: tuple[Absorbed, ...] = ()
    shares: NDArray[np.float32] | None = None

    @property
    def size(self) -> Size:
        """(height, width) in pixels."""
        height, width = self.labels.shape
        return height, width

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """The number of pixels of each region, in the order of `colors`."""
        counted = np.bincount(self.labels[self.labels >= 0], minlength=len(self.colors))
        return tuple(int(count) for count in counted)

    def count(self, index: int) -> int:
        """Return the number of pixels of region `index`."""
        return self.counts[index]

    def mask(self, index: int) -> NDArray[np.bool_]:
        """Return the (H, W) mask of region `index`."""
        mask: NDArray[np.bool_] = self.labels == index
        return mask


def describe_absorbed(semantic_map: SemanticMap, name: str) -> tuple[str, ...]:
    """Return a sentence for each patch of a map that was too small to be a region.

    Parameters
    ----------
    semantic_map : SemanticMap
        The map.
    name : str
        What the sentences call it.

    Examples
    --------
    >>> small = Absorbed((128, 128, 128), 279, ((0, 255, 0),))
    >>> describe_absorbed(SemanticMap(np.zeros((300, 300), np.int32), ((0, 255, 0),), (small,)), "a.png")
    ('a.png has 279 pixels of #808080 (gray), too few for a region (0.31 %); they went to #00ff00 (green)',)
    """
    area = max(1, int(np.count_nonzero(semantic_map.labels >= 0)))
    return tuple(
        f"{name} has {patch.count:,} pixels of {describe_color(patch.color)}, too few for a region "
        f"({percent(patch.count / area)}); they went to {shortlist([describe_color(each) for each in patch.into])}"
        for patch in semantic_map.absorbed
    )
