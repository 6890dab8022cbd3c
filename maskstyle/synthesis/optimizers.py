"""SciPy's L-BFGS and Keras' Adam on images inside [0, 1]."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import SettingsError
from maskstyle.images.pixels import Image
from maskstyle.networks.blas import one_blas_thread
from maskstyle.networks.tensorflow import tf
from maskstyle.settings import Settings
from maskstyle.synthesis.checkpoint_file import State, Strips
from maskstyle.synthesis.monitor import Monitor

EXCESS_WEIGHT = 0.02
"""Weight of the penalty that pulls L-BFGS's variables back into [0, 1], relative to the first loss."""

LBFGS_SCALE = 1000.0
"""Scale of the loss given to SciPy. Curvatures of a loss near 1, spread over a million pixels, would otherwise come
close to SciPy's thresholds."""

SMALLEST_FIRST_LOSS = 1e-30
"""Lower bound of the first loss, which scales the others; dividing by a loss of 0 would leave float32's range."""

MAX_STRIP_VALUES = 2**24
"""Most values in each of Adam's variables. An update allocates several temporary arrays of a variable's size: 64 MiB
each at this limit, but half a gigabyte each for a whole image of 8192 pixels."""

MOMENTS = ("momentum", "velocity")
"""Keras' names of Adam's running means of the gradient and of its square."""

Start: TypeAlias = Image | Callable[[], Image | State]
"""A starting image, or a function that returns it or the state to resume from. The function is called once, so that
the caller need not keep a large array alive."""


def minimize_lbfgs(monitor: Monitor, start: Start, settings: Settings) -> None:
    """Run SciPy's L-BFGS on unbounded variables; see `_ProjectedLoss`."""
    from scipy.optimize import minimize as scipy_minimize

    image = _lbfgs_start(monitor, start)
    loss = _ProjectedLoss(monitor, image.shape)
    variables = image.astype(np.float64).ravel()
    del image
    options = {
        "maxcor": settings.history,
        "maxiter": settings.steps,
        "maxfun": 2 * settings.steps,
        "ftol": 0.0,
        "gtol": 0.0,
    }
    with one_blas_thread():
        scipy_minimize(loss, variables, jac=True, method="L-BFGS-B", options=options)


def _lbfgs_start(monitor: Monitor, start: Start) -> Image:
    started = start() if callable(start) else start
    if not isinstance(started, State):
        return started
    monitor.resume(started, restart=True)
    return started.best


