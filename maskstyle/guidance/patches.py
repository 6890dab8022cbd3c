"""Patches of a layer's grid: where they lie, means over their parts, and a picture of their matches."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.images.pixels import Image, Size

MOST_CANDIDATES = 4096
"""Most candidates in a style image: the stride doubles until there are no more."""


class Patches(NamedTuple):
    """Rectangles of one shape on a layer's grid, in rows and columns.

    >>> patches = Patches((4, 6), (2, 2), (0, 2), (0, 2, 4))
    >>> patches.number, patches.first_cells().tolist(), patches.offsets().tolist()
    (6, [0, 2, 4, 12, 14, 16], [0, 1, 6, 7])
    """

    grid: Size  # the layer's grid, in cells
    shape: Size  # cells of each patch
    # First row of each row of patches, and first column of each column of patches, rising.
    tops: tuple[int, ...]
    lefts: tuple[int, ...]

    @property
    def number(self) -> int:
        """Number of patches, counted row by row."""
        return len(self.tops) * len(self.lefts)

    @property
    def cells(self) -> int:
        """Cells of each patch."""
        return self.shape[0] * self.shape[1]

    def corners(self) -> NDArray[np.int32]:
        """Return (P, 2) the first row and column of each patch."""
        rows, columns = np.meshgrid(self.tops, self.lefts, indexing="ij")
        return np.stack([rows.ravel(), columns.ravel()], axis=1).astype(np.int32)

    def first_cells(self) -> NDArray[np.int32]:
        """Return (P,) the flat index of each patch's first cell."""
        corners = self.corners()
        return np.asarray(corners[:, 0] * self.grid[1] + corners[:, 1], np.int32)

    def offsets(self) -> NDArray[np.int32]:
        """Return (N,) the offset of each cell of a patch from its first, in flat indices."""
        rows, columns = np.indices(self.shape)
        return np.asarray((rows * self.grid[1] + columns).ravel(), np.int32)

    def centers(self) -> NDArray[np.float64]:
        """Return (P, 2) the center of each patch, as fractions of the grid's height and width."""
        return (self.corners() + np.divide(self.shape, 2)) / self.grid


def cells_across(size: float, side: int) -> int:
    """Return the cells across a patch of `size` pixels, for cells of `side` pixels: at least one."""
    return max(1, round(size / side))


def cut_patches(
    grid: Size, side: int, *, size: float, stride: float, offset: tuple[float, float], rim: int = 0
) -> Patches:
    """Cut a layer's grid into patches that cover every cell except those of a rim.

    `grid` and `rim` are in cells; `side` of a cell, `size` of a patch, `stride` and `offset` (down, right) in pixels.
    A patch is at least a cell and at most the grid; those that would cross an edge are aligned with it. The rim is
    left out where a patch would not fit into the rest.

    >>> cut_patches((10, 4), 2, size=8, stride=8, offset=(0, 0))
    Patches(grid=(10, 4), shape=(4, 4), tops=(0, 4, 6), lefts=(0,))
    """
    cells = cells_across(size, side)
    step = max(1, min(round(stride / side), cells))
    starts = []
    for length, shift in zip(grid, offset, strict=True):
        margin = _fitting_rim(length, cells, rim)
        wanted = np.arange(round(shift / side) % step - step, length, step)
        last = length - min(cells, length) - margin
        starts.append(tuple(int(start) for start in np.unique(np.clip(wanted, margin, last))))
    return Patches(grid, (min(cells, grid[0]), min(cells, grid[1])), *starts)


def _fitting_rim(length: int, cells: int, rim: int) -> int:
    return rim if length - cells >= 2 * rim else 0


def candidate_patches(grid: Size, cells: int, *, rim: int = 0) -> Patches:
    """Return the patches, of some cells across, of a style image's grid that patches may be matched to.

    Every offset is a candidate if there are at most `MOST_CANDIDATES`; else every second, fourth and so on. A cell of
    a deeper layer stands for 2, 4, ... pixels, so all layers offer the same places. For the rim see `cut_patches`.
    """
    own = (min(cells, grid[0]), min(cells, grid[1]))
    for stride in (1 << power for power in itertools.count()):
        tops, lefts = (
            _starts(_fitting_rim(length, cells, rim), length, extent, stride)
            for length, extent in zip(grid, own, strict=True)
        )
        if len(tops) * len(lefts) <= MOST_CANDIDATES:
            break
    return Patches(grid, own, tops, lefts)


def _starts(rim: int, length: int, extent: int, stride: int) -> tuple[int, ...]:
    """Return the first cells at every stride, and that of the last patch."""
    last = length - extent - rim
    return (*range(rim, last, stride), last)


def mean_parts(values: NDArray[np.float32], patches: Patches, parts: int) -> NDArray[np.float32]:
    """Return the means (P, parts * parts, K) of values (H, W, K) over the parts of each patch.

    A patch has as many parts each way, at most its cells that way.
    """
    sums = np.zeros((values.shape[0] + 1, values.shape[1] + 1, values.shape[2]))
    sums[1:, 1:] = values.cumsum(axis=0, dtype=np.float64).cumsum(axis=1)
    row_cuts, column_cuts = (np.arange(parts + 1) * extent // parts for extent in patches.shape)
    rows = np.add.outer(patches.tops, row_cuts)
    columns = np.add.outer(patches.lefts, column_cuts)
    below, above = rows[:, None, 1:, None], rows[:, None, :-1, None]
    after, before = columns[None, :, None, 1:], columns[None, :, None, :-1]
    totals = sums[below, after] - sums[above, after] - sums[below, before] + sums[above, before]
    areas = (below - above) * (after - before)
    means = totals / areas[..., np.newaxis]
    return np.asarray(means.reshape(patches.number, parts * parts, -1), np.float32)


def draw_matches(
    style: Image, patches: Patches, candidates: Patches, matches: NDArray[np.int32], size: Size
) -> Image:
    """Return a picture in which each patch shows its match in the style image, at the size at which it was matched.

    Where patches overlap, the one with the nearest center shows; mid gray where there is no match.
    """
    picture_rows, rows = _owners(patches.tops, patches.shape[0], patches.grid[0], size[0])
    picture_columns, columns = _owners(patches.lefts, patches.shape[1], patches.grid[1], size[1])
    chosen = matches.reshape(len(patches.tops), len(patches.lefts))[np.ix_(rows, columns)]
    corners = candidates.corners()[np.maximum(chosen, 0)]
    found = []
    for axis, inside in enumerate((picture_rows[:, np.newaxis], picture_columns[np.newaxis, :])):
        pixels_per_cell = style.shape[axis] / candidates.grid[axis]
        share = np.minimum(inside, candidates.shape[axis] - 1e-6)
        found.append(np.minimum(((corners[..., axis] + share) * pixels_per_cell).astype(int), style.shape[axis] - 1))
    picture = style[found[0], found[1]]
    return np.where((chosen >= 0)[..., np.newaxis], picture, np.float32(0.5))


def _owners(
    starts: tuple[int, ...], extent: int, cells: int, pixels: int
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the patch with the nearest center for each pixel of an axis, and the pixel's offset in it in cells."""
    at = (np.arange(pixels) + 0.5) * cells / pixels
    first = np.asarray(starts)
    distance = np.abs(np.subtract.outer(at, first + extent / 2))
    owner = distance.argmin(axis=1)
    return at - first[owner], owner
