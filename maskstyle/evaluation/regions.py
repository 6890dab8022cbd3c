"""Evaluation of a result by region: Gram distances to its own style and to the others (Gatys et al., 2017)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from maskstyle.evaluation.distances import averaged
from maskstyle.evaluation.measure import content_distances, judged_cells, style_matrices
from maskstyle.evaluation.plan import EvaluationPlan, judging_settings, plan_evaluation
from maskstyle.evaluation.result import Evaluation
from maskstyle.evaluation.untouched import compare_untouched
from maskstyle.images import Image, Mask
from maskstyle.maps import Color, SemanticMap
from maskstyle.settings import Settings, active
from maskstyle.techniques.plan import check_alpha, check_image
from maskstyle.techniques.setup import prepared_network

if TYPE_CHECKING:
    from maskstyle.guides import Cells
    from maskstyle.networks.load import NetworkChoice
    from maskstyle.networks.vgg import FeatureNetwork


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
