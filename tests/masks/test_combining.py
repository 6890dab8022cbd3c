"""Combined and normalized masks, compared with plain arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from maskstyle.errors import ImageError, SettingsError
from maskstyle.masks import (
    MASK_OPERATIONS,
    combine_masks,
    linear_mask,
    normalize_masks,
)

SIZE = (7, 11)


def soft(seed, size=SIZE):
    return np.random.default_rng(seed).random(size).astype(np.float32)


@pytest.mark.parametrize("how", [how for how in MASK_OPERATIONS if how != "invert"])
def test_combinations_equal_plain_arithmetic(how):
    masks = [soft(seed) for seed in range(3)]
    first, second, third = (mask.astype(np.float64) for mask in masks)
    expected = {
        "multiply": first * second * third,
        "add": np.minimum(first + second + third, 1),
        "subtract": np.maximum(first - second - third, 0),
        "maximum": np.maximum(np.maximum(first, second), third),
        "minimum": np.minimum(np.minimum(first, second), third),
    }[how]
    combined = combine_masks(masks, how=how)
    assert combined.dtype == np.float32
    np.testing.assert_allclose(combined, expected, atol=1e-6)


def test_inverting_twice_changes_nothing():
    mask = linear_mask((1, 257))
    np.testing.assert_array_equal(combine_masks([combine_masks([mask], how="invert")], how="invert"), mask)


@pytest.mark.parametrize(
    ("masks", "how", "says"),
    [
        ([soft(0)], "multiply", "at least two masks to multiply, but got 1"),
        ([soft(0), soft(1)], "invert", "one mask to invert, but got 2"),
        ([soft(0), soft(1)], "screen", "how is 'screen'"),
    ],
)
def test_invalid_combinations_are_rejected(masks, how, says):
    with pytest.raises(SettingsError, match=says):
        combine_masks(masks, how=how)


def test_masks_of_different_sizes_are_rejected():
    for combine in (lambda masks: combine_masks(masks, how="add"), normalize_masks):
        with pytest.raises(ImageError, match="11x7, 4x3"):
            combine([soft(0), soft(1, (3, 4))])
    with pytest.raises(SettingsError, match="at least two masks to normalize"):
        normalize_masks([soft(0)])


@pytest.mark.parametrize("levels", [None, 255, 65535])
def test_normalized_masks_sum_to_1(levels):
    masks = [soft(seed) for seed in range(5)]
    for mask in masks:
        mask[0] = 0
        mask[1, :4] = 0
    masks[2][1, :4] = 0.01
    shares = normalize_masks(masks, levels=levels)
    total = np.sum(masks, axis=0, dtype=np.float64)
    for mask, share in zip(masks, shares, strict=True):
        assert (share[mask == 0] == 0).all()
        quotient = np.divide(mask, total, out=np.zeros(SIZE), where=total > 0)
        np.testing.assert_allclose(share, quotient, atol=1e-6 if levels is None else 1 / levels)
    assert (shares[2][1, :4] == 1).all()
    if levels is None:
        np.testing.assert_allclose(np.sum(shares, axis=0)[1:], 1, atol=1e-6)
    else:
        stored = sum((share * levels + 0.5).astype(int) for share in shares)
        assert (stored[1:] == levels).all()
        assert (stored[0] == 0).all()


def test_normalizing_without_fill_only_reduces_values():
    first, second = np.array([[0.2, 1, 0.75, 0]], np.float32), np.array([[0.3, 1, 0.5, 0]], np.float32)
    shares = normalize_masks([first, second], fill=False)
    np.testing.assert_allclose(shares, [[[0.2, 0.5, 0.6, 0]], [[0.3, 0.5, 0.4, 0]]], atol=1e-6)
