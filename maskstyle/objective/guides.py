"""Guides: where each style goes and what it is, from styles, semantic maps and soft masks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.regions import Labels, region_cells, split_cells
from maskstyle.guidance.soft_masks import soft_weights
from maskstyle.images.pixels import Image, Mask
from maskstyle.maps.assignment import Pair
from maskstyle.networks.tensorflow import Tensor, tf
from maskstyle.networks.vgg import FeatureNetwork
from maskstyle.objective.gram import Partition, gram, observe_region_grams
from maskstyle.objective.terms import Guide
from maskstyle.objective.tiling.cuts import needs_tiles
from maskstyle.objective.tiling.forward import tiled_grams
from maskstyle.objective.tiling.members import Selection
from maskstyle.settings import Settings, active

Part: TypeAlias = tuple[int, str]
"""A region with the part of it that is meant: its inside, what lies along its border, or the whole of it."""

Key = TypeVar("Key")

WHOLE, INSIDE, BORDER = PARTS = ("whole", "inside", "border")

Cells: TypeAlias = dict[str, dict[int, NDArray[np.int32]]]
"""Flat indices of cells by layer and region; regions that vanish on a layer's grid are left out there."""

PartCells: TypeAlias = dict[str, dict[Part, NDArray[np.int32]]]
"""The same by layer and part of a region."""

WIDE_FIELD = 1 / 8
"""Share of an image's shorter side above which the deepest layer's receptive field is wide: borders are then much of
what layers see."""

FEWEST_CELLS = 8
"""Cells that each part of a style's region must have for a Gram matrix of its own: fewer are no style."""


def style_guide(
    network: FeatureNetwork, styles: Sequence[Image], shares: Sequence[float], settings: Settings
) -> Guide:
    """Return the guide that asks for whole styles everywhere, blended.

    Parameters
    ----------
    network : FeatureNetwork
        Where the features come from.
    styles : sequence of (H, W, 3) float32 array
        Style images in [0, 1], each of its own size.
    shares : sequence of float
        Share of each style in the target Gram matrices; they sum to 1.
    settings : Settings
        For the layers and the intensity.
    """
    layers = [layer for layer, _ in active(settings.style_layers)]
    targets: dict[str, NDArray[np.float32]] = {}
    sums = dict.fromkeys(layers, 0.0)
    for style, share in zip(styles, shares, strict=True):
        grams = _whole_grams(network, style, layers, settings)
        for layer in layers:
            height, width = network.architecture.grid(style.shape[:2], layer)
            pixels = float(height * width)
            sums[layer] += share * pixels
            # Blended as they will be compared: as means over pixels, or as the sums that they stand for.
            counted = share * pixels if settings.gram_normalization == "none" else share
            blended = np.float32(counted) * grams[layer]
            targets[layer] = targets[layer] + blended if layer in targets else blended
    if settings.gram_normalization == "none":
        targets = {layer: target / np.float32(sums[layer]) for layer, target in targets.items()}
    return Guide("style", targets, sums, intensity=settings.intensity)


def _whole_grams(
    network: FeatureNetwork, image: Image, layers: Sequence[str], settings: Settings
) -> dict[str, NDArray[np.float32]]:
    """Return the Gram matrix of all of an image by layer, in the space in which distances are measured."""
    if settings.tile_size is not None and needs_tiles((image.shape[0], image.shape[1]), settings.tile_size):
        grids = {layer: network.architecture.grid((image.shape[0], image.shape[1]), layer) for layer in layers}
        divisors = {layer: [float(np.prod(grid))] for layer, grid in grids.items()}
        selections = {layer: [Selection()] for layer in layers}
        grams = tiled_grams(network, image, selections, divisors, settings.tile_size)
        return {layer: found[0] for layer, found in grams.items()}

    def targets(pixels: Tensor) -> dict[str, Tensor]:
        features = network(pixels)
        return {layer: network.measured_gram(layer, gram(features[layer])) for layer in layers}

    found = tf.function(targets, autograph=False)(tf.constant(image))
    return {layer: each.numpy() for layer, each in found.items()}


