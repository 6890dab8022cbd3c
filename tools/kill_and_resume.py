"""Kill `maskstyle basic` with -9 at random moments, resume each run, and look at what comes out.

Each round begins a run, kills it soon after a step that is drawn anew, reads the checkpoint that it left, goes on
from it (killed again, if asked, before it is left to end), and reads the picture. With Adam the picture must be that
of an undisturbed run, bit for bit; with L-BFGS, which begins anew at the best image, its loss stands beside that of
one.

    python tools/kill_and_resume.py samples/coffee.jpg samples/window.jpg --rounds 20 --optimizer adam
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from maskstyle import load_image, read_metadata
from maskstyle.synthesis.checkpoint_file import read_checkpoint

SCALES = 2
"""Sizes of each run, so that runs are killed at both."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Kill and resume maskstyle at random moments.")
    parser.add_argument("content", type=Path)
    parser.add_argument("style", type=Path)
    parser.add_argument("--rounds", type=int, default=20, help="runs to kill (default 20)")
    parser.add_argument("--kills", type=int, default=1, help="kills in each round (default 1)")
    parser.add_argument("--optimizer", choices=("adam", "lbfgs"), default="adam")
    parser.add_argument("--size", type=int, default=128, help="longer side of the picture (default 128)")
    parser.add_argument("--steps", type=int, default=200, help="steps at each of two sizes (default 200)")
    parser.add_argument("--every", type=float, default=0.05, help="seconds between checkpoints (default 0.05)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the moments (default 0)")
    asked = parser.parse_args()
    print("| round | killed after | checkpoint | ended | checkpoint left | loss | picture |")
    print("|" + " --- |" * 7)
    with tempfile.TemporaryDirectory() as folder:
        failures = _rounds(asked, Path(folder))
    print(f"{asked.rounds - failures} of {asked.rounds} rounds ended as they should")
    sys.exit(1 if failures else 0)


def _rounds(asked: argparse.Namespace, folder: Path) -> int:
    """Run all rounds; return how many did not end as they should."""
    whole = folder / "whole.png"
    subprocess.run(_command(asked, whole), check=True)
    expected = load_image(whole).pixels
    print(f"| undisturbed | | | | | {_loss(whole):.5g} | |", flush=True)
    moments = random.Random(asked.seed)
    failures = 0
    for number in range(1, asked.rounds + 1):
        output = folder / f"{number}.png"
        at = sorted(moments.randrange(1, SCALES * asked.steps) for _ in range(asked.kills))
        found = [_killed(asked, output, step, moments.uniform(0, 3 * asked.every)) for step in at]
        ended = subprocess.run(_command(asked, output), check=False).returncode
        left = [path.name for path in folder.iterdir() if f"{number}.png" in path.name and path != output]
        good = ended == 0 and not left
        what = "none"
        if output.exists():
            pixels = load_image(output).pixels
            same = np.array_equal(pixels, expected)
            what = "the same" if same else f"differs by {np.abs(pixels - expected).mean():.2g}"
            good &= same or asked.optimizer != "adam"
        failures += not good or not output.exists()
        times = " and ".join(f"step {step} of {SCALES * asked.steps}" for step in at)
        loss = f"{_loss(output):.5g}" if output.exists() else ""
        print(f"| {number} | {times} | {', '.join(found)} | {ended} | {left or 'no'} | {loss} | {what} |", flush=True)
    return failures


def _command(asked: argparse.Namespace, output: Path) -> list[str]:
    """Return the command that begins a run, or goes on with it where it left a checkpoint."""
    options = ["--size", asked.size, "--steps", asked.steps, "--tolerance", 0, "--optimizer", asked.optimizer]
    options += ["--network", "lite", "--scales", SCALES, "--checkpoint-every", asked.every, "--quiet"]
    options += ["--resume"] if _checkpoint(output).exists() else []
    return [
        sys.executable,
        "-m",
        "maskstyle",
        "basic",
        *map(str, [asked.content, asked.style, "-o", output, *options]),
    ]


def _killed(asked: argparse.Namespace, output: Path, step: int, delay: float) -> str:
    """Run, kill the process some seconds after a step, and say where its checkpoint stands, which must be whole."""
    process = subprocess.Popen(_command(asked, output))
    while process.poll() is None and _steps(output) < step:
        time.sleep(0.01)
    try:
        process.wait(delay)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    if not _checkpoint(output).exists():
        return f"none, as it ended with {process.returncode}"
    amid = any(output.parent.glob(f".{_checkpoint(output).name}-*.part"))
    return f"at step {_steps(output)}" + (", amid a write" if amid else "")


def _steps(output: Path) -> int:
    """Return after how many steps of all sizes a run's checkpoint was written."""
    path = _checkpoint(output)
    return len(read_checkpoint(path).progress.steps) if path.exists() else 0


def _checkpoint(output: Path) -> Path:
    return output.with_name(f"{output.name}.checkpoint")


def _loss(picture: Path) -> float:
    return float(sum(read_metadata(picture)["losses"].values()))


if __name__ == "__main__":
    main()
