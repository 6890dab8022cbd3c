"""Doodle style transfer: paint each region of a drawing in flat colors in its own style (Champandard, 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from maskstyle.errors import SettingsError, concerning
from maskstyle.guidance.layout import Layout, region_placements
from maskstyle.images.pixels import Image
from maskstyle.maps.assignment import UNMATCHED_DOODLE, assign_doodle, missing_map
from maskstyle.maps.colors import RegionKey
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.settings import DOODLE_SETTINGS, FROM_CONTENT, PatchSettings, Settings, check_choice
from maskstyle.synthesis.patch_style import PatchStyle
from maskstyle.synthesis.scene import Scene
from maskstyle.techniques.checks import patch_notes
from maskstyle.techniques.inputs import Inputs, declare, transfer_function

MATCHINGS = ("region", "patch")
"""How to match the style to a doodle: by Gram matrices of regions, or of patches."""

MARGIN = 16
"""Mirrored pixels around the image at coarse sizes: one cell of block 5, the deepest. Without them the zeros that pad
the layers would draw dots at the edges, as a doodle has no content image to prevent it."""


@dataclass(frozen=True, eq=False)
class DoodleInputs(Inputs):
    """Paint a doodle: each of its regions in the style of the region of the same color of a style image.

    Parameters
    ----------
    style : (h, w, 3) or (h, w, 4) float array
        RGB or RGBA in [0, 1], of any size; transparent pixels do not count.
    style_map : SemanticMap
        Region of each pixel of the style image; see `maskstyle.load_map`. The doodle need not use all its regions. It
        may be None where regions are matched and `unmatched` is whole-style.
    doodle : SemanticMap
        Region of each pixel of the picture to paint. Unless `alpha` says otherwise, pixels of no region become
        transparent.
    matching : {"region", "patch"}
        Match styles region by region, or patch by patch as in `maskstyle.transfer_patch`.
    patches : PatchSettings, optional
        How to cut and match patches, for ``matching="patch"``. `feature_weight` must be 0, as there is no content
        image with features to compare.
    mapping : sequence of (doodle color, style color), optional
        Explicit region mapping, for regions that take their style from a region of another color.
    unmatched : {"error", "whole-style"}
        How to handle regions of the doodle that the style map lacks: refuse them, or paint them in the style of the
        whole style image.

    Notes
    -----
    The result has the size of the doodle, at most 512 pixels on the longer side unless ``settings.size`` is set.

    References
    ----------
    Champandard, "Semantic Style Transfer and Turning Two-Bit Doodles into Fine Artworks", 2016, for the idea, there
    with patches; Gatys, Ecker, Bethge, Hertzmann and Shechtman, "Controlling Perceptual Factors in Neural Style
    Transfer", CVPR 2017, for Gram matrices of regions.

    Examples
    --------
    >>> import maskstyle
    >>> style = maskstyle.load_image("samples/harbour.jpg").pixels  # doctest: +SKIP
    >>> result = maskstyle.transfer_doodle(  # doctest: +SKIP
    ...     style,
    ...     style_map=maskstyle.load_map("samples/harbour_map.png"),
    ...     doodle=maskstyle.load_map("samples/coast_doodle.png"),
    ... )
    """

    technique: ClassVar[str] = "doodle"
    defaults: ClassVar[Settings] = DOODLE_SETTINGS
    init: ClassVar[str] = "colors"
    main: ClassVar[str] = "doodle"
    without_effect: ClassVar[tuple[str, ...]] = (
        "full_size",
        "strength",
        "content_weight",
        "content_layers",
        "content_reduction",
        "mask_exponent",
        "color",
    )

    style: Image = declare("style", "Style image.", positional=True)
    doodle: SemanticMap = declare("map", "Doodle: a semantic map of the picture to paint.")
    style_map: SemanticMap | None = declare(
        "map", "Semantic map of STYLE; default: NAME_map.png or NAME_sem.png beside it.", default=None, of="style"
    )
    matching: str = declare("choice", "Match styles by region or by patch.", default="region", choices=MATCHINGS)
    mapping: Sequence[tuple[RegionKey, RegionKey]] | None = declare(
        "mapping",
        "Explicit region mapping, as DOODLECOLOR=STYLECOLOR; repeatable.",
        default=None,
        flag="--map",
    )
    unmatched: str = declare(
        "choice", "How to handle regions that the style map lacks.", default="error", choices=UNMATCHED_DOODLE
    )
    patches: PatchSettings | None = declare("patches", "Patch settings.", default=None)

    def scene(self) -> Scene:
        """Return the scene: a placement for each region of the doodle, and no content image."""
        settings = self.resolved_settings()
        by_patch = self._check(settings)
        style = self.checked_style()
        doodle = self.name_of("doodle", "the doodle")
        names = self.map_names()._replace(content_map=doodle, content=doodle)
        assigned = assign_doodle(
            self.doodle,
            self.style_map or missing_map(style.size, self.unmatched, names.style_map),
            style_size=style.size,
            mapping=self.mapping,
            unmatched=self.unmatched,
            names=names,
        )
        source = replace(style, style_map=assigned.style_map)
        inside = assigned.content_map.labels >= 0
        alpha = self.main_alpha()
        if self.alpha is None and not inside.all():
            alpha = inside.astype(np.float32)
        more: dict[str, Any] = {"margin": MARGIN}
        notes, size = assigned.notes, assigned.content_map.size
        if by_patch:  # patches leave out the cells beside the padding, and need no margin
            patches = self.patches or PatchSettings()
            more = {"style_at": PatchStyle(assigned, patches), "patches": patches}
            notes = (*notes, *patch_notes(patches, size, settings))
        layout = Layout(region_placements(assigned, source), assigned.content_map)
        return self.made_scene(layout, size, content=None, alpha=alpha, notes=notes, **more)

    def _check(self, settings: Settings) -> bool:
        """Return whether styles are matched by patch; raise SettingsError where something needs a content image."""
        with concerning("matching"):
            check_choice("matching", self.matching, MATCHINGS)
        with concerning("patches"):
            if self.patches is not None and self.matching != "patch":
                raise SettingsError(
                    f"patch settings have no effect where `matching` is {self.matching}; leave them out, or "
                    "set `matching` to patch"
                )
            if self.patches is not None and self.patches.feature_weight > 0:
                raise SettingsError(
                    f"feature_weight is {self.patches.feature_weight:g}, but a doodle has no content image with "
                    "features to compare; expected 0"
                )
        if self.matching == "patch" and settings.propagation not in (
            self.defaults.propagation,
            Settings().propagation,
        ):
            with concerning("settings", "propagation"):
                raise SettingsError(
                    f"propagation is {settings.propagation!r}, which has no effect where `matching` is patch; leave "
                    "it out, or match by region"
                )
        if self.matching == "patch" and self.style_map is None:
            with concerning("style_map"):
                raise SettingsError(
                    "there is no style map, which patches are matched by; pass one, or match by region"
                )
        check_without_content(settings)
        return self.matching == "patch"


def check_without_content(settings: Settings) -> None:
    """Raise SettingsError if settings need a content image."""
    if settings.content_weight > 0:
        with concerning("settings", "content_weight"):
            raise SettingsError(
                f"content_weight is {settings.content_weight:g}, but a doodle has no content image; expected 0, as "
                "in maskstyle.DOODLE_SETTINGS"
            )
    if settings.color != "style":
        with concerning("settings", "color"):
            raise SettingsError(
                f"color is {settings.color!r}, but a doodle has no content image to take colors from; expected style"
            )
    if settings.init in FROM_CONTENT:
        with concerning("settings", "init"):
            raise SettingsError(
                f"init is {settings.init!r}, but a doodle has no content image to start from; expected colors, "
                "noise, style or an image"
            )


transfer_doodle = transfer_function(DoodleInputs)
