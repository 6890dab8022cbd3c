"""Which regions of a plan's two maps go together, where it is for patches or a doodle."""

from __future__ import annotations

from typing import NamedTuple

from maskstyle.guidance.planned import PlannedStyle
from maskstyle.images.pixels import Size
from maskstyle.maps.assignment import Advice, agreed_colors, plan_doodle
from maskstyle.maps.io import Color, SemanticMap, find_named_region, fit_map
from maskstyle.plans.plan import Plan

_ADVICE = "repaint them in the same colors, pair them in mapping, or let unmatched be {!r}"


class Pairing(NamedTuple):
    """Which regions go together.

    Parameters
    ----------
    mapping : tuple of (Color, Color)
        Those that the plan pairs, by the colors of their maps.
    partners : tuple of Color or None
        For each region of the content, or the doodle, that of the style that goes with it; None has no counterpart.
    """

    mapping: tuple[tuple[Color, Color], ...]
    partners: tuple[Color | None, ...]


def paired(plan: Plan, content_map: SemanticMap, style: PlannedStyle, content_size: Size) -> Pairing:
    """Return which regions of two maps go together.

    Parameters
    ----------
    plan : Plan
        A plan for patches or a doodle.
    content_map : SemanticMap
        The content's map, or the doodle.
    style : PlannedStyle
        The style, with its map.
    content_size : (height, width)
        The content's size, or the doodle's.

    Raises
    ------
    ImageError, SettingsError
        Where a region is not in its map or has no counterpart, or the style's map does not fit; with the line.
    """
    (entry,) = plan.styles.values()
    names = (str(plan.file(plan.content_map or "")), str(plan.file(entry.map or "")))
    with plan.source.saying("styles", entry.name, "map"):
        style_map = fit_map(style.map(), style.size, name=names[1], image_name=style.name)
    mapping = []
    for here, there in plan.mapping:
        with plan.source.saying("mapping", here):
            mapping.append(
                (
                    content_map.colors[find_named_region(here, content_map, name=names[0])],
                    style_map.colors[find_named_region(there, style_map, name=names[1])],
                )
            )
    with plan.source.saying("mapping" if mapping else plan.map_key):
        return Pairing(tuple(mapping), _partners(plan, content_map, style_map, mapping, content_size, names))


def _partners(
    plan: Plan,
    content_map: SemanticMap,
    style_map: SemanticMap,
    mapping: list[tuple[Color, Color]],
    content_size: Size,
    names: tuple[str, str],
) -> tuple[Color | None, ...]:
    if plan.technique == "doodle":
        advice = Advice(*[_ADVICE.format("whole-style")] * 2)
        settled = plan_doodle(
            content_map,
            style_map,
            style_size=style_map.size,
            mapping=mapping,
            unmatched=plan.unmatched,
            names=names,
            advice=advice,
        )
        found = {pair.region: pair.style_region for pair in settled.pairs}
        labels = [found.get(label) for label in range(len(content_map.colors))]
        return tuple(None if label is None else style_map.colors[label] for label in labels)
    agreed, _ = agreed_colors(
        content_map,
        style_map,
        content_size=content_size,
        style_size=style_map.size,
        mapping=mapping,
        unmatched=plan.unmatched,
        names=names,
        advice=_ADVICE.format("nearest"),
    )
    return tuple(color if color in style_map.colors else None for color in agreed.colors)
