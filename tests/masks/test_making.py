"""Gradients, feathered edges, combinations and guided edges against plain references and identities."""

from __future__ import annotations

import math

import numpy as np
import pytest

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.compositing import mask_over_image
from maskstyle.images.guided_filter import edge_aware_mask, guided_filter
from maskstyle.maps.io import SemanticMap
from maskstyle.masks.combining import MASK_OPERATIONS, combine_masks, normalize_masks
from maskstyle.masks.feathering import feather_mask, region_mask
from maskstyle.masks.gradients import linear_mask, radial_mask

SIZE = (7, 11)
RED, BLUE = (255, 0, 0), (0, 0, 255)


@pytest.fixture
def blot():
    """Return a (24, 30) mask of 0 and 1 with a blot, a speck and an edge at the border."""
    mask = np.zeros((24, 30), np.float32)
    mask[5:14, 6:15] = 1
    mask[3, 24] = 1
    mask[18:, 20:] = 1
    return mask


def soft(seed, size=SIZE):
    return np.random.default_rng(seed).random(size).astype(np.float32)


# Gradients


@pytest.mark.parametrize(
    ("angle", "white"), [(0, np.s_[:, 0]), (90, np.s_[0]), (180, np.s_[:, -1]), (270, np.s_[-1]), (-90, np.s_[-1])]
)
def test_a_gradient_is_white_on_its_side_and_black_on_the_other(angle, white):
    mask = linear_mask(SIZE, angle=angle)
    assert mask.dtype == np.float32
    assert (mask[white] == 1).all()
    turned = linear_mask(SIZE, angle=angle + 180)
    assert (turned[white] == 0).all()
    np.testing.assert_allclose(mask + turned, 1, atol=1e-6)


def test_a_slanted_gradient_is_the_projection_onto_its_direction():
    mask = linear_mask(SIZE, angle=30, start=10, end=70)
    direction = np.array([math.sin(math.pi / 6), math.cos(math.pi / 6)])
    longest = direction @ [SIZE[0] - 1, SIZE[1] - 1]
    for at in np.ndindex(SIZE):
        way = 100 * (direction @ at) / longest
        assert mask[at] == pytest.approx(min(max((70 - way) / 60, 0), 1), abs=1e-6)


def test_a_gradient_reaches_exactly_0_and_1_where_it_is_told_to():
    mask = linear_mask((1, 101), start=20, end=60)[0]
    assert (mask[:21] == 1).all()
    assert (mask[60:] == 0).all()
    assert ((mask[21:60] > 0) & (mask[21:60] < 1)).all()
    hard = linear_mask((1, 101), start=50, end=50)[0]
    assert set(hard.tolist()) == {0.0, 1.0}
    assert hard.sum() == 50
    assert linear_mask((1, 3), start=-100, end=100).tolist() == [[0.5, 0.25, 0.0]]
    assert linear_mask((1, 1)).tolist() == [[1.0]]


def test_smooth_fading_has_the_same_middle_and_ends():
    even, smooth = (linear_mask((1, 101), easing=easing)[0] for easing in ("linear", "smooth"))
    np.testing.assert_allclose(smooth, even**2 * (3 - 2 * even), atol=1e-6)
    assert (smooth[0], smooth[50], smooth[100]) == (1, 0.5, 0)


def test_an_ellipse_touches_the_edges_and_a_circle_is_round():
    ellipse = radial_mask((21, 41), inner=20)
    assert ellipse[10, 20] == 1
    assert ellipse[0, 20] == ellipse[10, 0] == ellipse[20, 20] == 0
    assert ellipse[10, 30] == pytest.approx(ellipse[5, 20]) == pytest.approx(0.5 / 0.8)
    circle = radial_mask((21, 41), shape="circle")
    assert circle[10, 25] == pytest.approx(circle[5, 20]) == pytest.approx(0.5)
    assert circle[10, 30] == 0
    moved = radial_mask((21, 41), center=(0, 100))
    assert moved[20, 0] == 1 == moved.max()


def test_radii_that_are_equal_make_a_hard_disc():
    disc = radial_mask((21, 21), inner=50, outer=50)
    assert set(np.unique(disc).tolist()) == {0.0, 1.0}
    rows, columns = np.mgrid[-10:11, -10:11]
    np.testing.assert_array_equal(disc == 1, rows**2 + columns**2 < 25)


@pytest.mark.parametrize(
    ("make", "options", "says"),
    [
        (linear_mask, {"start": 60, "end": 40}, "start is 60 and end is 40"),
        (linear_mask, {"start": math.nan}, "start is nan"),
        (linear_mask, {"angle": math.inf}, "angle is inf"),
        (radial_mask, {"inner": -1}, "inner is -1"),
        (radial_mask, {"inner": 50, "outer": 20}, "inner is 50 and outer is 20"),
        (radial_mask, {"center": (math.nan, 0)}, "center is"),
    ],
)
def test_impossible_gradients_are_refused(make, options, says):
    with pytest.raises(SettingsError, match=says):
        make(SIZE, **options)
    with pytest.raises(SettingsError, match="size is 0x5"):
        make((0, 5))


