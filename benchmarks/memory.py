"""Peak memory of each technique against its forecast, whole and in tiles, with content images of any size.

Decides the constants of maskstyle/synthesis/estimate.py that count images, regions, masks and patches: a forecast
should be within 10% of the peak.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import bench
import numpy as np
import techniques

from maskstyle.settings import Limits
from maskstyle.synthesis.estimate import expected_memory_mb
from maskstyle.synthesis.paint import Run, paint
from maskstyle.synthesis.result import peak_memory_mb


def main(arguments: Sequence[str] | None = None) -> None:
    parser = bench.options(__doc__, steps=8)
    parser.add_argument("--sides", type=int, nargs="+", default=[512, 1024])
    parser.add_argument("--tiles", type=int, nargs="+", default=[0, 512], help="sizes of tiles; 0 for none")
    parser.add_argument("--number", type=int, default=32, help="regions and masks (default: %(default)s)")
    parser.add_argument(
        "--content", type=int, metavar="SIDE", help="side of the content image; default: the result's"
    )
    parser.add_argument("--only", nargs="+", default=[""], help="parts of the names of techniques to measure")
    given = parser.parse_args(arguments)
    rows = []
    for network in given.networks:
        for kind in given.types:
            for side, tile, case in _cases(given.sides, given.tiles, given.number, given.only):
                chosen = replace(
                    case, network=network, compute_type=kind, side=side, steps=given.steps, tile_size=tile or None
                )
                forecast, peak = bench.in_fresh_process(measured, chosen, given.content or side)
                row: dict[str, object] = {"network": network, "type": kind, "side": side, "tiles": tile or None}
                row |= {"technique": case.name, "forecast, MiB": forecast, "peak, MiB": peak}
                rows.append(row | {"forecast / peak": forecast / peak})
                print(row, flush=True)
    bench.report(rows, given.json)


def _cases(
    sides: Sequence[int], tiles: Sequence[int], number: int, words: Sequence[str]
) -> Iterator[tuple[int, int, bench.Case]]:
    for side in sides:
        for tile in tiles:
            for case in techniques.techniques(number, 32):
                wanted = (
                    case.make is not None and case.optimizer != "adam" and any(word in case.name for word in words)
                )
                if wanted and tile < side:
                    yield side, tile, case


def measured(case: bench.Case, content_side: int) -> tuple[float, float]:
    """Return the forecast and the peak memory of this process, in MiB."""
    assert case.make is not None
    random = np.random.default_rng(0)
    content = random.random((content_side, content_side, 3), dtype=np.float32)
    inputs = case.make(content, random.random((case.side, case.side, 3), dtype=np.float32))
    settings = case.settings(inputs.defaults)
    network = bench.network_of(settings)
    scene = replace(inputs, settings=settings).scene()
    asked = bench.UNLIMITED if case.tile_size is None else Limits(tile_size=case.tile_size)
    limits = scene.limits(network.architecture, network.compute_type, asked)
    forecast = expected_memory_mb(scene.demand(network.architecture, network.compute_type, limits))
    paint(scene, Run(network=network, limits=limits))
    return forecast, peak_memory_mb() or float("nan")


if __name__ == "__main__":
    main()
