"""Basic style transfer: the whole style on the whole image (Gatys, Ecker and Bethge, 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from maskstyle.errors import SettingsError
from maskstyle.guidance.layout import Layout, Placement, StyleImage
from maskstyle.images.pixels import Image
from maskstyle.synthesis.scene import Scene
from maskstyle.techniques.checks import check_style
from maskstyle.techniques.inputs import Inputs, declare, transfer_function


@dataclass(frozen=True, eq=False)
class BasicInputs(Inputs):
    """Paint a content image in the style of one or several style images.

    Parameters
    ----------
    content : (H, W, 3) float array
        RGB in [0, 1].
    style : (h, w, 3) or (h, w, 4) float array, or a sequence of them
        RGB or RGBA in [0, 1], each of any size; transparent pixels do not count.
    style_shares : sequence of float, optional
        Relative share of each style image; equal by default.

    References
    ----------
    Gatys, Ecker and Bethge, "A Neural Algorithm of Artistic Style", 2015; "Image Style Transfer Using Convolutional
    Neural Networks", CVPR 2016.

    Examples
    --------
    >>> import maskstyle
    >>> content = maskstyle.load_image("samples/astronaut.jpg").pixels  # doctest: +SKIP
    >>> style = maskstyle.load_image("samples/harbour.jpg").pixels  # doctest: +SKIP
    >>> result = maskstyle.transfer_basic(content, style)  # doctest: +SKIP
    >>> maskstyle.save_image("out.png", result.image)  # doctest: +SKIP
    """

    technique: ClassVar[str] = "basic"
    without_effect: ClassVar[tuple[str, ...]] = ("propagation", "mask_exponent")

    content: Image = declare("image", "Content image.", positional=True)
    style: Image | Sequence[Image] = declare("styles", "Style image, as FILE[:SHARE].", positional=True)
    style_shares: Sequence[float] | None = field(default=None, kw_only=True)

    def scene(self) -> Scene:
        """Return the scene: one blend of all styles, everywhere."""
        content = self.checked("content")
        given = [self.style] if isinstance(self.style, np.ndarray) else list(self.style)
        styles = [
            check_style(StyleImage(image, name=self.name_of(f"style {place}", "the style image")), "style image")
            for place, image in enumerate(given, start=1)
        ]
        if not styles:
            raise SettingsError("there is no style image; give at least one")
        shares = normalized_shares(self.style_shares, len(styles))
        blend = Placement("style", tuple(zip(styles, shares, strict=True)), color=self.resolved_settings().color)
        return self.made_scene(Layout((blend,)), content.shape[:2], content=content)


LARGEST_SHARE = 1_000_000
"""Largest share of a style: beside a larger one, the others would be lost in rounding."""


def normalized_shares(shares: Sequence[float] | None, count: int) -> list[float]:
    """Return `count` shares that sum to 1; equal shares by default."""
    given = [1.0] * count if shares is None else [float(share) for share in shares]
    if len(given) != count:
        raise SettingsError(f"there are {count} style images but {len(given)} shares; give one for each")
    if not all(0 <= share <= LARGEST_SHARE for share in given) or sum(given) <= 0:
        raise SettingsError(
            f"the shares of the styles are {given}; expected numbers from 0 to {LARGEST_SHARE:,}, and one above 0"
        )
    return [share / sum(given) for share in given]


transfer_basic = transfer_function(BasicInputs)
