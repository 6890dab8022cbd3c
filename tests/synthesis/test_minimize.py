"""Optimizers: they lower the loss, stay in range, stop when they should, and never lose the best image."""

from __future__ import annotations

import dataclasses

import keras
import numpy as np
import pytest
import scipy.optimize
import tensorflow as tf
from numpy.testing import assert_allclose, assert_array_equal
from reference import Bowl, random_image

from maskstyle.errors import NumericalError, SettingsError
from maskstyle.objective.guides import style_guide
from maskstyle.objective.objective import Objective, content_term, style_term, total_variation_term
from maskstyle.settings import Settings
from maskstyle.synthesis import minimize as optimize
from maskstyle.synthesis.checkpoint_file import State
from maskstyle.synthesis.minimize import PROGRESS_WINDOW, minimize, row_cuts

SHAPE = (5, 6, 3)
START = random_image(0, 5, 6)
CURVATURE = np.random.default_rng(1).uniform(0.2, 20.0, SHAPE)
OUTSIDE = np.random.default_rng(2).uniform(-0.4, 1.4, SHAPE)  # a minimum on the bounds for many pixels

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
    guides = [style_guide(network, [style], [1.0], settings)]
    terms = [
        content_term(network, content, settings),
        style_term(network, guides, settings),
        total_variation_term(settings),
    ]
    return Objective(network, terms)


class Log:
    """Records evaluations, and copies of their images beside the images themselves."""

    def __init__(self):
        self.numbers, self.losses, self.images, self.copies = [], [], [], []

    def __call__(self, number, losses, image):
        """Take one evaluation down."""
        self.numbers.append(number)
        self.losses.append(losses)
        self.images.append(image)
        self.copies.append(image.copy())

    @property
    def totals(self):
        """Return the total loss of each evaluation."""
        return [sum(losses.values()) for losses in self.losses]


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
        assert image.min() >= 0 and image.max() <= 1
        assert_array_equal(image, copy)  # images that were passed on are never written to again
    assert min(log.totals) < 0.5 * log.totals[0]

    best = int(np.argmin(log.totals))
    assert_array_equal(outcome.image, log.images[best])
    assert outcome.losses == log.losses[best]
    assert outcome.losses == pytest.approx(real_objective.losses(outcome.image), rel=1e-5)


def test_the_best_image_need_not_be_the_last():
    log = Log()
    outcome = minimize(Bowl(OUTSIDE), START, settings_of("adam", steps=9, learning_rate=0.4), on_evaluation=log)
    best = int(np.argmin(log.totals))
    assert 0 < best < 8
    assert_array_equal(outcome.image, log.images[best])
    assert outcome.losses == log.losses[best]


@both
def test_same_start_same_picture_to_the_bit(real_objective, optimizer):
    start = random_image(5, 12, 14)
    first, second = (minimize(real_objective, start, settings_of(optimizer, steps=8)) for _ in range(2))
    assert_array_equal(first.image, second.image)
    assert first.losses == second.losses


@both
def test_the_start_is_left_alone(optimizer):
    start = START.copy()
    minimize(Bowl(OUTSIDE), start, settings_of(optimizer, steps=5))
    assert_array_equal(start, START)


@both
def test_finds_a_minimum_on_the_bounds(optimizer):
    outcome = minimize(Bowl(OUTSIDE, CURVATURE), START, settings_of(optimizer, steps=150))
    assert_allclose(outcome.image, np.clip(OUTSIDE, 0, 1), atol=0.02)
    assert outcome.image.min() == 0.0 and outcome.image.max() == 1.0


def test_lbfgs_keeps_up_with_scipys_own_bounds_on_a_bowl():
    _compare_with_scipy(Bowl(OUTSIDE, CURVATURE), START, steps=12)


def test_lbfgs_keeps_up_with_scipys_own_bounds_on_a_real_objective(real_objective):
    _compare_with_scipy(real_objective, random_image(5, 12, 14), steps=40)


