"""Parsing maps with soft edges, and after resizing, compression and dithering: the painted regions are found."""

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
    drawn,
    gray,
    jpeg,
    landscape,
    nearest,
    pixels,
    region,
)
from numpy.testing import assert_array_equal

from maskstyle.errors import ImageError, SettingsError
from maskstyle.maps import Absorbed, describe_absorbed, match_regions, parse_map

# Blended and noisy maps


@pytest.mark.parametrize("degrade", DEGRADED.values(), ids=DEGRADED)
def test_degraded_maps_parse_to_the_same_regions(degrade):
    expected = parse_map(pixels(landscape()), least_region=1)
    parsed = parse_map(pixels(degrade(landscape())), least_region=1)
    match = match_regions(expected, parsed)
    assert len(expected.colors) == 5
    assert not match.unmatched_content
    assert not match.unmatched_style
    assert parsed.labels.min() == 0
    back = np.argsort([style for _, style in match.pairs])
    assert np.mean(back[parsed.labels] != nearest(expected.labels, parsed.size)) < 0.01


def test_soft_and_sharp_edges_are_in_the_same_place():
    sharp, soft = pixels(landscape(SHARP)), parse_map(pixels(landscape()), least_region=1)
    assert np.mean(np.any(np.array(soft.colors)[soft.labels] != sharp, axis=-1)) < 0.006


def purple_beside_an_edge():
    return drawn(
        (160, 160),
        RED,
        ("rectangle", (0, 110.5, 160, 160), BLUE),
        ("ellipse", (20, 20, 80, 80), BLUE),
        ("rectangle", (90.25, 90.25, 130.5, 130.5), PURPLE),
    )


@pytest.mark.parametrize(
    "name", ["as painted", "JPEG 95", "JPEG 60", "WebP 75", "0.37 by Lanczos", "2.5 by Lanczos", "64 colors"]
)
def test_an_edge_between_red_and_blue_is_not_part_of_the_purple_region(name):
    parsed = parse_map(pixels(DEGRADED[name](purple_beside_an_edge())))
    assert len(parsed.colors) == 3
    purple = int(np.argmin(np.linalg.norm(np.array(parsed.colors) - PURPLE, axis=1)))
    rows, columns = np.nonzero(parsed.mask(purple))
    scale = parsed.size[0] / 160
    for along in (rows, columns):
        assert 85 < along.min() / scale < 93
        assert 127 < along.max() / scale < 135


def test_an_edge_blended_in_linear_light_is_not_a_region():
    share = np.linspace(1, 0, 4)[1:-1, np.newaxis]
    rows = ((share * np.array(RED) ** 2.2 + (1 - share) * np.array(GREEN) ** 2.2) ** (1 / 2.2)).astype(np.uint8)
    rows = np.concatenate([[RED] * 20, rows, [GREEN] * 20]).astype(np.uint8)
    parsed = parse_map(rows[:, np.newaxis].repeat(50, axis=1))
    assert set(parsed.colors) == {RED, GREEN}
    assert_array_equal(parsed.labels[:, 0] == parsed.labels[0, 0], np.arange(42) < 21)


def test_pixels_where_three_regions_meet_belong_to_one_of_them():
    picture = drawn(
        (90, 90), RED, ("rectangle", (45.5, 0, 90, 90), BLUE), ("ellipse", (20.25, 45.25, 70.5, 120), GREEN)
    )
    picture.paste((85, 85, 85), (0, 0, 30, 30))  # the blend of the three
    parsed = parse_map(pixels(picture))
    assert set(parsed.colors) == {RED, BLUE, GREEN, (85, 85, 85)}
    rows, columns = np.nonzero(region(parsed, (85, 85, 85)))
    assert rows.max() == columns.max() == 29


def test_a_small_region_is_kept_and_a_blended_speck_is_not():
    picture = drawn(
        (200, 200), RED, ("ellipse", (20, 20, 150, 150), BLUE), ("rectangle", (60, 60, 70, 70), (190, 190, 190))
    )
    picture.putpixel((5, 5), (200, 40, 0))
    for name, drift in (("as painted", 0), ("JPEG 95", 4), ("JPEG 60", 24), ("0.37 by Lanczos", 24)):
        colors = np.array(parse_map(pixels(DEGRADED[name](picture)), least_region=1).colors)
        assert len(colors) == 3, name
        assert np.linalg.norm(colors[2] - 190) <= drift, name


