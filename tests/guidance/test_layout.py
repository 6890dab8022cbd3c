"""Layouts: how much of each pixel is painted, by what, and what is kept, on literal maps and masks."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from small_scenes import BLUE, GREEN, RED, STYLE, softened

from maskstyle import StyleImage
from maskstyle.guidance.layout import Layout, Placement
from maskstyle.maps import SemanticMap

SIZE = (1, 6)
MAP = SemanticMap(np.array([[0, 0, 1, 1, 2, -1]], np.int32), (RED, GREEN, BLUE))
FIRST, SECOND = StyleImage(STYLE, name="first.jpg"), StyleImage(STYLE, name="second.jpg")
RAMP = np.array([[0.0, 0.2, 0.4, 0.6, 0.8, 1.0]], np.float32)


def on_region(label, place=0, color="style", style=FIRST):
    return Placement(f"region {label}", ((style, 1.0),), place, label, color=color)


def on_mask(mask, place=0, color="style", style=FIRST):
    return Placement(f"mask {place + 1}", ((style, 1.0),), place, mask=mask, color=color)


EVERYWHERE = Layout((Placement("style", ((FIRST, 0.25), (SECOND, 0.75))),))


def test_a_style_everywhere_covers_every_pixel():
    assert EVERYWHERE.everywhere
    assert_array_equal(EVERYWHERE.share(EVERYWHERE.placements[0], SIZE), 1)
    assert EVERYWHERE.styles() == [FIRST, SECOND]
    assert (EVERYWHERE.regions(), EVERYWHERE.masked(), EVERYWHERE.painted()) == ([], [], [])


def test_regions_cover_their_pixels():
    layout = Layout((on_region(2), on_region(0, 1)), MAP)
    assert not layout.everywhere
    assert layout.painted() == [2, 0]
    assert_array_equal(layout.painted_share(SIZE), [[1, 1, 0, 0, 1, 0]])
    assert_array_equal(layout.share(layout.placements[0], SIZE), [[0, 0, 0, 0, 1, 0]])
    assert_array_equal(layout.touched(SIZE), [[True, True, False, False, True, False]])
    assert_array_equal(layout.among([1, 2], SIZE), [[False, False, True, True, True, False]])
    assert_array_equal(layout.painted_share((2, 12)), np.repeat(layout.painted_share(SIZE), 2, 1).repeat(2, 0))


def test_soft_regions_cover_pixels_by_their_shares():
    soft = softened(SemanticMap(np.array([[0, 0, 1, 1]], np.int32), (RED, BLUE)), {1: 0.25, 2: 0.75})
    layout = Layout((on_region(1),), soft)
    assert layout.soft
    assert not Layout((on_region(1),), MAP).soft
    assert_allclose(layout.painted_share((1, 4)), [[0, 0.25, 0.75, 1]])
    assert_array_equal(layout.touched((1, 4)), [[False, True, True, True]])
    assert (layout.soft_weightings(), Layout((on_region(1), on_mask(RAMP)), MAP).soft_weightings()) == (1, 1)


def test_masks_add_up_to_more_than_one():
    layout = Layout((on_mask(RAMP), on_mask(RAMP, 1)))
    assert_allclose(layout.total_mask(SIZE), 2 * RAMP)
    assert_allclose(layout.total(SIZE), 2 * RAMP)
    assert layout.soft_weightings() == 2
    assert layout.mask(layout.placements[0], SIZE) is RAMP  # masks may be many, and are not copied
    assert layout.mask(layout.placements[0], (2, 12)).shape == (2, 12)


def test_masks_and_regions_overlap():
    layout = Layout((on_region(0), on_mask(RAMP, 1)), MAP)
    assert_allclose(layout.total(SIZE), [[1, 1, 0.4, 0.6, 0.8, 1]])


def test_kept_regions_take_nothing_from_masks():
    layout = Layout((on_mask(RAMP),), MAP, kept=(1,))
    assert_allclose(layout.mask(layout.placements[0], SIZE), [[0, 0.2, 0, 0, 0.8, 1]])
    assert_array_equal(layout.touched(SIZE), [[False, True, False, False, True, True]])
    blended = softened(SemanticMap(np.array([[0, 0, 1, 1]], np.int32), (RED, BLUE)), {1: 0.25})
    layout = Layout((on_mask(np.ones((1, 4), np.float32)),), blended, kept=(0,))
    assert_array_equal(layout.mask(layout.placements[0], (1, 4)), [[0, 1, 1, 1]])  # kept whole, or not at all


def test_coverage_is_that_of_regions_or_of_masks_whichever_is_more():
    regions = np.array([[0.5, 1, 1, 1, 1, 1]], np.float32)  # fading in
    only_regions, both = Layout((on_region(0),), MAP), Layout((on_region(0), on_mask(RAMP, 1)), MAP)
    assert_array_equal(only_regions.coverage(SIZE, regions), [[0.5, 1, 0, 0, 0, 0]])
    covered = both.coverage(SIZE, regions)
    assert_array_equal(covered[0, :2], [0.5, 1])
    assert (covered[0, 2:] > 0).all()
    assert covered[0, 5] == 1


def test_paint_is_shared_among_color_modes():
    ones = np.ones(SIZE, np.float32)
    layout = Layout((on_mask(RAMP), on_mask(ones - RAMP, 1, "content"), on_region(0, 2, "luminance")), MAP)
    assert_allclose(layout.share_in(("content",), SIZE), [[0.5, 0.4, 0.6, 0.4, 0.2, 0]], atol=1e-6)
    assert_allclose(layout.share_in(("content", "luminance", "style"), SIZE), 1)
    nothing = Layout((on_region(0, color="content"),), MAP)
    assert_array_equal(nothing.share_in(("content",), SIZE), [[1, 1, 0, 0, 0, 0]])
    assert_array_equal(nothing.share_in(("content",), SIZE, elsewhere=True), 1)


def test_styles_come_in_the_order_of_their_first_use():
    placements = (on_region(0, style=SECOND), on_region(1, 1), on_mask(RAMP, 2, style=SECOND))
    assert Layout(placements, MAP).styles() == [SECOND, FIRST]


def test_a_mask_takes_its_style_from_a_region_as_from_a_mask_over_the_style_image():
    style_map = SemanticMap(np.indices((16, 10))[0].astype(np.int32) // 8, (RED, BLUE))
    placement = on_mask(RAMP, style=StyleImage(STYLE, style_map))
    assert placement.mask_over_style() is None
    assert_array_equal(placement._replace(style_label=1).mask_over_style(), style_map.labels == 1)
    over = np.ones((16, 10), np.float32)
    assert placement._replace(style_mask=over).mask_over_style() is over
    assert on_region(0)._replace(style_label=1).mask_over_style() is None


@pytest.mark.parametrize("size", [(1, 6), (3, 18)])
def test_no_map_no_regions(size):
    layout = Layout((on_mask(RAMP),))
    assert not layout.painted_share(size).any()
    assert not layout.among([0], size).any()
    assert not layout.soft
