"""What the scripts that stand alone, estimate.py and draft.py, share: options, tables, files of figures."""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that scripts with weights have."""
    result = argparse.ArgumentParser(description=description)
    result.add_argument("--weights", type=Path, required=True, help="VGG19 weights, .h5 or .npz")
    result.add_argument("--json", type=Path, help="write the figures here")
    return result


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a Markdown table."""
    print("| " + " | ".join(header) + " |")
    print("|" + " --- |" * len(header))
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def write_figures(path: Path | None, figures: object) -> None:
    """Write figures as JSON, if asked."""
    if path is not None:
        path.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
