"""Read a plan file and check its text, without opening the files that it names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from maskstyle.errors import SettingsError
from maskstyle.images.paths import opened
from maskstyle.images.sidecars import ORIENTATIONS
from maskstyle.images.streams import STANDARD, described, stream_bytes
from maskstyle.maps.colors import check_region, parse_color
from maskstyle.plans.checking import Checked, Source, checked_keys, nearest
from maskstyle.plans.lines import KeyPath, key_lines, not_text, not_toml, not_utf8
from maskstyle.plans.map_reading import MapReading
from maskstyle.plans.plan import Plan, PlanStyle, RegionEntry
from maskstyle.plans.schema import (
    MAP_KEYS,
    MASK_KEYS,
    OF_REGIONS,
    OUTPUT_KEYS,
    REGION_KEYS,
    STYLE_KEYS,
    has_maps,
    keys_of,
    needs_style_map,
    one_style,
    places,
    technique_of,
)
from maskstyle.plans.settings_table import FIELDS, RENAMED, RUN_FIELDS, Chosen, chosen_settings, patches_from
from maskstyle.recipes import find_recipe
from maskstyle.settings import CHOICES
from maskstyle.techniques.inputs import Inputs, declared_inputs
from maskstyle.techniques.plan import WHOLE
from maskstyle.techniques.registry import recipe_settings

LARGEST_PLAN = 2**20
"""Bytes of a plan file, far more than any has: an image given by mistake is not read."""


_KEY = r"""(?:[A-Za-z0-9_-]+|"[^"\n]*"|'[^'\n]*')"""
_LONG_KEY = re.compile(rf"(?:^|[\[{{,])[ \t]*(?:{_KEY}[ \t]*\.[ \t]*){{20}}", re.MULTILINE)
"""A dotted key of many parts. Plans have up to three, and tomllib needs minutes for thousands."""


