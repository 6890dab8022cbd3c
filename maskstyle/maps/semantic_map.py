"""The semantic map: labels for pixels, colors for labels, and the small patches merged into regions."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Size
from maskstyle.maps.colors import Color, describe_color, percent, shortlist

LabelMap: TypeAlias = NDArray[np.int32]
"""(H, W), indices into the colors of a map; -1 for no region."""


@dataclass(frozen=True)
class Absorbed:
    """A color with too few pixels for a region, merged into other regions.

    Attributes
    ----------
    color : Color
        The color.
    count : int
        Its number of pixels in the original map, including soft borders.
    into : tuple of Color
        The regions that received the pixels, in descending order of their number.
    """

    color: Color
    count: int
    into: tuple[Color, ...]


@dataclass(frozen=True, eq=False)
class SemanticMap:
    """A map from pixels to regions.

    Attributes
    ----------
    labels : (H, W) int32 array
        The region of each pixel as an index into `colors`; -1 for no region.
    colors : tuple of Color
        The color of each region. `parse_map` sorts them in descending order of pixels. `fit_map` keeps the order, and
        keeps regions that lose all their pixels.
    absorbed : tuple of Absorbed
        The colors with too few pixels for a region, in descending order of pixels; see `parse_map`.
    shares : (K, H, W) float32 array or None
        The share of each pixel that belongs to each region, in [0, 1], if soft edges were requested; see
        `maskstyle.soft_masks`. Region and planned transfers use the shares, if present, instead of the labels.
    names : tuple of str
        The name of each region, such as "person", in the order of `colors`; "" for a region without one. Empty if the
        map has no names.
    """

    labels: LabelMap
    colors: tuple[Color, ...]
    absorbed: tuple[Absorbed, ...] = ()
    shares: NDArray[np.float32] | None = None
    names: tuple[str, ...] = ()

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
    """Return one sentence for each color of a map with too few pixels for a region.

    Parameters
    ----------
    semantic_map : SemanticMap
        The map.
    name : str
        Name of the map in the sentences.

    Examples
    --------
    >>> small = Absorbed((128, 128, 128), 279, ((0, 255, 0),))
    >>> describe_absorbed(SemanticMap(np.zeros((300, 300), np.int32), ((0, 255, 0),), (small,)), "a.png")
    ('a.png has 279 pixels of #808080 (gray), too few for a region (0.31 %); merged into #00ff00 (green)',)
    """
    area = max(1, int(np.count_nonzero(semantic_map.labels >= 0)))
    return tuple(
        f"{name} has {patch.count:,} pixels of {describe_color(patch.color)}, too few for a region "
        f"({percent(patch.count / area)}); merged into "
        f"{shortlist([describe_color(each) for each in patch.into])}"
        for patch in semantic_map.absorbed
    )
