"""Suggestions for two semantic maps: command-line options that match their regions or keep small ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from maskstyle.maps.colors import format_color
from maskstyle.maps.matching import RegionMatch
from maskstyle.maps.suggestions import suggest_by_color, suggest_by_position

if TYPE_CHECKING:
    from maskstyle.evaluation.map_check import CheckedMap


def suggest(content: CheckedMap, style: CheckedMap, match: RegionMatch | None) -> list[str]:
    """Return suggestions as command-line options; pass the match only if unmatched regions are the problem."""
    suggestions = [] if match is None else _match_regions(content, style, match)
    absorbed = [patch.count for checked in (content, style) for patch in checked.semantic_map.absorbed]
    if absorbed:
        suggestions.append(f"--least-region {min(absorbed)} turns all small patches into regions")
    if any(region.missing_layers for checked in (content, style) for region in checked.regions):
        suggestions.append("a larger --size, or --propagation all, strengthens the effect of small regions")
    return suggestions


def _match_regions(content: CheckedMap, style: CheckedMap, match: RegionMatch) -> list[str]:
    """Return options that match the unmatched regions, or do without them."""
    if not match.unmatched_content:
        colors = ",".join(format_color(content.regions[index].color) for index, _ in match.pairs)
        return [f"--regions '{colors}' paints only the regions in both maps"] if match.pairs else []
    alike = _alike(content, style, match)
    left = [index for index in match.unmatched_content if index not in dict(alike)]
    others = [index for index in match.unmatched_style if index not in dict(alike).values()]
    placed = suggest_by_position(content.semantic_map, left, style.semantic_map, others)
    suggestions = []
    for pairs, why in ((alike, "of similar color"), (placed, "of similar place and size; check that they fit")):
        if pairs:
            options = [
                f"--map '{format_color(content.regions[one].color)}={format_color(style.regions[other].color)}'"
                for one, other in pairs
            ]
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
    lonely = list(match.unmatched_content)
    free = list(match.unmatched_style) or list(range(len(style.regions)))
    pairs = suggest_by_color(
        [content.regions[index].color for index in lonely], [style.regions[at].color for at in free]
    )
    return [(lonely[one], free[other]) for one, other in pairs]
