"""The page of all commands, made from their parsers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import typer
from markdown_text import cell, table

from maskstyle.cli.app import app as command_line
from maskstyle.settings import PANELS


def commands_page() -> Iterator[str]:
    """Yield the lines of the page of all commands, as their parsers describe them."""
    yield "# Commands\n"
    yield (
        "`maskstyle COMMAND --help` prints the same. An option in **bold** is required. "
        "[Which command do I want?](../how-to/commands.md)"
    )
    group = typer.main.get_command(command_line)
    for name in group.list_commands(None):  # type: ignore[attr-defined]
        yield from command_lines(group.get_command(None, name), f"maskstyle {name}", 2)  # type: ignore[attr-defined]


def command_lines(command: Any, name: str, level: int) -> Iterator[str]:
    """Yield the section of a command, and those of its subcommands."""
    context = typer.Context(command, info_name=name)
    yield f"\n{'#' * level} {name}\n\n{command.help}\n"
    subcommands = getattr(command, "commands", {})
    if not subcommands:
        yield f"```text\n{' '.join([name, *command.collect_usage_pieces(context)])}\n```"
        yield from option_tables(command, context)
    for each, subcommand in subcommands.items():
        yield from command_lines(subcommand, f"{name} {each}", level + 1)


def option_tables(command: Any, context: Any) -> Iterator[str]:
    """Yield a table of the arguments of a command, and one for each panel of its options."""
    panels: dict[str, list[tuple[str, str]]] = {}
    for parameter in command.params:
        if "--help" in parameter.opts:
            continue
        argument = parameter.param_type_name == "argument"
        panel = "Arguments" if argument else parameter.rich_help_panel or "Options"
        record = parameter.get_help_record(context)
        if record is not None:
            names, text = record
            code = f"`{names.removeprefix('[').removesuffix(']')}`"
            text = re.sub(r"\s*\[required\]", "", text)
            panels.setdefault(panel, []).append((f"**{code}**" if parameter.required else code, cell(text)))
    order = ["Arguments", "Options", *PANELS]
    for panel in sorted(panels, key=lambda each: order.index(each) if each in order else len(order)):
        yield from table((panel, ""), panels[panel])
