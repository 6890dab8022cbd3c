"""The time that a run still takes, estimated from its pace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

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
    steps : sequence of int
        Number of steps at each size.
    """

    def __init__(self, sizes: Sequence[Size], steps: Sequence[int]) -> None:
        self._pixels = [height * width for height, width in sizes]
        self._steps = steps
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
        work = [pixels * steps for pixels, steps in zip(self._pixels, self._steps, strict=True)]
        return self._pace * (here * (self._steps[step.scale - 1] - step.step) + sum(work[step.scale :]))
