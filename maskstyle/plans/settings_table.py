"""The settings of a plan, from values of TOML's types."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from maskstyle.errors import SettingsError
from maskstyle.plans.checking import nearest, shown
from maskstyle.settings import CHOICES, LayerMix, Settings

FIELDS = {field.name: str(field.type) for field in dataclasses.fields(Settings)}
"""The settings with their types."""

NAMED_INITS = tuple(name for name in CHOICES["init"] if name != "image")
"""The first images that have a name; any other ``init`` is a file."""

_EXPECTED = {
    "int": "a whole number",
    "int | None": "a whole number",
    "float": "a number",
    "float | None": "a number",
    "str": "a text in quotes",
    "LayerMix": "layers with their weights, such as { block1_conv1 = 1.0 }",
}


def settings_from(
    base: Settings, values: Mapping[str, Any], complain: Callable[[str | None, str], SettingsError]
) -> tuple[Settings, str | None]:
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
    changes: dict[str, Any] = {}
    initial = None
    for name, value in values.items():
        if name not in FIELDS:
            raise complain(name, f"there is no setting {name!r}; {nearest(name, FIELDS)}")
        if not _fits(FIELDS[name], value):
            raise complain(name, f"{name} is {shown(value)}; expected {_EXPECTED[FIELDS[name]]}")
        changes[name] = _converted(FIELDS[name], value)
    if changes.get("init", "content") not in NAMED_INITS:
        initial = changes["init"]
        changes["init"] = "image"
    try:
        return base.changed(**changes), initial
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
    if kind == "LayerMix":
        return isinstance(value, dict) and all(_fits("float", weight) for weight in value.values())
    return isinstance(value, str)


def _converted(kind: str, value: Any) -> Any:
    if kind.startswith("float"):
        return float(value)
    if kind == "LayerMix":
        mix: LayerMix = tuple((layer, float(weight)) for layer, weight in value.items())
        return mix
    return value
