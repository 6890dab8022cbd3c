"""Images: every kind of file read correctly, every error named, every write all or nothing."""

from __future__ import annotations

import os
import stat
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image as PillowImage
from PIL import ImageCms

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images.files import check_writable, replacing, write_text_atomically
from maskstyle.images.io import Picture, load_image, read_metadata, save_image, save_mask
from maskstyle.images.pixels import fit_size, resize_image, resize_mask, to_uint8

# Two rows, three columns, no symmetry, so that every turn and flip shows.
RGB = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255]], [[255, 255, 255], [10, 20, 30], [200, 100, 50]]], np.uint8)
ALPHA = np.array([[0, 128, 255], [255, 1, 254]], np.uint8)
DEEP = np.array([[0, 1, 255, 256], [0x80FF, 0xFF00, 0xFFFE, 0xFFFF]], np.uint16)


def unit(stored: np.ndarray, top: int = 255) -> np.ndarray:
    return stored.astype(np.float32) / np.float32(top)


def gray(stored: np.ndarray, top: int = 255) -> np.ndarray:
    return np.repeat(unit(stored, top)[..., np.newaxis], 3, axis=-1)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(samples: np.ndarray, color_type: int, depth: int, *extra: bytes) -> bytes:
    """Encode a PNG by hand, for the depths that Pillow cannot write; a row of `samples` is a row of words."""
    height, width = samples.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2" if depth == 16 else "u1").tobytes() for row in samples)
    if depth < 8:
        width *= 8 // depth
    header = struct.pack(">IIBBBBB", width, height, depth, color_type, 0, 0, 0)
    chunks = [chunk(b"IHDR", header), *extra, chunk(b"IDAT", zlib.compress(rows)), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def tiff(samples: np.ndarray, tags: dict[int, tuple[int, ...]], order: str = "<") -> bytes:
    """Encode an uncompressed TIFF by hand: `samples` are the bytes of one strip, `tags` come on top."""
    height, width = samples.shape[:2]
    data = samples.astype(samples.dtype.newbyteorder(order)).tobytes()
    entries = {256: (width,), 257: (height,), 259: (1,), 273: (8,), 278: (height,), 279: (len(data),)} | tags
    directory_at = 8 + len(data) + len(data) % 2
    body, tail_at, tail = b"", directory_at + 2 + 12 * len(entries) + 4, b""
    for tag, values in sorted(entries.items()):
        packed = struct.pack(f"{order}{len(values)}H", *values)
        if len(packed) > 4:
            packed, tail = struct.pack(f"{order}I", tail_at + len(tail)), tail + packed
        body += struct.pack(f"{order}HHI", tag, 3, len(values)) + packed.ljust(4, b"\0")
    start = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}I", directory_at)
    count = struct.pack(f"{order}H", len(entries))
    return start + data.ljust(directory_at - 8, b"\0") + count + body + bytes(4) + tail


