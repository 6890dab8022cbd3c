"""Checks of inputs that techniques share: what passes, what does not, and what the messages say."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from small_scenes import side_by_side, softened

from maskstyle.errors import ImageError, SettingsError
from maskstyle.settings import DOODLE_SETTINGS, Settings
from maskstyle.techniques.basic import normalized_shares
from maskstyle.techniques.checks import check_alpha, check_image, check_soft_maps
from maskstyle.techniques.doodle import check_without_content


@pytest.mark.parametrize("kind", [np.float16, np.float32, np.float64])
def test_images_of_floats_are_returned_as_float32(kind):
    image = np.array([[[0, 0.5, 1]]], kind)
    checked = check_image(image, "content image")
    assert checked.dtype == np.float32
    assert_array_equal(checked, image)
    assert (checked is image) == (kind is np.float32)  # a large image is not copied


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((4, 4), np.float32), r"the photo has shape \(4, 4\); expected \(height, width, 3\)"),
        (np.zeros((4, 4, 4), np.float32), r"shape \(4, 4, 4\)"),
        (np.zeros((1, 4, 4, 3), np.float32), r"shape \(1, 4, 4, 3\)"),
        (np.zeros((0, 4, 3), np.float32), r"shape \(0, 4, 3\)"),
        (np.zeros((4, 4, 3), np.uint8), "type uint8; expected floats in .* divide 8-bit values by 255"),
        (np.zeros((4, 4, 3), bool), "type bool"),
        (np.full((4, 4, 3), np.nan, np.float32), "values from nan to nan"),
        (np.full((4, 4, 3), 255.0, np.float32), "values from 255 to 255"),
        (np.full((4, 4, 3), -0.01, np.float32), "values from -0.01"),
        (np.array([[[0.5, np.inf, 0.5]]], np.float32), "to inf"),
    ],
)
def test_images_that_cannot_work(image, message):
    with pytest.raises(ImageError, match=message):
        check_image(image, "photo")


def test_alpha_is_returned_as_float32():
    alpha = np.array([[0.0, 0.5], [1.0, 0.25]])
    checked = check_alpha(alpha, (2, 2), "content image")
    assert checked.dtype == np.float32
    assert_array_equal(checked, alpha)


@pytest.mark.parametrize(
    ("alpha", "message"),
    [
        (np.zeros((2, 3), np.float32), r"the alpha has shape \(2, 3\), but the content image is 2x2"),
        (np.zeros((2, 2, 1), np.float32), r"shape \(2, 2, 1\)"),
        (np.zeros((2, 2), np.uint8), "the alpha has type uint8"),
        (np.full((2, 2), np.nan), "the alpha has values from nan"),
        (np.full((2, 2), 1.01), "the alpha has values from 1.01"),
    ],
)
def test_alpha_that_cannot_work(alpha, message):
    with pytest.raises(ImageError, match=message):
        check_alpha(alpha, (2, 2), "content image")


def test_soft_maps():
    hard = side_by_side((4, 6))
    plain, blended = softened(hard), softened(hard, {3: 0.5})
    settings = Settings()
    assert check_soft_maps([hard, None], settings) == ()
    assert check_soft_maps([plain, blended], settings) == ()
    (note,) = check_soft_maps([hard, plain], settings)
    assert note.startswith("the maps have no soft edges")
    check_soft_maps([hard], settings.changed(propagation="split"))
    with pytest.raises(SettingsError, match="propagation is 'split', but soft maps") as caught:
        check_soft_maps([None, plain], settings.changed(propagation="split"))
    assert caught.value.about == ("soft_maps",)


@pytest.mark.parametrize(
    ("changes", "name"),
    [({"content_weight": 0.5}, "content_weight"), ({"init": "content"}, "init"), ({"color": "match"}, "color")],
)
def test_settings_that_need_a_content_image(changes, name):
    check_without_content(DOODLE_SETTINGS)
    with pytest.raises(SettingsError, match="a doodle has no content image") as caught:
        check_without_content(DOODLE_SETTINGS.changed(**changes))
    assert caught.value.about == ("settings", name)


def test_shares_sum_to_1():
    assert normalized_shares(None, 4) == [0.25] * 4
    assert normalized_shares([1, 3], 2) == [0.25, 0.75]
    assert normalized_shares([0, 2.5], 2) == [0.0, 1.0]


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ([1.0], "there are 2 style images but 1 shares"),
        ([1.0, 1.0, 1.0], "2 style images but 3"),
        ([0.0, 0.0], "one above 0"),
        ([1.0, -1.0], "from 0 to 1,000,000"),
        ([1.0, np.nan], "from 0 to 1,000,000"),
        ([np.inf, 1.0], "from 0 to 1,000,000"),
        ([1.0, 1e30], "from 0 to 1,000,000"),
    ],
)
def test_shares_that_cannot_work(shares, message):
    with pytest.raises(SettingsError, match=message):
        normalized_shares(shares, 2)