def region_guides(
    network: FeatureNetwork,
    labels: Labels,
    style: Image,
    style_labels: Labels,
    pairs: Sequence[Pair],
    settings: Settings,
    *,
    margin: int = 0,
) -> list[Guide]:
    """Return guides that ask in each region for the style of a region of the style image.

    Parameters
    ----------
    network : FeatureNetwork
        Where the features come from.
    labels : (H, W) int32 array
        Region of each pixel of the image that is made.
    style : (h, w, 3) float32 array
        Style image in [0, 1].
    style_labels : (h, w) int32 array
        Region of each of its pixels.
    pairs : sequence of Pair
        Which region takes its style from which.
    settings : Settings
        For the layers, the propagation and the intensity.
    margin : int
        Pixels by which the network sees both images mirrored around them, as `Objective` does
        with the same margin: what lies along their edges then sees more of its own kind instead of zeros. A multiple
        of the side of a cell of the deepest layer.

    Returns
    -------
    list of Guide
        One for each pair, or for each part of one: where ``settings.propagation`` is ``split``, the cells of a layer
        that see nothing but the region and those along its border have a Gram matrix each, with that of the same
        part of the style's region as target. Where the regions of a picture have longer borders than those of the
        style, one Gram matrix for both would ask for fewer of the features of borders than there are, and would get
        halos along them. That goes for small images, such as the coarse sizes of large ones, where the layers see a
        good part of it (`WIDE_FIELD`); larger ones are not split, nor are layers on which the parts of the style's
        region are too few cells (`FEWEST_CELLS`).

        A region has no say on a layer on whose grid it, or its region of the style, vanishes, and its guide has no
        target there: see `vanished`. A guide's strength is its region's share of all pixels, so that a pixel feels
        its style as strongly in a small region as in a large one; parts share it by their cells.
    """
    layers = [layer for layer, _ in active(settings.style_layers)]
    rule = settings.propagation
    if rule == "split":
        deepest = max((network.architecture.receptive_field(layer) for layer in layers), default=0)
        rule = "split" if deepest > WIDE_FIELD * min(labels.shape) else "simple"
    cells = _cells(network, labels, {pair.region for pair in pairs}, layers, rule, margin)
    wanted = {pair.style_region for pair in pairs if pair.style_region is not None}
    style_cells = _cells(network, style_labels, wanted, layers, rule, margin)
    style = np.pad(style, ((margin, margin), (margin, margin), (0, 0)), mode="symmetric")
    targets = region_grams(network, style, style_cells, tile_size=settings.tile_size)
    whole = None
    if any(pair.style_region is None for pair in pairs):
        whole = style_guide(network, [style], [1.0], settings)
    guides = []
    for pair in pairs:
        chosen = {layer: _parts_of(pair, cells[layer], style_cells[layer]) for layer in layers}
        for part in PARTS:
            seen = [layer for layer in layers if part in chosen[layer]]
            if not seen and (part != WHOLE or any(chosen.values())):
                continue  # a region without any say keeps one guide, which says so
            own, sums = _targets_of(pair, part, seen, targets, style_cells, whole)
            guides.append(
                Guide(
                    pair.name,
                    own,
                    sums,
                    cells={layer: cells[layer][pair.region, part] for layer in seen},
                    strength=float(np.mean(labels == pair.region)),
                    shares={layer: chosen[layer][part] for layer in seen},
                    intensity=settings.intensity,
                )
            )
    return guides


def _parts_of(
    pair: Pair, cells: Mapping[Part, NDArray[np.int32]], style_cells: Mapping[Part, NDArray[np.int32]]
) -> dict[str, float]:
    """Return the parts of a region that have Gram matrices of their own on a layer, with their share of its cells."""

    def count(part: str) -> int:
        return len(cells.get((pair.region, part), ()))

    def style_count(part: str) -> int:
        return len(style_cells.get((pair.style_region, part), ())) if pair.style_region is not None else 0

    halves = [part for part in (INSIDE, BORDER) if count(part)]
    if halves and all(style_count(part) >= FEWEST_CELLS for part in halves):
        return {part: count(part) / sum(map(count, halves)) for part in halves}
    return {WHOLE: 1.0} if count(WHOLE) and (pair.style_region is None or style_count(WHOLE)) else {}


