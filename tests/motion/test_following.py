"""Maps and masks that follow known motion for several frames, and the motion of regions."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from motion.test_flow import shown, texture

pytest.importorskip("cv2")

from maskstyle.motion.flow import Motion, motion_between
from maskstyle.motion.following import (
    Follower,
    edge_labels,
    followed_mask,
    followed_values,
    region_motion,
    with_mirrored,
)

FRAMES = 6


@pytest.fixture(scope="module")
def moving():
    """Return frames in which a bright disk moves before a background that pans slowly, and where the disk is."""
    background, frames, disks = texture(1) * np.float32(0.5), [], []
    rows, columns = np.indices((64, 96))
    for number in range(FRAMES):
        inside = np.hypot(rows - 30, columns - 25 - 4 * number) < 13
        frame = shown(background, 10, 10 + number).copy()
        frame[inside] = 1 - frame[inside]
        frames.append(frame)
        disks.append(inside)
    return frames, disks


def test_a_map_follows_an_object_and_what_it_uncovers_is_background(moving):
    frames, disks = moving
    follower = Follower(disks[0].astype(np.int32), disks[0].shape)
    for before, now in itertools.pairwise(frames):
        follower.follow(motion_between(before, now), now)
    found = followed_values(disks[0], follower.places)
    assert (found & disks[-1]).sum() / (found | disks[-1]).sum() > 0.94
    assert not found[:, :25].any()  # where it was


def still(size):
    return Motion(np.zeros((*size, 2), np.float32), np.ones(size, np.bool_))


def test_slow_motion_adds_up():
    size = (20, 30)
    follower = Follower(None, size)
    for _ in range(10):
        follower.follow(still(size)._replace(flow=np.full((*size, 2), 0.3, np.float32)), np.zeros((*size, 3)))
    np.testing.assert_allclose(follower.places[5, 5], (8, 8), atol=1e-4)


def test_values_and_masks_of_another_size_are_read_at_their_places():
    places = Follower(None, (10, 20)).places + np.float32([0, 5])
    ramp = np.tile(np.linspace(0, 1, 40, dtype=np.float32), (20, 1))
    np.testing.assert_allclose(followed_mask(ramp, places)[4, :5], ramp[0, 10:20:2] + 0.5 / 39, atol=1e-5)
    assert followed_values(np.arange(40) * np.ones((20, 1), int), places)[0, :3].tolist() == [11, 13, 15]


def test_a_thin_region_and_one_that_leaves_the_frame_stay_in_the_map():
    labels = np.zeros((40, 60), np.int32)
    labels[10:12] = 1
    labels[:, -3:] = 2
    frame = np.stack([labels == 1] * 3, axis=-1).astype(np.float32)
    follower = Follower(labels, labels.shape)
    follower.follow(still(labels.shape), frame)
    np.testing.assert_array_equal(followed_values(labels, follower.places) == 1, labels == 1)
    for _ in range(3):
        follower.follow(still(labels.shape)._replace(flow=np.full((40, 60, 2), (0, -3), np.float32)), frame)
    assert set(np.unique(followed_values(labels, follower.places))) == {0, 1, 2}


def test_only_a_mask_with_an_edge_has_labels():
    ramp = np.tile(np.linspace(0, 1, 40, dtype=np.float32), (20, 1))
    assert edge_labels(ramp) is None
    assert edge_labels(np.ones((4, 4), np.float32)) is None
    assert edge_labels((ramp > 0.5).astype(np.float32)).sum() == 400


def test_a_frame_of_one_gray_has_no_edges_to_decide_by():
    labels = np.repeat([[0] * 20 + [1] * 20], 30, axis=0).astype(np.int32)
    follower = Follower(labels, labels.shape)
    follower.follow(still(labels.shape), np.full((30, 40, 3), 0.5, np.float32))
    assert (followed_values(labels, follower.places) == labels).mean() > 0.95


@pytest.fixture
def moved():
    """Return two maps in which a square moves to the right and down before the halves of a background."""
    rows, columns = np.indices((40, 60))
    background = np.where(rows < 20, 5, 7)
    return [
        np.where((abs(rows - 20 - 2 * step) < 6) & (abs(columns - 20 - 4 * step) < 6), 9, background)
        for step in range(2)
    ]


def test_a_region_moves_as_a_whole_and_a_background_stays(moved):
    before, now = moved
    motion = region_motion(before, now)
    np.testing.assert_array_equal(motion.flow[now == 9], np.full(((now == 9).sum(), 2), (-2, -4)))
    assert not motion.flow[now != 9].any()
    np.testing.assert_array_equal(motion.trusted, (now == 9) | (before == now))


def test_what_a_region_uncovers_shows_its_own_region(moved):
    before, now = moved
    motion = region_motion(before, now)
    image = now[..., np.newaxis] * np.ones(3, np.float32)
    image[~motion.trusted] = -1
    np.testing.assert_array_equal(with_mirrored(image, motion.trusted, now, image)[..., 0], now)
