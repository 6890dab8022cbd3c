"""A step of other style transfer programs that pip installs, if they are installed, at the layers of our defaults.

Decides whether "a fast baseline" is true. All networks have random weights, which take as long as trained ones.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import bench
import numpy as np

from maskstyle.synthesis.result import peak_memory_mb

CONTENT_LAYERS = ("relu3_3",)
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu2_2", "relu3_1", "relu3_3")
"""The layers of our defaults, as PyTorch programs call them."""

Moments = list[float]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = bench.options(__doc__)
    parser.add_argument("--side", type=int, default=512, help="longer side (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=12, help="evaluations (default: %(default)s)")
    given = parser.parse_args(arguments)
    ours = [
        bench.Case(kind, network="vgg19", compute_type=kind, side=given.side, steps=given.steps)
        for kind in bench.TYPES
    ]
    rows = [
        {"program": f"maskstyle, {case.compute_type}", "seconds": own.seconds, "MiB": own.memory_mb}
        for case, own in bench.measure(ours).items()
    ]
    for name, (module, run) in PEERS.items():
        if importlib.util.find_spec(module) is None:
            print(f"{name} is not installed; run pip install {name}", file=sys.stderr)
            continue
        seconds, memory = bench.in_fresh_process(peer, run, given.side, given.steps)
        rows.append({"program": name, "seconds": seconds, "MiB": memory})
    bench.report(rows, given.json)


def peer(run: Callable[[int, int], Moments], side: int, steps: int) -> tuple[float, float | None]:
    """Return the median seconds of a step, and the peak memory."""
    return float(np.median(np.diff(run(side, steps)[1:]))), peak_memory_mb()


def pystiche(side: int, steps: int) -> Moments:
    """Evaluate the perceptual loss of pystiche and its gradient."""
    torch: Any = importlib.import_module("torch")
    # pystiche 1.0.1 reads addresses of weights that torchvision 0.13 removed; nothing is fetched.
    for name, model in (("alexnet", "alexnet"), ("vgg", "vgg19")):
        module: Any = importlib.import_module(f"torchvision.models.{name}")
        if not hasattr(module, "model_urls"):
            module.model_urls = {model: ""}
    enc, loss = (importlib.import_module(f"pystiche.{name}") for name in ("enc", "loss"))
    encoder = enc.vgg19_multi_layer_encoder(pretrained=False)
    content = loss.MultiLayerEncodingLoss(
        encoder, CONTENT_LAYERS, lambda each, weight: loss.FeatureReconstructionLoss(each, score_weight=weight)
    )
    style = loss.MultiLayerEncodingLoss(
        encoder, STYLE_LAYERS, lambda each, weight: loss.GramLoss(each, score_weight=weight), score_weight=1e3
    )
    perceptual = loss.PerceptualLoss(content, style)
    pictures = torch.rand(2, 3, side, side)
    perceptual.set_content_image(pictures[:1])
    perceptual.set_style_image(pictures[1:])
    image = pictures[:1].clone().requires_grad_(True)
    moments = [time.perf_counter()]
    for _ in range(steps):
        image.grad = None
        perceptual(image).backward()
        moments.append(time.perf_counter())
    return moments


def neural_style(side: int, steps: int) -> Moments:
    """Run neural-style, which prints each iteration; that is what is timed."""
    torch: Any = importlib.import_module("torch")
    moments: Moments = []
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "vgg19.pth"
        weights = importlib.import_module("torchvision.models").vgg19().state_dict()
        torch.save({name: value for name, value in weights.items() if name.startswith("features.")}, model)
        content, style = (bench.SAMPLES / f"{name}.jpg" for name in bench.PAIRS[0].split("+"))
        options: dict[str, object] = {
            "content_image": content,
            "style_image": style,
            "output_image": Path(folder) / "out.png",
        }
        options |= {"model_file": model, "image_size": side, "gpu": "c", "num_iterations": steps, "print_iter": 1}
        options |= {"save_iter": 0, "init": "image", "content_layers": ",".join(CONTENT_LAYERS)}
        options |= {"style_layers": ",".join(STYLE_LAYERS)}
        words = [str(word) for name, value in options.items() for word in (f"-{name}", value)]
        sys.argv = ["neural-style", "-disable_check", *words]  # read when the module is imported
        program: Any = importlib.import_module("neural_style.neural_style")
        program.print = lambda *said: moments.append(time.perf_counter()) if "Iteration" in str(said[:1]) else None
        program.main()
    return moments


PEERS = {"pystiche": ("pystiche", pystiche), "neural-style": ("neural_style", neural_style)}
"""Programs by their names for pip, with the module that they are imported as."""


if __name__ == "__main__":
    main()
