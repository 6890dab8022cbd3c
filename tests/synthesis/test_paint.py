"""The engine: the network that it takes, the style images that it sees, and what it raises."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from reference import TINY19, random_image
from small_scenes import CONTENT, LAYERS, SETTINGS, STYLE

from maskstyle import Limits, Run, paint
from maskstyle.errors import NumericalError, SettingsError, WeightsError
from maskstyle.synthesis.initial_image import initial_image
from maskstyle.techniques import BasicInputs, MaskInputs

pytestmark = pytest.mark.usefixtures("eagerly")


def scene_of(content=CONTENT, style=STYLE, **changes):
    return BasicInputs(content, style, settings=SETTINGS.changed(**{"steps": 2, **changes})).scene()


def test_a_scene_may_be_painted_more_than_once(tiny_network):
    scene, run = scene_of(), Run(tiny_network(LAYERS))
    assert_array_equal(paint(scene, run).image, paint(scene, run).image)


def test_a_loaded_network_must_have_the_layers(tiny_network):
    scene = scene_of(content_layers=(("block3_conv1", 1.0),))
    with pytest.raises(SettingsError, match=r"loaded for block1_conv1, block2_conv1, but .* need block3_conv1"):
        paint(scene, Run(tiny_network(LAYERS)))


def test_a_loaded_network_keeps_its_pooling_and_padding(tiny_network):
    result = paint(scene_of(), Run(tiny_network(LAYERS, pooling="average", padding="zero")))
    assert (result.settings.pooling, result.settings.padding) == ("average", "zero")
    assert (result.network, result.compute_type) == (TINY19.name, "float32")


def test_without_weights_on_this_machine():
    with pytest.raises(WeightsError, match="vgg16"):
        paint(scene_of(network="vgg16"))
    result = paint(scene_of())
    assert (result.network, result.weights, result.settings.network) == ("vgg19", "embedded, 8-bit", "auto")
    assert np.isfinite(list(result.losses.values())).all()
    assert result.losses["style"] > 0


def test_weights_are_found_as_the_settings_say(monkeypatch, random_vgg19_weights):
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(random_vgg19_weights.parent))
    result = paint(scene_of())
    assert (result.network, result.weights, result.compute_type) == ("vgg19", "vgg19_random.npz", "float32")


def test_weights_that_cannot_be_used_are_noted_in_the_result(monkeypatch, tmp_path):
    (tmp_path / "vgg19.h5").touch()
    monkeypatch.setenv("MASKSTYLE_WEIGHTS_DIR", str(tmp_path))
    (note,) = paint(scene_of()).notes
    assert "vgg19.h5 cannot be read" in note
    assert note.endswith("; using the embedded weights")


def test_a_run_that_does_not_fit_into_its_memory_is_refused(tiny_network):
    steps = []
    with pytest.raises(SettingsError, match=r"0.1 GB is the limit"):
        paint(scene_of(), Run(tiny_network(LAYERS), Limits(memory=0.1), on_step=steps.append))
    assert not steps


def test_workers_need_tiles(tiny_network):
    with pytest.raises(SettingsError, match="painted in one piece, which workers cannot share; paint without"):
        paint(scene_of(), Run(tiny_network(LAYERS), client=SimpleNamespace(submit=None)))
    with pytest.raises(SettingsError, match=r"client is 'local:2'; expected a distributed\.Client"):
        Run(client="local:2")


def test_lite_paints_all_sizes_but_the_last(tiny_network):
    def losses_of(result, size):
        return [step.losses for step in result.steps if step.size == size]

    both = paint(scene_of(scales=2, underpainting="lite"), Run(tiny_network(LAYERS)))
    alone = paint(scene_of(scales=2, network="lite", steps=4, padding="zero"))
    assert both.record()["networks"] == ["lite", TINY19.name]
    assert losses_of(both, (6, 8)) == losses_of(alone, (6, 8))
    assert len(losses_of(both, (12, 16))) == 2
    assert both.settings.underpainting == "lite"


def test_a_run_of_lite_or_of_an_own_network_has_no_underpainting(tiny_network):
    assert paint(scene_of(scales=2), Run(tiny_network(LAYERS))).record()["networks"] == [TINY19.name] * 2
    assert len(paint(scene_of(scales=2, network="lite", underpainting="lite")).steps) == 2 + 2


def test_the_network_of_a_run_paints_every_size_where_the_settings_name_lite(tiny_network):
    painted = paint(scene_of(scales=2, network="lite"), Run(tiny_network(LAYERS)))
    assert painted.record()["networks"] == [TINY19.name] * 2
    assert painted.notes == (f"`network` lite has no effect, as the network of the run has {TINY19.name}",)


def test_a_run_that_is_stopped_before_the_last_size_says_who_has_painted_it(tiny_network):
    scene = scene_of(scales=2, underpainting="lite")
    stopped = paint(scene, Run(tiny_network(LAYERS), should_stop=lambda: True))
    assert stopped.notes == ("stopped before tiny19 came to the last size: lite has painted this",)
    assert not paint(scene, Run(tiny_network(LAYERS))).notes


def test_settings_that_the_network_of_the_run_replaces_are_noted(tiny_network):
    loaded = Run(tiny_network(LAYERS))
    assert not [note for note in paint(scene_of(), loaded).notes if "no effect" in note]
    notes = paint(scene_of(network="vgg19", pooling="average", compute_type="bfloat16"), loaded).notes
    for name in ("network", "pooling", "compute_type"):
        assert any(note.startswith(f"`{name}` ") and "the network of the run has" in note for note in notes)


def test_a_result_tells_its_limits(tiny_network):
    limits = Limits(memory=7.0, tile_size=64)
    result = paint(scene_of(), Run(tiny_network(LAYERS), limits))
    assert result.limits == limits
    assert result.metadata()["run"] == {"memory": 7.0, "tile_size": 64}


class Overflowing:
    """A network that gives features that are not finite; for the rest, another network."""

    def __init__(self, network):
        self._network = network

    def __getattr__(self, name):
        return getattr(self._network, name)

    def __call__(self, *arguments):
        """Return features of NaN."""
        return {layer: features * np.nan for layer, features in self._network(*arguments).items()}


def test_a_loss_that_is_not_finite_carries_the_image(tiny_network):
    with pytest.raises(NumericalError) as caught:
        paint(scene_of(), Run(Overflowing(tiny_network(LAYERS))))
    assert_array_equal(caught.value.image, initial_image(scene_of()))


class Seeing:
    """A network that keeps the sizes of the images that it is given; for the rest, another network."""

    def __init__(self, network):
        self._network, self.sizes = network, []

    def __getattr__(self, name):
        return getattr(self._network, name)

    def __call__(self, image, *others):
        """Return the features of an image."""
        self.sizes.append(tuple(map(int, image.shape[:2])))
        return self._network(image, *others)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"style_fit": "keep"}, [(16, 10)]),
        ({"style_fit": "stretch"}, [(12, 16)]),
        ({"style_fit": "stretch", "size": 32}, [(24, 32)]),
        ({"style_fit": "keep", "style_scale": 2.0}, [(32, 20)]),
        ({"style_fit": "keep", "scales": 2}, [(8, 5), (16, 10)]),
    ],
)
def test_the_size_of_the_style_image_follows_that_of_the_result(tiny_network, changes, expected):
    """Without a content term, the network sees the style image before it evaluates each size."""
    network = Seeing(tiny_network(LAYERS))
    scene = scene_of(**changes, content_weight=0.0)
    paint(scene, Run(network))
    seen = [size for before, size in zip([None, *network.sizes], network.sizes, strict=False) if size != before]
    pictures = [tuple(size) for size in scene.sizes]
    assert (
        seen
        == [each for style, picture in zip(expected, pictures, strict=True) for each in (style, picture)][: len(seen)]
    )
    assert set(expected) <= set(network.sizes)


def test_a_style_image_that_masks_share_is_evaluated_once(tiny_network):
    network = Seeing(tiny_network(LAYERS))
    masks = [np.full((12, 16), share, np.float32) for share in (0.2, 0.3, 0.5)]
    settings = SETTINGS.changed(steps=1, content_weight=0.0)
    inputs = MaskInputs(CONTENT, [STYLE, STYLE, random_image(9, 7, 9)], masks=masks, settings=settings)
    paint(inputs.scene(), Run(network))
    assert len(network.sizes) == 3  # the two style images, and the picture
