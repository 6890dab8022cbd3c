"""The terminal: consoles and tables that show what a name or a file's metadata holds, and let none of it act."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import rich.table
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, ConsoleRenderable, RenderHook, RenderResult
from rich.segment import Segment
from rich.table import Column
from rich.text import Text

from maskstyle.errors import visible

_ACTING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")

GAP = 2
"""Characters between two columns of a table."""

LEAST_FOLDED = 10
"""Characters of a column in which long words are divided."""


class SafeConsole(Console):
    """A console that writes control characters as escapes, and each message on one line."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.push_render_hook(_ShowingControls())

    def print(self, *objects: Any, **options: Any) -> None:
        """Print a message or a table."""
        super().print(*(visible(each) if isinstance(each, str) else each for each in objects), **options)


class Table(rich.table.Table):
    """A table without rules; no cell has control characters or line breaks; too wide, it has a line for each cell."""

    def __init__(self, *columns: Column | str) -> None:
        super().__init__(*columns, box=None, pad_edge=False)

    def add_row(self, *cells: Any, **options: Any) -> None:
        """Add a row."""
        super().add_row(*(visible(each) if isinstance(each, str) else each for each in cells), **options)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        least = sum(map(_least_width, self.columns)) + GAP * (len(self.columns) - 1)
        if least <= options.max_width:
            yield from super().__rich_console__(console, options)
            return
        for number, cells in enumerate(zip(*(column.cells for column in self.columns), strict=True)):
            if number:
                yield Text("")
            for column, cell in zip(self.columns, cells, strict=True):
                if cell:
                    yield Text.from_markup(f"{column.header}: {cell}" if column.header else str(cell))


def right(header: str) -> Column:
    """Return a column of numbers."""
    return Column(header, justify="right")


def _least_width(column: Column) -> int:
    """Return the width below which a column loses text."""
    if column.overflow == "fold":
        return LEAST_FOLDED
    texts = [Text.from_markup(str(each)).plain for each in (column.header, *column.cells)]
    return max(
        map(cell_len, texts if column.no_wrap else [word for text in texts for word in (text.split() or [""])])
    )


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
