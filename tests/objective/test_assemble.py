"""Limits to the distance from the content image, against NumPy in float64, and tiled against whole."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose
from reference import random_image

from maskstyle.guidance.layout import Layout, Placement, StyleImage
from maskstyle.guidance.seen_styles import seen_styles
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.objective.assemble import content_limit, content_limits, content_term
from maskstyle.objective.extract import Extractor
from maskstyle.objective.objective import Objective
from maskstyle.objective.terms import STIFFNESS, ContentLimits, LimitedContentTerm
from maskstyle.objective.tiling.objective import TiledObjective
from maskstyle.settings import Settings

pytestmark = pytest.mark.usefixtures("eagerly")

SIZE = (40, 56)
CONTENT, STYLE, OTHER = random_image(1, *SIZE), random_image(2, 48, 40) ** 2, random_image(3, 40, 40) ** 0.5
IMAGE = np.clip(CONTENT + 0.3 * (random_image(4, *SIZE) - 0.5), 0, 1).astype(np.float32)
LAYERS = (("block2_conv1", 1.0), ("block3_conv1", 3.0))
SETTINGS = Settings(content_layers=LAYERS, style_layers=(("block1_conv1", 1.0),), strength=0.004)
NAMES = tuple(layer for layer, _ in LAYERS)


def everywhere(strength=None):
    return Layout((Placement("style", ((StyleImage(STYLE), 1.0),), strength=strength),))


def masked(strengths=(None, None)):
    columns = np.linspace(0, 1, SIZE[1], dtype=np.float32)
    first = np.broadcast_to(columns, SIZE)
    return Layout(
        tuple(
            Placement(f"mask {place}", ((StyleImage(image), 1.0),), place, mask=mask, strength=strength)
            for place, (image, mask, strength) in enumerate(
                zip((STYLE, OTHER), (first, 1 - first), strengths, strict=True)
            )
        )
    )


def halves():
    labels = (np.indices(SIZE)[1] >= 24).astype(np.int32)
    placements = (
        Placement("left", ((StyleImage(STYLE), 1.0),), 0, 0),
        Placement("right", ((StyleImage(OTHER), 1.0),), 1, 1, strength=0.002),
    )
    return Layout(placements, SemanticMap(labels, ((255, 0, 0), (0, 0, 255))))


LAYOUTS = {"everywhere": everywhere, "masks": masked, "regions": halves}


def limits_of(network, layout, settings=SETTINGS):
    return content_limits(Extractor(network), CONTENT, layout, seen_styles(layout, None), settings)


def features(network, image):
    return {layer: np.asarray(each, np.float64) for layer, each in network(tf.constant(image)).items()}


def test_content_limit():
    assert content_limit(0.0, 1.7) == 0.0
    assert_allclose(content_limit(0.5, 0.25), 1 + 0.25 - 2 * 0.8 * 0.5)
    assert_allclose(content_limit(1.0, 0.25), 2 * content_limit(0.5, 0.25))
    assert content_limit(0.5, 9.0) == content_limit(0.5, 2.0)


def test_the_penalty():
    limits = ContentLimits(np.array([0.5, 0.2], np.float32), np.array([0.25, 0.75], np.float32), {})
    assert float(limits.penalty(tf.constant([0.5, 0.1]))) == 0.0
    assert_allclose(float(limits.penalty(tf.constant([0.6, 0.3]))), STIFFNESS / 2 * (0.25 * 0.2**2 + 0.75 * 0.5**2))


def test_the_limit_everywhere_is_the_relative_distance(tiny_network):
    network = tiny_network(NAMES)
    found = limits_of(network, everywhere())
    content, style, image = (features(network, each) for each in (CONTENT, STYLE, IMAGE))
    expected = sum(
        share / 4 * content_limit(0.004, np.mean(style[layer] ** 2) / np.mean(content[layer] ** 2))
        for layer, share in LAYERS
    )
    assert_allclose(found.limits, [expected], rtol=1e-4)
    assert_allclose(found.shares, [1.0])
    distance = sum(
        share / 4 * np.mean((image[layer] - content[layer]) ** 2) / np.mean(content[layer] ** 2)
        for layer, share in LAYERS
    )
    squares = {layer: np.sum((image[layer] - content[layer]) ** 2, axis=-1).ravel() for layer in NAMES}
    assert_allclose(sum(found.weights[layer] @ squares[layer] for layer in NAMES), [distance], rtol=1e-4)


def test_each_region_has_its_own_limit(tiny_network):
    layer = "block2_conv1"
    network = tiny_network([layer])
    settings = dataclasses.replace(SETTINGS, content_layers=((layer, 1.0),))
    found = limits_of(network, halves(), settings)
    content, image = features(network, CONTENT)[layer], features(network, IMAGE)[layer]
    for place, (style, strength, columns) in enumerate(
        [(STYLE, 0.004, slice(None, 12)), (OTHER, 0.002, slice(12, None))]  # block 2 has half the columns
    ):
        own = np.mean(content[:, columns] ** 2)
        energy = np.mean(features(network, style)[layer] ** 2) / own
        assert_allclose(found.limits[place], content_limit(strength, energy), rtol=1e-4)
        distance = np.mean((image - content)[:, columns] ** 2) / own
        squares = np.sum((image - content) ** 2, axis=-1).ravel()
        assert_allclose(found.weights[layer][place] @ squares, distance, rtol=1e-4)
    assert_allclose(found.shares, [24 / 56, 32 / 56])


def test_raw_weights_have_no_limits(tiny_network):
    settings = dataclasses.replace(SETTINGS, strength=None, style_weight=2.0)
    assert limits_of(tiny_network(NAMES), everywhere(), settings) is None


@pytest.mark.parametrize("name", LAYOUTS)
def test_the_gradient_of_limits(tiny_network, name):
    network = tiny_network(NAMES)
    limits = limits_of(network, LAYOUTS[name]())
    term = content_term(Extractor(network), CONTENT, SETTINGS, limits)
    assert isinstance(term, LimitedContentTerm)
    objective = Objective(network, [term])
    value, gradient = objective.value_and_gradient(IMAGE)
    assert float(value[0]) > 0
    direction = random_image(9, *SIZE) - 0.5
    ahead, behind = (objective.losses(IMAGE + step * direction)["content"] for step in (1e-3, -1e-3))
    assert_allclose(np.vdot(gradient.numpy(), direction), (ahead - behind) / 2e-3, rtol=0.02)


@pytest.mark.parametrize("name", LAYOUTS)
def test_tiles_change_nothing(tiny_network, name):
    network = tiny_network(NAMES)
    limits = limits_of(network, LAYOUTS[name]())
    whole = Objective(network, [content_term(Extractor(network), CONTENT, SETTINGS, limits)])
    term = content_term(Extractor(network, 32), CONTENT, SETTINGS, limits)
    tiled = TiledObjective(network, [term], SIZE, 32)
    assert tiled.tiles > 1
    (value,), gradient = whole.value_and_gradient(IMAGE)
    (tiled_value,), tiled_gradient = tiled.value_and_gradient(IMAGE)
    assert float(value) > 0
    assert_allclose(tiled_value, value, rtol=1e-4)
    assert_allclose(tiled_gradient, gradient, atol=1e-4 * np.abs(gradient).max())


def test_no_gradient_within_the_limits(tiny_network):
    network = tiny_network(NAMES)
    settings = dataclasses.replace(SETTINGS, strength=1.0)
    limits = limits_of(network, everywhere(), settings)
    objective = Objective(network, [content_term(Extractor(network), CONTENT, settings, limits)])
    values, gradient = objective.value_and_gradient(CONTENT)
    assert float(values[0]) == 0
    assert not gradient.numpy().any()


def test_a_region_without_cells_of_its_own_is_limited_over_those_it_shares(tiny_network):
    labels = np.zeros(SIZE, np.int32)
    labels[10:12, 10:12] = 1
    small = Placement("small", ((StyleImage(STYLE), 1.0),), 0, 1)
    layout = Layout((small,), SemanticMap(labels, ((255, 0, 0), (0, 0, 255))))
    network = tiny_network(["block4_conv2"])
    settings = dataclasses.replace(SETTINGS, content_layers=(("block4_conv2", 1.0),))
    found = limits_of(network, layout, settings)
    assert found.limits.shape == (1,)
    assert np.count_nonzero(found.weights["block4_conv2"]) == 1
