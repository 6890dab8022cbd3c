"""What commands that paint many pictures share: they are made from the painting commands of one picture."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeAlias

import typer

from maskstyle.batch.pictures import fields_of, filled
from maskstyle.cli.group import Group
from maskstyle.cli.options import flag_of, parameters_of
from maskstyle.cli.paint import arranged, painting_parameters, with_parameters
from maskstyle.settings import OUTPUT, STYLE
from maskstyle.techniques.inputs import Inputs
from maskstyle.techniques.registry import LISTED, TECHNIQUES

if TYPE_CHECKING:
    from maskstyle.plans.plan import Plan

ONE_PICTURE = (
    *("output", "record", "plot", "snapshot_every", "snapshot_dir", "layers", "no_metadata", "resume", "tried"),
    *("match_map", "dry_run", "scheduler"),
)
"""The parameters of a painting command that concern one picture."""

ForceOption: TypeAlias = Annotated[
    bool, typer.Option("--force", help="Paint again what is done; replace other files.", rich_help_panel=OUTPUT)
]

PlanOf: TypeAlias = "Callable[[Path, int], tuple[Plan, list[str]]]"
"""From a picture and its number, from 1, to its plan and notes."""


class Batch(NamedTuple):
    """How a batch is painted."""

    output_dir: Path  # folder of the results
    name: str  # pattern of their names
    force: bool  # whether to paint again what is done
    report: Path | None  # as JSON
    scheduler: str | None  # where to paint; None: in this process
    listing: bool  # whether to list what would be painted, only
    quiet: bool  # print nothing but errors


class Pictures(NamedTuple):
    """How a command of many pictures takes them."""

    kind: Any  # the type of the argument or option
    help: str
    metavar: str  # what the help calls the argument

    def of(self, parameter: inspect.Parameter) -> inspect.Parameter:
        """Return the parameter of the content image, or of the doodle, for many."""
        if isinstance(parameter.annotation.__metadata__[0], typer.models.ArgumentInfo):
            details: Any = typer.Argument(help=self.help, show_default=False, metavar=self.metavar)
        else:
            repeatable = f"{self.help[:-1]}; repeatable." if self.kind == list[str] else self.help
            details = typer.Option(flag_of(parameter.name), help=repeatable, rich_help_panel=STYLE)
        return parameter.replace(annotation=Annotated[self.kind, details])


def technique_commands(summary: str, command_of: Callable[[type[Inputs]], Callable[..., None]]) -> Group:
    """Return a group with a command for each technique."""
    app = Group(summary)
    for each in LISTED:
        if each.name != "plan":
            app.command(each.name, help=each.summary)(command_of(TECHNIQUES[each.name]))
    return app


def command_of_many(
    inputs: type[Inputs],
    pictures: Pictures,
    shared: Mapping[str, tuple[Any, Any]],
    paint: Callable[[Any, PlanOf, dict[str, Any]], None],
    *,
    without: tuple[str, ...] = ONE_PICTURE,
) -> Callable[..., None]:
    """Return the command that paints many pictures by one technique.

    It has the options of the painting command but those of `without`, and those of `shared`, each with its annotation
    and default. `paint` gets what names the pictures, a function to their plans, and the values of `shared` and
    ``quiet`` by name.
    """

    def command(**given: Any) -> None:
        asked = {**{each: given.pop(each) for each in shared}, "quiet": given["quiet"]}
        texts = given.pop(inputs.main)
        given = {**dict.fromkeys(without), **given}

        def plan_of(picture: Path, number: int) -> tuple[Plan, list[str]]:
            from maskstyle.cli.options_to_plan import plan_of_options

            fields = fields_of(picture, number)
            own = {name: _filled(value, fields, flag_of(name)) for name, value in given.items()}
            return plan_of_options(inputs, {**own, inputs.main: picture})

        paint(texts, plan_of, asked)

    kept = [each for each in painting_parameters(inputs) if each.name not in without]
    own = [pictures.of(each) if each.name == inputs.main else each for each in kept]
    return with_parameters(command, arranged([*own, *parameters_of(shared)]), inputs)


def changed_plan_of_many(
    file: Path, values: Sequence[str] | None, *, draft: bool, weights: Path | None
) -> tuple[Plan, list[str]]:
    """Read a plan file for many pictures, as options change it; return the plan and notes."""
    from maskstyle.cli.run import changed_plan
    from maskstyle.plans.read import read_plan

    plan, notes = changed_plan(read_plan(file), values or [], draft=draft, weights=weights, many=True)
    unused = {"layers": plan.layers, "metadata": not plan.metadata, "snapshot_every": plan.snapshot_every}
    for name in (name for name, value in unused.items() if value and name in plan.given):
        notes.append(f"{name} of {file} has no effect here: only the results are written, each with its record")
    return plan, notes


def _filled(value: Any, fields: Mapping[str, str], flag: str) -> Any:
    """Return the value of an option with the fields of a picture, such as {name}, filled."""
    if isinstance(value, list):
        return [_filled(each, fields, flag) for each in value]
    if isinstance(value, str | Path) and "{" in str(value) and not Path(value).exists():
        return type(value)(filled(str(value), dict(fields), of=flag))
    return value
