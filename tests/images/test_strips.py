"""Large arrays are computed in strips of rows, with the result of one piece."""

import numpy as np
import pytest
from PIL import Image as PillowImage

from maskstyle.images import color, pixels


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    monkeypatch.setattr(pixels, "STRIP_VALUES", 1)
    monkeypatch.setattr(pixels.row_strips, "__defaults__", (500,))


@pytest.fixture
def rng():
    return np.random.default_rng(0)


def image(rng, *shape):
    return rng.random(shape, dtype=np.float32)


@pytest.mark.parametrize("size", [(9, 7), (13, 40), (60, 11), (80, 90)])
def test_resizing_is_that_of_pillow(rng, size):
    mask = image(rng, 50, 40)
    whole = PillowImage.fromarray(mask).resize(size[::-1], PillowImage.Resampling.LANCZOS)
    np.testing.assert_allclose(pixels.resize_image(mask, size), np.clip(np.asarray(whole), 0, 1), atol=1e-6)


def test_colors_of_strips_are_those_of_the_whole(rng):
    whole, other = image(rng, 60, 20, 3), image(rng, 60, 20, 3)
    rows = [slice(top, top + 1) for top in range(60)]
    gray = np.concatenate([color.lightness_only(whole[row]) for row in rows])
    np.testing.assert_array_equal(color.lightness_only(whole), gray)
    np.testing.assert_array_equal(color.gray_channel(whole), gray[..., 0])
    mean, covariance = color.color_moments(whole)
    np.testing.assert_allclose(mean, whole.reshape(-1, 3).mean(axis=0, dtype=np.float64), rtol=1e-9)
    np.testing.assert_allclose(covariance, np.cov(whole.reshape(-1, 3).T, bias=True), rtol=1e-5)
    assert color.with_content_chroma(whole, other).shape == whole.shape
    np.testing.assert_array_equal(pixels.to_uint8(whole), np.floor(whole * 255 + 0.5).astype(np.uint8))
