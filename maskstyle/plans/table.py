"""Tables of a plan file's shape: of plans whose regions are found, moved to another folder, written as TOML."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from maskstyle.guidance.planned import WHOLE, Settled
from maskstyle.maps.io import format_color
from maskstyle.plans.checking import TABLE, TABLES
from maskstyle.plans.inputs import LoadedPlan
from maskstyle.plans.keys import REGION_KEYS, STYLE_KEYS, TOP_KEYS
from maskstyle.plans.pairing import Pairing
from maskstyle.plans.plan import Plan
from maskstyle.plans.settings_table import NAMED_INITS, patches_table

Table: TypeAlias = dict[str, Any]
"""What tomllib makes of a plan file."""

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def resolved_table(plan: Plan, loaded: LoadedPlan, path_of: Callable[[Path], str]) -> Table:
    """Return a plan with every color found in its map, without its settings and its output.

    Parameters
    ----------
    plan, loaded
        The plan, and what its files hold.
    path_of : callable
        From a file to how the table names it.
    """
    table: Table = {"technique": plan.technique, plan.content_key: path_of(plan.file(plan.content))}
    for key, file in ((plan.map_key, plan.content_map), ("weights", plan.weights)):
        if file is not None:
            table[key] = path_of(plan.file(file))
    if plan.feather:
        table["feather"] = plan.feather
    if plan.feather_mode != "distance":
        table["feather_mode"] = plan.feather_mode
    if plan.transparent:
        table["transparent"] = True
    if loaded.denoised is not None:
        table["denoise_regions"] = [format_color(color) for color in loaded.denoised]
    if loaded.pairing is not None:
        table |= _pairs_table(plan, loaded.pairing)
    if plan.palette is not None:
        table["palette"] = list(plan.palette)
    if plan.least_region is not None:
        table["least_region"] = plan.least_region
    if plan.soft_maps:
        table["soft_maps"] = True
    table["styles"] = {}
    for name, style in plan.styles.items():
        table["styles"][name] = {"image": path_of(plan.file(style.image))}
        if style.map is not None:
            table["styles"][name]["map"] = path_of(plan.file(style.map))
        if plan.technique == "basic":
            table["styles"][name]["share"] = style.share
    if loaded.settled is not None:
        table["region"] = [_region(plan, place, loaded.settled, path_of) for place in range(len(plan.regions))]
    return table


def _pairs_table(plan: Plan, pairing: Pairing) -> Table:
    """Return what a plan says of the regions that go together, and of patches."""
    table: Table = {"unmatched": plan.unmatched}
    if plan.technique == "doodle":
        table["matching"] = plan.matching
    if pairing.mapping:
        table["mapping"] = {format_color(here): format_color(there) for here, there in pairing.mapping}
    if plan.patches is not None:
        table["patches"] = patches_table(dataclasses.asdict(plan.patches))
    return table


def _region(plan: Plan, place: int, settled: Settled, path_of: Callable[[Path], str]) -> Table:
    given = plan.regions[place]
    entry = next((each for each in settled.entries if each.place == place), None)
    if entry is None:
        return {"region": given.region, "keep": True}
    table: Table = {}
    if entry.label is not None:
        assert settled.content_map is not None
        table["region"] = format_color(settled.content_map.colors[entry.label])
    if given.mask is not None:
        table["mask"] = path_of(plan.file(given.mask))
        table |= {"complement": True} if given.complement else {}
    table["style"] = given.style
    if given.style_mask is not None:
        table["style_mask"] = path_of(plan.file(given.style_mask))
    elif entry.style_label is None:
        table["style_region"] = WHOLE
    elif entry.style.style_map is not None:
        table["style_region"] = format_color(entry.style.style_map.colors[entry.style_label])
    return {**table, "strength": entry.strength, "color": entry.color}


def moved(table: Mapping[str, Any], path_of: Callable[[str], str]) -> Table:
    """Return a plan's table with all its paths changed.

    Parameters
    ----------
    table : mapping
        A plan.
    path_of : callable
        From a path of the plan to that which replaces it.
    """
    result = _with_paths(table, ("content", "content_map", "doodle", "weights", "output"), path_of)
    if result.get("settings", {}).get("init", "content") not in NAMED_INITS:
        result["settings"] = _with_paths(result["settings"], ("init",), path_of)
    if "styles" in result:
        result["styles"] = {
            name: _with_paths(style, ("image", "map"), path_of) for name, style in result["styles"].items()
        }
    if "region" in result:
        result["region"] = [_with_paths(each, ("mask", "style_mask"), path_of) for each in result["region"]]
    return result


def _with_paths(table: Mapping[str, Any], keys: tuple[str, ...], path_of: Callable[[str], str]) -> Table:
    return {key: path_of(value) if key in keys else value for key, value in table.items()}


def plan_text(table: Mapping[str, Any], comment: str = "") -> str:
    """Write a plan's table as TOML.

    Parameters
    ----------
    table : mapping
        A plan.
    comment : str
        The first line.

    Examples
    --------
    >>> print(plan_text({"content": "a.jpg", "settings": {"size": 64}, "region": [{"mask": "m.png"}]}, "mine"))
    # mine
    content = "a.jpg"
    <BLANKLINE>
    [settings]
    size = 64
    <BLANKLINE>
    [[region]]
    mask = "m.png"
    <BLANKLINE>
    """
    lines = [f"# {comment}"] if comment else []
    lines += _pairs({key: table[key] for key in TOP_KEYS if key in table and TOP_KEYS[key] not in (TABLE, TABLES)})
    for name in ("settings", "patches"):
        if table.get(name):
            lines += ["", f"[{name}]", *_pairs(table[name])]
    for name, style in table.get("styles", {}).items():
        lines += ["", f"[styles.{_key(name)}]", *_pairs({key: style[key] for key in STYLE_KEYS if key in style})]
    for region in table.get("region", []):
        lines += ["", "[[region]]", *_pairs({key: region[key] for key in REGION_KEYS if key in region})]
    return "\n".join(lines) + "\n"


def _pairs(table: Mapping[str, Any]) -> list[str]:
    return [f"{_key(key)} = {_value(value)}" for key, value in table.items()]


def _key(name: str) -> str:
    return name if _BARE_KEY.fullmatch(name) else _value(name)


def _value(value: object) -> str:
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # JSON's escapes are TOML's, too
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(_value, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(_pairs(value))} }}"
    return repr(value)
