"""Time and peak memory of a default picture, from the start of the command to the written file.

Decides whether the defaults are quick enough: a first picture should take seconds, not minutes.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import bench


def main(arguments: Sequence[str] | None = None) -> None:
    parser = bench.options(__doc__)
    parser.add_argument("--networks", nargs="+", choices=bench.NETWORKS, default=bench.NETWORKS)
    parser.add_argument("--pairs", nargs="+", default=bench.PAIRS, help="samples as CONTENT+STYLE")
    parser.add_argument("--size", type=int, default=512, help="longer side of the picture (default: %(default)s)")
    parser.add_argument("--weights", type=Path, help="weights file of VGG19")
    given, more = parser.parse_known_args(arguments)  # further options are for maskstyle itself
    rows = []
    for network in given.networks:
        own = ["--network", network, "--size", str(given.size), *more]
        if network == "vgg19" and given.weights is not None:
            own += ["--weights", str(given.weights)]
        rows += [{"pair": pair, "network": network, **painted(pair, own)} for pair in given.pairs]
    bench.report(rows, given.json)


def painted(pair: str, options: Sequence[str]) -> dict[str, float]:
    """Return the time of the whole command, that of painting alone, and the peak memory."""
    pictures = [str(bench.SAMPLES / f"{name}.jpg") for name in pair.split("+")]
    with tempfile.TemporaryDirectory() as folder:
        output, record = Path(folder) / "out.png", Path(folder) / "record.json"
        command = [sys.executable, "-m", "maskstyle", "basic", *pictures, *options, "--quiet"]
        began = time.perf_counter()
        subprocess.run([*command, "-o", str(output), "--json", str(record)], check=True)
        seconds = time.perf_counter() - began
        held = json.loads(record.read_text(encoding="utf-8"))
    return {"seconds": seconds, "painting": held["seconds_total"], "MiB": held["peak_memory_mb"]}


if __name__ == "__main__":
    main()
