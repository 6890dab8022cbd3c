"""Compare lite with VGG19 on held-out pictures: their distances, and the results that either makes.

    python tools/distill/report.py --weights vgg19.npz --pictures FOLDER --work FOLDER

Results made with VGG19 stay in the work folder: they depend on the settings, not on lite.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from lite_file import Array
from pictures import held_out_files
from scipy.ndimage import gaussian_filter
from scipy.stats import spearmanr

from maskstyle.images.io import load_image, save_image
from maskstyle.images.pixels import Image, fit_size, resize_image
from maskstyle.networks.architectures import LITE, VGG19
from maskstyle.networks.load import NetworkChoice, load_network
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.networks.weights import EMBEDDED_FILES
from maskstyle.objective.assemble import content_term
from maskstyle.objective.extract import Extractor
from maskstyle.objective.gram import gram
from maskstyle.objective.objective import Objective
from maskstyle.recipes import FIRST_LAYERS
from maskstyle.settings import Settings
from maskstyle.synthesis.initial_image import initial_image
from maskstyle.synthesis.paint import Run
from maskstyle.synthesis.scales import Step
from maskstyle.synthesis.scene import Scene
from maskstyle.techniques.basic import BasicInputs, transfer_basic

LAYERS = VGG19.layers
SIDE = 256
PAIRS = 6
IMAGE_PAIRS = 500
COMPARED = 4
"""Of the photos, one in so many is compared."""

SETTINGS = Settings(
    content_layers=(("block4_conv2", 1.0),),
    style_layers=tuple((layer, 1.0) for layer in FIRST_LAYERS),
    style_weight=1.0,
    scales=2,
    underpainting="none",
)
"""The layers of the literature, as relative distances; each network paints all sizes itself."""

SNAPSHOT_STEP = 8

Networks = Mapping[str, FeatureNetwork]


def main() -> None:
    """Print all comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="vgg19.npz")
    parser.add_argument("--pictures", type=Path, required=True, help="folder with photos/ and paintings/")
    parser.add_argument("--work", type=Path, required=True, help="folder for the results")
    parser.add_argument(
        "--lite", type=Path, default=EMBEDDED_FILES[LITE], help="lite.npz to compare (default: the package's)"
    )
    parser.add_argument("--compute-type", default="float32")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    arguments = parser.parse_args()
    folder = arguments.work / "report"
    folder.mkdir(parents=True, exist_ok=True)
    networks = load_both(arguments.weights, arguments.lite, arguments.compute_type)
    photos, paintings = held_out_files(arguments.pictures)
    photos = photos[::COMPARED]
    results = report_results(networks, photos, paintings, arguments.pairs, folder)
    report_distances(networks, comparison_groups(photos, paintings, results, np.random.default_rng(0)))


def load_both(weights: Path, lite: Path, compute_type: str = "float32") -> dict[str, FeatureNetwork]:
    """Load lite and VGG19 for all layers that are distilled."""
    files = {"lite": (LITE, lite), "vgg19": (VGG19, weights)}
    return {
        name: load_network(
            NetworkChoice(architecture, file, LAYERS, compute_type, "as asked"), pooling="max", padding="edge"
        )
        for name, (architecture, file) in files.items()
    }


def load_resized(path: Path, side: int = SIDE) -> Image:
    """Load a picture and resize its longer side."""
    pixels = load_image(path).pixels
    height, width = pixels.shape[:2]
    return resize_image(pixels, fit_size((height, width), side))


class Comparison(NamedTuple):
    """Both networks' results for one content image, style image and start, judged by VGG19."""

    content: str
    style: str
    init: str
    style_left: dict[str, float]
    """Share of the style distance that is left, by network."""
    content_ratio: float
    """Content distance of lite's result divided by that of VGG19's."""
    images: list[Image]
    """The results, and lite's snapshot."""


