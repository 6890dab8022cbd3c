"""What every technique settles before TensorFlow loads: checks, layers, sizes, shares and the first image."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import ImageError, SettingsError
from maskstyle.guidance.colors import region_colors
from maskstyle.guidance.regions import resize_labels
from maskstyle.images.compositing import FEATHER_MODES
from maskstyle.images.guided_filter import MOST_RADIUS
from maskstyle.images.pixels import Image, Mask, Size, fit_size, resize_image
from maskstyle.maps.assignment import Pair, RegionPlan
from maskstyle.maps.io import Color, SemanticMap
from maskstyle.maps.soft import are_blended
from maskstyle.networks.architectures import smallest_side
from maskstyle.settings import DEFAULT_LONGER_SIDE, PatchSettings, Settings, active
from maskstyle.synthesis.schedule import pyramid_sizes, scales_at

LARGEST_PIXELS = 400_000_000
"""Pixels that an image may have, far above what fits into memory on most machines: it catches a slip of the hand."""

MATCHINGS = ("region", "patch")
"""How a doodle's style is matched to the painting's, with Gram matrices of regions or of patches."""


def check_image(image: Image, name: str) -> Image:
    """Return an image given through the API, or raise ImageError with what is wrong."""
    array = np.asarray(image)
    if array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise ImageError(f"the {name} has shape {array.shape}; expected (height, width, 3), RGB")
    return _checked_values(array, name)


def check_alpha(alpha: Mask, size: Size, image_name: str = "content image") -> Mask:
    """Return the alpha of an image of a size, or raise ImageError with what is wrong."""
    array = np.asarray(alpha)
    if array.shape != tuple(size):
        raise ImageError(
            f"the alpha has shape {array.shape}, but the {image_name} is {size[0]}x{size[1]} (height x width); "
            "expected the same"
        )
    return _checked_values(array, "alpha")


def check_initial(
    initial: Image | None, settings: Settings, *, auto: str = "content"
) -> tuple[Image | None, Settings]:
    """Return an initial image given through the API, and the settings with the ``init`` that it makes.

    `auto` is what the ``init`` of that name stands for.
    """
    if initial is not None:
        return check_image(initial, "initial image"), settings.changed(init="image")
    if settings.init == "image":
        raise SettingsError("init is 'image', but no initial image was given; give one, or another init")
    return None, settings.changed(init=auto) if settings.init == "auto" else settings


def check_without_content(settings: Settings) -> None:
    """Raise SettingsError where settings ask for something of a content image that there is not."""
    if settings.content_weight > 0:
        raise SettingsError(
            f"content_weight is {settings.content_weight:g}, but a doodle has no content; let it be 0, as in "
            "maskstyle.DOODLE_SETTINGS"
        )
    if settings.color != "style":
        raise SettingsError(
            f"color is {settings.color!r}, but a doodle has no content to take colors from; expected style"
        )
    if settings.init == "content":
        raise SettingsError(
            "init is 'content', but a doodle has no content to start from; expected colors, noise, style or an image"
        )


def check_matching(matching: str) -> None:
    """Raise SettingsError where a doodle's style cannot be matched in a way."""
    if matching not in MATCHINGS:
        raise SettingsError(f"matching is {matching!r}; expected one of {', '.join(MATCHINGS)}")


def check_doodle_patches(matching: str, patches: PatchSettings | None) -> PatchSettings:
    """Return how a doodle's patches are matched; raise SettingsError where that says nothing or cannot be."""
    if patches is not None and matching != "patch":
        raise SettingsError(
            f"settings of patches do nothing where matching is {matching}; leave them out, or match by patch"
        )
    if patches is not None and patches.feature_weight > 0:
        raise SettingsError(
            f"feature_weight is {patches.feature_weight:g}, but a doodle has no content whose features could be "
            "compared; expected 0"
        )
    return patches or PatchSettings()


