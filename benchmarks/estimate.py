"""Time and memory of a run by size, and the constants of maskstyle/synthesis/estimate.py that follow.

Decides these constants: every forecast, and the choice of tiles, is made with them. As other programs make a step
longer, its time is that of the fastest tenth of the steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import bench
import numpy as np
from scipy.optimize import nnls

from maskstyle.networks.architectures import ARCHITECTURES
from maskstyle.settings import Settings, wanted_layers
from maskstyle.synthesis.estimate import IMAGES, Constants, Demand, expected, work_of
from maskstyle.synthesis.schedule import optimizer_bytes


def main(arguments: Sequence[str] | None = None) -> None:
    parser = bench.options(__doc__, steps=40)
    parser.add_argument("--sides", type=int, nargs="+", default=[256, 512, 1024])
    given = parser.parse_args(arguments)
    rows = []
    for network in given.networks:
        for kind in given.types:
            cases = [
                bench.Case("basic", network=network, compute_type=kind, side=side, steps=_steps(given.steps, side))
                for side in given.sides
            ]
            found = bench.measure(cases, rounds=given.rounds)
            constants = fitted(found)
            print(f"    ({network!r}, {kind!r}): {constants},")
            rows += [_row(case, own, constants) for case, own in found.items()]
    print()
    bench.report(rows, given.json)


def _steps(steps: int, side: int) -> int:
    return max(3, round(steps * min(1, 512 / side)))


def fitted(found: dict[bench.Case, bench.Figures]) -> Constants:
    """Return the constants that are nearest, in relative terms, to the figures of one network and type."""
    work = [work_of(ARCHITECTURES[case.network], wanted_layers(Settings()), case.side**2) for case in found]
    operations = [each.giga_operations for each in work]
    values = [each.mega_values for each in work]
    lines = (
        *_line(operations, [own.fastest_seconds for own in found.values()]),
        *_line(values, [_without_images(case, own) for case, own in found.items()]),
        *_line(operations, [own.begin_seconds for own in found.values()]),
    )
    return Constants(*(float(f"{value:.3g}") for value in lines))


def _without_images(case: bench.Case, own: bench.Figures) -> float:
    """Return the peak memory in MiB without what images and the vectors of L-BFGS take by arithmetic."""
    if own.memory_mb is None:
        raise SystemExit("the system does not tell the peak memory of a process; measure on Linux or macOS")
    vectors = optimizer_bytes((case.side, case.side), case.optimizer, Settings().history)
    return own.memory_mb - (vectors + IMAGES * 12 * case.side**2) / 2**20


def _line(across: Sequence[float], up: Sequence[float]) -> tuple[float, float]:
    """Return the constant and the slope, at least 0, of the line that is nearest in relative terms."""
    columns = np.stack([np.ones(len(up)), np.array(across)], axis=1) / np.array(up)[:, np.newaxis]
    (constant, slope), _ = nnls(columns, np.ones(len(up)))
    return float(constant), float(slope)


def _row(case: bench.Case, own: bench.Figures, constants: Constants) -> dict[str, object]:
    size = (case.side, case.side)
    demand = Demand(ARCHITECTURES[case.network], case.compute_type, [size], case.settings(Settings()))
    estimate = expected(demand, constants=constants)
    return {
        "network": case.network,
        "type": case.compute_type,
        "side": case.side,
        "seconds": own.fastest_seconds,
        "estimate": estimate.seconds_per_evaluation[0],
        "MiB": own.memory_mb,
        "estimate, MiB": estimate.memory_mb,
    }


if __name__ == "__main__":
    main()
