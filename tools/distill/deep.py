"""Distill VGG19's blocks 4 and 5, to block5_conv2, on top of finished blocks 1 to 3; resumable.

    python tools/distill/deep.py --weights vgg19.npz --pictures FOLDER --work FOLDER [--lower lite.npz]

The teacher is many times slower than the layers that are trained. Its features of a crop are therefore stored,
and used in many steps. Training goes in rounds: each adds pictures that the student itself has painted, then trains.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from lite_file import Array, Layers, as_network, read_layers
from pictures import Crops, read, training_files
from pool import Mix, Pool
from student import GRAM_SHARE, Layer, Measures, Student, centered, fitted_start, layer_errors, measures, stack
from train import LAYERS as LOWER_LAYERS
from train import exported, saved_student, teacher_layers
from training import Training, adam, prefetched, save_trained

from maskstyle.networks.architectures import LITE, VGG19
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.recipes import FIRST_LAYERS

ALL_LAYERS = VGG19.up_to_deepest(["block5_conv2"])
LAYERS = ALL_LAYERS[len(LOWER_LAYERS) :]
INPUT = LOWER_LAYERS[-1]

SIDE = 160
CROPS = 64
"""Crops of a stored part."""

FIRST_PARTS = 4
"""Parts of the first round; each later round adds one."""

RENDERINGS = 6
ROUNDS = 3
STEPS = 240
"""Steps of each round."""

BATCH = 4
TEACHER_BATCH = 4
LEARNING_RATE = 2e-4
WARMUP_STEPS = 10

MIXES = (
    Mix((("block4_conv2", 1.0),), tuple((layer, 1.0) for layer in FIRST_LAYERS), (0.3, 10.0)),
    Mix((("block4_conv2", 1.0),), (("block4_conv1", 1.0), ("block5_conv1", 1.0)), (0.3, 10.0)),
)
"""What the student paints with: the first layers of all blocks, or those that are trained alone."""

Stored = dict[str, Array]
"""Crops: the student's features of `INPUT`, the teacher's features and `Measures` of each layer."""


def main() -> None:
    """Train to the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="vgg19.npz, with all layers")
    parser.add_argument("--pictures", type=Path, required=True, help="folder with photos/ and paintings/")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints and stored features")
    parser.add_argument("--lower", type=Path, help="blocks 1 to 3 (default: student.npz of train.py in --work)")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    lower = read_layers(arguments.lower or arguments.work / "student.npz", LOWER_LAYERS)
    train(arguments.weights, arguments.pictures, arguments.work, lower, arguments.rounds)


def train(weights: Path, pictures: Path, work: Path, lower: Layers, rounds: int) -> None:
    """Train from the newest checkpoint in `work`, or from fitted kernels."""
    photos, paintings = ([read(path) for path in files] for files in training_files(pictures))
    teacher = teacher_layers(weights, ALL_LAYERS)
    below = [(name, tf.constant(lower[name][0]), tf.constant(lower[name][1])) for name in LOWER_LAYERS]
    pool = Pool(work / "deep_pool", photos, paintings, mixes=MIXES, least_side=SIDE, renderings=RENDERINGS)
    (work / "features").mkdir(exist_ok=True)

    def stored(number: int) -> Stored:
        crops = Crops(photos, paintings, pool.pictures, SIDE, np.random.default_rng(100 + number))
        return stored_crops(crops, teacher, below, work / "features" / f"{number:02d}")

    parts = [stored(number) for number in range(FIRST_PARTS)]
    student = saved_student(work / "deep_start.npz", lambda: start(parts))
    optimizer = adam(LEARNING_RATE, rounds * STEPS, warmup=WARMUP_STEPS, epsilon=1e-8)
    training = Training(work / "deep_checkpoints", student.variables, optimizer)
    step = compiled_step(student, optimizer)
    for number in range(rounds):
        if number:
            pool.render(as_network({**lower, **exported(student)}, ALL_LAYERS, compute_type="float32"), number)
            parts.append(stored(FIRST_PARTS - 1 + number))
        training.run(
            (number + 1) * STEPS,
            step,
            prefetched(batches(parts, np.random.default_rng(training.done))),
            save=lambda: save_trained(work / "deep.npz", exported(student)),
            save_every=STEPS // 6,
        )


