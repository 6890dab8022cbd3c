"""Parsing maps: every painted region is found and none invented; invalid arrays are rejected."""

from __future__ import annotations

import numpy as np
import pytest
from map_pictures import (
    BLACK,
    BLUE,
    DEGRADED,
    GREEN,
    PURPLE,
    RED,
    SHARP,
    WHITE,
    YELLOW,
    assert_is_one_sentence,
    drawn,
    gray,
    jpeg,
    painted,
    pixels,
    region,
)
from numpy.testing import assert_array_equal
from PIL import Image

from maskstyle.errors import ImageError, SettingsError
from maskstyle.maps import LEAST_SHARE, MAX_REGIONS, parse_map

# Exact maps


def test_a_tiny_map_is_read_exactly():
    parsed = parse_map(painted(["rrg", "rbb"], {"r": RED, "g": GREEN, "b": BLUE}))
    assert parsed.colors == (RED, BLUE, GREEN)  # in descending order of pixels
    assert_array_equal(parsed.labels, [[0, 0, 2], [0, 1, 1]])
    assert parsed.labels.dtype == np.int32
    assert parsed.size == (2, 3)
    assert parsed.counts == (3, 2, 1)
    assert parsed.count(1) == 2
    assert_array_equal(parsed.mask(1), [[False, False, False], [False, True, True]])


def test_equal_counts_are_ordered_by_color():
    assert parse_map(painted(["bk", "wr"], {"b": BLUE, "k": BLACK, "w": WHITE, "r": RED})).colors == (
        BLACK,
        BLUE,
        RED,
        WHITE,
    )


def test_one_pixel_and_one_color():
    assert parse_map(np.full((1, 1, 3), 7, np.uint8)).colors == ((7, 7, 7),)
    parsed = parse_map(np.zeros((40, 30, 3), np.uint8))
    assert parsed.colors == (BLACK,)
    assert parsed.counts == (1200,)


def test_adjacent_class_numbers_are_different_regions():
    labels = np.arange(5).repeat(30)[np.newaxis].repeat(50, axis=0)
    labels[10, 40:70] = 3  # a thin part of a region, between others
    labels[11:, 40:70] = 20
    labels[20:22, 100:140] = 255
    labels[11, 30:75] = 9  # a region of thin parts only
    labels[40, 5] = 11  # a speck like a blend
    parsed = parse_map(gray(labels))
    assert set(parsed.colors) == {(n, n, n) for n in (0, 1, 2, 3, 4, 9, 20, 255)}
    wrong = np.array(parsed.colors)[parsed.labels][..., 0] != labels
    assert_array_equal(np.argwhere(wrong), [[40, 5]])


def test_many_adjacent_classes_are_not_a_gradient():
    labels = np.random.default_rng(0).permutation(36).reshape(6, 6).repeat(16, axis=0).repeat(16, axis=1)
    assert len(parse_map(gray(labels)).colors) == 36


def test_two_similar_grays_stay_two_regions_after_resizing_and_compression():
    picture = drawn((128, 128), (100, 100, 100), ("ellipse", (20, 20, 100, 100), (106, 106, 106)))
    picture.paste(RED, (100, 100, 120, 120))
    for name, degrade in DEGRADED.items():
        assert len(parse_map(pixels(degrade(picture))).colors) == 3, name


def test_a_small_patch_keeps_every_pixel():
    picture = drawn(
        (200, 200), RED, ("ellipse", (20, 20, 150, 150), BLUE), ("rectangle", (9, 9, 12, 12), GREEN), samples=SHARP
    )
    parsed = parse_map(pixels(picture))
    assert parsed.colors == (RED, BLUE, GREEN)
    assert parsed.count(2) == 9 < LEAST_SHARE * 200 * 200  # smaller ones count in a map without blends


def test_thin_lines_are_regions_unless_they_look_like_an_edge():
    rows = np.full((64, 64, 3), RED, np.uint8)
    rows[32:] = BLUE
    rows[32] = BLACK  # an outline
    rows[10] = PURPLE  # the color of a blend, but of no region nearby
    assert_array_equal(np.unique(parse_map(rows).counts), [64, 31 * 64])
    rows[32] = PURPLE
    assert set(parse_map(rows).colors) == {RED, BLUE, PURPLE}
    rows[10] = RED
    assert set(parse_map(rows).colors) == {RED, BLUE}  # now it is an edge


# Transparency


def test_transparent_pixels_are_in_no_region():
    alpha = np.array([[255, 0, 255], [128, 127, 0]], np.uint8)
    parsed = parse_map(painted(["rgr", "bbg"], {"r": RED, "g": GREEN, "b": BLUE}), alpha)
    assert parsed.colors == (RED, BLUE)
    assert_array_equal(parsed.labels, [[0, -1, 0], [1, -1, -1]])
    assert parsed.counts == (2, 1)


def test_a_patch_of_low_opacity_is_a_region_but_a_fading_edge_is_not():
    alpha = np.zeros((20, 20), np.uint8)
    alpha[:, :8] = 255
    alpha[:, 8], alpha[:, 9] = 160, 60
    alpha[5:12, 12:18] = 60
    rgb = painted(["r" * 10 + "b" * 10] * 20, {"r": RED, "b": BLUE})
    parsed = parse_map(rgb, alpha)
    assert_array_equal(region(parsed, RED), np.arange(20) < 9 * np.ones((20, 1)))
    assert region(parsed, BLUE).sum() == 42


