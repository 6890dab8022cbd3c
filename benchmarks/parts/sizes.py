"""Sizes from 256 to 4,096 pixels: lite and VGG19, float32 and bfloat16, whole and in tiles."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
    median,
    memory_cell,
    only,
    ratio_cell,
    seconds_cell,
    short,
    values,
)

SIDES = {256: 9, 512: 9, 1024: 5, 2048: 3, 4096: 2}
"""With the rounds that each gets."""

TILES = {96: 64, 1024: 512, 2048: 1024, 4096: 1024}
LARGEST_IN_BOTH_TYPES = 1024
LARGEST_WHOLE = {"lite": 4096, "vgg19": 2048}
"""VGG19's activations at 4,096 pixels do not fit into the memory of most machines."""


def groups(quick: bool) -> list[Group]:
    sides = {96: 1} if quick else SIDES
    networks = ("lite",) if quick else NETWORKS
    return [
        Group(tuple(cases(side, networks)), rounds, warm_ups=1 if side > 512 else 2, together=side <= 1024)
        for side, rounds in sides.items()
    ]


def cases(side: int, networks: Sequence[str]) -> Iterator[Case]:
    for network in networks:
        for kind in TYPES if side <= LARGEST_IN_BOTH_TYPES else ("bfloat16",):
            case = {"scene": "basic", "network": network, "type": kind, "side": side}
            if side <= LARGEST_WHOLE[network]:
                yield case
            if kind == "bfloat16" and side in TILES:
                yield {**case, "tile": TILES[side]}


def whole_table(figures: Sequence[Figure]) -> Table | None:
    """Return every case with all that was measured."""
    rows = []
    for each in sorted(figures, key=lambda each: (-NETWORKS.index(each["network"]), each["side"])):
        alike = {"network": each["network"], "side": each["side"]}
        whole = only(figures, **alike, type=each["type"], tile=None)
        rows.append(
            (
                NAMES[each["network"]],
                str(each["side"]),
                each["type"],
                f"tiles of {each['tile']}" if "tile" in each else "whole",
                seconds_cell(each),
                short(median(each) / each["side"] ** 2 * 1e6),
                ratio_cell(each, whole) if "tile" in each else "",
                memory_cell(each),
            )
        )
    header = ("network", "size", "type", "evaluated", "seconds", "seconds per megapixel", "/ whole", "peak MiB")
    return Table("One evaluation of the default objective:", header, tuple(rows)) if rows else None


def types_table(figures: Sequence[Figure]) -> Table | None:
    """Return how much faster bfloat16 is than float32, and how much memory it needs of it."""
    rows = []
    for network in NETWORKS:
        for side in values(figures, "side"):
            full, half = (only(figures, network=network, side=side, type=kind, tile=None) for kind in TYPES)
            if full is not None and half is not None:
                cells = (ratio_cell(full, half), memory_cell(full), memory_cell(half))
                rows.append((NAMES[network], str(side), *cells))
    header = ("network", "size", "float32 s / bfloat16 s", "float32: peak MiB", "bfloat16: peak MiB")
    return Table("The same in both types:", header, tuple(rows)) if rows else None


def networks_table(figures: Sequence[Figure]) -> Table | None:
    """Return how many times faster lite is than VGG19."""
    rows = []
    for side in values(figures, "side"):
        tile = TILES[side] if side > LARGEST_WHOLE["vgg19"] else None
        cells = []
        for kind in TYPES:
            alike = {"side": side, "type": kind, "tile": tile}
            cells.append(ratio_cell(*(only(figures, network=network, **alike) for network in NETWORKS)))
        if set(cells) != {"-"}:
            rows.append((f"{side} px", *cells))
    caption = (
        "How many times faster `lite` evaluates the default objective than VGG19, whole up to 2,048 px and in tiles "
        "above:"
    )
    return Table(caption, ("", *TYPES), tuple(rows)) if rows else None


def plot(figures: Sequence[Figure], page: Any) -> None:
    """Draw time and memory against the side."""
    left, right = page.subplots(1, 2)
    for network, color in zip(NETWORKS, ("tab:blue", "tab:orange"), strict=True):
        for kind in TYPES:
            for tiled in (False, True):
                own = [each for each in chosen(figures, network=network, type=kind) if ("tile" in each) == tiled]
                style = {
                    "color": color,
                    "linestyle": "--" if kind == "float32" else "-",
                    "marker": "s" if tiled else "o",
                }
                style |= {"markerfacecolor": "white"} if tiled else {}
                words = f"{NAMES[network]}, {kind}{', tiles' if tiled else ''}"
                sides = [each["side"] for each in own]
                if own:
                    left.plot(sides, [median(each) for each in own], label=words, **style)
                    right.plot(sides, [each["peak_memory_mb"] for each in own], label=words, **style)
    for axes, words in ((left, "seconds per evaluation"), (right, "peak memory, MiB")):
        axes.set_xscale("log", base=2)
        axes.set_yscale("log")
        axes.set_xticks(values(figures, "side"), [str(side) for side in values(figures, "side")])
        axes.set_xlabel("side of the picture, pixels")
        axes.set_ylabel(words)
        axes.legend(fontsize="small")


PART = Part(
    "sizes",
    "Sizes, types and networks",
    "One evaluation of `basic`, by size, network and type of the convolutions; whole, and in tiles. VGG19 "
    "is evaluated in tiles alone at 4,096 px, where its activations do not fit into the memory of most machines.",
    groups,
    prepare,
    {"sizes": whole_table, "types": types_table, "networks": networks_table},
    plot=plot,
)
