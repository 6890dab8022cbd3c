"""Map files: read, fitted to their images, and found beside them."""

from __future__ import annotations

import numpy as np
import pytest
from map_pictures import (
    BLACK,
    BLUE,
    DEGRADED,
    GREEN,
    RED,
    SHARP,
    WHITE,
    assert_is_one_sentence,
    deep_png,
    jpeg,
    lanczos,
    landscape,
    pixels,
    with_colors,
)
from numpy.testing import assert_array_equal
from PIL import Image, ImageDraw, features

from maskstyle.errors import ImageError
from maskstyle.maps import (
    SemanticMap,
    describe_unmatched,
    find_map_beside,
    fit_map,
    load_map,
    match_regions,
    parse_map,
)

# Files


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [("RGB", ".png"), ("RGBA", ".png"), ("P", ".png"), ("RGB", ".webp"), ("RGB", ".tif"), ("P", ".bmp")],
)
def test_every_lossless_file_contains_the_same_map(tmp_path, mode, suffix):
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


@pytest.mark.skipif(not features.check("avif"), reason="Pillow was built without AVIF")
@pytest.mark.parametrize("quality", [50, 75, 100])
def test_avif_files(tmp_path, quality):
    """Compression moves colors by a level or two, which makes no regions."""
    picture = Image.new("RGB", (300, 200), (200, 30, 40))
    drawing = ImageDraw.Draw(picture)
    drawing.ellipse([30, 20, 150, 140], fill=(40, 120, 200))
    drawing.polygon([(150, 180), (270, 40), (285, 190)], fill=(60, 160, 60))
    picture.save(tmp_path / "map.avif", quality=quality)
    found = load_map(tmp_path / "map.avif")
    assert (len(found.colors), found.absorbed) == (3, ())


def test_palette_files_with_a_transparent_entry(tmp_path):
    picture = Image.fromarray(np.array([[0, 1], [2, 2]], np.uint8))
    picture.putpalette([*RED, *GREEN, *BLUE])
    picture.save(tmp_path / "map.png", transparency=1)
    loaded = load_map(tmp_path / "map.png")
    assert loaded.colors == (BLUE, RED)
    assert_array_equal(loaded.labels, [[1, -1], [0, 0]])


def test_one_bit_and_gray_files(tmp_path):
    labels = np.array([[0, 0, 1], [2, 2, 2]], np.uint8)
    Image.fromarray(labels).save(tmp_path / "gray.png")
    assert load_map(tmp_path / "gray.png").ids == (2, 0, 1)
    Image.fromarray(labels > 0).save(tmp_path / "bit.png")
    assert load_map(tmp_path / "bit.png").colors == (WHITE, BLACK)


def test_16_bit_files_hold_colors_or_labels(tmp_path):
    patches = np.array([[0, 0, 1], [2, 2, 2]]).repeat(5, axis=0).repeat(5, axis=1)
    labels = deep_png(tmp_path / "labels.png", np.array([0, 1, 4])[patches])
    assert load_map(labels).ids == (4, 0, 1)
    colors = deep_png(tmp_path / "colors.png", np.array([0, 30000, 65535])[patches])
    assert load_map(colors).colors == (WHITE, BLACK, (117, 117, 117))


def test_16_bit_ids_need_not_be_distinct_in_8_bits(tmp_path):
    path = deep_png(tmp_path / "instances.png", np.array([[24001, 24002], [7001, 0]]))
    found = load_map(path)
    assert sorted(found.ids) == [0, 7001, 24001, 24002]
    assert len(set(found.colors)) == 4


def test_errors_name_the_file(tmp_path):
    Image.fromarray(np.arange(256, dtype=np.uint8)[np.newaxis].repeat(90, axis=0)).save(tmp_path / "ramp.png")
    with pytest.raises(ImageError, match=r"ramp\.png"):
        load_map(tmp_path / "ramp.png")
    with pytest.raises(ImageError, match=r"none\.png"):
        load_map(tmp_path / "none.png")


# Fitting


def fitted(semantic_map, size):
    return fit_map(semantic_map, size, name="m.png", image_name="photo.jpg")


def test_a_map_of_the_right_size_is_returned_unchanged():
    semantic_map = with_colors(RED, BLUE)
    assert fitted(semantic_map, (1, 2)) is semantic_map


def test_labels_are_resized_by_the_nearest_pixel():
    semantic_map = SemanticMap(np.array([[0, 1], [-1, 2]], np.int32), (RED, GREEN, BLUE))
    doubled = fitted(semantic_map, (4, 4))
    assert_array_equal(doubled.labels, semantic_map.labels.repeat(2, axis=0).repeat(2, axis=1))
    assert doubled.colors == semantic_map.colors
    assert doubled.counts == (4, 4, 4)
    assert_array_equal(fitted(doubled, (2, 2)).labels, semantic_map.labels)


def test_a_region_without_pixels_keeps_its_index():
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


def test_a_different_aspect_is_rejected_with_both_sizes():
    semantic_map = SemanticMap(np.zeros((480, 640), np.int32), (RED,))
    with pytest.raises(ImageError) as error:
        fitted(semantic_map, (512, 640))
    assert_is_one_sentence(error, "m.png is 640x480", "photo.jpg, which is 640x512", "crop")
    with pytest.raises(ImageError, match="rotate it by 90 degrees"):
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


def test_several_maps_beside_an_image_are_listed(tmp_path):
    for name in ("photo_map.png", "photo_sem.png"):
        (tmp_path / name).touch()
    with pytest.raises(ImageError) as error:
        find_map_beside(tmp_path / "photo.jpg")
    assert_is_one_sentence(error, "photo.jpg", "photo_map.png and photo_sem.png")


# Matching degraded maps


def test_resaved_maps_match_their_originals():
    for degrade in (DEGRADED["JPEG 60"], DEGRADED["WebP 75"], lambda picture: lanczos(jpeg(picture, 80), 1.5)):
        content, style = parse_map(pixels(landscape())), parse_map(pixels(degrade(landscape())))
        assert describe_unmatched(match_regions(content, style), content, style) == ""
