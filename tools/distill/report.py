"""Compare lite with VGG19 on held-out pictures: their Gram distances, and the results that either makes.

    python tools/distill/report.py --weights FOLDER --pictures FOLDER --work FOLDER

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
from scipy.stats import spearmanr

from maskstyle.images.io import load_image, save_image
from maskstyle.images.pixels import Image, fit_size, resize_image
from maskstyle.networks.architectures import LITE, VGG19
from maskstyle.networks.load import NetworkChoice, load_network
from maskstyle.networks.tensorflow import tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.networks.weights import EMBEDDED_FILES
from maskstyle.objective.assemble import content_term
from maskstyle.objective.extract import Extractor
from maskstyle.objective.gram import gram
from maskstyle.objective.objective import Objective
from maskstyle.settings import Settings
from maskstyle.synthesis.initial_image import initial_image
from maskstyle.synthesis.paint import Run
from maskstyle.synthesis.scales import Step
from maskstyle.synthesis.scene import Scene
from maskstyle.techniques.basic import BasicInputs, transfer_basic

LAYERS = tuple(layer for layer in VGG19.layers if layer[:6] in ("block1", "block2", "block3"))
SIDE = 384
PAIRS = 8
IMAGE_PAIRS = 500
SNAPSHOT_STEP = 8

Networks = Mapping[str, FeatureNetwork]


def main() -> None:
    """Print both comparisons."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="folder with vgg19_block1-3.npz")
    parser.add_argument("--pictures", type=Path, required=True, help="folder with photos/ and paintings/")
    parser.add_argument("--work", type=Path, required=True, help="folder for the results")
    parser.add_argument(
        "--lite", type=Path, default=EMBEDDED_FILES[LITE], help="lite.npz to compare (default: the package's)"
    )
    parser.add_argument("--compute-type", default="bfloat16")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    arguments = parser.parse_args()
    folder = arguments.work / "report"
    folder.mkdir(parents=True, exist_ok=True)
    networks = load_both(arguments.weights, arguments.lite, arguments.compute_type)
    photos, paintings = held_out_files(arguments.pictures)
    results = report_results(networks, photos, paintings, arguments.pairs, folder)
    generator = np.random.default_rng(0)
    report_fidelity(networks, comparison_images(photos, paintings, results, generator), generator)


def load_both(weights: Path, lite: Path, compute_type: str = "bfloat16") -> dict[str, FeatureNetwork]:
    """Load lite and VGG19 for all layers of blocks 1 to 3."""
    files = {"lite": (LITE, lite), "vgg19": (VGG19, weights / "vgg19_block1-3.npz")}
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
) -> list[Image]:
    """Print how much of the style distance each network's results remove, judged by VGG19; return the results."""
    print("| content | style | start | style left, VGG19 | style left, lite | content distance, lite / VGG19 |")
    print("| --- | --- | --- | --- | --- | --- |")
    images: list[Image] = []
    comparisons = []
    for number in range(count):
        photo, painting = photos[number * (len(photos) // count)], paintings[number % len(paintings)]
        for init in ("content", "noise"):
            found = compare(networks, photo, painting, Settings(init=init, seed=number), folder)
            left = " | ".join(f"{found.style_left[name]:.2%}" for name in ("vgg19", "lite"))
            print(
                f"| {found.content} | {found.style} | {init} | {left} | {found.content_ratio:.2f} |",
                flush=True,
            )
            comparisons.append(found)
            images += found.images
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
    print(f"content distance, lite / VGG19: mean {np.mean(ratios):.3f}, greatest {np.max(ratios):.3f}", flush=True)
    file.write_text(json.dumps({"left": left, "content": ratios}, indent=1), encoding="utf-8")


def objective(network: FeatureNetwork, scene: Scene) -> Objective:
    """Return the content and style terms of a scene at its finest size."""
    extractor, size = Extractor(network), scene.sizes[-1]
    content = content_term(extractor, scene.seen_at(size), scene.settings)
    return Objective(network, [content, scene.style_at(scene, extractor, size).term])


def comparison_images(
    photos: Sequence[Path], paintings: Sequence[Path], results: Sequence[Image], generator: np.random.Generator
) -> list[Image]:
    """Return held-out pictures, results, and noisy versions of some of the pictures."""
    images = [load_resized(path) for path in (*photos, *paintings)] + list(results)
    for path in (*photos[:12], *paintings[:4]):
        image = load_resized(path)
        share = generator.random()
        images.append(np.clip(image + generator.normal(0, 0.15 * share, image.shape), 0, 1).astype(np.float32))
        images.append(((1 - share) * image + share * generator.random(image.shape)).astype(np.float32))
    return images


def report_fidelity(networks: Networks, images: Sequence[Image], generator: np.random.Generator) -> None:
    """Print by layer how lite's Gram distances between random pairs of images compare with VGG19's."""
    grams = {name: [grams_of(network, image) for image in images] for name, network in networks.items()}
    first, second = generator.integers(len(images), size=(2, IMAGE_PAIRS))
    pairs = [(i, j) for i, j in zip(first, second, strict=True) if i != j]
    print(f"{len(images)} images, {len(pairs)} pairs")
    print("| layer | Spearman | relative error of the distances |")
    print("| --- | --- | --- |")
    for layer in LAYERS:
        distance = {
            name: np.array([np.linalg.norm(each[i][layer] - each[j][layer]) for i, j in pairs])
            for name, each in grams.items()
        }
        rank = spearmanr(distance["lite"], distance["vgg19"]).statistic
        error = np.median(np.abs(distance["lite"] / distance["vgg19"] - 1))
        print(f"| {layer} | {rank:.4f} | {error:.3f} |", flush=True)


def grams_of(network: FeatureNetwork, image: Image) -> dict[str, Array]:
    """Return the Gram matrices by layer, in the space in which distances are measured."""
    features = network(tf.constant(image))
    return {layer: network.measured_gram(layer, gram(features[layer])).numpy() for layer in LAYERS}


if __name__ == "__main__":
    main()
