"""Training pictures: random crops of photos, paintings and renderings, with augmentation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy import ndimage

HELD_OUT_PHOTOS = 50
HELD_OUT_PAINTINGS = 8
SUFFIXES = (".jpg", ".jpeg", ".png")

Crop: TypeAlias = NDArray[Any]
"""(side, side, 3), mostly in [0, 1]."""


def picture_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the pictures in the subfolders ``photos`` and ``paintings``, sorted by name."""
    photos, paintings = (
        sorted(path for path in (folder / kind).iterdir() if path.suffix.lower() in SUFFIXES)
        for kind in ("photos", "paintings")
    )
    return photos, paintings


def training_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the photos and paintings to train on: all but those held out."""
    photos, paintings = picture_files(folder)
    return photos[:-HELD_OUT_PHOTOS], paintings[:-HELD_OUT_PAINTINGS]


def held_out_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the photos and paintings held out from training: the last ones by name."""
    photos, paintings = picture_files(folder)
    return photos[-HELD_OUT_PHOTOS:], paintings[-HELD_OUT_PAINTINGS:]


def read(path: Path) -> Image.Image:
    """Return a picture as 8-bit RGB."""
    with Image.open(path) as image:
        return image.convert("RGB")


class Crops:
    """An endless source of random square crops.

    Parameters
    ----------
    photos, paintings : list of PIL image
        The pictures.
    pool : list of (H, W, 3) float16 array
        Snapshots of renderings, in [0, 1]; the list may grow between batches.
    side : int
        Side of a crop, in pixels.
    generator : numpy.random.Generator
        Source of all random choices.
    """

    def __init__(
        self,
        photos: Sequence[Image.Image],
        paintings: Sequence[Image.Image],
        pool: Sequence[NDArray[np.float16]],
        side: int,
        generator: np.random.Generator,
    ) -> None:
        self.photos, self.paintings, self.pool = photos, paintings, pool
        self.side = side
        self.generator = generator

    def batch(self, count: int) -> NDArray[np.float32]:
        """Return (count, side, side, 3) float32 crops in [0, 1]."""
        return np.stack([self._crop() for _ in range(count)]).astype(np.float32)

    def _crop(self) -> Crop:
        random = self.generator.random
        kind = random()
        # Renderings of coarse sizes are smaller than some crops.
        large = [picture for picture in self.pool if min(picture.shape[:2]) >= self.side]
        if large and kind < 0.5:
            return self._from_pool(large)
        if kind > 0.96:
            return self._synthetic()
        crop = self._from(self.paintings if random() < 0.45 else self.photos)
        if random() < 0.35:
            crop = self._recolored(crop)
        if random() < 0.3:
            crop = self._disturbed(crop)
        return np.clip(crop, 0, 1)

    def _from(self, pictures: Sequence[Image.Image]) -> Crop:
        generator = self.generator
        picture = pictures[int(generator.integers(len(pictures)))]
        # From fine detail, slightly enlarged, to most of the picture.
        longest = min(picture.size)
        taken = int(np.exp(generator.uniform(np.log(min(self.side * 0.8, longest)), np.log(longest))))
        left = int(generator.integers(picture.width - taken + 1))
        top = int(generator.integers(picture.height - taken + 1))
        box = (left, top, left + taken, top + taken)
        crop = picture.resize((self.side, self.side), Image.Resampling.LANCZOS, box=box, reducing_gap=2.0)
        return self._turned(np.asarray(crop, dtype=np.float32) / 255)

    def _from_pool(self, pool: Sequence[NDArray[np.float16]]) -> Crop:
        generator = self.generator
        # Prefer the newest pictures, which show the current blind spots.
        age = int(len(pool) * generator.random() ** 1.5)
        picture = pool[len(pool) - 1 - age]
        top = generator.integers(picture.shape[0] - self.side + 1)
        left = generator.integers(picture.shape[1] - self.side + 1)
        return self._turned(picture[top : top + self.side, left : left + self.side].astype(np.float32))

    def _turned(self, crop: Crop) -> Crop:
        turned: Crop = np.rot90(crop, int(self.generator.integers(4)))
        return turned[:, ::-1] if self.generator.random() < 0.5 else turned

    def _recolored(self, crop: Crop) -> Crop:
        generator = self.generator
        if generator.random() < 0.3:
            crop = crop[..., generator.permutation(3)]
        if generator.random() < 0.15:
            crop = np.repeat(crop.mean(axis=2, keepdims=True), 3, axis=2)
        if generator.random() < 0.15:
            crop = 1 - crop
        crop = np.clip(crop, 0, 1) ** np.exp(generator.normal(0, 0.35))
        gains = np.exp(generator.normal(0, 0.2, 3))
        recolored: Crop = (crop - 0.5) * gains * np.exp(generator.normal(0, 0.3)) + 0.5 + generator.normal(0, 0.08, 3)
        return recolored

    def _disturbed(self, crop: Crop) -> Crop:
        generator = self.generator
        kind = generator.random()
        if kind < 0.25:
            return self._blurred(crop, generator.uniform(0.4, 2.5))
        if kind < 0.55:
            # Resembles the first steps of a start from noise.
            share = generator.random()
            blended: Crop = (1 - share) * crop + share * generator.random(crop.shape)
            return blended
        noise: Crop = generator.normal(0, 1, (*crop.shape[:2], 3 if generator.random() < 0.6 else 1))
        if generator.random() < 0.4:
            noise = self._blurred(noise, generator.uniform(0.4, 1.5))
            noise /= noise.std()
        noisy: Crop = crop + generator.uniform(0, 0.25) * noise
        return noisy

    @staticmethod
    def _blurred(crop: Crop, sigma: float) -> Crop:
        blurred: Crop = ndimage.gaussian_filter(crop, (sigma, sigma, 0))
        return blurred

    def _synthetic(self) -> Crop:
        """Return a flat field, a ramp, stripes or pure noise, which photos lack."""
        generator = self.generator
        colors = generator.random((2, 3))
        rows, columns = np.mgrid[: self.side, : self.side]
        kind = generator.integers(4)
        field: Crop
        if kind == 0:
            field = np.zeros((self.side, self.side))
        elif kind == 1:
            angle = generator.uniform(0, 2 * np.pi)
            field = (rows * np.cos(angle) + columns * np.sin(angle)) / (2 * self.side) + 0.5
        elif kind == 2:
            angle, period = generator.uniform(0, 2 * np.pi), np.exp(generator.uniform(np.log(2), np.log(32)))
            field = np.sin((rows * np.cos(angle) + columns * np.sin(angle)) * 2 * np.pi / period) / 2 + 0.5
        else:
            return generator.random((self.side, self.side, 3))
        field = field[..., None]
        noise: Crop = generator.normal(0, generator.choice([0, 0.01, 0.05]), (self.side, self.side, 3))
        crop: Crop = np.clip(colors[0] * (1 - field) + colors[1] * field + noise, 0, 1)
        return crop
