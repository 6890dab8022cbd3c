"""Sizes of the result, the content image at its full size, layers, and results without metadata."""

from __future__ import annotations

import zipfile
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from maskstyle.images import read_metadata

LEFT, RIGHT = (200, 60, 50), (50, 60, 200)


def pixels(file):
    with Image.open(file) as image:
        return np.asarray(image.convert("RGB")).astype(int)


@pytest.fixture
def large(desk, painted):
    """Return the working folder with large.png, of 600x400 pixels: more than the default size."""
    painted((400, 600)).save(desk / "large.png")
    return desk


@pytest.mark.parametrize(
    ("size", "became", "note"),
    [
        ((), "512x341", "large.png is 600x400, reduced to 512x341; --size 600 or --size original keeps it"),
        (("--size", "original"), "600x400", None),
        (("--size", "300x200"), "300x200", None),
        (("--size", "300x201"), "300x201", None),
        (("--size", "400x300"), "400x267", "large.png has another aspect than 400x300; the result is 400x267"),
        (("--size", "150"), "150x100", None),
        (("--full-size",), "512x341", None),
    ],
)
def test_a_size(size, became, note, large, run, without_tensorflow):
    ran = run("basic", "large.png", "large.png", "-o", "out.png", "--dry-run", *size).succeeded()
    assert f"{became}\n" in ran.out.split("steps:")[0]
    notes = [line.removeprefix("note: ") for line in ran.err.splitlines() if "large.png" in line]
    assert notes == ([] if note is None else [note])


@pytest.mark.parametrize("size", ["800 by 600", "0x600", "big"])
def test_a_size_that_is_none(size, desk, run):
    failed = run("basic", "content.png", "style.jpg", "-o", "out.png", "--size", size)
    assert failed.code == 2
    assert failed.error.endswith("expected the longer side in pixels, WIDTHxHEIGHT such as 800x600, or original")


def test_sizes_in_plans(large, run, without_tensorflow):
    text = 'technique = "basic"\ncontent = "large.png"\n[styles.one]\nimage = "large.png"\n[settings]\nsize = '
    for size, became in {'"300x200"': "300x200", '"original"': "600x400", "150": "150x100"}.items():
        (large / "plan.toml").write_text(text + size)
        assert f"output: none, {became}" in run("run", "plan.toml", "--dry-run").succeeded().out
    for size, became in {"300x200": "300x200", "original": "600x400"}.items():
        ran = run("run", "plan.toml", "--dry-run", "--set", f"size={size}").succeeded()
        assert f"output: none, {became}" in ran.out


def test_a_small_style_is_noted(large, run, without_tensorflow):
    ran = run("basic", "large.png", "style.jpg", "-o", "out.png", "--dry-run").succeeded()
    assert "is 28x36, much smaller than the result of 512x341: it is not enlarged to that" in ran.err


@pytest.fixture(scope="module")
def layered(shared_desk, run_in, two_halves, painted, quick):
    """Return the folder of a result at full size, of which the left half is painted, with its layers."""
    painted((64, 80)).save(shared_desk / "full.png")
    two_halves(shared_desk / "full_map.png", (64, 80), LEFT, RIGHT)
    two_halves(shared_desk / "style_map.png", (36, 28), LEFT, RIGHT)
    options = ("--size", "40", "--full-size", "--regions", "#c83c32", *quick)
    command = ("region", "full.png", "style.jpg", *options)
    run_in(shared_desk, *command, "-o", "out.png", "--layers", "out.ora").succeeded()
    return shared_desk, command


def test_full_size_keeps_what_is_not_painted(layered):
    folder, _ = layered
    content, result = pixels(folder / "full.png"), pixels(folder / "out.png")
    np.testing.assert_array_equal(result[:, 40:], content[:, 40:])
    assert np.abs(result[:, :40] - content[:, :40]).mean() > 5


def test_full_size_can_be_repeated(layered, run_in):
    folder, _ = layered
    run_in(folder, "plan", "from", "out.png", "-o", "plan.toml").succeeded()
    assert "full_size = true" in (folder / "plan.toml").read_text()
    run_in(folder, "run", "plan.toml", "-o", "again.png").succeeded()
    np.testing.assert_array_equal(pixels(folder / "again.png"), pixels(folder / "out.png"))


def test_the_layers_make_the_result(layered):
    folder, _ = layered
    with zipfile.ZipFile(folder / "out.ora") as archive:
        assert archive.namelist()[0] == "mimetype"
        assert archive.read("mimetype") == b"image/openraster"
        stack = ElementTree.fromstring(archive.read("stack.xml"))
        assert (stack.get("w"), stack.get("h")) == ("80", "64")
        layers = stack.findall("stack/layer")
        assert [layer.get("name") for layer in layers][-1] == "content"
        merged = Image.new("RGBA", (80, 64))
        for layer in reversed(layers):
            with archive.open(layer.get("src")) as file:
                merged = Image.alpha_composite(merged, Image.open(file).convert("RGBA"))
    difference = np.asarray(merged.convert("RGB")).astype(int) - pixels(folder / "out.png")
    assert len(layers) == 2
    assert np.abs(difference).max() <= 1


def test_layers_in_a_folder_without_metadata(layered, run_in):
    folder, command = layered
    ran = run_in(folder, *command, "-o", "bare.png", "--layers", "layers", "--no-metadata").succeeded()
    assert "note: without metadata, maskstyle plan from cannot repeat the result" in ran.err
    assert read_metadata(folder / "bare.png") is None
    assert b"full.png" not in (folder / "bare.png").read_bytes()
    content, painted = sorted((folder / "layers").iterdir())
    assert content.name == "00_content.png"
    with Image.open(painted) as image:
        alpha = np.asarray(image.getchannel("A"))
    assert alpha[:, :40].min() == 255
    assert alpha[:, 40:].max() == 0


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ("out.psd", "--layers is out.psd; expected a name that ends in .ora, or a folder"),
        (".", "--layers is ., the folder of the input content.png; pass another folder"),
    ],
)
def test_layers_that_cannot_be_written(layers, message, desk, run, without_tensorflow):
    failed = run("basic", "content.png", "style.jpg", "-o", "out.png", "--layers", layers)
    assert failed.code == 2
    assert failed.error == message


def test_workers_of_dask_paint_tiles_to_the_same_pixels(basic, workers):
    tiles = ("--size", "96", "--tile-size", "64")
    basic(*tiles, output="here.png").succeeded()
    ran = basic(*tiles, "--scheduler", workers.scheduler_address, output="there.png").succeeded()
    assert f"workers: {workers.scheduler_address} paints the tiles; its scheduler takes about 0.1 GB, each" in ran.err
    np.testing.assert_array_equal(pixels("there.png"), pixels("here.png"))
