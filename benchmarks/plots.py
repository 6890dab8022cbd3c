"""Draws the figures of the parts that have a plot, with matplotlib."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from parts import PARTS

PREFIX = "benchmark_"


def draw_plots(results: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write a PNG for each part that has figures and a plot, and return the files."""
    from matplotlib.figure import Figure

    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for name, part in PARTS.items():
        figures = results["parts"].get(name, {}).get("figures")
        if figures and part.plot is not None:
            page = Figure(figsize=(9, 4), layout="constrained")
            part.plot(figures, page)
            files.append(folder / f"{PREFIX}{name}.png")
            # Without its version, so that the same figures are the same file.
            page.savefig(files[-1], dpi=100, metadata={"Software": None})
    return files


def plots_beside(folder: Path) -> dict[str, Path]:
    """Return the plots in a folder, by part."""
    return {path.stem.removeprefix(PREFIX): path for path in sorted(folder.glob(f"{PREFIX}*.png"))}
