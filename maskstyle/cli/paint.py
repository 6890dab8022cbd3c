"""The painting commands: one for each technique, made from its declared inputs.

A command turns its options into a plan, and paints that plan.
"""

from __future__ import annotations

import dataclasses
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, Optional

import typer

from maskstyle.cli.options import (
    READING_OPTIONS,
    CheckpointEveryOption,
    DraftOption,
    DryRunOption,
    LayersOption,
    NoMetadataOption,
    OutputOption,
    PlotOption,
    QuietOption,
    RecordOption,
    ResumeOption,
    SnapshotsOption,
    TilesSchedulerOption,
    TryOption,
    WeightsOption,
    flag_of,
    option_type,
    parameters_of,
    setting_help,
)
from maskstyle.recipes import RECIPES
from maskstyle.settings import (
    CHECKPOINT_SECONDS,
    NETWORK,
    OUTPUT,
    PANELS,
    STYLE,
    WHERE,
    Limits,
    PatchSettings,
    Settings,
)
from maskstyle.techniques.inputs import Declared, Inputs, declared_inputs
from maskstyle.techniques.registry import LISTED, TECHNIQUES

FIRST = (
    *(
        "styles",
        "strength",
        "strengths",
        "style_scale",
        "content_map",
        "style_map",
        "doodle",
        "regions",
        "keep",
        "mapping",
    ),
    *("color", "feather", "draft", "size", "steps", "scales", "output", "recipe", "network", "weights"),
)
"""The options that people use most; they come first in their panels."""


def __getattr__(name: str) -> Callable[..., None]:
    """Return the command of a technique."""
    if name not in TECHNIQUES:
        raise AttributeError(name)
    return painting_command(TECHNIQUES[name])


def painting_command(inputs: type[Inputs]) -> Callable[..., None]:
    """Return the command of a technique: a function with the signature that Typer needs."""

    def command(**given: Any) -> None:
        from maskstyle.cli.options_to_plan import asked_of, plan_of_options
        from maskstyle.cli.session import paint_plan

        if given["tried"]:
            _paint_sheet(inputs, given, parameters)
            return
        plan, notes = plan_of_options(inputs, given)
        paint_plan(plan, asked_of(plan, given, notes))

    parameters = arranged(painting_parameters(inputs))
    return with_parameters(command, parameters, inputs)


def painting_parameters(inputs: type[Inputs]) -> list[inspect.Parameter]:
    """Return the arguments and options of the command of a technique."""
    return [*_inputs(inputs), *_settings(inputs), *_run(inputs)]


def with_parameters(
    command: Callable[..., None], parameters: list[inspect.Parameter], inputs: type[Inputs]
) -> Callable[..., None]:
    """Return a command with the parameters, name and help that Typer reads."""
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    command.__name__ = inputs.technique
    command.__doc__ = next(each.summary for each in LISTED if each.name == inputs.technique)
    return command


def _paint_sheet(inputs: type[Inputs], given: dict[str, Any], parameters: list[inspect.Parameter]) -> None:
    """Paint the variants of ``--try`` on one sheet."""
    from maskstyle.cli.options_to_plan import asked_of, plan_of_options
    from maskstyle.cli.variants import check_one_sheet, columns_of, option_axes, paint_variants, varied

    check_one_sheet(given)
    axes = option_axes(given["tried"], parameters)
    plans = {label: plan_of_options(inputs, each) for label, each in varied(given, axes).items()}
    first, notes = next(iter(plans.values()))
    asked = asked_of(first, {**given, "checkpoint_every": 0.0}, notes)
    paint_variants({label: plan for label, (plan, _) in plans.items()}, asked, columns=columns_of(axes))


def _inputs(inputs: type[Inputs]) -> list[inspect.Parameter]:
    """Return the arguments and options of the declared inputs."""
    defaults = {each.name: each.default for each in dataclasses.fields(inputs)}
    parameters = []
    for name, each in declared_inputs(inputs).items():
        if each.kind == "patches":
            parameters += [_setting(field, field.default) for field in dataclasses.fields(PatchSettings)]
            parameters.append(
                _option("match_map", Path, None, "Also write a picture of the matched style patches.", OUTPUT)
            )
        elif each.kind == "masked styles":
            parameters.append(_option(name, list[str], None, each.help, STYLE, flag=each.flag))
            part = "Region of the style map to take the style from, by color or number."
            beside = "Semantic map of the style image; default: NAME_map.png or NAME_sem.png beside it."
            parameters.append(_option("style_region", str, None, part, STYLE))
            parameters.append(_option("style_map", Path, None, beside, WHERE))
            parameters.append(_rest())
        else:
            parameters += _input(name, each, defaults[name])
    return parameters


