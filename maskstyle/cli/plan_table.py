"""What ``maskstyle run --dry-run`` prints: what goes where, the sizes, the network, the time and memory expected."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.markup import escape
from rich.table import Column, Table

from maskstyle.cli.console import tables
from maskstyle.cli.forecast import forecast
from maskstyle.cli.render import chosen_network
from maskstyle.guidance.planned import WHOLE, Entry, Settled
from maskstyle.images.pixels import Size
from maskstyle.maps.colors import Color, color_name, format_color, percent
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.plans.inputs import LoadedPlan, unplanned
from maskstyle.plans.pairing import Pairing
from maskstyle.plans.plan import Plan
from maskstyle.settings import PatchSettings
from maskstyle.synthesis.estimate import Demand
from maskstyle.techniques.setup import fitted


def print_plan(plan: Plan, loaded: LoadedPlan, sizes: Sequence[Size], output: Path | None, content: Size) -> None:
    """Print what a plan would do.

    Parameters
    ----------
    plan, loaded
        The plan, and what its files hold.
    sizes : sequence of (height, width)
        From coarse to fine.
    output : Path or None
        The result's file, where there is one.
    content : (height, width)
        The content's size.
    """
    weights = None if plan.weights is None else plan.file(plan.weights)
    choice = chosen_network(plan.settings, weights)
    guides = guides_of(plan, loaded)
    settings = fitted(plan.settings, sizes, choice, **guides)
    demand = Demand(choice.architecture, choice.compute_type, sizes, settings, **guides)
    console = tables()
    if loaded.settled is not None:
        console.print(_regions_table(plan, loaded.settled, content))
    else:
        console.print(_styles_table(plan) if loaded.pairing is None else _pairs_table(plan, loaded, loaded.pairing))
    for line in (
        f"{plan.content_key}: {plan.file(plan.content)}, {content[1]}x{content[0]}",
        f"output: {output or 'none'}, {sizes[-1][1]}x{sizes[-1][0]}",
        *(f"{name}: {text}" for name, text in forecast(demand, choice)),
    ):
        console.print(line, markup=False, soft_wrap=True)


def guides_of(plan: Plan, loaded: LoadedPlan) -> dict[str, Any]:
    """Return what a plan's time and memory depend on beside sizes and settings; see `Demand`."""
    if loaded.settled is None:
        return {
            "regions": loaded.pairing is not None,
            "patches": _patches(plan),
            "styles": len(plan.styles),
        }
    return {
        "regions": loaded.settled.content_map is not None,
        "masks": loaded.settled.weighings(),
        "styles": len(loaded.settled.styles()),
    }


def _patches(plan: Plan) -> PatchSettings | None:
    """Return how patches are cut; None where there are none."""
    if plan.technique != "patch" and plan.matching != "patch":
        return None
    return plan.patches or PatchSettings()


def _styles_table(plan: Plan) -> Table:
    table = Table("style", "image", Column("share", justify="right"), box=None, pad_edge=False)
    total = sum(style.share for style in plan.styles.values())
    for name, style in plan.styles.items():
        table.add_row(escape(name), escape(style.image), percent(style.share / total))
    return table


def _pairs_table(plan: Plan, loaded: LoadedPlan, pairing: Pairing) -> Table:
    """Return which region goes with which, of patches or a doodle."""
    assert loaded.content_map is not None
    (name,) = plan.styles
    table = Table("what", Column("share", justify="right"), "style", "its part", box=None, pad_edge=False)
    for label, partner in enumerate(pairing.partners):
        alone = WHOLE if plan.technique == "doodle" else "nearest colors"
        part = alone if partner is None else _swatch(partner)
        table.add_row(*_region_cells(loaded.content_map, label), escape(name), part)
    return table


def _regions_table(plan: Plan, settled: Settled, content: Size) -> Table:
    table = Table(
        Column("what", no_wrap=True),
        Column("share", justify="right"),
        "style",
        Column("its part", no_wrap=True),
        Column("strength", justify="right"),
        "colors",
        box=None,
        pad_edge=False,
    )
    by_place = {entry.place: entry for entry in settled.entries}
    kept = iter(settled.kept)
    for place in range(len(plan.regions)):
        entry = by_place.get(place)
        if entry is None:
            table.add_row(*_region_cells(settled.content_map, next(kept)), "keep", "", "", "content")
        else:
            table.add_row(*_what(plan, settled, entry, content), *_how(plan, entry))
    named = {*settled.kept, *(entry.label for entry in settled.entries)}
    if unplanned(plan, settled) and settled.content_map is not None:
        for label in range(len(settled.content_map.colors)):
            if label not in named:
                table.add_row(*_region_cells(settled.content_map, label), "not in the plan", "", "", "content")
    return table


def _what(plan: Plan, settled: Settled, entry: Entry, content: Size) -> tuple[str, str]:
    if entry.label is not None:
        return _region_cells(settled.content_map, entry.label)
    given = plan.regions[entry.place]
    words = f"{'1 less ' if given.complement else ''}{given.mask}"
    return escape(words), percent(float(settled.mask(entry, content).mean()))


def _how(plan: Plan, entry: Entry) -> tuple[str, str, str, str]:
    given = plan.regions[entry.place]
    part = escape(given.style_mask or WHOLE)
    if entry.style_label is not None:
        part, _ = _region_cells(entry.style.style_map, entry.style_label)
    return escape(given.style or ""), part, f"{entry.strength:g}", entry.color


def _region_cells(semantic_map: SemanticMap | None, label: int) -> tuple[str, str]:
    """Return a region's swatch, color and name, and its share of all pixels."""
    assert semantic_map is not None
    share = semantic_map.count(label) / semantic_map.labels.size
    return _swatch(semantic_map.colors[label]), percent(share)


def _swatch(color: Color) -> str:
    code = format_color(color)
    return f"[{code}]██[/] {code} {color_name(color)}"
