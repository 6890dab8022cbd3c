"""The style images of a plan as the network sees them, each with the regions or the mask that it is for."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from maskstyle.guidance.pair_styles import styles_by_pair
from maskstyle.guidance.planned import Entry, Settled
from maskstyle.images.color import RECOLORED, seen_style, visible_weights
from maskstyle.images.pixels import Image, Mask, resize_mask


class RegionStyle(NamedTuple):
    """A style image and the regions that take their style from it.

    Parameters
    ----------
    image : (h, w, 3) float32 array
        In [0, 1].
    entries : tuple of Entry
        The regions, all of one `PlannedStyle`.
    """

    image: Image
    entries: tuple[Entry, ...]


class SeenStyles(NamedTuple):
    """All style images of a plan.

    Parameters
    ----------
    regions : tuple of RegionStyle
        Those of regions, style by style.
    masks : tuple of (h, w, 3) float32 array
        That of each mask; masks that share a style share the array, but where it is recolored for each.
    """

    regions: tuple[RegionStyle, ...]
    masks: tuple[Image, ...]

    def first(self) -> Image:
        """Return the style that a first image is made of."""
        return self.regions[0].image if self.regions else self.masks[0]


def seen_styles(settled: Settled, content: Image, *, alpha: Mask | None = None) -> SeenStyles:
    """Return the style images of a plan, recolored where color modes say so.

    Parameters
    ----------
    settled : Settled
        What is painted.
    content : (H, W, 3) float32 array
        In [0, 1].
    alpha : (H, W) float32 array, optional
        The content's transparency: colors that nobody sees do not count.

    Notes
    -----
    With one style and one mode these are the images that `maskstyle.transfer_region` and
    `maskstyle.transfer_gradient_mask` make.
    """
    regions: list[RegionStyle] = []
    for style in settled.styles():
        for mode, entries in _by_mode(settled.regions_of(style)).items():
            # One under a mask over the style image has an image to itself, as there are no regions to recolor.
            alone = [entry for entry in entries if mode in RECOLORED and entry.style_mask is not None]
            together = [entry for entry in entries if mode not in RECOLORED or entry.style_mask is None]
            if together:
                regions += _shared(settled, together, content, mode, alpha)
            regions += [RegionStyle(_own(settled, entry, content, alpha), (entry,)) for entry in alone]
    return SeenStyles(tuple(regions), tuple(_own(settled, entry, content, alpha) for entry in settled.masked()))


def _by_mode(entries: Sequence[Entry]) -> dict[str, list[Entry]]:
    """Return entries by the modes that differ in what the network sees of the style."""
    groups: dict[str, list[Entry]] = {}
    for entry in entries:
        groups.setdefault(entry.color if entry.color in RECOLORED else "style", []).append(entry)
    return groups


def _shared(
    settled: Settled, entries: Sequence[Entry], content: Image, mode: str, alpha: Mask | None
) -> list[RegionStyle]:
    """Return the images of regions that share a style and a mode."""
    found = styles_by_pair(entries[0].style.image, content, settled.pairs(entries), mode, alpha=alpha)
    by_label = {entry.label: entry for entry in entries}
    return [RegionStyle(each.style, tuple(by_label[pair.region] for pair in each.pairs)) for each in found]


def _own(settled: Settled, entry: Entry, content: Image, alpha: Mask | None) -> Image:
    """Return the image of an entry, which is for it alone where it is recolored."""
    if entry.color not in RECOLORED:
        return entry.style.image
    size = (content.shape[0], content.shape[1])
    over = entry.over_style()
    return seen_style(
        entry.style.image,
        content,
        entry.color,
        style_weights=None if over is None else resize_mask(over, entry.style.size),
        content_weights=visible_weights(settled.share(entry, size), alpha),
    )
