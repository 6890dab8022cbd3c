"""Where the tiles of an image lie: what each sees and what it counts; pure geometry."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from maskstyle.images.pixels import Size
from maskstyle.networks.architectures import Architecture


class Span(NamedTuple):
    """One tile along one axis, in pixels.

    Parameters
    ----------
    start, stop : int
        What the network sees.
    first, last : int
        What the tile counts: from `first` on, up to but without `last`.
    """

    start: int
    stop: int
    first: int
    last: int


class CellSpan(NamedTuple):
    """What a tile counts along one axis, in cells of a layer's grid.

    Parameters
    ----------
    first, last : int
        In the grid of the whole image.
    start : int
        First cell of the tile's own grid, in the grid of the whole image.
    """

    first: int
    last: int
    start: int

    @property
    def own(self) -> slice:
        """The cells in the tile's own grid."""
        return slice(self.first - self.start, self.last - self.start)


class Tile(NamedTuple):
    """A rectangle of an image that is evaluated at a time.

    Parameters
    ----------
    rows, columns : Span
        Where it is.
    size : (height, width)
        Of the whole image.
    """

    rows: Span
    columns: Span
    size: Size

    @property
    def seen(self) -> tuple[slice, slice]:
        """The pixels that the network sees."""
        return slice(self.rows.start, self.rows.stop), slice(self.columns.start, self.columns.stop)

    def cells(self, grid: Size) -> tuple[CellSpan, CellSpan]:
        """Return the cells that the tile counts, on the grid that a layer has for the whole image."""
        rows, columns = (
            _cells(span, length, cells)
            for span, length, cells in zip((self.rows, self.columns), self.size, grid, strict=True)
        )
        return rows, columns


def _cells(span: Span, length: int, cells: int) -> CellSpan:
    # Grids are halved and rounded down, so the side of a cell is the power of 2 that fits.
    side = 1 << ((length // cells).bit_length() - 1)
    last = cells if span.last == length else span.last // side
    return CellSpan(span.first // side, last, span.start // side)


def needs_tiles(size: Size, side: int | None) -> bool:
    """Say whether an image is larger than what is evaluated at a time; `side` is None where nothing is cut."""
    return side is not None and max(size) > side


def halo(architecture: Architecture, layers: Iterable[str]) -> int:
    """Return how many pixels around it the cells of the deepest of some layers see.

    Examples
    --------
    >>> from maskstyle.networks.architectures import VGG19
    >>> halo(VGG19, ["block1_conv2"]), halo(VGG19, ["block3_conv3"]), halo(VGG19, ["block5_conv1"])
    (2, 18, 70)
    """
    return max(
        ((architecture.receptive_field(layer) - cell_side(architecture, layer)) // 2 for layer in layers), default=0
    )


def cell_side(architecture: Architecture, layer: str) -> int:
    """Return the side, in pixels, of a cell of a layer's grid."""
    far = 1 << 20
    return far // architecture.grid((far, far), layer)[0]


def cut_tiles(size: Size, side: int, *, around: int, cell: int) -> tuple[Tile, ...]:
    """Cut an image into tiles that all see a rectangle of the same shape.

    Parameters
    ----------
    size : (height, width)
        The image's.
    side : int
        How many pixels a tile may see along each axis, about: tiles are as large as they have to be to count
        anything, and no larger than needed.
    around : int
        Pixels that a tile must see around those that it counts, where the image goes on there.
    cell : int
        Side of the largest cell, in pixels: tiles begin at multiples of it.

    Returns
    -------
    tuple of Tile
        Row by row. Each pixel is counted by exactly one.

    Examples
    --------
    >>> cut_tiles((8, 21), 16, around=2, cell=4)[1].columns
    Span(start=4, stop=21, first=8, last=21)
    """
    rows, columns = (_spans(length, side, around, cell) for length in size)
    return tuple(Tile(row, column, size) for row in rows for column in columns)


def _spans(length: int, side: int, around: int, cell: int) -> list[Span]:
    """Return the tiles along one axis."""
    border = -(-around // cell) * cell
    # Every tile is as many whole cells long, and as many pixels more, as the last one, which ends with the image.
    rest = length % cell
    whole = length - rest
    longest = max(side // cell * cell, 2 * border + cell)
    if longest >= whole:
        return [Span(0, length, 0, length)]
    counted = longest - 2 * border
    number = -(-(whole - 2 * border) // counted)
    # As short as that number of tiles allows.
    seen = 2 * border + cell * -(-(whole - 2 * border) // (cell * number))
    starts = [(whole - seen) * each // ((number - 1) * cell) * cell for each in range(number)]
    borders = [0, *(start + border for start in starts[1:]), length]
    return [
        Span(start, start + seen + rest, first, last)
        for start, first, last in zip(starts, borders[:-1], borders[1:], strict=True)
    ]
