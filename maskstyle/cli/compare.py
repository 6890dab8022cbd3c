"""``maskstyle compare``: one pair of images with several recipes or networks, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from maskstyle.cli.options import QuietOption, WeightsOption, check_named_once
from maskstyle.errors import SettingsError
from maskstyle.recipes import find_recipe
from maskstyle.settings import CHOICES, size_from_text


def compare(
    content: Annotated[Path, typer.Argument(help="Content image.", show_default=False, metavar="CONTENT")],
    style: Annotated[Path, typer.Argument(help="Style image.", show_default=False, metavar="STYLE")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Contact sheet to write.", show_default=False)],
    recipes: Annotated[str, typer.Option("--recipes", help="Recipes to compare, as NAME,...")] = "default",
    networks: Annotated[
        str | None,
        typer.Option("--networks", help="Networks for each recipe, as NAME,...  (default: the recipe's)"),
    ] = None,
    size: Annotated[
        str | None, typer.Option("--size", help="Longer side of each result in pixels, WIDTHxHEIGHT, or original.")
    ] = None,
    steps: Annotated[int | None, typer.Option("--steps", help="Steps per size.  (default: the recipe's)")] = None,
    weights: WeightsOption = None,
    record: Annotated[Path | None, typer.Option("--json", help="Write a JSON record of all runs.")] = None,
    quiet: QuietOption = False,
) -> None:
    """Render one pair of images with several recipes or networks."""
    from maskstyle.cli.options_to_plan import plan_of_table
    from maskstyle.cli.outputs import Files
    from maskstyle.cli.session import Asked
    from maskstyle.cli.variants import paint_variants

    table: dict[str, Any] = {
        "technique": "basic",
        "content": str(content),
        "styles": {"style": {"image": str(style)}},
    }
    if weights is not None:
        table["weights"] = str(weights)
    wanted = None if size is None else size_from_text(size)
    sizes = {name: value for name, value in (("size", wanted), ("steps", steps)) if value is not None}
    plans = {
        label: plan_of_table({**table, "recipe": recipe, "settings": {**sizes, **network}})
        for label, (recipe, network) in _combinations(recipes, networks).items()
    }
    asked = Asked(Files(output, record), quiet=quiet)
    paint_variants(plans, asked, may_skip=networks is None and weights is None)


def _combinations(recipes: str, networks: str | None) -> dict[str, tuple[str, dict[str, str]]]:
    """Return every recipe, or every recipe with every network, by label."""
    names = _names(recipes, "--recipes")
    for recipe in names:
        find_recipe(recipe)
    if networks is None:
        return {recipe: (recipe, {}) for recipe in names}
    listed = _names(networks, "--networks")
    for network in listed:
        if network not in CHOICES["network"]:
            expected = ", ".join(CHOICES["network"])
            raise SettingsError(f"--networks names {network!r}; expected networks from: {expected}")
    return {f"{recipe}, {network}": (recipe, {"network": network}) for recipe in names for network in listed}


def _names(text: str, flag: str) -> list[str]:
    names = [part.strip() for part in text.split(",")]
    if not all(names):
        raise SettingsError(f"{flag} is {text!r}; expected NAME,...")
    check_named_once(names, flag)
    return names
