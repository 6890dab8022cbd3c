"""Matching: similarity against plain NumPy, and that the maps come before everything else."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from maskstyle.guidance.patch_matching import Mapped, match_patches
from maskstyle.guidance.patches import candidate_patches, cut_patches
from maskstyle.settings import PatchSettings

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
COLORS = (RED, GREEN, BLUE)
PLAIN = PatchSettings(repetition=0.0, position_weight=0.0)


def mapped(labels, patches=None, *, size=4, stride=None, colors=COLORS, features=None):
    labels = np.asarray(labels, np.int32)
    patches = patches or cut_patches(labels.shape, 1, size=size, stride=stride or size, offset=(0, 0))
    return Mapped(labels, colors, patches, features)


def candidates_of(labels, content, colors=COLORS, features=None):
    labels = np.asarray(labels, np.int32)
    return mapped(
        labels, candidate_patches(labels.shape, max(content.patches.shape)), colors=colors, features=features
    )


def cut_out(values, patches):
    return [values[top : top + patches.shape[0], left : left + patches.shape[1]] for top, left in patches.corners()]


def on_sphere(labels):
    """Return colors, from mid gray and at half scale, with the coordinate that makes them of length 1."""
    centered = (np.array([*COLORS, (0, 0, 0)], float) - 127.5) / 255
    lifted = np.concatenate([centered, np.sqrt(1 - (centered**2).sum(1))[:, None]], axis=1)
    lifted[-1] = 0
    return lifted[labels]


def cosine(one, other):
    return (one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum())


def expected_similarity(content, style, similarity):
    table = np.zeros((content.patches.number, style.patches.number))
    for row, one in enumerate(cut_out(on_sphere(content.labels), content.patches)):
        for column, other in enumerate(cut_out(on_sphere(style.labels), style.patches)):
            table[row, column] = cosine(one, other)
            if similarity == "ncc":
                shapes = [each - each.mean((0, 1)) for each in (one, other)]
                flat = [np.abs(each).max() < 1e-9 for each in shapes]
                correlation = float(all(flat)) if any(flat) else cosine(*shapes)
                table[row, column] = (table[row, column] + correlation) / 2
    return table


@pytest.fixture
def random_maps():
    rng = np.random.default_rng(0)
    content = mapped(rng.integers(0, 3, (4, 6)).repeat(3, axis=0).repeat(3, axis=1))
    return content, candidates_of(rng.integers(-1, 3, (5, 4)).repeat(3, axis=0).repeat(3, axis=1), content)


@pytest.mark.parametrize("similarity", ["cosine", "ncc"])
def test_the_most_similar_patch_is_chosen_where_nothing_else_counts(random_maps, similarity):
    content, style = random_maps
    expected = expected_similarity(content, style, similarity)  # a patch of no region has none
    chosen = match_patches(content, style, dataclasses.replace(PLAIN, similarity=similarity))
    found = expected[np.arange(len(chosen)), chosen]
    assert_allclose(found, np.nanmax(expected, axis=1), atol=2e-4)  # positions decide between equals


def test_every_color_is_most_similar_to_itself():
    grays = tuple((value,) * 3 for value in (0, 64, 127, 128, 200, 255))
    colors = (*grays, RED, GREEN, (0, 0, 100))
    for label in range(len(colors)):
        content = mapped(np.full((4, 4), label), colors=colors)
        style = candidates_of(np.arange(len(colors)).repeat(4)[np.newaxis].repeat(4, axis=0), content, colors)
        (match,) = match_patches(content, style, PLAIN)
        assert style.patches.corners()[match].tolist() == [0, 4 * label]


def test_the_same_map_matches_itself():
    labels = np.add.outer(np.arange(12) // 5, np.arange(16) // 6) % 3
    content = mapped(labels, stride=2)
    style = candidates_of(labels, content)
    for settings in (PLAIN, PatchSettings(), PatchSettings(similarity="ncc", repetition=1.0)):
        assert_array_equal(
            style.patches.corners()[match_patches(content, style, settings)], content.patches.corners()
        )


def test_flat_areas_spread_over_their_region_where_repetition_counts():
    content = mapped(np.zeros((8, 8)))
    labels = np.ones((4, 40))
    labels[:, 24:] = 0
    style = candidates_of(labels, content)

    def columns(repetition):
        settings = PatchSettings(repetition=repetition, position_weight=0.0)
        return sorted(style.patches.corners()[match_patches(content, style, settings)][:, 1])

    assert columns(0.0) == [24, 24, 28, 28]  # the nearest relative positions
    spread = columns(0.5)
    assert spread[0] == 24
    assert spread[-1] <= 36
    assert all(after - before >= 4 for before, after in itertools.pairwise(spread))


@pytest.mark.parametrize("similarity", ["cosine", "ncc"])
@pytest.mark.parametrize("colors", [COLORS, ((200, 60, 50), (205, 85, 60), (90, 80, 200))])
def test_repetition_never_brings_a_wrong_region(similarity, colors):
    content = mapped(np.zeros((16, 16)), colors=colors)
    labels = np.ones((16, 16))
    labels[4:8, 4:8] = 0
    style = candidates_of(labels, content, colors)
    settings = PatchSettings(repetition=100.0, position_weight=100.0, similarity=similarity)
    assert {tuple(style.patches.corners()[match]) for match in match_patches(content, style, settings)} == {(4, 4)}


def test_without_the_right_region_the_nearest_color_is_taken():
    content = mapped(np.zeros((4, 4)), colors=((230, 20, 20),))
    labels = np.repeat([[0, 1]], 4, axis=0).repeat(4, axis=1)
    style = candidates_of(labels, content, ((250, 40, 40), (20, 20, 230)))
    (match,) = match_patches(content, style, PatchSettings())
    assert style.patches.corners()[match].tolist() == [0, 0]


def test_neighbors_that_match_neighbors_repeat_nothing():
    """Overlapping patches may share in the style what they share in the picture."""
    labels = np.zeros((8, 16))
    content = mapped(labels, stride=2)
    style = candidates_of(labels, content)
    matches = match_patches(content, style, PatchSettings(repetition=10.0, position_weight=0.0))
    assert_array_equal(style.patches.corners()[matches], content.patches.corners())


def test_positions_count_on_request():
    content, labels = mapped(np.zeros((4, 8))), np.zeros((4, 16))
    style = candidates_of(labels, content)
    settings = PatchSettings(repetition=0.0, position_weight=1.0)
    columns = style.patches.corners()[match_patches(content, style, settings)][:, 1]
    assert_array_equal(columns, [2, 10])  # centers at a quarter and at three quarters


def test_features_count_on_request():
    rng = np.random.default_rng(1)
    features = rng.random((4, 16, 5), np.float32)
    content = mapped(np.zeros((4, 8)), features=features[:, 8:])
    style = candidates_of(np.zeros((4, 16)), content, features=features)
    settings = PatchSettings(repetition=0.0, position_weight=0.0, feature_weight=1.0)
    columns = style.patches.corners()[match_patches(content, style, settings)][:, 1]
    assert_array_equal(columns, [8, 12])


def test_patches_with_few_choices_choose_first():
    """The wide area comes first in reading order, but the border's patch takes the only place that fits it."""
    content = mapped([[0] * 4 + [0, 0, 1, 1]] * 4)
    style = candidates_of([[0] * 6 + [1, 1]] * 4, content)
    matches = style.patches.corners()[match_patches(content, style, PatchSettings(repetition=1.0))][:, 1]
    assert_array_equal(matches, [0, 4])


