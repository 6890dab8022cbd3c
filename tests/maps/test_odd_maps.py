"""Unusual and invalid map files: read as documented, or rejected with the name of the file and what to do."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
from map_pictures import (
    BLACK,
    BLUE,
    GREEN,
    RED,
    SHARP,
    WHITE,
    YELLOW,
    assert_is_one_sentence,
    deep_png,
    drawn,
    lanczos,
    landscape,
)
from PIL import Image, ImageFilter

from maskstyle.errors import ImageError
from maskstyle.maps import fit_map, load_map

SIZE = (60, 80)


class Read(NamedTuple):
    """A valid map: a function that writes the file, and the expected regions.

    `regions` are colors, or their number; `nowhere` is the share of pixels in no region.
    """

    write: object
    regions: object
    nowhere: float = 0.0
    suffix: str = ".png"
    near: int = 0


class Refused(NamedTuple):
    """An invalid map: a function that writes the file, and parts of the message besides the file name."""

    write: object
    says: tuple[str, ...]
    suffix: str = ".png"


def saved(make, **options):
    """Return a function that writes an image to a path."""

    def write(path):
        made = make() if callable(make) else make
        picture = made if isinstance(made, Image.Image) else Image.fromarray(np.asarray(made, np.uint8))
        picture.save(path, **options)

    return write


def halves(left=RED, right=BLUE, size=SIZE):
    return np.array([left, right], np.uint8)[np.arange(size[1]) * 2 // size[1]][np.newaxis].repeat(size[0], axis=0)


def with_alpha(alpha, rgb=None):
    return np.dstack([halves() if rgb is None else rgb, np.broadcast_to(alpha, SIZE)]).astype(np.uint8)


def labeled(*values):
    """Return gray stripes with these values."""
    return np.array(values, np.uint8)[np.arange(SIZE[1]) * len(values) // SIZE[1]][np.newaxis].repeat(SIZE[0], axis=0)


def palette_picture(transparent=False):
    picture = Image.fromarray(labeled(0, 1, 2))
    picture.putpalette([*RED, *GREEN, *BLUE])
    return picture


def photograph():
    rng = np.random.default_rng(3)
    smooth = Image.fromarray(rng.integers(0, 256, (12, 16, 3), np.uint8)).resize((80, 60), Image.Resampling.BICUBIC)
    return np.clip(np.asarray(smooth) + rng.normal(0, 6, (60, 80, 3)), 0, 255)


def ramp(high=255, length=256):
    return np.linspace(0, high, length)[np.newaxis].repeat(60, axis=0)


def stripes(number):
    colors = np.array([[40 * (n % 7), 36 * (n // 7 % 7), 250 * (n // 49)] for n in range(number)], np.uint8)
    return colors.repeat(6, axis=0)[np.newaxis].repeat(60, axis=0)


def sixteen_bits(values):
    return lambda path: deep_png(path, np.array(values)[np.arange(80) * len(values) // 80][np.newaxis].repeat(60, 0))


def many_ids(path):
    ids = np.random.default_rng(0).permutation(2000)[:, np.newaxis].repeat(3, axis=1)
    deep_png(path, ids.ravel()[np.newaxis].repeat(3, axis=0))


def with_outline():
    picture = Image.fromarray(halves())
    picture.paste(BLACK, (39, 0, 41, 60))
    return picture


def blurred(radius):
    return lambda: Image.fromarray(halves(size=(120, 160))).filter(ImageFilter.GaussianBlur(radius))


def cut(path):
    landscape().save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def animated(path):
    frames = [Image.fromarray(halves()).quantize(4), Image.fromarray(halves(GREEN)).quantize(4)]
    frames[0].save(path, format="GIF", save_all=True, append_images=frames[1:])


def rotated(path):
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(halves()).save(path, exif=exif, quality=95)


IDS = [(0, 0, 0), (128, 0, 0), (0, 128, 0), (128, 128, 0)]
"""Colors of the ids 0 to 3, of files that have none."""

READ = {
    "one color": Read(saved(np.full((*SIZE, 3), 200)), [(200, 200, 200)]),
    "one row": Read(saved(halves(size=(1, 40))), [RED, BLUE]),
    "one column": Read(saved(np.swapaxes(halves(size=(1, 40)), 0, 1)), [RED, BLUE]),
    "2x2 of four colors": Read(saved([[RED, GREEN], [BLUE, BLACK]]), [RED, GREEN, BLUE, BLACK]),
    "black and white": Read(saved(halves(BLACK, WHITE)), [BLACK, WHITE]),
    "black beside colors": Read(saved(halves(BLACK, RED)), [BLACK, RED]),
    "one bit": Read(saved(Image.fromarray(labeled(0, 255)).convert("1")), [BLACK, WHITE]),
    "gray labels 0 to 3": Read(saved(labeled(0, 1, 2, 3)), IDS[:4]),
    "gray labels and white": Read(saved(labeled(0, 1, 2, 255)), [*IDS[:3], (224, 224, 192)]),
    "gray labels spread to 255": Read(saved(labeled(0, 85, 170, 255)), [(n, n, n) for n in (0, 85, 170, 255)]),
    "gray with alpha": Read(
        saved(lambda: Image.merge("LA", [Image.fromarray(labeled(0, 255)), Image.new("L", (80, 60), 255)])),
        [BLACK, WHITE],
    ),
    "16-bit labels": Read(sixteen_bits([0, 1, 7]), [IDS[0], IDS[1], (128, 128, 128)]),
    "16-bit instances": Read(sixteen_bits([24001, 24002, 7001]), 3),
    "32-bit labels": Read(saved(lambda: Image.fromarray(labeled(0, 1, 2).astype(np.int32))), IDS[:3], suffix=".tif"),
    "16-bit gray": Read(sixteen_bits([0, 65535]), [BLACK, WHITE]),
    "colors 1 apart": Read(saved(halves((200, 10, 10), (200, 10, 11))), [(200, 10, 10), (200, 10, 11)]),
    "64 regions": Read(saved(stripes(64)), 64),
    "an opaque alpha": Read(saved(with_alpha(255)), [RED, BLUE]),
    "a hole": Read(saved(with_alpha(np.where(np.arange(80) < 20, 0, 255))), [RED, BLUE], nowhere=0.25),
    "a soft hole": Read(saved(with_alpha(np.clip((np.arange(80) - 12) * 16, 0, 255))), [RED, BLUE], nowhere=0.25),
    "half opaque all over": Read(saved(with_alpha(128)), [RED, BLUE]),
    "faint all over": Read(saved(with_alpha(20)), [RED, BLUE]),
    "a region all transparent": Read(saved(with_alpha(np.where(np.arange(80) < 40, 0, 255))), [BLUE], nowhere=0.5),
    "a palette": Read(saved(palette_picture), [RED, GREEN, BLUE]),
    "a palette with transparency": Read(saved(palette_picture, transparency=1), [RED, BLUE], nowhere=26 / 80),
    "a palette of web colors, dithered": Read(
        saved(lambda: Image.fromarray(halves((255, 51, 31), BLUE)).convert("P")), [(255, 51, 31), BLUE], near=4
    ),
    "CMYK": Read(
        saved(lambda: Image.fromarray(halves()).convert("CMYK"), quality=90), [RED, BLUE], suffix=".jpg", near=12
    ),
    "CMYK TIFF": Read(saved(lambda: Image.fromarray(halves()).convert("CMYK")), [RED, BLUE], suffix=".tif"),
    "JPEG at quality 20": Read(saved(landscape, quality=20), 4, suffix=".jpg"),
    "JPEG of upright edges at quality 60": Read(saved(halves(), quality=60), [RED, BLUE], suffix=".jpg", near=4),
    "black and white as JPEG": Read(
        saved(halves(BLACK, WHITE, size=(100, 100)), quality=90), [BLACK, WHITE], suffix=".jpg", near=1
    ),
    "JPEG named PNG": Read(saved(halves(), format="JPEG"), [RED, BLUE], near=4),
    "GIF-like PNG of two frames": Read(
        saved(Image.fromarray(halves()), save_all=True, append_images=[Image.fromarray(halves(GREEN))]), [RED, BLUE]
    ),
    "animated GIF": Read(animated, [RED, BLUE], suffix=".gif"),
    "GIF named PNG": Read(animated, [RED, BLUE]),
    "turned by EXIF": Read(rotated, [RED, BLUE], suffix=".jpg", near=4),
    "an outline": Read(saved(with_outline), [RED, BLUE, BLACK]),
    "blurred edges": Read(saved(blurred(2)), [RED, BLUE]),
    "made small": Read(saved(lambda: lanczos(landscape(), 0.15)), 4),
    "made large": Read(saved(lambda: lanczos(landscape(), 3)), 4),
    "gray that is RGB": Read(saved(halves((90, 90, 90), WHITE)), [(90, 90, 90), WHITE]),
    "a lone slip of the pen": Read(
        saved(
            drawn(SIZE, RED, ("rectangle", (40, 0, 80, 60), BLUE), ("rectangle", (5, 5, 6, 6), YELLOW), samples=SHARP)
        ),
        [RED, BLUE],
    ),
}

REFUSED = {
    "transparent all over": Refused(saved(with_alpha(0)), ("transparent everywhere", "opaque")),
    "a photograph": Refused(saved(photograph), ("photograph", "flat")),
    "a photograph as JPEG": Refused(saved(photograph, quality=85), ("photograph",), suffix=".jpg"),
    "noise": Refused(saved(np.random.default_rng(0).integers(0, 256, (*SIZE, 3))), ("flat",)),
    "a gradient": Refused(saved(ramp()), ("flat",)),
    "a broad gradient": Refused(saved(ramp(120, 1200)), ("flat",)),
    "65 regions": Refused(saved(stripes(65)), ("at most 64",)),
    "2,000 ids": Refused(many_ids, ("at most 1024 regions", "2,000 ids")),
    "missing": Refused(lambda path: None, ("does not exist",)),
    "a folder": Refused(lambda path: path.mkdir(), ("is a folder",)),
    "empty": Refused(lambda path: path.touch(), ("is empty",)),
    "a text": Refused(lambda path: path.write_text("regions: red, blue"), ("not an image",)),
    "truncated": Refused(cut, ("truncated or damaged",)),
    "SVG": Refused(lambda path: path.write_text("<svg xmlns='x'/>"), ("is an SVG", "PNG"), suffix=".svg"),
}


@pytest.mark.parametrize("name", READ)
def test_an_unusual_map_is_read(name, tmp_path):
    odd = READ[name]
    path = tmp_path / f"odd{odd.suffix}"
    odd.write(path)
    parsed = load_map(path)
    assert np.mean(parsed.labels < 0) == pytest.approx(odd.nowhere, abs=0.02)
    assert sum(parsed.counts) == np.count_nonzero(parsed.labels >= 0)
    if isinstance(odd.regions, int):
        assert len(parsed.colors) == odd.regions
        return
    assert len(parsed.colors) == len(odd.regions)
    apart = np.abs(np.array(parsed.colors)[:, np.newaxis] - np.array(odd.regions)).max(axis=-1)
    assert apart.min(axis=0).max() <= odd.near


@pytest.mark.parametrize("name", REFUSED)
def test_an_invalid_map_is_rejected(name, tmp_path):
    wrong = REFUSED[name]
    path = tmp_path / f"wrong{wrong.suffix}"
    wrong.write(path)
    with pytest.raises(ImageError) as error:
        load_map(path)
    assert_is_one_sentence(error, path.name, *wrong.says)


@pytest.mark.parametrize(
    ("size", "says"),
    [
        ((80, 60), "rotate it by 90 degrees"),
        ((60, 81), None),
        ((61, 80), None),
        ((30, 40), None),
        ((600, 800), None),
        ((60, 90), "crop or repaint"),
        ((1, 1), "crop or repaint"),
        ((6000, 80), "crop or repaint"),
    ],
)
def test_a_map_is_fitted_only_to_images_of_its_aspect(size, says, tmp_path):
    saved(halves())(tmp_path / "map.png")
    parsed = load_map(tmp_path / "map.png")
    if says is None:
        fitted = fit_map(parsed, size, name="map.png", image_name="photo.jpg")
        assert fitted.size == size
        assert fitted.counts[0] == pytest.approx(size[0] * size[1] / 2, rel=0.03)
        return
    with pytest.raises(ImageError) as error:
        fit_map(parsed, size, name="map.png", image_name="photo.jpg")
    assert_is_one_sentence(error, "map.png is 80x60", f"photo.jpg, which is {size[1]}x{size[0]}", says)
