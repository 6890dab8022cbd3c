"""Planned style transfer: regions and soft masks of one picture, each in a style of its own, or kept."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from maskstyle.guidance.planned import PlannedRegion, PlannedStyle, Settled
from maskstyle.guidance.planned_cover import Cover
from maskstyle.guidance.planned_styles import SeenStyles, seen_styles
from maskstyle.guidance.settling import settle_denoised, settle_regions
from maskstyle.images.color import lightness_only, with_content_chroma
from maskstyle.images.compositing import faded_in, faded_in_at_edges, mixed
from maskstyle.images.pixels import Image, Mask, Size, resize_image
from maskstyle.maps.io import Color, SemanticMap
from maskstyle.objective.guides import vanished
from maskstyle.objective.objective import ObjectiveLike, content_term, objective_for, style_term, total_variation_term
from maskstyle.objective.planned_guides import planned_guides
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


def transfer_planned(
    content: Image,
    regions: Sequence[PlannedRegion],
    *,
    content_map: SemanticMap | None = None,
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
    """Paint regions and soft masks of a content image, each in a style of its own: an image or part of one.

    Parameters
    ----------
    content : (H, W, 3) float array
        RGB in [0, 1].
    regions : sequence of PlannedRegion
        What is painted, and how. Where masks overlap one another, or regions, styles mix in proportion. The pixels of
        regions that are kept, and all that nothing paints, stay those of the content, bit for bit where it is not
        resized.
    content_map : SemanticMap, optional
        Which region each pixel belongs to; needed where regions are planned. See `maskstyle.load_map`.
    feather : float
        Pixels, of the result, over which styles fade in from the edge of all regions that are painted.
    feather_mode, transparent
        See `maskstyle.transfer_region`.
    denoise_regions : sequence of (red, green, blue), optional
        The map colors of the painted regions that ``settings.denoise`` is for; all that is painted where they are
        left out.
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

    Notes
    -----
    With one style and its regions this is `maskstyle.transfer_region`, with masks alone
    `maskstyle.transfer_gradient_mask`, bit for bit. Where regions differ in their color modes, the network sees
    those of ``luminance`` in gray, and what nothing paints as ``settings.color`` says.

    Examples
    --------
    >>> import maskstyle
    >>> photo = maskstyle.load_image("samples/coffee.jpg").pixels  # doctest: +SKIP
    >>> styles = [  # doctest: +SKIP
    ...     maskstyle.PlannedStyle(maskstyle.load_image(f"samples/{name}.jpg").pixels) for name in ("window", "dots")
    ... ]
    >>> result = maskstyle.transfer_planned(  # doctest: +SKIP
    ...     photo,
    ...     [
    ...         maskstyle.PlannedRegion((200, 70, 50), style=styles[0]),
    ...         maskstyle.PlannedRegion((110, 140, 60), style=styles[1], color="content"),
    ...     ],
    ...     content_map=maskstyle.load_map("samples/coffee_map.png"),
    ... )
    """
    initial, settings = check_initial(initial, settings or Settings())
    check_feather(feather, feather_mode)
    check_denoised(denoise_regions, settings)
    content = check_image(content, "content image")
    regions = _with_checked_styles(regions)
    if alpha is not None:
        alpha = check_alpha(alpha, content.shape[:2])
    settled = settle_regions(regions, content_map, content.shape[:2], color=settings.color)
    maps = _maps(settled)
    check_soft(any(each.shares is not None for each in maps), settings)
    smoothed = settle_denoised(denoise_regions, settled)
    sizes = transfer_sizes(content.shape[:2], settings, styles=[style.size for style in settled.styles()])
    loaded = prepared_network(network, settings)
    settings = fitted(
        settings,
        sizes,
        loaded,
        regions=content_map is not None,
        masks=settled.weighings(),
        styles=len(settled.styles()),
    )
    begin_checkpoints(
        checkpoints,
        "planned",
        sizes,
        settings=settings,
        network=loaded,
        inputs={
            "content image": content,
            "regions": settled.entries,
            "kept regions": settled.kept,
            "content map": content_map,
            "feather": feather,
            "feather_mode": feather_mode,
            "transparent": transparent,
            "denoise_regions": denoise_regions,
            "alpha": alpha,
            "initial image": initial,
        },
    )
    styles = seen_styles(settled, content, alpha=alpha)
    cover = Cover(settled)
    # What nothing paints is seen as the settings say.
    gray_at = partial(cover.share_in, ("luminance",), elsewhere=settings.color == "luminance")
    gray = lightness_only(content) if gray_at(content.shape[:2]).any() else content

    def seen_at(size: Size) -> Image:
        """Return the content as the network sees it."""
        return mixed(resize_image(content, size), resize_image(gray, size), gray_at(size))

    def guides_at(size: Size) -> list[Guide]:
        if settings.style_weight == 0:
            return []
        return planned_guides(
            loaded, settled, styles, size, lambda style: style_size(style, size, settings), settings
        )

    remarks: tuple[str, ...] = ()

    def objective_at(size: Size) -> ObjectiveLike:
        nonlocal remarks
        guides = guides_at(size)
        remarks = vanished(guides, settings)  # those of the last size are kept
        return objective_for(
            size,
            loaded,
            [
                content_term(loaded, seen_at(size), settings),
                style_term(loaded, guides, settings),
                total_variation_term(settings),
            ],
            settings,
            free=cover.touched(size).astype(np.float32),
        )

    def kept(image: Image) -> Image:
        """Return an image with the content's pixels, as they are seen, wherever nothing is painted."""
        size = (image.shape[0], image.shape[1])
        return np.where(cover.touched(size)[..., np.newaxis], image, seen_at(size))

    def opacity_at(size: Size) -> Mask:
        inside = settled.inside(size)
        if feather_mode == "edges":
            return cover.opacity(size, faded_in_at_edges(inside, feather, resize_image(content, size)))
        return cover.opacity(size, faded_in(inside, feather))

    def composed(image: Image) -> Image:
        size = (image.shape[0], image.shape[1])
        beneath = resize_image(content, size)
        share = cover.share_in(("content", "luminance"), size)
        painted = mixed(image, with_content_chroma(image, beneath), share) if share.any() else image
        covered = opacity_at(size)
        return mixed(beneath, painted, np.ceil(covered) if transparent else covered)

    start = _start(content, settled, styles, initial, sizes, settings)
    size = (start.shape[0], start.shape[1])
    if gray is not content:
        start = mixed(start, lightness_only(start), gray_at(size))
    soft = settled.content_map is not None and settled.content_map.shares is not None
    if settings.init in ("noise", "style", "colors") and (soft or settled.masked()):
        # Faint masks would not get the content's colors back, which the features hardly see.
        start = mixed(seen_at(size), start, cover.total(size))
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
        technique="planned",
        content=None,  # whose colors go where is composed
        alpha=alpha,
        network=loaded,
        settings=settings,
        denoised_at=None if smoothed is None else lambda size: settled.among(size, smoothed),
        compose=composed,
        opacity_at=opacity_at if transparent else None,
        remarks=(*hard_maps(maps), *remarks),
    )


