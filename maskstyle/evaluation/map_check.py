"""What a pair of maps is worth before anything is painted: regions, partners, what is small, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskstyle.errors import ImageError, UnmatchedError
from maskstyle.guidance.regions import region_cells, resize_labels
from maskstyle.images.pixels import Size
from maskstyle.maps.assignment import ADVICE, Advice, plan_regions, region_name
from maskstyle.maps.colors import percent
from maskstyle.maps.io import (
    LEAST_SHARE,
    Color,
    RegionMatch,
    SemanticMap,
    color_name,
    describe_absorbed,
    fit_map,
    format_color,
    match_regions,
)
from maskstyle.maps.suggestions import suggest_by_color, suggest_by_position
from maskstyle.networks.architectures import VGG19
from maskstyle.settings import Settings, active
from maskstyle.techniques.plan import result_size, style_size


@dataclass(frozen=True)
class MapRegion:
    """A region of one map.

    Attributes
    ----------
    index : int
        In the map.
    color : Color
        Its color in the map.
    count : int
        Its pixels, at the size of the map's image where that is known.
    share : float
        Of all pixels that are in some region.
    vanishes : tuple of str
        The style layers on whose grid no cell is its own.
    """

    index: int
    color: Color
    count: int
    share: float
    vanishes: tuple[str, ...]

    def record(self) -> dict[str, Any]:
        """Return what JSON tells of it."""
        return {
            "color": format_color(self.color),
            "name": color_name(self.color),
            "pixels": self.count,
            "share": round(self.share, 6),
            "vanishes": list(self.vanishes),
        }


@dataclass(frozen=True)
class MapSide:
    """A map, fitted to its image.

    Attributes
    ----------
    name : str
        What messages call the map.
    semantic_map : SemanticMap
        Of its image's size, where that is known and fits.
    regions : tuple of MapRegion
        In the map's order.
    """

    name: str
    semantic_map: SemanticMap
    regions: tuple[MapRegion, ...]

    def record(self) -> dict[str, Any]:
        """Return what JSON tells of the map itself."""
        return {
            "file": self.name,
            "size": list(self.semantic_map.size),
            "in_no_region": round(float(np.mean(self.semantic_map.labels < 0)), 6),
            "absorbed": [
                {
                    "color": format_color(patch.color),
                    "pixels": patch.count,
                    "into": [format_color(color) for color in patch.into],
                }
                for patch in self.semantic_map.absorbed
            ],
        }


@dataclass(frozen=True)
class MapReport:
    """What `check_maps` found.

    Attributes
    ----------
    content, style : MapSide
        The two maps.
    pairs : tuple of (MapRegion or None, MapRegion or None)
        Each content region and the style region that it takes its style from; then those that only the style has.
    refusal : str or None
        Why a guided command would refuse the maps.
    remarks : tuple of str
        What whoever painted them should know.
    suggestions : tuple of str
        What to do, in the options of the command line.
    unmatched : bool
        Whether they would be refused for regions without a counterpart.
    """

    content: MapSide
    style: MapSide
    pairs: tuple[tuple[MapRegion | None, MapRegion | None], ...]
    refusal: str | None
    remarks: tuple[str, ...]
    suggestions: tuple[str, ...]
    unmatched: bool = False

    def record(self) -> dict[str, Any]:
        """Return the report as what JSON holds."""
        return {
            "accepted": self.refusal is None,
            "refusal": self.refusal,
            "content_map": self.content.record(),
            "style_map": self.style.record(),
            "regions": [
                {"content": content and content.record(), "style": style and style.record()}
                for content, style in self.pairs
            ],
            "remarks": list(self.remarks),
            "suggestions": list(self.suggestions),
        }


def check_maps(
    content_map: SemanticMap,
    style_map: SemanticMap,
    *,
    content_size: Size | None = None,
    style_image_size: Size | None = None,
    regions: Sequence[Color] | None = None,
    mapping: Sequence[tuple[Color, Color]] | None = None,
    unmatched: str = "error",
    settings: Settings | None = None,
    names: tuple[str, str] = ("the content map", "the style map"),
    image_names: tuple[str, str] = ("the content image", "the style image"),
    advice: Advice = ADVICE,
) -> MapReport:
    """Check two maps as a guided command does, without stopping at the first thing that is wrong.

    Parameters
    ----------
    content_map, style_map : SemanticMap
        The two maps.
    content_size, style_image_size : (height, width), optional
        The sizes of their images; the maps' own where they are left out.
    regions, mapping, unmatched
        See `maskstyle.transfer_region`.
    settings : Settings, optional
        For the size of the result, the style layers and the propagation.
    names, image_names : (str, str)
        What messages call the maps and their images.
    advice : Advice
        What messages say of regions without a counterpart.

    Returns
    -------
    MapReport

    Raises
    ------
    SettingsError
        Where options contradict one another.

    Examples
    --------
    >>> one = SemanticMap(np.array([[0] * 8 + [1] * 8] * 8, np.int32), ((255, 0, 0), (0, 0, 255)))
    >>> check_maps(one, one).refusal is None
    True
    """
    settings = settings or Settings()
    sizes = (content_size or content_map.size, style_image_size or style_map.size)
    refusal, unmatched_alone = None, False
    try:
        plan_regions(
            content_map,
            style_map,
            content_size=sizes[0],
            style_size=sizes[1],
            regions=regions,
            mapping=mapping,
            unmatched=unmatched,
            names=names,
            image_names=image_names,
            advice=advice,
        )
    except ImageError as error:
        refusal, unmatched_alone = str(error), isinstance(error, UnmatchedError)
    fitted = [_fitted(each, size) for each, size in zip((content_map, style_map), sizes, strict=True)]
    made = result_size(fitted[0].size, settings)
    used = (made, style_size(fitted[1].size, made, settings))
    content, style = (
        MapSide(name, each, _regions(each, size, settings))
        for name, each, size in zip(names, fitted, used, strict=True)
    )
    match = _match(fitted[0], fitted[1], mapping)
    pairs = [
        *((content.regions[index], style.regions[partner]) for index, partner in match.pairs),
        *((content.regions[index], None) for index in match.unmatched_content),
    ]
    pairs.sort(key=lambda pair: pair[0].index)
    originals = zip((content_map, style_map), (content, style), strict=True)
    return MapReport(
        content,
        style,
        (*pairs, *((None, style.regions[index]) for index in match.unmatched_style)),
        refusal,
        tuple(remark for original, side in originals for remark in _remarks(original, side)),
        tuple(_suggestions(content, style, match if unmatched_alone else None)),
        unmatched_alone,
    )


def _fitted(semantic_map: SemanticMap, size: Size) -> SemanticMap:
    """Return a map at the size of its image; as it is where that does not fit."""
    try:
        return fit_map(semantic_map, size, name="", image_name="")
    except ImageError:
        return semantic_map


def _match(content: SemanticMap, style: SemanticMap, mapping: Sequence[tuple[Color, Color]] | None) -> RegionMatch:
    """Return which region goes with which; by color alone where the mapping names what is not there."""
    try:
        return match_regions(content, style, mapping=mapping)
    except ImageError:
        return match_regions(content, style)


def _regions(semantic_map: SemanticMap, size: Size, settings: Settings) -> tuple[MapRegion, ...]:
    """Return a map's regions as an image of a size has them."""
    labels, indices = resize_labels(semantic_map.labels, size), range(len(semantic_map.colors))
    missing: dict[int, list[str]] = {index: [] for index in indices}
    for layer, _ in active(settings.style_layers):
        grid = VGG19.grid(size, layer)
        if 0 in grid:
            continue  # the command says so: the picture is too small for the layer
        field = VGG19.receptive_field(layer)
        cells = region_cells(labels, grid, indices, propagation=settings.propagation, receptive_field=field)
        for index in indices:
            if not len(cells[index]):
                missing[index].append(layer)
    area = max(1, sum(semantic_map.counts))
    return tuple(
        MapRegion(index, semantic_map.colors[index], count, count / area, tuple(missing[index]))
        for index, count in enumerate(semantic_map.counts)
    )


