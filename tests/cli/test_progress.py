"""The progress bar and its estimate, on made-up steps; nothing sleeps."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from maskstyle.settings import Settings
from maskstyle.synthesis.progress import StepBar, TimeLeft, clock
from maskstyle.synthesis.scales import Step

SIZES = [(10, 20), (20, 40)]  # the second has four times the pixels
IMAGE = np.zeros((1, 1, 3), np.float32)
SETTINGS = Settings(network="lite", steps=10)
LOSSES = {"content": 0.25, "style": 1.5, "total_variation": 0.125}


def step(scale, number, seconds, sizes=SIZES, steps=10):
    return Step(scale, len(sizes), sizes[scale - 1], number, steps, LOSSES, seconds, IMAGE, 0.5)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0:00"),
        (0.6, "0:01"),
        (59.4, "0:59"),
        (59.6, "1:00"),
        (75.4, "1:15"),
        (3599.6, "1:00:00"),
        (7325, "2:02:05"),
    ],
)
def test_clock(seconds, text):
    assert clock(seconds) == text


def test_the_estimate_counts_pixels():
    left = TimeLeft(SIZES, SETTINGS)
    left.after(step(1, 1, 5.0))  # the first step took 5 s because it compiles
    # 1 s a step: 8 steps are left here, and 10 of four times the pixels
    assert left.after(step(1, 2, 6.0)) == pytest.approx(8 + 10 * 4)
    assert left.after(step(1, 10, 14.0)) == pytest.approx(40)


def test_the_first_step_of_a_later_size_goes_by_the_pace_before():
    left = TimeLeft(SIZES, SETTINGS)
    for number in range(1, 11):
        left.after(step(1, number, 4.0 + number))
    assert left.after(step(2, 1, 20.0)) == pytest.approx(9 * 4)
    assert left.after(step(2, 2, 25.0)) == pytest.approx(8 * 5)


def test_a_step_of_lite_before_vgg19_is_shorter():
    left = TimeLeft(SIZES, SETTINGS.changed(network="vgg19"))
    left.after(step(1, 1, 5.0, steps=20))
    assert left.after(step(1, 2, 6.0, steps=20)) == pytest.approx(18 + 10 * 4 * 4.5)


def test_a_single_step():
    assert TimeLeft([(4, 4)], Settings(steps=1)).after(step(1, 1, 2.0, sizes=[(4, 4)], steps=1)) == 0


def shown(width, *, quiet=False, finish=False):
    stream = io.StringIO()
    console = Console(file=stream, width=width, force_terminal=False)
    with StepBar(SIZES, SETTINGS, console=console, quiet=quiet) as bar:
        bar.update(step(1, 1, 1.0))
        bar.update(step(2, 5, 9.0))
        if finish:
            bar.finish()
    return stream.getvalue().strip()


def test_a_wide_bar_shows_everything():
    text = shown(120)
    assert text.startswith("40x20 (2/2) step 5/10 ")
    assert "━" in text
    assert text.endswith("left loss 1.88 (content 0.25, style 1.5, tv 0.12)")


@pytest.mark.parametrize(("width", "has_bar"), [(80, True), (60, True), (50, False)])
def test_a_narrow_bar_leaves_out_what_has_no_room_and_cuts_nothing(width, has_bar):
    text = shown(width)
    assert ("━" in text) == has_bar
    assert text.startswith("40x20 (2/2) step 5/10 ")
    assert text.endswith("left loss 1.88")
    assert "…" not in text
    assert len(text) <= width


def test_the_bar_is_full_at_the_end():
    assert "done loss" in shown(80, finish=True)


def test_a_quiet_bar_shows_nothing():
    assert shown(120, quiet=True) == ""


def test_a_single_size_needs_no_number():
    stream = io.StringIO()
    with StepBar([(8, 6)], Settings(steps=3), console=Console(file=stream, width=80), quiet=False) as bar:
        bar.update(step(1, 2, 1.0, sizes=[(8, 6)], steps=3))
    assert stream.getvalue().startswith("6x8 step 2/3 ")
