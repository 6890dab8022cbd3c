"""One evaluation of guided objectives against that of `maskstyle basic`, in turns: regions, soft masks, patches.

A case is what makes its objective from a network, a content, a style and settings; a line in CASES adds one.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from common import make_objective, print_table, write_figures
from scipy import ndimage

from maskstyle.guidance.pairs import Pair
from maskstyle.guides import mask_guides, region_guides
from maskstyle.images import Image, Mask
from maskstyle.losses import Term
from maskstyle.networks.load import choose_network, load_network
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective import Objective, content_term, style_term, total_variation_term
from maskstyle.patch_guides import MapPair, patch_matches, patch_term
from maskstyle.result import peak_memory_mb
from maskstyle.settings import PatchSettings, Settings
from maskstyle.techniques.plan import wanted_layers

ROUNDS = 9
COLORS = ((200, 70, 50), (110, 140, 60), (60, 120, 170), (230, 200, 60))

Case = Callable[[FeatureNetwork, Image, Image, Settings], Objective]


def regions(count: int) -> Case:
    """Return the case of so many disjoint regions of equal size."""

    def make(network: FeatureNetwork, content: Image, style: Image, settings: Settings) -> Objective:
        labels = stripes(content.shape[0], count)
        pairs = [Pair(str(region), region, region) for region in range(count)]
        guides = region_guides(network, labels, style, labels, pairs, settings)
        return with_style(style_term(network, guides, settings), network, content, settings)

    return make


def masks(count: int, kind: str) -> Case:
    """Return the case of soft masks: bands that share the picture out, or smooth ones that all cover all of it."""

    def make(network: FeatureNetwork, content: Image, style: Image, settings: Settings) -> Objective:
        size = content.shape[0]
        made = soft_bands(count, size) if kind == "bands" else smooth_masks(count, size)
        guides = mask_guides(network, made, [style] * count, [1.0] * count, settings)
        return with_style(style_term(network, guides, settings), network, content, settings)

    return make


def soft_bands(count: int, size: int) -> list[Mask]:
    """Return upright bands, each of which fades out where its neighbours are full."""
    across = (np.arange(size, dtype=np.float32) + 0.5) / size * count
    rows = (np.clip(1 - np.abs(across - band - 0.5), 0, 1) for band in range(count))
    return [np.tile(row, (size, 1)).astype(np.float32) for row in rows]


def smooth_masks(count: int, size: int) -> list[Mask]:
    """Return smooth random masks above 0 everywhere."""
    noise = np.random.default_rng(1).normal(size=(count, size, size))
    blurred = np.stack([ndimage.gaussian_filter(each, size / 8, mode="wrap") for each in noise])
    lowest, highest = (function(blurred, axis=(1, 2), keepdims=True) for function in (np.min, np.max))
    return list((0.02 + 0.98 * (blurred - lowest) / (highest - lowest)).astype(np.float32))


def patches(size: int, stride: int) -> Case:
    """Return the case of patches of a size, in pixels, one every so many."""

    def make(network: FeatureNetwork, content: Image, style: Image, settings: Settings) -> Objective:
        labels = stripes(content.shape[0], len(COLORS))
        maps = MapPair(labels, COLORS, np.ascontiguousarray(labels.T), COLORS)
        cut = PatchSettings(patch_size=size, patch_stride=stride)
        matches = patch_matches(network, maps, style, settings, cut)
        term = patch_term(network, matches, style, content.shape[:2], settings)
        return with_style(term, network, content, settings)

    return make


CASES: Mapping[str, Case] = {
    "basic": make_objective,
    "region 32": regions(32),
    "mask 8, bands": masks(8, "bands"),
    "mask 8, smooth and everywhere": masks(8, "smooth"),
    "patch 32 px (256)": patches(32, 32),
    "patch 16 px (1024)": patches(16, 16),
    "patch 32 px, half overlapping (961)": patches(32, 16),
}


def stripes(side: int, count: int) -> np.ndarray:
    """Return labels of diagonal stripes."""
    return (np.indices((side, side)).sum(axis=0) * count // (2 * side)).astype(np.int32)


def with_style(term: Term, network: FeatureNetwork, content: Image, settings: Settings) -> Objective:
    """Return the objective with a style term of its own."""
    return Objective(network, [content_term(network, content, settings), term, total_variation_term(settings)])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--weights", type=Path, help="VGG19 weights, .h5 or .npz; the embedded lite without")
    options.add_argument("--size", type=int, default=512, help="side of the picture, in pixels")
    options.add_argument("--types", default="float32,bfloat16", help="types of the convolutions")
    options.add_argument("--json", type=Path, help="write the figures here")
    arguments = options.parse_args()
    figures = []
    for compute_type in arguments.types.split(","):
        figures += measure(arguments.weights, arguments.size, compute_type)
    print_table(
        ("type", "case", "seconds", "case / basic"),
        ((each["compute_type"], each["case"], f"{each['seconds']:.3f}", f"{each['ratio']:.2f}") for each in figures),
    )
    print(f"peak memory: {peak_memory_mb():.0f} MiB, of all cases together")
    write_figures(arguments.json, figures)


def measure(weights: Path | None, size: int, compute_type: str) -> list[dict[str, object]]:
    """Return the median seconds of one evaluation, and the median of its ratios to the basic one just before."""
    settings = Settings(compute_type=compute_type)
    choice = choose_network(
        "vgg19" if weights else "lite", wanted_layers(settings), compute_type=compute_type, weights=weights
    )
    network = load_network(choice, pooling=settings.pooling, padding=settings.padding)
    content, style = np.random.default_rng(0).random((2, size, size, 3), dtype=np.float32)
    seconds: dict[str, list[float]] = {name: [] for name in CASES}
    ratios: dict[str, list[float]] = {name: [] for name in CASES}
    objectives = {name: make(network, content, style, settings) for name, make in CASES.items()}
    for turn in range(ROUNDS + 2):
        for name in CASES:
            basic, own = (timed(objectives[each], content) for each in ("basic", name))
            if turn >= 2:
                seconds[name].append(own)
                ratios[name].append(own / basic)
    return [
        {
            "compute_type": compute_type,
            "case": name,
            "seconds": float(np.median(seconds[name])),
            "ratio": float(np.median(ratios[name])),
        }
        for name in CASES
    ]


def timed(objective: Objective, content: Image) -> float:
    """Return the seconds that one evaluation takes."""
    began = time.perf_counter()
    objective.value_and_gradient(content)[1].numpy()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
