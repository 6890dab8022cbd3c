"""``maskstyle run`` paints a plan file; ``maskstyle plan`` makes one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maskstyle.cli.options import (
    CheckpointEveryOption,
    DraftOption,
    DryRunOption,
    LayersOption,
    NoMetadataOption,
    PlotOption,
    QuietOption,
    RecordOption,
    ResumeOption,
    SnapshotsOption,
    TryOption,
    WeightsOption,
    check_init,
    draft_changes,
    number,
    parse_layers,
)
from maskstyle.errors import SettingsError
from maskstyle.plans.checking import Source
from maskstyle.plans.plan import Plan
from maskstyle.plans.settings_table import FIELDS, RUN_FIELDS, Chosen, chosen_settings
from maskstyle.settings import CHECKPOINT_SECONDS, DRAFT, NAMED_INITS, OUTPUT, STYLE, size_from_text

if TYPE_CHECKING:
    from maskstyle.cli.session import Asked

plans = typer.Typer(help="Make plan files, which `maskstyle run` paints.", no_args_is_help=True)


def run(
    plan: Annotated[Path, typer.Argument(help="Plan file (TOML).", show_default=False, metavar="PLAN")],
    values: Annotated[
        list[str] | None,
        typer.Option("--set", help="Override a setting, as NAME=VALUE; repeatable.", rich_help_panel=STYLE),
    ] = None,
    draft: DraftOption = False,
    resume: ResumeOption = False,
    checkpoint_every: CheckpointEveryOption = CHECKPOINT_SECONDS,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Result to write, instead of the plan's.", rich_help_panel=OUTPUT),
    ] = None,
    dry_run: DryRunOption = False,
    record: RecordOption = None,
    plot: PlotOption = None,
    layers: LayersOption = None,
    no_metadata: NoMetadataOption = False,
    snapshot_dir: SnapshotsOption = None,
    quiet: QuietOption = False,
    weights: WeightsOption = None,
    tried: TryOption = None,
) -> None:
    """Paint the picture that a plan file describes."""
    from maskstyle.cli.outputs import Files
    from maskstyle.cli.session import Asked, paint_plan
    from maskstyle.plans.load import check_files
    from maskstyle.plans.read import read_plan

    read = read_plan(plan)
    if draft:
        read = dataclasses.replace(read, settings=read.settings.changed(**draft_changes(weights)))
    read = _with_values(read, values or [])
    notes = []
    if draft and weights is None and read.weights is not None and read.settings.network == DRAFT["network"]:
        notes.append(f"the draft uses {DRAFT['network']}, without {read.weights}, which the plan names")
        read = dataclasses.replace(read, weights=None)
    check_files(read)
    if weights is not None:
        read = dataclasses.replace(read, weights=str(weights.absolute()))
    written = output or (None if read.output is None else read.file(read.output))
    if written is None and not dry_run:
        raise read.source.error((), 'the plan names no output; add output = "out.png", or pass -o FILE')
    target = written or Path("out.png")
    files = Files(
        target,
        record,
        plot,
        snapshot_dir,
        layers=layers,
        metadata=not no_metadata,
        resume=resume,
        checkpoint_every=checkpoint_every,
    )
    asked = Asked(files, notes, dry_run=dry_run, quiet=quiet, protected=[plan], named_output=written is not None)
    if output is None and written is not None:
        from maskstyle.plans.load import plan_files

        with read.source.locating("output"):
            Files(written).check([plan, *plan_files(read).values()])
    if tried:
        _paint_sheet(read, tried, asked)
    else:
        paint_plan(read, asked)


def _paint_sheet(plan: Plan, tried: Sequence[str], asked: Asked) -> None:
    """Paint the variants of ``--try`` on one sheet."""
    from maskstyle.cli.variants import check_one_sheet, columns_of, paint_variants, read_axes, varied

    files = asked.files
    check_one_sheet(
        {"plot": files.plot, "snapshot_dir": files.snapshots, "resume": files.resume, "layers": files.layers}
    )
    names = {name.replace("_", "-") for name in {**FIELDS, **RUN_FIELDS} if name != "snapshot_every"}
    axes = read_axes(tried, names, lambda name, text: text)
    plans = {
        label: _with_values(plan, [f"{name.replace('-', '_')}={text}" for name, text in values.items()], "--try")
        for label, values in varied({}, axes).items()
    }
    paint_variants(plans, asked, columns=columns_of(axes))


@plans.command("new")
def plan_new(
    content: Annotated[Path, typer.Argument(help="Content image.", show_default=False, metavar="PHOTO")],
    styles: Annotated[list[Path], typer.Argument(help="Style images.", show_default=False, metavar="PAINTING...")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Plan to write; default: print it.")] = None,
) -> None:
    """Write a plan to edit, with the regions of the maps beside the images."""
    from maskstyle.cli.outputs import check_distinct
    from maskstyle.images.writing import check_replaceable
    from maskstyle.plans.new import new_plan
    from maskstyle.plans.recording import recorded_path

    if output is not None:
        check_distinct({"--output": output}, [content, *styles])
        check_replaceable(output)
    plan = output or Path("plan.toml")
    _put(new_plan(content, styles, plan, lambda path: recorded_path(path, plan)), output)


@plans.command("from")
def plan_from(
    result: Annotated[Path, typer.Argument(help="Result of maskstyle.", show_default=False, metavar="RESULT")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Plan to write; default: print it.")] = None,
) -> None:
    """Make the plan that repeats a result from its metadata."""
    from maskstyle import __version__
    from maskstyle.cli.console import announce
    from maskstyle.cli.outputs import check_distinct
    from maskstyle.images.io import read_metadata
    from maskstyle.images.writing import check_replaceable
    from maskstyle.plans.from_result import plan_of_result
    from maskstyle.plans.recording import describe_changes, recorded_path
    from maskstyle.plans.write import moved, plan_text

    if output is not None:
        check_distinct({"--output": output}, [result])
        check_replaceable(output)
    metadata = read_metadata(result)
    if metadata is None:
        raise SettingsError(f"{result} has no metadata of maskstyle; name a result that maskstyle wrote")
    recorded = metadata.get("sha256")
    hashes = recorded if isinstance(recorded, dict) else {}
    if output is not None:
        check_distinct({"--output": output}, [result.parent / name for name in hashes])
    plan = output or Path("plan.toml")  # what is printed goes into a file of the working folder
    table = moved(plan_of_result(metadata, result), lambda path: recorded_path(result.parent / path, plan))
    text = plan_text(table, f"repeats {result.name}; written by maskstyle {__version__}")
    notes = describe_changes(hashes, result)
    if metadata.get("stopped_because") == "interrupted":
        notes.append(f"{result} was interrupted; the plan paints the whole picture")
    for note in notes:
        announce(note, quiet=False, name="note")
    _put(text, output)


def _put(text: str, output: Path | None) -> None:
    """Write a plan to a file, or print it."""
    from rich.markup import escape

    from maskstyle.cli.console import messages, put
    from maskstyle.images.writing import write_text

    if output is None:
        put(text)
        return
    write_text(output, text)
    messages().print(f"wrote {escape(str(output))}")


def _with_values(plan: Plan, texts: Sequence[str], flag: str = "--set") -> Plan:
    """Return a plan with the settings of ``--set`` or ``--try``."""
    values: dict[str, Any] = {}
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not name:
            raise SettingsError(f"{flag} is {text!r}; expected NAME=VALUE such as size=768")
        if name in plan.inputs.without_effect:
            raise SettingsError(f"{flag} {name} has no effect in technique {plan.technique!r}; leave it out")
        values[name] = _value(name, value, flag)
    init = values.get("init", "content")
    if init not in NAMED_INITS:
        check_init(init, f"{flag} init")
        values["init"] = str(Path(init).absolute())
    base = Chosen(plan.settings, plan.initial, plan.limits, plan.snapshot_every)
    source = Source()
    chosen = chosen_settings(base, values, lambda name, text: source.report((), f"{flag}: {text}"))
    source.raise_found()
    return dataclasses.replace(
        plan,
        settings=chosen.settings,
        initial=chosen.initial,
        limits=chosen.limits,
        snapshot_every=chosen.snapshot_every,
        given=plan.given | values.keys(),
    )


def _value(name: str, text: str, flag: str) -> Any:
    """Return a text as a value of the type of a setting; unknown settings keep the text."""
    kind = (FIELDS | RUN_FIELDS).get(name, "str")
    if kind == "LayerMix":
        return dict(parse_layers(text, f"{flag} {name}"))
    if name == "size":
        return size_from_text(text)
    if kind == "bool" and text in ("true", "false"):
        return text == "true"
    if kind.startswith("float"):
        return number(text, f"{flag} {name}")
    if kind.startswith("int"):
        try:
            return int(text)
        except ValueError:
            raise SettingsError(f"{flag} {name} is {text!r}; expected a whole number") from None
    return text
