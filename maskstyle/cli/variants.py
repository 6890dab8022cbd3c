"""Variants of one picture on a contact sheet: ``--try``, and ``maskstyle compare``."""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from maskstyle.cli.console import announce, interruptible, messages, print_wide, tables
from maskstyle.cli.forecast import styles_table, what_goes_where
from maskstyle.cli.options import check_named_once, flag_of
from maskstyle.cli.outputs import Files
from maskstyle.cli.session import Asked, check_memory, chosen_network, prepared, resolved
from maskstyle.errors import NumericalError, SettingsError, WeightsError
from maskstyle.images.streams import described, is_stream
from maskstyle.networks.load import NetworkChoice, Networks
from maskstyle.plans.checking import nearest
from maskstyle.plans.load import LoadedPlan, plan_files
from maskstyle.plans.plan import Plan
from maskstyle.synthesis.scene import Scene

if TYPE_CHECKING:
    from rich.console import Console

    from maskstyle.cli.console import Interrupt
    from maskstyle.cli.terminal import Table
    from maskstyle.networks.vgg import FeatureNetwork
    from maskstyle.synthesis.result import Result
    from maskstyle.synthesis.scales import Step

MOST_AXES = 2
"""How many options can vary at once: the rows and the columns of a sheet."""

NOT_VARIED = (
    *("output", "record", "plot", "snapshot_dir", "snapshot_every", "resume", "checkpoint_every", "dry_run", "quiet"),
    *("match_map", "layers", "no_metadata", "tried", "context", "draft", "scheduler"),
)
"""The parameters of commands that do not describe a picture."""


class Axis(NamedTuple):
    """An option and the values to try."""

    name: str  # the parameter of the command, or the setting of a plan
    texts: list[str]  # the values as written
    values: list[Any]  # the values as the command, or the plan, takes them


class Variant(NamedTuple):
    """One of the pictures of a sheet."""

    plan: Plan
    loaded: LoadedPlan
    scene: Scene
    choice: NetworkChoice


def option_axes(texts: Sequence[str], parameters: Sequence[inspect.Parameter]) -> list[Axis]:
    """Return what ``--try OPTION=VALUE,...`` varies; `parameters` are those of the command."""
    options = _options(parameters)

    def value(name: str, text: str) -> Any:
        return _value(name, typing.get_args(options[name].annotation)[0], text)

    def known(name: str) -> str:
        plain = name.lstrip("-").replace("_", "-")
        if plain.replace("-", "_") in NOT_VARIED:
            raise SettingsError(f"--try {name} has no effect on the pictures of a sheet; leave it out")
        if plain not in options:
            shown = (each for each, parameter in options.items() if each in (_flags(parameter) or [each]))
            raise SettingsError(f"--try {name}: there is no such option; {nearest(plain, shown)}")
        return plain

    axes = read_axes(texts, known, value, meant=lambda name: options[name].name)
    return [axis._replace(name=options[axis.name].name) for axis in axes]


def read_axes(
    texts: Sequence[str],
    known: Callable[[str], str],
    value: Callable[[str, str], Any],
    *,
    meant: Callable[[str], object],
) -> list[Axis]:
    """Return what ``--try OPTION=VALUE,...`` varies.

    `known` turns an option as written into its name, or raises SettingsError; `value` reads one of its values;
    `meant` tells what it varies, which other names may vary, too.
    """
    axes = [_axis(text, known, value) for text in texts]
    if len(axes) > MOST_AXES:
        raise SettingsError(f"--try varies {len(axes)} options; expected at most {MOST_AXES}: rows and columns")
    if len({meant(axis.name) for axis in axes}) < len(axes):
        raise SettingsError(f"--try names {axes[0].name} twice; list all its values in one --try")
    return axes


def _options(parameters: Sequence[inspect.Parameter]) -> dict[str, inspect.Parameter]:
    """Return the parameters that describe a picture, by their names and their flags."""
    options: dict[str, inspect.Parameter] = {}
    for each in parameters:
        if each.name not in NOT_VARIED:
            options |= dict.fromkeys((*_flags(each), each.name.replace("_", "-")), each)
    return options


def _flags(parameter: inspect.Parameter) -> list[str]:
    """Return the flags of a parameter without their dashes; an argument has none."""
    info = parameter.annotation.__metadata__[0]
    written = (info.default, *(info.param_decls or ()))  # Typer takes the first flag as the default
    return [flag.lstrip("-") for flag in written if isinstance(flag, str) and flag.startswith("--")]


def _axis(text: str, known: Callable[[str], str], value: Callable[[str, str], Any]) -> Axis:
    name, equals, listed = (part.strip() for part in text.partition("="))
    values = [part.strip() for part in listed.split(";" if ";" in listed else ",")]
    if not equals or not name or not all(values):
        raise SettingsError(f"--try is {text!r}; expected OPTION=VALUE,... such as strength=0.25,0.5,0.75")
    check_named_once(values, f"--try {name}")
    name = known(name)
    return Axis(name, [f"{name} {each}" for each in values], [value(name, each) for each in values])


