"""A whole picture with the command line: from the start of Python to the written file."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from parts.part import NAMES, NETWORKS, Case, Figure, Group, Part, Prepared, Table, one_by_one, short

SAMPLES = Path(__file__).parents[2] / "samples"
PAIRS = (("astronaut", "harbour"), ("coffee", "window"))


def groups(quick: bool) -> list[Group]:
    networks, pairs, side, steps = (("lite",), PAIRS[:1], 64, 2) if quick else (NETWORKS, PAIRS, 512, None)
    cases = (
        {"network": network, "content": content, "style": style, "side": side, **({"steps": steps} if steps else {})}
        for network in networks
        for content, style in pairs
    )
    return [one_by_one(case) for case in cases]


def prepare(case: Case, weights: Path | None) -> Prepared:
    """Return the seconds and the peak memory of one run of the command."""
    with tempfile.TemporaryDirectory() as folder:
        pictures = [SAMPLES / f"{case[name]}.jpg" for name in ("content", "style")]
        command = [sys.executable, "-m", "maskstyle", "basic", *pictures, "-o", Path(folder) / "out.png"]
        options = ["--network", case["network"], "--size", case["side"], "--quiet"]
        options += ["--weights", weights] if case["network"] == "vgg19" else []
        options += ["--steps", case["steps"]] if "steps" in case else []
        began = time.perf_counter()
        subprocess.run([str(word) for word in [*command, *options]], check=True, stdout=subprocess.DEVNULL)
        return {"seconds": time.perf_counter() - began, "peak_memory_mb": _peak_of_children()}


def _peak_of_children() -> float:
    import resource

    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak / (1024.0**2 if sys.platform == "darwin" else 1024.0)


def table(figures: Sequence[Figure]) -> Table | None:
    """Return the time of each picture."""
    rows = tuple(
        (
            f"{each['content']} + {each['style']}",
            NAMES[each["network"]],
            short(each["seconds"]),
            f"{each['peak_memory_mb']:.0f}",
        )
        for each in figures
    )
    if not rows:
        return None
    side = figures[0]["side"]
    caption = f"Samples at {side} px with the default settings, from the start of the command to the written file:"
    return Table(caption, ("picture", "network", "seconds", "peak MiB"), rows)


PART = Part(
    "pictures",
    "Whole pictures",
    "`maskstyle basic` as it is typed, the loading of TensorFlow included; each runs once.",
    groups,
    prepare,
    {"pictures": table},
    imports=(),
)
