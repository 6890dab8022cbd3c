"""Writing images, masks and metadata: atomic, and read back unchanged."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from image_bytes import (
    ALPHA,
    RGB,
    chunk,
    png,
    saved,
    unit,
    written,
)
from numpy.testing import assert_array_equal
from PIL import Image as PillowImage

from maskstyle.errors import ImageError, SettingsError
from maskstyle.images import (
    check_writable,
    load_image,
    read_metadata,
    save_image,
    save_mask,
)
from maskstyle.images.writing import replacing, write_text


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
        lambda path: write_text(path, "text"),
    ]


@pytest.mark.parametrize("write", writers(), ids=["check", "save", "text"])
def test_unwritable_targets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path], None]) -> None:
    with pytest.raises(ImageError, match=r"to write out\.png to, but there is no folder .*lost; create it"):
        write(tmp_path / "lost" / "out.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(ImageError, match=r"folder\.png is a folder; name a file inside it"):
        write(tmp_path / "folder.png")
    # root may write anywhere, so replace the system's answers instead of changing permissions
    old = written(tmp_path / "old.png", b"old")
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path) != old)
    with pytest.raises(ImageError, match=r"old\.png, but it is read-only"):
        write(old)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ImageError, match="no permission to write to the folder"):
        write(tmp_path / "new.png")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder.png", "old.png"]


def test_check_writable_leaves_no_trace(tmp_path: Path) -> None:
    check_writable(tmp_path / "out.webp")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", [".jpg", ".bmp"])
def test_formats_without_alpha_refuse_it(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(ImageError, match=r"keeps transparency, but .* cannot; name it \.png"):
        save_image(tmp_path / f"out{suffix}", unit(RGB), unit(ALPHA))


def test_arrays_that_do_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "out.png"
    with pytest.raises(ImageError, match=r"`pixels` has shape \(2, 3\); expected an RGB image"):
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
    def fail(self: PillowImage.Image, file: BinaryIO, **_: object) -> None:
        file.write(b"half of a pic")
        raise failure

    path = written(tmp_path / "out.png", b"old")
    monkeypatch.setattr(PillowImage.Image, "save", fail)
    with pytest.raises(ImageError, match=r"out\.png could not be .*\((No space left on device|bad size)\)"):
        save_image(path, unit(RGB))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_replacing_cleans_up_on_interruption(tmp_path: Path) -> None:
    path = written(tmp_path / "out.txt", b"old")
    with pytest.raises(KeyboardInterrupt), replacing(path) as file:  # noqa: PT012
        file.write(b"half")
        (beside,) = {*tmp_path.iterdir()} - {path}
        assert beside.name.startswith(f".maskstyle-{os.getpid()}-")
        assert beside.suffix == ".txt"
        raise KeyboardInterrupt
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_written_unchanged(tmp_path: Path) -> None:
    path = written(tmp_path / "run.json", b"old")
    write_text(path, "Grüße\r\n")
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
def test_masks_are_read_back_exactly(tmp_path: Path, bits: int, mode: str) -> None:
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


def test_invalid_masks_are_not_written(tmp_path: Path) -> None:
    mask = np.zeros((2, 3), np.float32)
    for name in ("mask.jpg", "mask"):
        with pytest.raises(ImageError, match=r"end in \.png"):
            save_mask(tmp_path / name, mask)
    with pytest.raises(SettingsError, match="bits is 12; expected 8 or 16"):
        save_mask(tmp_path / "mask.png", mask, bits=12)
    with pytest.raises(ImageError, match=r"`mask` has shape \(2, 3, 3\); expected a mask"):
        save_mask(tmp_path / "mask.png", unit(RGB))
    with pytest.raises(ImageError, match="1 of 6 values are NaN"):
        save_mask(tmp_path / "mask.png", np.where(np.arange(6).reshape(2, 3) == 4, np.float32("nan"), mask))
    assert list(tmp_path.iterdir()) == []


def test_metadata_that_contain_themselves(tmp_path: Path) -> None:
    circle: dict[str, object] = {}
    circle["circle"] = circle
    with pytest.raises(ImageError, match="`metadata` cannot be stored as JSON"):
        save_image(tmp_path / "out.png", unit(RGB), metadata=circle)
    assert not list(tmp_path.iterdir())


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


def test_metadata_that_cannot_be_stored_is_omitted(tmp_path: Path) -> None:
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