def _targets_of(
    pair: Pair,
    part: str,
    layers: Sequence[str],
    targets: Mapping[str, Mapping[Part, NDArray[np.float32]]],
    style_cells: PartCells,
    whole: Guide | None,
) -> tuple[dict[str, NDArray[np.float32]], dict[str, float]]:
    """Return the target Gram matrices of a part of a region by layer, and their numbers of cells."""
    if pair.style_region is None:
        assert whole is not None
        own, sums = whole.targets, whole.target_sums
        return {layer: own[layer] for layer in layers}, {layer: sums[layer] for layer in layers}
    key = pair.style_region, part
    return (
        {layer: targets[layer][key] for layer in layers},
        {layer: float(len(style_cells[layer][key])) for layer in layers},
    )


def mask_guides(
    network: FeatureNetwork,
    masks: Sequence[Mask],
    styles: Sequence[Image],
    factors: Sequence[float],
    settings: Settings,
) -> list[Guide]:
    """Return a guide for each soft mask that asks for a whole style where the mask is, as strongly as it is.

    Parameters
    ----------
    network : FeatureNetwork
        Where the features come from.
    masks : sequence of (H, W) float32 array
        In [0, 1], all of the image's size, none of them 0 everywhere.
    styles : sequence of (h, w, 3) float32 array
        The style image of each mask; its Gram matrices are made once for all masks that share the array.
    factors : sequence of float
        Factor on each guide's strength.
    settings : Settings
        For the layers, the mask exponent and the intensity.

    Returns
    -------
    list of Guide
        One for each mask, named by `mask_name`. Its strength is the mask's mean: a pixel feels a style as strongly as
        the mask says, however much of the image the mask covers. Layers with the same grid share one array of
        weights. A mask has no say on a layer on whose grid it vanishes, as it may where it is only in a last odd
        row or column: see `vanished`.
    """
    layers = [layer for layer, _ in active(settings.style_layers)]
    distinct = {id(style): style for style in styles}
    wholes = {key: style_guide(network, [style], [1.0], settings) for key, style in distinct.items()}
    guides = []
    for number, (mask, style, factor) in enumerate(zip(masks, styles, factors, strict=True), start=1):
        weights, divisors = _soft_weights(network, mask, layers, settings)
        whole = wholes[id(style)]
        everywhere = bool((mask == 1).all())  # needs no weights: the very computation of a style without a mask
        guides.append(
            Guide(
                mask_name(number),
                {layer: whole.targets[layer] for layer in weights},
                {layer: whole.target_sums[layer] for layer in weights},
                weights=None if everywhere else weights,
                divisors=None if everywhere else divisors,
                strength=factor * float(mask.mean(dtype=np.float64)),
                intensity=settings.intensity,
            )
        )
    return guides


def mask_name(number: int) -> str:
    """Return what reports call the guide of a mask, by its place from 1."""
    return f"mask {number}"


def _soft_weights(
    network: FeatureNetwork, mask: Mask, layers: Sequence[str], settings: Settings
) -> tuple[dict[str, Mask], dict[str, float]]:
    """Return a mask's weights and divisors by layer, made once for each grid, without layers where it vanishes."""
    grids = {layer: network.architecture.grid((mask.shape[0], mask.shape[1]), layer) for layer in layers}
    found = {grid: soft_weights(mask, grid, exponent=settings.mask_exponent) for grid in set(grids.values())}
    weighed = {layer: found[grid] for layer, grid in grids.items() if found[grid][1] > 0 and found[grid][0].any()}
    return (
        {layer: weights for layer, (weights, _) in weighed.items()},
        {layer: divisor for layer, (_, divisor) in weighed.items()},
    )


