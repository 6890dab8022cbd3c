"""``maskstyle batch``: paint many pictures in one run."""

from __future__ import annotations

import dataclasses
import inspect
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from maskstyle.batch.pictures import FIELDS, find_pictures, output_paths
from maskstyle.cli.many import (
    Batch,
    ForceOption,
    Pictures,
    PlanOf,
    changed_plan_of_many,
    command_of_many,
    technique_commands,
)
from maskstyle.cli.options import DraftOption, QuietOption, SetOption, WeightsOption
from maskstyle.errors import ImageError, MaskstyleError, SettingsError
from maskstyle.settings import OUTPUT, SPEED, STYLE
from maskstyle.techniques.inputs import Inputs

if TYPE_CHECKING:
    from maskstyle.batch.work import Task
    from maskstyle.plans.plan import Plan

OutputFolder = Annotated[
    Path,
    typer.Option("--output-dir", "-o", help="Folder of the results.", show_default=False, rich_help_panel=OUTPUT),
]
NamePattern = Annotated[
    str,
    typer.Option(
        "--name",
        help=f"Name of each result; may contain {', '.join(f'{{{each}}}' for each in FIELDS)}.",
        rich_help_panel=OUTPUT,
    ),
]
ReportOption = Annotated[
    Path | None,
    typer.Option("--json", help="Write what became of each picture as JSON.", rich_help_panel=OUTPUT),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        help="Paint on several processes or machines: local:N or tcp://HOST:PORT.",
        rich_help_panel=SPEED,
    ),
]
ListOption = Annotated[
    bool,
    typer.Option(
        "--dry-run", help="Open the pictures and list the results, without painting.", rich_help_panel=OUTPUT
    ),
]

SHARED: dict[str, tuple[Any, Any]] = {
    "output_dir": (OutputFolder, inspect.Parameter.empty),
    "name": (NamePattern, "{name}.png"),
    "force": (ForceOption, False),
    "report": (ReportOption, None),
    "scheduler": (SchedulerOption, None),
    "listing": (ListOption, False),
}
"""The options that all batches share."""


def batch_command(inputs: type[Inputs]) -> Callable[..., None]:
    """Return the command that paints many content images, or doodles, by one technique."""
    maps = inputs.main != "content"

    def paint(texts: list[str], plan_of: PlanOf, asked: dict[str, Any]) -> None:
        found: list[str] = []
        pictures = find_pictures(texts, found.append, maps=maps)
        check_apart(texts, asked["output_dir"])
        paint_batch(pictures, plan_of, Batch(**asked), found)

    what = f"{'Doodles' if maps else 'Content images'}: files, folders or quoted patterns."
    return command_of_many(inputs, Pictures(list[str], what, f"{inputs.main.upper()}..."), SHARED, paint)


app = technique_commands("Paint many pictures in one run.", batch_command)


@app.command("run")
def run(
    plans: Annotated[
        list[str],
        typer.Argument(help="Plan files, folders or quoted patterns.", show_default=False, metavar="PLAN..."),
    ],
    output_dir: OutputFolder,
    contents: Annotated[
        list[str] | None,
        typer.Option(
            "--content",
            help="Paint these instead of the plan's: a file, folder or quoted pattern; repeatable.",
            rich_help_panel=STYLE,
        ),
    ] = None,
    values: SetOption = None,
    draft: DraftOption = False,
    weights: WeightsOption = None,
    name: NamePattern = "{name}.png",
    force: ForceOption = False,
    report: ReportOption = None,
    scheduler: SchedulerOption = None,
    listing: ListOption = False,
    quiet: QuietOption = False,
) -> None:
    """Paint many plan files, or many content images by one plan file."""
    files = _plan_files(plans)
    batch = Batch(output_dir, name, force, report, scheduler, listing, quiet)

    def plan_in(file: Path) -> tuple[Plan, list[str]]:
        return changed_plan_of_many(file, values, draft=draft, weights=weights)

    if contents is None:
        paint_batch(files, lambda file, number: plan_in(file), batch)
        return
    if len(files) > 1:
        raise SettingsError(f"--content needs one plan, but there are {len(files)}; name one plan, or drop --content")
    check_apart(contents, output_dir)
    plan, notes = plan_in(files[0])
    found: list[str] = []
    pictures = find_pictures(contents, found.append, maps=plan.inputs.main != "content")
    paint_batch(pictures, lambda picture, number: (with_content(plan, picture), notes), batch, found)


def _plan_files(texts: Sequence[str]) -> list[Path]:
    files: list[Path] = []
    for text in texts:
        found = sorted(Path(text).glob("*.toml")) if Path(text).is_dir() else None
        if found == []:
            raise ImageError(f"the folder {text} has no plan files; expected files that end in .toml")
        files += found if found is not None else find_pictures([text])
    return list(dict.fromkeys(files))


def with_content(plan: Plan, picture: Path) -> Plan:
    """Return a plan for another content image, with the maps and masks that are named after it.

    A map or mask of the content image whose name begins with the name of the plan's content image is replaced by the
    file beside `picture` that is named alike.
    """
    from maskstyle.plans.load import with_renamed_files

    main = plan.file(plan.main)
    own = [plan.values.get("content_map"), *(region.mask for region in plan.regions)]

    def renamed(file: str) -> str:
        path = plan.file(file)
        if path == main:
            return str(picture.absolute())
        if file in own and path.parent == main.parent and path.stem.startswith(main.stem):
            return str(picture.absolute().with_name(picture.stem + path.stem.removeprefix(main.stem) + path.suffix))
        return str(path.absolute())

    return dataclasses.replace(with_renamed_files(plan, renamed), output=None)


