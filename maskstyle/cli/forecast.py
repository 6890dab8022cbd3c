"""What is printed before a run: the table of what goes where, and the lines on sizes, network, time and memory."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape
from rich.table import Column

from maskstyle.cli.console import swatch
from maskstyle.cli.terminal import Table, right
from maskstyle.guidance.layout import Layout, Placement
from maskstyle.images.pixels import Size
from maskstyle.maps.colors import format_color, format_region, percent
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.networks.architectures import LITE
from maskstyle.networks.load import NetworkChoice
from maskstyle.networks.speed import Speed
from maskstyle.objective.tiling.cuts import needs_tiles
from maskstyle.plans.load import LoadedPlan
from maskstyle.plans.plan import Plan
from maskstyle.settings import Limits, Settings
from maskstyle.synthesis.estimate import Expected, expected, expected_shared_mb
from maskstyle.synthesis.scene import Scene
from maskstyle.synthesis.schedule import settings_by_size
from maskstyle.techniques.plan import WHOLE

LONGEST = 12
"""Rows of regions that a run prints; a dry run prints all."""


def styles_table(loaded: LoadedPlan, scene: Scene, *, whole: bool = True) -> Table:
    """Return which style goes where, with all regions if `whole`, however many they are."""
    if scene.layout.everywhere:
        return _blend_table(loaded.plan, scene)
    rows = _placement_rows(loaded, scene)
    table = _placement_table()
    shown = len(rows) if whole or len(rows) <= LONGEST else LONGEST - 1
    for row in rows[:shown]:
        table.add_row(*row)
    if shown < len(rows):
        table.add_row("", f"{len(rows) - shown} more; --dry-run lists all")
    return table


def what_goes_where(loaded: LoadedPlan, scene: Scene) -> list[tuple[str, ...]]:
    """Return the rows of the table without strengths and colors; nothing for a blend."""
    return [] if scene.layout.everywhere else [row[:6] for row in _placement_rows(loaded, scene)]


def _blend_table(plan: Plan, scene: Scene) -> Table:
    """Return the styles of a blend, with their shares."""
    table = Table("style", "image", right("share"))
    (blend,) = scene.layout.placements
    for (name, style), (_, share) in zip(plan.styles.items(), blend.styles, strict=True):
        table.add_row(escape(name), escape(style.image), percent(share))
    return table


def _placement_table() -> Table:
    return Table(
        right(""),
        Column("what", no_wrap=True),
        right("share"),
        "style",
        Column("part of the style", no_wrap=True),
        "matched",
        right("strength"),
        "colors",
    )


def _placement_rows(loaded: LoadedPlan, scene: Scene) -> list[tuple[str, ...]]:
    """Return a row for each region and mask: painted regions, kept ones, masks, and the regions that are left."""
    layout, plan = scene.layout, loaded.plan
    rows: list[tuple[str, ...]] = [
        (*_what(plan, layout, each, scene), *_how(loaded, each, scene)) for each in layout.regions()
    ]
    kept = ("", "", "", "content")
    rows += [(*_region_cells(layout.content_map, label), "keep", *kept) for label in layout.kept]
    rows += [(*_what(plan, layout, each, scene), *_how(loaded, each, scene)) for each in layout.masked()]
    rest = "not in the plan" if plan.regions else "keep"
    listed = {*layout.kept, *layout.painted()}
    left = range(len(layout.content_map.colors)) if layout.content_map is not None else ()
    return rows + [(*_region_cells(layout.content_map, each), rest, *kept) for each in left if each not in listed]


def _what(plan: Plan, layout: Layout, placement: Placement, scene: Scene) -> tuple[str, str, str]:
    if placement.label is not None:
        return _region_cells(layout.content_map, placement.label)
    words = placement.name
    if plan.regions:
        given = plan.regions[placement.place]
        inverted = given.complement != bool(plan.values.get("invert"))
        words = f"{'1 - ' if inverted else ''}{given.mask}"
    return "", escape(words), percent(float(layout.mask(placement, scene.size).mean()))


def _how(loaded: LoadedPlan, placement: Placement, scene: Scene) -> tuple[str, str, str, str, str]:
    plan = loaded.plan
    name, given = next(iter(plan.styles)), None
    if plan.regions:
        given = plan.regions[placement.place]
        name = given.style or ""
    part, matched = escape((given.style_mask if given is not None else None) or WHOLE), ""
    if placement.style_label is not None:
        number, part, _ = _region_cells(placement.style.style_map, placement.style_label)
        part, matched = f"{number} {part}", _matched(loaded, scene, placement)
    elif plan.technique == "patch":
        part = "nearest colors"
    return escape(name), part, matched, _strength_text(placement, scene), placement.color


def _matched(loaded: LoadedPlan, scene: Scene, placement: Placement) -> str:
    """Return why a region takes its style from a region: by request, or as their names, ids or colors agree."""
    if placement.label is None or scene.layout.content_map is None:
        return "as given"
    own, style = scene.layout.content_map, placement.style.map()
    given = format_region(own.key(placement.label)) in loaded.values.get("mapping", {})
    if loaded.plan.regions:
        given = loaded.plan.regions[placement.place].style_region is not None
    if given or placement.style_label is None:
        return "as given"
    names = [
        each.names[label] for each, label in ((own, placement.label), (style, placement.style_label)) if each.names
    ]
    if len(names) == 2 and names[0] and names[0].lower() == names[1].lower():
        return "by name"
    keys = own.key(placement.label), style.key(placement.style_label)
    return "by id" if keys[0] == keys[1] and own.named_by_id and style.named_by_id else "by color"


def _strength_text(placement: Placement, scene: Scene) -> str:
    """Return the strength of a placement, or the raw weight of its style."""
    settings = scene.settings
    if scene.content is None:
        return ""
    if settings.chosen_strength is not None:
        return f"{settings.chosen_strength if placement.strength is None else placement.strength:g}"
    factor = "" if placement.strength is None else f"{placement.strength:g} x "
    return f"{factor}weight {settings.style_factor:g}"


def _region_cells(semantic_map: SemanticMap | None, label: int) -> tuple[str, str, str]:
    """Return the number of a region, its swatch, color and name, and its share of all pixels."""
    assert semantic_map is not None
    share = semantic_map.count(label) / semantic_map.labels.size
    color, called = semantic_map.colors[label], semantic_map.called(label)
    name = called if semantic_map.colorless else f"{format_color(color)} {called}"
    return str(semantic_map.numbers[label]), f"{swatch(color)} {escape(name)}", percent(share)


def forecast(
    scene: Scene, choice: NetworkChoice, limits: Limits, speed: Speed, scheduler: str | None
) -> list[tuple[str, str]]:
    """Return the lines to print before a run, as names and texts; if nothing is painted, only those on workers."""
    lines = _lines(scene, choice, limits, speed) if scene.layout.placements else []
    if scheduler is not None:
        kept, each = expected_shared_mb(scene.demand(choice.architecture, choice.compute_type, limits))
        memory = f"its scheduler takes about {kept * 2**20 / 1e9:.1f} GB, each worker {each * 2**20 / 1e9:.1f} GB"
        lines.append(("workers", f"{scheduler} paints the tiles; {memory}; the expected time is without them"))
    return lines


def _lines(scene: Scene, choice: NetworkChoice, limits: Limits, speed: Speed) -> list[tuple[str, str]]:
    settings, sizes = scene.settings, scene.sizes
    demand = scene.demand(choice.architecture, choice.compute_type, limits)
    by_size = settings_by_size(sizes, settings)
    first = f"; {LITE.name} at all sizes but the last" if settings.underpainted and len(sizes) > 1 else ""
    return [
        ("sizes", ", ".join(f"{width}x{height}" for height, width in sizes)),
        ("steps", f"at most {', '.join(str(each.steps) for each in by_size)}"),
        ("network", f"{choice}{first}"),
        ("expected", _describe_estimate(expected(demand, speed), busy=speed.busy)),
        *_large_lines(settings, limits, sizes),
    ]


def _large_lines(settings: Settings, limits: Limits, sizes: Sequence[Size]) -> list[tuple[str, str]]:
    """Return the lines about tiles and optimizers of large sizes; none for small ones."""
    lines = []
    if limits.tile_size is not None and needs_tiles(sizes[-1], limits.tile_size):
        lines.append(("tiles", f"of about {limits.tile_size} pixels at larger sizes, to save memory"))
    by_size = settings_by_size(sizes, settings, memory=limits.memory)
    for size, chosen in zip(sizes, by_size, strict=True) if settings.optimizer == "auto" else ():
        if chosen.optimizer == "adam":
            lines.append(("optimizer", f"Adam from {size[1]}x{size[0]} on, as L-BFGS would need too much memory"))
            break
        if chosen.history < settings.history:
            text = f"L-BFGS with a history of {chosen.history} at {size[1]}x{size[0]}, to save memory"
            lines.append(("optimizer", text))
    return lines


def _describe_estimate(estimate: Expected, *, busy: bool = False) -> str:
    """Return the expected time and memory in words; `busy` if the speed was measured while other programs ran.

    >>> _describe_estimate(Expected((0.1, 0.4), 130.0, 1234.0))
    'at most about 2 min, 1.3 GB of memory (forecast for this machine when idle; most runs end sooner)'
    """
    seconds = estimate.seconds
    time = f"{max(1, round(seconds))} s" if seconds < 100 else f"{round(seconds / 60)} min"
    if seconds > 2.5 * 3600:
        time = f"{round(seconds / 3600)} h"
    memory = f"{estimate.memory_mb * 2**20 / 1e9:.1f} GB of memory"
    if estimate.disk_mb:
        memory += f" and {estimate.disk_mb * 2**20 / 1e9:.2g} GB of temporary files"
    measured = ", measured while it was busy" if busy else " when idle"
    return f"at most about {time}, {memory} (forecast for this machine{measured}; most runs end sooner)"
