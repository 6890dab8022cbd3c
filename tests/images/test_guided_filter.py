"""The guided filter, compared with the formulas of the paper, and masks fitted to the edges of an image."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images import edge_aware_mask, mask_over_image
from maskstyle.images.guided_filter import guided_filter

SIZE = (7, 11)


def soft(seed, size=SIZE):
    return np.random.default_rng(seed).random(size).astype(np.float32)


def guided_reference(mask, image, radius, epsilon):
    """Return the guided filter as the paper states it, in float64, window by window."""
    height, width = mask.shape
    rows = np.clip(np.arange(-radius, height + radius), 0, height - 1)
    columns = np.clip(np.arange(-radius, width + radius), 0, width - 1)

    def windows(plane):
        padded = plane[np.ix_(rows, columns)].astype(np.float64)
        side = 2 * radius + 1
        return {(y, x): padded[y : y + side, x : x + side] for y in range(height) for x in range(width)}

    colors, values = windows(image), windows(mask)
    functions = np.empty((height, width, 4))
    for at, window in colors.items():
        samples, wanted = window.reshape(-1, 3), values[at].ravel()
        centered = samples - samples.mean(axis=0)
        covariance = centered.T @ centered / len(samples) + epsilon * np.eye(3)
        slope = np.linalg.inv(covariance) @ (centered.T @ (wanted - wanted.mean()) / len(samples))
        functions[at] = [*slope, wanted.mean() - slope @ samples.mean(axis=0)]
    means = {at: window.reshape(-1, 4).mean(axis=0) for at, window in windows(functions).items()}
    return np.array([[means[y, x] @ [*image[y, x], 1] for x in range(width)] for y in range(height)])


def test_the_guided_filter_follows_the_paper():
    image = np.random.default_rng(3).random((*SIZE, 3)).astype(np.float32)
    for radius, epsilon in ((1, 1e-2), (3, 1e-4)):
        filtered = guided_filter(soft(1), image, radius=radius, epsilon=epsilon, batch=10)  # the last one shorter
        np.testing.assert_allclose(filtered, guided_reference(soft(1), image, radius, epsilon), atol=1e-5)


def test_a_mask_edge_moves_to_the_image_edge():
    picture = np.zeros((12, 60, 3), np.float32)
    picture[:, 30:] = (0.8, 0.3, 0.5)
    rough = np.zeros((12, 60), np.float32)
    rough[:, 33:] = 1
    fitted = edge_aware_mask(rough, picture, radius=8)
    assert fitted.dtype == np.float32
    assert (fitted[:, :30] == 0).all()
    assert (fitted[:, 30:] > 0.5).all()
    assert (fitted[:, 49:] == 1).all()


def test_black_and_white_stay_exact_away_from_edges():
    noise = np.random.default_rng(5).random((20, 60, 3)).astype(np.float32)
    edge = np.repeat([[0.0, 1.0]], 30, axis=1).repeat(20, axis=0).astype(np.float32)
    fitted = edge_aware_mask(edge, noise, radius=4)
    assert (fitted[:, :22] == 0).all()
    assert (fitted[:, 38:] == 1).all()


@pytest.mark.parametrize(
    ("options", "says"),
    [({"radius": 0}, "radius is 0"), ({"epsilon": 0}, "epsilon is 0"), ({"epsilon": math.nan}, "`epsilon` is nan")],
)
def test_parameters_out_of_range_are_rejected(options, says):
    with pytest.raises(SettingsError, match=says):
        edge_aware_mask(soft(0), np.zeros((*SIZE, 3), np.float32), **options)


def test_a_mask_and_its_image_must_have_one_size():
    picture = np.zeros((*SIZE, 3), np.float32)
    with pytest.raises(ImageError, match=r"image's size 7x11 .* got \(3, 4\)"):
        edge_aware_mask(soft(0, (3, 4)), picture)
    with pytest.raises(ImageError, match=r"mask's size \(3, 4\) .* got \(7, 11, 3\)"):
        mask_over_image(soft(0, (3, 4)), picture)
