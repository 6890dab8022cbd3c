"""Reading a plan file; everything that its text alone can tell is checked here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskstyle.errors import SettingsError
from maskstyle.guidance.planned import WHOLE
from maskstyle.maps import parse_color
from maskstyle.plans.checking import (
    COUNT,
    NUMBER,
    POSITIVE,
    TABLE,
    TABLES,
    TEXT,
    TEXTS,
    YES_NO,
    Source,
    check_keys,
    nearest,
)
from maskstyle.plans.lines import key_lines
from maskstyle.plans.plan import TECHNIQUES, Plan, PlanRegion, PlanStyle
from maskstyle.plans.settings_table import settings_from
from maskstyle.recipes import find_recipe
from maskstyle.settings import CHOICES
from maskstyle.techniques.plan import check_denoised, check_feather

TOP_KEYS = {
    "technique": TEXT,
    "content": TEXT,
    "content_map": TEXT,
    "output": TEXT,
    "recipe": TEXT,
    "weights": TEXT,
    "feather": NUMBER,
    "feather_mode": TEXT,
    "transparent": YES_NO,
    "denoise_regions": TEXTS,
    "palette": TEXTS,
    "least_region": COUNT,
    "settings": TABLE,
    "styles": TABLE,
    "region": TABLES,
}

STYLE_KEYS = {"image": TEXT, "map": TEXT, "share": POSITIVE}

REGION_KEYS = {
    "region": TEXT,
    "mask": TEXT,
    "complement": YES_NO,
    "style": TEXT,
    "style_region": TEXT,
    "style_mask": TEXT,
    "strength": POSITIVE,
    "color": TEXT,
    "keep": YES_NO,
}

NOT_IN_BASIC = (
    *("content_map", "feather", "feather_mode", "transparent", "denoise_regions", "palette", "least_region"),
    "region",
)
"""Keys that say nothing where whole styles go everywhere."""

WITHOUT_EFFECT_IN_BASIC = ("propagation", "mask_exponent")
"""Settings that say nothing there."""

LARGEST_PLAN = 2**20
"""Bytes of a plan file, far more than any has: a picture given by mistake is not read."""


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
        Where the file cannot be read or its text is wrong, with the line.
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
    check_keys(source, (), table, TOP_KEYS, "a plan")
    technique = table.get("technique", "region" if "region" in table else "basic")
    if technique not in TECHNIQUES:
        raise source.error(("technique",), f"technique is {technique!r}; {nearest(technique, TECHNIQUES)}")
    if "content" not in table:
        raise source.error((), 'the plan has no content; add content = "photo.jpg"')
    with source.saying("recipe"):
        base = find_recipe(table.get("recipe", "default")).settings
    given = table.get("settings", {})
    settings, initial = settings_from(
        base, given, lambda name, text: source.error(("settings", *([] if name is None else [name])), text)
    )
    if technique == "basic":
        _check_basic(source, table, given)
    styles = {name: _style(source, name, each, technique) for name, each in table.get("styles", {}).items()}
    if not styles:
        raise source.error(("styles",), 'the plan has no style; add [styles.NAME] with image = "painting.jpg"')
    regions = tuple(_region(source, place, each, styles) for place, each in enumerate(table.get("region", [])))
    if technique == "region":
        _check_regions(source, table, regions)
    for key in ("palette", "denoise_regions"):
        for place, color in enumerate(table.get(key, [])):
            with source.saying(key, place):
                parse_color(color)
    plan = Plan(
        path,
        source,
        technique,
        table["content"],
        settings,
        output=table.get("output"),
        content_map=table.get("content_map"),
        initial=initial,
        weights=table.get("weights"),
        styles=styles,
        regions=regions,
        feather=float(table.get("feather", 0.0)),
        feather_mode=table.get("feather_mode", "distance"),
        transparent=table.get("transparent", False),
        denoise_regions=None if "denoise_regions" not in table else tuple(table["denoise_regions"]),
        palette=None if "palette" not in table else tuple(table["palette"]),
        least_region=table.get("least_region"),
    )
    check_together(plan)
    return plan


def check_together(plan: Plan) -> None:
    """Raise where keys of a plan do not go with one another, or with its settings."""
    with plan.source.saying("feather_mode" if plan.feather_mode != "distance" else "feather"):
        check_feather(plan.feather, plan.feather_mode)
    colors = None if plan.denoise_regions is None else [parse_color(text) for text in plan.denoise_regions]
    with plan.source.saying("denoise_regions"):
        check_denoised(colors, plan.settings)


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
        # Editors on Windows may begin a file with a byte order mark, which TOML does not know.
        return data.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError:
        raise SettingsError(
            f"expected a plan file, but {path} is no text; name a TOML file, or make one of a result with: "
            f"maskstyle plan from {path.name}"
        ) from None


def _syntax(path: Path, text: str, message: str) -> str:
    """Return what is wrong with a text that is not TOML, with its line."""
    found = re.search(r"\s*\(at (?:line (\d+), column \d+|end of document)\)", message)
    line = int(found[1]) if found and found[1] else text.count("\n") + 1
    said = message[: found.start()] if found else message
    return f"{path}, line {line}: this is not TOML ({said[0].lower()}{said[1:]}); texts are in quotes"


def _style(source: Source, name: str, table: object, technique: str) -> PlanStyle:
    path = ("styles", name)
    if not isinstance(table, dict):
        raise source.error(path, f'styles.{name} is no table; write [styles.{name}] and image = "painting.jpg" below')
    check_keys(source, path, table, STYLE_KEYS, f"[styles.{name}]")
    if "image" not in table:
        raise source.error(path, f'[styles.{name}] has no image; add image = "painting.jpg"')
    if technique == "basic" and "map" in table:
        raise source.error((*path, "map"), "map does nothing without [[region]]; add regions, or leave it out")
    if technique != "basic" and "share" in table:
        raise source.error(
            (*path, "share"), "share does nothing with [[region]]; use strength there, or leave it out"
        )
    return PlanStyle(name, table["image"], table.get("map"), float(table.get("share", 1.0)))


def _check_basic(source: Source, table: Mapping[str, Any], settings: Mapping[str, Any]) -> None:
    for key in NOT_IN_BASIC:
        if key in table:
            raise source.error((key,), f"{key} does nothing in technique 'basic'; leave it out, or choose 'region'")
    for key in WITHOUT_EFFECT_IN_BASIC:
        if key in settings:
            raise source.error(("settings", key), f"{key} does nothing in technique 'basic'; leave it out")


def _region(source: Source, place: int, table: Mapping[str, Any], styles: Mapping[str, PlanStyle]) -> PlanRegion:
    path = ("region", place)
    check_keys(source, path, table, REGION_KEYS, "[[region]]")
    if ("region" in table) == ("mask" in table):
        both = "both a region and a mask" if "region" in table else "neither a region nor a mask"
        raise source.error(path, f'[[region]] has {both}; give it either region = "red" or mask = "mask.png"')
    if "complement" in table and "mask" not in table:
        raise source.error((*path, "complement"), "complement does nothing without mask; leave it out")
    if table.get("keep", False):
        for key in table:
            if key not in ("region", "keep"):
                raise source.error((*path, key), f"{key} does nothing where keep is true; leave one of them out")
    elif "style" not in table:
        raise source.error(path, '[[region]] has no style; add style = "NAME", or keep = true')
    elif table["style"] not in styles:
        raise source.error(
            (*path, "style"), f"there is no style {table['style']!r}; {nearest(table['style'], styles)}"
        )
    if "style_region" in table and "style_mask" in table:
        raise source.error(
            (*path, "style_mask"), "[[region]] has both a style_region and a style_mask; leave one out"
        )
    for key in ("region", "style_region"):
        if key in table and (key, table[key]) != ("style_region", WHOLE):
            with source.saying(*path, key):
                parse_color(table[key])
    if table.get("color", "style") not in CHOICES["color"]:
        expected = nearest(table["color"], CHOICES["color"])
        raise source.error((*path, "color"), f"color is {table['color']!r}; {expected}")
    known = {key: value for key, value in table.items() if key != "keep"}
    return PlanRegion(**{**known, "strength": float(table.get("strength", 1.0))})


def _check_regions(source: Source, table: Mapping[str, Any], regions: tuple[PlanRegion, ...]) -> None:
    if not any(each.style for each in regions):
        raise source.error(("region",), 'nothing is painted; add [[region]] with region = "red" and style = "NAME"')
    for place, each in enumerate(regions):
        if each.region is not None and "content_map" not in table:
            raise source.error(
                ("region", place, "region"),
                'a region needs the content\'s map; add content_map = "photo_map.png" at the top of the plan',
            )
        if each.style is not None and each.style_region not in (None, WHOLE):
            style = table["styles"][each.style]
            if "map" not in style:
                raise source.error(
                    ("region", place, "style_region"),
                    f'style_region needs a map of the style; add map = "{Path(style["image"]).stem}_map.png" '
                    f"to [styles.{each.style}], or say {WHOLE!r}",
                )
