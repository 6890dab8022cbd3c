"""One step, optimizer included, against the bare network's forward pass and image gradient.

To the depth of block4_conv2; layers that the weights file lacks get random weights: time does not depend on them.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from parts.evaluations import timed
from parts.part import (
    TYPES,
    Case,
    Figure,
    Group,
    Part,
    Prepared,
    Table,
    memory_cell,
    only,
    ratio_cell,
    seconds_cell,
    values,
)

DEPTH = "block4_conv2"
STEPS = 5
KINDS = ("bare", "objective", "lbfgs", "adam")


def groups(quick: bool) -> list[Group]:
    sides, types, kinds = ((64,), ("bfloat16",), ("bare", "lbfgs")) if quick else ((256, 512), TYPES, KINDS)
    return [
        Group(
            tuple({"network": "vgg19", "side": side, "type": compute_type, "kind": kind} for kind in kinds),
            rounds=1 if quick else 4,
            warm_ups=1,
        )
        for side in sides
        for compute_type in types
    ]


def prepare(case: Case, weights: Path | None) -> Prepared:
    """Return a function that takes one evaluation, or some steps, and returns the seconds of one."""
    import numpy as np
    from scenes import bare_network, make_scene

    from maskstyle.networks.architectures import VGG19
    from maskstyle.networks.vgg import FeatureNetwork
    from maskstyle.settings import Settings
    from maskstyle.techniques.plan import wanted_layers

    settings = Settings(compute_type=case["type"], content_layers=((DEPTH, 1.0),), steps=STEPS, tolerance=0.0)
    generator = np.random.default_rng(0)
    layers = wanted_layers(settings)
    network = FeatureNetwork(
        VGG19,
        filled_weights(weights, VGG19, layers, generator),
        layers=layers,
        pooling=settings.pooling,
        padding=settings.padding,
        compute_type=case["type"],
    )
    content, style = generator.random((2, case["side"], case["side"], 3), dtype=np.float32)
    if case["kind"] == "bare":
        return timed(bare_network(network, DEPTH), content)
    objective = make_scene({"scene": "basic"}, network, content, style, settings)
    if case["kind"] == "objective":
        return timed(lambda image: objective.value_and_gradient(image)[1], content)
    return stepping(objective, content, settings.changed(optimizer=case["kind"]))


def stepping(objective: Any, content: Any, settings: Any) -> Any:
    """Return a function that takes some steps and returns the median seconds of one, the first left out."""
    import numpy as np

    from maskstyle.synthesis.minimize import minimize

    def run() -> float:
        moments: list[float] = []
        minimize(objective, content, settings, on_evaluation=lambda *_: moments.append(time.perf_counter()))
        return float(np.median(np.diff(moments)))

    return run


def filled_weights(path: Path | None, architecture: Any, layers: Sequence[str], generator: Any) -> dict[str, Any]:
    """Return a file's weights, with random ones for the layers that it lacks."""
    import numpy as np

    from maskstyle.networks.weights import LayerWeights, missing_layers, read_weights

    needed = architecture.up_to_deepest(layers)
    missing = missing_layers(path, needed)
    weights = read_weights(path, architecture, [layer for layer in needed if layer not in missing])
    for layer in missing:
        shape = architecture.kernel_shape(layer)
        kernel = generator.normal(0, np.sqrt(2 / np.prod(shape[:3])), shape).astype(np.float32)
        weights[layer] = LayerWeights(kernel, np.zeros(shape[-1], np.float32))
    return weights


def table(figures: Sequence[Figure]) -> Table | None:
    """Return the objective and a whole step against the bare network."""
    rows = []
    for side in values(figures, "side"):
        for compute_type in TYPES:
            found = {kind: only(figures, side=side, type=compute_type, kind=kind) for kind in KINDS}
            for optimizer in ("lbfgs", "adam"):
                if found[optimizer] is not None:
                    bare = found["bare"]
                    rows.append(
                        (
                            str(side),
                            compute_type,
                            optimizer,
                            seconds_cell(bare),
                            ratio_cell(found["objective"], bare),
                            ratio_cell(found[optimizer], bare),
                            memory_cell(found[optimizer]),
                        )
                    )
    caption = (
        "The objective, and a whole step with the optimizer, against the bare network's forward pass and image "
        f"gradient to {DEPTH}. Peak memory is that of the process of the step:"
    )
    header = ("size", "type", "optimizer", "bare s", "objective / bare", "step / bare", "peak MiB")
    return Table(caption, header, tuple(rows)) if rows else None


PART = Part(
    "step",
    "A step against the bare network",
    f"The goal was a step of at most 1.25 times the bare network. The depth is that of {DEPTH}, which recipes of the "
    "literature use; layers that the weights file lacks have random weights, which take as long.",
    groups,
    prepare,
    {"step": table},
)