def check_apart(texts: Sequence[str], output_dir: Path) -> None:
    """Raise SettingsError if results would go into a folder of pictures, where they would be pictures next time."""
    for text in texts:
        if output_dir.is_dir() and Path(text).is_dir() and output_dir.samefile(text):
            raise SettingsError(f"--output-dir is {output_dir}, a folder of pictures to paint; name another folder")


def paint_batch(
    pictures: Sequence[Path],
    plan_of: PlanOf,
    batch: Batch,
    notes: Sequence[str] = (),
) -> None:
    """Paint pictures, doodles or plans, and print what became of them."""
    from maskstyle.cli.batch_report import Report
    from maskstyle.cli.outputs import check_folder_name

    check_folder_name(batch.output_dir, "--output-dir")
    if batch.scheduler is not None:
        from maskstyle.batch.scheduler import check_scheduler

        check_scheduler(batch.scheduler)
    report = Report(len(pictures), batch)
    report.note(notes)
    tasks = _tasks(pictures, plan_of, batch, report)
    if batch.listing:
        report.list_tasks(tasks)
    else:
        _paint(tasks, batch, report)
    report.conclude()


def _tasks(
    pictures: Sequence[Path],
    plan_of: PlanOf,
    batch: Batch,
    report: Report,
) -> list[Task]:
    """Return a task for each picture; one whose plan cannot be made is a failure, unless all are."""
    from maskstyle.batch.work import Outcome, Task

    outputs = output_paths(pictures, batch.output_dir, batch.name)
    tasks, failed = [], list[tuple[Outcome, MaskstyleError]]()
    for number, (picture, output) in enumerate(zip(pictures, outputs, strict=True), 1):
        try:
            plan, notes = plan_of(picture, number)
            tasks.append(Task(plan, output))
            report.note(notes)
        except MaskstyleError as error:
            failed.append((Outcome(str(picture), output, "failed", str(error)), error))
    if not tasks and failed:
        raise failed[0][1]
    check_styles(tasks)
    check_outputs(tasks, batch)
    for outcome, _ in failed:
        report.add(outcome)
    return tasks


def check_styles(tasks: Sequence[Task]) -> None:
    """Read each style image once: where one is damaged, no picture can be painted."""
    from maskstyle.images.io import load_image

    for file in dict.fromkeys(task.plan.file(style.image) for task in tasks for style in task.plan.styles.values()):
        load_image(file)


def check_outputs(tasks: Sequence[Task], batch: Batch) -> None:
    """Check that results can be written and replace no input, and make their folder."""
    from maskstyle.cli.outputs import check_distinct
    from maskstyle.cli.replaced import check_kind
    from maskstyle.images.writing import check_replaceable, check_writable, make_folder
    from maskstyle.plans.load import plan_files

    inputs = list(dict.fromkeys(file for task in tasks for file in plan_files(task.plan).values()))
    inputs += dict.fromkeys(task.plan.path for task in tasks if task.plan.path.is_file())
    if not batch.listing:
        for folder in dict.fromkeys([batch.output_dir, *(task.output.parent for task in tasks)]):
            make_folder(folder, parents=True)
        if len(tasks) == 1:
            check_writable(tasks[0].output)
    named = defaultdict(list)
    for file in inputs:
        for name in _names(file):
            named[name].append(file)
    for task in tasks:
        alike = [file for name in _names(task.output) for file in named[name]]  # all would be too many to compare
        check_distinct({"the result": task.output, "--json": batch.report}, alike)
    if batch.report is not None and not batch.listing:
        check_replaceable(batch.report)
        check_kind("--json", batch.report, "a report of maskstyle batch")
        check_distinct({"--json": batch.report}, inputs)


def _names(file: Path) -> set[str]:
    """Return the name of a file, and of what it is a link to, whatever their case."""
    return {each.name.casefold() for each in (file, Path(os.path.realpath(file)))}


def _paint(tasks: Sequence[Task], batch: Batch, report: Report) -> None:
    """Paint tasks in this process or on the workers of a scheduler, with one bar for all."""
    from maskstyle.cli.console import interruptible
    from maskstyle.networks.tensorflow_import import import_tensorflow

    with interruptible() as interrupt, report.bar(interrupt.console) as bar:
        interrupt.began = True  # a signal ends the batch after the step, whichever picture that is in
        if batch.scheduler is not None:
            from maskstyle.batch.remote import paint_all

            paint_all(tasks, batch.scheduler, force=batch.force, on_outcome=report.add, should_stop=interrupt.asked)
            return
        import_tensorflow()
        from maskstyle.batch.work import Painter

        painter = Painter(force=batch.force)
        for task in tasks:
            if interrupt.asked():
                return
            bar.begin(task.name)
            report.add(painter.paint(task, on_step=bar.step, should_stop=interrupt.asked))


if TYPE_CHECKING:
    from maskstyle.cli.batch_report import Report