def _maps(settled: Settled) -> list[SemanticMap]:
    """Return the maps of a plan."""
    held = [settled.content_map, *(style.style_map for style in settled.styles())]
    return [each for each in held if each is not None]


def _with_checked_styles(regions: Sequence[PlannedRegion]) -> list[PlannedRegion]:
    """Return a plan with style images of float32; regions that share a style go on to share it."""
    styles: dict[int, PlannedStyle] = {}
    checked = []
    for planned in regions:
        style = planned.style
        if style is not None and id(style) not in styles:
            styles[id(style)] = replace(style, image=check_image(style.image, style.name))
        checked.append(planned if style is None else replace(planned, style=styles[id(style)]))
    return checked


def _start(
    content: Image,
    settled: Settled,
    styles: SeenStyles,
    initial: Image | None,
    sizes: Sequence[Size],
    settings: Settings,
) -> Image:
    """Return the first image; where it has the styles' colors, each region has those of its own.

    One that is a style is the first style everywhere, in each region's own colors where it is recolored for these.
    """
    start = starting_image(content, styles.first(), initial, sizes, settings)
    if settings.init not in ("colors", "style"):
        return start
    size = (start.shape[0], start.shape[1])
    for each in styles.regions:
        if settings.init == "style" and each.entries[0].style is not styles.regions[0].entries[0].style:
            continue
        own = starting_image(content, each.image, None, sizes, settings, regions=settled.pairs(each.entries))
        inside = settled.among(size, [entry.label for entry in each.entries if entry.label is not None])
        start = np.where(inside[..., np.newaxis], own, start)
    return start
