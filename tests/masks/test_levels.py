"""Masks of 0 and 1, of classes and with noise: read as meant with a note, or refused."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image

from maskstyle.errors import ImageError
from maskstyle.masks import linear_mask, load_mask, read_mask, save_mask

HALF = np.zeros((20, 30), np.uint8)
HALF[:, 15:] = 1

THIRDS = np.zeros((20, 30), np.uint8)
THIRDS[:, 10:20], THIRDS[:, 20:] = 1, 2

VOC = [0, 0, 0, 128, 0, 0, 0, 128, 0, *([9, 7, 5] * 253)]


@pytest.fixture
def write(tmp_path):
    """Return a function that writes samples, with a palette if one is given."""

    def write(samples, name="mask.png", palette=None):
        picture = samples if isinstance(samples, Image.Image) else Image.fromarray(samples)
        if palette is not None:
            picture = picture.convert("P")
            picture.putpalette(palette)
        picture.save(tmp_path / name)
        return tmp_path / name

    return write


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        (HALF, "1 is white"),
        (15 * HALF, "15 is white"),
        (np.dstack([HALF] * 3), "1 is white"),
        (HALF.astype(np.uint16), "1 is white"),
        (255 * HALF.astype(np.uint16), "255 is white"),
    ],
    ids=["0 and 1", "0 and 15", "RGB", "16 bits", "8 bits in 16"],
)
def test_two_values_are_black_and_white(write, samples, said):
    mask, note = read_mask(write(samples))
    assert_array_equal(mask, HALF.astype(np.float32))
    assert said in note


@pytest.mark.parametrize("samples", [HALF.astype(bool), 255 * HALF, HALF.astype(np.float32)])
def test_black_and_white_need_no_note(write, samples):
    mask, note = read_mask(write(samples, "mask.tif"))
    assert_array_equal(mask, HALF.astype(np.float32))
    assert note is None


@pytest.mark.parametrize("index", [1, 2, 15])
def test_one_class_of_a_palette_is_white(write, index):
    mask, note = read_mask(write(index * HALF, palette=VOC))
    assert_array_equal(mask, HALF.astype(np.float32))
    assert note == f"index {index} of the palette is white"
    outlined = index * HALF
    outlined[:, 14] = 255
    mask, note = read_mask(write(outlined, palette=VOC))
    assert_array_equal(mask, HALF.astype(np.float32))
    assert "void" in note


def test_a_gray_palette_is_gray(write):
    mask, note = read_mask(write(HALF, palette=[255, 255, 255, 0, 0, 0, *([0] * 762)]))
    assert_array_equal(mask, 1 - HALF.astype(np.float32))
    assert note is None


@pytest.mark.parametrize(
    "samples", [THIRDS, 7 * THIRDS, THIRDS.astype(np.uint16)], ids=["0 to 2", "0, 7, 14", "16 bits"]
)
def test_the_numbers_of_several_classes_are_refused(write, samples):
    with pytest.raises(ImageError, match=r"class numbers .*: maskstyle masks from-map \S*mask\.png --region \d+ -o"):
        load_mask(write(samples))


def test_classes_with_outlines_are_refused(write):
    for samples in (THIRDS, HALF):
        outlined = samples.copy()
        outlined[:, 14] = 255
        with pytest.raises(ImageError, match="class numbers 1"):
            load_mask(write(outlined))


def test_the_colors_of_several_classes_are_refused(write):
    with pytest.raises(ImageError, match=r"colored.*maskstyle masks from-map \S*mask\.png --region COLOR"):
        load_mask(write(THIRDS, palette=VOC))


def noisy(low, high, seed=0):
    """Return a mask with black from low to high."""
    pixels = np.random.default_rng(seed).integers(low, high + 1, (40, 60)).astype(np.uint8)
    pixels[:, 30:] = 255 - pixels[:, 30:]
    return pixels


@pytest.mark.parametrize("pixels", [noisy(1, 7), noisy(0, 6), noisy(3, 3)], ids=["1 to 7", "0 to 6", "3"])
def test_noise_near_black_is_removed(write, pixels):
    mask, note = read_mask(write(pixels))
    assert (mask[:, :30] == 0).all()
    assert (mask[:, 30:] == 1).all()
    assert "nearly black" in note


def test_gradients_keep_their_darkest_values(write):
    for easing in ("linear", "smooth"):
        samples = np.rint(255 * linear_mask((64, 256), easing=easing)).astype(np.uint8)
        mask, note = read_mask(write(samples))
        assert_array_equal(mask, samples / np.float32(255))
        assert note is None


def test_a_background_that_is_not_black_is_noted(write):
    samples = np.full((40, 60), 10, np.uint8)
    samples[:, 30:] = 245
    _, note = read_mask(write(samples))
    assert note.startswith("its darkest value is 10 of 255, not black, so some style goes everywhere")


def test_a_faint_gradient_is_no_label_map(write):
    samples = np.tile(np.arange(0, 30, dtype=np.uint8).repeat(4), (20, 1))
    mask, note = read_mask(write(samples))
    assert_array_equal(mask, samples / np.float32(255))
    assert note == "it is nearly black: its brightest value is 29 of 255"


def test_a_folder_of_masks_is_refused_with_a_command(tmp_path):
    with pytest.raises(ImageError, match="name one of its masks, or make a map of all of them: maskstyle maps from"):
        load_mask(tmp_path)


def test_masks_of_maskstyle_are_read_as_they_are(tmp_path):
    faint = np.full((20, 30), 5 / 255, np.float32)
    save_mask(tmp_path / "mask.png", faint, bits=8, metadata={"command": "masks linear"})
    mask, note = read_mask(tmp_path / "mask.png")
    assert_array_equal(mask, faint)
    assert note is None
