"""Styles by pair: each region of the style in the colors of the region that takes it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image

from maskstyle.errors import ImageError, SettingsError
from maskstyle.guidance.pair_styles import styles_by_pair
from maskstyle.images.color import match_colors, seen_style
from maskstyle.maps.assignment import denoised_regions, plan_regions
from maskstyle.maps.io import SemanticMap

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
STYLE, CONTENT = 0.4 + 0.1 * random_image(1, 10, 12), 0.3 + 0.3 * random_image(2, 9, 12)
CONTENT_MAP = SemanticMap(np.indices((9, 12))[1].astype(np.int32) // 4, (RED, GREEN, BLUE))
STYLE_MAP = SemanticMap(np.indices((10, 12))[1].astype(np.int32) // 4, (BLUE, GREEN, RED))


def plan(**options):
    return plan_regions(CONTENT_MAP, STYLE_MAP, content_size=(9, 12), style_size=(10, 12), **options)


@pytest.mark.parametrize("mode", ["style", "content"])
def test_modes_that_leave_the_style_alone(mode):
    ((style, pairs),) = styles_by_pair(STYLE, CONTENT, plan(), mode)
    assert style is STYLE
    assert pairs == plan().pairs


@pytest.mark.parametrize("mode", ["match", "luminance"])
def test_each_region_has_the_colors_of_its_own(mode):
    ((style, pairs),) = styles_by_pair(STYLE, CONTENT, plan(), mode)
    assert len(pairs) == 3
    for here, there in ((0, 8), (4, 4), (8, 0)):
        inside = np.zeros((10, 12), np.float32)
        inside[:, there : there + 4] = 1
        own = seen_style(STYLE, CONTENT[:, here : here + 4], mode, style_weights=inside)
        assert_allclose(style[:, there : there + 4], own[:, there : there + 4], atol=1e-6)


def test_regions_that_share_a_style_have_an_image_each():
    shared = plan(mapping=[(RED, BLUE), (GREEN, BLUE)])
    found = styles_by_pair(STYLE, CONTENT, shared, "match")
    assert [[pair.region for pair in pairs] for _, pairs in found] == [[0], [1], [2]]
    for (style, _), here in zip(found, (0, 4, 8), strict=True):
        assert_allclose(style[:, :4].mean(axis=(0, 1)), CONTENT[:, here : here + 4].mean(axis=(0, 1)), atol=1e-5)


def test_pairs_go_together_as_far_as_they_can():
    found = styles_by_pair(STYLE, CONTENT, plan(mapping=[(RED, BLUE)]), "match")
    assert sorted([pair.region for pair in pairs] for _, pairs in found) == [[0, 1], [2]]


def test_the_whole_style_for_a_region():
    lonely = SemanticMap(STYLE_MAP.labels, (BLUE, GREEN, (255, 255, 0)))
    whole = plan_regions(CONTENT_MAP, lonely, content_size=(9, 12), style_size=(10, 12), unmatched="whole-style")
    found = styles_by_pair(STYLE, CONTENT, whole, "match")
    assert [[pair.region for pair in pairs] for _, pairs in found] == [[1, 2], [0]]
    assert_array_equal(found[1].style, match_colors(STYLE, CONTENT[:, :4]))


def test_regions_to_denoise():
    some = plan(regions=[RED, BLUE])
    assert denoised_regions(None, some) is None
    assert denoised_regions([BLUE], some) == [2]
    with pytest.raises(SettingsError, match="#00ff00 .green. is to be denoised, but it is not painted"):
        denoised_regions([GREEN], some)
    with pytest.raises(ImageError, match="the content map"):
        denoised_regions([(255, 255, 0)], some)


def test_transparent_pixels_of_a_region_do_not_count():
    alpha = np.ones(CONTENT.shape[:2], np.float32)
    alpha[:2] = 0
    hidden = CONTENT.copy()
    hidden[:2] = 0
    (first,), (second,) = (styles_by_pair(STYLE, each, plan(), "match", alpha=alpha) for each in (CONTENT, hidden))
    assert_allclose(first.style, second.style, atol=1e-6)
    (without,) = styles_by_pair(STYLE, hidden, plan(), "match")
    assert not np.allclose(without.style, first.style, atol=1e-2)
