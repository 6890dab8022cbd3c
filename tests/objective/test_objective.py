"""Objectives: terms and gradient against a NumPy float64 network and the formulas of the literature."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.testing import assert_allclose
from reference import TINY19, forward, he_weights, measured, random_image, raw_gram, total_variation, with_metrics
from small_scenes import whole_style_guide

from maskstyle.errors import SettingsError
from maskstyle.networks.architectures import Architecture
from maskstyle.objective.assemble import content_term, style_term, total_variation_term
from maskstyle.objective.extract import Extractor
from maskstyle.objective.objective import Objective
from maskstyle.settings import Settings
from maskstyle.synthesis.minimize import minimize

EAGERLY = pytest.mark.usefixtures("eagerly")

LAYERS = TINY19.up_to_deepest(["block3_conv2"])
WEIGHTS = he_weights(TINY19, TINY19.layers)
CONTENT_MIX = (("block2_conv2", 0.5), ("block3_conv2", 1.5))
STYLE_MIX = (("block1_conv1", 0.5), ("block2_conv1", 1.0), ("block3_conv1", 2.0))

IMAGE, CONTENT, STYLE = random_image(1, 13, 10), random_image(2, 13, 10), random_image(3, 9, 14)

BASE = Settings(
    content_layers=CONTENT_MIX,
    style_layers=STYLE_MIX,
    content_weight=3.0,
    style_weight=5.0,
    tv_weight=7.0,
    intensity=1.25,
    padding="zero",
)


def make_objective(network, settings, content=CONTENT, style=STYLE):
    guides = [whole_style_guide(network, [style], [1.0], settings)] if settings.style_weight > 0 else []
    terms = [
        content_term(Extractor(network), content, settings),
        style_term(network, guides, settings),
        total_variation_term(settings),
    ]
    return Objective(network, terms)


def numpy_losses(settings, weights=WEIGHTS, architecture=TINY19):
    """Return a function from an image to its three weighted losses in float64.

    Reductions count the channels of `architecture`.
    """
    needed = {layer: weights[layer] for layer in LAYERS}

    def features_of(image):
        forwarded = forward(image, needed, settings.pooling, settings.padding)
        return {layer: measured(each, needed[layer]) for layer, each in forwarded.items()}

    content, style = features_of(CONTENT), features_of(STYLE)
    channels = {layer: architecture.kernel_shape(layer)[3] for layer in LAYERS}

    def losses(image):
        features = features_of(image)
        variation = total_variation(image.astype(np.float64) * settings.pixel_range, settings.tv_exponent)
        return {
            "content": settings.content_weight
            * sum(
                share * _content(features[layer], content[layer], settings.content_reduction, channels[layer])
                for layer, share in settings.content_layers
            ),
            "style": settings.style_weight
            * sum(
                share * _style(features[layer], style[layer], image.shape, settings, channels[layer])
                for layer, share in settings.style_layers
            ),
            "total_variation": settings.tv_weight
            * (variation.mean() if settings.tv_reduction == "mean" else variation.sum()),
        }

    return losses


def _content(features, content, reduction, channels):
    squares = (features - content) ** 2
    return {
        "relative": squares.mean() / (content**2).mean(),
        "mean": squares.sum() / (features[..., 0].size * channels),
        "sum": squares.sum(),
        "half_sum": squares.sum() / 2,
    }[reduction]


def _style(features, style, shape, settings, channels):
    pixels, style_pixels = features[..., 0].size, style[..., 0].size
    current, target = raw_gram(features), raw_gram(style) * settings.intensity
    if settings.gram_normalization == "weights":
        current, target = current / pixels, target / style_pixels
    squares = ((current - target) ** 2).sum()
    return {
        "relative": squares / (target**2).sum(),
        "mean": squares / channels**2,
        "gatys": squares / (4 * channels**2 * pixels**2),
        "chollet": squares / (4 * 9 * (shape[0] * shape[1]) ** 2),
    }[settings.style_reduction]


FORMS = {
    "relative": {},
    "mean": {"content_reduction": "mean", "style_reduction": "mean"},
    "sum, raw Grams as Gatys": {
        "content_reduction": "sum",
        "style_reduction": "gatys",
        "gram_normalization": "none",
        "pooling": "average",
    },
    "half sum, raw Grams as Chollet": {
        "content_reduction": "half_sum",
        "style_reduction": "chollet",
        "gram_normalization": "none",
        "tv_exponent": 1.25,
        "tv_reduction": "sum",
        "pixel_range": 255.0,
    },
    "relative of raw Grams, edge padding": {"padding": "edge", "gram_normalization": "none", "tv_exponent": 1.25},
    "mean of raw Grams": {"gram_normalization": "none", "style_reduction": "mean"},
    "Gatys of divided Grams": {"style_reduction": "gatys"},
    "Chollet of divided Grams": {"style_reduction": "chollet"},
}


@pytest.mark.parametrize("changes", FORMS.values(), ids=FORMS.keys())
@EAGERLY
def test_losses_and_gradient_equal_numpy(tiny_network, changes):
    _check_losses_and_gradient(tiny_network, changes)


def test_a_compiled_objective_equals_numpy(tiny_network):
    _check_losses_and_gradient(tiny_network, FORMS["half sum, raw Grams as Chollet"])


def _check_losses_and_gradient(tiny_network, changes):
    settings = dataclasses.replace(BASE, **changes)
    network = tiny_network(LAYERS, settings.pooling, padding=settings.padding)
    objective = make_objective(network, settings)
    values, gradient = objective.value_and_gradient(IMAGE)
    expected = numpy_losses(settings)(IMAGE)
    assert objective.names == tuple(expected)
    assert_allclose(values.numpy(), list(expected.values()), rtol=2e-4)
    assert objective.losses(IMAGE) == dict(zip(objective.names, values.numpy().tolist(), strict=True))
    _check_gradient(gradient.numpy().astype(np.float64), numpy_losses(settings))


def _check_gradient(gradient, losses):
    """Compare with float64 differences of the NumPy losses: along directions, and at single pixels."""
    rng = np.random.default_rng(0)
    directions = [gradient / np.linalg.norm(gradient), rng.normal(size=IMAGE.shape)]
    for index in [(0, 0, 0), (12, 9, 2), (5, 4, 1)]:
        directions.append(np.zeros(IMAGE.shape))
        directions[-1][index] = 1.0
    size = np.linalg.norm(gradient)
    for direction in directions:
        step = 1e-6
        ahead, behind = (sum(losses(IMAGE + sign * step * direction).values()) for sign in (1, -1))
        slope = (ahead - behind) / (2 * step)
        assert_allclose(np.sum(gradient * direction), slope, rtol=1e-3, atol=1e-4 * size)


WIDE = Architecture("wide", ((9,) * 2, (14,) * 2, (20,) * 4))
NARROW = Architecture("narrow", TINY19.widths[:3], measured_as=WIDE)
METRICS = {
    "fewer rows than channels": lambda rng, channels: rng.normal(size=(3, channels)),
    "more rows than channels": lambda rng, channels: rng.normal(size=(channels + 3, channels)),
}


@pytest.mark.parametrize(
    ("form", "rows"),
    [
        ("relative", "fewer"),
        ("mean of raw Grams", "more"),
        ("sum, raw Grams as Gatys", "fewer"),
        ("half sum, raw Grams as Chollet", "more"),
    ],
)
@EAGERLY
def test_losses_and_gradient_with_a_metric_equal_numpy(tiny_network, form, rows):
    # One layer has both terms. Reductions count the channels of the wide network.
    changes, make = FORMS[form], METRICS[f"{rows} rows than channels"]
    both = (("block2_conv1", 1.0), ("block3_conv2", 1.5))
    settings = dataclasses.replace(BASE, content_layers=both, **changes)
    weights = with_metrics({layer: WEIGHTS[layer] for layer in LAYERS}, make)
    network = tiny_network(LAYERS, settings.pooling, architecture=NARROW, padding=settings.padding, weights=weights)
    values, gradient = make_objective(network, settings).value_and_gradient(IMAGE)
    losses = numpy_losses(settings, weights, WIDE)
    assert_allclose(values.numpy(), list(losses(IMAGE).values()), rtol=2e-4)
    _check_gradient(gradient.numpy().astype(np.float64), losses)


def _orthonormal(rng, channels):
    """Return a map to more dimensions that keeps every length and angle."""
    return np.linalg.qr(rng.normal(size=(channels + 5, channels)))[0]


@pytest.mark.parametrize("form", ["relative", "mean"])
@EAGERLY
def test_a_metric_that_keeps_distances_changes_nothing(tiny_network, form):
    settings = dataclasses.replace(BASE, **FORMS[form])
    weights = with_metrics(WEIGHTS, _orthonormal)
    (losses, gradient), (mapped, mapped_gradient) = (
        make_objective(
            tiny_network(LAYERS, settings.pooling, padding=settings.padding, weights=each), settings
        ).value_and_gradient(IMAGE)
        for each in (WEIGHTS, weights)
    )
    assert_allclose(mapped.numpy(), losses.numpy(), rtol=1e-5)
    tolerance = 1e-5 * np.abs(gradient.numpy()).max()
    assert_allclose(mapped_gradient.numpy(), gradient.numpy(), rtol=1e-4, atol=tolerance)


@pytest.mark.parametrize(
    ("changes", "content_power", "style_power"),
    [
        ({}, 0, 0),
        ({"content_reduction": "mean", "style_reduction": "mean"}, 1, 2),
        ({"content_reduction": "sum", "style_reduction": "gatys"}, 0, 2),
        ({"content_reduction": "half_sum", "style_reduction": "chollet"}, 0, 0),
    ],
)
@EAGERLY
def test_means_count_the_channels_of_the_network_that_distances_are_measured_as(
    tiny_network, changes, content_power, style_power
):
    mix = (("block2_conv1", 1.0),)  # 6 channels, measured as 14
    settings = dataclasses.replace(BASE, content_layers=mix, style_layers=mix, **changes)
    own, narrow = (
        make_objective(tiny_network(["block2_conv1"], architecture=each), settings).losses(IMAGE)
        for each in (Architecture("own", NARROW.widths), NARROW)
    )
    assert narrow["content"] == pytest.approx(own["content"] * (6 / 14) ** content_power)
    assert narrow["style"] == pytest.approx(own["style"] * (6 / 14) ** style_power)
    assert narrow["total_variation"] == own["total_variation"]


@pytest.mark.parametrize("name", ["content", "style", "total_variation"])
@EAGERLY
def test_each_terms_gradient_alone(tiny_network, name):
    weights = {"content": "content_weight", "style": "style_weight", "total_variation": "tv_weight"}
    settings = dataclasses.replace(BASE, **{each: 0.0 for key, each in weights.items() if key != name})
    objective = make_objective(tiny_network(LAYERS), settings)
    assert objective.names == (name,)  # terms of weight 0 are left out
    _, gradient = objective.value_and_gradient(IMAGE)
    _check_gradient(gradient.numpy().astype(np.float64), numpy_losses(settings))


@EAGERLY
def test_weights_sit_outside_the_terms(tiny_network):
    network = tiny_network(LAYERS)
    single = make_objective(network, BASE).losses(IMAGE)
    settings = dataclasses.replace(BASE, content_weight=6.0, style_weight=15.0, tv_weight=28.0)
    scaled = make_objective(network, settings).losses(IMAGE)
    assert {name: scaled[name] / single[name] for name in single} == pytest.approx(
        {"content": 2.0, "style": 3.0, "total_variation": 4.0}
    )


def test_no_term_at_all_is_an_error(tiny_network):
    settings = dataclasses.replace(BASE, content_weight=0.0, style_weight=0.0, tv_weight=0.0)
    objective = make_objective(tiny_network(LAYERS), settings)
    with pytest.raises(SettingsError, match="all weights are 0"):
        minimize(objective, IMAGE, settings)


@EAGERLY
def test_the_content_itself_has_no_content_loss(tiny_network):
    losses = make_objective(tiny_network(LAYERS), BASE, content=IMAGE).losses(IMAGE)
    assert losses["content"] < 1e-9 < losses["style"]


@EAGERLY
def test_the_style_itself_has_no_style_loss(tiny_network):
    settings = dataclasses.replace(BASE, intensity=1.0)
    losses = make_objective(tiny_network(LAYERS), settings, style=IMAGE).losses(IMAGE)
    assert losses["style"] < 1e-9 < losses["content"]


@EAGERLY
def test_intensity_asks_for_more_of_the_style(tiny_network):
    settings = dataclasses.replace(BASE, intensity=2.0)
    guide = whole_style_guide(tiny_network(LAYERS), [STYLE], [1.0], settings)
    assert guide.intensity == 2.0
    losses = make_objective(tiny_network(LAYERS), settings, style=IMAGE).losses(IMAGE)
    # The Gram is half of what is asked for, so that the relative distance is (1/2)^2 in every layer.
    assert losses["style"] == pytest.approx(5.0 * 3.5 / 4, rel=1e-4)


@EAGERLY
def test_style_guide_blends_the_targets_by_share(tiny_network):
    network = tiny_network(LAYERS)
    other = random_image(4, 8, 8)
    blend, first, second = (
        whole_style_guide(network, styles, shares, BASE)
        for styles, shares in (([STYLE, other], [0.25, 0.75]), ([STYLE], [1.0]), ([other], [1.0]))
    )
    for layer, _ in STYLE_MIX:
        expected = 0.25 * first.targets[layer] + 0.75 * second.targets[layer]
        assert_allclose(blend.targets[layer], expected, rtol=1e-5)
    assert first.target_sums == {"block1_conv1": 9 * 14, "block2_conv1": 4 * 7, "block3_conv1": 2 * 3}


@EAGERLY
@pytest.mark.parametrize("pooling", ["max", "average"])
def test_bfloat16_is_close_to_float32(tiny_network, pooling):
    exact, fast = (
        make_objective(tiny_network(LAYERS, pooling, kind), BASE).value_and_gradient(IMAGE)
        for kind in ("float32", "bfloat16")
    )
    assert_allclose(fast[0].numpy(), exact[0].numpy(), rtol=0.05)
    assert fast[1].dtype == exact[1].dtype == "float32"
    assert np.corrcoef(fast[1].numpy().ravel(), exact[1].numpy().ravel())[0, 1] > 0.99


@EAGERLY
def test_a_content_gain_multiplies_its_layers_share_of_the_content_alone(tiny_network):
    gains = {layer: 1.0 + 0.25 * number for number, (layer, _) in enumerate(BASE.content_layers, start=1)}
    weights = WEIGHTS | {layer: WEIGHTS[layer]._replace(content_gain=gain) for layer, gain in gains.items()}
    shares = tuple((layer, share * gains[layer]) for layer, share in BASE.content_layers)
    expected = numpy_losses(BASE.changed(content_layers=shares))(IMAGE)
    losses = make_objective(tiny_network(LAYERS, weights=weights), BASE).losses(IMAGE)
    assert_allclose(list(losses.values()), list(expected.values()), rtol=1e-4)


@EAGERLY
def test_deeper_layers_of_the_network_do_not_matter(tiny_network):
    first = make_objective(tiny_network(LAYERS), BASE).losses(IMAGE)
    second = make_objective(tiny_network(TINY19.layers[:12]), BASE).losses(IMAGE)
    assert first == pytest.approx(second, rel=1e-6)


@EAGERLY
def test_styles_of_different_sizes_blend_as_sums_where_grams_are_not_divided(tiny_network):
    network = tiny_network(["block1_conv1"])
    settings = Settings(style_layers=(("block1_conv1", 1.0),), gram_normalization="none")
    small, large = random_image(1, 8, 8), random_image(2, 16, 16)
    guide = whole_style_guide(network, [small, large], [0.25, 0.75], settings)
    raw = [
        np.tensordot(each, each, ((0, 1), (0, 1)))
        for each in (network(im)["block1_conv1"].numpy() for im in (small, large))
    ]
    blend = guide.targets["block1_conv1"] * guide.target_sums["block1_conv1"]
    np.testing.assert_allclose(blend, 0.25 * raw[0] + 0.75 * raw[1], rtol=1e-4)


@EAGERLY
def test_layers_of_weight_0_are_left_out(tiny_network):
    network = tiny_network(["block1_conv1"])
    mix = (("block1_conv1", 1.0), ("block5_conv1", 0.0))
    settings = Settings(style_layers=mix, content_layers=mix)
    image = random_image(1, 8, 8)
    terms = [
        content_term(Extractor(network), image, settings),
        style_term(network, [whole_style_guide(network, [image], [1.0], settings)], settings),
    ]
    assert Objective(network, terms).losses(image) == {"content": 0.0, "style": pytest.approx(0.0, abs=1e-6)}


@EAGERLY
@pytest.mark.parametrize("margin", [4, 24])
def test_with_a_margin_the_network_sees_the_mirrored_image(tiny_network, margin):
    settings = dataclasses.replace(BASE, content_weight=0.0, tv_weight=0.0)
    network = tiny_network(LAYERS)
    terms = [style_term(network, [whole_style_guide(network, [STYLE], [1.0], settings)], settings)]
    value, gradient = Objective(network, terms, margin=margin).value_and_gradient(IMAGE)

    def mirrored(image):
        return np.pad(image, ((margin, margin), (margin, margin), (0, 0)), "symmetric")

    whole, whole_gradient = Objective(network, terms).value_and_gradient(mirrored(IMAGE))
    assert_allclose(value, whole, rtol=1e-5)
    rows, columns = (np.pad(np.arange(length), margin, "symmetric") for length in IMAGE.shape[:2])
    folded = np.zeros(IMAGE.shape)  # each pixel gets the gradients of its mirror images
    np.add.at(folded, np.ix_(rows, columns), whole_gradient.numpy())
    assert_allclose(gradient, folded, rtol=1e-3, atol=1e-5 * np.abs(folded).max())
