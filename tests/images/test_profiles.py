"""Reading image files: EXIF orientation and color profiles."""

from __future__ import annotations

import zlib
from pathlib import Path

import numpy as np
import pytest
from image_bytes import (
    ALPHA,
    DEEP,
    RGB,
    black_ink_profile,
    chunk,
    exchanged_profile,
    gray,
    linear_gray_profile,
    png,
    saved,
    tiff,
    unit,
    written,
)
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image as PillowImage
from PIL import ImageCms

from maskstyle.images import (
    load_image,
)
from maskstyle.images.headers import file_notes


@pytest.mark.parametrize(
    ("suffix", "orientation"),
    [*((".png", orientation) for orientation in range(1, 9)), (".tif", 6), (".webp", 6), (".jpg", 6)],
)
def test_exif_orientation(tmp_path: Path, orientation: int, suffix: str) -> None:
    # large enough to survive JPEG
    upright = np.kron(np.array([[0, 80, 160], [40, 120, 240]], np.uint8), np.ones((16, 16), np.uint8))
    stored = {
        1: upright,
        2: upright[:, ::-1],
        3: upright[::-1, ::-1],
        4: upright[::-1],
        5: upright.T,
        6: np.rot90(upright),
        7: upright[::-1, ::-1].T,
        8: np.rot90(upright, -1),
    }[orientation]
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    image = PillowImage.fromarray(np.ascontiguousarray(stored))
    path = saved(tmp_path / f"turned{suffix}", image, exif=exif, **({"lossless": True} if suffix == ".webp" else {}))
    assert_allclose(load_image(path).pixels, gray(upright), atol=0.02)


def test_orientation_applies_to_alpha_and_16_bit_samples(tmp_path: Path) -> None:
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    picture = load_image(saved(tmp_path / "a.png", PillowImage.fromarray(np.dstack([RGB, ALPHA])), exif=exif))
    assert_array_equal(picture.alpha, np.rot90(unit(ALPHA), -1))
    deep = load_image(saved(tmp_path / "d.png", PillowImage.fromarray(DEEP), exif=exif))
    assert_array_equal(deep.pixels, np.rot90(gray(DEEP, 65535), -1))
    samples = np.stack([DEEP, DEEP[::-1], DEEP[:, ::-1]], axis=-1)
    data = tiff(samples, {258: (16,) * 3, 262: (2,), 274: (6,), 277: (3,)})
    turned = load_image(written(tmp_path / "d.tif", data))
    assert_array_equal(turned.pixels, np.rot90(unit(samples, 65535), -1))


@pytest.mark.parametrize("exif", [b"Exif\0\0garbage", b"Exif\0\0II*\0\xff\xff\xff\xff"])
def test_damaged_exif_is_ignored(tmp_path: Path, exif: bytes) -> None:
    path = saved(tmp_path / "odd.jpg", PillowImage.new("RGB", (8, 8), "white"), exif=exif)
    assert_array_equal(load_image(path).pixels, np.ones((8, 8, 3)))


def test_srgb_profile_changes_nothing(tmp_path: Path) -> None:
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    path = saved(tmp_path / "srgb.png", PillowImage.fromarray(RGB), icc_profile=icc)
    assert_array_equal(load_image(path).pixels, unit(RGB))


def test_another_rgb_profile_is_converted(tmp_path: Path) -> None:
    icc = exchanged_profile()
    for name in ("other.png", "other.tif"):
        image = PillowImage.fromarray(np.dstack([RGB, ALPHA]))
        picture = load_image(saved(tmp_path / name, image, icc_profile=icc))
        assert_allclose(picture.pixels, unit(RGB[..., ::-1]), atol=2 / 255)
        assert_array_equal(picture.alpha, unit(ALPHA))


