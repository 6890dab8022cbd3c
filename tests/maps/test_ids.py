"""Tests of label maps as programs write them: which files hold ids, what names their regions, and ignored regions."""

from __future__ import annotations

import numpy as np
import pytest
from map_pictures import deep_png
from PIL import Image, ImageFilter

from maskstyle.errors import ImageError
from maskstyle.maps import (
    SemanticMap,
    describe_reading,
    find_named_region,
    find_region,
    ignore_regions,
    load_map,
    match_regions,
    turn_map,
)
from maskstyle.maps.colors import id_color

VOC = [channel for each in range(256) for channel in id_color(each)]
PAINTED = [200, 70, 50, 30, 80, 160, 110, 140, 60]


def blocks(*values, dtype=np.uint8):
    """Return four rows of blocks of 8x8 pixels with these values in turn, each row from another one on."""
    grid = [np.roll(values, -row).repeat(8) for row in range(4)]
    return np.array(grid, dtype).repeat(8, axis=0)


def indexed(values, palette):
    picture = Image.fromarray(blocks(*values))
    picture.putpalette(palette)
    return picture


PICTURES = {
    "0 to 4": Image.fromarray(blocks(0, 1, 2, 3, 4)),
    "any ids": Image.fromarray(blocks(7, 11, 23)),
    "void": Image.fromarray(blocks(1, 255)),
    "ADE20K": Image.fromarray(blocks(*np.random.default_rng(0).permutation(150) + 1)),
    "sparse": Image.fromarray(blocks(3, 40, 90, 140)),
    "equal channels": Image.fromarray(np.dstack([blocks(0, 1, 2)] * 3)),
    "float": Image.fromarray(blocks(0, 1, 2).astype(np.float32)),
    "32 bits": Image.fromarray(blocks(0, 70000, dtype=np.int32)),
    "black palette": indexed((0, 1, 2), [0, 0, 0] * 256),
    "gray ramp": indexed((0, 1, 2), [each for each in range(256) for _ in range(3)]),
    "VOC palette": indexed((0, 1, 15), VOC),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_label_map_is_read_by_id(name, tmp_path):
    path = tmp_path / ("map.tif" if name in ("float", "32 bits") else "map.png")
    PICTURES[name].save(path)
    found = load_map(path)
    expected = np.unique(np.asarray(PICTURES[name]))
    assert sorted(found.ids) == expected.tolist()
    assert found.named_by_id
    assert found.name(0).startswith(f"id {found.ids[0]}")
    for index, each in enumerate(found.ids):
        assert find_named_region(str(each), found, name="m") == find_region(each, found, name="m") == index
    assert f"{len(expected)} regions by id" in describe_reading(found, "map.png")[0]


def test_16_bit_ids(tmp_path):
    found = load_map(deep_png(tmp_path / "ids.png", blocks(0, 300, 1000, dtype=np.uint16)))
    assert sorted(found.ids) == [0, 300, 1000]
    Image.fromarray(blocks(0, 300, 1000, dtype=np.uint16)).save(tmp_path / "ids.tif")
    assert sorted(load_map(tmp_path / "ids.tif").ids) == [0, 300, 1000]


def test_ids_are_exact_at_single_pixels(tmp_path):
    ids = blocks(0, 1, 2)
    ids[10, 10] = 5
    Image.fromarray(ids).save(tmp_path / "map.png")
    found = load_map(tmp_path / "map.png")
    assert found.count(found.ids.index(5)) == 1
    merged = load_map(tmp_path / "map.png", least_region=2)
    assert 5 not in merged.ids
    assert "1 pixels of id 5" in describe_reading(merged, "map.png")[1]


@pytest.mark.parametrize("values", [(0, 255), (0, 85, 170, 255), (0, 128, 255)])
def test_grays_that_people_paint_are_colors(values, tmp_path):
    Image.fromarray(blocks(*values)).save(tmp_path / "map.png")
    found = load_map(tmp_path / "map.png")
    assert found.ids is None
    assert sorted(found.colors) == [(each, each, each) for each in values]


def test_soft_edges_belong_to_painted_maps(tmp_path):
    soft = Image.fromarray(blocks(20, 200).repeat(4, axis=0).repeat(4, axis=1)).filter(ImageFilter.GaussianBlur(1))
    soft.save(tmp_path / "map.png")
    assert load_map(tmp_path / "map.png").ids is None


def test_a_palette_of_few_colors_names_regions_by_color_and_takes_ids(tmp_path):
    indexed((0, 1, 2), PAINTED).save(tmp_path / "map.png")
    found = load_map(tmp_path / "map.png")
    label = find_region((200, 70, 50), found, name="m")
    assert found.name(label) == "#c84632 (red)"
    assert found.key(label) == (200, 70, 50)
    assert find_named_region("0", found, name="m") == label
    assert describe_reading(found, "map.png") == ()


def test_one_bit(tmp_path):
    Image.fromarray(blocks(0, 255)).convert("1").save(tmp_path / "map.png")
    found = load_map(tmp_path / "map.png")
    assert find_named_region("1", found, name="m") == find_named_region("white", found, name="m")


def test_a_gray_color_means_the_id(tmp_path):
    PICTURES["0 to 4"].save(tmp_path / "map.png")
    found = load_map(tmp_path / "map.png")
    assert found.ids[find_named_region("#030303", found, name="m")] == 3


def test_a_number_that_a_painted_map_lacks_is_an_error_that_lists_the_colors():
    painted = SemanticMap(np.array([[0, 1]], np.int32), ((255, 0, 0), (0, 0, 255)))
    with pytest.raises(
        ImageError, match=r"a region of m\.png, 1 to 2, but got 3; .* #ff0000 \(red\) and #0000ff \(blue\)"
    ):
        find_region(3, painted, name="m.png")


def test_an_id_of_six_digits_is_no_color():
    painted = SemanticMap(np.array([[0, 1]]), ((0, 0, 0), (128, 0, 0)), ids=(0, 100000))
    assert find_named_region("100000", painted, name="the map") == 1
    assert find_named_region("id 100000", painted, name="the map") == 1


def test_a_missing_id_is_an_error_that_lists_the_ids(tmp_path):
    PICTURES["any ids"].save(tmp_path / "map.png")
    with pytest.raises(ImageError, match=r"ids of m\.png, 7, 11 and 23, but got 8"):
        find_named_region("8", load_map(tmp_path / "map.png"), name="m.png")


def test_maps_match_by_id(tmp_path):
    for name in ("0 to 4", "VOC palette", "any ids"):
        PICTURES[name].save(tmp_path / f"{name}.png")
    numbers, voc, others = (load_map(tmp_path / f"{name}.png") for name in ("0 to 4", "VOC palette", "any ids"))
    match = match_regions(numbers, voc)
    assert sorted((numbers.ids[one], voc.ids[other]) for one, other in match.pairs) == [(0, 0), (1, 1)]
    assert match_regions(numbers, others).pairs == ()
    (pair,) = match_regions(numbers, others, mapping=[(4, 23)]).pairs
    assert (numbers.ids[pair[0]], others.ids[pair[1]]) == (4, 23)


def outlined():
    """Return ids 0 and 1 with a line of 255 between them."""
    ids = np.zeros((24, 31), np.uint8)
    ids[:, 15] = 255
    ids[:, 16:] = 1
    return ids


def test_ignored_ids_go_to_the_nearest_region(tmp_path):
    picture = Image.fromarray(outlined())
    picture.putpalette(VOC)
    picture.save(tmp_path / "voc.png")
    found = load_map(tmp_path / "voc.png", ignore=[255])
    assert sorted(found.ids) == [0, 1]
    assert found.labels.min() >= 0
    assert [(each.id, each.count) for each in found.ignored] == [(255, 24)]
    assert describe_reading(found, "voc.png")[1].startswith("voc.png: 24 pixels of id 255 (#e0e0c0, gray) ignored")


def test_ignored_colors_and_their_shares():
    shares = np.array([[[1, 0.5, 0, 0]], [[0, 0.5, 1, 0]], [[0, 0, 0, 1]]], np.float32)
    labels = np.array([[0, 1, 1, 2]], np.int32)
    painted = SemanticMap(labels, ((255, 0, 0), (255, 255, 255), (0, 0, 255)), shares=shares)
    kept = ignore_regions(painted, [(255, 255, 255), (9, 200, 9)])
    assert kept.colors == ((255, 0, 0), (0, 0, 255))
    assert kept.labels.tolist() == [[0, 0, 1, 1]]
    assert kept.shares.sum(axis=0).tolist() == [[1, 1, 1, 1]]
    with pytest.raises(ImageError, match="all regions of m"):
        ignore_regions(painted, [(255, 0, 0), (255, 255, 255), (0, 0, 255)], name="m")


@pytest.mark.parametrize(
    ("orientation", "expected"),
    [
        (2, [[1, 0], [3, 2]]),
        (3, [[3, 2], [1, 0]]),
        (4, [[2, 3], [0, 1]]),
        (5, [[0, 2], [1, 3]]),
        (6, [[2, 0], [3, 1]]),
        (7, [[3, 1], [2, 0]]),
        (8, [[1, 3], [0, 2]]),
    ],
)
def test_a_map_of_stored_pixels_is_turned_as_its_photo(orientation, expected):
    labels = np.array([[0, 1], [2, 3]], np.int32)
    assert turn_map(SemanticMap(labels, ((0, 0, 0),) * 4), orientation).labels.tolist() == expected
