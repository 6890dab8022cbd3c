"""The printed form of an evaluation: a table of regions, a table of all distances and a summary."""

from __future__ import annotations

from collections.abc import Iterator

from rich.markup import escape
from rich.text import Text

from maskstyle.cli.terminal import Table
from maskstyle.evaluation.comparison import EvaluatedRegion
from maskstyle.evaluation.result import Evaluation, number_text
from maskstyle.maps.colors import format_color
from maskstyle.maps.semantic_map import short_name

TITLES = ("region", "pixels", "own style", "distance", "nearest other", "its distance", "leakage", "content")
NAMES = ("region", "own style", "nearest other")
"""Columns that hold names; the others hold numbers and are aligned right."""


def parts_of(evaluation: Evaluation) -> Iterator[Table | str]:
    """Yield the parts to print, in order."""
    yield _region_table(evaluation)
    if len(evaluation.style_regions) > 1:
        yield ""
        yield f"style distances, mean over {', '.join(evaluation.by_layer)}; own styles in brackets"
        yield _distance_table(evaluation)
    yield ""
    yield _summary(evaluation)
    changes = _changes(evaluation)
    if changes:
        yield changes


def _region_table(evaluation: Evaluation) -> Table:
    table = Table()
    for title in TITLES:
        table.add_column(title, justify="left" if title in NAMES else "right")
    for row, region in enumerate(evaluation.regions):
        other = evaluation.nearest_others[row]
        table.add_row(
            _label(region),
            f"{100 * region.share:.1f} %",
            _label(evaluation.style_regions[evaluation.own[row]]),
            number_text(evaluation.own_distances[row]),
            "-" if other is None else _label(evaluation.style_regions[other]),
            "-" if other is None else number_text(float(evaluation.confusion[row, other])),
            number_text(evaluation.leakage[row]),
            number_text(evaluation.content_distances[row]),
        )
    return table


def _distance_table(evaluation: Evaluation) -> Table:
    table = Table()
    table.add_column("region")
    for region in evaluation.style_regions:
        table.add_column(_label(region), justify="right")
    for region, own, row in zip(evaluation.regions, evaluation.own, evaluation.confusion, strict=True):
        numbers = [number_text(float(value)) for value in row]
        numbers[own] = f"[{numbers[own]}]"
        table.add_row(_label(region), *(escape(number) for number in numbers))
    return table


def _label(region: EvaluatedRegion) -> Text:
    """Return a region's name, after a swatch of its color."""
    if region.color is None:
        return Text(region.name)
    color = format_color(region.color)
    return Text.assemble(("  ", f"on {color}"), f" {short_name(region.name)}")


def _summary(evaluation: Evaluation) -> str:
    parts = [f"style distance {number_text(evaluation.style_distance)}"]
    if evaluation.content_distance is not None:
        parts.append(f"content distance {number_text(evaluation.content_distance)}")
    known = [leakage for leakage in evaluation.leakage if leakage is not None]
    if known:
        own = sum(leakage < 1 for leakage in known)
        parts.append(f"{own} of {len(known)} regions are nearer to their own style than to any other")
    return "; ".join(parts)


def _changes(evaluation: Evaluation) -> str | None:
    """Return a sentence about changes outside the painted regions, or None if these are unknown."""
    untouched = evaluation.untouched
    if untouched is None:
        return None
    if untouched.share is None:
        return "untouched pixels: none; every pixel was painted"
    by = f", by up to {untouched.largest} of 255" if untouched.changed else ""
    share = f"{100 * untouched.share:.3g} %"
    return f"untouched pixels: {untouched.changed:,} of {untouched.pixels:,} changed ({share}){by}"
