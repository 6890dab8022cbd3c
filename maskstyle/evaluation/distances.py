"""Relative distances between regions, from their Gram matrices, features and pixels; NumPy in float64."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.cells import CellWeights
from maskstyle.images.pixels import Image, Mask, resize_image, size_of, to_uint8
from maskstyle.objective.terms import TINY
from maskstyle.settings import LayerMix

Matrix: TypeAlias = NDArray[np.float64]
"""(R, S): a row for each region of the result, a column for each style; NaN where there is no distance."""


def style_distances(
    grams: Mapping[int, NDArray[np.float32]],
    targets: Mapping[int, NDArray[np.float32]],
    rows: Sequence[int],
    columns: Sequence[int],
) -> Matrix:
    """Return ``||G_r - T_s||^2 / ||T_s||^2`` for every region r of a result and every style s, at one layer.

    Both have Gram matrices (C, C) by label. `rows` and `columns` are the labels in order; a region that is missing,
    since it is too small for the layer, is NaN in its row or column.

    >>> gram, target = np.array([[1.0]], np.float32), np.array([[2.0]], np.float32)
    >>> style_distances({0: gram}, {5: target, 6: gram}, [0], [5, 6, 7]).tolist()
    [[0.25, 0.0, nan]]
    """
    distances = np.full((len(rows), len(columns)), np.nan)
    for column, style_label in enumerate(columns):
        if style_label not in targets:
            continue
        target = targets[style_label].astype(np.float64)
        size = max(float(np.sum(np.square(target))), TINY)
        for row, label in enumerate(rows):
            if label in grams:
                distances[row, column] = float(np.sum(np.square(grams[label] - target))) / size
    return distances


def mean_over_layers(by_layer: Mapping[str, Matrix], mix: LayerMix, own: Sequence[int]) -> Matrix:
    """Return the weighted mean of the layers' distances, each row over the same layers.

    `own` is the column of each row's own style. The mean of a row is over the layers with a distance in this column.
    A style without a distance at one of these layers is NaN: its mean would not be comparable.
    """
    first = next(iter(by_layer.values()))
    mean = np.full(first.shape, np.nan)
    for row, column in enumerate(own):
        known = [(layer, weight) for layer, weight in mix if np.isfinite(by_layer[layer][row, column])]
        if known:
            total = sum(weight for _, weight in known)
            mean[row] = sum(weight / total * by_layer[layer][row] for layer, weight in known)
    return mean


def leakage_ratios(distances: Matrix, own: Sequence[int], others: Sequence[int]) -> tuple[float | None, ...]:
    """Return each region's distance to its own style, divided by that to the nearest other style.

    0: exactly the own style. Below 1: nearer to the own style than to any other. None: no other style. `own` is the
    column of each row's own style, and `others` are the columns that count as other styles. A row with another own
    style has no leakage: its own style is the whole style image, and the others are parts of it.

    >>> leakage_ratios(np.array([[0.1, 0.4], [0.3, 0.2]]), own=[0, 0], others=[0, 1])
    (0.25, 1.4999999999999998)
    """
    ratios: list[float | None] = []
    for row, column in zip(distances, own, strict=True):
        nearest = nearest_other(row, column, others)
        known = nearest is not None and np.isfinite(row[column])
        ratios.append(float(row[column]) / max(float(row[nearest]), TINY) if known else None)
    return tuple(ratios)


def nearest_other(row: NDArray[np.float64], own: int, others: Sequence[int]) -> int | None:
    """Return the column of the nearest style other than a row's own, or None."""
    known = [column for column in others if column != own and np.isfinite(row[column])]
    return min(known, key=lambda column: float(row[column])) if known and own in others else None


def content_distance(
    features: NDArray[np.float32], target: NDArray[np.float32], cells: CellWeights | None = None
) -> float:
    """Return ``mean((F - F_content)^2) / mean(F_content^2)`` over a layer, or over some or weighted cells."""
    found, wanted = (each.reshape(-1, each.shape[-1]).astype(np.float64) for each in (features, target))
    if cells is not None and cells.cells is not None:
        found, wanted = found[cells.cells], wanted[cells.cells]
    squares, sizes = (np.square(each).mean(axis=1) for each in (found - wanted, wanted))
    weights = None if cells is None or cells.weights is None else cells.weights.ravel().astype(np.float64)
    return float(np.average(squares, weights=weights) / max(float(np.average(sizes, weights=weights)), TINY))


class Untouched(NamedTuple):
    """Changes among the pixels that should equal the content image.

    Parameters
    ----------
    pixels : int
        Number of these pixels.
    changed : int
        How many of them differ from the content image in 8 bits, in any color or in opacity.
    largest : int
        The largest difference, in [0, 255].
    """

    pixels: int
    changed: int
    largest: int

    @property
    def share(self) -> float | None:
        """Share of these pixels that changed, in [0, 1]; None if there are none."""
        return self.changed / self.pixels if self.pixels else None


def compare_untouched(
    result: Image,
    content: Image,
    untouched: NDArray[np.bool_],
    *,
    alpha: Mask | None = None,
    content_alpha: Mask | None = None,
) -> Untouched:
    """Compare the unpainted pixels of a result with the content image, resized as a transfer resizes it.

    `untouched` is True where the result should equal the content image.

    >>> content = np.zeros((1, 3, 3), np.float32)
    >>> result = content + np.array([0, 0.4, 1], np.float32)[:, np.newaxis]
    >>> compare_untouched(result, content, np.array([[True, True, False]]))
    Untouched(pixels=2, changed=1, largest=102)
    """
    size = size_of(result)
    resized = None if content_alpha is None else resize_image(content_alpha, size)
    before = _rgba(resize_image(content, size), resized)[untouched]
    after = _rgba(result, alpha)[untouched]
    shown = (before[:, 3] > 0) | (after[:, 3] > 0)  # colors beneath alpha 0 mean nothing
    before, after = before[shown], after[shown]
    if alpha is not None:
        # A result saved with --transparent is transparent wherever nothing was painted.
        hidden = after[:, 3] == 0
        after[hidden, 3] = before[hidden, 3]
    differences = np.abs(after.astype(np.int16) - before).max(axis=1, initial=0)
    return Untouched(len(differences), int(np.count_nonzero(differences)), int(differences.max(initial=0)))


def _rgba(image: Image, alpha: Mask | None) -> NDArray[np.uint8]:
    opacity = np.full(image.shape[:2], 255, np.uint8) if alpha is None else to_uint8(alpha)
    return np.dstack([to_uint8(image), opacity])
