"""Images, maps and masks as files, as loaded pictures and as 8-bit arrays: the same scene as from arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from PIL import Image

from maskstyle import PlanRegion, StyleImage, load_image, load_map, load_mask, transfer_region
from maskstyle.errors import ImageError, SettingsError
from maskstyle.maps import SemanticMap
from maskstyle.synthesis.identity import plain
from maskstyle.techniques import BasicInputs, MaskInputs, PlanInputs, RegionInputs


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return a folder with an image, a map of two halves, a mask, and an image with alpha."""
    folder = tmp_path_factory.mktemp("files")
    ramp = np.linspace(0, 255, 64 * 64 * 3).astype(np.uint8).reshape(64, 64, 3)
    Image.fromarray(ramp).save(folder / "a.png")
    colors = np.array([(255, 0, 0), (0, 0, 255)], np.uint8)
    Image.fromarray(colors[np.tile(np.arange(64) // 32, (64, 1))]).save(folder / "a_map.png")
    Image.linear_gradient("L").resize((64, 64)).save(folder / "mask.png")
    Image.fromarray(np.dstack([ramp, np.arange(64 * 64).reshape(64, 64) % 256]).astype(np.uint8)).save(
        folder / "b.png"
    )
    return folder


def identity(inputs):
    return plain(inputs.scene().identity)


@pytest.mark.parametrize("form", [str, lambda path: path, load_image, lambda path: np.asarray(Image.open(path))])
def test_an_image_in_any_form(files, form):
    pixels = load_image(files / "a.png").pixels
    given = form(files / "a.png")
    assert identity(BasicInputs(given, [given, given])) == identity(BasicInputs(pixels, [pixels, pixels]))
    assert identity(BasicInputs(given, given, initial=given)) == identity(BasicInputs(pixels, pixels, initial=pixels))


def test_maps_and_masks_as_files(files):
    pixels, mask = load_image(files / "a.png").pixels, load_mask(files / "mask.png")
    semantic_map, path = load_map(files / "a_map.png"), str(files / "a_map.png")
    region = [RegionInputs(pixels, pixels, content_map=each, style_map=each) for each in (path, semantic_map)]
    assert identity(region[0]) == identity(region[1])
    masked = [MaskInputs(pixels, [pixels], masks=[each]) for each in (files / "mask.png", mask)]
    assert identity(masked[0]) == identity(masked[1])


def test_a_plan_of_files(files):
    style = StyleImage(str(files / "a.png"), str(files / "a_map.png"))
    regions = [PlanRegion((255, 0, 0), style=style), PlanRegion(mask=str(files / "mask.png"), style=style)]
    scene = PlanInputs(files / "a.png", regions, content_map=files / "a_map.png").scene()
    assert [each.name for each in scene.layout.placements] == ["#ff0000 (red)", "mask 2"]


def test_the_alpha_of_a_file_comes_with_it(files):
    picture = load_image(files / "b.png")
    scenes = [
        BasicInputs(files / "b.png", files / "a.png"),
        BasicInputs(picture.pixels, files / "a.png", alpha=picture.alpha),
    ]
    shown, wanted = (inputs.scene().layout.visible for inputs in scenes)
    assert shown is not None
    np.testing.assert_array_equal(shown, wanted)


def test_colors_in_python_are_tuples():
    pixels = np.zeros((32, 32, 3), np.float32)
    halves = np.tile(np.arange(32) // 16, (32, 1)).astype(np.int32)
    maps = [SemanticMap(halves, ((255, 0, 0), other)) for other in ((128, 0, 128), (0, 255, 0))]
    texts: Any = ["red"]
    with pytest.raises(ImageError, match=r"pass keep=\[\(128, 0, 128\)\] or"):
        RegionInputs(pixels, pixels, content_map=maps[0], style_map=maps[1]).scene()
    with pytest.raises(SettingsError, match=r"`regions\[0\]` is 'red'; .* maskstyle.maps.parse_color"):
        transfer_region(pixels, pixels, content_map=maps[0], style_map=maps[1], regions=texts)
    with pytest.raises(SettingsError, match=r"expected a color as .* got \(0, 0, 300\)"):
        RegionInputs(pixels, pixels, content_map=maps[0], style_map=maps[1], regions=[(0, 0, 300)]).scene()
