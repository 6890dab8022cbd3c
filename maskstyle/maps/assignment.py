"""Which region of a content takes its style from which region of a style image, settled from their two maps."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from typing import NamedTuple

from maskstyle.errors import ImageError, SettingsError, UnmatchedError
from maskstyle.images.pixels import Size
from maskstyle.maps.io import (
    Color,
    SemanticMap,
    color_name,
    describe_unmatched,
    find_region,
    fit_map,
    format_color,
    match_regions,
)

UNMATCHED = ("error", "keep", "whole-style")
"""What may become of a region that exists in one map only: see `maskstyle.transfer_region`."""


UNMATCHED_PATCHES = ("error", "nearest")
"""The same where patches are matched: see `maskstyle.transfer_patch`."""


class Advice(NamedTuple):
    """What to do where regions have no counterpart, in the words of Python or of the command line.

    Parameters
    ----------
    unmatched : str
        Where some have none.
    nothing : str
        Where none that is to be painted has one.
    apart : str
        Where the maps have no color in common; as where some have none, if it is left out.
    """

    unmatched: str
    nothing: str
    apart: str = ""


PATCH_ADVICE = "repaint them in the same colors, map them to others, or let unmatched be nearest"

ADVICE = Advice(
    "repaint them in the same colors, map them to others, list the regions to paint, or let unmatched be keep or "
    "whole-style",
    "list regions that both maps have, map them to others, or let unmatched be whole-style",
    "give a map the colors of the other with color_map_like, map regions to others, or let unmatched be whole-style",
)
DOODLE_UNMATCHED = ("error", "whole-style")
"""What may become of a region of a doodle that the style's map lacks: see `maskstyle.transfer_doodle`."""

DOODLE_ADVICE = Advice(
    "repaint them in the style map's colors, map them to others, or let unmatched be whole-style",
    "repaint them in the style map's colors, map them to others, or let unmatched be whole-style",
)


class Pair(NamedTuple):
    """Which region of the content takes its style from which region of the style image.

    Parameters
    ----------
    name : str
        What reports call it.
    region : int
        Label in the content's map.
    style_region : int or None
        Label in the style's map; None is the whole style image.
    """

    name: str
    region: int
    style_region: int | None


class RegionPlan(NamedTuple):
    """Which regions are painted.

    Parameters
    ----------
    content_map, style_map : SemanticMap
        Of their images' sizes.
    pairs : tuple of Pair
        The regions that are painted, with where their style comes from.
    kept : tuple of str
        The regions that would be painted if the style's map had them.
    """

    content_map: SemanticMap
    style_map: SemanticMap
    pairs: tuple[Pair, ...]
    kept: tuple[str, ...] = ()

    def agreed_colors(self) -> tuple[Color, ...]:
        """Return the content map's colors, each that of the region of the style that goes with it."""
        colors = list(self.content_map.colors)
        for pair in self.pairs:
            if pair.style_region is not None:
                colors[pair.region] = self.style_map.colors[pair.style_region]
        return tuple(colors)


