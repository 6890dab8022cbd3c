"""One step, optimiser included, against the bare network's forward pass and image gradient; peak memory.

Each case runs in a process of its own, so that peak memory is its own; the bare network and the step are
timed in turns within it. Layers that the weights file lacks get random weights: time does not depend on them.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

import numpy as np
from common import parser, print_table, write_figures

DEPTHS = {"block4_conv2": {"content_layers": (("block4_conv2", 1.0),)}}
ROUNDS = 3
STEPS = 7


def main() -> None:
    options = parser(__doc__ or "", pairs=False)
    options.add_argument("--case", help="one case as JSON, as the benchmark calls itself")
    arguments = options.parse_args()
    if arguments.case:
        print(json.dumps(measure(arguments.weights, **json.loads(arguments.case))))
        return
    figures = []
    for size in (256, 512):
        for compute_type in ("float32", "bfloat16"):
            for depth in DEPTHS:
                for optimizer in ("lbfgs", "adam"):
                    case = {
                        "size": size,
                        "compute_type": compute_type,
                        "depth": depth,
                        "optimizer": optimizer,
                    }
                    command = [sys.executable, __file__, "--weights", str(arguments.weights), "--case"]
                    done = subprocess.run([*command, json.dumps(case)], capture_output=True, text=True, check=True)
                    figures.append({**case, **json.loads(done.stdout.splitlines()[-1])})
                    print(figures[-1], file=sys.stderr, flush=True)
    header = ("size", "type", "depth", "optimizer", "bare s", "objective / bare", "step / bare", "peak MB")
    print_table(
        header,
        (
            (
                each["size"],
                each["compute_type"],
                each["depth"],
                each["optimizer"],
                f"{each['bare']:.3f}",
                f"{each['objective'] / each['bare']:.2f}",
                f"{each['step'] / each['bare']:.2f}",
                f"{each['peak_memory_mb']:.0f}",
            )
            for each in figures
        ),
    )
    write_figures(arguments.json, figures)


def measure(weights, size, compute_type, depth, optimizer):
    """Return the median seconds of the bare network, the objective and a whole step, and the peak memory."""
    import tensorflow as tf
    from common import make_objective

    from maskstyle.networks.architectures import VGG19
    from maskstyle.networks.vgg import FeatureNetwork
    from maskstyle.optimize import minimize
    from maskstyle.result import peak_memory_mb
    from maskstyle.settings import Settings
    from maskstyle.techniques.plan import wanted_layers

    settings = Settings(compute_type=compute_type, optimizer=optimizer, steps=STEPS, tolerance=0.0, **DEPTHS[depth])
    generator = np.random.default_rng(0)
    layers = wanted_layers(settings)
    network = FeatureNetwork(
        VGG19,
        filled_weights(weights, VGG19, layers, generator),
        layers=layers,
        pooling=settings.pooling,
        padding=settings.padding,
        compute_type=compute_type,
    )
    content, style = generator.random((2, size, size, 3), dtype=np.float32)
    objective = make_objective(network, content, style, settings)
    image = tf.constant(content)

    def step_seconds():
        moments = []
        minimize(objective, content, settings, on_evaluation=lambda *_: moments.append(time.perf_counter()))
        return np.diff(moments)

    def objective_seconds():
        began = time.perf_counter()
        values, gradient = objective.value_and_gradient(image)
        values.numpy(), gradient.numpy()
        return time.perf_counter() - began

    steps = [step_seconds()[1:]]
    peak = peak_memory_mb()  # before the bare network takes its own memory
    bare = bare_network(network, depth)
    for _ in range(3):
        bare(image)
    bares, objectives = [], []
    for _ in range(ROUNDS):
        for _ in range(STEPS):
            began = time.perf_counter()
            bare(image).numpy()
            bares.append(time.perf_counter() - began)
            objectives.append(objective_seconds())
        steps.append(step_seconds()[1:])
    return {
        "bare": float(np.median(bares)),
        "objective": float(np.median(objectives)),
        "step": float(np.median(np.concatenate(steps[1:]))),
        "peak_memory_mb": peak,
    }


def filled_weights(path, architecture, layers, generator):
    """Return a file's weights, with random ones for the layers that it lacks."""
    from maskstyle.networks.weights import LayerWeights, missing_layers, read_weights

    needed = architecture.up_to_deepest(layers)
    missing = missing_layers(path, needed)
    weights = read_weights(path, architecture, [layer for layer in needed if layer not in missing])
    for layer in missing:
        shape = architecture.kernel_shape(layer)
        kernel = generator.normal(0, np.sqrt(2 / np.prod(shape[:3])), shape).astype(np.float32)
        weights[layer] = LayerWeights(kernel, np.zeros(shape[-1], np.float32))
    return weights


def bare_network(network, depth):
    """Return the compiled gradient of the mean of the deepest features in the image: no Grams, no losses."""
    import tensorflow as tf

    @tf.function
    def gradient(image):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(image)
            features = network(image)[depth]
            mean = tf.reduce_mean(tf.cast(features, tf.float32))
        return tape.gradient(mean, image)

    return gradient


if __name__ == "__main__":
    main()
