"""Guides: for each placement of a layout, its weights on the cells of each layer and its target Gram matrices.

One function makes the guides of every technique: the style of a region, of a soft mask, of a whole image or of a
blend of images is always a Gram matrix under `CellWeights`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from maskstyle.guidance.cells import (
    BORDER,
    INSIDE,
    PARTS,
    WHOLE,
    CellWeights,
    PartCells,
    every_cell,
    label_cells,
    map_cells,
    mask_cells,
    visible_cells,
)
from maskstyle.guidance.layout import Layout, Placement
from maskstyle.guidance.regions import Labels
from maskstyle.guidance.seen_styles import SeenStyle
from maskstyle.images.pixels import Image, Mask, Size, resize_mask, size_of
from maskstyle.objective.extract import Extractor
from maskstyle.objective.terms import Guide
from maskstyle.settings import ObjectiveSettings, active

WIDE_FIELD = 1 / 8
"""Fraction of an image's shorter side above which the deepest layer's receptive field is wide: much of what its cells
see then lies along borders."""

FEWEST_CELLS = 8
"""Fewest cells that each part of a region of the style image needs for a Gram matrix of its own."""

Targets: TypeAlias = dict[str, dict[str, tuple[NDArray[np.float32], float]]]
"""Target Gram matrices with the sums that they were divided by, by layer and part."""


def guides_at(
    extractor: Extractor,
    layout: Layout,
    styles: Sequence[SeenStyle],
    size: Size,
    settings: ObjectiveSettings,
    *,
    margin: int = 0,
) -> list[Guide]:
    """Return the guides of a layout for a picture of a size.

    The styles are those that the network sees, at the size at which they are used; images that are one array are
    evaluated once. The margin is that of `maskstyle.objective.objective.Objective`, also around the regions of style
    images; a multiple of the cell of the deepest layer.

    There is a guide for each placement, in the order of `styles`, or one for each part of a region: where
    ``settings.propagation`` is ``split``, the cells of a region whose receptive field stays inside it and those along
    its border have a Gram matrix each, with that of the same part of the style's region as target. If the regions of
    a picture have longer borders than those of the style image, one Gram matrix for both would ask for fewer border
    features than there are, and would leave halos. Only small images are split (`WIDE_FIELD`), and only layers where
    the parts have enough cells (`FEWEST_CELLS`).

    A guide has no target at a layer on whose grid its region or mask, or that of the style, vanishes: see `vanished`.
    Its strength is the mean coverage of its placement, so that a pixel follows its style as closely in a small region
    as in a large one; parts share it by their cells. Where raw weights balance style and content, the placement's own
    strength multiplies it.

    Gatys, Ecker, Bethge, Hertzmann and Shechtman, "Controlling Perceptual Factors in Neural Style Transfer", CVPR
    2017.
    """
    layers = [layer for layer, _ in active(settings.style_layers)]
    content = content_cells(extractor, layout, size, layers, settings, margin)
    targets = targets_at(extractor, layout, styles, size, layers, settings=settings, margin=margin)
    guides: list[Guide] = []
    for placement in used_placements(styles):
        wanted = targets[placement.place]
        strength = layout.mean_share(placement, size)
        if settings.chosen_strength is None and placement.strength is not None:
            strength *= placement.strength
        guides += _guides_of(placement, content[placement.place], wanted, strength, layers, settings.intensity)
    return guides


def vanished(guides: Sequence[Guide], layout: Layout, settings: ObjectiveSettings) -> tuple[str, ...]:
    """Return a note for each region or mask that does not constrain some style layers, as it is too small there."""
    layers = [layer for layer, _ in active(settings.style_layers)]
    seen: dict[str, set[str]] = {}
    masks = {each.name for each in layout.placements if each.label is None}
    for guide in guides:
        seen.setdefault(guide.name, set()).update(guide.targets)
    notes = []
    for name, found in seen.items():
        missing = [layer for layer in layers if layer not in found]
        if missing:
            where = "every style layer" if missing == layers else ", ".join(missing)
            what = name if name in masks else f"region {name} or its region of the style image"
            notes.append(f"{what} is too small for {where} and does not guide the style there")
    return tuple(notes)


def layer_cells(
    extractor: Extractor, labels: Labels, regions: Iterable[int], layers: Sequence[str], propagation: str
) -> dict[str, dict[int, CellWeights]]:
    """Return the cells of whole regions by layer and label; regions that vanish on a grid are left out there.

    The propagation ``split`` is ``simple`` for whole regions.
    """
    rule = "simple" if propagation == "split" else propagation
    grids = extractor.grids(size_of(labels), layers)
    found = label_cells(labels, sorted(set(regions)), grids, _receptive_fields(extractor, layers), propagation=rule)
    return {
        layer: {region: cells[layer][WHOLE] for region, cells in found.items() if WHOLE in cells[layer]}
        for layer in layers
    }


def used_placements(styles: Sequence[SeenStyle]) -> list[Placement]:
    """Return the placements of style images, each once."""
    return list({each.place: each for seen in styles for each in seen.placements}.values())


def targets_at(
    extractor: Extractor,
    layout: Layout,
    styles: Sequence[SeenStyle],
    size: Size,
    layers: Sequence[str],
    *,
    settings: ObjectiveSettings,
    margin: int = 0,
) -> dict[int, Targets]:
    """Return the target Gram matrices of each placement, by place; for the parameters see `guides_at`."""
    by_style: dict[tuple[int, int], Targets] = {}
    for image, group in _by_image(styles):
        by_style |= _targets_of(extractor, image, group, layout, size, layers, settings=settings, margin=margin)
    targets = {}
    for placement in used_placements(styles):
        blend = [(share, by_style[placement.place, id(style)]) for style, share in placement.styles]
        targets[placement.place] = blend[0][1] if len(blend) == 1 else _blended(blend, settings)
    return targets


def content_cells(
    extractor: Extractor,
    layout: Layout,
    size: Size,
    layers: Sequence[str],
    settings: ObjectiveSettings,
    margin: int,
) -> dict[int, PartCells]:
    """Return the cells of each placement in the picture, by place."""
    grids = extractor.grids(size, layers, margin)
    found: dict[int, PartCells] = {}
    by_label: dict[int, PartCells] = {}
    if layout.content_map is not None and layout.painted():
        by_label = map_cells(
            layout.content_map,
            size,
            layout.painted(),
            grids,
            _receptive_fields(extractor, layers),
            propagation=_propagation(extractor, layers, size, settings),
            margin=margin,
            soft=_soft(layout),
        )
    for placement in layout.placements:
        if placement.label is not None:
            found[placement.place] = by_label[placement.label]
        elif placement.everywhere:
            found[placement.place] = every_cell(grids)
        else:
            mask = layout.mask(placement, size)
            # A mask of ones needs no weights: it is the very computation of a style without a mask.
            whole = bool((mask == 1).all())
            cells = mask_cells(mask, grids, exponent=settings.mask_exponent)
            found[placement.place] = every_cell(grids) if whole else cells
    alpha = _with_margin(layout.visible_at(size), margin)
    return {place: visible_cells(cells, alpha, grids) for place, cells in found.items()}


def _targets_of(
    extractor: Extractor,
    image: Image,
    group: Sequence[SeenStyle],
    layout: Layout,
    size: Size,
    layers: Sequence[str],
    *,
    settings: ObjectiveSettings,
    margin: int,
) -> dict[tuple[int, int], Targets]:
    """Return the target Gram matrices that placements take from one image, by place and style image."""
    used, source = size_of(image), group[0].source
    alpha = source.visible_at(used)
    grids = extractor.grids(used, layers)
    wanted: dict[object, PartCells] = {}
    keys: dict[tuple[int, int], object] = {}
    labels: set[int] = set()
    for seen in group:
        for placement in seen.placements:
            over = placement.mask_over_style()
            key: object = "whole"
            if over is not None:
                key = ("mask", placement.place)
                wanted[key] = mask_cells(resize_mask(over, used), grids, exponent=settings.mask_exponent)
            elif placement.style_label is not None:
                key = placement.style_label
                labels.add(placement.style_label)
            else:
                wanted[key] = every_cell(grids)
            keys[placement.place, id(seen.source)] = key
    seen_cells = {key: visible_cells(cells, alpha, grids) for key, cells in wanted.items()}
    found = grams_by_key(extractor, image, seen_cells)
    if labels:
        padded = np.pad(image, ((margin, margin), (margin, margin), (0, 0)), mode="symmetric") if margin else image
        grids = extractor.grids(used, layers, margin)
        regions = map_cells(
            source.map(),
            used,
            sorted(labels),
            grids,
            _receptive_fields(extractor, layers),
            propagation=_propagation(extractor, layers, size, settings),
            margin=margin,
            soft=_soft(layout),
        )
        alpha = _with_margin(alpha, margin)
        found |= grams_by_key(
            extractor, padded, {label: visible_cells(cells, alpha, grids) for label, cells in regions.items()}
        )
    return {owner: found[key] for owner, key in keys.items()}


def grams_by_key(extractor: Extractor, image: Image, wanted: Mapping[object, PartCells]) -> dict[object, Targets]:
    """Return the Gram matrices of an image under cells that have a key."""
    order: dict[str, list[tuple[object, str]]] = {}
    for key, cells in wanted.items():
        for layer, parts in cells.items():
            order.setdefault(layer, []).extend((key, part) for part in parts)
    weights = {layer: [wanted[key][layer][part] for key, part in each] for layer, each in order.items()}
    found: dict[object, Targets] = {key: {} for key in wanted}
    for layer, grams in extractor.grams(image, weights).items():
        for (key, part), matrix, own in zip(order[layer], grams, weights[layer], strict=True):
            found[key].setdefault(layer, {})[part] = (matrix, own.divisor)
    return found


def _blended(blend: Sequence[tuple[float, Targets]], settings: ObjectiveSettings) -> Targets:
    """Return the target of several whole style images, each with its share."""
    result: Targets = {}
    for layer in {layer: None for _, targets in blend for layer in targets}:
        # What is visible of a style image may be too small for a layer.
        parts = [(share, targets[layer][WHOLE]) for share, targets in blend if WHOLE in targets.get(layer, {})]
        known = 1.0 if len(parts) == len(blend) else sum(share for share, _ in parts)
        total = sum(share / known * pixels for share, (_, pixels) in parts) if known else 0.0
        if not total:
            continue
        matrix = np.zeros_like(parts[0][1][0])
        for share, (gram, pixels) in parts:
            # Blended as they will be compared: as means over pixels, or as the sums that they stand for.
            counted = share / known * (pixels if settings.gram_normalization == "none" else 1.0)
            matrix += np.float32(counted) * gram
        result[layer] = {
            WHOLE: (matrix / np.float32(total) if settings.gram_normalization == "none" else matrix, total)
        }
    return result


def _guides_of(
    placement: Placement,
    cells: PartCells,
    targets: Targets,
    strength: float,
    layers: Sequence[str],
    intensity: float,
) -> list[Guide]:
    """Return the guide of a placement, or those of its parts."""
    chosen = {layer: _parts(cells.get(layer, {}), targets.get(layer, {})) for layer in layers}
    guides = []
    for part in PARTS:
        own = [layer for layer in layers if part in chosen[layer]]
        if not own and (part != WHOLE or any(chosen.values())):
            continue  # a placement that vanished everywhere keeps one guide, for the note
        weights = {layer: cells[layer][part] for layer in own}
        gathered = {layer: each.cells for layer, each in weights.items() if each.cells is not None}
        weighed = {layer: each.weights for layer, each in weights.items() if each.weights is not None}
        guides.append(
            Guide(
                placement.name,
                {layer: targets[layer][part][0] for layer in own},
                {layer: targets[layer][part][1] for layer in own},
                weights=weighed or None,
                divisors={layer: weights[layer].divisor for layer in weighed} or None,
                cells=gathered or None,
                strength=strength,
                shares={layer: chosen[layer][part] for layer in own},
                intensity=intensity,
            )
        )
    return guides


def _parts(
    cells: Mapping[str, CellWeights], targets: Mapping[str, tuple[NDArray[np.float32], float]]
) -> dict[str, float]:
    """Return the parts of a region that have a Gram matrix of their own at a layer, with their share of its cells."""
    halves = [part for part in (INSIDE, BORDER) if part in cells]
    if halves and all(part in targets and targets[part][1] >= FEWEST_CELLS for part in halves):
        total = sum(cells[part].divisor for part in halves)
        return {part: cells[part].divisor / total for part in halves}
    return {WHOLE: 1.0} if WHOLE in cells and WHOLE in targets else {}


def _by_image(styles: Sequence[SeenStyle]) -> list[tuple[Image, list[SeenStyle]]]:
    """Return style images in groups that are one array, with one map and one alpha."""
    groups: dict[tuple[int, int, int], list[SeenStyle]] = {}
    for each in styles:
        key = id(each.image), id(each.source.style_map), id(each.source.alpha)
        groups.setdefault(key, []).append(each)
    return [(group[0].image, group) for group in groups.values()]


def _with_margin(alpha: Mask | None, margin: int) -> Mask | None:
    """Return the alpha of an image with a mirrored margin."""
    return alpha if alpha is None or not margin else np.pad(alpha, margin, mode="symmetric")


def _soft(layout: Layout) -> bool:
    """Return whether regions are weighed by shares: one soft map is enough, so that both images are read alike."""
    maps = [layout.content_map, *(style.style_map for style in layout.styles())]
    return any(each is not None and each.shares is not None for each in maps)


def _propagation(extractor: Extractor, layers: Sequence[str], size: Size, settings: ObjectiveSettings) -> str:
    """Return how regions pass to deeper layers at a size: only small images are split."""
    if settings.propagation != "split":
        return settings.propagation
    deepest = max(_receptive_fields(extractor, layers).values(), default=0)
    return "split" if deepest > WIDE_FIELD * min(size) else "simple"


def _receptive_fields(extractor: Extractor, layers: Sequence[str]) -> dict[str, int]:
    return {layer: extractor.network.architecture.receptive_field(layer) for layer in layers}
