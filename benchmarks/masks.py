"""One evaluation of the default objective under soft masks that all cover everything, against one without masks."""

from __future__ import annotations

import time

import numpy as np
from common import load_for, make_objective, parser, print_table, write_figures
from scipy import ndimage

from maskstyle.guides import mask_guides
from maskstyle.images import Mask
from maskstyle.objective import Objective, content_term, style_term, total_variation_term
from maskstyle.settings import Settings

SIZE = 512
COUNTS = (1, 4, 16, 32)
ROUNDS = 7


def main() -> None:
    arguments = parser(__doc__ or "", pairs=False).parse_args()
    figures = []
    for compute_type in ("float32", "bfloat16"):
        settings = Settings(compute_type=compute_type)
        network = load_for(arguments.weights, settings)
        content, style = np.random.default_rng(0).random((2, SIZE, SIZE, 3), dtype=np.float32)
        plain = make_objective(network, content, style, settings)
        for count in COUNTS:
            masked = make_mask_objective(network, content, style, smooth_masks(count, SIZE), settings)
            bare, seconds = evaluation_seconds([plain, masked], content)
            figures.append({"type": compute_type, "masks": count, "seconds": seconds, "ratio": seconds / bare})
    rows = ((each["type"], each["masks"], f"{each['seconds']:.3f}", f"{each['ratio']:.2f}") for each in figures)
    print_table(("type", "masks", "seconds", "masked / plain"), rows)
    write_figures(arguments.json, figures)


def smooth_masks(count: int, size: int, seed: int = 1) -> list[Mask]:
    """Return smooth random masks above 0 everywhere."""
    noise = np.random.default_rng(seed).normal(size=(count, size, size))
    blurred = np.stack([ndimage.gaussian_filter(each, size / 8, mode="wrap") for each in noise])
    lowest, highest = (function(blurred, axis=(1, 2), keepdims=True) for function in (np.min, np.max))
    return list((0.02 + 0.98 * (blurred - lowest) / (highest - lowest)).astype(np.float32))


def make_mask_objective(network, content, style, masks, settings):
    """Return the objective of a gradient mask transfer at the content's size, one style image under every mask."""
    guides = mask_guides(network, masks, [style] * len(masks), [1.0] * len(masks), settings)
    return Objective(
        network,
        [
            content_term(network, content, settings),
            style_term(network, guides, settings),
            total_variation_term(settings),
        ],
    )


def evaluation_seconds(objectives, image):
    """Return the median seconds of an evaluation of each objective, taken in turns."""
    import tensorflow as tf

    image = tf.constant(image)
    times = []
    for _ in range(ROUNDS):
        times.append([])
        for objective in objectives:
            began = time.perf_counter()
            values, gradient = objective.value_and_gradient(image)
            values.numpy(), gradient.numpy()
            times[-1].append(time.perf_counter() - began)
    return np.median(times[1:], axis=0).tolist()  # the first round compiles


if __name__ == "__main__":
    main()