# Given palettes


def test_a_palette_sets_the_region_colors_and_may_list_more():
    picture = jpeg(drawn((80, 80), (250, 10, 0), ("ellipse", (10, 10, 60, 60), (0, 0, 250))), 75)
    parsed = parse_map(pixels(picture), palette=[BLUE, YELLOW, RED])
    assert parsed.colors == (RED, BLUE)


def test_a_palette_keeps_small_regions():
    picture = drawn((200, 200), RED, ("ellipse", (20.5, 20.5, 150, 150), BLUE), ("rectangle", (9, 9, 11, 11), GREEN))
    assert len(parse_map(pixels(picture)).colors) == 2
    parsed = parse_map(pixels(picture), palette=[RED, GREEN, BLUE])
    assert parsed.colors == (RED, BLUE, GREEN)
    assert parsed.count(2) == 4


def test_two_shades_can_match_one_palette_color():
    rows = painted(["rrdd", "rrdd", "bbbb"], {"r": RED, "d": (210, 10, 10), "b": BLUE})
    assert parse_map(rows, palette=[RED, BLUE]).counts == (8, 4)


# Arrays that are not maps


def gradient():
    return gray(np.linspace(0, 255, 400).astype(np.uint8)[np.newaxis].repeat(300, axis=0))


def broad_gradient():
    return gray(np.linspace(0, 40, 800).astype(np.uint8)[np.newaxis].repeat(60, axis=0))


def photograph():
    noise = np.random.default_rng(0).normal(size=(60, 60, 3))
    smooth = Image.fromarray(np.clip(128 + 60 * noise, 0, 255).astype(np.uint8)).resize(
        (300, 300), Image.Resampling.BICUBIC
    )
    return pixels(jpeg(smooth, 90))


NO_MAPS = {
    "gradient": (gradient(), {}, "flat"),
    "broad gradient": (broad_gradient(), {}, "shades"),
    "photograph": (photograph(), {}, "photograph"),
    "photograph with a palette": (photograph(), {"palette": [RED, BLUE]}, "photograph"),
    "noise": (np.random.default_rng(0).integers(0, 256, (90, 90, 3), np.uint8), {}, "flat"),
    "too many": (gray(np.arange(MAX_REGIONS + 1).repeat(12).reshape(1, -1).repeat(9, axis=0) * 3), {}, "at most 64"),
    "gray": (np.zeros((4, 4), np.uint8), {}, "(4, 4)"),
    "empty": (np.zeros((0, 4, 3), np.uint8), {}, "(0, 4, 3)"),
    "alpha": (np.zeros((4, 4, 3), np.uint8), {"alpha": np.zeros((4, 5), np.uint8)}, "(4, 5)"),
    "transparent": (np.zeros((4, 4, 3), np.uint8), {"alpha": np.zeros((4, 4), np.uint8)}, "transparent"),
    "not in the palette": (
        painted(["rrr", "ggg"], {"r": RED, "g": GREEN}),
        {"palette": [RED]},
        "#00ff00 (green, 3 pixels)",
    ),
}


def test_floats_are_no_map():
    with pytest.raises(ImageError, match="`pixels` has type float64; expected uint8"):
        parse_map(np.zeros((4, 4, 3)))


@pytest.mark.parametrize(("array", "options", "part"), NO_MAPS.values(), ids=NO_MAPS)
def test_arrays_that_are_not_maps_are_rejected_with_their_name(array, options, part):
    with pytest.raises(ImageError) as error:
        parse_map(array, **options, name="odd.png")
    assert_is_one_sentence(error, "odd.png", part)


@pytest.mark.parametrize("palette", [[], [(n, 0, 0) for n in range(MAX_REGIONS + 1)]])
def test_the_size_of_a_palette_is_limited(palette):
    with pytest.raises(SettingsError) as error:
        parse_map(np.zeros((4, 4, 3), np.uint8), palette=palette)
    assert_is_one_sentence(error, str(len(palette)))


# Tiny patches


def halves_with(rows, columns, size=(80, 120)):
    """Return the pixels of a map of two halves with a rectangle of a third color."""
    pixels = np.zeros((*size, 3), np.uint8)
    pixels[:, : size[1] // 2] = BLUE
    pixels[:, size[1] // 2 :] = GREEN
    pixels[rows, columns] = RED
    return pixels


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        (slice(9, 11), slice(9, 11)),
        (slice(9, 10), slice(9, 18)),
        (slice(9, 18), slice(9, 10)),
        (slice(9, 11), slice(59, 61)),
    ],
)
def test_a_tiny_patch_of_a_map_with_hard_edges_is_a_region(rows, columns):
    pixels = halves_with(rows, columns)
    parsed = parse_map(pixels)
    assert parsed.colors[2:] == (RED,)
    assert parsed.absorbed == ()
    np.testing.assert_array_equal(parsed.mask(2), np.all(pixels == RED, axis=2))


def test_a_slip_of_the_pen_is_no_region_but_noted():
    parsed = parse_map(halves_with(9, slice(9, 11)))
    assert len(parsed.colors) == 2
    assert [(each.color, each.count, each.into) for each in parsed.absorbed] == [(RED, 2, (BLUE,))]
    assert parse_map(halves_with(9, slice(9, 11)), least_region=2).colors[2:] == (RED,)
