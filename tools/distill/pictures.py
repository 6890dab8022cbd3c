"""The pictures that the student is trained on: crops of photos and paintings, changed in many ways."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

HELD_OUT_PHOTOS = 50
HELD_OUT_PAINTINGS = 8
SUFFIXES = (".jpg", ".jpeg", ".png")


def picture_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the photos and the paintings of a folder with the subfolders ``photos`` and ``paintings``, by name."""
    return tuple(
        sorted(path for path in (folder / kind).iterdir() if path.suffix.lower() in SUFFIXES)
        for kind in ("photos", "paintings")
    )


def training_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the photos and paintings to train on: all but the last ones."""
    photos, paintings = picture_files(folder)
    return photos[:-HELD_OUT_PHOTOS], paintings[:-HELD_OUT_PAINTINGS]


def held_out_files(folder: Path) -> tuple[list[Path], list[Path]]:
    """Return the photos and paintings that training never sees."""
    photos, paintings = picture_files(folder)
    return photos[-HELD_OUT_PHOTOS:], paintings[-HELD_OUT_PAINTINGS:]


def read(path: Path) -> Image.Image:
    """Return a picture as 8-bit RGB."""
    with Image.open(path) as image:
        return image.convert("RGB")


class Crops:
    """An endless source of square crops, with the chances of each kind of picture.

    Parameters
    ----------
    photos, paintings : list of PIL image
        The pictures.
    pool : list of (H, W, 3) float16 array
        Pictures that optimization passed through, in [0, 1]; may grow between batches.
    side : int
        Side of a crop, in pixels.
    """

    def __init__(self, photos, paintings, pool, side, generator):
        self.photos, self.paintings, self.pool = photos, paintings, pool
        self.side = side
        self.generator = generator

    def batch(self, count):
        """Return (count, side, side, 3) float32 crops in [0, 1]."""
        return np.stack([self._crop() for _ in range(count)]).astype(np.float32)

    def _crop(self):
        random = self.generator.random
        kind = random()
        # Renderings at coarse sizes are smaller than some crops.
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

    def _from(self, pictures):
        generator = self.generator
        picture = pictures[generator.integers(len(pictures))]
        # The scale of the crop: from fine detail, enlarged a little, to most of the picture.
        longest = min(picture.size)
        taken = int(np.exp(generator.uniform(np.log(min(self.side * 0.8, longest)), np.log(longest))))
        left = generator.integers(picture.width - taken + 1)
        top = generator.integers(picture.height - taken + 1)
        box = (left, top, left + taken, top + taken)
        crop = picture.resize((self.side, self.side), Image.Resampling.LANCZOS, box=box, reducing_gap=2.0)
        return self._turned(np.asarray(crop, dtype=np.float32) / 255)

    def _from_pool(self, pool):
        generator = self.generator
        # The newest pictures show the newest blind spots.
        age = int(len(pool) * generator.random() ** 1.5)
        picture = pool[len(pool) - 1 - age]
        top = generator.integers(picture.shape[0] - self.side + 1)
        left = generator.integers(picture.shape[1] - self.side + 1)
        return self._turned(picture[top : top + self.side, left : left + self.side].astype(np.float32))

    def _turned(self, crop):
        turned = np.rot90(crop, self.generator.integers(4))
        return turned[:, ::-1] if self.generator.random() < 0.5 else turned

    def _recolored(self, crop):
        generator = self.generator
        if generator.random() < 0.3:
            crop = crop[..., generator.permutation(3)]
        if generator.random() < 0.15:
            crop = np.repeat(crop.mean(axis=2, keepdims=True), 3, axis=2)
        if generator.random() < 0.15:
            crop = 1 - crop
        crop = np.clip(crop, 0, 1) ** np.exp(generator.normal(0, 0.35))
        gains = np.exp(generator.normal(0, 0.2, 3))
        return (crop - 0.5) * gains * np.exp(generator.normal(0, 0.3)) + 0.5 + generator.normal(0, 0.08, 3)

    def _disturbed(self, crop):
        generator = self.generator
        kind = generator.random()
        if kind < 0.25:
            return ndimage.gaussian_filter(crop, (generator.uniform(0.4, 2.5),) * 2 + (0,))
        if kind < 0.55:
            # What a start from noise looks like after a few steps.
            share = generator.random()
            return (1 - share) * crop + share * generator.random(crop.shape)
        noise = generator.normal(0, 1, (*crop.shape[:2], 3 if generator.random() < 0.6 else 1))
        if generator.random() < 0.4:
            noise = ndimage.gaussian_filter(noise, (generator.uniform(0.4, 1.5),) * 2 + (0,))
            noise /= noise.std()
        return crop + generator.uniform(0, 0.25) * noise

    def _synthetic(self):
        """Return what photos lack: flat fields, ramps, stripes of any period, pure noise."""
        generator = self.generator
        colors = generator.random((2, 3))
        rows, columns = np.mgrid[: self.side, : self.side]
        kind = generator.integers(4)
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
        noise = generator.normal(0, generator.choice([0, 0.01, 0.05]), (self.side, self.side, 3))
        return np.clip(colors[0] * (1 - field) + colors[1] * field + noise, 0, 1)
