"""Find the regions that lists and pairs of names mean, where ``*`` stands for all regions not named otherwise."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import TypeAlias

from maskstyle.errors import ImageError
from maskstyle.maps.colors import EVERYTHING_ELSE
from maskstyle.maps.matching import find_listed_regions, find_named_region
from maskstyle.maps.semantic_map import SemanticMap

Locating: TypeAlias = Callable[[int], AbstractContextManager[None]]
"""From the place of a name in its list to a block that locates errors."""


def _nowhere(place: int) -> AbstractContextManager[None]:
    return nullcontext()


def resolved_list(
    texts: Sequence[str],
    semantic_map: SemanticMap,
    *,
    name: str,
    but: Collection[int] = (),
    locating: Locating = _nowhere,
) -> list[int]:
    """Return the labels of the regions that a list of names means; see `find_listed_regions`.

    "*" stands for all regions but those of `but`. `locating` locates errors, or collects them.

    >>> import numpy as np
    >>> painted = SemanticMap(np.array([[0, 1, 2]]), ((255, 0, 0), (0, 0, 255), (200, 70, 50)))
    >>> resolved_list(["blue", "*"], painted, name="the map", but=[2])
    [1, 0]
    """
    labels: list[int] = []
    for place, text in enumerate(texts):
        if text.strip() != EVERYTHING_ELSE:
            with locating(place):
                labels += find_listed_regions(text, semantic_map, name=name)
    if any(text.strip() == EVERYTHING_ELSE for text in texts):
        labels += [label for label in range(len(semantic_map.colors)) if label not in but]
    return list(dict.fromkeys(labels))


def resolved_pairs(
    pairs: Sequence[tuple[str, str]],
    content: SemanticMap,
    style: SemanticMap,
    *,
    names: tuple[str, str],
    among: Collection[int] | None = None,
    locating: Locating = _nowhere,
) -> list[tuple[int, int]]:
    """Return the labels of the regions that pairs of names mean: a content region, or "*", and its style region.

    "*" stands for all content regions, or those of `among`.

    >>> import numpy as np
    >>> painted = SemanticMap(np.array([[0, 1, 2]]), ((255, 0, 0), (0, 0, 255), (0, 255, 0)))
    >>> resolved_pairs([("*", "red"), ("green", "blue")], painted, painted, names=("a", "b"))
    [(2, 1), (0, 0), (1, 0)]
    """
    everything = [place for place, (here, _) in enumerate(pairs) if here.strip() == EVERYTHING_ELSE]
    found: list[tuple[int, int]] = []
    for place, (here, there) in enumerate(pairs):
        if place not in everything:
            with locating(place):
                label = find_named_region(here, content, name=names[0])
                found.append((label, find_named_region(there, style, name=names[1])))
    for place in everything:
        with locating(place):
            own = find_named_region(pairs[place][1], style, name=names[1])
            left = left_over(range(len(content.colors)) if among is None else among, [label for label, _ in found])
            found += [(label, own) for label in left]
    return found


def left_over(among: Iterable[int], named: Collection[int]) -> list[int]:
    """Return the labels that "*" stands for; raise ImageError if there are none."""
    left = [label for label in sorted(among) if label not in named]
    if not left:
        raise ImageError(f"{EVERYTHING_ELSE} stands for no region, as all are named; leave it out")
    return left
