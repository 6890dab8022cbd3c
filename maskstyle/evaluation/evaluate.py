"""Evaluation of a result by region: Gram distances to its own style and to the others (Gatys et al., 2017)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from maskstyle.evaluation.distances import Matrix, averaged, compare_untouched, content_distance, style_distances
from maskstyle.evaluation.result import Evaluation
from maskstyle.evaluation.setup import EvaluationPlan, JudgedRegion, judging_settings, plan_evaluation
from maskstyle.guidance.regions import Labels
from maskstyle.images.pixels import Image, Mask, Size, resize_image
from maskstyle.maps.io import Color, SemanticMap
from maskstyle.networks.tensorflow import tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.guides import Cells, layer_cells, region_grams
from maskstyle.objective.objective import content_term
from maskstyle.settings import Settings, active
from maskstyle.techniques.plan import check_alpha, check_image
from maskstyle.techniques.setup import prepared_network

if TYPE_CHECKING:
    from maskstyle.networks.load import NetworkChoice
    from maskstyle.networks.vgg import FeatureNetwork
    from maskstyle.objective.guides import Cells


def evaluate_regions(
    result: Image,
    style: Image,
    *,
    content: Image | None = None,
    content_map: SemanticMap | None = None,
    style_map: SemanticMap | None = None,
    regions: Sequence[Color] | None = None,
    mapping: Sequence[tuple[Color, Color]] | None = None,
    unmatched: str = "error",
    masks: Sequence[Mask] = (),
    alpha: Mask | None = None,
    content_alpha: Mask | None = None,
    settings: Settings | None = None,
    network: NetworkChoice | FeatureNetwork | None = None,
) -> Evaluation:
    """Measure how near each region of a result is to its own style, to the other styles and to the content.

    Parameters
    ----------
    result : (H, W, 3) float array
        RGB in [0, 1]; what a transfer returned.
    style : (h, w, 3) float array
        RGB in [0, 1], of any size: it is used at the size that it has for a transfer to the result's size.
    content : (H', W', 3) float array, optional
        What the result was made from, of any size; without it there is no content distance, and nothing about pixels
        that were to stay.
    content_map, style_map : SemanticMap, optional
        Both, to judge by region: the map of the content, or the doodle, and that of the style image. Without them the
        whole result is compared with the whole style.
    regions, mapping, unmatched
        As they were for the transfer: see `maskstyle.transfer_region`.
    masks : sequence of (H'', W'') float array
        Soft masks in [0, 1] that the result was painted under, where there are no maps: pixels that are 0 in all of
        them were to stay.
    alpha, content_alpha : (H, W) and (H', W') float array, optional
        Opacity of the result and of the content; opaque where left out.
    settings : Settings, optional
        Of these, network, compute_type, pooling, padding, style_layers, content_layers, propagation, style_fit and
        style_scale are used; `maskstyle.settings.JUDGING` where they are left out. The last two should be those of
        the transfer.
    network : NetworkChoice or FeatureNetwork, optional
        A chosen or loaded network; found as the settings say where it is left out. VGG19 judges best.

    Returns
    -------
    Evaluation

    Raises
    ------
    ImageError, SettingsError, WeightsError
        For inputs that cannot work, before the long work starts.

    References
    ----------
    Gatys, Ecker, Bethge, Hertzmann and Shechtman, "Controlling Perceptual Factors in Neural Style Transfer",
    CVPR 2017, whose guided Gram matrices these are.

    Examples
    --------
    >>> import maskstyle
    >>> result, style, content = (  # doctest: +SKIP
    ...     maskstyle.load_image(name).pixels for name in ("out.png", "samples/harbour.jpg", "samples/coffee.jpg")
    ... )
    >>> maps = [maskstyle.load_map(f"samples/{name}_map.png") for name in ("coffee", "harbour")]  # doctest: +SKIP
    >>> evaluation = maskstyle.evaluate_regions(  # doctest: +SKIP
    ...     result, style, content=content, content_map=maps[0], style_map=maps[1], unmatched="keep"
    ... )
    >>> evaluation.leakage, evaluation.untouched_changed  # doctest: +SKIP
    """
    settings = judging_settings(settings, has_content=content is not None)
    result, style = check_image(result, "result"), check_image(style, "style image")
    if alpha is not None:
        alpha = check_alpha(alpha, result.shape[:2], "result")
    if content is not None:
        content = check_image(content, "content image")
        if content_alpha is not None:
            content_alpha = check_alpha(content_alpha, content.shape[:2])
    plan = plan_evaluation(
        result.shape[:2],
        style.shape[:2],
        content=None if content is None else content.shape[:2],
        content_map=content_map,
        style_map=style_map,
        regions=regions,
        mapping=mapping,
        unmatched=unmatched,
        masks=masks,
        settings=settings,
    )
    loaded = prepared_network(network, settings)
    cells = judged_cells(loaded, plan, settings)
    by_layer = style_matrices(loaded, result, style, plan, cells)
    distance: float | None = None
    distances: tuple[float | None, ...] = (None,) * len(plan.regions)
    untouched = None
    if content is not None:
        distance, distances = content_distances(loaded, result, content, plan, settings)
        if plan.untouched is not None:
            untouched = compare_untouched(result, content, plan.untouched, alpha=alpha, content_alpha=content_alpha)
    return Evaluation(
        regions=plan.regions,
        style_regions=plan.style_regions,
        own=plan.own,
        confusion=averaged(by_layer, active(settings.style_layers), plan.own),
        by_layer=by_layer,
        content_distance=distance,
        content_distances=distances,
        untouched=untouched,
        settings=settings.changed(pooling=loaded.pooling, padding=loaded.padding),
        network=loaded.architecture.name,
        compute_type=loaded.compute_type,
        size=(result.shape[0], result.shape[1]),
        style_size=(plan.style_labels.shape[0], plan.style_labels.shape[1]),
        remarks=(*plan.remarks, *_vanished(plan, *cells), *_about(loaded)),
    )


def _vanished(plan: EvaluationPlan, cells: Cells, style_cells: Cells) -> Iterable[str]:
    """Return a sentence for each region that is too small for some layers."""
    for regions, found, whose in (
        (plan.regions, cells, "the result"),
        (plan.style_regions, style_cells, "the style image"),
    ):
        for region in regions:
            missing = [layer for layer, members in found.items() if region.label not in members]
            if missing:
                where = "every layer" if len(missing) == len(found) else ", ".join(missing)
                yield f"region {region.name} of {whose} is too small for {where}, and is not judged there"


def _about(network: FeatureNetwork) -> Iterable[str]:
    measured_as = network.architecture.measured_as
    if measured_as is not None:
        yield f"{network.architecture.name} judges about as {measured_as.name} would; {measured_as.name} judges best"


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
