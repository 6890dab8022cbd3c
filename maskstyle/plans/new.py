"""A plan to edit, for a content image and some style images, with the maps beside them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import tomli_w

from maskstyle.errors import visible
from maskstyle.images.io import load_image
from maskstyle.maps.colors import format_region, percent
from maskstyle.maps.io import find_map_beside, load_map
from maskstyle.maps.matching import match_regions
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.plans.plan import style_names
from maskstyle.techniques.plan import WHOLE

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
    """Return the text of a plan that can be run at once.

    Parameters
    ----------
    content : Path
        The content image.
    styles : sequence of Path
        The style images, at least one.
    plan : Path
        The file of the plan, for its comments.
    path_of : callable
        From a file to how the plan names it.

    Returns
    -------
    str
        TOML: an entry of [[region]] for each region of the map beside the content image; without a map, the style
        images on the whole content image.

    Raises
    ------
    ImageError
        If an image or a map cannot be read.
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
