"""Soft regions: shares of blended pixels, compared with the area that each color really covers."""

from __future__ import annotations

import numpy as np
import pytest
from map_pictures import BLACK, BLUE, GREEN, RED, SHARP, YELLOW, drawn, jpeg, landscape, pixels
from numpy.testing import assert_allclose, assert_array_equal

from maskstyle.errors import ImageError
from maskstyle.maps import SemanticMap, parse_map, read_map_pixels, soft_masks


def shapes(scale):
    """Return the shapes of a map, scaled."""
    boxes = [((10.5, 20.25, 80.75, 90), BLUE), ((60.5, 40.5, 120, 130), GREEN), ((20.25, 70.75, 50.5, 80.5), BLACK)]
    return [("ellipse", tuple(scale * side for side in box), color) for box, color in boxes]


def covered(color):
    """Return the share of each pixel that a color covers, from 4x4 samples."""
    sharp = pixels(drawn((400, 480), RED, *shapes(4), samples=SHARP))
    return np.all(sharp == color, axis=-1).reshape(100, 4, 120, 4).mean(axis=(1, 3))


def test_shares_equal_the_covered_area():
    drawing = pixels(drawn((100, 120), RED, *shapes(1), samples=4))
    parsed = parse_map(drawing)
    masks = soft_masks(drawing, parsed)
    assert masks.dtype == np.float32
    assert masks.shape == (4, 100, 120)
    assert_allclose(masks.sum(axis=0), 1, rtol=1e-6)
    for mask, color in zip(masks, parsed.colors, strict=True):
        off = np.abs(mask - covered(color))
        assert off.mean() < 0.0005
        assert np.quantile(off, 0.999) < 0.05


def test_a_map_without_blends_has_shares_of_0_and_1():
    drawing = pixels(landscape(SHARP))
    parsed = parse_map(drawing)
    assert_array_equal(soft_masks(drawing, parsed), [parsed.mask(index) for index in range(len(parsed.colors))])


def test_noise_is_not_a_blend():
    parsed = parse_map(noisy := pixels(jpeg(drawn((96, 96), RED, ("rectangle", (0, 48, 96, 96), BLUE)), 60)))
    masks = soft_masks(noisy, parsed)
    assert_allclose(masks.sum(axis=0), 1, rtol=1e-6)
    assert_array_equal(masks[:, :40], np.array([parsed.mask(0), parsed.mask(1)])[:, :40])


def test_a_wide_soft_edge_is_divided_along_its_whole_width():
    share = np.clip((np.arange(120) - 30) / 60, 0, 1)[:, np.newaxis]
    row = np.rint((1 - share) * RED + share * BLUE).astype(np.uint8)
    drawing = row[np.newaxis].repeat(40, axis=0)
    parsed = parse_map(drawing)
    masks = soft_masks(drawing, parsed)
    assert_allclose(masks[parsed.colors.index(BLUE)], share[:, 0][np.newaxis].repeat(40, axis=0), atol=0.04)


def test_a_color_that_is_not_a_blend_belongs_to_one_region():
    drawing = np.full((20, 40, 3), RED, np.uint8)
    drawing[:, 20:] = BLUE
    labels = np.arange(40)[np.newaxis].repeat(20, axis=0) // 20
    drawing[5, 5] = YELLOW
    masks = soft_masks(drawing, SemanticMap(labels.astype(np.int32), (RED, BLUE)))
    assert_array_equal(masks[:, 5, 5], [1, 0])


def test_pixels_in_no_region_have_no_shares():
    drawing = np.full((4, 4, 3), RED, np.uint8)
    labels = np.where(np.arange(4) < 2, 0, -1).astype(np.int32)[np.newaxis].repeat(4, axis=0)
    assert_array_equal(soft_masks(drawing, SemanticMap(labels, (RED,)))[0], labels == 0)


def test_the_pixels_must_have_the_size_of_the_map():
    with pytest.raises(ImageError, match=r"pixels of a map of 4x4 .* but got an array of shape .4, 5, 3."):
        soft_masks(np.zeros((4, 5, 3), np.uint8), SemanticMap(np.zeros((4, 4), np.int32), (RED,)))


def test_the_pixels_of_a_map_file_are_read(tmp_path):
    picture = landscape()
    picture.save(tmp_path / "map.png")
    held, alpha = read_map_pixels(tmp_path / "map.png")
    assert alpha is None
    assert_array_equal(held, pixels(picture))
