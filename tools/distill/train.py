"""Distil VGG19's blocks 1 to 3 into the embedded network: resumable, on a plain CPU.

    python tools/distill/train.py --weights FOLDER --pictures FOLDER --work FOLDER

`docs/lite.md` says what is trained and why. Run the same command again to go on where it was cut off.
"""

from __future__ import annotations

import argparse
import queue
import threading
import time
from pathlib import Path

import numpy as np
import tensorflow as tf
from lite_file import as_network
from pictures import Crops, read, training_files
from pool import Pool
from student import INPUT_SCALE, centered, errors, moments, selected_start, stack

from maskstyle.networks.architectures import LITE, VGG19
from maskstyle.networks.weights import read_weights

LAYERS = tuple(layer for layer in VGG19.layers if layer[:6] in ("block1", "block2", "block3"))
BATCH = 8
SIDE = 128
STEPS = 13_000
LEARNING_RATE = 1e-3
GRAM_SHARE = 2.0
"""Weight of the Gram matrices' errors beside the features'."""

POOL_EVERY = 800
CHECKPOINT_EVERY = 400


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="folder with vgg19_block1-3.npz")
    parser.add_argument("--pictures", type=Path, required=True, help="folder with photos/ and paintings/")
    parser.add_argument("--work", type=Path, required=True, help="folder for checkpoints and the pool of renderings")
    parser.add_argument("--steps", type=int, default=STEPS)
    arguments = parser.parse_args()
    arguments.work.mkdir(parents=True, exist_ok=True)
    train(arguments.weights, arguments.pictures, arguments.work, arguments.steps)


def teacher_layers(folder: Path):
    """Return the exact teacher's layers as (name, kernel, bias)."""
    weights = read_weights(folder / "vgg19_block1-3.npz", VGG19, LAYERS)
    return [(name, weights[name].kernel, weights[name].bias) for name in LAYERS]


def train(weights: Path, pictures: Path, work: Path, steps: int) -> None:
    """Train to the end from the newest checkpoint in `work`, or from channels chosen of the teacher."""
    photo_files, painting_files = training_files(pictures)
    photos, paintings = [read(path) for path in photo_files], [read(path) for path in painting_files]
    teacher = teacher_layers(weights)
    done = tf.Variable(0, dtype=tf.int64)
    widths = [LITE.kernel_shape(name)[3] for name in LAYERS]
    variables, scales = starting_variables(teacher, widths, photos, paintings, work)
    schedule = tf.keras.optimizers.schedules.CosineDecay(
        LEARNING_RATE * 0.05, steps - 200, alpha=0.002, warmup_target=LEARNING_RATE, warmup_steps=200
    )
    optimizer = tf.keras.optimizers.Adam(schedule, beta_2=0.99, epsilon=1e-8)
    optimizer.build(flat(variables))
    checkpoint = tf.train.Checkpoint(
        done=done, optimizer=optimizer, **{f"v{i}": v for i, v in enumerate(flat(variables))}
    )
    manager = tf.train.CheckpointManager(checkpoint, str(work / "checkpoints"), max_to_keep=2)
    if manager.latest_checkpoint:
        checkpoint.restore(manager.latest_checkpoint).assert_consumed()
        print(f"going on from step {int(done)}", flush=True)
    pool = Pool(work / "pool", photos, paintings)
    frozen = [(name, tf.constant(k), tf.constant(b)) for name, k, b in teacher]
    step = compiled_step(frozen, variables, scales, optimizer)
    batches = prefetched(Crops(photos, paintings, pool.pictures, SIDE, np.random.default_rng(int(done))))
    began, totals = time.perf_counter(), []
    while int(done) < steps:
        if int(done) % POOL_EVERY == 0:
            pool.render(student_network(variables, scales), int(done))
        totals.append(step(tf.constant(next(batches))).numpy())
        done.assign_add(1)
        if int(done) % 100 == 0:
            pace = (time.perf_counter() - began) / len(totals)
            shown = [" ".join(f"{value:.3f}" for value in values) for values in np.mean(totals, axis=0)]
            kinds = zip(("features", "Grams"), shown, strict=True)
            print(f"step {int(done)}, {pace:.3f} s each: " + ", ".join(map(" ".join, kinds)), flush=True)
            began, totals = time.perf_counter(), []
        if int(done) % CHECKPOINT_EVERY == 0 or int(done) == steps:
            export(variables, scales, work / "student.npz")
            manager.save()


