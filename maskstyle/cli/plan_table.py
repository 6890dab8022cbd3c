"""The output of ``maskstyle run --dry-run``: styles by region and mask, sizes, network, expected time and memory."""

from __future__ import annotations

from pathlib import Path

from rich.markup import escape
from rich.table import Column, Table

from maskstyle.cli.console import announce, tables
from maskstyle.cli.session import Asked, check_memory, chosen_network, forecast_lines, prepared
from maskstyle.guidance.layout import Layout, Placement
from maskstyle.maps.colors import format_color, percent
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.networks.speed import machine_speed
from maskstyle.plans.plan import Plan
from maskstyle.synthesis.checkpoints import resolved_choice
from maskstyle.synthesis.scene import Scene
from maskstyle.techniques.plan import WHOLE


def print_plan(plan: Plan, asked: Asked, output: Path | None) -> None:
    """Check a plan and print it.

    Parameters
    ----------
    plan : Plan
        The plan.
    asked : Asked
        Outputs and notes of the command.
    output : Path or None
        The file of the result, where there is one.
    """
    checkpoints = None
    if output is not None:
        from maskstyle.plans.load import plan_files

        asked.files.check([*asked.protected, *plan_files(plan).values()], snapshot_every=plan.snapshot_every)
        checkpoints = asked.files.checkpoints(quiet=True)
    _, scene = prepared(plan, asked)
    choice = chosen_network(plan.settings, None if plan.weights is None else plan.file(plan.weights))
    for note in choice.notes:
        announce(note, quiet=asked.quiet, name="note")
    check_memory(scene, choice, plan.limits)
    choice = resolved_choice(choice, checkpoints)
    limits = scene.limits(choice.architecture, choice.compute_type, plan.limits)
    console = tables()
    console.print(_blend_table(plan, scene) if scene.layout.everywhere else _placement_table(plan, scene))
    (height, width), finest = scene.size, scene.sizes[-1]
    for line in (
        f"{plan.inputs.main}: {plan.file(plan.main)}, {width}x{height}",
        f"output: {output or 'none'}, {finest[1]}x{finest[0]}",
        *(f"{name}: {text}" for name, text in forecast_lines(scene, choice, limits, machine_speed())),
    ):
        console.print(line, markup=False, soft_wrap=True)


def _blend_table(plan: Plan, scene: Scene) -> Table:
    """Return the styles of a blend, with their shares."""
    table = Table("style", "image", Column("share", justify="right"), box=None, pad_edge=False)
    (blend,) = scene.layout.placements
    for (name, style), (_, share) in zip(plan.styles.items(), blend.styles, strict=True):
        table.add_row(escape(name), escape(style.image), percent(share))
    return table


def _placement_table(plan: Plan, scene: Scene) -> Table:
    """Return which style goes where: a row for each region and mask."""
    table = Table(
        Column("what", no_wrap=True),
        Column("share", justify="right"),
        "style",
        Column("part of the style", no_wrap=True),
        Column("strength", justify="right"),
        "colors",
        box=None,
        pad_edge=False,
    )
    layout = scene.layout
    for placement in layout.regions():
        table.add_row(*_what(plan, layout, placement, scene), *_how(plan, placement, scene))
    for label in layout.kept:
        table.add_row(*_region_cells(layout.content_map, label), "keep", "", "", "content")
    for placement in layout.masked():
        table.add_row(*_what(plan, layout, placement, scene), *_how(plan, placement, scene))
    rest = "not in the plan" if plan.regions else "keep"
    painted = {*layout.kept, *layout.painted()}
    if layout.content_map is not None:
        for label in range(len(layout.content_map.colors)):
            if label not in painted:
                table.add_row(*_region_cells(layout.content_map, label), rest, "", "", "content")
    return table


def _what(plan: Plan, layout: Layout, placement: Placement, scene: Scene) -> tuple[str, str]:
    if placement.label is not None:
        return _region_cells(layout.content_map, placement.label)
    words = placement.name
    if plan.regions:
        given = plan.regions[placement.place]
        words = f"{'1 - ' if given.complement else ''}{given.mask}"
    return escape(words), percent(float(layout.mask(placement, scene.size).mean()))


def _how(plan: Plan, placement: Placement, scene: Scene) -> tuple[str, str, str, str]:
    name, given = next(iter(plan.styles)), None
    if plan.regions:
        given = plan.regions[placement.place]
        name = given.style or ""
    part = escape((given.style_mask if given is not None else None) or WHOLE)
    if placement.style_label is not None:
        part, _ = _region_cells(placement.style.style_map, placement.style_label)
    elif plan.technique == "patch":
        part = "nearest colors"
    return escape(name), part, _strength_text(placement, scene), placement.color


def _strength_text(placement: Placement, scene: Scene) -> str:
    """Return the strength of a placement, or the raw weight of its style."""
    settings = scene.settings
    if scene.content is None:
        return ""
    if settings.chosen_strength is not None:
        return f"{settings.chosen_strength if placement.strength is None else placement.strength:g}"
    factor = "" if placement.strength is None else f"{placement.strength:g} x "
    return f"{factor}weight {settings.style_factor:g}"


def _region_cells(semantic_map: SemanticMap | None, label: int) -> tuple[str, str]:
    """Return the swatch, color and name of a region, and its share of all pixels."""
    assert semantic_map is not None
    share = semantic_map.count(label) / semantic_map.labels.size
    code = format_color(semantic_map.colors[label])
    return f"[{code}]██[/] {semantic_map.short_name(label)}", percent(share)
