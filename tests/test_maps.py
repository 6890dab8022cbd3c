"""Semantic maps: every painted region found and none invented, whatever a program did to the file."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib

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
    jpeg,
    lanczos,
    landscape,
    nearest,
    pixels,
)
from numpy.testing import assert_array_equal
from PIL import Image

from maskstyle.errors import ImageError, SettingsError
from maskstyle.maps import (
    LEAST_SHARE,
    MAX_REGIONS,
    RegionMatch,
    SemanticMap,
    color_name,
    describe_unmatched,
    find_map_beside,
    fit_map,
    format_color,
    load_map,
    match_regions,
    parse_color,
    parse_map,
)


def painted(rows, colors):
    """Return pixels from rows of letters."""
    return np.array([[colors[letter] for letter in row] for row in rows], np.uint8)


def grey(labels):
    return np.repeat(np.asarray(labels, np.uint8)[..., np.newaxis], 3, axis=-1)


def with_colors(*colors):
    """Return a map with one pixel of each colour."""
    return SemanticMap(np.arange(len(colors), dtype=np.int32)[np.newaxis], colors)


def region(semantic_map, color):
    return semantic_map.mask(semantic_map.colors.index(color))


def assert_is_one_sentence(error, *parts):
    message = str(error.value)
    for part in parts:
        assert part in message
    assert "\n" not in message and "; " in message and not message.endswith(".")
    assert len(message) < 600


# Colours


@pytest.mark.parametrize("text", ["blue", " BLUE ", "#0000ff", "#00F", "0,0,255", "(0, 0, 255)"])
def test_colours_are_read_as_people_write_them(text):
    assert parse_color(text) == BLUE


@pytest.mark.parametrize(
    "text", ["", "bluish", "#12345", "#0000ff80", "0,0,256", "0,0", "1,2,3,4", "rgb(1,2,3)", "-1,0,0"]
)
def test_what_is_no_colour_is_refused(text):
    with pytest.raises(SettingsError) as error:
        parse_color(text)
    assert_is_one_sentence(error, repr(text), "#ff0000")


def test_names_of_colours_come_back_as_colours_of_that_name():
    for color in (RED, GREEN, BLUE, YELLOW, PURPLE, BLACK, WHITE, (128, 128, 128)):
        name = color_name(color)
        assert parse_color(name) == color
        assert parse_color(format_color(color)) == color
        drifted = tuple(int(channel) for channel in np.clip(np.array(color) + (4, -4, 4), 0, 255))
        assert color_name(drifted) == name


# Exact maps


def test_a_tiny_map_is_read_as_it_is():
    parsed = parse_map(painted(["rrg", "rbb"], {"r": RED, "g": GREEN, "b": BLUE}))
    assert parsed.colors == (RED, BLUE, GREEN)  # by falling number of pixels
    assert_array_equal(parsed.labels, [[0, 0, 2], [0, 1, 1]])
    assert parsed.labels.dtype == np.int32
    assert parsed.size == (2, 3)
    assert parsed.counts == (3, 2, 1)
    assert parsed.count(1) == 2
    assert_array_equal(parsed.mask(1), [[False, False, False], [False, True, True]])


def test_equal_counts_are_ordered_by_colour():
    assert parse_map(painted(["bk", "wr"], {"b": BLUE, "k": BLACK, "w": WHITE, "r": RED})).colors == (
        BLACK,
        BLUE,
        RED,
        WHITE,
    )


def test_one_pixel_and_one_colour():
    assert parse_map(np.full((1, 1, 3), 7, np.uint8)).colors == ((7, 7, 7),)
    parsed = parse_map(np.zeros((40, 30, 3), np.uint8))
    assert parsed.colors == (BLACK,)
    assert parsed.counts == (1200,)


def test_class_numbers_are_regions_however_close():
    labels = np.arange(5).repeat(30)[np.newaxis].repeat(50, axis=0)
    labels[10, 40:70] = 3  # a thin part of one, between others
    labels[11:, 40:70] = 20
    labels[20:22, 100:140] = 255
    labels[11, 30:75] = 9  # nowhere thick
    labels[40, 5] = 11  # a speck, as if something were blended
    parsed = parse_map(grey(labels))
    assert set(parsed.colors) == {(n, n, n) for n in (0, 1, 2, 3, 4, 9, 20, 255)}
    wrong = np.array(parsed.colors)[parsed.labels][..., 0] != labels
    assert_array_equal(np.argwhere(wrong), [[40, 5]])


def test_many_classes_side_by_side_are_no_gradient():
    labels = np.random.default_rng(0).permutation(36).reshape(6, 6).repeat(16, axis=0).repeat(16, axis=1)
    assert len(parse_map(grey(labels)).colors) == 36


def test_two_greys_of_like_size_stay_two_whatever_happens():
    picture = drawn((128, 128), (100, 100, 100), ("ellipse", (20, 20, 100, 100), (106, 106, 106)))
    picture.paste(RED, (100, 100, 120, 120))
    for name, degrade in DEGRADED.items():
        assert len(parse_map(pixels(degrade(picture))).colors) == 3, name


def test_a_small_patch_is_kept_to_the_last_pixel():
    picture = drawn(
        (200, 200), RED, ("ellipse", (20, 20, 150, 150), BLUE), ("rectangle", (9, 9, 12, 12), GREEN), samples=SHARP
    )
    parsed = parse_map(pixels(picture))
    assert parsed.colors == (RED, BLUE, GREEN)
    assert parsed.count(2) == 9 < LEAST_SHARE * 200 * 200  # in a map that was never blended, smaller ones count too


def test_thin_lines_are_regions_unless_they_look_like_an_edge():
    rows = np.full((64, 64, 3), RED, np.uint8)
    rows[32:] = BLUE
    rows[32] = BLACK  # an outline
    rows[10] = PURPLE  # the colour of a blend, but of nothing near it
    assert_array_equal(np.unique(parse_map(rows).counts), [64, 31 * 64])
    rows[32] = PURPLE
    assert set(parse_map(rows).colors) == {RED, BLUE, PURPLE}
    rows[10] = RED
    assert set(parse_map(rows).colors) == {RED, BLUE}  # now it is an edge


# Blended and noisy maps


@pytest.mark.parametrize("degrade", DEGRADED.values(), ids=DEGRADED)
def test_degraded_maps_parse_to_the_same_regions(degrade):
    expected = parse_map(pixels(landscape()))
    parsed = parse_map(pixels(degrade(landscape())))
    match = match_regions(expected, parsed)
    assert not match.unmatched_content and not match.unmatched_style
    assert parsed.labels.min() == 0
    back = np.argsort([style for _, style in match.pairs])
    assert np.mean(back[parsed.labels] != nearest(expected.labels, parsed.size)) < 0.01


def test_soft_edges_lie_where_sharp_ones_would():
    sharp, soft = pixels(landscape(SHARP)), parse_map(pixels(landscape()))
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
    "name", ["as painted", "JPEG 95", "JPEG 60", "WebP 75", "0.37 by Lanczos", "2.5 by Lanczos", "64 colours"]
)
def test_an_edge_of_red_and_blue_is_not_the_purple_region(name):
    parsed = parse_map(pixels(DEGRADED[name](purple_beside_an_edge())))
    assert len(parsed.colors) == 3
    purple = int(np.argmin(np.linalg.norm(np.array(parsed.colors) - PURPLE, axis=1)))
    rows, columns = np.nonzero(parsed.mask(purple))
    scale = parsed.size[0] / 160
    for along in (rows, columns):
        assert 85 < along.min() / scale < 93
        assert 127 < along.max() / scale < 135


def test_an_edge_blended_in_linear_light_is_no_region():
    share = np.linspace(1, 0, 4)[1:-1, np.newaxis]
    rows = ((share * np.array(RED) ** 2.2 + (1 - share) * np.array(GREEN) ** 2.2) ** (1 / 2.2)).astype(np.uint8)
    rows = np.concatenate([[RED] * 20, rows, [GREEN] * 20]).astype(np.uint8)
    parsed = parse_map(rows[:, np.newaxis].repeat(50, axis=1))
    assert set(parsed.colors) == {RED, GREEN}
    assert_array_equal(parsed.labels[:, 0] == parsed.labels[0, 0], np.arange(42) < 21)


def test_where_three_regions_meet_each_pixel_goes_to_one_of_them():
    picture = drawn(
        (90, 90), RED, ("rectangle", (45.5, 0, 90, 90), BLUE), ("ellipse", (20.25, 45.25, 70.5, 120), GREEN)
    )
    picture.paste((85, 85, 85), (0, 0, 30, 30))  # what the three blend to
    parsed = parse_map(pixels(picture))
    assert set(parsed.colors) == {RED, BLUE, GREEN, (85, 85, 85)}
    rows, columns = np.nonzero(region(parsed, (85, 85, 85)))
    assert rows.max() == columns.max() == 29


def test_a_small_real_region_survives_what_specks_of_blends_do_not():
    picture = drawn(
        (200, 200), RED, ("ellipse", (20, 20, 150, 150), BLUE), ("rectangle", (60, 60, 70, 70), (190, 190, 190))
    )
    picture.putpixel((5, 5), (200, 40, 0))
    for name, drift in (("as painted", 0), ("JPEG 95", 4), ("JPEG 60", 24), ("0.37 by Lanczos", 24)):
        colors = np.array(parse_map(pixels(DEGRADED[name](picture))).colors)
        assert len(colors) == 3, name
        assert np.linalg.norm(colors[2] - 190) <= drift, name


@pytest.mark.parametrize("width", [4, 10, 21, 40, 80])
@pytest.mark.parametrize("bend", [1, 2])
def test_a_blurred_edge_is_split_where_it_is_half_and_half(width, bend):
    ramp = 255 * np.linspace(0, 1, width) ** bend
    row = np.concatenate([np.zeros(60), ramp, np.full(60, 255)]).astype(np.uint8)
    parsed = parse_map(grey(row[np.newaxis].repeat(80, axis=0)))
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


def test_small_regions_alike_stay_two_in_a_jpeg():
    spots = [
        ("ellipse", (x + 0.5, y + 0.5, x + 13, y + 13), (27, 179, 179))
        for x in range(9, 180, 25)
        for y in range(9, 80, 19)
    ]
    picture = drawn((200, 200), (180, 67, 17), ("rectangle", (0, 99.5, 200, 200), (64, 192, 192)), *spots)
    colors = np.array(parse_map(pixels(jpeg(picture, 90))).colors)
    assert len(colors) == 3
    assert np.linalg.norm(colors[2] - (27, 179, 179)) < 12


def test_a_small_soft_region_counts_with_its_border():
    picture = drawn(
        (200, 200), RED, ("ellipse", (20.5, 20.5, 150.5, 150.5), BLUE), ("ellipse", (9, 9, 14.5, 14.5), GREEN)
    )
    parsed = parse_map(pixels(picture))
    assert parsed.colors == (RED, BLUE, GREEN)
    assert np.count_nonzero(np.all(pixels(picture) == GREEN, axis=-1)) < LEAST_SHARE * 200 * 200 < parsed.count(2)


# Transparency


def test_transparent_pixels_have_no_region():
    alpha = np.array([[255, 0, 255], [128, 127, 0]], np.uint8)
    parsed = parse_map(painted(["rgr", "bbg"], {"r": RED, "g": GREEN, "b": BLUE}), alpha)
    assert parsed.colors == (RED, BLUE)
    assert_array_equal(parsed.labels, [[0, -1, 0], [1, -1, -1]])
    assert parsed.counts == (2, 1)


def test_a_faintly_painted_patch_is_a_region_and_a_fading_edge_is_not():
    alpha = np.zeros((20, 20), np.uint8)
    alpha[:, :8] = 255
    alpha[:, 8], alpha[:, 9] = 160, 60
    alpha[5:12, 12:18] = 60
    rgb = painted(["r" * 10 + "b" * 10] * 20, {"r": RED, "b": BLUE})
    parsed = parse_map(rgb, alpha)
    assert_array_equal(region(parsed, RED), np.arange(20) < 9 * np.ones((20, 1)))
    assert region(parsed, BLUE).sum() == 42


# Given palettes


def test_a_palette_names_the_regions_and_may_hold_more():
    picture = jpeg(drawn((80, 80), (250, 10, 0), ("ellipse", (10, 10, 60, 60), (0, 0, 250))), 75)
    parsed = parse_map(pixels(picture), palette=[BLUE, YELLOW, RED])
    assert parsed.colors == (RED, BLUE)


def test_a_palette_keeps_what_would_be_too_small():
    picture = drawn((200, 200), RED, ("ellipse", (20.5, 20.5, 150, 150), BLUE), ("rectangle", (9, 9, 11, 11), GREEN))
    assert len(parse_map(pixels(picture)).colors) == 2
    parsed = parse_map(pixels(picture), palette=[RED, GREEN, BLUE])
    assert parsed.colors == (RED, BLUE, GREEN)
    assert parsed.count(2) == 4


def test_two_painted_shades_may_mean_one_colour_of_the_palette():
    rows = painted(["rrdd", "rrdd", "bbbb"], {"r": RED, "d": (210, 10, 10), "b": BLUE})
    assert parse_map(rows, palette=[RED, BLUE]).counts == (8, 4)


# What is no map


def gradient():
    return grey(np.linspace(0, 255, 400).astype(np.uint8)[np.newaxis].repeat(300, axis=0))


def broad_gradient():
    return grey(np.linspace(0, 40, 800).astype(np.uint8)[np.newaxis].repeat(60, axis=0))


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
    "too many": (grey(np.arange(MAX_REGIONS + 1).repeat(12).reshape(1, -1).repeat(9, axis=0) * 3), {}, "at most 64"),
    "floats": (np.zeros((4, 4, 3)), {}, "float64"),
    "grey": (np.zeros((4, 4), np.uint8), {}, "(4, 4)"),
    "empty": (np.zeros((0, 4, 3), np.uint8), {}, "(0, 4, 3)"),
    "alpha": (np.zeros((4, 4, 3), np.uint8), {"alpha": np.zeros((4, 5), np.uint8)}, "(4, 5)"),
    "transparent": (np.zeros((4, 4, 3), np.uint8), {"alpha": np.zeros((4, 4), np.uint8)}, "transparent"),
    "not in the palette": (
        painted(["rrr", "ggg"], {"r": RED, "g": GREEN}),
        {"palette": [RED]},
        "#00ff00 (green, 3 pixels)",
    ),
}


@pytest.mark.parametrize(("array", "options", "part"), NO_MAPS.values(), ids=NO_MAPS)
def test_what_is_no_map_is_refused_with_its_name(array, options, part):
    with pytest.raises(ImageError) as error:
        parse_map(array, **options, name="odd.png")
    assert_is_one_sentence(error, "odd.png", part)


@pytest.mark.parametrize("palette", [[], [(n, 0, 0) for n in range(MAX_REGIONS + 1)]])
def test_a_palette_has_some_colours(palette):
    with pytest.raises(SettingsError) as error:
        parse_map(np.zeros((4, 4, 3), np.uint8), palette=palette)
    assert_is_one_sentence(error, str(len(palette)))


# Files


def deep_png(path, samples):
    """Write 16-bit grey by hand, as Pillow versions differ in it."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    height, width = samples.shape
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 0, 0, 0, 0))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    return path


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
@pytest.mark.parametrize("suffix", [".png", ".webp", ".tif", ".bmp"])
def test_every_lossless_file_holds_the_same_map(tmp_path, mode, suffix):
    picture = landscape(SHARP)
    path = tmp_path / f"map{suffix}"
    stored = picture.quantize(8) if mode == "P" else picture.convert(mode)
    stored.save(path, **({"lossless": True} if suffix == ".webp" else {}))
    loaded = load_map(path)
    assert_array_equal(np.array(loaded.colors)[loaded.labels], pixels(picture))


