"""Time and memory of a run by size, and the constants of maskstyle/synthesis/estimate.py that follow.

Those of time are relative to the measured speed of this machine.

Decides these constants: every forecast, and the choice of tiles, is made with them. As other programs make a step
longer, its time is that of the fastest tenth of the steps.
"""

from __future__ import annotations

from collections.abc import Sequence

import bench
import numpy as np
from scipy.optimize import nnls

from maskstyle.networks.architectures import ARCHITECTURES
from maskstyle.networks.speed import Speed, measure_speed
from maskstyle.settings import Settings, wanted_layers
from maskstyle.synthesis.estimate import IMAGES, Constants, Demand, Work, expected, expected_memory_mb, work_of
from maskstyle.synthesis.schedule import optimizer_bytes


def main(arguments: Sequence[str] | None = None) -> None:
    parser = bench.options(__doc__, steps=40)
    parser.add_argument("--sides", type=int, nargs="+", default=[256, 512, 1024])
    given = parser.parse_args(arguments)
    speed = bench.in_fresh_process(measure_speed)
    rows, everything = [], {}
    for network in given.networks:
        for kind in given.types:
            cases = [
                bench.Case("basic", network=network, compute_type=kind, side=side, steps=_steps(given.steps, side))
                for side in given.sides
            ]
            found = bench.measure(cases, rounds=given.rounds)
            constants = fitted(found)
            print(f"    ({network!r}, {kind!r}): {constants},")
            everything.update(found)
            rows += [_row(case, own, constants, speed) for case, own in found.items()]
    for kind in given.types:
        operation, value = relative_times(
            {case: own for case, own in everything.items() if case.compute_type == kind}
        )
        pace = speed.seconds_per_giga
        print(f"    {kind}: operation {operation / pace:.3g}, value {value / pace:.3g} of a float32 convolution")
    print(f"    {speed}\n")
    bench.report(rows, given.json)


def _steps(steps: int, side: int) -> int:
    return max(3, round(steps * min(1, 512 / side)))


def fitted(found: dict[bench.Case, bench.Figures]) -> Constants:
    """Return the memory that is nearest, in relative terms, to the figures of one network and type."""
    columns = [[1.0, _work(case).mega_values] for case in found]
    line = _nearest(columns, [_without_images(case, own) for case, own in found.items()])
    return Constants(*(float(f"{value:.3g}") for value in line))


def relative_times(found: dict[bench.Case, bench.Figures]) -> tuple[float, float]:
    """Return the seconds of 10^9 multiply-adds and of 10^6 values that are nearest, in relative terms, to figures."""
    return _nearest([list(_work(case)) for case in found], [own.fastest_seconds for own in found.values()])


def _work(case: bench.Case) -> Work:
    return work_of(ARCHITECTURES[case.network], wanted_layers(Settings()), case.side**2)


def _without_images(case: bench.Case, own: bench.Figures) -> float:
    """Return the peak memory in MiB without what images and the vectors of L-BFGS take by arithmetic."""
    if own.memory_mb is None:
        raise SystemExit("the system does not tell the peak memory of a process; measure on Linux or macOS")
    pairs = min(Settings().history, case.steps - 1)
    vectors = optimizer_bytes((case.side, case.side), case.optimizer, pairs)
    return own.memory_mb - (vectors + IMAGES * 12 * case.side**2) / 2**20


def _nearest(columns: Sequence[Sequence[float]], up: Sequence[float]) -> tuple[float, float]:
    """Return the factors of two columns, at least 0, whose sum is nearest in relative terms."""
    (first, second), _ = nnls(np.array(columns) / np.array(up)[:, np.newaxis], np.ones(len(up)))
    return float(first), float(second)


def _row(case: bench.Case, own: bench.Figures, constants: Constants, speed: Speed) -> dict[str, object]:
    size = (case.side, case.side)
    demand = Demand(ARCHITECTURES[case.network], case.compute_type, [size], case.settings(Settings()))
    return {
        "network": case.network,
        "type": case.compute_type,
        "side": case.side,
        "seconds": own.fastest_seconds,
        "estimate": expected(demand, speed).seconds_per_evaluation[0],
        "MiB": own.memory_mb,
        "estimate, MiB": expected_memory_mb(demand, constants=constants),
    }


if __name__ == "__main__":
    main()
