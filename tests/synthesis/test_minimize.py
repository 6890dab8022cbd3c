"""minimize() lowers the loss, stays in range, stops on time, never loses the best image and resumes from a state."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from reference import Bowl, random_image
from small_scenes import whole_style_guide

from maskstyle.errors import NumericalError, SettingsError
from maskstyle.images.pixels import row_strips
from maskstyle.objective.assemble import content_term, style_term, total_variation_term
from maskstyle.objective.extract import Extractor
from maskstyle.objective.objective import Objective
from maskstyle.settings import Settings
from maskstyle.synthesis.minimize import StoppedAtOnce, minimize
from maskstyle.synthesis.schedule import PROGRESS_WINDOW

SHAPE = (5, 6, 3)
ROW = 6 * 3
START = random_image(0, 5, 6)
CURVATURE = np.random.default_rng(1).uniform(0.2, 20.0, SHAPE)
OUTSIDE = np.random.default_rng(2).uniform(-0.4, 1.4, SHAPE)  # for many pixels the minimum lies on the bounds

both = pytest.mark.parametrize("optimizer", ["lbfgs", "adam"])


def settings_of(optimizer="lbfgs", **changes):
    defaults = {"optimizer": optimizer, "steps": 30, "tolerance": 0.0, "learning_rate": 0.05}
    return Settings(**(defaults | changes))


@pytest.fixture(scope="module")
def real_objective(tiny_network):
    settings = Settings(
        content_layers=(("block2_conv1", 1.0),),
        style_layers=(("block1_conv1", 1.0), ("block2_conv1", 1.0)),
        content_weight=1.0,
        style_weight=5.0,
        tv_weight=1.0,
    )
    network = tiny_network(["block1_conv1", "block2_conv1"])
    content, style = random_image(3, 12, 14), random_image(4, 10, 9) ** 2
    guides = [whole_style_guide(network, [style], [1.0], settings)]
    terms = [
        content_term(Extractor(network), content, settings),
        style_term(network, guides, settings),
        total_variation_term(settings),
    ]
    return Objective(network, terms)


class Log:
    """Records evaluations, and copies of their images beside the images themselves."""

    def __init__(self):
        self.numbers, self.losses, self.images, self.copies = [], [], [], []

    def __call__(self, number, losses, image):
        """Record one evaluation."""
        self.numbers.append(number)
        self.losses.append(losses)
        self.images.append(image)
        self.copies.append(image.copy())

    @property
    def totals(self):
        """Return the total loss of each evaluation."""
        return [sum(losses.values()) for losses in self.losses]

    @property
    def best(self):
        """Return the index of the lowest loss."""
        return int(np.argmin(self.totals))


@both
def test_lowers_a_real_objective_inside_the_range(real_objective, optimizer):
    log = Log()
    start = random_image(5, 12, 14)
    outcome = minimize(real_objective, start, settings_of(optimizer), on_evaluation=log)
    assert_array_equal(log.images[0], start)
    assert log.numbers == list(range(1, 31))
    for image, copy in zip(log.images, log.copies, strict=True):
        assert image.dtype == np.float32
        assert image.shape == start.shape
        assert image.min() >= 0
        assert image.max() <= 1
        assert_array_equal(image, copy)  # a reported image never changes later
    assert min(log.totals) < 0.5 * log.totals[0]
    assert_array_equal(outcome.image, log.images[log.best])
    assert outcome.losses == log.losses[log.best]
    assert outcome.losses == pytest.approx(real_objective.losses(outcome.image), rel=1e-5)


def test_the_best_image_need_not_be_the_last():
    log = Log()
    outcome = minimize(Bowl(OUTSIDE), START, settings_of("adam", steps=9, learning_rate=0.4), on_evaluation=log)
    assert 0 < log.best < 8
    assert_array_equal(outcome.image, log.images[log.best])
    assert outcome.losses == log.losses[log.best]


@both
def test_repeats_itself_to_the_bit_and_leaves_the_start_alone(real_objective, optimizer):
    start = random_image(5, 12, 14)
    kept = start.copy()
    first, second = (minimize(real_objective, start, settings_of(optimizer, steps=6)) for _ in range(2))
    assert_array_equal(first.image, second.image)
    assert first.losses == second.losses
    assert_array_equal(start, kept)


@both
def test_finds_a_minimum_on_the_bounds(optimizer):
    settings = settings_of(optimizer, steps=90, learning_rate=0.1)
    outcome = minimize(Bowl(OUTSIDE, CURVATURE), START, settings)
    assert_allclose(outcome.image, np.clip(OUTSIDE, 0, 1), atol=0.05)
    assert outcome.image.min() == 0.0
    assert outcome.image.max() == 1.0


def test_lbfgs_keeps_up_with_scipys_own_bounds_on_a_bowl():
    _compare_with_scipy(Bowl(OUTSIDE, CURVATURE), START, steps=12)


def test_lbfgs_keeps_up_with_scipys_own_bounds_on_a_real_objective(real_objective):
    _compare_with_scipy(real_objective, random_image(5, 12, 14), steps=40)


def _compare_with_scipy(objective, start, steps):
    def value_and_gradient(variables):
        values, gradient = objective.value_and_gradient(variables.reshape(start.shape).astype(np.float32))
        return float(tf.reduce_sum(values)), gradient.numpy().astype(np.float64).ravel()

    variables = start.ravel().astype(np.float64)
    # SciPy stops between iterations only: allow a little slack.
    scale = 1.0 / value_and_gradient(variables)[0]
    expected = scipy.optimize.minimize(
        lambda point: tuple(scale * each for each in value_and_gradient(point)),
        variables,
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.0, 1.0)] * start.size,
        options={"maxcor": 5, "maxfun": steps, "maxiter": steps, "ftol": 0.0, "gtol": 0.0},
    )
    outcome = minimize(objective, start, settings_of(steps=steps, history=5))
    assert sum(outcome.losses.values()) <= 1.1 * expected.fun / scale


def test_history_limits_the_memory_of_lbfgs():
    def totals(history):
        log = Log()
        minimize(Bowl(OUTSIDE, CURVATURE), START, settings_of(steps=12, history=history), on_evaluation=log)
        return log.totals

    assert totals(12) == totals(30)  # neither is ever full
    first_difference = {history: _first_difference(totals(history), totals(30)) for history in (1, 3)}
    assert 2 < first_difference[1] < first_difference[3]


def _first_difference(some, others):
    return next(number for number, (one, other) in enumerate(zip(some, others, strict=True), 1) if one != other)


@pytest.mark.parametrize("steps", [1, 2, 7])
@both
def test_exactly_as_many_evaluations_as_steps(optimizer, steps):
    bowl, log = Bowl(OUTSIDE, CURVATURE), Log()
    outcome = minimize(bowl, START, settings_of(optimizer, steps=steps), on_evaluation=log)
    assert (outcome.evaluations, outcome.stopped_because) == (steps, "steps")
    assert bowl.calls == len(log.numbers) == steps


@both
def test_stops_when_progress_falls_below_the_tolerance(optimizer):
    tolerance = 0.01
    log = Log()
    bowl = Bowl(OUTSIDE, CURVATURE, floor=100.0)
    settings = settings_of(optimizer, steps=500, tolerance=tolerance)
    outcome = minimize(bowl, START, settings, on_evaluation=log)
    assert outcome.stopped_because == "converged"

    best = np.minimum.accumulate(log.totals)
    falls = (best[:-PROGRESS_WINDOW] - best[PROGRESS_WINDOW:]) / best[:-PROGRESS_WINDOW]
    assert outcome.evaluations == len(log.totals) == PROGRESS_WINDOW + len(falls)
    assert falls[-1] < tolerance
    assert (falls[:-1] >= tolerance).all()


def test_tolerance_0_never_stops_early():
    flat = Bowl(OUTSIDE, 1e-9, floor=100.0)
    outcome = minimize(flat, START, settings_of("adam", steps=PROGRESS_WINDOW + 2, learning_rate=1e-6))
    assert (outcome.evaluations, outcome.stopped_because) == (PROGRESS_WINDOW + 2, "steps")


@both
def test_should_stop_interrupts_after_an_evaluation(optimizer):
    log = Log()
    outcome = minimize(
        Bowl(OUTSIDE, CURVATURE),
        START,
        settings_of(optimizer),
        on_evaluation=log,
        should_stop=lambda: len(log.numbers) == 4,
    )
    assert (outcome.evaluations, outcome.stopped_because) == (4, "interrupted")
    assert outcome.losses["distance"] == min(log.totals)


def test_lbfgs_stalls_at_the_minimum():
    outcome = minimize(Bowl(START), START, settings_of())
    assert outcome.stopped_because == "stalled"
    assert_array_equal(outcome.image, START)


@pytest.mark.parametrize("broken_value", [np.nan, np.inf])
@both
def test_a_loss_that_is_not_finite_raises_with_the_best_image(optimizer, broken_value):
    log = Log()
    bowl = Bowl(OUTSIDE, CURVATURE, broken_at=5, broken_value=broken_value)
    message = "loss is not finite after 4 good steps .*distance.* set `compute_type` to float32"
    with pytest.raises(NumericalError, match=message) as caught:
        minimize(bowl, START, settings_of(optimizer), on_evaluation=log)
    assert_array_equal(caught.value.image, log.images[log.best])


@both
def test_a_first_loss_that_is_not_finite_raises_without_an_image(optimizer):
    with pytest.raises(NumericalError, match="after 0 good steps") as caught:
        minimize(Bowl(OUTSIDE, broken_at=1), START, settings_of(optimizer))
    assert caught.value.image is None


@both
def test_a_gradient_that_is_not_finite_raises_with_the_best_image(optimizer):
    class BrokenGradient(Bowl):
        def value_and_gradient(self, image):
            value, gradient = super().value_and_gradient(image)
            return value, gradient * (np.nan if self.calls == 3 else 1.0)

    log = Log()
    with pytest.raises(NumericalError, match="gradient is not finite after 2") as caught:
        minimize(BrokenGradient(OUTSIDE, CURVATURE), START, settings_of(optimizer), on_evaluation=log)
    assert_array_equal(caught.value.image, log.images[log.best])


@pytest.mark.parametrize("pixel_range", [1.0, 255.0])
def test_adams_first_step_is_the_closed_formula_in_the_units_of_the_range(pixel_range):
    settings = Settings(
        optimizer="adam",
        steps=2,
        tolerance=0.0,
        learning_rate=0.02 * pixel_range,
        beta_1=0.8,
        beta_2=0.99,
        epsilon=0.1,
        pixel_range=pixel_range,
    )
    log = Log()
    minimize(Bowl(OUTSIDE, CURVATURE), START, settings, on_evaluation=log)
    pixels = START.astype(np.float64) * pixel_range
    gradient = 2 * CURVATURE * (START - OUTSIDE) / pixel_range  # in the pixels' own units
    # Kingma and Ba (2015), end of section 2: bias corrections are folded into the rate, as in Keras.
    first, second = (1 - 0.8) * gradient, (1 - 0.99) * gradient**2
    rate = 0.02 * pixel_range * np.sqrt(1 - 0.99) / (1 - 0.8)
    expected = np.clip(pixels - rate * first / (np.sqrt(second) + 0.1), 0, pixel_range) / pixel_range
    assert_allclose(log.images[1], expected, atol=1e-6)
    assert np.abs(log.images[1] - START).max() > 1e-3


def test_an_objective_without_terms_is_refused():
    bowl = Bowl(OUTSIDE)
    bowl.terms = ()
    with pytest.raises(SettingsError, match="all weights are 0, so there is nothing to minimize"):
        minimize(bowl, START, settings_of())


def test_adam_needs_keras_on_tensorflow(monkeypatch):
    import keras

    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(SettingsError, match="Keras runs on jax"):
        minimize(Bowl(OUTSIDE), START, settings_of("adam"))
    assert minimize(Bowl(OUTSIDE), START, settings_of("lbfgs", steps=2)).evaluations == 2


# Strips of rows


@pytest.mark.parametrize("max_values", [1, 2 * ROW, 2 * ROW + 4, 3 * ROW, 10**6])
def test_strips_cover_all_rows_within_the_limit(max_values):
    strips = row_strips(SHAPE, max_values)
    assert [row for strip in strips for row in range(strip.start, strip.stop)] == [0, 1, 2, 3, 4]
    assert all((strip.stop - strip.start) * ROW <= max(max_values, ROW) for strip in strips)


@pytest.mark.parametrize("rows", [1, 2])
def test_strips_change_no_bit(rows):
    whole, in_strips = Log(), Log()
    for log, values in ((whole, 10**6), (in_strips, rows * ROW)):
        settings = settings_of("adam", steps=6)
        minimize(Bowl(OUTSIDE, CURVATURE), START, settings, on_evaluation=log, max_strip_values=values)
    assert in_strips.losses == whole.losses
    for image, copy, expected in zip(in_strips.images, in_strips.copies, whole.images, strict=True):
        assert_array_equal(image, copy)
        assert_array_equal(image, expected)


# Resuming from a state


def copied(state):
    """Return a state as a file returns it: valid for longer than the call, and each variable in one strip."""
    variables = {name: (np.concatenate(strips),) for name, strips in state.variables.items()}
    return dataclasses.replace(state, best=state.best.copy(), variables=variables)


def recorded(objective, start, settings, **others):
    """Return the outcome of a minimization, the log of its evaluations, and the state after each."""
    states, log = [], Log()
    outcome = minimize(
        objective,
        start,
        settings,
        on_evaluation=log,
        offer=lambda state, last: states.append(copied(state())),
        **others,
    )
    return outcome, log, states


@pytest.mark.parametrize("rows", [2, 5])
def test_adam_resumes_exactly(rows):
    settings = settings_of("adam", steps=7)
    bowl = Bowl(OUTSIDE, CURVATURE)
    whole, log, states = recorded(bowl, START, settings, max_strip_values=rows * ROW)
    assert [len(state.best_totals) for state in states] == list(range(1, 8))
    for after, resumed_rows in ((1, rows), (4, 3), (6, rows)):
        resumed, later, more = recorded(
            bowl, lambda state=states[after - 1]: state, settings, max_strip_values=resumed_rows * ROW
        )
        assert later.numbers == list(range(after + 1, 8))
        assert later.losses == log.losses[after:]
        for image, expected in zip(later.images, log.images[after:], strict=True):
            assert_array_equal(image, expected)
        assert_array_equal(resumed.image, whole.image)
        assert (resumed.losses, resumed.evaluations, resumed.stopped_because) == (whole.losses, 7, "steps")
        for name in ("image", "momentum", "velocity"):
            assert_array_equal(more[-1].variables[name][0], states[-1].variables[name][0])


def test_lbfgs_resumes_exactly():
    settings, start = settings_of(steps=24, history=3), np.zeros(SHAPE, np.float32)
    bowl = Bowl(OUTSIDE, CURVATURE**3)  # so uneven that some steps are tried twice
    whole, log, states = recorded(bowl, start, settings)
    tries = [state.numbers["tries"] for state in states]
    assert max(tries) > 0
    for after in (1, 2, 5, tries.index(1) + 1, 23):
        resumed, later, more = recorded(bowl, lambda state=states[after - 1]: state, settings)
        assert later.numbers == list(range(after + 1, 25))
        assert later.losses == log.losses[after:]
        for image, expected in zip(later.images, log.images[after:], strict=True):
            assert_array_equal(image, expected)
        assert_array_equal(resumed.image, whole.image)
        assert (resumed.losses, resumed.evaluations, resumed.stopped_because) == (whole.losses, 24, "steps")
        assert more[-1].numbers == states[-1].numbers
        for name, strips in states[-1].variables.items():
            assert_array_equal(more[-1].variables[name][0], strips[0])


def test_the_best_image_of_a_state_stays_the_best():
    _, _, states = recorded(Bowl(OUTSIDE, CURVATURE), START, settings_of(steps=2))
    image = np.clip(OUTSIDE, 0, 1).astype(np.float32)
    best = dataclasses.replace(
        states[-1], best=image, losses={"distance": 1e-3}, best_totals=(5.0, 1e-3), finished=None
    )
    outcome = minimize(Bowl(OUTSIDE, CURVATURE), lambda: best, settings_of(steps=5))
    assert_array_equal(outcome.image, best.best)
    assert (outcome.losses, outcome.evaluations) == ({"distance": 1e-3}, 5)


@both
def test_a_resumed_minimization_keeps_its_measure_of_progress(optimizer):
    flat = Bowl(OUTSIDE, 1e-9, floor=100.0)
    settings = settings_of(optimizer, steps=60, tolerance=0.01, learning_rate=1e-6)
    whole, _, states = recorded(flat, START, settings)
    assert whole.evaluations == PROGRESS_WINDOW + 1
    resumed = minimize(flat, lambda: states[5], settings)
    assert (resumed.evaluations, resumed.stopped_because) == (PROGRESS_WINDOW + 1, "converged")


@both
@pytest.mark.parametrize(("tolerance", "reason"), [(0.0, "steps"), (0.5, "converged")])
def test_a_finished_minimization_resumes_without_an_evaluation(optimizer, tolerance, reason):
    settings = settings_of(optimizer, steps=13, tolerance=tolerance)
    bowl = Bowl(OUTSIDE, CURVATURE, floor=1e4)
    whole, _, states = recorded(bowl, START, settings)
    calls = bowl.calls
    resumed = minimize(bowl, lambda: states[-1], settings)
    assert states[-1].finished == whole.stopped_because == reason
    assert bowl.calls == calls
    assert_array_equal(resumed.image, whole.image)
    assert (resumed.losses, resumed.evaluations) == (whole.losses, whole.evaluations)
    assert resumed.stopped_because == reason


@both
def test_the_offer_of_an_interruption_is_the_last(optimizer):
    offers = []
    minimize(
        Bowl(OUTSIDE, CURVATURE),
        START,
        settings_of(optimizer),
        should_stop=lambda: len(offers) == 2,
        offer=lambda state, last: offers.append((len(state().best_totals), last)),
    )
    assert offers == [(1, False), (2, False), (3, True)]


def test_an_error_after_resuming_carries_the_best_image_of_the_state():
    _, _, states = recorded(Bowl(OUTSIDE, CURVATURE), START, settings_of(steps=3))
    with pytest.raises(NumericalError, match="after 2 good steps") as caught:
        minimize(Bowl(OUTSIDE, broken_at=1), lambda: states[1], settings_of())
    assert_array_equal(caught.value.image, states[1].best)


class Tiled(Bowl):
    """A bowl that calls back before each tile, as objectives of large images do."""

    on_tile: Any = None

    def value_and_gradient(self, image):
        """Return what a TiledObjective returns, after three tiles."""
        for tile in range(3):
            self.on_tile(tile, 3)
        return super().value_and_gradient(image)


@both
def test_an_interruption_during_an_evaluation_offers_the_state_before_it(optimizer):
    settings = settings_of(optimizer, steps=6)
    whole, _, states = recorded(Tiled(OUTSIDE, CURVATURE), START, settings)
    bowl = Tiled(OUTSIDE, CURVATURE)
    asked = []

    def should_stop():
        asked.append(bowl.calls)
        return asked.count(3) == 3  # after the third evaluation, then before the first and the second tile

    stopped, _, offered = recorded(bowl, START, settings, should_stop=should_stop)
    assert (stopped.evaluations, stopped.stopped_because, bowl.calls) == (3, "interrupted", 3)
    assert bowl.on_tile is None
    assert [len(state.best_totals) for state in offered] == [1, 2, 3, 3]
    assert_array_equal(offered[3].best, states[2].best)
    for name, (array,) in states[2].variables.items():
        assert_array_equal(offered[3].variables[name][0], array)
    resumed = minimize(Tiled(OUTSIDE, CURVATURE), lambda: offered[3], settings)
    assert resumed.evaluations == 6
    if optimizer == "adam":
        assert_array_equal(resumed.image, whole.image)


@both
def test_an_interruption_during_the_first_evaluation_has_no_image(optimizer):
    bowl = Tiled(OUTSIDE, CURVATURE)
    with pytest.raises(StoppedAtOnce):
        minimize(bowl, START, settings_of(optimizer), should_stop=lambda: True)
    assert (bowl.calls, bowl.on_tile) == (0, None)
