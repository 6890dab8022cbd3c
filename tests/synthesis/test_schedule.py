"""What each size gets: sizes, steps and optimizer."""

from __future__ import annotations

import pytest

from maskstyle.settings import Settings
from maskstyle.synthesis.schedule import LEAST_STEPS, optimizer_bytes, scales_at, settings_at, steps_at


@pytest.mark.parametrize(
    ("side", "scales", "expected"),
    [(100, 3, 3), (512, 3, 3), (700, 3, 3), (768, 3, 4), (1024, 3, 4), (4096, 3, 6), (8192, 4, 8), (8192, 1, 1)],
)
def test_larger_results_have_more_sizes(side, scales, expected):
    assert scales_at((side // 2, side), scales) == expected


def test_larger_sizes_take_fewer_steps():
    settings = Settings(steps=100, step_decay=1.0)
    assert [steps_at((side, 10), settings) for side in (128, 512, 1024, 8192)] == [100, 100, 50, 6]


def test_a_few_steps_are_left_unless_fewer_were_asked_for():
    assert steps_at((60_000, 10), Settings(steps=40)) == LEAST_STEPS
    assert steps_at((60_000, 10), Settings(steps=2)) == 2


def test_without_decay_every_size_takes_as_many():
    assert steps_at((8192, 8192), Settings(steps=40, step_decay=0.0)) == 40


def test_the_optimizer_is_chosen_by_what_its_vectors_take():
    chosen = [settings_at((side, side), Settings(history=5)) for side in (512, 1800, 4096)]
    assert [(each.optimizer, each.history) for each in chosen] == [("lbfgs", 5), ("lbfgs", 2), ("adam", 5)]


def test_adam_has_its_whole_rate_where_nothing_came_before():
    chosen = settings_at((4096, 4096), Settings(learning_rate=0.04), first=True)
    assert (chosen.optimizer, chosen.learning_rate) == ("adam", 0.04)


def test_adam_refines_what_lbfgs_made_with_small_steps():
    chosen = settings_at((4096, 4096), Settings(learning_rate=0.04))
    assert (chosen.optimizer, chosen.learning_rate) == ("adam", 0.005)
    asked_for = settings_at((4096, 4096), Settings(optimizer="adam", learning_rate=0.04))
    assert asked_for.learning_rate == 0.04


def test_more_memory_keeps_lbfgs_at_larger_sizes():
    size = (4096, 4096)
    assert settings_at(size, Settings(memory=32.0)).optimizer == "lbfgs"
    assert settings_at((1024, 1024), Settings(memory=0.7)).optimizer == "adam"


def test_an_optimizer_that_was_asked_for_is_kept():
    assert settings_at((8192, 8192), Settings(optimizer="lbfgs")).optimizer == "lbfgs"
    assert settings_at((64, 64), Settings(optimizer="adam")).optimizer == "adam"


def test_a_history_of_one_is_kept_where_it_was_asked_for():
    chosen = settings_at((512, 512), Settings(history=1))
    assert (chosen.optimizer, chosen.history) == ("lbfgs", 1)


def test_lbfgs_takes_what_scipy_allocates():
    # SciPy's workspace is 2 m n + 5 n float64 numbers (and 11 m^2 + 8 m, which is little).
    values, history = 3 * 100 * 50, 4
    assert optimizer_bytes((100, 50), "lbfgs", history) >= 8 * values * (2 * history + 5)
