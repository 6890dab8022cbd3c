"""Image arrays: rounding, sizes and resizing."""

from __future__ import annotations

import numpy as np
import pytest
from image_bytes import (
    RGB,
    unit,
)
from numpy.testing import assert_allclose, assert_array_equal

from maskstyle.errors import ImageError
from maskstyle.images import (
    fit_size,
    resize_image,
    resize_mask,
    to_uint8,
)


def test_to_uint8_inverts_loading_and_rounds_halves_up() -> None:
    every = np.arange(256, dtype=np.uint8)
    assert_array_equal(to_uint8(unit(every)), every)
    assert_array_equal(to_uint8(np.array([-np.inf, 0.5 / 255, 1.5 / 255, np.inf])), [0, 1, 2, 255])
    with pytest.raises(ImageError, match="1 of 2 values are NaN"):
        to_uint8(np.array([0, np.nan]))


@pytest.mark.parametrize(
    ("size", "longer_side", "expected"),
    [
        ((3000, 4000), 512, (384, 512)),
        ((4000, 3000), 512, (512, 384)),
        ((5, 5), 7, (7, 7)),
        ((1, 1000), 10, (1, 10)),
        ((1, 2), 5, (3, 5)),
        ((1, 1), 64, (64, 64)),
    ],
)
def test_fit_size(size: tuple[int, int], longer_side: int, expected: tuple[int, int]) -> None:
    assert fit_size(size, longer_side) == expected


def test_invalid_sizes() -> None:
    with pytest.raises(ImageError, match=r"at least 1x1 \(height x width\), but got 0x3"):
        fit_size((0, 3), 5)
    with pytest.raises(ImageError, match="at least 1 pixel, but got 0"):
        fit_size((3, 3), 0)
    with pytest.raises(ImageError, match="but got 4x0"):
        resize_image(unit(RGB), (4, 0))
    with pytest.raises(ImageError, match=r"but got \(3,\)"):
        resize_image(unit(RGB)[0, 0], (4, 4))


@pytest.mark.parametrize("size", [(1, 1), (3, 9), (17, 5), (40, 64)])
def test_constant_images_stay_constant(size: tuple[int, int]) -> None:
    for value in (0.0, 0.123456, 1.0):
        resized = resize_image(np.full((16, 10, 3), value, np.float32), size)
        assert resized.shape == (*size, 3)
        assert resized.dtype == np.float32
        assert_allclose(resized, value, atol=1e-6)


def test_same_size_is_an_exact_copy() -> None:
    image = unit(RGB)
    copy = resize_image(image, (2, 3))
    assert_array_equal(copy, image)
    assert copy is not image
    assert not np.shares_memory(copy, image)


def test_resizing_is_antialiased_and_not_rounded_to_8_bits() -> None:
    checks = np.indices((64, 64)).sum(axis=0).astype(np.float32) % 2
    assert_allclose(resize_image(checks, (8, 8))[2:-2, 2:-2], 0.5, atol=1e-3)
    ramp = np.tile(np.linspace(0.5, 0.501, 32, dtype=np.float32), (4, 1))
    assert len(np.unique(resize_image(ramp, (4, 16))[0])) == 16


@pytest.mark.parametrize("size", [(3, 7), (8, 11), (31, 64), (90, 200)])
def test_a_mask_stays_0_and_1_away_from_its_edges(size: tuple[int, int]) -> None:
    mask = np.zeros((31, 64), np.float32)
    mask[:, 32:] = 1
    resized = resize_mask(mask, size)
    blurred = max(1, size[1] / 64) + 1  # half-width of the triangle filter
    columns = np.arange(size[1]) + 0.5 - size[1] / 2
    assert resized.shape == size
    assert resized.dtype == np.float32
    assert (resized[:, columns < -blurred] == 0).all()
    assert (resized[:, columns > blurred] == 1).all()
    assert (np.diff(resized, axis=1) >= 0).all()
    assert resized.mean() == pytest.approx(0.5, abs=0.01)


def test_a_mask_of_the_same_size_is_an_exact_copy() -> None:
    mask = np.random.default_rng(0).random((5, 7), dtype=np.float32)
    copied = resize_mask(mask, (5, 7))
    assert copied is not mask
    assert_array_equal(copied, mask)


def test_resizing_stays_in_range_and_treats_channels_equally() -> None:
    edge = np.zeros((8, 8, 3), np.float32)
    edge[:, 4:] = 1
    resized = resize_image(edge, (8, 32))
    assert resized.min() == 0
    assert resized.max() == 1
    assert_array_equal(resized[..., 0], resize_image(edge[..., 0], (8, 32)))
    assert_array_equal(resized[..., 0], resized[..., 2])
