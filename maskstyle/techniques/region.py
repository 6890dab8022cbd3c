"""Region style transfer: each region takes the style of the region of the same color (Gatys et al., 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from maskstyle.errors import SettingsError, concerning
from maskstyle.guidance.layout import Layout, region_placements
from maskstyle.images.pixels import Image
from maskstyle.maps.assignment import UNMATCHED, Assignment, assign_regions, find_painted, missing_map
from maskstyle.maps.colors import RegionKey
from maskstyle.maps.naming import find_region
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.settings import STYLE, Settings
from maskstyle.synthesis.scene import Scene
from maskstyle.techniques.checks import check_soft_maps, check_strength
from maskstyle.techniques.edges import EdgeInputs
from maskstyle.techniques.inputs import declare, transfer_function


@dataclass(frozen=True, eq=False)
class RegionInputs(EdgeInputs):
    """Paint each region of a content image in the style of the region of the same color of a style image.

    Parameters
    ----------
    content : (H, W, 3) float array
        RGB in [0, 1].
    style : (h, w, 3) or (h, w, 4) float array
        RGB or RGBA in [0, 1], of any size; transparent pixels do not count.
    content_map, style_map : SemanticMap
        Region of each pixel; `style_map` may be None where `unmatched` is whole-style. See `maskstyle.load_map`. A
        map of another size but the same aspect ratio is resized to its image. Pixels of no region keep the content.
        In a soft map (``load_map(path, soft=True)``), a blended pixel counts in the Gram matrices of several regions,
        in proportion to its shares. Its coverage is the sum of the shares of the painted regions.
    regions : sequence of (red, green, blue) or int, optional
        Map colors, or numbers such as ids, of the regions to paint; all by default. All other pixels stay those of
        the content image, bit for bit unless it is resized.
    keep : sequence of (red, green, blue) or int, optional
        Map colors or numbers of the regions to leave unchanged; all others are painted.
    mapping : sequence of (content color or number, style color or number), optional
        Explicit region mapping, for regions that take their style from a region of another color.
    unmatched : {"error", "keep", "whole-style"}
        How to handle regions that the style map lacks: refuse them, keep their content, or paint them in the style of
        the whole style image. A region that only the style map has is not used.
    strengths : sequence of (content color or number, strength), optional
        Strengths of painted regions, in [0, 1]; all others have ``settings.strength``. 0 keeps the pixels of a
        region, bit for bit. With a raw ``settings.style_weight``, factors on this.
    feather, feather_mode, transparent, denoise_regions
        See `maskstyle.techniques.edges.EdgeInputs`.

    References
    ----------
    Gatys, Ecker, Bethge, Hertzmann and Shechtman, "Controlling Perceptual Factors in Neural Style Transfer",
    CVPR 2017.

    Examples
    --------
    >>> import maskstyle
    >>> content = maskstyle.load_image("samples/coffee.jpg").pixels  # doctest: +SKIP
    >>> style = maskstyle.load_image("samples/harbour.jpg").pixels  # doctest: +SKIP
    >>> maps = [maskstyle.load_map(f"samples/{name}_map.png") for name in ("coffee", "harbour")]  # doctest: +SKIP
    >>> result = maskstyle.transfer_region(  # doctest: +SKIP
    ...     content, style, content_map=maps[0], style_map=maps[1], regions=[(200, 70, 50)]
    ... )
    """

    technique: ClassVar[str] = "region"
    soft_maps: ClassVar[bool] = True
    without_effect: ClassVar[tuple[str, ...]] = ("mask_exponent",)

    content: Image = declare("image", "Content image.", positional=True)
    style: Image = declare("style", "Style image.", positional=True)
    content_map: SemanticMap = declare(
        "map", "Semantic map of CONTENT; default: NAME_map.png or NAME_sem.png beside it.", of="content"
    )
    style_map: SemanticMap | None = declare(
        "map", "Semantic map of STYLE; default: NAME_map.png or NAME_sem.png beside it.", default=None, of="style"
    )
    regions: Sequence[RegionKey] | None = declare(
        "colors",
        "Map colors or ids of the regions to paint: red,'#0000ff',3,...; default: all.",
        default=None,
        of="content_map",
    )
    keep: Sequence[RegionKey] | None = declare(
        "colors", "Regions to keep unchanged, by color or number; repeatable.", default=None, of="content_map"
    )
    mapping: Sequence[tuple[RegionKey, RegionKey]] | None = declare(
        "mapping",
        "Explicit region mapping, as CONTENTCOLOR=STYLECOLOR; repeatable.",
        default=None,
        flag="--map",
    )
    unmatched: str = declare(
        "choice",
        "Regions that the style map lacks: refuse, keep, or paint in the whole style.",
        default="error",
        choices=UNMATCHED,
    )
    strengths: Sequence[tuple[RegionKey, float]] | None = declare(
        "strengths",
        "Strength of single regions, as COLOR=STRENGTH,...; repeatable.",
        default=None,
        panel=STYLE,
        flag="--region-strength",
        of="content_map",
    )

    def scene(self) -> Scene:
        """Return the scene: a placement for each region to paint."""
        settings = self.resolved_settings()
        self.check_edges(settings)
        content, style = self.checked("content"), self.checked_style()
        names = self.map_names()
        style_map = self.style_map or missing_map(style.size, self.unmatched, names.style_map)
        assigned = assign_regions(
            self.content_map,
            style_map,
            content_size=content.shape[:2],
            style_size=style.size,
            regions=self.regions,
            keep=self.keep,
            mapping=self.mapping,
            unmatched=self.unmatched,
            names=names,
        )
        soft = check_soft_maps((self.content_map, style_map), settings)
        source = replace(style, style_map=assigned.style_map)
        placements = region_placements(assigned, source, settings.color, self._strengths(assigned, settings))
        whole = Layout(placements, assigned.content_map)
        layout, sharp = self.faded(whole, content, settings)
        left_alone = (f"region {name} is not in the style map; it was left unchanged" for name in assigned.left_alone)
        return self.made_scene(
            layout,
            content.shape[:2],
            content=content,
            **self.edges(layout),
            notes=(*left_alone, *assigned.notes, *soft, *sharp, *self._idle_mapping(whole, settings)),
        )

    def _idle_mapping(self, layout: Layout, settings: Settings) -> list[str]:
        """Return a note for each region that is mapped, but whose strength is 0."""
        own, painting = layout.content_map, layout.painting(settings.chosen_strength)
        if own is None or not painting.placements:
            return []
        name = self.map_names().content_map
        mapped = {find_region(here, own, name=name) for here, _ in self.mapping or ()}
        return [
            f"region {own.name(label)} has strength 0, so `mapping` has no effect on it"
            for label in layout.painted()
            if label in mapped and label in painting.unpainted
        ]

    def _strengths(self, assigned: Assignment, settings: Settings) -> dict[int, float | None]:
        """Return the strengths of single regions, by label."""
        given = list(self.strengths or ())
        painted = {each.region for each in assigned.regions}
        name = self.map_names().content_map
        labels = find_painted("strengths", [color for color, _ in given], assigned.content_map, painted, name=name)
        strengths: dict[int, float | None] = {}
        for place, (label, (_, strength)) in enumerate(zip(labels, given, strict=True)):
            region = assigned.content_map.name(label)
            with concerning("strengths", place):
                if label in strengths:
                    raise SettingsError(f"strengths lists {region} twice; give each region one strength")
                strengths[label] = check_strength(strength, settings, f" of region {region}")
        return strengths


transfer_region = transfer_function(RegionInputs)
