"""The plan of a state: what ``maskstyle run`` paints is what the page shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

from maskstyle.maps import MAX_REGIONS
from maskstyle.plans import style_names
from maskstyle.studio.models import DRAFT, LONGER_SIDE, ORIGINAL, SCREEN, Assignment, Saved, StoredImage, StoredMask

Table: TypeAlias = dict[str, Any]

WHOLE = "whole"

OUTPUT = "painted.png"


class Region(NamedTuple):
    """A region of the content image or the doodle, with what it gets."""

    color: str
    pixels: int  # its pixels in the map
    assigned: Assignment  # what it gets, the defaults included


class Paths(NamedTuple):
    """How a plan names the files of the project."""

    # From an image, an image with a map, or a mask to the path of the file.
    image: Callable[[StoredImage], str] = lambda image: f"images/{image.id}{image.suffix}"
    map: Callable[[StoredImage], str] = lambda image: f"maps/{image.id}.png"
    mask: Callable[[StoredMask], str] = lambda mask: f"masks/{mask.id}.png"
    output: str = OUTPUT


def regions_of(state: Saved) -> list[Region]:
    """Return the regions of the content image or the doodle, with what each gets."""
    canvas = state.canvas
    if canvas is None:
        return []
    return [
        Region(color, pixels, assignment_of(state, canvas, color))
        for color, pixels in canvas.colors.items()
        if pixels
    ]


def assignment_of(state: Saved, canvas: StoredImage, color: str) -> Assignment:
    """Return what a region gets: its own values, and the default style where it has none and is not kept."""
    own, default = state.regions.get(canvas.id, {}).get(color), default_assignment(state, color)
    if own is None:
        return default
    if own.keep or own.style is not None:
        return own
    return own.model_copy(update={"style": default.style, "style_color": default.style_color})


def default_assignment(state: Saved, color: str) -> Assignment:
    """Return what a region gets by default: the first style with a region of its color, or all of the first style."""
    if not state.styles:
        return Assignment()
    same = next((key for key in state.styles if state.images[key].colors.get(color)), None)
    return Assignment(style=same or state.styles[0], style_color=color if same else None)


def problem_of(state: Saved) -> str | None:
    """Return why a state cannot be painted yet, and what to do; None if it can."""
    regions = regions_of(state)
    if state.canvas is None:
        return "add a photo" if state.mode == "photo" else "begin a doodle"
    if not state.styles:
        return "add a painting"
    if state.mode == "doodle":
        return _problem_of_doodle(state, regions)
    if regions and all(each.assigned.keep or each.assigned.style is None for each in regions):
        return "every region is kept as it is, also where a mask lies; give one of them a painting"
    unpainted = any(mask.kind == "painted" and not mask.painted for mask in masks_of(state))
    return "paint the mask" if unpainted else None


def _problem_of_doodle(state: Saved, regions: list[Region]) -> str | None:
    style = state.images[doodle_style(state)]
    if not regions:
        return "paint the doodle in the colors of the painting's regions"
    if not any(style.colors.values()):
        return f"the painting {style.name} needs a map: draft or paint one"
    return None


def doodle_style(state: Saved) -> str:
    """Return the one style of a doodle: that of its first region with one, else the first of the project."""
    return next((each.assigned.style for each in regions_of(state) if each.assigned.style), state.styles[0])


def masks_of(state: Saved) -> list[StoredMask]:
    """Return the masks on the content image that paint something."""
    if state.mode == "doodle" or state.canvas is None:
        return []
    default = state.styles[0] if state.styles else None
    masks = [mask for mask in state.masks if mask.content == state.canvas.id]
    return [mask if mask.style else mask.model_copy(update={"style": default}) for mask in masks]


def plan_table(state: Saved, paths: Paths | None = None, *, size: str | int | None = None) -> Table | None:
    """Return the table of the plan that paints a state; None if it cannot be painted yet.

    By default, it names its files from the folder of the project, and has the size of the settings.
    """
    if problem_of(state) is not None:
        return None
    paths = paths or Paths()
    canvas, regions, masks = state.canvas, regions_of(state), masks_of(state)
    assert canvas is not None
    if state.mode == "doodle":
        table = _doodle(state, canvas, regions, paths)
    elif regions or masks:
        table = _planned(state, canvas, regions, masks, paths)
    else:
        table = {"technique": "basic", "content": paths.image(canvas)}
        table["styles"] = _styles(state, state.styles, paths, maps=False)
    table["output"] = paths.output
    table["settings"] = _settings(state, canvas, size if size is not None else state.settings.size)
    return table


def _planned(
    state: Saved, canvas: StoredImage, regions: list[Region], masks: list[StoredMask], paths: Paths
) -> Table:
    names = _names(state)
    entries: list[Table] = []
    entry: Table
    for color, _, assigned in regions:
        if assigned.keep or assigned.style is None:
            entries.append({"region": color, "keep": True})
            continue
        entry = {"region": color, "style": names[assigned.style], "style_region": _part(state, assigned)}
        entries.append(entry | _given(assigned))
    for mask in masks:
        entry = {"mask": paths.mask(mask)} | ({"complement": True} if mask.complement else {})
        entry |= {"style": names[mask.style or ""], "style_region": _part(state, mask)}
        entries.append(entry | _given(mask))
    used = [key for key in state.styles if names[key] in {entry.get("style") for entry in entries}]
    table: Table = {"technique": "plan", "content": paths.image(canvas)}
    if regions:
        table["content_map"] = paths.map(canvas)
    mapped = ([canvas] if regions else []) + [state.images[key] for key in used if state.images[key].map_version]
    table |= _palette(mapped)
    if state.settings.feather and any("style" in entry and "region" in entry for entry in entries):
        table["feather"] = state.settings.feather
    return table | {"styles": _styles(state, used, paths), "region": entries}


def _doodle(state: Saved, canvas: StoredImage, regions: list[Region], paths: Paths) -> Table:
    key = doodle_style(state)
    style = state.images[key]
    table: Table = {"technique": "doodle", "doodle": paths.map(canvas), **_palette([canvas, style])}
    mapping = {}
    for color, _, assigned in regions:
        own = assigned.style_color if assigned.style == key else None
        if own is not None and own != color and style.colors.get(own):
            mapping[color] = own
    if mapping:
        table["mapping"] = mapping
    if any(not style.colors.get(mapping.get(region.color, region.color)) for region in regions):
        table["unmatched"] = "whole-style"
    return table | {"styles": _styles(state, [key], paths)}


def _palette(images: list[StoredImage]) -> Table:
    """Return the colors of maps, so that they are read as they were painted, however small or alike they are."""
    colors = list(dict.fromkeys(color for image in images for color, pixels in image.colors.items() if pixels))
    return {"palette": colors} if 0 < len(colors) <= MAX_REGIONS else {}


def _part(state: Saved, assigned: Assignment | StoredMask) -> str:
    style = state.images[assigned.style or ""]
    return assigned.style_color if assigned.style_color and style.colors.get(assigned.style_color) else WHOLE


def _given(assigned: Assignment | StoredMask) -> Table:
    """Return what a region or mask has of its own in place of the settings."""
    values = {"strength": assigned.strength, "scale": assigned.scale, "color": assigned.colors}
    return {name: value for name, value in values.items() if value is not None}


def _names(state: Saved) -> dict[str, str]:
    """Return the names of styles in the plan."""
    names = style_names([state.images[key].name for key in state.styles])
    return dict(zip(state.styles, names, strict=True))


def _styles(state: Saved, keys: list[str], paths: Paths, *, maps: bool = True) -> Table:
    names, styles = _names(state), {}
    for key in keys:
        image = state.images[key]
        styles[names[key]] = {"image": paths.image(image)}
        if maps and any(image.colors.values()):
            styles[names[key]]["map"] = paths.map(image)
    return styles


def _settings(state: Saved, canvas: StoredImage, size: str | int) -> Table:
    """Return the settings that have an effect and are not the default."""
    given, doodle = state.settings, state.mode == "doodle"
    table: Table = {"size": result_side(canvas, size, doodle=doodle)}
    defaults: Mapping[str, Any] = type(given)().model_dump()
    names = {"stroke": "style_scale", "seed": "seed", "denoise": "denoise", "network": "network", "steps": "steps"}
    if not doodle:
        names |= {"strength": "strength", "colors": "color"}
        names.pop("seed")  # recolored starts have no chance in them
    for name, key in names.items():
        value = getattr(given, name)
        if value != defaults[name]:
            table[key] = value
    if size == DRAFT:
        table["network"] = "lite"
    return table


def result_side(canvas: StoredImage, size: str | int, *, doodle: bool = False) -> str | int:
    """Return the size of a result for a plan: its longer side, or "original"."""
    longest = max(canvas.width, canvas.height)
    if size in (DRAFT, SCREEN):
        return LONGER_SIDE[size] if doodle else min(LONGER_SIDE[size], longest)
    return size if size == ORIGINAL or isinstance(size, int) else LONGER_SIDE[size]
