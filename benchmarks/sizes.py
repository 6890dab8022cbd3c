"""Time per megapixel and peak memory by size, network and type, at once and in tiles.

Decides the sizes of tiles, and from which size on pictures are cut into them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import bench

LARGEST_AT_ONCE = {"lite": 4096, "vgg19": 2048}
"""Beyond this side, the features need more memory than most machines have."""

TYPE_OF_LARGE = "bfloat16"
LARGEST_IN_ALL_TYPES = 1024


def main(arguments: Sequence[str] | None = None) -> None:
    parser = bench.options(__doc__, steps=8)
    parser.add_argument("--sides", type=int, nargs="+", default=[256, 512, 1024, 2048, 4096])
    parser.add_argument("--tile", type=int, default=1024, help="side of the tiles (default: %(default)s)")
    given = parser.parse_args(arguments)
    cases = [
        case
        for network in given.networks
        for side in given.sides
        for kind in given.types
        for case in _cases(bench.Case("basic", network=network, compute_type=kind, side=side), given.tile)
    ]
    cases = [replace(case, steps=max(3, given.steps * 512 // max(512, case.side))) for case in cases]
    found = bench.measure(cases, rounds=given.rounds)
    rows = []
    for case in cases:
        own, whole = found.get(case), found.get(replace(case, tile_size=None))
        row = {"network": case.network, "side": case.side, "type": case.compute_type, "tiles": case.tile_size}
        row |= {"seconds": own and own.seconds, "/ megapixel": own and own.seconds / case.side**2 * 1e6}
        rows.append(row | {"/ at once": bench.ratio(own, whole), "MiB": own and own.memory_mb})
    bench.report(rows, given.json)


def _cases(case: bench.Case, tile: int) -> Iterator[bench.Case]:
    if case.side > LARGEST_IN_ALL_TYPES and case.compute_type != TYPE_OF_LARGE:
        return
    if case.side <= LARGEST_AT_ONCE[case.network]:
        yield case
    if case.side > tile:
        yield replace(case, tile_size=tile)


if __name__ == "__main__":
    main()
