"""Distill VGG19's blocks 4 and 5 on top of finished blocks 1 to 3; resumable.

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
from factored import Factors, fitted_factors, forward, layer_errors, pooled
from lite_file import Array, as_network, factor_weights, layer_weights, read_layers
from pictures import Crops, read, training_files
from pool import Mix, Pool
from student import GRAM_SHARE, Layer, centered, stack
from train import LAYERS as LOWER_LAYERS
from train import teacher_layers
from training import Training, adam, prefetched, save_arrays

from maskstyle.networks.architectures import LITE, VGG19
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.recipes import FIRST_LAYERS

LAYERS = VGG19.layers[len(LOWER_LAYERS) :]
INPUT = LOWER_LAYERS[-1]
RANKS = {name: LITE.factor_shapes(name)["expansion"][0] for name in LAYERS}

SIDE = 160
CROPS = 64
"""Crops of a stored part."""

FIRST_PARTS = 4
"""Parts of the first round; each later round adds one."""

RENDERINGS = 6
ROUNDS = 3
STEPS = 2000
"""Steps of each round."""

SHARES = (1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.15, 0.1)
"""Weights of the errors of `LAYERS`; no recipe but one for VGG16 uses the last two."""

BATCH = 4
TEACHER_BATCH = 4
LEARNING_RATE = 1.5e-4
WARMUP_STEPS = 100

MIXES = (
    Mix((("block4_conv2", 1.0),), tuple((layer, 1.0) for layer in FIRST_LAYERS), (0.3, 10.0)),
    Mix((("block4_conv2", 1.0),), (("block4_conv1", 1.0), ("block5_conv1", 1.0)), (0.3, 10.0)),
)
"""What the student paints with: the first layers of all blocks, or those that are trained alone."""

Stored = dict[str, Array]
"""Crops: what `LAYERS` start from, the pooled features of `INPUT`, and the teacher's features of each layer."""


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
    check_work(arguments.work)
    lower = arguments.lower or arguments.work / "student.npz"
    train(arguments.weights, arguments.pictures, arguments.work, lower, arguments.rounds)


def train(weights: Path, pictures: Path, work: Path, lower_file: Path, rounds: int) -> None:
    """Train from the newest checkpoint in `work`, or from fitted kernels."""
    photos, paintings = ([read(path) for path in files] for files in training_files(pictures))
    lower = layer_weights(read_layers(lower_file, LOWER_LAYERS))
    teacher = teacher_layers(weights, VGG19.layers)
    below = [(name, tf.constant(each.kernel), tf.constant(each.bias)) for name, each in lower.items()]
    pool = Pool(work / "deep_pool", photos, paintings, mixes=MIXES, least_side=SIDE, renderings=RENDERINGS)
    (work / "features").mkdir(exist_ok=True)

    def stored(number: int) -> Stored:
        crops = Crops(photos, paintings, pool.pictures, SIDE, np.random.default_rng(100 + number))
        return stored_crops(crops, teacher, below, work / "features" / f"{number:02d}")

    parts = [stored(number) for number in range(FIRST_PARTS)]
    layers = saved_start(work / "deep_start.npz", lambda: start(parts, teacher))
    variables = [each for layer in layers.values() for each in layer.variables]
    optimizer = adam(LEARNING_RATE, rounds * STEPS, warmup=WARMUP_STEPS, epsilon=1e-8)
    training = Training(work / "deep_checkpoints", variables, optimizer)
    step = compiled_step(layers, variables, optimizer)
    for number in range(rounds):
        if number:
            pool.render(as_network({**lower, **factor_weights(folded(layers))}, LITE.layers), number)
            parts.append(stored(FIRST_PARTS - 1 + number))
        training.run(
            (number + 1) * STEPS,
            step,
            prefetched(batches(parts, np.random.default_rng(training.done))),
            save=lambda: save_arrays(work / "deep.npz", folded(layers)),
            save_every=STEPS // 16,
        )


