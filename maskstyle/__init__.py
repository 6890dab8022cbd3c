"""Region- and mask-guided neural style transfer.

Importing this package is fast: public names are loaded when they are first used, and TensorFlow with the
first that needs it.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

__version__ = "0.4.0"

if TYPE_CHECKING:
    from maskstyle.drafting.draft import color_map_like, draft_map
    from maskstyle.drafting.scribbles import load_scribbles
    from maskstyle.errors import (
        CheckpointError,
        ImageError,
        MaskstyleError,
        NumericalError,
        OutputError,
        SettingsError,
        WeightsError,
    )
    from maskstyle.evaluation.evaluate import evaluate_regions
    from maskstyle.evaluation.heatmap import draw_heatmap
    from maskstyle.evaluation.map_check import check_maps
    from maskstyle.evaluation.result import Evaluation
    from maskstyle.guidance.planned import PlannedRegion, PlannedStyle
    from maskstyle.images.color import lightness_only, match_colors, match_lightness, with_content_chroma
    from maskstyle.images.compositing import mask_over_image
    from maskstyle.images.guided_filter import edge_aware_mask
    from maskstyle.images.io import Picture, load_image, read_metadata, save_image, save_mask
    from maskstyle.maps.io import SemanticMap, load_map, read_map_pixels
    from maskstyle.maps.soft import soft_masks
    from maskstyle.masks.combining import combine_masks, normalize_masks
    from maskstyle.masks.feathering import feather_mask, region_mask
    from maskstyle.masks.gradients import linear_mask, radial_mask
    from maskstyle.masks.io import load_mask
    from maskstyle.networks.load import choose_network, load_network
    from maskstyle.plans.reading import read_plan
    from maskstyle.recipes import RECIPES, Recipe, find_recipe
    from maskstyle.settings import DOODLE_SETTINGS, PatchSettings, Settings
    from maskstyle.synthesis.checkpoints import Checkpoints
    from maskstyle.synthesis.result import Result
    from maskstyle.synthesis.scales import Step
    from maskstyle.techniques.basic import transfer_basic
    from maskstyle.techniques.doodle import transfer_doodle
    from maskstyle.techniques.gradient_mask import transfer_gradient_mask
    from maskstyle.techniques.patch import transfer_patch
    from maskstyle.techniques.planned import transfer_planned
    from maskstyle.techniques.region import transfer_region

_HOMES = {
    "Checkpoints": "synthesis.checkpoints",
    "CheckpointError": "errors",
    "lightness_only": "images.color",
    "match_colors": "images.color",
    "match_lightness": "images.color",
    "with_content_chroma": "images.color",
    "edge_aware_mask": "images.guided_filter",
    "ImageError": "errors",
    "MaskstyleError": "errors",
    "NumericalError": "errors",
    "OutputError": "errors",
    "SettingsError": "errors",
    "WeightsError": "errors",
    "draw_heatmap": "evaluation.heatmap",
    "evaluate_regions": "evaluation.evaluate",
    "Evaluation": "evaluation.result",
    "PlannedRegion": "guidance.planned",
    "PlannedStyle": "guidance.planned",
    "Picture": "images.io",
    "load_image": "images.io",
    "read_metadata": "images.io",
    "save_image": "images.io",
    "check_maps": "evaluation.map_check",
    "color_map_like": "drafting.draft",
    "draft_map": "drafting.draft",
    "load_scribbles": "drafting.scribbles",
    "soft_masks": "maps.soft",
    "SemanticMap": "maps.io",
    "load_map": "maps.io",
    "read_map_pixels": "maps.io",
    "load_mask": "masks.io",
    "save_mask": "images.io",
    "combine_masks": "masks.combining",
    "normalize_masks": "masks.combining",
    "feather_mask": "masks.feathering",
    "region_mask": "masks.feathering",
    "linear_mask": "masks.gradients",
    "radial_mask": "masks.gradients",
    "mask_over_image": "images.compositing",
    "choose_network": "networks.load",
    "load_network": "networks.load",
    "read_plan": "plans.reading",
    "RECIPES": "recipes",
    "Recipe": "recipes",
    "find_recipe": "recipes",
    "Result": "synthesis.result",
    "DOODLE_SETTINGS": "settings",
    "PatchSettings": "settings",
    "Settings": "settings",
    "Step": "synthesis.scales",
    "transfer_basic": "techniques.basic",
    "transfer_doodle": "techniques.doodle",
    "transfer_gradient_mask": "techniques.gradient_mask",
    "transfer_patch": "techniques.patch",
    "transfer_planned": "techniques.planned",
    "transfer_region": "techniques.region",
}

__all__ = [
    "DOODLE_SETTINGS",
    "RECIPES",
    "CheckpointError",
    "Checkpoints",
    "Evaluation",
    "ImageError",
    "MaskstyleError",
    "NumericalError",
    "OutputError",
    "PatchSettings",
    "Picture",
    "PlannedRegion",
    "PlannedStyle",
    "Recipe",
    "Result",
    "SemanticMap",
    "Settings",
    "SettingsError",
    "Step",
    "WeightsError",
    "check_maps",
    "color_map_like",
    "choose_network",
    "combine_masks",
    "edge_aware_mask",
    "feather_mask",
    "draft_map",
    "draw_heatmap",
    "evaluate_regions",
    "find_recipe",
    "lightness_only",
    "linear_mask",
    "load_image",
    "load_map",
    "load_mask",
    "load_network",
    "load_scribbles",
    "match_colors",
    "match_lightness",
    "read_map_pixels",
    "mask_over_image",
    "normalize_masks",
    "radial_mask",
    "read_metadata",
    "read_plan",
    "region_mask",
    "save_image",
    "soft_masks",
    "save_mask",
    "transfer_basic",
    "transfer_doodle",
    "transfer_gradient_mask",
    "transfer_patch",
    "transfer_planned",
    "transfer_region",
    "with_content_chroma",
]

_BEGIN_WITH_TENSORFLOW = frozenset(
    ["evaluate_regions", "load_network", *(name for name in _HOMES if name.startswith("transfer_"))]
)
"""Names that load TensorFlow when they are first used, or when they are called."""


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    quiet = "tensorflow" not in sys.modules and "TF_CPP_MIN_LOG_LEVEL" not in os.environ
    if quiet and name in _BEGIN_WITH_TENSORFLOW:
        # Without its start-up log; whoever has set a level gets what it asks for.
        importlib.import_module("maskstyle.networks.tensorflow_import").import_tensorflow()
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
