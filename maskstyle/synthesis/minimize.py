"""One minimize() over images that stay inside [0, 1]: L-BFGS by SciPy, Adam by Keras."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import NumericalError, SettingsError
from maskstyle.images.pixels import Image
from maskstyle.objective.objective import ObjectiveLike
from maskstyle.objective.tiling.objective import TiledObjective
from maskstyle.settings import Settings
from maskstyle.synthesis.checkpoint_file import State, Strips

PROGRESS_WINDOW = 10
"""Steps over which the stop rule measures progress."""

EXCESS_WEIGHT = 0.02
"""Pull of L-BFGS's variables back to [0, 1], as a share of the loss of the starting image."""

LBFGS_SCALE = 1000.0
"""Keeps the curvatures of a loss near 1, spread over a million pixels, clear of SciPy's thresholds."""

LEAST_SCALE = 1e-30
"""Least loss that others are divided by, so that a start without any loss does not leave float32's range."""

STRIP_VALUES = 2**24
"""Most values in each of Adam's variables. An update makes several arrays of a variable's size at a time, 64 MiB each
here; for a whole image of 8192 pixels they would be half a gigabyte each."""

OnEvaluation = Callable[[int, dict[str, float], Image], None]
"""Called after each evaluation with its number from 1, the weighted losses by term, and the image."""

Offer = Callable[[Callable[[], State], bool], None]
"""Called after each evaluation with a function that returns the state to go on from, good for the duration of the
call, and whether the caller asked to stop."""

Start: TypeAlias = Image | Callable[[], Image | State]
"""An image to begin from; or a function, asked once, that returns it or the state to go on from, so that nobody else
need hold it."""

MOMENTS = ("momentum", "velocity")
"""Adam's means of the gradient and of its square, by Keras' names."""


@dataclass(frozen=True)
class Outcome:
    """What a minimization came to.

    Parameters
    ----------
    image : (H, W, 3) float32 array
        The image of the lowest loss, in [0, 1]; it may be read-only.
    losses : dict of str to float
        Its weighted losses by term.
    evaluations : int
        Number of evaluations of loss and gradient.
    stopped_because : {"steps", "converged", "interrupted", "stalled"}
        The step limit was reached, progress fell below the tolerance, the caller asked to stop, or L-BFGS
        found no lower point.
    """

    image: Image
    losses: dict[str, float]
    evaluations: int
    stopped_because: str


def minimize(
    objective: ObjectiveLike,
    start: Start,
    settings: Settings,
    *,
    on_evaluation: OnEvaluation | None = None,
    should_stop: Callable[[], bool] | None = None,
    offer: Offer | None = None,
) -> Outcome:
    """Lower an objective from a starting image; every image that is evaluated lies in [0, 1].

    Parameters
    ----------
    objective : Objective or TiledObjective
        What to minimize.
    start : (H, W, 3) float32 array, or callable
        In [0, 1]; or returns such an image, which is held no longer than it takes; or returns the State that an
        earlier minimization offered, with which this one goes on. Adam goes on as if nothing had been. L-BFGS, whose
        memory SciPy does not give out, begins anew at the best image with the evaluations that are left, and what
        went before does not count for the tolerance.
    settings : Settings
        Optimizer, step limit and tolerance; ``auto`` is L-BFGS here, see `maskstyle.synthesis.schedule.settings_at`.
    on_evaluation : callable, optional
        Called after each evaluation.
    should_stop : callable, optional
        Asked after each evaluation; where it says True the best image so far is returned.
    offer : callable, optional
        Offered the state after each evaluation.

    Raises
    ------
    NumericalError
        Where a loss or gradient is not finite; it carries the best image so far.
    StoppedAtOnce
        Where `should_stop` says True amid the first evaluation, as it is asked at each tile of large images.
    """
    if not objective.terms:
        raise SettingsError("every weight is 0, so there is nothing to do; give content, style or tv a weight")
    watch = _Watch(objective, settings, on_evaluation, should_stop, offer)
    method = _minimize_adam if settings.optimizer == "adam" else _minimize_lbfgs
    reason = "stalled"
    try:
        method(watch, start, settings)
    except _Stop as stop:
        reason = stop.reason
    finally:
        watch.leave()
    return watch.outcome(reason)  # when the optimizer's arrays are gone


class StoppedAtOnce(Exception):
    """The caller asked to stop before anything was evaluated."""


