"""Basic style transfer: the whole style to the whole image (Gatys, Ecker and Bethge, 2015)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from maskstyle.errors import SettingsError
from maskstyle.images.color import seen_content, seen_style, visible_weights
from maskstyle.images.pixels import Image, Mask, Size, resize_image
from maskstyle.objective.guides import style_guide
from maskstyle.objective.objective import ObjectiveLike, content_term, objective_for, style_term, total_variation_term
from maskstyle.settings import Settings
from maskstyle.synthesis.result import Result
from maskstyle.synthesis.scales import OnStep, synthesize
from maskstyle.techniques.plan import (
    check_alpha,
    check_image,
    check_initial,
    normalized_shares,
    starting_image,
    style_size,
    transfer_sizes,
)
from maskstyle.techniques.setup import begin_checkpoints, finished, fitted, prepared_network

if TYPE_CHECKING:
    from maskstyle.networks.load import NetworkChoice
    from maskstyle.networks.vgg import FeatureNetwork
    from maskstyle.synthesis.checkpoints import Checkpoints


def transfer_basic(
    content: Image,
    style: Image | Sequence[Image],
    *,
    style_shares: Sequence[float] | None = None,
    alpha: Mask | None = None,
    initial: Image | None = None,
    settings: Settings | None = None,
    network: NetworkChoice | FeatureNetwork | None = None,
    on_step: OnStep | None = None,
    should_stop: Callable[[], bool] | None = None,
    checkpoints: Checkpoints | None = None,
) -> Result:
    """Paint a content image in the style of one or several style images.

    Parameters
    ----------
    content : (H, W, 3) float array
        RGB in [0, 1].
    style : (H, W, 3) float array, or a sequence of them
        RGB in [0, 1], each of any size.
    style_shares : sequence of float, optional
        Relative share of each style; equal where they are left out.
    alpha : (H, W) float array, optional
        Transparency of the content in [0, 1], carried to the result.
    initial : (H, W, 3) float array, optional
        The first image, in [0, 1], to continue from an earlier result; it overrides ``settings.init``.
    settings : Settings, optional
        Everything else; the project's own recipe where it is left out.
    network : NetworkChoice or FeatureNetwork, optional
        A chosen or loaded network; found as the settings say where it is left out.
    on_step : callable, optional
        Called with a `maskstyle.Step` after each evaluation.
    should_stop : callable, optional
        Asked after each evaluation; where it says True the best image so far is returned.
    checkpoints : Checkpoints, optional
        Where the state is written now and then, and whether to go on from what is there; see
        ``docs/large-pictures.md``.

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
    Gatys, Ecker and Bethge, "A Neural Algorithm of Artistic Style", 2015; "Image Style Transfer Using
    Convolutional Neural Networks", CVPR 2016.

    Examples
    --------
    >>> import maskstyle
    >>> content = maskstyle.load_image("samples/astronaut.jpg").pixels  # doctest: +SKIP
    >>> style = maskstyle.load_image("samples/harbour.jpg").pixels  # doctest: +SKIP
    >>> result = maskstyle.transfer_basic(content, style)  # doctest: +SKIP
    >>> maskstyle.save_image("out.png", result.image)  # doctest: +SKIP
    """
    initial, settings = check_initial(initial, settings or Settings())
    content = check_image(content, "content image")
    if alpha is not None:
        alpha = check_alpha(alpha, content.shape[:2])
    given = [style] if isinstance(style, np.ndarray) else list(style)
    styles = [check_image(image, "style image") for image in given]
    if not styles:
        raise SettingsError("there is no style image; give at least one")
    shares = normalized_shares(style_shares, len(styles))
    sizes = transfer_sizes(content.shape[:2], settings, styles=[image.shape[:2] for image in styles])
    loaded = prepared_network(network, settings)
    settings = fitted(settings, sizes, loaded, styles=len(styles))
    begin_checkpoints(
        checkpoints,
        "basic",
        sizes,
        settings=settings,
        network=loaded,
        inputs={
            "content image": content,
            "style images": styles,
            "style weights": shares,
            "alpha": alpha,
            "initial image": initial,
        },
    )
    seen = seen_content(content, settings.color)
    weights = visible_weights(np.ones(content.shape[:2], np.float32), alpha)
    styles = [seen_style(image, content, settings.color, content_weights=weights) for image in styles]

    def objective_at(size: Size) -> ObjectiveLike:
        scaled = [resize_image(image, style_size(image.shape[:2], size, settings)) for image in styles]
        guides = [style_guide(loaded, scaled, shares, settings)] if settings.style_weight > 0 else []
        return objective_for(
            size,
            loaded,
            [
                content_term(loaded, resize_image(seen, size), settings),
                style_term(loaded, guides, settings),
                total_variation_term(settings),
            ],
            settings,
        )

    start = seen_content(starting_image(content, styles[0], initial, sizes, settings), settings.color)
    synthesis = synthesize(
        objective_at, start, sizes, settings, on_step=on_step, should_stop=should_stop, checkpoints=checkpoints
    )
    return finished(synthesis, technique="basic", content=content, alpha=alpha, network=loaded, settings=settings)