def _compare_with_scipy(objective, start, steps):
    def value_and_gradient(variables):
        values, gradient = objective.value_and_gradient(variables.reshape(start.shape).astype(np.float32))
        return float(tf.reduce_sum(values)), gradient.numpy().astype(np.float64).ravel()

    variables = start.ravel().astype(np.float64)
    # SciPy's first step has the length of the gradient, and it stops between iterations only: a little slack.
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
    assert sum(outcome.losses.values()) <= 1.05 * expected.fun / scale


@pytest.mark.parametrize("steps", [1, 2, 7])
@both
def test_exactly_as_many_evaluations_as_steps(optimizer, steps):
    bowl, log = Bowl(OUTSIDE, CURVATURE), Log()
    outcome = minimize(bowl, START, settings_of(optimizer, steps=steps), on_evaluation=log)
    assert (outcome.evaluations, outcome.stopped_because) == (steps, "steps")
    assert bowl.calls == len(log.numbers) == steps


@both
def test_stops_once_progress_falls_below_the_tolerance(optimizer):
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


def test_no_tolerance_never_stops_early():
    flat = Bowl(OUTSIDE, 1e-9, floor=100.0)
    outcome = minimize(flat, START, settings_of("adam", steps=25, learning_rate=1e-6))
    assert (outcome.evaluations, outcome.stopped_because) == (25, "steps")


@both
def test_should_stop_interrupts_after_the_evaluation_at_hand(optimizer):
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
def test_a_loss_that_is_not_finite_carries_the_best_image(optimizer, broken_value):
    log = Log()
    bowl = Bowl(OUTSIDE, CURVATURE, broken_at=5, broken_value=broken_value)
    with pytest.raises(NumericalError, match="not finite after 4 good steps .*distance") as caught:
        minimize(bowl, START, settings_of(optimizer), on_evaluation=log)
    assert_array_equal(caught.value.image, log.images[int(np.argmin(log.totals))])


@both
def test_a_loss_that_is_not_finite_at_once_has_no_best_image(optimizer):
    with pytest.raises(NumericalError, match="after 0 good steps") as caught:
        minimize(Bowl(OUTSIDE, broken_at=1), START, settings_of(optimizer))
    assert caught.value.image is None


@both
def test_a_gradient_that_is_not_finite_is_an_error_too(optimizer):
    class BrokenGradient(Bowl):
        def value_and_gradient(self, image):
            value, gradient = super().value_and_gradient(image)
            return value, gradient * (np.nan if self.calls == 3 else 1.0)

    log = Log()
    with pytest.raises(NumericalError, match="not finite") as caught:
        minimize(BrokenGradient(OUTSIDE, CURVATURE), START, settings_of(optimizer), on_evaluation=log)
    assert_array_equal(caught.value.image, log.images[int(np.argmin(log.totals))])


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
    bowl, log = Bowl(OUTSIDE, CURVATURE), Log()
    minimize(bowl, START, settings, on_evaluation=log)
    pixels = START.astype(np.float64) * pixel_range
    gradient = 2 * CURVATURE * (START - OUTSIDE) / pixel_range  # in the pixels' own units
    # Kingma and Ba, end of section 2: with bias corrections folded into the rate, as Keras has it.
    first, second = (1 - 0.8) * gradient, (1 - 0.99) * gradient**2
    rate = 0.02 * pixel_range * np.sqrt(1 - 0.99) / (1 - 0.8)
    expected = np.clip(pixels - rate * first / (np.sqrt(second) + 0.1), 0, pixel_range) / pixel_range
    assert_allclose(log.images[1], expected, atol=1e-6)
    assert np.abs(log.images[1] - START).max() > 1e-3


def test_no_terms_is_an_error():
    bowl = Bowl(OUTSIDE)
    bowl.terms = ()
    with pytest.raises(SettingsError, match="nothing to do"):
        minimize(bowl, START, settings_of())


def test_adam_needs_keras_on_tensorflow(monkeypatch):
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(SettingsError, match="Keras runs on jax"):
        minimize(Bowl(OUTSIDE), START, settings_of("adam"))
    assert minimize(Bowl(OUTSIDE), START, settings_of("lbfgs")).evaluations > 0


