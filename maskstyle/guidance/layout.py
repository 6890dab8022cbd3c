"""The layout of a picture: placements of styles on regions, on soft masks, or everywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.regions import painted_share
from maskstyle.guidance.soft_masks import mask_coverage
from maskstyle.images.pixels import RGBA, Image, Mask, Size, resize_labels, resize_mask, size_of
from maskstyle.images.transparency import resize_alpha
from maskstyle.maps.assignment import Assignment
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.schemas.arguments import convert_fields


@dataclass(frozen=True, eq=False)
class StyleImage:
    """A style image that several placements may share; its Gram matrices are then computed once.

    Parameters
    ----------
    image : (h, w, 3) or (h, w, 4) float array
        RGB or RGBA in [0, 1], of any size. Transparent pixels do not count as style.
    style_map : SemanticMap, optional
        Region of each pixel; required to take a style from a region of the image.
    name : str
        Name in messages.
    alpha : (h, w) float array, optional
        Opacity in [0, 1] of an RGB image; opaque by default.
    scale : float
        Scale factor of this image, above 0, beside ``settings.style_scale``: above 1 makes larger strokes.
    """

    image: Image
    style_map: SemanticMap | None = None
    name: str = field(default="the style image", compare=False)
    alpha: Mask | None = None
    scale: float = 1.0

    def __post_init__(self) -> None:
        """Check and convert the fields; image, map and alpha may be files."""
        object.__setattr__(self, "image", RGBA.converted(self.image, "image"))
        convert_fields(self, "style_map", "name", "alpha", "scale")

    @property
    def size(self) -> Size:
        """(height, width) in pixels."""
        return size_of(self.image)

    def map(self) -> SemanticMap:
        """Return the map; without one, a map without regions."""
        return self.style_map or SemanticMap(np.full(self.size, -1, np.int32), ())

    def visible_at(self, size: Size) -> Mask | None:
        """Return the alpha at a size, (height, width); None: opaque."""
        return None if self.alpha is None else resize_alpha(self.alpha, size)


class Placement(NamedTuple):
    """One style, or a blend of styles, on a region, on a soft mask, or everywhere."""

    name: str  # name in reports
    # The style images with their shares of the target Gram matrix, which sum to 1. Only a placement everywhere blends
    # several.
    styles: tuple[tuple[StyleImage, float], ...]
    place: int = 0  # its index among the regions or masks of the inputs
    label: int | None = None  # label of the region in the content map
    # Instead of a region, a soft mask. Without region and mask, the style goes everywhere.
    mask: Mask | None = None
    # Label of the region of the style image to take the style from; None: the whole image, or `style_mask`.
    style_label: int | None = None
    style_mask: Mask | None = None  # soft mask over the style image
    # How much of the style, in [0, 1], or a factor on the raw weight of the style; None: as the settings say.
    strength: float | None = None
    color: str = "style"  # color mode, one of ``CHOICES["color"]``

    @property
    def style(self) -> StyleImage:
        """The style image; the first one of a blend."""
        return self.styles[0][0]

    @property
    def everywhere(self) -> bool:
        """Whether the style goes everywhere."""
        return self.label is None and self.mask is None

    def mask_over_style(self) -> Mask | None:
        """Return the soft mask over the style image that selects the style; None: the whole image, or a region.

        A mask takes its style from a region as from a mask that is 1 in the region.
        """
        if self.style_mask is not None or self.mask is None or self.style_label is None:
            return self.style_mask
        return painted_share(self.style.map(), [self.style_label], self.style.map().size)

    def style_weights(self, style: StyleImage) -> Mask | None:
        """Return the weight of each pixel of one of its style images in the style; None: all count alike."""
        over = self.mask_over_style()
        if over is None and self.style_label is not None:
            over = (style.map().labels == self.style_label).astype(np.float32)
        if over is None:
            return style.alpha
        weights = resize_mask(over, style.size)
        return weights if style.alpha is None else weights * style.alpha


def region_placements(
    assignment: Assignment,
    style: StyleImage,
    color: str = "style",
    strengths: Mapping[int, float | None] = MappingProxyType({}),
) -> tuple[Placement, ...]:
    """Return a placement for each assigned region, all with one style image and color mode; strengths by label."""
    return tuple(
        Placement(
            each.name,
            ((style, 1.0),),
            place,
            each.region,
            style_label=each.style_region,
            strength=strengths.get(each.region),
            color=color,
        )
        for place, each in enumerate(assignment.regions)
    )


@dataclass(frozen=True, eq=False)
class Layout:
    """All placements of a picture, and the regions that are kept."""

    placements: tuple[Placement, ...]  # what is painted: regions in any order, then masks in the order of their notes
    content_map: SemanticMap | None = None  # of the size of the content image; None if no region is named
    kept: tuple[int, ...] = ()  # labels of the regions to keep unchanged, even under masks
    unpainted: tuple[int, ...] = ()  # labels of the regions whose style has the strength 0, or that are transparent
    # Alpha of the picture; None: opaque. Transparent pixels do not count.
    visible: Mask | None = None

    @property
    def everywhere(self) -> bool:
        """Whether the whole picture is painted, with nothing to keep and no edges."""
        return any(each.everywhere for each in self.placements)

    @property
    def soft(self) -> bool:
        """Whether the content map shares blended pixels out among regions."""
        return self.content_map is not None and self.content_map.shares is not None

    def painting(self, strength: float | None) -> Layout:
        """Return the layout without placements of strength 0; `strength` is that of the settings."""
        given = [(strength if each.strength is None else each.strength, each) for each in self.placements]
        return self.without([each for value, each in given if value == 0])

    def without(self, placements: Sequence[Placement]) -> Layout:
        """Return the layout without some of its placements, whose regions stay unpainted."""
        dropped = {each.place for each in placements}
        left = tuple(each.label for each in placements if each.label is not None)
        kept = tuple(each for each in self.placements if each.place not in dropped)
        return replace(self, placements=kept, unpainted=(*self.unpainted, *left))

    def regions(self) -> list[Placement]:
        """Return the placements on regions."""
        return [each for each in self.placements if each.label is not None]

    def masked(self) -> list[Placement]:
        """Return the placements on soft masks."""
        return [each for each in self.placements if each.mask is not None]

    def painted(self) -> list[int]:
        """Return the labels of the painted regions."""
        return [each.label for each in self.placements if each.label is not None]

    def styles(self) -> list[StyleImage]:
        """Return the style images in the order of their first use, each once."""
        return list({id(style): style for each in self.placements for style, _ in each.styles}.values())

    def soft_weightings(self) -> int:
        """Return the number of soft weightings: of masks, of regions of a soft map, and of all under an alpha."""
        if self.visible is not None:
            return len(self.placements)
        return len(self.masked()) + (len(self.painted()) if self.soft else 0)

    def visible_at(self, size: Size) -> Mask | None:
        """Return the alpha of the picture at a size, (height, width); None: opaque."""
        return None if self.visible is None else resize_alpha(self.visible, size)

    def mean_share(self, placement: Placement, size: Size) -> float:
        """Return the mean of how much of each visible pixel a placement covers."""
        if placement.everywhere:
            return 1.0
        share, visible = self.share(placement, size), self.visible_at(size)
        if visible is None:
            return float(share.mean(dtype=np.float64))
        total = float(visible.sum(dtype=np.float64))
        return float((share * visible).sum(dtype=np.float64)) / total if total else 0.0

    def painted_share(self, size: Size) -> Mask:
        """Return how much of each pixel belongs to painted regions, (height, width) in [0, 1]."""
        return self._share_of(self.painted(), size)

    def mask(self, placement: Placement, size: Size) -> Mask:
        """Return the soft mask of a placement at a size, 0 where pixels are kept."""
        assert placement.mask is not None
        # Masks may be many, and those of the size at hand need no copy.
        own = placement.mask.shape == tuple(size)
        mask = placement.mask if own else resize_mask(placement.mask, size)
        return np.where(self._keeps(size), np.float32(0), mask) if self.kept else mask

    def share(self, placement: Placement, size: Size) -> Mask:
        """Return how much of each pixel a placement covers, (height, width) in [0, 1]."""
        if placement.everywhere:
            return np.ones(size, np.float32)
        if placement.mask is not None:
            return self.mask(placement, size)
        return self._share_of([placement.label or 0], size)

    def among(self, labels: Sequence[int], size: Size) -> NDArray[np.bool_]:
        """Return where the regions of some labels are, (height, width)."""
        if self.content_map is None or not labels:
            return np.zeros(size, np.bool_)
        return np.isin(resize_labels(self.content_map.labels, size), labels)

    def total_mask(self, size: Size) -> Mask:
        """Return the sum of the soft masks, 0 where pixels are kept; it may exceed 1."""
        total = np.zeros(size, np.float32)
        for placement in self.masked():
            total += self.mask(placement, size)
        return total

    def total(self, size: Size) -> Mask:
        """Return the sum of the masks, and at least the share of the painted regions."""
        return np.maximum(self.total_mask(size), self.painted_share(size))

    def touched(self, size: Size) -> NDArray[np.bool_]:
        """Return where anything is painted, (height, width)."""
        return self.total(size) > 0

    def coverage(self, size: Size, regions: Mask) -> Mask:
        """Return how far the painted image covers the content image.

        `regions` is how far it does where regions are painted, fading in included.
        """
        inside = np.minimum(regions, self.painted_share(size))
        if not self.masked():
            return inside
        return np.maximum(inside, mask_coverage(self.total_mask(size), self.visible_at(size)))

    def share_in(self, modes: Sequence[str], size: Size, *, elsewhere: bool = False) -> Mask:
        """Return the share of the paint in some color modes by pixel; `elsewhere` where nothing is painted."""
        total, own = np.zeros(size, np.float32), np.zeros(size, np.float32)
        for placement in self.placements:
            share = self.share(placement, size)
            total += share
            if placement.color in modes:
                own += share
        return np.divide(own, total, out=np.full(size, elsewhere, np.float32), where=total > 0)

    def _keeps(self, size: Size) -> NDArray[np.bool_]:
        """Return where pixels are kept: those that belong whole to kept regions."""
        return np.asarray(self._share_of(self.kept, size) == 1)

    def _share_of(self, labels: Sequence[int], size: Size) -> Mask:
        if self.content_map is None or not labels:
            return np.zeros(size, np.float32)
        return painted_share(self.content_map, labels, size)
