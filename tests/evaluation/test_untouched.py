"""Pixels that were to stay: compared in 8 bits, as they are saved."""

import numpy as np
import pytest

from maskstyle.evaluation.distances import compare_untouched
from maskstyle.images.pixels import resize_image

CONTENT = np.random.default_rng(0).random((4, 6, 3), dtype=np.float32)
ALL = np.ones((4, 6), bool)


def test_a_difference_below_8_bits_is_none():
    content = np.full((4, 6, 3), 0.5, np.float32)
    assert compare_untouched(content + np.float32(0.001), content, ALL) == (24, 0, 0)
    assert compare_untouched(content + np.float32(0.004), content, ALL) == (24, 24, 1)


def test_only_pixels_that_were_to_stay_count():
    result = CONTENT.copy()
    result[0, :3, 1] = 1 - result[0, :3, 1]
    untouched = ALL.copy()
    untouched[0, 0] = False
    found = compare_untouched(result, CONTENT, untouched)
    assert found[:2] == (23, 2)
    assert found.share == pytest.approx(2 / 23)


def test_where_none_were_to_stay_there_is_no_share():
    found = compare_untouched(1 - CONTENT, CONTENT, ~ALL)
    assert found == (0, 0, 0)
    assert found.share is None


def test_the_content_is_resized_as_for_a_transfer():
    small = resize_image(CONTENT, (2, 3))
    assert compare_untouched(small, CONTENT, np.ones((2, 3), bool)) == (6, 0, 0)


@pytest.mark.parametrize(("alpha", "content_alpha", "changed"), [(1, 1, 0), (0, 0, 0), (0.5, 1, 1), (None, 0, 1)])
def test_opacity_counts(alpha, content_alpha, changed):
    def opacity(value):
        if value is None:
            return None
        filled = np.ones((4, 6), np.float32)
        filled[1, 1] = value
        return filled

    found = compare_untouched(CONTENT, CONTENT, ALL, alpha=opacity(alpha), content_alpha=opacity(content_alpha))
    assert found[:2] == (24, changed)
    assert (found.largest > 100) == bool(changed)


def test_what_a_transparent_result_leaves_out_has_not_changed():
    nothing = np.zeros((4, 6), np.float32)
    assert compare_untouched(CONTENT, CONTENT, ALL, alpha=nothing) == (24, 0, 0)
    other = CONTENT[::-1].copy()
    assert compare_untouched(other, CONTENT, ALL, alpha=nothing).changed > 0
