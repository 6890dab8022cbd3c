"""What is judged against what, settled and checked before TensorFlow loads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maskstyle.errors import ImageError, SettingsError
from maskstyle.guidance.regions import Labels, painted_share, resize_labels
from maskstyle.images.pixels import Mask, Size, fit_size, resize_mask
from maskstyle.maps.assignment import RegionPlan, plan_regions, region_name
from maskstyle.maps.io import Color, SemanticMap
from maskstyle.networks.architectures import smallest_side
from maskstyle.settings import JUDGING, Settings
from maskstyle.techniques.plan import LARGEST_PIXELS, style_size, wanted_layers

WHOLE_STYLE = "whole style"
"""What reports call all of the style image."""


class JudgedRegion(NamedTuple):
    """A region of the result, or of the style image.

    Parameters
    ----------
    name : str
        What reports call it.
    color : Color or None
        Its color in its map; None for a whole image.
    label : int
        Its number in the labels of an `EvaluationPlan`.
    share : float
        Its share of its image's pixels.
    """

    name: str
    color: Color | None
    label: int
    share: float


class EvaluationPlan(NamedTuple):
    """What is judged against what.

    Parameters
    ----------
    labels : (H, W) int32 array
        Region of each pixel of the result.
    style_labels : (h, w) int32 array
        Region of each pixel of the style image, at the size at which it is used.
    regions : tuple of JudgedRegion
        The regions of the result that were painted.
    style_regions : tuple of JudgedRegion
        What they are compared with: first what they were painted in, then the style image's other regions.
    own : tuple of int
        For each of `regions` the position among `style_regions` of what it was painted in.
    untouched : (H, W) bool array or None
        Where the content's pixels were to stay; None where nothing says so.
    remarks : tuple of str
        What whoever reads the evaluation should know.
    """

    labels: Labels
    style_labels: Labels
    regions: tuple[JudgedRegion, ...]
    style_regions: tuple[JudgedRegion, ...]
    own: tuple[int, ...]
    untouched: NDArray[np.bool_] | None = None
    remarks: tuple[str, ...] = ()


def judging_settings(settings: Settings | None, *, has_content: bool) -> Settings:
    """Return settings whose layers are those that an evaluation looks at."""
    return (settings or JUDGING).changed(style_weight=1.0, content_weight=1.0 if has_content else 0.0)


def plan_evaluation(
    result: Size,
    style: Size,
    *,
    content: Size | None = None,
    content_map: SemanticMap | None = None,
    style_map: SemanticMap | None = None,
    regions: Sequence[Color] | None = None,
    mapping: Sequence[tuple[Color, Color]] | None = None,
    unmatched: str = "error",
    masks: Sequence[Mask] = (),
    settings: Settings,
    names: tuple[str, str] = ("the content map", "the style map"),
) -> EvaluationPlan:
    """Settle what is judged against what.

    Parameters
    ----------
    result, style : (height, width)
        The sizes of the two images.
    content : (height, width), optional
        The size of the content.
    content_map, style_map, regions, mapping, unmatched, masks
        See `maskstyle.evaluate_regions`.
    settings : Settings
        For the layers and the style image's size.
    names : (str, str)
        What messages call the maps.

    Raises
    ------
    ImageError
        Where sizes do not go together, or a map does not fit.
    SettingsError
        Where options do not go together, or a layer would have no pixel.
    """
    _check_options(content, content_map, style_map, masks, given=bool(regions or mapping or unmatched != "error"))
    used = style_size(style, result, settings)
    _check_sizes(result, used, settings)
    if content is not None:
        _check_aspect(content, result, "the content image")
    if content_map is None or style_map is None:
        return _whole(result, used, _outside(masks, result) if masks else None)
    plan = plan_regions(
        content_map,
        style_map,
        content_size=content or result,
        style_size=style,
        regions=regions,
        mapping=mapping,
        unmatched=unmatched,
        names=names,
        image_names=("the result" if content is None else "the content image", "the style image"),
    )
    return _by_region(plan, result, used, has_content=content is not None)


def _by_region(plan: RegionPlan, result: Size, used: Size, *, has_content: bool) -> EvaluationPlan:
    labels = resize_labels(plan.content_map.labels, result)
    style_labels = resize_labels(plan.style_map.labels, used)
    colors = plan.style_map.colors
    wanted = [pair.style_region for pair in plan.pairs]
    order = list(dict.fromkeys([*wanted, *range(len(colors))]))
    rows = tuple(
        JudgedRegion(pair.name, plan.content_map.colors[pair.region], pair.region, _share(labels, pair.region))
        for pair in plan.pairs
    )
    columns = tuple(
        JudgedRegion(WHOLE_STYLE, None, len(colors), 1.0)
        if index is None
        else JudgedRegion(region_name(colors[index]), colors[index], index, _share(style_labels, index))
        for index in order
    )
    return EvaluationPlan(
        labels,
        style_labels,
        rows,
        columns,
        tuple(order.index(each) for each in wanted),
        painted_share(plan.content_map, [pair.region for pair in plan.pairs], result) == 0 if has_content else None,
        tuple(f"region {name} is not in the style's map, and should have been left alone" for name in plan.kept),
    )


def _whole(result: Size, used: Size, untouched: NDArray[np.bool_] | None) -> EvaluationPlan:
    return EvaluationPlan(
        np.zeros(result, np.int32),
        np.zeros(used, np.int32),
        (JudgedRegion("whole picture", None, 0, 1.0),),
        (JudgedRegion(WHOLE_STYLE, None, 0, 1.0),),
        (0,),
        untouched,
    )


def _share(labels: Labels, label: int) -> float:
    return float(np.mean(labels == label))


def _outside(masks: Sequence[Mask], size: Size) -> NDArray[np.bool_]:
    """Return where no mask paints: where each, resized as a transfer does, is 0."""
    for mask in masks:
        if mask.ndim != 2 or 0 in mask.shape:
            raise ImageError(f"a mask has shape {mask.shape}; expected (height, width)")
        _check_aspect((mask.shape[0], mask.shape[1]), size, "a mask")
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
        raise SettingsError(f"there is no {missing} map; give both maps to judge by region, or none")
    if content_map is None and given:
        raise SettingsError("regions, mapping and unmatched need maps; give a content map and a style map")
    if masks and content_map is not None:
        raise SettingsError("masks are for pictures without maps, which say already what was to stay; leave them out")
    if masks and content is None:
        raise SettingsError("masks say which of the content's pixels were to stay; give the content too")


def _check_sizes(result: Size, used: Size, settings: Settings) -> None:
    needed = smallest_side(wanted_layers(settings))
    for size, name, advice in ((result, "result", "larger result"), (used, "style image", "larger style_scale")):
        if min(size) < needed:
            raise SettingsError(
                f"the {name} would be judged at {size[0]}x{size[1]} (height x width), but the layers need at least "
                f"{needed} pixels; use a {advice} or shallower layers"
            )
        if size[0] * size[1] > LARGEST_PIXELS:
            raise SettingsError(
                f"the {name} would be judged at {size[0]}x{size[1]} (height x width), more than the "
                f"{LARGEST_PIXELS // 10**6} megapixels that are allowed; use a smaller result or style_scale"
            )


def _check_aspect(size: Size, result: Size, name: str) -> None:
    """Raise ImageError unless an image that is resized for a result may have the result's size."""
    expected = fit_size(size, max(result))
    if max(abs(one - other) for one, other in zip(expected, result, strict=True)) > 1:
        raise ImageError(
            f"the result is {result[0]}x{result[1]} (height x width), but {name} is {size[0]}x{size[1]}; expected "
            "the same aspect: name what the result was made from"
        )