def test_jpeg_files_and_palettes(tmp_path):
    landscape().save(tmp_path / "map.jpg", quality=80)
    palette = [(255, 51, 31), BLUE, BLACK, WHITE, GREEN]
    assert set(load_map(tmp_path / "map.jpg", palette=palette).colors) == set(palette)


def test_palette_files_with_a_transparent_entry(tmp_path):
    picture = Image.fromarray(np.array([[0, 1], [2, 2]], np.uint8))
    picture.putpalette([*RED, *GREEN, *BLUE])
    picture.save(tmp_path / "map.png", transparency=1)
    loaded = load_map(tmp_path / "map.png")
    assert loaded.colors == (BLUE, RED)
    assert_array_equal(loaded.labels, [[1, -1], [0, 0]])


def test_one_bit_and_grey_files(tmp_path):
    labels = np.array([[0, 0, 1], [2, 2, 2]], np.uint8)
    Image.fromarray(labels).save(tmp_path / "grey.png")
    assert load_map(tmp_path / "grey.png").colors == ((2, 2, 2), BLACK, (1, 1, 1))
    Image.fromarray(labels > 0).save(tmp_path / "bit.png")
    assert load_map(tmp_path / "bit.png").colors == (WHITE, BLACK)


def test_16_bit_files_hold_colours_or_labels(tmp_path):
    patches = np.array([[0, 0, 1], [2, 2, 2]]).repeat(5, axis=0).repeat(5, axis=1)
    labels = deep_png(tmp_path / "labels.png", np.array([0, 1, 4])[patches])
    assert load_map(labels).colors == ((4, 4, 4), BLACK, (1, 1, 1))
    colours = deep_png(tmp_path / "colours.png", np.array([0, 30000, 65535])[patches])
    assert load_map(colours).colors == (WHITE, BLACK, (117, 117, 117))


