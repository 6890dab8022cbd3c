"""Patches with their target Gram matrices: cut on each style layer's grid and matched by the semantic maps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.patch_matching import Mapped, match_patches
from maskstyle.guidance.patches import Patches, candidate_patches, cells_across, cut_patches, draw_matches, mean_parts
from maskstyle.guidance.regions import Labels, majority_labels
from maskstyle.guidance.soft_masks import cell_side, soft_weights
from maskstyle.images.pixels import Image, Mask, Size, size_of
from maskstyle.maps.colors import Color, color_name, format_color
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.assemble import counted_channels
from maskstyle.objective.extract import Extractor
from maskstyle.objective.patch_gram import PatchPlaces, PatchTarget, measured_rows, slice_patches, style_patches
from maskstyle.objective.terms import TINY, PatchTerm, gram_scale, with_least_size
from maskstyle.settings import ObjectiveSettings, PatchSettings, active

RIM = 1
"""Cells along the edges of a grid next to padding: leaving out one is enough to avoid a line, by looking."""


class MapPair(NamedTuple):
    """The semantic maps of a picture and of a style image, at their sizes, with colors that agree."""

    # (H, W) and (h, w): region of each pixel; -1 is none.
    labels: Labels
    # Color of each region; regions that match have the same color in both.
    colors: tuple[Color, ...]
    style_labels: Labels
    style_colors: tuple[Color, ...]


class LayerMatches(NamedTuple):
    """The matches of the patches of one layer."""

    # Of the picture, and of the style.
    patches: Patches
    candidates: Patches
    matches: NDArray[np.int32]  # (P,): index of a candidate for each patch, -1 where there is none
    # (P,): share of all visible cells that each patch represents; they sum to 1, except for cells of no region.
    shares: NDArray[np.float64]
    # (P, N): how much of each cell of each patch is visible, in [0, 1]; None: all of it.
    visible: NDArray[np.float32] | None = None


Matches: TypeAlias = Mapping[str, LayerMatches]
"""Matches by style layer."""


def patch_matches(
    extractor: Extractor,
    maps: MapPair,
    style: Image,
    settings: ObjectiveSettings,
    patch_settings: PatchSettings,
    *,
    scale: float = 1.0,
    content: Image | None = None,
    alpha: Mask | None = None,
) -> dict[str, LayerMatches]:
    """Cut the grid of each style layer into patches and match them.

    `scale` is the size of the picture relative to the size that `patch_settings` refer to. Features are compared if
    there is a content image. Transparent cells do not count, and wholly transparent patches match nothing.
    """
    network = extractor.network
    layers = [layer for layer, _ in active(settings.style_layers)]
    features: list[dict[str, Tensor]] = [{}, {}]
    if patch_settings.feature_weight > 0 and content is not None:
        features = [extractor.features(image, layers) for image in (content, style)]
    found = {}
    for layer in layers:
        sides = [_on_grid(network, layer, labels) for labels in (maps.labels, maps.style_labels)]
        rim = _rim(network, layer)
        side, size = cell_side(maps.labels.shape, sides[0].shape), patch_settings.patch_size * scale
        patches = cut_patches(
            sides[0].shape,
            side,
            size=size,
            stride=patch_settings.stride * scale,
            offset=(patch_settings.patch_offset[0] * scale, patch_settings.patch_offset[1] * scale),
            rim=rim,
        )
        candidates = candidate_patches(sides[1].shape, cells_across(size, side), rim=rim)
        here, there = (_array(each.get(layer)) for each in features)
        visible = None if alpha is None else soft_weights(alpha, sides[0].shape)[0]
        shares = _shares(sides[0], patches, visible)
        matches = match_patches(
            Mapped(sides[0], maps.colors, patches, here),
            Mapped(sides[1], maps.style_colors, candidates, there),
            patch_settings,
            wanted=None if visible is None else shares > 0,
        )
        shown = None if visible is None else visible.ravel()[np.add.outer(patches.first_cells(), patches.offsets())]
        found[layer] = LayerMatches(patches, candidates, matches, np.where(matches >= 0, shares, 0.0), shown)
    return found


def patch_term(
    extractor: Extractor, matches: Matches, style: Image, size: Size, settings: ObjectiveSettings
) -> PatchTerm:
    """Return the style term: each patch of a picture of a size takes the style of its match."""
    network = extractor.network
    mix = active(settings.style_layers)
    channels = counted_channels(network, mix)
    features = extractor.features(style, list(matches))
    targets = {}
    for layer, found in matches.items():
        metric = network.metric(layer)
        rows = measured_rows(features[layer], metric)
        targets[layer] = _target(rows, metric, found, channels[layer], size, settings)
    return PatchTerm(settings.style_factor, mix, targets)


def patch_notes(network: FeatureNetwork, maps: MapPair, settings: ObjectiveSettings) -> tuple[str, ...]:
    """Return a note for each region whose region of the style image vanishes on the grid of a style layer.

    Its patches then take the style of the region with the nearest color.
    """
    lost: dict[Color, list[str]] = {}
    for layer, _ in active(settings.style_layers):
        labels, style_labels = (_on_grid(network, layer, each) for each in (maps.labels, maps.style_labels))
        left = {maps.style_colors[label] for label in np.unique(style_labels[style_labels >= 0])}
        for label in np.unique(labels[labels >= 0]):
            color = maps.colors[label]
            if color in maps.style_colors and color not in left:
                lost.setdefault(color, []).append(layer)
    return tuple(
        f"region {format_color(color)} ({color_name(color)}) of the style image is too small for "
        f"{', '.join(layers)}; the nearest colors replace it there"
        for color, layers in lost.items()
    )


def drawn_matches(matches: Matches, style: Image, size: Size) -> Image:
    """Return the picture put together from the matched style patches of the first layer with the finest grid."""
    finest = max(matches.values(), key=lambda found: found.patches.grid)
    return draw_matches(style, finest.patches, finest.candidates, finest.matches, size)


def _target(
    rows: Tensor,
    metric: Tensor | None,
    found: LayerMatches,
    channels: int,
    size: Size,
    settings: ObjectiveSettings,
) -> PatchTarget:
    """Return the targets of the patches of a layer, from the features of the style image (cells, C)."""
    chosen, matches = np.unique(np.maximum(found.matches, 0), return_inverse=True)
    cells = found.patches.cells
    strength = settings.intensity
    if settings.gram_normalization == "none":
        # Sums instead of means, as far as the two have different numbers of cells.
        strength *= found.candidates.cells / cells
    style = style_patches(rows, found.candidates, chosen, cells=cells, strength=strength)
    scales = [
        gram_scale(
            float(squares),
            channels,
            float(cells),
            float(size[0] * size[1]),
            normalization=settings.gram_normalization,
            reduction=settings.style_reduction,
        )
        for squares in with_least_size(np.asarray(style.squares, np.float64)[matches].tolist())
    ]
    places = PatchPlaces(
        found.patches,
        slice_patches(found.patches, int(rows.shape[-1])),
        matches.astype(np.int32),
        (found.shares * np.asarray(scales)).astype(np.float32),
        None if found.visible is None else _roots(found.visible),
    )
    return PatchTarget(places, style, metric)


def _rim(network: FeatureNetwork, layer: str) -> int:
    """Return the number of cells to leave out along the edges.

    All convolutions except perhaps the first see zeros beyond the image, so the outermost cells differ from all
    others. The Gram matrix of a whole image hides that; that of a small patch does not, and matching it to a patch
    from inside the style image would draw a colored line along the edge.
    """
    first = layer == network.architecture.layers[0]
    return 0 if first and network.padding == "edge" else RIM


def _roots(visible: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the square roots of weights (P, N), divided by the mean of each patch."""
    means = visible.mean(axis=1, keepdims=True)
    roots: NDArray[np.float32] = np.sqrt(visible / np.where(means > 0, means, np.float32(1)))
    return roots


def _shares(labels: Labels, patches: Patches, visible: Mask | None) -> NDArray[np.float64]:
    inside = (labels >= 0).astype(np.float32)
    means = mean_parts((inside if visible is None else inside * visible)[..., np.newaxis], patches, 1)
    shares = means.ravel().astype(np.float64) / patches.number
    return shares if visible is None else shares / max(float(visible.mean(dtype=np.float64)), TINY)


def _on_grid(network: FeatureNetwork, layer: str, labels: Labels) -> Labels:
    return majority_labels(labels, network.architecture.grid(size_of(labels), layer))


def _array(features: Tensor | None) -> NDArray[np.float32] | None:
    return None if features is None else np.asarray(tf.cast(features, tf.float32))
