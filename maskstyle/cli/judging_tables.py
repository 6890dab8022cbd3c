"""What ``maskstyle evaluate`` prints: a table of regions, the distances of all pairs, and a sentence or two."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from maskstyle.evaluation.result import Evaluation, number_text
from maskstyle.evaluation.setup import JudgedRegion
from maskstyle.maps.io import color_name, format_color


def printed_parts(evaluation: Evaluation) -> Iterator[Table | str]:
    """Yield what is printed, part by part."""
    yield _regions(evaluation)
    if len(evaluation.style_regions) > 1:
        yield f"\nstyle distances, mean over {', '.join(evaluation.by_layer)}; each row's own in brackets"
        yield _matrix(evaluation)
    yield ""
    yield from _sentences(evaluation)


def _regions(evaluation: Evaluation) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in ("region", "pixels", "its style", "distance", "nearest other", "its distance", "leakage", "content"):
        table.add_column(title, justify="left" if title in ("region", "its style", "nearest other") else "right")
    for row, region in enumerate(evaluation.regions):
        other = evaluation.nearest_others[row]
        table.add_row(
            _labeled(region),
            f"{100 * region.share:.1f} %",
            _labeled(evaluation.style_regions[evaluation.own[row]]),
            number_text(evaluation.own_distances[row]),
            "-" if other is None else _labeled(evaluation.style_regions[other]),
            "-" if other is None else number_text(float(evaluation.confusion[row, other])),
            number_text(evaluation.leakage[row]),
            number_text(evaluation.content_distances[row]),
        )
    return table


def _matrix(evaluation: Evaluation) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("region")
    for region in evaluation.style_regions:
        table.add_column(_labeled(region), justify="right")
    for region, own, row in zip(evaluation.regions, evaluation.own, evaluation.confusion, strict=True):
        numbers = [number_text(float(value)) for value in row]
        numbers[own] = f"[{numbers[own]}]"
        table.add_row(_labeled(region), *(escape(number) for number in numbers))
    return table


def _labeled(region: JudgedRegion) -> Text:
    """Return a region's name after a patch of its color."""
    if region.color is None:
        return Text(region.name)
    color = format_color(region.color)
    return Text.assemble(("  ", f"on {color}"), f" {color} {color_name(region.color)}")


def _sentences(evaluation: Evaluation) -> Iterator[str]:
    parts = [f"style distance {number_text(evaluation.style_distance)}"]
    if evaluation.content_distance is not None:
        parts.append(f"content distance {number_text(evaluation.content_distance)}")
    known = [each for each in evaluation.leakage if each is not None]
    if known:
        own = np.count_nonzero(np.array(known) < 1)
        parts.append(f"{own} of {len(known)} regions are nearer to their own style than to any other")
    yield "; ".join(parts)
    untouched = evaluation.untouched
    if untouched is not None and untouched.share is None:
        yield "untouched: every pixel was to be painted"
    elif untouched is not None and untouched.share is not None:
        by = f", by up to {untouched.largest} of 255" if untouched.changed else ""
        share = f"{100 * untouched.share:.3g} %"
        yield f"untouched: {untouched.changed:,} of {untouched.pixels:,} pixels changed ({share}){by}"