def test_history_is_what_lbfgs_remembers(monkeypatch):
    seen = {}
    original = scipy.optimize.minimize

    def spy(*arguments, options, **others):
        seen.update(options)
        return original(*arguments, options=options, **others)

    monkeypatch.setattr(scipy.optimize, "minimize", spy)
    minimize(Bowl(OUTSIDE), START, dataclasses.replace(settings_of(), history=17))
    assert seen["maxcor"] == 17


# Strips of rows


@pytest.mark.parametrize("values", [1, 36, 40, 54, 10**6])
def test_strips_cover_all_rows_and_hold_no_more_than_they_may(values, monkeypatch):
    monkeypatch.setattr(optimize, "STRIP_VALUES", values)
    cuts = row_cuts((5, 6, 3))
    assert [row for cut in cuts for row in range(cut.start, cut.stop)] == [0, 1, 2, 3, 4]
    assert all((cut.stop - cut.start) * 18 <= max(values, 18) for cut in cuts)


@pytest.mark.parametrize("rows", [1, 2, 5])
def test_strips_change_nothing(real_objective, rows, monkeypatch):
    start = random_image(5, 12, 14)
    whole = minimize(real_objective, start, settings_of("adam", steps=6))
    monkeypatch.setattr(optimize, "STRIP_VALUES", rows * 14 * 3)
    log = Log()
    in_strips = minimize(real_objective, start, settings_of("adam", steps=6), on_evaluation=log)
    assert_array_equal(in_strips.image, whole.image)
    assert in_strips.losses == whole.losses
    for image, copy in zip(log.images, log.copies, strict=True):
        assert_array_equal(image, copy)


# Going on from a state


def copied(state):
    """Return a state as a file gives it back: good for longer than the call, and whole."""
    variables = {name: (np.concatenate(strips),) for name, strips in state.variables.items()}
    return dataclasses.replace(state, best=state.best.copy(), variables=variables)


def states_of(objective, start, settings, **others):
    """Return the outcome of a minimization, the totals of its evaluations, and the state after each."""
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


@pytest.mark.parametrize("rows", [3, 12])
def test_adam_goes_on_as_if_nothing_had_been(real_objective, rows, monkeypatch):
    monkeypatch.setattr(optimize, "STRIP_VALUES", rows * 14 * 3)
    settings = settings_of("adam", steps=9)
    whole, log, states = states_of(real_objective, random_image(5, 12, 14), settings)
    assert [len(state.best_totals) for state in states] == list(range(1, 10))
    for after in (1, 4, 8):
        resumed, later, more = states_of(real_objective, lambda state=states[after - 1]: state, settings)
        assert later.numbers == list(range(after + 1, 10))
        assert later.losses == log.losses[after:]
        for image, expected in zip(later.images, log.images[after:], strict=True):
            assert_array_equal(image, expected)
        assert_array_equal(resumed.image, whole.image)
        assert (resumed.losses, resumed.evaluations, resumed.stopped_because) == (whole.losses, 9, "steps")
        for name in ("image", "momentum", "velocity"):
            assert_array_equal(more[-1].variables[name][0], states[-1].variables[name][0])


def test_adam_may_go_on_in_other_strips(real_objective, monkeypatch):
    settings = settings_of("adam", steps=6)
    whole, _, states = states_of(real_objective, random_image(5, 12, 14), settings)
    monkeypatch.setattr(optimize, "STRIP_VALUES", 5 * 14 * 3)
    resumed, *_ = states_of(real_objective, lambda: states[2], settings)
    assert_array_equal(resumed.image, whole.image)


def test_lbfgs_begins_anew_at_the_best_image_with_what_is_left():
    bowl = Bowl(OUTSIDE, CURVATURE)
    whole, log, states = states_of(bowl, START, settings_of(steps=20))
    for after in (1, 7, 19):
        state = states[after - 1]
        assert state.variables == {}
        resumed, later, _ = states_of(bowl, lambda state=state: state, settings_of(steps=20))
        assert later.numbers == list(range(after + 1, 21))
        assert_array_equal(later.images[0], state.best)
        assert state.losses["distance"] == min(log.totals[:after]) == pytest.approx(later.totals[0])
        assert (resumed.evaluations, resumed.stopped_because) == (20, "steps")
        assert resumed.losses["distance"] <= state.losses["distance"]