def plan_regions(
    content_map: SemanticMap,
    style_map: SemanticMap,
    *,
    content_size: Size,
    style_size: Size,
    regions: Sequence[Color] | None = None,
    mapping: Sequence[tuple[Color, Color]] | None = None,
    unmatched: str = "error",
    names: tuple[str, str] = ("the content map", "the style map"),
    image_names: tuple[str, str] = ("the content image", "the style image"),
    advice: Advice = ADVICE,
    may_be_unused: bool = False,
) -> RegionPlan:
    """Fit the maps to their images and settle which region takes its style from which.

    Parameters
    ----------
    content_map, style_map : SemanticMap
        The two maps.
    content_size, style_size : (height, width)
        The sizes of their images.
    regions, mapping, unmatched
        See `maskstyle.transfer_region`.
    names, image_names : (str, str)
        What messages call the maps and their images.
    advice : Advice
        What messages say of regions without a counterpart.
    may_be_unused : bool
        Let the style's map have regions that the content's lacks, whatever `unmatched` says.

    Raises
    ------
    ImageError
        Where a map does not fit its image, a color is in no map, a region has no counterpart, or none is painted.
    SettingsError
        Where `unmatched` is none of `UNMATCHED`.

    Examples
    --------
    >>> import numpy as np
    >>> labels = np.array([[0, 1]], np.int32)
    >>> content = SemanticMap(labels, ((255, 0, 0), (0, 0, 255)))
    >>> style = SemanticMap(labels, ((0, 0, 255), (255, 0, 0)))
    >>> plan_regions(content, style, content_size=(1, 2), style_size=(1, 2)).pairs[0]
    Pair(name='#ff0000 (red)', region=0, style_region=1)
    """
    if unmatched not in UNMATCHED:
        raise SettingsError(f"unmatched is {unmatched!r}; expected one of {', '.join(UNMATCHED)}")
    _check_maps((content_map, style_map), names)
    content_map = fit_map(content_map, content_size, name=names[0], image_name=image_names[0])
    style_map = fit_map(style_map, style_size, name=names[1], image_name=image_names[1])
    match = match_regions(content_map, style_map, mapping=mapping, names=names)
    chosen = set(range(len(content_map.colors)))
    if regions is not None:
        chosen = {find_region(color, content_map, name=names[0]) for color in regions}
    for content_color, _ in mapping or ():
        if find_region(content_color, content_map, name=names[0]) not in chosen:
            raise SettingsError(
                f"region {region_name(content_color)} is mapped, but is not among the regions to paint; list it, or "
                "leave its mapping out"
            )
    lonely = tuple(index for index in match.unmatched_content if index in chosen)
    # Where regions are listed or mapped, the style map may have others that are of no use here.
    unused = match.unmatched_style if regions is None and not mapping and not may_be_unused else ()
    if unmatched == "error" and (lonely or unused):
        problem = dataclasses.replace(match, unmatched_content=lonely, unmatched_style=unused)
        help_ = advice.unmatched if match.pairs else advice.apart or advice.unmatched
        raise UnmatchedError(
            describe_unmatched(
                problem, content_map, style_map, content_name=names[0], style_name=names[1], advice=help_
            )
        )
    partners = dict(match.pairs)
    pairs = tuple(
        Pair(region_name(content_map.colors[index]), index, partners.get(index))
        for index in sorted(chosen)
        if index in partners or unmatched == "whole-style"
    )
    if not pairs:
        raise ImageError(f"no region of {names[0]} would be painted; {advice.nothing}")
    for pair in pairs:
        empty = content_map.count(pair.region) == 0
        if empty or (pair.style_region is not None and style_map.count(pair.style_region) == 0):
            raise ImageError(
                f"region {pair.name} is so small in {names[0] if empty else names[1]} that nothing is left of it at "
                "its image's size; paint it larger, or use a map of the image's size"
            )
    kept = tuple(
        region_name(content_map.colors[index]) for index in sorted(chosen) if index not in {p.region for p in pairs}
    )
    return RegionPlan(content_map, style_map, pairs, kept)


def plan_doodle(
    doodle: SemanticMap,
    style_map: SemanticMap,
    *,
    style_size: Size,
    mapping: Sequence[tuple[Color, Color]] | None = None,
    unmatched: str = "error",
    names: tuple[str, str] = ("the doodle", "the style map"),
    image_name: str = "the style image",
    advice: Advice = DOODLE_ADVICE,
) -> RegionPlan:
    """Settle which region of a doodle takes its style from which region of a style image.

    A doodle is a map of a picture that is not there yet: it has no content to keep, and need not use all that the
    style image has. For the rest see `plan_regions`.

    Examples
    --------
    >>> import numpy as np
    >>> style = SemanticMap(np.array([[0, 1]], np.int32), ((0, 0, 255), (255, 0, 0)))
    >>> doodle = SemanticMap(np.array([[0], [0]], np.int32), ((255, 0, 0),))
    >>> plan_doodle(doodle, style, style_size=(1, 2)).pairs
    (Pair(name='#ff0000 (red)', region=0, style_region=1),)
    """
    if unmatched not in DOODLE_UNMATCHED:
        raise SettingsError(
            f"unmatched is {unmatched!r}; expected one of {', '.join(DOODLE_UNMATCHED)}, as there is no content to "
            "keep"
        )
    if not isinstance(doodle, SemanticMap):
        raise SettingsError(f"{names[0]} is a {type(doodle).__name__}; expected what maskstyle.load_map returns")
    return plan_regions(
        doodle,
        style_map,
        content_size=(doodle.labels.shape[0], doodle.labels.shape[1]),
        style_size=style_size,
        mapping=mapping,
        unmatched=unmatched,
        names=names,
        image_names=(names[0], image_name),
        advice=advice,
        may_be_unused=True,
    )


def denoised_regions(
    colors: Sequence[Color] | None, plan: RegionPlan, *, name: str = "the content map"
) -> list[int] | None:
    """Return the labels of the regions that are to be denoised, or None for all that are painted.

    Parameters
    ----------
    colors : sequence of Color or None
        Their map colors.
    plan : RegionPlan
        Which regions are painted.
    name : str
        What messages call the map.

    Raises
    ------
    ImageError
        Where the map has no region of a color.
    SettingsError
        Where one of them is not painted.
    """
    if colors is None:
        return None
    return denoised_labels(colors, plan.content_map, {pair.region for pair in plan.pairs}, name=name)


