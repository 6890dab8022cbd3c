"""Mask files: how they are read, which are rejected, and how they are found beside their images."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image, ImageCms

from maskstyle.errors import ImageError
from maskstyle.masks import find_mask_beside, fit_mask, load_mask, read_mask

RAMP = np.arange(0, 256, 5, dtype=np.uint8)[np.newaxis].repeat(3, axis=0)
UNIT = RAMP / np.float32(255)


@pytest.fixture
def write(tmp_path):
    def write(pixels, name="mask.png", **options):
        picture = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
        picture.save(tmp_path / name, **options)
        return tmp_path / name

    return write


def stacked(*channels):
    return np.dstack([np.broadcast_to(np.asarray(channel, np.uint8), RAMP.shape) for channel in channels])


@pytest.mark.parametrize(
    "pixels",
    [RAMP, stacked(RAMP, RAMP, RAMP), stacked(RAMP, RAMP, RAMP, 255), Image.fromarray(RAMP).convert("P")],
    ids=["L", "RGB", "opaque RGBA", "P"],
)
@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_8_bit_gray(write, pixels, suffix):
    mask, note = read_mask(write(pixels, "mask" + suffix))
    assert mask.dtype == np.float32
    assert note is None
    assert_array_equal(mask, UNIT)


def test_16_bits_keep_their_depth(write):
    samples = np.array([[0, 1, 2, 32768, 65534, 65535]], np.uint16)
    expected = samples.astype(np.float32) / np.float32(65535)
    for name in ("mask.png", "mask.tif"):
        assert_array_equal(load_mask(write(samples, name)), expected)


def test_1_bit_and_floats(write):
    assert_array_equal(load_mask(write(Image.fromarray(RAMP > 100))), (RAMP > 100).astype(np.float32))
    assert_array_equal(load_mask(write(UNIT, "mask.tif")), UNIT)


def test_a_color_profile_is_ignored(write):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    samples = np.array([[0, 1, 300, 65535]], np.uint16)
    path = write(samples, icc_profile=profile)
    assert_array_equal(load_mask(path), samples.astype(np.float32) / np.float32(65535))


@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (200, 30, 40)])
def test_the_opacity_of_a_one_color_image_is_the_mask(write, color):
    pixels = stacked(*color, RAMP)
    pixels[:, 0, :3] = 77  # the color of a transparent pixel does not matter
    mask, note = read_mask(write(pixels))
    assert_array_equal(mask, UNIT)
    assert "opacity" in note


def test_gray_values_are_multiplied_by_opacity(write):
    mask, note = read_mask(write(stacked(RAMP, RAMP, RAMP, RAMP[:, ::-1])))
    assert_allclose(mask, UNIT * UNIT[:, ::-1], rtol=1e-6)
    assert "gray times opacity" in note
    with_gray = read_mask(write(np.dstack([RAMP, RAMP[:, ::-1]])))
    assert_array_equal(with_gray.mask, mask)


def test_black_and_white_of_a_jpeg_are_restored(write):
    hard = np.zeros((64, 64), np.uint8)
    hard[:, 21:43] = 255
    path = write(hard, "mask.jpg", quality=90)
    stored = np.asarray(Image.open(path))
    assert ((stored > 0) & (hard == 0)).any()  # the blur to remove
    mask, note = read_mask(path)
    assert (mask[:, :16] == 0).all()
    assert (mask[:, 25:39] > 0.97).all()
    assert "JPEG" in note
    between = (stored > 8) & (stored < 247)
    assert_allclose(mask[between], (stored[between] - 8.0) / 239, atol=1e-6)


def test_gray_tinted_by_compression_is_read_as_gray(write):
    tinted = stacked(np.full(RAMP.shape, 100), 108, 96)
    assert_allclose(load_mask(write(tinted)), 100 / 255)


def test_a_colored_mask_is_rejected_with_its_channel_difference(write):
    with pytest.raises(ImageError, match=r"mask\.png is colored: red, green and blue differ by up to 155 of 255"):
        load_mask(write(stacked(100, 255, 100)))
    with pytest.raises(ImageError, match="colored"):
        load_mask(write(stacked(RAMP, 0, 0, 255)))


def test_the_alpha_of_a_cut_out_is_the_mask(write):
    mask, note = read_mask(write(stacked(RAMP, 0, 0, RAMP[:, ::-1])))
    assert_allclose(mask, UNIT[:, ::-1], rtol=1e-6)
    assert "cut-out" in note


@pytest.mark.parametrize("pixels", [RAMP * 0, stacked(255, 255, 255, 0), stacked(0, 0, 0, 255)])
def test_an_empty_mask_is_rejected(write, pixels):
    with pytest.raises(ImageError, match=r"mask\.png is 0 everywhere, so nothing would be painted"):
        load_mask(write(pixels))


def test_a_nearly_black_jpeg_is_empty(write):
    with pytest.raises(ImageError, match="0 everywhere"):
        load_mask(write(np.full((16, 16), 5, np.uint8), "mask.jpg"))


def test_a_fitting_mask_keeps_its_size_and_values():
    mask = np.linspace(0, 1, 24).reshape(4, 6)
    fitted = fit_mask(mask, (8, 12), name="m", image_name="i")
    assert fitted.dtype == np.float32
    assert_array_equal(fitted, mask.astype(np.float32))


@pytest.mark.parametrize(
    ("mask", "says"),
    [
        (np.ones((4, 6, 3)), r"mask 2 has shape \(4, 6, 3\); expected \(height, width\)"),
        (np.ones((0, 6)), "has shape"),
        (np.ones((4, 6), np.uint8), "mask 2 has type uint8; expected floats"),
        (np.full((4, 6), 255.0), r"mask 2 has values from 255 to 255; expected values in \[0, 1\]"),
        (np.full((4, 6), np.nan), "values from nan"),
        (np.full((4, 6), -0.1), "values from -0.1"),
        (np.zeros((4, 6)), "mask 2 is 0 everywhere"),
        (np.full((4, 6), 1e-60), "mask 2 is 0 everywhere"),
        (np.ones((6, 6)), r"a mask with the aspect of the picture, which is 6x4.* but mask 2 is 6x6; crop"),
        (np.ones((6, 4)), "rotate it by 90 degrees"),
    ],
)
def test_arrays_that_are_not_masks_are_rejected(mask, says):
    with pytest.raises(ImageError, match=says):
        fit_mask(mask, (4, 6), name="mask 2", image_name="the picture")


def test_the_mask_beside_an_image_is_found(write, tmp_path):
    assert find_mask_beside(tmp_path / "photo.jpg") is None
    path = write(RAMP, "photo_mask.png")
    write(RAMP, "photo_mask2.png")
    assert find_mask_beside(tmp_path / "photo.jpg") == path
    write(RAMP, "photo_mask.tif")
    with pytest.raises(ImageError, match=r"one mask beside .*, but found photo_mask.png and photo_mask.tif"):
        find_mask_beside(str(tmp_path / "photo.jpg"))
