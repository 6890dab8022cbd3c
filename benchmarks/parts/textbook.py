"""Loss against time of the default and of a plain textbook implementation with 200 iterations.

The textbook implementation is written as most tutorials write it: float32, one size, SciPy's L-BFGS with no
bounds from the content image, one flat function that returns loss and gradient, clipping at the end. It
minimizes the very same objective. Both times include compiling and leave reading the weights out. Losses are those of
the *clipped* image, as that is what is saved, in float32.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from parts.part import Case, Figure, Group, Part, Prepared, Table, chosen, one_by_one, only, short, values

PAIRS = (("astronaut", "harbour"), ("coffee", "window"))
ITERATIONS = 200
JUDGED = 25
"""Images of a curve that are judged, about: each takes as long as an evaluation in float32."""


def groups(quick: bool) -> list[Group]:
    pairs, side, iterations = (PAIRS[:1], 64, 3) if quick else (PAIRS, 512, ITERATIONS)
    ends = {"textbook": {"iterations": iterations}, "ours": {"quick": True} if quick else {}}
    return [
        one_by_one(
            *(
                {"network": "vgg19", "content": content, "style": style, "side": side, "who": who, **end}
                for who, end in ends.items()
            )
        )
        for content, style in pairs
    ]


def prepare(case: Case, weights: Path | None) -> Prepared:
    """Return the figures of one run: its curve of seconds and losses, and its peak memory."""
    from scenes import load_at

    from maskstyle.settings import Settings
    from maskstyle.synthesis.result import peak_memory_mb

    assert weights is not None
    content, style = (load_at(case[name], case["side"]) for name in ("content", "style"))
    if case["who"] == "textbook":
        seconds, snapshots = run_textbook(weights, content, style, case["iterations"])
    else:
        settings = Settings(network="vgg19", **({"steps": 3, "scales": 2} if "quick" in case else {}))
        seconds, snapshots = run_ours(weights, content, style, settings)
    peak = peak_memory_mb()  # before the judge takes its own memory
    judge = judge_of(weights, content, style)
    return {
        "seconds": seconds,
        "curve": [[moment, step, judge(image)] for moment, step, image in snapshots],
        "peak_memory_mb": peak,
    }


def judge_of(weights: Path, content: Any, style: Any) -> Callable[[Any], float]:
    """Return the default objective in float32, for the loss of any image in [0, 1]."""
    from scenes import load_for, make_scene

    from maskstyle.settings import Settings

    settings = Settings(network="vgg19", compute_type="float32")
    objective = make_scene({"scene": "basic"}, load_for(weights, settings), content, style, settings)
    return lambda image: float(sum(objective.value_and_gradient(image)[0].numpy()))


def judged_steps(steps: int) -> set[int]:
    """Return which steps are judged: dense in the beginning, the last one too."""
    import numpy as np

    return {*np.unique(np.geomspace(1, steps, JUDGED).round().astype(int)).tolist()}


def run_textbook(weights: Path, content: Any, style: Any, iterations: int) -> tuple[float, list[Any]]:
    """Return the seconds of all iterations, and some images with when they came."""
    import numpy as np
    import tensorflow as tf
    from scipy.optimize import fmin_l_bfgs_b

    from maskstyle.networks.architectures import VGG19
    from maskstyle.networks.weights import read_weights
    from maskstyle.settings import Settings

    mean_bgr = np.array([103.939, 116.779, 123.68], np.float32)
    settings = Settings()
    layers = dict(settings.style_layers) | dict(settings.content_layers)
    parameters = read_weights(weights, VGG19, VGG19.up_to_deepest(layers))

    def extract(pixels):
        features, current = {}, pixels
        for name, (kernel, bias, *_) in parameters.items():
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
        return (image[..., ::-1] * 255 - mean_bgr)[np.newaxis].astype(np.float32)

    def picture(flat):
        return np.clip((flat.reshape(start.shape)[0] + mean_bgr)[..., ::-1] / 255, 0, 1).astype(np.float32)

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

    kept, wanted_steps, snapshots = [0], judged_steps(iterations), []

    def keep(flat):
        kept[0] += 1
        if kept[0] in wanted_steps:
            snapshots.append((time.perf_counter() - began, kept[0], picture(flat)))

    began = time.perf_counter()
    # The tolerances are off: with this loss's small gradients, SciPy's own would end it after a few steps.
    fmin_l_bfgs_b(
        function,
        start.astype(np.float64).ravel(),
        maxiter=iterations,
        maxfun=10 * iterations,
        pgtol=0,
        factr=0,
        callback=keep,
    )
    return time.perf_counter() - began, snapshots


def run_ours(weights: Path, content: Any, style: Any, settings: Any) -> tuple[float, list[Any]]:
    """Return the seconds of the default, coarser sizes included, and every image of the full size."""
    from scenes import load_for, make_scene

    from maskstyle.images.pixels import resize_image
    from maskstyle.synthesis.scales import synthesize
    from maskstyle.techniques.plan import transfer_sizes

    snapshots: list[Any] = []

    def keep(step: Any) -> None:
        if step.scale == step.scales:
            snapshots.append((step.seconds, len(snapshots) + 1, step.image))

    network = load_for(weights, settings)

    def objective_at(size):
        return make_scene({"scene": "basic"}, network, resize_image(content, size), style, settings)

    sizes = transfer_sizes(content.shape[:2], settings.changed(size=max(content.shape[:2])))
    began = time.perf_counter()
    synthesize(objective_at, content, sizes, settings, on_step=keep)
    return time.perf_counter() - began, snapshots


def pairs_of(figures: Sequence[Figure]) -> list[tuple[str, Figure, Figure]]:
    """Return the pairs of which both runs are there: name, textbook, ours."""
    found = []
    for content in values(figures, "content"):
        textbook, ours = (only(figures, content=content, who=who) for who in ("textbook", "ours"))
        if textbook is not None and ours is not None:
            found.append((f"{content} + {ours['style']}", textbook, ours))
    return found


def table(figures: Sequence[Figure]) -> Table | None:
    """Return how long the default takes to the loss that the textbook ends with."""
    rows = []
    for name, textbook, ours in pairs_of(figures):
        goal = textbook["curve"][-1][2]
        reached = next(((moment, step) for moment, step, loss in ours["curve"] if loss <= goal), None)
        rows.append(
            (
                name,
                f"{goal:.3f}",
                short(textbook["seconds"]),
                "-" if reached is None else short(reached[0]),
                "-" if reached is None else str(reached[1]),
                "-" if reached is None else f"{textbook['seconds'] / reached[0]:.1f}",
                f"{min(loss for _, _, loss in ours['curve']):.3f}",
                short(ours["seconds"]),
                f"{textbook['peak_memory_mb']:.0f}",
                f"{ours['peak_memory_mb']:.0f}",
            )
        )
    if not rows:
        return None
    first = chosen(figures, who="textbook")[0]
    iterations = first["iterations"]
    header = (
        "samples",
        f"loss, textbook after {iterations}",
        "textbook s",
        "ours, s to it",
        "steps",
        "times faster",
        "our final loss",
        "our whole time s",
        "textbook peak MiB",
        "our peak MiB",
    )
    caption = (
        f"Time at {first['side']} px to the loss that the plain implementation has after {iterations} iterations "
        "(float32, one size, SciPy's L-BFGS without bounds, clipped at the end):"
    )
    return Table(caption, header, tuple(rows))


def plot(figures: Sequence[Figure], page: Any) -> None:
    """Draw loss against time."""
    pairs = pairs_of(figures)
    for axes, (name, *runs) in zip(page.subplots(1, len(pairs), squeeze=False)[0], pairs, strict=True):
        for run, words in zip(runs, ("textbook", "maskstyle"), strict=True):
            axes.plot(
                [moment for moment, *_ in run["curve"]],
                [loss for *_, loss in run["curve"]],
                "o-",
                label=words,
                markersize=3,
            )
        axes.set(xscale="log", yscale="log", xlabel="seconds", ylabel="total loss of the clipped image", title=name)
        axes.legend()


PART = Part(
    "textbook",
    "Loss against time, beside the textbook",
    "The default settings, coarser sizes included, and a plain implementation of the same objective as tutorials "
    "write it, one after the other. Both are judged by the same objective in float32; compiling is counted, loading "
    "is not.",
    groups,
    prepare,
    {"textbook": table},
    plot=plot,
)
