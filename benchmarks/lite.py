"""One evaluation of the default objective with lite against VGG19, in turns; and a whole picture with lite.

The whole picture is the command line's, from the start of Python to the written file, at 512 pixels with the
default settings.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from common import make_objective, pairs_of, parser, print_table, write_figures

from maskstyle.networks.load import choose_network, load_network
from maskstyle.settings import Settings
from maskstyle.techniques.plan import wanted_layers

ROUNDS = 15


def main() -> None:
    options = parser(__doc__ or "", pairs=True)
    arguments = options.parse_args()
    figures = [evaluation(arguments.weights, size, kind) for size in (256, 512) for kind in ("float32", "bfloat16")]
    print_table(
        ("size", "type", "vgg19 s", "lite s", "vgg19 / lite"),
        (
            (
                each["size"],
                each["compute_type"],
                f"{each['vgg19']:.3f}",
                f"{each['lite']:.3f}",
                f"{each['ratio']:.2f}",
            )
            for each in figures
        ),
    )
    print()
    pictures = [whole_picture(content, style) for content, style in pairs_of(arguments.pictures)]
    print_table(
        ("content", "style", "seconds"), ((each["content"], each["style"], each["seconds"]) for each in pictures)
    )
    write_figures(arguments.json, {"evaluation": figures, "pictures": pictures})


def evaluation(weights, size, compute_type):
    """Return the median seconds of one evaluation with either network, timed in turns."""
    settings = Settings(compute_type=compute_type)
    generator = np.random.default_rng(0)
    content, style = generator.random((2, size, size, 3), dtype=np.float32)
    objectives = {}
    for name, file in (("vgg19", weights), ("lite", None)):
        choice = choose_network(name, wanted_layers(settings), compute_type=compute_type, weights=file)
        network = load_network(choice, pooling=settings.pooling, padding=settings.padding)
        objectives[name] = make_objective(network, content, style, settings)
    seconds = {name: [] for name in objectives}
    for turn in range(ROUNDS + 2):
        for name, objective in objectives.items():
            began = time.perf_counter()
            objective.value_and_gradient(content)[1].numpy()
            if turn >= 2:
                seconds[name].append(time.perf_counter() - began)
    medians = {name: float(np.median(each)) for name, each in seconds.items()}
    return {"size": size, "compute_type": compute_type, **medians, "ratio": medians["vgg19"] / medians["lite"]}


def whole_picture(content: Path, style: Path):
    """Return the seconds that the command line takes for one picture with lite."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "maskstyle", "basic", content, style, "-o", Path(folder) / "out.png"]
        began = time.perf_counter()
        subprocess.run([*map(str, command), "--network", "lite", "--size", "512", "--quiet"], check=True)
        return {"content": content.name, "style": style.name, "seconds": round(time.perf_counter() - began, 1)}


if __name__ == "__main__":
    main()
