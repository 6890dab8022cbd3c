"""The styles and regions of a plan's text."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from maskstyle.guidance.planned import WHOLE
from maskstyle.maps.io import parse_color
from maskstyle.plans.checking import Source, check_keys, nearest
from maskstyle.plans.keys import REGION_KEYS, STYLE_KEYS, WITH_ONE_STYLE
from maskstyle.plans.plan import PlanRegion, PlanStyle
from maskstyle.settings import CHOICES


def read_styles(source: Source, tables: Mapping[str, object], technique: str) -> dict[str, PlanStyle]:
    """Return the styles of a plan by name."""
    styles = {name: _style(source, name, each, technique) for name, each in tables.items()}
    if not styles:
        raise source.error(("styles",), 'the plan has no style; add [styles.NAME] with image = "painting.jpg"')
    if technique in WITH_ONE_STYLE and len(styles) > 1:
        second = list(styles)[1]
        raise source.error(
            ("styles", second), f"technique {technique!r} takes one style, not {len(styles)}; leave the others out"
        )
    return styles


def _style(source: Source, name: str, table: object, technique: str) -> PlanStyle:
    path = ("styles", name)
    if not isinstance(table, dict):
        raise source.error(path, f'styles.{name} is no table; write [styles.{name}] and image = "painting.jpg" below')
    check_keys(source, path, table, STYLE_KEYS, f"[styles.{name}]")
    if "image" not in table:
        raise source.error(path, f'[styles.{name}] has no image; add image = "painting.jpg"')
    if technique == "basic" and "map" in table:
        raise source.error((*path, "map"), "map does nothing without [[region]]; add regions, or leave it out")
    if technique in WITH_ONE_STYLE and "map" not in table:
        raise source.error(
            path,
            f"technique {technique!r} needs a map of the style; add map = "
            f'"{Path(table["image"]).stem}_map.png" to [styles.{name}]',
        )
    if technique in WITH_ONE_STYLE and "share" in table:
        raise source.error((*path, "share"), "share does nothing where there is one style; leave it out")
    if technique == "region" and "share" in table:
        raise source.error(
            (*path, "share"), "share does nothing with [[region]]; use strength there, or leave it out"
        )
    return PlanStyle(name, table["image"], table.get("map"), float(table.get("share", 1.0)))


def read_region(source: Source, place: int, table: Mapping[str, Any], styles: Mapping[str, PlanStyle]) -> PlanRegion:
    """Return a region of a plan."""
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


def check_regions(source: Source, table: Mapping[str, Any], regions: tuple[PlanRegion, ...]) -> None:
    """Raise where a plan's regions paint nothing, or need a map that there is not."""
    if not any(each.style for each in regions):
        raise source.error(("region",), 'nothing is painted; add [[region]] with region = "red" and style = "NAME"')
    by_masks = all(each.mask is not None or each.style is None for each in regions)
    for key in ("feather", "feather_mode", "denoise_regions") if by_masks else ():
        if key in table:
            raise source.error((key,), f"{key} does nothing where masks alone paint; leave it out")
    without_maps = "content_map" not in table and not any("map" in style for style in table["styles"].values())
    for key in ("palette", "least_region", "soft_maps") if without_maps else ():
        if key in table:
            raise source.error((key,), f"{key} does nothing where there is no map; leave it out, or add one")
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