def test_16_bit_labels_that_8_bits_confuse_are_refused(tmp_path):
    path = deep_png(tmp_path / "instances.png", np.array([[24001, 24002], [7001, 0]]))
    with pytest.raises(ImageError) as error:
        load_map(path)
    assert_is_one_sentence(error, "instances.png", "8 bits")


def test_errors_name_the_file(tmp_path):
    Image.fromarray(gradient()).save(tmp_path / "ramp.png")
    with pytest.raises(ImageError, match=r"ramp\.png"):
        load_map(tmp_path / "ramp.png")
    with pytest.raises(ImageError, match=r"none\.png"):
        load_map(tmp_path / "none.png")


# Fitting


def fitted(semantic_map, size):
    return fit_map(semantic_map, size, name="m.png", image_name="photo.jpg")


def test_a_map_that_fits_is_left_alone():
    semantic_map = with_colors(RED, BLUE)
    assert fitted(semantic_map, (1, 2)) is semantic_map


def test_labels_are_resized_by_the_nearest_pixel():
    semantic_map = SemanticMap(np.array([[0, 1], [-1, 2]], np.int32), (RED, GREEN, BLUE))
    doubled = fitted(semantic_map, (4, 4))
    assert_array_equal(doubled.labels, semantic_map.labels.repeat(2, axis=0).repeat(2, axis=1))
    assert doubled.colors == semantic_map.colors
    assert doubled.counts == (4, 4, 4)
    assert_array_equal(fitted(doubled, (2, 2)).labels, semantic_map.labels)


