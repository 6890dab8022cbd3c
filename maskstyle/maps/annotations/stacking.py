"""Stack the shapes of an annotation into a semantic map: one region for each name, the rest is background."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence

import numpy as np

from maskstyle.errors import ImageError
from maskstyle.maps.annotations.canvas import Annotation, Shape
from maskstyle.maps.colors import BASIC_COLORS, MAX_REGIONS, Color, distinct_colors, percent, shortlist
from maskstyle.maps.semantic_map import LabelMap, SemanticMap

BACKGROUND = "background"
"""The name of what no shape covers."""

TOPS = ("last", "largest", "smallest")
"""Which shape is on top where shapes overlap."""

_EASY = 12  # colors that are easy to tell apart; more are used only for more names


def stacked(
    annotation: Annotation, *, source: str, top: str = "last", regions: int | None = None
) -> tuple[SemanticMap, tuple[str, ...]]:
    """Return the map of an annotation, largest region first, and notes; see `load_annotation`."""
    names = list(dict.fromkeys([shape.name for shape in annotation.shapes] + [BACKGROUND]))
    labels = _painted(annotation, names, top)
    notes = _hidden(labels, names, source, top)
    if top != TOPS[0] and np.array_equal(labels, _painted(annotation, names, TOPS[0])):
        notes = (*notes, "the map is the same without it, so `top` has no effect")
    labels, more = _largest(labels, names, source, regions)
    return _named(labels, names), (*notes, *more)


def _painted(annotation: Annotation, names: Sequence[str], top: str) -> LabelMap:
    """Return the place in `names` of the topmost shape of each pixel."""
    labels = np.full(annotation.size, names.index(BACKGROUND), np.int32)
    for shape in _ordered(annotation.shapes, top):
        height, width = shape.mask.shape
        part = labels[shape.top : shape.top + height, shape.left : shape.left + width]
        part[shape.mask] = names.index(shape.name)
    return labels


def name_colors(names: Iterable[str]) -> dict[str, Color]:
    """Return distinct colors for names: mostly the same for a name among other names.

    >>> name_colors(["cat", "background"])["background"]
    (0, 0, 0)
    """
    colors = [color for color in distinct_colors(MAX_REGIONS) if color != BASIC_COLORS["black"][0]]
    found = {BACKGROUND: BASIC_COLORS["black"][0]}
    for name in sorted(set(names) - {BACKGROUND}):
        start = zlib.crc32(name.casefold().encode()) % _EASY
        turned = [*colors[start:_EASY], *colors[:start], *colors[_EASY:]]
        found[name] = next(color for color in turned if color not in found.values())
    return found


def _ordered(shapes: Sequence[Shape], top: str) -> list[Shape]:
    """Return the shapes from the lowest to the topmost."""
    if top == "last":
        return list(shapes)
    return sorted(shapes, key=lambda shape: int(np.count_nonzero(shape.mask)), reverse=top == "smallest")


def _hidden(labels: LabelMap, names: Sequence[str], source: str, top: str) -> tuple[str, ...]:
    """Return a note on the names whose shapes lie beneath others entirely."""
    seen = set(np.unique(labels).tolist())
    hidden = [name for index, name in enumerate(names) if index not in seen and name != BACKGROUND]
    if not hidden:
        return ()
    advice = "choose another shape for `top`" if top == "smallest" else "set `top` to smallest to see small shapes"
    return (
        f"{shortlist(hidden)} of {source} {'is' if len(hidden) == 1 else 'are'} hidden by other shapes; {advice}",
    )


def _largest(
    labels: LabelMap, names: Sequence[str], source: str, regions: int | None
) -> tuple[LabelMap, tuple[str, ...]]:
    """Return labels with the largest regions only, the others being background, and a note on these."""
    background = names.index(BACKGROUND)
    counts = np.bincount(labels.ravel(), minlength=len(names))
    order = [int(index) for index in np.argsort(-counts, kind="stable") if counts[index] and index != background]
    most = MAX_REGIONS - 1
    if regions is None and len(order) > most:
        raise ImageError(
            f"expected at most {most} labels and the background, but {source} has {len(order)}; set `regions` to "
            f"{most} or less to keep the largest"
        )
    dropped = order[min(regions or most, most) :]
    if not dropped:
        return labels, () if regions is None else (f"{source} has no more labels, so `regions` has no effect",)
    share = counts[dropped].sum() / labels.size
    note = (
        f"{shortlist([names[index] for index in dropped])} of {source} ({percent(share)} of the image) "
        f"{'is' if len(dropped) == 1 else 'are'} background, as `regions` is {regions}"
    )
    return np.where(np.isin(labels, dropped), np.int32(background), labels), (note,)


def _named(labels: LabelMap, names: Sequence[str]) -> SemanticMap:
    """Return the map of labels, largest region first."""
    counts = np.bincount(labels.ravel(), minlength=len(names))
    order = [int(index) for index in np.argsort(-counts, kind="stable") if counts[index]]
    rank = np.zeros(len(names), np.int32)
    rank[order] = np.arange(len(order))
    held = [names[index] for index in order]
    colors = name_colors(held)
    return SemanticMap(rank[labels], tuple(colors[name] for name in held), names=tuple(held))
