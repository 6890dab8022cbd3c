"""``maskstyle run`` paints a plan file; ``maskstyle plan`` makes one."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maskstyle.cli.changes import find_key, with_values
from maskstyle.cli.group import Group
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
    SetOption,
    SnapshotsOption,
    TilesSchedulerOption,
    TryOption,
    WeightsOption,
    draft_changes,
    same_result_size,
)
from maskstyle.errors import SettingsError
from maskstyle.plans.plan import Plan
from maskstyle.settings import CHECKPOINT_SECONDS, DRAFT, OUTPUT

if TYPE_CHECKING:
    from maskstyle.cli.session import Asked

plans = Group("Make plan files, which `maskstyle run` paints.")


def run(
    plan: Annotated[Path, typer.Argument(help="Plan file (TOML).", show_default=False, metavar="PLAN")],
    values: SetOption = None,
    draft: DraftOption = False,
    resume: ResumeOption = False,
    checkpoint_every: CheckpointEveryOption = CHECKPOINT_SECONDS,
    scheduler: TilesSchedulerOption = None,
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
    from maskstyle.plans.read import read_plan

    read, notes = changed_plan(read_plan(plan), values or [], draft=draft, weights=weights)
    written = output or (None if read.output is None else read.file(read.output))
    if written is None and not dry_run:
        raise read.source.error((), 'the plan names no output; add output = "out.png", or pass -o FILE')
    target = written or Path("out.png")
    if layers is None and read.layers is not None:
        layers = read.file(read.layers)
        if tried:
            notes.append(f"no layers are written to {layers}, as --try writes one sheet")
            layers = None
    files = Files(
        target,
        record,
        plot,
        snapshot_dir,
        layers=layers,
        metadata=read.metadata and not no_metadata,
        resume=resume,
        checkpoint_every=checkpoint_every,
    )
    asked = Asked(
        files,
        notes,
        dry_run=dry_run,
        quiet=quiet,
        protected=[plan],
        named_output=written is not None,
        scheduler=scheduler,
    )
    if output is None and written is not None:
        from maskstyle.plans.load import plan_files

        with read.source.locating("output"):
            Files(written).check([plan, *plan_files(read).values()])
    if layers is not None and read.layers is not None:
        from maskstyle.plans.load import plan_files

        with read.source.locating("run", "layers"):
            Files(target, layers=layers).check([plan, *plan_files(read).values()])
    if tried:
        _paint_sheet(read, tried, asked)
    else:
        paint_plan(read, asked)


def changed_plan(
    plan: Plan, values: Sequence[str], *, draft: bool, weights: Path | None, many: bool = False
) -> tuple[Plan, list[str]]:
    """Return a plan, of one picture or many, as the options change it, and notes; its files must exist."""
    from maskstyle.plans.load import check_files

    notes, full = [], with_values(plan, values, many=many)
    if draft:  # options win; they may name another content image
        picture = full.file(full.main)
        changes = draft_changes(weights, picture)
        plan = with_values(dataclasses.replace(plan, settings=plan.settings.changed(**changes)), values, many=many)
        same = plan.settings.changed(size=None) == full.settings.changed(size=None)
        if same and same_result_size(picture, plan.settings.size, full.settings.size):
            notes.append(
                "--draft has no effect: the plan and --set have its settings, or the picture is as small as a draft"
            )
    else:
        plan = full
    if draft and weights is None and plan.weights is not None and plan.settings.network == DRAFT["network"]:
        notes.append(f"the draft uses {DRAFT['network']}, without {plan.weights}, which the plan names")
        plan = dataclasses.replace(plan, weights=None)
    check_files(plan)
    if weights is not None:
        plan = dataclasses.replace(plan, weights=str(weights.absolute()))
    return plan, notes


def _paint_sheet(plan: Plan, tried: Sequence[str], asked: Asked) -> None:
    """Paint the variants of ``--try`` on one sheet."""
    from maskstyle.cli.variants import check_one_sheet, columns_of, paint_variants, read_axes, varied
    from maskstyle.plans.load import check_files

    files = asked.files
    check_one_sheet(
        {
            "plot": files.plot,
            "snapshot_dir": files.snapshots,
            "resume": files.resume,
            "layers": files.layers,
            "scheduler": asked.scheduler,
        }
    )

    def known(name: str) -> str:
        plain = name.lstrip("-")
        if find_key(plan, plain, "--try").path == ("settings", "snapshot_every"):
            raise SettingsError(f"--try {plain} has no effect, as it writes one sheet; leave it out")
        return plain

    axes = read_axes(tried, known, lambda name, text: text, meant=lambda name: find_key(plan, name, "--try").path)
    plans = {
        label: with_values(plan, [f"{name}={text}" for name, text in values.items()], "--try")
        for label, values in varied({}, axes).items()
    }
    for each in plans.values():
        check_files(each)
    paint_variants(plans, asked, columns=columns_of(axes))


@plans.command("new")
def plan_new(
    content: Annotated[Path, typer.Argument(help="Content image.", show_default=False, metavar="PHOTO")],
    styles: Annotated[list[Path], typer.Argument(help="Style images.", show_default=False, metavar="PAINTING...")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Plan to write; default: print it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing plan.")] = False,
) -> None:
    """Write a plan to edit, with the regions of the maps beside the images."""
    from maskstyle.cli.outputs import check_distinct
    from maskstyle.cli.replaced import check_new
    from maskstyle.plans.records import recorded_path
    from maskstyle.plans.write import new_plan

    if output is not None:
        check_distinct({"--output": output}, [content, *styles])
        check_new(output, force=force)
    plan = output or Path("plan.toml")
    _put(new_plan(content, styles, plan, lambda path: recorded_path(path, plan)), output)


@plans.command("from")
def plan_from(
    result: Annotated[Path, typer.Argument(help="Result of maskstyle.", show_default=False, metavar="RESULT")],
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Plan to write; default: print it.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing plan.")] = False,
) -> None:
    """Make the plan that repeats a result from its metadata."""
    from maskstyle import __version__
    from maskstyle.cli.console import announce
    from maskstyle.cli.outputs import check_distinct
    from maskstyle.cli.replaced import check_new
    from maskstyle.images.io import read_metadata
    from maskstyle.images.paths import local, portable
    from maskstyle.plans.records import (
        describe_changes,
        plan_of_result,
        real_file,
        recorded_hashes,
        recorded_path,
    )
    from maskstyle.plans.write import moved, plan_text

    if output is not None:
        check_distinct({"--output": output}, [result])
        check_new(output, force=force)
    metadata = read_metadata(result)
    if metadata is None:
        raise SettingsError(f"{result} has no metadata of maskstyle; name a result that maskstyle wrote")
    real = real_file(result)
    table = plan_of_result(metadata, real)
    hashes = recorded_hashes(metadata)
    if output is not None:
        check_distinct({"--output": output}, [result.parent / local(name) for name in hashes])
    plan = output or Path("plan.toml")  # what is printed goes into a file of the working folder
    table = moved(table, lambda path: recorded_path(real.parent / path, plan))
    text = plan_text(table, f"repeats {portable(result.name)}; written by maskstyle {__version__}")
    notes = describe_changes(hashes, real)
    if metadata.get("stopped_because") == "interrupted":
        notes.append(f"{result} was interrupted; the plan paints the whole picture")
    for note in notes:
        announce(note, quiet=False, name="note")
    _put(text, output)


def _put(text: str, output: Path | None) -> None:
    """Write a plan to a file, or print it."""
    from rich.markup import escape

    from maskstyle.cli.console import messages, put
    from maskstyle.images.paths import portable
    from maskstyle.images.writing import write_text

    text = portable(text)
    if output is None:
        put(text)
        return
    write_text(output, text)
    messages().print(f"wrote {escape(str(output))}")
