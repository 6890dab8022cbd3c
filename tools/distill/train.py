"""Distill VGG19's blocks 1 to 3 into the embedded network; resumable, on a plain CPU.

    python tools/distill/train.py --weights vgg19.npz --pictures FOLDER --work FOLDER

`docs/background/lite.md` explains what is trained and why. Run the same command again to resume an
interrupted training.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from lite_file import Layers, as_network, layer_weights
from pictures import Crops, read, training_files
from pool import Mix, Pool
from student import (
    GRAM_SHARE,
    INPUT_SCALE,
    Layer,
    Student,
    centered,
    fitted_start,
    layer_errors,
    measures,
    stack,
)
from training import Training, adam, prefetched, save_arrays, save_trained

from maskstyle.networks.architectures import LITE, VGG19
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.weights import read_weights
from maskstyle.recipes import FIRST_LAYERS

LAYERS = tuple(layer for layer in VGG19.layers if layer[:6] in ("block1", "block2", "block3"))
BATCH = 8
SIDE = 128
STEPS = 13_000
LEARNING_RATE = 1e-3
WARMUP_STEPS = 200
START_CROPS = 40

POOL_EVERY = 800
RENDERINGS = 14
CHECKPOINT_EVERY = 400

MIXES = (
    Mix((("block3_conv1", 1.0),), tuple((layer, 1.0) for layer in FIRST_LAYERS if layer in LAYERS), (5.0, 500.0)),
)


def main() -> None:
    """Train to the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="vgg19.npz")
    parser.add_argument("--pictures", type=Path, required=True, help="folder with photos/ and paintings/")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints and the pool of renderings")
    parser.add_argument("--steps", type=int, default=STEPS)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    train(arguments.weights, arguments.pictures, arguments.work, arguments.steps)


def teacher_layers(file: Path, layers: Iterable[str]) -> list[Layer]:
    """Return layers of the teacher."""
    weights = read_weights(file, VGG19, layers)
    return [(name, tf.constant(weights[name].kernel), tf.constant(weights[name].bias)) for name in layers]


def train(weights: Path, pictures: Path, work: Path, steps: int) -> None:
    """Train from the newest checkpoint in `work`, or from kernels fitted to the teacher."""
    photos, paintings = ([read(path) for path in files] for files in training_files(pictures))
    teacher = teacher_layers(weights, LAYERS)
    samples = Crops(photos, paintings, [], SIDE, np.random.default_rng(1))
    student = saved_student(work / "start.npz", lambda: start(teacher, samples))
    optimizer = adam(LEARNING_RATE, steps, warmup=WARMUP_STEPS, epsilon=1e-8)
    training = Training(work / "checkpoints", student.variables, optimizer)
    pool = Pool(work / "pool", photos, paintings, mixes=MIXES, least_side=SIDE, renderings=RENDERINGS)
    crops = Crops(photos, paintings, pool.pictures, SIDE, np.random.default_rng(training.done))

    def render(done: int) -> None:
        if done % POOL_EVERY == 0:
            pool.render(as_network(layer_weights(image_layers(student)), LAYERS), done)

    training.run(
        steps,
        compiled_step(teacher, student, optimizer),
        prefetched(crops.batch(BATCH) for _ in iter(int, 1)),
        save=lambda: save_trained(work / "student.npz", image_layers(student)),
        save_every=CHECKPOINT_EVERY,
        before_step=render,
    )


def start(teacher: list[Layer], samples: Crops) -> Student:
    """Return the student to start from."""
    inputs = centered(tf.constant(samples.batch(START_CROPS)))
    features = stack(inputs, teacher, compute_type=tf.float32)
    widths = {name: LITE.kernel_shape(name)[3] for name in LAYERS}
    targets = {name: found.numpy() for name, found in features.items()}
    return fitted_start(inputs.numpy() / INPUT_SCALE, targets, widths)


def saved_student(file: Path, make: Callable[[], Student]) -> Student:
    """Return the student of a file, which is made and written first if it is missing."""
    if not file.exists():
        parts_made = make()._asdict().items()
        save_arrays(
            file, {f"{part}/{name}": np.asarray(each) for part, values in parts_made for name, each in values.items()}
        )
    parts: dict[str, dict[str, Any]] = {part: {} for part in Student._fields}
    with np.load(file) as held:
        for key in held.files:
            part, _, name = key.partition("/")
            trained = part in ("kernels", "biases", "predictions")
            parts[part][name] = tf.Variable(held[key]) if trained else tf.constant(held[key], tf.float32)
    return Student(**parts)


def compiled_step(teacher: list[Layer], student: Student, optimizer: Any) -> Callable[[Tensor], Tensor]:
    """Return a compiled training step from a batch to the errors of features and Gram matrices (2, layers)."""

    def step(images: Tensor) -> Tensor:
        inputs = centered(images)
        features = stack(inputs, teacher)
        expected = {name: features[name] / tf.cast(scale, tf.bfloat16) for name, scale in student.scales.items()}
        measured = {name: measures(each) for name, each in expected.items()}
        with tf.GradientTape() as tape:
            found = layer_errors(expected, measured, stack(inputs / INPUT_SCALE, student.layers), student)
            loss = tf.reduce_sum(found * (1.0, GRAM_SHARE))
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, student.variables), 10.0)
        optimizer.apply_gradients(zip(gradients, student.variables, strict=True))
        return tf.transpose(found)

    return tf.function(step, autograph=False)  # type: ignore[no-any-return]


def exported(student: Student) -> Layers:
    """Return kernel, bias and prediction by layer, in VGG19's own units."""
    return {
        name: (kernel.numpy(), bias.numpy(), student.prediction(name).numpy() * float(student.scales[name]))
        for name, kernel, bias in student.layers
    }


def image_layers(student: Student) -> Layers:
    """Return `exported` layers for images in 0..255 as they are."""
    layers = exported(student)
    kernel, bias, prediction = layers[LAYERS[0]]
    return {**layers, LAYERS[0]: (kernel / INPUT_SCALE, bias, prediction)}


if __name__ == "__main__":
    main()
