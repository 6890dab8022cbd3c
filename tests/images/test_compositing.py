"""Compositing: blending, coverage that fades in by distance or along content edges, and mask previews."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image

from maskstyle.images import mask_over_image
from maskstyle.images.compositing import faded_in, faded_in_at_edges, mixed


def test_blending_keeps_both_images_exactly_at_the_ends():
    content, painted = random_image(1, 1, 4), random_image(2, 1, 4)
    share = np.array([[0.0, 0.5, 1.0, 1.5]], np.float32)
    found = mixed(content, painted, share)
    assert_array_equal(found[:, 0], content[:, 0])
    assert_array_equal(found[:, 2:], painted[:, 2:])
    assert_allclose(found[:, 1], (content[:, 1] + painted[:, 1]) / 2, atol=1e-6)


def test_coverage_fades_in_from_the_edge():
    inside = np.array([[False, False, True, True, True, True]])
    assert_array_equal(faded_in(inside, 0.0), inside)
    assert_allclose(faded_in(inside, 2.0), [[0, 0, 1 / 3, 2 / 3, 1, 1]], atol=1e-6)
    assert_array_equal(faded_in(np.ones_like(inside), 2.0), np.ones((1, 6)))
    assert_array_equal(faded_in(np.zeros_like(inside), 2.0), np.zeros((1, 6)))


def scene(edge):
    """Return a content image that is dark to the left of a column and bright from there on."""
    content = np.full((24, 40, 3), 0.2, np.float32)
    content[:, edge:] = 0.8
    return content


@pytest.mark.parametrize("edge", [16, 20])
def test_coverage_ends_at_a_content_edge(edge):
    inside = np.zeros((24, 40), bool)
    inside[:, 16:] = True
    covered = faded_in_at_edges(inside, 8.0, scene(edge))
    assert_array_equal(covered[:, :16], 0)
    assert covered[:, 16:edge].max(initial=0.0) < 0.15
    assert covered[:, edge + 1 :].min() > 0.9
    assert faded_in(inside, 8.0)[:, edge + 1].max() < 0.8


def test_coverage_fades_where_the_content_has_no_edge():
    inside = np.zeros((24, 40), bool)
    inside[:, 16:] = True
    ramp = faded_in_at_edges(inside, 6.0, np.full((24, 40, 3), 0.5, np.float32))
    assert_array_equal(ramp[:, :16], 0)
    assert (np.diff(ramp[12]) >= 0).all()
    assert 0 < ramp[12, 16] < 0.3
    assert_array_equal(ramp[:, 29:], 1)


def test_a_fully_painted_image_has_no_edge():
    everywhere = np.ones((24, 40), bool)
    assert_array_equal(faded_in_at_edges(everywhere, 6.0, random_image(3, 24, 40)), 1)


def test_the_outside_is_never_covered():
    inside = random_image(4, 24, 40)[..., 0] > 0.5
    covered = faded_in_at_edges(inside, 3.0, random_image(5, 24, 40))
    assert_array_equal(covered[~inside], 0)
    assert covered.dtype == np.float32
    assert covered.min() >= 0
    assert covered.max() <= 1


def test_a_mask_preview_is_gray_where_the_mask_is_0_and_orange_where_it_is_1():
    image = random_image(7, 7, 11)
    mask = np.zeros((7, 11), np.float32)
    mask[:, :5] = 1
    shown = mask_over_image(mask, image)
    assert shown.shape == image.shape
    assert shown.min() >= 0
    assert shown.max() <= 1
    assert np.ptp(shown[mask == 0], axis=1).max() < 1e-6
    assert (shown[mask == 1][:, 0] > shown[mask == 1][:, 2] + 0.5).all()
