"""Region- and mask-guided neural style transfer.

Importing this package is fast: public names are loaded when they are first used, and TensorFlow with the
first that needs it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.2.0"

if TYPE_CHECKING:
    from maskstyle.errors import (
        ImageError,
        MaskstyleError,
        NumericalError,
        OutputError,
        SettingsError,
        WeightsError,
    )
    from maskstyle.images import Picture, load_image, read_metadata, save_image
    from maskstyle.map_check import check_maps
    from maskstyle.map_soft import soft_masks
    from maskstyle.maps import SemanticMap, load_map, read_map_pixels
    from maskstyle.masks import load_mask
    from maskstyle.networks.load import choose_network, load_network
    from maskstyle.recipes import RECIPES, Recipe, find_recipe
    from maskstyle.result import Result
    from maskstyle.settings import Settings
    from maskstyle.synthesis import Step
    from maskstyle.techniques.basic import transfer_basic
    from maskstyle.techniques.gradient_mask import transfer_gradient_mask
    from maskstyle.techniques.region import transfer_region

_HOMES = {
    "ImageError": "errors",
    "MaskstyleError": "errors",
    "NumericalError": "errors",
    "OutputError": "errors",
    "SettingsError": "errors",
    "WeightsError": "errors",
    "Picture": "images",
    "load_image": "images",
    "read_metadata": "images",
    "save_image": "images",
    "check_maps": "map_check",
    "soft_masks": "map_soft",
    "SemanticMap": "maps",
    "load_map": "maps",
    "read_map_pixels": "maps",
    "load_mask": "masks",
    "choose_network": "networks.load",
    "load_network": "networks.load",
    "RECIPES": "recipes",
    "Recipe": "recipes",
    "find_recipe": "recipes",
    "Result": "result",
    "Settings": "settings",
    "Step": "synthesis",
    "transfer_basic": "techniques.basic",
    "transfer_gradient_mask": "techniques.gradient_mask",
    "transfer_region": "techniques.region",
}

__all__ = [
    "RECIPES",
    "ImageError",
    "MaskstyleError",
    "NumericalError",
    "OutputError",
    "Picture",
    "Recipe",
    "Result",
    "SemanticMap",
    "Settings",
    "SettingsError",
    "Step",
    "WeightsError",
    "check_maps",
    "choose_network",
    "find_recipe",
    "load_image",
    "load_map",
    "load_mask",
    "load_network",
    "read_map_pixels",
    "read_metadata",
    "save_image",
    "soft_masks",
    "transfer_basic",
    "transfer_gradient_mask",
    "transfer_region",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
