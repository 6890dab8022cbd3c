"""Patch style transfer: each patch takes the style of the patch with the most similar map (Champandard, 2016)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from maskstyle.guidance.layout import Layout, region_placements
from maskstyle.guidance.seen_styles import SeenStyle
from maskstyle.images.color import seen_style
from maskstyle.images.pixels import Image
from maskstyle.maps.assignment import UNMATCHED_PATCHES, assign_nearest
from maskstyle.maps.colors import RegionKey
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.settings import PatchSettings
from maskstyle.synthesis.patch_style import PatchStyle
from maskstyle.synthesis.scene import Scene
from maskstyle.techniques.checks import patch_notes
from maskstyle.techniques.inputs import Inputs, declare, transfer_function


@dataclass(frozen=True, eq=False)
class PatchInputs(Inputs):
    """Paint each patch of a content image in the style of the patch of a style image with the most similar map.

    Parameters
    ----------
    content : (H, W, 3) float array
        RGB in [0, 1].
    style : (h, w, 3) or (h, w, 4) float array
        RGB or RGBA in [0, 1], of any size; transparent pixels do not count.
    content_map, style_map : SemanticMap
        Region of each pixel; see `maskstyle.load_map`. A map of another size but the same aspect ratio is resized to
        its image. Pixels of no region keep the content.
    mapping : sequence of (content color, style color), optional
        Explicit region mapping, for regions that match although their colors differ.
    unmatched : {"error", "nearest"}
        How to handle regions that the style map lacks: refuse them, or match them by the nearest color.
    patches : PatchSettings, optional
        How to cut the images into patches and match them. The result has a `match_map`: the picture assembled from
        the matched style patches.

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

    technique: ClassVar[str] = "patch"
    without_effect: ClassVar[tuple[str, ...]] = ("propagation", "mask_exponent")

    content: Image = declare("image", "Content image.", positional=True)
    style: Image = declare("style", "Style image.", positional=True)
    content_map: SemanticMap = declare(
        "map", "Semantic map of CONTENT; default: NAME_map.png or NAME_sem.png beside it.", of="content"
    )
    style_map: SemanticMap = declare(
        "map", "Semantic map of STYLE; default: NAME_map.png or NAME_sem.png beside it.", of="style"
    )
    mapping: Sequence[tuple[RegionKey, RegionKey]] | None = declare(
        "mapping",
        "Explicit region mapping, as CONTENTCOLOR=STYLECOLOR; repeatable.",
        default=None,
        flag="--map",
    )
    unmatched: str = declare(
        "choice", "How to handle regions that the style map lacks.", default="error", choices=UNMATCHED_PATCHES
    )
    patches: PatchSettings | None = declare("patches", "Patch settings.", default=None)

    def scene(self) -> Scene:
        """Return the scene: a placement for each region, and a style term of matched patches."""
        settings, patches = self.resolved_settings(), self.patches or PatchSettings()
        content, style = self.checked("content"), self.checked_style()
        names = self.map_names()
        assigned = assign_nearest(
            self.content_map,
            self.style_map,
            content_size=content.shape[:2],
            style_size=style.size,
            mapping=self.mapping,
            unmatched=self.unmatched,
            names=names,
        )
        source = replace(style, style_map=assigned.style_map)
        placements = region_placements(assigned, source, settings.color)
        # Patches mix regions, so the whole style image is recolored at once.
        seen = seen_style(
            style.image, content, settings.color, style_weights=style.alpha, content_weights=self.main_alpha()
        )
        return self.made_scene(
            Layout(placements, replace(assigned.content_map, colors=self.content_map.colors)),
            content.shape[:2],
            content=content,
            styles=(SeenStyle(seen, source, placements),),
            style_at=PatchStyle(assigned, patches),
            patches=patches,
            notes=(*assigned.notes, *patch_notes(patches, content.shape[:2], settings)),
        )


transfer_patch = transfer_function(PatchInputs)