def test_a_region_that_vanishes_keeps_its_place():
    labels = np.zeros((100, 100), np.int32)
    labels[0, 0] = 1
    assert fitted(SemanticMap(labels, (RED, BLUE)), (10, 10)).counts == (100, 0)


@pytest.mark.parametrize(
    ("size", "other"), [((375, 500), (1500, 2000)), ((374, 500), (750, 1000)), ((7, 10), (340, 500))]
)
def test_rounded_sizes_fit(size, other):
    for here, there in ((size, other), (other, size)):
        if here == (340, 500):
            continue  # only a small map is allowed what its pixels round
        assert fitted(SemanticMap(np.zeros(here, np.int32), (RED,)), there).size == there


def test_another_aspect_is_refused_with_both_sizes():
    semantic_map = SemanticMap(np.zeros((480, 640), np.int32), (RED,))
    with pytest.raises(ImageError) as error:
        fitted(semantic_map, (512, 640))
    assert_is_one_sentence(error, "m.png is 480x640", "photo.jpg, which is 512x640", "crop")
    with pytest.raises(ImageError, match="turn it by 90 degrees"):
        fitted(semantic_map, (640, 480))


# Maps beside images


@pytest.mark.parametrize("name", ["photo_map.png", "photo_sem.png", "photo_map.jpg", "photo_sem.TIFF"])
def test_the_map_beside_an_image_is_found(tmp_path, name):
    for other in ("photo.jpg", "photo_map.txt", "photo_mask.png", "other_map.png", name):
        (tmp_path / other).touch()
    (tmp_path / "photo_sem.bmp").mkdir()
    assert find_map_beside(tmp_path / "photo.jpg") == tmp_path / name
    assert find_map_beside(str(tmp_path / "photo.jpg")) == tmp_path / name


