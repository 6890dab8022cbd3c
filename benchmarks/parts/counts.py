"""What more regions, masks and patches cost: time and memory against basic."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parts.evaluations import prepare
from parts.part import (
    NAMES,
    NETWORKS,
    Figure,
    Group,
    Part,
    Table,
    chosen,
    memory_cell,
    only,
    ratio,
    ratio_cell,
)

COUNTS = (1, 4, 16, 64)
PATCH_SIDES = (128, 64, 32, 16, 8)
"""Sides, in pixels; they do not overlap, so that there are 16 to 4,096 at 512 pixels."""


def part(name: str, title: str, text: str, scenes: Sequence[dict[str, Any]], few: Sequence[dict[str, Any]]) -> Part:
    """Return the part of some scenes, measured against basic with both networks in bfloat16."""

    def groups(quick: bool) -> list[Group]:
        networks, side, own = (("lite",), 64, few) if quick else (NETWORKS, 512, scenes)
        return [
            Group(
                tuple(
                    {"network": network, "type": "bfloat16", "side": side, **scene}
                    for scene in ({"scene": "basic"}, *own)
                ),
                rounds=1 if quick else 5,
                warm_ups=1 if quick else 2,
            )
            for network in networks
        ]

    def table(figures: Sequence[Figure]) -> Table | None:
        networks = [network for network in NETWORKS if chosen(figures, network=network)]
        rows = []
        for scene in [each for each in ({"scene": "basic"}, *scenes, *few) if chosen(figures, **each)]:
            cells = []
            for network in networks:
                own = only(figures, network=network, **scene)
                cells += [ratio_cell(own, only(figures, network=network, scene="basic")), memory_cell(own)]
            row = (label(chosen(figures, **scene)[0]), *cells)
            rows += [row] if row not in rows else []
        if not rows:
            return None
        titles = [title for each in networks for title in (f"{NAMES[each]}: / basic", f"{NAMES[each]}: peak MiB")]
        caption = f"One evaluation at {figures[0]['side']} px in bfloat16:"
        return Table(caption, (name, *titles), tuple(rows))

    def plot(figures: Sequence[Figure], page: Any) -> None:
        left, right = page.subplots(1, 2)
        for network in NETWORKS:
            basic = only(figures, network=network, scene="basic")
            lines = {}
            for each in chosen(figures, network=network):
                if each["scene"] != "basic" and basic:
                    lines.setdefault(each["scene"], []).append(each)
            for scene, own in lines.items():
                words = f"{NAMES[network]}, {scene.removeprefix('mask ')}"
                left.plot([number(each) for each in own], [ratio(each, basic) for each in own], "o-", label=words)
                right.plot(
                    [number(each) for each in own], [each["peak_memory_mb"] for each in own], "o-", label=words
                )
        for axes, words in ((left, "time of an evaluation / basic"), (right, "peak memory, MiB")):
            numbers = sorted({number(each) for each in figures} - {0})
            axes.set_xscale("log", base=2)
            axes.set_xticks(numbers, [str(each) for each in numbers])
            axes.set_xlabel(name)
            axes.set_ylabel(words)
            axes.set_ylim(bottom=0)
            axes.legend()

    return Part(name, title, text, groups, prepare, {f"{name}-by-number": table}, plot=plot)


def number(case: Figure) -> int:
    """Return how many regions, masks or patches a case has; 0 for basic."""
    if case["scene"] == "patch":
        return ((case["side"] - case["patch"]) // case["stride"] + 1) ** 2
    return case.get("count", 0)


def label(case: Figure) -> str:
    if case["scene"] == "basic":
        return "none: basic"
    kinds = {"patch": f" of {case.get('patch')} px", "mask smooth": ", smooth, each everywhere"}
    return f"{number(case)}{kinds.get(case['scene'], '')}"


REGIONS = part(
    "regions",
    "Regions by number",
    "Disjoint regions of equal size, each with a style of its own.",
    [{"scene": "region", "count": count} for count in COUNTS],
    [{"scene": "region", "count": 4}],
)
MASKS = part(
    "masks",
    "Masks by number",
    "Soft masks, each with a style of its own: upright bands that fade into their neighbors, or smooth masks that "
    "all cover the whole picture.",
    [
        *({"scene": "mask bands", "count": count} for count in COUNTS),
        *({"scene": "mask smooth", "count": count} for count in (4, 16)),
    ],
    [{"scene": "mask bands", "count": 4}],
)
PATCHES = part(
    "patches",
    "Patches by number",
    "Patches that do not overlap, each matched to a patch of the painting.",
    [{"scene": "patch", "patch": side, "stride": side} for side in PATCH_SIDES],
    [{"scene": "patch", "patch": 16, "stride": 16}],
)
