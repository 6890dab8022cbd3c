"""The loop over sizes, from coarse to fine: each size starts from the result of the previous one."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from maskstyle.errors import NumericalError
from maskstyle.images.pixels import Image, Size, resize_image
from maskstyle.objective.objective import ObjectiveLike
from maskstyle.settings import Settings
from maskstyle.synthesis.checkpoint_file import Progress, State
from maskstyle.synthesis.checkpoints import Checkpoints
from maskstyle.synthesis.minimize import Outcome, StoppedAtOnce, minimize
from maskstyle.synthesis.result import ScaleReport, StepRecord
from maskstyle.synthesis.scene import StyleAtSize
from maskstyle.synthesis.schedule import settings_by_size, work_by_size


@dataclass(frozen=True)
class Step:
    """One evaluation of loss and gradient, as reported to callbacks.

    Parameters
    ----------
    scale, scales : int
        Number of the current size, from 1, and the number of sizes.
    size : (height, width)
        The current size.
    step, steps : int
        Number of the evaluation at this size, from 1, and the maximum.
    losses : dict of str to float
        Weighted losses by term.
    seconds : float
        Since the synthesis began.
    image : (H, W, 3) float32 array
        The evaluated image, in [0, 1]; do not change it.
    done : float
        Share of the work of all sizes that is done, in [0, 1], if each takes all its steps.
    """

    scale: int
    scales: int
    size: Size
    step: int
    steps: int
    losses: dict[str, float]
    seconds: float
    image: Image
    done: float

    @property
    def total(self) -> float:
        """Sum of the weighted losses."""
        return sum(self.losses.values())


@dataclass(frozen=True)
class Synthesis:
    """The result of the loop over sizes."""

    image: Image  # the best image at the finest size reached, in [0, 1]
    losses: dict[str, float]  # its weighted losses by term
    steps: tuple[StepRecord, ...]  # every step, without its image
    scales: tuple[ScaleReport, ...]  # one for each size that was begun
    seconds: float  # wall time in total, the time before a checkpoint that it resumed from included
    style: StyleAtSize | None = None  # what the last size that was begun asked of the style


OnStep = Callable[[Step], None]


def synthesize(
    objective_at: Callable[[Size, Settings], tuple[ObjectiveLike, StyleAtSize | None]],
    start: Image,
    sizes: Sequence[Size],
    settings: Settings,
    *,
    memory: float | None = None,
    on_step: OnStep | None = None,
    should_stop: Callable[[], bool] | None = None,
    begin_with: Callable[[Image], Image] | None = None,
    checkpoints: Checkpoints | None = None,
) -> Synthesis:
    """Minimize an objective at sizes from coarse to fine.

    `objective_at` returns the objective of a size with its settings, and what it asks of the style. The start, of any
    size, is resized to the first of the sizes; its finer detail is added when finer sizes begin. `memory` limits the
    optimizer, in GB. `begin_with` puts back pixels that must not change into the image that a size begins with.

    After each evaluation, `on_step` is called, and `should_stop` may stop with the best image so far. The checkpoints
    are offered the state, and give the state to resume from, after their ``begin`` was called; finished sizes are
    skipped. Raises NumericalError, with the last good image at the current size, if a loss is not finite.
    """
    held = None if checkpoints is None else checkpoints.progress
    began = time.perf_counter() - (0.0 if held is None else held.seconds)
    image = start
    losses: dict[str, float] = {}
    style: StyleAtSize | None = None
    records: list[StepRecord] = [] if held is None else list(held.steps)
    reports: list[ScaleReport] = [] if held is None else list(held.scales)
    by_size = settings_by_size(sizes, settings, memory=memory)
    works = work_by_size(sizes, settings)
    for scale, (size, chosen) in list(enumerate(zip(sizes, by_size, strict=True), start=1))[len(reports) :]:
        recorder = _Recorder(
            scale, works, size, chosen, began=began, on_step=on_step, records=records, reports=reports
        )
        offer = None if checkpoints is None else _Offer(checkpoints, recorder)
        first = partial(_first_image, image if scale > 1 else None, start, size, begin_with)
        begin: Callable[[], Image | State] = first
        if held is not None and checkpoints is not None and scale == held.scale:
            recorder.resumed_after = (*held.resumed_after, held.evaluations)
            begin = checkpoints.take_state
        try:
            objective, style = objective_at(size, chosen)
            outcome = minimize(
                objective,
                begin,
                chosen,
                on_evaluation=recorder,
                should_stop=should_stop,
                offer=offer,
            )
        except StoppedAtOnce:
            if reports:  # the coarser size's picture is one that was painted
                reports[-1] = dataclasses.replace(reports[-1], stopped_because="interrupted")
                break
            outcome = Outcome(first(), {}, 0, "interrupted")
        except NumericalError as error:
            if error.image is None:  # at the first step of a size
                error.image = first()
            raise
        stopped = outcome.stopped_because == "interrupted"
        if not stopped and scale < len(sizes) and should_stop is not None and should_stop():  # a size starts slowly
            if offer is not None:
                offer.again()
            outcome = dataclasses.replace(outcome, stopped_because="interrupted")
        image, losses = outcome.image, outcome.losses
        reports.append(recorder.report(outcome))
        if outcome.stopped_because == "interrupted":
            break
    return Synthesis(image, losses, tuple(records), tuple(reports), time.perf_counter() - began, style)


def _first_image(
    coarser: Image | None, start: Image, size: Size, begin_with: Callable[[Image], Image] | None
) -> Image:
    """Return the image that a size begins with, made from the result of the coarser size, if any."""
    image = resize_image(start, size) if coarser is None else enlarged(coarser, start, size)
    return image if begin_with is None else begin_with(image)


class _Offer:
    """Offers the states of one size to the checkpoints, and remembers how to offer the last one again."""

    def __init__(self, checkpoints: Checkpoints, recorder: _Recorder) -> None:
        self._checkpoints, self._recorder = checkpoints, recorder
        self._state: Callable[[], State] | None = None

    def __call__(self, state: Callable[[], State], last: bool) -> None:
        self._state = state
        self._checkpoints.offer(self._recorder.progress, state, last=last)

    def again(self) -> None:
        """Offer the state after the last evaluation as that of an interrupted run."""
        if self._state is not None:
            self(self._state, last=True)


def enlarged(result: Image, start: Image, size: Size) -> Image:
    """Return a coarser size's result at a finer size, with the detail that the starting image has only there.

    `start` is the starting image of the whole synthesis, of any size. The difference that enlarging it from the
    coarser size makes to it is what enlarging blurs in the result too, and is added back: with a content image to
    start from, this saves the steps that would repaint its edges. A starting image no larger than the result, such as
    noise of the coarsest size, has no such detail.
    """
    if max(start.shape[:2]) <= max(result.shape[:2]):
        return resize_image(result, size)
    detail = resize_image(start, size) - resize_image(resize_image(start, result.shape[:2]), size)
    return np.clip(resize_image(result, size) + detail, 0.0, 1.0)


class _Recorder:
    """Record the steps of one size after those of earlier sizes, and report them as `Step`."""

    def __init__(
        self,
        scale: int,
        works: Sequence[float],
        size: Size,
        settings: Settings,
        *,
        began: float,
        on_step: OnStep | None,
        records: list[StepRecord],
        reports: Sequence[ScaleReport],
    ) -> None:
        self.resumed_after: tuple[int, ...] = ()
        self._scale, self._works, self._size, self._settings = scale, works, size, settings
        self._began = began
        self._on_step = on_step
        self._records = records
        self._reports = reports
        self._moments: list[float] = []

    def __call__(self, step: int, losses: dict[str, float], image: Image) -> None:
        seconds = time.perf_counter() - self._began
        self._moments.append(seconds)
        self._records.append(StepRecord(self._size, step, seconds, losses))
        if self._on_step is not None:
            steps, scales = self._settings.steps, len(self._works)
            done = sum(self._works[: self._scale - 1]) + self._works[self._scale - 1] * step / steps
            share = min(1.0, done / sum(self._works))
            self._on_step(Step(self._scale, scales, self._size, step, steps, losses, seconds, image, share))

    def progress(self) -> Progress:
        """Return where the synthesis stands."""
        seconds = time.perf_counter() - self._began
        return Progress(self._scale, tuple(self._records), tuple(self._reports), self.resumed_after, seconds)

    def report(self, outcome: Outcome) -> ScaleReport:
        """Return what happened at this size."""
        return ScaleReport(
            self._size,
            outcome.evaluations,
            self._mean_interval(),
            outcome.stopped_because,
            self._settings.optimizer,
            self._settings.history,
            self.resumed_after,
            self._settings.network,
        )

    def _mean_interval(self) -> float:
        """Return the mean time between evaluations of this process, without the first, which compiles."""
        if len(self._moments) < 2:
            return 0.0
        return (self._moments[-1] - self._moments[0]) / (len(self._moments) - 1)