def test_no_map_and_no_folder(tmp_path):
    assert find_map_beside(tmp_path / "photo.jpg") is None
    assert find_map_beside(tmp_path / "nowhere" / "photo.jpg") is None


def test_several_maps_are_named(tmp_path):
    for name in ("photo_map.png", "photo_sem.png"):
        (tmp_path / name).touch()
    with pytest.raises(ImageError) as error:
        find_map_beside(tmp_path / "photo.jpg")
    assert_is_one_sentence(error, "photo.jpg", "photo_map.png and photo_sem.png")


# Matching


def matched(content, style, **options):
    return match_regions(with_colors(*content), with_colors(*style), **options)


def test_equal_colours_match_whatever_their_order():
    match = matched((RED, GREEN, BLUE), (BLUE, RED, BLACK))
    assert match == RegionMatch(((0, 1), (2, 0)), (1,), (2,))


def test_drifted_colours_match():
    drifted = parse_map(pixels(jpeg(landscape(), 30)))
    match = match_regions(parse_map(pixels(landscape())), drifted)
    assert len(match.pairs) == 5
    assert not match.unmatched_content


@pytest.mark.parametrize(
    ("content", "style"),
    [
        ([RED], [(225, 20, 20)]),  # too far
        ([(200, 0, 0), (212, 0, 0)], [(200, 0, 0), (208, 0, 0)]),  # nearly as near to another one
        ([(200, 0, 0), (208, 0, 0)], [(200, 0, 0), (212, 0, 0)]),
        ([(0, 0, 0), (3, 3, 3)], [(0, 0, 0), (2, 2, 2)]),  # numbers of classes
        ([(20, 20, 20), (9, 9, 9)], [(9, 9, 9), (21, 21, 21)]),
        ([(200, 0, 0), (212, 0, 0)], [(200, 0, 0)]),  # one-to-one
    ],
)
def test_different_regions_never_match(content, style):
    near = [pair for pair in matched(content, style).pairs if content[pair[0]] != style[pair[1]]]
    assert near == []