def check_feather(feather: float, mode: str = "distance") -> None:
    """Raise SettingsError where a number of pixels to fade in over cannot be one, or its mode does nothing."""
    if mode not in FEATHER_MODES:
        raise SettingsError(f"feather_mode is {mode!r}; expected one of {', '.join(FEATHER_MODES)}")
    if not (np.isfinite(feather) and feather >= 0):
        raise SettingsError(f"feather is {feather:g}; expected a number of pixels of at least 0")
    if mode == "edges" and not 1 <= feather <= MOST_RADIUS:
        raise SettingsError(
            f"feather is {feather:g}, but feather_mode edges looks for edges as far as that; expected 1 to "
            f"{MOST_RADIUS} pixels, such as 8"
        )


def check_soft(soft: bool, settings: Settings) -> None:
    """Raise SettingsError where maps are soft, but how regions pass to deeper layers leaves no room for shares."""
    if soft and settings.propagation != "simple":
        raise SettingsError(
            f"propagation is {settings.propagation!r}, but in soft maps a cell belongs to regions by their shares of "
            "it; expected simple, or maps without soft edges"
        )


def hard_maps(maps: Iterable[SemanticMap]) -> tuple[str, ...]:
    """Return a sentence where maps are soft, but none of them has a soft edge."""
    shares = [each.shares for each in maps if each.shares is not None]
    if not shares or any(are_blended(each).any() for each in shares):
        return ()
    return ("the maps have no soft edges: each of their pixels is of one region, as without soft maps",)


def check_denoised(regions: Sequence[Color] | None, settings: Settings) -> None:
    """Raise SettingsError where regions to denoise are named, but nothing is denoised."""
    if regions is not None and settings.denoise == 0:
        raise SettingsError("denoise_regions does nothing where denoise is 0; give both, or neither")


def _checked_values(array: NDArray[Any], name: str) -> NDArray[np.float32]:
    if not np.issubdtype(array.dtype, np.floating):
        raise ImageError(f"the {name} has type {array.dtype}; expected floats in [0, 1]: divide 8-bit values by 255")
    lowest, highest = float(array.min()), float(array.max())
    if not (lowest >= 0 and highest <= 1):
        raise ImageError(f"the {name} has values from {lowest:g} to {highest:g}; expected them in [0, 1]")
    return array.astype(np.float32, copy=False)


def wanted_layers(settings: Settings) -> tuple[str, ...]:
    """Return the layers that the terms of weight above 0 look at."""
    mixes = [
        (settings.content_weight, settings.content_layers),
        (settings.style_weight, settings.style_layers),
    ]
    return tuple(dict.fromkeys(layer for weight, mix in mixes if weight > 0 for layer, _ in active(mix)))


def result_size(size: Size, settings: Settings) -> Size:
    """Return the (height, width) of the result for a content of `size`."""
    return fit_size(size, settings.size or min(max(size), DEFAULT_LONGER_SIDE))


def transfer_sizes(content: Size, settings: Settings, *, styles: Sequence[Size] = ()) -> list[Size]:
    """Return the sizes from coarse to fine for a content of a size.

    Parameters
    ----------
    content : (height, width)
        The content's size.
    settings : Settings
        Size, scales, layers and weights.
    styles : sequence of (height, width)
        The sizes of the style images.

    Raises
    ------
    SettingsError
        Where every weight is 0, where an image would be unreasonably large, or where the layers would have no
        pixel left of the coarsest size or of a style image.
    """
    if settings.content_weight == settings.style_weight == settings.tv_weight == 0:
        raise SettingsError(
            "content_weight, style_weight and tv_weight are all 0, so there is nothing to do; make one larger"
        )
    finest = result_size(content, settings)
    for used in (finest, *(style_size(style, finest, settings) for style in styles)):
        if used[0] * used[1] > LARGEST_PIXELS:
            raise SettingsError(
                f"an image would be {used[0]}x{used[1]} (height x width), more than the {LARGEST_PIXELS // 10**6} "
                "megapixels that are allowed; choose a smaller size or style_scale"
            )
    needed = smallest_side(wanted_layers(settings))
    sizes = pyramid_sizes(finest, scales_at(finest, settings.scales), smallest_side=needed)
    for style in styles if settings.style_weight > 0 else ():
        used = style_size(style, sizes[0], settings)
        if min(used) < needed:
            raise SettingsError(
                f"the style image of {style[0]}x{style[1]} would be used at {used[0]}x{used[1]} (height x width), "
                f"but the layers need at least {needed} pixels; use a less narrow style image, a larger size or "
                "style_scale, or fewer scales"
            )
    return sizes


