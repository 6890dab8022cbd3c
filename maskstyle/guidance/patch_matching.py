"""Semantic patch matching: for each patch of the picture, the style patch with the most similar map.

After Champandard, "Semantic Style Transfer and Turning Two-Bit Doodles into Fine Artworks" (2016): patches are
matched by the colors of the maps. His patches are 3x3 cells of one layer, and his loss compares them with their
matches cell by cell. Here patches may be large and are compared by their Gram matrices, so that the match decides
the style of each patch, not the place of each stroke.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.patches import Patches, mean_parts
from maskstyle.guidance.regions import Labels
from maskstyle.maps.colors import Color
from maskstyle.settings import PatchSettings

PARTS = 8
"""Most parts of a patch each way whose mean colors are compared: memory does not grow with the patch."""

FEATURE_PARTS = 2
"""The same for network features, which have many more channels than colors do."""

SLACK = 0.03
"""Fraction of a patch that may lie in a wrong region in exchange for less repetition or a better position."""

TIE = 1e-4
"""Weight of the distance of relative positions, as a fraction of the image, where nothing else decides."""

SLICE_SCORES = 1 << 22
"""Pairs of patches to compare at a time."""

Array = NDArray[np.float32]


class Mapped(NamedTuple):
    """One image on a layer's grid: its regions, its patches and perhaps its features."""

    labels: Labels  # (H, W): region of each cell; -1 is none
    colors: tuple[Color, ...]  # the map color of each region
    patches: Patches  # the patches of the grid
    features: Array | None = None  # (H, W, C): features of the layer, if they are compared


def match_patches(
    content: Mapped, style: Mapped, settings: PatchSettings, *, wanted: NDArray[np.bool_] | None = None
) -> NDArray[np.int32]:
    """Return the index of the style patch, (P,), that each wanted patch of a picture takes its style from.

    Regions that match have the same color in both maps. The index is -1 for a patch outside all regions, and for all
    patches where the whole style image is outside all regions.

    The maps come first. A candidate is eligible only if its map is as similar as that of the best candidate, up to
    `SLACK`: a patch never takes the style of a wrong region because the right one was used already. Among the
    eligible, the highest score wins: the similarity of the maps, plus those of positions and features times their
    weights, minus `repetition` for each earlier use. Using a candidate also uses the candidates that overlap it, in
    proportion. Ties go to the nearest relative position.

    Patches choose one after the other, those with the fewest eligible candidates first: a patch on a rare border
    chooses before those in wide areas, which have alternatives. Among equals, the upper left comes first.
    """
    scorer = _Scorer(content, style, settings)
    if wanted is not None:
        scorer.known &= wanted
    choices = np.concatenate([eligible.sum(axis=1) for _, _, eligible in scorer.slices(np.arange(len(scorer.known)))])
    matches = np.full(len(scorer.known), -1, np.int32)
    used = _Used(content.patches, style.patches)
    for chosen, scores, eligible in scorer.slices(np.argsort(choices, kind="stable")):
        for index, score, allowed in zip(chosen, scores, eligible, strict=True):
            if scorer.known[index]:
                left = np.where(allowed, score - settings.repetition * used.counts(index), -np.inf)
                matches[index] = left.argmax()
                used.add(int(index), int(matches[index]))
    return matches


