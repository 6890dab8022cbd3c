"""Checks of inputs that techniques share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import ImageError, SettingsError, concerning
from maskstyle.guidance.layout import Layout, Placement, StyleImage
from maskstyle.images.pixels import Image, Mask, Size, size_of, size_text
from maskstyle.images.transparency import extended, require_visible, visible_alpha
from maskstyle.maps.colors import RegionKey
from maskstyle.maps.io import fit_map
from maskstyle.maps.naming import find_region
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.maps.soft import are_blended
from maskstyle.settings import AT_LEAST_ZERO, FROM_STYLES, STRENGTH, ObjectiveSettings, PatchSettings, Settings
from maskstyle.synthesis.schedule import result_size

LEAST_VISIBLE = 0.01
"""Least mean alpha of a region or mask of a style image: of fainter ones, almost nothing can be seen."""


FLAT = 8 / 255
"""Largest difference between the pixels of a style image of nearly one color: JPEG's noise is smaller."""

LEAST_STYLE = 4
"""Fewest pixels on each side of a style image."""


def check_strength(strength: float | None, settings: ObjectiveSettings, what: str) -> float | None:
    """Return the strength of one style, checked; with a raw style weight it is a factor on this."""
    if strength is None:
        return None
    bounds = AT_LEAST_ZERO if settings.chosen_strength is None else STRENGTH
    bounds.check(f"the strength{what}", strength)
    return float(strength)


def check_image(image: Image, name: str) -> Image:
    """Return an image as float32, or raise ImageError with what is wrong."""
    array = np.asarray(image)
    if array.ndim != 3 or array.shape[2] != 3 or 0 in array.shape:
        raise ImageError(f"the {name} has shape {array.shape}; expected (height, width, 3), RGB")
    return _checked_values(array, name)


def check_picture(image: Image, name: str, alpha: Mask | None = None) -> tuple[Image, Mask | None]:
    """Return an RGB or RGBA image, with extended colors in its hidden pixels, and its alpha; None: opaque.

    The alpha of an RGB image may be given beside it; something must be visible. Messages call the image by `name`.
    """
    pixels = check_image(np.asarray(image)[..., :3] if _is_rgba(image) and alpha is None else image, name)
    shown = checked_alpha(image, name, alpha)
    return extended(pixels, shown), shown


def checked_alpha(image: Image, name: str, alpha: Mask | None = None) -> Mask | None:
    """Return the alpha of an RGB or RGBA image; for the parameters see `check_picture`."""
    if alpha is None and _is_rgba(image):
        alpha = np.asarray(image)[..., 3]
    if alpha is None:
        return None
    checked = check_alpha(alpha, size_of(np.asarray(image)), name)
    require_visible(checked, f"the {name}")
    return visible_alpha(checked)


def _is_rgba(image: Image) -> bool:
    shape = np.shape(image)
    return len(shape) == 3 and shape[2] == 4 and 0 not in shape


def check_style(style: StyleImage, name: str) -> StyleImage:
    """Return a style image with RGB pixels and its alpha, checked; see `check_picture`."""
    pixels, alpha = check_picture(style.image, name, style.alpha)
    height, width = size_of(pixels)
    if min(height, width) < LEAST_STYLE:
        raise ImageError(
            f"the {name} is {width}x{height} (width x height); a style is in differences between pixels, so it needs "
            f"at least {LEAST_STYLE} on each side; use a larger image"
        )
    return replace(style, image=pixels, alpha=alpha)


def with_fitted_map(style: StyleImage) -> StyleImage:
    """Return a style image with its map, if it has one, resized to it."""
    if style.style_map is None:
        return style
    fitted = fit_map(style.style_map, style.size, name=f"the map of {style.name}", image_name=style.name)
    return replace(style, style_map=fitted)


def find_style_region(wanted: RegionKey, style: StyleImage) -> int:
    """Return the label of the region of a style image that has a map color or a number.

    The region must have a pixel left.
    """
    if style.style_map is None:
        raise SettingsError(f"{style.name} has no map to find a region in; give it one")
    name = f"the map of {style.name}"
    label = find_region(wanted, style.style_map, name=name)
    require_some(style.style_map, label, name)
    return label


def require_some(semantic_map: SemanticMap, label: int, map_name: str) -> None:
    """Raise ImageError if a region has no pixel left."""
    if not semantic_map.count(label):
        raise ImageError(
            f"region {semantic_map.name(label)} of {map_name} vanishes when the map is resized to its image; paint "
            "it larger, or use a map of the image's size"
        )


