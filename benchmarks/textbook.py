"""Time to the loss that a plain textbook implementation reaches after 200 iterations.

The textbook implementation is written as most tutorials write it: float32, one size, SciPy's L-BFGS with no
bounds from the content image, one flat function that returns loss and gradient, clipping at the end. It
minimises the very same objective. Both times include compiling and leave reading the weights out. Losses are those of
the *clipped* image, as that is what is saved, in float32.
"""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import tensorflow as tf
from common import choice_for, load_at, make_objective, pairs_of, parser, print_table, write_figures
from scipy.optimize import fmin_l_bfgs_b

from maskstyle.networks.load import load_network
from maskstyle.networks.weights import read_weights
from maskstyle.settings import Settings
from maskstyle.synthesis import synthesize
from maskstyle.techniques.plan import transfer_sizes

ITERATIONS = 200
MEAN_BGR = np.array([103.939, 116.779, 123.68], np.float32)


def main() -> None:
    options = parser(__doc__ or "", pairs=True)
    options.add_argument("--size", type=int, default=512)
    arguments = options.parse_args()
    rows, figures = [], []
    for content_path, style_path in pairs_of(arguments.pictures):
        content, style = load_at(content_path, arguments.size), load_at(style_path, arguments.size)
        judge = Judge(arguments.weights, content, style)
        textbook = run_textbook(arguments.weights, content, style)
        goal = judge(textbook["image"])
        ours = run_ours(arguments.weights, content, style, judge, goal)
        ratio = textbook["seconds"] / ours["seconds"] if ours["seconds"] else float("nan")
        name = f"{content_path.stem} + {style_path.stem}"
        figures.append({"pair": name, "textbook": textbook["seconds"], "goal": goal, **ours, "ratio": ratio})
        rows.append(
            (
                name,
                f"{goal:.3f}",
                f"{textbook['seconds']:.0f}",
                f"{ours['seconds']:.1f}",
                ours["steps"],
                f"{ratio:.1f}",
                f"{ours['final']:.3f}",
                f"{ours['total_seconds']:.0f}",
            )
        )
        print(rows[-1], flush=True)
    header = (
        "pair",
        "loss, textbook after 200",
        "textbook s",
        "ours, s to it",
        "steps",
        "times faster",
        "our final loss",
        "our whole time s",
    )
    print_table(header, rows)
    write_figures(arguments.json, figures)


class Judge:
    """The default objective in float32, for the loss of any image in [0, 1]."""

    def __init__(self, weights: Path, content, style) -> None:
        settings = Settings(compute_type="float32")
        network = load_network(choice_for(weights, settings), pooling=settings.pooling, padding=settings.padding)
        self._objective = make_objective(network, content, style, settings)

    def __call__(self, image) -> float:
        """Return the total loss."""
        return sum(self._objective.losses(image).values())


def run_textbook(weights: Path, content, style):
    """Return the clipped image after 200 iterations and the seconds they took."""
    settings = Settings()
    layers = dict(settings.style_layers) | dict(settings.content_layers)
    choice = choice_for(weights, settings)
    parameters = read_weights(weights, choice.architecture, layers)

    def extract(pixels):
        features, current = {}, pixels
        for name, (kernel, bias) in parameters.items():
            if name.endswith("_conv1") and name != "block1_conv1":
                current = tf.nn.max_pool2d(current, 2, 2, "VALID")
            if name == "block1_conv1":  # the same objective as ours: the image's own edge pixels around it
                current = tf.pad(current, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
            rim = "VALID" if name == "block1_conv1" else "SAME"
            current = tf.nn.relu(tf.nn.conv2d(current, kernel, 1, rim) + bias)
            features[name] = current
        return features

    def gram_matrix(features):
        flat = tf.reshape(features, (-1, features.shape[-1]))
        return tf.matmul(flat, flat, transpose_a=True) / tf.cast(tf.shape(flat)[0], tf.float32)

    def preprocess(image):
        return (image[..., ::-1] * 255 - MEAN_BGR)[np.newaxis].astype(np.float32)

    style_features = extract(tf.constant(preprocess(style)))
    targets = {name: gram_matrix(style_features[name]) for name, _ in settings.style_layers}
    content_features = extract(tf.constant(preprocess(content)))
    wanted = {name: content_features[name] for name, _ in settings.content_layers}
    del style_features, content_features

    @tf.function
    def loss_and_gradient(pixels):
        with tf.GradientTape() as tape:
            tape.watch(pixels)
            features = extract(pixels)
            loss = tf.constant(0.0)
            for name, share in settings.content_layers:
                difference = tf.reduce_mean(tf.square(features[name] - wanted[name]))
                loss += settings.content_weight * share * difference / tf.reduce_mean(tf.square(wanted[name]))
            for name, share in settings.style_layers:
                difference = tf.reduce_sum(tf.square(gram_matrix(features[name]) - targets[name]))
                loss += settings.style_weight * share * difference / tf.reduce_sum(tf.square(targets[name]))
            scaled = pixels[0] / 255
            corner = scaled[:-1, :-1]
            variation = tf.square(scaled[1:, :-1] - corner) + tf.square(scaled[:-1, 1:] - corner)
            loss += settings.tv_weight * tf.reduce_mean(variation)
        return loss, tape.gradient(loss, pixels)

    start = preprocess(content)

    def function(flat):
        loss, gradient = loss_and_gradient(tf.constant(flat.reshape(start.shape), tf.float32))
        return float(loss), gradient.numpy().astype(np.float64).ravel()

    began = time.perf_counter()
    # The tolerances are off: with this loss's small gradients, SciPy's own would end it after a few steps.
    flat, _, _ = fmin_l_bfgs_b(
        function, start.astype(np.float64).ravel(), maxiter=ITERATIONS, maxfun=10 * ITERATIONS, pgtol=0, factr=0
    )
    seconds = time.perf_counter() - began
    pixels = flat.reshape(start.shape)[0] + MEAN_BGR
    image = np.clip(pixels[..., ::-1] / 255, 0, 1).astype(np.float32)
    return {"image": image, "seconds": seconds}


def run_ours(weights: Path, content, style, judge: Judge, goal: float):
    """Return the seconds and steps after which the default has reached a loss, the coarser sizes included.

    Whether the loss is reached is judged by the same float32 objective, whatever type the run computes in.
    """
    settings = Settings()
    snapshots = []

    def keep(step) -> None:
        if step.scale == step.scales:
            snapshots.append((step.seconds, step.image))

    network = load_network(choice_for(weights, settings), pooling=settings.pooling, padding=settings.padding)

    def objective_at(size):
        from maskstyle.images import resize_image

        return make_objective(network, resize_image(content, size), style, settings)

    sizes = transfer_sizes(content.shape[:2], settings.changed(size=max(content.shape[:2])))
    began = time.perf_counter()
    synthesis = synthesize(objective_at, content, sizes, settings, on_step=keep)
    whole = time.perf_counter() - began
    final = judge(synthesis.image)
    reached = next(
        ((seconds, number) for number, (seconds, image) in enumerate(snapshots, 1) if judge(image) <= goal),
        (float("nan"), None),
    )
    return {
        "seconds": reached[0],
        "steps": reached[1],
        "final": final,
        "total_seconds": whole,
    }


if __name__ == "__main__":
    main()
