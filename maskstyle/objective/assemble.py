"""From images, guides and settings to the terms of an objective."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from maskstyle.images.pixels import Image, Mask
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.extract import Extractor
from maskstyle.objective.terms import (
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