def read_plan(path: str | Path) -> Plan:
    """Read a plan file.

    Parameters
    ----------
    path : str or Path
        A TOML file, as ``docs/how-to/plans.md`` describes; ``-`` is standard input, and its files are relative to the
        working folder.

    Returns
    -------
    Plan
        With its files named, not read.

    Raises
    ------
    SettingsError
        If the file cannot be read or its text is wrong, with the line.
    """
    path = Path(path)
    named = Path(described(path))
    text = _text_of(path, named)
    if _LONG_KEY.search(text):
        raise SettingsError(_nested(named))
    try:
        table = tomllib.loads(text)
        lines = _lines(table, text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(not_toml(named, text, str(error))) from None
    except RecursionError:
        raise SettingsError(_nested(named)) from None
    except ValueError:  # Python converts no text of thousands of digits
        raise SettingsError(f"{named} has a number of thousands of digits; write a shorter one") from None
    return plan_from_table(table, path, Source(str(named), lines))


def plan_from_table(table: Mapping[str, Any], path: Path, source: Source) -> Plan:
    """Return the plan that a table of a plan file's shape means; see `read_plan`."""
    inputs, table = technique_of(source, table)
    chosen = _chosen(source, table, inputs)
    patches = None
    if "patches" in table:
        patches = patches_from(table["patches"], partial(_report, source, "patches"))
    styles = _styles(source, table, inputs)
    named = table.get("styles", {})  # those with mistakes too
    regions = tuple(_region(source, place, each, named, inputs) for place, each in enumerate(table.get("region", [])))
    kinds = {each.kind for each in declared_inputs(inputs).values()}
    if kinds & set(OF_REGIONS):
        _check_regions(source, table, regions, inputs)
    _check_values(source, table, inputs)
    written = {key: value for key, value in table.get("run", {}).items() if key in OUTPUT_KEYS}
    outputs = checked_keys(source, ("run",), written, OUTPUT_KEYS, "[run]")
    source.raise_found()
    return Plan(
        path,
        source,
        inputs,
        {name: table[name] for name in declared_inputs(inputs) if name in table and name != "patches"},
        chosen.settings,
        initial=chosen.initial,
        weights=table.get("weights"),
        output=table.get("output"),
        limits=chosen.limits,
        snapshot_every=chosen.snapshot_every,
        layers=outputs.get("layers"),
        metadata=outputs.get("metadata", True),
        styles=styles,
        regions=regions,
        patches=patches,
        reading=MapReading.of_table(table),
        given=_given(table, inputs, styles),
        table=table,
    )


def with_keys(plan: Plan, values: Mapping[KeyPath, Any], options: Mapping[KeyPath, str]) -> Plan:
    """Return a plan with other values of keys outside [settings] and [run]; messages name their options."""
    table = deepcopy(dict(plan.table))
    for path, value in values.items():
        _put(table, path, value)
    source = replace(plan.source, options={**plan.source.options, **options}, found=[])
    changed = plan_from_table(table, plan.path, source)
    parts = {name: getattr(changed, name) for name in ("values", "styles", "regions", "patches", "reading", "table")}
    return replace(plan, source=source, given=plan.given | changed.given, **parts)


def _put(table: Any, path: KeyPath, value: Any) -> None:
    """Put a value into a table; where a region gets a style, it is no longer kept, and the other way round."""
    *around, key = path
    for each in around:
        table = table[each] if isinstance(each, int) else table.setdefault(each, {})
    if around[:1] == ["region"] and key == "keep" and value is True:
        for other in set(table) - {"region"}:
            del table[other]
    if around[:1] == ["region"] and key == "style":
        table.pop("keep", None)
    table[key] = value


def _given(table: Mapping[str, Any], inputs: type[Inputs], styles: Mapping[str, PlanStyle]) -> frozenset[str]:
    """Return the names of the settings and inputs that a plan gives."""
    settings = {RENAMED.get(name, name) for name in table.get("settings", {})}
    declared = {name for name in declared_inputs(inputs) if name in table}
    shares = {"share"} if any(style.share != 1 for style in styles.values()) else set()
    return frozenset({*settings, *declared, *shares, *table.get("patches", {}), *table.get("run", {})})


def _lines(table: Mapping[str, Any], text: str) -> dict[KeyPath, int]:
    """Return the lines of keys; those of a [region], which is understood as [[region]], as those of the first."""
    lines = key_lines(text)
    if isinstance(table.get("region"), dict):
        lines |= {("region", 0, *path[1:]): line for path, line in lines.items() if path[0] == "region"}
    return lines


def _chosen(source: Source, table: Mapping[str, Any], inputs: type[Inputs]) -> Chosen:
    """Return the settings of a plan, with those of its recipe."""
    base = Chosen(inputs.defaults)
    with source.collecting(), source.locating("recipe"):
        recipe = find_recipe(table.get("recipe", "default"))
        base = Chosen(recipe_settings(recipe.name, inputs), snapshot_every=recipe.snapshot_every)
    belongs = places(inputs)
    settings = dict(table.get("settings", {}))
    run = {name: value for name, value in table.get("run", {}).items() if name not in OUTPUT_KEYS}
    for name in [name for name in settings if name in belongs and name not in FIELDS | RUN_FIELDS]:
        source.report(("settings", name), f"[settings] has no key {name!r}; it belongs {belongs[name]}")
        del settings[name]
    for name in [name for name in run if name not in RUN_FIELDS]:
        known = nearest(name, [*RUN_FIELDS, *OUTPUT_KEYS])
        advice = f"it belongs {belongs[name]}" if name in belongs else known
        source.report(("run", name), f"[run] has no key {name!r}; {advice}")
        del run[name]
    chosen = chosen_settings(base, settings, partial(_report, source, "settings"))
    return chosen_settings(chosen, run, partial(_report, source, "run"))


def _styles(source: Source, table: Checked, inputs: type[Inputs]) -> dict[str, PlanStyle]:
    """Return the style images of a plan by name, without those that have mistakes."""
    tables, mapped = table.get("styles", {}), needs_style_map(inputs, table.get("unmatched"))
    styles = {}
    for name, each in tables.items():
        with source.collecting():
            styles[name] = _style(source, name, each, inputs, mapped=mapped)
    if not tables and table.whole:
        source.report(("styles",), 'the plan has no style; add [styles.NAME] with image = "painting.jpg"')
    if one_style(inputs) and len(tables) > 1:
        source.report(
            ("styles", list(tables)[1]),
            f"technique {inputs.technique!r} takes one style, not {len(tables)}; leave the others out",
        )
    if styles and not any(style.share for style in styles.values()):
        source.report(("styles",), "all shares are 0; give at least one style a share above 0")
    return styles


def _style(source: Source, name: str, given: object, inputs: type[Inputs], *, mapped: bool) -> PlanStyle:
    path = ("styles", name)
    if not isinstance(given, dict):
        raise source.error(
            path, f'styles.{name} is not a table; write [styles.{name}] and image = "painting.jpg" below'
        )
    table = checked_keys(source, path, given, STYLE_KEYS, f"[styles.{name}]", places(inputs))
    if "image" not in table and table.whole:
        source.report(path, f'[styles.{name}] has no image; add image = "painting.jpg"')
    if "map" in table and not has_maps(inputs):
        source.report(
            (*path, "map"), f"map has no effect in technique {inputs.technique!r}; add regions, or leave it out"
        )
    image = table.get("image", "painting.jpg")
    if "map" not in table and mapped and table.whole:
        source.report(
            path,
            f"technique {inputs.technique!r} needs a map of the style image; add map = "
            f'"{Path(image).stem}_map.png" to [styles.{name}]',
        )
    blends = any(each.kind == "styles" for each in declared_inputs(inputs).values())
    if "share" in table and not blends:
        instead = "leave it out" if one_style(inputs) else "use strength in [[region]], or leave it out"
        source.report((*path, "share"), f"share has no effect in technique {inputs.technique!r}; {instead}")
    if "scale" in table and not any(each.kind == "plan regions" for each in declared_inputs(inputs).values()):
        source.report(
            (*path, "scale"),
            f"scale has no effect in technique {inputs.technique!r}; set style_scale in [settings]",
        )
    return PlanStyle(name, image, table.get("map"), float(table.get("share", 1.0)), float(table.get("scale", 1.0)))


def _region(
    source: Source, place: int, given: Mapping[str, Any], styles: Mapping[str, Any], inputs: type[Inputs]
) -> RegionEntry:
    """Return an entry of [[region]]."""
    path = ("region", place)
    masks_only = any(each.kind == "masked styles" for each in declared_inputs(inputs).values())
    known = {key: REGION_KEYS[key] for key in MASK_KEYS} if masks_only else REGION_KEYS
    table = checked_keys(source, path, given, known, "[[region]]", places(inputs))
    both = "region" in table and "mask" in table
    if both or not (table.keys() & {"region", "mask"} or not table.whole):
        has = "both a region and a mask" if both else "neither a region nor a mask"
        source.report(path, f'[[region]] has {has}; give it either region = "red" or mask = "mask.png"')
    if "complement" in table and "mask" not in table and table.whole:
        source.report((*path, "complement"), "complement has no effect without mask; leave it out")
    _check_style_of_region(source, path, table, styles)
    if "style_region" in table and "style_mask" in table:
        source.report((*path, "style_mask"), "[[region]] has both a style_region and a style_mask; leave one out")
    for key in ("region", "style_region"):
        if key in table and (key, table[key]) != ("style_region", WHOLE):
            _check_region(source, (*path, key), str(table[key]), everything=key == "region")
    if table.get("color", "style") not in CHOICES["color"]:
        expected = nearest(table["color"], CHOICES["color"])
        source.report((*path, "color"), f"color is {table['color']!r}; {expected}")
    values = {key: value for key, value in table.items() if key != "keep"}
    values |= {key: str(values[key]) for key in ("region", "style_region") if key in values}
    return RegionEntry(**values)


def _check_style_of_region(source: Source, path: KeyPath, table: Checked, styles: Mapping[str, Any]) -> None:
    """Report an entry that neither names a style of the plan nor keeps its region as it is."""
    if table.get("keep", False):
        for key in table:
            if key not in ("region", "keep"):
                source.report((*path, key), f"{key} has no effect where keep is true; leave one of them out")
    elif "style" not in table:
        if table.whole:
            source.report(path, '[[region]] has no style; add style = "NAME", or keep = true')
    elif table["style"] not in styles:
        known = nearest(table["style"], styles) if styles else "the plan has no styles"
        source.report((*path, "style"), f"there is no style {table['style']!r}; {known}")


def _check_regions(source: Source, table: Checked, regions: tuple[RegionEntry, ...], inputs: type[Inputs]) -> None:
    """Report regions that paint nothing, or that need a map that the plan does not name."""
    if source.found and not regions:
        return
    if not source.found and not any(each.style for each in regions):  # which may be because of a mistake
        example = 'region = "red"' if "content_map" in keys_of(inputs) else 'mask = "mask.png"'
        source.report(("region",), f'nothing is painted; add [[region]] with {example} and style = "NAME"')
    styles = {name: each for name, each in table.get("styles", {}).items() if isinstance(each, dict)}
    without_maps = "content_map" not in table and not any("map" in style for style in styles.values())
    for key in (*MAP_KEYS, "soft_maps") if without_maps and table.whole else ():
        if key in table:
            source.report((key,), f"{key} has no effect where there is no map; leave it out, or add one")
    asking = {each.style for each in regions if each.style_region not in (None, WHOLE)}
    for name in [name for name in styles if "content_map" not in keys_of(inputs) and name not in asking]:
        if "map" in styles[name]:
            source.report(
                ("styles", name, "map"),
                "map has no effect without style_region in a [[region]] with this style; add it, or leave map out",
            )
    for place, each in enumerate(regions):
        if each.region is not None and "content_map" not in table and table.whole:
            source.report(
                ("region", place, "region"),
                'a region needs a content map; add content_map = "photo_map.png" at the top of the plan',
            )
        style = styles.get(each.style or "", {"map": ""})
        if each.style_region not in (None, WHOLE) and "map" not in style:
            source.report(
                ("region", place, "style_region"),
                "style_region needs a map of the style; add map = "
                f'"{Path(str(style.get("image", "painting"))).stem}_map.png" to [styles.{each.style}], or set it '
                f"to {WHOLE!r}",
            )


def _check_values(source: Source, table: Mapping[str, Any], inputs: type[Inputs]) -> None:
    """Report values that are none of the choices or out of bounds, and regions that are no colors."""
    for name, each in declared_inputs(inputs).items():
        if each.choices and table.get(name, each.choices[0]) not in each.choices:
            source.report((name,), f"{name} is {table[name]!r}; {nearest(table[name], each.choices)}")
        if each.bounds is not None and name in table:
            with source.collecting(), source.locating(name):
                each.bounds.check(name, table[name])
        for place, color in enumerate(table.get(name, [])) if each.kind == "colors" else ():
            _check_region(source, (name, place), str(color))
        for here, there in table.get(name, {}).items() if each.kind in ("mapping", "strengths") else ():
            _check_region(source, (name, here), here, everything=each.kind == "mapping")
            if each.kind == "mapping":
                _check_region(source, (name, here), str(there), everything=False)
    for place, color in enumerate(table.get("palette", [])):
        with source.collecting(), source.locating("palette", place):
            parse_color(color)
    for place, color in enumerate(table.get("ignore", [])):
        _check_region(source, ("ignore", place), str(color))
    given = table.get("map_orientation", ORIENTATIONS[0])
    if given not in ORIENTATIONS:
        source.report(("map_orientation",), f"map_orientation is {given!r}; {nearest(given, ORIENTATIONS)}")


def _check_region(source: Source, path: KeyPath, text: str, *, everything: bool = True) -> None:
    with source.collecting(), source.locating(*path):
        check_region(text, everything=everything)


def _report(source: Source, table: str, name: str | None, text: str) -> None:
    """Report a mistake in a key of a table, or in the table."""
    source.report((table, *([] if name is None else [name])), text)


def _text_of(path: Path, named: Path) -> str:
    if path == STANDARD:
        data = stream_bytes(path, expected="a plan")
    else:
        with opened(path, "a plan file", SettingsError, most=LARGEST_PLAN) as file:
            data = file.read(LARGEST_PLAN + 1)
    strange = not_text(named, data, LARGEST_PLAN)
    if strange is not None:
        raise SettingsError(strange)
    try:
        # Editors on Windows may begin a file with a byte order mark, which TOML does not allow.
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        raise SettingsError(not_utf8(named, data.count(b"\n", 0, error.start) + 1)) from None


def _nested(path: Path) -> str:
    return f"{path} has tables or lists inside each other, far deeper than any plan; see docs/how-to/plans.md"