# Feathering


def feathered_reference(mask, feather):
    """Return the formula of `feather_mask` for the outside, in float64, pixel by pixel."""
    rows, columns = np.mgrid[: mask.shape[0], : mask.shape[1]]
    squares = (1 - mask.astype(np.float64)) ** 2
    result = np.empty(mask.shape)
    for at in np.ndindex(mask.shape):
        apart = ((rows - at[0]) ** 2 + (columns - at[1]) ** 2) / feather**2
        result[at] = 1 - np.sqrt((squares + apart).min())
    return result


@pytest.mark.parametrize("feather", [1, 2.5, 6])
def test_feathering_follows_its_formula(blot, feather):
    for mask in (blot, soft(0), linear_mask(SIZE, angle=20)):
        outside, inside = (feather_mask(mask, feather, side=side) for side in ("outside", "inside"))
        np.testing.assert_allclose(outside, feathered_reference(mask, feather), atol=1e-6)
        np.testing.assert_allclose(inside, 1 - feathered_reference(1 - mask, feather), atol=1e-6)
        half = feather / 2 + 0.5
        both = (feathered_reference(mask, half) + 1 - feathered_reference(1 - mask, half)) / 2
        np.testing.assert_allclose(feather_mask(mask, feather), both, atol=1e-6)


@pytest.mark.parametrize("feather", [0.3, 1, 2, 5.5, 9])
def test_the_untouched_side_stays_exactly_black_or_white(blot, feather):
    outside, inside = (feather_mask(blot, feather, side=side) for side in ("outside", "inside"))
    assert (outside[blot == 1] == 1).all()
    assert (inside[blot == 0] == 0).all()
    both = feather_mask(blot, feather)
    far_from = {white: np.ones(blot.shape, bool) for white in (0, 1)}
    rows, columns = np.mgrid[: blot.shape[0], : blot.shape[1]]
    for at in np.ndindex(blot.shape):
        far_from[int(blot[at])] &= np.hypot(rows - at[0], columns - at[1]) >= feather / 2 + 0.5
    assert (both[far_from[1]] == 0).all()
    assert (both[far_from[0]] == 1).all()
    for mask in (outside, inside, both):
        assert mask.dtype == np.float32
        assert mask.min() >= 0
        assert mask.max() <= 1


def test_a_straight_edge_becomes_an_even_ramp():
    edge = np.repeat([[0.0, 1.0]], 20, axis=1).astype(np.float32)
    ramp = feather_mask(edge, 10)[0]
    steps = np.diff(ramp)
    np.testing.assert_allclose(ramp + ramp[::-1], 1, atol=1e-6)
    assert np.count_nonzero((ramp > 0) & (ramp < 1)) == 10
    assert steps.min() >= 0
    assert steps.max() < 0.19
    inside = feather_mask(edge, 4, side="inside")[0, 18:26]
    np.testing.assert_allclose(inside, [0, 0, 0.25, 0.5, 0.75, 1, 1, 1], atol=1e-6)


@pytest.mark.parametrize("side", ["both", "inside", "outside"])
def test_nothing_happens_without_feather_or_edges(blot, side):
    np.testing.assert_array_equal(feather_mask(blot, 0, side=side), blot)
    for level in (0, 0.25, 1):
        flat = np.full(SIZE, level, np.float32)
        np.testing.assert_array_equal(feather_mask(flat, 5, side=side), flat)


@pytest.mark.parametrize("side", ["both", "inside", "outside"])
def test_wide_gradients_hardly_change(side):
    wide = linear_mask((5, 200))
    np.testing.assert_allclose(feather_mask(wide, 10, side=side), wide, atol=0.002)


@pytest.mark.parametrize("feather", [-1, math.nan, math.inf])
def test_a_feather_must_be_a_distance(blot, feather):
    with pytest.raises(SettingsError, match="feather is .* at least 0"):
        feather_mask(blot, feather)


def test_regions_are_feathered_as_one():
    labels = np.repeat([[0, 1, 2]], 8, axis=1).astype(np.int32)
    three = SemanticMap(labels, (RED, BLUE, (0, 255, 0)))
    np.testing.assert_array_equal(region_mask(three, [BLUE]), labels == 1)
    joined = region_mask(three, [RED, (10, 0, 250)], feather=4)  # a color may be a little off
    assert (joined[0, :13] == 1).all()
    assert (joined[0, 18:] == 0).all()
    smooth = region_mask(three, [RED, BLUE], feather=4, easing="smooth")
    np.testing.assert_allclose(smooth, joined**2 * (3 - 2 * joined), atol=1e-6)
    assert region_mask(three, [RED, BLUE, (0, 255, 0)], feather=9).min() == 1


