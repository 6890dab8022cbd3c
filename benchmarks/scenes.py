"""What is evaluated: the objective of each technique on noise, with a given number of regions, masks or patches."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from scipy import ndimage

from maskstyle.images.io import load_image
from maskstyle.images.pixels import Image, Mask, fit_size, resize_image
from maskstyle.maps.assignment import Pair
from maskstyle.networks.load import choose_network, load_network
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.guides import mask_guides, region_guides, style_guide
from maskstyle.objective.objective import ObjectiveLike, content_term, objective_for, style_term, total_variation_term
from maskstyle.objective.patch_targets import MapPair, patch_matches, patch_term
from maskstyle.objective.terms import Term
from maskstyle.settings import DOODLE_SETTINGS, PatchSettings, Settings
from maskstyle.techniques.plan import style_size, wanted_layers

SAMPLES = Path(__file__).parents[1] / "samples"
COLORS = ((200, 70, 50), (110, 140, 60), (60, 120, 170), (230, 200, 60))

Scene = Callable[[Mapping[str, Any], FeatureNetwork, Image, Image, Settings], Term]


def settings_of(case: Mapping[str, Any]) -> Settings:
    """Return the settings of a case."""
    settings = DOODLE_SETTINGS if case.get("scene") == "doodle" else Settings()
    return settings.changed(network=case["network"], compute_type=case["type"], tile_size=case.get("tile"))


def load_for(weights: Path | None, settings: Settings) -> FeatureNetwork:
    """Load the network of settings; lite needs no weights."""
    file = None if settings.network == "lite" else weights
    layers, kind = wanted_layers(settings), settings.compute_type
    choice = choose_network(settings.network, layers, compute_type=kind, weights=file)
    return load_network(choice, pooling=settings.pooling, padding=settings.padding)


def load_at(name: str, longer_side: int) -> Image:
    """Load a sample at a longer side."""
    pixels = load_image(SAMPLES / f"{name}.jpg").pixels
    return resize_image(pixels, fit_size(pixels.shape[:2], longer_side))


def bare_network(network: FeatureNetwork, layer: str | None = None) -> Callable[[Image], Any]:
    """Return the compiled gradient of the mean of a layer, the deepest, in the image: no Gram matrices, no losses."""
    deepest = layer or max(network.layers)

    @tf.function(autograph=False)
    def gradient(image: Any) -> Any:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(image)
            mean = tf.reduce_mean(tf.cast(network(image)[deepest], tf.float32))
        return tape.gradient(mean, image)

    return lambda image: gradient(tf.convert_to_tensor(image))


def make_scene(
    case: Mapping[str, Any], network: FeatureNetwork, content: Image, style: Image, settings: Settings
) -> ObjectiveLike:
    """Return the objective of a case at the content's size."""
    terms = [SCENES[case["scene"]](case, network, content, style, settings), total_variation_term(settings)]
    if settings.content_weight > 0:
        terms.insert(0, content_term(network, content, settings))
    return objective_for(content.shape[:2], network, terms, settings)


def basic(case: Mapping[str, Any], network: FeatureNetwork, content: Image, style: Image, settings: Settings) -> Term:
    """Return the term of one style everywhere."""
    scaled = resize_image(style, style_size(style.shape[:2], content.shape[:2], settings))
    return style_term(network, [style_guide(network, [scaled], [1.0], settings)], settings)


def regions(
    case: Mapping[str, Any], network: FeatureNetwork, content: Image, style: Image, settings: Settings
) -> Term:
    """Return the term of so many disjoint regions of equal size."""
    labels = stripes(content.shape[0], case["count"])
    pairs = [Pair(str(region), region, region) for region in range(case["count"])]
    return style_term(network, region_guides(network, labels, style, labels, pairs, settings), settings)


def band_masks(
    case: Mapping[str, Any], network: FeatureNetwork, content: Image, style: Image, settings: Settings
) -> Term:
    """Return the term of soft masks that share the picture out."""
    return masked(soft_bands(case["count"], content.shape[0]), network, style, settings)


def covering_masks(
    case: Mapping[str, Any], network: FeatureNetwork, content: Image, style: Image, settings: Settings
) -> Term:
    """Return the term of smooth masks that all cover all of the picture."""
    return masked(smooth_masks(case["count"], content.shape[0]), network, style, settings)


def masked(masks: Sequence[Mask], network: FeatureNetwork, style: Image, settings: Settings) -> Term:
    """Return the term of masks, all of one style."""
    guides = mask_guides(network, masks, [style] * len(masks), [1.0] * len(masks), settings)
    return style_term(network, guides, settings)


def patches(
    case: Mapping[str, Any], network: FeatureNetwork, content: Image, style: Image, settings: Settings
) -> Term:
    """Return the term of patches of a size, in pixels, one every so many."""
    labels = stripes(content.shape[0], len(COLORS))
    maps = MapPair(labels, COLORS, np.ascontiguousarray(labels.T), COLORS)
    cut = PatchSettings(patch_size=case["patch"], patch_stride=case["stride"])
    matches = patch_matches(network, maps, style, settings, cut)
    return patch_term(network, matches, style, content.shape[:2], settings)


SCENES: Mapping[str, Scene] = {
    "basic": basic,
    "region": regions,
    "mask bands": band_masks,
    "mask smooth": covering_masks,
    "patch": patches,
    "doodle": regions,
}


def stripes(side: int, count: int) -> np.ndarray:
    """Return labels of diagonal stripes."""
    return (np.indices((side, side)).sum(axis=0) * count // (2 * side)).astype(np.int32)


def soft_bands(count: int, size: int) -> list[Mask]:
    """Return upright bands, each of which fades out where its neighbors are full."""
    across = (np.arange(size, dtype=np.float32) + 0.5) / size * count
    rows = (np.clip(1 - np.abs(across - band - 0.5), 0, 1) for band in range(count))
    return [np.tile(row, (size, 1)).astype(np.float32) for row in rows]


def smooth_masks(count: int, size: int) -> list[Mask]:
    """Return smooth random masks above 0 everywhere."""
    noise = np.random.default_rng(1).normal(size=(count, size, size))
    blurred = np.stack([ndimage.gaussian_filter(each, size / 8, mode="wrap") for each in noise])
    lowest, highest = (function(blurred, axis=(1, 2), keepdims=True) for function in (np.min, np.max))
    return list((0.02 + 0.98 * (blurred - lowest) / (highest - lowest)).astype(np.float32))