class _Stop(Exception):
    """Ends an optimizer from inside its evaluations."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class _Watch:
    """Evaluates the objective, remembers the best image and decides when to stop."""

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
        self._window_begins = 0
        self._variables: Callable[[], Mapping[str, Strips]] | None = None
        if isinstance(objective, TiledObjective):
            objective.on_tile = self._begin_tile

    def leave(self) -> None:
        """Let go of the optimizer's arrays, and of the objective, which would go on to hold the best image."""
        self._variables = None
        if isinstance(self._objective, TiledObjective):
            self._objective.on_tile = None

    def resume(self, state: State, *, anew: bool) -> None:
        """Go on from a state; `anew` says that the progress before it tells nothing of the progress to come."""
        self._best_totals = list(state.best_totals)
        self._best_image, self._best_losses = state.best, state.losses
        if anew:
            self._window_begins = len(self._best_totals)
        if state.finished is not None:
            raise _Stop(state.finished)

    def _begin_tile(self, done: int, tiles: int) -> None:
        """Stop amid an evaluation, which may take minutes; what was before it is offered once more."""
        if self._should_stop is None or not self._should_stop():
            return
        if self._best_image is None:
            raise StoppedAtOnce
        variables = self._variables
        if self._offer is not None and variables is not None:  # None where only the state to go on from was there
            self._offer(lambda: self._state(variables(), None), True)
        raise _Stop("interrupted")

    def evaluate(self, image: Any) -> tuple[float, Any]:
        """Return the total loss and the gradient of an image; each is an array or a tensor."""
        values, gradient = self._objective.value_and_gradient(image)
        losses = dict(zip(self._objective.names, map(float, np.asarray(values)), strict=True))
        total = sum(losses.values())
        if not np.isfinite(total):
            self._fail("loss", losses)
        if not np.isfinite(np.sum(np.asarray(gradient), dtype=np.float64)):  # which makes no arrays of its size
            self._fail("gradient", losses)
        pixels: Image = np.asarray(image)  # a tensor's own memory, not a copy
        best = self._best_totals[-1] if self._best_totals else np.inf
        if total < best:
            self._best_image, self._best_losses = pixels, losses
        self._best_totals.append(min(total, best))
        if self._on_evaluation is not None:
            self._on_evaluation(len(self._best_totals), losses, pixels)
        return total, gradient

    def settle(self, variables: Callable[[], Mapping[str, Strips]]) -> None:
        """Offer the state, with an optimizer's variables after an evaluation, and stop if it is time."""
        self._variables = variables
        interrupted = self._should_stop is not None and self._should_stop()
        finished = self._finished()
        if self._offer is not None:
            self._offer(lambda: self._state(variables(), finished), interrupted)
        if interrupted:
            raise _Stop("interrupted")
        if finished is not None:
            raise _Stop(finished)

    def _finished(self) -> str | None:
        if len(self._best_totals) >= self._settings.steps:
            return "steps"
        if self._settings.tolerance > 0 and len(self._best_totals) - self._window_begins > PROGRESS_WINDOW:
            before, now = self._best_totals[-1 - PROGRESS_WINDOW], self._best_totals[-1]
            if before - now < self._settings.tolerance * before:
                return "converged"
        return None

    def _fail(self, what: str, losses: dict[str, float]) -> NoReturn:
        values = ", ".join(f"{name} {value}" for name, value in losses.items())
        raise NumericalError(
            f"the {what} is not finite after {len(self._best_totals)} good steps ({values}); lower the weights "
            "or the learning rate, or use --compute-type float32",
            self._best_image,
        )

    def _state(self, variables: Mapping[str, Strips], finished: str | None) -> State:
        return State(self._best(), self._best_losses, tuple(self._best_totals), finished, variables)

    def outcome(self, reason: str) -> Outcome:
        """Return the best image with the reason for stopping."""
        return Outcome(self._best(), self._best_losses, len(self._best_totals), reason)

    def _best(self) -> Image:
        if self._best_image is None:
            raise AssertionError("a best image needs at least one evaluation")
        return self._best_image


