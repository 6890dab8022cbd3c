"""Turn the options of a painting command into the plan that describes the same run."""

from __future__ import annotations

import dataclasses
import math
import os
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from maskstyle.cli.app import with_flags
from maskstyle.cli.map_options import (
    asked_reading,
    check_mapping,
    check_regions,
    found_map,
    parse_strengths,
)
from maskstyle.cli.masked_styles import check_has_styles, parse_masked_style, with_masks
from maskstyle.cli.options import (
    as_options,
    check_init,
    draft_changes,
    flag_of,
    parse_layers,
    parse_memory,
    parse_offset,
    parse_style,
    without_draft,
)
from maskstyle.cli.outputs import Files
from maskstyle.cli.session import Asked
from maskstyle.errors import SettingsError
from maskstyle.images.paths import shown
from maskstyle.maps.io import find_map_beside
from maskstyle.plans.checking import Source
from maskstyle.plans.plan import Plan, style_names
from maskstyle.plans.read import plan_from_table
from maskstyle.plans.schema import of_style
from maskstyle.plans.settings_table import RUN_FIELDS
from maskstyle.recipes import find_recipe
from maskstyle.settings import NAMED_INITS, PatchSettings, Settings, size_from_text
from maskstyle.techniques.inputs import Declared, Inputs, declared_inputs

HERE = Path("command line")
"""Stands for the plan file of a command: paths are relative to the working folder."""


class _Options(Source):
    """Names options in messages, where a plan file would name its lines."""

    def naming(self, text: str) -> str:
        """Return a text with its parameters named as options."""
        return as_options(with_flags(text))


def plan_of_options(inputs: type[Inputs], given: Mapping[str, Any]) -> tuple[Plan, list[str]]:
    """Return the plan that the options of a command describe, and notes about it; errors name the option."""
    _refuse_without_effect(inputs, given)
    find_recipe(given["recipe"])
    maker = _TableMaker(inputs, given)
    return plan_of_table(maker.table), maker.notes


def plan_of_table(table: Mapping[str, Any]) -> Plan:
    """Return the plan of a table made from options; messages name the options."""
    return plan_from_table(table, HERE, _Options())


def asked_of(plan: Plan, given: Mapping[str, Any], notes: Sequence[str]) -> Asked:
    """Return the outputs and the notes of a command, which its plan does not hold."""
    match_map = given.get("match_map")
    if match_map is not None:
        if plan.settings.style_factor == 0:
            raise SettingsError("--match-map has no effect where --style-weight is 0; leave one out")
        if plan.settings.chosen_strength == 0:
            raise SettingsError("--match-map has no effect where --strength is 0; leave one out")
        if "matching" in declared_inputs(plan.inputs) and plan.values.get("matching") != "patch":
            raise SettingsError("--match-map has no effect without --matching patch; give both, or neither")
    files = Files(
        given["output"],
        given["record"],
        given["plot"],
        given["snapshot_dir"],
        match_map,
        layers=given["layers"],
        metadata=not given["no_metadata"],
        resume=given["resume"],
        checkpoint_every=given["checkpoint_every"],
    )
    return Asked(files, notes, dry_run=given["dry_run"], quiet=given["quiet"], scheduler=given["scheduler"])


def _refuse_without_effect(inputs: type[Inputs], given: Mapping[str, Any]) -> None:
    for name in inputs.without_effect:
        if given.get(name) is not None:
            raise SettingsError(f"{flag_of(name)} has no effect in maskstyle {inputs.technique}; leave it out")


