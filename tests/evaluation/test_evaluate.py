"""Evaluation by region: against plain NumPy in float64, and on images with known answers."""

from __future__ import annotations

import json

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from reference import TINY19, forward, he_weights, measured, random_image, with_metrics
from small_scenes import whole_style_guide

from maskstyle.errors import ImageError, SettingsError
from maskstyle.evaluation import evaluate_regions
from maskstyle.images.pixels import resize_image
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.objective.assemble import content_term, style_term
from maskstyle.objective.extract import Extractor
from maskstyle.objective.objective import Objective
from maskstyle.settings import Settings

pytestmark = pytest.mark.usefixtures("eagerly")

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
LAYERS = ("block1_conv1", "block2_conv1")
SETTINGS = Settings(
    compute_type="float32",
    style_layers=(("block1_conv1", 1.0), ("block2_conv1", 3.0)),
    content_layers=(("block2_conv1", 1.0),),
)
RESULT, STYLE, CONTENT = random_image(1, 12, 16), random_image(2, 12, 16) ** 2, random_image(3, 12, 16)
DEEPEST = ("block1_conv1", "block1_conv2", "block2_conv1")


def halves(size=(12, 16), colors=(RED, BLUE), *, upright=True):
    """Return a map with its first color left, or above, and its second on the other side."""
    labels = np.zeros(size, np.int32)
    if upright:
        labels[:, size[1] // 2 :] = 1
    else:
        labels[size[0] // 2 :] = 1
    return SemanticMap(labels, tuple(colors))


MAPS = {"content_map": halves(), "style_map": halves(upright=False)}


@pytest.fixture(scope="module")
def network(tiny_network):
    return tiny_network(LAYERS)


@pytest.fixture
def evaluate(network):
    def evaluate(result=RESULT, style=STYLE, **options):
        return evaluate_regions(result, style, **{"settings": SETTINGS, "network": network, **options})

    return evaluate


def gram_of(features, mask):
    """Return the Gram matrix of the cells where a mask is, which has whole cells alone."""
    step = mask.shape[0] // features.shape[0]
    rows = features[mask[::step, ::step]]
    return rows.T @ rows / len(rows)


@pytest.mark.parametrize("metrics", [False, True])
def test_distances_are_those_of_plain_numpy(tiny_network, metrics):
    weights = he_weights(TINY19, DEEPEST)
    if metrics:
        weights = with_metrics(weights, lambda rng, channels: rng.normal(size=(channels + 1, channels)))
    evaluation = evaluate_regions(
        RESULT, STYLE, content=CONTENT, settings=SETTINGS, network=tiny_network(LAYERS, weights=weights), **MAPS
    )
    of_result, of_style, of_content = (
        {layer: measured(found, weights[layer]) for layer, found in forward(image, weights).items()}
        for image in (RESULT, STYLE, CONTENT)
    )
    expected = {}
    for layer in LAYERS:
        grams = [gram_of(of_result[layer], MAPS["content_map"].mask(index)) for index in (0, 1)]
        targets = [gram_of(of_style[layer], MAPS["style_map"].mask(index)) for index in (0, 1)]
        expected[layer] = [[np.sum((g - t) ** 2) / np.sum(t**2) for t in targets] for g in grams]
        assert_allclose(evaluation.by_layer[layer], expected[layer], rtol=1e-3)
    mean = (np.array(expected["block1_conv1"]) + 3 * np.array(expected["block2_conv1"])) / 4
    assert_allclose(evaluation.confusion, mean, rtol=1e-3)
    assert_allclose(evaluation.leakage, [mean[0, 0] / mean[0, 1], mean[1, 1] / mean[1, 0]], rtol=1e-3)
    assert evaluation.style_distance == pytest.approx((mean[0, 0] + mean[1, 1]) / 2, rel=1e-3)
    found, target = of_result["block2_conv1"], of_content["block2_conv1"]
    content = [
        np.sum((found - target)[each] ** 2) / np.sum(target[each] ** 2) for each in (np.s_[:, :4], np.s_[:, 4:])
    ]
    assert_allclose(evaluation.content_distances, content, rtol=1e-3)
    assert evaluation.content_distance == pytest.approx(np.sum((found - target) ** 2) / np.sum(target**2), rel=1e-3)


def test_the_content_distance_is_the_content_term(evaluate, network):
    settings = SETTINGS.changed(content_layers=(("block1_conv1", 1.0), ("block2_conv1", 1.0)))
    found = evaluate(content=CONTENT, settings=settings).content_distance
    objective = Objective(network, [content_term(Extractor(network), CONTENT, settings)])
    assert found == pytest.approx(objective.losses(RESULT)["content"] / 2, rel=1e-4)


def test_the_style_distance_of_a_whole_image_is_the_style_term(evaluate, network):
    settings = SETTINGS.changed(style_layers=(("block1_conv1", 0.25), ("block2_conv1", 0.75)), style_weight=1.0)
    evaluation = evaluate(settings=settings)
    guide = whole_style_guide(network, [STYLE], [1.0], settings)
    loss = Objective(network, [style_term(network, [guide], settings)]).losses(RESULT)["style"]
    assert evaluation.style_distance == pytest.approx(loss, rel=1e-4)
    assert evaluation.confusion.shape == (1, 1)
    assert [each.name for each in evaluation.style_regions] == ["whole style"]
    assert (evaluation.leakage, evaluation.untouched, evaluation.content_distance) == ((None,), None, None)


@pytest.mark.parametrize("propagation", ["simple", "inside", "all"])
def test_the_style_image_itself_has_no_distance(evaluate, propagation):
    settings = SETTINGS.changed(propagation=propagation)
    style_map = MAPS["style_map"]
    evaluation = evaluate(STYLE, content_map=style_map, style_map=style_map, settings=settings)
    assert evaluation.own == (0, 1)
    assert_array_equal(np.diag(evaluation.confusion), [0, 0])
    assert evaluation.leakage == (0, 0)
    assert evaluation.style_distance == 0
    assert evaluation.confusion[0, 1] > 0
    assert evaluation.confusion[1, 0] > 0


def test_swapped_regions_are_farthest_from_their_own(evaluate):
    mapping = [(RED, BLUE), (BLUE, RED)]
    evaluation = evaluate(STYLE, content_map=MAPS["style_map"], style_map=MAPS["style_map"], mapping=mapping)
    assert [evaluation.style_regions[own].color for own in evaluation.own] == [BLUE, RED]
    own = np.diag(evaluation.confusion)  # the styles are in the order of the regions that take them
    assert_array_equal(own, evaluation.confusion.max(axis=1))
    assert_array_equal(evaluation.confusion[[0, 1], [1, 0]], [0, 0])
    assert min(evaluation.leakage) > 1e6


def test_unused_style_regions_are_compared_too(evaluate):
    labels = np.indices((12, 16))[1].astype(np.int32) // 6
    three = SemanticMap(labels, (RED, BLUE, GREEN))
    evaluation = evaluate(content_map=halves(), style_map=three, regions=[BLUE])
    assert [each.color for each in evaluation.regions] == [BLUE]
    assert [each.color for each in evaluation.style_regions] == [BLUE, RED, GREEN]
    assert evaluation.confusion.shape == (1, 3)
    assert evaluation.nearest_others[0] in (1, 2)
    assert [each.share for each in evaluation.style_regions] == [pytest.approx(6 / 16), 6 / 16, 4 / 16]


def test_the_whole_style_is_never_the_other_style(evaluate):
    options = {"style_map": halves(colors=(BLUE, GREEN)), "unmatched": "whole-style"}
    evaluation = evaluate(content_map=halves(), **options)
    assert [each.name for each in evaluation.style_regions][:2] == ["whole style", "#0000ff (blue)"]
    assert evaluation.leakage[0] is None  # the other styles are parts of its own
    assert evaluation.nearest_others == (None, 2)
    whole = evaluate(content_map=halves(), style_map=halves(), unmatched="whole-style", regions=[RED])
    assert whole.own == (0,)
    assert whole.style_regions[0].color == RED
    alone = evaluate(STYLE, content_map=SemanticMap(np.zeros((12, 16), np.int32), (RED,)), **options)
    assert alone.own_distances == (0,)


def test_kept_regions_are_not_evaluated(evaluate):
    evaluation = evaluate(
        content=CONTENT, content_map=halves(), style_map=halves(colors=(BLUE, GREEN)), unmatched="keep"
    )
    assert [each.color for each in evaluation.regions] == [BLUE]
    assert evaluation.untouched.pixels == 96
    assert evaluation.notes[0].startswith("region #ff0000 (red) is not in the style map")


def test_a_region_too_small_for_a_layer_is_noted(evaluate):
    labels = MAPS["content_map"].labels.copy()
    labels[2, 2] = 2
    dotted = SemanticMap(labels, (RED, BLUE, GREEN))
    evaluation = evaluate(content=CONTENT, content_map=dotted, style_map=dotted)
    assert np.isfinite(evaluation.by_layer["block1_conv1"]).all()
    missing = ~np.isfinite(evaluation.by_layer["block2_conv1"])
    assert_array_equal(missing, [[False, False, True]] * 2 + [[True] * 3])
    # Red and blue cannot be compared with green by both layers; green by the first alone.
    assert_array_equal(~np.isfinite(evaluation.confusion), [[False, False, True]] * 2 + [[False] * 3])
    assert_array_equal(evaluation.confusion[2], evaluation.by_layer["block1_conv1"][2])
    assert evaluation.content_distances[2] is None
    assert None not in evaluation.content_distances[:2]
    assert evaluation.leakage_by_layer["block2_conv1"][2] is None
    assert list(evaluation.notes) == [
        f"region #00ff00 (green) of {image} is too small for block2_conv1; its distance there is unknown"
        for image in ("the result", "the style image")
    ]


def test_a_region_too_small_for_every_layer_has_no_distance(evaluate):
    labels = np.zeros((12, 16), np.int32)
    labels[2, 2] = 1
    dotted = SemanticMap(labels, (RED, BLUE))
    deep = SETTINGS.changed(style_layers=(("block2_conv1", 1.0),))
    evaluation = evaluate(content_map=dotted, style_map=halves(), regions=[BLUE], settings=deep)
    assert (evaluation.own_distances, evaluation.leakage, evaluation.style_distance) == ((None,), (None,), None)
    assert "too small for every layer" in evaluation.notes[0]
    json.dumps(evaluation.record(), allow_nan=False)


def test_the_record_survives_json(evaluate):
    labels = MAPS["content_map"].labels.copy()
    labels[2, 2] = 2
    dotted = SemanticMap(labels, (RED, BLUE, GREEN))
    evaluation = evaluate(content=CONTENT, content_map=dotted, style_map=dotted, regions=[RED, GREEN])
    record = evaluation.record()
    again = json.loads(json.dumps(record, allow_nan=False))
    assert again == record
    confusion = np.array([[np.nan if each is None else each for each in row] for row in again["confusion"]])
    assert_array_equal(confusion, evaluation.confusion)
    assert again["leakage_by_layer"]["block1_conv1"] == list(evaluation.leakage_by_layer["block1_conv1"])
    assert [each["leakage"] for each in again["regions"]] == list(evaluation.leakage)
    assert [each["color"] for each in again["regions"]] == ["#ff0000", "#00ff00"]
    assert again["untouched"] == {"pixels": 96, "changed": 96, "largest": again["untouched"]["largest"], "share": 1.0}
    assert again["layers"] == {"block1_conv1": 1.0, "block2_conv1": 3.0}
    assert again["content_layers"] == {"block2_conv1": 1.0}


def test_a_result_of_another_size_than_the_content(evaluate):
    small = resize_image(CONTENT, (6, 8))
    evaluation = evaluate(small, content=CONTENT, regions=[RED], **MAPS)
    assert evaluation.content_distance == pytest.approx(0, abs=1e-9)
    assert evaluation.untouched == (24, 0, 0)
    assert evaluation.untouched_changed == 0
    assert evaluation.size == evaluation.style_size == (6, 8)


def test_a_doodle_has_no_content(evaluate):
    twice = SemanticMap(halves().labels.repeat(2, axis=0).repeat(2, axis=1), (RED, BLUE))
    evaluation = evaluate(content_map=twice, style_map=MAPS["style_map"])
    assert_array_equal(evaluation.confusion, evaluate(**MAPS).confusion)
    assert evaluation.content_distances == (None, None)
    assert evaluation.untouched_changed is None


def test_the_style_image_has_the_size_of_a_transfer(evaluate):
    larger = evaluate(style=random_image(4, 32, 16), settings=SETTINGS.changed(style_scale=1.5))
    assert larger.style_size == (24, 12)


def test_pixels_outside_all_masks_should_be_unchanged(evaluate):
    left, top = np.zeros((12, 16), np.float32), np.zeros((12, 16), np.float32)
    left[:, :4], top[:3] = 1, 0.2
    result = CONTENT.copy()
    result[:, :4] = 0.5
    result[11, 15] = 1 - result[11, 15]
    evaluation = evaluate(result, content=CONTENT, masks=[left, top])
    assert evaluation.untouched[:2] == (12 * 9, 1)
    assert [each.name for each in evaluation.regions] == ["whole image"]


def test_an_approximate_network_is_noted():
    from maskstyle.networks.load import choose_network

    choice = choose_network("lite", ["block1_conv1"], compute_type="float32")
    evaluation = evaluate_regions(
        RESULT, STYLE, network=choice, settings=SETTINGS.changed(style_layers=(("block1_conv1", 1.0),))
    )
    assert evaluation.network == "lite"
    assert "vgg19 is more accurate" in evaluation.notes[-1]


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"result": RESULT[..., 0]}, ImageError, "the result has shape"),
        ({"style": STYLE * 255}, ImageError, "the style image has values"),
        ({"content": CONTENT[:6]}, ImageError, "the content image is 16x6; expected the same aspect"),
        ({"alpha": RESULT[:3, :, 0]}, ImageError, "the alpha has shape .* but the result is 12x16"),
        ({"content": CONTENT, "content_alpha": RESULT[:3, :, 0]}, ImageError, "but the content image is 12x16"),
        ({"content_map": halves()}, SettingsError, "there is no style map"),
        ({"style_map": halves()}, SettingsError, "there is no content map"),
        ({"regions": [RED]}, SettingsError, "need maps; pass .content_map. and"),
        ({"masks": [RESULT[..., 0]]}, SettingsError, "masks. needs the content image"),
        ({"content": CONTENT, "masks": [RESULT[..., 0]], **MAPS}, SettingsError, "drop .masks"),
        ({"content": CONTENT, "masks": [RESULT]}, ImageError, "a mask has shape"),
        ({"content": CONTENT, "masks": [RESULT[:2, :, 0]]}, ImageError, "a mask is 16x2"),
        ({**MAPS, "content_map": halves((4, 16))}, ImageError, "aspect of the result"),
        ({**MAPS, "style_map": halves((4, 16))}, ImageError, "aspect of the style image"),
        ({**MAPS, "style_map": halves(colors=(RED, GREEN))}, ImageError, "the style map lacks #0000ff"),
        ({**MAPS, "regions": [GREEN]}, ImageError, "#00ff00"),
        ({**MAPS, "unmatched": "drop"}, SettingsError, "unmatched is 'drop'"),
        ({"result": RESULT[:1]}, SettingsError, "the result is too small: it is evaluated at 16x1"),
        ({"settings": SETTINGS.changed(style_scale=0.01)}, SettingsError, "larger .style_scale"),
        ({"settings": SETTINGS.changed(style_scale=1e4)}, SettingsError, "megapixels"),
        ({"settings": SETTINGS.changed(style_layers=(("block1_conv2", 1.0),))}, SettingsError, "the settings need"),
    ],
)
def test_bad_inputs(evaluate, options, error, message):
    with pytest.raises(error, match=message):
        evaluate(**options)


def test_transparent_pixels_do_not_count(evaluate):
    visible = np.zeros((12, 16, 1), np.float32)
    visible[2:10, 4:14] = 1

    def cut(image, hidden):
        return np.dstack([np.where(visible > 0, image, np.float32(hidden)), visible])

    found = []
    for hidden in (0.0, 0.8):
        result, style, content = (cut(image, hidden) for image in (RESULT, STYLE, CONTENT))
        found.append(evaluate(result, style, content=content, content_map=halves(), style_map=halves()))
    np.testing.assert_array_equal(found[0].confusion, found[1].confusion)
    assert found[0].content_distances == found[1].content_distances
    assert found[0].content_distance == found[1].content_distance
    whole = evaluate(content=CONTENT, content_map=halves(), style_map=halves())
    assert not np.allclose(found[0].confusion, whole.confusion, rtol=1e-3)
