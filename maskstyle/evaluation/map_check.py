"""Checks of two semantic maps before a run: regions, matches, and problems that would stop a transfer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from maskstyle.errors import ImageError, UnmatchedError
from maskstyle.guidance.regions import region_cells
from maskstyle.images.pixels import Size, resize_labels
from maskstyle.maps.assignment import Assignment, MapNames, assign_regions, unmatched_notes
from maskstyle.maps.colors import Color, RegionKey, format_color, format_region, percent
from maskstyle.maps.ignoring import likely_void
from maskstyle.maps.io import fit_map
from maskstyle.maps.matching import RegionMatch, match_regions, suggest_by_color, suggest_by_position
from maskstyle.maps.parsing import LEAST_SHARE
from maskstyle.maps.semantic_map import Absorbed, SemanticMap, describe_absorbed
from maskstyle.networks.architectures import VGG19
from maskstyle.settings import Settings, active
from maskstyle.synthesis.schedule import result_size, style_size


@dataclass(frozen=True)
class MapRegion:
    """A region of a map.

    Attributes
    ----------
    index : int
        Its index in the map.
    color : Color
        Its color in the map.
    count : int
        Number of its pixels, at the size of the map's image if that is known.
    share : float
        Its share of all pixels that belong to a region, in [0, 1].
    missing_layers : tuple of str
        Style layers on which it is too small to have a cell of its own.
    name : str
        What reports call it.
    id : int or None
        Its id, in a map of ids.
    number : int
        Its number in tables and previews.
    called : str
        Its name in the map; where it has none, the name of its color, or its id.
    """

    index: int
    color: Color
    count: int
    share: float
    missing_layers: tuple[str, ...]
    name: str
    id: int | None
    number: int
    called: str

    @property
    def text(self) -> str:
        """Its color and what it is called, for tables; without a color, what it is called."""
        return self.called if self.called.startswith("id ") else f"{format_color(self.color)} {self.called}"

    def record(self) -> dict[str, Any]:
        """Return the region for JSON."""
        return {
            "number": self.number,
            **({} if self.id is None else {"id": self.id}),
            "color": format_color(self.color),
            "name": self.called,
            "pixels": self.count,
            "share": round(self.share, 6),
            "missing_layers": list(self.missing_layers),
        }


@dataclass(frozen=True)
class CheckedMap:
    """A map, resized to its image.

    Attributes
    ----------
    name : str
        Its name in messages.
    semantic_map : SemanticMap
        The map at its image's size, if that is known and the aspect ratio is right.
    regions : tuple of MapRegion
        Its regions, in the map's order.
    """

    name: str
    semantic_map: SemanticMap
    regions: tuple[MapRegion, ...]

    def record(self) -> dict[str, Any]:
        """Return the map for JSON, without its regions."""
        return {
            "file": self.name,
            "size": list(self.semantic_map.size),
            "in_no_region": round(float(np.mean(self.semantic_map.labels < 0)), 6),
            "absorbed": [_absorbed_record(patch) for patch in self.semantic_map.absorbed],
            **(
                {"ignored": [_absorbed_record(patch) for patch in self.semantic_map.ignored]}
                if self.semantic_map.ignored
                else {}
            ),
        }


def _absorbed_record(patch: Absorbed) -> dict[str, Any]:
    return {
        **({} if patch.id is None else {"id": patch.id}),
        "color": format_color(patch.color),
        "pixels": patch.count,
        "into": [format_color(color) for color in patch.into],
    }


Pair: TypeAlias = tuple[MapRegion | None, MapRegion | None]
"""A content region and its style region; None if there is no match."""


@dataclass(frozen=True)
class MapReport:
    """The findings of `check_maps`.

    Attributes
    ----------
    content, style : CheckedMap
        The two maps.
    pairs : tuple of (MapRegion or None, MapRegion or None)
        Each content region with the style region that it matches, then the unmatched style regions.
    refusal : str or None
        The error that a transfer with these maps would raise, if any.
    notes : tuple of str
        Notes for whoever painted the maps.
    suggestions : tuple of str
        Suggestions, as command-line options.
    unmatched : bool
        Whether the maps are refused because of unmatched regions.
    painted : frozenset of int or None
        Labels of the regions that a transfer would paint; None if it is refused.
    """

    content: CheckedMap
    style: CheckedMap
    pairs: tuple[Pair, ...]
    refusal: str | None
    notes: tuple[str, ...]
    suggestions: tuple[str, ...]
    unmatched: bool = False
    painted: frozenset[int] | None = None

    def record(self) -> dict[str, Any]:
        """Return the report for JSON."""
        return {
            "accepted": self.refusal is None,
            "refusal": self.refusal,
            "content_map": self.content.record(),
            "style_map": self.style.record(),
            "regions": [
                {
                    "content": content and content.record(),
                    "style": style and style.record(),
                    "painted": None if self.painted is None else self.is_painted(content),
                }
                for content, style in self.pairs
            ],
            "notes": list(self.notes),
            "suggestions": list(self.suggestions),
        }

    def is_painted(self, content: MapRegion | None) -> bool:
        """Return whether a transfer would paint a region of the content map."""
        return content is not None and self.painted is not None and content.index in self.painted


def check_maps(
    content_map: SemanticMap,
    style_map: SemanticMap,
    *,
    content_size: Size | None = None,
    style_image_size: Size | None = None,
    regions: Sequence[RegionKey] | None = None,
    mapping: Sequence[tuple[RegionKey, RegionKey]] | None = None,
    unmatched: str = "error",
    settings: Settings | None = None,
    names: tuple[str, str] = ("the content map", "the style map"),
    image_names: tuple[str, str] = ("the content image", "the style image"),
) -> MapReport:
    """Check two maps as a region transfer does, but report all problems instead of raising the first.

    Parameters
    ----------
    content_map, style_map : SemanticMap
        The two maps.
    content_size, style_image_size : (height, width), optional
        Sizes of their images; the maps' own sizes by default.
    regions, mapping, unmatched
        See `maskstyle.transfer_region`.
    settings : Settings, optional
        Size of the result, style layers and propagation.
    names, image_names : (str, str)
        Names of the maps and of their images in messages.

    Returns
    -------
    MapReport

    Raises
    ------
    SettingsError
        If options contradict each other.

    Examples
    --------
    >>> one = SemanticMap(np.array([[0] * 8 + [1] * 8] * 8, np.int32), ((255, 0, 0), (0, 0, 255)))
    >>> check_maps(one, one).refusal is None
    True
    """
    settings = settings or Settings()
    sizes = (content_size or content_map.size, style_image_size or style_map.size)
    refusal: ImageError | None = None
    assigned: Assignment | None = None
    try:
        assigned = assign_regions(
            content_map,
            style_map,
            content_size=sizes[0],
            style_size=sizes[1],
            regions=regions,
            mapping=mapping,
            unmatched=unmatched,
            names=MapNames(*names, *image_names),
        )
    except ImageError as error:
        refusal = error
    content, style = _checked_maps((content_map, style_map), sizes, settings, names)
    match = _match(content.semantic_map, style.semantic_map, mapping)
    unmatched_only = isinstance(refusal, UnmatchedError)
    handled = [] if assigned is None else unmatched_notes(unmatched, assigned.without_match())
    return MapReport(
        content,
        style,
        _pairs(content, style, match),
        None if refusal is None else str(refusal),
        (*_notes(content_map, content), *_notes(style_map, style), *handled),
        tuple(_suggest(content, style, match if unmatched_only else None)),
        unmatched_only,
        None if assigned is None else frozenset(each.region for each in assigned.regions),
    )


def check_map(
    semantic_map: SemanticMap,
    *,
    image_size: Size | None = None,
    settings: Settings | None = None,
    name: str = "the map",
    image_name: str = "the image",
) -> tuple[CheckedMap, tuple[str, ...]]:
    """Check one map.

    Parameters
    ----------
    semantic_map : SemanticMap
        The map.
    image_size : (height, width), optional
        Size of its image; the map's own size by default.
    settings : Settings, optional
        Size of the result, style layers and propagation.
    name, image_name : str
        Names of the map and of its image in messages.

    Returns
    -------
    CheckedMap, tuple of str
        The map with its regions, and notes.

    Raises
    ------
    ImageError
        If the map does not have the aspect ratio of its image.

    Examples
    --------
    >>> halves = SemanticMap(np.array([[0] * 8 + [1] * 8] * 8, np.int32), ((255, 0, 0), (0, 0, 255)))
    >>> [(region.number, region.called) for region in check_map(halves)[0].regions]
    [(1, 'red'), (2, 'blue')]
    """
    settings = settings or Settings()
    size = image_size or semantic_map.size
    fitted = fit_map(semantic_map, size, name=name, image_name=image_name)
    checked = CheckedMap(name, fitted, _regions(fitted, result_size(size, settings), settings))
    return checked, tuple(_notes(semantic_map, checked))


def _checked_maps(
    maps: tuple[SemanticMap, SemanticMap], sizes: tuple[Size, Size], settings: Settings, names: tuple[str, str]
) -> tuple[CheckedMap, CheckedMap]:
    """Return both maps at their images' sizes, with their regions at the sizes that the run uses."""
    content, style = _fitted(maps[0], sizes[0]), _fitted(maps[1], sizes[1])
    result = result_size(content.size, settings)
    used = style_size(style.size, result, settings)
    return (
        CheckedMap(names[0], content, _regions(content, result, settings)),
        CheckedMap(names[1], style, _regions(style, used, settings)),
    )


