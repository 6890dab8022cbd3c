"""From images, guides and settings to the terms of an objective, and to the limits by which a strength is defined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.cells import WHOLE, CellWeights, mask_cells, visible_cells
from maskstyle.guidance.layout import Layout
from maskstyle.guidance.seen_styles import SeenStyle
from maskstyle.images.pixels import Image, Mask, Size, size_of
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.extract import Extractor
from maskstyle.objective.guides import (
    Targets,
    content_cells,
    grams_by_key,
    targets_at,
    used_placements,
)
from maskstyle.objective.terms import (
    TINY,
    ContentLimits,
    ContentTerm,
    Guide,
    LimitedContentTerm,
    StyleTerm,
    TotalVariationTerm,
)
from maskstyle.settings import LayerMix, ObjectiveSettings, active


def content_term(
    extractor: Extractor,
    content: Image,
    settings: ObjectiveSettings,
    limits: ContentLimits | None = None,
    *,
    alpha: Mask | None = None,
) -> ContentTerm:
    """Return the content term for a content image of the size at hand, with limits where there is a strength."""
    network = extractor.network
    mix = active(settings.content_layers)
    targets: Mapping[str, Any] = {}
    layers = [layer for layer, _ in mix]
    visible = None if alpha is None else extractor.visible(alpha, layers)
    if settings.content_weight > 0:
        targets = extractor.measured_features(content, layers, visible)
        mix = tuple((layer, share * network.content_gains[layer]) for layer, share in mix)
    channels = counted_channels(network, settings.content_layers)
    term = ContentTerm(settings.content_weight, mix, targets, settings.content_reduction, channels, visible)
    return term if limits is None else LimitedContentTerm(**vars(term), limits=limits)


def counted_channels(network: FeatureNetwork, mix: LayerMix) -> dict[str, int]:
    """Return the channels that distances count, by layer of a mix."""
    return {layer: network.architecture.channels(layer) for layer, _ in active(mix)}


def style_term(network: FeatureNetwork, guides: Sequence[Guide], settings: ObjectiveSettings) -> StyleTerm:
    """Return the style term for guides."""
    return StyleTerm(
        settings.style_factor,
        active(settings.style_layers),
        guides,
        settings.gram_normalization,
        settings.style_reduction,
        counted_channels(network, settings.style_layers),
        network.measured_gram,
    )


def total_variation_term(settings: ObjectiveSettings, alpha: Mask | None = None) -> TotalVariationTerm:
    """Return the total variation term of what is visible."""
    return TotalVariationTerm(
        settings.tv_weight, settings.tv_exponent, settings.tv_reduction, settings.pixel_range, alpha
    )


KEPT_CORRELATION = 0.8
"""Correlation with the content image's features that strength 0.5 keeps; the choice is in
docs/background/choosing-the-defaults.md."""

MOST_ENERGY = 2.0
"""Largest energy of a style's features, relative to the content's, that raises the limit. The limits of busier styles
would bury the subject."""


def content_limit(strength: float, energy: float) -> float:
    """Return how far features may depart from the content image's: a relative squared distance.

    Features with the energy (mean square) r of the style, in units of the content's, and the correlation c with the
    content's features are at the squared distance ``1 + r - 2 c sqrt(r)`` from these. The limit is this distance for
    ``c = KEPT_CORRELATION`` at strength 0.5, and proportional to the strength: equal steps of the strength are equal
    steps of the distance, and a strength means about the same for every pair of images.

    More than `MOST_ENERGY` counts as that.

    >>> round(content_limit(0.5, 1.0), 6), round(content_limit(1.0, 1.0), 6)
    (0.4, 0.8)
    """
    energy = min(energy, MOST_ENERGY)
    return 2 * strength * float(1 + energy - 2 * KEPT_CORRELATION * np.sqrt(energy))


def content_limits(
    extractor: Extractor,
    content: Image,
    layout: Layout,
    styles: Sequence[SeenStyle],
    settings: ObjectiveSettings,
) -> ContentLimits | None:
    """Return the limits to the distance from a content image, at the size at hand, one for each placement.

    None where raw weights balance style and content. A region too small to own cells at any content layer is limited
    over the cells that it shares with others. For the styles see `maskstyle.objective.guides.guides_at`.
    """
    if settings.chosen_strength is None:
        return None
    seen = replace(settings, style_layers=settings.content_layers, propagation="simple")
    mix = dict(active(settings.content_layers))
    size = size_of(content)
    grids = extractor.grids(size, list(mix))
    cells = content_cells(extractor, layout, size, list(mix), seen, 0)
    targets = targets_at(extractor, layout, styles, size, list(mix), settings=seen)
    placements = used_placements(styles)
    for each in placements:
        if not any(cells[each.place].values()):
            shared = mask_cells(layout.share(each, size), grids, exponent=1.0)
            cells[each.place] = visible_cells(shared, layout.visible_at(size), grids)
    energies = grams_by_key(extractor, content, {each.place: cells[each.place] for each in placements})
    limits, shares = [], []
    rows: dict[str, list[NDArray[np.float32]]] = {layer: [] for layer in mix}
    for placement in placements:
        own = _energies(energies[placement.place])
        total = sum(mix[layer] for layer in own)
        if not total:
            continue
        style = {layer: settings.intensity * each for layer, each in _energies(targets[placement.place]).items()}
        strength = settings.chosen_strength if placement.strength is None else placement.strength
        limit = 0.0
        for layer, grid in grids.items():
            share = mix[layer] / total if layer in own else 0.0
            if share:
                limit += share * content_limit(strength, style.get(layer, own[layer]) / own[layer])
            factor = share * extractor.network.content_gains[layer] / own.get(layer, 1.0)
            rows[layer].append(_row(cells[placement.place].get(layer, {}).get(WHOLE), grid) * np.float32(factor))
        limits.append(limit)
        shares.append(layout.mean_share(placement, size))
    return ContentLimits(
        np.array(limits, np.float32),
        np.array(shares, np.float32),
        {
            layer: np.array(rows[layer], np.float32).reshape(len(limits), height * width)
            for layer, (height, width) in grids.items()
        },
    )


def _energies(grams: Targets) -> dict[str, float]:
    """Return the mean square of the features of each layer, from their Gram matrix."""
    whole: Mapping[str, NDArray[np.float32]] = {layer: parts[WHOLE][0] for layer, parts in grams.items() if parts}
    return {layer: max(float(np.trace(matrix)), TINY) for layer, matrix in whole.items()}


def _row(weights: CellWeights | None, grid: Size) -> NDArray[np.float32]:
    """Return the weight of every cell of a grid, with the sum 1; zeros where there is no cell."""
    row = np.zeros(grid[0] * grid[1], np.float32)
    if weights is None:
        return row
    if weights.cells is not None:
        row[weights.cells] = 1
    else:
        row[:] = 1 if weights.weights is None else weights.weights.ravel()
    return row / np.float32(weights.divisor)
