"""Distil blocks 4 and 5 on top of the finished blocks 1 to 3, from a pruned VGG19.

    python tools/distill/deep.py --weights FOLDER --pictures FOLDER --work FOLDER

The exact layers above block 3 are not at hand; `docs/lite.md` says what stands in for them.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
import tensorflow as tf
from pictures import Crops, read, training_files
from pool import Pool
from student import centered, errors, moments, stack
from train import LAYERS, prefetched

from maskstyle.networks.architectures import LITE

TEACHERS = {
    "block4_conv1": ("conv41", "conv41_aux"),
    "block4_conv2": ("conv42", None),
    "block4_conv3": ("conv43", None),
    "block4_conv4": ("conv44", None),
    "block5_conv1": ("conv51", "conv51_aux"),
}
"""By layer: the teacher's layer, and the head that predicts VGG19's from it; without a head, its own features."""

SIDE = 192
STEPS = 4_000
LEARNING_RATE = 2e-3
BORDER = 2
"""Cells at the rim that are left out: the teacher pads by reflection, the student by zeros."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="folder with vgg19_pruned16x.npz")
    parser.add_argument("--pictures", type=Path, required=True, help="folder with photos/ and paintings/")
    parser.add_argument("--work", type=Path, required=True, help="folder in which train.py has finished")
    parser.add_argument("--steps", type=int, default=STEPS)
    arguments = parser.parse_args()
    train(arguments.weights, arguments.pictures, arguments.work, arguments.steps)


def train(weights: Path, pictures: Path, work: Path, steps: int) -> None:
    """Train to the end from the newest checkpoint, or from random weights."""
    photos, paintings = ([read(path) for path in files] for files in training_files(pictures))
    pool = Pool(work / "pool", photos, paintings)
    with np.load(weights / "vgg19_pruned16x.npz") as held:
        teacher = {name: tf.constant(held[name]) for name in held.files}
    with np.load(work / "student.npz") as held:
        below = [(name, tf.constant(held[f"{name}/kernel"]), tf.constant(held[f"{name}/bias"])) for name in LAYERS]
    sizes = typical_sizes(teacher, Crops(photos, paintings, pool.pictures, SIDE, np.random.default_rng(2)).batch(16))
    kernels, biases, predictions = fresh(np.random.default_rng(3), teacher)
    variables = [*kernels.values(), *biases.values(), *predictions.values()]
    done = tf.Variable(0, dtype=tf.int64)
    schedule = tf.keras.optimizers.schedules.CosineDecay(
        LEARNING_RATE * 0.05, steps - 200, alpha=0.002, warmup_target=LEARNING_RATE, warmup_steps=200
    )
    optimizer = tf.keras.optimizers.Adam(schedule, beta_2=0.99)
    optimizer.build(variables)
    checkpoint = tf.train.Checkpoint(done=done, optimizer=optimizer, **{f"v{i}": v for i, v in enumerate(variables)})
    manager = tf.train.CheckpointManager(checkpoint, str(work / "deep_checkpoints"), max_to_keep=2)
    if manager.latest_checkpoint:
        checkpoint.restore(manager.latest_checkpoint).assert_consumed()
        print(f"going on from step {int(done)}", flush=True)

    def step(images):
        expected = expectations(teacher, images)
        lower = stack(centered(images), below)[LAYERS[-1]]
        with tf.GradientTape() as tape:
            own = upper(lower, kernels, biases)
            found = []
            for name in TEACHERS:
                rim = slice(BORDER, -BORDER)
                target = expected[name][:, rim, rim] / sizes[name]
                pair = moments(target, own[name][:, rim, rim])
                found.append([tf.reduce_mean(error) for error in errors(*pair, predictions[name])])
            loss = tf.reduce_sum(tf.stack(found))
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, variables), 10.0)
        optimizer.apply_gradients(zip(gradients, variables, strict=True))
        return tf.transpose(tf.stack(found))

    compiled = tf.function(step, autograph=False)
    batches = prefetched(
        Crops(photos, paintings, pool.pictures, SIDE, np.random.default_rng(10 + int(done))), count=6
    )
    began, totals = time.perf_counter(), []
    while int(done) < steps:
        totals.append(compiled(tf.constant(next(batches))).numpy())
        done.assign_add(1)
        if int(done) % 100 == 0:
            pace = (time.perf_counter() - began) / len(totals)
            shown = [" ".join(f"{value:.3f}" for value in values) for values in np.mean(totals, axis=0)]
            kinds = zip(("features", "Grams"), shown, strict=True)
            print(f"step {int(done)}, {pace:.3f} s each: " + ", ".join(map(" ".join, kinds)), flush=True)
            began, totals = time.perf_counter(), []
        if int(done) % 500 == 0 or int(done) == steps:
            export(kernels, biases, predictions, sizes, work / "deep.npz")
            manager.save()


def expectations(teacher, images):
    """Return what the teacher says of VGG19's features, by layer of the student."""
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
    result = {}
    for layer, (name, head) in TEACHERS.items():
        features = tf.cast(found[name], tf.float32)
        if head:
            features = tf.nn.conv2d(features, teacher[f"{head}.weight"], 1, "VALID") + teacher[f"{head}.bias"]
        result[layer] = features
    return result


def typical_sizes(teacher, images):
    """Return the root mean square of what is expected, by layer."""
    return {
        name: float(tf.sqrt(tf.reduce_mean(tf.square(values))))
        for name, values in expectations(teacher, images).items()
    }


def fresh(generator, teacher):
    """Return random kernels (He et al. 2015), biases and predictions by layer, as variables."""
    kernels, biases, predictions = {}, {}, {}
    # The lower blocks' features are about one to two in root mean square, by their start.
    for name, (_, head) in TEACHERS.items():
        shape = LITE.kernel_shape(name)
        targets = teacher[f"{head or TEACHERS[name][0]}.weight"].shape[-1]
        kernels[name] = tf.Variable(generator.normal(0, np.sqrt(2 / np.prod(shape[:3])), shape).astype(np.float32))
        biases[name] = tf.Variable(np.zeros(shape[3], np.float32))
        spread = np.sqrt(1 / shape[3])
        predictions[name] = tf.Variable(generator.normal(0, spread, (targets, shape[3])).astype(np.float32))
    return kernels, biases, predictions


def upper(features, kernels, biases):
    """Return blocks 4 and 5 on the last features of block 3."""
    current = features
    result = {}
    for name in TEACHERS:
        if name in ("block4_conv1", "block5_conv1"):
            current = tf.nn.max_pool2d(current, 2, 2, "VALID")
        current = tf.nn.conv2d(current, tf.cast(kernels[name], tf.bfloat16), 1, "SAME")
        current = tf.nn.relu(tf.nn.bias_add(current, tf.cast(biases[name], tf.bfloat16)))
        result[name] = current
    return result


def export(kernels, biases, predictions, sizes, file):
    """Write blocks 4 and 5 with their predictions, in the teacher's own units."""
    arrays = {}
    for name in TEACHERS:
        arrays |= {
            f"{name}/kernel": kernels[name].numpy(),
            f"{name}/bias": biases[name].numpy(),
            f"{name}/prediction": predictions[name].numpy() * sizes[name],
        }
    temporary = file.with_name("writing.npz")
    np.savez(temporary, **arrays)
    temporary.replace(file)


if __name__ == "__main__":
    main()