def _value(name: str, kind: Any, text: str) -> Any:
    """Return a text as the type of an option; an option that may be given several times has one value."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        kind = typing.get_args(kind)[0]
    if typing.get_origin(kind) is list:
        return [text]
    choices = ("true", "false") if kind is bool else typing.get_args(kind)
    if choices and text not in choices:
        raise SettingsError(f"--try {name} is {text!r}; expected one of {', '.join(choices)}")
    if kind is bool or choices:
        return text == "true" if kind is bool else text
    try:
        return kind(text)
    except ValueError:
        what = "a whole number" if kind is int else "a number"
        raise SettingsError(f"--try {name} is {text!r}; expected {what}") from None


def check_one_sheet(given: Mapping[str, object]) -> None:
    """Raise SettingsError if an option is given that is for one picture."""
    for name in ("plot", "snapshot_dir", "snapshot_every", "match_map", "resume", "layers", "scheduler"):
        if given.get(name):
            raise SettingsError(f"{flag_of(name)} has no effect with --try, which writes one sheet; leave one out")


def columns_of(axes: Sequence[Axis]) -> int | None:
    """Return the number of panels in a row of a sheet; None for one option."""
    return len(axes[1].values) if len(axes) > 1 else None


def varied(given: Mapping[str, Any], axes: Sequence[Axis]) -> dict[str, dict[str, Any]]:
    """Return the parameters of each variant by its label, row by row."""
    pairs = [list(zip(axis.texts, axis.values, strict=True)) for axis in axes]
    variants = {}
    for chosen in itertools.product(*pairs):
        values = {axis.name: value for axis, (_, value) in zip(axes, chosen, strict=True)}
        variants[", ".join(text for text, _ in chosen)] = {**given, **values}
    return variants


def paint_variants(
    plans: Mapping[str, Plan], asked: Asked, *, columns: int | None = None, may_skip: bool = False
) -> None:
    """Paint variants of one technique, each plan with its label, one after another, and write their contact sheet.

    `columns` are the panels in a row if rows and columns are two options; by default, the inputs come first, three in
    a row. With `may_skip`, variants without weights are left out, as long as one remains.
    """
    files = [file for plan in plans.values() for file in plan_files(plan).values()]
    asked.files.check([*asked.protected, *dict.fromkeys(files)])
    for note in asked.files.notes():
        announce(note, quiet=asked.quiet, name="note")
    variants = _prepared(plans, asked, may_skip=may_skip)
    if not asked.quiet or asked.dry_run:
        _print_tables(variants, tables() if asked.dry_run else messages())
    if asked.dry_run:
        for name, variant in variants.items():
            (height, width), choice = variant.scene.result_size, resolved(variant.choice, variant.scene)
            tables().print(f"{name}: {width}x{height}, {choice}", markup=False, soft_wrap=True)
        return
    results: dict[str, Result] = {}
    failure: Exception | None = None
    with interruptible() as interrupt:
        painter = _Painter(interrupt, quiet=asked.quiet)
        for name, variant in variants.items():
            try:
                results[name] = painter.paint(name, variant)
            except NumericalError as error:
                failure = NumericalError(f"{name}: {error}")
            except Exception as error:  # the results before it are work, too
                failure = error
            if failure is not None or interrupt.asked():
                break
        interrupt.finishing = True
        is_whole = failure is None and not (interrupt.asked() and _unfinished(results, variants))
        written = asked.files if is_whole else asked.files.for_unfinished(resumed=False)
        if results:
            _write(written, _with_most_styles(variants), results, columns)
    _conclude(results, len(plans), dataclasses.replace(asked, files=written), failure, interrupted=not is_whole)


def _prepared(plans: Mapping[str, Plan], asked: Asked, *, may_skip: bool) -> dict[str, Variant]:
    """Return all variants, checked before the first is painted; each note is printed once."""
    variants: dict[str, Variant] = {}
    said: set[str] = set()
    skipped: dict[str, str] = {}
    for name, plan in plans.items():
        loaded, scene = prepared(plan, asked, said)
        try:
            choice = chosen_network(plan.settings, None if plan.weights is None else plan.file(plan.weights))
        except WeightsError as error:
            if not may_skip or len(skipped) == len(plans) - 1:
                raise
            skipped[name] = str(error).partition(";")[0]
            continue
        check_memory(scene, choice, plan.limits)
        variants[name] = Variant(plan, loaded, scene, choice)
    for name, why in skipped.items():
        announce(f"skipped: {why}; pass --networks lite to render it with lite", quiet=asked.quiet, name=name)
    return variants


def _print_tables(variants: Mapping[str, Variant], console: Console) -> None:
    """Print what goes where: once, and again for each variant in which another style goes somewhere."""
    printed = None
    for name, variant in variants.items():
        rows = what_goes_where(variant.loaded, variant.scene)
        if rows != printed and not variant.scene.layout.everywhere:
            console.print(f"{name}:", markup=False)
            print_wide(console, styles_table(variant.loaded, variant.scene, whole=False))
            printed = rows


class _Painter:
    """Paints variants; each network is loaded once."""

    def __init__(self, interrupt: Interrupt, *, quiet: bool) -> None:
        from maskstyle.networks.tensorflow_import import import_tensorflow

        import_tensorflow()
        self._interrupt, self._quiet = interrupt, quiet
        self._networks = Networks()

    def paint(self, name: str, variant: Variant) -> Result:
        """Paint a variant with a progress bar."""
        from maskstyle.synthesis.paint import Run, paint
        from maskstyle.synthesis.progress import StepBar

        network = self._network(name, variant)
        settings = variant.plan.settings
        with StepBar(variant.scene.sizes, settings, console=self._interrupt.console, quiet=self._quiet) as bar:

            def on_step(step: Step) -> None:
                self._interrupt.began = True
                bar.update(step)

            limits = variant.scene.limits(network.architecture, network.compute_type, variant.plan.limits)
            run = Run(network=network, limits=limits, on_step=on_step, should_stop=self._interrupt.asked)
            result = paint(variant.scene, run)
            if result.stopped_because != "interrupted":
                bar.finish()
            return result

    def _network(self, name: str, variant: Variant) -> FeatureNetwork:
        def say(choice: NetworkChoice) -> None:
            announce(str(choice), quiet=self._quiet, name=name)
            for note in choice.notes:
                announce(note, quiet=self._quiet, name="note")

        return self._networks.loaded(variant.choice, variant.plan.settings, on_load=say)


def _with_most_styles(variants: Mapping[str, Variant]) -> Variant:
    """Return the variant that shows the styles: one of strength 0 has none."""
    return max(variants.values(), key=lambda each: len(each.scene.layout.styles()))


def _write(files: Files, first: Variant, results: Mapping[str, Result], columns: int | None) -> None:
    """Write the contact sheet and, if requested, the record."""
    from maskstyle.cli.outputs import write_all, write_json
    from maskstyle.images.contact_sheet import Panel, make_sheet
    from maskstyle.images.io import save_image

    panels = []
    if columns is None:
        panels.append(Panel(first.loaded.picture.pixels, (first.plan.inputs.main,), first.loaded.picture.alpha))
        styles = first.scene.layout.styles()
        numbers = [f" {place}" if len(styles) > 1 else "" for place in range(1, len(styles) + 1)]
        panels += [
            Panel(each.image, (f"style{number}",), each.alpha) for each, number in zip(styles, numbers, strict=True)
        ]
    for name, result in results.items():
        time = f"{_steps(result)} steps in {result.seconds:.0f} s, {result.compute_type}"
        if result.stopped_because == "interrupted":
            time += ", interrupted"
        panels.append(Panel(result.image, (f"{name} ({result.network})", _losses(result), time), result.alpha))
    sheet = make_sheet(panels, columns=columns or 3)
    metadata = {name: each.metadata() for name, each in results.items()} if files.metadata else None
    record = {name: result.record() for name, result in results.items()}
    writers: list[tuple[Path, Callable[[Path], None]]] = [
        (files.output, lambda path: save_image(path, sheet, metadata=metadata))
    ]
    if files.record is not None:
        writers.append((files.record, lambda path: write_json(path, record)))
    write_all(writers)


def _unfinished(results: Mapping[str, Result], variants: Mapping[str, Variant]) -> bool:
    """Return whether a variant is missing or was interrupted."""
    return len(results) < len(variants) or any(each.stopped_because == "interrupted" for each in results.values())


def _conclude(
    results: Mapping[str, Result], count: int, asked: Asked, failure: Exception | None, *, interrupted: bool
) -> None:
    """Print what was painted, and end with the right exit code."""
    from maskstyle.cli.console import EXIT_INTERRUPTED

    output = described(asked.files.output, writing=True)
    if results and not asked.quiet:
        (messages() if is_stream(asked.files.output) else tables()).print(_table(results))
        messages().print(f"wrote {output}: {len(results)} of {count} results", markup=False)
    if failure is not None:
        raise failure
    if interrupted:
        messages().print(f"interrupted; the results so far are in {output}", markup=False)
        raise typer.Exit(EXIT_INTERRUPTED)


def _table(results: Mapping[str, Result]) -> Table:
    from rich.markup import escape

    from maskstyle.cli.terminal import Table

    table = Table("variant", "network", "final loss", "terms", "steps", "seconds")
    for name, result in results.items():
        total = f"{sum(result.losses.values()):.3g}"
        cells = (result.network, total, _losses(result), str(_steps(result)), f"{result.seconds:.1f}")
        table.add_row(escape(name), *cells)
    return table


def _losses(result: Result) -> str:
    return ", ".join(f"{term} {value:.3g}" for term, value in result.losses.items())


def _steps(result: Result) -> int:
    return sum(scale.evaluations for scale in result.scales)
