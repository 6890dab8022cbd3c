"""Write the package's lite.npz from the trained blocks.

python tools/distill/export.py --work FOLDER --output maskstyle/networks/lite.npz
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from deep import TEACHERS
from lite_file import Layers, metric
from train import LAYERS

from maskstyle.networks.architectures import LITE

ALIASES = ("block5_conv2", "block5_conv3", "block5_conv4")
"""Layers beyond the teacher's last; each repeats the previous layer through an identity kernel."""

DEEP_UNIT = 150.0
"""Scale of blocks 4 and 5: mean activations are near 1 in their teacher, but about 150 in VGG19's block 2."""


def main() -> None:
    """Write the file and print its size."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder with the results of train.py and deep.py")
    parser.add_argument("--output", type=Path, required=True, help="the .npz file to write")
    arguments = parser.parse_args()
    write(arguments.output, trained(arguments.work))
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1e6:.2f} MB")


def trained(work: Path) -> Layers:
    """Return kernel, bias and prediction by layer, aliases included."""
    result = {}
    for file, layers in (("student.npz", LAYERS), ("deep.npz", TEACHERS)):
        with np.load(work / file) as arrays:
            for name in layers:
                kernel, bias, prediction = (arrays[f"{name}/{part}"] for part in ("kernel", "bias", "prediction"))
                result[name] = kernel, bias, prediction * (DEEP_UNIT if name in TEACHERS else 1.0)
    for name in ALIASES:
        shape = LITE.kernel_shape(name)
        identity = np.zeros(shape)
        identity[1, 1] = np.eye(shape[3])
        result[name] = identity, np.zeros(shape[3]), result["block5_conv1"][2]
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
