"""Alpha is a guide: what is transparent does not count, for every technique; gray images stay gray."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import TINY19, forward, he_weights, random_image
from small_scenes import BLUE, LAYERS, RED, SETTINGS, side_by_side, stacked

import maskstyle
from maskstyle import Limits, PatchSettings, PlanRegion, Run, StyleImage
from maskstyle.errors import ImageError
from maskstyle.images.transparency import extended, with_alpha
from maskstyle.objective.extract import Extractor
from maskstyle.objective.guides import guides_at
from maskstyle.settings import without_content
from maskstyle.techniques import TECHNIQUES, BasicInputs, PlanInputs, RegionInputs

pytestmark = pytest.mark.usefixtures("eagerly")

SMALL, LARGE = (20, 24), (24, 80)


def round_alpha(size):
    """Return an alpha that is 1 in the middle, 0 along the border, and 0.5 between."""
    rows, columns = (np.abs(np.linspace(-1, 1, side)) for side in size)
    distance = np.maximum.outer(rows, columns)
    return np.where(distance < 0.5, 1, np.where(distance < 0.7, 0.5, 0)).astype(np.float32)


def hiding(image, alpha, color):
    """Return an RGBA image with one color wherever it is hidden."""
    return with_alpha(np.where((alpha == 0)[..., np.newaxis], np.float32(color), image), alpha)


def given(name, size, color):
    """Return the inputs of a technique, cut out, with a color beneath what is hidden."""
    style_size = (size[0] - 2, size[1])
    content = hiding(random_image(1, *size), round_alpha(size), color)
    style = hiding(random_image(2, *style_size) ** 2, round_alpha(style_size), color)
    content_map, style_map = side_by_side(size), stacked(style_size, (BLUE, RED))
    maps = {"content_map": content_map, "style_map": style_map}
    mask = np.tile(np.linspace(0, 1, size[1], dtype=np.float32), (size[0], 1))
    return {
        "basic": {"content": content, "style": style},
        "region": {"content": content, "style": style, **maps},
        "mask": {"content": content, "styles": [style], "masks": [mask]},
        "patch": {"content": content, "style": style, "patches": PatchSettings(patch_size=8), **maps},
        "doodle": {"style": style, "doodle": content_map, "style_map": style_map, "alpha": round_alpha(size)},
        "plan": {
            "content": content,
            "regions": [PlanRegion(RED, style=StyleImage(style)), PlanRegion(mask=mask, style=StyleImage(style))],
            "content_map": content_map,
        },
    }[name]


@pytest.fixture
def painted(tiny_choice):
    def painted(name, inputs, *, limits=None, **changes):
        settings = SETTINGS.changed(**changes)
        settings = without_content(settings) if name == "doodle" else settings
        run = Run(tiny_choice(LAYERS), limits or Limits())
        return getattr(maskstyle, f"transfer_{name}")(**inputs, settings=settings, run=run)

    return painted


@pytest.mark.parametrize("name", TECHNIQUES)
def test_hidden_colors_change_nothing(painted, name):
    black, pink = (painted(name, given(name, SMALL, color), steps=2) for color in ((0, 0, 0), (1, 0.2, 0.7)))
    assert_array_equal(black.image, pink.image)
    assert black.losses == pink.losses
    assert_array_equal(black.alpha, round_alpha(SMALL))


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        ("mask", {"color": "match"}),
        ("region", {"color": "match", "gram_normalization": "none"}),
        ("basic", {"color": "luminance", "init": "style"}),
        ("doodle", {"init": "colors", "tv_weight": 0.1}),
    ],
)
def test_hidden_colors_change_nothing_with_other_settings(painted, name, changes):
    black, pink = (painted(name, given(name, SMALL, color), steps=1, **changes) for color in (0, 0.7))
    assert_array_equal(black.image, pink.image)
    assert black.losses == pink.losses


@pytest.mark.parametrize(("name", "changes"), [("region", {"style_weight": 10.0, "tv_weight": 0.1}), ("patch", {})])
def test_hidden_colors_change_nothing_in_tiles(painted, name, changes):
    changes = {"size": max(LARGE), "optimizer": "adam", "steps": 1, **changes}
    black, pink, whole = (
        painted(name, given(name, LARGE, color), limits=Limits(tile_size=tile_size), **changes)
        for color, tile_size in (((0, 0, 0), 64), ((1, 0.2, 0.7), 64), ((0, 0, 0), None))
    )
    assert_array_equal(black.image, pink.image)
    assert_allclose(black.image, whole.image, atol=2e-3)
    assert black.losses == pytest.approx(whole.losses, rel=1e-3)


def test_gram_matrices_are_those_of_the_visible_pixels(tiny_network):
    size, visible = (12, 16), np.zeros((12, 16), np.float32)
    visible[2:8, 4:12] = 1  # whole cells at both layers
    image, style = random_image(1, *size), random_image(2, *size)
    network = tiny_network(LAYERS, padding="edge")
    scene = BasicInputs(with_alpha(image, visible), with_alpha(style, visible), settings=SETTINGS).scene()
    (guide,) = guides_at(Extractor(network), scene.layout, scene.styles_at(size), size, SETTINGS)
    weights = he_weights(TINY19, ("block1_conv1", "block1_conv2", "block2_conv1"))
    features = forward(extended(style, visible), weights, SETTINGS.pooling, "edge")
    for layer, factor in (("block1_conv1", 1), ("block2_conv1", 2)):
        seen = visible[::factor, ::factor].astype(bool)
        rows = features[layer][seen].astype(np.float64)
        assert_allclose(guide.targets[layer], rows.T @ rows / len(rows), rtol=1e-4, atol=1e-5)
        assert_array_equal(guide.cells[layer], np.flatnonzero(seen))


def test_terms_count_what_is_visible(tiny_network):
    """A cut-out's content term and total variation equal those of its visible pixels alone."""
    from maskstyle.objective.assemble import content_term, total_variation_term
    from maskstyle.objective.objective import Objective

    visible = np.zeros((12, 16), np.float32)
    visible[:, :8] = 1
    content, image = random_image(1, 12, 16), random_image(2, 12, 16)
    settings = SETTINGS.changed(
        content_layers=(("block1_conv1", 1.0),), style_weight=1.0, tv_weight=2.0, content_weight=3.0
    )
    network = tiny_network(LAYERS, padding="edge")
    terms = [content_term(Extractor(network), content, settings, alpha=visible)]
    losses = Objective(network, [*terms, total_variation_term(settings, visible)]).losses(image)
    found, wanted = (network(each)["block1_conv1"].numpy()[:, :8] for each in (image, content))
    assert losses["content"] == pytest.approx(3 * np.mean((found - wanted) ** 2) / np.mean(wanted**2), rel=1e-4)
    alone = Objective(network, [total_variation_term(settings)]).losses(image[:, :8])
    assert losses["total_variation"] == pytest.approx(alone["total_variation"], rel=1e-5)