def style_size(style: Size, result: Size, settings: Settings) -> Size:
    """Return the (height, width) at which a style image is used for a result of a size."""
    base = result if settings.style_fit == "stretch" else fit_size(style, max(result))
    return fit_size(base, max(1, round(settings.style_scale * max(base))))


def starting_image(
    content: Image | None,
    style: Image,
    initial: Image | None,
    sizes: Sequence[Size],
    settings: Settings,
    *,
    regions: RegionPlan | None = None,
) -> Image:
    """Return the first image: of the finest size, but for noise and colors, which have the coarsest.

    Parameters
    ----------
    content : (H, W, 3) float32 array or None
        The content image; None where there is none, and ``settings.init`` is another.
    style : (h, w, 3) float32 array
        The style image.
    initial : (H', W', 3) float32 array or None
        An image of one's own.
    sizes : sequence of (height, width)
        From coarse to fine.
    settings : Settings
        For ``init``, with ``auto`` settled, and the seed.
    regions : RegionPlan, optional
        Which region takes the colors of which; all of the style's go everywhere where it is left out.
    """
    if settings.init == "image":
        if initial is None:
            raise SettingsError("init is 'image', but no initial image was given")
        return _at_size(initial, sizes[-1])
    if settings.init == "noise":
        noise = np.random.default_rng(settings.seed).random((*sizes[0], 3), dtype=np.float32)
        return np.float32(0.5) + np.float32(settings.noise_contrast) * (noise - np.float32(0.5))
    if settings.init == "colors":
        return _colored_start(style, sizes[0], settings, regions)
    chosen = style if settings.init == "style" else content
    if chosen is None:
        raise SettingsError(f"init is {settings.init!r}, but there is no content image; give another init")
    return _at_size(chosen, sizes[-1])


def _at_size(image: Image, size: Size) -> Image:
    """Return an image at a size: itself where it has that, as a copy of a large one is much memory."""
    return image if image.shape[:2] == tuple(size) else resize_image(image, size)


def _colored_start(style: Image, size: Size, settings: Settings, regions: RegionPlan | None) -> Image:
    used = style_size(style.shape[:2], size, settings)
    colors = resize_image(style, used)
    if regions is None:
        everywhere = np.zeros(size, np.int32), colors, np.zeros(used, np.int32), [Pair("all", 0, None)]
        return region_colors(*everywhere, seed=settings.seed)
    labels = resize_labels(regions.content_map.labels, size)
    style_labels = resize_labels(regions.style_map.labels, used)
    return region_colors(labels, colors, style_labels, regions.pairs, seed=settings.seed)


def normalized_shares(shares: Sequence[float] | None, count: int) -> list[float]:
    """Return `count` shares that sum to 1; equal ones where none are given."""
    given = [1.0] * count if shares is None else [float(share) for share in shares]
    if len(given) != count:
        raise SettingsError(f"there are {count} styles but {len(given)} style weights; give one for each")
    if not all(np.isfinite(share) and share >= 0 for share in given) or sum(given) <= 0:
        raise SettingsError(f"the style weights are {given}; expected numbers of at least 0, one above 0")
    return [share / sum(given) for share in given]