class _TableMaker:
    """Makes the table of a plan from options."""

    def __init__(self, inputs: type[Inputs], given: Mapping[str, Any]) -> None:
        self.table: dict[str, Any] = {"technique": inputs.technique, "recipe": given["recipe"]}
        self.notes: list[str] = []
        self._inputs, self._given = inputs, given
        self._styles: dict[str, dict[str, Any]] = {}
        for name, declared in declared_inputs(inputs).items():
            self._add(name, declared)
        self.table |= asked_reading(given).table()
        if given.get("weights") is not None:
            self.table["weights"] = str(given["weights"])
        self.table["styles"] = self._styles
        self.table["settings"] = self._settings()
        self.table["run"] = self._run()

    def _add(self, name: str, declared: Declared) -> None:
        """Add a declared input to the table."""
        value: Any = self._given.get(name)
        if declared.kind == "style":
            self._styles[Path(value).stem] = {"image": str(value)}
        elif declared.kind == "styles":
            self._add_blend(value)
        elif declared.kind == "masked styles":
            self._add_masked_styles(value or [])
        elif declared.kind == "map":
            self._add_map(name, declared, value)
        elif declared.kind == "patches":
            self._add_patches()
        elif value is not None and value is not False:
            self.table[name] = self._value(name, declared, value)

    def _value(self, name: str, declared: Declared, value: Any) -> Any:
        flag = declared.flag or flag_of(name)
        if declared.kind == "colors":
            return check_regions(value, flag)
        if declared.kind == "mapping":
            return _mapping_table(check_mapping(value, flag), flag)
        if declared.kind == "strengths":
            return parse_strengths(value, flag)
        if declared.kind == "image" and os.path.isdir(value):
            raise SettingsError(
                f"expected an image file, but {shown(value)} is a folder; to paint all its pictures, write: "
                f"maskstyle batch {self._inputs.technique} {shlex.quote(str(value))}"
            )
        return str(value) if declared.kind == "image" else value

    def _add_blend(self, first: str) -> None:
        styles = [parse_style(text) for text in [first, *(self._given.get("more_styles") or [])]]
        names = style_names([str(path) for path, _ in styles])
        for name, (path, share) in zip(names, styles, strict=True):
            if not (math.isfinite(share) and share >= 0):
                raise SettingsError(f"the share of {path} is {share:g}; expected a number of at least 0")
            self._styles[name] = {"image": str(path), "share": share}

    def _add_masked_styles(self, texts: Sequence[str]) -> None:
        content = self._given["content"]
        check_has_styles(content, self._given["context"].args, texts)
        masked, found = with_masks([parse_masked_style(text) for text in texts], content)
        files = list(dict.fromkeys(str(each.style) for each in masked))
        names = dict(zip(files, style_names(files), strict=True))
        self._styles |= {name: {"image": file} for file, name in names.items()}
        part = self._style_region(names)
        self.table["region"] = [
            {
                "mask": str(each.mask),
                "complement": each.complement,
                "style": names[str(each.style)],
                **({} if each.strength is None else {"strength": each.strength}),
                **part,
            }
            for each in masked
        ]
        if found:
            self.notes.append(f"mask {masked[0].mask}, found beside {content.name}")

    def _style_region(self, names: Mapping[str, str]) -> dict[str, str]:
        """Add the maps of style images for ``--style-region``; return the key that it adds to each mask."""
        region, given = self._given["style_region"], self._given["style_map"]
        if region is None and given is not None:
            raise SettingsError("--style-map has no effect without --style-region; give both, or neither")
        if given is not None and len(names) > 1:
            raise SettingsError(f"--style-map is one map, but there are {len(names)} style images; write a plan")
        if region is None:
            return {}
        check_regions([region], "--style-region")
        for file, name in names.items():
            path = found_map(given, Path(file), "--style-map")
            self._styles[name]["map"] = str(path)
            if given is None:
                self.notes.append(f"style map {path}, found beside {Path(file).name}")
        return {"style_region": region}

    def _add_map(self, name: str, declared: Declared, given: Path | None) -> None:
        """Add a map: the one that an option names, or the one beside its image."""
        if not declared.of:
            self.table[name] = str(given)
            return
        image = Path(self._given[declared.of])
        whole = of_style(declared) and self._given.get("unmatched") == "whole-style"
        if given is None and whole and find_map_beside(image) is None:
            return
        unmatched = declared_inputs(self._inputs).get("unmatched", declared)
        optional = "whole-style" in unmatched.choices and of_style(declared)
        path = found_map(given, image, flag_of(name), whole_style=optional)
        if of_style(declared):
            next(iter(self._styles.values()))["map"] = str(path)
        else:
            self.table[name] = str(path)
        if given is None:
            self.notes.append(f"{name.replace('_', ' ')} {path}, found beside {image.name}")

    def _add_patches(self) -> None:
        fields = {field.name: self._given.get(field.name) for field in dataclasses.fields(PatchSettings)}
        values = {name: value for name, value in fields.items() if value is not None}
        if "patch_offset" in values:
            values["patch_offset"] = list(parse_offset(values["patch_offset"], "--patch-offset"))
        if values:
            self.table["patches"] = values

    def _settings(self) -> dict[str, Any]:
        given = {field.name: self._given.get(field.name) for field in dataclasses.fields(Settings)}
        values: dict[str, Any] = {name: value for name, value in given.items() if value is not None}
        if self._given["draft"]:
            picture = Path(self._given[self._inputs.main])
            drafted = draft_changes(self._given["weights"], picture)
            note = without_draft(drafted, values, picture)
            self.notes += [] if note is None else [note]
            values = {**drafted, **values}
        if isinstance(values.get("size"), str):
            values["size"] = size_from_text(values["size"])
        for name in ("content_layers", "style_layers"):
            if name in values:
                values[name] = dict(parse_layers(values[name], flag_of(name)))
        init = values.get("init")
        if init is not None and init not in NAMED_INITS:
            check_init(init, "--init")
        return values

    def _run(self) -> dict[str, Any]:
        values = {name: self._given[name] for name in RUN_FIELDS if self._given.get(name) is not None}
        if "memory" in values:
            values["memory"] = parse_memory(values["memory"])
        return values


def _mapping_table(pairs: Sequence[tuple[str, str]], flag: str) -> dict[str, str]:
    names = [here for here, _ in pairs]
    for name in names:
        if names.count(name) > 1:
            raise SettingsError(f"{flag} maps {name} twice; map each region once")
    return dict(pairs)
