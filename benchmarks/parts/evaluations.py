"""A case that is one evaluation: of a scene's objective, or of the bare network."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from parts.part import Case, Prepared


def prepare(case: Case, weights: Path | None) -> Prepared:
    """Return a function that evaluates once and returns the seconds."""
    import numpy as np
    from scenes import bare_network, load_for, make_scene, settings_of

    settings = settings_of(case)
    network = load_for(weights, settings)
    content, style = np.random.default_rng(0).random((2, case["side"], case["side"], 3), dtype=np.float32)
    if case["scene"] == "bare":
        return timed(bare_network(network), content)
    objective = make_scene(case, network, content, style, settings)
    return timed(lambda image: objective.value_and_gradient(image)[1], content)


def timed(gradient: Any, image: Any) -> Any:
    """Return a function that returns the seconds which a gradient of an image takes."""
    import numpy as np

    def run() -> float:
        began = time.perf_counter()
        np.asarray(gradient(image))
        return time.perf_counter() - began

    return run
