"""Where messages for people go: the standard error stream, so that tables can be piped from standard output."""

from __future__ import annotations

import sys

from rich.console import Console


def messages() -> Console:
    """Return the console for messages; made anew, because tests replace the stream."""
    return Console(stderr=True, highlight=False, soft_wrap=True)


def tables() -> Console:
    """Return the console for tables."""
    width = None if sys.stdout.isatty() else 160
    return Console(highlight=False, width=width)