def _remarks(original: SemanticMap, side: MapSide) -> list[str]:
    """Return what whoever painted a map should know."""
    remarks = []
    if original.size != side.semantic_map.size:
        sizes = [f"{height}x{width}" for height, width in (original.size, side.semantic_map.size)]
        remarks.append(f"{side.name} is {sizes[0]} (height x width), and is resized to its image's {sizes[1]}")
    nowhere = float(np.mean(side.semantic_map.labels < 0))
    if nowhere:
        remarks.append(f"{percent(nowhere)} of {side.name} is transparent, and in no region")
    if len(side.regions) == 1:
        remarks.append(f"{side.name} is one region, {region_name(side.regions[0].color)}")
    remarks += describe_absorbed(original, side.name)
    for region in side.regions:
        if region.vanishes:
            where = ", ".join(region.vanishes)
            remarks.append(
                f"{region_name(region.color)} of {side.name} is too small for {where}; it has no say there"
            )
        elif region.share < LEAST_SHARE:
            remarks.append(
                f"{region_name(region.color)} of {side.name} is tiny ({percent(region.share)}), and says little of a "
                "style"
            )
    return remarks


def _suggestions(content: MapSide, style: MapSide, match: RegionMatch | None) -> list[str]:
    """Return what to do, in the options of the command line; of the match only where it is what is refused."""
    suggestions = [] if match is None else _for_unmatched(content, style, match)
    absorbed = [patch.count for side in (content, style) for patch in side.semantic_map.absorbed]
    if absorbed:
        suggestions.append(f"--least-region {min(absorbed)} makes regions of all small patches")
    if any(region.vanishes for side in (content, style) for region in side.regions):
        suggestions.append("a larger --size, or --propagation all, gives small regions more say")
    return suggestions


def _for_unmatched(content: MapSide, style: MapSide, match: RegionMatch) -> list[str]:
    """Return the options that give regions a counterpart, or do without."""
    lonely, unused = list(match.unmatched_content), list(match.unmatched_style)
    if not lonely:
        wanted = ",".join(format_color(content.regions[index].color) for index, _ in match.pairs)
        return [f"--regions '{wanted}' paints these, whatever else the style has"] if match.pairs else []
    free = unused or list(range(len(style.regions)))
    found = suggest_by_color(
        [content.regions[index].color for index in lonely], [style.regions[at].color for at in free]
    )
    alike = [(lonely[one], free[other]) for one, other in found]
    left = [index for index in lonely if index not in dict(alike)]
    others = [index for index in unused if index not in dict(alike).values()]
    placed = suggest_by_position(content.semantic_map, left, style.semantic_map, others)
    suggestions = []
    for pairs, why in ((alike, "whose colors look alike"), (placed, "of like place and size: see if they suit")):
        if pairs:
            options = [
                f"--map '{format_color(content.regions[one].color)}={format_color(style.regions[other].color)}'"
                for one, other in pairs
            ]
            suggestions.append(f"{' '.join(options)} pairs regions {why}")
    if not match.pairs:
        suggestions.append(
            f"maskstyle maps draft PHOTO --like {style.name} PAINTING -o MAP.png drafts a map in its colors"
        )
    suggestions.append(
        "--unmatched keep leaves regions without a counterpart alone"
        if match.pairs
        else "--unmatched whole-style paints every region in the style of the whole painting"
    )
    return suggestions
