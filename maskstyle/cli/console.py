"""Where messages for people go: the standard error stream, so that tables can be piped from standard output."""

from __future__ import annotations

import sys

from rich.console import Console

PIPED_WIDTH = 1000
"""Columns of a table that is not shown on a terminal, so that nothing is folded."""


def messages() -> Console:
    """Return the console for messages; made anew, because tests replace the stream."""
    return Console(stderr=True, highlight=False, soft_wrap=True, emoji=False)


def tables() -> Console:
    """Return the console for tables."""
    width = None if sys.stdout is not None and sys.stdout.isatty() else PIPED_WIDTH
    return Console(highlight=False, emoji=False, width=width)
