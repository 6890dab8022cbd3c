"""Shared graphs: the values of the usual objective, for pictures that differ in size, regions and styles."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import random_image
from small_scenes import LAYERS, SETTINGS, side_by_side, stacked

from maskstyle import PlanRegion, Run, SharedGraphs, StyleImage, paint
from maskstyle.guidance.cells import WHOLE, every_cell
from maskstyle.objective import shared
from maskstyle.objective.extract import Extractor
from maskstyle.techniques import BasicInputs, DoodleInputs, PlanInputs

CONTENT, STYLE = random_image(1, 12, 16), random_image(2, 16, 10) ** 2


def basic():
    return BasicInputs(random_image(4, 14, 10), [STYLE], settings=SETTINGS)


def regions():
    style = StyleImage(STYLE, stacked(STYLE.shape[:2]))
    planned = [PlanRegion((255, 0, 0), style=style, strength=0.8), PlanRegion((0, 0, 255))]
    return PlanInputs(CONTENT, planned, content_map=side_by_side((12, 16)), settings=SETTINGS)


def masks():
    style, fade = StyleImage(STYLE), np.tile(np.linspace(0, 1, 16, dtype=np.float32), (12, 1))
    planned = [PlanRegion(mask=fade, style=style), PlanRegion(mask=fade[:, ::-1].copy(), style=style)]
    return PlanInputs(CONTENT, planned, settings=SETTINGS)


def doodle():
    given = SETTINGS.changed(content_weight=0.0)
    return DoodleInputs(STYLE, style_map=stacked((16, 10)), doodle=side_by_side((20, 24)), settings=given)


def transparent_doodle():
    """Return a doodle with a transparent side: its regions have cells at one layer and weights at another."""
    given = SETTINGS.changed(content_weight=0.0, size=18)
    doodle = side_by_side((20, 24))
    doodle.labels[:, 17:] = -1
    doodle.labels[:, 5:17] = 1
    return DoodleInputs(STYLE, style_map=stacked((16, 10)), doodle=doodle, settings=given)


@pytest.mark.usefixtures("eagerly")
def test_every_run_has_the_losses_that_it_has_alone(tiny_network):
    network, graphs = tiny_network(LAYERS, padding="edge"), SharedGraphs()
    for make in (basic, regions, masks, doodle, regions, transparent_doodle):
        alone = paint(make().scene(), Run(network=network))
        shared = paint(make().scene(), Run(network=network, graphs=graphs))
        for one, other in zip(alone.steps, shared.steps, strict=True):
            assert one.losses == pytest.approx(other.losses, rel=1e-4)
        assert_allclose(shared.image, alone.image, atol=2e-3)


def test_a_picture_of_a_batch_is_that_of_a_run_of_its_own(tiny_network):
    network, graphs = tiny_network(LAYERS, padding="edge"), SharedGraphs(general="never")
    contents = random_image(4, 14, 10), random_image(5, 9, 17)
    scenes = [BasicInputs(content, [STYLE], settings=SETTINGS).scene() for content in contents]
    pictures = [paint(scene, Run(network=network, graphs=graphs)).image for scene in (*scenes, regions().scene())]
    for scene, picture in zip((*scenes, regions().scene()), pictures, strict=True):
        assert np.array_equal(picture, paint(scene, Run(network=network)).image)


def test_graphs_keep_no_features_of_pictures_that_are_painted(tiny_network):
    network, graphs = tiny_network(LAYERS, padding="edge"), SharedGraphs(general="never")
    extractor = Extractor(network, graphs=graphs).keeping(LAYERS)
    whole = {layer: every_cell(extractor.grids((12, 16), [layer]))[layer][WHOLE] for layer in LAYERS}
    extractor.grams(CONTENT, {layer: [cells] for layer, cells in whole.items()})
    extractor.measured_features(CONTENT, LAYERS[:1])
    extractor.features(STYLE, LAYERS)
    alive = weakref.ref(extractor)
    del extractor
    gc.collect()
    assert alive() is None


def test_what_is_remembered_is_bounded_in_bytes(monkeypatch):
    graphs, computed = SharedGraphs(), []
    monkeypatch.setattr(shared, "REMEMBERED", 100)

    def ask(key, size):
        value = {"layer": [np.zeros(size // 4, np.float32)]}
        return graphs.remembered(key, lambda: computed.append(key) or value)["layer"][0].nbytes

    sizes = {"a": 40, "b": 40, "c": 40, "large": 104}
    assert [ask(key, sizes[key]) for key in ("a", "b", "a", "c", "large")] == [40, 40, 40, 40, 104]
    assert computed == ["a", "b", "c", "large"]
    for key in ("c", "a", "b", "large"):  # b was the oldest, and nothing that is too large drives others out
        ask(key, sizes[key])
    assert computed[4:] == ["b", "large"]


def test_a_change_of_the_picture_compiles_nothing(tiny_network):
    import tensorflow as tf

    network, graphs, traces, counts = tiny_network(LAYERS, padding="edge"), SharedGraphs(), [], []
    original = tf.function

    def counting(*arguments, **options):
        traces.append(arguments)
        return original(*arguments, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tf, "function", counting)
        paint(regions().scene(), Run(network=network, graphs=graphs))
        first = len(traces)
        paint(masks().scene(), Run(network=network, graphs=graphs))
        paint(basic().scene(), Run(network=network, graphs=graphs))
        assert first == len(traces) == 2  # features and the objective
        batch = SharedGraphs(general="never")
        for content in (CONTENT, random_image(4, 14, 10)):
            paint(BasicInputs(content, [STYLE], settings=SETTINGS).scene(), Run(network=network, graphs=batch))
            counts.append(len(traces))
        assert counts[0] == counts[1]
        patch.setattr(shared, "LARGEST_SIDE", 8)
        clip, frames = SharedGraphs(largest_side=16, general="else"), []
        for _ in range(2):
            frames.append(paint(regions().scene(), Run(network=network, graphs=clip)))
            counts.append(len(traces))
        assert counts[2:] == [counts[1] + 2] * 2
    alone = paint(regions().scene(), Run(network=network))
    for frame in frames:
        assert_allclose(frame.image, alone.image, atol=2e-3)
