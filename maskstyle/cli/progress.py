"""The plot of the losses of a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from maskstyle import __version__

if TYPE_CHECKING:
    from maskstyle.synthesis.result import Result


def save_loss_plot(path: Path, result: Result) -> None:
    """Plot the weighted losses over all steps, on a logarithmic axis, with a line where each size begins.

    Parameters
    ----------
    path : Path
        The file to write: .png, .svg or .pdf.
    result : Result
        The finished run.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    from maskstyle.cli.replaced import signed
    from maskstyle.images.io import METADATA_KEY
    from maskstyle.images.writing import replacing

    key = METADATA_KEY if path.suffix.lower() == ".png" else "Creator"  # of the names that SVG and PDF have
    signature = f"{METADATA_KEY} {__version__}" if key == "Creator" else json.dumps(signed("plot"))
    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    numbers = range(1, len(result.steps) + 1)
    axes.plot(numbers, [sum(step.losses.values()) for step in result.steps], "k", label="total")
    for name in result.losses:
        # A logarithmic axis cannot show 0, the content loss of the content image itself.
        values = [step.losses[name] or float("nan") for step in result.steps]
        axes.plot(numbers, values, label=name)
    start = 0
    for scale in result.scales:
        axes.axvline(start + 1, color="0.8", zorder=0)
        axes.text(
            start + 1, 1.0, f" {scale.size[1]}x{scale.size[0]}", transform=axes.get_xaxis_transform(), va="bottom"
        )
        start += scale.evaluations
    axes.set(yscale="log", xlabel="step", ylabel="weighted loss")
    axes.legend()
    with replacing(path) as file:
        figure.savefig(file, format=path.suffix.lstrip(".").lower() or None, dpi=120, metadata={key: signature})
