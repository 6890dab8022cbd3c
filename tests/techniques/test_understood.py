"""Images, maps and masks as files, as loaded pictures and as 8-bit arrays: the same scene as from arrays."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from maskstyle import PlanRegion, StyleImage, load_image, load_map, load_mask
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