class _Scorer:
    """Scores candidates for patches, some patches at a time."""

    def __init__(self, content: Mapped, style: Mapped, settings: PatchSettings) -> None:
        sides = [min(each.patches.shape) for each in (content, style)]
        looks = [_looks(each, min(PARTS, *sides), settings.similarity) for each in (content, style)]
        self._candidates = (looks[1].colors != 0).any(axis=1)
        self.known = (looks[0].colors != 0).any(axis=1) & self._candidates.any()
        self._content, self._style = looks
        self._slack = SLACK * (1 - _greatest_cosine(style.colors)) * (0.5 if settings.similarity == "ncc" else 1)
        self._centers = content.patches.centers(), style.patches.centers()
        self._features = None
        if settings.feature_weight > 0 and content.features is not None and style.features is not None:
            parts = min(FEATURE_PARTS, *sides)
            self._features = [_unit(_centered_features(each, parts)) for each in (content, style)]
        self._settings = settings

    def slices(self, order: NDArray[np.intp]) -> Iterator[tuple[NDArray[np.intp], Array, NDArray[np.bool_]]]:
        """Yield patches in an order, with the score and the eligibility of every candidate."""
        count = max(1, SLICE_SCORES // len(self._candidates))
        for start in range(0, len(order), count):
            chosen = order[start : start + count]
            similarity = np.where(self._candidates, self._similarity(chosen), np.float32(-np.inf))
            eligible = similarity >= similarity.max(axis=1, keepdims=True) - self._slack
            yield chosen, similarity + self._others(chosen), eligible

    def _similarity(self, chosen: NDArray[np.intp]) -> Array:
        colors: Array = self._content.colors[chosen] @ self._style.colors.T
        if self._content.shapes is None or self._style.shapes is None:
            return colors
        shapes = self._content.shapes[chosen] @ self._style.shapes.T
        both_flat = np.logical_and.outer(~self._content.shapes[chosen].any(axis=1), ~self._style.shapes.any(axis=1))
        return np.asarray((colors + np.where(both_flat, np.float32(1), shapes)) / 2, np.float32)

    def _others(self, chosen: NDArray[np.intp]) -> Array:
        here, there = self._centers
        distance = np.hypot(*(np.subtract.outer(here[chosen, axis], there[:, axis]) for axis in (0, 1)))
        score = self._settings.position_weight * (1 - distance) - TIE * distance
        if self._features is not None:
            score += self._settings.feature_weight * (self._features[0][chosen] @ self._features[1].T)
        return np.asarray(score, np.float32)


class _Used:
    """How often each candidate has been used.

    Using a candidate also uses those that overlap it, in proportion. Patches that overlap in the picture may overlap
    in the style image as much: neighbors that match neighbors repeat nothing.
    """

    def __init__(self, patches: Patches, candidates: Patches) -> None:
        self._corners = patches.corners()
        self._shape = patches.shape
        self._candidates = candidates
        self._all = np.zeros(candidates.number, np.float32)
        self._matches = np.full(patches.number, -1)

    def counts(self, patch: int) -> Array:
        """Return how often a patch would repeat each candidate."""
        apart = np.abs(self._corners - self._corners[patch])
        overlapping = (apart < self._shape).all(axis=1) & (self._matches >= 0)
        repeated = self._all
        for other in np.flatnonzero(overlapping):
            shared = np.prod(1 - apart[other] / self._shape)
            repeated = repeated - np.minimum(self._overlaps(int(self._matches[other])), np.float32(shared))
        return repeated

    def add(self, patch: int, candidate: int) -> None:
        """Count one use."""
        self._matches[patch] = candidate
        self._all += self._overlaps(candidate)

    def _overlaps(self, candidate: int) -> Array:
        """Return the fraction of each candidate that one candidate overlaps."""
        row, column = divmod(candidate, len(self._candidates.lefts))
        shares = []
        for starts, index, extent in zip(
            (self._candidates.tops, self._candidates.lefts), (row, column), self._candidates.shape, strict=True
        ):
            apart = np.abs(np.subtract(starts, starts[index]))
            shares.append(np.maximum(0, 1 - apart / extent).astype(np.float32))
        return np.multiply.outer(*shares).ravel()


class _Looks(NamedTuple):
    """The patches of a map as unit vectors: their colors, and these minus their mean, 0 for flat patches."""

    colors: Array
    shapes: Array | None


def _looks(mapped: Mapped, parts: int, similarity: str) -> _Looks:
    lifted = np.concatenate([_lifted(mapped.colors), np.zeros((1, 4), np.float32)])  # label -1 is the last row
    means = mean_parts(lifted[mapped.labels], mapped.patches, parts)
    shapes = _unit(means - means.mean(axis=1, keepdims=True)) if similarity == "ncc" else None
    return _Looks(_unit(means), shapes)


def _lifted(colors: tuple[Color, ...]) -> Array:
    """Return colors (K, 4) as points of the unit sphere.

    Mid gray is the pole; black and white lie on opposite sides of it. The cosine of two plain colors would not
    distinguish black from dark gray, which point in the same direction; on the sphere it is 1 for equal colors only.
    """
    centered = (np.asarray(colors, np.float64).reshape(-1, 3) - 127.5) / 255.0
    pole = np.sqrt(1 - np.square(centered).sum(axis=1, keepdims=True))
    return np.concatenate([centered, pole], axis=1).astype(np.float32)


def _greatest_cosine(colors: tuple[Color, ...]) -> float:
    """Return the greatest cosine of two different colors of a map."""
    lifted = _lifted(colors).astype(np.float64)
    cosines = (lifted @ lifted.T)[~np.eye(len(colors), dtype=bool)]
    return float(cosines.max(initial=-1.0))


def _centered_features(mapped: Mapped, parts: int) -> Array:
    assert mapped.features is not None
    return mean_parts(mapped.features - mapped.features.mean(axis=(0, 1)), mapped.patches, parts)


def _unit(parts: Array) -> Array:
    """Return (P, parts * parts * K) unit vectors; vectors of length 0, up to rounding, stay 0."""
    flat = parts.reshape(len(parts), -1)
    lengths = np.linalg.norm(flat, axis=1, keepdims=True)
    return np.where(lengths > 1e-5, flat / np.maximum(lengths, 1e-5), np.float32(0)).astype(np.float32)
