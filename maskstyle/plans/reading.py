"""Reading a plan file; everything that its text alone can tell is checked here."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from maskstyle.errors import SettingsError
from maskstyle.maps.assignment import DOODLE_UNMATCHED, UNMATCHED_PATCHES
from maskstyle.maps.io import parse_color
from maskstyle.plans.checking import Source, nearest
from maskstyle.plans.entries import check_regions, read_region, read_styles
from maskstyle.plans.keys import technique_of
from maskstyle.plans.lines import key_lines
from maskstyle.plans.plan import Plan
from maskstyle.plans.settings_table import patches_from, settings_from
from maskstyle.recipes import recipe_settings
from maskstyle.techniques.plan import (
    check_denoised,
    check_doodle_patches,
    check_feather,
    check_matching,
    check_soft,
    check_without_content,
)

UNMATCHED_OF = {"patch": UNMATCHED_PATCHES, "doodle": DOODLE_UNMATCHED}
"""What may become of regions without a counterpart, by technique."""

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
    technique = technique_of(source, table)
    with source.saying("recipe"):
        base = recipe_settings(table.get("recipe", "default"), technique)
    settings, initial = settings_from(base, table.get("settings", {}), partial(_at_fault, source, "settings"))
    patches = None
    if "patches" in table:
        patches = patches_from(table["patches"], partial(_at_fault, source, "patches"))
    styles = read_styles(source, table.get("styles", {}), technique)
    regions = tuple(read_region(source, place, each, styles) for place, each in enumerate(table.get("region", [])))
    if technique == "region":
        check_regions(source, table, regions)
    _check_colors(source, table)
    plan = Plan(
        path,
        source,
        technique,
        table["doodle" if technique == "doodle" else "content"],
        settings,
        output=table.get("output"),
        content_map=table.get("doodle" if technique == "doodle" else "content_map"),
        initial=initial,
        weights=table.get("weights"),
        styles=styles,
        regions=regions,
        feather=float(table.get("feather", 0.0)),
        feather_mode=table.get("feather_mode", "distance"),
        transparent=table.get("transparent", False),
        denoise_regions=None if "denoise_regions" not in table else tuple(table["denoise_regions"]),
        matching=table.get("matching", "region"),
        mapping=tuple(table.get("mapping", {}).items()),
        unmatched=table.get("unmatched", "error"),
        patches=patches,
        palette=None if "palette" not in table else tuple(table["palette"]),
        least_region=table.get("least_region"),
        soft_maps=table.get("soft_maps", False),
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
    with plan.source.saying("soft_maps"):
        check_soft(plan.soft_maps, plan.settings)
    if plan.technique in UNMATCHED_OF and plan.unmatched not in UNMATCHED_OF[plan.technique]:
        expected = nearest(plan.unmatched, UNMATCHED_OF[plan.technique])
        raise plan.source.error(("unmatched",), f"unmatched is {plan.unmatched!r}; {expected}")
    if plan.technique == "doodle":
        _check_doodle(plan)


def _check_doodle(plan: Plan) -> None:
    with plan.source.saying("matching"):
        check_matching(plan.matching)
    with plan.source.saying("patches"):
        check_doodle_patches(plan.matching, plan.patches)
    try:
        check_without_content(plan.settings)
    except SettingsError as error:
        name = str(error).partition(" ")[0]
        raise plan.source.error(("settings", name), str(error)) from None


def _check_colors(source: Source, table: Mapping[str, Any]) -> None:
    """Raise where what names a region is no color."""
    for key in ("palette", "denoise_regions"):
        for place, color in enumerate(table.get(key, [])):
            with source.saying(key, place):
                parse_color(color)
    for here, there in table.get("mapping", {}).items():
        for color in (here, there):
            with source.saying("mapping", here):
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
