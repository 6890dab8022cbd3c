"""Loss against time of the default settings, beside a plain implementation of the same objective.

Decides the optimizer, the scales and the stopping rule: --variant runs other settings too. The plain implementation
is what tutorials write: float32, one size, SciPy's L-BFGS without bounds, clipped at the end. It also judges every
run: losses are those of the clipped image, which is what is saved. Times include compiling, not reading the weights.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import bench
import numpy as np
from scipy.optimize import fmin_l_bfgs_b

from maskstyle.images.pixels import Image
from maskstyle.networks.load import NetworkChoice, choose_network, load_network
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.weights import LayerWeights, read_weights
from maskstyle.settings import Settings, wanted_layers
from maskstyle.synthesis.paint import Run
from maskstyle.synthesis.result import peak_memory_mb
from maskstyle.synthesis.scales import Step
from maskstyle.techniques.basic import transfer_basic

MEAN_BGR = np.array([103.939, 116.779, 123.68], np.float32)
SETTINGS = Settings(network="vgg19", style_weight=5.0)
"""Raw weights, as in the textbook."""

JUDGED = 24
"""Evaluations of a run to judge, most of them early."""

Snapshots = list[tuple[float, Image]]
LossAndGradient = Callable[[Tensor], tuple[Tensor, Tensor]]


class Curve(NamedTuple):
    """Seconds and losses of the judged images of a run, and its peak memory in MiB."""

    seconds: list[float]
    losses: list[float]
    memory_mb: float | None

    def lowest(self, seconds: float) -> float | None:
        """Return the lowest loss up to a time."""
        return min((loss for at, loss in zip(self.seconds, self.losses, strict=True) if at <= seconds), default=None)

    def reached(self, loss: float) -> float | None:
        """Return the seconds to a loss."""
        return next((at for at, own in zip(self.seconds, self.losses, strict=True) if own <= loss), None)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = bench.options(__doc__)
    parser.add_argument("--pairs", nargs="+", default=bench.PAIRS, help="samples as CONTENT+STYLE")
    parser.add_argument("--side", type=int, default=512, help="longer side (default: %(default)s)")
    parser.add_argument("--iterations", type=int, default=200, help="of the textbook (default: %(default)s)")
    parser.add_argument("--weights", type=Path, help="weights file of VGG19")
    parser.add_argument(
        "--variant", action="append", default=[], help="settings of a further run, as scales=1,optimizer=adam"
    )
    given = parser.parse_args(arguments)
    choice = choose_network("vgg19", wanted_layers(SETTINGS), weights=given.weights)
    rows, losses = [], []
    for pair in given.pairs:
        runs = {"textbook": bench.in_fresh_process(textbook_curve, choice, pair, given.side, given.iterations)}
        for variant in ("", *given.variant):
            settings = SETTINGS.changed(**parsed(variant))
            runs[variant or "default"] = bench.in_fresh_process(our_curve, choice, pair, given.side, settings)
        rows += [{"pair": pair, "run": name, **summary(run, runs["textbook"])} for name, run in runs.items()]
        moments = np.geomspace(1, max(run.seconds[-1] for run in runs.values()), 9)[1:].tolist()
        losses += [
            {"pair": pair, "seconds": at, **{name: run.lowest(at) for name, run in runs.items()}} for at in moments
        ]
    bench.report(rows)
    bench.report(losses, given.json, summary=rows)


def parsed(variant: str) -> dict[str, Any]:
    """Return settings from NAME=VALUE pairs."""
    pairs = [each.split("=") for each in variant.split(",") if each]
    return {name: type(getattr(SETTINGS, name))(value) for name, value in pairs}


def summary(run: Curve, textbook: Curve) -> dict[str, float | None]:
    """Return the end of a run, and when it had the loss that the textbook ends with."""
    reached = run.reached(textbook.losses[-1])
    faster = None if reached is None else textbook.seconds[-1] / reached
    own = {"loss": min(run.losses), "seconds": run.seconds[-1], "to the textbook's loss": reached}
    return {**own, "times faster": faster, "MiB": run.memory_mb}


def textbook_curve(choice: NetworkChoice, pair: str, side: int, iterations: int) -> Curve:
    """Run the plain implementation."""
    content, style = bench.load_pair(pair, side)
    weights = read_weights(choice.weights, choice.architecture, choice.layers)
    loss_and_gradient = textbook(weights, content, style)
    snapshots: Snapshots = []
    steps = judged(iterations)
    done = 0

    def function(flat: Any) -> tuple[float, Any]:
        loss, gradient = loss_and_gradient(tf.constant(flat.reshape(1, *content.shape), tf.float32))
        return float(loss), gradient.numpy().astype(np.float64).ravel()

    def keep(flat: Any) -> None:
        nonlocal done
        done += 1
        if done in steps:
            image = (flat.reshape(content.shape) + MEAN_BGR)[..., ::-1] / 255
            snapshots.append((time.perf_counter() - began, np.clip(image, 0, 1).astype(np.float32)))

    began = time.perf_counter()
    # Without tolerances: the gradients are so small that SciPy's own would end the run after a few steps.
    start = preprocessed(content).astype(np.float64).ravel()
    fmin_l_bfgs_b(function, start, maxiter=iterations, maxfun=10 * iterations, pgtol=0, factr=0, callback=keep)
    return _judged_curve(loss_and_gradient, snapshots)


def our_curve(choice: NetworkChoice, pair: str, side: int, settings: Settings) -> Curve:
    """Run maskstyle, coarser sizes included; images of the full size are judged."""
    content, style = bench.load_pair(pair, side)
    network = load_network(choice, pooling=settings.pooling, padding=settings.padding)
    snapshots: Snapshots = []
    steps = judged(settings.steps)

    def keep(step: Step) -> None:
        if step.scale == step.scales and step.step in steps:
            snapshots.append((step.seconds, step.image))

    result = transfer_basic(
        content, style, settings=settings.changed(size=side), run=Run(network=network, on_step=keep)
    )
    snapshots.append((result.seconds, result.image))
    memory = peak_memory_mb()  # before the judge needs its own
    weights = read_weights(choice.weights, choice.architecture, choice.layers)
    return _judged_curve(textbook(weights, content, style), snapshots)._replace(memory_mb=memory)


def judged(steps: int) -> set[int]:
    """Return the steps to judge: dense at the beginning, the last one too."""
    return {int(step) for step in np.geomspace(1, steps, JUDGED).round()}


def _judged_curve(loss_and_gradient: LossAndGradient, snapshots: Snapshots) -> Curve:
    memory = peak_memory_mb()
    losses = [float(loss_and_gradient(tf.constant(preprocessed(image)[np.newaxis]))[0]) for _, image in snapshots]
    return Curve([seconds for seconds, _ in snapshots], losses, memory)


def preprocessed(image: Image) -> Image:
    """Return an image as the published weights expect it."""
    pixels: Image = (image[..., ::-1] * 255 - MEAN_BGR).astype(np.float32)
    return pixels


def features_of(weights: Mapping[str, LayerWeights], pixels: Tensor) -> dict[str, Tensor]:
    """Return the features of every layer."""
    features, current = {}, pixels
    for name, (kernel, bias, *_) in weights.items():
        if name == "block1_conv1":  # as the default settings: edge pixels surround the image
            current = tf.pad(current, [[0, 0], [1, 1], [1, 1], [0, 0]], "SYMMETRIC")
        elif name.endswith("_conv1"):
            current = tf.nn.max_pool2d(current, 2, 2, "VALID")
        current = tf.nn.relu(tf.nn.conv2d(current, kernel, 1, "VALID" if name == "block1_conv1" else "SAME") + bias)
        features[name] = current
    return features


def gram_matrix(features: Tensor) -> Tensor:
    flat = tf.reshape(features, (-1, features.shape[-1]))
    return tf.matmul(flat, flat, transpose_a=True) / tf.cast(tf.shape(flat)[0], tf.float32)


def textbook(
    weights: Mapping[str, LayerWeights], content: Image, style: Image, settings: Settings | None = None
) -> LossAndGradient:
    """Return the objective of a content image and a style image, written plainly."""
    settings = settings or SETTINGS
    seen = features_of(weights, tf.constant(preprocessed(content)[np.newaxis]))
    wanted = {name: seen[name] for name, _ in settings.content_layers}
    seen = features_of(weights, tf.constant(preprocessed(style)[np.newaxis]))
    targets = {name: gram_matrix(seen[name]) for name, _ in settings.style_layers}
    del seen

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def loss_and_gradient(pixels: Tensor) -> tuple[Tensor, Tensor]:
        with tf.GradientTape() as tape:
            tape.watch(pixels)
            features = features_of(weights, pixels)
            loss = tf.constant(0.0)
            for name, share in settings.content_layers:
                difference = tf.reduce_mean(tf.square(features[name] - wanted[name]))
                loss += settings.content_weight * share * difference / tf.reduce_mean(tf.square(wanted[name]))
            for name, share in settings.style_layers:
                difference = tf.reduce_sum(tf.square(gram_matrix(features[name]) - targets[name]))
                loss += settings.style_factor * share * difference / tf.reduce_sum(tf.square(targets[name]))
            scaled = pixels[0] / 255
            corner = scaled[:-1, :-1]
            variation = tf.square(scaled[1:, :-1] - corner) + tf.square(scaled[:-1, 1:] - corner)
            loss += settings.tv_weight * tf.reduce_mean(variation)
        return loss, tape.gradient(loss, pixels)

    return loss_and_gradient  # type: ignore[no-any-return]


if __name__ == "__main__":
    main()
