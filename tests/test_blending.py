"""Blending: what is not painted stays bit for bit, and paint fades in from its edge."""

from __future__ import annotations

import numpy as np
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image

from maskstyle.blending import faded_in, mixed


def test_paint_fades_in_from_its_edge():
    inside = np.array([[False, False, True, True, True, True]])
    assert_array_equal(faded_in(inside, 0.0), [[0, 0, 1, 1, 1, 1]])
    assert_allclose(faded_in(inside, 2.0), [[0, 0, 1 / 3, 2 / 3, 1, 1]], atol=1e-6)
    assert_array_equal(faded_in(np.ones_like(inside), 2.0), np.ones_like(inside))


def test_a_mixture_holds_both_images_bit_for_bit():
    content, painted = random_image(1, 1, 5), random_image(2, 1, 5)
    result = mixed(content, painted, np.array([[0, 0.25, 0.5, 1, 2]], np.float32))
    assert_array_equal(result[0, 0], content[0, 0])
    assert_allclose(result[0, 1], 0.75 * content[0, 1] + 0.25 * painted[0, 1], atol=1e-6)
    assert_array_equal(result[0, 3:], painted[0, 3:])
