"""A plan: the contents of a plan file, or of the options of a command, with files and colors as written."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from maskstyle.images.paths import local
from maskstyle.images.streams import STANDARD
from maskstyle.plans.checking import Source
from maskstyle.plans.map_reading import MapReading
from maskstyle.settings import Limits, PatchSettings, Settings
from maskstyle.techniques.inputs import Inputs


@dataclass(frozen=True)
class PlanStyle:
    """A style image of a plan."""

    name: str
    image: str
    map: str | None = None  # the file of its semantic map
    share: float = 1.0  # its share where whole styles are blended
    scale: float = 1.0  # scale factor of the image, for the size of strokes


@dataclass(frozen=True)
class RegionEntry:
    """A region or mask of a plan; see `maskstyle.PlanRegion`."""

    region: str | None = None  # color, or its name, of a region of the content map
    mask: str | None = None  # the file of a soft mask instead
    complement: bool = False  # whether to invert the mask
    style: str | None = None  # the name of the style; None if the region is kept
    style_region: str | None = None  # color of a region of the style map, or "whole"
    style_mask: str | None = None  # the file of a soft mask over the style image instead
    strength: float | None = None  # strength of the style; None: that of the settings
    scale: float | None = None  # further scale factor of the style image
    color: str | None = None  # color mode; by default, that of the settings


def style_names(files: Sequence[str]) -> list[str]:
    """Return a name for each style image: its file's without folder and extension, numbered where that is taken.

    Examples
    --------
    >>> style_names(["a_2.jpg", "a.jpg", "old/a.jpg"])
    ['a_2', 'a', 'a_3']
    """
    names: list[str] = []
    for file in files:
        stem = name = Path(file).stem
        number = 1
        while name in names:
            number += 1
            name = f"{stem}_{number}"
        names.append(name)
    return names


@dataclass(frozen=True)
class Plan:
    """A plan, checked as far as its text allows.

    Parameters
    ----------
    path : Path
        The plan file; its paths are relative to its folder.
    source : Source
        For messages.
    inputs : type of Inputs
        The inputs of its technique.
    values : mapping of str to anything
        Values of the declared inputs that stand at the top of the plan, as written.
    settings : Settings
        All settings.
    initial, weights, output : str or None
        Files of the initial image, of the network's weights and of the result.
    limits : Limits
        Memory and tiles.
    snapshot_every : int
        Steps between snapshots; 0: none.
    layers : str or None
        The file or folder of the layers.
    metadata : bool
        Whether the result has metadata.
    styles : dict of str to PlanStyle
        The style images by name.
    regions : tuple of RegionEntry
        The entries of [[region]].
    patches : PatchSettings or None
        How patches are cut and matched.
    reading : MapReading
        How maps are read.
    given : frozenset of str
        The settings and inputs that the person gave, not a recipe.
    table : mapping
        What the plan was made of, as written.
    """

    path: Path
    source: Source
    inputs: type[Inputs]
    values: Mapping[str, Any]
    settings: Settings
    initial: str | None = None
    weights: str | None = None
    output: str | None = None
    limits: Limits = Limits()
    snapshot_every: int = 0
    layers: str | None = None
    metadata: bool = True
    styles: dict[str, PlanStyle] = field(default_factory=dict)
    regions: tuple[RegionEntry, ...] = ()
    patches: PatchSettings | None = None
    reading: MapReading = field(default_factory=MapReading)
    given: frozenset[str] = frozenset()
    table: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def technique(self) -> str:
        """The name of the technique."""
        return self.inputs.technique

    @property
    def main(self) -> str:
        """The file of the content image, or of the doodle."""
        return str(self.values[self.inputs.main])

    def file(self, path: str) -> Path:
        """Return a file of the plan; ``-`` is standard input or output.

        Backslashes, as Windows writes paths, separate folders on every system.
        """
        if path == str(STANDARD):
            return STANDARD
        path = local(path)
        file = self.path.parent / path
        return self.path.parent / path.replace("\\", "/") if "\\" in path and not os.path.exists(file) else file
