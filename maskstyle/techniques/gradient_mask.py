"""Gradient mask style transfer: each style where its soft mask is, as strongly as the mask says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import SettingsError
from maskstyle.guidance.soft_masks import opacity
from maskstyle.images.color import RECOLORED, seen_content, seen_style, visible_weights
from maskstyle.images.compositing import mixed
from maskstyle.images.pixels import Image, Mask, Size, resize_image, resize_mask
from maskstyle.masks.io import fit_mask
from maskstyle.objective.guides import mask_guides, vanished
from maskstyle.objective.objective import ObjectiveLike, content_term, objective_for, style_term, total_variation_term
from maskstyle.settings import Settings
from maskstyle.synthesis.result import Result
from maskstyle.synthesis.scales import OnStep, synthesize
from maskstyle.techniques.plan import (
    check_alpha,
    check_image,
    check_initial,
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


def transfer_gradient_mask(
    content: Image,
    styles: Sequence[Image],
    *,
    masks: Sequence[Mask],
    strengths: Sequence[float] | None = None,
    transparent: bool = False,
    alpha: Mask | None = None,
    initial: Image | None = None,
    settings: Settings | None = None,
    network: NetworkChoice | FeatureNetwork | None = None,
    on_step: OnStep | None = None,
    should_stop: Callable[[], bool] | None = None,
    checkpoints: Checkpoints | None = None,
) -> Result:
    """Paint a content image in styles that each follow a soft mask of their own.

    Parameters
    ----------
    content : (H, W, 3) float array
        RGB in [0, 1].
    styles : sequence of (h, w, 3) float array
        RGB in [0, 1], one for each mask; an array may be there several times.
    masks : sequence of (M, N) float array
        How strongly each pixel takes the style, in [0, 1], of the content's aspect; see `maskstyle.load_mask`. Where
        masks overlap styles mix in proportion. Pixels where all masks are 0 stay those of the content, bit for bit
        where it is not resized.
    strengths : sequence of float, optional
        Factors above 0 on how strongly the masks' styles are felt; 1 where they are left out.
    transparent : bool
        Whether the result holds what is painted alone: its alpha is the paint's opacity, times the content's. Laid
        over the content it gives what it is without. Beneath alpha 0 are the content's pixels.
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

    Examples
    --------
    >>> import maskstyle
    >>> content = maskstyle.load_image("samples/astronaut.jpg").pixels  # doctest: +SKIP
    >>> style = maskstyle.load_image("samples/harbour.jpg").pixels  # doctest: +SKIP
    >>> mask = maskstyle.load_mask("samples/astronaut_mask.png")  # doctest: +SKIP
    >>> result = maskstyle.transfer_gradient_mask(content, [style], masks=[mask])  # doctest: +SKIP
    """
    initial, settings = check_initial(initial, settings or Settings())
    content = check_image(content, "content image")
    styles, masks = list(styles), list(masks)  # held, as styles that are the same array are told by it
    given = {id(style): check_image(style, "style image") for style in styles}
    if alpha is not None:
        alpha = check_alpha(alpha, content.shape[:2])
    masks = _checked_masks(masks, len(styles), content)
    factors = check_strengths(strengths, len(masks))
    sizes = transfer_sizes(content.shape[:2], settings, styles=[image.shape[:2] for image in given.values()])
    loaded = prepared_network(network, settings)
    settings = fitted(settings, sizes, loaded, masks=len(masks), styles=len(styles))
    begin_checkpoints(
        checkpoints,
        "gradient_mask",
        sizes,
        settings=settings,
        network=loaded,
        inputs={
            "content image": content,
            "style images": [given[id(style)] for style in styles],
            "masks": masks,
            "strengths of the masks": factors,
            "transparent": transparent,
            "alpha": alpha,
            "initial image": initial,
        },
    )
    seen = seen_content(content, settings.color)
    painted = _seen_styles([given[id(style)] for style in styles], masks, content, alpha, settings.color)
    distinct = {id(style): style for style in painted}

    def guides_at(size: Size) -> list[Guide]:
        if settings.style_weight == 0:
            return []
        scaled = {
            key: resize_image(image, style_size(image.shape[:2], size, settings)) for key, image in distinct.items()
        }
        return mask_guides(
            loaded,
            # Masks may be many, and those of the size at hand need no copy.
            [mask if mask.shape == tuple(size) else resize_mask(mask, size) for mask in masks],
            [scaled[id(style)] for style in painted],
            factors,
            settings,
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
                content_term(loaded, resize_image(seen, size), settings),
                style_term(loaded, guides, settings),
                total_variation_term(settings),
            ],
            settings,
            free=_touched(masks, size).astype(np.float32),
        )

    def kept(image: Image) -> Image:
        """Return an image with the content's pixels, as they are seen, wherever all masks are 0."""
        size = (image.shape[0], image.shape[1])
        return np.where(_touched(masks, size)[..., np.newaxis], image, resize_image(seen, size))

    def opacity_at(size: Size) -> Mask:
        return opacity(total_mask(masks, size))

    def composed(image: Image) -> Image:
        size = (image.shape[0], image.shape[1])
        covered = opacity_at(size)
        return mixed(resize_image(content, size), image, np.ceil(covered) if transparent else covered)

    start = seen_content(starting_image(content, painted[0], initial, sizes, settings), settings.color)
    if settings.init in ("noise", "style", "colors"):
        # Faint masks would not get the content's colors back, which the features hardly see.
        size = (start.shape[0], start.shape[1])
        start = mixed(resize_image(seen, size), start, total_mask(masks, size))
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
        technique="gradient_mask",
        content=content,
        alpha=alpha,
        network=loaded,
        settings=settings,
        compose=composed,
        opacity_at=opacity_at if transparent else None,
        remarks=remarks,
    )