def test_ncc_prefers_where_borders_run():
    content = mapped([[0, 0, 0, 1]] * 4)
    style = candidates_of([[0] * 8 + [2] * 4 + [0] * 6 + [1, 1]] * 4, content)
    for similarity in ("cosine", "ncc"):
        (match,) = match_patches(content, style, PatchSettings(similarity=similarity))
        assert style.patches.corners()[match][1] == 15


def test_patches_of_no_region_have_no_match():
    content = mapped([[-1] * 4 + [0] * 4] * 4)
    style = candidates_of(np.zeros((4, 4)), content)
    assert_array_equal(match_patches(content, style, PatchSettings()), [-1, 0])
    nowhere = candidates_of(np.full((4, 4), -1), content)
    assert_array_equal(match_patches(content, nowhere, PatchSettings()), [-1, -1])
    partly = candidates_of([[-1] * 4 + [0] * 4] * 4, content)
    assert_array_equal(match_patches(content, partly, PatchSettings()), [-1, 4])


def test_a_style_narrower_than_a_patch_is_compared_part_by_part():
    content = mapped(np.repeat([[0], [1]], 4, axis=0).repeat(8, axis=1), size=8)
    style = candidates_of(np.repeat([[1], [0], [1]], 4, axis=0).repeat(3, axis=1), content)
    (match,) = match_patches(content, style, PatchSettings())
    assert style.patches.shape == (8, 3)
    assert style.patches.corners()[match].tolist() == [4, 0]
