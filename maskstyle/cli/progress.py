"""The progress bar: size, step, losses and time left, in proportion to the work of each size."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn

from maskstyle.cli.console import messages
from maskstyle.images import Size
from maskstyle.settings import Settings

if TYPE_CHECKING:
    from maskstyle.synthesis import Step


class StepBar(AbstractContextManager["StepBar"]):
    """Shows Steps as they come; the length of the bar is work, in pixels times steps.

    Parameters
    ----------
    sizes : sequence of (height, width)
        From coarse to fine.
    settings : Settings
        For the number of steps.
    quiet : bool
        Show nothing.
    """

    def __init__(self, sizes: Sequence[Size], settings: Settings, *, quiet: bool) -> None:
        self._work = [height * width * settings.steps for height, width in sizes]
        self._left = TimeLeft(sizes, settings.steps)
        self._bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[losses]}"),
            TextColumn("{task.fields[left]}"),
            console=messages(),
            disable=quiet,
        )
        self._task = self._bar.add_task("loading", total=sum(self._work), losses="", left="")

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
        parts = ", ".join(f"{name} {value:.3g}" for name, value in step.losses.items())
        self._bar.update(
            self._task,
            completed=sum(self._work[: step.scale - 1]) + height * width * step.step,
            description=f"{width}x{height}{scale} step {step.step}/{step.steps}",
            losses=f"loss {step.total:.3g} ({parts})",
            left=f"{clock(self._left.after(step))} left",
        )

    def finish(self) -> None:
        """Fill the bar; the sizes may have converged before their step limit."""
        self._bar.update(self._task, completed=sum(self._work), left="done")


class TimeLeft:
    """Estimates the seconds left from the pace at the size at hand; at most that, as sizes may converge early."""

    def __init__(self, sizes: Sequence[Size], steps: int) -> None:
        self._pixels = [height * width for height, width in sizes]
        self._steps = steps
        self._scale = 0
        self._first = (0, 0.0)

    def after(self, step: Step) -> float:
        """Return the estimate after a step."""
        if step.scale != self._scale:
            self._scale, self._first = step.scale, (step.step, step.seconds)
        first_step, first_seconds = self._first
        if step.step > first_step:
            pace = (step.seconds - first_seconds) / (step.step - first_step)
        else:
            pace = step.seconds / max(1, step.step)  # the first step compiles, so this is too long
        here = self._pixels[step.scale - 1]
        later = sum(self._pixels[step.scale :]) / here * self._steps
        return pace * (self._steps - step.step + later)


def clock(seconds: float) -> str:
    """Write seconds as minutes and seconds.

    Examples
    --------
    >>> clock(75.4)
    '1:15'
    """
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"
