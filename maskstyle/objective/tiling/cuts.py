"""Cut an image into tiles: pure geometry.

A tile has a core and, around it, a halo. The cores partition the image, so that each pixel and each cell of a layer
belongs to exactly one tile. The halo is what the receptive fields of the core's cells cover outside the core.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from maskstyle.images.pixels import Size
from maskstyle.networks.architectures import Architecture


class Span(NamedTuple):
    """One tile along one axis, in pixels."""

    # The tile with its halo, the input of the network.
    start: int
    stop: int
    # The core: from `first` up to but without `last`.
    first: int
    last: int


class CellSpan(NamedTuple):
    """The core of a tile along one axis, in cells of a layer's grid."""

    # The core on the grid of the whole image, without `last`.
    first: int
    last: int
    start: int  # first cell of the tile on the grid of the whole image

    @property
    def in_tile(self) -> slice:
        """The core on the tile's own grid."""
        return slice(self.first - self.start, self.last - self.start)


class Tile(NamedTuple):
    """A rectangle of an image."""

    # The tile along each axis.
    rows: Span
    columns: Span
    size: Size  # size of the whole image

    @property
    def window(self) -> tuple[slice, slice]:
        """The pixels of the tile with its halo."""
        return slice(self.rows.start, self.rows.stop), slice(self.columns.start, self.columns.stop)

    def cells(self, grid: Size) -> tuple[CellSpan, CellSpan]:
        """Return the core's cells on the grid that a layer has for the whole image."""
        rows, columns = (
            _cells(span, length, cells)
            for span, length, cells in zip((self.rows, self.columns), self.size, grid, strict=True)
        )
        return rows, columns


def _cells(span: Span, length: int, cells: int) -> CellSpan:
    # Pooling halves a grid and rounds down, so the side of a cell is the largest power of 2 that fits.
    side = 1 << ((length // cells).bit_length() - 1)
    return CellSpan(span.first // side, span.last // side, span.start // side)


def needs_tiles(size: Size, side: int | None) -> bool:
    """Return whether an image is larger than a tile; a `side` of None stands for no tiles."""
    return side is not None and max(size) > side


def halo(architecture: Architecture, layers: Iterable[str]) -> int:
    """Return how many pixels beyond a cell its receptive field reaches, for the deepest of some layers.

    >>> from maskstyle.networks.architectures import VGG19
    >>> halo(VGG19, ["block1_conv2"]), halo(VGG19, ["block3_conv3"]), halo(VGG19, ["block5_conv1"])
    (2, 18, 70)
    """
    return max(
        ((architecture.receptive_field(layer) - stride(architecture, layer)) // 2 for layer in layers), default=0
    )


def stride(architecture: Architecture, layer: str) -> int:
    """Return the side, in pixels, of a cell of a layer's grid."""
    far = 1 << 20
    return far // architecture.grid((far, far), layer)[0]


def cut_tiles(size: Size, side: int, *, around: int, cell: int) -> tuple[Tile, ...]:
    """Cut an image into tiles of equal shape, halo included, row by row.

    `side` is the approximate maximum side of a tile, `around` the width of the halo; there is none at an edge of the
    image. Tiles are larger where the halo would leave no core, and no larger than the number of tiles requires; they
    start at multiples of the largest cell.

    >>> cut_tiles((8, 21), 16, around=2, cell=4)[1].columns
    Span(start=4, stop=21, first=8, last=21)
    """
    rows, columns = (_spans(length, side, around, cell) for length in size)
    return tuple(Tile(row, column, size) for row in rows for column in columns)


def _spans(length: int, side: int, around: int, cell: int) -> list[Span]:
    """Return the tiles along one axis."""
    border = -(-around // cell) * cell
    # The last tile ends with the image, so all tiles are some whole cells and `rest` pixels long.
    rest = length % cell
    whole = length - rest
    longest = max(side // cell * cell, 2 * border + cell)
    if longest >= whole:
        return [Span(0, length, 0, length)]
    core = longest - 2 * border
    number = -(-(whole - 2 * border) // core)
    # As short as this number of tiles allows.
    tile = 2 * border + cell * -(-(whole - 2 * border) // (cell * number))
    starts = [(whole - tile) * each // ((number - 1) * cell) * cell for each in range(number)]
    borders = [0, *(start + border for start in starts[1:]), length]
    return [
        Span(start, start + tile + rest, first, last)
        for start, first, last in zip(starts, borders[:-1], borders[1:], strict=True)
    ]
