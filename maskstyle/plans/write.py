"""Write plans as TOML: a resolved one, with paths relative to another folder, and a new one to edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import tomli_w

from maskstyle.errors import visible
from maskstyle.guidance.layout import Layout, Placement
from maskstyle.images.io import load_image
from maskstyle.maps.colors import format_region, percent
from maskstyle.maps.io import find_map_beside, load_map
from maskstyle.maps.matching import match_regions
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.plans.load import LoadedPlan
from maskstyle.plans.plan import Plan, RegionEntry, style_names
from maskstyle.plans.schema import COMMON_KEYS, OF_REGIONS
from maskstyle.settings import NAMED_INITS
from maskstyle.synthesis.scene import Scene
from maskstyle.techniques.inputs import declared_inputs
from maskstyle.techniques.plan import WHOLE
from maskstyle.techniques.registry import TECHNIQUES

FILES = ("image", "map")
"""The kinds of inputs that a plan names as a file at its top."""

Table: TypeAlias = dict[str, Any]
"""What tomllib makes of a plan file."""

PathOf: TypeAlias = Callable[[Path], str]
"""From a file to how a table names it."""


def resolved_table(loaded: LoadedPlan, scene: Scene, path_of: PathOf) -> Table:
    """Return a plan with every color found in its map, without its settings and its output."""
    plan = loaded.plan
    table: Table = {"technique": plan.technique}
    declared = declared_inputs(plan.inputs)
    for name, value in loaded.values.items():
        table[name] = path_of(plan.file(value)) if declared[name].kind in FILES else value
    if plan.weights is not None:
        table["weights"] = path_of(plan.file(plan.weights))
    table |= plan.reading.table()
    table["styles"] = _styles(plan, path_of)
    if any(each.kind in OF_REGIONS for each in declared.values()):
        resolve = "plan regions" in {each.kind for each in declared.values()}
        table["region"] = [_region(plan, place, scene.layout, path_of, resolve) for place in range(len(plan.regions))]
    return table


def _styles(plan: Plan, path_of: PathOf) -> Table:
    blends = any(each.kind == "styles" for each in declared_inputs(plan.inputs).values())
    styles: Table = {}
    for name, style in plan.styles.items():
        styles[name] = {"image": path_of(plan.file(style.image))}
        if style.map is not None:
            styles[name]["map"] = path_of(plan.file(style.map))
        if blends:
            styles[name]["share"] = style.share
        if style.scale != 1:
            styles[name]["scale"] = style.scale
    return styles


def _region(plan: Plan, place: int, layout: Layout, path_of: PathOf, resolve: bool) -> Table:
    """Return an entry of [[region]], with its colors found in their maps where the technique has any."""
    given = plan.regions[place]
    placement = next((each for each in layout.placements if each.place == place), None)
    if given.style is None:
        return {"region": given.region, "keep": True}
    if placement is None:  # of strength 0
        entry = {name: value for name, value in vars(given).items() if value is not None and value is not False}
        files = {name: path_of(plan.file(entry[name])) for name in ("mask", "style_mask") if name in entry}
        return entry | files
    table: Table = {}
    if placement.label is not None and layout.content_map is not None:
        table["region"] = format_region(layout.content_map.key(placement.label))
    if given.mask is not None:
        table["mask"] = path_of(plan.file(given.mask))
        table |= {"complement": True} if given.complement else {}
    table["style"] = given.style
    if given.strength is not None:
        table["strength"] = given.strength
    if given.scale is not None:
        table["scale"] = given.scale
    if not resolve:
        return table if placement.style_label is None else table | _part(given, plan, placement, path_of)
    return {**table, **_part(given, plan, placement, path_of), "color": placement.color}


def _part(given: RegionEntry, plan: Plan, placement: Placement, path_of: PathOf) -> Table:
    """Return the part of the style image to take the style from."""
    if given.style_mask is not None:
        return {"style_mask": path_of(plan.file(given.style_mask))}
    if placement.style_label is None:
        return {"style_region": WHOLE}
    return {"style_region": format_region(placement.style.map().key(placement.style_label))}


def moved(table: Mapping[str, Any], path_of: Callable[[str], str]) -> Table:
    """Return a plan's table with all its paths changed."""
    declared = declared_inputs(TECHNIQUES[table["technique"]])
    files = [name for name, each in declared.items() if each.kind in FILES]
    result = _with_paths(table, (*files, "weights", "output"), path_of)
    if result.get("settings", {}).get("init", "content") not in NAMED_INITS:
        result["settings"] = _with_paths(result["settings"], ("init",), path_of)
    if "styles" in result:
        result["styles"] = {
            name: _with_paths(style, ("image", "map"), path_of) for name, style in result["styles"].items()
        }
    if "region" in result:
        result["region"] = [_with_paths(each, ("mask", "style_mask"), path_of) for each in result["region"]]
    return result


