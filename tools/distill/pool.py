"""Pictures that optimization passes through: rendered with the student as it stands, to train it on."""

from __future__ import annotations

import gc
import time

import numpy as np
from PIL import Image

from maskstyle.settings import Settings
from maskstyle.techniques.basic import transfer_basic

RENDERINGS = 14
CAPACITY = 900
SNAPSHOT_STEPS = (3, 9, 20, 39)


class Pool:
    """Snapshots of renderings, kept in a folder so that a run that was cut off has them again.

    Parameters
    ----------
    folder : Path
        Where they are kept.
    photos, paintings : list of PIL image
        What is rendered.
    """

    def __init__(self, folder, photos, paintings):
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.photos, self.paintings = photos, paintings
        self.pictures = []
        for file in sorted(folder.glob("*.npz")):
            with np.load(file) as held:
                self.pictures += [held[name] for name in held.files]
        del self.pictures[:-CAPACITY]

    def render(self, network, step):
        """Render with the student, unless this step's renderings are there already."""
        file = self.folder / f"{step:06d}.npz"
        if file.exists():
            return
        began = time.perf_counter()
        generator = np.random.default_rng(step)
        snapshots = []
        for _ in range(RENDERINGS):
            snapshots += rendered(network, self.photos, self.paintings, generator)
        gc.collect()  # compiled objectives refer to themselves
        temporary = self.folder / "writing.tmp"
        with open(temporary, "wb") as opened:
            np.savez(opened, *snapshots)
        temporary.replace(file)
        self.pictures += snapshots
        del self.pictures[:-CAPACITY]
        print(f"rendered {len(snapshots)} snapshots in {time.perf_counter() - began:.0f} s", flush=True)


def rendered(network, photos, paintings, generator):
    """Return float16 snapshots of one rendering of a random pair with random settings."""
    long_side = int(generator.integers(160, 321))
    contents = photos if generator.random() < 0.8 else paintings
    styles = paintings if generator.random() < 0.8 else photos
    content = shrunk(contents[generator.integers(len(contents))], long_side)
    style = shrunk(styles[generator.integers(len(styles))], int(long_side * generator.uniform(0.6, 1.5)))
    settings = Settings(
        init="noise" if generator.random() < 0.5 else "content",
        content_weight=0.0 if generator.random() < 0.15 else 1.0,
        style_weight=float(np.exp(generator.uniform(np.log(5), np.log(500)))),
        tv_weight=float(generator.choice([0.0, 0.3, 1.0, 1.0])),
        scales=int(generator.choice([1, 1, 2, 3])),
        seed=int(generator.integers(1 << 30)),
        steps=40,
        tolerance=0.0,
    )
    snapshots = []

    def keep(step):
        if step.step in SNAPSHOT_STEPS and min(step.image.shape[:2]) >= 128:
            snapshots.append(np.asarray(step.image, dtype=np.float16))

    result = transfer_basic(content, style, settings=settings, network=network, on_step=keep)
    return [*snapshots, result.image.astype(np.float16)] if min(result.image.shape[:2]) >= 128 else snapshots


def shrunk(picture, long_side):
    """Return a picture at a longer side, neither side below 128, as float32 in [0, 1]."""
    factor = max(long_side / max(picture.size), 128 / min(picture.size))
    size = tuple(max(128, round(side * factor)) for side in picture.size)
    return np.asarray(picture.resize(size, Image.Resampling.LANCZOS), dtype=np.float32) / 255
