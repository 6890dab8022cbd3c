"""Guides of a plan: regions and soft masks that take their styles from several images, or from parts of them."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.planned import Entry, Settled
from maskstyle.guidance.planned_styles import SeenStyles
from maskstyle.guidance.soft_masks import soft_weights
from maskstyle.images.pixels import Image, Mask, Size, resize_image, resize_mask
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.objective.gram import gram
from maskstyle.objective.guides import mask_guides, mask_name
from maskstyle.objective.soft_guides import map_guides
from maskstyle.objective.terms import Guide
from maskstyle.objective.tiling.cuts import needs_tiles
from maskstyle.objective.tiling.forward import tiled_grams
from maskstyle.objective.tiling.members import Selection
from maskstyle.settings import Settings, active

if TYPE_CHECKING:
    from maskstyle.networks.vgg import FeatureNetwork


def planned_guides(
    network: FeatureNetwork,
    settled: Settled,
    seen: SeenStyles,
    size: Size,
    size_of: Callable[[Size], Size],
    settings: Settings,
) -> list[Guide]:
    """Return a guide for each region and each mask of a plan.

    Parameters
    ----------
    network : FeatureNetwork
        Where the features come from.
    settled : Settled
        What is painted.
    seen : SeenStyles
        Its style images.
    size : (height, width)
        The size of the image that is made.
    size_of : callable
        From a style image's (height, width) to that at which it is used.
    settings : Settings
        For the layers, the propagation, the mask exponent and the intensity.

    Returns
    -------
    list of Guide
        Those of regions, style by style, then those of masks. They are those of `region_guides` and
        `mask_guides`, with their strengths times the plan's, and with the Gram matrix under a mask
        over the style image as the target where one is asked for.
    """
    scaled = {}
    for image in (*(each.image for each in seen.regions), *seen.masks):
        scaled[id(image)] = resize_image(image, size_of((image.shape[0], image.shape[1])))
    guides = []
    for each in seen.regions:
        image = scaled[id(each.image)]
        found = _of_regions(network, settled, each.entries, image, size, settings)
        guides += _aimed(network, {entry.name: (entry, image) for entry in each.entries}, found, settings)
    masked = settled.masked()
    if masked:
        masks = [settled.mask(entry, size) for entry in masked]
        images = [scaled[id(image)] for image in seen.masks]
        found = mask_guides(network, masks, images, [entry.strength for entry in masked], settings)
        numbered = enumerate(zip(masked, images, strict=True), start=1)
        guides += _aimed(network, {mask_name(number): each for number, each in numbered}, found, settings)
    return guides


def _of_regions(
    network: FeatureNetwork, settled: Settled, entries: Sequence[Entry], image: Image, size: Size, settings: Settings
) -> list[Guide]:
    """Return the guides of regions that share a style image, in their order."""
    plan = settled.pairs(entries)
    guides = map_guides(network, plan.content_map, plan.style_map, size, image, plan.pairs, settings)
    factors = {entry.name: entry.strength for entry in entries}
    return [dataclasses.replace(guide, strength=guide.strength * factors[guide.name]) for guide in guides]


def _aimed(
    network: FeatureNetwork,
    entries: Mapping[str, tuple[Entry, Image]],
    guides: Sequence[Guide],
    settings: Settings,
) -> list[Guide]:
    """Return guides with the Gram matrices under masks over their style images as targets, where they have some.

    Entries are by the names of their guides, with their style images.
    """
    aimed = []
    for guide in guides:
        entry, image = entries[guide.name]
        over = entry.over_style()
        if over is not None:
            guide = _retargeted(network, guide, image, over, settings)
        aimed.append(guide)
    return aimed


def _retargeted(network: FeatureNetwork, guide: Guide, image: Image, over: Mask, settings: Settings) -> Guide:
    targets, sums = masked_style_targets(network, image, over, settings)
    seen = [layer for layer in guide.targets if layer in targets]
    return dataclasses.replace(
        guide, targets={layer: targets[layer] for layer in seen}, target_sums={layer: sums[layer] for layer in seen}
    )


def masked_style_targets(
    network: FeatureNetwork, style: Image, mask: Mask, settings: Settings
) -> tuple[dict[str, NDArray[np.float32]], dict[str, float]]:
    """Return the Gram matrices of a style image under a soft mask by layer, and what each was divided by.

    Parameters
    ----------
    network : FeatureNetwork
        Where the features come from.
    style : (H, W, 3) float32 array
        In [0, 1].
    mask : (M, N) float32 array
        How much each pixel counts, in [0, 1]; resized to the image.
    settings : Settings
        For the layers and the mask exponent.

    Returns
    -------
    targets : dict of str to (C, C) float32 array
        Without layers on whose grid the mask vanishes.
    sums : dict of str to float
        The sums that they were divided by.
    """
    size = (style.shape[0], style.shape[1])
    fitted = resize_mask(mask, size)
    found = {}
    for layer, _ in active(settings.style_layers):
        weights, divisor = soft_weights(
            fitted, network.architecture.grid(size, layer), exponent=settings.mask_exponent
        )
        if divisor > 0:
            found[layer] = (weights, divisor)
    sums = {layer: divisor for layer, (_, divisor) in found.items()}
    if settings.tile_size is not None and needs_tiles(size, settings.tile_size):
        selections = {layer: [Selection(weights=weights)] for layer, (weights, _) in found.items()}
        divisors = {layer: [divisor] for layer, divisor in sums.items()}
        parts = tiled_grams(network, style, selections, divisors, settings.tile_size)
        return {layer: each[0] for layer, each in parts.items()}, sums

    def grams_of(image: Tensor) -> dict[str, Tensor]:
        features = network(image)
        return {
            layer: network.measured_gram(layer, gram(features[layer], tf.constant(weights), divisor))
            for layer, (weights, divisor) in found.items()
        }

    grams = tf.function(grams_of, autograph=False)(tf.constant(style))
    return {layer: each.numpy() for layer, each in grams.items()}, sums
