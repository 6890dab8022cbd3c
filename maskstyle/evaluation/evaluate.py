"""Evaluation of a result by region, with the guided Gram matrices of Gatys et al. (CVPR 2017)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.evaluation.comparison import Comparison, EvaluatedRegion, evaluation_settings, resolve_comparison
from maskstyle.evaluation.distances import (
    Matrix,
    compare_untouched,
    content_distance,
    mean_over_layers,
    style_distances,
)
from maskstyle.evaluation.result import Evaluation
from maskstyle.guidance.cells import WHOLE, CellWeights, every_cell, visible_cells
from maskstyle.guidance.regions import Labels
from maskstyle.images.pixels import AnyImage, Image, Mask, Size, resize_image, size_of
from maskstyle.images.transparency import resize_alpha
from maskstyle.maps.colors import RegionKey
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.networks.tensorflow import memory_errors, tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.assemble import content_term
from maskstyle.objective.extract import Extractor
from maskstyle.objective.guides import layer_cells
from maskstyle.settings import Settings, active
from maskstyle.synthesis.paint import loaded_network
from maskstyle.techniques.checks import check_picture

Cells: TypeAlias = dict[str, dict[int, CellWeights]]
"""The cells of regions by layer and label."""

if TYPE_CHECKING:
    from maskstyle.networks.load import NetworkChoice

TILE_SIZE = 1024
"""Side of the tiles of a large image, in pixels. Tiles bound the memory and do not change the numbers."""


@memory_errors()
def evaluate_regions(
    result: AnyImage,
    style: AnyImage,
    *,
    content: AnyImage | None = None,
    content_map: SemanticMap | None = None,
    style_map: SemanticMap | None = None,
    regions: Sequence[RegionKey] | None = None,
    mapping: Sequence[tuple[RegionKey, RegionKey]] | None = None,
    unmatched: str = "error",
    masks: Sequence[Mask] = (),
    alpha: Mask | None = None,
    content_alpha: Mask | None = None,
    settings: Settings | None = None,
    network: NetworkChoice | FeatureNetwork | None = None,
) -> Evaluation:
    """Measure how near each region of a result is to its own style, to the other styles and to the content image.

    Parameters
    ----------
    result : (H, W, 3) float array
        RGB or RGBA in [0, 1]; the image that a transfer returned. What is transparent in an image does not count.
    style : (h, w, 3) float array
        RGB in [0, 1]; resized as for a transfer to the result's size.
    content : (H', W', 3) float array, optional
        RGB in [0, 1]; the content image. Without it, there is no content distance and no count of changed pixels.
    content_map, style_map : SemanticMap, optional
        Maps of the content image, or the doodle, and of the style image: pass both, to evaluate by region. Without
        them, the whole result is compared with the whole style image.
    regions, mapping, unmatched
        The same as in the transfer; see `maskstyle.transfer_region`.
    masks : sequence of (H'', W'') float array
        Without maps: the soft masks of the transfer, in [0, 1]. Pixels where all masks are 0 should be unchanged.
    alpha, content_alpha : (H, W) and (H', W') float array, optional
        Opacity of the result and of the content image, in [0, 1]; opaque by default.
    settings : Settings, optional
        `maskstyle.settings.JUDGING` by default. Only network, compute_type, pooling, padding, style_layers,
        content_layers, propagation, style_fit and style_scale have an effect. Set the last two as in the transfer.
    network : NetworkChoice or FeatureNetwork, optional
        A chosen or loaded network; by default the one that the settings name. VGG19 is the most accurate.

    Returns
    -------
    Evaluation

    Raises
    ------
    ImageError, SettingsError, WeightsError
        If the inputs do not fit together; raised before the network runs.

    References
    ----------
    Gatys, Ecker, Bethge, Hertzmann and Shechtman, "Controlling Perceptual Factors in Neural Style Transfer",
    CVPR 2017.

    Examples
    --------
    >>> import maskstyle
    >>> result, style, content = (  # doctest: +SKIP
    ...     maskstyle.load_image(name).pixels for name in ("out.png", "samples/harbour.jpg", "samples/coffee.jpg")
    ... )
    >>> maps = [maskstyle.load_map(f"samples/{name}_map.png") for name in ("coffee", "harbour")]  # doctest: +SKIP
    >>> evaluation = maskstyle.evaluation.evaluate_regions(  # doctest: +SKIP
    ...     result, style, content=content, content_map=maps[0], style_map=maps[1], unmatched="keep"
    ... )
    >>> evaluation.leakage, evaluation.untouched_changed  # doctest: +SKIP
    """
    settings = evaluation_settings(settings, has_content=content is not None)
    stored = result  # unpainted pixels count even where a result is transparent
    result, alpha = check_picture(result, "result", alpha)
    style, style_alpha = check_picture(style, "style image")
    if content is not None:
        content, content_alpha = check_picture(content, "content image", content_alpha)
    comparison = resolve_comparison(
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
    loaded = loaded_network(network, settings)
    extractor = Extractor(loaded, TILE_SIZE)
    cells = _compared_cells(extractor, comparison, settings, alpha, style_alpha)
    by_layer = _style_distances(extractor, result, style, comparison, cells)
    distance: float | None = None
    distances: tuple[float | None, ...] = (None,) * len(comparison.regions)
    untouched = None
    if content is not None:
        distance, distances = _content_distances(loaded, result, content, comparison, settings, alpha)
        if comparison.untouched is not None:
            untouched = compare_untouched(
                np.asarray(stored, np.float32)[..., :3],
                content,
                comparison.untouched,
                alpha=alpha,
                content_alpha=content_alpha,
            )
    return Evaluation(
        regions=comparison.regions,
        style_regions=comparison.style_regions,
        own=comparison.own,
        confusion=mean_over_layers(by_layer, active(settings.style_layers), comparison.own),
        by_layer=by_layer,
        content_distance=distance,
        content_distances=distances,
        untouched=untouched,
        settings=settings.changed(pooling=loaded.pooling, padding=loaded.padding),
        network=loaded.architecture.name,
        compute_type=loaded.compute_type,
        size=size_of(comparison.labels),
        style_size=size_of(comparison.style_labels),
        notes=(*comparison.notes, *loaded.notes, *_small_regions(comparison, *cells), *_accuracy(loaded)),
    )


def _compared_cells(
    extractor: Extractor, comparison: Comparison, settings: Settings, alpha: Mask | None, style_alpha: Mask | None
) -> tuple[Cells, Cells]:
    """Return the cells of each region of the result, and of the style image, on the grids of the style layers."""
    cells = _cells(extractor, comparison.labels, comparison.regions, settings)
    style_cells = _cells(extractor, comparison.style_labels, comparison.style_regions, settings)
    whole = every_cell(extractor.grids(size_of(comparison.style_labels), list(style_cells)))
    for region in comparison.style_regions:
        if region.color is None:  # the whole style image has every cell
            for layer, found in style_cells.items():
                found[region.label] = whole[layer][WHOLE]
    return _visible(extractor, cells, alpha, size_of(comparison.labels)), _visible(
        extractor, style_cells, style_alpha, size_of(comparison.style_labels)
    )


def _visible(extractor: Extractor, cells: Cells, alpha: Mask | None, size: Size) -> Cells:
    """Return the cells of an image of a size, weighted by its alpha."""
    if alpha is None:
        return cells
    return visible_cells(cells, resize_alpha(alpha, size), extractor.grids(size, list(cells)))


def _cells(extractor: Extractor, labels: Labels, regions: Iterable[EvaluatedRegion], settings: Settings) -> Cells:
    layers = [layer for layer, _ in active(settings.style_layers)]
    return layer_cells(extractor, labels, [region.label for region in regions], layers, settings.propagation)


def _style_distances(
    extractor: Extractor, result: Image, style: Image, comparison: Comparison, cells: tuple[Cells, Cells]
) -> dict[str, Matrix]:
    """Return the style distances at each style layer."""
    grams = _grams(extractor, result, cells[0])
    style = resize_image(style, size_of(comparison.style_labels))
    targets = _grams(extractor, style, cells[1])
    rows = [region.label for region in comparison.regions]
    columns = [region.label for region in comparison.style_regions]
    return {layer: style_distances(grams.get(layer, {}), targets.get(layer, {}), rows, columns) for layer in cells[0]}


def _grams(extractor: Extractor, image: Image, cells: Cells) -> dict[str, dict[int, NDArray[np.float32]]]:
    """Return the Gram matrices of regions by layer and label."""
    grams = extractor.grams(image, {layer: list(found.values()) for layer, found in cells.items()})
    return {layer: dict(zip(cells[layer], found, strict=True)) for layer, found in grams.items()}


def _content_distances(
    network: FeatureNetwork,
    result: Image,
    content: Image,
    comparison: Comparison,
    settings: Settings,
    alpha: Mask | None,
) -> tuple[float, tuple[float | None, ...]]:
    """Return the content distance of the whole image and of each region, as means over the content layers.

    The distance of a region that is too small for every content layer is None.
    """
    whole_images = Extractor(network)
    term = content_term(whole_images, resize_image(content, size_of(comparison.labels)), settings)
    features = content_term(whole_images, result, settings).targets
    labels = [region.label for region in comparison.regions]
    layers = list(term.targets)
    size = size_of(comparison.labels)
    cells = layer_cells(whole_images, comparison.labels, labels, layers, settings.propagation)
    cells = _visible(whole_images, cells, alpha, size)
    every = every_cell(whole_images.grids(size, layers))
    everywhere = {layer: {0: found[WHOLE]} for layer, found in every.items()}
    everywhere = _visible(whole_images, everywhere, alpha, size)
    weights = dict(active(settings.content_layers))
    whole = {}
    by_region: dict[int, dict[str, float]] = {label: {} for label in labels}
    for layer, target in term.targets.items():
        found, wanted = (tf.cast(each, tf.float32).numpy() for each in (features[layer], target))
        gain = network.content_gains[layer]  # compensates for what the network misses, as in the content term
        whole[layer] = gain * content_distance(found, wanted, everywhere[layer].get(0))
        for label, members in cells[layer].items():
            by_region[label][layer] = gain * content_distance(found, wanted, members)
    return _weighted_mean(whole, weights), tuple(
        _weighted_mean(by_region[label], weights) if by_region[label] else None for label in labels
    )


def _weighted_mean(values: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return the weighted mean over the layers that have a value."""
    return sum(weights[layer] * value for layer, value in values.items()) / sum(weights[layer] for layer in values)


def _small_regions(comparison: Comparison, cells: Cells, style_cells: Cells) -> Iterable[str]:
    """Yield a note for each region that is too small for some layers."""
    for regions, found, image in (
        (comparison.regions, cells, "the result"),
        (comparison.style_regions, style_cells, "the style image"),
    ):
        for region in regions:
            missing = [layer for layer, members in found.items() if region.label not in members]
            if missing:
                where = "every layer" if len(missing) == len(found) else ", ".join(missing)
                yield f"region {region.name} of {image} is too small for {where}; its distance there is unknown"


def _accuracy(network: FeatureNetwork) -> Iterable[str]:
    """Yield a note if the network only approximates another one."""
    name, measured_as = network.architecture.name, network.architecture.measured_as
    if measured_as is not None:
        yield f"{name} approximates {measured_as.name}; {measured_as.name} is more accurate"
