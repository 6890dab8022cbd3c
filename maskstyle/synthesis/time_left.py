"""The time that a run still takes, estimated from its pace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from maskstyle.settings import Settings
from maskstyle.synthesis.schedule import work_by_size

if TYPE_CHECKING:
    from maskstyle.images.pixels import Size
    from maskstyle.synthesis.scales import Step


class TimeLeft:
    """An estimate of the time left, from the pace per pixel at the current size.

    It is an upper bound where a size may converge before its last step.

    Parameters
    ----------
    sizes : sequence of (height, width)
        The sizes, from coarse to fine.
    settings : Settings
        Settings of the run, which give the steps of each size.
    """

    def __init__(self, sizes: Sequence[Size], settings: Settings) -> None:
        self._pixels = [height * width for height, width in sizes]
        self._work = work_by_size(sizes, settings)
        self._scale = 0
        self._first = (0, 0.0)
        self._pace: float | None = None

    def after(self, step: Step) -> float:
        """Return the estimate after a step, in seconds."""
        here = self._pixels[step.scale - 1]
        if step.scale != self._scale:
            self._scale, self._first = step.scale, (step.step, step.seconds)
        first_step, first_seconds = self._first
        if step.step > first_step:
            self._pace = (step.seconds - first_seconds) / (step.step - first_step) / here
        elif self._pace is None:
            self._pace = step.seconds / step.step / here  # too slow a pace: the first step compiles the graph
        return self._pace * (here * (step.steps - step.step) + sum(self._work[step.scale :]))
