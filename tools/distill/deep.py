"""Distill blocks 4 and 5 on top of the finished blocks 1 to 3, from a pruned VGG19.

    python tools/distill/deep.py --weights FOLDER --pictures FOLDER --work FOLDER

`docs/lite.md` explains what replaces the exact layers above block 3, which are not available.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from lite_file import Array
from pictures import Crops, read, training_files
from pool import Pool
from student import Layer, centered, errors, moments, stack
from train import LAYERS
from training import Training, adam, prefetched, save_arrays

from maskstyle.networks.architectures import LITE
from maskstyle.networks.tensorflow import Tensor, tf

TEACHERS = {
    "block4_conv1": ("conv41", "conv41_aux"),
    "block4_conv2": ("conv42", None),
    "block4_conv3": ("conv43", None),
    "block4_conv4": ("conv44", None),
    "block5_conv1": ("conv51", "conv51_aux"),
}
"""By layer: the teacher's layer, and the head that predicts VGG19's features from it; None: the layer's features."""

SIDE = 192
BATCH = 6
STEPS = 4_000
LEARNING_RATE = 2e-3
CHECKPOINT_EVERY = 500
BORDER = 2
"""Cells to ignore at each edge: the teacher pads by reflection, the student with zeros."""


class UpperBlocks(NamedTuple):
    """Variables of blocks 4 and 5 by layer."""

    kernels: dict[str, Any]
    biases: dict[str, Any]
    predictions: dict[str, Any]

    @property
    def variables(self) -> list[Any]:
        """All variables in one list."""
        return [*self.kernels.values(), *self.biases.values(), *self.predictions.values()]


