"""The keys of plan files, made from the declared inputs of each technique."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from maskstyle.plans.checking import (
    ANY_NUMBER,
    COUNT,
    NUMBER,
    NUMBER_TABLE,
    POSITIVE,
    REGION,
    REGION_TABLE,
    REGIONS,
    TABLE,
    TABLES,
    TEXT,
    TEXTS,
    YES_NO,
    Checked,
    Kind,
    Source,
    checked_keys,
    nearest,
)
from maskstyle.plans.settings_table import FIELDS, RUN_FIELDS
from maskstyle.settings import ABOVE_ZERO, AT_LEAST_ZERO, Bounds
from maskstyle.techniques.inputs import Declared, Inputs, declared_inputs
from maskstyle.techniques.registry import TECHNIQUES

COMMON_KEYS: Mapping[str, Kind] = {
    "technique": TEXT,
    "output": TEXT,
    "recipe": TEXT,
    "weights": TEXT,
    "settings": TABLE,
    "run": TABLE,
    "styles": TABLE,
}
"""The keys of every plan, in addition to those of its technique."""

FIT_KEYS: Mapping[str, Kind] = {"stretch_maps": YES_NO, "map_orientation": TEXT}
"""How maps and masks are laid over their images, where there are any."""

MAP_KEYS: Mapping[str, Kind] = {"palette": TEXTS, "least_region": COUNT, "ignore": REGIONS}
"""How maps are read, where there are any."""

READING_KEYS: Mapping[str, Kind] = {**MAP_KEYS, "soft_maps": YES_NO, **FIT_KEYS}
"""The fields of `MapReading`, as keys."""

OUTPUT_KEYS: Mapping[str, Kind] = {"layers": TEXT, "metadata": YES_NO}
"""The keys of [run] that say what is written, beside those of `Limits` and snapshots."""

STYLE_KEYS: Mapping[str, Kind] = {"image": TEXT, "map": TEXT, "share": NUMBER, "scale": POSITIVE}

REGION_KEYS: Mapping[str, Kind] = {
    "region": REGION,
    "mask": TEXT,
    "complement": YES_NO,
    "style": TEXT,
    "style_region": REGION,
    "style_mask": TEXT,
    "strength": NUMBER,
    "scale": POSITIVE,
    "color": TEXT,
    "keep": YES_NO,
}

MASK_KEYS = ("mask", "complement", "style", "style_region", "strength")
"""The keys of [[region]] where a technique takes masks alone."""

PLACES: Mapping[str, str] = {
    **dict.fromkeys(RUN_FIELDS, "below [run]"),
    **dict.fromkeys(OUTPUT_KEYS, "below [run]"),
    **dict.fromkeys(("image", "map", "share"), "below [styles.NAME]"),
    **dict.fromkeys(("mask", "complement", "style_region", "style_mask"), "below [[region]]"),
    **dict.fromkeys(FIELDS, "below [settings]"),
}
"""Where the keys of the tables of a plan belong, for those that stand elsewhere."""

AT_TOP = "at the top, above the first line in brackets"
"""Where the other keys of a plan belong."""

OF_REGIONS = ("plan regions", "masked styles")
"""The kinds of inputs that are written as [[region]]."""

OF_STYLES = ("style", "styles")
"""The kinds of inputs that are written as [styles.NAME]."""


def keys_of(inputs: type[Inputs]) -> dict[str, Kind]:
    """Return the keys at the top of a plan for a technique."""
    declared = declared_inputs(inputs)
    keys = dict(COMMON_KEYS)
    for name, each in declared.items():
        if each.kind in OF_REGIONS:
            keys["region"] = TABLES
        elif each.kind not in OF_STYLES and not of_style(each):
            keys[name] = _kind(each)
    return keys | {name: READING_KEYS[name] for name in reading_keys(inputs)}


def places(inputs: type[Inputs]) -> dict[str, str]:
    """Return where the keys of a plan belong, for those that stand in another table."""
    top = {key: AT_TOP for key in keys_of(inputs) if key not in ("region", "styles", "settings", "run")}
    return {**PLACES, **top}


def reading_keys(inputs: type[Inputs]) -> tuple[str, ...]:
    """Return the fields of `MapReading` that have an effect in a technique."""
    maps = tuple(MAP_KEYS) if has_maps(inputs) else ()
    fit = tuple(FIT_KEYS) if maps or has_masks(inputs) else ()
    return (*maps, *(("soft_maps",) if maps and inputs.soft_maps else ()), *fit)


def has_masks(inputs: type[Inputs]) -> bool:
    """Return whether a technique takes masks."""
    return any(each.kind in OF_REGIONS for each in declared_inputs(inputs).values())


def of_style(declared: Declared) -> bool:
    """Return whether an input is a map of a style image, which stands below [styles.NAME]."""
    return declared.kind == "map" and declared.of == "style"


def has_maps(inputs: type[Inputs]) -> bool:
    """Return whether a technique takes semantic maps."""
    return any(each.kind in ("map", "masked styles") for each in declared_inputs(inputs).values())


def one_style(inputs: type[Inputs]) -> bool:
    """Return whether a technique takes exactly one style image."""
    return any(each.kind == "style" for each in declared_inputs(inputs).values())


def needs_style_map(inputs: type[Inputs], unmatched: object) -> bool:
    """Return whether a technique needs a map of its style image; not where it may paint in the whole style."""
    optional = inputs.__dataclass_fields__.get("style_map")
    if optional is not None and optional.default is None and unmatched == "whole-style":
        return False
    return any(of_style(each) for each in declared_inputs(inputs).values())


def technique_of(source: Source, table: Mapping[str, Any]) -> tuple[type[Inputs], Checked]:
    """Return the technique of a plan, and the keys at its top that are right.

    Version 0.4 called plans with [[region]] "region" too.
    """
    everything: dict[str, Kind] = {}
    for each in TECHNIQUES.values():
        everything |= keys_of(each)
    top = checked_keys(source, (), table, everything, "a plan", PLACES)
    guess = "plan" if "region" in table else "doodle" if "doodle" in table else "basic"
    technique: str = top.get("technique", guess)
    if technique == "region" and "region" in table:
        technique = "plan"
    if technique not in TECHNIQUES:
        source.report(("technique",), f"technique is {technique!r}; {nearest(technique, TECHNIQUES)}")
        source.raise_found()  # what else is right depends on it
    inputs = TECHNIQUES[technique]
    for key in [key for key in top if key not in keys_of(inputs)]:
        others = " or ".join(repr(name) for name, other in TECHNIQUES.items() if key in keys_of(other))
        source.report((key,), f"{key} has no effect in technique {technique!r}; leave it out, or choose {others}")
        del top[key]
    for key in top.get("settings", {}):
        if key in inputs.without_effect:
            source.report(("settings", key), f"{key} has no effect in technique {technique!r}; leave it out")
    for key, example in _needed(inputs).items() if top.whole else ():
        if key not in top:
            source.report((), f"the plan has no {key}; add {key} = {example}")
    return inputs, top


def _needed(inputs: type[Inputs]) -> dict[str, str]:
    """Return the keys that a plan of a technique must have, with an example of each."""
    examples = {"image": '"photo.jpg"', "map": '"photo_map.png"'}
    optional = {field.name for field in inputs.__dataclass_fields__.values() if field.default is None}
    return {
        name: '"drawing.png"' if each.kind == "map" and name == inputs.main else examples[each.kind]
        for name, each in declared_inputs(inputs).items()
        if each.kind in examples and not of_style(each) and name not in optional
    }


def _kind(declared: Declared) -> Kind:
    """Return the kind of value of a declared input."""
    if declared.kind == "number":
        numbers: dict[Bounds | None, Kind] = {AT_LEAST_ZERO: NUMBER, ABOVE_ZERO: POSITIVE}
        return numbers.get(declared.bounds, ANY_NUMBER)
    kinds = {
        "colors": REGIONS,
        "mapping": REGION_TABLE,
        "strengths": NUMBER_TABLE,
        "flag": YES_NO,
        "patches": TABLE,
    }
    return kinds.get(declared.kind, TEXT)