def check_work(work: Path) -> None:
    """Exit if a folder holds the features or the start of another version, whose arrays do not fit."""
    wanted = {INPUT: (*VGG19.grid((SIDE, SIDE), LAYERS[0]), LITE.kernel_shape(INPUT)[-1])}
    wanted |= {name: (*VGG19.grid((SIDE, SIDE), name), VGG19.channels(name)) for name in LAYERS}
    for folder in sorted((work / "features").glob("[0-9]*")):
        for name, shape in wanted.items():
            file = folder / f"{name}.npy"
            found = np.load(file, mmap_mode="r").shape if file.exists() else "missing"
            if found != (CROPS, *shape):
                raise SystemExit(f"{file} is {found}; expected {(CROPS, *shape)}: name another folder as --work")
    file = work / "deep_start.npz"
    if file.exists():
        with np.load(file) as held:
            missing = {f"{name}/{part}" for name in LAYERS for part in ("scale", "whitening", "bias")} - set(held)
        if missing:
            raise SystemExit(f"{file} is of another version, without {min(missing)}: name another folder as --work")


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
    return {name: np.load(folder / f"{name}.npy") for name in (INPUT, *LAYERS)}


def compiled_features(teacher: Sequence[Layer], below: Sequence[Layer]) -> Callable[[Tensor], dict[str, Tensor]]:
    """Return a compiled function from images to what is stored of them."""

    def features(images: Tensor) -> dict[str, Tensor]:
        inputs = centered(images)
        own = pooled(LAYERS[0], stack(inputs, below, compute_type=tf.float32)[INPUT])
        found = stack(inputs, teacher, compute_type=tf.float32)
        return {INPUT: own, **{name: tf.cast(found[name], tf.float16) for name in LAYERS}}

    return tf.function(features, autograph=False)  # type: ignore[no-any-return]


def start(parts: Sequence[Stored], teacher: Sequence[Layer]) -> dict[str, Factors]:
    """Return the layers to start from."""
    crops = {name: np.concatenate([part[name] for part in parts]) for name in (INPUT, *LAYERS)}
    kernels = {name: kernel.numpy() for name, kernel, _ in teacher if name in LAYERS}
    return fitted_factors(crops[INPUT], kernels, {name: crops[name] for name in LAYERS}, RANKS)


def saved_start(file: Path, make: Callable[[], Mapping[str, Factors]]) -> dict[str, Factors]:
    """Return the layers of a file, which is made and written first if it is missing."""
    if not file.exists():
        made = {name: layer._asdict() for name, layer in make().items()}
        save_arrays(
            file,
            {
                f"{name}/{part}": each.numpy()
                for name, parts in made.items()
                for part, each in parts.items()
                if each is not None
            },
        )
    with np.load(file) as held:
        arrays = dict(held)
    return {
        name: Factors(
            tf.constant(arrays[f"{name}/scale"]),
            tf.constant(arrays[f"{name}/whitening"]),
            *(
                tf.Variable(arrays[key]) if (key := f"{name}/{part}") in arrays else None
                for part in Factors._fields[2:]
            ),
        )
        for name in LAYERS
    }


def folded(layers: Mapping[str, Factors]) -> dict[str, Array]:
    """Return the arrays of all layers as lite.npz names them."""
    parts = ("reduction", "kernel", "expansion", "bias")
    return {
        f"{name}/{part}": each.numpy()
        for name, layer in layers.items()
        for part, each in zip(parts, layer.folded(), strict=True)
        if each is not None
    }


def batches(parts: Sequence[Stored], generator: np.random.Generator) -> Iterator[Stored]:
    """Yield random batches of stored crops, in passes over all of them."""
    places = [(part, row) for part in parts for row in range(len(part[INPUT]))]
    while True:
        order = generator.permutation(len(places))
        for first in range(0, len(order) - BATCH + 1, BATCH):
            chosen = [places[place] for place in order[first : first + BATCH]]
            yield {name: np.stack([part[name][row] for part, row in chosen]) for name in parts[0]}


def compiled_step(
    layers: Mapping[str, Factors], variables: Sequence[Any], optimizer: Any
) -> Callable[[Mapping[str, Tensor]], Tensor]:
    """Return a compiled training step from stored crops to the errors of features and Gram matrices (2, layers)."""

    def step(crops: Mapping[str, Tensor]) -> Tensor:
        with tf.GradientTape() as tape:
            own = forward(crops[INPUT], layers)
            found = layer_errors(crops, own, LAYERS)
            loss = tf.reduce_sum(found * (1.0, GRAM_SHARE) * tf.constant(SHARES)[:, tf.newaxis])
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, variables), 10.0)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return tf.transpose(found)

    return tf.function(step, autograph=False)  # type: ignore[no-any-return]


if __name__ == "__main__":
    main()
