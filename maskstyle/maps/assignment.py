"""Assign a region of the style image to each region of the content image, by their maps."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from typing import NamedTuple

import numpy as np

from maskstyle.errors import ImageError, SettingsError, UnmatchedError, concerning
from maskstyle.images.pixels import Size
from maskstyle.maps.colors import Color, RegionKey, shortlist
from maskstyle.maps.ignoring import advice_on_void, likely_void
from maskstyle.maps.io import fit_map
from maskstyle.maps.matching import RegionMatch, describe_unmatched, match_regions
from maskstyle.maps.naming import find_region, written_region
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.settings import check_choice

UNMATCHED = ("error", "keep", "whole-style")
"""Ways to handle regions that the style map lacks; see `maskstyle.transfer_region`."""

UNMATCHED_PATCHES = ("error", "nearest")
"""The same for patches; see `maskstyle.transfer_patch`."""

UNMATCHED_DOODLE = ("error", "whole-style")
"""The same for a doodle; see `maskstyle.transfer_doodle`."""


MOST_NAMED = 3
"""Regions that advice names one by one."""


class MapNames(NamedTuple):
    """The names of two maps and their images in messages."""

    content_map: str = "the content map"
    style_map: str = "the style map"
    content: str = "the content image"
    style: str = "the style image"


NAMES = MapNames()
DOODLE_NAMES = MapNames("the doodle", "the style map", "the doodle", "the style image")


class AssignedRegion(NamedTuple):
    """A region of the content map and the style that it takes."""

    name: str  # what reports call it
    region: int  # label in the content map
    style_region: int | None  # label in the style map; None: the whole style image


class Assignment(NamedTuple):
    """The regions that are painted, with the style of each."""

    # Fitted to their images.
    content_map: SemanticMap
    style_map: SemanticMap
    regions: tuple[AssignedRegion, ...]  # the painted regions, by label
    left_alone: tuple[str, ...] = ()  # names of the regions that would be painted if the style map had them
    notes: tuple[str, ...] = ()  # which regions of the style map are not used

    def without_match(self) -> tuple[str, ...]:
        """Return the names of the regions that the style map lacks: left alone, or painted in the whole style."""
        return (*self.left_alone, *(each.name for each in self.regions if each.style_region is None))

    def agreed_colors(self) -> tuple[Color, ...]:
        """Return the colors of the content map, each replaced by that of the region of the style map it takes."""
        colors = list(self.content_map.colors)
        for each in self.regions:
            if each.style_region is not None:
                colors[each.region] = self.style_map.colors[each.style_region]
        return tuple(colors)


def assign_regions(
    content_map: SemanticMap,
    style_map: SemanticMap,
    *,
    content_size: Size,
    style_size: Size,
    regions: Sequence[RegionKey] | None = None,
    keep: Sequence[RegionKey] | None = None,
    mapping: Sequence[tuple[RegionKey, RegionKey]] | None = None,
    unmatched: str = "error",
    names: MapNames = NAMES,
    listable: bool = True,
) -> Assignment:
    """Fit the maps to their images and assign a region of the style map to each region to paint.

    For the inputs see `maskstyle.transfer_region`. If the caller has no `regions`, messages advise nobody to list
    any: `listable` is False.

    >>> import numpy as np
    >>> labels = np.array([[0, 1]], np.int32)
    >>> content = SemanticMap(labels, ((255, 0, 0), (0, 0, 255)))
    >>> style = SemanticMap(labels, ((0, 0, 255), (255, 0, 0)))
    >>> assign_regions(content, style, content_size=(1, 2), style_size=(1, 2)).regions[0]
    AssignedRegion(name='#ff0000 (red)', region=0, style_region=1)
    """
    check_unmatched(unmatched, UNMATCHED)
    content_map, style_map = _fitted(content_map, style_map, content_size, style_size, names)
    match = _matched(content_map, style_map, mapping, names)
    chosen = _chosen(regions, keep, mapping, content_map, names.content_map)
    lonely = tuple(index for index in match.unmatched_content if index in chosen)
    if unmatched == "error" and lonely:
        problem = dataclasses.replace(match, unmatched_content=lonely)
        advice = _advice(match, UNMATCHED)
        if listable:
            advice = _ways_to_paint(problem, content_map, of_python=names == NAMES)
        _refuse_unmatched(problem, content_map, style_map, names, advice)
    style_of = dict(match.pairs)
    assigned = tuple(
        AssignedRegion(content_map.name(index), index, style_of.get(index))
        for index in sorted(chosen)
        if index in style_of or unmatched == "whole-style"
    )
    if not assigned:
        with concerning("unmatched"):
            raise ImageError(
                f"no region of {names.content_map} would be painted; list `regions` that both maps have, `keep` "
                "fewer, assign them with `mapping`, or set `unmatched` to whole-style"
            )
    _require_pixels(assigned, content_map, style_map, names)
    painted = {each.region for each in assigned}
    left_alone = tuple(content_map.name(index) for index in sorted(chosen) if index not in painted)
    # Where regions are listed or mapped, others of the style map are of no use.
    notes = _unused(match, style_map, names.style_map) if regions is None and not mapping else []
    notes += unmatched_notes(unmatched, lonely)
    return Assignment(content_map, style_map, assigned, left_alone, tuple(notes))


def assign_doodle(
    doodle: SemanticMap,
    style_map: SemanticMap,
    *,
    style_size: Size,
    mapping: Sequence[tuple[RegionKey, RegionKey]] | None = None,
    unmatched: str = "error",
    names: MapNames = DOODLE_NAMES,
) -> Assignment:
    """Assign a region of the style map to each region of a doodle.

    A doodle is the map of a picture that does not exist yet: it has no content to keep, and need not use everything
    that the style image has. For the rest see `assign_regions`.

    >>> import numpy as np
    >>> style = SemanticMap(np.array([[0, 1]], np.int32), ((0, 0, 255), (255, 0, 0)))
    >>> doodle = SemanticMap(np.array([[0], [0]], np.int32), ((255, 0, 0),))
    >>> assign_doodle(doodle, style, style_size=(1, 2)).regions
    (AssignedRegion(name='#ff0000 (red)', region=0, style_region=1),)
    """
    check_unmatched(unmatched, UNMATCHED_DOODLE)
    _require_map(doodle, names.content_map)
    return assign_regions(
        doodle,
        style_map,
        content_size=doodle.size,
        style_size=style_size,
        mapping=mapping,
        unmatched=unmatched,
        names=names,
        listable=False,
    )


def assign_nearest(
    content_map: SemanticMap,
    style_map: SemanticMap,
    *,
    content_size: Size,
    style_size: Size,
    mapping: Sequence[tuple[RegionKey, RegionKey]] | None = None,
    unmatched: str = "error",
    names: MapNames = NAMES,
) -> Assignment:
    """Fit the maps to their images and recolor the content map, so that regions that match have one color.

    Patches are matched by the colors of the maps, so a region without a match stands for the nearest colors.

    `mapping` has regions that match whatever their colors. `unmatched` says how to handle those that the style map
    lacks: "error" refuses them, "nearest" lets them keep their color.
    """
    check_unmatched(unmatched, UNMATCHED_PATCHES)
    content_map, style_map = _fitted(content_map, style_map, content_size, style_size, names)
    match = _matched(content_map, style_map, mapping, names)
    if unmatched == "error" and match.unmatched_content:
        _refuse_unmatched(match, content_map, style_map, names, _advice(match, UNMATCHED_PATCHES))
    style_of = dict(match.pairs)
    colors = tuple(
        style_map.colors[style_of[index]] if index in style_of else color
        for index, color in enumerate(content_map.colors)
    )
    label_of = {color: label for label, color in enumerate(style_map.colors)}
    assigned = tuple(
        AssignedRegion(content_map.name(label), label, label_of.get(color)) for label, color in enumerate(colors)
    )
    recolored = dataclasses.replace(content_map, colors=colors)
    # With `unmatched` nearest, patches of other regions may be the nearest.
    notes = [] if mapping or unmatched != "error" else _unused(match, style_map, names.style_map)
    notes += unmatched_notes(unmatched, match.unmatched_content)
    return Assignment(recolored, style_map, assigned, notes=tuple(notes))


def unmatched_notes(unmatched: str, lonely: Collection[object]) -> list[str]:
    """Return a note where `unmatched` handles no region; `lonely` are those to paint that the style map lacks."""
    if unmatched == "error" or lonely:
        return []
    return ["the style map has every region to paint, so `unmatched` has no effect"]


def missing_map(size: Size, unmatched: str, name: str) -> SemanticMap:
    """Return the map, without regions, of a style image that has none; `unmatched` must then be whole-style."""
    if unmatched != "whole-style":
        with concerning("style_map"):
            raise SettingsError(
                f"there is no {name.removeprefix('the ')}; pass one, or set `unmatched` to whole-style"
            )
    return SemanticMap(np.full(size, -1, np.int32), ())


def check_unmatched(unmatched: str, choices: Sequence[str]) -> None:
    """Raise SettingsError if `unmatched` is none of the choices."""
    with concerning("unmatched"):
        check_choice("unmatched", unmatched, choices)


def find_painted(
    listed: str, colors: Sequence[RegionKey], content_map: SemanticMap, painted: Collection[int], *, name: str
) -> tuple[int, ...]:
    """Return the labels of the regions that an input, such as "denoise_regions", lists, which must all be painted."""
    labels = []
    for place, color in enumerate(colors):
        with concerning(listed, place):
            label = find_region(color, content_map, name=name)
            if label not in painted:
                raise SettingsError(
                    f"{listed} lists {content_map.name(label)}, which is not painted; list only painted regions"
                )
            labels.append(label)
    return tuple(labels)


def _fitted(
    content_map: SemanticMap, style_map: SemanticMap, content_size: Size, style_size: Size, names: MapNames
) -> tuple[SemanticMap, SemanticMap]:
    _require_map(content_map, names.content_map)
    _require_map(style_map, names.style_map)
    with concerning("content_map"):
        content_map = fit_map(content_map, content_size, name=names.content_map, image_name=names.content)
    with concerning("style_map"):
        style_map = fit_map(style_map, style_size, name=names.style_map, image_name=names.style)
    return content_map, style_map


def _require_map(given: object, name: str) -> None:
    if not isinstance(given, SemanticMap):
        raise SettingsError(
            f"{name} is a {type(given).__name__}; expected a SemanticMap, as maskstyle.load_map returns"
        )


def _matched(
    content_map: SemanticMap,
    style_map: SemanticMap,
    mapping: Sequence[tuple[RegionKey, RegionKey]] | None,
    names: MapNames,
) -> RegionMatch:
    with concerning("mapping"):
        return match_regions(content_map, style_map, mapping=mapping, names=(names.content_map, names.style_map))


def _chosen(
    regions: Sequence[RegionKey] | None,
    keep: Sequence[RegionKey] | None,
    mapping: Sequence[tuple[RegionKey, RegionKey]] | None,
    content_map: SemanticMap,
    name: str,
) -> set[int]:
    """Return the labels of the regions to paint."""
    chosen = set(range(len(content_map.colors)))
    if regions is not None:
        with concerning("regions"):
            chosen = {find_region(color, content_map, name=name) for color in regions}
    mapped = [find_region(color, content_map, name=name) for color, _ in mapping or ()]
    for place, color in enumerate(keep or ()):
        with concerning("keep", place):
            kept = find_region(color, content_map, name=name)
            if kept in mapped or (regions is not None and kept in chosen):
                other = "mapping" if kept in mapped else "regions"
                raise SettingsError(
                    f"region {content_map.name(kept)} is in both `keep` and `{other}`; leave it out of one of them"
                )
            chosen.discard(kept)
    for label in mapped:
        if label not in chosen:
            with concerning("mapping"):
                raise SettingsError(
                    f"region {content_map.name(label)} is mapped, but is not among the `regions` to "
                    "paint; list it, or leave it out of `mapping`"
                )
    return chosen


def _unused(match: RegionMatch, style_map: SemanticMap, name: str) -> list[str]:
    """Return a note on the regions that only the style map has."""
    unused = [style_map.name(label) for label in match.unmatched_style]
    if not (unused and match.pairs):
        return []
    return [f"not used, as only {name} has {'it' if len(unused) == 1 else 'them'}: {shortlist(unused)}"]


def _advice(match: RegionMatch, choices: Sequence[str]) -> str:
    """Return what to do about regions that the style map lacks, where nothing can be kept."""
    other = "whole-style" if choices is UNMATCHED else "nearest"
    return f"repaint them in the same colors, assign them with `mapping`, or set `unmatched` to {other}"


def _ways_to_paint(problem: RegionMatch, content_map: SemanticMap, *, of_python: bool) -> str:
    """Return what to do about regions that the style map lacks, where they may be kept."""
    if not problem.pairs:
        return (
            "draft a content map in the colors of the style map (maskstyle maps draft --like, or color_map_like), "
            "assign regions with `mapping`, or set `unmatched` to whole-style"
        )
    lonely = problem.unmatched_content
    them, keep = "it" if len(lonely) == 1 else "them", ""
    if len(lonely) <= MOST_NAMED:
        written = ",".join(written_region(content_map, label) for label in lonely)
        keep = f"keep={[content_map.key(label) for label in lonely]} or " if of_python else f"`keep` {written} or "
    return (
        f"pass {keep}`unmatched` keep to leave {them} unchanged, `unmatched` whole-style to paint {them} in the "
        f"whole style, or assign {them} with `mapping`"
    )


def _refuse_unmatched(
    problem: RegionMatch, content_map: SemanticMap, style_map: SemanticMap, names: MapNames, advice: str
) -> None:
    keys = [content_map.key(index) for index in problem.unmatched_content]
    void = [key for key in likely_void(content_map) if key in keys]
    if void:
        advice = f"{advice_on_void(void)}, or {advice}"
    with concerning("unmatched"):
        raise UnmatchedError(
            describe_unmatched(
                problem,
                content_map,
                style_map,
                content_name=names.content_map,
                style_name=names.style_map,
                advice=advice,
            )
        )


def _require_pixels(
    assigned: Sequence[AssignedRegion], content_map: SemanticMap, style_map: SemanticMap, names: MapNames
) -> None:
    """Raise ImageError if an assigned region vanishes at the size of its image."""
    for each in assigned:
        empty = content_map.count(each.region) == 0
        if empty or (each.style_region is not None and style_map.count(each.style_region) == 0):
            where = names.content_map if empty else names.style_map
            raise ImageError(
                f"region {each.name} of {where} vanishes when the map is resized to its image; paint it "
                "larger, or use a map of the image's size"
            )
