"""What ``maskstyle run --dry-run`` prints: what goes where, the sizes, the network, the time and memory expected."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.markup import escape
from rich.table import Column, Table

from maskstyle.cli.console import tables
from maskstyle.cli.render import chosen_network
from maskstyle.estimate import MACHINE, Expected, Job, expected
from maskstyle.guidance.planned import WHOLE, Entry, Settled
from maskstyle.images import Size
from maskstyle.map_colors import Color, color_name, format_color, percent
from maskstyle.plans.inputs import LoadedPlan, unplanned
from maskstyle.plans.pairing import Pairing
from maskstyle.plans.plan import Plan
from maskstyle.semantic_map import SemanticMap
from maskstyle.settings import PatchSettings


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
    masks, styles = 0, len(plan.styles)
    if loaded.settled is not None:
        masks, styles = len(loaded.settled.masked()), len(loaded.settled.styles())
    estimate = expected(
        Job(
            choice.architecture.name,
            choice.compute_type,
            sizes,
            plan.settings,
            regions=loaded.settled is None or loaded.settled.content_map is not None,
            masks=masks,
            patch_cover=_patch_cover(plan),
            styles=styles,
        )
    )
    console = tables()
    if loaded.settled is not None:
        console.print(_regions_table(plan, loaded.settled, content))
    else:
        console.print(_styles_table(plan) if loaded.pairing is None else _pairs_table(plan, loaded, loaded.pairing))
    shown = ", ".join(f"{width}x{height}" for height, width in sizes)
    for line in (
        f"{plan.content_key}: {plan.file(plan.content)}, {content[1]}x{content[0]}",
        f"output: {output or 'none'}, {sizes[-1][1]}x{sizes[-1][0]}",
        f"sizes: {shown}; at most {plan.settings.steps} steps each",
        f"network: {choice.reason}",
        f"expected: {describe_estimate(estimate)}",
    ):
        console.print(line, markup=False, soft_wrap=True)


def _patch_cover(plan: Plan) -> float:
    """Return how many patches each cell is in; 0 where there are none."""
    if plan.technique != "patch" and plan.matching != "patch":
        return 0.0
    patches = plan.patches or PatchSettings()
    return (patches.patch_size / patches.stride) ** 2


def describe_estimate(estimate: Expected) -> str:
    """Return what a run is expected to take in words.

    Examples
    --------
    >>> describe_estimate(Expected((0.1, 0.4), 130.0, 1234.0))
    'about 2 min and 1.2 GiB on 2 cores with AVX512_BF16, if every size takes all its steps; most runs end sooner'
    """
    seconds = estimate.seconds
    time = f"{max(1, round(seconds))} s" if seconds < 100 else f"{round(seconds / 60)} min"
    memory = f"{estimate.memory_mb / 1024:.1f} GiB"
    return f"about {time} and {memory} on {MACHINE}, if every size takes all its steps; most runs end sooner"


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
        alone = WHOLE if plan.technique == "doodle" else "nearest colours"
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
        "colours",
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
    """Return a region's swatch, colour and name, and its share of all pixels."""
    assert semantic_map is not None
    share = semantic_map.count(label) / semantic_map.labels.size
    return _swatch(semantic_map.colors[label]), percent(share)


def _swatch(color: Color) -> str:
    code = format_color(color)
    return f"[{code}]██[/] {code} {color_name(color)}"