def _input(name: str, declared: Declared, default: Any) -> list[inspect.Parameter]:
    """Return the argument or option of one declared input."""
    flag = declared.flag or flag_of(name)
    if declared.kind in ("image", "style"):
        return [_argument(name, Path, declared.help)]
    if declared.kind == "styles":
        again = "Additional style image to blend in, as FILE[:SHARE]; repeatable."
        return [
            _argument(name, str, declared.help),
            _option("more_styles", list[str], None, again, STYLE, flag="--style"),
        ]
    if declared.kind == "map" and not declared.of:
        return [_option(name, Path, inspect.Parameter.empty, declared.help, declared.panel, flag=flag)]
    if declared.kind == "flag":
        return [_option(name, bool, False, declared.help, declared.panel, flag=flag)]
    several = dict.fromkeys(("colors", "mapping", "strengths"), list[str])
    kinds: dict[str, Any] = {"map": Path, **several, "number": float}
    kind = kinds.get(declared.kind) or Literal[declared.choices]
    shown = f"{declared.help}  (default: {default})" if declared.kind in ("number", "choice") else declared.help
    return [_option(name, kind, None, shown, declared.panel, flag=flag)]


def _settings(inputs: type[Inputs]) -> list[inspect.Parameter]:
    """Return ``--recipe`` and the options of all settings that have an effect in a technique."""
    recipe = f"Settings by name, most from the literature: {', '.join(RECIPES)}."
    parameters = [_option("recipe", str, "default", recipe, STYLE)]
    for field in dataclasses.fields(Settings):
        hidden = field.name in inputs.without_effect
        main = "content image" if inputs.main == "content" else inputs.main
        parameters.append(_setting(field, getattr(inputs.defaults, field.name), main, hidden=hidden))
    return parameters


def _run(inputs: type[Inputs]) -> list[inspect.Parameter]:
    """Return the options of the run and of its outputs."""
    from maskstyle.plans.schema import reading_keys

    snapshots = "Steps between snapshots.  (default: none)"
    parameters = [
        *(_setting(field, field.default) for field in dataclasses.fields(Limits)),
        _option("snapshot_every", int, None, snapshots, OUTPUT),
    ]
    shared: dict[str, tuple[Any, Any]] = {
        "output": (OutputOption, inspect.Parameter.empty),
        "weights": (WeightsOption, None),
        "draft": (DraftOption, False),
        "record": (RecordOption, None),
        "plot": (PlotOption, None),
        "layers": (LayersOption, None),
        "no_metadata": (NoMetadataOption, False),
        "snapshot_dir": (SnapshotsOption, None),
        "resume": (ResumeOption, False),
        "checkpoint_every": (CheckpointEveryOption, CHECKPOINT_SECONDS),
        "scheduler": (TilesSchedulerOption, None),
        "dry_run": (DryRunOption, False),
        "quiet": (QuietOption, False),
        "tried": (TryOption, None),
    }
    shared |= {name: READING_OPTIONS[name] for name in reading_keys(inputs)}
    return parameters + parameters_of(shared)


def _setting(
    field: dataclasses.Field[Any], default: Any, main: str = "content image", *, hidden: bool = False
) -> inspect.Parameter:
    """Return the option of a declared setting, which is None if it is not given."""
    help_ = setting_help(field, default, main)
    return _option(field.name, option_type(field), None, help_, field.metadata["panel"], hidden=hidden)


def _argument(name: str, kind: Any, help: str) -> inspect.Parameter:
    argument = typer.Argument(help=help, show_default=False, metavar=name.upper())
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, annotation=Annotated[kind, argument])


def _option(
    name: str, kind: Any, default: Any, help: str, panel: str, *, flag: str = "", hidden: bool = False
) -> inspect.Parameter:
    option = typer.Option(
        flag or flag_of(name),
        help=help,
        rich_help_panel=panel,
        show_default=False,
        hidden=hidden,
        case_sensitive=False,
    )
    optional = Optional[kind] if default is None else kind  # noqa: UP045 - the type is known at run time only
    return inspect.Parameter(
        name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[optional, option]
    )


def _rest() -> inspect.Parameter:
    """Return the parameter that receives extra arguments, so that a missing ``--style`` can be explained."""
    return inspect.Parameter("context", inspect.Parameter.KEYWORD_ONLY, annotation=typer.Context)


def arranged(parameters: list[inspect.Parameter]) -> list[inspect.Parameter]:
    """Return parameters in the order of the help: arguments, then panel by panel, the most used first."""

    def place(parameter: inspect.Parameter) -> tuple[int, int]:
        first = FIRST.index(parameter.name) if parameter.name in FIRST else len(FIRST)
        details = getattr(parameter.annotation, "__metadata__", (None,))[0]
        if not isinstance(details, typer.models.OptionInfo):
            return -1, 0
        return PANELS.index(details.rich_help_panel or NETWORK), first

    return sorted(parameters, key=place)
