"""What an evaluation found, and its record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from maskstyle import __version__
from maskstyle.evaluation.distances import Matrix, Untouched, leakages, nearest_other
from maskstyle.evaluation.setup import JudgedRegion
from maskstyle.images.pixels import Size
from maskstyle.maps.io import format_color
from maskstyle.settings import Settings, active


@dataclass(frozen=True, eq=False)
class Evaluation:
    """How near the regions of a result are to styles and to the content.

    Parameters
    ----------
    regions : tuple of JudgedRegion
        The regions of the result that were painted, R of them; one, the whole picture, without maps.
    style_regions : tuple of JudgedRegion
        The S styles that they are compared with, the own ones first.
    own : tuple of int
        For each of `regions` the position among `style_regions` of what it was painted in.
    confusion : (R, S) float64 array
        Relative style distances, averaged over layers; NaN where a region is too small for a layer.
    by_layer : mapping of str to (R, S) float64 array
        The same at each layer.
    content_distance : float or None
        Relative content distance of the whole picture; None without a content.
    content_distances : tuple of float or None
        That of each of `regions`; None where it is too small for every content layer.
    untouched : Untouched or None
        What became of the pixels that were to stay; None where nothing says which.
    settings : Settings
        How it was judged: layers, propagation, size of the style image, pooling and padding.
    network : str
        The network that judged.
    compute_type : {"float32", "bfloat16"}
        The type that its convolutions ran in.
    size, style_size : (height, width)
        The sizes at which result and style image were compared.
    remarks : tuple of str
        What whoever reads this should know, such as a region too small for some layers.
    """

    regions: tuple[JudgedRegion, ...]
    style_regions: tuple[JudgedRegion, ...]
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
    remarks: tuple[str, ...] = ()

    @property
    def others(self) -> tuple[int, ...]:
        """Positions of the style's regions; the whole style image is no other style of any region."""
        return tuple(index for index, region in enumerate(self.style_regions) if region.color is not None)

    @property
    def own_distances(self) -> tuple[float | None, ...]:
        """The distance of each region to what it was painted in; None where it is too small for every layer."""
        return tuple(_number(row[column]) for row, column in zip(self.confusion, self.own, strict=True))

    @property
    def nearest_others(self) -> tuple[int | None, ...]:
        """Position of the nearest other style of each region, None where there is none."""
        rows = zip(self.confusion, self.own, strict=True)
        return tuple(nearest_other(row, column, self.others) for row, column in rows)

    @property
    def leakage(self) -> tuple[float | None, ...]:
        """For each region its own distance divided by the nearest other style's: above 1 is nearer to another."""
        return leakages(self.confusion, self.own, self.others)

    @property
    def leakage_by_layer(self) -> dict[str, tuple[float | None, ...]]:
        """The leakage at each layer."""
        return {layer: leakages(matrix, self.own, self.others) for layer, matrix in self.by_layer.items()}

    @property
    def style_distance(self) -> float | None:
        """Mean of the own distances, each region by its share of the pixels; None where there are none."""
        pairs = zip(self.own_distances, self.regions, strict=True)
        known = [(distance, region.share) for distance, region in pairs if distance is not None]
        total = sum(share for _, share in known)
        return sum(distance * share for distance, share in known) / total if total else None

    @property
    def untouched_changed(self) -> float | None:
        """Share of the pixels that were to stay and changed; None where there are none, or nothing says which."""
        return None if self.untouched is None else self.untouched.share

    def record(self) -> dict[str, Any]:
        """Return everything, ready for JSON, with None for what is not known."""
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
            "regions": [self._record_of(row) for row in range(len(self.regions))],
            "style_regions": [_described(region) for region in self.style_regions],
            "confusion": _nested(self.confusion),
            "confusion_by_layer": {layer: _nested(matrix) for layer, matrix in self.by_layer.items()},
            "leakage_by_layer": {layer: list(each) for layer, each in self.leakage_by_layer.items()},
            "remarks": list(self.remarks),
        }

    def _record_of(self, row: int) -> dict[str, Any]:
        nearest = self.nearest_others[row]
        return {
            **_described(self.regions[row]),
            "own_style": self.style_regions[self.own[row]].name,
            "style_distance": self.own_distances[row],
            "nearest_other_style": None if nearest is None else self.style_regions[nearest].name,
            "leakage": self.leakage[row],
            "content_distance": self.content_distances[row],
        }


def _described(region: JudgedRegion) -> dict[str, Any]:
    color = None if region.color is None else format_color(region.color)
    return {"name": region.name, "color": color, "share": region.share}


def _nested(matrix: Matrix) -> list[list[float | None]]:
    return [[_number(value) for value in row] for row in matrix]


def _number(value: np.float64 | float) -> float | None:
    return float(value) if np.isfinite(value) else None


def number_text(value: float | None) -> str:
    """Write a distance or a ratio for people.

    Examples
    --------
    >>> number_text(0.012345), number_text(12.0), number_text(None)
    ('0.0123', '12', '-')
    """
    return "-" if value is None or not np.isfinite(value) else f"{value:.3g}"
