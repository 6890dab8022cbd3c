"""The distances of an evaluation: what the network sees of result, style and content, region by region."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import tensorflow as tf

from maskstyle.evaluation.distances import Matrix, content_distance, style_distances
from maskstyle.evaluation.plan import EvaluationPlan, JudgedRegion
from maskstyle.guidance.regions import Labels
from maskstyle.guides import Cells, layer_cells, region_grams
from maskstyle.images import Image, Size, resize_image
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective import content_term
from maskstyle.settings import Settings, active

TILE_SIZE = 1024
"""Side of the tiles in which larger pictures are judged, in pixels, which bounds the memory and changes nothing."""


def judged_cells(network: FeatureNetwork, plan: EvaluationPlan, settings: Settings) -> tuple[Cells, Cells]:
    """Return the cells of the regions of the result, and of the style image, on the grids of the style layers."""
    cells = _cells(network, plan.labels, plan.regions, settings)
    style_cells = _cells(network, plan.style_labels, plan.style_regions, settings)
    size = _size(plan.style_labels)
    for region in plan.style_regions:
        if region.color is None:  # the whole style image, which has all cells
            for layer, found in style_cells.items():
                found[region.label] = np.arange(np.prod(network.architecture.grid(size, layer)), dtype=np.int32)
    return cells, style_cells


def _cells(network: FeatureNetwork, labels: Labels, regions: Iterable[JudgedRegion], settings: Settings) -> Cells:
    layers = [layer for layer, _ in active(settings.style_layers)]
    return layer_cells(network, labels, [region.label for region in regions], layers, settings)


def _size(labels: Labels) -> Size:
    return labels.shape[0], labels.shape[1]


def style_matrices(
    network: FeatureNetwork, result: Image, style: Image, plan: EvaluationPlan, cells: tuple[Cells, Cells]
) -> dict[str, Matrix]:
    """Return the style distances by layer.

    Parameters
    ----------
    network : FeatureNetwork
        Where the features come from.
    result, style : (H, W, 3) and (h, w, 3) float32 array
        In [0, 1]; the style image is resized as the plan says.
    plan : EvaluationPlan
        What is compared with what.
    cells : tuple
        From `judged_cells`.
    """
    grams = region_grams(network, result, cells[0], tile_size=TILE_SIZE)
    style = resize_image(style, _size(plan.style_labels))
    targets = region_grams(network, style, cells[1], tile_size=TILE_SIZE)
    rows, columns = ([each.label for each in regions] for regions in (plan.regions, plan.style_regions))
    return {layer: style_distances(grams.get(layer, {}), targets.get(layer, {}), rows, columns) for layer in cells[0]}


def content_distances(
    network: FeatureNetwork, result: Image, content: Image, plan: EvaluationPlan, settings: Settings
) -> tuple[float, tuple[float | None, ...]]:
    """Return the content distance of the whole picture and that of each region, each a mean over layers.

    Parameters
    ----------
    network : FeatureNetwork
        Where the features come from.
    result, content : (H, W, 3) and (h, w, 3) float32 array
        In [0, 1]; the content is resized to the result's size.
    plan : EvaluationPlan
        For the regions; one that is too small for every content layer has None.
    settings : Settings
        For the content layers, with their weights in the mean, and the propagation.
    """
    settings = settings.changed(tile_size=None)  # a result's settings may say which tiles it was made in
    term = content_term(network, resize_image(content, _size(plan.labels)), settings)
    features = content_term(network, result, settings).targets
    labels = [region.label for region in plan.regions]
    cells = layer_cells(network, plan.labels, labels, list(term.targets), settings)
    weights = dict(active(settings.content_layers))
    whole = {}
    by_region: dict[int, dict[str, float]] = {label: {} for label in labels}
    for layer, target in term.targets.items():
        found, wanted = (tf.cast(each, tf.float32).numpy() for each in (features[layer], target))
        gain = network.content_gains[layer]  # makes up for what the network does not see, as in the content term
        whole[layer] = gain * content_distance(found, wanted)
        for label, members in cells[layer].items():
            by_region[label][layer] = gain * content_distance(found, wanted, members)
    return _mean(whole, weights), tuple(
        _mean(by_region[label], weights) if by_region[label] else None for label in labels
    )


def _mean(values: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return the mean over the layers that there are, by weight."""
    return sum(weights[layer] * value for layer, value in values.items()) / sum(weights[layer] for layer in values)
