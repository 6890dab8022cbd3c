"""The losses of each recipe in a transfer, against the formulas of its source in NumPy float64."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import TINY16, TINY19, forward, he_weights, random_image, raw_gram, total_variation

from maskstyle import Run, transfer_basic
from maskstyle.errors import SettingsError
from maskstyle.images.pixels import resize_image
from maskstyle.objective.assemble import content_limit
from maskstyle.objective.terms import STIFFNESS
from maskstyle.recipes import RECIPES, find_recipe
from maskstyle.settings import wanted_layers

FIRST_OF_EACH_BLOCK = ("block1_conv1", "block2_conv1", "block3_conv1", "block4_conv1", "block5_conv1")
SIZE = (35, 45)  # odd, so that pooling drops rows and columns
IMAGE, CONTENT = random_image(1, *SIZE), random_image(2, *SIZE)
STYLE = random_image(3, 45, 37)  # its longer side is the content's: `keep` keeps its size


pytestmark = pytest.mark.usefixtures("eagerly")


def numpy_features(image, architecture, pooling, padding="zero"):
    return forward(image, he_weights(architecture, architecture.layers), pooling, padding)


def gatys_losses(features, content, style, content_layer, content_weight=1e-3, style_weight=1.0):
    """Equations 1, 4 and 5 of Gatys et al. 2016, as Ghorpade et al. 2021 has them too."""
    style_loss = 0.0
    for layer in FIRST_OF_EACH_BLOCK:
        height, width, channels = features[layer].shape
        squares = (raw_gram(features[layer]) - raw_gram(style[layer])) ** 2
        style_loss += squares.sum() / (4 * channels**2 * (height * width) ** 2) / 5
    return {
        "content": content_weight * 0.5 * ((features[content_layer] - content[content_layer]) ** 2).sum(),
        "style": style_weight * style_loss,
    }


def mean_gram(features):
    return raw_gram(features) / (features.shape[0] * features.shape[1])


def gatys2016():
    features, content, style = (
        numpy_features(each, TINY19, "average") for each in (IMAGE, CONTENT, resize_image(STYLE, SIZE))
    )
    return gatys_losses(features, content, style, "block4_conv2")


def ghorpade2021():
    features, content, style = (
        numpy_features(each, TINY16, "max") for each in (IMAGE, CONTENT, resize_image(STYLE, SIZE))
    )
    return gatys_losses(features, content, style, "block4_conv3")


def fernandes():
    features, content, style = (numpy_features(each, TINY19, "max") for each in (IMAGE, CONTENT, STYLE))
    distances = [
        np.mean((mean_gram(features[layer]) - mean_gram(style[layer])) ** 2)
        for layer in ("block2_conv1", "block3_conv1")
    ]
    return {
        "content": 5 * np.mean((features["block4_conv2"] - content["block4_conv2"]) ** 2),
        "style": 25 * (distances[0] / 2 + distances[1] / 2),
        "total_variation": 1 * total_variation(IMAGE, 1.25).mean(),
    }


def surma2019():
    features, content, style = (
        numpy_features(each, TINY16, "max") for each in (IMAGE, CONTENT, resize_image(STYLE, SIZE))
    )
    height, width = SIZE
    style_loss = 0.0
    for layer in ("block1_conv2", "block2_conv2", "block3_conv3", "block4_conv3", "block5_conv3"):
        squares = (raw_gram(features[layer]) - raw_gram(style[layer])) ** 2
        style_loss += 4.5 / 5 * squares.sum() / (4 * 3**2 * (height * width) ** 2)
    return {
        "content": 0.02 * ((features["block2_conv2"] - content["block2_conv2"]) ** 2).sum(),
        "style": style_loss,
        "total_variation": 0.995 * total_variation(IMAGE.astype(np.float64) * 255, 1.25).sum(),
    }


def carter2021():
    features, content, style = (numpy_features(each, TINY19, "max") for each in (IMAGE, CONTENT, STYLE))
    distances = [
        np.mean((mean_gram(features[layer]) - mean_gram(style[layer])) ** 2) for layer in FIRST_OF_EACH_BLOCK
    ]
    return {
        "content": 1e3 * np.mean((features["block5_conv2"] - content["block5_conv2"]) ** 2),
        "style": 1e-2 * sum(distances) / 5,
    }


def default():
    """Return the losses of the project's own recipe: relative distances; its layers and weights may change."""
    settings = RECIPES["default"].settings
    features, content, style = (
        numpy_features(each, TINY19, settings.pooling, settings.padding) for each in (IMAGE, CONTENT, STYLE)
    )
    distance = limit = 0.0
    for layer, share in settings.content_layers:
        distance += share * np.sum((features[layer] - content[layer]) ** 2) / np.sum(content[layer] ** 2)
        limit += share * content_limit(0.5, np.mean(style[layer] ** 2) / np.mean(content[layer] ** 2))
    content_loss = STIFFNESS / 2 * max(0.0, distance / limit - 1) ** 2
    style_loss = 0.0
    for layer, share in settings.style_layers:
        target = mean_gram(style[layer])
        style_loss += share * np.sum((mean_gram(features[layer]) - target) ** 2) / np.sum(target**2)
    losses = {
        "content": settings.content_weight * content_loss,
        "style": settings.style_factor * style_loss,
        "total_variation": settings.tv_weight * total_variation(IMAGE, settings.tv_exponent).mean(),
    }
    weights = (settings.content_weight, settings.style_factor, settings.tv_weight)
    return {name: loss for (name, loss), weight in zip(losses.items(), weights, strict=True) if weight > 0}