@pytest.mark.parametrize("width", [4, 10, 21, 40, 80])
@pytest.mark.parametrize("bend", [1, 2])
def test_a_blurred_edge_is_split_in_the_middle(width, bend):
    ramp = 255 * np.linspace(0, 1, width) ** bend
    row = np.concatenate([np.zeros(60), ramp, np.full(60, 255)]).astype(np.uint8)
    parsed = parse_map(gray(row[np.newaxis].repeat(80, axis=0)))
    assert set(parsed.colors) == {BLACK, WHITE}
    is_white = region(parsed, WHITE)[0]
    assert np.count_nonzero(np.diff(is_white.astype(int))) == 1
    if width > 4:
        assert 90 < row[np.argmax(is_white)] < 170


def test_a_soft_brush_makes_one_region():
    rows, columns = np.mgrid[:240, :240]
    share = np.clip((np.hypot(rows - 120, columns - 120) - 70) / 60 + 0.5, 0, 1)[..., np.newaxis]
    parsed = parse_map(np.rint((1 - share) * [255, 40, 0] + share * [0, 60, 255]).astype(np.uint8))
    assert set(parsed.colors) == {(255, 40, 0), (0, 60, 255)}
    assert abs(np.count_nonzero(region(parsed, (255, 40, 0))) / (np.pi * 70**2) - 1) < 0.01


def test_regions_of_similar_color_stay_two_in_a_jpeg():
    spots = [
        ("ellipse", (x + 0.5, y + 0.5, x + 13, y + 13), (27, 179, 179))
        for x in range(9, 180, 25)
        for y in range(9, 80, 19)
    ]
    picture = drawn((200, 200), (180, 67, 17), ("rectangle", (0, 99.5, 200, 200), (64, 192, 192)), *spots)
    colors = np.array(parse_map(pixels(jpeg(picture, 90))).colors)
    assert len(colors) == 3
    assert np.linalg.norm(colors[2] - (27, 179, 179)) < 12


def test_the_soft_border_counts_as_part_of_a_small_region():
    picture = drawn(
        (200, 200), RED, ("ellipse", (20.5, 20.5, 150.5, 150.5), BLUE), ("ellipse", (9, 9, 14.5, 14.5), GREEN)
    )
    parsed = parse_map(pixels(picture), least_region=20)
    assert parsed.colors == (RED, BLUE, GREEN)
    assert np.count_nonzero(np.all(pixels(picture) == GREEN, axis=-1)) < 20 < parsed.count(2)


# Small patches


def portrait():
    """Return a map of four regions, with eyes and brows of 0.1 to 0.2% in two more colors."""
    face = [("ellipse", (140.5, 60.5, 260.5, 230.5), GREEN), ("ellipse", (150.25, 40.5, 250.5, 100.5), YELLOW)]
    eyes = [("ellipse", (x, 130.25, x + 16, 138.5), (191, 191, 191)) for x in (165.5, 215.5)]
    brows = [("rectangle", (x, 118.25, x + 24, 123.5), (192, 255, 0)) for x in (162.5, 212.5)]
    return drawn((360, 400), RED, ("ellipse", (60.5, 220.5, 340.5, 500), BLUE), *face, *eyes, *brows)


VARIANTS = {
    **{name: DEGRADED[name] for name in ("JPEG 60", "0.37 by Lanczos", "2.5 by Lanczos", "64 colors", "RGBA")},
    "256 colors": lambda picture: picture.quantize(256),
    "16 colors": lambda picture: picture.quantize(16),
    "colors of the web": lambda picture: picture.convert("P"),
}