def denoised_labels(
    colors: Sequence[Color], content_map: SemanticMap, painted: Collection[int], *, name: str
) -> list[int]:
    """Return the labels of regions of a map that are to be denoised, of which all must be painted.

    Parameters
    ----------
    colors : sequence of Color
        Their map colors.
    content_map : SemanticMap
        The map.
    painted : collection of int
        Labels of the regions that are painted.
    name : str
        What messages call the map.
    """
    wanted = [find_region(color, content_map, name=name) for color in colors]
    for region in wanted:
        if region not in painted:
            raise SettingsError(
                f"region {region_name(content_map.colors[region])} is to be denoised, but it is not painted; list "
                "painted regions alone"
            )
    return wanted


def region_name(color: Color) -> str:
    """Return what reports call the region of a map color.

    Examples
    --------
    >>> region_name((0, 0, 255))
    '#0000ff (blue)'
    """
    return f"{format_color(color)} ({color_name(color)})"


def agreed_colors(
    content_map: SemanticMap,
    style_map: SemanticMap,
    *,
    content_size: Size,
    style_size: Size,
    mapping: Sequence[tuple[Color, Color]] | None = None,
    unmatched: str = "error",
    names: tuple[str, str] = ("the content map", "the style map"),
    image_names: tuple[str, str] = ("the content image", "the style image"),
    advice: str = PATCH_ADVICE,
) -> tuple[SemanticMap, SemanticMap]:
    """Fit the maps to their images, and recolor the content's so that regions that go together have one color.

    Parameters
    ----------
    content_map, style_map : SemanticMap
        The two maps.
    content_size, style_size : (height, width)
        The sizes of their images.
    mapping : sequence of (content color, style color), optional
        Regions that go together whatever their colors.
    unmatched : {"error", "nearest"}
        What becomes of a region that only one map has: an error, or it keeps its color and stands for what is
        nearest to it. With `mapping`, regions that only the style's map has are no error.
    names, image_names : (str, str)
        What messages call the maps and their images.
    advice : str
        What a message about regions without a counterpart says to do.

    Raises
    ------
    ImageError
        Where a map does not fit its image, or a region has no counterpart.
    SettingsError
        Where `unmatched` is neither.
    """
    if unmatched not in UNMATCHED_PATCHES:
        raise SettingsError(f"unmatched is {unmatched!r}; expected one of {', '.join(UNMATCHED_PATCHES)}")
    _check_maps((content_map, style_map), names)
    content_map = fit_map(content_map, content_size, name=names[0], image_name=image_names[0])
    style_map = fit_map(style_map, style_size, name=names[1], image_name=image_names[1])
    match = match_regions(content_map, style_map, mapping=mapping, names=names)
    unused = () if mapping else match.unmatched_style
    if unmatched == "error" and (match.unmatched_content or unused):
        problem = dataclasses.replace(match, unmatched_style=unused)
        raise ImageError(
            describe_unmatched(
                problem, content_map, style_map, content_name=names[0], style_name=names[1], advice=advice
            )
        )
    partners = dict(match.pairs)
    colors = tuple(
        style_map.colors[partners[index]] if index in partners else color
        for index, color in enumerate(content_map.colors)
    )
    return SemanticMap(content_map.labels, colors), style_map


def paired_maps(content_map: SemanticMap, style_map: SemanticMap) -> RegionPlan:
    """Return which region goes with which in two maps whose colors agree; one without a counterpart with all."""
    partners = {color: label for label, color in enumerate(style_map.colors)}
    pairs = (Pair(region_name(color), label, partners.get(color)) for label, color in enumerate(content_map.colors))
    return RegionPlan(content_map, style_map, tuple(pairs))


def _check_maps(maps: Sequence[object], names: Sequence[str]) -> None:
    for given, name in zip(maps, names, strict=True):
        if not isinstance(given, SemanticMap):
            raise SettingsError(f"{name} is a {type(given).__name__}; expected what maskstyle.load_map returns")


def painted_pairs(plan: RegionPlan) -> list[tuple[str, str | None]]:
    """Return the colors of each region that is painted and of the region of its style; None is the whole image."""
    return [
        (
            format_color(plan.content_map.colors[pair.region]),
            None if pair.style_region is None else format_color(plan.style_map.colors[pair.style_region]),
        )
        for pair in plan.pairs
    ]
