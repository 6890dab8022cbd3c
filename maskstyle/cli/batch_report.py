"""What a batch prints: its bar, its failures, and its report."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn

from maskstyle.cli.console import EXIT_INTERRUPTED, announce, messages, print_wide, tables
from maskstyle.cli.terminal import Table
from maskstyle.synthesis.progress import WIDTH_FOR_BAR, clock

if TYPE_CHECKING:
    from rich.console import Console

    from maskstyle.batch.work import Outcome, Task
    from maskstyle.cli.many import Batch
    from maskstyle.synthesis.scales import Step


class Report:
    """The outcomes of a batch, and what is printed about them.

    `works` is how much work each picture is, for the time left; equally much by default.
    """

    def __init__(self, count: int, batch: Batch, works: Sequence[float] | None = None) -> None:
        self.outcomes: list[Outcome] = []
        self._count, self._batch = count, batch
        self._works = [1.0] * count if works is None else works
        self._said: set[str] = set()
        self._bar: _Bar | None = None
        self._listed = False

    def note(self, notes: Sequence[str], of: str = "") -> None:
        """Print notes that were not printed yet."""
        for note in notes:
            if note not in self._said:
                announce(f"{of}{note}", quiet=self._batch.quiet, name="note")
            self._said.add(note)

    def add(self, outcome: Outcome) -> None:
        """Take what became of a picture; a failure is named at once, and its reason printed at the end."""
        self.outcomes.append(outcome)
        self.note(outcome.notes, of=f"{outcome.name}: ")
        if outcome.state == "failed":
            messages().print(f"[bold red]failed:[/] {escape(outcome.name)}")
        if self._bar is not None:
            self._bar.end(outcome)

    @property
    def is_complete(self) -> bool:
        """Whether the result of every picture is there."""
        return sum(each.state in ("painted", "done before") for each in self.outcomes) == self._count

    @contextmanager
    def bar(self, console: Console) -> Iterator[_Bar]:
        """Draw the bar of the batch while the block runs."""
        self._bar = _Bar(self._works, len(self.outcomes), console, quiet=self._batch.quiet)
        with self._bar.progress:
            yield self._bar
        self._bar = None

    def list_tasks(self, tasks: Sequence[Task]) -> None:
        """List the pictures that can be painted and their results; those that cannot are failures."""
        from maskstyle.batch.work import foreseen

        self._listed = True
        table = Table("picture", "result")
        for task in tasks:
            self.add(outcome := foreseen(task))
            if outcome.state != "failed":
                table.add_row(escape(task.name), escape(str(task.output)))
        print_wide(tables(), table)
        if self._batch.report is not None:
            tables().print(f"report: {self._batch.report}", markup=False, soft_wrap=True)

    def conclude(self) -> None:
        """Print how many pictures are done and which failed, write the report, and exit with the right code."""
        from maskstyle.cli.app import EXIT_FAILURE
        from maskstyle.cli.outputs import write_json

        failed = [each for each in self.outcomes if each.state == "failed"]
        if failed:
            self._print_failed(failed)
        if not self._listed:
            self._print_counts()
        if self._batch.report is not None and not self._listed:
            write_json(self._batch.report, {"pictures": [each.record() for each in self.outcomes]})
        missing = self._count - sum(each.state != "interrupted" for each in self.outcomes)
        if missing and not self._listed:
            messages().print("interrupted; repeat the command to go on")
            raise typer.Exit(EXIT_INTERRUPTED)
        if failed:
            raise typer.Exit(EXIT_FAILURE)

    def _print_failed(self, failed: Sequence[Outcome]) -> None:
        table = Table("failed", "why")
        for each in failed:
            table.add_row(escape(each.name), escape(each.detail))
        print_wide(messages(), table)

    def _print_counts(self) -> None:
        if self._batch.quiet:
            return
        states = [each.state for each in self.outcomes]
        parts = [f"{states.count(each)} {each}" for each in ("painted", "done before", "failed") if each in states]
        counted = ", ".join(parts) or "none painted"
        messages().print(f"{escape(str(self._batch.output_dir))}: {counted}, of {self._count}", markup=False)


class _Bar:
    """The bar of a batch: pictures done, the one that is painted, and the time left, by how much work each is."""

    def __init__(self, works: Sequence[float], done: int, console: Console, *, quiet: bool) -> None:
        bar = [BarColumn(bar_width=24)] if console.width >= WIDTH_FOR_BAR else []
        name, left = (TextColumn(f"{{task.{each}}}") for each in ("description", "fields[left]"))
        self.progress = Progress(name, *bar, left, console=console, disable=quiet)
        self._works, self._count, self._done, self._painted = works, len(works), done, 0.0
        self._began, self._name = time.monotonic(), ""
        self._task = self.progress.add_task(self._described(""), total=self._count, completed=done, left="")

    def begin(self, name: str) -> None:
        """Show the picture that is painted."""
        self._name = name
        self.progress.update(self._task, description=self._described(name))

    def step(self, step: Step) -> None:
        """Show how far the picture is."""
        self._show(step.done)

    def end(self, outcome: Outcome) -> None:
        """Count a picture."""
        if outcome.state == "painted":
            self._painted += self._works[self._done]
        self._done += 1
        if not self._name:  # workers paint several at once, and none is named
            self.progress.update(self._task, description=self._described(""))
        self._show(0.0)

    def _show(self, within: float) -> None:
        left, work = "", within * self._works[self._done] if within else 0.0
        if self._painted + work > 0:
            pace = (time.monotonic() - self._began) / (self._painted + work)
            left = f"about {clock(pace * (sum(self._works[self._done :]) - work))} left"
        self.progress.update(self._task, completed=self._done + within, left=left)

    def _described(self, name: str) -> str:
        return f"{min(self._done + 1, self._count)} of {self._count} {escape(name)}"