def _fitted(semantic_map: SemanticMap, size: Size) -> SemanticMap:
    """Return a map at the size of its image, or as it is if the aspect ratio is wrong."""
    try:
        return fit_map(semantic_map, size, name="", image_name="")
    except ImageError:
        return semantic_map


def _match(
    content: SemanticMap, style: SemanticMap, mapping: Sequence[tuple[RegionKey, RegionKey]] | None
) -> RegionMatch:
    """Match regions; ignore the mapping if it names a color that is not in a map."""
    try:
        return match_regions(content, style, mapping=mapping)
    except ImageError:
        return match_regions(content, style)


def _pairs(content: CheckedMap, style: CheckedMap, match: RegionMatch) -> tuple[Pair, ...]:
    """Return the content regions in the map's order, each with its match, then the unmatched style regions."""
    styles = dict(match.pairs)
    matched = sorted([*styles, *match.unmatched_content])
    return (
        *((content.regions[index], style.regions[styles[index]] if index in styles else None) for index in matched),
        *((None, style.regions[index]) for index in match.unmatched_style),
    )


def _regions(semantic_map: SemanticMap, size: Size, settings: Settings) -> tuple[MapRegion, ...]:
    """Return a map's regions, checked on the layers of an image of the given size."""
    labels, indices = resize_labels(semantic_map.labels, size), range(len(semantic_map.colors))
    missing: dict[int, list[str]] = {index: [] for index in indices}
    for layer, _ in active(settings.style_layers):
        grid = VGG19.grid(size, layer)
        if 0 in grid:
            continue  # the whole image is too small for the layer, which is another error
        field = VGG19.receptive_field(layer)
        cells = region_cells(labels, grid, indices, propagation=settings.propagation, receptive_field=field)
        for index in indices:
            if not len(cells[index]):
                missing[index].append(layer)
    area = max(1, sum(semantic_map.counts))
    return tuple(
        MapRegion(
            index,
            semantic_map.colors[index],
            count,
            count / area,
            tuple(missing[index]),
            semantic_map.name(index),
            None if semantic_map.ids is None else semantic_map.ids[index],
            semantic_map.numbers[index],
            semantic_map.called(index),
        )
        for index, count in enumerate(semantic_map.counts)
    )


