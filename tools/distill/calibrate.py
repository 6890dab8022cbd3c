"""Measure how far lite underestimates content distances, and write the correcting factors into its file.

    python tools/distill/calibrate.py --weights vgg19.npz --pictures FOLDER --lite maskstyle/networks/lite.npz

An optimizer exploits a network's blind spots. On its own pictures lite therefore reports smaller content distances
than VGG19 does; each layer gets the factor that corrects this for pictures made with the default settings.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from lite_file import Array
from pictures import training_files
from report import LAYERS, content_distance, load_both, load_resized

from maskstyle.images.pixels import Image
from maskstyle.networks.tensorflow import tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.synthesis.paint import Run
from maskstyle.techniques.basic import transfer_basic

SIDE = 256
PAIRS = 16


def main() -> None:
    """Measure the factors, print them and write them into the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="vgg19.npz")
    parser.add_argument("--pictures", type=Path, required=True, help="folder with photos/ and paintings/")
    parser.add_argument("--lite", type=Path, required=True, help="the lite.npz to complete")
    arguments = parser.parse_args()
    networks = load_both(arguments.weights, arguments.lite)
    networks["lite"].content_gains = dict.fromkeys(LAYERS, 1.0)  # ignore the factors of an earlier calibration
    factors = measured_factors(networks, *training_files(arguments.pictures))
    gains, deviations = np.median(factors, axis=0), np.std(factors, axis=0)
    for layer, gain, deviation in zip(LAYERS, gains, deviations, strict=True):
        print(f"{layer}: {gain:.3f} (standard deviation {deviation:.3f})", flush=True)
    write_gains(arguments.lite, dict(zip(LAYERS, gains, strict=True)))


def measured_factors(networks: dict[str, FeatureNetwork], photos: list[Path], paintings: list[Path]) -> list[Array]:
    """Return by picture, for each layer, VGG19's content distance divided by lite's."""
    factors = []
    for number in range(PAIRS):
        content = load_resized(photos[number * (len(photos) // PAIRS)], SIDE)
        style = load_resized(paintings[number * (len(paintings) // PAIRS)], SIDE)
        result = transfer_basic(content, style, run=Run(network=networks["lite"]))
        exact, lite = (content_distances(networks[name], content, result.image) for name in ("vgg19", "lite"))
        factors.append(exact / lite)
    return factors


def write_gains(file: Path, gains: dict[str, float]) -> None:
    """Replace the factors in a lite.npz."""
    with np.load(file) as held:
        arrays: dict[str, Any] = dict(held)
    arrays |= {f"{layer}/content_gain": np.float16(gain) for layer, gain in gains.items()}
    temporary = file.with_name("writing.npz")
    np.savez_compressed(temporary, **arrays)
    temporary.replace(file)


def content_distances(network: FeatureNetwork, content: Image, image: Image) -> Array:
    """Return the content distance of an image at each layer."""
    target, features = (network(tf.constant(each)) for each in (content, image))
    return np.array([content_distance(network, layer, target, features) for layer in LAYERS])


if __name__ == "__main__":
    main()
