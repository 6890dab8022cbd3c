"""A pool of snapshots from renderings with the current student, which it is then trained on."""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from maskstyle.images.pixels import Image as Pixels
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.settings import LayerMix, Settings
from maskstyle.synthesis.paint import Run
from maskstyle.synthesis.scales import Step
from maskstyle.techniques.basic import transfer_basic

CAPACITY = 900
SNAPSHOT_STEPS = (3, 9, 20, 39)


class Mix(NamedTuple):
    """Content and style layers, and the range of style weights that suits them."""

    content: LayerMix
    style: LayerMix
    weights: tuple[float, float]


class Pool:
    """Snapshots of renderings, stored in a folder so that a resumed training finds them again.

    Parameters
    ----------
    folder : Path
        Where to store them.
    photos, paintings : list of PIL image
        Pictures to render.
    mixes : list of Mix
        Layers to render with; each rendering takes one of them.
    least_side : int
        The shortest side of a snapshot.
    renderings : int
        How many pictures to render at a time.
    """

    def __init__(
        self,
        folder: Path,
        photos: Sequence[Image.Image],
        paintings: Sequence[Image.Image],
        *,
        mixes: Sequence[Mix],
        least_side: int,
        renderings: int,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self.folder = folder
        self.mixes, self.least_side, self.renderings = mixes, least_side, renderings
        self.photos, self.paintings = photos, paintings
        self.pictures: list[NDArray[np.float16]] = []
        for file in sorted(folder.glob("*.npz")):
            with np.load(file) as held:
                self.pictures += [held[name] for name in held.files]
        del self.pictures[:-CAPACITY]

    def render(self, network: FeatureNetwork, step: int) -> None:
        """Render with the student, unless the renderings of this step exist."""
        file = self.folder / f"{step:06d}.npz"
        if file.exists():
            return
        began = time.perf_counter()
        generator = np.random.default_rng(step)
        snapshots: list[NDArray[np.float16]] = []
        for _ in range(self.renderings):
            snapshots += self._rendered(network, generator)
        gc.collect()  # compiled objectives are reference cycles
        temporary = self.folder / "writing.tmp"
        with open(temporary, "wb") as opened:
            np.savez(opened, *snapshots)
        temporary.replace(file)
        self.pictures += snapshots
        del self.pictures[:-CAPACITY]
        print(f"rendered {len(snapshots)} snapshots in {time.perf_counter() - began:.0f} s", flush=True)

    def _rendered(self, network: FeatureNetwork, generator: np.random.Generator) -> list[NDArray[np.float16]]:
        """Return snapshots of one rendering of a random pair with random settings."""
        long_side = int(generator.integers(self.least_side * 5 // 4, 321))
        contents = self.photos if generator.random() < 0.8 else self.paintings
        styles = self.paintings if generator.random() < 0.8 else self.photos
        content = self._drawn(contents, long_side, generator)
        style = self._drawn(styles, int(long_side * generator.uniform(0.6, 1.5)), generator)
        settings = random_settings(generator, self.mixes[int(generator.integers(len(self.mixes)))])
        snapshots: list[NDArray[np.float16]] = []

        def keep(step: Step) -> None:
            if step.step in SNAPSHOT_STEPS and min(step.image.shape[:2]) >= self.least_side:
                snapshots.append(np.asarray(step.image, dtype=np.float16))

        result = transfer_basic(content, style, settings=settings, run=Run(network=network, on_step=keep))
        if min(result.image.shape[:2]) >= self.least_side:
            snapshots.append(result.image.astype(np.float16))
        return snapshots

    def _drawn(self, pictures: Sequence[Image.Image], long_side: int, generator: np.random.Generator) -> Pixels:
        """Return one of the pictures, with a given longer side and no side below the least, as float32 in [0, 1]."""
        picture = pictures[int(generator.integers(len(pictures)))]
        factor = max(long_side / max(picture.size), self.least_side / min(picture.size))
        width, height = (max(self.least_side, round(side * factor)) for side in picture.size)
        pixels: Pixels = np.asarray(picture.resize((width, height), Image.Resampling.LANCZOS), dtype=np.float32)
        return pixels / np.float32(255)


def random_settings(generator: np.random.Generator, mix: Mix) -> Settings:
    """Return settings with random weights, start and number of scales."""
    return Settings(
        init="noise" if generator.random() < 0.5 else "content",
        content_weight=0.0 if generator.random() < 0.15 else 1.0,
        content_layers=mix.content,
        style_layers=mix.style,
        style_weight=float(np.exp(generator.uniform(*np.log(mix.weights)))),
        tv_weight=float(generator.choice([0.0, 0.3, 1.0, 1.0])),
        scales=int(generator.choice([1, 1, 2, 3])),
        seed=int(generator.integers(1 << 30)),
        steps=40,
        tolerance=0.0,
    )
