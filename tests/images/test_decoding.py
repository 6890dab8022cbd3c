"""Reading image files: every mode and bit depth, and a clear error for every file that cannot be read."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from image_bytes import (
    ALPHA,
    DEEP,
    RGB,
    chunk,
    gray,
    png,
    saved,
    tiff,
    unit,
    written,
)
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image as PillowImage
from PIL import features

from maskstyle.errors import ImageError
from maskstyle.images import (
    Picture,
    file_notes,
    load_image,
    save_image,
    to_uint8,
)
from maskstyle.maps.io import read_map_pixels


@pytest.mark.parametrize(
    ("suffix", "alpha", "tolerance"),
    [
        (".png", True, 0),
        (".png", False, 0),
        (".PNG", False, 0),
        (".tif", True, 0),
        (".tiff", False, 0),
        (".bmp", False, 0),
        (".jpg", False, 0.03),
        (".jpeg", False, 0.03),
        (".webp", True, 0.03),
        (".webp", False, 0.03),
    ],
)
def test_round_trip(tmp_path: Path, suffix: str, alpha: bool, tolerance: float) -> None:
    pixels = np.full((8, 6, 3), [0.2, 0.4, 0.6], np.float32)
    opacity = np.tile(unit(ALPHA), (4, 2)) if alpha else None
    path = tmp_path / f"picture{suffix}"
    save_image(path, pixels, opacity)
    picture = load_image(path)
    assert isinstance(picture, Picture)
    assert picture.pixels.dtype == np.float32
    assert picture.pixels.flags.c_contiguous
    assert picture.pixels.flags.writeable
    assert_allclose(picture.pixels, unit(to_uint8(pixels)), atol=tolerance)
    if opacity is None:
        assert picture.alpha is None
    else:
        assert picture.alpha is not None
        assert picture.alpha.dtype == np.float32
        assert_array_equal(picture.alpha, opacity)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".bmp"])
def test_all_8_bit_values_survive(tmp_path: Path, suffix: str) -> None:
    pixels = unit(np.arange(768, dtype=np.uint16).reshape(16, 16, 3) % 256)
    save_image(tmp_path / f"all{suffix}", pixels)
    assert_array_equal(load_image(tmp_path / f"all{suffix}").pixels, pixels)


def test_colors_of_transparent_pixels_are_kept(tmp_path: Path) -> None:
    for suffix in (".png", ".tif"):
        save_image(tmp_path / f"hidden{suffix}", unit(RGB), np.zeros((2, 3), np.float32))
        assert_array_equal(load_image(tmp_path / f"hidden{suffix}").pixels, unit(RGB))
    save_image(tmp_path / "hidden.webp", np.full((8, 8, 3), 0.6, np.float32), np.zeros((8, 8), np.float32))
    assert_allclose(load_image(tmp_path / "hidden.webp").pixels, 0.6, atol=0.02)


def test_an_opaque_alpha_is_none(tmp_path: Path) -> None:
    save_image(tmp_path / "opaque.png", unit(RGB), np.ones((2, 3), np.float32))
    assert load_image(tmp_path / "opaque.png").alpha is None
    save_image(tmp_path / "almost.png", unit(RGB), np.full((2, 3), 254 / 255, np.float32))
    assert load_image(tmp_path / "almost.png").alpha is None


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [(mode, suffix) for suffix in (".png", ".tif") for mode in ("1", "L", "LA", "P", "RGBA")] + [("PA", ".tif")],
)
def test_modes_read_as_pillow_shows_them(tmp_path: Path, mode: str, suffix: str) -> None:
    image = PillowImage.fromarray(np.dstack([RGB, ALPHA]) if "A" in mode else RGB).convert(mode)
    path = saved(tmp_path / f"mode{suffix}", image)
    expected = np.asarray(image.convert("RGBA"))
    picture = load_image(path)
    assert_array_equal(picture.pixels, unit(expected[..., :3]))
    if "A" in mode:
        assert_array_equal(picture.alpha, unit(expected[..., 3]))
    else:
        assert picture.alpha is None


@pytest.mark.parametrize("transparency", [1, bytes([255, 0, 128])])
def test_palette_with_transparency(tmp_path: Path, transparency: int | bytes) -> None:
    image = PillowImage.fromarray(np.array([[0, 1, 2]], np.uint8))
    image.putpalette([255, 0, 0, 1, 2, 3, 0, 0, 255])
    picture = load_image(saved(tmp_path / "palette.png", image, transparency=transparency))
    assert_array_equal(picture.pixels * 255, [[[255, 0, 0], [1, 2, 3], [0, 0, 255]]])
    last = 255 if transparency == 1 else 128
    assert_array_equal(picture.alpha, unit(np.array([[255, 0, last]])))


def test_one_transparent_color(tmp_path: Path) -> None:
    path = saved(tmp_path / "key.png", PillowImage.fromarray(RGB), transparency=(10, 20, 30))
    picture = load_image(path)
    assert_array_equal(picture.pixels, unit(RGB))
    assert_array_equal(picture.alpha, [[1, 1, 1], [1, 0, 1]])


@pytest.mark.parametrize(("depth", "stored"), [(1, 0b01_01_01_01), (2, 0b00_01_10_11), (4, 0b0001_0011)])
def test_one_transparent_gray_below_8_bits(tmp_path: Path, depth: int, stored: int) -> None:
    data = png(np.array([[stored]]), 0, depth, chunk(b"tRNS", struct.pack(">H", 1)))
    picture = load_image(written(tmp_path / "key.png", data))
    levels = np.array([[(stored >> at) & (2**depth - 1) for at in range(8 - depth, -1, -depth)]])
    assert_allclose(picture.pixels, gray(levels, 2**depth - 1))
    assert_array_equal(picture.alpha, levels != 1)


def test_16_bit_gray(tmp_path: Path) -> None:
    for name in ("gray.png", "gray.tif"):
        picture = load_image(saved(tmp_path / name, PillowImage.fromarray(DEEP)))
        assert_array_equal(picture.pixels, gray(DEEP, 65535))
        assert picture.alpha is None
    big_endian = tiff(DEEP, {258: (16,), 262: (1,), 277: (1,)}, ">")
    assert_array_equal(load_image(written(tmp_path / "big.tif", big_endian)).pixels, gray(DEEP, 65535))


def test_16_bit_gray_with_a_transparent_value(tmp_path: Path) -> None:
    data = png(DEEP, 0, 16, chunk(b"tRNS", struct.pack(">H", 0xFFFE)))
    picture = load_image(written(tmp_path / "key.png", data))
    assert_array_equal(picture.pixels, gray(DEEP, 65535))
    assert_array_equal(picture.alpha, DEEP != 0xFFFE)


def test_12_bit_gray_spans_the_whole_range(tmp_path: Path) -> None:
    data = tiff(np.array([[0xFF, 0xF0, 0x00]], np.uint8), {256: (2,), 258: (12,), 262: (1,), 277: (1,)})
    assert_array_equal(load_image(written(tmp_path / "12.tif", data)).pixels, [[[1, 1, 1], [0, 0, 0]]])


@pytest.mark.parametrize(("color_type", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_16_bit_png_keeps_its_depth(tmp_path: Path, color_type: int, channels: int) -> None:
    samples = np.stack([np.roll(DEEP, shift) for shift in range(channels)], axis=-1)
    picture = load_image(written(tmp_path / "deep.png", png(samples, color_type, 16)))
    if channels == 2:
        assert_array_equal(picture.pixels, gray(samples[..., 0], 65535))
    else:
        assert_array_equal(picture.pixels, unit(samples[..., :3], 65535))
    if channels == 3:
        assert picture.alpha is None
    else:
        assert_array_equal(picture.alpha, unit(samples[..., -1], 65535))


def test_16_bit_rgb_png_with_a_transparent_color(tmp_path: Path) -> None:
    samples = np.stack([DEEP] * 3, axis=-1)
    data = png(samples, 2, 16, chunk(b"tRNS", struct.pack(">HHH", 256, 256, 256)))
    assert_array_equal(load_image(written(tmp_path / "key.png", data)).alpha, DEEP != 256)


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("channels", [3, 4])
def test_16_bit_tiff_keeps_its_depth(tmp_path: Path, order: str, channels: int) -> None:
    samples = np.stack([np.roll(DEEP, shift) for shift in range(channels)], axis=-1)
    tags = {258: (16,) * channels, 262: (2,), 277: (channels,)} | ({338: (2,)} if channels == 4 else {})
    picture = load_image(written(tmp_path / "deep.tif", tiff(samples, tags, order)))
    assert_array_equal(picture.pixels, unit(samples[..., :3], 65535))
    if channels == 4:
        assert_array_equal(picture.alpha, unit(samples[..., 3], 65535))


def test_compressed_16_bit_tiff_keeps_its_depth(tmp_path: Path) -> None:
    samples = np.stack([DEEP, DEEP[::-1], DEEP[:, ::-1]], axis=-1)
    packed = np.frombuffer(zlib.compress(samples.astype("<u2").tobytes()), np.uint8)[np.newaxis]
    tags = {256: (4,), 257: (2,), 258: (16,) * 3, 259: (8,), 262: (2,), 277: (3,), 278: (2,)}
    picture = load_image(written(tmp_path / "deep.tif", tiff(packed, tags)))
    assert_array_equal(picture.pixels, unit(samples, 65535))


def test_float_tiff(tmp_path: Path) -> None:
    values = np.array([[0.0, 0.25, 1.0], [-0.005, 1.005, 0.3]], np.float32)
    picture = load_image(saved(tmp_path / "float.tif", PillowImage.fromarray(values)))
    assert_array_equal(picture.pixels[..., 1], np.clip(values, 0, 1))


def test_first_frame_of_several(tmp_path: Path) -> None:
    frames = [PillowImage.new("RGB", (2, 2), color) for color in ("red", "blue")]
    for name in ("frames.tif", "frames.png", "frames.webp"):
        path = saved(tmp_path / name, frames[0], save_all=True, append_images=frames[1:], lossless=True)
        assert_allclose(load_image(path).pixels[0, 0], [1, 0, 0], atol=0.01)


def test_jpeg_with_a_second_picture(tmp_path: Path) -> None:
    frames = [PillowImage.new("RGB", (8, 8), color) for color in ("white", "black")]
    path = saved(tmp_path / "phone.jpg", frames[0], format="MPO", save_all=True, append_images=frames[1:])
    assert_array_equal(load_image(path).pixels, np.ones((8, 8, 3)))


def test_one_pixel(tmp_path: Path) -> None:
    path = saved(tmp_path / "dot.png", PillowImage.new("RGB", (1, 1), "lime"))
    assert_array_equal(load_image(str(path)).pixels, [[[0, 1, 0]]])


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"nowhere\.png does not exist; check the path"):
        load_image(tmp_path / "nowhere.png")
    with pytest.raises(ImageError, match="is a folder; name a file inside it"):
        load_image(tmp_path)
    inside_a_file = written(tmp_path / "file", b"x") / "picture.png"
    with pytest.raises(ImageError, match="does not exist"):
        load_image(inside_a_file)
    with pytest.raises(ImageError, match="has a character that no file name can have"):
        load_image("nul\0.png")


def test_no_permission_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = written(tmp_path / "secret.png", b"x")
    monkeypatch.setattr("os.open", refuse)  # root may read anything
    with pytest.raises(ImageError, match=r"secret\.png may not be read; change its permissions"):
        load_image(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"picture\.png is empty \(0 bytes\)"),
        (b"hello, world", r"JPEG, PNG, WebP, TIFF, BMP, GIF, AVIF or HEIF image, but .*picture\.png is not an image"),
        (b"GIF89a" + bytes(3), r"complete GIF image, but .*picture\.png is truncated"),
        (b"\0\0\0\x0cJXL" + bytes(20), "is a JPEG XL file; convert it to PNG"),
        (b"%PDF-1.7", "is a PDF file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), r"complete PNG image, but .*picture\.png is truncated, damaged"),
        (b"II*\0" + bytes(40), "complete TIFF image"),
        (png(np.zeros((0, 3, 3)), 2, 8), "without pixels"),
        (b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 0, 0, 1, 24, 0, 0, 0, 0, 0, 0), "pixel"),
    ],
    ids=["empty", "text", "gif", "jpeg xl", "pdf", "png", "tiff", "no rows", "bmp without pixels"],
)
def test_files_that_are_not_images(tmp_path: Path, data: bytes, message: str) -> None:
    path = written(tmp_path / "picture.png", data)
    with pytest.raises(ImageError, match=message):
        load_image(path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".bmp", ".tif"])
def test_truncated_files(tmp_path: Path, suffix: str) -> None:
    noise = PillowImage.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8))
    whole = saved(tmp_path / f"whole{suffix}", noise).read_bytes()
    for share in (0.1, 0.5, 0.95):
        path = written(tmp_path / f"cut{suffix}", whole[: int(len(whole) * share)])
        with pytest.raises(ImageError, match=r"cut\.\w+ is truncated"):
            load_image(path)


def test_truncated_16_bit_files(tmp_path: Path) -> None:
    samples = np.random.default_rng(0).integers(0, 65536, (40, 40, 3), np.uint16)
    whole = png(samples, 2, 16)
    with pytest.raises(ImageError, match=r"cut\.png is truncated or damaged"):
        load_image(written(tmp_path / "cut.png", whole[: len(whole) // 2]))


def test_damaged_checksum(tmp_path: Path) -> None:
    data = bytearray(png(RGB, 2, 8))
    data[40:44] = b"\xff\xff\xff\xff"
    with pytest.raises(ImageError, match="damaged"):
        load_image(written(tmp_path / "bad.png", bytes(data)))


HUGE = np.kron(np.array([[0, 255], [255, 0]], np.uint8), np.ones((8, 8), np.uint8))
"""16x16 pixels in four squares, of which reducing by 2 or 4 mixes no two."""


@pytest.mark.parametrize(
    ("suffix", "mode", "options"),
    [
        (".png", "L", {}),
        (".png", "P", {}),
        (".png", "1", {}),
        (".png", "RGBA", {}),
        (".tif", "CMYK", {}),
        (".tif", "F", {}),
        (".png", "I;16", {}),
        (".jpg", "RGB", {"quality": 100}),
        (".gif", "P", {}),
    ],
)
def test_an_image_of_too_many_pixels_is_read_reduced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str, mode: str, options: dict[str, object]
) -> None:
    stored = {"F": HUGE / np.float32(255), "I;16": HUGE.astype(np.uint16) * 257}.get(mode)
    image = PillowImage.fromarray(HUGE if stored is None else stored)
    path = saved(tmp_path / f"huge{suffix}", image if stored is not None else image.convert(mode), **options)
    monkeypatch.setattr(PillowImage, "MAX_IMAGE_PIXELS", 64)
    picture = load_image(path)
    assert_allclose(picture.pixels, gray(HUGE[::2, ::2]), atol=0.02)
    assert file_notes(path) == [
        f"{path} is 16x16, more than 0 megapixels; it is read at about 1/2 of its width and height"
    ]


def test_a_map_of_too_many_pixels_keeps_its_colors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stripes = np.zeros((3, 30, 3), np.uint8)
    stripes[:, 13:] = (200, 100, 50)
    path = saved(tmp_path / "map.png", PillowImage.fromarray(stripes))
    monkeypatch.setattr(PillowImage, "MAX_IMAGE_PIXELS", 30)
    colors, _ = read_map_pixels(path)
    assert {tuple(color) for color in colors.reshape(-1, 3).tolist()} == {(0, 0, 0), (200, 100, 50)}


def test_absurdly_many_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path / "huge.png", PillowImage.new("L", (10, 10)))
    monkeypatch.setattr(PillowImage, "MAX_IMAGE_PIXELS", 40)
    monkeypatch.setattr("maskstyle.images.files.LARGEST_OTHER", 60)
    with pytest.raises(ImageError, match=r"at most 60 pixels, but .*huge\.png has 100; scale it down"):
        load_image(path)


def test_gif_and_frames(tmp_path: Path) -> None:
    frames = [PillowImage.fromarray(RGB), PillowImage.fromarray(RGB[::-1])]
    for name, kind in {"a.gif": "frames", "a.webp": "frames", "a.png": "frames", "a.tif": "pages"}.items():
        options = {"lossless": True} if name == "a.webp" else {}
        path = saved(tmp_path / name, frames[0], save_all=True, append_images=frames[1:], **options)
        assert_array_equal(load_image(path).pixels, unit(RGB))
        assert file_notes(path) == [f"{path} has 2 {kind}; the first is used"]
    assert file_notes(saved(tmp_path / "one.gif", frames[0])) == []


@pytest.mark.skipif(not features.check("avif"), reason="Pillow was built without AVIF")
def test_avif(tmp_path: Path) -> None:
    path = saved(tmp_path / "photo.avif", PillowImage.fromarray(np.full((16, 16, 3), 200, np.uint8)))
    assert_allclose(load_image(path).pixels, 200 / 255, atol=0.02)


def test_heif_with_the_extra(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif")
    path = tmp_path / "IMG_1.HEIC"
    heif.from_pillow(PillowImage.fromarray(np.full((64, 48, 3), 200, np.uint8))).save(path)
    pixels = load_image(path).pixels
    assert pixels.shape == (64, 48, 3)
    assert_allclose(pixels, 200 / 255, atol=0.02)


def test_heif_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(tmp_path / "IMG_1.HEIC", b"\0\0\0\x18ftypheic" + bytes(20))
    monkeypatch.setattr("maskstyle.images.files._is_supported", lambda kind: kind != "HEIF")
    with pytest.raises(ImageError, match=r'is a HEIF file; to read it, pip install "maskstyle\[heif\]"'):
        load_image(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_float_tiff_that_is_not_finite(tmp_path: Path, value: float) -> None:
    path = saved(tmp_path / "nan.tif", PillowImage.fromarray(np.array([[0.5, value]], np.float32)))
    with pytest.raises(ImageError, match=r"nan\.tif holds NaN or infinity"):
        load_image(path)


def test_float_tiff_outside_0_to_1(tmp_path: Path) -> None:
    path = saved(tmp_path / "range.tif", PillowImage.fromarray(np.array([[0, 255]], np.float32)))
    with pytest.raises(ImageError, match=r"range\.tif holds 0 to 255; rescale"):
        load_image(path)


def test_tiffs_that_pillow_misreads(tmp_path: Path) -> None:
    integers = saved(tmp_path / "long.tif", PillowImage.fromarray(np.array([[1, 2]], np.int32)))
    with pytest.raises(ImageError, match=r"long\.tif holds signed or 32-bit integers"):
        load_image(integers)
    negative = tiff(DEEP, {258: (16,), 262: (0,), 277: (1,)})
    with pytest.raises(ImageError, match=r"negative\.tif white is 0 \(WhiteIsZero\); save it with BlackIsZero"):
        load_image(written(tmp_path / "negative.tif", negative))
    planes = np.zeros((3, 2, 4), np.uint16).reshape(6, 4)
    tags = {257: (2,), 258: (16,) * 3, 262: (2,), 277: (3,), 284: (2,)}
    tags |= {273: (8, 24, 40), 278: (2,), 279: (16, 16, 16)}
    with pytest.raises(ImageError, match=r"planes\.tif has them in separate planes; save it interleaved"):
        load_image(written(tmp_path / "planes.tif", tiff(planes, tags)))
