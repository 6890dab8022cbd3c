"""The semantic map: labels for pixels, colors for labels, and the small patches merged into regions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import ImageError
from maskstyle.images.pixels import Size
from maskstyle.maps.colors import Color, RegionKey, color_name, describe_color, format_color, percent, shortlist
from maskstyle.maps.pixels import count_labels

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
    id : int or None
        Its id, in a map of ids.
    name : str
        Its name, if the map has names.
    """

    color: Color
    count: int
    into: tuple[Color, ...]
    id: int | None = None
    name: str = ""


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
    ids : tuple of int or None
        The id of each region, in the order of `colors`, if the file stores ids; see `load_map`.
    named_by_id : bool
        Whether reports and records name regions by id, as the file comes from a program, rather than by color.
    colorless : bool
        Whether the file has no colors for its ids; `colors` are then made from the ids.
    ignored : tuple of Absorbed
        The ignored regions, with the regions that received their pixels.
    """

    labels: LabelMap
    colors: tuple[Color, ...]
    absorbed: tuple[Absorbed, ...] = ()
    shares: NDArray[np.float32] | None = None
    names: tuple[str, ...] = ()
    ids: tuple[int, ...] | None = None
    named_by_id: bool = False
    colorless: bool = False
    ignored: tuple[Absorbed, ...] = ()

    def __post_init__(self) -> None:
        """Check that labels, colors and shares fit each other."""
        labels, count = np.asarray(self.labels), len(self.colors)
        if labels.ndim != 2 or not np.issubdtype(labels.dtype, np.integer):
            raise ImageError(
                f"`labels` has shape {labels.shape} and type {labels.dtype}; expected whole numbers of shape (H, W)"
            )
        if labels.size and (labels.min() < -1 or labels.max() >= count):
            found = f"`labels` has values from {labels.min()} to {labels.max()}"
            raise ImageError(f"{found}; expected indices into the {count} colors, or -1 for no region")
        object.__setattr__(self, "labels", labels.astype(np.int32, copy=False))
        for color in self.colors:
            if len(color) != 3 or any(
                not isinstance(each, int | np.integer) or not 0 <= each <= 255 for each in color
            ):
                raise ImageError(f"`colors` has {color}; expected (red, green, blue), whole numbers from 0 to 255")
        if self.shares is not None and self.shares.shape != (count, *labels.shape):
            raise ImageError(f"`shares` has shape {self.shares.shape}; expected {(count, *labels.shape)}")

    @property
    def size(self) -> Size:
        """(height, width) in pixels."""
        height, width = self.labels.shape
        return height, width

    @cached_property
    def counts(self) -> tuple[int, ...]:
        """The number of pixels of each region, in the order of `colors`."""
        return tuple(int(count) for count in count_labels(self.labels, len(self.colors)))

    @property
    def numbers(self) -> tuple[int, ...]:
        """The number of each region in tables and previews, which also names it; its id, or from 1, in order."""
        return tuple(range(1, len(self.colors) + 1)) if self.ids is None else self.ids

    def count(self, index: int) -> int:
        """Return the number of pixels of region `index`."""
        return self.counts[index]

    def key(self, index: int) -> RegionKey:
        """Return what names region `index`: its id or its color."""
        return self.ids[index] if self.named_by_id and self.ids is not None else self.colors[index]

    def has_regions_of(self, other: SemanticMap) -> bool:
        """Return whether another map has the same regions, in the same places.

        Examples
        --------
        >>> one = SemanticMap(np.array([[0, 1]]), ((255, 0, 0), (0, 0, 255)))
        >>> one.has_regions_of(SemanticMap(np.array([[1, 0]]), ((0, 0, 255), (255, 0, 0))))
        True
        """
        own, others = ([each.key(index) for index in range(len(each.colors))] for each in (self, other))
        if self.size != other.size or set(own) != set(others):
            return False
        place = np.array([*(own.index(key) for key in others), -1])  # the last is for -1
        return bool((place[other.labels] == self.labels).all())

    def name(self, index: int, *, counted: bool = False) -> str:
        """Return what reports call region `index`: "#ff0000 (red)", "id 1" or "id 1 (#800000, red)"."""
        number = self.ids[index] if self.named_by_id and self.ids is not None else None
        count = self.count(index) if counted else None
        return _described(None if self.colorless else self.colors[index], number, count)

    def called(self, index: int) -> str:
        """Return the name of region `index` in the map; where it has none, that of its color, or its id."""
        given = self.names[index] if self.names else ""
        return given or (f"id {self.numbers[index]}" if self.colorless else color_name(self.colors[index]))

    def short_name(self, index: int) -> str:
        """Return the name of region `index` for tables: "#ff0000 red", "id 1" or "id 1 #800000 red"."""
        return short_name(self.name(index))

    def mask(self, index: int) -> NDArray[np.bool_]:
        """Return the (H, W) mask of region `index`."""
        mask: NDArray[np.bool_] = self.labels == index
        return mask


def short_name(name: str) -> str:
    """Return the name of a region without brackets, for tables.

    >>> short_name("id 1 (#800000, red)")
    'id 1 #800000 red'
    """
    return name.replace("(", "").replace(")", "").replace(",", "")


def _described(color: Color | None, number: int | None, count: int | None = None) -> str:
    """Return the name of a region with a color, an id or both, and its pixels."""
    if number is None:
        assert color is not None
        return describe_color(color, count)
    more = [] if color is None else [format_color(color), color_name(color)]
    if count is not None:
        more.append(f"{count:,} {'pixel' if count == 1 else 'pixels'}")
    return f"id {number} ({', '.join(more)})" if more else f"id {number}"


def describe_reading(semantic_map: SemanticMap, name: str) -> tuple[str, ...]:
    """Return sentences on how a map was read: its ids, the ignored regions, and those too small.

    Parameters
    ----------
    semantic_map : SemanticMap
        The map.
    name : str
        Name of the map in the sentences.

    Examples
    --------
    >>> labels = np.array([[0, 0, 1]], np.int32)
    >>> describe_reading(SemanticMap(labels, ((0, 0, 0), (128, 0, 0)), ids=(0, 3), named_by_id=True), "a.png")
    ('a.png: 2 regions by id, 0 and 3',)
    """
    lines = []
    if semantic_map.named_by_id and semantic_map.ids is not None:
        count = len(semantic_map.ids)
        regions = "1 region" if count == 1 else f"{count} regions"
        lines.append(f"{name}: {regions} by id, {_id_ranges(sorted(semantic_map.ids))}")
    for patch in semantic_map.ignored:
        pixels = "1 pixel" if patch.count == 1 else f"{patch.count:,} pixels"
        gone = _patch_name(semantic_map, patch)
        lines.append(f"{name}: {pixels} of {gone} ignored; they belong to the nearest regions")
    return (*lines, *describe_absorbed(semantic_map, name))


def _patch_name(semantic_map: SemanticMap, patch: Absorbed) -> str:
    color = None if semantic_map.colorless else patch.color
    return _described(color, patch.id if semantic_map.named_by_id else None)


def _id_ranges(ids: Sequence[int]) -> str:
    """Return ascending ids as "0 to 4 and 255"."""
    runs: list[list[int]] = []
    for each in ids:
        if runs and each == runs[-1][-1] + 1:
            runs[-1].append(each)
        else:
            runs.append([each])
    words = []
    for run in runs:
        words += [f"{run[0]} to {run[-1]}"] if len(run) > 2 else [str(each) for each in run]
    return shortlist(words)


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
    colors = semantic_map.colors
    return tuple(
        f"{name} has {patch.count:,} pixels of "
        f"{_patch_name(semantic_map, patch)}, too few for a region "
        f"({percent(patch.count / area)}); merged into "
        f"{shortlist([semantic_map.name(colors.index(each)) for each in patch.into])}"
        for patch in semantic_map.absorbed
    )
