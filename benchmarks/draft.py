"""How well drafted maps agree with known ones, beside SLIC and k-means on mean colors, and how long they take."""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from common import print_table, write_figures
from scipy import ndimage
from scipy.cluster.vq import kmeans2
from skimage.color import rgb2lab
from skimage.segmentation import slic

from maskstyle.drafting.draft import FEATURES, draft_map
from maskstyle.images.io import load_image
from maskstyle.images.pixels import fit_size, resize_image
from maskstyle.maps.io import fit_map, load_map

SIZE = (321, 481)
CROP = 96
MOSAICS = 20


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--photos", type=Path, help="folder of photographs, at least 96 pixels each way")
    arguments.add_argument("--start", type=int, default=12, help="first photo; from there every 25th (default: 12)")
    arguments.add_argument("--pairs", type=Path, nargs="+", default=[], help="image and its map, alternating")
    arguments.add_argument("--json", type=Path, help="write the figures here")
    given = arguments.parse_args()
    pairs = list(zip(given.pairs[::2], given.pairs[1::2], strict=True))
    sets = {"drawn maps": [known_map(*pair) for pair in pairs]} if pairs else {}
    if given.photos:
        photos = [load_image(path).pixels for path in sorted(given.photos.glob("*.jpg"))[given.start :: 25]]
        sets["mosaics"] = [mosaic(photos, seed) for seed in range(MOSAICS)]
    figures = [
        {"set": name, "pictures": len(known), "method": method, **judged(make, known)}
        for name, known in sets.items()
        for method, make in methods().items()
    ]
    print_table(
        ["set", "method", "ARI", "best overlap", "seconds, median", "CPU seconds, median", "CPU seconds, greatest"],
        [
            [f"{row['set']} ({row['pictures']})", row["method"]]
            + [f"{row[key]:.3f}" for key in ("ari", "overlap")]
            + [f"{row[key]:.2f}" for key in ("seconds", "cpu_seconds", "most_cpu_seconds")]
            for row in figures
        ],
    )
    write_figures(given.json, figures)


def methods():
    """Return by name functions from an image and a number of regions to labels."""
    return {"SLIC and k-means": slic_kmeans} | {f"draft, {each}": drafted_by(each) for each in FEATURES}


def slic_kmeans(image, count):
    """Return what two calls of scikit-image and SciPy make: superpixels, grouped by their mean CIELAB."""
    patches = slic(image, 600, compactness=10, start_label=0)
    lab, area = rgb2lab(image), np.bincount(patches.ravel())
    colors = np.stack([np.bincount(patches.ravel(), lab[..., index].ravel()) / area for index in range(3)], axis=1)
    return kmeans2(colors, count, minit="++", seed=0)[1][patches]


def drafted_by(features):
    return lambda image, count: draft_map(image, regions=count, features=features).labels


def judged(make, known):
    """Return the means over pictures; each method makes as many regions as the known map has."""
    rows, seconds, cpu_seconds = [], [], []
    make(known[0][0], 2)  # the first call loads libraries
    for image, truth in known:
        began, cpu_began = time.perf_counter(), time.process_time()
        made = make(image, int(truth.max()) + 1)
        seconds.append(time.perf_counter() - began)
        cpu_seconds.append(time.process_time() - cpu_began)
        rows.append((rand_index(made, truth), best_overlap(made, truth)))
    ari, overlap = np.mean(rows, axis=0)
    return {
        "ari": float(ari),
        "overlap": float(overlap),
        "seconds": float(np.median(seconds)),
        "cpu_seconds": float(np.median(cpu_seconds)),
        "most_cpu_seconds": max(cpu_seconds),
    }


def known_map(image, semantic_map):
    """Return an image at 480 pixels and its map's labels."""
    pixels = load_image(image).pixels
    size = fit_size(pixels.shape[:2], 480)
    fitted = fit_map(load_map(semantic_map), size, name=str(semantic_map), image_name=str(image))
    return resize_image(pixels, size), fitted.labels


def mosaic(photos, seed):
    """Return an image of 3 to 7 smooth shapes, each filled with mirrored copies of a crop, and its labels."""
    random = np.random.default_rng(seed)
    count = int(random.integers(3, 8))
    noise = np.stack([ndimage.gaussian_filter(random.normal(size=SIZE), 40, mode="reflect") for _ in range(count)])
    labels = (noise / noise.std(axis=(1, 2), keepdims=True)).argmax(axis=0)
    image = np.zeros((*SIZE, 3), np.float32)
    for index, photo in enumerate(random.choice(len(photos), count, replace=False)):
        edges = [(0, side - CROP) for side in SIZE]
        tiled = np.pad(even_crop(photos[photo], random), [*edges, (0, 0)], mode="symmetric")
        image[labels == index] = tiled[labels == index]
    return image, np.unique(labels, return_inverse=True)[1].reshape(SIZE).astype(np.int32)


def even_crop(photo, random):
    """Return that of sixteen random crops whose quarters have the most similar mean colors."""
    crops = []
    for _ in range(16):
        top, left = (int(random.integers(0, side - CROP)) for side in photo.shape[:2])
        crop = photo[top : top + CROP, left : left + CROP]
        quarters = crop.reshape(2, CROP // 2, 2, CROP // 2, 3).mean(axis=(1, 3)).reshape(4, 3)
        crops.append((float(quarters.std(axis=0).sum()), crop))
    return min(crops, key=lambda each: each[0])[1]


def table_of(made, truth):
    """Return how many pixels each made region shares with each true one, and leave out what is in none."""
    inside = truth >= 0
    shared = np.zeros((int(made.max()) + 1, int(truth.max()) + 1))
    np.add.at(shared, (made[inside], truth[inside]), 1)
    return shared


def rand_index(made, truth):
    """Return the adjusted Rand index (Hubert and Arabie 1985): 1 for the same regions, 0 for chance."""
    shared = table_of(made, truth)

    def pairs(counts):
        return float((counts * (counts - 1) / 2).sum())

    one, other = pairs(shared.sum(axis=1)), pairs(shared.sum(axis=0))
    chance = one * other / pairs(shared.sum(keepdims=True))
    return (pairs(shared) - chance) / ((one + other) / 2 - chance)


def best_overlap(made, truth):
    """Return the mean over true regions, by their pixels, of the best intersection over union with a made one."""
    shared = table_of(made, truth)
    union = shared.sum(axis=1, keepdims=True) + shared.sum(axis=0) - shared
    best = (shared / np.maximum(union, 1)).max(axis=0)
    return float(np.average(best, weights=shared.sum(axis=0)))


if __name__ == "__main__":
    main()
