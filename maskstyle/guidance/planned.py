"""What a plan paints where: regions and soft masks of a content, each with a style of its own, or kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.regions import painted_share, resize_labels
from maskstyle.images.pixels import Image, Mask, Size, resize_mask
from maskstyle.maps.assignment import Pair, RegionPlan
from maskstyle.maps.io import Color, SemanticMap

WHOLE = "whole"
"""What stands for all of a style image in place of one of its regions."""


@dataclass(frozen=True, eq=False)
class PlannedStyle:
    """A style image that regions may share; its Gram matrices are then made once.

    Parameters
    ----------
    image : (h, w, 3) float array
        RGB in [0, 1], of any size.
    style_map : SemanticMap, optional
        Which region each of its pixels belongs to; needed where a region of it is asked for.
    name : str
        What messages call it.
    """

    image: Image
    style_map: SemanticMap | None = None
    name: str = "the style image"

    @property
    def size(self) -> Size:
        """(height, width) of the image in pixels."""
        return self.image.shape[0], self.image.shape[1]

    def map(self) -> SemanticMap:
        """Return the map; one without any region where there is none."""
        return self.style_map or SemanticMap(np.full(self.size, -1, np.int32), ())


@dataclass(frozen=True, eq=False)
class PlannedRegion:
    """Where a style goes, which one, and how strongly; or what is kept.

    Parameters
    ----------
    region : (red, green, blue), optional
        Map color of a region of the content.
    mask : (M, N) float array, optional
        Instead of a region a soft mask in [0, 1], of the content's aspect.
    style : PlannedStyle or None
        The style; None keeps the region's pixels bit for bit, whatever masks say.
    style_region : (red, green, blue) or "whole", optional
        Which region of the style image is the style. Where it is left out: for a region, that of the same color if
        the style has a map; else the whole image.
    style_mask : (m, n) float array, optional
        Instead of a region a soft mask in [0, 1] over the style image, of its aspect.
    strength : float
        Factor above 0 on how strongly the style is felt.
    color : {"style", "content", "luminance", "match"}, optional
        Whose colors the result has there, see `maskstyle.Settings`; as the settings say where it is left out.
    """

    region: Color | None = None
    mask: Mask | None = None
    style: PlannedStyle | None = None
    style_region: Color | str | None = None
    style_mask: Mask | None = None
    strength: float = 1.0
    color: str | None = None


class Entry(NamedTuple):
    """A region or mask that is painted, with everything found in the maps.

    Parameters
    ----------
    name : str
        What reports call it.
    place : int
        Its place in the plan.
    label : int or None
        Its label in the content's map; None for a mask.
    mask : (M, N) float32 array or None
        The mask.
    style : PlannedStyle
        Its style, with a map of the image's size where it has one.
    style_label : int or None
        Label of the style's region; None for the whole image, or for `style_mask`.
    style_mask : (m, n) float32 array or None
        Soft mask over the style image.
    strength : float
        Factor on the strength.
    color : str
        Its color mode, one of ``CHOICES["color"]``.
    """

    name: str
    place: int
    label: int | None
    mask: Mask | None
    style: PlannedStyle
    style_label: int | None
    style_mask: Mask | None
    strength: float
    color: str

    def over_style(self) -> Mask | None:
        """Return the mask over the style image whose pixels are the style; None is the whole, or a region for one.

        A mask takes its style from a region of the style image as from a mask that is 1 in the region.
        """
        if self.style_mask is not None or self.mask is None or self.style_label is None:
            return self.style_mask
        return painted_share(self.style.map(), [self.style_label], self.style.map().size)


class Settled(NamedTuple):
    """What is painted and what is kept.

    Parameters
    ----------
    content_map : SemanticMap or None
        Of the content's size; None where only masks are planned.
    entries : tuple of Entry
        What is painted, in the plan's order.
    kept : tuple of int
        Labels of the regions whose pixels never change.
    """

    content_map: SemanticMap | None
    entries: tuple[Entry, ...]
    kept: tuple[int, ...]

    def weighings(self) -> int:
        """Return how many soft weightings there are: those of masks, and of the regions of a soft map."""
        soft = self.content_map is not None and self.content_map.shares is not None
        return len(self.masked()) + (len(self.painted()) if soft else 0)

    def inside(self, size: Size) -> NDArray[np.bool_]:
        """Return where regions are painted, (height, width), at a size."""
        return self.painted_share(size) > 0

    def painted_share(self, size: Size) -> Mask:
        """Return how much of each pixel belongs to regions that are painted, in [0, 1], at a size."""
        return self._share_of(self.painted(), size)

    def painted(self) -> list[int]:
        """Return the labels of the regions that are painted."""
        return [entry.label for entry in self.entries if entry.label is not None]

    def keeps(self, size: Size) -> NDArray[np.bool_]:
        """Return where pixels are kept at a size: those that belong whole to regions that are."""
        return np.asarray(self._share_of(self.kept, size) == 1)

    def mask(self, entry: Entry, size: Size) -> Mask:
        """Return an entry's soft mask at a size, 0 where pixels are kept."""
        assert entry.mask is not None
        mask = resize_mask(entry.mask, size)
        return np.where(self.keeps(size), np.float32(0), mask) if self.kept else mask

    def share(self, entry: Entry, size: Size) -> Mask:
        """Return how strongly an entry is each pixel's at a size, whether it is a region or a mask."""
        if entry.mask is not None:
            return self.mask(entry, size)
        return self._share_of([entry.label or 0], size)

    def masked(self) -> list[Entry]:
        """Return the entries that are soft masks."""
        return [entry for entry in self.entries if entry.mask is not None]

    def regions_of(self, style: PlannedStyle) -> list[Entry]:
        """Return the entries that are regions in a style, in the order of their labels."""
        entries = [entry for entry in self.entries if entry.style is style and entry.label is not None]
        return sorted(entries, key=lambda entry: entry.label or 0)

    def pairs(self, entries: Sequence[Entry]) -> RegionPlan:
        """Return which region goes with which of the style that some regions share."""
        assert self.content_map is not None
        pairs = (Pair(entry.name, entry.label or 0, entry.style_label) for entry in entries)
        return RegionPlan(self.content_map, entries[0].style.map(), tuple(pairs))

    def styles(self) -> list[PlannedStyle]:
        """Return the styles in the order of their first use, each once."""
        return list({id(entry.style): entry.style for entry in self.entries}.values())

    def _share_of(self, labels: Sequence[int], size: Size) -> Mask:
        if self.content_map is None or not labels:
            return np.zeros(size, np.float32)
        return painted_share(self.content_map, labels, size)

    def among(self, size: Size, labels: Sequence[int]) -> NDArray[np.bool_]:
        """Return where regions of some labels are at a size."""
        if self.content_map is None or not labels:
            return np.zeros(size, np.bool_)
        return np.isin(resize_labels(self.content_map.labels, size), labels)
