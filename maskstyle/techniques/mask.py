"""Mask style transfer: a soft mask controls the strength of each style, pixel by pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from maskstyle.errors import SettingsError, concerning
from maskstyle.guidance.layout import Layout, Placement, StyleImage
from maskstyle.images.pixels import Image, Mask, Size
from maskstyle.maps.colors import RegionKey
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.masks.io import fit_mask
from maskstyle.settings import COLOR, Settings
from maskstyle.synthesis.scene import Scene
from maskstyle.techniques.checks import check_strength, check_style, find_style_region, with_fitted_map
from maskstyle.techniques.inputs import Inputs, declare, transfer_function
from maskstyle.techniques.understood import understood_map, understood_mask


@dataclass(frozen=True, eq=False)
class MaskInputs(Inputs):
    """Paint a content image in one or several styles, each limited by a soft mask.

    Parameters
    ----------
    content : (H, W, 3) float array
        RGB in [0, 1].
    styles : sequence of (h, w, 3) or (h, w, 4) float array
        RGB or RGBA in [0, 1], one for each mask; an array may occur several times. Transparent pixels do not count.
    masks : sequence of (M, N) float array
        Strength of the style at each pixel, in [0, 1], with the aspect ratio of the content image; see
        `maskstyle.load_mask`. Where masks overlap, styles mix in proportion. Pixels where all masks are 0 stay those
        of the content image, bit for bit unless it is resized.
    strengths : sequence of float or None, optional
        Strength of each style, in [0, 1]; None: ``settings.strength``. With a raw ``settings.style_weight``, factors
        on this, at least 0.
    style_maps : sequence of SemanticMap or None, optional
        Map of each style image; required for those with a region to take the style from.
    style_regions : sequence of (red, green, blue), int or None, optional
        Map color or number of the region of each style image to take the style from; None: the whole image.
    invert : bool
        Whether to take 1 minus each mask: the styles go where the masks are black.
    transparent : bool
        See `maskstyle.transfer_region`.

    Examples
    --------
    >>> import maskstyle
    >>> content = maskstyle.load_image("samples/astronaut.jpg").pixels  # doctest: +SKIP
    >>> style = maskstyle.load_image("samples/harbour.jpg").pixels  # doctest: +SKIP
    >>> mask = maskstyle.load_mask("samples/astronaut_mask.png")  # doctest: +SKIP
    >>> result = maskstyle.transfer_mask(content, [style], masks=[mask])  # doctest: +SKIP
    """

    technique: ClassVar[str] = "mask"
    without_effect: ClassVar[tuple[str, ...]] = ("propagation",)

    content: Image = declare("image", "Content image.", positional=True)
    styles: Sequence[Image] = declare(
        "masked styles",
        "Style image and its mask, as FILE:MASK[:STRENGTH]; 1-MASK inverts it; repeatable.",
        positional=True,
        flag="--style",
    )
    masks: Sequence[Mask] = field(kw_only=True)
    strengths: Sequence[float | None] | None = field(default=None, kw_only=True)
    style_maps: Sequence[SemanticMap | None] | None = field(default=None, kw_only=True)
    style_regions: Sequence[RegionKey | None] | None = field(default=None, kw_only=True)
    invert: bool = declare("flag", "Invert all masks: paint where they are black.", default=False)
    transparent: bool = declare(
        "flag", "Write only the painted pixels, on a transparent background.", default=False, panel=COLOR
    )

    def __post_init__(self) -> None:
        """Read files, those of masks too."""
        super().__post_init__()
        object.__setattr__(self, "masks", [understood_mask(each) for each in self.masks])
        if self.style_maps is not None:
            object.__setattr__(self, "style_maps", [understood_map(each) for each in self.style_maps])

    def scene(self) -> Scene:
        """Return the scene: a placement for each mask."""
        content = self.checked("content")
        sources = self._sources()
        masks = self._fitted(content.shape[:2])
        parts = self._style_labels(sources)
        settings = self.resolved_settings()
        strengths = self._checked_strengths(len(masks), settings)
        color = settings.color
        placements = (
            Placement(
                f"mask {place + 1}",
                ((source, 1.0),),
                place,
                mask=mask,
                style_label=part,
                strength=strength,
                color=color,
            )
            for place, (source, mask, part, strength) in enumerate(zip(sources, masks, parts, strengths, strict=True))
        )
        return self.made_scene(
            Layout(tuple(placements)), content.shape[:2], content=content, transparent=self.transparent
        )

    def _sources(self) -> list[StyleImage]:
        """Return the style image of each mask, checked; masks that share an array and a map share it."""
        styles = list(self.styles)  # a stack of images makes each of them on access
        maps = self._one_each("style_maps", self.style_maps)
        found: dict[tuple[int, int], StyleImage] = {}
        for place, (image, style_map) in enumerate(zip(styles, maps, strict=True)):
            if (id(image), id(style_map)) not in found:
                name = self.name_of(f"style {place + 1}", "the style image")
                style = check_style(StyleImage(image, style_map, name=name), "style image")
                found[id(image), id(style_map)] = with_fitted_map(style)
        return [found[id(image), id(style_map)] for image, style_map in zip(styles, maps, strict=True)]

    def _style_labels(self, sources: Sequence[StyleImage]) -> list[int | None]:
        """Return the label of the region that each mask takes its style from; None: the whole image."""
        labels: list[int | None] = []
        wanted = self._one_each("style_regions", self.style_regions)
        for place, (region, style) in enumerate(zip(wanted, sources, strict=True)):
            with concerning("regions", place, "style_region"):
                if region is None and style.style_map is not None:
                    raise SettingsError(f"{style.name} has a map, which has no effect without `style_region`")
                labels.append(None if region is None else find_style_region(region, style))
        return labels

    def _one_each(self, name: str, given: Sequence[Any] | None) -> list[Any]:
        """Return one value for each style image; None for all by default."""
        count = len(self.styles)
        values = [None] * count if given is None else list(given)
        if len(values) != count:
            raise SettingsError(f"there are {count} style images but {len(values)} {name}; give one for each")
        return values

    def _fitted(self, size: Size) -> list[Mask]:
        """Return the masks, one for each style image, checked against the size of the content image."""
        masks, count = self.masks, len(self.styles)
        if len(masks) == 0:
            raise SettingsError("there is no mask; give one with each style image")
        if len(masks) != count:
            raise SettingsError(f"there are {len(masks)} masks but {count} style images; give one for each mask")
        fitted = []
        for place, mask in enumerate(masks):
            name = self._mask_name(place)
            with concerning("masks", place):
                image_name = self.name_of("content", "the content image")
                used = 1 - np.asarray(mask) if self.invert else mask
                fitted.append(fit_mask(used, size, name=name, image_name=image_name))
        return fitted

    def _mask_name(self, place: int) -> str:
        name = self.name_of(f"mask {place + 1}", f"mask {place + 1}")
        return f"1-{name}" if self.invert else name

    def _checked_strengths(self, count: int, settings: Settings) -> list[float | None]:
        """Return the strengths of `count` masks; None: as the settings say."""
        given = [None] * count if self.strengths is None else list(self.strengths)
        if len(given) != count:
            raise SettingsError(f"there are {count} masks but {len(given)} strengths; give one for each")
        checked = []
        for place, strength in enumerate(given):
            with concerning("strengths", place):
                checked.append(check_strength(strength, settings, f" of {self._called(place + 1)}"))
        return checked

    def _called(self, number: int) -> str:
        """Return a style and its mask as the command line names them, or the number of the mask."""
        mask = self.name_of(f"mask {number}", f"mask {number}")
        style = self.name_of(f"style {number}", "")
        return f"{style}:{mask}" if style else mask


transfer_mask = transfer_function(MaskInputs)
