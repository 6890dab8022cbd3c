"""Pictures per minute of one process, of as many plain processes as there are workers, and of ``local:N``.

Each process has one thread. Plain processes, which share no picture, are the most that the machine allows. The time
of a picture is the difference between two batches, so that starting up does not count.
"""

from __future__ import annotations

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import bench

ONE_THREAD = {
    name: "1"
    for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "OPENBLAS_NUM_THREADS")
}
NAMES = ("coffee", "chelsea", "astronaut", "rocket")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = bench.options(__doc__)
    parser.add_argument("--network", choices=bench.NETWORKS, default="lite")
    parser.add_argument("--size", type=int, default=256, help="longer side of the pictures (default: %(default)s)")
    parser.add_argument("--workers", type=int, default=2, help="number of processes (default: %(default)s)")
    parser.add_argument("--pictures", type=int, default=8, help="pictures of each worker (default: %(default)s)")
    given = parser.parse_args(arguments)
    options = ["--network", given.network, "--size", str(given.size)]
    rows = []
    for way in ("one process", "plain processes", f"local:{given.workers}"):
        few, many = (measured(way, given.workers, options, count) for count in (2, 2 + given.pictures))
        pictures = given.pictures * (1 if way == "one process" else given.workers)
        wall, processor = ((after - before) / pictures for before, after in zip(few, many, strict=True))
        rows.append({"way": way, "seconds a picture": wall, "processor time": processor})
    alone = float(rows[0]["seconds a picture"])
    bench.report([{**row, "times faster": alone / float(row["seconds a picture"])} for row in rows], given.json)


def measured(way: str, workers: int, options: Sequence[str], count: int) -> tuple[float, float]:
    """Return the wall and processor time of batches with a number of pictures for each worker."""
    with tempfile.TemporaryDirectory() as name:
        start, before = time.perf_counter(), processor_time()
        if way == "one process":
            jobs = [begun(folder(Path(name, "0"), count), options)]
        elif way == "plain processes":
            jobs = [begun(folder(Path(name, str(number)), count), options) for number in range(workers)]
        else:
            jobs = [begun(folder(Path(name, "0"), count * workers), [*options, "--scheduler", way])]
        for job in jobs:
            assert job.wait() == 0
        return time.perf_counter() - start, processor_time() - before


def folder(path: Path, count: int) -> Path:
    """Return a folder with a number of photos."""
    path.mkdir()
    for number in range(count):
        shutil.copy(bench.SAMPLES / f"{NAMES[number % len(NAMES)]}.jpg", path / f"{number}.jpg")
    return path


def begun(photos: Path, options: Sequence[str]) -> subprocess.Popen[bytes]:
    """Begin a batch of a folder in a process of its own."""
    files = [str(photos), str(bench.SAMPLES / "harbour.jpg"), "-o", f"{photos}_painted"]
    command = [sys.executable, "-m", "maskstyle", "batch", "basic", *files, "--quiet", *options]
    return subprocess.Popen(command, env=os.environ | ONE_THREAD)


def processor_time() -> float:
    """Return the processor time of all processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
