"""Drafted maps: known regions are found, no region is lost, and saved maps are read back unchanged."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from maskstyle.drafting import MOST_REGIONS, color_map_like, draft_map, load_scribbles
from maskstyle.drafting.features import color_features, join_groups, means
from maskstyle.drafting.scribbles import grow_regions, shrink_strokes
from maskstyle.drafting.segmentation import Superpixels, remove_specks, smooth_regions
from maskstyle.errors import ImageError, SettingsError
from maskstyle.maps import SAME_COLOR, SemanticMap, distinct_colors, load_map, parse_map

COLORS = np.array([(0.2, 0.5, 0.9), (0.9, 0.8, 0.1), (0.1, 0.4, 0.1)])


def scene(size=(90, 120), noise=0.04):
    """Return an image of sky, field and two separate trees, and its labels."""
    height, width = size
    labels = np.zeros(size, np.int32)
    labels[height // 2 :] = 1
    labels[height // 4 : height * 3 // 4, width // 8 : width // 3] = 2
    labels[height // 3 : height * 3 // 4, width * 5 // 8 : width * 7 // 8] = 2
    grain = np.random.default_rng(0).normal(0, noise, (*size, 3))
    return np.clip(COLORS[labels] + grain, 0, 1).astype(np.float32), labels


def agreement(found, truth):
    """Return the share of correct pixels, naming each true region by its most frequent label."""
    counts = np.zeros((truth.max() + 1, found.max() + 1))
    np.add.at(counts, (truth, found), 1)
    assert len(set(counts.argmax(axis=1))) == len(counts)
    return counts.max(axis=1).sum() / truth.size


def pixels(semantic_map):
    return np.array(semantic_map.colors, np.uint8)[semantic_map.labels]


def test_known_regions_are_found_even_in_several_patches():
    image, truth = scene()
    drafted = draft_map(image, regions=3)
    assert agreement(drafted.labels, truth) > 0.95
    assert list(drafted.counts) == sorted(drafted.counts, reverse=True)
    assert drafted.labels.dtype == np.int32
    assert drafted.labels.min() == 0


def test_texture_separates_regions_of_one_color():
    random = np.random.default_rng(1)
    image = np.full((96, 128, 3), 0.5, np.float32)
    image[:, 64:] += random.choice([-0.2, 0.2], (96, 64, 1)).astype(np.float32)
    truth = np.repeat([[0] * 64 + [1] * 64], 96, axis=0)
    assert agreement(draft_map(image, regions=2).labels, truth) > 0.93


def test_drafting_is_deterministic():
    image, _ = scene()
    assert np.array_equal(draft_map(image, regions=5).labels, draft_map(image.copy(), regions=5).labels)


@pytest.mark.parametrize("regions", [1, 2, 7, MOST_REGIONS])
def test_a_draft_has_the_requested_regions_and_is_read_back_unchanged(regions):
    drafted = draft_map(scene()[0], regions=regions)
    assert len(drafted.colors) == regions
    assert min(drafted.counts) > 0
    read = parse_map(pixels(drafted))
    assert read.colors == drafted.colors
    assert np.array_equal(read.labels, drafted.labels)


def test_an_image_of_one_color_is_divided_too():
    assert len(draft_map(np.full((40, 60, 3), 0.5, np.float32), regions=4).colors) == 4


def test_large_images_are_drafted_at_a_smaller_size():
    image, truth = scene((600, 1000))
    drafted = draft_map(image, regions=3)
    assert drafted.size == (600, 1000)
    assert agreement(drafted.labels, truth) > 0.95


def test_network_features_find_the_regions():
    image, truth = scene()
    assert agreement(draft_map(image, regions=3, features="network").labels, truth) > 0.85


def test_colors_are_far_apart():
    colors = np.array(distinct_colors(MOST_REGIONS), float)
    apart = np.linalg.norm(colors[:, np.newaxis] - colors, axis=-1)
    assert apart[~np.eye(len(colors), dtype=bool)].min() > 3 * SAME_COLOR
    assert distinct_colors(4) == distinct_colors(9)[:4]


def test_specks_are_merged_but_no_region_is_lost():
    labels = np.zeros((100, 100), np.intp)
    labels[:, 50:] = 1
    labels[10:12, 10] = labels[20, 70] = 2  # two specks; the larger one remains
    labels[80:82, 20:22] = 1
    cleaned = remove_specks(labels, 3)
    assert np.bincount(cleaned.ravel()).tolist() == [4998, 5000, 2]
    assert np.all(cleaned[80:82, 20:22] == 0)


def test_smoothing_keeps_straight_borders_and_narrow_regions():
    labels = np.zeros((100, 100), np.intp)
    labels[:, 50:] = 1
    assert np.array_equal(smooth_regions(labels, 2, (100, 100)), labels)
    labels[40, 10] = 2
    assert np.count_nonzero(smooth_regions(labels, 3, (100, 100)) == 2) == 1
    assert np.all(smooth_regions(labels, 3, (200, 300))[:, 160:] == 1)


def test_means_are_taken_over_each_part():
    planes = np.arange(12.0).reshape(2, 3, 2)
    assert means(planes, np.array([[0, 0, 1], [0, -1, 1]]), 3).tolist() == [[8 / 3, 11 / 3], [7, 8], [0, 0]]


def test_groups_are_scaled_to_their_weights():
    one = np.array([[0.0], [2.0]])
    assert join_groups([(1.0, one), (0.5, 100 * one)]).tolist() == [[-1, -0.5], [1, 0.5]]
    assert join_groups([(1.0, np.ones((3, 2)))]).tolist() == [[0, 0]] * 3


def test_flat_parts_have_no_texture():
    flat = np.full((40, 60, 3), 0.3, np.float32)
    (_, colors), (_, texture) = color_features(flat, np.zeros((40, 60), np.intp), 1)
    assert colors[0, 0] == pytest.approx(colors[0, 3], abs=1e-3)
    assert np.all(texture < 0.4)


def strokes(size, transparent, path):
    picture = Image.new("RGBA", size[::-1], (0, 0, 0, 0) if transparent else (255, 255, 255, 255))
    for box, color in (
        ((20, 5, 90, 9), (200, 0, 0)),
        ((20, 80, 90, 84), (0, 120, 0)),
        ((20, 30, 28, 60), (9, 9, 99)),
    ):
        picture.paste((*color, 255), box)
    picture.save(path)
    return load_scribbles(path)


@pytest.mark.parametrize("transparent", [True, False])
def test_regions_grow_from_scribbles_in_their_colors(transparent, tmp_path):
    image, truth = scene()
    scribbles = strokes(truth.shape, transparent, tmp_path / "strokes.png")
    drafted = draft_map(image, scribbles=scribbles)
    assert set(drafted.colors) == {(200, 0, 0), (0, 120, 0), (9, 9, 99)}
    assert agreement(drafted.labels, truth) > 0.9
    assert drafted.colors[drafted.labels[6, 30]] == (200, 0, 0)
    assert drafted.colors[drafted.labels[40, 90]] == (9, 9, 99)  # the other tree, without a stroke


def test_superpixels_join_the_stroke_they_reach_first():
    chain = Superpixels(np.arange(5)[np.newaxis])
    affinity = np.diag([1.0, 1, 0.1, 1], 1)
    seeds = np.array([[0, -1, -1, -1, 1]], np.int32)
    assert grow_regions(affinity + affinity.T, chain, seeds, 2).tolist() == [0, 0, 0, 1, 1]


def test_thin_strokes_survive_a_smaller_size():
    painted = np.full((100, 100), -1, np.int32)
    painted[:, 33] = 1
    assert np.all(shrink_strokes(painted, (20, 20))[:, 6] == 1)


def test_regions_take_the_colors_of_similar_style_regions(tmp_path):
    image, truth = scene()
    style = SemanticMap(truth[::-1].copy(), ((1, 2, 3), (100, 2, 3), (1, 100, 3)))
    drafted, pairs = color_map_like(draft_map(image, regions=3), image, style, image[::-1])
    assert len({new for _, new in pairs}) == 3
    assert agreement(drafted.labels, truth) > 0.95
    assert drafted.colors[drafted.labels[2, 2]] == (1, 2, 3)
    Image.fromarray(pixels(drafted)).save(tmp_path / "map.png")
    assert load_map(tmp_path / "map.png").colors == drafted.colors


def test_regions_share_colors_if_the_style_map_has_fewer():
    image, truth = scene()
    style = SemanticMap((truth > 0).astype(np.int32), ((1, 2, 3), (100, 2, 3)))
    drafted, pairs = color_map_like(draft_map(image, regions=6), image, style, image)
    assert len(pairs) == 6
    assert len(drafted.colors) == 2


def test_invalid_arguments_are_rejected(tmp_path):
    image, _ = scene()
    with pytest.raises(SettingsError, match="regions is 0; expected 1 to 32"):
        draft_map(image, regions=0)
    with pytest.raises(SettingsError, match="features is 'shape'; expected color or network"):
        draft_map(image, features="shape")
    with pytest.raises(ImageError, match="large enough for 32 regions, but got 8x8"):
        draft_map(image[:8, :8], regions=32)
    with pytest.raises(ImageError, match="at least 4 pixels"):
        draft_map(image[:3])
    with pytest.raises(ImageError, match="expected"):
        draft_map(image[..., 0])
    with pytest.raises(SettingsError, match="leave regions out"):
        draft_map(image, regions=3, scribbles=strokes((90, 120), True, tmp_path / "strokes.png"))


@pytest.mark.parametrize("hidden", [0.0, 0.9])
def test_transparent_pixels_are_in_no_region(hidden):
    image, alpha = np.full((32, 48, 4), hidden, np.float32), np.zeros((32, 48), np.float32)
    alpha[8:24, 8:40] = 1
    image[8:24, 8:40, :3] = (0.1, 0.1, 0.8)
    image[8:24, 28:40, :3] = (0.9, 0.8, 0.1)
    image[..., 3] = alpha
    drafted = draft_map(image, regions=2)
    assert_array_equal(drafted.labels >= 0, alpha > 0)
    assert (drafted.labels[8:24, 8:26] == 0).all()
    assert (drafted.labels[8:24, 30:40] == 1).all()
