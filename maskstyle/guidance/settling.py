"""A plan's regions found in their maps, with masks and maps fitted to their images; what cannot be is said here."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from maskstyle.errors import ImageError, MaskstyleError, SettingsError
from maskstyle.guidance.planned import WHOLE, Entry, PlannedRegion, PlannedStyle, Settled
from maskstyle.images.pixels import Size
from maskstyle.maps.assignment import denoised_labels, region_name
from maskstyle.maps.io import Color, SemanticMap, describe_unmatched, find_region, fit_map, match_regions
from maskstyle.masks.io import fit_mask
from maskstyle.settings import CHOICES

Complain = Callable[[int, str, MaskstyleError], MaskstyleError]
"""From a region's place in the plan, the field at fault and an error to the error that is raised."""


def settle_regions(
    regions: Sequence[PlannedRegion],
    content_map: SemanticMap | None,
    content_size: Size,
    *,
    color: str = "style",
    name: str = "the content map",
    image_name: str = "the content image",
    complain: Complain | None = None,
) -> Settled:
    """Fit maps and masks to their images, and find every region in its map.

    Parameters
    ----------
    regions : sequence of PlannedRegion
        The plan.
    content_map : SemanticMap or None
        The content's map.
    content_size : (height, width)
        The content's size.
    color : str
        The color mode of what says none of its own.
    name, image_name : str
        What messages call the content's map and the content.
    complain : callable, optional
        Makes an error of one that concerns a region, such as one that names a line.

    Raises
    ------
    ImageError, SettingsError
        Where something does not fit, is not there, is said twice, or nothing is painted.
    """
    if content_map is not None:
        content_map = fit_map(content_map, content_size, name=name, image_name=image_name)
    styles: dict[int, PlannedStyle] = {}
    entries: list[Entry] = []
    seen: set[int] = set()
    kept = []
    for place, planned in enumerate(regions):
        said = _Saying(place, complain)
        label = None
        if (planned.region is None) == (planned.mask is None):
            with said("region"):
                raise SettingsError("expected either a region of the content's map or a mask; give one of them")
        if planned.region is not None:
            with said("region"):
                label = _content_label(planned.region, content_map, name, seen)
        if planned.style is None:
            if label is None:
                with said("style"):
                    raise SettingsError("a mask without a style paints nothing; give it a style")
            else:
                kept.append(label)
            continue
        with said("style"):
            style = styles.setdefault(id(planned.style), _fitted(planned.style))
        if planned.color is None:
            planned = dataclasses.replace(planned, color=color)
        entries.append(_entry(planned, place, label, style, content_map, content_size, (name, image_name), said))
    settled = Settled(content_map, tuple(entries), tuple(kept))
    if not entries:
        raise SettingsError("the plan paints nothing; give at least one region or mask a style")
    for entry in settled.masked():
        if not settled.mask(entry, content_size).any():
            with _Saying(entry.place, complain)("mask"):
                raise ImageError("the mask is 0 wherever pixels are not kept, so it paints nothing")
    return settled


def settle_denoised(
    colors: Sequence[Color] | None, settled: Settled, *, name: str = "the content map"
) -> list[int] | None:
    """Return the labels of a plan's regions that are to be denoised, or None for all that is painted.

    Parameters
    ----------
    colors : sequence of Color or None
        Their map colors.
    settled : Settled
        What is painted.
    name : str
        What messages call the content's map.

    Raises
    ------
    ImageError, SettingsError
        Where the map has no region of a color, one is not painted, or there is no map.
    """
    if colors is None:
        return None
    if settled.content_map is None:
        raise SettingsError("regions are to be denoised, but there is no map of the content; give one")
    return denoised_labels(colors, settled.content_map, settled.painted(), name=name)


class _Saying:
    """Turns errors into those that name the region of the plan which they are about."""

    def __init__(self, place: int, complain: Complain | None) -> None:
        self._place, self._complain = place, complain

    @contextmanager
    def __call__(self, field: str) -> Iterator[None]:
        try:
            yield
        except MaskstyleError as error:
            if self._complain is None:
                raise type(error)(f"region {self._place + 1} of the plan: {error}") from None
            raise self._complain(self._place, field, error) from None