class _ProjectedLoss:
    """The loss at the projection of unbounded variables onto [0, 1], plus a small quadratic penalty outside.

    Bounds inside L-BFGS-B reach the same losses step for step, but its search for the Cauchy point costs several
    times the bookkeeping of unbounded variables (docs/background/choosing-the-defaults.md). Outside [0, 1] the
    projection is flat. There a variable keeps the gradient of the nearest bound if that leads back inside, as with
    bounds; the penalty brings the others back.
    """

    def __init__(self, monitor: Monitor, shape: tuple[int, ...]) -> None:
        self._monitor = monitor
        self._shape = shape
        self._first_total = 0.0

    def __call__(self, variables: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """Return the scaled loss and its gradient, as SciPy wants them."""
        unbounded = variables.astype(np.float32).reshape(self._shape)
        image = np.clip(unbounded, 0.0, 1.0)
        total, gradient = self._monitor.evaluate(image)
        self._monitor.after_evaluation(dict)  # the best image is all that L-BFGS can resume from
        # Dividing by the first loss makes the penalty and SciPy's own thresholds suit any recipe.
        self._first_total = self._first_total or max(total, SMALLEST_FIRST_LOSS)
        excess = np.subtract(unbounded, image, out=unbounded)
        gradient = self._penalized(np.array(gradient), excess)
        penalty = EXCESS_WEIGHT * float(np.vdot(excess, excess)) / excess.size
        return LBFGS_SCALE * (total / self._first_total + penalty), gradient.astype(np.float64).ravel()

    def _penalized(self, gradient: Image, excess: Image) -> Image:
        """Scale a gradient in place and add the penalty's."""
        gradient[excess * gradient < 0] = 0.0  # a variable that is driven further out has reached its bound
        gradient *= np.float32(LBFGS_SCALE / self._first_total)
        gradient += np.float32(LBFGS_SCALE * 2 * EXCESS_WEIGHT / excess.size) * excess
        return gradient


def minimize_adam(monitor: Monitor, start: Start, settings: Settings, max_strip_values: int) -> None:
    """Run Keras' Adam on strips of rows of the image, and project onto [0, 1] after each step."""
    check_keras()
    strips = _adam_strips(monitor, start, settings, max_strip_values)

    def variables() -> dict[str, Strips]:
        moments = {name: _arrays([strip.moment(name) for strip in strips]) for name in MOMENTS}
        return {"image": _arrays([strip.pixels for strip in strips])} | moments

    while True:
        _, gradient = monitor.evaluate(tf.concat([strip.pixels for strip in strips], axis=0))
        for strip in strips:
            strip.step(gradient)
        del gradient  # the next evaluation needs the memory
        monitor.after_evaluation(variables)


def check_keras() -> None:
    """Raise SettingsError if Keras does not run on TensorFlow, which Adam needs."""
    import keras

    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise SettingsError(
            f"Adam needs Keras on tensorflow, but Keras runs on {backend}; unset KERAS_BACKEND or set `optimizer` to "
            "lbfgs"
        )


@dataclass(frozen=True)
class _AdamStrip:
    """A strip of rows of the image with its own optimizer: a shared one would copy the whole gradient first."""

    rows: slice
    pixels: Any
    adam: Any

    def step(self, gradient: Any) -> None:
        """Take one step with the gradient of the whole image."""
        self.adam.apply([gradient[self.rows]], [self.pixels])
        self.pixels.assign(tf.clip_by_value(self.pixels, 0.0, 1.0))

    def moment(self, name: str) -> Any:
        """Return the variable of a running mean."""
        return next(variable for variable in self.adam.variables if variable.name.endswith(f"_{name}"))


def _adam_strips(monitor: Monitor, start: Start, settings: Settings, max_strip_values: int) -> list[_AdamStrip]:
    """Return the strips of the starting image, or those of a state with Adam's memory restored."""
    started = start() if callable(start) else start
    image = _joined(started.variables["image"]) if isinstance(started, State) else started
    strips = [_adam_strip(image, rows, settings) for rows in strip_rows(image.shape, max_strip_values)]
    if isinstance(started, State):
        monitor.resume(started, restart=False)
        _restore_memory(strips, started)
    return strips


def _adam_strip(image: Image, rows: slice, settings: Settings) -> _AdamStrip:
    import keras

    pixels = tf.Variable(image[rows])
    adam = keras.optimizers.Adam(
        learning_rate=settings.learning_rate / settings.pixel_range,
        beta_1=settings.beta_1,
        beta_2=settings.beta_2,
        epsilon=settings.epsilon * settings.pixel_range,
    )
    adam.build([pixels])
    return _AdamStrip(rows, pixels, adam)


def _restore_memory(strips: Sequence[_AdamStrip], state: State) -> None:
    for strip in strips:
        strip.adam.iterations.assign(len(state.best_totals))
    for name in MOMENTS:
        moment = _joined(state.variables[name])
        for strip in strips:
            strip.moment(name).assign(moment[strip.rows])


def strip_rows(shape: tuple[int, ...], max_values: int = MAX_STRIP_VALUES) -> list[slice]:
    """Cut an array into strips of rows with at most `max_values` values each, but at least one row.

    Examples
    --------
    >>> strip_rows((1000, 8192, 3))
    [slice(0, 682, None), slice(682, 1000, None)]
    """
    height, *inner = shape
    rows = max(1, max_values // math.prod(inner))
    return [slice(top, min(top + rows, height)) for top in range(0, height, rows)]


def _arrays(variables: Sequence[Any]) -> Strips:
    """Return the values of variables without copying them; valid until the next assignment."""
    return tuple(np.asarray(tf.convert_to_tensor(variable)) for variable in variables)


def _joined(strips: Strips) -> Image:
    return strips[0] if len(strips) == 1 else np.concatenate(strips)
