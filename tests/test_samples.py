"""The sample pictures fit their maps, the maps keep to the color table, and painting is reproducible."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from maskstyle import load_image, load_mask

SAMPLES = Path(__file__).parents[1] / "samples"
PHOTOGRAPHS = ["astronaut", "chelsea", "coffee", "rocket"]
PAINTINGS = ["harbour", "window", "woodcut", "dots", "portrait", "lighthouse", "breakfast"]
PICTURES = PHOTOGRAPHS + PAINTINGS
PAIRS = [("astronaut", "portrait"), ("rocket", "lighthouse"), ("coffee", "breakfast")]


def load_module(name):
    spec = importlib.util.spec_from_file_location(f"samples_{name}", SAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def color_shares(path):
    """Share of the pixels of each color."""
    with Image.open(path) as image:
        counts = image.convert("RGB").getcolors(image.width * image.height)
        return {color: count / (image.width * image.height) for count, color in counts}


@pytest.fixture(scope="module")
def table():
    return load_module("palette").REGION_COLORS


@pytest.mark.parametrize("name", PICTURES)
def test_picture_is_readable_and_fits_its_map(name):
    with (
        Image.open(SAMPLES / f"{name}.jpg") as picture,
        Image.open(SAMPLES / f"{name}_map.png") as semantic_map,
    ):
        assert picture.size == semantic_map.size
        assert max(picture.size) <= 640
        assert np.asarray(picture.convert("RGB")).std() > 20


@pytest.mark.parametrize("name", [f"{name}_map" for name in PICTURES] + ["coast_doodle"])
def test_map_has_only_table_colors_and_three_regions(name, table):
    shares = color_shares(SAMPLES / f"{name}.png")
    assert set(shares) <= set(table.values())
    assert sum(share >= 0.01 for share in shares.values()) >= 3


@pytest.mark.parametrize("pair", PAIRS)
def test_photograph_and_painting_of_a_pair_have_the_same_regions(pair):
    photograph, painting = (color_shares(SAMPLES / f"{name}_map.png") for name in pair)
    assert set(photograph) == set(painting)
    assert min(*photograph.values(), *painting.values()) >= 0.005


def test_doodle_uses_colors_of_the_harbour():
    assert set(color_shares(SAMPLES / "coast_doodle.png")) <= set(color_shares(SAMPLES / "harbour_map.png"))


def test_mask_is_a_smooth_gradient_over_the_astronaut():
    with (
        Image.open(SAMPLES / "astronaut_mask.png") as image,
        Image.open(SAMPLES / "astronaut.jpg") as photograph,
    ):
        assert image.mode == "L"
        assert image.size == photograph.size
        mask = np.asarray(image).astype(int)
    assert mask.min() == 0
    assert mask.max() == 255
    assert max(np.abs(np.diff(mask, axis=axis)).max() for axis in (0, 1)) <= 4


@pytest.mark.parametrize("name", ["astronaut", "chelsea"])
def test_masks_fit_their_photographs(name):
    picture, mask = load_image(SAMPLES / f"{name}.jpg").pixels, load_mask(SAMPLES / f"{name}_mask.png")
    assert mask.shape == picture.shape[:2]
    assert mask.max() == 1


def test_files_are_small_and_listed_in_the_readme(table):
    readme = (SAMPLES / "README.md").read_text(encoding="utf-8")
    files = [path for path in SAMPLES.iterdir() if path.suffix in {".jpg", ".png"}]
    assert sum(path.stat().st_size for path in files) < 4_000_000
    assert [path.name for path in files if f"`{path.name}`" not in readme] == []
    assert [name for name, (r, g, b) in table.items() if f"`#{r:02x}{g:02x}{b:02x}`" not in readme] == []


@pytest.mark.parametrize("name", PAINTINGS)
def test_painter_repeats_itself_for_a_seed(name, monkeypatch):
    monkeypatch.syspath_prepend(str(SAMPLES))
    paint = getattr(load_module(f"paint_{name}"), f"paint_{name}")
    first, again, other = paint(height=24, seed=7), paint(height=24, seed=7), paint(height=24, seed=8)
    with Image.open(SAMPLES / f"{name}.jpg") as painting:
        width = round(24 * painting.width / painting.height)
    assert first[0].shape == (24, width, 3)
    assert first[1].shape == (24, width)
    np.testing.assert_array_equal(first[0], again[0])
    np.testing.assert_array_equal(first[1], again[1])
    assert (first[0] != other[0]).any()