def test_drifted_black_beside_white_is_no_class_number():
    assert matched([BLACK, WHITE], [(1, 1, 1), WHITE]).pairs == ((0, 0), (1, 1))


def test_tolerance_widens_the_match():
    assert matched([RED], [(225, 20, 20)], tolerance=60).pairs == ((0, 0),)
    assert matched([RED], [(250, 0, 0)], tolerance=0).pairs == ()


def test_a_mapping_overrides_colours_and_may_share_a_region():
    mapping = [(RED, BLUE), (GREEN, BLUE)]
    match = matched((RED, GREEN, BLUE, WHITE), (RED, BLUE), mapping=mapping)
    assert match == RegionMatch(((0, 1), (1, 1), (2, 1)), (3,), (0,))


def test_a_mapping_may_be_off_by_the_drift():
    assert matched([(254, 0, 1)], [BLUE], mapping=[(RED, BLUE)]).pairs == ((0, 0),)


@pytest.mark.parametrize(
    ("mapping", "parts"),
    [
        ([(YELLOW, RED)], ("content map", "#ff0000 (red)", "#ffff00 (yellow)")),
        ([(RED, YELLOW)], ("style map", "#ffff00 (yellow)")),
        ([(RED, RED), (RED, BLUE)], ("#ff0000 (red)", "#0000ff (blue)", "two")),
    ],
)
def test_mappings_that_cannot_be_are_refused(mapping, parts):
    with pytest.raises(ImageError) as error:
        matched((RED, GREEN), (RED, BLUE), mapping=mapping)
    assert_is_one_sentence(error, *parts)


def test_unmatched_regions_are_described():
    content = SemanticMap(np.array([[0] * 1500, [0] * 500 + [1] * 1000], np.int32), (RED, BLUE))
    style = SemanticMap(np.array([[0, 0, 1]], np.int32), (RED, (0, 60, 255)))
    text = describe_unmatched(
        match_regions(content, style), content, style, content_name="a.png", style_name="b.png", advice="repaint them"
    )
    assert text == (
        "expected the same regions in a.png and b.png, but b.png lacks #0000ff (blue, 1,000 pixels, 33 %; nearest "
        "there: #003cff, blue) of a.png; and a.png lacks #003cff (blue, 1 pixel, 33 %; nearest there: #0000ff, blue) "
        "of b.png; repaint them"
    )


def test_many_unmatched_regions_are_not_all_listed():
    content = with_colors(*[(n * 25, 0, 0) for n in range(10)])
    style = with_colors(GREEN)
    text = describe_unmatched(match_regions(content, style), content, style)
    assert "and 3 more of the content map" in text


def test_nothing_is_said_where_all_match():
    semantic_map = with_colors(RED, BLUE)
    assert describe_unmatched(match_regions(semantic_map, semantic_map), semantic_map, semantic_map) == ""


# The whole


def test_resaved_maps_match_their_originals():
    for degrade in (DEGRADED["JPEG 60"], DEGRADED["WebP 75"], lambda picture: lanczos(jpeg(picture, 80), 1.5)):
        content, style = parse_map(pixels(landscape())), parse_map(pixels(degrade(landscape())))
        assert describe_unmatched(match_regions(content, style), content, style) == ""


def test_maps_do_not_load_tensorflow():
    program = "import sys, maskstyle.maps; print('tensorflow' in sys.modules)"
    assert (
        subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
        == "False\n"
    )