def test_wholly_transparent_images_are_refused():
    empty, image = np.zeros((8, 8), np.float32), random_image(1, 8, 8)
    with pytest.raises(ImageError, match="the content image is transparent everywhere"):
        BasicInputs(image, image, alpha=empty).scene()
    with pytest.raises(ImageError, match="the style image is transparent everywhere"):
        BasicInputs(image, with_alpha(image, empty)).scene()


def test_transparent_regions_are_named():
    image, alpha = random_image(1, 12, 16), np.zeros((12, 16), np.float32)
    alpha[:, :8] = 1  # red is visible, blue is not
    maps = {"content_map": side_by_side((12, 16)), "style_map": side_by_side((12, 16)), "settings": SETTINGS}
    with pytest.raises(ImageError, match=r"region #0000ff \(blue\) of the style image is transparent"):
        RegionInputs(image, with_alpha(image, alpha), **maps).scene()
    scene = RegionInputs(image, image, alpha=alpha, **maps).scene()
    assert scene.notes == ("region #0000ff (blue) is transparent in the content image, so nothing is painted there",)
    assert scene.layout.painted() == [0]
    with pytest.raises(ImageError, match=r"transparent wherever it is painted \(region #0000ff \(blue\)\)"):
        RegionInputs(image, image, alpha=alpha, regions=[BLUE], **maps).scene()
    half = np.zeros((12, 16), np.float32)
    half[:, 12:] = 1
    masked = PlanRegion(mask=half, style=StyleImage(with_alpha(image, alpha)), style_mask=half)
    with pytest.raises(ImageError, match="the masked part of the style image is transparent"):
        PlanInputs(image, [masked]).scene()


@pytest.mark.parametrize("init", ["recolored", "noise", "image"])
def test_gray_images_stay_gray(painted, init):
    content, style = (random_image(seed, *SMALL)[..., :1].repeat(3, axis=-1) for seed in (1, 2))
    noisy = np.clip(content + (random_image(3, *SMALL) - 0.5) * 0.01, 0, 1)  # as compression leaves it
    initial = {"initial": random_image(4, *SMALL)} if init == "image" else {}
    changes = {} if init == "image" else {"init": init}
    result = painted("basic", {"content": noisy, "style": style, **initial}, **changes)
    assert_array_equal(result.image, result.image[..., :1].repeat(3, axis=-1))


def test_one_colored_image_brings_color(painted):
    gray = random_image(1, *SMALL)[..., :1].repeat(3, axis=-1)
    result = painted("basic", {"content": gray, "style": random_image(2, *SMALL)})
    assert np.ptp(result.image, axis=-1).max() > 0.05