def flat(variables):
    """Return all variables of (kernels, biases, predictions) in one list."""
    return [variable for group in variables for variable in group]


def starting_variables(teacher, widths, photos, paintings, work):
    """Return (kernels, biases, predictions) as variables, and the teacher's sizes by layer."""
    file = work / "start.npz"
    if not file.exists():
        samples = Crops(photos, paintings, [], SIDE, np.random.default_rng(1)).batch(40)
        kernels, biases, predictions, scales = selected_start(teacher, widths, samples)
        arrays = {}
        for i in range(len(widths)):
            arrays |= {f"k{i}": kernels[i], f"b{i}": biases[i], f"p{i}": predictions[i]}
        temporary = work / "writing.npz"
        np.savez(temporary, scales=scales, **arrays)
        temporary.replace(file)
    with np.load(file) as held:
        groups = tuple(
            [tf.Variable(held[f"{letter}{i}"].astype(np.float32)) for i in range(len(widths))] for letter in "kbp"
        )
        return groups, [float(scale) for scale in held["scales"]]


def compiled_step(teacher, variables, scales, optimizer):
    """Return a compiled training step from a batch to errors of features and Gram matrices (2, layers)."""
    kernels, biases, predictions = variables

    def step(images):
        inputs = centered(images)
        expected = stack(inputs, teacher)
        with tf.GradientTape() as tape:
            layers = list(zip(LAYERS, kernels, biases, strict=True))
            own = stack(inputs / INPUT_SCALE, layers)
            found = []
            for name, prediction, scale in zip(LAYERS, predictions, scales, strict=True):
                target = expected[name] / tf.cast(scale, tf.bfloat16)
                found.append([tf.reduce_mean(error) for error in errors(*moments(target, own[name]), prediction)])
            loss = tf.reduce_sum(tf.stack(found) * (1.0, GRAM_SHARE))
        every = flat(variables)
        gradients, _ = tf.clip_by_global_norm(tape.gradient(loss, every), 10.0)
        optimizer.apply_gradients(zip(gradients, every, strict=True))
        return tf.transpose(tf.stack(found))

    return tf.function(step, autograph=False)


def prefetched(crops, *, count=BATCH, ahead=4):
    """Yield batches that a thread makes while the step before runs."""
    waiting = queue.Queue(ahead)

    def work():
        try:
            while True:
                waiting.put(crops.batch(count))
        except Exception as error:  # a thread's error would go unseen, and training would wait for ever
            waiting.put(error)

    threading.Thread(target=work, daemon=True).start()
    while True:
        batch = waiting.get()
        if isinstance(batch, Exception):
            raise batch
        yield batch


def exported(variables, scales):
    """Return the student as (kernel, bias, prediction) by layer, for inputs in 0..255 and in VGG19's own units."""
    result = {}
    for i, name in enumerate(LAYERS):
        kernel, bias, prediction = (group[i].numpy().astype(np.float64) for group in variables)
        if i == 0:
            kernel = kernel / INPUT_SCALE
        result[name] = kernel, bias, prediction * scales[i]
    return result


def export(variables, scales, file):
    """Write the student with its predictions."""
    arrays = {}
    for name, (kernel, bias, prediction) in exported(variables, scales).items():
        arrays |= {f"{name}/kernel": kernel, f"{name}/bias": bias, f"{name}/prediction": prediction}
    temporary = file.with_name("writing.npz")
    np.savez(temporary, **{key: value.astype(np.float32) for key, value in arrays.items()})
    temporary.replace(file)


def student_network(variables, scales):
    """Return the student as it stands as a network that maskstyle runs."""
    return as_network(exported(variables, scales), LAYERS)


if __name__ == "__main__":
    main()