def _notes(original: SemanticMap, checked: CheckedMap) -> list[str]:
    """Return the notes on a map."""
    notes = []
    if original.size != checked.semantic_map.size:
        sizes = [f"{width}x{height}" for height, width in (original.size, checked.semantic_map.size)]
        notes.append(f"{checked.name} is {sizes[0]} and is resized to its image, {sizes[1]}")
    transparent = float(np.mean(checked.semantic_map.labels < 0))
    if transparent:
        notes.append(f"{percent(transparent)} of {checked.name} is transparent and belongs to no region")
    if len(checked.regions) == 1:
        notes.append(f"{checked.name} has only one region, {checked.regions[0].name}")
    notes += describe_absorbed(original, checked.name)
    for region in checked.regions:
        name = f"{region.name} of {checked.name}"
        if region.missing_layers:
            notes.append(f"{name} is too small for {', '.join(region.missing_layers)} and has no effect there")
        elif region.share < LEAST_SHARE:
            notes.append(f"{name} is tiny ({percent(region.share)}), too small to represent a style")
    return notes


def _suggest(content: CheckedMap, style: CheckedMap, match: RegionMatch | None) -> list[str]:
    """Return suggestions as command-line options; pass the match only if unmatched regions are the problem."""
    void = dict.fromkeys(key for each in (content, style) for key in likely_void(each.semantic_map))
    suggestions = []
    if void:
        keys = ",".join(map(format_region, void))
        suggestions.append(f"--ignore '{keys}' gives the pixels of void or outlines to the regions beside them")
    suggestions += [] if match is None else _match_regions(content, style, match)
    absorbed = [patch.count for checked in (content, style) for patch in checked.semantic_map.absorbed]
    if absorbed:
        suggestions.append(f"--least-region {min(absorbed)} turns all small patches into regions")
    if any(region.missing_layers for checked in (content, style) for region in checked.regions):
        suggestions.append("a larger --size, or --propagation all, strengthens the effect of small regions")
    return suggestions


