"""Progress of a run: the bar with its estimate of the time left, and the plot of the losses."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from rich.progress import BarColumn, Progress, TextColumn

from maskstyle.synthesis.schedule import steps_at
from maskstyle.synthesis.time_left import TimeLeft

if TYPE_CHECKING:
    from rich.console import Console

    from maskstyle.images.pixels import Size
    from maskstyle.settings import Settings
    from maskstyle.synthesis.result import Result
    from maskstyle.synthesis.scales import Step


SHORT_NAMES = {"total_variation": "tv"}
"""Names of loss terms, shortened for the bar."""

WIDTH_FOR_BAR = 60
"""Least terminal width, in columns, that has room for the bar itself."""

WIDTH_FOR_TERMS = 105
"""Least terminal width, in columns, that has room for the loss of every term."""


class StepBar(AbstractContextManager["StepBar"]):
    """A progress bar over all sizes; its length is work, in pixels times steps.

    Parameters
    ----------
    sizes : sequence of (height, width)
        The sizes, from coarse to fine.
    settings : Settings
        Settings of the run, which give the number of steps.
    console : rich.console.Console
        Where to draw the bar. Anything else printed to this console appears above the bar.
    quiet : bool
        Draw nothing.
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
        """Fill the bar: a size that converges early leaves it short."""
        self._bar.update(self._task, completed=sum(self._work), left="done")


def clock(seconds: float) -> str:
    """Format seconds as minutes and seconds, with hours if there are any.

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


def save_loss_plot(path: Path, result: Result) -> None:
    """Plot the weighted losses over all steps, on a logarithmic axis, with a line where each size begins.

    Parameters
    ----------
    path : Path
        The file to write: .png, .svg or .pdf.
    result : Result
        The finished run.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from maskstyle.images.writing import replacing

    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    numbers = range(1, len(result.steps) + 1)
    axes.plot(numbers, [sum(step.losses.values()) for step in result.steps], "k", label="total")
    for name in result.losses:
        # A logarithmic axis cannot show 0, the content loss of the content image itself.
        values = [step.losses[name] or float("nan") for step in result.steps]
        axes.plot(numbers, values, label=name)
    start = 0
    for scale in result.scales:
        axes.axvline(start + 1, color="0.8", zorder=0)
        axes.text(
            start + 1, 1.0, f" {scale.size[1]}x{scale.size[0]}", transform=axes.get_xaxis_transform(), va="bottom"
        )
        start += scale.evaluations
    axes.set(yscale="log", xlabel="step", ylabel="weighted loss")
    axes.legend()
    with replacing(path) as file:
        figure.savefig(file, format=path.suffix.lstrip(".").lower() or None, dpi=120)
