"""Changes of a plan on the command line: ``--set NAME=VALUE``, and the variants of ``--try``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from maskstyle.cli.map_options import listed_keys
from maskstyle.cli.options import check_init, number, parse_layers, parse_memory, whole_number
from maskstyle.errors import SettingsError
from maskstyle.plans.checking import (
    ANY_NUMBER,
    COUNT,
    NUMBER,
    NUMBER_TABLE,
    POSITIVE,
    REGION_TABLE,
    REGIONS,
    TABLE,
    TEXT,
    TEXTS,
    YES_NO,
    Kind,
    Source,
)
from maskstyle.plans.plan import Plan
from maskstyle.plans.read import with_inputs
from maskstyle.plans.schema import COMMON_KEYS, keys_of
from maskstyle.plans.settings_table import FIELDS, RUN_FIELDS, Chosen, chosen_settings
from maskstyle.settings import NAMED_INITS, size_from_text
from maskstyle.techniques.inputs import declared_inputs

_TRUTHS = {"true": True, "false": False}


def with_values(plan: Plan, texts: Sequence[str], flag: str = "--set") -> Plan:
    """Return a plan with the settings and inputs of ``--set`` or ``--try``."""
    values: dict[str, Any] = {}
    inputs: dict[str, Any] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        name = name.replace("-", "_")
        if not equals or not name:
            raise SettingsError(f"{flag} is {text!r}; expected NAME=VALUE such as size=768")
        if name in plan.inputs.without_effect:
            raise SettingsError(f"{flag} {name} has no effect in technique {plan.technique!r}; leave it out")
        if name in changeable_inputs(plan):
            inputs[name] = _input(plan, name, value, flag)
        else:
            values[name] = _value(name, value, flag)
    init = values.get("init", "content")
    if init not in NAMED_INITS:
        check_init(init, f"{flag} init")
        values["init"] = str(Path(init).absolute())
    source = Source()
    plan = _with_inputs(plan, inputs, flag)
    base = Chosen(plan.settings, plan.initial, plan.limits, plan.snapshot_every)
    chosen = chosen_settings(base, values, lambda name, text: source.report((), f"{flag}: {text}"))
    source.raise_found()
    return dataclasses.replace(
        plan,
        settings=chosen.settings,
        initial=chosen.initial,
        limits=chosen.limits,
        snapshot_every=chosen.snapshot_every,
        given=plan.given | values.keys(),
    )


def changeable_inputs(plan: Plan) -> dict[str, Kind]:
    """Return the inputs that ``--set`` and ``--try`` change: the keys at the top of the plan, and its only style."""
    fixed = (*COMMON_KEYS, "region", "patches")
    keys = {name: kind for name, kind in keys_of(plan.inputs).items() if name not in fixed}
    return {**keys, "style": TEXT} if len(plan.styles) == 1 else keys


def _input(plan: Plan, name: str, text: str, flag: str) -> Any:
    """Return a text as the value of an input; files are relative to the working folder."""
    kind = changeable_inputs(plan)[name]
    if kind in (REGION_TABLE, NUMBER_TABLE, TABLE):
        raise SettingsError(f"{flag} changes no tables, such as {name}; change the plan")
    if kind is YES_NO:
        return _TRUTHS.get(text.lower(), text)
    if kind in (NUMBER, POSITIVE, ANY_NUMBER):
        return number(text, f"{flag} {name}")
    if kind is COUNT:
        return whole_number(text, f"{flag} {name}")
    if kind in (REGIONS, TEXTS):
        return listed_keys(text)
    declared = declared_inputs(plan.inputs).get(name)
    return text if declared is not None and declared.kind == "choice" else str(Path(text).absolute())


def _with_inputs(plan: Plan, values: Mapping[str, Any], flag: str) -> Plan:
    """Return a plan with other inputs."""
    style = values.get("style")
    if style is not None:
        (name, old), *_ = plan.styles.items()
        if old.map is not None:
            raise SettingsError(f"{flag} style changes the image alone, but {name} has a map, too; change the plan")
        plan = dataclasses.replace(plan, styles={name: dataclasses.replace(old, image=style)})
    source = _Flagged(flag)
    return with_inputs(plan, {key: value for key, value in values.items() if key != "style"}, source)


class _Flagged(Source):
    """Names the option in messages, where a plan file would name its lines."""

    def message(self, path: Any, text: str) -> str:
        """Return a sentence about the value of an input."""
        return f"{self.name}: {self.naming(text)}"


def _value(name: str, text: str, flag: str) -> Any:
    """Return a text as a value of the type of a setting; unknown settings keep the text."""
    kind, what = (FIELDS | RUN_FIELDS).get(name, "str"), f"{flag} {name}"
    if name in ("size", "memory"):
        return size_from_text(text) if name == "size" else parse_memory(text, what)
    if kind == "LayerMix":
        return dict(parse_layers(text, what))
    if kind == "bool":
        return _TRUTHS.get(text.lower(), text)
    if kind.startswith("int"):
        return whole_number(text, what)
    return number(text, what) if kind.startswith("float") else text
