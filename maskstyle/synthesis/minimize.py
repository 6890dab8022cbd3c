"""Minimize an objective over images inside [0, 1]."""

from __future__ import annotations

from collections.abc import Callable

from maskstyle.errors import SettingsError
from maskstyle.objective.objective import ObjectiveLike
from maskstyle.settings import Settings
from maskstyle.synthesis.adam import minimize_adam
from maskstyle.synthesis.lbfgs import minimize_lbfgs
from maskstyle.synthesis.monitor import (
    MAX_STRIP_VALUES,
    Monitor,
    Offer,
    OnEvaluation,
    Outcome,
    Start,
    Stop,
    StoppedAtOnce,
)

__all__ = ["Outcome", "StoppedAtOnce", "minimize"]


def minimize(
    objective: ObjectiveLike,
    start: Start,
    settings: Settings,
    *,
    on_evaluation: OnEvaluation | None = None,
    should_stop: Callable[[], bool] | None = None,
    offer: Offer | None = None,
    max_strip_values: int = MAX_STRIP_VALUES,
) -> Outcome:
    """Minimize an objective from a starting image; every evaluated image lies in [0, 1].

    `start` is the starting image, in [0, 1], or a function that returns it or the `State` of an earlier minimization:
    both optimizers go on from a state exactly as if they had not been stopped. The optimizer ``auto`` is L-BFGS here;
    see `maskstyle.synthesis.schedule.settings_by_size`.

    After each evaluation, `on_evaluation` is called, `offer` receives the state to resume from, and `should_stop` may
    stop with the best image so far. Adam's variables have at most `max_strip_values` values each; less takes less
    memory and changes nothing else.

    Raises SettingsError if all weights are 0, or Adam is chosen and Keras does not run on TensorFlow. Raises
    NumericalError, with the best image so far, if a loss or gradient is not finite. Raises StoppedAtOnce if
    `should_stop` returns True during the first evaluation; large images ask before each tile.
    """
    if not objective.terms:
        raise SettingsError(
            "all weights are 0, so there is nothing to minimize; raise `content_weight`, `style_weight` or "
            "`tv_weight`"
        )
    monitor = Monitor(objective, settings, on_evaluation, should_stop, offer)
    reason = "stalled"
    try:
        if settings.optimizer == "adam":
            minimize_adam(monitor, start, settings, max_strip_values)
        else:
            minimize_lbfgs(monitor, start, settings.history)
    except Stop as stop:
        reason = stop.reason
    finally:
        monitor.release()
    return monitor.outcome(reason)  # after the optimizer's arrays have been freed
