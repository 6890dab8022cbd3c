"""One minimize() over images that stay inside [0, 1]: L-BFGS by SciPy, Adam by Keras."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import NumericalError, SettingsError
from maskstyle.images import Image
from maskstyle.objective import ObjectiveLike
from maskstyle.settings import Settings

PROGRESS_WINDOW = 10
"""Steps over which the stop rule measures progress."""

EXCESS_WEIGHT = 0.02
"""Pull of L-BFGS's variables back to [0, 1], as a share of the loss of the starting image."""

LBFGS_SCALE = 1000.0
"""Keeps the curvatures of a loss near 1, spread over a million pixels, clear of SciPy's thresholds."""

LEAST_SCALE = 1e-30
"""Least loss that others are divided by, so that a start without any loss does not leave float32's range."""

OnEvaluation = Callable[[int, dict[str, float], Image], None]
"""Called after each evaluation with its number from 1, the weighted losses by term, and the image."""


@dataclass(frozen=True)
class Outcome:
    """What a minimisation came to.

    Parameters
    ----------
    image : (H, W, 3) float32 array
        The image of the lowest loss, in [0, 1].
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
    start: Image,
    settings: Settings,
    *,
    on_evaluation: OnEvaluation | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Outcome:
    """Lower an objective from a starting image; every image that is evaluated lies in [0, 1].

    Parameters
    ----------
    objective : Objective or TiledObjective
        What to minimise.
    start : (H, W, 3) float32 array
        In [0, 1].
    settings : Settings
        Optimiser, step limit and tolerance; ``auto`` is L-BFGS here, see `maskstyle.schedule.settings_at`.
    on_evaluation : callable, optional
        Called after each evaluation.
    should_stop : callable, optional
        Asked after each evaluation; where it says True the best image so far is returned.

    Raises
    ------
    NumericalError
        Where a loss or gradient is not finite; it carries the best image so far.
    """
    if not objective.terms:
        raise SettingsError("every weight is 0, so there is nothing to do; give content, style or tv a weight")
    watch = _Watch(objective, settings, on_evaluation, should_stop)
    method = _minimize_adam if settings.optimizer == "adam" else _minimize_lbfgs
    try:
        method(watch, start, settings)
    except _Stop as stop:
        return watch.outcome(stop.reason)
    return watch.outcome("stalled")


class _Stop(Exception):
    """Ends an optimiser from inside its evaluations."""

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
    ) -> None:
        self._objective = objective
        self._settings = settings
        self._on_evaluation = on_evaluation
        self._should_stop = should_stop
        self._best_totals: list[float] = []
        self._best_image: Image | None = None
        self._best_losses: dict[str, float] = {}

    def evaluate(self, image: Image) -> tuple[float, Any]:
        """Return the total loss and the gradient, a tensor or an array, unless it is time to stop."""
        values, gradient = self._objective.value_and_gradient(image)
        losses = dict(zip(self._objective.names, map(float, np.asarray(values)), strict=True))
        total = sum(losses.values())
        if not np.isfinite(total):
            self._fail("loss", losses)
        if not np.isfinite(gradient).all():
            self._fail("gradient", losses)
        best = self._best_totals[-1] if self._best_totals else np.inf
        if total < best:
            self._best_image, self._best_losses = image, losses
        self._best_totals.append(min(total, best))
        if self._on_evaluation is not None:
            self._on_evaluation(len(self._best_totals), losses, image)
        self._check_stop()
        return total, gradient

    def _check_stop(self) -> None:
        if self._should_stop is not None and self._should_stop():
            raise _Stop("interrupted")
        if len(self._best_totals) >= self._settings.steps:
            raise _Stop("steps")
        if self._settings.tolerance > 0 and len(self._best_totals) > PROGRESS_WINDOW:
            before, now = self._best_totals[-1 - PROGRESS_WINDOW], self._best_totals[-1]
            if before - now < self._settings.tolerance * before:
                raise _Stop("converged")

    def _fail(self, what: str, losses: dict[str, float]) -> NoReturn:
        values = ", ".join(f"{name} {value}" for name, value in losses.items())
        raise NumericalError(
            f"the {what} is not finite after {len(self._best_totals)} good steps ({values}); lower the weights "
            "or the learning rate, or use --compute-type float32",
            self._best_image,
        )

    def outcome(self, reason: str) -> Outcome:
        """Return the best image with the reason for stopping."""
        if self._best_image is None:
            raise AssertionError("an outcome needs at least one evaluation")
        return Outcome(self._best_image, self._best_losses, len(self._best_totals), reason)


def _minimize_lbfgs(watch: _Watch, start: Image, settings: Settings) -> None:
    """Run SciPy's L-BFGS on free variables whose projection onto [0, 1] is evaluated.

    Bounds inside L-BFGS-B reach the same losses step for step, but its search for the Cauchy point costs
    several times the bookkeeping of free variables (docs/choosing-the-defaults.md). A variable that has left
    [0, 1] keeps the gradient of the edge where that leads back inside, as bounds would, though the projection
    is flat there; a small quadratic pull brings back the others.
    """
    from scipy.optimize import minimize as scipy_minimize
    from threadpoolctl import threadpool_limits

    first_total = 0.0

    def value_and_gradient(variables: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        nonlocal first_total
        free = variables.astype(np.float32).reshape(start.shape)
        image = np.clip(free, 0.0, 1.0)
        total, found = watch.evaluate(image)
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
        scipy_minimize(
            value_and_gradient, start.astype(np.float64).ravel(), jac=True, method="L-BFGS-B", options=options
        )


def _minimize_adam(watch: _Watch, start: Image, settings: Settings) -> None:
    """Run Keras' Adam, projecting onto [0, 1] after each step."""
    import keras
    import tensorflow as tf

    if keras.backend.backend() != "tensorflow":
        raise SettingsError(
            f"Keras runs on {keras.backend.backend()} here, and Adam needs it to run on tensorflow; unset "
            "KERAS_BACKEND or use --optimizer lbfgs"
        )
    variable = tf.Variable(start)
    optimizer = keras.optimizers.Adam(
        learning_rate=settings.learning_rate / settings.pixel_range,
        beta_1=settings.beta_1,
        beta_2=settings.beta_2,
        epsilon=settings.epsilon * settings.pixel_range,
    )
    while True:
        _, gradient = watch.evaluate(variable.numpy())
        optimizer.apply([gradient], [variable])
        variable.assign(tf.clip_by_value(variable, 0.0, 1.0))
