"""Checks of inputs that techniques share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import ImageError, SettingsError, concerning
from maskstyle.images.pixels import Image, Mask, Size
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.maps.soft import are_blended
from maskstyle.settings import AT_LEAST_ZERO, STRENGTH, ObjectiveSettings


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

    Raises
    ------
    SettingsError
        If maps are soft, but the propagation does not support shares.
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
