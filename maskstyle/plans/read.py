"""Read a plan file and check its text, without opening the files that it names."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from maskstyle.errors import SettingsError
from maskstyle.maps.colors import check_region, parse_color
from maskstyle.plans.checking import Source, check_keys, nearest
from maskstyle.plans.lines import KeyPath, key_lines
from maskstyle.plans.plan import MapReading, Plan, PlanStyle, RegionEntry
from maskstyle.plans.schema import (
    MASK_KEYS,
    OF_REGIONS,
    REGION_KEYS,
    STYLE_KEYS,
    has_maps,
    keys_of,
    needs_style_map,
    one_style,
    technique_of,
)
from maskstyle.plans.settings_table import RUN_FIELDS, Chosen, chosen_settings, patches_from
from maskstyle.recipes import find_recipe
from maskstyle.settings import CHOICES
from maskstyle.techniques.inputs import Inputs, declared_inputs
from maskstyle.techniques.plan import WHOLE
from maskstyle.techniques.registry import recipe_settings

LARGEST_PLAN = 2**20
"""Bytes of a plan file, far more than any has: an image given by mistake is not read."""


def read_plan(path: str | Path) -> Plan:
    """Read a plan file.

    Parameters
    ----------
    path : str or Path
        A TOML file, as ``docs/plans.md`` describes.

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
    text = _text_of(path)
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(_syntax(path, text, str(error))) from None
    return plan_from_table(table, path, Source(str(path), key_lines(text)))


def plan_from_table(table: Mapping[str, Any], path: Path, source: Source) -> Plan:
    """Return the plan that a table of a plan file's shape means; see `read_plan`."""
    inputs = technique_of(source, table)
    with source.locating("recipe"):
        recipe = find_recipe(table.get("recipe", "default"))
        base = Chosen(recipe_settings(recipe.name, inputs), snapshot_every=recipe.snapshot_every)
    chosen = chosen_settings(base, table.get("settings", {}), partial(_at_fault, source, "settings"))
    for name in table.get("run", {}):
        if name not in RUN_FIELDS:
            raise source.error(("run", name), f"[run] has no key {name!r}; {nearest(name, RUN_FIELDS)}")
    chosen = chosen_settings(chosen, table.get("run", {}), partial(_at_fault, source, "run"))
    patches = None
    if "patches" in table:
        patches = patches_from(table["patches"], partial(_at_fault, source, "patches"))
    styles = _styles(source, table.get("styles", {}), inputs)
    regions = tuple(
        _region(source, place, each, styles, inputs) for place, each in enumerate(table.get("region", []))
    )
    kinds = {each.kind for each in declared_inputs(inputs).values()}
    if kinds & set(OF_REGIONS):
        _check_regions(source, table, regions, inputs)
    _check_values(source, table, inputs)
    palette = table.get("palette")
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
        styles=styles,
        regions=regions,
        patches=patches,
        reading=MapReading(
            None if palette is None else tuple(palette), table.get("least_region"), table.get("soft_maps", False)
        ),
    )


def _styles(source: Source, tables: Mapping[str, object], inputs: type[Inputs]) -> dict[str, PlanStyle]:
    """Return the style images of a plan by name."""
    styles = {name: _style(source, name, each, inputs) for name, each in tables.items()}
    if not styles:
        raise source.error(("styles",), 'the plan has no style; add [styles.NAME] with image = "painting.jpg"')
    if one_style(inputs) and len(styles) > 1:
        second = list(styles)[1]
        raise source.error(
            ("styles", second),
            f"technique {inputs.technique!r} takes one style, not {len(styles)}; leave the others out",
        )
    if not any(style.share for style in styles.values()):
        raise source.error(("styles",), "all shares are 0; give at least one style a share above 0")
    return styles


def _style(source: Source, name: str, table: object, inputs: type[Inputs]) -> PlanStyle:
    path = ("styles", name)
    if not isinstance(table, dict):
        raise source.error(
            path, f'styles.{name} is not a table; write [styles.{name}] and image = "painting.jpg" below'
        )
    check_keys(source, path, table, STYLE_KEYS, f"[styles.{name}]")
    if "image" not in table:
        raise source.error(path, f'[styles.{name}] has no image; add image = "painting.jpg"')
    if "map" in table and not has_maps(inputs):
        raise source.error(
            (*path, "map"), f"map has no effect in technique {inputs.technique!r}; add regions, or leave it out"
        )
    if "map" not in table and needs_style_map(inputs):
        raise source.error(
            path,
            f"technique {inputs.technique!r} needs a map of the style image; add map = "
            f'"{Path(table["image"]).stem}_map.png" to [styles.{name}]',
        )
    blends = any(each.kind == "styles" for each in declared_inputs(inputs).values())
    if "share" in table and not blends:
        instead = "leave it out" if one_style(inputs) else "use strength in [[region]], or leave it out"
        raise source.error((*path, "share"), f"share has no effect in technique {inputs.technique!r}; {instead}")
    return PlanStyle(name, table["image"], table.get("map"), float(table.get("share", 1.0)))