def check_visible(layout: Layout) -> tuple[Layout, tuple[str, ...]]:
    """Return a layout without the placements that are transparent in the content image, with notes on transparency.

    Raises ImageError if nothing that is painted is visible, or almost nothing of what a placement takes its style
    from.
    """
    for placement in layout.placements:
        for style, _ in placement.styles:
            _require_visible_style(placement, style)
    notes = [
        f"{style.name} is transparent in part; only what is visible of it counts as style"
        for style in layout.styles()
        if style.alpha is not None
    ]
    if layout.visible is None:
        return layout, tuple(notes)
    size = size_of(layout.visible)
    hidden = [each for each in layout.placements if not (layout.share(each, size) * layout.visible).any()]
    if hidden and len(hidden) == len(layout.placements):
        names = ", ".join(_named(each) for each in hidden)
        raise ImageError(f"the content image is transparent wherever it is painted ({names}); paint a visible part")
    notes += [f"{_named(each)} is transparent in the content image, so nothing is painted there" for each in hidden]
    return layout.without(hidden), tuple(notes)


def strength_notes(layout: Layout, settings: Settings) -> list[str]:
    """Return a note if nothing is painted, or if the strength of the settings has no effect."""
    if not layout.painting(settings.chosen_strength).placements:
        return ["nothing is painted, as the strength is 0"]
    if settings.strength is not None and all(each.strength is not None for each in layout.placements):
        return ["`strength` has no effect where each region and mask has a strength of its own"]
    return []


def style_notes(styles: Iterable[StyleImage], settings: Settings) -> list[str]:
    """Return notes on style images that have no effect, or are of nearly one color."""
    if settings.style_factor == 0 and settings.init not in FROM_STYLES:
        return [f"{style.name} has no effect, as `style_weight` is 0" for style in styles]
    return [
        f"{style.name} is nearly one color, so there is no texture to take from it, only that color"
        for style in styles
        if max(float(np.ptp(style.image[..., channel])) for channel in range(3)) <= FLAT
    ]


def patch_notes(patches: PatchSettings, size: Size, settings: Settings) -> list[str]:
    """Return a note on patches that are as large as the result for a picture of a size."""
    result = result_size(size, settings)
    if patches.patch_size < max(result):
        return []
    return [
        f"one patch of {patches.patch_size} pixels covers the whole result of {size_text(result)}, which takes the "
        "style of one patch; choose a smaller `patch_size`"
    ]


def _named(placement: Placement) -> str:
    return placement.name if placement.label is None else f"region {placement.name}"


def _require_visible_style(placement: Placement, style: StyleImage) -> None:
    """Raise ImageError if almost nothing can be seen of the part of a style image that a placement takes."""
    weights = placement.style_weights(style)
    whole = placement.style_weights(replace(style, alpha=None))
    if style.alpha is None or weights is None or whole is None:
        return
    if float(weights.sum(dtype=np.float64)) < LEAST_VISIBLE * float(whole.sum(dtype=np.float64)):
        label = placement.style_label
        part = "the masked part" if label is None else f"region {style.map().name(label)}"
        raise ImageError(f"{part} of {style.name} is transparent, so it has no style to take; choose a visible part")


def check_alpha(alpha: Mask, size: Size, image_name: str) -> Mask:
    """Return the alpha of an image of a size, or raise ImageError with what is wrong."""
    array = np.asarray(alpha)
    if array.shape != tuple(size):
        raise ImageError(
            f"the alpha has shape {array.shape}, but the {image_name} is {size[0]}x{size[1]} (height x width); "
            "expected the same"
        )
    return _checked_values(array, "alpha")


def check_soft_maps(maps: Iterable[SemanticMap | None], settings: ObjectiveSettings) -> tuple[str, ...]:
    """Return a note if soft maps have no soft edges.

    Raises SettingsError if the propagation does not support shares.
    """
    shares = [each.shares for each in maps if each is not None and each.shares is not None]
    if not shares:
        return ()
    check_soft_propagation(settings)
    if any(are_blended(each).any() for each in shares):
        return ()
    return ("the maps have no soft edges, so reading them as soft maps has no effect",)


def check_soft_propagation(settings: ObjectiveSettings) -> None:
    """Raise SettingsError if the propagation does not support shares."""
    if settings.propagation != "simple":
        with concerning("soft_maps"):
            raise SettingsError(
                f"propagation is {settings.propagation!r}, but soft maps share each cell among regions; set "
                "`propagation` to simple, or read the maps without soft edges"
            )


def _checked_values(array: NDArray[Any], name: str) -> NDArray[np.float32]:
    if not np.issubdtype(array.dtype, np.floating):
        raise ImageError(f"the {name} has type {array.dtype}; expected floats in [0, 1]: divide 8-bit values by 255")
    lowest, highest = float(array.min()), float(array.max())
    if not (lowest >= 0 and highest <= 1):
        raise ImageError(
            f"the {name} has values from {lowest:g} to {highest:g}; expected values in [0, 1]; rescale or clip them"
        )
    return array.astype(np.float32, copy=False)