FORMULAS = {
    "default": default,
    "gatys2016": gatys2016,
    "fernandes": fernandes,
    "surma2019": surma2019,
    "carter2021": carter2021,
    "ghorpade2021": ghorpade2021,
}


def first_losses(tiny_choice, settings, image=IMAGE):
    """Return the losses of `image`, the first image of a transfer, and of nothing else."""
    architecture = TINY16 if settings.network == "vgg16" else TINY19
    choice = tiny_choice(wanted_layers(settings), architecture=architecture)
    seen = []
    settings = dataclasses.replace(settings, steps=1, scales=1)
    transfer_basic(CONTENT, STYLE, initial=image, settings=settings, run=Run(network=choice, on_step=seen.append))
    (step,) = seen
    assert_array_equal(step.image, image)
    return step.losses


def test_every_recipe_has_a_formula():
    assert list(FORMULAS) == list(RECIPES)


@pytest.mark.parametrize("name", RECIPES)
def test_losses_equal_the_formulas_of_the_source(tiny_choice, name):
    losses = first_losses(tiny_choice, find_recipe(name).settings)
    expected = FORMULAS[name]()
    assert list(losses) == list(expected)
    assert_allclose(list(losses.values()), list(expected.values()), rtol=5e-4)
    assert_allclose(sum(losses.values()), sum(expected.values()), rtol=5e-4)


@pytest.mark.parametrize("name", RECIPES)
def test_the_content_image_has_no_content_loss(tiny_choice, name):
    settings = find_recipe(name).settings
    losses = first_losses(tiny_choice, settings, image=CONTENT)
    assert losses["content"] <= 1e-9 * sum(losses.values())


@pytest.mark.parametrize("name", RECIPES)
def test_names_titles_and_sources(name):
    recipe = find_recipe(name)
    assert recipe.name == name
    assert recipe.title
    assert recipe.source


OTHER_SETTINGS: dict[str, dict[str, Any]] = {
    "gatys2016": {"optimizer": "lbfgs", "init": "noise", "style_fit": "stretch"},
    "fernandes": {"optimizer": "lbfgs", "init": "content", "steps": 200, "mask_exponent": 2.0},
    "surma2019": {"optimizer": "lbfgs", "init": "noise", "steps": 10 * 20, "snapshot_every": 20},
    "carter2021": {
        "optimizer": "adam",
        "steps": 1000,
        "learning_rate": 5.0,
        "beta_1": 0.99,
        "epsilon": 0.1,
        "pixel_range": 255.0,
        "snapshot_every": 200,
        "denoise": 0.1,
    },
    "ghorpade2021": {
        "optimizer": "adam",
        "init": "noise",
        "steps": 450,
        "learning_rate": 0.01,
        "beta_1": 0.99,
        "pixel_range": 1.0,
    },
}


@pytest.mark.parametrize("name", OTHER_SETTINGS)
def test_other_settings_of_the_sources(name):
    recipe = find_recipe(name)
    found = {**dataclasses.asdict(recipe.settings), "snapshot_every": recipe.snapshot_every}
    assert {field: found[field] for field in OTHER_SETTINGS[name]} == OTHER_SETTINGS[name]


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "default"])
def test_recipes_from_sources_do_not_use_the_project_defaults(name):
    settings = find_recipe(name).settings
    neutral = {
        "padding": "zero",
        "noise_contrast": 1.0,
        "scales": 1,
        "style_scale": 1.0,
        "intensity": 1.0,
        "tolerance": 0.0,
        "beta_2": 0.999,
    }
    assert {field: getattr(settings, field) for field in neutral} == neutral


@pytest.mark.parametrize("name", RECIPES)
def test_recipes_run_with_lite(name):
    settings = find_recipe(name).settings.changed(
        network="lite", compute_type="float32", scales=1, steps=1, denoise=0
    )
    result = transfer_basic(CONTENT, STYLE, settings=settings)
    assert result.network == "lite"
    assert result.losses["style"] > 0
    assert np.isfinite(list(result.losses.values())).all()
    assert result.image.shape == CONTENT.shape


def test_unknown_recipe():
    with pytest.raises(SettingsError, match="no recipe 'gatys1889'; the recipes are default, gatys2016"):
        find_recipe("gatys1889")
