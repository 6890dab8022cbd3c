"""The settings of a plan, and of its patches, from values of TOML's types."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias, TypeVar

from maskstyle.errors import SettingsError
from maskstyle.plans.checking import nearest, shown
from maskstyle.settings import CHOICES, LayerMix, PatchSettings, Settings

Complain: TypeAlias = Callable[[str | None, str], SettingsError]
"""From a setting's name, or None, and a sentence to the error to raise."""

AnySettings = TypeVar("AnySettings", Settings, PatchSettings)

FIELDS = {field.name: str(field.type) for field in dataclasses.fields(Settings)}
"""The settings with their types."""

PATCH_FIELDS = {field.name: str(field.type) for field in dataclasses.fields(PatchSettings)}
"""Those of patches."""

NAMED_INITS = tuple(name for name in CHOICES["init"] if name != "image")
"""The first images that have a name; any other ``init`` is a file."""

_EXPECTED = {
    "int": "a whole number",
    "int | None": "a whole number",
    "float": "a number",
    "float | None": "a number",
    "str": "a text in quotes",
    "tuple[int, int]": "two whole numbers, such as [8, 0]",
    "LayerMix": "layers with their weights, such as { block1_conv1 = 1.0 }",
}


def settings_from(base: Settings, values: Mapping[str, Any], complain: Complain) -> tuple[Settings, str | None]:
    """Return settings with values in place, and the file that ``init`` names, if it does.

    Parameters
    ----------
    base : Settings
        What holds where no value is given.
    values : mapping
        Values of TOML's types by the names of settings; layers as tables of name and weight.
    complain : callable
        From a setting's name, or None, and a sentence to the error to raise.

    Raises
    ------
    SettingsError
        For unknown names and for values that cannot be.
    """
    initial = None
    changes = _changes(FIELDS, values, complain)
    if changes.get("init", "content") not in NAMED_INITS:
        initial = changes["init"]
        changes["init"] = "image"
    return _changed(base, changes, complain), initial


def patches_from(values: Mapping[str, Any], complain: Complain) -> PatchSettings:
    """Return the settings of patches with values in place; see `settings_from`."""
    return _changed(PatchSettings(), _changes(PATCH_FIELDS, values, complain), complain)


def patches_table(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings of patches that are not the default, as TOML's types."""
    defaults = dataclasses.asdict(PatchSettings())
    converted = {name: _converted(PATCH_FIELDS[name], value) for name, value in values.items() if value is not None}
    changed = {name: value for name, value in converted.items() if value != defaults[name]}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()}


def _changes(fields: Mapping[str, str], values: Mapping[str, Any], complain: Complain) -> dict[str, Any]:
    """Return values of TOML's types as those of fields."""
    changes = {}
    for name, value in values.items():
        if name not in fields:
            raise complain(name, f"there is no setting {name!r}; {nearest(name, fields)}")
        if not _fits(fields[name], value):
            raise complain(name, f"{name} is {shown(value)}; expected {_EXPECTED[fields[name]]}")
        changes[name] = _converted(fields[name], value)
    return changes


def _changed(base: AnySettings, changes: Mapping[str, Any], complain: Complain) -> AnySettings:
    try:
        return dataclasses.replace(base, **changes)
    except SettingsError as error:
        at_fault = next((name for name in changes if name in str(error).split()), None)
        raise complain(at_fault, str(error)) from None


def _fits(kind: str, value: object) -> bool:
    if isinstance(value, bool):
        return False
    if kind.startswith("int"):
        return isinstance(value, int)
    if kind.startswith("float"):
        return isinstance(value, int | float)
    if kind.startswith("tuple"):
        return isinstance(value, list) and len(value) == 2 and all(_fits("int", each) for each in value)
    if kind == "LayerMix":
        return isinstance(value, dict) and all(_fits("float", weight) for weight in value.values())
    return isinstance(value, str)


def _converted(kind: str, value: Any) -> Any:
    if kind.startswith("float"):
        return float(value)
    if kind.startswith("tuple"):
        return tuple(value)
    if kind == "LayerMix":
        mix: LayerMix = tuple((layer, float(weight)) for layer, weight in value.items())
        return mix
    return value
