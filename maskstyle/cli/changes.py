"""Changes of a plan on the command line: ``--set NAME=VALUE``, and the variants of ``--try``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from maskstyle.cli.changed_keys import STYLE_FILES, Key, find_key
from maskstyle.cli.map_options import listed_keys
from maskstyle.cli.masked_styles import parse_masked_style
from maskstyle.cli.options import check_init, number, parse_layers, parse_memory, parse_offset, whole_number
from maskstyle.errors import SettingsError
from maskstyle.images.streams import is_stream
from maskstyle.maps.io import find_map_beside
from maskstyle.plans.checking import ANY_NUMBER, COUNT, NUMBER, POSITIVE, REGIONS, TEXTS, YES_NO
from maskstyle.plans.lines import KeyPath
from maskstyle.plans.plan import Plan
from maskstyle.plans.read import with_keys
from maskstyle.plans.settings_table import FIELDS, PATCH_FIELDS, RUN_FIELDS, Chosen, chosen_settings
from maskstyle.settings import NAMED_INITS, size_from_text
from maskstyle.techniques.inputs import declared_inputs

_TRUTHS = {"true": True, "false": False}


def with_values(plan: Plan, texts: Sequence[str], flag: str = "--set", *, many: bool = False) -> Plan:
    """Return a plan, of one picture or of many, with the settings and keys of ``--set`` or ``--try``."""
    settings: dict[str, Any] = {}
    keys: dict[KeyPath, Any] = {}
    options: dict[KeyPath, str] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name:
            raise SettingsError(f"{flag} is {text!r}; expected NAME=VALUE such as size=768")
        if not value:
            raise SettingsError(f"{flag} {name} has no value; expected {flag} {name}=VALUE, or leave it out")
        key, option = find_key(plan, name, flag, many=many), f"{flag} {name}"
        options[key.path] = option
        if key.path[0] == "settings":
            settings[str(key.path[1])] = _value({**FIELDS, **RUN_FIELDS}, str(key.path[1]), value, option)
        else:
            found = _changes_of(plan, key, value, option)
            keys |= found
            options |= dict.fromkeys(found, option)
    if settings.get("init") is not None and settings["init"] not in NAMED_INITS:
        check_init(settings["init"], options["settings", "init"])
        settings["init"] = str(Path(settings["init"]).absolute())
    return _with_settings(with_keys(plan, keys, options), settings)


def _with_settings(plan: Plan, values: Mapping[str, Any]) -> Plan:
    """Return a plan with other settings, each checked, and then all together."""
    base = Chosen(plan.settings, plan.initial, plan.limits, plan.snapshot_every)

    def report(name: str | None, text: str) -> None:
        plan.source.report(("settings", name or next(iter(values))), text)

    chosen = chosen_settings(base, values, report)
    plan.source.raise_found()
    return dataclasses.replace(
        plan,
        settings=chosen.settings,
        initial=chosen.initial,
        limits=chosen.limits,
        snapshot_every=chosen.snapshot_every,
        given=plan.given | values.keys(),
    )


def _changes_of(plan: Plan, key: Key, text: str, option: str) -> dict[KeyPath, Any]:
    """Return the values of a plan that a text changes; files are relative to the working folder."""
    path, kind = key
    if kind is STYLE_FILES:
        return _style_files(plan, path, text, option)
    value: Any = _file(text) if _names_file(plan, path) else text
    if kind is None:
        value = _value(PATCH_FIELDS, str(path[-1]), text, option)
    elif kind is YES_NO:
        value = _TRUTHS.get(text.lower(), text)
    elif kind in (NUMBER, POSITIVE, ANY_NUMBER):
        value = number(text, option)
    elif kind is COUNT:
        value = whole_number(text, option)
    elif kind in (REGIONS, TEXTS):
        value = listed_keys(text)
    return {path: value}


def _names_file(plan: Plan, path: KeyPath) -> bool:
    """Return whether the value at a key path is the name of a file."""
    if len(path) > 1:
        return path[-1] in ("image", "map", "mask", "style_mask")
    declared = declared_inputs(plan.inputs).get(str(path[0]))
    return declared is not None and declared.kind in ("image", "map")


def _file(text: str) -> str:
    """Return a file of the working folder as a plan elsewhere names it."""
    return text if is_stream(Path(text)) else str(Path(text).absolute())


def _style_files(plan: Plan, path: KeyPath, text: str, option: str) -> dict[KeyPath, Any]:
    """Return the image of a style and, if it has one, its map: ``FILE`` or ``FILE:MAP``."""
    name, old = str(path[-1]), plan.styles[str(path[-1])]
    found = parse_masked_style(text)
    if found.complement or found.strength is not None:
        raise SettingsError(f"{option} is {text!r}; expected FILE or FILE:MAP, such as wave.jpg:wave_map.png")
    image = {(*path, "image"): _file(str(found.style))}
    if found.mask is not None:
        return {**image, (*path, "map"): _file(str(found.mask))}
    if old.map is not None:
        beside = None if is_stream(found.style) else find_map_beside(found.style)
        raise SettingsError(
            f"{option} is {text!r}, but {name} has a map in the plan; pass that of the new image as well: "
            f"{text}:{beside or 'MAP'}"
        )
    return image


def _value(fields: Mapping[str, str], name: str, text: str, what: str) -> Any:
    """Return a text as a value of the type of a setting; unknown settings keep the text."""
    kind = fields.get(name, "str")
    if name in ("size", "memory"):
        return size_from_text(text) if name == "size" else parse_memory(text, what)
    if kind == "LayerMix":
        return dict(parse_layers(text, what))
    if kind == "bool":
        return _TRUTHS.get(text.lower(), text)
    if kind.startswith("tuple"):
        return list(parse_offset(text, what))
    if kind.startswith("int"):
        return whole_number(text, what)
    return number(text, what) if kind.startswith("float") else text
