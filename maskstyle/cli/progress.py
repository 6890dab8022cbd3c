"""The progress bar: size, step, losses and time left, in proportion to the work of each size."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from types import TracebackType
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from maskstyle.images.pixels import Size
from maskstyle.settings import Settings
from maskstyle.synthesis.schedule import steps_at

if TYPE_CHECKING:
    from maskstyle.synthesis.scales import Step


SHORT_NAMES = {"total_variation": "tv"}
"""Names of terms as the bar has room for them."""

WIDTH_FOR_BAR = 60
"""Columns of a terminal from which on there is room for the bar itself."""

WIDTH_FOR_TERMS = 105
"""Columns of a terminal from which on there is room for the losses of every term."""


class StepBar(AbstractContextManager["StepBar"]):
    """Shows Steps as they come; the length of the bar is work, in pixels times steps.

    Parameters
    ----------
    sizes : sequence of (height, width)
        From coarse to fine.
    settings : Settings
        For the number of steps.
    console : rich.console.Console
        Where to show them; what else is printed to it while the bar is shown goes above the bar.
    quiet : bool
        Show nothing.
    """

    def __init__(self, sizes: Sequence[Size], settings: Settings, *, console: Console, quiet: bool) -> None:
        steps = [steps_at(size, settings) for size in sizes]
        self._work = [height * width * own for (height, width), own in zip(sizes, steps, strict=True)]
        self._left = TimeLeft(sizes, steps)
        self._console = console
        columns = [TextColumn(f"{{task.{name}}}") for name in ("description", "fields[left]", "fields[losses]")]
        bar = [BarColumn(bar_width=24)] if self._console.width >= WIDTH_FOR_BAR else []
        self._bar = Progress(columns[0], *bar, *columns[1:], console=self._console, disable=quiet)
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
        self._bar.update(
            self._task,
            completed=sum(self._work[: step.scale - 1]) + height * width * step.step,
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
        """Fill the bar; the sizes may have converged before their step limit."""
        self._bar.update(self._task, completed=sum(self._work), left="done")


class TimeLeft:
    """Estimates the seconds left from the pace per pixel at the size at hand; sizes may converge earlier.

    Parameters
    ----------
    sizes : sequence of (height, width)
        From coarse to fine.
    steps : sequence of int
        Steps at each size.
    """

    def __init__(self, sizes: Sequence[Size], steps: Sequence[int]) -> None:
        self._pixels = [height * width for height, width in sizes]
        self._steps = steps
        self._scale = 0
        self._first = (0, 0.0)
        self._pace: float | None = None

    def after(self, step: Step) -> float:
        """Return the estimate after a step."""
        here = self._pixels[step.scale - 1]
        if step.scale != self._scale:
            self._scale, self._first = step.scale, (step.step, step.seconds)
        first_step, first_seconds = self._first
        if step.step > first_step:
            self._pace = (step.seconds - first_seconds) / (step.step - first_step) / here
        elif self._pace is None:
            self._pace = step.seconds / step.step / here  # the first step compiles, so this is too long
        work = [pixels * steps for pixels, steps in zip(self._pixels, self._steps, strict=True)]
        return self._pace * (here * (self._steps[step.scale - 1] - step.step) + sum(work[step.scale :]))


def clock(seconds: float) -> str:
    """Write seconds as minutes and seconds, and hours where there are any.

    Examples
    --------
    >>> clock(75.4)
    '1:15'
    >>> clock(7325)
    '2:02:05'
    """
    minutes, left = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"
