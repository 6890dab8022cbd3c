"""Processor time of each picture of a batch, beside that of its steps alone.

Decides whether what a batch does beside its steps matters: reading, targets, compiling, encoding. Set
``OMP_NUM_THREADS``, ``TF_NUM_INTRAOP_THREADS`` and ``TF_NUM_INTEROP_THREADS`` to 1, so that waiting threads do not
count.
"""

from __future__ import annotations

import math
import tempfile
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bench
import numpy as np

from maskstyle.batch.work import Painter, Task
from maskstyle.images import save_image
from maskstyle.images.io import load_image
from maskstyle.images.pixels import Size, resize_image
from maskstyle.plans import read_plan
from maskstyle.synthesis.scales import Step

SHAPES = ((4, 3), (3, 4), (3, 2), (1, 1), (16, 9), (5, 4))
"""Aspect ratios of the pictures."""


@dataclass
class Moments:
    """Processor times of the steps of a picture, by size."""

    began: float
    last: float = 0.0
    first: dict[Size, float] = field(default_factory=dict)
    intervals: dict[Size, list[float]] = field(default_factory=lambda: defaultdict(list))

    def __call__(self, step: Step) -> None:
        """Note when a step ends."""
        now = time.process_time()
        if step.size in self.first:
            self.intervals[step.size].append(now - self.last)
        else:
            self.first[step.size] = now - (self.last or self.began)
        self.last = now


def main(arguments: Sequence[str] | None = None) -> None:
    parser = bench.options(__doc__)
    parser.add_argument("--network", choices=bench.NETWORKS, default="lite")
    parser.add_argument("--size", type=int, default=512, help="longer side of the pictures (default: %(default)s)")
    parser.add_argument("--pictures", type=int, default=8, help="number of pictures (default: %(default)s)")
    parser.add_argument("--megapixels", type=float, help="size of the pictures' files (default: that of the samples)")
    parser.add_argument("--warm", type=int, default=2, help="pictures that do not count (default: %(default)s)")
    given = parser.parse_args(arguments)
    rows = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        painter = Painter()
        for number in range(given.pictures):
            rows.append(painted(painter, picture_in(folder, number, given.megapixels), given.network, given.size))
    counted = rows[given.warm :]
    mean = {key: float(np.mean([row[key] for row in counted])) for key in rows[0] if key != "size"}
    bench.report([*rows, {"size": "mean", **mean, "ratio": mean["seconds"] / mean["steps"]}], given.json)


def picture_in(folder: Path, number: int, megapixels: float | None) -> Path:
    """Write a picture of a photo's size, and return its path."""
    names = ("coffee", "chelsea", "astronaut", "rocket")
    pixels = load_image(bench.SAMPLES / f"{names[number % len(names)]}.jpg").pixels
    width, height = SHAPES[number % len(SHAPES)]
    unit = min(pixels.shape[0] // height, pixels.shape[1] // width)
    pixels = np.roll(pixels[: unit * height, : unit * width], number, axis=1)
    if megapixels is not None:
        side = math.sqrt(megapixels * 1e6 / (width * height))
        pixels = resize_image(pixels, (round(side * height), round(side * width)))
        grain = np.random.default_rng(number).normal(0, 0.01, (*pixels.shape[:2], 1))
        pixels = np.clip(pixels + grain.astype(np.float32), 0, 1)  # as in a photo, which takes longer to decode
    path = folder / f"{number}.jpg"
    save_image(path, pixels)
    return path


def painted(painter: Painter, picture: Path, network: str, size: int) -> dict[str, Any]:
    """Return what a picture takes in all, for its steps, before the first step of each size, and after the last."""
    plan = picture.with_suffix(".toml")
    plan.write_text(
        f'technique = "basic"\ncontent = "{picture.name}"\n[settings]\nnetwork = "{network}"\nsize = {size}\n'
        f'[styles.one]\nimage = "{(bench.SAMPLES / "harbour.jpg").as_posix()}"\n'
    )
    task = Task(read_plan(plan), picture.with_suffix(".png"))
    moments = Moments(time.process_time())
    outcome = painter.paint(task, on_step=moments)
    whole = time.process_time() - moments.began
    assert outcome.state == "painted", outcome
    step = {size: float(np.median(each)) for size, each in moments.intervals.items()}
    steps = sum(step[size] * (len(each) + 1) for size, each in moments.intervals.items())
    before = sum(moments.first[size] - step[size] for size in step)
    after = whole - (moments.last - moments.began)
    figures = {"seconds": whole, "steps": steps, "ratio": whole / steps, "before": before, "after": after}
    return {"size": "x".join(map(str, max(step))), **figures}


if __name__ == "__main__":
    main()