@pytest.mark.parametrize("degrade", VARIANTS.values(), ids=VARIANTS)
def test_a_degraded_portrait_keeps_its_four_regions(degrade):
    expected, parsed = parse_map(pixels(portrait())), parse_map(pixels(degrade(portrait())))
    assert expected.colors == (RED, BLUE, GREEN, YELLOW)
    assert len(parsed.colors) == 4
    assert parsed.labels.min() == 0
    order = [style for _, style in match_regions(expected, parsed).pairs]
    assert np.mean(np.argsort(order)[parsed.labels] != nearest(expected.labels, parsed.size)) < 0.01


def test_small_patches_are_merged_into_the_nearest_region_and_listed():
    parsed = parse_map(pixels(portrait()))
    by_color = {patch.color: patch for patch in parsed.absorbed}
    assert set(by_color) == {(191, 191, 191), (192, 255, 0)}
    eyes = by_color[191, 191, 191]
    assert eyes.into == (GREEN,)
    assert parsed.labels[134, 173] == parsed.colors.index(GREEN)
    kept = parse_map(pixels(portrait()), least_region=eyes.count)
    assert kept.count(kept.colors.index((191, 191, 191))) == eyes.count
    assert not kept.absorbed


def test_a_map_without_blends_keeps_small_patches_by_default():
    picture = drawn((200, 200), RED, ("rectangle", (90, 9, 93, 12), GREEN), samples=SHARP)
    assert parse_map(pixels(picture)).colors == (RED, GREEN)
    parsed = parse_map(pixels(picture), least_region=10)
    assert parsed.colors == (RED,)
    assert parsed.absorbed == (Absorbed(GREEN, 9, (RED,)),)
    assert parsed.counts == (200 * 200,)
    sentence = "a.png has 9 pixels of #00ff00 (green), too few for a region (0.022 %); merged into #ff0000 (red)"
    assert describe_absorbed(parsed, "a.png") == (sentence,)


def test_a_patch_that_touches_no_region_is_kept():
    alpha = np.full((60, 60), 255, np.uint8)
    alpha[20:40] = 0
    rgb = np.full((60, 60, 3), RED, np.uint8)
    rgb[50:53, 50:53] = rgb[2:5, 2:5] = BLUE
    alpha[40:] = 0
    alpha[50:53, 50:53] = 255
    parsed = parse_map(rgb, alpha, least_region=30)
    assert parsed.colors == (RED, BLUE)
    assert parsed.counts == (20 * 60, 9)
    assert parsed.absorbed[0].count == 9


def test_small_patches_may_have_unlisted_colors():
    parsed = parse_map(pixels(portrait()), palette=[RED, BLUE, GREEN, (230, 230, 0)])
    assert set(parsed.colors) == {RED, BLUE, GREEN, (230, 230, 0)}
    assert {patch.color for patch in parsed.absorbed} == {(191, 191, 191)}  # the brows match the yellow
    with pytest.raises(ImageError, match="#bfbfbf"):
        parse_map(pixels(portrait()), palette=[RED, BLUE, GREEN, YELLOW], least_region=20)


def test_least_region_must_be_positive():
    with pytest.raises(SettingsError, match="least_region is 0; expected a number of pixels of at least 1"):
        parse_map(np.zeros((4, 4, 3), np.uint8), least_region=0)


# Dithered maps


def test_a_dithered_area_becomes_its_average_color():
    picture = drawn((120, 120), (255, 51, 31), ("rectangle", (0, 60, 120, 120), (192, 0, 0)), samples=SHARP)
    dithered = pixels(picture.convert("P"))
    assert not {(255, 51, 31), (192, 0, 0)} & {tuple(color) for color in np.unique(dithered.reshape(-1, 3), axis=0)}
    parsed = parse_map(dithered)
    assert len(parsed.colors) == 2
    assert np.abs(np.array(parsed.colors) - [(192, 0, 0), (255, 51, 31)]).max() <= 4
    assert np.mean(parsed.labels != (np.arange(120) < 60)[:, np.newaxis]) < 0.01


def test_coarse_and_tiny_patterns_are_not_dithering():
    stripes = np.indices((40, 40)).sum(axis=0) // 6 % 2
    checks = np.indices((8, 8)).sum(axis=0) % 2  # too few pixels to decide
    for which in (stripes, checks):
        assert len(parse_map(np.array([RED, BLUE], np.uint8)[which]).colors) == 2
