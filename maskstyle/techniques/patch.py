"""Patch style transfer: each patch takes the style of the patch of the most similar map (after Champandard, 2016)."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.regions import resize_labels
from maskstyle.images.color import seen_content, seen_style, visible_weights
from maskstyle.images.pixels import Image, Mask, Size, resize_image
from maskstyle.maps.assignment import agreed_colors, paired_maps
from maskstyle.maps.io import Color, SemanticMap
from maskstyle.objective.objective import ObjectiveLike, content_term, objective_for, total_variation_term
from maskstyle.objective.patch_targets import MapPair, drawn_matches, patch_matches, patch_remarks, patch_term
from maskstyle.settings import PATCH_TRANSFER_SETTINGS, PatchSettings, Settings
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
    from maskstyle.objective.terms import Term
    from maskstyle.synthesis.checkpoints import Checkpoints


def transfer_patch(
    content: Image,
    style: Image,
    *,
    content_map: SemanticMap,
    style_map: SemanticMap,
    mapping: Sequence[tuple[Color, Color]] | None = None,
    unmatched: str = "error",
    patches: PatchSettings | None = None,
    alpha: Mask | None = None,
    initial: Image | None = None,
    settings: Settings | None = None,
    network: NetworkChoice | FeatureNetwork | None = None,
    on_step: OnStep | None = None,
    should_stop: Callable[[], bool] | None = None,
    checkpoints: Checkpoints | None = None,
) -> Result:
    """Paint each patch of a content image in the style of the patch of a style image whose map is most similar.

    Parameters
    ----------
    content : (H, W, 3) float array
        RGB in [0, 1].
    style : (h, w, 3) float array
        RGB in [0, 1], of any size.
    content_map, style_map : SemanticMap
        Which region each pixel belongs to; see `maskstyle.load_map`. A map of another size than its image is
        resized where the aspect is the same. Pixels of no region are left as they are.
    mapping : sequence of (content color, style color), optional
        Which regions go together, where that are not those of the same color.
    unmatched : {"error", "nearest"}
        What becomes of a region that only one map has: an error, or it stands for the regions of the nearest colors.
        With `mapping`, regions that only the style's map has are no error.
    patches : PatchSettings, optional
        How the images are cut into patches, and how these are matched.
    alpha, initial, settings, network, on_step, should_stop, checkpoints
        See `maskstyle.transfer_basic`.

    Returns
    -------
    Result
        With a `match_map`: the picture put together from the style patches that its patches were matched to.

    Raises
    ------
    ImageError, SettingsError, WeightsError, CheckpointError
        For inputs that cannot work, before the long work starts.
    NumericalError
        Where a loss is not finite; it carries the last good image.

    References
    ----------
    Champandard, "Semantic Style Transfer and Turning Two-Bit Doodles into Fine Artworks", 2016.

    Examples
    --------
    >>> import maskstyle
    >>> content = maskstyle.load_image("samples/coffee.jpg").pixels  # doctest: +SKIP
    >>> style = maskstyle.load_image("samples/harbour.jpg").pixels  # doctest: +SKIP
    >>> maps = [maskstyle.load_map(f"samples/{name}_map.png") for name in ("coffee", "harbour")]  # doctest: +SKIP
    >>> result = maskstyle.transfer_patch(  # doctest: +SKIP
    ...     content, style, content_map=maps[0], style_map=maps[1], patches=maskstyle.PatchSettings(patch_size=32)
    ... )
    """
    initial, settings = check_initial(initial, settings or PATCH_TRANSFER_SETTINGS)
    patches = patches or PatchSettings()
    content = check_image(content, "content image")
    style = check_image(style, "style image")
    if alpha is not None:
        alpha = check_alpha(alpha, content.shape[:2])
    content_map, style_map = agreed_colors(
        content_map,
        style_map,
        content_size=content.shape[:2],
        style_size=style.shape[:2],
        mapping=mapping,
        unmatched=unmatched,
    )
    sizes = transfer_sizes(content.shape[:2], settings, styles=[style.shape[:2]])
    loaded = prepared_network(network, settings)
    settings = fitted(settings, sizes, loaded, regions=True, patches=patches)
    begin_checkpoints(
        checkpoints,
        "patch",
        sizes,
        settings=settings,
        network=loaded,
        inputs={
            "content image": content,
            "style image": style,
            "content map": content_map,
            "style map": style_map,
            "unmatched": unmatched,
            "patches": dataclasses.asdict(patches),
            "alpha": alpha,
            "initial image": initial,
        },
    )
    seen = seen_content(content, settings.color)
    weights = visible_weights(np.ones(content.shape[:2], np.float32), alpha)
    painting = seen_style(style, content, settings.color, content_weights=weights)
    remarks: tuple[str, ...] = ()
    match_map: Image | None = None

    def inside_at(size: Size) -> NDArray[np.bool_]:
        return resize_labels(content_map.labels, size) >= 0

    def objective_at(size: Size) -> ObjectiveLike:
        nonlocal remarks, match_map
        picture = resize_image(seen, size)
        terms: list[Term] = [content_term(loaded, picture, settings), total_variation_term(settings)]
        if settings.style_weight > 0:
            used = style_size(style.shape[:2], size, settings)
            scaled = resize_image(painting, used)
            maps = MapPair(
                resize_labels(content_map.labels, size),
                content_map.colors,
                resize_labels(style_map.labels, used),
                style_map.colors,
            )
            matches = patch_matches(
                loaded, maps, scaled, settings, patches, scale=max(size) / max(sizes[-1]), content=picture
            )
            terms.insert(1, patch_term(loaded, matches, scaled, size, settings))
            # Those of the last size are kept.
            remarks = patch_remarks(loaded, maps, settings)
            match_map = drawn_matches(matches, scaled, size)
        return objective_for(size, loaded, terms, settings, free=inside_at(size).astype(np.float32))

    def composed(image: Image) -> Image:
        """Return an image with the content's pixels wherever there is no region."""
        size = (image.shape[0], image.shape[1])
        return np.where(inside_at(size)[..., np.newaxis], image, resize_image(content, size))

    def kept(image: Image) -> Image:
        """Return an image with the content's pixels, as they are seen, wherever there is no region."""
        size = (image.shape[0], image.shape[1])
        return np.where(inside_at(size)[..., np.newaxis], image, resize_image(seen, size))

    regions = paired_maps(content_map, style_map)
    start = starting_image(content, painting, initial, sizes, settings, regions=regions)
    start = seen_content(start, settings.color)
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
        technique="patch",
        content=content,
        alpha=alpha,
        network=loaded,
        settings=settings,
        compose=composed,
        remarks=remarks,
        patches=patches,
        match_map=match_map,
    )
