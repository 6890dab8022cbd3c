"""Time and memory of each technique against basic and against the bare network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parts.evaluations import prepare
from parts.part import (
    NAMES,
    NETWORKS,
    TYPES,
    Case,
    Figure,
    Group,
    Part,
    Table,
    chosen,
    memory_cell,
    only,
    ratio,
    ratio_cell,
    seconds_cell,
    values,
)

SCENES: tuple[dict[str, Any], ...] = (
    {"scene": "bare"},
    {"scene": "basic"},
    {"scene": "region", "count": 32},
    {"scene": "mask bands", "count": 8},
    {"scene": "mask smooth", "count": 8},
    {"scene": "patch", "patch": 32, "stride": 32},
    {"scene": "patch", "patch": 16, "stride": 16},
    {"scene": "patch", "patch": 32, "stride": 16},
    {"scene": "doodle", "count": 4},
)
"""Each is measured with both networks in both types."""


def groups(quick: bool) -> list[Group]:
    networks, types, side = (("lite",), ("bfloat16",), 64) if quick else (NETWORKS, TYPES, 512)
    scenes = [scene for scene in SCENES if scene.get("patch", 16) == 16] if quick else SCENES
    return [
        Group(
            tuple({"network": network, "type": kind, "side": side, **scene} for scene in scenes),
            rounds=1 if quick else 5,
            warm_ups=1 if quick else 2,
        )
        for network in networks
        for kind in types
    ]


def scene_of(case: Case) -> dict[str, Any]:
    """Return what tells a case from others of its group."""
    return {name: case[name] for name in ("scene", "count", "patch", "stride") if name in case}


def described(case: Case) -> str:
    """Return a case in words."""
    scene, count = case["scene"], case.get("count")
    if scene == "patch":
        across = (case["side"] - case["patch"]) // case["stride"] + 1
        overlap = "" if case["stride"] == case["patch"] else ", half overlapping"
        return f"patch: {across**2} of {case['patch']} px{overlap}"
    words = {
        "bare": "bare network",
        "basic": "basic",
        "region": f"region: {count} regions",
        "mask bands": f"mask: {count} soft bands that share the picture out",
        "mask smooth": f"mask: {count} smooth masks that all cover all of it",
        "doodle": f"doodle: {count} regions, no content",
    }
    return words[scene]


def combinations(figures: Sequence[Figure]) -> list[dict[str, str]]:
    """Return the networks and types that were measured, VGG19 and float32 first."""
    return [
        {"network": network, "type": kind}
        for network in NETWORKS
        for kind in TYPES
        if chosen(figures, network=network, type=kind)
    ]


def title_of(combination: dict[str, str]) -> str:
    return f"{NAMES[combination['network']]}, {combination['type']}"


def whole_table(figures: Sequence[Figure]) -> Table | None:
    """Return every case with all that was measured."""
    rows = []
    for combination in combinations(figures):
        own = chosen(figures, **combination)
        basic, bare = only(own, scene="basic"), only(own, scene="bare")
        rows += [
            (
                title_of(combination),
                described(each),
                seconds_cell(each),
                ratio_cell(each, basic),
                ratio_cell(each, bare),
                memory_cell(each),
            )
            for each in own
        ]
    if not rows:
        return None
    side = figures[0]["side"]
    caption = f"One evaluation of loss and gradient at {side} px:"
    header = ("network", "what", "seconds", "/ basic", "/ bare", "peak MiB")
    return Table(caption, header, tuple(rows))


def against_basic(kinds: Sequence[str], what: str) -> Any:
    """Return the function that makes a table of some techniques against basic, a column for each network and type."""

    def table(figures: Sequence[Figure]) -> Table | None:
        columns = combinations(figures)
        scenes = [scene for scene in SCENES if scene["scene"] in kinds and chosen(figures, **scene)]
        if not scenes:
            return None
        rows = []
        for scene in scenes:
            cells = [
                ratio_cell(only(figures, **column, **scene), only(figures, **column, scene="basic"))
                for column in columns
            ]
            rows.append((described(chosen(figures, **scene)[0]).partition(": ")[2], *cells))
        side = figures[0]["side"]
        caption = f"An evaluation of the default objective at {side} px, in units of that of `maskstyle basic`:"
        return Table(caption, (what, *map(title_of, columns)), tuple(rows))

    return table


def plot(figures: Sequence[Figure], page: Any) -> None:
    """Draw the ratios to basic as bars."""
    axes = page.subplots()
    columns = combinations(figures)
    scenes = [scene_of(each) for each in chosen(figures, **columns[0])]
    for place, column in enumerate(columns):
        own = [only(figures, **column, **scene) for scene in scenes]
        basic = only(figures, **column, scene="basic")
        heights = [ratio(each, basic) if each and basic else 0.0 for each in own]
        width = 0.8 / len(columns)
        axes.barh([row + (place - (len(columns) - 1) / 2) * width for row in range(len(own))], heights, width)
    axes.set_yticks(range(len(scenes)), [described(each) for each in chosen(figures, **columns[0])])
    axes.invert_yaxis()
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_xlabel(f"time of an evaluation at {values(figures, 'side')[0]} px / basic")
    page.legend(axes.containers, [title_of(each) for each in columns], loc="outside upper center", ncols=4)


PART = Part(
    "techniques",
    "Each technique",
    "One evaluation of each technique's objective against that of `basic` and against the bare network: a forward "
    "pass to the deepest layer that the defaults use and the gradient in the image.",
    groups,
    prepare,
    {
        "techniques": whole_table,
        "regions": against_basic(("region",), "regions"),
        "masks": against_basic(("mask bands", "mask smooth"), "masks"),
        "patches": against_basic(("patch",), "patches"),
    },
    plot=plot,
)
