"""Loss curves as a picture, through Matplotlib."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from maskstyle.images.files import replacing

if TYPE_CHECKING:
    from maskstyle.synthesis.result import Result


def save_loss_plot(path: Path, result: Result) -> None:
    """Save the weighted losses of every step, on a logarithmic axis, with the sizes marked.

    Parameters
    ----------
    path : Path
        A file of a format that Matplotlib writes: .png, .svg or .pdf.
    result : Result
        The finished transfer.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    numbers = range(1, len(result.steps) + 1)
    axes.plot(numbers, [sum(step.losses.values()) for step in result.steps], "k", label="total")
    for name in result.losses:
        # A content loss of 0 at the content itself has no place on a logarithmic axis.
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
    with replacing(path) as temporary:
        figure.savefig(temporary, format=path.suffix.lstrip(".").lower() or None, dpi=120)