def check_strengths(strengths: Sequence[float] | None, count: int) -> list[float]:
    """Return `count` factors on the strength of masks; ones where none are given."""
    given = [1.0] * count if strengths is None else [float(strength) for strength in strengths]
    if len(given) != count:
        raise SettingsError(f"there are {count} masks but {len(given)} strengths; give one for each")
    if not all(np.isfinite(strength) and strength > 0 for strength in given):
        raise SettingsError(f"the strengths of the masks are {given}; expected numbers above 0")
    return given


def total_mask(masks: Sequence[Mask], size: Size) -> Mask:
    """Return the sum of masks at a size, which may exceed 1."""
    total = np.zeros(size, np.float32)
    for mask in masks:
        total += resize_mask(mask, size)
    return total


def _seen_styles(
    styles: Sequence[Image], masks: Sequence[Mask], content: Image, alpha: Mask | None, mode: str
) -> list[Image]:
    """Return the style image of each mask as the network sees it; recolored, it is for its mask alone."""
    if mode not in RECOLORED:
        return list(styles)
    size = (content.shape[0], content.shape[1])
    weights = [visible_weights(resize_mask(mask, size), alpha) for mask in masks]
    return [
        seen_style(style, content, mode, content_weights=each) for style, each in zip(styles, weights, strict=True)
    ]


def _checked_masks(masks: Sequence[Mask], styles: int, content: Image) -> list[Mask]:
    if not masks:
        raise SettingsError("there is no mask; give one with each style image")
    if len(masks) != styles:
        raise SettingsError(f"there are {len(masks)} masks but {styles} style images; give one for each mask")
    size = (content.shape[0], content.shape[1])
    return [
        fit_mask(mask, size, name=f"mask {number}", image_name="the content image")
        for number, mask in enumerate(masks, start=1)
    ]


def _touched(masks: Sequence[Mask], size: Size) -> NDArray[np.bool_]:
    return total_mask(masks, size) > 0
