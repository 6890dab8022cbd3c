"""Plan style transfer: regions and soft masks of one picture, each in its own style, or kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from maskstyle.errors import ImageError, SettingsError, concerning
from maskstyle.guidance.layout import Layout, Placement, StyleImage
from maskstyle.images.pixels import Image, Mask, Size
from maskstyle.maps.colors import RegionKey, region_name
from maskstyle.maps.io import fit_map
from maskstyle.maps.matching import describe_unmatched, match_regions
from maskstyle.maps.naming import find_region
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.masks.io import fit_mask
from maskstyle.schemas.arguments import convert_fields
from maskstyle.settings import CHOICES, Settings, check_choice
from maskstyle.synthesis.scene import Scene
from maskstyle.synthesis.schedule import result_size, style_size
from maskstyle.techniques.checks import (
    check_soft_maps,
    check_strength,
    check_style,
    find_style_region,
    require_some,
    with_fitted_map,
)
from maskstyle.techniques.edges import EdgeInputs
from maskstyle.techniques.inputs import declare, transfer_function

WHOLE = "whole"
"""The value of `style_region` that stands for the whole style image."""


@dataclass(frozen=True, eq=False)
class PlanRegion:
    """A region or a soft mask of the content image, and the style that goes there; or a region to keep.

    Parameters
    ----------
    region : (red, green, blue) or int, optional
        Map color, or id, of a region of the content image.
    mask : (M, N) float array, optional
        Instead of a region, a soft mask in [0, 1] with the aspect ratio of the content image.
    style : StyleImage or None
        The style; None keeps the pixels of the region bit for bit, even under masks.
    style_region : (red, green, blue), int or "whole", optional
        Region of the style image to take the style from. By default, a region takes the style of the region of the
        same color if the style image has a map; otherwise the whole image is used.
    style_mask : (m, n) float array, optional
        Instead of a region, a soft mask in [0, 1] over the style image, with its aspect ratio.
    strength : float or None
        Strength of the style there, in [0, 1]; None: ``settings.strength``. 0 keeps the content image. With a raw
        ``settings.style_weight``, a factor on this.
    color : {"style", "content", "luminance", "match"}, optional
        Colors of the result there, see `maskstyle.Settings`; by default, ``settings.color``.
    """

    region: RegionKey | None = None
    mask: Mask | None = None
    style: StyleImage | None = None
    style_region: RegionKey | str | None = None
    style_mask: Mask | None = None
    strength: float | None = None
    color: str | None = None

    def __post_init__(self) -> None:
        """Check and convert the fields; masks may be files."""
        convert_fields(self)


@dataclass(frozen=True, eq=False)
class PlanInputs(EdgeInputs):
    """Paint regions and soft masks of a content image, each in its own style: a style image or part of one.

    Parameters
    ----------
    content : (H, W, 3) float array
        RGB in [0, 1].
    regions : sequence of PlanRegion
        What to paint, and how. Where masks overlap each other or regions, styles mix in proportion. All other pixels
        stay those of the content image, bit for bit unless it is resized.
    content_map : SemanticMap, optional
        Region of each pixel; required if `regions` names a region. See `maskstyle.load_map`.
    feather, feather_mode, transparent, denoise_regions
        See `maskstyle.techniques.edges.EdgeInputs`.

    Notes
    -----
    If regions have different color modes, the network sees regions with ``luminance`` in gray. Unpainted pixels
    follow ``settings.color``.

    Examples
    --------
    >>> import maskstyle
    >>> content = maskstyle.load_image("samples/coffee.jpg").pixels  # doctest: +SKIP
    >>> styles = [  # doctest: +SKIP
    ...     maskstyle.StyleImage(maskstyle.load_image(f"samples/{name}.jpg").pixels) for name in ("window", "dots")
    ... ]
    >>> result = maskstyle.transfer_plan(  # doctest: +SKIP
    ...     content,
    ...     [
    ...         maskstyle.PlanRegion((200, 70, 50), style=styles[0]),
    ...         maskstyle.PlanRegion((110, 140, 60), style=styles[1], color="content"),
    ...     ],
    ...     content_map=maskstyle.load_map("samples/coffee_map.png"),
    ... )
    """

    technique: ClassVar[str] = "plan"
    soft_maps: ClassVar[bool] = True

    content: Image = declare("image", "Content image.", positional=True)
    regions: Sequence[PlanRegion] = declare(
        "plan regions", "Regions and masks, each with its style.", positional=True
    )
    content_map: SemanticMap | None = declare("map", "Semantic map of the content image.", default=None, of="content")

    def scene(self) -> Scene:
        """Return the scene: a placement for each region and mask that has a style."""
        settings = self.resolved_settings()
        self.check_edges(settings)
        content = self.checked("content")
        layout = self._layout(content.shape[:2], settings)
        maps = (layout.content_map, *(style.style_map for style in layout.styles()))
        soft = check_soft_maps(maps, settings)
        layout, sharp = self.faded(layout, content, settings)
        return self.made_scene(
            layout,
            content.shape[:2],
            content=content,
            **self.edges(layout),
            notes=(*soft, *sharp, *_enlarged(layout, content.shape[:2], settings)),
        )

    def _layout(self, size: Size, settings: Settings) -> Layout:
        """Return the placements of the plan, with every region found in its map."""
        content_map = self.content_map
        if content_map is not None:
            with concerning("content_map"):
                name = self.name_of("content_map", "the content map")
                image_name = self.name_of("content", "the content image")
                content_map = fit_map(content_map, size, name=name, image_name=image_name)
        placing = _Placing(self, content_map, size, settings)
        placements, kept = [], []
        for place, region in enumerate(self.regions):
            with concerning("regions", place):
                label = placing.content_label(region)
                if region.style is not None:
                    placements.append(placing.placement(region, place, label))
                elif label is None:
                    with concerning("style"):
                        raise SettingsError("a mask without a style paints nothing; give it a style")
                else:
                    kept.append(label)
        if not placements:
            raise SettingsError("the plan paints nothing; give at least one region or mask a style")
        layout = Layout(tuple(placements), content_map, tuple(kept))
        for placement in layout.masked():
            if not layout.mask(placement, size).any():
                with concerning("regions", placement.place, "mask"):
                    raise ImageError(
                        "the mask is 0 wherever pixels are not kept, so it paints nothing; enlarge or remove it"
                    )
        return layout


class _Placing:
    """Turn the regions of a plan into placements; reject duplicates, and fit each style map once."""

    def __init__(self, inputs: PlanInputs, content_map: SemanticMap | None, size: Size, settings: Settings) -> None:
        self._content_map, self._size, self._settings = content_map, size, settings
        self._name = inputs.name_of("content_map", "the content map")
        self._image_name = inputs.name_of("content", "the content image")
        self._taken: set[int] = set()
        self._styles: dict[int, StyleImage] = {}

    def content_label(self, region: PlanRegion) -> int | None:
        """Return the label of a region of the content image; None for a mask."""
        with concerning("region"):
            if (region.region is None) == (region.mask is None):
                raise SettingsError("expected either a region of the content map or a mask; give exactly one of them")
            if region.region is None:
                return None
            if self._content_map is None:
                raise SettingsError(f"region {region_name(region.region)} needs a content map; pass `content_map`")
            label = find_region(region.region, self._content_map, name=self._name)
            if label in self._taken:
                named = self._content_map.name(label)
                raise SettingsError(f"region {named} is listed twice; list it once")
            self._taken.add(label)
            require_some(self._content_map, label, self._name)
            return label

    def placement(self, region: PlanRegion, place: int, label: int | None) -> Placement:
        """Return the placement of a region or mask that has a style."""
        style = self._style(region)
        mask, style_mask, style_label = None, None, None
        if region.mask is not None:
            with concerning("mask"):
                mask = fit_mask(region.mask, self._size, name="the mask", image_name=self._image_name)
        if region.style_mask is not None:
            with concerning("style_mask"):
                if region.style_region is not None:
                    raise SettingsError("expected a region of the style image or a mask over it, not both")
                style_mask = fit_mask(region.style_mask, style.size, name="the style mask", image_name=style.name)
        else:
            with concerning("style_region"):
                style_label = self._style_label(region, label, style)
        with concerning("strength"):
            strength = check_strength(region.strength, self._settings, "")
        color = region.color or self._settings.color
        with concerning("color"):
            check_choice("color", color, CHOICES["color"])
        name = f"mask {place + 1}"
        if label is not None and self._content_map is not None:
            name = self._content_map.name(label)
        return Placement(name, ((style, 1.0),), place, label, mask, style_label, style_mask, strength, color)

    def _style(self, region: PlanRegion) -> StyleImage:
        """Return a style image, checked and with its map fitted; regions that share one go on to share it."""
        given = region.style
        assert given is not None
        if id(given) not in self._styles:
            with concerning("style"):
                style = with_fitted_map(check_style(given, given.name.removeprefix("the ")))
            self._styles[id(given)] = style
        return self._styles[id(given)]

    def _style_label(self, region: PlanRegion, label: int | None, style: StyleImage) -> int | None:
        """Return the label of the region of the style image; None is the whole image."""
        wanted = region.style_region
        if wanted == WHOLE or (wanted is None and (label is None or style.style_map is None)):
            return None
        map_name = f"the map of {style.name}"
        if style.style_map is None:
            raise SettingsError(f"{style.name} has no map to find a region in; give it one, or use {WHOLE!r}")
        if isinstance(wanted, str):
            raise SettingsError(f"the style region is {wanted!r}; expected a color or an id of its map, or {WHOLE!r}")
        if wanted is not None:
            return find_style_region(wanted, style)
        assert label is not None
        found = self._same_color(label, style.style_map, map_name)
        require_some(style.style_map, found, map_name)
        return found

    def _same_color(self, label: int, style_map: SemanticMap, map_name: str) -> int:
        """Return the label of the region of the style image that has the color of a region of the content image."""
        assert self._content_map is not None
        match = match_regions(self._content_map, style_map, names=(self._name, map_name))
        found = dict(match.pairs)
        if label in found:
            return found[label]
        missing = replace(match, unmatched_content=(label,))
        advice = f"set `style_region` to a color of its map, or to {WHOLE!r}"
        raise ImageError(
            describe_unmatched(
                missing, self._content_map, style_map, content_name=self._name, style_name=map_name, advice=advice
            )
        )


def _enlarged(layout: Layout, size: Size, settings: Settings) -> tuple[str, ...]:
    """Return a note for each style image that its scale enlarges beyond its own size."""
    notes = []
    finest = result_size(size, settings)
    for style in layout.styles():
        used = style_size(style.size, finest, settings, style.scale)
        if style.scale > 1 and max(used) > max(style.size):
            shown, own = (f"{each[1]}x{each[0]}" for each in (used, style.size))
            notes.append(f"{style.name} is enlarged from {own} to {shown} for its strokes, which become soft")
    return tuple(notes)


transfer_plan = transfer_function(PlanInputs)
