"""Inputs of techniques that paint part of a picture: how the paint ends, and what is done inside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskstyle.errors import SettingsError, concerning
from maskstyle.guidance.layout import Layout
from maskstyle.images.compositing import FEATHER_MODES
from maskstyle.images.guided_filter import MOST_RADIUS
from maskstyle.maps.assignment import find_denoised
from maskstyle.maps.colors import Color
from maskstyle.settings import AT_LEAST_ZERO, COLOR, Settings
from maskstyle.techniques.inputs import Inputs, declare


@dataclass(frozen=True, eq=False, kw_only=True)
class EdgeInputs(Inputs):
    """What regions are given beside their styles.

    Parameters
    ----------
    feather : float
        Pixels of the result over which the style fades in from the edge of the painted area.
    feather_mode : {"distance", "edges"}
        Fade in by distance alone, or end the paint at edges of the content image within `feather` pixels, and fade
        in where there are none.
    transparent : bool
        Return the paint alone: the alpha of the result is the coverage, times the alpha of the content image. Laid
        over the content image it looks as without. Below alpha 0 are the pixels of the content image.
    denoise_regions : sequence of (red, green, blue), optional
        Map colors of the painted regions that ``settings.denoise`` applies to; all that is painted where they are
        left out.
    """

    feather: float = declare(
        "number",
        "Width of the fade-in from the painted edge, in pixels.",
        default=0.0,
        panel=COLOR,
        bounds=AT_LEAST_ZERO,
    )
    feather_mode: str = declare(
        "choice",
        "Fade by distance alone, or follow edges of the content image.",
        default="distance",
        panel=COLOR,
        choices=FEATHER_MODES,
    )
    transparent: bool = declare(
        "flag", "Write only the painted pixels, on a transparent background.", default=False, panel=COLOR
    )
    denoise_regions: Sequence[Color] | None = declare(
        "colors",
        "Map colors of the regions to denoise; default: all painted.",
        default=None,
        panel=COLOR,
        of="content_map",
    )

    def check_edges(self, settings: Settings) -> None:
        """Raise SettingsError where paint cannot end as asked for, or something would do nothing."""
        check_fading(self.feather, self.feather_mode)
        if self.denoise_regions is not None and settings.denoise == 0:
            with concerning("denoise_regions"):
                raise SettingsError("denoise_regions has no effect where `denoise` is 0; give both, or neither")

    def edges(self, layout: Layout) -> dict[str, Any]:
        """Return what a scene is told about the edges of a layout."""
        if self.feather and not layout.regions():
            with concerning("feather"):
                raise SettingsError("feather has no effect where masks alone paint; leave it out")
        return {
            "feather": self.feather,
            "feather_mode": self.feather_mode,
            "transparent": self.transparent,
            "denoised": self._denoised(layout),
        }

    def _denoised(self, layout: Layout) -> tuple[int, ...] | None:
        """Return the labels of the regions to denoise; None: all that is painted."""
        if self.denoise_regions is None:
            return None
        if layout.content_map is None or not layout.regions():
            with concerning("denoise_regions"):
                raise SettingsError("denoise_regions has no effect where no region is painted; leave it out")
        name = self.name_of("content_map", "the content map")
        return find_denoised(self.denoise_regions, layout.content_map, layout.painted(), name=name)


def check_fading(feather: float, mode: str) -> None:
    """Raise SettingsError where paint cannot fade in over so many pixels, or the mode would do nothing."""
    if mode not in FEATHER_MODES:
        with concerning("feather_mode"):
            raise SettingsError(f"feather_mode is {mode!r}; expected one of {', '.join(FEATHER_MODES)}")
    with concerning("feather_mode" if mode != "distance" else "feather"):
        if not (np.isfinite(feather) and feather >= 0):
            raise SettingsError(f"feather is {feather:g}; expected a number of pixels of at least 0")
        if mode == "edges" and not 1 <= feather <= MOST_RADIUS:
            raise SettingsError(
                f"feather is {feather:g}, but `feather_mode` edges searches for edges within that distance; "
                f"expected 1 to {MOST_RADIUS} pixels, such as 8"
            )
