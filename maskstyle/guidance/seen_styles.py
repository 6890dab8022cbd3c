"""Style images as the network sees them: recolored for placements that use the content's colors."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.layout import Layout, Placement, StyleImage
from maskstyle.images.color import RECOLORED, seen_style, visible_weights
from maskstyle.images.pixels import Image, size_of


class SeenStyle(NamedTuple):
    """One image that the network sees as a style, and the placements that take their style from it."""

    image: Image
    source: StyleImage  # the style image that it shows
    placements: tuple[Placement, ...]  # the placements that take their style from it


def seen_styles(layout: Layout, content: Image | None) -> tuple[SeenStyle, ...]:
    """Return the style images of a layout as the network sees them, recolored where colors come from a content image.

    Those of regions come first, style image by style image, then those of masks and of placements everywhere, one for
    each placement and style. Transparent pixels do not count. Images that need no recoloring are the style images'
    own arrays. Where several regions of the content image take their style from one region of a style image, and each
    recolors it, there are as many images as that takes.
    """
    found: list[SeenStyle] = []
    regions = layout.regions()
    for style in layout.styles():
        own = sorted((each for each in regions if each.style is style), key=lambda each: each.label or 0)
        for mode, placements in _by_mode(own).items():
            # A mask over the style image has no region to recolor, so its placement gets an image of its own.
            alone = [each for each in placements if mode in RECOLORED and each.style_mask is not None]
            together = [each for each in placements if mode not in RECOLORED or each.style_mask is None]
            if together:
                found += _shared(layout, style, together, content, mode)
            found += [SeenStyle(_recolored(layout, each, style, content), style, (each,)) for each in alone]
    for placement in layout.placements:
        if placement.label is None:
            found += [
                SeenStyle(_recolored(layout, placement, style, content), style, (placement,))
                for style, _ in placement.styles
            ]
    return tuple(found)


def _by_mode(placements: Iterable[Placement]) -> dict[str, list[Placement]]:
    """Return placements by the color modes that change what the network sees of a style."""
    groups: dict[str, list[Placement]] = {}
    for each in placements:
        groups.setdefault(each.color if each.color in RECOLORED else "style", []).append(each)
    return groups


def _shared(
    layout: Layout,
    style: StyleImage,
    placements: Sequence[Placement],
    content: Image | None,
    mode: str,
) -> list[SeenStyle]:
    """Return the images of regions that share a style image and a color mode."""
    if mode not in RECOLORED or content is None:
        return [SeenStyle(style.image, style, tuple(placements))]
    assert layout.content_map is not None
    alpha = layout.visible
    everywhere = np.ones(content.shape[:2], np.float32)
    whole = seen_style(
        style.image,
        content,
        mode,
        style_weights=style.alpha,
        content_weights=visible_weights(everywhere, alpha),
    )
    style_labels = style.map().labels
    found = []
    for group in _apart(placements):
        colored = whole.copy()
        for placement in group:
            region = (layout.content_map.labels == placement.label).astype(np.float32)
            own = visible_weights(region, alpha)
            colors, weights = _row(content, own > 0), None if alpha is None else own[own > 0][np.newaxis]
            if placement.style_label is None:
                colored = seen_style(style.image, colors, mode, style_weights=style.alpha, content_weights=weights)
            else:
                inside = style_labels == placement.style_label
                shown = None if style.alpha is None else style.alpha[inside][np.newaxis]
                row = _row(style.image, inside)
                colored[inside] = seen_style(row, colors, mode, style_weights=shown, content_weights=weights)[0]
        found.append(SeenStyle(colored, style, group))
    return found


def _apart(placements: Sequence[Placement]) -> list[tuple[Placement, ...]]:
    """Return placements in groups that use no region of the style twice; the whole style is used alone."""
    alone = [(each,) for each in placements if each.style_label is None]
    by_region: dict[int, list[Placement]] = {}
    for each in placements:
        if each.style_label is not None:
            by_region.setdefault(each.style_label, []).append(each)
    rounds = itertools.zip_longest(*by_region.values())
    return [tuple(each for each in group if each is not None) for group in rounds] + alone


def _recolored(layout: Layout, placement: Placement, style: StyleImage, content: Image | None) -> Image:
    """Return a style image in the colors of what one placement paints, where its color mode says so."""
    if placement.color not in RECOLORED or content is None:
        return style.image
    return seen_style(
        style.image,
        content,
        placement.color,
        style_weights=placement.style_weights(style),
        content_weights=visible_weights(layout.share(placement, size_of(content)), layout.visible),
    )


def _row(image: Image, inside: NDArray[np.bool_]) -> Image:
    """Return some pixels of an image as an image of one row."""
    row: Image = image[inside][np.newaxis]
    return row
