"""Inputs of techniques that paint part of a picture: soft edges, transparency and denoising by region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import SettingsError, concerning
from maskstyle.guidance.layout import Layout
from maskstyle.images.compositing import FEATHER_MODES
from maskstyle.images.guided_filter import MOST_RADIUS, edge_aware_mask
from maskstyle.images.pixels import Image, resize_image, size_of
from maskstyle.maps.assignment import find_painted
from maskstyle.maps.colors import RegionKey
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.maps.soft import Fade, faded_between, reach
from maskstyle.masks.feathering import feather_mask
from maskstyle.settings import AT_LEAST_ZERO, COLOR, Settings, check_choice
from maskstyle.synthesis.schedule import result_size
from maskstyle.techniques.inputs import Inputs, declare

MOST_SHARES = 2**27
"""Regions times pixels of a map whose regions can fade into each other: 0.5 GB."""


@dataclass(frozen=True, eq=False, kw_only=True)
class EdgeInputs(Inputs):
    """The inputs for soft edges, transparency and denoising by region.

    Parameters
    ----------
    feather : float
        Width of the fade-in from the edge of the painted area, in pixels of the result. Painted regions that touch
        fade into each other over the same width, half on each side; edges that are soft in the map become softer.
    feather_mode : {"distance", "edges"}
        ``distance``: fade in by distance alone. ``edges``: end the paint at edges of the content image within
        `feather` pixels, and fade in where there are none. Painted regions that touch also meet at such edges.
    transparent : bool
        Return only the painted pixels: the alpha of the result is the coverage, times the alpha of the content image.
        Composited over the content image, it equals the result without this option. Pixels with alpha 0 have the
        colors of the content image.
    denoise_regions : sequence of (red, green, blue) or int, optional
        Map colors, or ids, of the painted regions that ``settings.denoise`` applies to; by default, all that is
        painted.
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
    denoise_regions: Sequence[RegionKey] | None = declare(
        "colors",
        "Map colors of the regions to denoise; default: all painted.",
        default=None,
        panel=COLOR,
        of="content_map",
    )

    def check_edges(self, settings: Settings) -> None:
        """Raise SettingsError if an input is invalid or would have no effect."""
        check_fading(self.feather, self.feather_mode)
        if self.denoise_regions is not None and settings.denoise == 0:
            with concerning("denoise_regions"):
                raise SettingsError("denoise_regions has no effect where `denoise` is 0; give both, or neither")

    def edges(self, layout: Layout) -> dict[str, Any]:
        """Return the arguments of a scene for the edges of a layout."""
        if self.feather and not layout.regions():
            with concerning("feather"):
                raise SettingsError("feather has no effect where masks alone paint; leave it out")
        return {
            "feather": self.feather,
            "feather_mode": self.feather_mode,
            "transparent": self.transparent,
            "denoised": self._denoised(layout),
        }

    def faded(self, layout: Layout, content: Image, settings: Settings) -> tuple[Layout, tuple[str, ...]]:
        """Return a layout in which painted regions that touch fade into each other, or a note that they do not."""
        own = layout.content_map
        painted = layout.painting(settings.chosen_strength).painted()
        if not self.feather or own is None or not _touch(own.labels, painted):
            return layout, ()
        reason = _reason_for_sharp_edges(own, settings)
        if reason is not None:
            return layout, (
                f"painted regions that touch keep a sharp edge between them, as {reason}: `feather` fades into the "
                "content image only",
            )
        size = size_of(content)
        finest = size if settings.full_size else result_size(size, settings)
        shares = faded_between(own, painted, finest, self._fade(own, resize_image(content, finest)))
        if shares is None:
            return layout, (
                "painted regions that touch meet as without `feather`, which is too narrow to change their edges",
            )
        return replace(layout, content_map=replace(own, shares=shares)), ()

    def _fade(self, content_map: SemanticMap, content: Image) -> Fade:
        """Return how far a painted region reaches into those that it touches; `content` has the size to fade at."""
        if self.feather_mode == "edges":
            return lambda own, _: edge_aware_mask(own, content, radius=round(self.feather))
        if content_map.shares is not None:
            return lambda own, _: feather_mask(own, self.feather)
        return lambda own, among: reach(own, among, self.feather)

    def _denoised(self, layout: Layout) -> tuple[int, ...] | None:
        """Return the labels of the regions to denoise; None: all that is painted."""
        if self.denoise_regions is None:
            return None
        if layout.content_map is None or not layout.regions():
            with concerning("denoise_regions"):
                raise SettingsError("denoise_regions has no effect where no region is painted; leave it out")
        name = self.name_of("content_map", "the content map")
        return find_painted("denoise_regions", self.denoise_regions, layout.content_map, layout.painted(), name=name)


def _reason_for_sharp_edges(content_map: SemanticMap, settings: Settings) -> str | None:
    """Return why painted regions do not fade into each other; None if they do."""
    if settings.propagation != "simple":
        return "the `propagation` is not simple"
    if len(content_map.colors) * content_map.labels.size > MOST_SHARES:
        return "the map has too many regions and pixels"
    return None


def _touch(labels: NDArray[np.int32], painted: Sequence[int]) -> bool:
    """Return whether two different painted regions are neighbors."""
    own = np.where(np.isin(labels, painted), labels, -1)
    pairs = ((own[1:], own[:-1]), (own[:, 1:], own[:, :-1]))
    return any(bool(((one != other) & (one >= 0) & (other >= 0)).any()) for one, other in pairs)


def check_fading(feather: float, mode: str) -> None:
    """Raise SettingsError if the width or the mode of the fade-in is invalid."""
    with concerning("feather_mode"):
        check_choice("feather_mode", mode, FEATHER_MODES)
    with concerning("feather_mode" if mode != "distance" else "feather"):
        if not (np.isfinite(feather) and feather >= 0):
            raise SettingsError(f"feather is {feather:g}; expected a number of pixels of at least 0")
        if mode == "edges" and not 1 <= feather <= MOST_RADIUS:
            raise SettingsError(
                f"feather is {feather:g}, but `feather_mode` edges searches for edges within that distance; "
                f"expected 1 to {MOST_RADIUS} pixels, such as 8"
            )
