"""The regions that an evaluation compares, resolved and checked before TensorFlow loads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import ImageError, SettingsError
from maskstyle.guidance.regions import Labels, painted_share
from maskstyle.images.pixels import Mask, Size, fit_size, resize_labels, resize_mask, size_of, size_text
from maskstyle.maps.assignment import Assignment, MapNames, assign_regions, unmatched_notes
from maskstyle.maps.colors import Color, RegionKey
from maskstyle.maps.semantic_map import SemanticMap
from maskstyle.networks.architectures import smallest_side
from maskstyle.settings import JUDGING, LARGEST_PIXELS, Settings, wanted_layers
from maskstyle.synthesis.schedule import style_size

WHOLE_STYLE = "whole style"
"""The name of the whole style image in reports."""


class EvaluatedRegion(NamedTuple):
    """A region of the result, or of the style image.

    Parameters
    ----------
    name : str
        Its name in reports.
    color : Color or None
        Its color in the semantic map; None for a whole image.
    label : int
        Its number in the labels of a `Comparison`.
    share : float
        Its share of the image's pixels, in [0, 1].
    """

    name: str
    color: Color | None
    label: int
    share: float


class Comparison(NamedTuple):
    """The regions to compare."""

    labels: Labels  # (H, W): the region of each pixel of the result
    style_labels: Labels  # (h, w): the region of each pixel of the style image, at the size at which it is used
    regions: tuple[EvaluatedRegion, ...]  # the painted regions of the result
    # The styles to compare them with: first their own styles, then the other regions of the style image.
    style_regions: tuple[EvaluatedRegion, ...]
    own: tuple[int, ...]  # for each of `regions`, the index of its own style in `style_regions`
    # (H, W): true where the content image should be unchanged; None if unknown.
    untouched: NDArray[np.bool_] | None = None
    notes: tuple[str, ...] = ()  # notes on how the regions were matched


def evaluation_settings(settings: Settings | None, *, has_content: bool) -> Settings:
    """Return settings with the layers that an evaluation needs switched on."""
    content_weight = 1.0 if has_content else 0.0
    return (settings or JUDGING).changed(strength=None, style_weight=1.0, content_weight=content_weight)


def resolve_comparison(
    result: Size,
    style: Size,
    *,
    content: Size | None = None,
    content_map: SemanticMap | None = None,
    style_map: SemanticMap | None = None,
    regions: Sequence[RegionKey] | None = None,
    mapping: Sequence[tuple[RegionKey, RegionKey]] | None = None,
    unmatched: str = "error",
    masks: Sequence[Mask] = (),
    settings: Settings,
    names: tuple[str, str] = ("the content map", "the style map"),
) -> Comparison:
    """Resolve which regions to compare, and check all inputs, as `maskstyle.evaluation.evaluate_regions` has them."""
    _check_options(content, content_map, style_map, masks, given=bool(regions or mapping or unmatched != "error"))
    used = style_size(style, result, settings)
    _check_sizes(result, used, settings)
    if content is not None:
        _check_aspect(content, result, "the content image")
    if content_map is None or style_map is None:
        return _whole(result, used, _outside(masks, result) if masks else None)
    assigned = assign_regions(
        content_map,
        style_map,
        content_size=content or result,
        style_size=style,
        regions=regions,
        mapping=mapping,
        unmatched=unmatched,
        names=MapNames(*names, "the result" if content is None else "the content image"),
    )
    return _by_region(assigned, result, used, unmatched, has_content=content is not None)


def _by_region(assigned: Assignment, result: Size, used: Size, unmatched: str, *, has_content: bool) -> Comparison:
    labels = resize_labels(assigned.content_map.labels, result)
    style_labels = resize_labels(assigned.style_map.labels, used)
    colors = assigned.style_map.colors
    own_styles = [each.style_region for each in assigned.regions]
    order = list(dict.fromkeys([*own_styles, *range(len(colors))]))
    regions = tuple(
        EvaluatedRegion(each.name, assigned.content_map.colors[each.region], each.region, _share(labels, each.region))
        for each in assigned.regions
    )
    style_regions = tuple(
        EvaluatedRegion(WHOLE_STYLE, None, len(colors), 1.0)
        if index is None
        else EvaluatedRegion(assigned.style_map.name(index), colors[index], index, _share(style_labels, index))
        for index in order
    )
    painted = (
        painted_share(assigned.content_map, [each.region for each in assigned.regions], result)
        if has_content
        else None
    )
    return Comparison(
        labels,
        style_labels,
        regions,
        style_regions,
        own=tuple(order.index(index) for index in own_styles),
        untouched=None if painted is None else painted == 0,
        notes=(
            *(f"region {name} is not in the style map; it should be unchanged" for name in assigned.left_alone),
            *unmatched_notes(unmatched, assigned.without_match()),
        ),
    )


def _whole(result: Size, used: Size, untouched: NDArray[np.bool_] | None) -> Comparison:
    return Comparison(
        np.zeros(result, np.int32),
        np.zeros(used, np.int32),
        (EvaluatedRegion("whole image", None, 0, 1.0),),
        (EvaluatedRegion(WHOLE_STYLE, None, 0, 1.0),),
        own=(0,),
        untouched=untouched,
    )


def _share(labels: Labels, label: int) -> float:
    return float(np.mean(labels == label))


def _outside(masks: Sequence[Mask], size: Size) -> NDArray[np.bool_]:
    """Return where all masks are 0, resized as a transfer resizes them."""
    for mask in masks:
        if mask.ndim != 2 or 0 in mask.shape:
            raise ImageError(f"a mask has shape {mask.shape}; expected (height, width)")
        _check_aspect(size_of(mask), size, "a mask")
    outside: NDArray[np.bool_] = np.all([resize_mask(mask, size) == 0 for mask in masks], axis=0)
    return outside


def _check_options(
    content: Size | None,
    content_map: SemanticMap | None,
    style_map: SemanticMap | None,
    masks: Sequence[Mask],
    *,
    given: bool,
) -> None:
    if (content_map is None) != (style_map is None):
        missing = "content" if content_map is None else "style"
        raise SettingsError(f"there is no {missing} map; pass `{missing}_map` to evaluate by region, or neither map")
    if content_map is None and given:
        raise SettingsError("`regions`, `mapping` and `unmatched` need maps; pass `content_map` and `style_map`")
    if masks and content_map is not None:
        raise SettingsError("`masks` has no effect with maps, which already define the painted pixels; drop `masks`")
    if masks and content is None:
        raise SettingsError("`masks` needs the content image to find changes outside the masks; pass `content`")


def _check_sizes(result: Size, used: Size, settings: Settings) -> None:
    smallest = smallest_side(wanted_layers(settings))
    for size, name, advice in ((result, "result", "larger result"), (used, "style image", "larger `style_scale`")):
        if min(size) < smallest:
            raise SettingsError(
                f"the {name} is too small: it is evaluated at {size_text(size)}, but the layers "
                f"need at least {smallest} pixels; use a {advice} or shallower layers"
            )
        if size[0] * size[1] > LARGEST_PIXELS:
            raise SettingsError(
                f"the {name} is too large: it is evaluated at {size_text(size)}, but the limit is "
                f"{LARGEST_PIXELS // 10**6} megapixels; use a smaller result or `style_scale`"
            )


def _check_aspect(size: Size, result: Size, name: str) -> None:
    """Raise ImageError unless resizing an image to the result's longer side gives the result's size."""
    expected = fit_size(size, max(result))
    if max(abs(one - other) for one, other in zip(expected, result, strict=True)) > 1:
        raise ImageError(
            f"the result is {size_text(result)}, but {name} is {size_text(size)}; expected "
            "the same aspect ratio: use the files that the result was made from"
        )
