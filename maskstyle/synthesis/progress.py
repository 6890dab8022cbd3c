"""The progress of a run: the time that it still takes, estimated from its pace, and the bar that shows it."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn

from maskstyle.settings import Settings
from maskstyle.synthesis.schedule import settings_by_size, work_by_size

if TYPE_CHECKING:
    from rich.console import Console

    from maskstyle.images.pixels import Size
    from maskstyle.settings import Settings
    from maskstyle.synthesis.scales import Step


class TimeLeft:
    """An estimate of the time left, from the pace of the work at the current size.

    It is an upper bound where a size may converge before its last step.

    Parameters
    ----------
    sizes : sequence of (height, width)
        The sizes, from coarse to fine.
    settings : Settings
        Settings of the run, which give the steps of each size.
    """

    def __init__(self, sizes: Sequence[Size], settings: Settings) -> None:
        self._work = work_by_size(sizes, settings)
        steps = [each.steps for each in settings_by_size(sizes, settings)]
        self._of_a_step = [work / each for work, each in zip(self._work, steps, strict=True)]
        self._scale = 0
        self._first = (0, 0.0)
        self._pace: float | None = None

    def after(self, step: Step) -> float:
        """Return the estimate after a step, in seconds."""
        here = self._of_a_step[step.scale - 1]
        if step.scale != self._scale:
            self._scale, self._first = step.scale, (step.step, step.seconds)
        first_step, first_seconds = self._first
        if step.step > first_step:
            self._pace = (step.seconds - first_seconds) / (step.step - first_step) / here
        elif self._pace is None:
            self._pace = step.seconds / step.step / here  # too slow a pace: the first step compiles the graph
        return self._pace * (here * (step.steps - step.step) + sum(self._work[step.scale :]))


SHORT_NAMES = {"total_variation": "tv"}
"""Names of loss terms, shortened for the bar."""

WIDTH_FOR_BAR = 60
"""Least terminal width, in columns, that has room for the bar itself."""

WIDTH_FOR_TERMS = 105
"""Least terminal width, in columns, that has room for the loss of every term."""


class StepBar(AbstractContextManager["StepBar"]):
    """A progress bar over all sizes; its length is work, in pixels times steps.

    Anything else printed to its console appears above the bar.
    """

    def __init__(self, sizes: Sequence[Size], settings: Settings, *, console: Console, quiet: bool) -> None:
        self._left = TimeLeft(sizes, settings)
        self._console = console
        columns = [TextColumn(f"{{task.{name}}}") for name in ("description", "fields[left]", "fields[losses]")]
        bar = [BarColumn(bar_width=24)] if self._console.width >= WIDTH_FOR_BAR else []
        self._bar = Progress(columns[0], *bar, *columns[1:], console=self._console, disable=quiet)
        self._task = self._bar.add_task("loading", total=1.0, losses="", left="")

    def __enter__(self) -> StepBar:
        self._bar.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    def update(self, step: Step) -> None:
        """Show a step."""
        height, width = step.size
        scale = f" ({step.scale}/{step.scales})" if step.scales > 1 else ""
        self._bar.update(
            self._task,
            completed=step.done,
            description=f"{width}x{height}{scale} step {step.step}/{step.steps}",
            losses=f"loss {step.total:.3g}{self._terms(step)}",
            left=f"{clock(self._left.after(step))} left",
        )

    def _terms(self, step: Step) -> str:
        if self._console.width < WIDTH_FOR_TERMS:
            return ""
        terms = [f"{SHORT_NAMES.get(name, name)} {value:.2g}" for name, value in step.losses.items()]
        return f" ({', '.join(terms)})"

    def finish(self) -> None:
        """Fill the bar: a size that converges early leaves it short."""
        self._bar.update(self._task, completed=1.0, left="done")


def clock(seconds: float) -> str:
    """Format seconds as minutes and seconds, with hours if there are any.

    >>> clock(75.4)
    '1:15'
    >>> clock(7325)
    '2:02:05'
    """
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"