def _region(
    source: Source, place: int, table: Mapping[str, Any], styles: Mapping[str, PlanStyle], inputs: type[Inputs]
) -> RegionEntry:
    """Return an entry of [[region]]."""
    path = ("region", place)
    masks_only = any(each.kind == "masked styles" for each in declared_inputs(inputs).values())
    known = {key: REGION_KEYS[key] for key in MASK_KEYS} if masks_only else REGION_KEYS
    check_keys(source, path, table, known, "[[region]]")
    if ("region" in table) == ("mask" in table):
        both = "both a region and a mask" if "region" in table else "neither a region nor a mask"
        raise source.error(path, f'[[region]] has {both}; give it either region = "red" or mask = "mask.png"')
    if "complement" in table and "mask" not in table:
        raise source.error((*path, "complement"), "complement has no effect without mask; leave it out")
    _check_style_of_region(source, path, table, styles)
    if "style_region" in table and "style_mask" in table:
        raise source.error(
            (*path, "style_mask"), "[[region]] has both a style_region and a style_mask; leave one out"
        )
    for key in ("region", "style_region"):
        if key in table and (key, table[key]) != ("style_region", WHOLE):
            with source.locating(*path, key):
                check_region(table[key])
    if table.get("color", "style") not in CHOICES["color"]:
        expected = nearest(table["color"], CHOICES["color"])
        raise source.error((*path, "color"), f"color is {table['color']!r}; {expected}")
    values = {key: value for key, value in table.items() if key != "keep"}
    return RegionEntry(**values)


def _check_style_of_region(
    source: Source, path: KeyPath, table: Mapping[str, Any], styles: Mapping[str, PlanStyle]
) -> None:
    """Raise SettingsError unless an entry names a style of the plan, or keeps its region as it is."""
    if table.get("keep", False):
        for key in table:
            if key not in ("region", "keep"):
                raise source.error((*path, key), f"{key} has no effect where keep is true; leave one of them out")
    elif "style" not in table:
        raise source.error(path, '[[region]] has no style; add style = "NAME", or keep = true')
    elif table["style"] not in styles:
        raise source.error(
            (*path, "style"), f"there is no style {table['style']!r}; {nearest(table['style'], styles)}"
        )


def _check_regions(
    source: Source, table: Mapping[str, Any], regions: tuple[RegionEntry, ...], inputs: type[Inputs]
) -> None:
    """Raise SettingsError if the regions paint nothing, or need a map that the plan does not name."""
    if not any(each.style for each in regions):
        example = 'region = "red"' if "content_map" in keys_of(inputs) else 'mask = "mask.png"'
        raise source.error(("region",), f'nothing is painted; add [[region]] with {example} and style = "NAME"')
    without_maps = "content_map" not in table and not any("map" in style for style in table["styles"].values())
    for key in ("palette", "least_region", "soft_maps") if without_maps else ():
        if key in table:
            raise source.error((key,), f"{key} has no effect where there is no map; leave it out, or add one")
    for place, each in enumerate(regions):
        if each.region is not None and "content_map" not in table:
            raise source.error(
                ("region", place, "region"),
                'a region needs a content map; add content_map = "photo_map.png" at the top of the plan',
            )
        if each.style is not None and each.style_region not in (None, WHOLE):
            style = table["styles"][each.style]
            if "map" not in style:
                raise source.error(
                    ("region", place, "style_region"),
                    f'style_region needs a map of the style; add map = "{Path(style["image"]).stem}_map.png" '
                    f"to [styles.{each.style}], or set it to {WHOLE!r}",
                )


def _check_values(source: Source, table: Mapping[str, Any], inputs: type[Inputs]) -> None:
    """Raise SettingsError if a value is none of the choices or out of bounds, or a region is no color."""
    for name, each in declared_inputs(inputs).items():
        if each.choices and table.get(name, each.choices[0]) not in each.choices:
            raise source.error((name,), f"{name} is {table[name]!r}; {nearest(table[name], each.choices)}")
        if each.bounds is not None and name in table:
            with source.locating(name):
                each.bounds.check(name, table[name])
        for place, color in enumerate(table.get(name, [])) if each.kind == "colors" else ():
            with source.locating(name, place):
                check_region(color)
        for pair in table.get(name, {}).items() if each.kind in ("mapping", "strengths") else ():
            for color in pair if each.kind == "mapping" else pair[:1]:
                with source.locating(name, pair[0]):
                    check_region(color)
    for place, color in enumerate(table.get("palette", [])):
        with source.locating("palette", place):
            parse_color(color)


def _at_fault(source: Source, table: str, name: str | None, text: str) -> SettingsError:
    """Return the error of a sentence about a key of a table, or about the table."""
    return source.error((table, *([] if name is None else [name])), text)


def _text_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_PLAN + 1)
    except FileNotFoundError:
        raise SettingsError(f"expected a plan file, but {path} does not exist; check the path") from None
    except (IsADirectoryError, PermissionError) as error:
        what = "is a folder" if path.is_dir() else f"cannot be read ({error.strerror})"
        raise SettingsError(f"expected a plan file, but {path} {what}; name a TOML file") from None
    try:
        if len(data) > LARGEST_PLAN:
            raise UnicodeDecodeError("utf-8", b"", 0, 1, "too long")
        # Editors on Windows may begin a file with a byte order mark, which TOML does not allow.
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise SettingsError(
            f"expected a plan file, but {path} is not text; name a TOML file, or make one from a result with: "
            f"maskstyle plan from {path.name}"
        ) from None


def _syntax(path: Path, text: str, message: str) -> str:
    """Return what is wrong with a text that is not TOML, with its line."""
    found = re.search(r"\s*\(at (?:line (\d+), column \d+|end of document)\)", message)
    line = int(found[1]) if found and found[1] else text.count("\n") + 1
    said = message[: found.start()] if found else message
    return f"{path}, line {line}: this is not TOML ({said[0].lower()}{said[1:]}); texts need quotes"
