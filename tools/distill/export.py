"""Write the file that the package ships from the trained blocks.

python tools/distill/export.py --work FOLDER --output maskstyle/networks/lite.npz
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from deep import TEACHERS
from lite_file import metric
from train import LAYERS

from maskstyle.networks.architectures import LITE

ALIASES = ("block5_conv2", "block5_conv3", "block5_conv4")
"""No teacher reaches these layers; each repeats the layer before it, through a kernel that changes nothing."""

DEEP_UNIT = 150.0
"""The teacher of blocks 4 and 5 has mean activations near 1, where VGG19 has about 150 in block 2."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, required=True, help="folder in which train.py and deep.py have finished")
    parser.add_argument("--output", type=Path, required=True, help="the .npz file to write")
    arguments = parser.parse_args()
    write(arguments.output, trained(arguments.work))
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1e6:.2f} MB")


def trained(work: Path):
    """Return (kernel, bias, prediction) by layer."""
    result = {}
    for file, layers in (("student.npz", LAYERS), ("deep.npz", TEACHERS)):
        with np.load(work / file) as held:
            for name in layers:
                kernel, bias, prediction = (held[f"{name}/{part}"] for part in ("kernel", "bias", "prediction"))
                result[name] = kernel, bias, prediction * (DEEP_UNIT if name in TEACHERS else 1.0)
    for name in ALIASES:
        shape = LITE.kernel_shape(name)
        unchanged = np.zeros(shape)
        unchanged[1, 1] = np.eye(shape[3])
        result[name] = unchanged, np.zeros(shape[3]), result["block5_conv1"][2]
    return result


def write(output: Path, layers) -> None:
    """Write kernels, biases and metrics in half precision: finer than the bfloat16 that they were trained in."""
    arrays = {}
    for name, (kernel, bias, prediction) in layers.items():
        parts = {"kernel": kernel, "bias": bias, "metric": metric(prediction)}
        arrays |= {f"{name}/{part}": array.astype(np.float16) for part, array in parts.items()}
    bad = [name for name, array in arrays.items() if not np.isfinite(array).all()]
    if bad:
        raise ValueError(f"{', '.join(bad)} do not fit into half precision")
    np.savez_compressed(output, **arrays)


if __name__ == "__main__":
    main()
