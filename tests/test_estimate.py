"""The estimate: it grows as the work does, and counts what a run does."""

from __future__ import annotations

import pytest

from maskstyle.estimate import CONSTANTS, Constants, expected, work_of
from maskstyle.settings import Settings

PLAIN = Constants(0.1, 0.01, 500.0, 10.0, 1.0, 0.0)


def test_work_is_that_of_every_layer_up_to_the_deepest():
    work = work_of("vgg19", ["block2_conv1"], 1_000_000)
    assert work.giga_operations == pytest.approx(1.728 + 36.864 + 73.728 / 4)
    assert work.mega_values == pytest.approx(64 + 64 + 128 / 4)


def test_a_run_is_its_sizes_and_steps():
    settings = Settings(steps=10, scales=2)
    giga = work_of("vgg19", ["block3_conv3"], 100 * 100).giga_operations
    found = expected("vgg19", "float32", [(50, 50), (100, 100)], settings, constants=PLAIN)
    assert found.seconds_per_evaluation == pytest.approx((0.1 + 0.01 * giga / 4, 0.1 + 0.01 * giga))
    assert found.seconds == pytest.approx(5 + 2 + 10 * sum(found.seconds_per_evaluation))
    assert found.memory_mb == pytest.approx(500 + 10 * work_of("vgg19", ["block3_conv3"], 10_000).mega_values)


def test_masks_and_styles_take_time():
    settings, size = Settings(), [(512, 512)]
    plain = expected("lite", "bfloat16", size, settings)
    assert expected("lite", "bfloat16", size, settings, masks=4).seconds > plain.seconds
    assert expected("lite", "bfloat16", size, settings, patch_cover=1).seconds > plain.seconds
    assert expected("lite", "bfloat16", size, settings, styles=3).seconds > plain.seconds
    assert expected("vgg16", "float32", size, settings).seconds > plain.seconds


@pytest.mark.parametrize("side", [256, 512, 1024])
def test_the_networks_and_types_are_in_order(side):
    times = {key: expected(*key, [(side, side)], Settings()).seconds_per_evaluation[0] for key in CONSTANTS}
    assert sorted(times, key=times.get) == [
        ("lite", "bfloat16"),
        ("lite", "float32"),
        ("vgg19", "bfloat16"),
        ("vgg19", "float32"),
    ]
