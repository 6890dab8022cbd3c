"""Kill `maskstyle basic` with SIGKILL at random moments, resume it, and check the pictures.

Each round starts a run, kills it soon after a random step, reads the checkpoint left behind and resumes, killing the
run again if asked. The final picture must equal that of an undisturbed run bit for bit.

    python tools/kill_and_resume.py samples/coffee.jpg samples/window.jpg --rounds 20 --optimizer lbfgs
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from maskstyle import load_image, read_metadata
from maskstyle.images.pixels import Image
from maskstyle.synthesis.checkpoint_file import read_checkpoint

SCALES = 2
"""Number of sizes of each run, so that runs are killed at the first and at the last size."""


def main() -> None:
    """Run all rounds, print a table, and exit with 1 if any failed."""
    options = _parser().parse_args()
    print("| round | killed after | checkpoint | exit code | files left | loss | picture |")
    print("|" + " --- |" * 7)
    with tempfile.TemporaryDirectory() as folder:
        failures = _run_rounds(options, Path(folder))
    print(f"{options.rounds - failures} of {options.rounds} rounds passed")
    sys.exit(1 if failures else 0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Kill and resume maskstyle at random moments.")
    parser.add_argument("content", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("--rounds", type=int, default=20, help="number of runs (default 20)")
    parser.add_argument("--kills", type=int, default=1, help="kills per round (default 1)")
    parser.add_argument("--optimizer", choices=("adam", "lbfgs"), default="lbfgs")
    parser.add_argument("--size", type=int, default=128, help="longer side of the picture (default 128)")
    parser.add_argument("--steps", type=int, default=200, help="steps at each of two sizes (default 200)")
    parser.add_argument("--every", type=float, default=0.05, help="seconds between checkpoints (default 0.05)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the random moments (default 0)")
    return parser


@dataclass(frozen=True)
class _Round:
    """One run that was killed and resumed."""

    killed_at: list[int]
    checkpoints: list[str]
    exit_code: int
    files_left: list[str]
    output: Path


def _run_rounds(options: argparse.Namespace, folder: Path) -> int:
    """Run all rounds and return the number of failures."""
    undisturbed = folder / "undisturbed.png"
    subprocess.run(_command(options, undisturbed), check=True)
    expected = load_image(undisturbed).pixels
    print(f"| undisturbed | | | | | {_loss(undisturbed):.5g} | |", flush=True)
    moments = random.Random(options.seed)
    failures = 0
    for number in range(1, options.rounds + 1):
        finished = _run_round(options, folder / f"{number}.png", moments)
        failures += not _report(number, finished, expected, SCALES * options.steps)
    return failures


def _run_round(options: argparse.Namespace, output: Path, moments: random.Random) -> _Round:
    steps = sorted(moments.randrange(1, SCALES * options.steps) for _ in range(options.kills))
    checkpoints = [_kill(options, output, step, moments.uniform(0, 3 * options.every)) for step in steps]
    exit_code = subprocess.run(_command(options, output), check=False).returncode
    left = [path.name for path in output.parent.iterdir() if output.name in path.name and path != output]
    return _Round(steps, checkpoints, exit_code, left, output)


def _report(number: int, finished: _Round, expected: Image, steps: int) -> bool:
    """Print a row of the table, and return whether the round passed."""
    passed = finished.exit_code == 0 and not finished.files_left and finished.output.exists()
    picture, loss = "none", ""
    if finished.output.exists():
        pixels = load_image(finished.output).pixels
        same = np.array_equal(pixels, expected)
        picture = "identical" if same else f"differs by {np.abs(pixels - expected).mean():.2g}"
        loss = f"{_loss(finished.output):.5g}"
        passed &= same
    killed = " and ".join(f"step {step} of {steps}" for step in finished.killed_at)
    cells = [number, killed, ", ".join(finished.checkpoints), finished.exit_code, finished.files_left or "no"]
    print("| " + " | ".join(map(str, [*cells, loss, picture])) + " |", flush=True)
    return passed


def _command(options: argparse.Namespace, output: Path) -> list[str]:
    """Return the command that starts a run, or resumes it if there is a checkpoint."""
    arguments: list[Any] = ["basic", options.content, options.style, "-o", output, "--optimizer", options.optimizer]
    arguments += ["--size", options.size, "--steps", options.steps, "--tolerance", 0, "--scales", SCALES]
    arguments += ["--network", "lite", "--checkpoint-every", options.every, "--quiet"]
    arguments += ["--resume"] if _checkpoint(output).exists() else []
    return [sys.executable, "-m", "maskstyle", *map(str, arguments)]


def _kill(options: argparse.Namespace, output: Path, step: int, delay: float) -> str:
    """Start or resume a run, kill it some seconds after a step, and describe the checkpoint that it leaves."""
    process = subprocess.Popen(_command(options, output))
    while process.poll() is None and _steps(output) < step:
        time.sleep(0.01)
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if not _checkpoint(output).exists():
        return f"none, exit code {process.returncode}"
    during_write = any(output.parent.glob(".maskstyle-*"))
    return f"at step {_steps(output)}" + (", during a write" if during_write else "")


def _steps(output: Path) -> int:
    """Return the number of steps at all sizes in a run's checkpoint, which must be complete."""
    path = _checkpoint(output)
    return len(read_checkpoint(path).progress.steps) if path.exists() else 0


def _checkpoint(output: Path) -> Path:
    return output.with_name(f"{output.name}.checkpoint")


def _loss(picture: Path) -> float:
    metadata: Any = read_metadata(picture)
    return float(sum(metadata["losses"].values()))


if __name__ == "__main__":
    main()
