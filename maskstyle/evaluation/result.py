"""The result of an evaluation, and its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskstyle import __version__
from maskstyle.evaluation.comparison import EvaluatedRegion
from maskstyle.evaluation.distances import Matrix, Untouched, leakage_ratios, nearest_other
from maskstyle.images.pixels import Size
from maskstyle.maps.colors import format_color
from maskstyle.settings import Settings, active


@dataclass(frozen=True, eq=False)
class Evaluation:
    """Distances of the regions of a result to styles and to the content image.

    Parameters
    ----------
    regions : tuple of EvaluatedRegion
        The R painted regions of the result; without maps, the whole image is the only one.
    style_regions : tuple of EvaluatedRegion
        The S styles to compare them with, own styles first.
    own : tuple of int
        For each of `regions`, the index of its own style in `style_regions`.
    confusion : (R, S) float64 array
        Relative style distances, averaged over layers; NaN if a region is too small for a layer.
    by_layer : mapping of str to (R, S) float64 array
        Relative style distances at each layer.
    content_distance : float or None
        Relative content distance of the whole image; None without a content image.
    content_distances : tuple of float or None
        Relative content distance of each of `regions`; None if it is too small for every content layer.
    untouched : Untouched or None
        Changes among the pixels that should equal the content image; None if it is unknown which these are.
    settings : Settings
        Settings of the evaluation: layers, propagation, size of the style image, pooling and padding.
    network : str
        Name of the network.
    compute_type : {"float32", "bfloat16"}
        Type of its convolutions.
    size, style_size : (height, width)
        Sizes at which the result and the style image were compared.
    notes : tuple of str
        Notes for the reader, such as a region that is too small for some layers.
    """

    regions: tuple[EvaluatedRegion, ...]
    style_regions: tuple[EvaluatedRegion, ...]
    own: tuple[int, ...]
    confusion: Matrix
    by_layer: Mapping[str, Matrix]
    content_distance: float | None
    content_distances: tuple[float | None, ...]
    untouched: Untouched | None
    settings: Settings
    network: str
    compute_type: str
    size: Size
    style_size: Size
    notes: tuple[str, ...] = ()

    @property
    def others(self) -> tuple[int, ...]:
        """Indices of the regions of the style image, without the whole style image."""
        return tuple(index for index, region in enumerate(self.style_regions) if region.color is not None)

    @property
    def own_distances(self) -> tuple[float | None, ...]:
        """Distance of each region to its own style; None if it is too small for every layer."""
        return tuple(_number(row[column]) for row, column in zip(self.confusion, self.own, strict=True))

    @property
    def nearest_others(self) -> tuple[int | None, ...]:
        """Index of the nearest other style of each region; None if there is none."""
        rows = zip(self.confusion, self.own, strict=True)
        return tuple(nearest_other(row, column, self.others) for row, column in rows)

    @property
    def leakage(self) -> tuple[float | None, ...]:
        """Own distance of each region divided by that to the nearest other style; above 1, the other is nearer."""
        return leakage_ratios(self.confusion, self.own, self.others)

    @property
    def leakage_by_layer(self) -> dict[str, tuple[float | None, ...]]:
        """Leakage at each layer."""
        return {layer: leakage_ratios(matrix, self.own, self.others) for layer, matrix in self.by_layer.items()}

    @property
    def style_distance(self) -> float | None:
        """Mean own distance, weighted by the regions' shares of the pixels; None if all are unknown."""
        pairs = zip(self.own_distances, self.regions, strict=True)
        known = [(distance, region.share) for distance, region in pairs if distance is not None]
        total = sum(share for _, share in known)
        return sum(distance * share for distance, share in known) / total if total else None

    @property
    def untouched_changed(self) -> float | None:
        """Share of changed pixels among those that should equal the content image; None if there are none."""
        return None if self.untouched is None else self.untouched.share

    def record(self) -> dict[str, Any]:
        """Return all measurements for JSON, with None for unknown values."""
        untouched = None if self.untouched is None else {**self.untouched._asdict(), "share": self.untouched.share}
        return {
            "version": __version__,
            "command": "evaluate",
            "network": self.network,
            "compute_type": self.compute_type,
            "pooling": self.settings.pooling,
            "padding": self.settings.padding,
            "propagation": self.settings.propagation,
            "size": list(self.size),
            "style_size": list(self.style_size),
            "layers": dict(active(self.settings.style_layers)),
            "content_layers": None if self.content_distance is None else dict(active(self.settings.content_layers)),
            "style_distance": self.style_distance,
            "content_distance": self.content_distance,
            "untouched": untouched,
            "regions": [self._region_record(row) for row in range(len(self.regions))],
            "style_regions": [_identity(region) for region in self.style_regions],
            "confusion": _nested(self.confusion),
            "confusion_by_layer": {layer: _nested(matrix) for layer, matrix in self.by_layer.items()},
            "leakage_by_layer": {layer: list(each) for layer, each in self.leakage_by_layer.items()},
            "notes": list(self.notes),
        }

    def _region_record(self, row: int) -> dict[str, Any]:
        nearest = self.nearest_others[row]
        return {
            **_identity(self.regions[row]),
            "own_style": self.style_regions[self.own[row]].name,
            "style_distance": self.own_distances[row],
            "nearest_other_style": None if nearest is None else self.style_regions[nearest].name,
            "leakage": self.leakage[row],
            "content_distance": self.content_distances[row],
        }


def _identity(region: EvaluatedRegion) -> dict[str, Any]:
    color = None if region.color is None else format_color(region.color)
    return {"name": region.name, "color": color, "share": region.share}


def _nested(matrix: Matrix) -> list[list[float | None]]:
    return [[_number(value) for value in row] for row in matrix]


def _number(value: np.float64 | float) -> float | None:
    return float(value) if np.isfinite(value) else None


def number_text(value: float | None) -> str:
    """Format a distance or a ratio with three digits.

    >>> number_text(0.012345), number_text(12.0), number_text(None)
    ('0.0123', '12', '-')
    """
    return "-" if value is None or not np.isfinite(value) else f"{value:.3g}"
