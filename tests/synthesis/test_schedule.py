"""The sizes of a run, and what each gets: its steps, its optimizer, its style images."""

from __future__ import annotations

import pytest

from maskstyle.errors import SettingsError
from maskstyle.settings import DEFAULT_LONGER_SIDE, DOODLE_SETTINGS, Settings
from maskstyle.synthesis.schedule import (
    LEAST_STEPS,
    optimizer_bytes,
    pyramid_sizes,
    result_size,
    scales_at,
    settings_by_size,
    style_size,
    transfer_sizes,
)

ONE_SCALE = Settings(
    scales=1, content_layers=(("block2_conv1", 1.0),), style_layers=(("block1_conv1", 1.0), ("block3_conv1", 1.0))
)


@pytest.mark.parametrize(
    ("side", "scales", "expected"),
    [(100, 3, 3), (512, 3, 3), (700, 3, 3), (768, 3, 4), (1024, 3, 4), (4096, 3, 6), (8192, 4, 8), (8192, 1, 1)],
)
def test_larger_results_have_more_sizes(side, scales, expected):
    assert scales_at((side // 2, side), scales) == expected


def at(*sides, memory=None, **settings):
    return settings_by_size([(side, side) for side in sides], Settings(**settings), memory=memory)


def steps(*sides, **settings):
    return [each.steps for each in at(*sides, underpainting="none", **settings)]


def test_later_sizes_take_fewer_steps_the_larger_they_are():
    assert steps(128, 256, 512, 8192, steps=100, step_decay=1.0) == [100, 100, 50, 5]


def test_the_first_size_takes_all_steps():
    assert steps(1024, 2048, steps=100, step_decay=1.0) == [100, 12]


def test_a_few_steps_are_left_unless_fewer_were_asked_for():
    assert steps(100, 60_000, steps=40) == [40, LEAST_STEPS]
    assert steps(100, 60_000, steps=2) == [2, 2]


def test_without_decay_every_size_takes_as_many():
    assert steps(512, 8192, steps=40, step_decay=0.0) == [40, 40]


def test_lite_takes_twice_the_steps_at_all_sizes_but_the_last():
    chosen = at(256, 512, 1024, steps=40, step_decay=1.0)
    assert [(each.network, each.steps) for each in chosen] == [("lite", 80), ("lite", 40), ("auto", 10)]
    assert steps(256, 512, network="lite") == [40, 22]
    assert [each.network for each in at(256, 512, network="vgg16")] == ["vgg16", "vgg16"]
    assert [each.network for each in at(256, 512, network="vgg16", underpainting="lite")] == ["lite", "vgg16"]


def test_the_optimizer_is_chosen_by_what_its_vectors_take():
    chosen = at(512, 3000, 4096, history=5)
    assert [(each.optimizer, each.history) for each in chosen] == [("lbfgs", 5), ("lbfgs", 2), ("adam", 5)]


def test_adam_has_its_whole_rate_where_nothing_came_before():
    (chosen,) = at(4096, learning_rate=0.04)
    assert (chosen.optimizer, chosen.learning_rate) == ("adam", 0.04)


def test_adam_refines_what_lbfgs_made_with_small_steps():
    chosen = at(512, 4096, learning_rate=0.04)[-1]
    assert (chosen.optimizer, chosen.learning_rate) == ("adam", 0.005)
    assert at(512, 4096, optimizer="adam", learning_rate=0.04)[-1].learning_rate == 0.04


def test_more_memory_keeps_lbfgs_at_larger_sizes():
    assert at(4096, memory=32.0)[0].optimizer == "lbfgs"
    assert at(1024, memory=0.7)[0].optimizer == "adam"


def test_an_optimizer_that_was_asked_for_is_kept():
    assert at(8192, optimizer="lbfgs")[0].optimizer == "lbfgs"
    assert at(64, optimizer="adam")[0].optimizer == "adam"


def test_a_history_of_one_is_kept_where_it_was_asked_for():
    (chosen,) = at(512, history=1)
    assert (chosen.optimizer, chosen.history) == ("lbfgs", 1)


def test_a_longer_history_takes_two_more_vectors():
    more, fewer = (optimizer_bytes((100, 50), "lbfgs", history) for history in (4, 3))
    assert more - fewer == 2 * 4 * 3 * 100 * 50


@pytest.mark.parametrize(
    ("size", "scales", "expected"),
    [
        ((64, 48), 1, [(64, 48)]),
        ((64, 48), 3, [(16, 12), (32, 24), (64, 48)]),
        ((33, 101), 2, [(16, 50), (33, 101)]),
        ((1, 64), 3, [(1, 16), (1, 32), (1, 64)]),
        ((1, 1), 3, [(1, 1), (1, 1), (1, 1)]),
    ],
)
def test_each_size_is_twice_the_one_before(size, scales, expected):
    assert pyramid_sizes(size, scales) == expected


def test_smallest_side_bounds_the_shorter_side_of_the_coarsest_size():
    assert pyramid_sizes((32, 64), 3, smallest_side=8)[0] == (8, 16)
    with pytest.raises(SettingsError, match=r"coarsest of 3 scales would be 16x8.* at least 9 pixels"):
        pyramid_sizes((32, 64), 3, smallest_side=9)
    with pytest.raises(SettingsError, match=r"40x4"):
        pyramid_sizes((4, 40), 1, smallest_side=16)


def test_result_size():
    assert result_size((30, 40), Settings()) == (30, 40)
    assert result_size((30, 40), Settings(size=80)) == (60, 80)
    assert result_size((3 * DEFAULT_LONGER_SIDE, 4 * DEFAULT_LONGER_SIDE), Settings()) == (
        3 * DEFAULT_LONGER_SIDE // 4,
        DEFAULT_LONGER_SIDE,
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"style_fit": "keep"}, (64, 32)),
        ({"style_fit": "stretch"}, (48, 64)),
        ({"style_fit": "keep", "style_scale": 0.5}, (32, 16)),
        ({"style_fit": "stretch", "style_scale": 1.5}, (72, 96)),
        ({"style_fit": "keep", "style_scale": 1e-6}, (1, 1)),
    ],
)
def test_style_size(changes, expected):
    assert style_size((200, 100), (48, 64), Settings(**changes)) == expected