def test_the_best_of_before_stays_the_best():
    bowl = Bowl(OUTSIDE, CURVATURE)
    best = State(np.clip(OUTSIDE, 0, 1).astype(np.float32), {"distance": 1e-3}, (5.0, 1e-3), None, {})
    outcome = minimize(bowl, lambda: best, settings_of(steps=5))
    assert_array_equal(outcome.image, best.best)
    assert (outcome.losses, outcome.evaluations) == ({"distance": 1e-3}, 5)


@both
def test_the_window_of_the_tolerance_is_adams_to_keep_and_lbfgs_to_begin_anew(optimizer):
    flat = Bowl(OUTSIDE, 1e-9, floor=100.0)
    settings = settings_of(optimizer, steps=60, tolerance=0.01, learning_rate=1e-6)
    whole, _, states = states_of(flat, START, settings)
    assert whole.evaluations == PROGRESS_WINDOW + 1
    resumed = minimize(flat, lambda: states[5], settings)
    assert resumed.evaluations == PROGRESS_WINDOW + 1 + (6 if optimizer == "lbfgs" else 0)
    assert resumed.stopped_because == "converged"


@both
@pytest.mark.parametrize("tolerance", [0.0, 0.5])
def test_a_minimization_that_was_finished_is_not_gone_on_with(optimizer, tolerance):
    settings = settings_of(optimizer, steps=13, tolerance=tolerance)
    bowl = Bowl(OUTSIDE, CURVATURE, floor=1e4)
    whole, _, states = states_of(bowl, START, settings)
    calls = bowl.calls
    resumed = minimize(bowl, lambda: states[-1], settings)
    assert states[-1].finished == whole.stopped_because == ("converged" if tolerance else "steps")
    assert bowl.calls == calls
    assert_array_equal(resumed.image, whole.image)
    assert (resumed.losses, resumed.evaluations) == (whole.losses, whole.evaluations)
    assert resumed.stopped_because == whole.stopped_because


@both
def test_the_last_offer_is_that_of_an_interruption(optimizer):
    offers = []
    minimize(
        Bowl(OUTSIDE, CURVATURE),
        START,
        settings_of(optimizer),
        should_stop=lambda: len(offers) == 2,
        offer=lambda state, last: offers.append((len(state().best_totals), last)),
    )
    assert offers == [(1, False), (2, False), (3, True)]


def test_an_error_after_going_on_carries_the_best_of_before():
    _, _, states = states_of(Bowl(OUTSIDE, CURVATURE), START, settings_of(steps=3))
    with pytest.raises(NumericalError, match="after 2 good steps") as caught:
        minimize(Bowl(OUTSIDE, broken_at=1), lambda: states[1], settings_of())
    assert_array_equal(caught.value.image, states[1].best)


class Tiled(Bowl):
    """A bowl that says, as objectives of large images do, when a tile begins."""

    on_tile = None

    def value_and_gradient(self, image):
        """Return what a TiledObjective returns, after telling of three tiles."""
        for tile in range(3):
            self.on_tile(tile, 3)
        return super().value_and_gradient(image)


@both
def test_an_interruption_amid_an_evaluation_offers_what_was_before_it(optimizer, monkeypatch):
    monkeypatch.setattr(optimize, "TiledObjective", Tiled)
    settings = settings_of(optimizer, steps=6)
    whole, _, states = states_of(Tiled(OUTSIDE, CURVATURE), START, settings)
    bowl = Tiled(OUTSIDE, CURVATURE)
    asked = []

    def should_stop():
        asked.append(bowl.calls)
        return asked.count(3) == 3  # at the second tile after three evaluations, one of which asked when it was done

    stopped, _, offered = states_of(bowl, START, settings, should_stop=should_stop)
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
