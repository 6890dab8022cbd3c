"""How well drafted maps agree with drawn ones, beside SLIC and k-means on mean colors, and how long they take.

Decides the features and weights of maskstyle/drafting. The samples were among the pictures that its settings were
chosen with, so judge a change with pictures of your own too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import bench
import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2
from skimage.color import rgb2lab
from skimage.segmentation import slic

from maskstyle.drafting.draft import FEATURES, draft_map
from maskstyle.images.io import load_image
from maskstyle.images.pixels import Image, fit_size, resize_image
from maskstyle.maps.io import fit_map, load_map

NAMES = ("astronaut", "chelsea", "coffee", "dots", "harbour", "window", "woodcut")

Labels = NDArray[np.int32]
Known = list[tuple[Image, Labels]]
Method = Callable[[Image, int], Labels]


def main(arguments: Sequence[str] | None = None) -> None:
    parser = bench.options(__doc__)
    samples = [bench.SAMPLES / f"{name}.jpg" for name in NAMES]
    parser.add_argument("--images", type=Path, nargs="*", default=samples, help="each with NAME_map.png beside it")
    given = parser.parse_args(arguments)
    known = [known_map(path) for path in given.images]
    methods: dict[str, Method] = {"SLIC and k-means": slic_kmeans}
    methods |= {f"draft, {features}": partial(drafted, features) for features in FEATURES}
    rows = [{"method": method, **judged(make, known)} for method, make in methods.items()]
    bench.report(rows, given.json)


def drafted(features: str, image: Image, count: int) -> Labels:
    return draft_map(image, regions=count, features=features).labels


def slic_kmeans(image: Image, count: int) -> Labels:
    """Return what two calls of scikit-image and SciPy make: superpixels, grouped by their mean CIELAB."""
    patches = slic(image, 600, compactness=10, start_label=0)
    lab, area = rgb2lab(image), np.bincount(patches.ravel())
    colors = np.stack([np.bincount(patches.ravel(), lab[..., index].ravel()) / area for index in range(3)], axis=1)
    labels: Labels = kmeans2(colors, count, minit="++", seed=0)[1][patches].astype(np.int32)
    return labels


def judged(make: Method, known: Known) -> dict[str, float]:
    """Return means over pictures; a method makes as many regions as the known map has."""
    indices, overlaps, seconds = [], [], []
    make(known[0][0], 2)  # the first call loads libraries
    for image, truth in known:
        began = time.process_time()
        made = make(image, int(truth.max()) + 1)
        seconds.append(time.process_time() - began)
        indices.append(rand_index(made, truth))
        overlaps.append(best_overlap(made, truth))
    return {
        "adjusted Rand index": float(np.mean(indices)),
        "best overlap": float(np.mean(overlaps)),
        "CPU seconds": float(np.median(seconds)),
    }


def known_map(path: Path) -> tuple[Image, Labels]:
    """Return an image at 480 pixels and the labels of the map beside it."""
    pixels, drawn = load_image(path).pixels, path.with_name(f"{path.stem}_map.png")
    size = fit_size((pixels.shape[0], pixels.shape[1]), 480)
    fitted = fit_map(load_map(drawn), size, name=drawn.name, image_name=path.name)
    return resize_image(pixels, size), fitted.labels


def shared_pixels(made: Labels, truth: Labels) -> NDArray[np.float64]:
    """Return how many pixels each made region shares with each true one; pixels of no region do not count."""
    shared = np.zeros((int(made.max()) + 1, int(truth.max()) + 1))
    np.add.at(shared, (made[truth >= 0], truth[truth >= 0]), 1)
    return shared


def rand_index(made: Labels, truth: Labels) -> float:
    """Return the adjusted Rand index (Hubert and Arabie, 1985): 1 for the same regions, 0 for chance."""
    shared = shared_pixels(made, truth)

    def pairs(counts: NDArray[np.float64]) -> float:
        return float((counts * (counts - 1) / 2).sum())

    one, other = pairs(shared.sum(axis=1)), pairs(shared.sum(axis=0))
    chance = one * other / pairs(shared.sum(keepdims=True))
    return (pairs(shared) - chance) / ((one + other) / 2 - chance)


def best_overlap(made: Labels, truth: Labels) -> float:
    """Return the best intersection over union of each true region with a made one: the mean by pixels."""
    shared = shared_pixels(made, truth)
    union = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0) - shared
    best = (shared / np.maximum(union, 1)).max(axis=0)
    return float(np.average(best, weights=shared.sum(axis=0)))


if __name__ == "__main__":
    main()
