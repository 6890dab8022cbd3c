"""Measure how much of the content distances lite misses on its own pictures, and write the factors into its file.

    python tools/distill/calibrate.py --weights FOLDER --pictures FOLDER --lite maskstyle/networks/lite.npz

An optimizer changes a picture most where the network does not look. On the pictures that lite makes it therefore
reports smaller content distances than VGG19; each layer of blocks 1 to 3 gets the factor that makes up for it.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import tensorflow as tf
from pictures import training_files
from report import LAYERS, load_both, loaded

from maskstyle.settings import Settings
from maskstyle.techniques.basic import transfer_basic

SIDE = 320
PAIRS = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="folder with vgg19_block1-3.npz")
    parser.add_argument("--pictures", type=Path, required=True, help="folder with photos/ and paintings/")
    parser.add_argument("--lite", type=Path, required=True, help="the lite.npz to complete")
    arguments = parser.parse_args()
    networks = load_both(arguments.weights, arguments.lite)
    networks["lite"].content_gains = dict.fromkeys(LAYERS, 1.0)  # measured without those of an earlier run
    photos, paintings = training_files(arguments.pictures)
    factors = []
    for number in range(PAIRS):
        content = loaded(photos[number * (len(photos) // PAIRS)], SIDE)
        style = loaded(paintings[number * (len(paintings) // PAIRS)], SIDE)
        for init in ("content", "noise"):
            made = transfer_basic(content, style, settings=Settings(init=init, seed=number), network=networks["lite"])
            true, seen = (content_distances(networks[name], content, made.image) for name in ("vgg19", "lite"))
            factors.append(true / seen)
    gains = np.mean(factors, axis=0)
    with np.load(arguments.lite) as held:
        arrays = dict(held)
    for layer, gain, spread in zip(LAYERS, gains, np.std(factors, axis=0), strict=True):
        print(f"{layer}: {gain:.3f} (standard deviation {spread:.3f})", flush=True)
        arrays[f"{layer}/content_gain"] = np.float16(gain)
    temporary = arguments.lite.with_name("writing.npz")
    np.savez_compressed(temporary, **arrays)
    temporary.replace(arguments.lite)


def content_distances(network, content, image):
    """Return the relative content distance of an image at each layer, without any factor."""
    features = [network(tf.constant(picture)) for picture in (content, image)]
    distances = []
    for layer in LAYERS:
        target, current = (tf.cast(network.measured(layer, each[layer]), tf.float32) for each in features)
        distances.append(tf.reduce_sum(tf.square(current - target)) / tf.reduce_sum(tf.square(target)))
    return np.array([float(distance) for distance in distances])


if __name__ == "__main__":
    main()
