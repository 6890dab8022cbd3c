"""``maskstyle recipes``."""

from __future__ import annotations

import dataclasses
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from maskstyle.cli.console import tables
from maskstyle.cli.options import DEFAULT_SIZE, flag_of, layer_mix_text
from maskstyle.recipes import RECIPES, Recipe, find_recipe


def recipes(
    name: Annotated[str | None, typer.Argument(help="Show every setting of this one.", show_default=False)] = None,
) -> None:
    """List the recipes: settings from the literature, and the project's own."""
    if name is not None:
        _print_settings(find_recipe(name))
        return
    table = Table("recipe", "what it is", "network", "optimizer", "steps", box=None, pad_edge=False)
    for recipe in RECIPES.values():
        chosen = recipe.settings
        table.add_row(recipe.name, escape(recipe.title), chosen.network, chosen.optimizer, str(chosen.steps))
    tables().print(table)


def _print_settings(recipe: Recipe) -> None:
    console = tables()
    console.print(f"[bold]{recipe.name}[/]: {escape(recipe.title)}")
    console.print(escape(recipe.source), soft_wrap=True)
    table = Table("option", Column("value", overflow="fold"), box=None, pad_edge=False)
    for field in dataclasses.fields(recipe.settings):
        value = getattr(recipe.settings, field.name)
        text = layer_mix_text(value) if isinstance(value, tuple) else str(value)
        table.add_row(flag_of(field.name), escape(DEFAULT_SIZE if value is None else text))
    console.print(table)
