"""Groups of commands whose help is written alike, with all versions of Typer."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import Any

import typer
from typer.core import TyperCommand


class Group(typer.Typer):
    """A group of commands; without a command, it prints its help."""

    def __init__(self, summary: str) -> None:
        super().__init__(help=summary, no_args_is_help=True)

    def command(self, *names: Any, **options: Any) -> Callable[..., Any]:
        """Return a decorator that adds a command; see `typer.Typer.command`."""
        return super().command(*names, **{"cls": Command, **options})


class Command(TyperCommand):
    """A command whose usage has names without braces, and whose help has defaults in one form."""

    def __init__(self, *values: Any, **options: Any) -> None:
        super().__init__(*values, **options)
        params: list[Any] = self.params  # of Typer or of Click, whose types differ
        for each in params:
            # Booleans need no default, and None is what the help of the option says.
            if each.show_default and each.default is not None and not isinstance(each.default, bool):
                each.help = f"{each.help}  (default: {each.default})"
            each.show_default = False
            if hasattr(each, "display_type"):  # of newer versions of Typer
                each.display_type = partial(_type_of_one, each.display_type)

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the pieces of the usage line: ``CONTENT`` where newer versions of Typer write ``{CONTENT}``."""
        pieces = (piece.upper() for piece in super().collect_usage_pieces(ctx))
        return [
            re.sub(r"^\{(.+?)(\.\.\.)?\}(\.\.\.)?$", lambda found: found[1] + (found[2] or found[3] or ""), each)
            for each in pieces
        ]


def _type_of_one(display_type: Callable[..., str], ctx: Any) -> str:
    """Return the type of one value: ``<path>`` where Typer names that of all together, ``<list[path]>``."""
    return re.sub(r"^<list\[(.*)\]>$", r"<\1>", display_type(ctx)).replace("<Path>", "<path>")
