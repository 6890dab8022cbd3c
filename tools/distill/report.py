"""How near lite comes to VGG19 on pictures that training never saw: Gram distances, and pictures made with either.

    python tools/distill/report.py --weights FOLDER --pictures FOLDER --work FOLDER

Pictures made with VGG19 are kept in the work folder: they change with the settings, not with lite.
"""

from __future__ import annotations

import argparse
import json
import sys
import zlib
from pathlib import Path

import numpy as np
import tensorflow as tf
from pictures import held_out_files
from scipy.stats import spearmanr

from maskstyle.images.io import load_image, save_image
from maskstyle.images.pixels import fit_size, resize_image
from maskstyle.networks.architectures import LITE, VGG19
from maskstyle.networks.load import NetworkChoice, load_network
from maskstyle.networks.weights import EMBEDDED_FILE
from maskstyle.objective.gram import gram
from maskstyle.objective.guides import style_guide
from maskstyle.objective.objective import Objective, content_term, style_term
from maskstyle.settings import Settings
from maskstyle.techniques.basic import transfer_basic
from maskstyle.techniques.plan import starting_image, style_size

LAYERS = tuple(layer for layer in VGG19.layers if layer[:6] in ("block1", "block2", "block3"))
SIDE = 384
PAIRS = 8
IMAGE_PAIRS = 500
SNAPSHOT_STEP = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="folder with vgg19_block1-3.npz")
    parser.add_argument("--pictures", type=Path, required=True, help="folder with photos/ and paintings/")
    parser.add_argument("--work", type=Path, required=True, help="folder for the pictures that are made")
    parser.add_argument("--lite", type=Path, default=EMBEDDED_FILE, help="another lite.npz than the package's")
    parser.add_argument("--compute-type", default="bfloat16")
    parser.add_argument("--pairs", type=int, default=PAIRS)
    arguments = parser.parse_args()
    folder = arguments.work / "report"
    folder.mkdir(parents=True, exist_ok=True)
    networks = load_both(arguments.weights, arguments.lite, arguments.compute_type)
    photos, paintings = held_out_files(arguments.pictures)
    stylized = report_results(networks, photos, paintings, arguments.pairs, folder)
    report_fidelity(networks, photos, paintings, stylized)


def load_both(weights: Path, lite: Path, compute_type: str = "bfloat16"):
    """Return lite and VGG19, loaded for all layers of blocks 1 to 3."""
    files = {"lite": (LITE, lite), "vgg19": (VGG19, weights / "vgg19_block1-3.npz")}
    return {
        name: load_network(
            NetworkChoice(architecture, file, LAYERS, compute_type, "as asked"), pooling="max", padding="edge"
        )
        for name, (architecture, file) in files.items()
    }


def loaded(path: Path, side: int = SIDE):
    """Return a picture at a longer side."""
    pixels = load_image(path).pixels
    return resize_image(pixels, fit_size(pixels.shape[:2], side))


def report_results(networks, photos, paintings, count, folder):
    """Print how much of the style distance each network's pictures remove, judged by VGG19; return the pictures."""
    judge = networks["vgg19"]
    pictures, shares, ratios = [], {"lite": [], "vgg19": []}, []

    def keep(step):
        if step.scale == step.scales and step.step == SNAPSHOT_STEP:
            pictures.append(step.image)

    print("| content | style | start | style left, VGG19 | style left, lite | content distance, lite / VGG19 |")
    print("| --- | --- | --- | --- | --- | --- |")
    for number in range(count):
        photo, painting = photos[number * (len(photos) // count)], paintings[number % len(paintings)]
        content, style = loaded(photo), loaded(painting)
        for init in ("content", "noise"):
            settings = Settings(init=init, seed=number)
            start = starting_image(content, style, None, [content.shape[:2]], settings)
            judged = objective(judge, content, style, settings)
            before = judged.losses(start)
            after = {}
            for name, network in networks.items():
                made_with = zlib.crc32(repr((settings, network.compute_type)).encode())
                file = folder / f"{name}_{photo.stem}_{painting.stem}_{init}_{made_with:08x}.png"
                if name == "lite" or not file.exists():
                    result = transfer_basic(
                        content, style, settings=settings, network=network, on_step=keep if name == "lite" else None
                    )
                    save_image(file, result.image)
                made = load_image(file).pixels
                pictures.append(made)
                after[name] = judged.losses(made)
                shares[name].append(after[name]["style"] / before["style"])
            ratios.append(after["lite"]["content"] / after["vgg19"]["content"])
            print(
                f"| {photo.stem} | {painting.stem} | {init} | {shares['vgg19'][-1]:.2%} | {shares['lite'][-1]:.2%} "
                f"| {ratios[-1]:.2f} |",
                flush=True,
            )
    for name, each in shares.items():
        print(f"{name} removes {1 - np.mean(each):.2%} on average, at least {1 - np.max(each):.2%}")
    print(f"content distance, lite / VGG19: mean {np.mean(ratios):.3f}, greatest {np.max(ratios):.3f}", flush=True)
    (folder / "results.json").write_text(json.dumps({"left": shares, "content": ratios}, indent=1), encoding="utf-8")
    return pictures


def objective(network, content, style, settings):
    """Return the content and style terms of a basic transfer."""
    scaled = resize_image(style, style_size(style.shape[:2], content.shape[:2], settings))
    guide = style_guide(network, [scaled], [1.0], settings)
    return Objective(network, [content_term(network, content, settings), style_term(network, [guide], settings)])


def report_fidelity(networks, photos, paintings, stylized):
    """Print, by layer, how lite's Gram distances compare with VGG19's."""
    generator = np.random.default_rng(0)
    images = [loaded(path) for path in (*photos, *paintings)] + list(stylized)
    for path in (*photos[:12], *paintings[:4]):
        image = loaded(path)
        share = generator.random()
        images.append(np.clip(image + generator.normal(0, 0.15 * share, image.shape), 0, 1).astype(np.float32))
        images.append(((1 - share) * image + share * generator.random(image.shape)).astype(np.float32))
    grams = {name: [grams_of(network, image) for image in images] for name, network in networks.items()}
    first, second = generator.integers(len(images), size=(2, IMAGE_PAIRS))
    keep = first != second
    print(f"{len(images)} images, {keep.sum()} pairs")
    print("| layer | Spearman | relative error of the distances |")
    print("| --- | --- | --- |")
    for layer in LAYERS:
        distance = {
            name: np.array(
                [
                    np.linalg.norm(each[i][layer] - each[j][layer])
                    for i, j in zip(first[keep], second[keep], strict=True)
                ]
            )
            for name, each in grams.items()
        }
        rank = spearmanr(distance["lite"], distance["vgg19"]).statistic
        error = np.median(np.abs(distance["lite"] / distance["vgg19"] - 1))
        print(f"| {layer} | {rank:.4f} | {error:.3f} |", flush=True)


def grams_of(network, image):
    """Return the Gram matrices by layer, in the space in which distances are measured."""
    features = network(tf.constant(image))
    return {layer: network.measured_gram(layer, gram(features[layer])).numpy() for layer in LAYERS}


if __name__ == "__main__":
    sys.exit(main())
