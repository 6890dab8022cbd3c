"""Time and memory of a run against pixels, and the constants of maskstyle/synthesis/estimate.py that follow.

Each case runs in a process of its own, for its peak of memory. As neighbors on a machine make a step longer, a
step's time is that of the fastest tenth of them. On a machine that never comes to rest, --shared takes shares of the
processor's time instead, which neighbors hardly change.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from common import parser, print_table, write_figures

from maskstyle.networks.architectures import ARCHITECTURES
from maskstyle.networks.load import choose_network
from maskstyle.settings import Settings
from maskstyle.synthesis.estimate import IMAGES, Constants, Demand, expected, work_of
from maskstyle.synthesis.schedule import optimizer_bytes
from maskstyle.techniques.plan import wanted_layers

SIDES = (256, 512, 1024)
SHARES = {"lite": 0.65, "vgg19": 0.5}
"""Time of a step, on two cores with nothing else to do, as a share of the processor's; less of lite's is parallel."""

SHARE_OF_BEGINNING = 0.8
"""The same for what comes before the second step, which is mostly tracing."""

CASES = [(network, kind) for network in ("lite", "vgg19") for kind in ("bfloat16", "float32")]


def main() -> None:
    options = parser(__doc__ or "")
    options.add_argument("--shared", action="store_true", help="take shares of the processor's time")
    options.add_argument("--one", nargs=3, help="one case: network, compute type and side")
    arguments = options.parse_args()
    if arguments.one:
        print(json.dumps(measured(*arguments.one[:2], int(arguments.one[2]), arguments.weights)))
        return
    figures = []
    for network, kind in CASES:
        own = [_in_a_process(network, kind, side, arguments.weights) for side in SIDES]
        if arguments.shared:
            own = [as_if_alone(each) for each in own]
        constants = fitted(network, own)
        print(f"    ({network!r}, {kind!r}): {constants},")
        for each in own:
            size = (each["side"], each["side"])
            estimate = expected(
                Demand(ARCHITECTURES[network], kind, [size], Settings(steps=each["steps"])), constants=constants
            )
            figures.append({**each, "expected": estimate._asdict(), "constants": constants._asdict()})
    rows = (
        (
            each["network"],
            each["type"],
            each["side"],
            f"{each['seconds']:.3f}",
            f"{each['expected']['seconds_per_evaluation'][0] / each['seconds'] - 1:+.0%}",
            f"{each['memory_mb']:.0f}",
            f"{each['expected']['memory_mb'] / each['memory_mb'] - 1:+.0%}",
        )
        for each in figures
    )
    header = ("network", "type", "side", "seconds per evaluation", "estimate", "peak MiB", "estimate")
    print_table(header, rows)
    write_figures(arguments.json, figures)


def measured(network: str, kind: str, side: int, weights: Path) -> dict[str, object]:
    """Return what one case takes, in this process."""
    from maskstyle.synthesis.result import peak_memory_mb
    from maskstyle.techniques.basic import transfer_basic

    steps = 40 if side < 1000 else 16
    settings = Settings(network=network, compute_type=kind, size=side, scales=1, steps=steps, tolerance=0.0)
    file = weights if network == "vgg19" else None
    choice = choose_network(network, wanted_layers(settings), compute_type=kind, weights=file)
    content, style = np.random.default_rng(0).random((2, side, side, 3), dtype=np.float32)
    processor = []
    began = time.process_time()
    result = transfer_basic(
        content, style, settings=settings, network=choice, on_step=lambda _: processor.append(time.process_time())
    )
    intervals = np.diff([step.seconds for step in result.steps])
    fastest = float(np.quantile(intervals, 0.1))
    return {
        "network": network,
        "type": kind,
        "side": side,
        "steps": steps,
        "seconds": fastest,
        "seconds_median": float(np.median(intervals)),
        "processor_seconds": float(np.quantile(np.diff(processor), 0.1)),
        "begin_seconds": result.steps[0].seconds,
        "begin_processor_seconds": processor[0] - began,
        "memory_mb": peak_memory_mb(),
    }


def _in_a_process(network: str, kind: str, side: int, weights: Path) -> dict[str, object]:
    command = [sys.executable, __file__, "--weights", str(weights), "--one", network, kind, str(side)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found = json.loads(done.stdout.splitlines()[-1])
    print(json.dumps(found), file=sys.stderr, flush=True)
    return found


def as_if_alone(figures: dict) -> dict:
    """Return the figures of a case with times made from the processor's."""
    return {
        **figures,
        "seconds": SHARES[figures["network"]] * figures["processor_seconds"],
        "begin_seconds": SHARE_OF_BEGINNING * figures["begin_processor_seconds"],
    }


def fitted(network: str, figures: list[dict]) -> Constants:
    """Return the constants that come nearest, in relative terms, to the figures of one network and type."""
    work = [work_of(ARCHITECTURES[network], wanted_layers(Settings()), each["side"] ** 2) for each in figures]
    seconds = _line([each.giga_operations for each in work], [each["seconds"] for each in figures])
    memory = _line([each.mega_values for each in work], [_without_images(each) for each in figures])
    begin = _line([each.giga_operations for each in work], [each["begin_seconds"] for each in figures])
    return Constants(*(float(f"{value:.3g}") for value in (*seconds, *memory, *begin)))


def _without_images(figures: dict) -> float:
    """Return the peak memory, in MiB, without what images and L-BFGS's vectors take by arithmetic."""
    size = (figures["side"], figures["side"])
    pixels = figures["side"] ** 2
    images = optimizer_bytes(size, "lbfgs", Settings().history) + IMAGES * 12 * pixels
    return figures["memory_mb"] - images / 2**20


def _line(across: list[float], up: list[float]) -> tuple[float, float]:
    """Return the constant and the slope, at least 0, of a line that is nearest in relative terms."""
    from scipy.optimize import nnls

    target = np.array(up)
    columns = np.stack([np.ones(len(up)), np.array(across)], axis=1) / target[:, np.newaxis]
    solution, _ = nnls(columns, np.ones(len(up)))
    return float(solution[0]), float(solution[1])


if __name__ == "__main__":
    main()
