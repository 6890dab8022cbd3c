"""Convert the settings, limits and patches of a plan from TOML values and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple, TypeAlias, TypeVar

from msgspec import Meta

from maskstyle.errors import SettingsError
from maskstyle.plans.checking import nearest, shown
from maskstyle.schemas.values import Text, Unfit, fitting
from maskstyle.settings import (
    LARGEST_WHOLE,
    NAMED_INITS,
    Limits,
    PatchSettings,
    Settings,
    check_field,
    size_from_text,
)

Report: TypeAlias = Callable[[str | None, str], None]
"""Takes the name of a setting, or None, and what is wrong with it."""

Declared = TypeVar("Declared", Settings, PatchSettings, Limits)

FIELDS = {field.name: str(field.type) for field in dataclasses.fields(Settings)}
"""The settings with their types."""

RUN_FIELDS = {field.name: str(field.type) for field in dataclasses.fields(Limits)} | {"snapshot_every": "int"}
"""The keys of the table [run] with their types."""

PATCH_FIELDS = {field.name: str(field.type) for field in dataclasses.fields(PatchSettings)}
"""The settings of patches."""

RENAMED = {"gram_normalisation": "gram_normalization"}
"""Settings that version 0.4 wrote under another name."""

_Whole: TypeAlias = Annotated[int, Meta(ge=-LARGEST_WHOLE, le=LARGEST_WHOLE)]

_TYPES: dict[str, tuple[Any, str]] = {
    "int": (_Whole, "a whole number"),
    "int | None": (_Whole, "a whole number"),
    "int | str | None": (_Whole | Text, 'a whole number, "WIDTHxHEIGHT" or "original"'),
    "bool": (bool, "true or false"),
    "float": (float, "a number"),  # the bounds say that it is finite
    "float | None": (float, "a number"),
    "str": (Text, "a text in quotes"),
    "tuple[int, int]": (tuple[_Whole, _Whole], "two whole numbers, such as [8, 0]"),
    "LayerMix": (dict[Text, float], "layers with their weights, such as { block1_conv1 = 1.0 }"),
}
"""The type of each kind of setting, and words for it; the bounds are those of `maskstyle.settings`."""


class Chosen(NamedTuple):
    """The settings of a plan."""

    settings: Settings
    initial: str | None = None  # the file that ``init`` names, where it does
    limits: Limits = Limits()  # memory and tiles
    snapshot_every: int = 0  # steps between snapshots; 0: none


def chosen_settings(base: Chosen, values: Mapping[str, Any], report: Report) -> Chosen:
    """Return settings with values in place, without those that are reported as wrong.

    The values are of TOML's types; layers are tables of name and weight. Fields of `Limits` and ``snapshot_every``
    may be among them, as in plans of version 0.4. `report` takes the name of a setting and what is wrong with it: an
    unknown name, or a value that is not allowed.
    """
    values = {RENAMED.get(name, name): value for name, value in values.items()}
    changes = _changes(FIELDS | RUN_FIELDS, values, report)
    run = {name: changes.pop(name) for name in RUN_FIELDS if name in changes}
    snapshot_every = run.pop("snapshot_every", base.snapshot_every)
    if snapshot_every < 0:
        report("snapshot_every", f"snapshot_every is {snapshot_every}; expected a number of at least 0")
    initial = base.initial
    if "init" in changes:
        initial = None
        if changes["init"] not in NAMED_INITS:
            initial, changes["init"] = changes["init"], "image"
    settings = _changed(base.settings, changes, report)
    return Chosen(settings, initial, _changed(base.limits, run, report), snapshot_every)


def patches_from(values: Mapping[str, Any], report: Report) -> PatchSettings:
    """Return the settings of patches with values in place; see `chosen_settings`."""
    return _changed(PatchSettings(), _changes(PATCH_FIELDS, values, report), report)


def settings_table(settings: Settings, defaults: Settings, initial: str | None) -> dict[str, Any]:
    """Return the settings that differ from the defaults of the technique, as TOML's types."""
    table: dict[str, Any] = {}
    for name, kind in FIELDS.items():
        value = getattr(settings, name)
        if value != getattr(defaults, name):
            table[name] = dict(value) if kind == "LayerMix" else value
    if initial is not None:
        table["init"] = initial
    return table


def patches_table(patches: PatchSettings) -> dict[str, Any]:
    """Return the settings of patches that are not the default, as TOML's types."""
    defaults = PatchSettings()
    values = {name: getattr(patches, name) for name in PATCH_FIELDS}
    changed = {name: value for name, value in values.items() if value != getattr(defaults, name)}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in changed.items()}


def _changes(fields: Mapping[str, str], values: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Return values of TOML's types as those of fields."""
    changes = {}
    for name, value in values.items():
        if name not in fields:
            report(name, f"there is no setting {name!r}; {nearest(name, fields)}")
            continue
        kind, words = _TYPES[fields[name]]
        try:
            fitted = fitting(size_from_text(value) if name == "size" and isinstance(value, str) else value, kind)
            changes[name] = tuple(fitted.items()) if isinstance(fitted, dict) else fitted
        except Unfit:
            large = isinstance(value, int) and not isinstance(value, bool) and value > LARGEST_WHOLE
            most = f" of at most {LARGEST_WHOLE}" if large else ""
            report(name, f"{name} is {shown(value)}; expected {words}{most}")
    return changes


def _changed(base: Declared, changes: Mapping[str, Any], report: Report) -> Declared:
    """Return settings with changes: each is checked on its own, and then all of them together."""
    right = {}
    for field in dataclasses.fields(base):
        if field.name in changes:
            try:
                check_field(field, changes[field.name])
                right[field.name] = changes[field.name]
            except SettingsError as error:
                report(field.name, str(error))
    try:
        return dataclasses.replace(base, **right)
    except SettingsError as error:
        report(next((name for name in right if name in str(error).split()), None), str(error))
        return base
