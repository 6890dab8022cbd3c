"""Tables and text of the pages that are made from the code."""

from __future__ import annotations

import re
from collections.abc import Iterable


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> list[str]:
    """Return the lines of a table."""
    heads = list(head)
    lines = [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in (heads, *rows)]
    return ["", lines[0], f"|{' --- |' * len(heads)}", *lines[1:], ""]


def cell(text: str) -> str:
    """Return a help text as Markdown: one space between words, and nothing that Markdown reads."""
    return re.sub(r"([*_<>`#])", r"\\\1", " ".join(text.split()))
