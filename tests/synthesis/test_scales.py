"""The loop over sizes: what is visited, reported and kept."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import Bowl, random_image

from maskstyle.errors import NumericalError
from maskstyle.images.pixels import resize_image
from maskstyle.settings import Settings
from maskstyle.synthesis.checkpoints import Checkpoints
from maskstyle.synthesis.scales import enlarged, synthesize
from maskstyle.synthesis.scene import StyleAtSize

SIZES = [(4, 6), (8, 12), (16, 24)]
START = random_image(0, 10, 15)
SETTINGS = Settings(network="lite", steps=3, tolerance=0.0, optimizer="adam", learning_rate=0.01)


def bowl(size):
    return Bowl(np.full((*size, 3), 0.5))


def bowl_at(size, settings):
    """Return an objective, and what it asks of the style: nothing."""
    return bowl(size), None


def run(sizes=SIZES, objective_at=bowl_at, settings=SETTINGS, **others):
    steps = []
    result = synthesize(objective_at, START, sizes, settings, on_step=steps.append, **others)
    return result, steps


def test_visits_the_sizes_from_coarse_to_fine():
    asked = []

    def objective_at(size, settings):
        asked.append(size)
        return bowl_at(size, settings)

    result, steps = run(objective_at=objective_at)
    assert asked == SIZES
    assert result.image.shape == (16, 24, 3)
    assert [(step.scale, step.scales, step.step, step.steps, step.size) for step in steps] == [
        (scale, 3, number, 3, size) for scale, size in enumerate(SIZES, start=1) for number in (1, 2, 3)
    ]
    for step in steps:
        assert step.image.shape == (*step.size, 3)
    assert [step.done for step in steps[2:4]] == pytest.approx([24 / 504, (24 + 96 / 3) / 504])
    assert steps[-1].done == 1


def test_lite_paints_all_sizes_but_the_last():
    asked = []

    def objective_at(size, settings):
        asked.append(settings.network)
        return bowl_at(size, settings)

    result, steps = run(objective_at=objective_at, settings=SETTINGS.changed(network="vgg19"))
    assert asked == [each.network for each in result.scales] == ["lite", "lite", "vgg19"]
    assert [step.steps for step in steps[::6]] == [6, 6, 3]
    assert steps[11].done == pytest.approx(2 * (24 + 96) / (2 * (24 + 96) + 4.5 * 384))


def with_detail_of_start(result, size):
    """Enlarge a result, and add what the same enlargement takes away from the starting image."""
    blurred = resize_image(resize_image(START, result.shape[:2]), size)
    return np.clip(resize_image(result, size) + resize_image(START, size) - blurred, 0, 1)


def test_each_size_begins_with_the_best_of_the_one_before():
    _, steps = run()
    assert_array_equal(steps[0].image, resize_image(START, SIZES[0]))
    for before, after in ((2, 3), (5, 6)):
        best = min(steps[before - 2 : before + 1], key=lambda step: step.total)
        assert_allclose(steps[after].image, with_detail_of_start(best.image, steps[after].size), atol=1e-6)


def test_enlarging_the_start_itself_brings_its_detail_back():
    coarse = resize_image(START, (5, 8))
    assert_allclose(enlarged(coarse, START, (10, 15)), START, atol=1e-6)


def test_enlarging_adds_no_detail_that_the_start_lacks():
    coarse = random_image(1, 5, 8)
    flat = np.full((10, 15, 3), 0.5, np.float32)
    assert_allclose(enlarged(coarse, flat, (10, 15)), resize_image(coarse, (10, 15)), atol=1e-6)
    assert_array_equal(enlarged(coarse, random_image(2, 5, 8), (10, 15)), resize_image(coarse, (10, 15)))


def test_enlarged_images_stay_in_range():
    white = np.ones((5, 8, 3), np.float32)
    image = enlarged(white, START, (10, 15))
    assert image.dtype == np.float32
    assert image.min() >= 0
    assert image.max() == 1


def test_result_is_the_best_of_the_last_size():
    result, steps = run()
    best = min(steps[6:], key=lambda step: step.total)
    assert_array_equal(result.image, best.image)
    assert result.losses == best.losses
    assert best.total == sum(best.losses.values())


def test_records_and_reports():
    result, steps = run()
    assert [(record.size, record.step, record.losses) for record in result.steps] == [
        (step.size, step.step, step.losses) for step in steps
    ]
    assert [(report.size, report.evaluations, report.stopped_because) for report in result.scales] == [
        (size, 3, "steps") for size in SIZES
    ]


def test_seconds_are_those_of_the_clock(monkeypatch):
    ticks = itertools.count(100, 2)  # the clock advances by 2 whenever it is read
    monkeypatch.setattr("time.perf_counter", lambda: float(next(ticks)))
    result, steps = run(sizes=SIZES[:2])
    assert [step.seconds for step in steps] == [2, 4, 6, 8, 10, 12]
    assert [record.seconds for record in result.steps] == [2, 4, 6, 8, 10, 12]
    assert [report.seconds_per_evaluation for report in result.scales] == [2, 2]
    assert result.seconds == 14


def test_the_style_is_that_of_the_last_size_that_was_begun():
    styles = {size: StyleAtSize(term=None, notes=(f"{size}",)) for size in SIZES}
    result, _ = run(objective_at=lambda size, settings: (bowl(size), styles[size]))
    assert result.style is styles[SIZES[-1]]
    count = itertools.count(1)
    result, _ = run(
        objective_at=lambda size, settings: (bowl(size), styles[size]), should_stop=lambda: next(count) == 6
    )
    assert result.style is styles[SIZES[1]]
    assert run()[0].style is None


def test_the_optimizer_plans_with_the_memory_of_the_run():
    settings = SETTINGS.changed(optimizer="auto")
    for memory, expected in ((None, "lbfgs"), (0.8, "adam")):
        result, _ = run(settings=settings, memory=memory)
        assert {report.optimizer for report in result.scales} == {expected}


def test_a_single_evaluation_has_no_mean_time():
    result, _ = run(settings=SETTINGS.changed(steps=1))
    assert [report.seconds_per_evaluation for report in result.scales] == [0.0, 0.0, 0.0]


def test_interrupted_at_a_coarse_size_returns_its_image_and_stops():
    count = itertools.count(1)
    result, steps = run(should_stop=lambda: next(count) == 6)
    assert len(steps) == 5
    assert [(report.size, report.stopped_because) for report in result.scales] == [
        (SIZES[0], "steps"),
        (SIZES[1], "interrupted"),
    ]
    best = min(steps[3:], key=lambda step: step.total)
    assert_array_equal(result.image, best.image)
    assert result.losses == best.losses


def test_callbacks_may_be_left_out():
    assert synthesize(bowl_at, START, SIZES[:1], SETTINGS).image.shape == (4, 6, 3)


def test_an_error_at_the_first_step_of_a_finer_size_carries_what_was_there():
    def objective_at(size, settings):
        return (bowl(size) if size == SIZES[0] else Bowl(np.zeros((*size, 3)), broken_at=1)), None

    steps = []
    with pytest.raises(NumericalError) as caught:
        synthesize(objective_at, START, SIZES, SETTINGS, on_step=steps.append)
    best = min(steps, key=lambda step: step.total)
    assert_allclose(caught.value.image, with_detail_of_start(best.image, SIZES[1]), atol=1e-6)


def test_an_error_at_the_very_first_step_carries_the_start():
    with pytest.raises(NumericalError) as caught:
        synthesize(lambda size, settings: (Bowl(np.zeros((*size, 3)), broken_at=1), None), START, SIZES, SETTINGS)
    assert_array_equal(caught.value.image, resize_image(START, SIZES[0]))


def test_a_start_no_larger_than_the_result_adds_no_detail():
    noise = np.random.default_rng(0).random((8, 8, 3), dtype=np.float32)
    result = np.full((16, 16, 3), 0.5, np.float32)
    np.testing.assert_allclose(enlarged(result, noise, (32, 32)), 0.5, atol=1e-6)


def test_begin_with_decides_on_the_first_image_of_each_size():
    def gray_above(image):
        image = image.copy()
        image[: len(image) // 2] = 0.5
        return image

    _, (first, *_, last) = run(settings=SETTINGS.changed(steps=1), begin_with=gray_above)
    for step in (first, last):
        assert (step.image[: step.size[0] // 2] == 0.5).all()
        assert (step.image[step.size[0] // 2 :] != 0.5).any()


# Checkpoints


class Kill(Exception):
    """Ends a synthesis amid its work, as nothing else may."""


def checkpoints_at(path, *, resume=False):
    """Return checkpoints that are written after every evaluation."""
    checkpoints = Checkpoints(path, every=1e-9, resume=resume)
    checkpoints.begin(lambda: {"run": "a test"})
    return checkpoints


def killed_after(path, evaluations, *, resume=False, settings=SETTINGS):
    """Run until some evaluations are done, of which the last comes after its checkpoint."""
    count = itertools.count(1)

    def objective_at(size, settings):
        killed = bowl(size)
        evaluate = killed.value_and_gradient

        def killing(image):
            if next(count) > evaluations:
                raise Kill
            return evaluate(image)

        killed.value_and_gradient = killing
        return killed, None

    with pytest.raises(Kill):
        run(objective_at=objective_at, settings=settings, checkpoints=checkpoints_at(path, resume=resume))


@pytest.mark.parametrize("evaluations", [1, 3, 4, 5, 8])
def test_resumes_as_if_nothing_had_happened(tmp_path, evaluations):
    path = tmp_path / "checkpoint"
    whole, all_steps = run()
    killed_after(path, evaluations)
    asked = []

    def objective_at(size, settings):
        asked.append(size)
        return bowl_at(size, settings)

    result, steps = run(objective_at=objective_at, checkpoints=checkpoints_at(path, resume=True))
    assert asked == SIZES[(evaluations - 1) // 3 :]  # sizes that were done are left out
    for step, expected in zip(steps, all_steps[evaluations:], strict=True):
        assert (step.scale, step.step, step.losses) == (expected.scale, expected.step, expected.losses)
        assert_array_equal(step.image, expected.image)
    assert_array_equal(result.image, whole.image)
    assert result.losses == whole.losses
    assert [(each.size, each.step, each.losses) for each in result.steps] == [
        (each.size, each.step, each.losses) for each in whole.steps
    ]
    assert [each.evaluations for each in result.scales] == [3, 3, 3]
    scale = (evaluations - 1) // 3
    assert [each.resumed_after for each in result.scales] == [
        ((evaluations - 1) % 3 + 1,) if number == scale else () for number in range(3)
    ]


def test_killed_again_and_again(tmp_path):
    path = tmp_path / "checkpoint"
    killed_after(path, 4)
    killed_after(path, 1, resume=True)
    result, steps = run(checkpoints=checkpoints_at(path, resume=True))
    assert [(step.scale, step.step) for step in steps] == [(2, 3), (3, 1), (3, 2), (3, 3)]
    assert [each.resumed_after for each in result.scales] == [(), (1, 2), ()]
    assert_array_equal(result.image, run()[0].image)


def test_lbfgs_resumes_exactly(tmp_path):
    path, settings = tmp_path / "checkpoint", SETTINGS.changed(optimizer="lbfgs", steps=6)
    whole, all_steps = run(settings=settings)
    done = whole.scales[0].evaluations
    killed_after(path, done + 2, settings=settings)
    result, steps = run(settings=settings, checkpoints=checkpoints_at(path, resume=True))
    assert (steps[0].scale, steps[0].step) == (2, 3)
    assert [step.losses for step in steps] == [step.losses for step in all_steps[done + 2 :]]
    assert_array_equal(result.image, whole.image)


def test_the_clock_resumes_from_the_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "checkpoint"
    ticks = itertools.count(100)
    monkeypatch.setattr("time.perf_counter", lambda: float(next(ticks)))
    killed_after(path, 4)
    held = checkpoints_at(path, resume=True)
    began = held.progress.seconds
    result, steps = run(checkpoints=held)
    assert began == result.steps[3].seconds + 1  # the checkpoint's own look at the clock
    assert [step.seconds for step in steps] == [began + 1 + 2 * number for number in range(5)]
    assert result.seconds == steps[-1].seconds + 2
    # The time between two processes counts for no evaluation.
    assert [each.seconds_per_evaluation for each in result.scales] == [2, 2, 2]


def test_an_interruption_leaves_a_checkpoint_at_once(tmp_path):
    path = tmp_path / "checkpoint"
    checkpoints = Checkpoints(path)
    checkpoints.begin(lambda: {"run": "a test"})
    count = itertools.count(1)
    result, _ = run(should_stop=lambda: next(count) == 6, checkpoints=checkpoints)
    assert result.scales[-1].stopped_because == "interrupted"
    resumed, steps = run(checkpoints=checkpoints_at(path, resume=True))
    assert (steps[0].scale, steps[0].step) == (2, 3)
    assert_array_equal(resumed.image, run()[0].image)


def test_a_state_that_was_taken_is_not_held(tmp_path):
    path = tmp_path / "checkpoint"
    killed_after(path, 4)
    checkpoints = checkpoints_at(path, resume=True)
    run(checkpoints=checkpoints)
    assert checkpoints.progress is None
