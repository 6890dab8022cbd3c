"""What the benchmarks share: cases painted in processes of their own, and tables in Markdown and JSON."""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, ParamSpec, TypeVar

import numpy as np

from maskstyle import __version__
from maskstyle.images.io import load_image
from maskstyle.images.pixels import Image, fit_size, resize_image
from maskstyle.networks.architectures import ARCHITECTURES, LITE, Architecture
from maskstyle.networks.load import choose_network, load_network
from maskstyle.networks.speed import processor_has_bfloat16
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.networks.weights import LayerWeights
from maskstyle.settings import Limits, Settings, wanted_layers
from maskstyle.synthesis.paint import Run, paint
from maskstyle.synthesis.result import peak_memory_mb
from maskstyle.techniques.basic import BasicInputs
from maskstyle.techniques.inputs import Inputs

SAMPLES = Path(__file__).parents[1] / "samples"
PAIRS = ("astronaut+harbour", "coffee+window")
NETWORKS = ("vgg19", "lite")
TYPES = ("float32", "bfloat16")
UNLIMITED = Limits(memory=1e6)
"""Evaluates every image at once, even if it does not fit into memory."""

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """A scene to paint from noise; an evaluation takes as long for noise as for a picture.

    Without `make`, the network alone is evaluated. VGG19 has random weights, which take as long as trained ones.
    `content_layer` replaces the content layers, to make the network deeper.
    """

    name: str = "basic"
    make: Callable[[Image, Image], Inputs] | None = BasicInputs
    network: str = "lite"
    compute_type: str = "float32"
    side: int = 512
    tile_size: int | None = None
    steps: int = 12
    optimizer: str = "lbfgs"
    content_layer: str | None = None

    def settings(self, defaults: Settings) -> Settings:
        """Return the settings of one size with the given defaults."""
        changes: dict[str, Any] = {"compute_type": self.compute_type, "optimizer": self.optimizer}
        if self.content_layer is not None:
            changes["content_layers"] = ((self.content_layer, 1.0),)
        return defaults.changed(
            network=self.network, size=self.side, scales=1, steps=self.steps, tolerance=0.0, **changes
        )


class Figures(NamedTuple):
    """What a case took: seconds between evaluations and to the end of the first, and peak memory in MiB."""

    seconds: float
    fastest_seconds: float
    """The fastest tenth; `seconds` is the median."""
    begin_seconds: float
    """Targets, tracing and compiling included."""
    memory_mb: float | None


def measure(cases: Iterable[Case], *, rounds: int = 1) -> dict[Case, Figures]:
    """Measure each case in a process of its own, the cases in turns; keep the quietest round of each.

    A case that runs out of memory has no figures.
    """
    found: dict[Case, Figures] = {}
    for _ in range(rounds):
        for case in cases:
            print(f"{case.name}, {case.network}, {case.compute_type}, {case.side} px ...", file=sys.stderr)
            try:
                figures = in_fresh_process(measured, case)
            except BrokenProcessPool:
                continue
            if case not in found or figures.seconds < found[case].seconds:
                found[case] = figures
    return found


def in_fresh_process(function: Callable[P, T], *arguments: P.args, **options: P.kwargs) -> T:
    """Return the result of a function that runs in a process of its own, for its peak of memory.

    The calling process must stay small: on Linux, a process begins with the peak of the one that started it.
    """
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments, **options).result()


def measured(case: Case) -> Figures:
    """Return what a case takes in this process."""
    content, style = np.random.default_rng(0).random((2, case.side, case.side, 3), dtype=np.float32)
    inputs = BasicInputs(content, style) if case.make is None else case.make(content, style)
    settings = case.settings(inputs.defaults)
    network = network_of(settings)
    moments = [time.perf_counter()]
    if case.make is None:
        evaluate = bare_network(network)
        for _ in range(case.steps):
            evaluate(content)
            moments.append(time.perf_counter())
    else:
        limits = UNLIMITED if case.tile_size is None else Limits(tile_size=case.tile_size)
        run = Run(network=network, limits=limits, on_step=lambda _: moments.append(time.perf_counter()))
        paint(replace(inputs, settings=settings).scene(), run)
    first, *later = np.diff(moments).tolist()
    return Figures(float(np.median(later)), float(np.quantile(later, 0.1)), first, peak_memory_mb())