def vanished(guides: Sequence[Guide], settings: Settings) -> tuple[str, ...]:
    """Return a sentence for each region or mask that has no say on some style layers."""
    layers = [layer for layer, _ in active(settings.style_layers)]
    seen: dict[str, set[str]] = {}
    masks = {mask_name(number) for number in range(1, len(guides) + 1)}
    for guide in guides:
        seen.setdefault(guide.name, set()).update(guide.targets)
    remarks = []
    for name, found in seen.items():
        missing = [layer for layer in layers if layer not in found]
        if missing:
            where = "every style layer" if missing == layers else ", ".join(missing)
            what = name if name in masks else f"region {name} or its region of the style"
            remarks.append(f"{what} is too small for {where}; it has no say there")
    return tuple(remarks)


def layer_cells(
    network: FeatureNetwork, labels: Labels, regions: Iterable[int], layers: Sequence[str], settings: Settings
) -> Cells:
    """Return the cells of whole regions on each layer's grid; regions that vanish there are left out.

    Parameters
    ----------
    network : FeatureNetwork
        For the layers' grids and receptive fields.
    labels : (H, W) int32 array
        Region of each pixel of the image.
    regions : iterable of int
        The labels of the regions wanted.
    layers : sequence of str
        The layers wanted.
    settings : Settings
        For the propagation; ``split`` is ``simple`` for whole regions.
    """
    rule = "simple" if settings.propagation == "split" else settings.propagation
    found = _cells(network, labels, set(regions), layers, rule, 0)
    return {layer: {region: each for (region, _), each in cells.items()} for layer, cells in found.items()}


def _cells(
    network: FeatureNetwork,
    labels: Labels,
    regions: set[int],
    layers: Sequence[str],
    propagation: str,
    margin: int,
) -> PartCells:
    """Return the cells of regions and their parts on each layer's grid."""
    ordered = sorted(regions)
    seen_size = labels.shape[0] + 2 * margin, labels.shape[1] + 2 * margin
    result: PartCells = {}
    for layer in layers:
        grid = network.architecture.grid(seen_size, layer)
        field = network.architecture.receptive_field(layer)
        rule = "simple" if propagation == "split" else propagation
        owned = region_cells(labels, grid, ordered, propagation=rule, receptive_field=field, margin=margin)
        found = {(region, WHOLE): cells for region, cells in zip(ordered, owned, strict=True)}
        if propagation == "split":
            parts = split_cells(labels, grid, ordered, receptive_field=field, margin=margin)
            for region, pair in zip(ordered, parts, strict=True):
                found |= {(region, part): cells for part, cells in zip((INSIDE, BORDER), pair, strict=True)}
        result[layer] = {part: cells for part, cells in found.items() if len(cells)}
    return result


def region_grams(
    network: FeatureNetwork,
    image: Image,
    cells: Mapping[str, Mapping[Key, NDArray[np.int32]]],
    *,
    tile_size: int | None = None,
) -> Mapping[str, Mapping[Key, NDArray[np.float32]]]:
    """Return the Gram matrices of regions, or parts of them, of an image by layer, where distances are measured.

    Parameters
    ----------
    network : FeatureNetwork
        Where the features come from.
    image : (H, W, 3) float32 array
        In [0, 1].
    cells : mapping
        Flat indices of cells by layer and region; layers without any region are left out of the result.
    tile_size : int, optional
        As in `maskstyle.Settings`.
    """
    if tile_size is not None and needs_tiles((image.shape[0], image.shape[1]), tile_size):
        selections = {layer: [Selection(each) for each in found.values()] for layer, found in cells.items() if found}
        divisors = {layer: [float(len(each)) for each in found.values()] for layer, found in cells.items() if found}
        parts = tiled_grams(network, image, selections, divisors, tile_size)
        return {layer: dict(zip(cells[layer], found, strict=True)) for layer, found in parts.items()}

    def grams_of(pixels: Tensor) -> dict[str, Tensor]:
        features = network(pixels)
        partitions = {layer: Partition.of(list(found.values())) for layer, found in cells.items() if found}
        return {
            layer: network.measured_gram(layer, observe_region_grams(features[layer], partition)[1])
            for layer, partition in partitions.items()
        }

    grams = tf.function(grams_of, autograph=False)(tf.constant(image))
    return {layer: dict(zip(cells[layer], matrices.numpy(), strict=True)) for layer, matrices in grams.items()}
