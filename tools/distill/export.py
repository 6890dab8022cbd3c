"""Write the package's lite.npz from the trained blocks.

python tools/distill/export.py --work FOLDER [--lower lite.npz] --output maskstyle/networks/lite.npz
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from deep import LAYERS
from lite_file import Layers, metric, read_layers
from train import LAYERS as LOWER_LAYERS

from maskstyle.networks.architectures import LITE

ALIASES = ("block5_conv3", "block5_conv4")
"""Layers that are not distilled; each repeats the previous layer through an identity kernel."""


def main() -> None:
    """Write the file and print its size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder with the results of train.py and deep.py")
    parser.add_argument("--lower", type=Path, help="blocks 1 to 3 (default: student.npz of train.py in --work)")
    parser.add_argument("--output", type=Path, required=True, help="the .npz file to write")
    arguments = parser.parse_args()
    write(arguments.output, trained(arguments.lower or arguments.work / "student.npz", arguments.work / "deep.npz"))
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1e6:.2f} MB")


def trained(lower: Path, deep: Path) -> Layers:
    """Return kernel, bias and prediction by layer, aliases included."""
    result = {**read_layers(lower, LOWER_LAYERS), **read_layers(deep, LAYERS)}
    for name in ALIASES:
        shape = LITE.kernel_shape(name)
        identity = np.zeros(shape)
        identity[1, 1] = np.eye(shape[3])
        result[name] = identity, np.zeros(shape[3]), result[LAYERS[-1]][2]
    return result


def write(output: Path, layers: Layers) -> None:
    """Write kernels, biases and metrics in half precision, which is finer than the bfloat16 of the training."""
    arrays: dict[str, Any] = {}
    for name, (kernel, bias, prediction) in layers.items():
        parts = {"kernel": kernel, "bias": bias, "metric": metric(prediction)}
        arrays |= {f"{name}/{part}": array.astype(np.float16) for part, array in parts.items()}
    bad = [name for name, array in arrays.items() if not np.isfinite(array).all()]
    if bad:
        raise ValueError(f"{', '.join(bad)} exceed the range of half precision")
    np.savez_compressed(output, **arrays)


if __name__ == "__main__":
    main()
