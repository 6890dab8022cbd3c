r"""Pack the convolutions of VGG19 into the 8-bit file that the package contains.

python tools/pack_vgg19.py WEIGHTS --output maskstyle/networks/vgg19.npz \
    --judge OTHER --images samples/coffee.jpg samples/window.jpg

WEIGHTS is the .h5 file of Keras, or an .npz file with the arrays blockB_convI/kernel and blockB_convI/bias. The same
weights give the same bytes. The second line is optional: it compares features with those of other weights.
"""

from __future__ import annotations

import argparse
import io
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.io import load_image
from maskstyle.images.pixels import Image, resize_image
from maskstyle.networks.architectures import VGG19
from maskstyle.networks.weights import LayerWeights, layer_names, read_weights

DEEPEST = "block5_conv2"
"""The deepest layer that a recipe needs."""

LARGEST = 127
"""The largest step of a kernel in either direction."""

FINEST_COMPRESSION = 9

COMPARED_SIDE = 384
"""Longer side of the images whose features are compared."""


def main() -> None:
    """Write the file, and print its size and what was lost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("weights", type=Path, help="the weights of VGG19, .h5 or .npz")
    parser.add_argument("--output", type=Path, required=True, help="the .npz file to write")
    parser.add_argument("--judge", type=Path, help="weights to compare features with (default: WEIGHTS)")
    parser.add_argument("--images", type=Path, nargs="*", default=[], help="images to compare features of, at 384 px")
    arguments = parser.parse_args()
    write(arguments.output, read_weights(arguments.weights, VGG19, [DEEPEST]))
    print(f"{arguments.output}: {arguments.output.stat().st_size / 1e6:.2f} MB")
    images = [_resized(load_image(path).pixels) for path in arguments.images]
    if images:
        print("| layer | features | Gram matrices |\n| --- | --- | --- |")
        errors = feature_errors(arguments.output, arguments.judge or arguments.weights, images)
        for layer, (features, gram) in errors.items():
            print(f"| {layer} | {features:.1e} | {gram:.1e} |")


def _resized(image: Image) -> Image:
    height, width = image.shape[:2]
    scale = COMPARED_SIDE / max(height, width)
    return resize_image(image, (round(height * scale), round(width * scale)))


def feature_errors(packed: Path, judge: Path, images: Sequence[Image]) -> dict[str, tuple[float, float]]:
    """Return the largest relative squared error of features and of Gram matrices, by layer that the judge has."""
    from maskstyle.networks.vgg import FeatureNetwork

    layers = [layer for layer in layer_names(judge) if layer <= DEEPEST]
    found, wanted = (
        FeatureNetwork(VGG19, read_weights(path, VGG19, layers), layers=layers, pooling="max", padding="edge")
        for path in (packed, judge)
    )
    errors = dict.fromkeys(layers, (0.0, 0.0))
    for image in images:
        here, there = found(image), wanted(image)
        for layer in layers:
            pair = [each[layer].numpy().reshape(-1, VGG19.kernel_shape(layer)[-1]) for each in (here, there)]
            both = squared_error(*pair), squared_error(*(features.T @ features for features in pair))
            errors[layer] = max(errors[layer][0], both[0]), max(errors[layer][1], both[1])
    return errors


def quantized(kernel: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Return a kernel in steps of one size per output channel, and the sizes.

    Features vary slowly from pixel to pixel, so that what a kernel makes of a channel is above all the sum of its
    nine taps. After rounding, the taps nearest to the next step move there until that sum is off by at most half a
    step. This makes the error of features about eight times smaller than rounding alone.

    Parameters
    ----------
    kernel : (3, 3, in, out) float32 array
        The kernel.

    Returns
    -------
    steps : (3, 3, in, out) int8 array
        The kernel is about ``steps * scale``.
    scale : (out,) float32 array
        The size of a step.
    """
    largest = np.abs(kernel).max(axis=(0, 1, 2))
    scale = (np.where(largest > 0, largest, 1.0) / LARGEST).astype(np.float32)
    exact = (kernel / scale.astype(np.float64)).reshape(-1, *kernel.shape[2:])
    rounded = np.rint(exact)
    left = exact - rounded
    missing = np.rint(left.sum(axis=0))
    # Stable, so that equal taps move in the same order everywhere.
    order = np.argsort(-left * np.sign(missing), axis=0, kind="stable")
    moves = np.argsort(order, axis=0) < np.abs(missing)
    steps = np.clip(rounded + np.sign(missing) * moves, -LARGEST, LARGEST)
    return steps.astype(np.int8).reshape(kernel.shape), scale


def write(output: Path, weights: Mapping[str, LayerWeights]) -> None:
    """Write layers with quantized kernels as an .npz file, without dates: equal layers give equal bytes."""
    with zipfile.ZipFile(output, "w") as archive:
        for layer, parts in weights.items():
            steps, scale = quantized(parts.kernel)
            for name, array in (("kernel", steps), ("scale", scale), ("bias", parts.bias)):
                entry = zipfile.ZipInfo(f"{layer}/{name}.npy")
                entry.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(entry, _as_npy(array), compresslevel=FINEST_COMPRESSION)


def _as_npy(array: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.lib.format.write_array(stream, np.ascontiguousarray(array), allow_pickle=False)
    return stream.getvalue()


def squared_error(found: NDArray[Any], wanted: NDArray[Any]) -> float:
    """Return the squared error of an array relative to the squares of the wanted one."""
    return float(np.sum((found - wanted) ** 2) / np.sum(wanted**2))


if __name__ == "__main__":
    main()
