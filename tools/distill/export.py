"""Write the package's lite.npz from the trained blocks.

python tools/distill/export.py --work FOLDER [--lower lite.npz] --output maskstyle/networks/lite.npz
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from lite_file import Array, Layers, metric, read_layers
from train import LAYERS as LOWER_LAYERS


def main() -> None:
    """Write the file and print its size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder with the results of train.py and deep.py")
    parser.add_argument("--lower", type=Path, help="blocks 1 to 3 (default: student.npz of train.py in --work)")
    parser.add_argument("--output", type=Path, required=True, help="the .npz file to write")
    arguments = parser.parse_args()
    lower = read_layers(arguments.lower or arguments.work / "student.npz", LOWER_LAYERS)
    with np.load(arguments.work / "deep.npz") as deep:
        write(arguments.output, lower, dict(deep))
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1e6:.2f} MB")


def write(output: Path, lower: Layers, deep: Mapping[str, Array]) -> None:
    """Write blocks 1 to 3 with their metrics, and the arrays of blocks 4 and 5, in half precision."""
    arrays: dict[str, Any] = dict(deep)
    for name, (kernel, bias, prediction) in lower.items():
        arrays |= {f"{name}/kernel": kernel, f"{name}/bias": bias, f"{name}/metric": metric(prediction)}
    # Half precision is finer than the bfloat16 in which the network mostly runs.
    halves = {name: array.astype(np.float16) for name, array in arrays.items()}
    bad = [name for name, array in halves.items() if not np.isfinite(array).all()]
    if bad:
        raise ValueError(f"{', '.join(bad)} exceed the range of half precision")
    np.savez_compressed(output, **halves)


if __name__ == "__main__":
    main()
