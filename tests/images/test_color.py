"""Color modes, compared with plain NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import random_image

from maskstyle.errors import ImageError
from maskstyle.images.color import (
    color_moments,
    lightness_only,
    match_colors,
    match_lightness,
    seen_style,
    visible_weights,
    with_content_chroma,
)
from maskstyle.settings import CHOICES

# Low contrast, so that nothing is clipped.
STYLE = 0.5 + 0.12 * (random_image(1, 14, 11) @ np.array([[1, 0.3, 0], [0, 0.8, 0], [0.2, 0, 0.5]], np.float32) - 0.5)
CONTENT = 0.4 + 0.2 * (random_image(2, 9, 16) @ np.array([[1, 0, 0], [0.9, 0.3, 0], [0, 0.4, 0.6]], np.float32) - 0.5)


def plain_lab(image):
    """Convert an image to CIELAB by the formulas of the sRGB and CIE standards, in float64."""
    image = image.astype(np.float64)
    linear = np.where(image <= 0.04045, image / 12.92, ((image + 0.055) / 1.055) ** 2.4)
    matrix = np.array(
        [[0.412453, 0.35758, 0.180423], [0.212671, 0.71516, 0.072169], [0.019334, 0.119193, 0.950227]], np.float64
    )
    share = linear @ matrix.T / [0.95047, 1.0, 1.08883]
    root = np.where(share > (6 / 29) ** 3, np.cbrt(share), share * (29 / 6) ** 2 / 3 + 4 / 29)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def plain_moments(image, weights=None):
    pixels = image.reshape(-1, 3).astype(np.float64)
    weights = None if weights is None else weights.reshape(-1)
    return np.average(pixels, axis=0, weights=weights), np.cov(pixels.T, aweights=weights, ddof=0)


@pytest.mark.parametrize("weighed", [False, True])
def test_matched_colors_have_the_contents_mean_and_covariance(weighed):
    style_weights = random_image(3, 14, 11)[..., 0] if weighed else None
    content_weights = (random_image(4, 9, 16)[..., 0] > 0.5).astype(np.float32) if weighed else None
    matched = match_colors(STYLE, CONTENT, style_weights=style_weights, content_weights=content_weights)
    assert (matched.dtype, matched.shape) == (np.float32, STYLE.shape)
    for found, wanted in zip(
        plain_moments(matched, style_weights), plain_moments(CONTENT, content_weights), strict=True
    ):
        assert_allclose(found, wanted, atol=1e-6)


def test_an_image_matched_to_itself_does_not_change():
    assert_allclose(match_colors(STYLE, STYLE), STYLE, atol=1e-6)
    assert_allclose(match_lightness(STYLE, STYLE), lightness_only(STYLE), atol=1e-5)


def test_matching_uses_the_monge_kantorovich_map():
    """Only one matrix is symmetric and has no negative eigenvalue."""
    matched = match_colors(STYLE, CONTENT)
    pixels = (STYLE - STYLE.mean(axis=(0, 1))).reshape(-1, 3).astype(np.float64)
    matrix = np.linalg.lstsq(pixels, (matched - matched.mean(axis=(0, 1))).reshape(-1, 3), rcond=None)[0]
    assert_allclose(matrix, matrix.T, atol=1e-4)
    assert np.linalg.eigvalsh((matrix + matrix.T) / 2).min() > 0


@pytest.mark.parametrize("value", [0.0, 0.3, 1.0])
def test_flat_images_can_be_matched(value):
    flat = np.full((4, 5, 3), value, np.float32)
    assert_allclose(match_colors(STYLE, flat), np.full_like(STYLE, value), atol=1e-4)
    assert_allclose(match_lightness(STYLE, flat), np.full_like(STYLE, value), atol=1e-3)
    assert_allclose(match_colors(flat, CONTENT), np.broadcast_to(CONTENT.mean(axis=(0, 1)), flat.shape), atol=1e-5)


def test_noise_is_not_amplified():
    faint = np.float32(0.5) + np.float32(0.002) * (random_image(5, 20, 20) - np.float32(0.5))
    strong = random_image(6, 20, 20)
    assert match_colors(faint, strong).std(axis=(0, 1)).max() < 0.05


def test_matched_lightness_has_the_contents_mean_and_deviation():
    weights = random_image(4, 9, 16)[..., 0]
    gray = match_lightness(STYLE, CONTENT, content_weights=weights)
    assert_array_equal(gray[..., 0], gray[..., 2])
    lightness, wanted = plain_lab(gray)[..., 0], plain_lab(CONTENT)[..., 0]
    mean = np.average(wanted, weights=weights)
    assert lightness.mean() == pytest.approx(mean, abs=0.02)
    assert lightness.std() == pytest.approx(np.sqrt(np.average((wanted - mean) ** 2, weights=weights)), abs=0.02)


def test_gray_keeps_only_the_lightness():
    image = random_image(7, 8, 9)
    gray = lightness_only(image)
    assert_array_equal(gray, gray[..., :1].repeat(3, axis=-1))
    assert_allclose(plain_lab(gray)[..., 0], plain_lab(image)[..., 0], atol=0.02)
    assert_allclose(lightness_only(gray), gray, atol=1e-5)


def test_the_content_chroma_is_restored_inside_the_gamut():
    lightness, content = lightness_only(STYLE[:9, :11]), CONTENT[:9, :11]
    lab = plain_lab(with_content_chroma(lightness, content))
    assert_allclose(lab[..., 0], plain_lab(lightness)[..., 0], atol=0.02)
    assert_allclose(lab[..., 1:], plain_lab(content)[..., 1:], atol=0.05)


def test_an_image_with_its_own_chroma_does_not_change():
    image = random_image(8, 8, 9)
    assert_allclose(with_content_chroma(image, image), image, atol=1e-4)


def test_colors_outside_the_gamut_lose_chroma_but_keep_their_hue():
    vivid = np.array([[[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 0]]], np.float32)
    for value in (0.02, 0.3, 0.7, 0.98):
        gray = np.full_like(vivid, value)
        found = with_content_chroma(gray, vivid)
        assert found.min() >= 0
        assert found.max() <= 1
        lab, wanted = plain_lab(found), plain_lab(vivid)
        assert_allclose(lab[..., 0], plain_lab(gray)[..., 0], atol=0.15)
        chroma, greatest = np.hypot(lab[..., 1], lab[..., 2]), np.hypot(wanted[..., 1], wanted[..., 2])
        assert (chroma < greatest + 0.2).all()
        cross = lab[..., 1] * wanted[..., 2] - lab[..., 2] * wanted[..., 1]
        assert np.abs(cross / greatest).max() < 0.3  # distance from the line of that hue
        # The chroma is the largest possible: some channel is at 0 or 1.
        assert (np.minimum(found.min(axis=-1), 1 - found.max(axis=-1)) < 0.02).all()


def test_black_and_white_have_no_chroma():
    vivid = random_image(9, 3, 3)
    for value in (0.0, 1.0):
        assert_allclose(with_content_chroma(np.full_like(vivid, value), vivid), value, atol=2e-3)


@pytest.mark.parametrize("mode", CHOICES["color"])
def test_each_color_mode_recolors_the_style(mode):
    square = CONTENT[:9, :9]
    seen = {
        "match": match_colors(STYLE, square),
        "luminance": match_lightness(STYLE, square),
    }
    assert_array_equal(seen_style(STYLE, square, mode), seen.get(mode, STYLE))


def test_weighted_moments_equal_those_of_the_selected_pixels():
    inside = random_image(11, 9, 16)[..., 0] > 0.6
    weighed, alone = color_moments(CONTENT, inside.astype(np.float32)), color_moments(CONTENT[inside][np.newaxis])
    for first, second in zip(weighed, alone, strict=True):
        assert_allclose(first, second, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (
            lambda: match_colors(STYLE, CONTENT, style_weights=np.ones((2, 3))),
            r"weights of the style have shape \(2,",
        ),
        (
            lambda: match_colors(STYLE, CONTENT, content_weights=np.zeros((9, 16))),
            "weights of the content incl.* all 0",
        ),
        (
            lambda: match_lightness(STYLE, CONTENT, style_weights=np.full((14, 11), -1.0)),
            "of the style include",
        ),
        (
            lambda: match_colors(STYLE, CONTENT, style_weights=np.full((14, 11), np.nan)),
            "of the style include",
        ),
        (lambda: with_content_chroma(STYLE, CONTENT), r"shape \(14, 11, 3\), but the content \(9, 16, 3\); resize"),
    ],
)
def test_invalid_arguments_are_rejected(call, says):
    with pytest.raises(ImageError, match=says):
        call()


def test_inputs_stay_as_they_are():
    style, content = STYLE.copy(), CONTENT.copy()
    match_colors(style, content), match_lightness(style, content), with_content_chroma(style[:9], content[:, :11])
    assert_array_equal(style, STYLE)
    assert_array_equal(content, CONTENT)


def test_transparent_pixels_have_no_weight():
    weights, alpha = np.array([[1, 0.5, 1]], np.float32), np.array([[1, 0.5, 0]], np.float32)
    assert visible_weights(weights, None) is weights
    assert_array_equal(visible_weights(weights, alpha), [[1, 0.25, 0]])
    assert_array_equal(visible_weights(weights, np.zeros_like(alpha)), weights)
