"""The Markdown page of the suite's figures, and the tables of the docs that come from them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from parts import PARTS
from parts.part import Part, Table

MARKED = re.compile(r"(<!-- benchmark: (?P<name>[\w-]+) -->\n).*?(\n<!-- end -->)", re.DOTALL)
"""A table of the docs that comes from the suite, with the sentence above it."""

HEAD = """# Benchmarks

Made by `python benchmarks/suite.py`; [benchmarks/README.md](../benchmarks/README.md) says how to measure again.
Each case runs in a process of its own. Where cases are compared they take turns, one evaluation each: ratios are
medians of the ratios within a turn, seconds are medians. Peak memory is that of the whole process, TensorFlow's
import included. Absolute times are this machine's; compare ratios within one table."""


def make_page(results: Mapping[str, Any], images: Mapping[str, str] | None = None) -> str:
    """Return the page of the figures.

    Parameters
    ----------
    results : dict
        What the suite writes as JSON.
    images : dict of str to str, optional
        Plots by part, as the page links them.
    """
    blocks = [HEAD, machine_sentence(results["machine"])]
    if results["quick"]:
        blocks.append("**A smoke run with tiny pictures: these figures say nothing.**")
    for name, part in PARTS.items():
        if name in results["parts"]:
            blocks += part_blocks(part, results["parts"][name], (images or {}).get(name))
    return "\n\n".join([*blocks, times_block(results["parts"])]) + "\n"


def machine_sentence(machine: Mapping[str, Any]) -> str:
    """Return what was measured on, in words."""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    instructions = ", ".join(machine["instructions"]) or "none that matter were found"
    return (
        f"Measured on {machine['cores']} cores ({machine['processor']}; instructions: {instructions}) with "
        f"{machine['memory_gib']} GiB under {machine['system']}; {versions}."
    )


def part_blocks(part: Part, results: Mapping[str, Any], image: str | None) -> list[str]:
    """Return the paragraphs of a part."""
    tables = [table for make in part.tables.values() if (table := make(results["figures"])) is not None]
    blocks = [f"## {part.title}", part.text, *(table.markdown() for table in tables)]
    if image:
        blocks.append(f"![{part.title}]({image})")
    if results["failures"]:
        blocks.append("\n".join(["Not measured:", "", *_failure_lines(results["failures"])]))
    return blocks


def _failure_lines(failures: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return a line for each reason, with the cases that it holds for."""
    cases: dict[str, list[str]] = {}
    for each in failures:
        words = ", ".join(f"{name} {value}" for name, value in each.items() if name != "reason")
        cases.setdefault(each["reason"], []).append(words)
    return [f"- {reason}: {'; '.join(words)}." for reason, words in cases.items()]


def times_block(parts: Mapping[str, Any]) -> str:
    """Return what each part of the run took."""
    rows = [(name, f"{parts[name]['seconds']:.0f}") for name in PARTS if name in parts]
    total = sum(parts[name]["seconds"] for name in parts)
    return "## The run itself\n\n" + Table("Seconds:", ("part", "s"), (*rows, ("all", f"{total:.0f}"))).markdown()


def docs_tables(results: Mapping[str, Any]) -> dict[str, str]:
    """Return all tables that the figures give, by the names that the docs mark them with."""
    return {
        name: table.markdown()
        for part in PARTS.values()
        if part.name in results["parts"]
        for name, make in part.tables.items()
        if (table := make(results["parts"][part.name]["figures"])) is not None
    }


def filled(text: str, tables: Mapping[str, str]) -> str:
    """Return a page of the docs with its marked tables replaced by those that there are."""
    return MARKED.sub(
        lambda found: found[1] + tables[found["name"]] + found[3] if found["name"] in tables else found[0], text
    )


def marked_tables(text: str) -> dict[str, str]:
    """Return what stands in a page of the docs, by the names of its marked tables."""
    return {found["name"]: found[0].removeprefix(found[1]).removesuffix(found[3]) for found in MARKED.finditer(text)}


def docs_pages(root: Path) -> list[Path]:
    """Return the pages that may have marked tables."""
    return [root / "README.md", *sorted((root / "docs").glob("*.md"))]


def known_tables() -> set[str]:
    """Return the names that tables may have."""
    return {name for part in PARTS.values() for name in part.tables}