def stored_crops(crops: Crops, teacher: Sequence[Layer], below: Sequence[Layer], folder: Path) -> Stored:
    """Return new crops as the networks see them, or those that the folder holds."""
    if not folder.exists():
        began = time.perf_counter()
        evaluate = compiled_features(teacher, below)
        found = [evaluate(tf.constant(crops.batch(TEACHER_BATCH))) for _ in range(CROPS // TEACHER_BATCH)]
        temporary = folder.with_name("writing")
        temporary.mkdir(exist_ok=True)
        for name in found[0]:
            np.save(temporary / f"{name}.npy", np.concatenate([each[name].numpy() for each in found]))
        temporary.rename(folder)
        print(f"stored {CROPS} crops in {time.perf_counter() - began:.0f} s", flush=True)
    return {file.stem: np.load(file) for file in folder.glob("*.npy")}


def compiled_features(teacher: Sequence[Layer], below: Sequence[Layer]) -> Callable[[Tensor], dict[str, Tensor]]:
    """Return a compiled function from images to what is stored of them."""

    def features(images: Tensor) -> dict[str, Tensor]:
        inputs = centered(images)
        result = {INPUT: stack(inputs, below, compute_type=tf.float32)[INPUT]}
        found = stack(inputs, teacher, compute_type=tf.float32)
        result |= {name: tf.cast(found[name], tf.float16) for name in LAYERS}
        for name in LAYERS:
            of_layer = measures(found[name])
            result |= {f"{name}.energy": of_layer.energy, f"{name}.gram": of_layer.gram}
        return result

    return tf.function(features, autograph=False)  # type: ignore[no-any-return]


def start(parts: Sequence[Stored]) -> Student:
    """Return the student to start from."""
    crops = {name: np.concatenate([part[name] for part in parts]) for name in (INPUT, *LAYERS)}
    widths = {name: LITE.kernel_shape(name)[3] for name in LAYERS}
    return fitted_start(crops[INPUT], {name: crops[name] for name in LAYERS}, widths)


def batches(parts: Sequence[Stored], generator: np.random.Generator) -> Iterator[Stored]:
    """Yield random batches of stored crops, in passes over all of them."""
    places = [(part, row) for part in parts for row in range(len(part[INPUT]))]
    while True:
        order = generator.permutation(len(places))
        for first in range(0, len(order) - BATCH + 1, BATCH):
            chosen = [places[place] for place in order[first : first + BATCH]]
            yield {name: np.stack([part[name][row] for part, row in chosen]) for name in parts[0]}


def compiled_step(student: Student, optimizer: Any) -> Callable[[Mapping[str, Tensor]], Tensor]:
    """Return a compiled training step from stored crops to the errors of features and Gram matrices (2, layers)."""

    def step(crops: Mapping[str, Tensor]) -> Tensor:
        expected = {name: tf.cast(crops[name], tf.float32) / student.scales[name] for name in LAYERS}
        measured = {
            name: Measures(crops[f"{name}.energy"] / scale**2, crops[f"{name}.gram"] / scale**4)
            for name, scale in student.scales.items()
        }
        with tf.GradientTape() as tape:
            own = stack(crops[INPUT], student.layers, compute_type=tf.float32)
            found = layer_errors(expected, measured, own, student)
            loss = tf.reduce_sum(found * (1.0, GRAM_SHARE))
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, student.variables), 10.0)
        optimizer.apply_gradients(zip(gradients, student.variables, strict=True))
        return tf.transpose(found)

    return tf.function(step, autograph=False)  # type: ignore[no-any-return]


if __name__ == "__main__":
    main()
