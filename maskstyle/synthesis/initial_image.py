"""The image that the first size starts from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import SettingsError
from maskstyle.guidance.layout import Placement
from maskstyle.guidance.regions import Labels
from maskstyle.guidance.seen_styles import SeenStyle
from maskstyle.images.color import recoloring, visible_weights
from maskstyle.images.compositing import mixed
from maskstyle.images.pixels import Image, Size, resize_image, resize_labels, size_of, size_within
from maskstyle.settings import DEFAULT_STRENGTH
from maskstyle.synthesis.scene import Scene
from maskstyle.synthesis.schedule import style_size

MEASURED_SIDE = 512
"""Longer side in pixels at which the colors of the content image are measured."""

SPREAD = 0.1
"""Standard deviation, in relative heights, of where in its region of the style image a pixel draws its color."""


def initial_image(scene: Scene) -> Image:
    """Return the initial image of a scene as the network sees it.

    It has the finest size, except for noise and colors, which have the coarsest.
    """
    groups = [seen for seen in scene.styles if seen.placements[0].label is not None]
    alone = len(groups) == 1 and len(scene.styles) == 1
    image = _whole(scene, groups[0] if alone else None)
    size = size_of(image)
    for seen in groups if not alone and scene.settings.init in ("colors", "style") else ():
        if scene.settings.init == "style" and seen.source is not groups[0].source:
            continue  # the first style is shown everywhere, recolored for each region
        own = (
            _colored(scene, seen, size) if scene.settings.init == "colors" else _at_size(seen.image, scene.sizes[-1])
        )
        inside = scene.layout.among([each.label for each in seen.placements if each.label is not None], size)
        image = np.where(inside[..., np.newaxis], own, image)
    image = scene.in_seen_colors(image, size=size)
    faint = scene.layout.soft or scene.layout.masked()
    if scene.content is not None and scene.settings.init in ("noise", "style", "colors") and faint:
        # Faint masks would not get the content's colors back, which the features hardly see.
        image = mixed(scene.seen_at(size), image, scene.layout.total(size))
    return image


def _whole(scene: Scene, only: SeenStyle | None) -> Image:
    """Return the initial image; it regards regions only where all of them take their style from one image."""
    settings, finest = scene.settings, scene.sizes[-1]
    style = scene.styles[0].image
    if settings.init == "image":
        if scene.initial is None:
            raise SettingsError("init is 'image', but no initial image was given; pass `initial`")
        return _at_size(scene.initial, finest)
    if settings.init == "noise":
        noise = np.random.default_rng(settings.seed).random((*scene.sizes[0], 3), dtype=np.float32)
        return np.float32(0.5) + np.float32(settings.noise_contrast) * (noise - np.float32(0.5))
    if settings.init == "colors":
        return _colored(scene, only, scene.sizes[0])
    if settings.init == "recolored" and scene.content is not None:
        return _recolored(scene, finest)
    chosen = style if settings.init == "style" else scene.content
    if chosen is None:
        raise SettingsError(f"init is {settings.init!r}, but there is no content image; choose another init")
    return _at_size(chosen, finest)


def _recolored(scene: Scene, size: Size) -> Image:
    """Return the content image in the colors of its styles, as far as their strengths go.

    An optimizer is slow to change the color of large areas, as every pixel alone hardly changes a Gram matrix. This
    start leaves it the strokes.
    """
    image = scene.seen_at(size)
    small = scene.seen_at(size_within(size, MEASURED_SIDE))
    visible = scene.layout.visible_at(size_of(small))
    change, total = np.zeros_like(image), np.zeros(size, np.float32)
    for seen in scene.styles:
        for placement in seen.placements:
            weights = visible_weights(scene.layout.share(placement, size_of(small)), visible)
            style_weights = placement.style_weights(seen.source)
            if not weights.any() or (style_weights is not None and not style_weights.any()):
                continue
            colored = recoloring(small, seen.image, weights, style_weights)(image)
            part = sum(part for style, part in placement.styles if style is seen.source)
            share = scene.layout.share(placement, size) * np.float32(part)
            change += (share * np.float32(_reach(scene, placement)))[..., np.newaxis] * (colored - image)
            total += share
    return (image + change / np.maximum(total, 1)[..., np.newaxis]).astype(np.float32, copy=False)


def _reach(scene: Scene, placement: Placement) -> float:
    """Return how far colors go to those of the style: all the way from half the strength on."""
    own, shared = placement.strength, scene.settings.chosen_strength
    if shared is None:  # raw weights have no such scale
        return 1.0
    return min(1.0, (shared if own is None else own) / DEFAULT_STRENGTH)


def _at_size(image: Image, size: Size) -> Image:
    """Return an image at a size: itself where it has that, as a copy of a large one takes much memory."""
    return image if image.shape[:2] == tuple(size) else resize_image(image, size)


def _colored(scene: Scene, seen: SeenStyle | None, size: Size) -> Image:
    """Return an image in the colors of a style: of its regions for each placement, or of all of it everywhere."""
    style = (seen or scene.styles[0]).image
    used = style_size(size_of(style), size, scene.settings)
    colors = resize_image(style, used)
    visible = (seen or scene.styles[0]).source.visible_at(used)
    shown = np.ones(used, np.bool_) if visible is None else visible >= min(0.5, float(visible.max()))
    if seen is None:
        everywhere = [Placement("all", (), label=0)]
        one = np.zeros(size, np.int32), np.zeros(used, np.int32)
        return region_colors(one[0], colors, one[1], everywhere, shown=shown, seed=scene.settings.seed)
    assert scene.layout.content_map is not None
    labels = resize_labels(scene.layout.content_map.labels, size)
    style_labels = resize_labels(seen.source.map().labels, used)
    return region_colors(labels, colors, style_labels, seen.placements, shown=shown, seed=scene.settings.seed)


def region_colors(
    labels: Labels,
    style: Image,
    style_labels: Labels,
    placements: Sequence[Placement],
    *,
    seed: int,
    shown: NDArray[np.bool_] | None = None,
) -> Image:
    """Return an image in which every pixel has a color of its region of a style image, from about the same height.

    A sky that is pale at the horizon and deep above starts that way and so ends that way: Gram matrices say nothing
    about where in a region a color belongs. Heights are ranks: the share of the region's pixels above a pixel.

    Pixels outside the placements have the mean color of the style; a region without a visible pixel left takes the
    colors of the whole style.
    """
    # One draw for all pixels, so that the order of the regions does not matter.
    jitter = SPREAD * np.random.default_rng(seed).standard_normal(labels.shape)
    seen = np.ones(style.shape[:2], np.bool_) if shown is None else shown
    everything = style[seen]
    image = np.broadcast_to(everything.mean(axis=0), (*labels.shape, 3)).astype(np.float32)
    for placement in placements:
        inside = labels == placement.label
        pool = everything if placement.style_label is None else style[seen & (style_labels == placement.style_label)]
        image[inside] = _drawn(pool if len(pool) else everything, jitter[inside])
    return image


def _drawn(pool: NDArray[np.float32], jitter: NDArray[np.float64]) -> NDArray[np.float32]:
    """Draw a color for each pixel from a pool (n, 3), both in row order, from about the same share of the way."""
    ranks = (np.arange(len(jitter)) + 0.5) / max(len(jitter), 1) + jitter
    folded = 1 - np.abs(1 - np.abs(ranks) % 2)  # mirrored at both ends
    drawn: NDArray[np.float32] = pool[np.minimum((folded * len(pool)).astype(np.intp), len(pool) - 1)]
    return drawn