def report_results(
    networks: Networks, photos: Sequence[Path], paintings: Sequence[Path], count: int, folder: Path
) -> dict[str, list[Image]]:
    """Print how much of the style distance each network's results remove, judged by VGG19.

    Return the results by content.
    """
    print("| content | style | start | style left, VGG19 | style left, lite | content distance, lite / VGG19 |")
    print("| --- | --- | --- | --- | --- | --- |")
    images: dict[str, list[Image]] = {}
    comparisons = []
    for number in range(count):
        photo, painting = photos[number * (len(photos) // count)], paintings[number % len(paintings)]
        init = ("content", "noise")[number % 2]
        found = compare(networks, photo, painting, SETTINGS.changed(init=init, seed=number), folder)
        left = " | ".join(f"{found.style_left[name]:.2%}" for name in ("vgg19", "lite"))
        print(f"| {found.content} | {found.style} | {init} | {left} | {found.content_ratio:.2f} |", flush=True)
        comparisons.append(found)
        images[found.content] = found.images
    report_means(comparisons, folder / "results.json")
    return images


def compare(networks: Networks, photo: Path, painting: Path, settings: Settings, folder: Path) -> Comparison:
    """Compare both networks' results for one pair; VGG19's are read from the folder if they exist."""
    content, style = load_resized(photo), load_resized(painting)
    scene = BasicInputs(content, style, settings=settings.changed(scales=1)).scene()
    judge = objective(networks["vgg19"], scene)
    before = judge.losses(initial_image(scene))
    images: list[Image] = []
    after = {}
    for name, network in networks.items():
        key = zlib.crc32(repr((settings, network.compute_type)).encode())
        file = folder / f"{name}_{photo.stem}_{painting.stem}_{settings.init}_{key:08x}.png"
        if name == "lite" or not file.exists():
            snapshots: list[Image] = []
            save_image(file, painted(network, content, style, settings, snapshots))
            images += snapshots if name == "lite" else []
        images.append(load_image(file).pixels)
        after[name] = judge.losses(images[-1])
    style_left = {name: losses["style"] / before["style"] for name, losses in after.items()}
    ratio = after["lite"]["content"] / after["vgg19"]["content"]
    return Comparison(photo.stem, painting.stem, settings.init, style_left, ratio, images)


def painted(
    network: FeatureNetwork, content: Image, style: Image, settings: Settings, snapshots: list[Image]
) -> Image:
    """Return the result of a basic transfer; append a snapshot at the finest size to `snapshots`."""

    def keep(step: Step) -> None:
        if step.scale == step.scales and step.step == SNAPSHOT_STEP:
            snapshots.append(step.image)

    return transfer_basic(content, style, settings=settings, run=Run(network=network, on_step=keep)).image


def report_means(comparisons: Sequence[Comparison], file: Path) -> None:
    """Print and write the means over all comparisons."""
    left = {name: [found.style_left[name] for found in comparisons] for name in ("lite", "vgg19")}
    ratios = [found.content_ratio for found in comparisons]
    for name, shares in left.items():
        print(f"{name} removes {1 - np.mean(shares):.2%} on average, at least {1 - np.max(shares):.2%}")
    ratio = np.mean([(1 - lite) / (1 - vgg19) for lite, vgg19 in zip(left["lite"], left["vgg19"], strict=True)])
    print(f"lite removes {ratio:.4f} times what VGG19 removes, on average")
    print(f"content distance, lite / VGG19: mean {np.mean(ratios):.3f}, greatest {np.max(ratios):.3f}", flush=True)
    file.write_text(json.dumps({"left": left, "content": ratios}, indent=1), encoding="utf-8")


def objective(network: FeatureNetwork, scene: Scene) -> Objective:
    """Return the content and style terms of a scene at its finest size."""
    extractor, size = Extractor(network), scene.sizes[-1]
    content = content_term(extractor, scene.seen_at(size), scene.settings)
    return Objective(network, [content, scene.style_at(scene, extractor, size).term])


def comparison_groups(
    photos: Sequence[Path],
    paintings: Sequence[Path],
    results: Mapping[str, Sequence[Image]],
    generator: np.random.Generator,
) -> list[list[Image]]:
    """Return groups of images: a held-out picture, then pictures of its content.

    These are results of both networks and lite's snapshots, or the picture itself blurred, noisy or recolored.
    """
    groups = [[load_resized(path)] for path in paintings]
    for path in photos:
        image, images = load_resized(path), list(results.get(path.stem, []))
        share = generator.random()
        changed = [
            gaussian_filter(image, (sigma := generator.uniform(0.4, 3.0), sigma, 0)),
            image + generator.normal(0, generator.uniform(0.02, 0.3), image.shape),
            (1 - share) * image + share * generator.random(image.shape),
            0.5 + (image - 0.5) * generator.uniform(0.4, 1.6) + generator.normal(0, 0.08, 3),
        ]
        groups.append([image, *images, *(np.clip(each, 0, 1).astype(np.float32) for each in changed)])
    return groups


class Distances(NamedTuple):
    """What a network makes of groups of images, by layer."""

    gram: dict[str, Array]
    """Distances between the Gram matrices of random pairs of images."""
    content: dict[str, Array]
    """Relative squared content distances between the first image of each group and its others."""


def distances_by(network: FeatureNetwork, groups: Sequence[Sequence[Image]]) -> Distances:
    """Return the distances of groups of images."""
    grams: list[dict[str, Array]] = []
    content = []
    for first, *others in groups:
        target = network(tf.constant(first))
        grams.append(grams_of(network, target))
        for other in others:
            features = network(tf.constant(other))
            grams.append(grams_of(network, features))
            content.append([content_distance(network, layer, target, features) for layer in LAYERS])
    chosen = np.random.default_rng(0).integers(len(grams), size=(IMAGE_PAIRS, 2))
    pairs = [(i, j) for i, j in chosen if i != j]
    between = {
        layer: np.array([np.linalg.norm(grams[i][layer] - grams[j][layer]) for i, j in pairs]) for layer in LAYERS
    }
    return Distances(between, dict(zip(LAYERS, np.transpose(content), strict=True)))


def report_distances(networks: Networks, groups: Sequence[Sequence[Image]]) -> None:
    """Print how lite's distances compare with VGG19's."""
    print(f"{sum(map(len, groups))} images, {len(groups)} contents")
    found = {name: distances_by(network, groups) for name, network in networks.items()}
    for kind in Distances._fields:
        print(f"{kind} distances")
        report_ranks({name: getattr(each, kind) for name, each in found.items()})


def report_ranks(distances: Mapping[str, Mapping[str, Array]]) -> None:
    """Print by layer the rank correlation of both networks' distances, and the median relative error of lite's."""
    print("| layer | Spearman | relative error of the distances |")
    print("| --- | --- | --- |")
    for layer in LAYERS:
        lite, exact = distances["lite"][layer], distances["vgg19"][layer]
        error = np.median(np.abs(lite / exact - 1))
        print(f"| {layer} | {spearmanr(lite, exact).statistic:.4f} | {error:.3f} |", flush=True)


def grams_of(network: FeatureNetwork, features: Mapping[str, Tensor]) -> dict[str, Array]:
    """Return the Gram matrices by layer, in the space in which distances are measured."""
    return {layer: network.measured_gram(layer, gram(features[layer])).numpy() for layer in LAYERS}


def content_distance(
    network: FeatureNetwork, layer: str, target: Mapping[str, Tensor], features: Mapping[str, Tensor]
) -> float:
    """Return the relative squared content distance at a layer, without the layer's content gain."""
    goal, current = (tf.cast(network.measured(layer, each[layer]), tf.float32) for each in (target, features))
    return float(tf.reduce_sum(tf.square(current - goal)) / tf.reduce_sum(tf.square(goal)))


if __name__ == "__main__":
    main()
