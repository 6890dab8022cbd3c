"""The table of what goes where: the style of each region and mask, or the shares of a blend."""

from __future__ import annotations

from rich.markup import escape
from rich.table import Column

from maskstyle.cli.terminal import Table
from maskstyle.guidance.layout import Layout, Placement
from maskstyle.maps.colors import format_color, format_region, percent
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.plans.load import LoadedPlan
from maskstyle.plans.plan import Plan
from maskstyle.synthesis.scene import Scene
from maskstyle.techniques.plan import WHOLE

LONGEST = 12
"""Rows of regions that a run prints; a dry run prints all."""


def styles_table(loaded: LoadedPlan, scene: Scene, *, whole: bool = True) -> Table:
    """Return which style goes where.

    Parameters
    ----------
    loaded : LoadedPlan
        The plan.
    scene : Scene
        Its scene.
    whole : bool
        Whether to list all regions, however many they are.
    """
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
    table = Table("style", "image", Column("share", justify="right"), box=None, pad_edge=False)
    (blend,) = scene.layout.placements
    for (name, style), (_, share) in zip(plan.styles.items(), blend.styles, strict=True):
        table.add_row(escape(name), escape(style.image), percent(share))
    return table


def _placement_table() -> Table:
    return Table(
        Column("", justify="right"),
        Column("what", no_wrap=True),
        Column("share", justify="right"),
        "style",
        Column("part of the style", no_wrap=True),
        "matched",
        Column("strength", justify="right"),
        "colors",
        box=None,
        pad_edge=False,
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
    code, called = format_color(semantic_map.colors[label]), semantic_map.called(label)
    swatch = f"[{code}]██[/] {escape(called if semantic_map.colorless else f'{code} {called}')}"
    return str(semantic_map.numbers[label]), swatch, percent(share)