def test_a_profile_converts_16_bit_samples_too(tmp_path: Path) -> None:
    iccp = chunk(b"iCCP", b"other\0\0" + zlib.compress(exchanged_profile()))
    samples = np.stack([DEEP, DEEP[::-1], DEEP[:, ::-1]], axis=-1)
    picture = load_image(written(tmp_path / "deep.png", png(samples, 2, 16, iccp)))
    assert_allclose(picture.pixels, unit(samples[..., ::-1], 65535), atol=3 / 255)


def test_gray_profile(tmp_path: Path) -> None:
    icc = linear_gray_profile()
    levels = np.array([[0, 55, 128, 255]], np.uint8)
    linear = levels / 255
    expected = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    image = PillowImage.fromarray(levels)
    assert_allclose(
        load_image(saved(tmp_path / "linear.png", image, icc_profile=icc)).pixels,
        np.repeat(expected[..., np.newaxis], 3, axis=-1),
        atol=2 / 255,
    )
    deep = PillowImage.fromarray(levels.astype(np.uint16) * 257)
    assert_allclose(
        load_image(saved(tmp_path / "deep.png", deep, icc_profile=icc)).pixels[..., 0], expected, atol=2 / 255
    )


def test_rgb_profile_on_gray(tmp_path: Path) -> None:
    icc = exchanged_profile()
    path = saved(tmp_path / "gray.png", PillowImage.fromarray(ALPHA), icc_profile=icc)
    assert_allclose(load_image(path).pixels, gray(ALPHA), atol=2 / 255)


@pytest.mark.parametrize("icc", [b"not a profile", linear_gray_profile()], ids=["damaged", "of another kind"])
def test_an_unusable_profile_is_ignored(tmp_path: Path, icc: bytes) -> None:
    path = saved(tmp_path / "odd.png", PillowImage.fromarray(RGB), icc_profile=icc)
    assert_array_equal(load_image(path).pixels, unit(RGB))


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_cmyk_without_a_profile(tmp_path: Path, suffix: str) -> None:
    image = PillowImage.new("CMYK", (16, 16), (0, 255, 255, 0))
    path = saved(tmp_path / f"cmyk{suffix}", image)
    assert_allclose(load_image(path).pixels[8, 8], [1, 0, 0], atol=0.02)


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_cmyk_with_a_profile(tmp_path: Path, suffix: str) -> None:
    for ink, expected in (((0, 255, 255, 0), 1), ((0, 255, 255, 255), 0)):
        image = PillowImage.new("CMYK", (16, 16), ink)
        path = saved(tmp_path / f"cmyk{suffix}", image, icc_profile=black_ink_profile())
        assert_allclose(load_image(path).pixels, np.full((16, 16, 3), expected), atol=0.02)


def test_cmyk_with_an_rgb_profile_ignores_it(tmp_path: Path) -> None:
    image = PillowImage.new("CMYK", (2, 2), (0, 255, 255, 0))
    path = saved(tmp_path / "cmyk.tif", image, icc_profile=exchanged_profile())
    assert_array_equal(load_image(path).pixels[0, 0], [1, 0, 0])


def test_lab_tiff(tmp_path: Path) -> None:
    lab_from_rgb = ImageCms.buildTransform(
        ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB"), "RGB", "LAB"
    )
    colors = PillowImage.fromarray(np.array([[[200, 100, 50], [30, 60, 90], [255, 255, 255]]], np.uint8))
    lab = ImageCms.applyTransform(colors, lab_from_rgb)
    assert lab is not None
    picture = load_image(saved(tmp_path / "lab.tif", lab))
    assert_allclose(picture.pixels, unit(np.asarray(colors)), atol=4 / 255)


def test_a_useless_profile_is_noted(tmp_path):
    fitting = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    image = PillowImage.fromarray(RGB)
    assert file_notes(saved(tmp_path / "good.png", image, icc_profile=fitting)) == []
    damaged = saved(tmp_path / "damaged.png", image, icc_profile=fitting[:200])
    assert "damaged.png is damaged" in file_notes(damaged)[0]
    assert file_notes(damaged, labels=True) == []