def test_regions_that_are_not_there_are_refused():
    lost = SemanticMap(np.zeros((2, 2), np.int32), (RED, BLUE))
    with pytest.raises(ImageError, match="expected colors of mine.png.*#00ff00"):
        region_mask(lost, [(0, 255, 0)], name="mine.png")
    with pytest.raises(ImageError, match=r"regions of mine\.png have no pixels at 2x2"):
        region_mask(lost, [BLUE], name="mine.png")
    with pytest.raises(SettingsError, match="at least one region"):
        region_mask(lost, [])


# Combinations


@pytest.mark.parametrize("how", [how for how in MASK_OPERATIONS if how != "invert"])
def test_combinations_against_plain_arithmetic(how):
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
def test_impossible_combinations_are_refused(masks, how, says):
    with pytest.raises(SettingsError, match=says):
        combine_masks(masks, how=how)


def test_masks_of_several_sizes_are_refused():
    for combine in (lambda masks: combine_masks(masks, how="add"), normalize_masks):
        with pytest.raises(ImageError, match="7x11, 3x4"):
            combine([soft(0), soft(1, (3, 4))])
    with pytest.raises(SettingsError, match="at least two masks to normalize"):
        normalize_masks([soft(0)])


@pytest.mark.parametrize("levels", [None, 255, 65535])
def test_normalized_masks_add_up(levels):
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


def test_normalizing_without_filling_only_takes_away():
    first, second = np.array([[0.2, 1, 0.75, 0]], np.float32), np.array([[0.3, 1, 0.5, 0]], np.float32)
    shares = normalize_masks([first, second], fill=False)
    np.testing.assert_allclose(shares, [[[0.2, 0.5, 0.6, 0]], [[0.3, 0.5, 0.4, 0]]], atol=1e-6)


# Edges of pictures


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


def test_the_guided_filter_is_that_of_the_paper():
    image = np.random.default_rng(3).random((*SIZE, 3)).astype(np.float32)
    for radius, epsilon in ((1, 1e-2), (3, 1e-4)):
        filtered = guided_filter(soft(1), image, radius=radius, epsilon=epsilon, batch=10)  # the last one shorter
        np.testing.assert_allclose(filtered, guided_reference(soft(1), image, radius, epsilon), atol=1e-5)


def test_an_edge_moves_to_the_edge_of_the_picture():
    picture = np.zeros((12, 60, 3), np.float32)
    picture[:, 30:] = (0.8, 0.3, 0.5)
    rough = np.zeros((12, 60), np.float32)
    rough[:, 33:] = 1
    fitted = edge_aware_mask(rough, picture, radius=8)
    assert fitted.dtype == np.float32
    assert (fitted[:, :30] == 0).all()
    assert (fitted[:, 30:] > 0.5).all()
    assert (fitted[:, 49:] == 1).all()


def test_far_from_edges_black_and_white_stay_exact():
    noise = np.random.default_rng(5).random((20, 60, 3)).astype(np.float32)
    edge = np.repeat([[0.0, 1.0]], 30, axis=1).repeat(20, axis=0).astype(np.float32)
    fitted = edge_aware_mask(edge, noise, radius=4)
    assert (fitted[:, :22] == 0).all()
    assert (fitted[:, 38:] == 1).all()


@pytest.mark.parametrize(
    ("options", "says"),
    [({"radius": 0}, "radius is 0"), ({"epsilon": 0}, "epsilon is 0"), ({"epsilon": math.nan}, "epsilon is nan")],
)
def test_impossible_edges_are_refused(options, says):
    with pytest.raises(SettingsError, match=says):
        edge_aware_mask(soft(0), np.zeros((*SIZE, 3), np.float32), **options)


def test_a_mask_and_its_picture_are_of_one_size():
    picture = np.zeros((*SIZE, 3), np.float32)
    with pytest.raises(ImageError, match=r"image's size 7x11 .* got \(3, 4\)"):
        edge_aware_mask(soft(0, (3, 4)), picture)
    with pytest.raises(ImageError, match=r"mask's size \(3, 4\) .* got \(7, 11, 3\)"):
        mask_over_image(soft(0, (3, 4)), picture)


def test_a_preview_keeps_the_picture_in_gray_where_the_mask_is_0():
    image = np.random.default_rng(0).random((*SIZE, 3)).astype(np.float32)
    mask = linear_mask(SIZE, start=50, end=50)
    shown = mask_over_image(mask, image)
    assert shown.shape == image.shape
    assert shown.min() >= 0
    assert shown.max() <= 1
    assert np.ptp(shown[mask == 0], axis=1).max() < 1e-6
    assert (shown[mask == 1][:, 0] > shown[mask == 1][:, 2] + 0.5).all()