def _match_regions(content: CheckedMap, style: CheckedMap, match: RegionMatch) -> list[str]:
    """Return options that match the unmatched regions, or do without them."""
    alike = _alike(content, style, match)
    left = [index for index in match.unmatched_content if index not in dict(alike)]
    others = [index for index in match.unmatched_style if index not in dict(alike).values()]
    placed = suggest_by_position(content.semantic_map, left, style.semantic_map, others)
    suggestions = []
    for pairs, why in ((alike, "of similar color"), (placed, "of similar place and size; check that they fit")):
        if pairs:
            keys = [(content.semantic_map.key(one), style.semantic_map.key(other)) for one, other in pairs]
            options = [f"--map '{format_region(here)}={format_region(there)}'" for here, there in keys]
            suggestions.append(f"{' '.join(options)} matches regions {why}")
    if match.pairs:
        return [*suggestions, "--unmatched keep leaves unmatched regions unchanged"]
    return [
        *suggestions,
        f"maskstyle maps draft CONTENT --like {style.name} STYLE -o MAP.png drafts a content map in the style map's "
        "colors",
        "--unmatched whole-style paints every region in the style of the whole style image",
    ]


def _alike(content: CheckedMap, style: CheckedMap, match: RegionMatch) -> list[tuple[int, int]]:
    """Return pairs of similar color among the unmatched regions; reuse style regions if none is unmatched."""
    if content.semantic_map.colorless or style.semantic_map.colorless:
        return []
    lonely = list(match.unmatched_content)
    free = list(match.unmatched_style) or list(range(len(style.regions)))
    pairs = suggest_by_color(
        [content.regions[index].color for index in lonely], [style.regions[at].color for at in free]
    )
    return [(lonely[one], free[other]) for one, other in pairs]