def _with_paths(table: Mapping[str, Any], keys: Sequence[str], path_of: Callable[[str], str]) -> Table:
    return {key: path_of(value) if key in keys and value != "-" else value for key, value in table.items()}


def plan_text(table: Mapping[str, Any], comment: str = "") -> str:
    """Write a plan's table as TOML.

    Parameters
    ----------
    table : mapping
        A plan.
    comment : str
        The comment of the first line.

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
    last = ("settings", "run", "patches", "styles")
    first = [key for key in COMMON_KEYS if key in table and key not in last]
    others = [key for key in table if key not in (*first, *last, "region")]
    order = [*first, *others, *(key for key in last if table.get(key))]
    # A line break in the name of a file would end the comment, and what follows it would be read as a key.
    shown = "".join(each if each.isprintable() else "?" for each in comment)
    head = f"# {shown}\n" if comment else ""
    # One by one: tomli_w would write short entries as one array, which is hard to edit.
    regions = [f"\n[[region]]\n{tomli_w.dumps(each)}" for each in table.get("region", [])]
    return head + tomli_w.dumps({key: table[key] for key in order}) + "".join(regions)


HEAD = """# Edit this plan, check it with: maskstyle run {plan} --dry-run
# and paint it with: maskstyle run {plan}
# All keys: docs/how-to/plans.md
"""

SETTINGS = """
[settings]
# size = 768            # longer side of the result in pixels
# strength = 0.5        # of all styles: 0 is the content image, 1 the whole style
# color = "content"     # keep the colors of the content image
"""

StyleMaps: TypeAlias = Mapping[str, SemanticMap | None]


def new_plan(content: Path, styles: Sequence[Path], plan: Path, path_of: Callable[[Path], str]) -> str:
    """Return the text of a plan that can be run at once, of a content image and at least one style image.

    It has an entry of [[region]] for each region of the map beside the content image; without a map, the style images
    go on the whole content image. Comments name the file of the plan.
    """
    load_image(content)
    names = style_names([str(path) for path in styles])
    content_map = find_map_beside(content)
    map_files = {
        name: find_map_beside(path) if content_map else None for name, path in zip(names, styles, strict=True)
    }
    top: dict[str, Any] = {"content": path_of(content), "output": f"{content.stem}_painted.png"}
    if content_map is not None:
        top["content_map"] = path_of(content_map)
    text = HEAD.format(plan=visible(plan.name)) + tomli_w.dumps(top) + SETTINGS
    for name, path in zip(names, styles, strict=True):
        load_image(path)
        file = map_files[name]
        style = {"image": path_of(path), **({} if file is None else {"map": path_of(file)})}
        text += "\n" + tomli_w.dumps({"styles": {name: style}})
    if content_map is None:
        return text + "# share = 1              # of the blend, where there are several styles\n"
    maps = {name: None if file is None else load_map(file) for name, file in map_files.items()}
    return text + _regions(load_map(content_map), maps)


def _regions(content_map: SemanticMap, styles: StyleMaps) -> str:
    """Return the entries of [[region]] for all regions of the content map."""
    entries = [_entry(content_map, label, styles) for label in range(len(content_map.colors))]
    if not any("style" in entry for entry in entries):  # no color agrees
        entries = [
            {"region": entry["region"], "style": next(iter(styles)), "style_region": WHOLE} for entry in entries
        ]
    text = ""
    for label, entry in enumerate(entries):
        share = percent(content_map.count(label) / content_map.labels.size)
        text += f"\n[[region]]              # {visible(content_map.name(label))}: {share} of the content image\n"
        if "keep" in entry:
            text += (
                '# No style map has this color. To paint it: style = "NAME" and style_region = "#...", or "whole".\n'
            )
        text += tomli_w.dumps(entry)
    return text


def _entry(content_map: SemanticMap, label: int, styles: StyleMaps) -> dict[str, Any]:
    """Return the entry of a region: the first style that has its color, else one without a map, else keep it."""
    region = {"region": format_region(content_map.key(label))}
    for name, style_map in styles.items():
        if style_map is not None:
            found = dict(match_regions(content_map, style_map).pairs).get(label)
            if found is not None:
                return {**region, "style": name, "style_region": format_region(style_map.key(found))}
    whole = next((name for name, style_map in styles.items() if style_map is None), None)
    return {**region, "keep": True} if whole is None else {**region, "style": whole}
