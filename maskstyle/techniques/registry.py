"""The techniques. One line here gives a technique its command, API function, plan keys, records and tests."""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from maskstyle.recipes import find_recipe
from maskstyle.settings import Settings, without_content

if TYPE_CHECKING:
    from maskstyle.techniques.inputs import Inputs


class Technique(NamedTuple):
    """Where the inputs of a technique are."""

    name: str  # its name, and that of its command; its file is ``techniques/NAME.py``
    summary: str  # what its command does, for the list of commands
    inputs: str  # the class of its inputs


LISTED = (
    Technique("basic", "Apply the whole style image to the whole content image.", "BasicInputs"),
    Technique("region", "Transfer style between regions of the same map color.", "RegionInputs"),
    Technique("mask", "Apply each style where its mask is white, partly where gray.", "MaskInputs"),
    Technique("patch", "Apply the style by semantic patch matching.", "PatchInputs"),
    Technique("doodle", "Paint each region of a doodle like the matching region of STYLE.", "DoodleInputs"),
    Technique("plan", "Paint the picture that a plan file describes.", "PlanInputs"),
)


class _Registry(Mapping[str, "type[Inputs]"]):
    """The inputs of each technique by its name, imported on first use."""

    def __init__(self, techniques: tuple[Technique, ...]) -> None:
        self._techniques = {each.name: each for each in techniques}

    def __getitem__(self, name: str) -> type[Inputs]:
        module = importlib.import_module(f"maskstyle.techniques.{self._techniques[name].name}")
        found: type[Inputs] = getattr(module, self._techniques[name].inputs)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(self._techniques)

    def __len__(self) -> int:
        return len(self._techniques)


TECHNIQUES: Mapping[str, type[Inputs]] = _Registry(LISTED)
"""The inputs of each technique by its name."""


def recipe_settings(recipe: str, inputs: type[Inputs]) -> Settings:
    """Return the settings of a recipe for a technique.

    >>> recipe_settings("default", TECHNIQUES["doodle"]).content_weight
    0.0
    """
    settings = find_recipe(recipe).settings
    if recipe == "default":
        return inputs.defaults
    return without_content(settings) if inputs.main != "content" else settings
