"""What a plan file says, read and checked, with the paths and colors as they were written."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from maskstyle.plans.checking import Source
from maskstyle.settings import PatchSettings, Settings


@dataclass(frozen=True)
class PlanStyle:
    """A style image of a plan.

    Parameters
    ----------
    name : str
        What the plan calls it.
    image : str
        Its file.
    map : str or None
        The file of its map.
    share : float
        Its share where whole styles are blended.
    """

    name: str
    image: str
    map: str | None = None
    share: float = 1.0


@dataclass(frozen=True)
class PlanRegion:
    """A region or mask of a plan; see `maskstyle.PlannedRegion`.

    Parameters
    ----------
    region : str or None
        Color, or color's name, of a region of the content's map.
    mask : str or None
        The file of a soft mask instead.
    complement : bool
        Whether 1 less the mask is meant.
    style : str or None
        The name of its style; None where it is kept.
    style_region : str or None
        Color of a region of the style's map, or "whole".
    style_mask : str or None
        The file of a soft mask over the style image instead.
    strength : float
        Factor on how strongly the style is felt.
    color : str or None
        Whose colors the result has there; as the settings say where it is left out.
    """

    region: str | None = None
    mask: str | None = None
    complement: bool = False
    style: str | None = None
    style_region: str | None = None
    style_mask: str | None = None
    strength: float = 1.0
    color: str | None = None


@dataclass(frozen=True)
class Plan:
    """A plan file.

    Parameters
    ----------
    path : Path
        The file; its paths are relative to its folder.
    source : Source
        For messages.
    technique : str
        One of `maskstyle.plans.keys.KEYS_OF`.
    content : str
        The content's file, or the doodle's.
    settings : Settings
        All settings.
    output, content_map, initial, weights : str or None
        The files of the result, the content's map (a doodle is its own), the first image and the network's weights.
    styles : dict of str to PlanStyle
        The styles by name.
    regions : tuple of PlanRegion
        What is painted or kept.
    feather : float
        Pixels over which styles fade in from the edge of all regions that are painted.
    feather_mode, transparent
        See `maskstyle.transfer_planned`.
    denoise_regions : tuple of str or None
        The regions that denoising is for; all that is painted where they are left out.
    matching : str
        How a doodle's style is matched.
    mapping : tuple of (str, str)
        Which region of the content goes with which of the style, where those of patches and doodles are told.
    unmatched : str
        What becomes of their regions without a counterpart.
    patches : PatchSettings or None
        How patches are cut and matched.
    palette : tuple of str or None
        The maps' colors; found where they are left out.
    least_region : int or None
        How many pixels a region of a map has at least.
    soft_maps : bool
        Whether blended pixels of maps belong to several regions, by their shares.
    """

    path: Path
    source: Source
    technique: str
    content: str
    settings: Settings
    output: str | None = None
    content_map: str | None = None
    initial: str | None = None
    weights: str | None = None
    styles: dict[str, PlanStyle] = field(default_factory=dict)
    regions: tuple[PlanRegion, ...] = ()
    feather: float = 0.0
    feather_mode: str = "distance"
    transparent: bool = False
    denoise_regions: tuple[str, ...] | None = None
    matching: str = "region"
    mapping: tuple[tuple[str, str], ...] = ()
    unmatched: str = "error"
    patches: PatchSettings | None = None
    palette: tuple[str, ...] | None = None
    least_region: int | None = None
    soft_maps: bool = False

    @property
    def content_key(self) -> str:
        """The key that names the content, or the doodle."""
        return "doodle" if self.technique == "doodle" else "content"

    @property
    def map_key(self) -> str:
        """The key that names the content's map, which a doodle is."""
        return "doodle" if self.technique == "doodle" else "content_map"

    def file(self, path: str) -> Path:
        """Return a file of the plan."""
        return self.path.parent / path
