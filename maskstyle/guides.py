"""Guides: where each style goes and what it is, from styles, semantic maps and soft masks."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from maskstyle.gram import Partition, gram, observe_region_grams
from maskstyle.guidance.gradients import soft_weights
from maskstyle.guidance.pairs import Pair
from maskstyle.guidance.regions import Labels, region_cells
from maskstyle.images import Image, Mask
from maskstyle.losses import Guide
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.settings import Settings, active

Tensor: TypeAlias = Any
"""A tf.Tensor; TensorFlow ships no types."""

Cells: TypeAlias = dict[str, dict[int, NDArray[np.int32]]]
"""Flat indices of cells by layer and region; regions that vanish on a layer's grid are left out there."""


def style_guide(
    network: FeatureNetwork, styles: Sequence[Image], shares: Sequence[float], settings: Settings
) -> Guide:
    """Return the guide that asks for whole styles everywhere, blended.

    Parameters
    ----------
    network : FeatureNetwork
        Where the features come from.
    styles : sequence of (H, W, 3) float32 array
        Style images in [0, 1], each of its own size.
    shares : sequence of float
        Share of each style in the target Gram matrices; they sum to 1.
    settings : Settings
        For the layers and the intensity.
    """
    layers = [layer for layer, _ in active(settings.style_layers)]
    style_targets = _style_targets(network, layers)
    targets: dict[str, NDArray[np.float32]] = {}
    sums = dict.fromkeys(layers, 0.0)
    for style, share in zip(styles, shares, strict=True):
        grams = style_targets(tf.constant(style))
        for layer in layers:
            height, width = network.architecture.grid(style.shape[:2], layer)
            pixels = float(height * width)
            sums[layer] += share * pixels
            # Blended as they will be compared: as means over pixels, or as the sums that they stand for.
            counted = share * pixels if settings.gram_normalisation == "none" else share
            blended = np.float32(counted) * grams[layer].numpy()
            targets[layer] = targets[layer] + blended if layer in targets else blended
    if settings.gram_normalisation == "none":
        targets = {layer: target / np.float32(sums[layer]) for layer, target in targets.items()}
    return Guide("style", targets, sums, intensity=settings.intensity)


def _style_targets(network: FeatureNetwork, layers: Sequence[str]) -> Callable[[Tensor], dict[str, Tensor]]:
    """Return a compiled function from an image to its Gram matrices."""

    def targets(image: Tensor) -> dict[str, Tensor]:
        features = network(image)
        return {layer: network.measured_gram(layer, gram(features[layer])) for layer in layers}

    return tf.function(targets, autograph=False)  # type: ignore[no-any-return]


def region_guides(
    network: FeatureNetwork,
    labels: Labels,
    style: Image,
    style_labels: Labels,
    pairs: Sequence[Pair],
    settings: Settings,
) -> list[Guide]:
    """Return a guide for each region that asks for the style of a region of the style image.

    Parameters
    ----------
    network : FeatureNetwork
        Where the features come from.
    labels : (H, W) int32 array
        Region of each pixel of the image that is made.
    style : (h, w, 3) float32 array
        Style image in [0, 1].
    style_labels : (h, w) int32 array
        Region of each of its pixels.
    pairs : sequence of Pair
        Which region takes its style from which.
    settings : Settings
        For the layers, the propagation and the intensity.

    Returns
    -------
    list of Guide
        One for each pair. A region has no say on a layer on whose grid it, or its region of the style, vanishes,
        and its guide has no target there: see `vanished`. A guide's strength is its region's share of all pixels,
        so that a pixel feels its style as strongly in a small region as in a large one.
    """
    layers = [layer for layer, _ in active(settings.style_layers)]
    cells = layer_cells(network, labels, {pair.region for pair in pairs}, layers, settings)
    wanted = {pair.style_region for pair in pairs if pair.style_region is not None}
    style_cells = layer_cells(network, style_labels, wanted, layers, settings)
    targets = region_grams(network, style, style_cells)
    whole = None
    if any(pair.style_region is None for pair in pairs):
        whole = style_guide(network, [style], [1.0], settings)
    guides = []
    for pair in pairs:
        if pair.style_region is None:
            assert whole is not None
            own, sums = whole.targets, whole.target_sums
        else:
            own = {layer: found[pair.style_region] for layer, found in targets.items() if pair.style_region in found}
            sums = {layer: float(len(style_cells[layer][pair.style_region])) for layer in own}
        seen = [layer for layer in layers if layer in own and pair.region in cells[layer]]
        guides.append(
            Guide(
                pair.name,
                {layer: own[layer] for layer in seen},
                {layer: sums[layer] for layer in seen},
                cells={layer: cells[layer][pair.region] for layer in seen},
                strength=float(np.mean(labels == pair.region)),
                intensity=settings.intensity,
            )
        )
    return guides


