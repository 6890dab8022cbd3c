"""Weights of a soft mask on a layer's grid."""

from __future__ import annotations

import numpy as np

from maskstyle.errors import SettingsError
from maskstyle.images import Mask, Size


def soft_weights(mask: Mask, grid: Size, *, exponent: float = 1.0) -> tuple[Mask, float]:
    """Return a soft mask's pixel weights on a layer's grid, and what the Gram matrix is divided by.

    Parameters
    ----------
    mask : (H, W) float32 array
        Strength of the style at each pixel, in [0, 1].
    grid : (height, width)
        The layer's grid, H and W halved and rounded down as often as pooling comes before the layer.
    exponent : float
        Power of the mask that weighs pixels: 1, or 2 for features that are multiplied by the mask, as in the
        reference write-up of masked transfer, which underweights grey masks.

    Returns
    -------
    weights : (h, w) float32 array
        The mask, averaged over the area of each cell, to the power of `exponent`.
    divisor : float
        The sum of the averaged mask itself.

    Raises
    ------
    SettingsError
        Where the mask is 0 everywhere on the grid, so that it selects nothing.

    Examples
    --------
    >>> soft_weights(np.array([[1.0, 0.0], [1.0, 0.0]], np.float32), (1, 1), exponent=2)
    (array([[0.25]], dtype=float32), 0.5)
    """
    ratio = min(mask.shape[0] // grid[0], mask.shape[1] // grid[1])
    # Pooling drops the last odd row and column each time, and so does this; a cell's side is a power of 2.
    cell = 1 << (ratio.bit_length() - 1)
    covered = mask[: grid[0] * cell, : grid[1] * cell]
    average = covered.reshape(grid[0], cell, grid[1], cell).mean(axis=(1, 3), dtype=np.float32)
    divisor = float(average.sum(dtype=np.float64))
    if divisor == 0:
        raise SettingsError(
            f"the mask is 0 everywhere on a grid of {grid[0]}x{grid[1]} cells (height x width), so it selects "
            "nothing; paint some of it white"
        )
    return average ** np.float32(exponent), divisor