def network_of(settings: Settings) -> FeatureNetwork:
    """Return lite, or a VGG network with random weights."""
    layers = wanted_layers(settings)
    if settings.network == LITE.name:
        choice = choose_network(LITE.name, layers, compute_type=settings.compute_type)
        return load_network(choice, pooling=settings.pooling, padding=settings.padding)
    architecture = ARCHITECTURES[settings.network]
    return FeatureNetwork(
        architecture,
        random_weights(architecture, layers),
        layers=layers,
        pooling=settings.pooling,
        padding=settings.padding,
        compute_type=settings.compute_type,
    )


def random_weights(architecture: Architecture, layers: Iterable[str]) -> dict[str, LayerWeights]:
    """Return weights that keep the magnitude of features from layer to layer (He et al., 2015)."""
    generator = np.random.default_rng(0)
    weights = {}
    for layer in architecture.up_to_deepest(layers):
        factors = {
            part: generator.normal(0, np.sqrt(2 / np.prod(shape[:-1])), shape).astype(np.float32)
            for part, shape in architecture.factor_shapes(layer).items()
        }
        bias = np.zeros(architecture.kernel_shape(layer)[-1], np.float32)
        weights[layer] = LayerWeights(
            factors["kernel"], bias, reduction=factors.get("reduction"), expansion=factors.get("expansion")
        )
    return weights


def bare_network(network: FeatureNetwork) -> Callable[[Image], Image]:
    """Return the gradient of the mean of the deepest layer: no Gram matrices, no losses, no optimizer."""
    deepest = network.architecture.up_to_deepest(network.layers)[-1]

    @tf.function(autograph=False)  # type: ignore[untyped-decorator]
    def gradient(image: Tensor) -> Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(image)
            mean = tf.reduce_mean(tf.cast(network(image)[deepest], tf.float32))
        return tape.gradient(mean, image)

    return lambda image: np.asarray(gradient(tf.constant(image)))


def load_pair(pair: str, side: int) -> tuple[Image, Image]:
    """Load two samples, named as CONTENT+STYLE, at a longer side."""
    content, style = (load_image(SAMPLES / f"{name}.jpg").pixels for name in pair.split("+"))
    return _resized(content, side), _resized(style, side)


def _resized(image: Image, side: int) -> Image:
    return resize_image(image, fit_size((image.shape[0], image.shape[1]), side))


def options(description: str | None, *, steps: int | None = None) -> argparse.ArgumentParser:
    """Return a parser with the options of every benchmark; those of measured cases if `steps` is given."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    if steps is not None:
        parser.add_argument("--networks", nargs="+", choices=NETWORKS, default=NETWORKS)
        parser.add_argument("--types", nargs="+", choices=TYPES, default=TYPES)
        parser.add_argument("--steps", type=int, default=steps, help="evaluations per case (default: %(default)s)")
        parser.add_argument("--rounds", type=int, default=1, help="times that each case runs; the quietest counts")
    return parser


def report(rows: Sequence[Mapping[str, object]], file: Path | None = None, **more: object) -> None:
    """Print rows as a Markdown table; write them, and what else is given, as JSON to a file."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    print("| " + " | ".join(names) + " |\n|" + " --- |" * len(names))
    for row in rows:
        print("| " + " | ".join(_cell(row.get(name)) for name in names) + " |")
    print(flush=True)
    if file is not None:
        figures = {"machine": machine(), "rows": rows, **more}
        file.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _cell(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.0f}" if value >= 100 else f"{value:.3g}"
    return "-" if value is None else str(value)


def ratio(one: Figures | None, other: Figures | None) -> float | None:
    """Return the time of one case divided by that of another, if both were measured."""
    return None if one is None or other is None else one.seconds / other.seconds


def machine() -> dict[str, object]:
    """Return what times depend on; nothing identifies the machine or its owner."""
    packages = ("tensorflow", "numpy", "scipy")
    return {
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "processor": f"{platform.machine()}{', bfloat16' if processor_has_bfloat16() else ''}",
        "python": platform.python_version(),
        "maskstyle": __version__,
        **{package: importlib.metadata.version(package) for package in packages},
    }
