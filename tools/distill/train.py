"""Distill VGG19's blocks 1 to 3 into the embedded network; resumable, on a plain CPU.

    python tools/distill/train.py --weights FOLDER --pictures FOLDER --work FOLDER

`docs/lite.md` explains what is trained and why. Run the same command again to resume an interrupted training.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from lite_file import Array, as_network
from pictures import Crops, read, training_files
from PIL import Image
from pool import Pool
from student import INPUT_SCALE, Layer, centered, errors, moments, selected_start, stack
from training import Training, adam, prefetched, save_arrays

from maskstyle.networks.architectures import LITE, VGG19
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.networks.weights import read_weights

LAYERS = tuple(layer for layer in VGG19.layers if layer[:6] in ("block1", "block2", "block3"))
BATCH = 8
SIDE = 128
STEPS = 13_000
LEARNING_RATE = 1e-3
GRAM_SHARE = 2.0
"""Weight of the Gram errors relative to the feature errors."""

POOL_EVERY = 800
CHECKPOINT_EVERY = 400


class Student(NamedTuple):
    """The student's variables, each a list by layer, and the teacher's root mean square by layer."""

    kernels: list[Any]
    biases: list[Any]
    predictions: list[Any]
    scales: list[float]

    @property
    def variables(self) -> list[Any]:
        """All variables in one list."""
        return [*self.kernels, *self.biases, *self.predictions]


def main() -> None:
    """Train to the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="folder with vgg19_block1-3.npz")
    parser.add_argument("--pictures", type=Path, required=True, help="folder with photos/ and paintings/")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints and the pool of renderings")
    parser.add_argument("--steps", type=int, default=STEPS)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    train(arguments.weights, arguments.pictures, arguments.work, arguments.steps)


def teacher_layers(folder: Path) -> list[Layer]:
    """Return the exact teacher's layers."""
    weights = read_weights(folder / "vgg19_block1-3.npz", VGG19, LAYERS)
    return [(name, weights[name].kernel, weights[name].bias) for name in LAYERS]


def train(weights: Path, pictures: Path, work: Path, steps: int) -> None:
    """Train from the newest checkpoint in `work`, or from selected channels of the teacher."""
    photos, paintings = ([read(path) for path in files] for files in training_files(pictures))
    teacher = teacher_layers(weights)
    student = starting_student(teacher, photos, paintings, work / "start.npz")
    optimizer = adam(LEARNING_RATE, steps, epsilon=1e-8)
    training = Training(work / "checkpoints", student.variables, optimizer)
    pool = Pool(work / "pool", photos, paintings)
    frozen = [(name, tf.constant(kernel), tf.constant(bias)) for name, kernel, bias in teacher]

    def render(done: int) -> None:
        if done % POOL_EVERY == 0:
            pool.render(student_network(student), done)

    training.run(
        steps,
        compiled_step(frozen, student, optimizer),
        prefetched(Crops(photos, paintings, pool.pictures, SIDE, np.random.default_rng(training.done)), count=BATCH),
        save=lambda: export(student, work / "student.npz"),
        save_every=CHECKPOINT_EVERY,
        before_step=render,
    )


def starting_student(
    teacher: list[Layer], photos: list[Image.Image], paintings: list[Image.Image], file: Path
) -> Student:
    """Return the student of a file, which is written first if it is missing."""
    widths = [LITE.kernel_shape(name)[3] for name in LAYERS]
    if not file.exists():
        samples = Crops(photos, paintings, [], SIDE, np.random.default_rng(1)).batch(40)
        kernels, biases, predictions, scales = selected_start(teacher, widths, samples)
        arrays: dict[str, Any] = {"scales": scales}
        for i in range(len(widths)):
            arrays |= {f"k{i}": kernels[i], f"b{i}": biases[i], f"p{i}": predictions[i]}
        save_arrays(file, arrays)
    with np.load(file) as held:
        groups = [
            [tf.Variable(held[f"{letter}{i}"].astype(np.float32)) for i in range(len(widths))] for letter in "kbp"
        ]
        return Student(groups[0], groups[1], groups[2], [float(scale) for scale in held["scales"]])


def compiled_step(teacher: list[Layer], student: Student, optimizer: Any) -> Callable[[Tensor], Tensor]:
    """Return a compiled training step from a batch to the errors of features and Gram matrices (2, layers)."""

    def step(images: Tensor) -> Tensor:
        inputs = centered(images)
        expected = stack(inputs, teacher)
        with tf.GradientTape() as tape:
            layers = list(zip(LAYERS, student.kernels, student.biases, strict=True))
            found = layer_errors(expected, stack(inputs / INPUT_SCALE, layers), student)
            loss = tf.reduce_sum(tf.stack(found) * (1.0, GRAM_SHARE))
        variables = student.variables
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, variables), 10.0)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return tf.transpose(tf.stack(found))

    return tf.function(step, autograph=False)  # type: ignore[no-any-return]


def layer_errors(expected: dict[str, Tensor], own: dict[str, Tensor], student: Student) -> list[list[Tensor]]:
    """Return the mean errors of features and Gram matrix of each layer."""
    found = []
    for name, prediction, scale in zip(LAYERS, student.predictions, student.scales, strict=True):
        target = expected[name] / tf.cast(scale, tf.bfloat16)
        found.append([tf.reduce_mean(error) for error in errors(*moments(target, own[name]), prediction)])
    return found


def exported(student: Student) -> dict[str, tuple[Array, Array, Array]]:
    """Return kernel, bias and prediction by layer, for inputs in 0..255 and in VGG19's own units."""
    result = {}
    parts = zip(LAYERS, student.kernels, student.biases, student.predictions, student.scales, strict=True)
    for name, *variables, scale in parts:
        kernel, bias, prediction = (variable.numpy().astype(np.float64) for variable in variables)
        input_scale = INPUT_SCALE if name == LAYERS[0] else 1.0
        result[name] = kernel / input_scale, bias, prediction * scale
    return result


def export(student: Student, file: Path) -> None:
    """Write the student with its predictions."""
    arrays: dict[str, Any] = {}
    for name, (kernel, bias, prediction) in exported(student).items():
        arrays |= {f"{name}/kernel": kernel, f"{name}/bias": bias, f"{name}/prediction": prediction}
    save_arrays(file, {name: array.astype(np.float32) for name, array in arrays.items()})


def student_network(student: Student) -> FeatureNetwork:
    """Return the student in its current state as a network that maskstyle runs."""
    return as_network(exported(student), LAYERS)


if __name__ == "__main__":
    main()
