"""Band style transfer: the style goes where the content image is bright."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from maskstyle.errors import SettingsError
from maskstyle.guidance.layout import Layout, Placement
from maskstyle.images.pixels import Image
from maskstyle.settings import AT_LEAST_ZERO
from maskstyle.synthesis.scene import Scene
from maskstyle.techniques.inputs import Inputs, declare, transfer_function

LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)


@dataclass(frozen=True, eq=False)
class BandsInputs(Inputs):
    """Paint the bright parts of a content image in the style of a style image.

    Parameters
    ----------
    content : (H, W, 3) float array
        RGB in [0, 1].
    style : (h, w, 3) float array
        RGB in [0, 1], of any size.
    threshold : float
        Luminance in [0, 1] above which pixels are painted.
    """

    technique: ClassVar[str] = "bands"
    without_effect: ClassVar[tuple[str, ...]] = ("propagation",)

    content: Image = declare("image", "Content image.", positional=True)
    style: Image = declare("style", "Style image.", positional=True)
    threshold: float = declare(
        "number", "Luminance above which pixels are painted.", default=0.5, bounds=AT_LEAST_ZERO
    )

    def scene(self) -> Scene:
        """Return the scene: one placement, on the mask of the bright pixels."""
        AT_LEAST_ZERO.check("threshold", self.threshold)
        content, style = self.checked("content"), self.checked_style()
        bright = (content @ LUMINANCE > self.threshold).astype(np.float32)
        if not bright.any():
            raise SettingsError(f"threshold is {self.threshold:g}, and no pixel is brighter; expected less")
        color = self.resolved_settings().color
        band = Placement("the bright band", ((style, 1.0),), mask=bright, color=color)
        return self.made_scene(Layout((band,)), content.shape[:2], content=content)


transfer_bands = transfer_function(BandsInputs)
