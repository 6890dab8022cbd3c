"""Gradient masks: exact ends, directions and shapes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maskstyle.errors import SettingsError
from maskstyle.masks import (
    linear_mask,
    radial_mask,
)

SIZE = (7, 11)


@pytest.mark.parametrize(
    ("angle", "white"), [(0, np.s_[:, 0]), (90, np.s_[0]), (180, np.s_[:, -1]), (270, np.s_[-1]), (-90, np.s_[-1])]
)
def test_a_gradient_runs_from_1_to_0_in_its_direction(angle, white):
    mask = linear_mask(SIZE, angle=angle)
    assert mask.dtype == np.float32
    assert (mask[white] == 1).all()
    turned = linear_mask(SIZE, angle=angle + 180)
    assert (turned[white] == 0).all()
    np.testing.assert_allclose(mask + turned, 1, atol=1e-6)


def test_a_slanted_gradient_is_the_projection_onto_its_direction():
    mask = linear_mask(SIZE, angle=30, start=10, end=70)
    direction = np.array([math.sin(math.pi / 6), math.cos(math.pi / 6)])
    longest = direction @ [SIZE[0] - 1, SIZE[1] - 1]
    for at in np.ndindex(SIZE):
        way = 100 * (direction @ at) / longest
        assert mask[at] == pytest.approx(min(max((70 - way) / 60, 0), 1), abs=1e-6)


def test_a_gradient_is_exactly_1_at_its_start_and_0_at_its_end():
    mask = linear_mask((1, 101), start=20, end=60)[0]
    assert (mask[:21] == 1).all()
    assert (mask[60:] == 0).all()
    assert ((mask[21:60] > 0) & (mask[21:60] < 1)).all()
    hard = linear_mask((1, 101), start=50, end=50)[0]
    assert set(hard.tolist()) == {0.0, 1.0}
    assert hard.sum() == 50
    assert linear_mask((1, 3), start=-100, end=100).tolist() == [[0.5, 0.25, 0.0]]
    assert linear_mask((1, 1)).tolist() == [[1.0]]


def test_a_smooth_fade_has_the_same_middle_and_ends():
    even, smooth = (linear_mask((1, 101), easing=easing)[0] for easing in ("linear", "smooth"))
    np.testing.assert_allclose(smooth, even**2 * (3 - 2 * even), atol=1e-6)
    assert (smooth[0], smooth[50], smooth[100]) == (1, 0.5, 0)


def test_an_ellipse_touches_the_edges_and_a_circle_is_round():
    ellipse = radial_mask((21, 41), inner=20)
    assert ellipse[10, 20] == 1
    assert ellipse[0, 20] == ellipse[10, 0] == ellipse[20, 20] == 0
    assert ellipse[10, 30] == pytest.approx(ellipse[5, 20]) == pytest.approx(0.5 / 0.8)
    circle = radial_mask((21, 41), shape="circle")
    assert circle[10, 25] == pytest.approx(circle[5, 20]) == pytest.approx(0.5)
    assert circle[10, 30] == 0
    moved = radial_mask((21, 41), center=(0, 100))
    assert moved[20, 0] == 1 == moved.max()


def test_equal_radii_make_a_hard_disc():
    disc = radial_mask((21, 21), inner=50, outer=50)
    assert set(np.unique(disc).tolist()) == {0.0, 1.0}
    rows, columns = np.mgrid[-10:11, -10:11]
    np.testing.assert_array_equal(disc == 1, rows**2 + columns**2 < 25)


@pytest.mark.parametrize(
    ("make", "options", "says"),
    [
        (linear_mask, {"start": 60, "end": 40}, "`start` is 60 and `end` is 40"),
        (linear_mask, {"start": math.nan}, "`start` is nan"),
        (linear_mask, {"angle": math.inf}, "`angle` is inf"),
        (radial_mask, {"inner": -1}, "inner is -1"),
        (radial_mask, {"inner": 50, "outer": 20}, "`inner` is 50 and `outer` is 20"),
        (radial_mask, {"center": (math.nan, 0)}, "`center` is"),
    ],
)
def test_invalid_gradients_are_rejected(make, options, says):
    with pytest.raises(SettingsError, match=says):
        make(SIZE, **options)
    with pytest.raises(SettingsError, match="size is 0x5"):
        make((0, 5))