def written(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def saved(path: Path, image: PillowImage.Image, **options: object) -> Path:
    image.save(path, **options)
    return path


def exchanged_profile() -> bytes:
    """Return an sRGB profile with the red and blue primaries exchanged: far from sRGB, easy to foresee."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, blue = data.index(b"rXYZ"), data.index(b"bXYZ")
    data[red : red + 4], data[blue : blue + 4] = b"bXYZ", b"rXYZ"
    return bytes(data)


def icc_profile(device: bytes, space: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """Build a minimal ICC version 2 profile under D50."""
    d50 = struct.pack(">iii", 63190, 65536, 54061)
    tags = {b"wtpt": b"XYZ " + bytes(4) + d50} | tags
    table, body, at = b"", b"", 128 + 4 + 12 * len(tags)
    for name, value in tags.items():
        table += name + struct.pack(">II", at + len(body), len(value))
        body += value.ljust(-(-len(value) // 4) * 4, b"\0")
    header = struct.pack(">I4xI", at + len(body), 0x02100000) + device + space + connection + bytes(12) + b"acsp"
    header = header.ljust(68, b"\0") + d50
    return header.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body


def linear_gray_profile() -> bytes:
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, 256)
    return icc_profile(b"mntr", b"GRAY", b"XYZ ", {b"kTRC": curve})


def black_ink_profile() -> bytes:
    """Return a profile of a press whose cyan, magenta and yellow inks leave no mark."""
    identity = bytes(range(256))
    corners = b"".join(bytes([0 if corner & 1 else 255, 128, 128]) for corner in range(16))
    matrix = struct.pack(">9i", *(65536 * np.eye(3, dtype=int).ravel()))
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + matrix + identity * 4 + corners + identity * 3
    return icc_profile(b"prtr", b"CMYK", b"Lab ", {name: lut for name in (b"A2B0", b"A2B1", b"A2B2")})


# --- reading: modes and depths ------------------------------------------------------------------------


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


def test_colors_beneath_alpha_0_are_kept(tmp_path: Path) -> None:
    for suffix in (".png", ".tif"):
        save_image(tmp_path / f"hidden{suffix}", unit(RGB), np.zeros((2, 3), np.float32))
        assert_array_equal(load_image(tmp_path / f"hidden{suffix}").pixels, unit(RGB))
    save_image(tmp_path / "hidden.webp", np.full((8, 8, 3), 0.6, np.float32), np.zeros((8, 8), np.float32))
    assert_allclose(load_image(tmp_path / "hidden.webp").pixels, 0.6, atol=0.02)


def test_an_opaque_alpha_is_an_alpha(tmp_path: Path) -> None:
    save_image(tmp_path / "opaque.png", unit(RGB), np.ones((2, 3), np.float32))
    assert_array_equal(load_image(tmp_path / "opaque.png").alpha, np.ones((2, 3)))


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


# --- reading: orientation and color ------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".tif", ".webp", ".jpg"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path: Path, orientation: int, suffix: str) -> None:
    # large enough that JPEG keeps them apart
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


def test_orientation_turns_alpha_and_deep_samples_too(tmp_path: Path) -> None:
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
def test_damaged_exif_is_no_obstacle(tmp_path: Path, exif: bytes) -> None:
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


# --- reading: errors ----------------------------------------------------------------------------------


def test_missing_files_and_folders(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"nowhere\.png does not exist; check the path"):
        load_image(tmp_path / "nowhere.png")
    with pytest.raises(ImageError, match="is a folder; name a file inside it"):
        load_image(tmp_path)
    inside_a_file = written(tmp_path / "file", b"x") / "picture.png"
    with pytest.raises(ImageError, match="does not exist"):
        load_image(inside_a_file)
    with pytest.raises(ImageError, match="cannot be opened"):
        load_image("nul\0.png")


def test_no_permission_to_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    path = written(tmp_path / "secret.png", b"x")
    monkeypatch.setattr("builtins.open", refuse)  # root may read anything
    with pytest.raises(ImageError, match=r"no permission to read .*secret\.png; change its permissions"):
        load_image(path)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", r"picture\.png is empty \(0 bytes\)"),
        (b"hello, world", r"JPEG, PNG, WebP, TIFF or BMP image, but .*picture\.png is not an image"),
        (b"GIF89a" + bytes(20), r"picture\.png is a GIF file; convert it to PNG"),
        (b"\0\0\0\x18ftypheic" + bytes(20), "is a HEIC file; convert it to PNG"),
        (b"%PDF-1.7", "is a PDF file"),
        (b"\x89PNG\r\n\x1a\n" + bytes(40), r"complete PNG image, but .*picture\.png is truncated, damaged"),
        (b"II*\0" + bytes(40), "complete TIFF image"),
        (png(np.zeros((0, 3, 3)), 2, 8), "without pixels"),
        (b"BM" + struct.pack("<IIIIiiHHIIiiII", 54, 0, 54, 40, 0, 0, 1, 24, 0, 0, 0, 0, 0, 0), "pixel"),
    ],
    ids=["empty", "text", "gif", "heic", "pdf", "png", "tiff", "no rows", "bmp without pixels"],
)
def test_files_that_are_no_pictures(tmp_path: Path, data: bytes, message: str) -> None:
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


@pytest.mark.parametrize("limit", [60, 40], ids=["Pillow warns", "Pillow raises"])
def test_too_many_pixels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    path = saved(tmp_path / "huge.png", PillowImage.new("L", (10, 10)))
    monkeypatch.setattr(PillowImage, "MAX_IMAGE_PIXELS", limit)
    with pytest.raises(ImageError, match=rf"at most {limit} pixels, but .*huge\.png has 100; scale it down"):
        load_image(path)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_float_tiff_that_is_not_finite(tmp_path: Path, value: float) -> None:
    path = saved(tmp_path / "nan.tif", PillowImage.fromarray(np.array([[0.5, value]], np.float32)))
    with pytest.raises(ImageError, match=r"nan\.tif holds NaN or infinity"):
        load_image(path)


def test_float_tiff_of_another_range(tmp_path: Path) -> None:
    path = saved(tmp_path / "range.tif", PillowImage.fromarray(np.array([[0, 255]], np.float32)))
    with pytest.raises(ImageError, match=r"range\.tif holds 0 to 255; rescale"):
        load_image(path)


def test_tiffs_that_pillow_would_garble(tmp_path: Path) -> None:
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


# --- writing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["out.gif", "out", "out.png.bak"])
def test_unknown_extension(tmp_path: Path, name: str) -> None:
    for write in (check_writable, lambda path: save_image(path, unit(RGB))):
        with pytest.raises(ImageError, match=r"\.png, \.jpg, \.jpeg, \.webp, \.tif, \.tiff or \.bmp, but .*out"):
            write(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def writers() -> list[Callable[[Path], None]]:
    return [
        check_writable,
        lambda path: save_image(path, unit(RGB)),
        lambda path: write_text_atomically(path, "text"),
    ]


@pytest.mark.parametrize("write", writers(), ids=["check", "save", "text"])
def test_unwritable_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None]) -> None:
    with pytest.raises(ImageError, match=r"to write out\.png to, but there is no folder .*lost; create it"):
        write(tmp_path / "lost" / "out.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ImageError, match=r"folder\.png is a folder; name a file inside it"):
        write(tmp_path / "folder.png")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.png")
        with pytest.raises(ImageError, match=r"pipe\.png is a device or a pipe"):
            write(tmp_path / "pipe.png")

    # root may write anywhere, so the answers of the system are replaced rather than the permissions
    old = written(tmp_path / "old.png", b"old")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != old)
    with pytest.raises(ImageError, match=r"old\.png, but it is read-only"):
        write(old)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ImageError, match="no permission to write to the folder"):
        write(tmp_path / "new.png")
    assert sorted(path.name for path in tmp_path.iterdir() if "pipe" not in path.name) == [
        "folder.png",
        "old.png",
    ]


def test_check_writable_leaves_no_trace(tmp_path: Path) -> None:
    check_writable(tmp_path / "out.webp")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".jpg", ".bmp"])
def test_formats_without_alpha_refuse_it(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(ImageError, match=r"keeps transparency, but .* cannot; name it \.png"):
        save_image(tmp_path / f"out{suffix}", unit(RGB), unit(ALPHA))


def test_unfit_arrays(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    with pytest.raises(ImageError, match=r"shape \(H, W, 3\), but got \(2, 3\)"):
        save_image(path, unit(ALPHA))
    with pytest.raises(ImageError, match=r"shape \(2, 3\), but got \(3, 2\)"):
        save_image(path, unit(RGB), unit(ALPHA).T)
    with pytest.raises(ImageError, match="3 of 18 values are NaN"):
        save_image(path, np.where(unit(RGB) == unit(RGB)[1, 1], np.nan, unit(RGB)).astype(np.float32))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), ValueError("bad size")])
def test_a_failing_encoder_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    def fail(self: PillowImage.Image, path: Path, **_: object) -> None:
        path.write_bytes(b"half of a pic")
        raise failure

    path = written(tmp_path / "out.png", b"old")
    monkeypatch.setattr(PillowImage.Image, "save", fail)
    with pytest.raises(ImageError, match=r"out\.png could not be .*\((No space left on device|bad size)\)"):
        save_image(path, unit(RGB))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_replacing_cleans_up_on_interruption(tmp_path: Path) -> None:
    path = written(tmp_path / "out.txt", b"old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as temporary:
        assert temporary.parent == path.parent
        assert temporary.name.startswith(".")
        assert temporary.suffix == ".txt"
        assert str(os.getpid()) in temporary.name
        temporary.write_text("half")
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_replaced_as_it_is(tmp_path: Path) -> None:
    path = written(tmp_path / "run.json", b"old")
    write_text_atomically(path, "Grüße\r\n")
    assert path.read_bytes() == "Grüße\r\n".encode()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name != "posix", reason="POSIX permissions and links")
def test_result_is_a_normal_file_and_links_are_followed(tmp_path: Path) -> None:
    plain = written(tmp_path / "plain", b"")
    target, link = tmp_path / "target.png", tmp_path / "link.png"
    link.symlink_to(target)
    save_image(link, unit(RGB))
    assert link.is_symlink()
    assert target.is_file()
    assert stat.S_IMODE(target.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


@pytest.mark.parametrize(("bits", "mode"), [(8, "L"), (16, "I;16")])
def test_masks_come_back_exactly(tmp_path: Path, bits: int, mode: str) -> None:
    greatest = 2**bits - 1
    mask = unit(np.arange(greatest + 1).reshape(-1, 16), greatest)
    save_mask(tmp_path / "mask.png", mask, bits=bits, metadata={"made": "here"})
    with PillowImage.open(tmp_path / "mask.png") as image:
        assert image.mode == mode
    loaded = load_image(tmp_path / "mask.png")
    assert loaded.alpha is None
    assert_array_equal(loaded.pixels, np.repeat(mask[..., np.newaxis], 3, axis=2))
    assert read_metadata(tmp_path / "mask.png") == {"made": "here"}


def test_masks_are_rounded_and_clipped(tmp_path: Path) -> None:
    save_mask(tmp_path / "mask.png", np.array([[-0.1, 0.4 / 65535, 0.6 / 65535, 1.1]], np.float32))
    assert_array_equal(load_image(tmp_path / "mask.png").pixels[0, :, 0], unit(np.array([0, 0, 1, 65535]), 65535))


def test_what_is_no_mask_is_not_written(tmp_path: Path) -> None:
    mask = np.zeros((2, 3), np.float32)
    for name in ("mask.jpg", "mask"):
        with pytest.raises(ImageError, match=r"end in \.png"):
            save_mask(tmp_path / name, mask)
    with pytest.raises(SettingsError, match="bits is 12; expected 8 or 16"):
        save_mask(tmp_path / "mask.png", mask, bits=12)
    with pytest.raises(ImageError, match=r"shape \(H, W\), but got \(2, 3, 3\)"):
        save_mask(tmp_path / "mask.png", unit(RGB))
    with pytest.raises(ImageError, match="1 of 6 values are NaN"):
        save_mask(tmp_path / "mask.png", np.where(np.arange(6).reshape(2, 3) == 4, np.float32("nan"), mask))
    assert list(tmp_path.iterdir()) == []


# --- metadata -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".webp", ".tif"])
def test_metadata_round_trip(tmp_path: Path, suffix: str) -> None:
    recorded = {"style": "Größe 日本", "seed": 7, "losses": [1.5, 0.25], "nested": {"network": None}}
    path = tmp_path / f"out{suffix}"
    save_image(path, unit(RGB), metadata=recorded)
    assert read_metadata(path) == recorded
    save_image(path, unit(RGB))
    assert read_metadata(path) is None


def test_png_metadata_is_compact_ascii(tmp_path: Path) -> None:
    save_image(tmp_path / "out.png", unit(RGB), metadata={"name": "é", "seed": 7})
    assert b'tEXtmaskstyle\0{"name":"\\u00e9","seed":7}' in (tmp_path / "out.png").read_bytes()


def test_metadata_of_other_types(tmp_path: Path) -> None:
    recorded = {"path": Path("a.png"), "loss": np.float32(0.5), "sizes": np.array([1, 2])}
    save_image(tmp_path / "out.png", unit(RGB), metadata=recorded)
    assert read_metadata(tmp_path / "out.png") == {"path": "a.png", "loss": 0.5, "sizes": [1, 2]}


def test_metadata_never_costs_the_picture(tmp_path: Path) -> None:
    save_image(tmp_path / "out.jpg", unit(RGB), metadata={"losses": "x" * 70000})
    assert read_metadata(tmp_path / "out.jpg") is None
    save_image(tmp_path / "out.jpg", unit(RGB), metadata={"losses": "x" * 64980})
    assert read_metadata(tmp_path / "out.jpg") is not None
    save_image(tmp_path / "out.bmp", unit(RGB), metadata={"seed": 7})
    assert read_metadata(tmp_path / "out.bmp") is None


def test_foreign_descriptions_are_not_metadata(tmp_path: Path) -> None:
    exif = PillowImage.Exif()
    exif[0x010E] = "OLYMPUS DIGITAL CAMERA"
    path = saved(tmp_path / "photo.jpg", PillowImage.fromarray(RGB), exif=exif)
    assert read_metadata(path) is None


@pytest.mark.parametrize("text", [b"{", b"[1]", b"", b"\xff"])
def test_damaged_metadata(tmp_path: Path, text: bytes) -> None:
    path = written(tmp_path / "odd.png", png(RGB, 2, 8, chunk(b"tEXt", b"maskstyle\0" + text)))
    with pytest.raises(ImageError, match=r"metadata of .*odd\.png, but it is damaged"):
        read_metadata(path)
    with pytest.raises(ImageError, match="does not exist"):
        read_metadata(tmp_path / "nowhere.png")


# --- arrays -------------------------------------------------------------------------------------------


def test_to_uint8_inverts_loading_and_rounds_halves_up() -> None:
    every = np.arange(256, dtype=np.uint8)
    assert_array_equal(to_uint8(unit(every)), every)
    assert_array_equal(to_uint8(np.array([-np.inf, 0.5 / 255, 1.5 / 255, np.inf])), [0, 1, 2, 255])
    with pytest.raises(ImageError, match="1 of 2 values are NaN"):
        to_uint8(np.array([0, np.nan]))


@pytest.mark.parametrize(
    ("size", "longer_side", "expected"),
    [
        ((3000, 4000), 512, (384, 512)),
        ((4000, 3000), 512, (512, 384)),
        ((5, 5), 7, (7, 7)),
        ((1, 1000), 10, (1, 10)),
        ((1, 2), 5, (3, 5)),
        ((1, 1), 64, (64, 64)),
    ],
)
def test_fit_size(size: tuple[int, int], longer_side: int, expected: tuple[int, int]) -> None:
    assert fit_size(size, longer_side) == expected


def test_impossible_sizes() -> None:
    with pytest.raises(ImageError, match=r"at least 1x1 \(height x width\), but got 0x3"):
        fit_size((0, 3), 5)
    with pytest.raises(ImageError, match="at least 1 pixel, but got 0"):
        fit_size((3, 3), 0)
    with pytest.raises(ImageError, match="but got 4x0"):
        resize_image(unit(RGB), (4, 0))
    with pytest.raises(ImageError, match=r"but got \(3,\)"):
        resize_image(unit(RGB)[0, 0], (4, 4))


@pytest.mark.parametrize("size", [(1, 1), (3, 9), (17, 5), (40, 64)])
@pytest.mark.parametrize("value", [0.0, 0.123456, 1.0])
def test_constant_images_stay_constant(size: tuple[int, int], value: float) -> None:
    resized = resize_image(np.full((16, 10, 3), value, np.float32), size)
    assert resized.shape == (*size, 3)
    assert resized.dtype == np.float32
    assert_allclose(resized, value, atol=1e-6)


def test_same_size_is_an_exact_copy() -> None:
    image = unit(RGB)
    copy = resize_image(image, (2, 3))
    assert_array_equal(copy, image)
    assert copy is not image
    assert not np.shares_memory(copy, image)


def test_resizing_is_antialiased_and_not_rounded_to_8_bits() -> None:
    checks = np.indices((64, 64)).sum(axis=0).astype(np.float32) % 2
    assert_allclose(resize_image(checks, (8, 8))[2:-2, 2:-2], 0.5, atol=1e-3)
    ramp = np.tile(np.linspace(0.5, 0.501, 32, dtype=np.float32), (4, 1))
    assert len(np.unique(resize_image(ramp, (4, 16))[0])) == 16


@pytest.mark.parametrize("size", [(3, 7), (8, 11), (31, 64), (90, 200)])
def test_a_mask_stays_0_and_1_away_from_its_edges(size: tuple[int, int]) -> None:
    mask = np.zeros((31, 64), np.float32)
    mask[:, 32:] = 1
    resized = resize_mask(mask, size)
    blurred = max(1, size[1] / 64) + 1  # pixels that a triangle on the coarser grid reaches
    columns = np.arange(size[1]) + 0.5 - size[1] / 2
    assert resized.shape == size
    assert resized.dtype == np.float32
    assert (resized[:, columns < -blurred] == 0).all()
    assert (resized[:, columns > blurred] == 1).all()
    assert (np.diff(resized, axis=1) >= 0).all()
    assert resized.mean() == pytest.approx(0.5, abs=0.01)


def test_a_mask_of_the_same_size_is_an_exact_copy() -> None:
    mask = np.random.default_rng(0).random((5, 7), dtype=np.float32)
    copied = resize_mask(mask, (5, 7))
    assert copied is not mask
    assert_array_equal(copied, mask)


def test_resizing_stays_in_range_and_treats_channels_alike() -> None:
    edge = np.zeros((8, 8, 3), np.float32)
    edge[:, 4:] = 1
    resized = resize_image(edge, (8, 32))
    assert resized.min() == 0
    assert resized.max() == 1
    assert_array_equal(resized[..., 0], resize_image(edge[..., 0], (8, 32)))
    assert_array_equal(resized[..., 0], resized[..., 2])