def mask_guides(
    network: FeatureNetwork,
    masks: Sequence[Mask],
    styles: Sequence[Image],
    factors: Sequence[float],
    settings: Settings,
) -> list[Guide]:
    """Return a guide for each soft mask that asks for a whole style where the mask is, as strongly as it is.

    Parameters
    ----------
    network : FeatureNetwork
        Where the features come from.
    masks : sequence of (H, W) float32 array
        In [0, 1], all of the image's size, none of them 0 everywhere.
    styles : sequence of (h, w, 3) float32 array
        The style image of each mask; its Gram matrices are made once for all masks that share the array.
    factors : sequence of float
        Factor on each guide's strength.
    settings : Settings
        For the layers, the mask exponent and the intensity.

    Returns
    -------
    list of Guide
        One for each mask, named by its number. Its strength is the mask's mean: a pixel feels a style as strongly as
        the mask says, however much of the image the mask covers. Layers with the same grid share one array of
        weights. A mask has no say on a layer on whose grid it vanishes, as it may where it is only in a last odd
        row or column: see `vanished`.
    """
    layers = [layer for layer, _ in active(settings.style_layers)]
    distinct = {id(style): style for style in styles}
    wholes = {key: style_guide(network, [style], [1.0], settings) for key, style in distinct.items()}
    guides = []
    for number, (mask, style, factor) in enumerate(zip(masks, styles, factors, strict=True), start=1):
        weights, divisors = _soft_weights(network, mask, layers, settings)
        whole = wholes[id(style)]
        everywhere = bool((mask == 1).all())  # needs no weights: the very computation of a style without a mask
        guides.append(
            Guide(
                str(number),
                {layer: whole.targets[layer] for layer in weights},
                {layer: whole.target_sums[layer] for layer in weights},
                weights=None if everywhere else weights,
                divisors=None if everywhere else divisors,
                strength=factor * float(mask.mean(dtype=np.float64)),
                intensity=settings.intensity,
            )
        )
    return guides


def _soft_weights(
    network: FeatureNetwork, mask: Mask, layers: Sequence[str], settings: Settings
) -> tuple[dict[str, Mask], dict[str, float]]:
    """Return a mask's weights and divisors by layer, made once for each grid, without layers where it vanishes."""
    grids = {layer: network.architecture.grid((mask.shape[0], mask.shape[1]), layer) for layer in layers}
    found = {grid: soft_weights(mask, grid, exponent=settings.mask_exponent) for grid in set(grids.values())}
    weighed = {layer: found[grid] for layer, grid in grids.items() if found[grid][1] > 0}
    return (
        {layer: weights for layer, (weights, _) in weighed.items()},
        {layer: divisor for layer, (_, divisor) in weighed.items()},
    )


def vanished(guides: Sequence[Guide], settings: Settings) -> tuple[str, ...]:
    """Return a sentence for each region or mask that has no say on some style layers."""
    layers = [layer for layer, _ in active(settings.style_layers)]
    remarks = []
    for guide in guides:
        missing = [layer for layer in layers if layer not in guide.targets]
        if missing:
            where = "every style layer" if missing == layers else ", ".join(missing)
            what = (
                f"region {guide.name} or its region of the style" if guide.weights is None else f"mask {guide.name}"
            )
            remarks.append(f"{what} is too small for {where}; it has no say there")
    return tuple(remarks)


def layer_cells(
    network: FeatureNetwork, labels: Labels, regions: Iterable[int], layers: Sequence[str], settings: Settings
) -> Cells:
    """Return the cells of regions on each layer's grid.

    Parameters
    ----------
    network : FeatureNetwork
        For the layers' grids and receptive fields.
    labels : (H, W) int32 array
        Region of each pixel of the image.
    regions : iterable of int
        The labels of the regions wanted.
    layers : sequence of str
        The layers wanted.
    settings : Settings
        For the propagation.
    """
    ordered = sorted(set(regions))
    result: Cells = {}
    for layer in layers:
        found = region_cells(
            labels,
            network.architecture.grid((labels.shape[0], labels.shape[1]), layer),
            ordered,
            propagation=settings.propagation,
            receptive_field=network.architecture.receptive_field(layer),
        )
        result[layer] = {region: cells for region, cells in zip(ordered, found, strict=True) if len(cells)}
    return result


def region_grams(
    network: FeatureNetwork, image: Image, cells: Cells
) -> Mapping[str, Mapping[int, NDArray[np.float32]]]:
    """Return the Gram matrices of regions of an image by layer and region, where distances are measured.

    Parameters
    ----------
    network : FeatureNetwork
        Where the features come from.
    image : (H, W, 3) float32 array
        In [0, 1].
    cells : dict
        From `layer_cells` for labels of the image's size; layers without any region are left out of the result.
    """

    def grams_of(pixels: Tensor) -> dict[str, Tensor]:
        features = network(pixels)
        partitions = {layer: Partition.of(list(found.values())) for layer, found in cells.items() if found}
        return {
            layer: network.measured_gram(layer, observe_region_grams(features[layer], partition)[1])
            for layer, partition in partitions.items()
        }

    grams = tf.function(grams_of, autograph=False)(tf.constant(image))
    return {layer: dict(zip(cells[layer], matrices.numpy(), strict=True)) for layer, matrices in grams.items()}
