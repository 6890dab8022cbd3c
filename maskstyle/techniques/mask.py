"""Mask style transfer: a soft mask controls the strength of each style, pixel by pixel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from maskstyle.errors import SettingsError, concerning
from maskstyle.guidance.layout import Layout, Placement, StyleImage
from maskstyle.images.pixels import Image, Mask, Size
from maskstyle.masks.io import fit_mask
from maskstyle.settings import COLOR, Settings
from maskstyle.synthesis.scene import Scene
from maskstyle.techniques.checks import check_strength, check_style
from maskstyle.techniques.inputs import Inputs, declare, transfer_function
from maskstyle.techniques.understood import understood_mask


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
    invert: bool = declare("flag", "Invert all masks: paint where they are black.", default=False)
    transparent: bool = declare(
        "flag", "Write only the painted pixels, on a transparent background.", default=False, panel=COLOR
    )

    def __post_init__(self) -> None:
        """Read files, those of masks too."""
        super().__post_init__()
        object.__setattr__(self, "masks", [understood_mask(each) for each in self.masks])

    def scene(self) -> Scene:
        """Return the scene: a placement for each mask."""
        content = self.checked("content")
        styles = list(self.styles)  # a stack of images makes each of them on access
        sources: dict[int, StyleImage] = {}
        for place, image in enumerate(styles, start=1):
            if id(image) not in sources:
                name = self.name_of(f"style {place}", "the style image")
                sources[id(image)] = check_style(StyleImage(image, name=name), "style image")
        masks = self._fitted(content.shape[:2])
        settings = self.resolved_settings()
        strengths = self._checked_strengths(len(masks), settings)
        color = settings.color
        placements = (
            Placement(
                f"mask {place + 1}", ((sources[id(image)], 1.0),), place, mask=mask, strength=strength, color=color
            )
            for place, (image, mask, strength) in enumerate(zip(styles, masks, strengths, strict=True))
        )
        return self.made_scene(
            Layout(tuple(placements)), content.shape[:2], content=content, transparent=self.transparent
        )

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