def _minimize_lbfgs(watch: _Watch, start: Start, settings: Settings) -> None:
    """Run SciPy's L-BFGS on free variables whose projection onto [0, 1] is evaluated.

    Bounds inside L-BFGS-B reach the same losses step for step, but its search for the Cauchy point costs
    several times the bookkeeping of free variables (docs/choosing-the-defaults.md). A variable that has left
    [0, 1] keeps the gradient of the edge where that leads back inside, as bounds would, though the projection
    is flat there; a small quadratic pull brings back the others.
    """
    from scipy.optimize import minimize as scipy_minimize
    from threadpoolctl import threadpool_limits

    begun = start() if callable(start) else start
    if isinstance(begun, State):
        watch.resume(begun, anew=True)
        begun = begun.best
    shape = begun.shape
    variables = begun.astype(np.float64).ravel()
    del begun
    first_total = 0.0

    def value_and_gradient(variables: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        nonlocal first_total
        free = variables.astype(np.float32).reshape(shape)
        image = np.clip(free, 0.0, 1.0)
        total, found = watch.evaluate(image)
        watch.settle(dict)  # the best image is all that there is to go on from
        # Scaled by the first loss, so that the pull and SciPy's own thresholds fit any recipe.
        first_total = first_total or max(total, LEAST_SCALE)
        excess = np.subtract(free, image, out=free)
        gradient = np.array(found)
        # A variable outside [0, 1] whose gradient leads further out has arrived.
        gradient[excess * gradient < 0] = 0.0
        gradient *= np.float32(LBFGS_SCALE / first_total)
        gradient += np.float32(LBFGS_SCALE * 2 * EXCESS_WEIGHT / excess.size) * excess
        pull = EXCESS_WEIGHT * float(np.vdot(excess, excess)) / excess.size
        return LBFGS_SCALE * (total / first_total + pull), gradient.astype(np.float64).ravel()

    options = {
        "maxcor": settings.history,
        "maxiter": settings.steps,
        "maxfun": 2 * settings.steps,
        "ftol": 0.0,
        "gtol": 0.0,
    }
    # BLAS threads wait for more work by spinning, which takes processors from TensorFlow's next evaluation.
    with threadpool_limits(limits=1, user_api="blas"):
        scipy_minimize(value_and_gradient, variables, jac=True, method="L-BFGS-B", options=options)


def _minimize_adam(watch: _Watch, start: Start, settings: Settings) -> None:
    """Run Keras' Adam, projecting onto [0, 1] after each step; the image lies in strips of rows (`STRIP_VALUES`)."""
    import keras
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        raise SettingsError(
            f"Keras runs on {keras.backend.backend()} here, and Adam needs it to run on tensorflow; unset "
            "KERAS_BACKEND or use --optimizer lbfgs"
        )

    def optimizer() -> Any:
        return keras.optimizers.Adam(
            learning_rate=settings.learning_rate / settings.pixel_range,
            beta_1=settings.beta_1,
            beta_2=settings.beta_2,
            epsilon=settings.epsilon * settings.pixel_range,
        )

    # Each strip with an optimizer of its own: one for all would copy the whole gradient first.
    strips, optimizers = _begun_strips(watch, start, optimizer)

    def variables() -> dict[str, Strips]:
        return {"image": _arrays(strips)} | {name: _arrays(_moments(optimizers, name)) for name in MOMENTS}

    while True:
        _, gradient = watch.evaluate(tf.concat(strips, axis=0))
        for each, strip, rows in zip(optimizers, strips, row_cuts(gradient.shape), strict=True):
            each.apply([gradient[rows]], [strip])
            strip.assign(tf.clip_by_value(strip, 0.0, 1.0))
        del gradient  # the next evaluation needs the memory
        watch.settle(variables)


def _begun_strips(watch: _Watch, start: Start, optimizer: Callable[[], Any]) -> tuple[list[Any], list[Any]]:
    """Return the image in variables, strip by strip, and their optimizers, set to where they stood."""
    import tensorflow as tf

    begun = start() if callable(start) else start
    state = begun if isinstance(begun, State) else None
    image = begun if isinstance(begun, np.ndarray) else _whole(begun.variables["image"])
    cuts = row_cuts(image.shape)
    strips = [tf.Variable(image[rows]) for rows in cuts]
    optimizers = [optimizer() for _ in strips]
    for each, strip in zip(optimizers, strips, strict=True):
        each.build([strip])
    if state is not None:
        watch.resume(state, anew=False)
        for each in optimizers:
            each.iterations.assign(len(state.best_totals))
        for name in MOMENTS:
            held = _whole(state.variables[name])
            for moment, rows in zip(_moments(optimizers, name), cuts, strict=True):
                moment.assign(held[rows])
    return strips, optimizers


def row_cuts(shape: tuple[int, ...]) -> list[slice]:
    """Return the rows of each strip of an array of a shape, which has at most `STRIP_VALUES` unless a row has more.

    Examples
    --------
    >>> row_cuts((1000, 8192, 3))
    [slice(0, 682, None), slice(682, 1000, None)]
    """
    height, *inner = shape
    rows = max(1, STRIP_VALUES // math.prod(inner))
    return [slice(top, min(top + rows, height)) for top in range(0, height, rows)]


def _moments(optimizers: Sequence[Any], name: str) -> list[Any]:
    return [variable for each in optimizers for variable in each.variables if variable.name.endswith(f"_{name}")]


def _arrays(variables: Sequence[Any]) -> Strips:
    """Return what variables hold, without copying it: good until they are next assigned to."""
    import tensorflow as tf

    return tuple(np.asarray(tf.convert_to_tensor(variable)) for variable in variables)


def _whole(strips: Strips) -> Image:
    return strips[0] if len(strips) == 1 else np.concatenate(strips)
