"""Region style transfer: each region takes the style of the region of the same color (Gatys et al., 2017)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.pair_styles import styles_by_pair
from maskstyle.guidance.regions import painted_share, resize_labels
from maskstyle.images.color import seen_content
from maskstyle.images.compositing import faded_in, faded_in_at_edges, mixed
from maskstyle.images.pixels import Image, Mask, Size, resize_image
from maskstyle.maps.assignment import denoised_regions, plan_regions
from maskstyle.maps.io import Color, SemanticMap
from maskstyle.objective.guides import vanished
from maskstyle.objective.objective import ObjectiveLike, content_term, objective_for, style_term, total_variation_term
from maskstyle.objective.soft_guides import map_guides
from maskstyle.settings import Settings
from maskstyle.synthesis.result import Result
from maskstyle.synthesis.scales import OnStep, synthesize
from maskstyle.techniques.plan import (
    check_alpha,
    check_denoised,
    check_feather,
    check_image,
    check_initial,
    check_soft,
    hard_maps,
    starting_image,
    style_size,
    transfer_sizes,
)
from maskstyle.techniques.setup import begin_checkpoints, finished, fitted, prepared_network

if TYPE_CHECKING:
    from maskstyle.networks.load import NetworkChoice
    from maskstyle.networks.vgg import FeatureNetwork
    from maskstyle.objective.terms import Guide
    from maskstyle.synthesis.checkpoints import Checkpoints


def transfer_region(
    content: Image,
    style: Image,
    *,
    content_map: SemanticMap,
    style_map: SemanticMap,
    regions: Sequence[Color] | None = None,
    mapping: Sequence[tuple[Color, Color]] | None = None,
    unmatched: str = "error",
    feather: float = 0.0,
    feather_mode: str = "distance",
    transparent: bool = False,
    denoise_regions: Sequence[Color] | None = None,
    alpha: Mask | None = None,
    initial: Image | None = None,
    settings: Settings | None = None,
    network: NetworkChoice | FeatureNetwork | None = None,
    on_step: OnStep | None = None,
    should_stop: Callable[[], bool] | None = None,
    checkpoints: Checkpoints | None = None,
) -> Result:
    """Paint each region of a content image in the style of the region of the same color of a style image.

    Parameters
    ----------
    content : (H, W, 3) float array
        RGB in [0, 1].
    style : (h, w, 3) float array
        RGB in [0, 1], of any size.
    content_map, style_map : SemanticMap
        Which region each pixel belongs to; see `maskstyle.load_map`. A map of another size than its image is
        resized where the aspect is the same. Pixels of no region are left as they are. Where a map is soft
        (``load_map(path, soft=True)``), its blended pixels weigh in the Gram matrices of several regions, each by its
        share, and paint covers each pixel of the content as far as the shares of the painted regions add up to.
    regions : sequence of (red, green, blue), optional
        The map colors of the regions to paint; all where they are left out. The pixels of the others stay
        those of the content, bit for bit where it is not resized.
    mapping : sequence of (content color, style color), optional
        Which region takes which style, where that is not the region of the same color.
    unmatched : {"error", "keep", "whole-style"}
        What becomes of a region to paint that the style's map does not have: an error, left as it is, or painted in
        the style of the whole style image. ``error`` also refuses a region that only the style's map has, unless
        `regions` or `mapping` say what is wanted.
    feather : float
        Pixels, of the result, over which the style fades in from the edge of what is painted.
    feather_mode : {"distance", "edges"}
        What fading in follows: the distance alone, or also the content's edges. Paint then ends at an edge that is
        within `feather` of the edge of what is painted, and fades where there is none.
    transparent : bool
        Whether the result holds what is painted alone: its alpha is the paint's opacity, times the content's. Laid
        over the content it gives what it is without. Beneath alpha 0 are the content's pixels.
    denoise_regions : sequence of (red, green, blue), optional
        The map colors of the painted regions that ``settings.denoise`` is for; all where they are left out.
    alpha, initial, settings, network, on_step, should_stop, checkpoints
        See `maskstyle.transfer_basic`.

    Returns
    -------
    Result

    Raises
    ------
    ImageError, SettingsError, WeightsError, CheckpointError
        For inputs that cannot work, before the long work starts.
    NumericalError
        Where a loss is not finite; it carries the last good image.

    References
    ----------
    Gatys, Ecker, Bethge, Hertzmann and Shechtman, "Controlling Perceptual Factors in Neural Style Transfer",
    CVPR 2017.

    Examples
    --------
    >>> import maskstyle
    >>> content = maskstyle.load_image("samples/coffee.jpg").pixels  # doctest: +SKIP
    >>> style = maskstyle.load_image("samples/harbour.jpg").pixels  # doctest: +SKIP
    >>> maps = [maskstyle.load_map(f"samples/{name}_map.png") for name in ("coffee", "harbour")]  # doctest: +SKIP
    >>> result = maskstyle.transfer_region(  # doctest: +SKIP
    ...     content, style, content_map=maps[0], style_map=maps[1], regions=[(200, 70, 50)]
    ... )
    """
    initial, settings = check_initial(initial, settings or Settings())
    check_feather(feather, feather_mode)
    check_denoised(denoise_regions, settings)
    content = check_image(content, "content image")
    style = check_image(style, "style image")
    if alpha is not None:
        alpha = check_alpha(alpha, content.shape[:2])
    plan = plan_regions(
        content_map,
        style_map,
        content_size=content.shape[:2],
        style_size=style.shape[:2],
        regions=regions,
        mapping=mapping,
        unmatched=unmatched,
    )
    sizes = transfer_sizes(content.shape[:2], settings, styles=[style.shape[:2]])
    check_soft(any(each.shares is not None for each in (content_map, style_map)), settings)
    smoothed = denoised_regions(denoise_regions, plan)
    loaded = prepared_network(network, settings)
    masks = 0 if content_map.shares is None else len(content_map.colors)
    settings = fitted(settings, sizes, loaded, regions=True, masks=masks)
    begin_checkpoints(
        checkpoints,
        "region",
        sizes,
        settings=settings,
        network=loaded,
        inputs={
            "content image": content,
            "style image": style,
            "content map": content_map,
            "style map": style_map,
            "regions": regions,
            "mapping": mapping,
            "unmatched": unmatched,
            "feather": feather,
            "feather_mode": feather_mode,
            "transparent": transparent,
            "denoise_regions": denoise_regions,
            "alpha": alpha,
            "initial image": initial,
        },
    )
    painted = [pair.region for pair in plan.pairs]
    seen = seen_content(content, settings.color)
    styles = styles_by_pair(style, content, plan, settings.color, alpha=alpha)

    def pixels_of(regions: Sequence[int], size: Size) -> NDArray[np.bool_]:
        return np.isin(resize_labels(plan.content_map.labels, size), regions)

    def inside_at(size: Size) -> NDArray[np.bool_]:
        return painted_share(plan.content_map, painted, size) > 0

    def guides_at(size: Size) -> list[Guide]:
        if settings.style_weight == 0:
            return []
        used = style_size(style.shape[:2], size, settings)
        return [
            guide
            for each in styles
            for guide in map_guides(
                loaded,
                plan.content_map,
                plan.style_map,
                size,
                resize_image(each.style, used),
                each.pairs,
                settings,
            )
        ]

    remarks: tuple[str, ...] = ()

    def objective_at(size: Size) -> ObjectiveLike:
        nonlocal remarks
        guides = guides_at(size)
        remarks = vanished(guides, settings)  # those of the last size are kept
        return objective_for(
            size,
            loaded,
            [
                content_term(loaded, resize_image(seen, size), settings),
                style_term(loaded, guides, settings),
                total_variation_term(settings),
            ],
            settings,
            free=inside_at(size).astype(np.float32),
        )

    def kept(image: Image) -> Image:
        """Return an image with the content's pixels, as they are seen, wherever nothing is painted."""
        size = (image.shape[0], image.shape[1])
        return np.where(inside_at(size)[..., np.newaxis], image, resize_image(seen, size))

    def opacity_at(size: Size) -> Mask:
        if feather_mode == "edges":
            covered = faded_in_at_edges(inside_at(size), feather, resize_image(content, size))
        else:
            covered = faded_in(inside_at(size), feather)
        return np.minimum(covered, painted_share(plan.content_map, painted, size))

    def composed(image: Image) -> Image:
        size = (image.shape[0], image.shape[1])
        covered = opacity_at(size)
        return mixed(resize_image(content, size), image, np.ceil(covered) if transparent else covered)

    start = starting_image(content, styles[0].style, initial, sizes, settings, regions=plan)
    for each in styles[1:] if settings.init in ("colors", "style") else ():  # in colors of their own
        own = starting_image(content, each.style, None, sizes, settings, regions=plan._replace(pairs=each.pairs))
        inside = pixels_of([pair.region for pair in each.pairs], (start.shape[0], start.shape[1]))
        start = np.where(inside[..., np.newaxis], own, start)
    start = seen_content(start, settings.color)
    if plan.content_map.shares is not None and settings.init in ("noise", "style", "colors"):
        # Faint shares would not get the content's colors back, which the features hardly see.
        size = (start.shape[0], start.shape[1])
        start = mixed(resize_image(seen, size), start, painted_share(plan.content_map, painted, size))
    synthesis = synthesize(
        objective_at,
        start,
        sizes,
        settings,
        on_step=on_step,
        should_stop=should_stop,
        begin_with=kept,
        checkpoints=checkpoints,
    )
    return finished(
        synthesis,
        technique="region",
        content=content,
        alpha=alpha,
        network=loaded,
        settings=settings,
        denoised_at=None if smoothed is None else lambda size: pixels_of(smoothed, size),
        compose=composed,
        opacity_at=opacity_at if transparent else None,
        remarks=(
            *(f"region {name} is not in the style's map, and was left alone" for name in plan.kept),
            *hard_maps((content_map, style_map)),
            *remarks,
        ),
    )
