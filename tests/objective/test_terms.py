"""Content, style and total variation terms against the formulas of the literature, in NumPy float64."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_allclose
from reference import random_image, raw_gram, total_variation

from maskstyle.objective.gram import gram
from maskstyle.objective.terms import ContentTerm, Guide, StyleTerm, TotalVariationTerm

CONTENT_REDUCTIONS = {
    "relative": lambda features, content: np.mean((features - content) ** 2) / np.mean(content**2),
    "mean": lambda features, content: np.mean((features - content) ** 2),
    "sum": lambda features, content: np.sum((features - content) ** 2),
    "half_sum": lambda features, content: np.sum((features - content) ** 2) / 2,
}


# G and A are Gram matrices, N channels, M pixels (or the sum of their weights), P pixels of the image.
STYLE_REDUCTIONS = {
    "relative": lambda G, A, M, P: np.sum((G - A) ** 2) / np.sum(A**2),
    "mean": lambda G, A, M, P: np.mean((G - A) ** 2),
    "gatys": lambda G, A, M, P: np.sum((G - A) ** 2) / (4 * len(G) ** 2 * M**2),
    "chollet": lambda G, A, M, P: np.sum((G - A) ** 2) / (4 * 3**2 * P**2),
}

LAYERS = {"block1_conv1": (6, 9, 4), "block2_conv1": (3, 4, 5)}
IMAGE = random_image(0, 6, 9)


def random_features(seed):
    rng = np.random.default_rng(seed)
    return {layer: rng.uniform(0, 9, shape).astype(np.float32) for layer, shape in LAYERS.items()}


def exact(array):
    return np.asarray(array, np.float64)


@pytest.mark.parametrize("reduction", CONTENT_REDUCTIONS)
def test_content_term(reduction):
    features, content = random_features(1), random_features(2)
    mix = (("block1_conv1", 0.25), ("block2_conv1", 2.0))
    term = ContentTerm(3.0, mix, content, reduction)
    formula = CONTENT_REDUCTIONS[reduction]
    expected = sum(share * formula(exact(features[layer]), exact(content[layer])) for layer, share in mix)
    assert_allclose(float(term(IMAGE, features, {})), expected, rtol=1e-5)  # the weight of 3 sits outside


@pytest.mark.parametrize("reduction", CONTENT_REDUCTIONS)
def test_content_term_is_0_at_the_content(reduction):
    content = random_features(2)
    assert float(ContentTerm(1.0, (("block1_conv1", 1.0),), content, reduction)(IMAGE, content, {})) == 0.0


@pytest.mark.parametrize("reduction", CONTENT_REDUCTIONS)
def test_content_term_that_counts_the_channels_of_another_network(reduction):
    features, content = random_features(1), random_features(2)
    mix = (("block1_conv1", 0.25), ("block2_conv1", 2.0))
    counted = {"block1_conv1": 16, "block2_conv1": 3}
    expected = 0.0
    for layer, share in mix:
        value = CONTENT_REDUCTIONS[reduction](exact(features[layer]), exact(content[layer]))
        if reduction == "mean":  # a sum over pixels and channels, divided by pixels and the other's channels
            value *= LAYERS[layer][-1] / counted[layer]
        expected += share * value
    term = ContentTerm(3.0, mix, content, reduction, counted)
    assert_allclose(float(term(IMAGE, features, {})), expected, rtol=1e-5)


def test_content_term_of_bfloat16_features_is_reduced_in_float32():
    features = {"block1_conv1": tf.fill((30, 30, 4), tf.constant(1.0, tf.bfloat16))}
    targets = {"block1_conv1": tf.fill((30, 30, 4), tf.constant(2.0, tf.bfloat16))}
    value = ContentTerm(1.0, (("block1_conv1", 1.0),), targets, "sum")(IMAGE, features, {})
    assert value.dtype == tf.float32
    assert float(value) == 3600.0


def test_content_of_zeros_gives_a_finite_relative_term():
    features, content = random_features(1), {"block1_conv1": np.zeros(LAYERS["block1_conv1"], np.float32)}
    term = ContentTerm(1.0, (("block1_conv1", 1.0),), content, "relative")
    assert np.isfinite(float(term(IMAGE, features, {})))


class Weighting:
    """Pixel weights of one kind for both layers, with the divisors and raw Gram matrices of the formulas."""

    def __init__(self, kind):
        self.weights = self.divisors = None
        rng = np.random.default_rng(5)
        if kind != "whole":
            self.weights = {layer: rng.random(shape[:2], dtype=np.float32) for layer, shape in LAYERS.items()}
        if kind == "divisors":
            self.divisors = {layer: float(np.sqrt(self.weights[layer]).sum()) for layer in LAYERS}

    def divisor(self, layer):
        """Return the divisor of the Gram matrix of a layer."""
        if self.divisors is not None:
            return self.divisors[layer]
        if self.weights is not None:
            return exact(self.weights[layer]).sum()
        return float(np.prod(LAYERS[layer][:2]))

    def raw(self, layer, features):
        """Return the weighted sum over pixels, undivided."""
        weights = np.ones(LAYERS[layer][:2]) if self.weights is None else exact(self.weights[layer])
        return raw_gram(exact(features) * np.sqrt(weights)[..., None])


def guide_with_raw_targets(seed, weighting, **changes):
    """Return a guide for a style of 7 pixels a layer, with the raw target Grams."""
    rng = np.random.default_rng(seed)
    raw = {layer: raw_gram(rng.uniform(0, 9, (7, shape[-1]))) for layer, shape in LAYERS.items()}
    targets = {layer: (matrix / 7).astype(np.float32) for layer, matrix in raw.items()}
    sums = dict.fromkeys(LAYERS, 7.0)
    return Guide(f"guide {seed}", targets, sums, weighting.weights, weighting.divisors, **changes), raw


def observed_by(term, features):
    return {layer: term.observe(layer, tf.constant(features[layer]))[1] for layer, _ in term.layers}


STYLE_FORMS = list(itertools.product(("weights", "none"), STYLE_REDUCTIONS))


@pytest.mark.parametrize("kind", ["whole", "weights", "divisors"])
@pytest.mark.parametrize(("normalization", "reduction"), STYLE_FORMS)
def test_style_term(normalization, reduction, kind):
    features, weighting = random_features(1), Weighting(kind)
    guide, raw_targets = guide_with_raw_targets(2, weighting, strength=0.75, intensity=1.5)
    mix = (("block1_conv1", 0.25), ("block2_conv1", 2.0))
    term = StyleTerm(100.0, mix, [guide], normalization, reduction)

    expected = 0.0
    for layer, share in mix:
        divisor = weighting.divisor(layer)
        current, target = weighting.raw(layer, features[layer]), raw_targets[layer]
        if normalization == "weights":
            current, target = current / divisor, target / 7
        distance = STYLE_REDUCTIONS[reduction](current, 1.5 * target, divisor, IMAGE.shape[0] * IMAGE.shape[1])
        expected += 0.75 * share * distance
    assert_allclose(float(term(IMAGE, features, observed_by(term, features))), expected, rtol=1e-4)


@pytest.mark.parametrize(("normalization", "reduction"), STYLE_FORMS)
def test_style_term_that_counts_the_channels_of_another_network(normalization, reduction):
    features = random_features(1)
    guide, _ = guide_with_raw_targets(2, Weighting("weights"))
    for layer, (_, _, channels) in LAYERS.items():
        mix = ((layer, 2.0),)
        own, other = (
            StyleTerm(1.0, mix, [guide], normalization, reduction, counted) for counted in (None, {layer: 16})
        )
        grams = observed_by(own, features)
        # Only these two divide by channels: a mean by C^2, Gatys by 4 C^2 M^2.
        factor = (channels / 16) ** 2 if reduction in ("mean", "gatys") else 1.0
        assert_allclose(float(other(IMAGE, features, grams)), factor * float(own(IMAGE, features, grams)), rtol=1e-6)


def test_several_guides_add_up_each_with_its_strength():
    features = random_features(1)
    mix = (("block1_conv1", 1.0),)
    first, _ = guide_with_raw_targets(2, Weighting("whole"), strength=2.0)
    second, _ = guide_with_raw_targets(3, Weighting("weights"), strength=0.5)
    single = []
    for guide in (first, second):
        alone = StyleTerm(1.0, mix, [guide], "weights", "relative")
        single.append(float(alone(IMAGE, features, observed_by(alone, features))))
    both = StyleTerm(1.0, mix, [first, second], "weights", "relative")
    assert_allclose(float(both(IMAGE, features, observed_by(both, features))), sum(single), rtol=1e-6)
    assert single[0] != single[1]


@pytest.mark.parametrize("kind", ["whole", "weights"])
def test_guides_of_one_kind_keep_their_targets_strengths_and_shares(kind):
    features = random_features(1)
    mix = (("block1_conv1", 1.0), ("block2_conv1", 2.0))
    shares = {"block1_conv1": 0.5, "block2_conv1": 3.0}
    first, _ = guide_with_raw_targets(2, Weighting(kind), strength=2.0, shares=shares)
    second, _ = guide_with_raw_targets(3, Weighting(kind), strength=0.5)
    third = dataclasses.replace(first, strength=1.5, shares=None)  # the target of the first
    expected = 0.0
    for guide, (layer, layer_weight) in itertools.product((first, second, third), mix):
        alone = dataclasses.replace(guide, strength=1.0, shares=None)
        term = StyleTerm(1.0, ((layer, layer_weight),), [alone], "weights", "mean")
        factor = guide.strength * (shares[layer] if guide is first else 1.0)
        expected += factor * float(term(IMAGE, features, observed_by(term, features)))
    together = StyleTerm(1.0, mix, [first, second, third], "weights", "mean")
    assert_allclose(float(together(IMAGE, features, observed_by(together, features))), expected, rtol=1e-5)


def test_layers_outside_the_mix_are_passed_on_unobserved():
    guide, _ = guide_with_raw_targets(2, Weighting("weights"))
    term = StyleTerm(1.0, (("block1_conv1", 1.0),), [guide], "weights", "relative")
    features = random_features(1)
    assert len(term.observe("block1_conv1", tf.constant(features["block1_conv1"]))[1]) == 1
    passed, squares = term.observe("block2_conv1", features["block2_conv1"])
    assert passed is features["block2_conv1"]
    assert squares.shape == (0,)


@pytest.mark.parametrize(("normalization", "reduction"), STYLE_FORMS)
def test_a_guide_of_cells_is_one_of_0_and_1_weights(normalization, reduction):
    rng = np.random.default_rng(8)
    weights = {layer: (rng.random(shape[:2]) < 0.4).astype(np.float32) for layer, shape in LAYERS.items()}
    assert all(each.any() for each in weights.values())
    weighed = dataclasses.replace(guide_with_raw_targets(3, Weighting("whole"))[0], weights=weights)
    cells = {layer: np.flatnonzero(each).astype(np.int32) for layer, each in weights.items()}
    gathered = dataclasses.replace(weighed, weights=None, cells=cells)
    whole, _ = guide_with_raw_targets(4, Weighting("whole"))
    mix = tuple((layer, 1.0) for layer in LAYERS)
    features = random_features(1)
    # Cells and weights side by side keep the order of the guides.
    values = []
    for guides in ([weighed, whole, weighed], [gathered, whole, weighed], [weighed, whole, gathered]):
        guides = [dataclasses.replace(guide, strength=s) for guide, s in zip(guides, (1.0, 2.0, 5.0), strict=True)]
        term = StyleTerm(1.0, mix, guides, normalization, reduction)
        values.append(float(term(IMAGE, features, observed_by(term, features))))
    assert_allclose(values[1:], values[0], rtol=1e-5)


def test_a_guide_without_a_target_at_a_layer_does_not_constrain_it():
    guide, _ = guide_with_raw_targets(3, Weighting("whole"))
    shallow = dataclasses.replace(guide, targets={"block1_conv1": guide.targets["block1_conv1"]})
    features = random_features(1)
    both = StyleTerm(1.0, (("block1_conv1", 1.0), ("block2_conv1", 1.0)), [shallow], "weights", "relative")
    first = StyleTerm(1.0, (("block1_conv1", 1.0),), [guide], "weights", "relative")
    one, other = (float(term(IMAGE, features, observed_by(term, features))) for term in (both, first))
    assert one == other


@pytest.mark.parametrize("normalization", ["weights", "none"])
def test_style_term_is_0_where_the_grams_are_the_targets(normalization):
    features = random_features(1)
    targets = {layer: gram(features[layer]).numpy() for layer in LAYERS}
    sums = {layer: float(np.prod(shape[:2])) for layer, shape in LAYERS.items()}
    term = StyleTerm(1.0, (("block1_conv1", 1.0),), [Guide("same", targets, sums)], normalization, "relative")
    assert float(term(IMAGE, features, observed_by(term, features))) < 1e-12


@pytest.mark.parametrize("pixel_range", [1.0, 255.0])
@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("exponent", [1.0, 1.25, 2.0])
def test_total_variation_term(exponent, reduction, pixel_range):
    term = TotalVariationTerm(9.0, exponent, reduction, pixel_range)
    values = total_variation(exact(IMAGE) * pixel_range, exponent)
    expected = values.mean() if reduction == "mean" else values.sum()
    assert_allclose(float(term(IMAGE, {}, {})), expected, rtol=1e-5)


def test_total_variation_of_a_literal():
    image = np.zeros((2, 2, 3), np.float32)
    image[1, 0], image[0, 1] = 0.5, 1.0  # dx = 1, dy = 0.5; the last corner does not count
    assert float(TotalVariationTerm(1.0)(image, {}, {})) == 1.25
    assert float(TotalVariationTerm(1.0, reduction="sum")(image, {}, {})) == 3.75


@pytest.mark.parametrize("exponent", [1.0, 1.25])
def test_total_variation_of_a_flat_image_and_its_gradient_are_0(exponent):
    image = tf.fill((4, 5, 3), 0.3)
    with tf.GradientTape() as tape:
        tape.watch(image)
        value = TotalVariationTerm(1.0, exponent)(image, {}, {})
    assert float(value) == 0.0
    assert not tape.gradient(value, image).numpy().any()


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("shape", [(1, 9, 3), (9, 1, 3), (1, 1, 3)])
def test_total_variation_without_neighbors_and_its_gradient_are_0(shape, reduction):
    image = tf.constant(np.random.default_rng(0).random(shape, dtype=np.float32))
    with tf.GradientTape() as tape:
        tape.watch(image)
        value = TotalVariationTerm(1.0, reduction=reduction)(image, {}, {})
    assert float(value) == 0.0
    assert not tape.gradient(value, image).numpy().any()


def test_an_almost_empty_target_does_not_outweigh_the_others():
    features = random_features(1)
    mix = (("block1_conv1", 1.0),)
    first, _ = guide_with_raw_targets(2, Weighting("whole"))
    flat = dataclasses.replace(first, targets={layer: each * 1e-4 for layer, each in first.targets.items()})
    term = StyleTerm(1.0, mix, [first, flat], "weights", "relative")
    squares = exact(observed_by(term, features)["block1_conv1"])
    size = np.sum(exact(first.targets["block1_conv1"]) ** 2)
    least = 0.05 * size * (1 + 1e-8) / 2
    expected = squares[0] / size + squares[1] / least
    assert_allclose(float(term(IMAGE, features, observed_by(term, features))), expected, rtol=1e-4)
