"""Files as other programs write them: each line of the table in docs/reference/file-formats.md is read as it says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskstyle import load_image, load_map, load_mask
from maskstyle.errors import ImageError
from maskstyle.maps import fit_map
from maskstyle.maps.colors import id_color

SIZE = (24, 36)
VOC = [channel for number in range(256) for channel in id_color(number)]
RED, GREEN = (200, 70, 50), (110, 140, 60)


def bands(*values, size=SIZE, dtype=np.uint8):
    """Return upright bands of values, (H, W)."""
    columns = np.arange(size[1]) * len(values) // size[1]
    return np.broadcast_to(np.array(values, dtype)[columns], size).copy()


def indexed(values, palette):
    image = Image.fromarray(values).convert("P")
    image.putdata(values.ravel().tolist())
    image.putpalette(palette)
    return image


def flat():
    return Image.fromarray(np.array([RED, GREEN], np.uint8)[bands(0, 1)])


def soft():
    return (np.linspace(0, 1, SIZE[1], dtype=np.float32) * 255).round().astype(np.uint8)[np.newaxis].repeat(24, 0)


def cut_out():
    pixels = np.dstack([np.asarray(flat()), bands(0, 255)])
    pixels[pixels[..., 3] == 0] = 0
    return Image.fromarray(pixels)


MAPS = {
    "GIMP, Krita, Photoshop": (flat(), (RED, GREEN), None),
    "GIMP, indexed mode": (indexed(bands(0, 1), [*RED, *GREEN]), (RED, GREEN), (0, 1)),
    "labelme2voc": (indexed(bands(0, 15, 255), VOC), None, (0, 15)),
    "CVAT, segmentation mask": (flat(), (RED, GREEN), None),
    "ADE20K, mmsegmentation": (Image.fromarray(bands(3, 17, 150)), None, (3, 17, 150)),
    "Cityscapes": (Image.fromarray(bands(7, 11, 33)), None, (7, 11, 33)),
    "COCO panoptic tools": (Image.fromarray(bands(1, 184, 900, dtype=np.uint16)), None, (1, 184, 900)),
    "DeepLab and other networks": (Image.fromarray(bands(0, 15, size=(33, 33))), None, (0, 15)),
}
"""For each program: its file, and the colors or the ids of the regions."""

MASKS = {
    "OpenCV, a mask saved as 0 and 1": (Image.fromarray(bands(0, 1)), bands(0, 1, dtype=np.float32)),
    "Pillow, a mask of booleans": (Image.fromarray(bands(0, 255)).convert("1"), bands(0, 1, dtype=np.float32)),
    "Label Studio, brush": (Image.fromarray(bands(0, 255)), bands(0, 1, dtype=np.float32)),
    "rembg": (cut_out(), bands(0, 1, dtype=np.float32)),
    "rembg -om": (Image.fromarray(soft()), soft() / np.float32(255)),
}
"""For each program: its file, and the mask."""


def test_every_line_of_the_table_is_tried():
    text = (Path(__file__).parents[2] / "docs" / "reference" / "file-formats.md").read_text(encoding="utf-8")
    table = text.partition("| program | file |")[2].partition("\n\n")[0].splitlines()[2:]
    assert [line.split(" | ")[0].removeprefix("| ") for line in table] == [*MAPS, *MASKS]


@pytest.mark.parametrize("program", MAPS)
def test_a_map(program, tmp_path):
    image, colors, ids = MAPS[program]
    image.save(tmp_path / "map.png")
    found = load_map(tmp_path / "map.png", ignore=[255] if program == "labelme2voc" else ())
    if colors is not None:
        assert set(found.colors) == set(colors)
    assert (None if found.ids is None else tuple(sorted(found.ids))) == ids
    assert found.named_by_id == (colors is None)


def test_a_square_map_of_a_network_is_stretched_on_request(tmp_path):
    MAPS["DeepLab and other networks"][0].save(tmp_path / "map.png")
    found = load_map(tmp_path / "map.png")
    names = {"name": "the map", "image_name": "the photo"}
    with pytest.raises(ImageError, match="stretch_maps"):
        fit_map(found, SIZE, **names)
    assert fit_map(found, SIZE, stretch=True, **names).size == SIZE


@pytest.mark.parametrize("program", MASKS)
def test_a_mask(program, tmp_path):
    image, mask = MASKS[program]
    image.save(tmp_path / "mask.png")
    np.testing.assert_allclose(load_mask(tmp_path / "mask.png"), mask, atol=1e-6)


def test_a_cut_out_is_a_picture_with_its_opacity(tmp_path):
    cut_out().save(tmp_path / "cut.png")
    np.testing.assert_array_equal(load_image(tmp_path / "cut.png").alpha, bands(0, 1, dtype=np.float32))
