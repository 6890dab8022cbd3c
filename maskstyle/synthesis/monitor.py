"""Monitor a minimization: evaluate, keep the best image, decide when to stop, and offer the state to resume from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol, TypeAlias, runtime_checkable

import numpy as np

from maskstyle.errors import NumericalError
from maskstyle.images.pixels import Image
from maskstyle.networks.tensorflow import tf
from maskstyle.objective.objective import ObjectiveLike
from maskstyle.settings import Settings
from maskstyle.synthesis.checkpoint_file import State, Strips
from maskstyle.synthesis.schedule import PROGRESS_WINDOW

MAX_STRIP_VALUES = 2**24
"""Most values in a strip. An update allocates several temporary arrays of a strip's size: 64 MiB each at this limit,
but half a gigabyte each for a whole image of 8192 pixels."""

Start: TypeAlias = Image | Callable[[], Image | State]
"""A starting image, or a function that returns it or the state to resume from. The function is called once, so that
the caller need not keep a large array alive."""


def as_arrays(variables: Sequence[Any]) -> Strips:
    """Return the values of tensors, or of variables until their next assignment, without copying them."""
    return tuple(np.asarray(tf.convert_to_tensor(variable)) for variable in variables)


def joined(strips: Strips) -> Image:
    """Return the array that was cut into strips."""
    return strips[0] if len(strips) == 1 else np.concatenate(strips)


OnEvaluation = Callable[[int, dict[str, float], Image], None]
"""Called after each evaluation with its number from 1, the weighted losses by term, and the image."""

Offer = Callable[[Callable[[], State], bool], None]
"""Called after each evaluation with a function that returns the state to resume from, valid only during the call,
and whether the caller asked to stop."""

Variables: TypeAlias = Callable[[], Mapping[str, Strips]]
"""Returns the arrays that an optimizer resumes from."""

Numbers: TypeAlias = Callable[[], Mapping[str, float]]
"""Returns the numbers that it resumes from."""


@dataclass(frozen=True)
class Outcome:
    """Result of a minimization."""

    image: Image  # the image with the lowest loss, in [0, 1]; it may be read-only
    losses: dict[str, float]  # its weighted losses by term
    evaluations: int  # number of evaluations of loss and gradient
    # ``steps``: the step limit was reached. ``converged``: progress fell below the tolerance. ``interrupted``: the
    # caller asked to stop. ``stalled``: L-BFGS found no lower point.
    stopped_because: str


class StoppedAtOnce(Exception):
    """The caller asked to stop before the first evaluation was complete."""


class Stop(Exception):
    """Ends an optimizer from inside an evaluation."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@runtime_checkable
class _EvaluatesTiles(Protocol):
    """An objective that calls back before each tile."""

    on_tile: Callable[[int, int], None] | None


class Monitor:
    """Evaluates the objective, keeps the best image and decides when to stop."""

    def __init__(
        self,
        objective: ObjectiveLike,
        settings: Settings,
        on_evaluation: OnEvaluation | None,
        should_stop: Callable[[], bool] | None,
        offer: Offer | None,
    ) -> None:
        self._objective = objective
        self._settings = settings
        self._on_evaluation = on_evaluation
        self._should_stop = should_stop
        self._offer = offer
        self._best_totals: list[float] = []
        self._best_image: Image | None = None
        self._best_losses: dict[str, float] = {}
        self._optimizer: tuple[Variables, Numbers] | None = None
        if isinstance(objective, _EvaluatesTiles):
            objective.on_tile = self._before_tile

    def release(self) -> None:
        """Drop the references to the optimizer's arrays, and the objective's to this monitor and its best image."""
        self._optimizer = None
        if isinstance(self._objective, _EvaluatesTiles):
            self._objective.on_tile = None

    def resume(self, state: State) -> None:
        """Resume from a state."""
        self._best_totals = list(state.best_totals)
        self._best_image, self._best_losses = state.best, state.losses
        if state.finished is not None:
            raise Stop(state.finished)

    def evaluate(self, image: Any) -> tuple[float, Any]:
        """Return the total loss and the gradient of an image; each is an array or a tensor."""
        values, gradient = self._objective.value_and_gradient(image)
        losses = dict(zip(self._objective.names, map(float, np.asarray(values)), strict=True))
        total = sum(losses.values())
        if not np.isfinite(total):
            self._fail("loss", losses)
        if not np.isfinite(np.sum(np.asarray(gradient), dtype=np.float64)):  # allocates no array of that size
            self._fail("gradient", losses)
        self._record(np.asarray(image), losses, total)  # asarray shares a tensor's memory
        return total, gradient

    def after_evaluation(self, variables: Variables, numbers: Numbers) -> None:
        """Offer the state with the optimizer's variables and numbers, and stop if it is time."""
        self._optimizer = variables, numbers
        interrupted = self._should_stop is not None and self._should_stop()
        finished = self._finished()
        if self._offer is not None:
            self._offer(lambda: self._state(variables(), numbers(), finished), interrupted)
        if finished is not None:
            raise Stop(finished)
        if interrupted:
            raise Stop("interrupted")

    def outcome(self, reason: str) -> Outcome:
        """Return the best image with the reason for stopping."""
        return Outcome(self._best(), self._best_losses, len(self._best_totals), reason)

    def _before_tile(self, done: int, tiles: int) -> None:
        """Stop during an evaluation, which may take minutes, and offer the state before it once more."""
        if self._should_stop is None or not self._should_stop():
            return
        if self._best_image is None:
            raise StoppedAtOnce
        if self._offer is not None and self._optimizer is not None:  # None in the first evaluation after resuming
            variables, numbers = self._optimizer
            self._offer(lambda: self._state(variables(), numbers(), None), True)
        raise Stop("interrupted")

    def _record(self, image: Image, losses: dict[str, float], total: float) -> None:
        best = self._best_totals[-1] if self._best_totals else np.inf
        if total < best:
            self._best_image, self._best_losses = image, losses
        self._best_totals.append(min(total, best))
        if self._on_evaluation is not None:
            self._on_evaluation(len(self._best_totals), losses, image)

    def _finished(self) -> str | None:
        if len(self._best_totals) >= self._settings.steps:
            return "steps"
        if self._settings.tolerance > 0 and len(self._best_totals) > PROGRESS_WINDOW:
            before, now = self._best_totals[-1 - PROGRESS_WINDOW], self._best_totals[-1]
            if before - now < self._settings.tolerance * before:
                return "converged"
        return None

    def _fail(self, what: str, losses: dict[str, float]) -> NoReturn:
        values = ", ".join(f"{name} {value}" for name, value in losses.items())
        raise NumericalError(
            f"the {what} is not finite after {len(self._best_totals)} good steps ({values}); lower the weights or "
            "`learning_rate`, or set `compute_type` to float32",
            self._best_image,
        )

    def _state(self, variables: Mapping[str, Strips], numbers: Mapping[str, float], finished: str | None) -> State:
        return State(self._best(), self._best_losses, tuple(self._best_totals), finished, variables, numbers)

    def _best(self) -> Image:
        if self._best_image is None:
            raise AssertionError("there is no best image before the first evaluation")
        return self._best_image