def test_transfer_sizes():
    assert transfer_sizes((30, 40), ONE_SCALE) == [(30, 40)]
    assert transfer_sizes((30, 40), ONE_SCALE.changed(scales=3, size=80)) == [(15, 20), (30, 40), (60, 80)]


def test_narrow_images_begin_at_a_larger_size_unless_the_settings_count_the_sizes():
    assert transfer_sizes((400, 4000), Settings()) == [(26, 256), (51, 512)]
    assert transfer_sizes((400, 600), Settings(), styles=[(200, 4000)]) == [(341, 512)]
    with pytest.raises(SettingsError, match="coarsest of 3 scales would be 128x13"):
        transfer_sizes((400, 4000), Settings(scales=3))


def test_the_coarsest_size_must_have_a_pixel_in_every_layer():
    assert transfer_sizes((4, 4), ONE_SCALE) == [(4, 4)]
    with pytest.raises(SettingsError, match=r"9x3.* the layers need at least 4 pixels"):
        transfer_sizes((3, 9), ONE_SCALE)
    with pytest.raises(SettingsError, match="coarsest of 2 scales would be 4x3"):
        transfer_sizes((6, 8), ONE_SCALE.changed(scales=2))


@pytest.mark.parametrize(
    ("changes", "style", "used"),
    [
        ({}, (16, 3), "3x16"),
        ({"size": 8}, (16, 6), "3x8"),
        ({"style_scale": 0.25}, (16, 13), "3x4"),
        ({"scales": 3}, (16, 13), "3x4"),
        ({"style_fit": "stretch", "style_scale": 0.2}, (99, 99), "3x3"),
    ],
)
def test_every_style_must_have_a_pixel_in_every_layer(changes, style, used):
    settings = ONE_SCALE.changed(**changes)
    with pytest.raises(SettingsError, match=f"would be used at {used}, but the layers need at least 4 pixels"):
        transfer_sizes((16, 16), settings, styles=[(999, 999), style])
    assert transfer_sizes((16, 16), settings.changed(style_weight=0), styles=[style])


def test_every_weight_0_is_an_error_before_anything_loads():
    with pytest.raises(SettingsError, match="all 0, so there is nothing to do"):
        transfer_sizes((30, 40), Settings(content_weight=0, style_weight=0, tv_weight=0))


def test_a_typing_error_in_the_size_is_caught():
    with pytest.raises(SettingsError, match=r"38400x51200.* megapixels"):
        transfer_sizes((400, 300), Settings(size=51200))


def test_with_content_the_coarsest_size_is_large_enough_for_a_face_and_a_doodle_begins_coarser():
    photo, doodle = Settings(size=400), DOODLE_SETTINGS.changed(size=400)
    assert transfer_sizes((400, 300), photo) == [(200, 150), (400, 300)]
    assert transfer_sizes((400, 300), doodle) == [(100, 75), (200, 150), (400, 300)]


def test_a_small_doodle_begins_at_half_its_size_where_the_layers_allow():
    doodle = Settings(content_weight=0.0)
    assert transfer_sizes((96, 96), doodle, styles=[(96, 96)]) == [(48, 48), (96, 96)]
    assert transfer_sizes((96, 96), Settings(), styles=[(96, 96)]) == [(96, 96)]
    assert transfer_sizes((24, 24), doodle, styles=[(96, 96)]) == [(24, 24)]
