"""Other style transfer programs that pip installs, where they are installed: one evaluation at the same layers."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from parts import evaluations
from parts.part import Case, Figure, Group, Part, Prepared, Table, memory_cell, only, ratio_cell, seconds_cell

MODULES = {"pystiche": "pystiche", "neural-style": "neural_style"}
"""Peers by their names for pip, and what they are imported as."""

SAMPLES = Path(__file__).parents[2] / "samples"
CONTENT_LAYERS = ("relu3_3",)
STYLE_LAYERS = ("relu1_1", "relu2_1", "relu2_2", "relu3_1", "relu3_3")
"""The layers of our defaults, as PyTorch programs call them."""

ITERATIONS = 6


def groups(quick: bool) -> list[Group]:
    side = 64 if quick else 512
    ours = (
        {"program": "maskstyle", "scene": "basic", "network": "vgg19", "type": kind, "side": side}
        for kind in ("float32", "bfloat16")
    )
    peers = ({"program": name, "type": "float32", "side": side} for name in MODULES)
    return [Group((*ours, *peers), rounds=1 if quick else 4, warm_ups=1)]


def needs(case: Case) -> str | None:
    """Say which package is missing; nothing is measured where there is no peer to compare with."""
    missing = [name for name, module in MODULES.items() if importlib.util.find_spec(module) is None]
    if case["program"] in missing:
        return f"`pip install {case['program']}` is needed"
    return "no other program is installed" if len(missing) == len(MODULES) else None


def prepare(case: Case, weights: Path | None) -> Prepared:
    """Return a function that evaluates once, or some times, and returns the seconds of one."""
    makers: dict[str, Callable[[int], Callable[[], float]]] = {"pystiche": pystiche, "neural-style": neural_style}
    if case["program"] == "maskstyle":
        return evaluations.prepare(case, weights)
    return makers[case["program"]](case["side"])


def pystiche(side: int) -> Callable[[], float]:
    """Return a function that evaluates pystiche's perceptual loss and its gradient, with random weights."""
    import torch
    from torchvision.models import alexnet, vgg

    # pystiche 1.0.1 reads the addresses of weights from here, which torchvision 0.13 took away; none is fetched.
    for module, names in ((sys.modules[alexnet.__module__], ("alexnet",)), (vgg, ("vgg19",))):
        if not hasattr(module, "model_urls"):
            module.model_urls = dict.fromkeys(names, "")
    from pystiche import enc, loss

    encoder = enc.vgg19_multi_layer_encoder(pretrained=False)
    perceptual = loss.PerceptualLoss(
        loss.MultiLayerEncodingLoss(
            encoder, CONTENT_LAYERS, lambda each, weight: loss.FeatureReconstructionLoss(each, score_weight=weight)
        ),
        loss.MultiLayerEncodingLoss(
            encoder, STYLE_LAYERS, lambda each, weight: loss.GramLoss(each, score_weight=weight), score_weight=1e3
        ),
    )
    pictures = torch.rand(2, 3, side, side)
    perceptual.set_content_image(pictures[:1])
    perceptual.set_style_image(pictures[1:])
    image = pictures[:1].clone().requires_grad_(True)

    def run() -> float:
        image.grad = None
        began = time.perf_counter()
        perceptual(image).backward()
        return time.perf_counter() - began

    return run


def neural_style(side: int) -> Callable[[], float]:
    """Return a function that runs neural-style for some iterations and returns the median seconds of one.

    It says each iteration on standard output, which is what is timed; its weights are random ones.
    """
    import numpy as np
    import torch
    from torchvision.models import vgg19

    folder = tempfile.TemporaryDirectory()
    model = Path(folder.name) / "vgg19.pth"
    torch.save({name: value for name, value in vgg19().state_dict().items() if name.startswith("features.")}, model)
    options = {
        "content_image": SAMPLES / "astronaut.jpg",
        "style_image": SAMPLES / "harbour.jpg",
        "output_image": Path(folder.name) / "out.png",
        "model_file": model,
        "image_size": side,
        "gpu": "c",
        "num_iterations": ITERATIONS,
        "print_iter": 1,
        "save_iter": 0,
        "init": "image",
        "content_layers": ",".join(CONTENT_LAYERS),
        "style_layers": ",".join(STYLE_LAYERS),
    }
    # Options are read when the module is imported.
    sys.argv = [
        "neural-style",
        "-disable_check",
        *(str(word) for name, value in options.items() for word in (f"-{name}", value)),
    ]
    program: Any = importlib.import_module("neural_style.neural_style")

    def run() -> float:
        assert Path(folder.name).is_dir()  # the folder stays as long as this function does
        moments: list[float] = []
        program.print = lambda *said: moments.append(time.perf_counter()) if "Iteration" in str(said[:1]) else None
        program.main()
        return float(np.median(np.diff(moments)))

    return run


def table(figures: Sequence[Figure]) -> Table | None:
    """Return each program's time and memory."""
    ours = only(figures, program="maskstyle", type="float32")
    rows = tuple(
        (each["program"], each["type"], seconds_cell(each), ratio_cell(each, ours), memory_cell(each))
        for each in figures
    )
    if not rows:
        return None
    caption = f"One evaluation at {figures[0]['side']} px of VGG19 at the same layers:"
    return Table(caption, ("program", "type", "seconds", "/ maskstyle, float32", "peak MiB"), rows)


PART = Part(
    "peers",
    "Other programs",
    "Style transfer programs for PyTorch that pip installs, where they are installed: one evaluation of content "
    "and Gram losses at the layers of our defaults, with random weights. neural-style's includes a "
    "step of its L-BFGS.",
    groups,
    prepare,
    {"peers": table},
    imports=(),
    needs=needs,
)