def main() -> None:
    """Train to the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="folder with vgg19_pruned16x.npz")
    parser.add_argument("--pictures", type=Path, required=True, help="folder with photos/ and paintings/")
    parser.add_argument("--work", type=Path, required=True, help="folder with the result of train.py")
    parser.add_argument("--steps", type=int, default=STEPS)
    arguments = parser.parse_args()
    train(arguments.weights, arguments.pictures, arguments.work, arguments.steps)


def train(weights: Path, pictures: Path, work: Path, steps: int) -> None:
    """Train from the newest checkpoint, or from random weights."""
    photos, paintings = ([read(path) for path in files] for files in training_files(pictures))
    pool = Pool(work / "pool", photos, paintings)
    with np.load(weights / "vgg19_pruned16x.npz") as held:
        teacher = {name: tf.constant(held[name]) for name in held.files}
    with np.load(work / "student.npz") as held:
        lower = [(name, tf.constant(held[f"{name}/kernel"]), tf.constant(held[f"{name}/bias"])) for name in LAYERS]

    def crops(seed: int) -> Crops:
        return Crops(photos, paintings, pool.pictures, SIDE, np.random.default_rng(seed))

    sizes = typical_sizes(teacher, crops(2).batch(16))
    blocks = random_blocks(np.random.default_rng(3), teacher)
    optimizer = adam(LEARNING_RATE, steps)
    training = Training(work / "deep_checkpoints", blocks.variables, optimizer)
    training.run(
        steps,
        compiled_step(teacher, lower, blocks, sizes, optimizer),
        prefetched(crops(10 + training.done), count=BATCH),
        save=lambda: export(blocks, sizes, work / "deep.npz"),
        save_every=CHECKPOINT_EVERY,
    )


def compiled_step(
    teacher: Mapping[str, Tensor], lower: list[Layer], blocks: UpperBlocks, sizes: Mapping[str, float], optimizer: Any
) -> Callable[[Tensor], Tensor]:
    """Return a compiled training step from a batch to the errors of features and Gram matrices (2, layers)."""

    def step(images: Tensor) -> Tensor:
        expected = expectations(teacher, images)
        features = stack(centered(images), lower)[LAYERS[-1]]
        with tf.GradientTape() as tape:
            found = layer_errors(expected, upper(features, blocks), blocks, sizes)
            loss = tf.reduce_sum(tf.stack(found))
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, blocks.variables), 10.0)
        optimizer.apply_gradients(zip(gradients, blocks.variables, strict=True))
        return tf.transpose(tf.stack(found))

    return tf.function(step, autograph=False)  # type: ignore[no-any-return]


def layer_errors(
    expected: Mapping[str, Tensor], own: Mapping[str, Tensor], blocks: UpperBlocks, sizes: Mapping[str, float]
) -> list[list[Tensor]]:
    """Return the mean errors of features and Gram matrix of each layer."""
    found = []
    inner = slice(BORDER, -BORDER)
    for name in TEACHERS:
        target = expected[name][:, inner, inner] / sizes[name]
        pair = moments(target, own[name][:, inner, inner])
        found.append([tf.reduce_mean(error) for error in errors(*pair, blocks.predictions[name])])
    return found


def expectations(teacher: Mapping[str, Tensor], images: Tensor) -> dict[str, Tensor]:
    """Return the teacher's estimate of VGG19's features by layer of the student."""
    found = teacher_features(teacher, images)
    result = {}
    for layer, (name, head) in TEACHERS.items():
        features = tf.cast(found[name], tf.float32)
        if head:
            features = tf.nn.conv2d(features, teacher[f"{head}.weight"], 1, "VALID") + teacher[f"{head}.bias"]
        result[layer] = features
    return result


def teacher_features(teacher: Mapping[str, Tensor], images: Tensor) -> dict[str, Tensor]:
    """Return the features of the pruned VGG19 by its own layers."""
    current = tf.nn.conv2d(images, teacher["conv0.weight"], 1, "VALID") + teacher["conv0.bias"]
    current = tf.cast(current, tf.bfloat16)
    found = {}
    for block, count in enumerate((2, 2, 4, 4, 1), start=1):
        if block > 1:
            current = tf.nn.max_pool2d(current, 2, 2, "VALID")
        for index in range(1, count + 1):
            name = f"conv{block}{index}"
            padded = tf.pad(current, [[0, 0], [1, 1], [1, 1], [0, 0]], "REFLECT")
            kernel, bias = (tf.cast(teacher[f"{name}.{part}"], tf.bfloat16) for part in ("weight", "bias"))
            current = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(padded, kernel, 1, "VALID"), bias))
            found[name] = current
    return found


def typical_sizes(teacher: Mapping[str, Tensor], images: Array) -> dict[str, float]:
    """Return the root mean square of the expected features by layer."""
    return {
        name: float(tf.sqrt(tf.reduce_mean(tf.square(values))))
        for name, values in expectations(teacher, images).items()
    }


def random_blocks(generator: np.random.Generator, teacher: Mapping[str, Tensor]) -> UpperBlocks:
    """Return blocks with random kernels (He et al. 2015) and predictions, and biases of 0."""
    kernels, biases, predictions = {}, {}, {}
    # No further scaling: the root mean square of the features of block 3 is between 1 and 2.
    for name, (own, head) in TEACHERS.items():
        shape = LITE.kernel_shape(name)
        targets = teacher[f"{head or own}.weight"].shape[-1]
        kernels[name] = tf.Variable(generator.normal(0, np.sqrt(2 / np.prod(shape[:3])), shape).astype(np.float32))
        biases[name] = tf.Variable(np.zeros(shape[3], np.float32))
        spread = np.sqrt(1 / shape[3])
        predictions[name] = tf.Variable(generator.normal(0, spread, (targets, shape[3])).astype(np.float32))
    return UpperBlocks(kernels, biases, predictions)


def upper(features: Tensor, blocks: UpperBlocks) -> dict[str, Tensor]:
    """Return the features of blocks 4 and 5 from the last features of block 3."""
    current = features
    result = {}
    for name in TEACHERS:
        if name in ("block4_conv1", "block5_conv1"):
            current = tf.nn.max_pool2d(current, 2, 2, "VALID")
        current = tf.nn.conv2d(current, tf.cast(blocks.kernels[name], tf.bfloat16), 1, "SAME")
        current = tf.nn.relu(tf.nn.bias_add(current, tf.cast(blocks.biases[name], tf.bfloat16)))
        result[name] = current
    return result


def export(blocks: UpperBlocks, sizes: Mapping[str, float], file: Path) -> None:
    """Write blocks 4 and 5 with their predictions, in the teacher's own units."""
    arrays: dict[str, Any] = {}
    for name in TEACHERS:
        arrays |= {
            f"{name}/kernel": blocks.kernels[name].numpy(),
            f"{name}/bias": blocks.biases[name].numpy(),
            f"{name}/prediction": blocks.predictions[name].numpy() * sizes[name],
        }
    save_arrays(file, arrays)


if __name__ == "__main__":
    main()