def _content_label(color: Color, content_map: SemanticMap | None, name: str, seen: set[int]) -> int:
    if content_map is None:
        raise SettingsError(f"region {region_name(color)} needs a map of the content, and there is none; give one")
    label = find_region(color, content_map, name=name)
    if label in seen:
        raise SettingsError(f"region {region_name(content_map.colors[label])} is planned twice; plan it once")
    seen.add(label)
    if not content_map.count(label):
        raise ImageError(
            f"region {region_name(color)} is so small in {name} that nothing is left of it at its image's size; "
            "paint it larger, or use a map of the image's size"
        )
    return label


def _fitted(style: PlannedStyle) -> PlannedStyle:
    if style.style_map is None:
        return style
    size = (style.image.shape[0], style.image.shape[1])
    fitted = fit_map(style.style_map, size, name=f"the map of {style.name}", image_name=style.name)
    return dataclasses.replace(style, style_map=fitted)


def _entry(
    planned: PlannedRegion,
    place: int,
    label: int | None,
    style: PlannedStyle,
    content_map: SemanticMap | None,
    content_size: Size,
    names: tuple[str, str],
    said: _Saying,
) -> Entry:
    mask, style_mask, style_label = None, None, None
    if planned.mask is not None:
        with said("mask"):
            mask = fit_mask(planned.mask, content_size, name="the mask", image_name=names[1])
    if planned.style_mask is not None:
        with said("style_mask"):
            if planned.style_region is not None:
                raise SettingsError("expected a region of the style or a mask over it, not both; leave one out")
            size = (style.image.shape[0], style.image.shape[1])
            style_mask = fit_mask(planned.style_mask, size, name="the style's mask", image_name=style.name)
    else:
        with said("style_region"):
            style_label = _style_label(planned, label, style, content_map, names[0])
    with said("strength"):
        if not (math.isfinite(planned.strength) and planned.strength > 0):
            raise SettingsError(f"the strength is {planned.strength:g}; expected a number above 0")
    with said("color"):
        if planned.color is None or planned.color not in CHOICES["color"]:
            raise SettingsError(f"color is {planned.color!r}; expected one of {', '.join(CHOICES['color'])}")
    name = str(place + 1)
    if label is not None:
        assert content_map is not None
        name = region_name(content_map.colors[label])
    return Entry(name, place, label, mask, style, style_label, style_mask, float(planned.strength), planned.color)


def _style_label(
    planned: PlannedRegion,
    label: int | None,
    style: PlannedStyle,
    content_map: SemanticMap | None,
    name: str,
) -> int | None:
    """Return the label of the style's region; None is the whole image."""
    wanted = planned.style_region
    if wanted == WHOLE or (wanted is None and (label is None or style.style_map is None)):
        return None
    map_name = f"the map of {style.name}"
    if style.style_map is None:
        raise SettingsError(f"{style.name} has no map, so that none of its regions can be meant; give it a map")
    if wanted is None:
        assert label is not None and content_map is not None
        found = _partner(label, content_map, style.style_map, name, map_name)
    elif isinstance(wanted, str):
        raise SettingsError(f"the style's region is {wanted!r}; expected a color of its map, or {WHOLE!r}")
    else:
        found = find_region(wanted, style.style_map, name=map_name)
    if not style.style_map.count(found):
        raise ImageError(
            f"region {region_name(style.style_map.colors[found])} is so small in {map_name} that nothing is left of "
            "it at its image's size; paint it larger, or use a map of the image's size"
        )
    return found


def _partner(label: int, content_map: SemanticMap, style_map: SemanticMap, name: str, map_name: str) -> int:
    """Return the label of the style's region of the same color."""
    match = match_regions(content_map, style_map, names=(name, map_name))
    partners = dict(match.pairs)
    if label in partners:
        return partners[label]
    missing = dataclasses.replace(match, unmatched_content=(label,), unmatched_style=())
    advice = f"let style_region be a color of its own, or {WHOLE!r}"
    raise ImageError(
        describe_unmatched(missing, content_map, style_map, content_name=name, style_name=map_name, advice=advice)
    )
