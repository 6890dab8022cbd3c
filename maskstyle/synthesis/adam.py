"""Keras' Adam on images inside [0, 1]."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from maskstyle.errors import SettingsError
from maskstyle.images.pixels import Image, row_strips
from maskstyle.networks.tensorflow import tf
from maskstyle.settings import Settings
from maskstyle.synthesis.checkpoint_file import State, Strips
from maskstyle.synthesis.monitor import Monitor, Start, as_arrays, joined

MOMENTS = ("momentum", "velocity")
"""Keras' names of Adam's running means of the gradient and of its square."""


def minimize_adam(monitor: Monitor, start: Start, settings: Settings, max_strip_values: int) -> None:
    """Run Keras' Adam on strips of rows of the image, and project onto [0, 1] after each step."""
    check_keras()
    strips = _adam_strips(monitor, start, settings, max_strip_values)

    def variables() -> dict[str, Strips]:
        moments = {name: as_arrays([strip.moment(name) for strip in strips]) for name in MOMENTS}
        return {"image": as_arrays([strip.pixels for strip in strips])} | moments

    while True:
        _, gradient = monitor.evaluate(tf.concat([strip.pixels for strip in strips], axis=0))
        for strip in strips:
            strip.step(gradient)
        del gradient  # the next evaluation needs the memory
        monitor.after_evaluation(variables, dict)


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
    image = joined(started.variables["image"]) if isinstance(started, State) else started
    strips = [_adam_strip(image, rows, settings) for rows in row_strips(image.shape, max_strip_values)]
    if isinstance(started, State):
        monitor.resume(started)
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
        moment = joined(state.variables[name])
        for strip in strips:
            strip.moment(name).assign(moment[strip.rows])
