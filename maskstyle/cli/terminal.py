"""The terminal: consoles and tables that show what a name or a file's metadata holds, and let none of it act."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import rich.table
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.segment import Segment

from maskstyle.cli.console import visible

_ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


class SafeConsole(Console):
    """A console that writes control characters as escapes, and each message on one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.push_render_hook(_ShowingControls())

    def print(self, *objects: Any, **options: Any) -> None:
        """Print a message or a table."""
        super().print(*(visible(each) if isinstance(each, str) else each for each in objects), **options)


class Table(rich.table.Table):
    """A table in which no cell has control characters or line breaks."""

    def add_row(self, *cells: Any, **options: Any) -> None:
        """Add a row."""
        super().add_row(*(visible(each) if isinstance(each, str) else each for each in cells), **options)


class _ShowingControls(RenderHook):
    """Shows the control characters of whatever is printed, such as a progress bar."""

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        return [_Shown(each) for each in renderables]


class _Shown:
    def __init__(self, renderable: ConsoleRenderable) -> None:
        self._renderable = renderable

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        segments: Iterable[Segment] = console.render(self._renderable, options)
        for text, style, control in segments:
            yield Segment(text if control else _ACTING.sub(lambda found: visible(found[0]), text), style, control)
