"""Doodles: a painting for a map of flat colors, each region in the style of its own (Champandard, 2016)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from maskstyle.guidance.regions import resize_labels
from maskstyle.images.pixels import Image, Mask, Size, resize_image
from maskstyle.maps.assignment import plan_doodle
from maskstyle.maps.io import Color, SemanticMap
from maskstyle.objective.guides import region_guides, vanished
from maskstyle.objective.objective import ObjectiveLike, objective_for, style_term, total_variation_term
from maskstyle.objective.patch_targets import MapPair, drawn_matches, patch_matches, patch_remarks, patch_term
from maskstyle.settings import DOODLE_SETTINGS, PatchSettings, Settings
from maskstyle.synthesis.result import Result
from maskstyle.synthesis.scales import OnStep, synthesize
from maskstyle.techniques.plan import (
    check_alpha,
    check_doodle_patches,
    check_image,
    check_initial,
    check_matching,
    check_without_content,
    starting_image,
    style_size,
    transfer_sizes,
)
from maskstyle.techniques.setup import begin_checkpoints, finished, fitted, prepared_network

if TYPE_CHECKING:
    from maskstyle.networks.load import NetworkChoice
    from maskstyle.networks.vgg import FeatureNetwork
    from maskstyle.objective.terms import Term
    from maskstyle.synthesis.checkpoints import Checkpoints

MARGIN = 16
"""Mirrored pixels around the image at coarse sizes: the side of a cell of block 5, the deepest. Nothing but style
says what goes to the edges of a doodle, and the zeros with which layers are padded would draw dots there."""


def transfer_doodle(
    style: Image,
    *,
    style_map: SemanticMap,
    doodle: SemanticMap,
    matching: str = "region",
    patches: PatchSettings | None = None,
    mapping: Sequence[tuple[Color, Color]] | None = None,
    unmatched: str = "error",
    alpha: Mask | None = None,
    initial: Image | None = None,
    settings: Settings | None = None,
    network: NetworkChoice | FeatureNetwork | None = None,
    on_step: OnStep | None = None,
    should_stop: Callable[[], bool] | None = None,
    checkpoints: Checkpoints | None = None,
) -> Result:
    """Paint a doodle: each of its regions in the style of the region of the same color of a style image.

    Parameters
    ----------
    style : (h, w, 3) float array
        RGB in [0, 1], of any size.
    style_map : SemanticMap
        Which region each of its pixels belongs to; see `maskstyle.load_map`. It may have regions that the doodle
        does not use.
    doodle : SemanticMap
        Which region each pixel of the picture to make belongs to.
    matching : {"region", "patch"}
        How styles are matched: region by region, or patch by patch as in `maskstyle.transfer_patch`.
    patches : PatchSettings, optional
        How patches are cut and matched, where they are; there is no content whose features could be compared.
    mapping : sequence of (doodle color, style color), optional
        Which region takes which style, where that is not the region of the same color.
    unmatched : {"error", "whole-style"}
        What becomes of a region of the doodle that the style's map does not have: an error, or painted in the style
        of the whole style image.
    alpha : (H, W) float array, optional
        Transparency of the doodle in [0, 1], carried to the result; where it is left out, pixels of the doodle
        that are in no region become transparent.
    initial : (H', W', 3) float array, optional
        The first image, in [0, 1]; it overrides ``settings.init``.
    settings : Settings, optional
        Everything else, without a content weight; ``maskstyle.DOODLE_SETTINGS`` where it is left out.
    network, on_step, should_stop, checkpoints
        See `maskstyle.transfer_basic`.

    Returns
    -------
    Result
        Of the doodle's size, at most 512 pixels on the longer side unless ``settings.size`` says more.

    Raises
    ------
    ImageError, SettingsError, WeightsError, CheckpointError
        For inputs that cannot work, before the long work starts.
    NumericalError
        Where a loss is not finite; it carries the last good image.

    References
    ----------
    Champandard, "Semantic Style Transfer and Turning Two-Bit Doodles into Fine Artworks", 2016, for the idea, there
    with patches; Gatys, Ecker, Bethge, Hertzmann and Shechtman, "Controlling Perceptual Factors in Neural Style
    Transfer", CVPR 2017, for Gram matrices of regions.

    Examples
    --------
    >>> import maskstyle
    >>> style = maskstyle.load_image("samples/harbour.jpg").pixels  # doctest: +SKIP
    >>> result = maskstyle.transfer_doodle(  # doctest: +SKIP
    ...     style,
    ...     style_map=maskstyle.load_map("samples/harbour_map.png"),
    ...     doodle=maskstyle.load_map("samples/coast_doodle.png"),
    ... )
    """
    check_matching(matching)
    initial, settings = check_initial(initial, settings or DOODLE_SETTINGS, auto="colors")
    check_without_content(settings)
    patches = check_doodle_patches(matching, patches)
    style = check_image(style, "style image")
    plan = plan_doodle(doodle, style_map, style_size=style.shape[:2], mapping=mapping, unmatched=unmatched)
    doodle_size = plan.content_map.size
    alpha = _alpha_of(plan.content_map) if alpha is None else check_alpha(alpha, doodle_size, "doodle")
    sizes = transfer_sizes(doodle_size, settings, styles=[style.shape[:2]])
    loaded = prepared_network(network, settings)
    settings = fitted(settings, sizes, loaded, regions=True, patches=patches if matching == "patch" else None)
    begin_checkpoints(
        checkpoints,
        "doodle",
        sizes,
        settings=settings,
        network=loaded,
        inputs={
            "style image": style,
            "style map": style_map,
            "doodle": doodle,
            "matching": matching,
            "patches": dataclasses.asdict(patches),
            "mapping": mapping,
            "unmatched": unmatched,
            "alpha": alpha,
            "initial image": initial,
        },
    )
    remarks: tuple[str, ...] = ()
    match_map: Image | None = None

    def margin_at(size: Size) -> int:
        # Zeros are what was asked for otherwise; patches leave out what they touch. At the finest size the layers see
        # what every other picture is seen with, or the edges would be off in what they make of it.
        return MARGIN if loaded.padding == "edge" and matching == "region" and size != sizes[-1] else 0

    def style_term_at(size: Size) -> Term:
        """Return the style term of a size; the remarks and the match map of the last one are kept."""
        nonlocal remarks, match_map
        used = style_size(style.shape[:2], size, settings)
        scaled, labels = resize_image(style, used), resize_labels(plan.content_map.labels, size)
        style_labels = resize_labels(plan.style_map.labels, used)
        if matching == "region":
            guides = region_guides(loaded, labels, scaled, style_labels, plan.pairs, settings, margin=margin_at(size))
            remarks = vanished(guides, settings)
            return style_term(loaded, guides, settings)
        maps = MapPair(labels, plan.agreed_colors(), style_labels, plan.style_map.colors)
        matches = patch_matches(loaded, maps, scaled, settings, patches, scale=max(size) / max(sizes[-1]))
        remarks, match_map = patch_remarks(loaded, maps, settings), drawn_matches(matches, scaled, size)
        return patch_term(loaded, matches, scaled, size, settings)

    def objective_at(size: Size) -> ObjectiveLike:
        terms: list[Term] = [total_variation_term(settings)]
        if settings.style_weight > 0:
            terms.insert(0, style_term_at(size))
        return objective_for(size, loaded, terms, settings, margin=margin_at(size))

    start = starting_image(None, style, initial, sizes, settings, regions=plan)
    synthesis = synthesize(
        objective_at, start, sizes, settings, on_step=on_step, should_stop=should_stop, checkpoints=checkpoints
    )
    return finished(
        synthesis,
        technique="doodle",
        content=None,
        alpha=alpha,
        network=loaded,
        settings=settings,
        remarks=remarks,
        patches=patches if matching == "patch" else None,
        match_map=match_map,
    )


def _alpha_of(doodle: SemanticMap) -> Mask | None:
    """Return 0 where a doodle has no region and 1 elsewhere, or None where it has one everywhere."""
    inside = doodle.labels >= 0
    return None if inside.all() else inside.astype(np.float32)
